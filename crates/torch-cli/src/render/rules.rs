//! Violations, assignments and dependencies.

use torch_api::rules::{AssignmentView, DependencyView, ViolationView};
use torch_core::ledger::Severity;

use super::style::{BAD, DIM, GOOD, STRONG, WARN, paint};
use super::table::{Cell, Table};
use super::time::Clock;
use super::{first_line, plain};

/// Each violation with what was seen and what to do instead.
pub fn violations(rows: &[ViolationView], clock: &Clock) -> String {
    if rows.is_empty() {
        return "no violations\n".to_owned();
    }
    let blocks: Vec<String> = rows.iter().map(|row| violation(row, clock)).collect();
    blocks.join("\n")
}

fn violation(row: &ViolationView, clock: &Clock) -> String {
    let style = match row.severity {
        Severity::High => BAD,
        Severity::Medium => WARN,
        Severity::Low => DIM,
    };
    let state = match (&row.by, row.state.as_str()) {
        (Some(by), state) => format!("{state} by {}", plain(by)),
        (None, state) => state.to_owned(),
    };
    let often = match row.count {
        1 => String::new(),
        count => format!(", {count} times"),
    };
    let mut text = format!(
        "{}  {}  {}:{} → {}  {}  {state}, {}{often}\n",
        paint(STRONG, &row.id),
        paint(style, row.severity.as_str()),
        row.team,
        row.role,
        first_line(&row.to, 40),
        row.rule,
        clock.ago(row.last)
    );
    let message = row
        .message
        .as_deref()
        .map(|id| format!("{id}: "))
        .unwrap_or_default();
    text.push_str(&format!("  {message}{}\n", first_line(&row.evidence, 200)));
    if row.state == "open" {
        let instead = format!("instead: {}", plain(&row.remedy));
        text.push_str(&format!("  {}\n", paint(DIM, &instead)));
    }
    text
}

/// A table of assignments.
pub fn assignments(rows: &[AssignmentView], clock: &Clock) -> String {
    if rows.is_empty() {
        return "no tasks\n".to_owned();
    }
    let headings = [
        "TASK", "PRIORITY", "TEAM", "FROM", "TO", "GIVEN", "ACK", "MESSAGE", "TITLE",
    ];
    let mut table = Table::new(0, &headings);
    for row in rows {
        let ack = match row.acked {
            Some(at) => Cell::styled(GOOD, clock.ago(at)),
            None => Cell::styled(WARN, "none"),
        };
        table.row([
            Cell::from(first_line(&row.task, 20)),
            row.priority.as_str().into(),
            row.team.as_str().into(),
            row.from.as_str().into(),
            row.role.as_str().into(),
            clock.ago(row.at).into(),
            ack,
            row.message.as_str().into(),
            first_line(&row.title, 60).into(),
        ]);
    }
    table.render()
}

/// A line for each role that waits.
pub fn dependencies(team: &str, rows: &[DependencyView]) -> String {
    if rows.is_empty() {
        return format!("nobody waits for anybody in team {team}\n");
    }
    let mut text = String::new();
    for row in rows {
        let on: Vec<String> = row
            .on
            .iter()
            .map(|other| match other.complete {
                true => format!("{} {}", other.role, paint(GOOD, "(complete)")),
                false => other.role.clone(),
            })
            .collect();
        text.push_str(&format!(
            "{} waits for {}\n",
            paint(STRONG, &row.role),
            on.join(", ")
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use torch_api::rules::DependencyState;
    use torch_core::Timestamp;
    use torch_core::form::Priority;

    use super::*;

    fn clock() -> Clock {
        Clock {
            now: Timestamp(1_800_000_000_000),
            zone: TimeZone::UTC,
        }
    }

    fn row(id: &str, state: &str, count: u64) -> ViolationView {
        ViolationView {
            id: id.to_owned(),
            ulid: String::new(),
            team: "app".to_owned(),
            role: "developer".to_owned(),
            to: "researcher".to_owned(),
            rule: "mode.matrix".to_owned(),
            severity: Severity::Medium,
            evidence: "to researcher: \"psst\"".to_owned(),
            remedy: "write to the orchestrator".to_owned(),
            message: Some("m-7k3f9q2a".to_owned()),
            count,
            at: Timestamp(1_799_999_000_000),
            last: Timestamp(1_799_999_940_000),
            state: state.to_owned(),
            by: (state == "resolved").then(|| "human".to_owned()),
        }
    }

    #[test]
    fn what_is_listed() {
        let strip = |text: String| anstream::adapter::strip_str(&text).to_string();
        let rows = [row("v-1", "open", 3), row("v-2", "resolved", 1)];
        let task = AssignmentView {
            task: "T-7".to_owned(),
            title: "The parser".to_owned(),
            priority: Priority::High,
            team: "app".to_owned(),
            from: "orchestrator".to_owned(),
            role: "developer".to_owned(),
            message: "m-7k3f9q2a".to_owned(),
            at: Timestamp(1_799_999_940_000),
            acked: None,
        };
        let waits = DependencyView {
            role: "project_manager".to_owned(),
            on: ["devops", "tester"]
                .map(|role| DependencyState {
                    role: role.to_owned(),
                    complete: role == "devops",
                })
                .into(),
        };
        let text = [
            violations(&rows, &clock()),
            assignments(&[task], &clock()),
            dependencies("app", &[waits]),
            violations(&[], &clock()),
            assignments(&[], &clock()),
            dependencies("app", &[]),
        ];
        insta::assert_snapshot!(strip(text.join("\n")));
    }
}
