//! What judging a day again came to.

use torch_core::message::Decision;
use torch_daemon::replay::ReplayReport;

use super::plain;
use super::style::{BAD, DIM, GOOD, WARN, paint};
use super::time::Clock;

/// The verdicts that differ, what could not be judged, and the day's numbers.
pub fn replay(date: &str, report: &ReplayReport, clock: &Clock, width: Option<usize>) -> String {
    let count = report.messages;
    let mut text = match (report.differing.len(), report.unknown.len()) {
        (0, 0) => format!(
            "{date}  {count} messages judged again: {}\n",
            paint(GOOD, "all the same")
        ),
        (differing, unknown) => format!(
            "{date}  {count} messages judged again: {}, {unknown} can't be judged\n",
            paint(BAD, &format!("{differing} differ"))
        ),
    };
    if !report.sets.is_empty() {
        let sets = format!(
            "rules of the project in force: sets {}",
            report.sets.join(", ")
        );
        text.push_str(&format!("{}\n", paint(DIM, &sets)));
    }
    for row in &report.differing {
        text.push_str(&format!(
            "  {}  {}  {} by {}, now {} by {}\n",
            row.message,
            clock.time(row.at),
            word(row.decision),
            plain(&row.rule),
            word(row.now),
            plain(&row.now_rule)
        ));
    }
    for row in &report.unknown {
        text.push_str(&format!(
            "  {}  {}\n",
            row.message,
            paint(WARN, &plain(&row.why))
        ));
    }
    text = super::fit::prose(&text, width, 4);
    if !report.teams.is_empty() {
        let note = "all messages of the day, also torch's own (briefings, notices, copies), which no rule judges:";
        text.push_str(&format!("\n{}\n", paint(DIM, note)));
        text.push_str(&super::stats::stats(&report.teams, width));
    }
    text
}

fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Deliver => "deliver",
        Decision::Reroute => "reroute",
        Decision::Record => "record",
        Decision::Refuse => "refuse",
    }
}
