//! Planned notes: the line after planning one, the list, and the verdict of the self-check.

use jiff::SignedDuration;
use torch_api::view::{MessageView, ScheduleView};
use torch_core::DeliveryState;

use super::first_line;
use super::style::{DIM, GOOD, STRONG, WARN, paint};
use super::table::{Cell, Table};
use super::time::Clock;

/// `s-7k3f9q2a planned → developer, in 1h 30m, at 2026-11-21 14:03:07`.
pub fn planned(view: &ScheduleView, clock: &Clock) -> String {
    let waits = if view.team_stopped {
        format!(", and not before team {} is started again", view.team)
    } else {
        String::new()
    };
    format!(
        "{} {} → {}, in {}, at {}{waits}\n",
        view.id,
        paint(STRONG, "planned"),
        view.to,
        length(view.after_millis),
        clock.date(view.due)
    )
}

/// A table, the next one first.
pub fn list(rows: &[ScheduleView], clock: &Clock) -> String {
    if rows.is_empty() {
        return "no planned notes\n".to_owned();
    }
    let mut table = Table::new(0, &["ID", "DUE", "AT", "FROM", "TO", "TEAM", "NOTE"]);
    for row in rows {
        let due = if row.team_stopped {
            Cell::styled(WARN, "team stopped")
        } else {
            Cell::from(clock.ago(row.due))
        };
        table.row([
            Cell::from(row.id.as_str()),
            due,
            clock.date(row.due).into(),
            row.from.as_str().into(),
            row.to.as_str().into(),
            row.team.as_str().into(),
            first_line(&row.note, 60).into(),
        ]);
    }
    table.render()
}

/// The line in `torch status`.
pub fn next(view: &ScheduleView, planned: u64, clock: &Clock) -> String {
    let more = match planned {
        0 | 1 => String::new(),
        some => format!(" ({some} planned: torch schedule list)"),
    };
    let due = if view.team_stopped {
        "once the team is started again".to_owned()
    } else {
        clock.ago(view.due)
    };
    let note = first_line(&view.note, 60);
    format!(
        "{} {due} to {}: {note}{more}",
        paint(DIM, "note   "),
        view.to
    )
}

/// What a check that succeeded has shown.
pub fn works(planned: &ScheduleView, message: &MessageView) -> String {
    let late = message.at.since(planned.due).as_millis();
    let arrived = if message.state == DeliveryState::Acked {
        "this command took it for the agent, whose own turn it runs in".to_owned()
    } else {
        format!("it is proven to have arrived: {}", message.evidence)
    };
    format!(
        "{}: {} for {}:{} came up {late} ms after it was due, and {arrived}\n",
        paint(GOOD, "planned notes work"),
        message.id,
        planned.team,
        planned.to,
    )
}

/// `1h 30m`.
fn length(millis: u64) -> String {
    let millis = i64::try_from(millis).unwrap_or(i64::MAX);
    format!("{:#}", SignedDuration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use torch_core::Timestamp;

    use super::*;

    /// 2026-03-29T00:30:00Z: half an hour before Central Europe goes to summer time.
    const SPRING: Timestamp = Timestamp(1_774_744_200_000);
    /// 2026-10-25T00:30:00Z: half an hour before it goes back.
    const AUTUMN: Timestamp = Timestamp(1_792_888_200_000);

    fn zone(posix: &str) -> TimeZone {
        TimeZone::posix(posix).expect("a zone")
    }

    fn view(now: Timestamp, after: u64) -> ScheduleView {
        ScheduleView {
            id: "s-7k3f9q2a".to_owned(),
            ulid: String::new(),
            team: "hello".to_owned(),
            to: "developer".to_owned(),
            from: "human".to_owned(),
            from_rule: String::new(),
            rule: "schedule.person".to_owned(),
            planned: now,
            due: Timestamp(now.0 + after),
            after_millis: after,
            team_stopped: false,
            note: "look at it\nand at this".to_owned(),
            cleaned: Vec::new(),
        }
    }

    fn said(now: Timestamp, zone: TimeZone) -> String {
        let line = planned(&view(now, 7_200_000), &Clock { now, zone });
        anstream::adapter::strip_str(&line).to_string()
    }

    /// Two hours are two hours; only what the wall clock of a place shows then differs.
    #[test]
    fn summer_time_and_zones_are_presentation() {
        let europe = || zone("CET-1CEST,M3.5.0,M10.5.0/3");
        let line = |at: &str| format!("s-7k3f9q2a planned → developer, in 2h, at {at}\n");
        assert_eq!(said(SPRING, europe()), line("2026-03-29 04:30:00"));
        assert_eq!(said(AUTUMN, europe()), line("2026-10-25 03:30:00"));
        assert_eq!(said(SPRING, zone("EST5")), line("2026-03-28 21:30:00"));
        assert_eq!(said(SPRING, TimeZone::UTC), line("2026-03-29 02:30:00"));
        for zone in [europe(), zone("EST5"), TimeZone::UTC] {
            for now in [SPRING, AUTUMN] {
                let clock = Clock {
                    now,
                    zone: zone.clone(),
                };
                assert_eq!(clock.ago(view(now, 7_200_000).due), "in 2 h");
            }
        }
    }

    #[test]
    fn planned_notes_are_listed() {
        let mut waiting = view(SPRING, 90_000);
        waiting.team_stopped = true;
        let clock = Clock {
            now: SPRING,
            zone: TimeZone::UTC,
        };
        let text = list(&[view(SPRING, 60_000), waiting], &clock);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string());
        assert_eq!(list(&[], &clock), "no planned notes\n");
        let line = next(&view(SPRING, 60_000), 3, &clock);
        assert_eq!(
            anstream::adapter::strip_str(&line).to_string(),
            "note    in 1 m to developer: look at it (3 planned: torch schedule list)"
        );
    }
}
