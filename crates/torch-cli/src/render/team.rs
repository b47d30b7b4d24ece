//! `torch auto`'s last words: who works where, and how to go on.

use torch_api::view::TeamView;

use super::style::{BAD, DIM, GOOD, STRONG, WARN, paint};
use super::table::{Cell, Table};
use super::time::Clock;
use super::{first_line, fit, status};

/// What of a team was there before an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// Nothing that ran.
    None,
    /// The team, but no branch that its work goes into.
    WithoutBranch,
    /// The team as it is.
    AsItIs,
}

/// A team that is up, or was so already.
pub fn raised(team: &TeamView, before: Before, clock: &Clock, width: Option<usize>) -> String {
    let what = match before {
        Before::None => {
            let line = format!("{} is up: {}", team.name, agents(team));
            return format!(
                "{}\n{}{}{}",
                paint(STRONG, &line),
                fit::prose(&no_branch(team), width, 2),
                fit::prose(&held(team), width, 2),
                how_to_go_on(team)
            );
        }
        Before::WithoutBranch => {
            let branch = super::plain(&team.base_branch);
            format!("its work goes into {branch} from now on")
        }
        Before::AsItIs => "nothing was changed".to_owned(),
    };
    let line = format!("{} is there already; {what}", team.name);
    let status = status::team(team, clock, width);
    format!(
        "{}\n\n{status}\n{}",
        paint(STRONG, &line),
        how_to_go_on(team)
    )
}

/// That the team's work can't be integrated, where it was started on no branch.
fn no_branch(team: &TeamView) -> String {
    match team.base_branch.as_str() {
        "HEAD" => format!(
            "HEAD is detached in {}: {}\n",
            super::plain(&team.project.display().to_string()),
            super::plan::NO_BRANCH
        ),
        _ => String::new(),
    }
}

/// A team's end: per role its branch and its report, then how to attach.
pub fn finished(team: &TeamView, complete: bool) -> String {
    let line = if complete {
        match team.tasks.filter(|tasks| tasks.done < tasks.total) {
            None => paint(GOOD, &format!("{}: the spec is complete", team.name)),
            // The hub says the one, the plan the other.
            Some(tasks) => {
                let done = super::tasks::count(tasks);
                let line = format!(
                    "{}: the spec was reported complete; the plan says {done} (torch plan --team {})",
                    team.name, team.name
                );
                paint(WARN, &line)
            }
        }
    } else {
        paint(
            BAD,
            &format!(
                "{}: the spec is not complete, and the team does not go on",
                team.name
            ),
        )
    };
    let mut text = format!("{line}\n");
    if let Some(summary) = &team.summary {
        text.push_str(&format!("{}\n", first_line(summary, 400)));
    }
    text.push('\n');
    let mut table = Table::new(2, &["ROLE", "STATE", "BRANCH", "REPORT"]);
    for agent in &team.agents {
        table.row([
            Cell::from(agent.role.as_str()),
            agent.state.as_str().into(),
            agent.branch.as_deref().unwrap_or("(detached)").into(),
            match &agent.completed {
                Some(report) => Cell::from(first_line(report, 100)),
                None => Cell::styled(DIM, "none"),
            },
        ]);
    }
    text.push_str(&table.render());
    text.push_str(&format!("\n  {} {}\n", paint(DIM, "attach"), team.attach));
    text
}

/// Why agents are not briefed although they run: a person paused them, or a cap is reached.
fn held(team: &TeamView) -> String {
    let words = if team.paused || team.agents.iter().any(|agent| agent.paused) {
        format!(
            "paused: messages and briefings wait (torch unpause --team {})",
            team.name
        )
    } else if let Some(why) = team.agents.iter().find_map(|agent| agent.held.as_deref()) {
        format!("briefings wait: {}", first_line(why, 120))
    } else {
        return String::new();
    };
    format!("  {}\n", paint(WARN, &words))
}

fn agents(team: &TeamView) -> String {
    // One that was ended alone is none of them.
    let wanted = team
        .agents
        .iter()
        .filter(|agent| agent.state != torch_core::AgentState::Stopped);
    let (briefed, all) = wanted.fold((0, 0), |(briefed, all), agent| {
        (briefed + usize::from(agent.briefed), all + 1)
    });
    format!("{briefed} of {all} agents briefed")
}

fn how_to_go_on(team: &TeamView) -> String {
    let example = team
        .agents
        .first()
        .map_or("orchestrator", |agent| agent.role.as_str());
    let mut table = Table::bare(2);
    for (label, line) in [
        ("attach", team.attach.clone()),
        ("look", "torch status".to_owned()),
        (
            "write",
            format!("scm {}:{example} \"your message\"", team.name),
        ),
        ("stop", format!("torch stop --team {}", team.name)),
        (
            "caps",
            team.caps.map_or_else(String::new, super::plan::caps),
        ),
    ] {
        if line.is_empty() {
            continue;
        }
        table.row([Cell::styled(DIM, label), line.into()]);
    }
    table.render()
}
