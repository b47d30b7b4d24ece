//! The host: the one loop, and the world around it.
//!
//! Tasks: one accepts connections, each connection has a reader and a writer, one watches the tmux
//! connection, and each slow effect (git, tmux, closing windows) is a task of its own that comes back as an
//! event. All of them speak to the loop through one channel; nothing else is shared. It is unbounded, since a task that waited for room
//! would hold up the loop that makes it, and can't grow: a client has at most [`socket::REQUESTS_MAX`] requests in it, and every
//! other task was ordered by the loop, or watches a file or a timer and tells of it once.

pub mod acts;
pub(crate) mod answer;
mod answer_file;
pub(crate) mod answers;
mod broker;
mod commits;
pub(crate) mod execute;
mod git;
mod hand_over;
mod health;
pub(crate) mod integrate;
pub(crate) mod keep;
mod keys;
pub(crate) mod kin;
pub(crate) mod lane;
mod look;
mod opened;
mod orphans;
pub(crate) mod outbox;
pub(crate) mod project_rules;
mod radar;
mod record;
pub(crate) mod refs;
mod rollback;
pub(crate) mod rules;
pub(crate) mod service;
mod set_up;
pub(crate) mod socket;
pub(crate) mod spool;
mod tidy;
pub(crate) mod tmux;
mod tmux_socket;
pub(crate) mod transcript;
mod typing;
pub(crate) mod upkeep;
mod windows;
mod worktrees;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use torch_api::Request;
use torch_core::{AgentId, TeamPhase, Timestamp, Write};
use torch_process::clock::{self, Clock};
use torch_process::traces::Traces;
use torch_scheduler::Agenda;
use torch_session::Server;
use torch_store::Store;
use torch_store::export::{ComplianceExporter, Exporter, GitExporter, KindExporter};
use torch_worktree::{Added, Git, Repository};

use crate::event::{ConnId, Effect, Event, Known, TimerKey};
use crate::service::Service;
use crate::state::State;
use answers::Answers;

/// The most events that one transaction takes in.
const BATCH_MAX: usize = 256;
/// The longest pause: a machine that wakes up, or whose clock was set, is noticed within so long.
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// How long answers may take to leave when the daemon ends.
const FLUSH: Duration = Duration::from_millis(500);

/// What reaches the loop.
#[derive(Debug)]
pub(crate) enum Input {
    /// Something happened.
    Event(Event),
    /// A client's request; it has room for another one once the loop has taken this one.
    Asked(Event, OwnedSemaphorePermit),
    /// A client connected; answers go through this channel.
    Connected(ConnId, Answers),
    /// A spool file changed.
    Spool(AgentId),
    /// A transcript changed.
    Transcript(PathBuf),
    /// A file in an outbox is whole.
    OutboxFile(PathBuf),
    /// A look into an outbox has ended.
    OutboxLooked(Box<outbox::Looked>),
    /// A file of an outbox has its receipt, or will get none from this daemon.
    OutboxDone(ConnId),
    /// Something of a repository's branches.
    Refs(refs::Sign),
    /// The tmux server was connected.
    Tmux(Box<Server>),
    /// The connection to the tmux server of this pid ended.
    TmuxLost(u32),
    /// An agent's worktree was made in this daemon's life.
    Added(AgentId, Box<(Repository, Added)>),
    /// What stopped teams left behind is gone; these acts waited for that.
    Swept(Vec<Effect>),
    /// A backup was made, or could not be.
    Copied(Result<torch_store::backup::Backup, torch_store::StoreError>),
    /// The next step of a sweep.
    Sweep,
    /// A signal asks the daemon to end.
    Terminate(&'static str),
}

/// The daemon's world.
pub(crate) struct Host {
    pub(crate) state: State,
    pub(crate) store: Store,
    pub(crate) exporter: Exporter,
    pub(crate) violations: KindExporter,
    pub(crate) lane_log: KindExporter,
    pub(crate) git_log: GitExporter,
    pub(crate) compliance: ComplianceExporter,
    pub(crate) home: PathBuf,
    pub(crate) torch: PathBuf,
    pub(crate) agenda: Agenda<TimerKey>,
    /// The clocks as of the present turn.
    pub(crate) clock: Clock,
    pub(crate) inputs: mpsc::UnboundedSender<Input>,
    pub(crate) receiver: mpsc::UnboundedReceiver<Input>,
    pub(crate) connections: BTreeMap<ConnId, Answers>,
    pub(crate) tmux: tmux::Tmux,
    pub(crate) spools: spool::Spools,
    pub(crate) transcripts: transcript::Transcripts,
    pub(crate) outboxes: outbox::Outboxes,
    pub(crate) rule_files: project_rules::RuleFiles,
    pub(crate) refs: refs::Refs,
    pub(crate) integrating: integrate::Acts,
    pub(crate) git: Git,
    pub(crate) added: BTreeMap<AgentId, (Repository, Added)>,
    pub(crate) teams_changed: bool,
    /// Whether the journal is further than the day files.
    pub(crate) unexported: bool,
    /// Whether a team finished since the last look at the analysis of the message log.
    pub(crate) team_finished: bool,
    pub(crate) ending: bool,
    /// The process that asked for a team's stop last, and those above it.
    pub(crate) stoppers: std::collections::BTreeSet<u32>,
    pub(crate) keep: keep::Keep,
    pub(crate) lock: upkeep::Made,
    /// What others know about this daemon by.
    pub(crate) traces: Traces,
    pub(crate) service: Service,
    pub(crate) socket: Option<upkeep::Made>,
    /// How many connections there were, over all sockets.
    pub(crate) connected: Arc<AtomicU64>,
    /// What is known of whose processes are.
    pub(crate) kin: kin::Ends,
    pub(crate) signals: Signals,
}

/// The signals that end the daemon.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let open =
            |kind, name| signal(kind).with_context(|| format!("failed to listen for {name}"));
        Ok(Self {
            terminate: open(SignalKind::terminate(), "SIGTERM")?,
            interrupt: open(SignalKind::interrupt(), "SIGINT")?,
            hangup: open(SignalKind::hangup(), "SIGHUP")?,
        })
    }
}

impl Host {
    /// Runs until a client or a signal ends it.
    pub(crate) async fn run(&mut self, first: Vec<Effect>) -> anyhow::Result<()> {
        let now = self.clock.last().wall;
        self.upkeep(now);
        self.turn(now, first)?;
        while !self.ending {
            let first = self.next_event().await;
            let (now, mut effects) = self.tell_time();
            if let Some(first) = first {
                effects.extend(self.take(now, first));
            }
            for _ in 0..BATCH_MAX {
                let Ok(input) = self.receiver.try_recv() else {
                    break;
                };
                effects.extend(self.take(now, input));
            }
            effects.extend(self.due(now));
            if let Err(error) = self.turn(now, effects) {
                // Whoever asked in this turn is told why before the daemon ends.
                self.flush().await;
                return Err(error);
            }
            // The writers' turn: an answer must not wait until the inputs run dry.
            tokio::task::yield_now().await;
        }
        self.service.stopping();
        self.end_integration_commands().await;
        self.flush().await;
        if let Some(mut ending) = self.tmux.idle_end.take() {
            // Half ended it would be left behind; its end has a deadline of its own. An error means that it is over.
            ending.wait_for(|ended| *ended).await.ok();
        }
        if let Some(server) = self.tmux.server.take() {
            server.close().await;
        }
        Ok(())
    }

    /// The only place that waits: for an input, a signal or the next timer (`None`). The runtime's timers stand still while
    /// the machine sleeps and know nothing of the wall clock, so no pause is long.
    async fn next_event(&mut self) -> Option<Input> {
        loop {
            let next = self.agenda.next().map(|at| at.since(clock::read().wall));
            let pause = next.map_or(PAUSE_MAX, |next| next.min(PAUSE_MAX));
            let timer = tokio::time::timeout(pause, std::future::pending::<()>());
            tokio::select! {
                biased;
                _ = self.signals.terminate.recv() => return Some(Input::Terminate("SIGTERM")),
                _ = self.signals.interrupt.recv() => return Some(Input::Terminate("SIGINT")),
                // Whoever started the daemon may go; it stays.
                _ = self.signals.hangup.recv() => {}
                Some(input) = self.receiver.recv() => return Some(input),
                _ = timer => return None,
            }
        }
    }

    /// The time of this turn. If the wall clock was set or the machine slept since the last one, the timers move and the
    /// state is told, before anything else happens.
    fn tell_time(&mut self) -> (Timestamp, Vec<Effect>) {
        let reading = clock::read();
        let now = reading.wall;
        let Some(drift) = self.clock.turn(reading) else {
            return (now, Vec::new());
        };
        tracing::info!(slept = ?drift.slept, stepped_ms = drift.stepped, "the clock moved");
        self.agenda.shift(|key| key.moved_by(drift));
        self.refs_are_old();
        (now, self.state.handle(now, Event::ClockMoved(drift)))
    }

    /// Timers that are due besides.
    fn due(&mut self, now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        for _ in 0..BATCH_MAX {
            let Some(key) = self.agenda.pop(now) else {
                break;
            };
            effects.extend(self.take(now, Input::Event(Event::Timer(key))));
        }
        effects
    }

    /// Takes one input in.
    fn take(&mut self, now: Timestamp, input: Input) -> Vec<Effect> {
        match input {
            Input::Event(Event::Timer(TimerKey::Upkeep)) => {
                self.upkeep(now);
                Vec::new()
            }
            Input::Event(event) if self.tmux.is_outdated(&event) => Vec::new(),
            Input::Asked(event, _room) => self.take(now, Input::Event(event)),
            Input::Event(event) => {
                if let Event::Disconnected(conn) = &event {
                    self.connections.remove(conn);
                }
                if let Event::Inspected { request, .. } = &event
                    && !request.dry_run
                {
                    self.tmux.orders = self.tmux.orders.saturating_sub(1);
                }
                self.note_stopper(&event);
                let event = self.enrich(event);
                let added = matches!(event, Event::WorktreeAdded { .. });
                let listed = matches!(event, Event::Panes { .. });
                let effects = self.state.handle(now, event);
                if listed {
                    self.tell_kin();
                }
                if added {
                    // Watched before its agent can write there.
                    self.look_into_outboxes(now);
                }
                effects
            }
            Input::Connected(conn, sender) => {
                self.connections.insert(conn, sender);
                Vec::new()
            }
            Input::Spool(agent) => self.read_spool(now, agent),
            Input::Transcript(path) => self.read_transcripts(now, &path),
            Input::OutboxFile(path) => {
                self.outbox_file(now, &path);
                Vec::new()
            }
            Input::OutboxLooked(looked) => self.outbox_looked(now, *looked),
            Input::Refs(sign) => self.on_refs(now, sign),
            Input::OutboxDone(conn) => self.outbox_done(now, conn),
            Input::Tmux(server) => {
                let event = self.tmux.connected(*server);
                self.note_tmux();
                self.state.handle(now, event)
            }
            Input::TmuxLost(pid) => {
                tracing::info!("the connection to the tmux server (pid {pid}) is lost");
                if self.tmux.lost(pid) {
                    self.reconnect_tmux();
                }
                Vec::new()
            }
            Input::Swept(waited) => waited,
            Input::Added(agent, made) => {
                self.added.insert(agent, *made);
                Vec::new()
            }
            Input::Copied(result) => {
                self.copied(now, result);
                Vec::new()
            }
            Input::Sweep => {
                self.sweep();
                Vec::new()
            }
            Input::Terminate(name) => {
                tracing::info!("ending on {name}; agents go on");
                self.told_to_end();
                Vec::new()
            }
        }
    }

    /// Reads the transcript there, for each agent whose it is.
    fn read_transcripts(&mut self, now: Timestamp, path: &std::path::Path) -> Vec<Effect> {
        let mut effects = Vec::new();
        for agent in self.transcripts.at(path) {
            if let Some(event) = self.transcripts.read(agent) {
                effects.extend(self.state.handle(now, event));
            }
        }
        effects
    }

    /// Adds to an event what only the store knows: the message that an earlier call with the same key made.
    fn enrich(&self, event: Event) -> Event {
        let Event::Request {
            conn,
            peer,
            request,
            known: None,
        } = event
        else {
            return event;
        };
        let known = match &request {
            Request::Send(send) => send.key.as_deref().and_then(|key| {
                let (sender, _) = self.state.caller(&peer);
                // A key that can't be looked up is refused by the store's constraint at worst.
                let stored = self.store.message_by_key(&sender, key).ok().flatten()?;
                Some(Known {
                    message: stored.envelope.id,
                    target: stored.envelope.target,
                    body: stored.envelope.body,
                })
            }),
            _ => None,
        };
        Event::Request {
            conn,
            peer,
            request,
            known,
        }
    }

    /// One turn: what is to be durable first, in one transaction, then everything else.
    fn turn(&mut self, now: Timestamp, effects: Vec<Effect>) -> anyhow::Result<()> {
        let mut writes = Vec::new();
        let mut acts = Vec::new();
        for effect in effects {
            match effect {
                Effect::Write(write) => writes.push(write),
                act => acts.push(act),
            }
        }
        crate::crash::before_commit(&writes);
        if let Err(error) = self.store.commit(now, &writes) {
            self.refuse_all(&acts, &error);
            return Err(error).context("failed to write the registry; the daemon ends, so that nothing is said that is not kept");
        }
        crate::crash::committed(&writes);
        if !writes.is_empty() {
            self.teams_changed |= writes.iter().any(|write| {
                matches!(
                    write,
                    Write::PutTeam(_) | Write::PutAgent(_) | Write::RemoveTeam(_)
                )
            });
            self.export_plans(&writes);
            self.keep.changed();
            self.unexported = true;
            self.team_finished |= writes.iter().any(
                |write| matches!(write, Write::PutTeam(team) if team.phase == TeamPhase::Finished),
            );
        }
        for act in self.end_orphans(&writes, acts) {
            self.execute(now, act);
        }
        self.export(now);
        Ok(())
    }

    /// Copies what was written for people; a failure costs the copy, never the truth.
    fn export(&mut self, now: Timestamp) {
        if self.unexported {
            if let Err(error) = self.violations.step(&self.store) {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the day files of violations could not be written"
                );
            }
            if let Err(error) = self.lane_log.step(&self.store) {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the day files of the fast lane could not be written"
                );
            }
            if let Err(error) = self.git_log.step(&self.store) {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the day files of git could not be written"
                );
            }
            match self.exporter.step(&self.store) {
                Ok(step) => self.unexported = step.more,
                Err(error) => {
                    self.unexported = false;
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the day files could not be written"
                    );
                }
            }
        }
        if self.compliance.is_due(now, self.team_finished) {
            self.team_finished = false;
            if let Err(error) = self.compliance.step(&self.store, now) {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the analysis of the message log could not be written"
                );
            }
        }
        if self.teams_changed {
            self.teams_changed = false;
            let path = self.home.join("sessions.json");
            let zone = jiff::tz::TimeZone::system();
            if let Err(error) = torch_store::export::write_sessions(&path, &self.store, &zone) {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "sessions.json could not be written"
                );
            }
        }
    }

    /// Copies plans that were written to `projects/<team>/plan.toml`, for people; torch reads nothing back from there.
    fn export_plans(&self, writes: &[Write]) {
        for write in writes {
            let (team, plan) = match write {
                Write::PutPlan { team, plan } => (team, plan),
                Write::RemoveTeam(team) => {
                    self.drop_plan(*team);
                    continue;
                }
                _ => continue,
            };
            let Some(name) = self.state.name_of(*team) else {
                continue;
            };
            let folder = self.home.join("projects").join(&name);
            let written = torch_plan::file::write(plan, Some(&name))
                .map_err(std::io::Error::other)
                .and_then(|text| {
                    execute::make_private(&folder)?;
                    execute::replace(&folder.join("plan.toml"), text.as_bytes())
                });
            if let Err(error) = written {
                tracing::warn!("the plan of team {name} could not be copied: {error}");
            }
        }
    }

    /// Takes the copy of a removed team's plan away, and its folder if that is empty then.
    fn drop_plan(&self, team: torch_core::TeamId) {
        if let Ok(Some(name)) = self.store.team_name(team) {
            let folder = self.home.join("projects").join(name);
            // Neither needs to be there.
            drop(std::fs::remove_file(folder.join("plan.toml")));
            drop(std::fs::remove_dir(folder));
        }
    }

    /// Gives the writers of all connections a moment to get rid of what they have.
    async fn flush(&mut self) {
        let senders: Vec<_> = std::mem::take(&mut self.connections)
            .into_values()
            .collect();
        let closed = async {
            for sender in senders {
                sender.finish().await;
            }
        };
        // Whoever does not read its answer in time does without.
        drop(tokio::time::timeout(FLUSH, closed).await);
    }
}
