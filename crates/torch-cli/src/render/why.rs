//! `torch why ROLE`: what torch believes of an agent, on what evidence, and what it waits for.

mod event;

use torch_api::view::{AgentView, JournalView};

use super::style::{DIM, agent as agent_style, paint};
use super::table::{Cell, Table};
use super::time::Clock;
use super::{first_line, plain};

/// The agent, the evidence, what is waited for, the last lines of its screen and `states` lines of what happened to it.
pub fn why(
    agent: &AgentView,
    waits_for: &[String],
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
        "its screen's last lines",
        agent.last_lines.iter().map(|line| plain(line)),
    );
    if !history.is_empty() {
        let chosen = event::newest(history, states);
        let mut table = Table::bare(2);
        for entry in &chosen {
            let (what, why) = event::said(entry, clock);
            table.row([Cell::from(clock.time(entry.at)), what.into(), why.into()]);
        }
        let rest = match history.len() - chosen.len() {
            0 => String::new(),
            rest => format!(" ({rest} more with --all)"),
        };
        text.push_str(&format!(
            "\nwhat happened to it, newest first{}\n{}",
            paint(DIM, &rest),
            table.render()
        ));
    }
    text
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
