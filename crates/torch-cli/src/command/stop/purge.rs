//! `torch stop --purge`: what would go is shown, and asked about, before anything is changed.

use serde_json::json;
use torch_api::view::ScheduleView;
use torch_api::worktree::WorktreeView;
use torch_api::{Request, Response};
use torch_core::AgentState;

use super::StopArgs;
use crate::command::given::Given;
use crate::command::steps;
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output::{self, Enter};
use crate::place::Place;
use crate::render;
use crate::render::worktree::{self, Goes};

/// What a purge would take away.
struct Prospect {
    /// The team's name.
    team: String,
    /// Its agents' worktrees.
    worktrees: Vec<WorktreeView>,
    /// Its planned notes.
    notes: Vec<ScheduleView>,
}

/// What is not known where the daemon goes away over a purge.
const PURGED: connect::Act<'static> = connect::Act {
    done: "the team is removed",
    tells: "torch status",
};

/// Shows what goes and what is kept, asks, stops the team, and removes it.
pub(super) fn run(args: &StopArgs, team: Option<String>, place: &Place) -> Outcome {
    let prospect = connect::looked(|| prospect(team.clone(), place))?;
    if args.dry_run {
        show(&prospect, args.json.json)?;
        return Ok(exit::OK);
    }
    if !args.yes && !confirmed(&prospect)? {
        output::notice("nothing was changed");
        return Ok(exit::FAILURE);
    }
    let selector = place.team(Some(prospect.team.clone()));
    let stop = Request::Stop {
        team: selector.clone(),
    };
    // After any other stop worktrees and branches are kept; here they go next.
    steps::done_quietly(place, &stop, (super::STOPPED, args.json))?;
    if !args.json.json {
        output::data(&format!("team {} is stopped\n", prospect.team))?;
    }
    let purge = Request::Purge {
        team: selector,
        dry_run: false,
    };
    // Once it is removed, the same request would find no such team: what came of it is looked up.
    let mut client = connect::connect(place)?;
    let worktrees = match connect::once(PURGED, || connect::ask(&mut client, &purge))? {
        Response::WorktreesRemoved { worktrees } => worktrees,
        other => return Err(CommandError::unexpected(&other)),
    };
    for removed in &worktrees {
        if args.json.json {
            output::json(removed)?;
        } else {
            let told = crate::command::worktree::told_here(removed, place);
            output::data(&worktree::removed(&told))?;
        }
    }
    if worktrees.iter().any(|removed| removed.failure.is_some()) {
        output::notice("the team stays, since not everything could be removed");
        return Ok(exit::FAILURE);
    }
    if !args.json.json {
        output::data(
            "the team is removed; its messages are kept, and torch undelete brings worktrees back\n",
        )?;
    }
    Ok(exit::OK)
}

/// Asks the daemon; nothing is changed.
fn prospect(team: Option<String>, place: &Place) -> Result<Prospect, CommandError> {
    let look = Request::Purge {
        team: place.team(team.clone()),
        dry_run: true,
    };
    let worktrees = match connect::ask(&mut connect::connect(place)?, &look)? {
        Response::Worktrees { worktrees, .. } => worktrees,
        other => return Err(CommandError::unexpected(&other)),
    };
    let named = worktrees.iter().find_map(|one| one.team.clone());
    let Some(team) = named.or(team) else {
        return Err(CommandError::other("the team has no agents").hint("torch status"));
    };
    let list = Request::Schedules {
        team: Some(team.clone()),
    };
    let notes = match connect::ask(&mut connect::connect(place)?, &list)? {
        Response::Schedules { schedules, .. } => schedules,
        other => return Err(CommandError::unexpected(&other)),
    };
    Ok(Prospect {
        team,
        worktrees,
        notes,
    })
}

fn confirmed(prospect: &Prospect) -> Result<bool, CommandError> {
    output::notice(text(prospect).trim_end());
    if !output::can_ask() {
        let text = "torch stop --purge asks first, and nobody can be asked here";
        return Err(CommandError::usage(text)
            .cause("standard input or standard error is no terminal")
            .hint(Given::ours().and("--yes").line()));
    }
    let question = match runs(prospect) {
        true => "Stop the team, and remove it and all of this?",
        false => "Remove the team and all of this?",
    };
    output::ask(question, Enter::No)
}

fn show(prospect: &Prospect, json: bool) -> Result<(), CommandError> {
    if json {
        return output::json(&json!({
            "team": prospect.team,
            "runs": runs(prospect),
            "worktrees": prospect.worktrees,
            "schedules": prospect.notes,
        }));
    }
    output::data(&text(prospect))
}

fn runs(prospect: &Prospect) -> bool {
    let mut states = prospect.worktrees.iter().filter_map(|one| one.state);
    states.any(AgentState::is_live)
}

fn text(prospect: &Prospect) -> String {
    let mut text = String::new();
    if runs(prospect) {
        text.push_str(&format!(
            "team {} runs; its agents would be ended first\n",
            prospect.team
        ));
    }
    for found in &prospect.worktrees {
        text.push_str(&worktree::before(found, Goes::WithTeam));
    }
    let notes = u64::try_from(prospect.notes.len()).unwrap_or(u64::MAX);
    if notes > 0 {
        text.push_str(&format!(
            "{} would never be said (torch schedule list --team {})\n",
            render::count(notes, "planned note"),
            prospect.team
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worktree(state: AgentState) -> WorktreeView {
        WorktreeView {
            team: Some("app".to_owned()),
            role: "developer".to_owned(),
            state: Some(state),
            path: "/r/projects/app/worktrees/developer".into(),
            there: false,
            removed: false,
            branch: Some("main-developer".to_owned()),
            head: None,
            ahead: None,
            changed: 0,
            untracked: 0,
            problem: None,
            mend: None,
            port: None,
            progress: None,
            work: None,
            own: None,
            was_there: None,
        }
    }

    #[test]
    fn a_team_that_runs_is_said_to_be_ended_and_notes_are_counted() {
        let mut prospect = Prospect {
            team: "app".to_owned(),
            worktrees: vec![worktree(AgentState::Stopped)],
            notes: Vec::new(),
        };
        let quiet = text(&prospect);
        assert!(!quiet.contains("ended first") && !quiet.contains("planned note"));
        prospect.worktrees.push(worktree(AgentState::Idle));
        assert!(text(&prospect).contains("team app runs; its agents would be ended first"));
    }
}
