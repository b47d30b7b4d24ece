//! Which planned notes are due, from the rows and the time.

use std::collections::BTreeMap;

use torch_core::{Recipient, Schedule, TeamId, Timestamp};

/// The instant of the next pending note.
pub fn next<'a>(rows: impl IntoIterator<Item = &'a Schedule>) -> Option<Timestamp> {
    rows.into_iter()
        .filter(|row| row.is_pending())
        .map(|row| row.due)
        .min()
}

/// The pending notes that are due at `now`, those for one recipient together, each lot in the order they were due.
pub fn due<'a>(
    rows: impl IntoIterator<Item = &'a Schedule>,
    now: Timestamp,
) -> Vec<Vec<&'a Schedule>> {
    let mut lots: BTreeMap<(TeamId, &Recipient), Vec<&Schedule>> = BTreeMap::new();
    let rows = rows.into_iter();
    for row in rows.filter(|row| row.is_pending() && row.due <= now) {
        lots.entry((row.team, &row.recipient))
            .or_default()
            .push(row);
    }
    let mut lots: Vec<Vec<&Schedule>> = lots.into_values().collect();
    for lot in &mut lots {
        lot.sort_by_key(|row| (row.due, row.id));
    }
    // Whoever waited longest comes first.
    lots.sort_by_key(|lot| lot.first().map(|row| (row.due, row.id)));
    lots
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use torch_core::{AgentId, MessageId, RoleName, ScheduleId, ScheduleState, Sender};

    use super::*;

    fn row(number: u128, recipient: u8, due: u64, state: u8) -> Schedule {
        let recipient = match recipient {
            0 => Recipient::Human,
            n => Recipient::Agent {
                agent: AgentId::new(1, u128::from(n)),
                role: RoleName::parse("developer").expect("a role"),
            },
        };
        Schedule {
            id: ScheduleId::new(1, number),
            team: TeamId::new(1, u128::from(state / 8)),
            sender: Sender::Human,
            sender_rule: String::new(),
            rule: String::new(),
            recipient,
            target: String::new(),
            note: "n".to_owned(),
            after_millis: 0,
            due: Timestamp(due),
            anchor: None,
            check: false,
            recurs: None,
            state: match state % 8 {
                0 => ScheduleState::Cancelled,
                1 => ScheduleState::Fired(MessageId::new(1, 1)),
                _ => ScheduleState::Pending,
            },
        }
    }

    fn rows() -> impl Strategy<Value = Vec<Schedule>> {
        prop::collection::vec((0..4_u8, 0..100_u64, 0..16_u8), 0..40).prop_map(|all| {
            let numbered = all.into_iter().zip(0_u128..);
            numbered
                .map(|((to, due, state), number)| row(number, to, due, state))
                .collect()
        })
    }

    proptest! {
        #[test]
        fn what_is_due_comes_once_and_nothing_comes_early(rows in rows(), now in 0..100_u64) {
            let now = Timestamp(now);
            let lots = due(&rows, now);
            let mut got: Vec<_> = lots.iter().flatten().map(|row| row.id).collect();
            got.sort();
            let wanted: Vec<_> = rows
                .iter()
                .filter(|row| row.is_pending() && row.due <= now)
                .map(|row| row.id)
                .collect();
            prop_assert_eq!(got, wanted);
            // There is something due exactly when the next instant has come.
            prop_assert_eq!(next(&rows).is_some_and(|at| at <= now), !lots.is_empty());
        }

        #[test]
        fn each_recipient_gets_one_lot_in_order(rows in rows()) {
            let lots = due(&rows, Timestamp(u64::MAX));
            let mut seen = std::collections::BTreeSet::new();
            for lot in &lots {
                prop_assert!(!lot.is_empty());
                prop_assert!(seen.insert((lot[0].team, lot[0].recipient.clone())));
                prop_assert!(lot.iter().all(|row| row.team == lot[0].team && row.recipient == lot[0].recipient));
                prop_assert!(lot.is_sorted_by_key(|row| (row.due, row.id)));
            }
            prop_assert!(lots.is_sorted_by_key(|lot| lot[0].due));
        }
    }
}
