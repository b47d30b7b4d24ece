//! `torch why ROLE`: what torch believes of an agent, on what evidence, and what it waits for.

mod event;

use torch_api::view::{AgentView, HISTORY_MAX, JournalView};

use super::style::{DIM, agent as agent_style, paint};
use super::table::{Cell, Table};
use super::time::Clock;
use super::{first_line, plain};

/// The agent, the evidence, what is waited for, what is held back of rules about it, the last lines of its screen and `states` lines of what happened to it.
pub fn why(
    agent: &AgentView,
    (waits_for, rules): (&[String], &[String]),
    history: &[JournalView],
    states: usize,
    clock: &Clock,
) -> String {
    let mut text = format!(
        "{} is {}, {}\n",
        agent.role,
        paint(agent_style(agent.state), agent.state.as_str()),
        since(agent, clock)
    );
    let seen = &agent.evidence;
    text.push_str(&format!(
        "  because of {}: {} {}\n",
        seen.source,
        first_line(&seen.detail, 400),
        paint(DIM, &format!("({})", clock.ago(seen.at)))
    ));
    text.push_str(&format!("  {}\n", paint(DIM, &process(agent))));
    section(
        &mut text,
        "it waits for",
        waits_for.iter().map(|line| first_line(line, 200)),
    );
    section(
        &mut text,
        "rules that the project's files loosen",
        rules.iter().map(|line| first_line(line, 300)),
    );
    section(
        &mut text,
        "its screen's last lines",
        agent.last_lines.iter().map(|line| plain(line)),
    );
    if !history.is_empty() {
        text.push_str(&happened(&agent.role, history, states, clock));
    }
    text
}

/// `most` lines of what happened, and between them how many are left out: nothing that is shown followed something that is not.
fn happened(role: &str, history: &[JournalView], most: usize, clock: &Clock) -> String {
    let chosen = event::newest(history, most);
    let mut table = Table::bare(2);
    let mut next = 0;
    let mut gap = |table: &mut Table, until: usize| {
        let left_out = u64::try_from(until - next).unwrap_or(u64::MAX);
        if left_out > 0 {
            let line = format!("{} left out", entries(left_out));
            table.row([Cell::styled(DIM, "…"), Cell::styled(DIM, line)]);
        }
        next = until + 1;
    };
    for at in &chosen {
        gap(&mut table, *at);
        let entry = &history[*at];
        let (what, why) = event::said(entry, clock);
        table.row([Cell::from(clock.time(entry.at)), what.into(), why.into()]);
    }
    gap(&mut table, history.len());
    let note = match history.len() - chosen.len() {
        0 if history.len() >= HISTORY_MAX as usize => {
            format!(" (the newest {HISTORY_MAX}; older ones are in the registry only)")
        }
        0 => String::new(),
        rest => format!(
            " ({} of {}; all: torch why {role} --all)",
            history.len() - rest,
            history.len()
        ),
    };
    format!(
        "\nwhat happened to it, newest first{}\n{}",
        paint(DIM, &note),
        table.render()
    )
}

fn entries(number: u64) -> String {
    match number {
        1 => "1 entry".to_owned(),
        more => format!("{more} entries"),
    }
}

fn since(agent: &AgentView, clock: &Clock) -> String {
    format!(
        "since {} ({})",
        clock.date(agent.since),
        clock.ago(agent.since)
    )
}

fn process(agent: &AgentView) -> String {
    let pane = agent.pane.map_or("no pane".to_owned(), |pane| {
        format!("pane {} of window {}", pane.pane, pane.window)
    });
    let pid = agent
        .pid
        .map_or("no process".to_owned(), |pid| format!("pid {pid}"));
    let briefed = if agent.briefed {
        "briefed"
    } else {
        "not briefed"
    };
    format!("{} · {pane} · {pid} · {briefed}", agent.program)
}

fn section(text: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<_> = lines.collect();
    if lines.is_empty() {
        return;
    }
    text.push_str(&format!("\n{title}\n"));
    for line in lines {
        text.push_str(format!("  {line}").trim_end());
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use torch_core::Timestamp;

    use super::*;

    fn entry(at: u64, from: &str, to: &str) -> JournalView {
        JournalView {
            seq: at,
            at: Timestamp(at * 1000),
            kind: "agent.state".to_owned(),
            cause: String::new(),
            data: json!({"from": from, "to": to}),
        }
    }

    #[test]
    fn what_is_left_out_is_said_where_it_is() {
        let clock = Clock {
            now: Timestamp(60_000),
            zone: jiff::tz::TimeZone::UTC,
        };
        let mut history: Vec<JournalView> = (3..9)
            .rev()
            .map(|at| entry(at, "idle", "working"))
            .collect();
        history.push(entry(2, "starting", "idle"));
        history.push(entry(1, "", "starting"));
        let shown = |most| {
            let text = happened("developer", &history, most, &clock);
            anstream::adapter::strip_str(&text).to_string()
        };
        assert_eq!(
            shown(3),
            "\nwhat happened to it, newest first (3 of 8; all: torch why developer --all)\n  \
             00:00:08.000  idle → working\n  \
             00:00:07.000  idle → working\n  \
             …             4 entries left out\n  \
             00:00:02.000  starting → idle\n  \
             …             1 entry left out\n"
        );
        assert!(!shown(8).contains("left out"), "{}", shown(8));
        let many = vec![entry(1, "idle", "working"); HISTORY_MAX as usize];
        let text = happened("developer", &many, usize::MAX, &clock);
        assert!(text.contains("the newest 60"), "{text}");
    }
}
