//! The tmux server: reached, lost, and started again for the teams that need it.

use std::time::Duration;

use serde_json::json;
use torch_api::{Failure, Request};
use torch_core::{DesiredState, TeamId, Timestamp};
use torch_router::identity::KnownServer;

use super::restart::EndCause;
use super::{PANES_EVERY, State, Turn, WatchKind, Watcher};
use crate::event::{Effect, TimerKey};
use crate::failure::other;

/// The pauses before the server is started again, by how often it ended in the last ten minutes.
const PAUSES: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(60),
];
/// The pause before a server that lives and does not answer is asked again.
const SILENT_PAUSE: Duration = Duration::from_secs(5);
/// As [`PAUSES`].
const WINDOW: Duration = Duration::from_secs(600);

/// How often the server ended or could not be started lately.
#[derive(Debug, Default)]
pub(crate) struct ServerEnds {
    at: Vec<Timestamp>,
    /// Whether a person was told that it keeps ending.
    told: bool,
}

impl ServerEnds {
    /// The wall clock was set by so many milliseconds.
    pub(crate) fn clock_moved(&mut self, millis: i64) {
        for at in &mut self.at {
            *at = at.moved(millis);
        }
    }
}

impl State {
    /// Processes of windows live: until tmux answers or is found dead, nobody knows which windows there are.
    pub fn await_server(&mut self) {
        self.unheard = true;
    }

    pub(crate) fn on_tmux_up(&mut self, t: &mut Turn, version: String, pid: u32) {
        self.tmux_version = Some(version);
        self.server = Some(KnownServer {
            pid,
            owned: self.settings.tmux_socket != "default",
        });
        self.just_connected = true;
        self.unheard = false;
        self.answers_again(t);
        t.push(Effect::CancelTimer(TimerKey::Server));
        self.list_panes(t);
        t.timer(TimerKey::Panes, t.now.after(PANES_EVERY));
    }

    pub(crate) fn on_tmux_down(&mut self, t: &mut Turn, error: &str) {
        self.server = None;
        self.silent = None;
        self.recalling.clear();
        // Now it is known that there are no windows, as a first listing would show it.
        self.just_connected |= std::mem::take(&mut self.unheard);
        t.journal("tmux.down", "tmux", json!({"error": error}));
        t.push(Effect::CancelTimer(TimerKey::Panes));
        // The wrappers' last words come first: what ended with the server is not the programs' doing.
        for end in self.agents.values_mut().filter_map(|run| run.end.as_mut()) {
            end.cause = EndCause::Server;
            end.lines.get_or_insert_default();
        }
        self.listing += 1;
        self.on_panes(t, self.listing, Vec::new());
        let wanted = self.wanting_server();
        if wanted.is_empty() {
            return;
        }
        let ends = &mut self.server_ends;
        ends.at.retain(|at| t.now.since(*at) < WINDOW);
        let pause = PAUSES[ends.at.len().min(PAUSES.len() - 1)];
        ends.at.push(t.now);
        if ends.at.len() < PAUSES.len() {
            ends.told = false;
            if ends.at.len() == 1 {
                self.notify_server_lost(t, &wanted, error);
            }
        } else if !std::mem::replace(&mut ends.told, true) {
            self.notify_server(t, &wanted, error);
        }
        if pause.is_zero() {
            t.push(Effect::StartServer);
        } else {
            t.timer(TimerKey::Server, t.now.after(pause));
        }
    }

    /// Nothing is known about the windows but that they are there: nobody is called crashed, and nothing is opened.
    pub(crate) fn on_tmux_silent(&mut self, t: &mut Turn, error: &str, pid: u32) {
        t.timer(TimerKey::Server, t.now.after(SILENT_PAUSE));
        if self.silent.is_some() {
            return;
        }
        self.silent = Some((t.now, pid));
        // Who follows a team to its end goes on following it.
        let opens_or_closes = |watcher: &mut Watcher| {
            matches!(
                watcher.kind,
                WatchKind::Stop | WatchKind::Auto | WatchKind::Resume { .. } | WatchKind::Agent(_)
            )
        };
        let conns: Vec<_> = self
            .watchers
            .extract_if(.., opens_or_closes)
            .map(|watcher| watcher.conn)
            .chain(self.namings.drain(..).map(|naming| naming.conn))
            .collect();
        for conn in conns {
            let so = "what was asked for is done once it does, but for windows' names";
            t.fail(conn, self.silent_failure(pid, so));
        }
        t.journal("tmux.silent", "tmux", json!({"error": error, "pid": pid}));
        let wanted = self.wanting_server();
        self.notify_server_silent(t, &wanted, error, pid);
    }

    fn answers_again(&mut self, t: &mut Turn) {
        if let Some((since, pid)) = self.silent.take() {
            let millis = t.now.since(since).as_millis();
            t.journal(
                "tmux.answers",
                "tmux",
                json!({"after_ms": millis, "pid": pid}),
            );
        }
    }

    /// Why what opens and closes windows can't be done now.
    pub(crate) fn refuse_silent(&self, request: &Request) -> Option<Failure> {
        let (_, pid) = self.silent?;
        let needs_windows = match request {
            Request::Auto(request) => !request.dry_run,
            Request::Resume(request) => !request.status_only,
            Request::RenameWindows { dry_run, .. } => !dry_run,
            Request::Stop { .. }
            | Request::Agent(_)
            | Request::Shell { .. }
            | Request::Window(_) => true,
            _ => false,
        };
        needs_windows.then(|| self.silent_failure(pid, "nothing was changed"))
    }

    fn silent_failure(&self, pid: u32, so: &str) -> Failure {
        let socket = &self.settings.tmux_socket;
        other(
            &format!("the tmux server on socket `{socket}` does not answer"),
            &format!("its process lives, and so does what runs in it; {so}"),
            Some(&format!("ps -o pid,stat,etime,args -p {pid}")),
        )
    }

    /// The time for another try has come.
    pub(crate) fn on_server_due(&mut self, t: &mut Turn) {
        let wanted = self.server.is_none() && !self.wanting_server().is_empty();
        if wanted || self.silent.is_some() {
            t.push(Effect::StartServer);
        }
    }

    /// A person wants a team to run now: the server is started without a pause.
    pub(crate) fn want_server(&mut self, t: &mut Turn) {
        if self.server.is_none() && !self.wanting_server().is_empty() {
            self.server_ends = ServerEnds::default();
            t.push(Effect::CancelTimer(TimerKey::Server));
            t.push(Effect::StartServer);
        }
    }

    /// The teams with an agent that is to run in this boot of the machine.
    fn wanting_server(&self) -> Vec<TeamId> {
        let wants = |team: TeamId| {
            self.agents.values().any(|run| {
                run.agent.team == team
                    && run.agent.desired == DesiredState::Running
                    && run.agent.left.is_none()
            })
        };
        self.teams
            .values()
            .filter(|team| team.desired == DesiredState::Running && !self.is_suspended(team.id))
            .map(|team| team.id)
            .filter(|team| wants(*team))
            .collect()
    }

    /// Whether the machine was restarted since a person last wanted the team to run: it then waits for one.
    pub(crate) fn is_suspended(&self, team: TeamId) -> bool {
        let wanted_in = self.teams.get(&team).and_then(|team| team.boot.as_ref());
        wanted_in
            .zip(self.settings.boot.id())
            .is_some_and(|(then, now)| then != now)
    }

    /// The boot of the machine; absent where the system does not tell one from another.
    pub(crate) fn boot_id(&self) -> Option<String> {
        self.settings.boot.id().map(str::to_owned)
    }

    /// What ended together with a pane that is gone.
    pub(crate) fn cause_of_lost_pane(&self) -> EndCause {
        if self.server.is_none() {
            EndCause::Server
        } else {
            EndCause::Pane
        }
    }
}
