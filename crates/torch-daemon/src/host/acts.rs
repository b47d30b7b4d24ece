//! What the host does to a repository, one act at a time and in the caller's thread: for whoever drives [`State::handle`] without the
//! host and its tasks, on a clock of its own (`tests/sim`). These are the functions that the host's tasks call.
//!
//! [`State::handle`]: crate::state::State::handle

use std::path::Path;

use torch_worktree::Git;

use super::{git, integrate, lane, look, radar, refs, set_up};
use crate::event::{Effect, Event};
use crate::lane::LaneDone;
use crate::state::State;

/// Carries an effect out that touches nothing but the project and its repository, and says what came of it; `None` for every other
/// effect, which is not carried out. `home` is the registry's folder, `torch` the program that is above an integration's commands
/// (`torch command-run`), `state` the one that gave the effect.
///
/// What can't be done is told in the event, as the host tells it.
pub fn carried_out(
    git: &Git,
    (home, torch): (&Path, &Path),
    state: &State,
    effect: &Effect,
) -> Option<Event> {
    Some(match effect {
        Effect::Inspect { conn, request } => {
            let found = git::inspect(git, request);
            Event::Inspected {
                conn: *conn,
                request: request.clone(),
                result: found
                    .map(|(repository, spec)| (git::facts(&repository), spec))
                    .map_err(|failure| *failure),
            }
        }
        Effect::AddWorktree {
            agent,
            role,
            project,
            base_branch,
            base_commit,
            path,
        } => {
            let order = git::AddOrder {
                path,
                base_commit,
                base_branch,
                role,
            };
            let set_up = set_up::SetUp::new(&state.settings.config.worktree, git, home);
            let added = git::add(git, project, &order, &set_up);
            Event::WorktreeAdded {
                agent: *agent,
                result: added
                    .map(|(_, added, notes)| git::added(&added, &notes))
                    .map_err(|error| git::failure(&error)),
            }
        }
        Effect::Lane(order) => Event::Lane(Box::new(LaneDone {
            team: order.team,
            pair: order.pair,
            came: lane::carried_out(git, order),
        })),
        Effect::Integrate { team, job } => Event::Integrated {
            team: *team,
            id: job.row.id,
            found: Box::new(integrate::alone(git, (home, torch), job)),
        },
        Effect::LookAtWork { .. } | Effect::LookAtTree { .. } => look::seen(git, state, effect)?,
        Effect::LookForOverlaps {
            team,
            parent,
            agents,
        } => radar::compared(git, home, *team, (parent, agents)),
        _ => return None,
    })
}

/// Reads the branches of all repositories that the teams of a state work in, as the host does it once something moved there; what the
/// teams have not been told yet. A repository that can't be read tells that.
pub fn read_refs(git: &Git, state: &State) -> Vec<Event> {
    let watched = state.watched_repositories().into_iter();
    let read = watched.flat_map(|(common_dir, teams)| {
        let teams = teams.iter().filter_map(|team| state.refs_of(*team));
        refs::read(git, &common_dir, teams.collect())
    });
    read.collect()
}
