//! The connection to tmux: made when it is first needed, made again when it breaks.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use torch_api::Failure;
use torch_api::wire::FailureKind;
use torch_core::{AgentId, Process};
use torch_process::facts;
use torch_process::traces::TmuxTrace;
use torch_session::{Guarded, PaneRow, Server, ServerConfig, SessionError, ShellKind};

use super::{Host, Input, tmux_socket};
use crate::event::{Event, PaneFact, ProbeFact, TypingGuard};
use crate::failure::from_error;

/// The one connection, for the tasks that may have to make it.
pub(crate) type Gate = Arc<tokio::sync::Mutex<Option<Server>>>;

/// The tmux server as the daemon holds it.
pub(crate) struct Tmux {
    pub(crate) config: ServerConfig,
    pub(crate) server: Option<Server>,
    /// The connection that was made last; held while one is being made, so that there is never a second one.
    pub(crate) gate: Gate,
    /// Turns `true` once a server without teams has been ended, or was found not to be idle.
    pub(crate) idle_end: Option<tokio::sync::watch::Receiver<bool>>,
    /// How many orders for a team look at their project: each is about to need the server.
    pub(crate) orders: usize,
    /// The server, to tell a lost connection from a server that ended, and to find one without its socket.
    pub(crate) known: Option<TmuxTrace>,
}

impl Tmux {
    pub(crate) fn new(config: ServerConfig) -> Self {
        Self {
            config,
            server: None,
            gate: Gate::default(),
            idle_end: None,
            orders: 0,
            known: None,
        }
    }

    /// torch's own server as it was last known; the user's is nobody's business.
    pub(crate) fn owned(&self) -> Option<TmuxTrace> {
        self.known.clone().filter(|_| self.config.owned)
    }

    /// Whether a server without teams is being ended at this moment.
    pub(crate) fn is_ending(&self) -> bool {
        self.idle_end.as_ref().is_some_and(|ended| !*ended.borrow())
    }

    pub(crate) fn connected(&mut self, server: Server) -> Event {
        let (version, pid) = (server.version().to_string(), server.server_pid());
        self.known = facts::process(pid).map(|process| TmuxTrace {
            process,
            socket: server.socket_path().to_owned(),
        });
        self.server = Some(server);
        Event::TmuxUp { version, pid }
    }

    /// Whether what is told of tmux is of a connection before the one in use. It was on its way while another was made: taken for
    /// the news of today, nobody would look for a server that is there.
    pub(crate) fn is_outdated(&self, event: &Event) -> bool {
        let down = matches!(event, Event::TmuxDown { .. } | Event::TmuxSilent { .. });
        down && self
            .server
            .as_ref()
            .is_some_and(|server| !server.is_closed())
    }

    /// The connection to the server of this pid ended; whether that was the one in use, and no later one.
    pub(crate) fn lost(&mut self, pid: u32) -> bool {
        let ours = self
            .server
            .as_ref()
            .is_none_or(|server| server.server_pid() == pid);
        if ours {
            self.server = None;
        }
        ours
    }
}

impl Host {
    /// Connects, tells the loop, and gives back the server.
    pub(crate) async fn connect_tmux(
        config: ServerConfig,
        gate: Gate,
        inputs: tokio::sync::mpsc::UnboundedSender<Input>,
    ) -> Result<Server, SessionError> {
        let mut made = gate.lock().await;
        if let Some(server) = made.as_ref().filter(|server| !server.is_closed()) {
            return Ok(server.clone());
        }
        let server = Server::connect(config).await?;
        *made = Some(server.clone());
        // The loop is gone only when the daemon ends.
        drop(inputs.send(Input::Tmux(Box::new(server.clone()))));
        let watched = server.clone();
        tokio::spawn(async move {
            watched.closed().await;
            drop(inputs.send(Input::TmuxLost(watched.server_pid())));
        });
        Ok(server)
    }

    /// After the connection broke: once more, unless the server itself is gone.
    pub(crate) fn reconnect_tmux(&mut self) {
        let known = self.tmux.known.as_ref();
        let alive = known.is_some_and(|known| facts::is_alive(known.process));
        let (config, inputs) = (self.tmux.config.clone(), self.inputs.clone());
        let gate = self.tmux.gate.clone();
        let down = |error: String| Input::Event(Event::TmuxDown { error });
        // One that torch itself ends must not be started again by looking for it.
        if !alive || self.tmux.is_ending() {
            drop(self.inputs.send(down("the tmux server ended".to_owned())));
            return;
        }
        let process = known.map(|known| known.process);
        let known = self.tmux.owned();
        tokio::spawn(async move {
            if !tmux_socket::is_back(known).await {
                drop(inputs.send(down("the tmux server ended".to_owned())));
                return;
            }
            if let Err(error) = Self::connect_tmux(config, gate, inputs.clone()).await {
                drop(inputs.send(Input::Event(unreached(process, &error))));
            }
        });
    }
}

/// What a failed connection says about the server that was known: one that lives has not ended.
pub(crate) fn unreached(known: Option<Process>, error: &SessionError) -> Event {
    let error = error.to_string();
    match known.filter(|process| facts::is_alive(*process)) {
        Some(Process { pid, .. }) => Event::TmuxSilent { error, pid },
        None => Event::TmuxDown { error },
    }
}

/// A tmux failure as clients get it.
pub(crate) fn session_failure(error: &SessionError) -> Failure {
    from_error(FailureKind::Other, error, error.hint())
}

pub(crate) fn guard(guard: TypingGuard) -> torch_session::Guard {
    torch_session::Guard {
        pane: guard.pane,
        pid: guard.pid,
        live: guard.launch,
    }
}

pub(crate) fn outcome(guarded: Guarded) -> torch_router::delivery::Outcome {
    match guarded {
        Guarded::Applied => torch_router::delivery::Outcome::Applied,
        Guarded::Refused => torch_router::delivery::Outcome::Refused,
    }
}

pub(crate) fn pane_fact(row: &PaneRow) -> PaneFact {
    let kinds = [ShellKind::Asked, ShellKind::Project];
    let shell = kinds
        .into_iter()
        .find(|kind| row.kind.as_deref() == Some(kind.as_str()));
    PaneFact {
        address: row.address,
        session_name: row.session_name.clone(),
        window_index: row.window_index,
        pane_index: row.pane_index,
        dead: row.dead,
        wrapper: row.wrapper,
        in_mode: row.in_mode,
        no_input: row.input_off || row.synchronized,
        attached: row.attached,
        live: row.live.as_deref().and_then(|live| live.parse().ok()),
        agent: row
            .agent
            .as_deref()
            .and_then(|agent| agent.parse::<AgentId>().ok()),
        is_shell: shell.is_some(),
        is_opened: super::opened::is_opened(row),
        window_name: row.window_name.clone(),
        input: torch_core::Timestamp(row.input.saturating_mul(1000)),
    }
}

pub(crate) fn probe_fact(probe: torch_session::Probe, process: Option<Process>) -> ProbeFact {
    ProbeFact {
        pane: probe.row.as_ref().map(pane_fact),
        title: probe.row.map(|row| row.title).unwrap_or_default(),
        screen: probe.screen,
        process_alive: process.is_some_and(facts::is_alive),
    }
}

/// How torch's tmux server is configured: its own socket and a small configuration, or the user's server.
pub(crate) fn server_config(
    home: &std::path::Path,
    socket: &str,
    program: &str,
    env: BTreeMap<String, String>,
) -> ServerConfig {
    ServerConfig {
        socket: socket.to_owned(),
        owned: socket != "default",
        tmux: PathBuf::from(program),
        config_file: home.join("run/tmux.conf"),
        shell: env.get("SHELL").map(PathBuf::from),
        env,
    }
}
