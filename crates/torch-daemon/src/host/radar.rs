//! The conflict radar: agents' worktrees compared in a blocking task.

use std::fs;
use std::io;
use std::path::Path;

use torch_api::git::{GitResponse, OverlapView, PairView, RadarView, TouchedView};
use torch_api::{Failure, Response};
use torch_core::TeamId;
use torch_worktree::{Git, Overlap, Radar, RadarRequest, Side};

use super::execute::send;
use super::git::failure;
use super::worktrees::repository_of;
use super::{Host, Input};
use crate::event::{Effect, Event};
use crate::failure::other;
use crate::state::Clash;
use crate::worktrees::Registered;

/// Compares the work of a team's agents; `scratch` is a folder of this question alone.
pub(super) fn answer(
    git: &Git,
    scratch: &Path,
    team: &str,
    (parent, agents): (&str, &[Registered]),
) -> Response {
    match seen(git, scratch, (parent, agents)) {
        Ok((radar, missing)) => {
            let radar = view(team, parent, radar, missing);
            Response::Git(Box::new(GitResponse::Radar(radar)))
        }
        Err(failure) => Response::Failed(*failure),
    }
}

impl Host {
    /// Compares the work of a team's agents for the state.
    pub(crate) fn look_for_overlaps(&mut self, effect: Effect) {
        let Effect::LookForOverlaps {
            team,
            parent,
            agents,
        } = effect
        else {
            return;
        };
        let (git, inputs, home) = (self.git.clone(), self.inputs.clone(), self.home.clone());
        drop(tokio::task::spawn_blocking(move || {
            let event = compared(&git, &home, team, (&parent, &agents));
            send(&inputs, Input::Event(event));
        }));
    }
}

/// Compares the work of a team's agents; `home` is the registry's folder.
pub(super) fn compared(
    git: &Git,
    home: &Path,
    team: TeamId,
    (parent, agents): (&str, &[Registered]),
) -> Event {
    let scratch = home.join("run").join(format!("radar-{team}"));
    let clashes = match seen(git, &scratch, (parent, agents)) {
        Ok((radar, _)) => Some(clashes(radar)),
        Err(failure) => {
            tracing::warn!(
                "the work of team {team} was not compared: {}",
                failure.error
            );
            None
        }
    };
    Event::Overlaps { team, clashes }
}

fn clashes(radar: Radar) -> Vec<Clash> {
    let found = radar.overlaps.into_iter().flat_map(|overlap| {
        let path = overlap.path;
        let pairs = overlap.pairs.into_iter().filter(|pair| pair.conflict);
        pairs.map(move |pair| Clash {
            path: path.clone(),
            roles: pair.sides,
        })
    });
    found.collect()
}

/// What the radar sees, and the roles that it can't see.
pub(super) fn seen(
    git: &Git,
    scratch: &Path,
    (parent, agents): (&str, &[Registered]),
) -> Result<(Radar, Vec<TouchedView>), Box<Failure>> {
    let (there, gone): (Vec<_>, Vec<_>) = agents.iter().partition(|agent| agent.path.is_dir());
    let missing = gone.iter().map(|agent| TouchedView {
        role: agent.role.to_string(),
        files: None,
        uncommitted: 0,
        conflicts: Vec::new(),
        problem: Some("its folder is gone".to_owned()),
    });
    let missing = missing.collect();
    let Some(first) = there.first() else {
        return Ok((Radar::default(), missing));
    };
    let repository = repository_of(git, first).map_err(|error| Box::new(failure(&error)))?;
    // Left by a daemon that was killed.
    match fs::remove_dir_all(scratch) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            let error_text = format!("failed to remove {}", scratch.display());
            return Err(Box::new(other(&error_text, &error.to_string(), None)));
        }
        _ => {}
    }
    let sides = there.iter().map(|agent| Side {
        name: agent.role.to_string(),
        worktree: agent.path.clone(),
    });
    let sides: Vec<_> = sides.collect();
    let request = RadarRequest {
        repository: &repository,
        parent,
        sides: &sides,
        scratch,
    };
    let radar = torch_worktree::radar(git, &request).map_err(|error| Box::new(failure(&error)))?;
    Ok((radar, missing))
}

fn view(team: &str, parent: &str, radar: Radar, missing: Vec<TouchedView>) -> RadarView {
    let roles = radar.sides.into_iter().map(|side| TouchedView {
        role: side.name,
        files: Some(side.files),
        uncommitted: side.uncommitted,
        conflicts: side.conflicts,
        problem: None,
    });
    RadarView {
        team: team.to_owned(),
        parent: parent.to_owned(),
        parent_commit: radar.parent,
        roles: roles.chain(missing).collect(),
        overlaps: radar.overlaps.into_iter().map(overlap).collect(),
    }
}

fn overlap(overlap: Overlap) -> OverlapView {
    let pairs = overlap.pairs.into_iter().map(|pair| PairView {
        roles: pair.sides,
        conflict: pair.conflict,
        uncommitted: pair.uncommitted,
        lines: pair.lines,
    });
    OverlapView {
        path: overlap.path,
        pairs: pairs.collect(),
    }
}
