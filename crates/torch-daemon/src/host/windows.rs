//! Agents' windows: opened, used again, closed; what ran in them is ended, and what they showed is kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use torch_core::forbidden::RULES_VARIABLE;
use torch_core::{PaneAddress, SessionId, SessionName};
use torch_process::facts;
use torch_session::{Server, SessionError, WindowSpec};

use super::execute::{replace, send};
use super::{Host, Input, orphans};
use crate::event::{Effect, Event, OpenFailure, OpenIn, OpenWindow, OpenedWindow};
use crate::state::spool_prefix;

/// A detached window's size; it follows a person who attaches.
const COLUMNS: u32 = 200;
/// As [`COLUMNS`].
const LINES: u32 = 50;
/// How often what was known of a session may turn out to be old while a window is opened in it.
const SESSION_TRIES: u32 = 4;

impl Host {
    pub(crate) fn open(&mut self, mut order: OpenWindow) {
        let (agent, launch) = (order.agent, order.spec.launch);
        if let Some(ports) = self.set_up().lease(&order.spec.cwd) {
            order.spec.env.extend(ports.env());
        }
        let dir = self.agent_dir(agent);
        let spool = order.spec.spool.clone();
        let server = self.tmux.server.clone();
        if let Some(server) = &server {
            order.spec.on_exit = server.clear_live_argv(launch);
        }
        // An agent has one launch at a time: what is left of the one before goes first.
        let mut before = self.launch_processes(&[agent]);
        before.recorded.extend(order.before);
        if let OpenIn::Pane(at) = &order.open_in {
            before.recorded.extend(facts::process(at.pid));
        }
        let again = dir.join("launch.json").exists();
        let resumed = order.take_up_conversation();
        let prepared = prepare_launch(&dir, &order, (&self.home, &self.torch));
        self.spools.watch(agent, launch, spool, 0);
        let (inputs, torch, git) = (self.inputs.clone(), self.torch.clone(), self.git.clone());
        let logs = self.home.join("logs");
        tokio::spawn(async move {
            let failed = |error: String| OpenFailure {
                error,
                no_directory: false,
            };
            let result = match (prepared, server) {
                (Ok(()), Some(server)) => {
                    if let Some(record) = order.record.take() {
                        super::record::save(&server, record, &logs, git).await;
                    }
                    if again {
                        orphans::end_before_launch(before).await;
                    }
                    open_window(&server, &order, &torch, &dir).await
                }
                (Err(error), _) => Err(failed(error)),
                (_, None) => Err(failed("tmux is not connected".to_owned())),
            };
            crate::crash::did("open");
            let result = result.map(|address| OpenedWindow { address, resumed });
            let opened = Event::Opened {
                agent,
                launch,
                result,
            };
            send(&inputs, Input::Event(opened));
        });
    }

    pub(crate) fn close(&mut self, effect: Effect) {
        let Effect::Close {
            agent,
            pane,
            pid,
            process,
            record,
        } = effect
        else {
            return;
        };
        let (server, inputs, git) = (
            self.tmux.server.clone(),
            self.inputs.clone(),
            self.git.clone(),
        );
        let logs = self.home.join("logs");
        let mut look = self.launch_processes(&[agent]);
        look.recorded.extend(facts::process(pid));
        look.recorded.extend(process);
        tokio::spawn(async move {
            let log = match (&server, record) {
                (Some(server), Some(record)) => {
                    super::record::save(server, record, &logs, git).await
                }
                _ => None,
            };
            // Before the pane goes: afterwards its descendants are nobody's.
            let first = look.clone();
            let found = tokio::task::spawn_blocking(move || first.find()).await;
            let closed = match server {
                Some(server) => server
                    .kill_pane(pane)
                    .await
                    .map_err(|error| error.to_string()),
                None => Ok(()),
            };
            let left = match found {
                Ok(found) => {
                    tokio::task::spawn_blocking(move || orphans::end_all(&look, &found)).await
                }
                Err(error) => Err(error),
            };
            let result = match (closed, left) {
                (Ok(()), Ok(left)) if left.is_empty() => Ok(()),
                (Ok(()), Ok(left)) => Err(orphans::would_not_end(&left)),
                (Ok(()), Err(error)) => Err(error.to_string()),
                (Err(error), _) => Err(error),
            };
            crate::crash::did("close");
            send(&inputs, Input::Event(Event::Closed { agent, result, log }));
        });
    }

    /// A pane that was lost to a person's `respawn-pane` goes once what ran there has ended.
    pub(crate) fn drop_dead_pane(&self, pane: torch_core::PaneId) {
        let Some(server) = self.tmux.server.clone() else {
            return;
        };
        tokio::spawn(async move {
            if let Err(error) = server.kill_dead_pane(pane).await {
                tracing::info!(
                    error = &error as &dyn std::error::Error,
                    "the dead pane {pane} could not be closed"
                );
            }
        });
    }

    /// The server that running teams need is started, or why not is told.
    pub(crate) fn start_server(&mut self) {
        let (config, inputs) = (self.tmux.config.clone(), self.inputs.clone());
        let (gate, ending) = (self.tmux.gate.clone(), self.tmux.idle_end.clone());
        let known = self.tmux.known.as_ref().map(|known| known.process);
        tokio::spawn(async move {
            if let Some(mut ending) = ending {
                // An error means that the task is gone, and so is its work.
                ending.wait_for(|ended| *ended).await.ok();
            }
            if let Err(error) = Self::connect_tmux(config, gate, inputs.clone()).await {
                send(&inputs, Input::Event(super::tmux::unreached(known, &error)));
            }
        });
    }
}

/// Writes the wrapper's orders and the program's files, and empties the spool.
fn prepare_launch(
    dir: &Path,
    order: &OpenWindow,
    (home, torch): (&Path, &Path),
) -> Result<(), String> {
    let text = |error: std::io::Error| format!("failed to prepare {}: {error}", dir.display());
    std::fs::create_dir_all(dir).map_err(text)?;
    if order.spec.env.contains_key(RULES_VARIABLE) {
        crate::git_hooks::lay(home, torch).map_err(text)?;
    }
    let spec = serde_json::to_vec_pretty(&order.spec).map_err(|error| error.to_string())?;
    replace(&dir.join("launch.json"), &spec).map_err(text)?;
    for (name, content) in &order.files {
        replace(&dir.join(name), content.as_bytes()).map_err(text)?;
    }
    for entry in std::fs::read_dir(dir).map_err(text)?.flatten() {
        if entry
            .file_name()
            .to_string_lossy()
            .starts_with(spool_prefix())
        {
            // An old launch's records say nothing any more.
            drop(std::fs::remove_file(entry.path()));
        }
    }
    replace(&order.spec.spool, b"").map_err(text)
}

async fn open_window(
    server: &Server,
    order: &OpenWindow,
    torch: &Path,
    dir: &Path,
) -> Result<PaneAddress, OpenFailure> {
    let words = [
        torch.display().to_string(),
        "agent-run".to_owned(),
        dir.join("launch.json").display().to_string(),
    ];
    let mut env = order.spec.env.clone();
    env.extend(order.secrets.clone());
    let mut spec = WindowSpec {
        name: order.role.to_string(),
        index: order.index,
        cwd: order.spec.cwd.clone(),
        argv: words.to_vec(),
        env,
        agent: Some(order.agent),
        launch: Some(order.spec.launch),
        kind: "agent".to_owned(),
        width: COLUMNS,
        height: LINES,
    };
    let opened = match &order.open_in {
        OpenIn::Pane(at) => server.respawn_pane(*at, &spec).await,
        OpenIn::Guest(session) => beside(server, *session, &mut spec).await,
        OpenIn::NewSession(name) => in_session(server, None, name, &mut spec).await,
        OpenIn::Session(session, name) => in_session(server, Some(*session), name, &mut spec).await,
    };
    if let (Ok(address), false) = (&opened, matches!(order.open_in, OpenIn::Guest(_))) {
        keep_secrets(server, address.session, &order.secrets).await;
    }
    opened.map_err(|error| {
        let mut text = error.to_string();
        for cause in crate::failure::causes(&error) {
            text.push_str(": ");
            text.push_str(&cause);
        }
        OpenFailure {
            error: text,
            no_directory: matches!(error, SessionError::NoDirectory { .. }),
        }
    })
}

/// Keeps what no file may hold in the memory of the team's session: windows that another daemon opens there have it, too.
async fn keep_secrets(server: &Server, session: SessionId, secrets: &BTreeMap<String, String>) {
    for (name, value) in secrets {
        if let Err(error) = server.set_environment(session, name, value).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "{name} could not be kept in {session}: windows that are opened after a restart of the daemon do not have it"
            );
        }
    }
}

impl OpenWindow {
    /// Lets the program go on with its conversation where its transcript is still there; which one that is.
    fn take_up_conversation(&mut self) -> Option<String> {
        let resume = self.resume.take()?;
        let there = resume
            .transcript
            .metadata()
            .is_ok_and(|meta| meta.len() > 0);
        if !there {
            return None;
        }
        self.spec.argv = resume.argv;
        Some(resume.conversation)
    }
}

/// A file name's part of a time: `20261121_093000` in the system's zone.
pub(crate) fn stamp(now: torch_core::Timestamp) -> String {
    let millis = i64::try_from(now.0).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis)
        .map(|at| {
            at.to_zoned(jiff::tz::TimeZone::system())
                .strftime("%Y%m%d_%H%M%S")
                .to_string()
        })
        .unwrap_or_else(|_| now.0.to_string())
}

/// A path that does not exist yet: `stem.log`, `stem-2.log`, …
pub(crate) fn free_path(dir: &Path, stem: &str) -> PathBuf {
    let first = dir.join(format!("{stem}.log"));
    if !first.exists() {
        return first;
    }
    (2..)
        .map(|n| dir.join(format!("{stem}-{n}.log")))
        .find(|path| !path.exists())
        .unwrap_or(first)
}

/// Opens a window in a team's session. What was last known of that may be old: the session ended with its last window, or
/// another agent's window has made it.
async fn in_session(
    server: &Server,
    mut session: Option<SessionId>,
    name: &SessionName,
    spec: &mut WindowSpec,
) -> Result<PaneAddress, SessionError> {
    let mut tries = 0..SESSION_TRIES;
    loop {
        let opened = match session {
            Some(session) => beside(server, session, spec).await,
            None => server.open_session(name, spec).await,
        };
        match opened {
            Err(SessionError::Refused { message, .. })
                if session.is_some()
                    && message.starts_with("can't find session")
                    && tries.next().is_some() =>
            {
                session = None;
            }
            Err(SessionError::SessionExists { .. }) if tries.next().is_some() => {
                let rows = server.list_panes().await?;
                let row = rows.iter().find(|row| row.session_name == name.as_str());
                session = row.map(|row| row.address.session);
            }
            opened => return opened,
        }
    }
}

/// Opens a window in a session that is there, behind the others if somebody else's stands in its place.
async fn beside(
    server: &Server,
    session: SessionId,
    spec: &mut WindowSpec,
) -> Result<PaneAddress, SessionError> {
    match server.open_window(session, spec).await {
        Err(SessionError::Refused { message, .. })
            if spec.index.is_some() && !message.starts_with("can't find session") =>
        {
            // The role's name is what counts.
            spec.index = None;
            server.open_window(session, spec).await
        }
        opened => opened,
    }
}
