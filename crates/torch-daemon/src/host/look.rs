//! Looks that take a while: at an agent's work, and at a session that a person made.

use std::path::Path;

use torch_api::Failure;
use torch_api::roster::{AgentAct, AgentRequest};
use torch_core::{RoleName, Timestamp};
use torch_session::{CaptureStyle, PaneRow, Server};
use torch_worktree::Git;

use super::execute::send;
use super::{Host, Input, git, tmux};
use crate::event::{ConnId, Effect, Event, SessionFacts, WindowFacts, WorkFacts};
use crate::failure::usage;
use crate::state::{GUEST_LINES, State};

/// How many commits are listed.
const COMMITS: usize = 20;

impl Host {
    /// Looks at an agent's work, for its briefing or for the rules.
    pub(crate) fn look_at_work(&mut self, effect: Effect) {
        let role = role_of(&self.state, &effect);
        let (git, inputs) = (self.git.clone(), self.inputs.clone());
        drop(tokio::task::spawn_blocking(move || {
            if let Some(seen) = seen_by(&git, role.as_ref(), &effect) {
                send(&inputs, Input::Event(seen));
            }
        }));
    }

    pub(crate) fn look_for_request(&mut self, effect: Effect) {
        let Effect::LookForRequest {
            agent,
            common_dir,
            remote,
            branch,
        } = effect
        else {
            return;
        };
        let (git, inputs) = (self.git.clone(), self.inputs.clone());
        drop(tokio::task::spawn_blocking(move || {
            let found = torch_worktree::pull_request(&git, &common_dir, (&remote, &branch));
            let result = found.map_err(|error| {
                // Where there is no gh, or none that knows the remote, nobody works with pull requests.
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "no pull request is known"
                );
            });
            let seen = Event::RequestSeen {
                agent,
                branch,
                result,
            };
            send(&inputs, Input::Event(seen));
        }));
    }

    pub(crate) fn look_at_session(&mut self, conn: ConnId, request: Box<AgentRequest>) {
        let (git, inputs) = (self.git.clone(), self.inputs.clone());
        let (config, gate) = (self.tmux.config.clone(), self.tmux.gate.clone());
        let server = self.tmux.server.clone();
        tokio::spawn(async move {
            let server = match server.filter(|server| !server.is_closed()) {
                Some(server) => Ok(server),
                None => Self::connect_tmux(config, gate, inputs.clone()).await,
            };
            let result = match server {
                Ok(server) => session(&server, &git, &request).await.map(Box::new),
                Err(error) => Err(Box::new(tmux::session_failure(&error))),
            };
            let seen = Event::SessionSeen {
                conn,
                request,
                result,
            };
            send(&inputs, Input::Event(seen));
        });
    }
}

/// What a look at an agent's work saw; `None` for any other effect.
pub(super) fn seen(git: &Git, state: &State, effect: &Effect) -> Option<Event> {
    seen_by(git, role_of(state, effect).as_ref(), effect)
}

fn role_of(state: &State, effect: &Effect) -> Option<RoleName> {
    match effect {
        Effect::LookAtWork { agent, .. } | Effect::LookAtTree { agent, .. } => {
            state.role_of(*agent)
        }
        _ => None,
    }
}

fn seen_by(git: &Git, role: Option<&RoleName>, effect: &Effect) -> Option<Event> {
    let (Effect::LookAtWork {
        project,
        worktree,
        base_commit,
        ..
    }
    | Effect::LookAtTree {
        project,
        worktree,
        base_commit,
        ..
    }) = effect
    else {
        return None;
    };
    let work = role.and_then(|role| work(git, project, worktree, base_commit, role));
    let work = work.map(Box::new);
    match *effect {
        Effect::LookAtWork { agent, launch, .. } => Some(Event::WorkSeen {
            agent,
            launch,
            work,
        }),
        Effect::LookAtTree { agent, .. } => Some(Event::TreeSeen { agent, work }),
        _ => None,
    }
}

/// What an agent has done; `None` when git can't tell.
pub(crate) fn work(
    git: &Git,
    project: &Path,
    worktree: &Path,
    base: &str,
    role: &RoleName,
) -> Option<WorkFacts> {
    let repository = torch_worktree::inspect_busy(git, project).ok()?;
    let state = torch_worktree::state(git, &repository, worktree, base).ok()?;
    let commits = state.commits.iter().take(COMMITS);
    Some(WorkFacts {
        head: state.head.clone(),
        head_at: seconds(state.head_at),
        branch: state.branch.clone(),
        ahead: state.ahead,
        commits: commits
            .map(|commit| format!("{} {}", commit.id, commit.subject))
            .collect(),
        dirty: state.dirty,
        changed: state.changed + state.untracked,
        checkpoints: checkpoints(worktree, role),
    })
}

fn seconds(since_1970: Option<i64>) -> Option<Timestamp> {
    let seconds = u64::try_from(since_1970?).ok()?;
    Some(Timestamp(seconds.saturating_mul(1000)))
}

/// `ROLE_CHECKPOINT_YYYYMMDD_HHMM.md` files (S2-180), newest first: their names sort by time.
fn checkpoints(worktree: &Path, role: &RoleName) -> Vec<String> {
    let start = format!("{}_CHECKPOINT_", role.as_str().to_ascii_uppercase());
    let entries = std::fs::read_dir(worktree).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.to_ascii_uppercase().starts_with(&start) && name.ends_with(".md"))
        .collect();
    names.sort_unstable_by(|a, b| b.cmp(a));
    names
}

/// A session's windows with their last lines, and the project that its panes work in.
async fn session(
    server: &Server,
    git: &Git,
    request: &AgentRequest,
) -> Result<SessionFacts, Box<Failure>> {
    let AgentAct::Add {
        session: Some(name),
        ..
    } = &request.act
    else {
        return Err(Box::new(usage("no session was named", "", None)));
    };
    let failed = |error: torch_session::SessionError| Box::new(tmux::session_failure(&error));
    let rows = server.list_panes().await.map_err(failed)?;
    let mut own: Vec<&PaneRow> = rows
        .iter()
        .filter(|row| row.session_name == *name && *name != torch_session::KEEPER)
        .collect();
    own.sort_by_key(|row| (row.window_index, row.pane_index));
    own.dedup_by_key(|row| row.window_index);
    let Some(first) = own.first() else {
        return Err(Box::new(no_session(server, name, &rows)));
    };
    let id = first.address.session;
    let mut windows = Vec::new();
    for row in &own {
        let bytes = server
            .capture(row.address.pane, Some(GUEST_LINES), CaptureStyle::Plain)
            .await
            .map_err(failed)?;
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.trim_end().lines().collect();
        let from = lines.len().saturating_sub(GUEST_LINES as usize);
        windows.push(WindowFacts {
            index: row.window_index,
            name: row.window_name.clone(),
            cwd: server.pane_path(row.address.pane).await.map_err(failed)?,
            lines: lines[from..].join("\n"),
        });
    }
    let project = project(git, &windows, name).await?;
    Ok(SessionFacts {
        session: id,
        windows,
        project,
    })
}

/// The first window whose folder lies in a repository names the project.
async fn project(
    git: &Git,
    windows: &[WindowFacts],
    name: &str,
) -> Result<crate::event::ProjectFacts, Box<Failure>> {
    let (git, folders) = (
        git.clone(),
        windows
            .iter()
            .map(|window| window.cwd.clone())
            .collect::<Vec<_>>(),
    );
    let looked = tokio::task::spawn_blocking(move || {
        let mut first = None;
        for folder in folders {
            match torch_worktree::inspect(&git, &folder) {
                Ok(repository) => return Ok(git::facts(&repository)),
                Err(error) => first = first.or(Some(git::failure(&error))),
            }
        }
        Err(first)
    });
    let mut failure = usage(
        &format!("session {name} shows no project"),
        "none of its windows is in a git repository that a team can work in",
        Some("torch agent add --help"),
    );
    match looked.await {
        Ok(Ok(project)) => return Ok(project),
        Ok(Err(Some(first))) => {
            failure.causes.push(first.error);
            failure.causes.extend(first.causes);
        }
        _ => {}
    }
    Err(Box::new(failure))
}

fn no_session(server: &Server, name: &str, rows: &[PaneRow]) -> Failure {
    let mut names: Vec<&str> = rows.iter().map(|row| row.session_name.as_str()).collect();
    names.retain(|name| *name != torch_session::KEEPER);
    names.sort_unstable();
    names.dedup();
    let known = if names.is_empty() {
        "it has none".to_owned()
    } else {
        format!("its sessions: {}", names.join(", "))
    };
    let mut failure = usage(
        &format!("there is no session {name:?}"),
        &format!(
            "torch looks on the tmux server `{}`; {known}",
            server.socket()
        ),
        Some("torch config"),
    );
    if server.socket() != "default" {
        failure.causes.push(
            "your own tmux server is used with `socket = \"default\"` under [tmux] in your settings".to_owned(),
        );
    }
    failure
}
