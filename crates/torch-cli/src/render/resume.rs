//! `torch resume`: what is wanted, what is, and what would be done, side by side.

use torch_api::roster::ResumeView;

use super::style::{DIM, STRONG, WARN, agent as agent_style, paint};
use super::table::{Cell, Table};
use super::{first_line, fit};

/// A team before a resume; `width` is the terminal's.
pub fn resume(view: &ResumeView, width: Option<usize>) -> String {
    let mut text = format!(
        "{}  {}, wanted {} · tmux server {}\n",
        paint(STRONG, &view.team),
        view.phase,
        view.desired,
        view.tmux
    );
    if view.rebooted {
        text.push_str("  the machine was restarted since; torch resume brings the team back\n");
    }
    let mut text = fit::prose(&text, width, 2);
    let mut table = Table::new(
        2,
        &["ROLE", "WANTED", "STATE", "IS", "WAITING", "ACTION", "WHY"],
    );
    for agent in &view.agents {
        let waiting = match agent.waiting {
            0 => Cell::styled(DIM, "-"),
            some => Cell::styled(WARN, some.to_string()),
        };
        let action = match agent.action.as_str() {
            "keep" | "leave" => Cell::styled(DIM, agent.action.as_str()),
            some => Cell::styled(STRONG, some),
        };
        table.row([
            Cell::from(agent.role.as_str()),
            agent.desired.as_str().into(),
            Cell::styled(agent_style(agent.state), agent.state.as_str()),
            agent.class.as_str().into(),
            waiting,
            action,
            first_line(&agent.why, 60).into(),
        ]);
    }
    text.push_str(&table.wrapping(width, &[]));
    text
}
