//! Planned notes: the line after planning one, the list, and the verdict of the self-check.

use jiff::SignedDuration;
use torch_api::view::{CheckInView, MessageView, ScheduleView};
use torch_core::DeliveryState;

use super::first_line;
use super::fit;
use super::style::{DIM, GOOD, STRONG, WARN, paint};
use super::table::{Cell, Table};
use super::time::Clock;

/// `s-7k3f9q2a planned → developer, in 1h 30m, at 2026-11-21 14:03:07`.
pub fn planned(view: &ScheduleView, clock: &Clock) -> String {
    let waits = if view.team_stopped {
        format!(", and not before team {} is started again", view.team)
    } else if let Some(held) = &view.held {
        format!("; it will wait: {}", super::plain(held))
    } else {
        String::new()
    };
    if let Some(cron) = &view.cron {
        let zone = match view.zone.as_deref().unwrap_or_default() {
            "" => String::new(),
            zone => format!(" ({})", super::plain(zone)),
        };
        return format!(
            "{} {} → {}, at `{}`{zone}, next in {}, at {}{waits}\n",
            view.id,
            paint(STRONG, "planned"),
            view.to,
            super::plain(cron),
            length(view.after_millis / 1_000 * 1_000),
            clock.date(view.due)
        );
    }
    format!(
        "{} {} → {}, in {}, at {}{waits}\n",
        view.id,
        paint(STRONG, "planned"),
        view.to,
        length(view.after_millis),
        clock.date(view.due)
    )
}

/// A table, the next one first, in at most `width` columns: where there is no room for the notes, each stands below its row.
pub fn list(rows: &[ScheduleView], clock: &Clock, width: Option<usize>) -> String {
    if rows.is_empty() {
        return "no planned notes\n".to_owned();
    }
    let whole = table(rows, clock, Notes::Beside).render();
    if fit::fits(&whole, width) {
        return whole;
    }
    // Who it is from gives way first, then the team.
    let narrow = table(rows, clock, Notes::Below).giving(width, &[3, 5]);
    let mut lines = narrow.lines();
    let mut text: String = lines
        .next()
        .map(|head| format!("{head}\n"))
        .unwrap_or_default();
    for (line, row) in lines.zip(rows) {
        let below = fit::prose(&format!("    {}\n", note(row)), width, 2);
        text.push_str(&format!("{line}\n{below}"));
    }
    text
}

/// Where a note stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Notes {
    Beside,
    Below,
}

fn table(rows: &[ScheduleView], clock: &Clock, notes: Notes) -> Table {
    let mut headings = vec!["ID", "DUE", "AT", "FROM", "TO", "TEAM"];
    if notes == Notes::Beside {
        headings.push("NOTE");
    }
    let mut table = Table::new(0, &headings);
    for row in rows {
        let due = if row.team_stopped {
            Cell::styled(WARN, "team stopped")
        } else if row.held.is_some() {
            Cell::styled(WARN, clock.ago(row.due))
        } else {
            Cell::from(clock.ago(row.due))
        };
        let mut cells = vec![
            Cell::from(row.id.as_str()),
            due,
            clock.date(row.due).into(),
            row.from.as_str().into(),
            row.to.as_str().into(),
            row.team.as_str().into(),
        ];
        if notes == Notes::Beside {
            cells.push(note(row).into());
        }
        table.row(cells);
    }
    table
}

/// A note's first line, with when it comes again and what it will wait for.
fn note(row: &ScheduleView) -> String {
    let line = first_line(&row.note, 60);
    let line = match &row.held {
        Some(held) => format!("(held: {}) {line}", super::plain(held)),
        None => line,
    };
    match &row.cron {
        Some(cron) => format!("({}) {line}", super::plain(cron)),
        None => line,
    }
}

/// The check-ins, if any are set up: when each agent is looked at next, and what came of the last look.
pub fn check_ins(rows: &[CheckInView], clock: &Clock, width: Option<usize>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut table = Table::new(
        0,
        &["CHECK-IN", "TEAM", "EVERY", "NEXT", "SAID", "LAST LOOK"],
    );
    for row in rows {
        let next = match row.next {
            Some(next) => Cell::from(clock.ago(next)),
            None if row.finished => Cell::styled(DIM, "spec complete"),
            None => Cell::styled(WARN, "team stopped"),
        };
        let last = match (&row.skipped, row.skipped_at) {
            (Some(why), Some(at)) => format!("{}: nothing said, {why}", clock.ago(at)),
            _ if row.said.is_some() => "said".to_owned(),
            _ => "not yet".to_owned(),
        };
        table.row([
            Cell::from(row.to.as_str()),
            row.team.as_str().into(),
            length(row.every_seconds.saturating_mul(1_000)).into(),
            next,
            row.said
                .map_or_else(|| "-".to_owned(), |at| clock.ago(at))
                .into(),
            last.into(),
        ]);
    }
    format!("\n{}", table.wrapping(width, &[]))
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
    let note = note(view);
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
            held: None,
            note: "look at it\nand at this".to_owned(),
            cron: None,
            zone: None,
            times: 0,
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
    fn check_ins_are_listed_with_what_came_of_them() {
        let row = |to: &str| CheckInView {
            kind: "check_in".to_owned(),
            team: "hello".to_owned(),
            to: to.to_owned(),
            every_seconds: 3_600,
            next: Some(Timestamp(SPRING.0 + 1_800_000)),
            finished: false,
            said: None,
            message: None,
            skipped: None,
            skipped_at: None,
        };
        let mut said = row("orchestrator");
        said.said = Some(Timestamp(SPRING.0 - 1_800_000));
        let mut skipped = row("developer");
        skipped.skipped = Some("a usage limit holds it".to_owned());
        skipped.skipped_at = Some(Timestamp(SPRING.0 - 600_000));
        let mut stopped = row("tester");
        stopped.next = None;
        let clock = Clock {
            now: SPRING,
            zone: TimeZone::UTC,
        };
        let rows = [said, skipped, stopped];
        let narrow = check_ins(&rows, &clock, Some(80));
        assert!(fit::fits(&narrow, Some(80)), "{narrow}");
        let text = check_ins(&rows, &clock, None);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string());
        assert_eq!(check_ins(&[], &clock, None), "");
        let mut finished = row("orchestrator");
        (finished.next, finished.finished) = (None, true);
        let text = check_ins(&[finished], &clock, None);
        assert!(text.contains("spec complete"), "{text}");
        assert!(!text.contains("team stopped"), "{text}");
    }

    #[test]
    fn a_note_that_comes_again_says_when() {
        let mut row = view(SPRING, 7_200_000);
        row.cron = Some("0 9 * * 1-5".to_owned());
        row.zone = Some("Europe/Berlin".to_owned());
        let clock = Clock {
            now: SPRING,
            zone: TimeZone::UTC,
        };
        let line = planned(&row, &clock);
        assert_eq!(
            anstream::adapter::strip_str(&line).to_string(),
            "s-7k3f9q2a planned → developer, at `0 9 * * 1-5` (Europe/Berlin), next in 2h, at 2026-03-29 02:30:00\n"
        );
        let listed = list(&[row.clone()], &clock, None);
        assert!(listed.contains("(0 9 * * 1-5) look at it"), "{listed}");
        // On a narrow terminal all of it stands below.
        row.note = "look at what the nightly run has left behind in the folder".to_owned();
        row.team = "a-team-with-a-long-name".to_owned();
        let narrow = list(&[row], &clock, Some(80));
        assert!(fit::fits(&narrow, Some(80)), "{narrow}");
        let words: Vec<&str> = narrow.split_whitespace().collect();
        assert!(
            words
                .join(" ")
                .contains("1-5) look at what the nightly run has left behind in the folder"),
            "{narrow}"
        );
    }

    #[test]
    fn a_note_that_will_wait_says_for_what() {
        let mut row = view(SPRING, 60_000);
        row.held =
            Some("120 turns within the hour (limits.turns_per_hour), until 02:00 (UTC)".to_owned());
        let clock = Clock {
            now: SPRING,
            zone: TimeZone::UTC,
        };
        let wanted = "(held: 120 turns within the hour (limits.turns_per_hour), until 02:00 (UTC)) look at it";
        let listed = list(&[row.clone()], &clock, None);
        assert!(listed.contains(wanted), "{listed}");
        let line = next(&row, 1, &clock);
        assert!(line.ends_with(wanted), "{line}");
        let line = planned(&row, &clock);
        assert!(line.contains("; it will wait: 120 turns"), "{line}");
    }

    #[test]
    fn planned_notes_are_listed() {
        let mut waiting = view(SPRING, 90_000);
        waiting.team_stopped = true;
        let clock = Clock {
            now: SPRING,
            zone: TimeZone::UTC,
        };
        let text = list(&[view(SPRING, 60_000), waiting], &clock, None);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string());
        assert_eq!(list(&[], &clock, None), "no planned notes\n");
        let line = next(&view(SPRING, 60_000), 3, &clock);
        assert_eq!(
            anstream::adapter::strip_str(&line).to_string(),
            "note    in 1 m to developer: look at it (3 planned: torch schedule list)"
        );
    }
}
