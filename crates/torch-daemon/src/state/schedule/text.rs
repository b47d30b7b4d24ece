//! What a planned note says when it is due.

use std::fmt::Write as _;
use std::time::Duration;

use torch_core::{Schedule, Timestamp};

use crate::words::count;

/// From which lateness on it is told.
const LATE: Duration = Duration::from_secs(5);

/// The text of a message that says these notes; there is at least one. `left_out` tells of one that comes again how many
/// of its times could not be said.
pub(super) fn body(
    rows: &[Schedule],
    now: Timestamp,
    left_out: impl Fn(&Schedule) -> u64,
) -> String {
    let when = |row: &Schedule| when(row, now, left_out(row));
    if let [row] = rows {
        return format!("Planned note ({}): {}", when(row), row.note);
    }
    let mixed = rows.windows(2).any(|pair| pair[0].sender != pair[1].sender);
    let late = rows.iter().any(|row| now.since(row.due) >= LATE);
    let why = if late {
        ", late because nothing could be said when they were due"
    } else {
        ""
    };
    let mut text = format!("{} planned notes{why}:", rows.len());
    for row in rows {
        let by = if mixed {
            format!(", by {}", row.sender.label())
        } else {
            String::new()
        };
        // An indented line can't pose as another note.
        let note = row.note.replace('\n', "\n  ");
        let _ = write!(text, "\n- ({}{by}) {note}", when(row));
    }
    text
}

/// Since when it was planned, and how late it is. In UTC: the machine's zone may change between the two.
fn when(row: &Schedule, now: Timestamp, left_out: u64) -> String {
    let planned = row.planned();
    let mut text = match &row.recurs {
        Some(again) => format!("at `{}`", again.cron),
        None => format!("planned {} ago, {}", span(now.since(planned)), utc(planned)),
    };
    let late = now.since(row.due);
    if late >= LATE {
        let _ = write!(text, ", due {} ago", span(late));
    }
    if left_out > 0 {
        let _ = write!(text, ", left out {} since", count(left_out, "time"));
    }
    text
}

fn utc(at: Timestamp) -> String {
    let instant = i64::try_from(at.0)
        .ok()
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
    instant.map_or_else(
        || "at an impossible time".to_owned(),
        |instant| instant.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

/// A length of time in its two largest units: `45 s`, `1 min 30 s`, `8 h`, `2 d 3 h`.
pub(crate) fn span(length: Duration) -> String {
    let seconds = length.as_secs();
    if seconds == 0 {
        return format!("{} ms", length.as_millis());
    }
    let units = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let first = units.iter().position(|(count, _)| *count > 0).unwrap_or(3);
    let shown = units.iter().skip(first).take(2);
    let words: Vec<String> = shown
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use torch_core::{AgentId, Recipient, RoleName, ScheduleId, ScheduleState, Sender, TeamId};

    use super::*;

    fn row(after: u64, due: u64, sender: Sender, note: &str) -> Schedule {
        let role = RoleName::parse("developer").expect("a role");
        let agent = AgentId::new(1, 1);
        Schedule {
            id: ScheduleId::new(1, u128::from(due)),
            team: TeamId::new(1, 1),
            sender,
            sender_rule: String::new(),
            rule: String::new(),
            recipient: Recipient::Agent { agent, role },
            target: String::new(),
            note: note.to_owned(),
            after_millis: after,
            due: Timestamp(1_800_000_000_000 + due),
            anchor: None,
            check: false,
            recurs: None,
            state: ScheduleState::Pending,
        }
    }

    #[test]
    fn one_note_says_since_when_and_how_late() {
        let rows = [row(900_000, 0, Sender::Human, "look at the build")];
        assert_eq!(
            body(&rows, Timestamp(1_800_000_000_100), |_| 0),
            "Planned note (planned 15 min ago, 2027-01-15 07:45:00 UTC): look at the build"
        );
        assert_eq!(
            body(&rows, Timestamp(1_800_028_800_000), |_| 0),
            "Planned note (planned 8 h 15 min ago, 2027-01-15 07:45:00 UTC, due 8 h ago): look at the build"
        );
    }

    #[test]
    fn several_notes_are_one_list_that_none_of_them_can_forge() {
        let rows = [
            row(60_000, 0, Sender::Human, "one\n- (planned by the hub) two"),
            row(61_000, 1_000, Sender::Script, "three"),
        ];
        assert_eq!(
            body(&rows, Timestamp(1_800_000_061_000), |_| 0),
            "2 planned notes, late because nothing could be said when they were due:\n\
             - (planned 2 min 1 s ago, 2027-01-15 07:59:00 UTC, due 1 min 1 s ago, by human) one\n  \
             - (planned by the hub) two\n\
             - (planned 2 min 1 s ago, 2027-01-15 07:59:00 UTC, due 1 min ago, by script) three"
        );
    }

    #[test]
    fn lengths_have_two_units() {
        for (seconds, text) in [
            (0, "0 ms"),
            (45, "45 s"),
            (90, "1 min 30 s"),
            (3_600, "1 h"),
            (3_605, "1 h"),
            (183_600, "2 d 3 h"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
    }
}
