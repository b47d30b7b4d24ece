//! What is shown of a fast lane.

use std::time::Duration;

use torch_api::git::{LanePairView, LaneView};

use crate::render::fit;
use crate::render::style::{BAD, DIM, GOOD, STRONG, WARN, paint};
use crate::render::table::{Cell, Table};
use crate::render::time::{Clock, span};

/// How a fast lane stands: its pairs, what was merged last, and below what waits and why.
pub fn lane(view: &LaneView, clock: &Clock, width: Option<usize>) -> String {
    let state = match &view.off {
        None => paint(GOOD, "on"),
        Some(why) => paint(WARN, &format!("off ({why})")),
    };
    let title = paint(STRONG, &format!("{}, fast lane", view.team));
    let mut text = format!("{title}: {state}\n");
    if view.hub_cycle {
        text.push_str(
            "no pair of this team has a lane: its project manager hears every 15 minutes what there is to merge\n",
        );
        return text;
    }
    if view.pairs.is_empty() {
        text.push_str("no pair of this team has a lane\n");
        return text;
    }
    let mut table = Table::new(
        2,
        &["FROM", "TO", "WITHIN", "LAST MERGE", "WHAT", "WAITING"],
    );
    for pair in &view.pairs {
        table.row(row(pair, clock));
    }
    text.push_str(&table.giving(width, &[4]));
    for pair in &view.pairs {
        text.push_str(&fit::prose(&waits(pair, clock), width, 2));
    }
    text
}

fn row(pair: &LanePairView, clock: &Clock) -> [Cell; 6] {
    let (at, what) = match &pair.last {
        None => (Cell::styled(DIM, "none"), Cell::from("")),
        Some(last) => (
            clock.ago(last.at).into(),
            Cell::from(match last.commits {
                0 | 1 => last.subject.clone(),
                more => format!("{} ({more} commits)", last.subject),
            }),
        ),
    };
    let waiting = match &pair.waiting {
        None => Cell::styled(DIM, "nothing"),
        Some(waiting) if !waiting.conflict.is_empty() => Cell::styled(BAD, "conflict"),
        Some(waiting) if waiting.late => Cell::styled(WARN, "late"),
        Some(_) => Cell::from("yes"),
    };
    [
        Cell::from(pair.from.as_str()),
        pair.to.as_str().into(),
        span(Duration::from_secs(pair.within_seconds)).into(),
        at,
        what,
        waiting,
    ]
}

fn waits(pair: &LanePairView, clock: &Clock) -> String {
    let Some(waiting) = &pair.waiting else {
        return String::new();
    };
    let (from, to) = (&pair.from, &pair.to);
    let since = clock.age(waiting.since);
    match waiting.conflict.as_slice() {
        [] => format!("{from} to {to}: waits for {since}: {}\n", waiting.why),
        files => format!(
            "{from} to {to}: conflict for {since} in {}; merge one's branch into the other's by hand\n",
            files.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use torch_api::git::{LaneMergedView, LaneWaitingView};
    use torch_core::Timestamp;

    use super::*;

    fn clock() -> Clock {
        Clock {
            now: Timestamp(1_800_000_000_000),
            zone: jiff::tz::TimeZone::UTC,
        }
    }

    fn pair(from: &str, to: &str) -> LanePairView {
        LanePairView {
            from: from.to_owned(),
            to: to.to_owned(),
            within_seconds: 300,
            branch: None,
            waiting: None,
            last: None,
        }
    }

    #[test]
    fn what_waits_is_told_with_its_reason() {
        let mut first = pair("developer", "tester");
        first.last = Some(LaneMergedView {
            at: Timestamp(1_799_999_940_000),
            commit: "a".repeat(40),
            subject: "abc1234 Add the login".to_owned(),
            commits: 3,
            took_millis: 900,
        });
        first.waiting = Some(LaneWaitingView {
            since: Timestamp(1_799_999_990_000),
            due: Some(Timestamp(1_800_000_290_000)),
            why: "the tester's worktree has uncommitted changes in 3 files".to_owned(),
            conflict: Vec::new(),
            late: false,
        });
        let mut second = pair("tester", "testrunner");
        second.waiting = Some(LaneWaitingView {
            since: Timestamp(1_799_999_400_000),
            due: None,
            why: "git can't merge it by itself".to_owned(),
            conflict: vec!["src/login.rs".to_owned()],
            late: false,
        });
        let view = LaneView {
            team: "myapp".to_owned(),
            on: true,
            off: None,
            pairs: vec![first, second],
            hub_cycle: false,
        };
        insta::assert_snapshot!(
            anstream::adapter::strip_str(&lane(&view, &clock(), Some(80))).to_string()
        );
        let off = LaneView {
            on: false,
            off: Some("by project_manager".to_owned()),
            pairs: Vec::new(),
            hub_cycle: true,
            ..view
        };
        insta::assert_snapshot!(
            anstream::adapter::strip_str(&lane(&off, &clock(), None)).to_string()
        );
    }
}
