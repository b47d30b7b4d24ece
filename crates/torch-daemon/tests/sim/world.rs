//! The simulated world: it executes the daemon's effects with random delays and interferes in between.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use torch_api::roster::ResumeRequest;
use torch_api::wire::{AutoRequest, Body, SendRequest, TeamSelector};
use torch_api::{Request, Response};
use torch_core::config::Config;
use torch_core::identity::{Ancestor, Ancestry};
use torch_core::{AgentId, MessageId, Process, Timestamp};
use torch_daemon::event::{ConnId, Effect, Event, Query, TimerKey};
use torch_daemon::state::{Settings, State};
use torch_daemon::templates;
use torch_scheduler::Agenda;

use crate::agent::SimAgent;
use crate::effects::sent_view;
use crate::store::Store;

/// Which faults happen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Faults {
    /// Dialogs, drafts, copy mode.
    pub(crate) people: bool,
    /// Agent programs end.
    pub(crate) crashes: bool,
    /// The daemon ends and starts again.
    pub(crate) restarts: bool,
    /// The tmux server ends, and all agents with it.
    pub(crate) servers: bool,
    /// The wall clock is set, and the machine sleeps.
    pub(crate) clocks: bool,
}

/// Something that will happen.
#[derive(Debug)]
enum Due {
    Act(Box<Effect>),
    Event(Box<Event>),
}

pub(crate) const ROLES: [&str; 3] = ["orchestrator", "project_manager", "developer"];
const MESSAGES: usize = 12;
const TMUX_PID: u32 = 77;

pub(crate) struct World {
    pub(crate) random: fastrand::Rng,
    pub(crate) faults: Faults,
    /// The time of the world, which only passes; the daemon's wall clock is another ([`World::wall`]).
    pub(crate) now: Timestamp,
    /// By how many milliseconds the wall clock is ahead of it.
    pub(crate) ahead: i64,
    state: State,
    pub(crate) store: Store,
    pub(crate) agenda: Agenda<TimerKey>,
    due: BTreeMap<(Timestamp, u64), Due>,
    counter: u64,
    /// The daemon's life; what was begun in an earlier one reports to nobody.
    pub(crate) life: u64,
    lives: BTreeMap<(Timestamp, u64), u64>,
    pub(crate) agents: BTreeMap<AgentId, SimAgent>,
    pub(crate) opened: u32,
    /// Windows that were opened for an agent which had one.
    pub(crate) doubled: Vec<AgentId>,
    conn: u64,
    pub(crate) sent: Vec<(String, MessageId)>,
    answers: Vec<(ConnId, Response)>,
    story: Vec<String>,
    pub(crate) calm: bool,
    muted: bool,
    /// Whether the tmux server runs, and how many there were before.
    pub(crate) server: bool,
    servers: u32,
}

fn settings(now: Timestamp, seed: u64) -> Settings {
    let mut config = Config::default();
    config.delivery.copy_mode_wait_seconds = 5;
    config.delivery.draft_notice_seconds = 20;
    Settings {
        home: PathBuf::from("/registry"),
        torch: PathBuf::from("/bin/torch"),
        config,
        tmux_socket: "torch".to_owned(),
        env: Default::default(),
        programs: templates::programs().expect("the programs"),
        templates: templates::roles().expect("the roles"),
        started: now,
        boot: torch_core::BootClock::default(),
        pid: 1,
        seed,
        resume_teams: false,
    }
}

impl World {
    pub(crate) fn new(seed: u64, faults: Faults) -> Self {
        let now = Timestamp(1_800_000_000_000);
        let (state, first) = State::new(
            settings(now, seed),
            torch_daemon::state::Snapshot::default(),
            now,
        )
        .expect("the rules");
        assert!(first.is_empty());
        Self {
            random: fastrand::Rng::with_seed(seed),
            faults,
            now,
            ahead: 0,
            state,
            store: Store::default(),
            agenda: Agenda::new(),
            due: BTreeMap::new(),
            counter: 0,
            life: 0,
            lives: BTreeMap::new(),
            agents: BTreeMap::new(),
            opened: 0,
            doubled: Vec::new(),
            conn: 0,
            sent: Vec::new(),
            answers: Vec::new(),
            story: Vec::new(),
            calm: true,
            muted: false,
            server: true,
            servers: 0,
        }
    }

    /// Raises the team, undisturbed.
    pub(crate) fn raise(&mut self) {
        self.tmux_up();
        self.auto();
        self.run_until(
            |world| {
                world
                    .answers
                    .iter()
                    .any(|(_, r)| matches!(r, Response::Raised { .. }))
            },
            60,
        );
    }

    /// Raises the team while the daemon ends again and again.
    pub(crate) fn raise_restarted(&mut self) {
        self.tmux_up();
        self.auto();
        let end = self.now.after(Duration::from_secs(60));
        for _ in 0..3 {
            for _ in 0..self.random.u32(1..16) {
                self.step(end);
            }
            self.restart_daemon();
        }
        if self.store.teams.is_empty() {
            self.auto();
        }
        self.run_for(Duration::from_secs(120));
    }

    /// Sends messages while everything that can happen happens.
    pub(crate) fn play(&mut self) {
        self.calm = false;
        for n in 0..MESSAGES {
            let role = ROLES[self.random.usize(..ROLES.len())];
            let conn = self.ask(Request::Send(Box::new(SendRequest {
                target: role.to_owned(),
                body: Body::Text(format!("note {n} for {role}")),
                key: None,
                inline: false,
                ttl_seconds: None,
                wait: None,
                wait_millis: 0,
                cwd: PathBuf::from("/project"),
                pane_hint: None,
            })));
            let answer = self.answers.iter().rev().find(|(c, _)| *c == conn);
            match answer {
                Some((_, Response::Sent { message, .. })) => {
                    let id = message.ulid.parse().expect("a message id");
                    self.sent.push((role.to_owned(), id));
                }
                other => panic!("the message was not taken: {other:?}"),
            }
            // Often in the same millisecond, so that nothing but the order of acceptance tells them apart.
            let pause = if self.random.bool() {
                0
            } else {
                self.random.u64(0..3_000)
            };
            self.run_for(Duration::from_millis(pause));
        }
        self.run_for(Duration::from_secs(30));
    }

    /// Lets everything come to rest: dialogs answered, drafts gone, ended agents started again.
    pub(crate) fn settle(&mut self) {
        self.calm = true;
        for agent in self.agents.values_mut() {
            agent.dialog = false;
            agent.in_mode = false;
            if let Some(draft) = agent.draft.take() {
                agent.composer = agent.composer.replace(&draft, "");
            }
            // A person clears what is left of a paste that something came into.
            if !agent.composer.is_empty() && !agent.composer.starts_with("[torch m-") {
                agent.composer.clear();
            }
        }
        for _ in 0..6 {
            self.run_for(Duration::from_secs(60));
            // What the breaker gave up is a person's to bring back; everything else comes back by itself.
            if self.store.agents.values().any(|agent| agent.left.is_some()) {
                self.note("a person resumes the team");
                self.ask(Request::Resume(Box::new(ResumeRequest {
                    team: TeamSelector {
                        name: None,
                        cwd: "/project".into(),
                    },
                    status_only: false,
                    rebrief_all: false,
                    add_roles: Vec::new(),
                })));
                self.run_for(Duration::from_secs(60));
            }
            if self.store.unsettled().is_empty() {
                return;
            }
            for agent in self.agents.values_mut() {
                // The person sees the notice and clears a composer that holds a broken text.
                if agent.alive && agent.busy_until.is_none() {
                    agent.composer.clear();
                }
            }
        }
    }

    pub(crate) fn story(&self) -> String {
        self.story.join("\n")
    }

    pub(crate) fn note(&mut self, text: &str) {
        self.story
            .push(format!("{:>8} {text}", self.now.0 - 1_800_000_000_000));
    }

    fn auto(&mut self) -> ConnId {
        self.ask(Request::Auto(Box::new(AutoRequest {
            project: "/project".into(),
            spec: "/project/spec.md".into(),
            roles: ROLES.map(str::to_owned).to_vec(),
            agent: Some("demo".into()),
            dry_run: false,
            router: None,
            scenario: None,
            env: BTreeMap::new(),
        })))
    }

    fn ask(&mut self, request: Request) -> ConnId {
        self.conn += 1;
        let conn = ConnId(self.conn);
        let caller = Ancestor {
            process: Process { pid: 5, start: 1 },
            name: "scm".into(),
            terminal: true,
        };
        let peer = Ancestry {
            chain: vec![caller],
            complete: true,
        };
        self.note(&format!("{} asks {}", conn.0, request.name()));
        self.event(Event::Request {
            conn,
            peer,
            request,
            known: None,
        });
        conn
    }

    /// One turn of the daemon's loop: writes first, then acts.
    pub(crate) fn event(&mut self, event: Event) {
        let effects = self.state.handle(self.wall(), event);
        self.effects(effects);
    }

    fn effects(&mut self, effects: Vec<Effect>) {
        let (writes, acts): (Vec<_>, Vec<_>) = effects
            .into_iter()
            .partition(|e| matches!(e, Effect::Write(_)));
        for write in writes {
            let Effect::Write(write) = write else {
                continue;
            };
            if let torch_core::Write::PutDelivery(delivery) = &write {
                let text = format!(
                    "{} {} {}",
                    delivery.message.tag(),
                    delivery.state,
                    delivery.evidence
                );
                self.note(&text);
            }
            if let torch_core::Write::PutAgent(agent) = &write {
                let pane = agent.pane.map(|at| at.pane.to_string());
                let text = format!(
                    "{} is {} in {pane:?}: {}",
                    agent.role, agent.state, agent.evidence.detail
                );
                if self.story.last().is_none_or(|last| !last.ends_with(&text)) {
                    self.note(&text);
                }
            }
            self.store.commit(write);
        }
        for act in acts {
            match act {
                Effect::Reply { conn, response } => self.answers.push((conn, response)),
                Effect::Answer {
                    conn,
                    query:
                        Query::Sent {
                            message, reached, ..
                        },
                } => {
                    let stored = self.store.messages[&message].clone();
                    let view = sent_view(&stored, &self.store.deliveries[&message]);
                    self.answers.push((
                        conn,
                        Response::Sent {
                            message: Box::new(view),
                            reached,
                        },
                    ));
                }
                Effect::Answer { .. } | Effect::Shutdown | Effect::Write(_) => {}
                Effect::Timer { key, at } => self.agenda.set(key, at),
                Effect::CancelTimer(key) => drop(self.agenda.cancel(&key)),
                other => {
                    let delay = self.random.u64(0..4);
                    self.later(delay, Due::Act(Box::new(other)));
                }
            }
        }
    }

    fn later(&mut self, millis: u64, due: Due) {
        self.counter += 1;
        let key = (self.now.after(Duration::from_millis(millis)), self.counter);
        self.lives.insert(key, self.life);
        self.due.insert(key, due);
    }

    /// An outcome goes to the daemon that asked for the act, and to nobody if that one is gone.
    pub(crate) fn answer(&mut self, event: Event) {
        if self.muted {
            return;
        }
        let delay = self.random.u64(0..4);
        self.later(delay, Due::Event(Box::new(event)));
    }

    fn run_for(&mut self, duration: Duration) {
        let end = self.now.after(duration);
        while self.step(end) {}
        self.now = end;
    }

    fn run_until(&mut self, done: impl Fn(&Self) -> bool, seconds: u64) {
        let end = self.now.after(Duration::from_secs(seconds));
        while !done(self) {
            assert!(
                self.step(end),
                "nothing happens any more:\n{}",
                self.story()
            );
        }
    }

    /// The next thing before `end`; false when there is none.
    fn step(&mut self, end: Timestamp) -> bool {
        let next = [
            self.due.keys().next().map(|(at, _)| *at),
            self.agenda.next().map(|at| at.moved(-self.ahead)),
            self.next_turn_end(),
        ];
        let Some(at) = next.into_iter().flatten().min().filter(|at| *at <= end) else {
            return false;
        };
        self.now = self.now.max(at);
        self.interfere();
        for agent in self.agents.values_mut() {
            agent.tick(self.now);
        }
        self.read_spools();
        if let Some(key) = self.agenda.pop(self.wall()) {
            self.event(Event::Timer(key));
            return true;
        }
        let due_now = self
            .due
            .first_entry()
            .filter(|entry| entry.key().0 <= self.now)
            .map(|entry| entry.remove_entry());
        if let Some((key, due)) = due_now {
            let alive = self.lives.remove(&key) == Some(self.life);
            match due {
                // What was handed to tmux happens, whether or not the daemon still lives.
                Due::Act(effect) => {
                    self.muted = !alive;
                    self.act(*effect, alive);
                    self.muted = false;
                }
                // The host tells of a server before it tells of that server's end.
                Due::Event(event) if matches!(*event, Event::TmuxUp { .. }) && !self.server => {}
                Due::Event(event) if alive => self.event(*event),
                Due::Event(_) => {}
            }
        }
        true
    }

    fn next_turn_end(&self) -> Option<Timestamp> {
        let turns = self
            .agents
            .values()
            .filter(|agent| agent.alive && !agent.dialog);
        turns.filter_map(|agent| agent.busy_until).min()
    }

    fn read_spools(&mut self) {
        let agents: Vec<AgentId> = self.agents.keys().copied().collect();
        for id in agents {
            let Some(agent) = self.agents.get_mut(&id) else {
                continue;
            };
            // As the host does it: an offset in memory, taken from the store only by a new daemon.
            if agent.read_in != self.life {
                let kept = self
                    .store
                    .agents
                    .get(&id)
                    .is_some_and(|kept| kept.launch == Some(agent.launch));
                agent.read = if kept {
                    self.store.offsets.get(&id).copied().unwrap_or(0) as usize
                } else {
                    0
                };
                agent.read_in = self.life;
            }
            if agent.spool.len() > agent.read {
                let (offset, records) =
                    (agent.spool.len() as u64, agent.spool[agent.read..].to_vec());
                agent.read = agent.spool.len();
                let launch = agent.launch;
                self.event(Event::Spool {
                    agent: id,
                    launch,
                    offset,
                    records,
                });
            }
        }
    }

    /// What people, programs and the system do of their own accord.
    fn interfere(&mut self) {
        if self.calm {
            return;
        }
        let ids: Vec<AgentId> = self.agents.keys().copied().collect();
        let id = ids[self.random.usize(..ids.len())];
        let roll = self.random.u32(..1000);
        let now = self.now;
        let Some(agent) = self.agents.get_mut(&id) else {
            return;
        };
        let what = match roll {
            0..20 if self.faults.people && agent.alive && !agent.dialog => {
                agent.dialog = true;
                agent.hook(now, serde_json::json!({"hook_event_name": "PermissionRequest", "tool_name": "Bash"}));
                "a dialog opens"
            }
            20..60 if agent.dialog => {
                agent.dialog = false;
                agent.hook(now, serde_json::json!({"hook_event_name": "PostToolUse"}));
                agent.busy_until = Some(now.after(Duration::from_millis(50)));
                "a dialog is answered"
            }
            60..70
                if self.faults.people && agent.alive && !agent.dialog && agent.draft.is_none() =>
            {
                agent.draft = Some("half a dra".to_owned());
                agent.composer.push_str("half a dra");
                "a draft is typed"
            }
            70..110 if agent.draft.is_some() && !agent.dialog => {
                if let Some(draft) = agent.draft.take() {
                    agent.composer = agent.composer.replace(&draft, "");
                }
                "a draft is cleared"
            }
            110..120 if self.faults.people && agent.alive => {
                agent.in_mode = true;
                "somebody scrolls"
            }
            120..160 if agent.in_mode => {
                agent.in_mode = false;
                "somebody leaves copy mode"
            }
            160..162 if self.faults.crashes && agent.alive => {
                agent.die(now);
                "the program ends"
            }
            170..180 if self.faults.restarts => return self.restart_daemon(),
            180..182 if self.faults.servers && self.server => return self.end_server(),
            182..190 if self.faults.clocks => return self.move_clock(),
            _ => return,
        };
        let text = format!("{}: {what}", id.short());
        self.note(&text);
    }

    /// The daemon ends between two effects; what was committed is all that is left of it.
    fn restart_daemon(&mut self) {
        self.note("the daemon ends and starts again");
        self.life += 1;
        self.agenda = Agenda::new();
        self.set_unseen();
        let wall = self.wall();
        let seed = self.random.u64(..);
        let (state, first) =
            State::new(settings(wall, seed), self.store.snapshot(), wall).expect("the rules");
        self.state = state;
        self.effects(first);
        if self.server {
            self.tmux_up();
        } else {
            self.tmux_down();
        }
    }

    fn tmux_up(&mut self) {
        self.event(Event::TmuxUp {
            version: "3.3a".into(),
            pid: TMUX_PID + self.servers,
        });
    }

    fn tmux_down(&mut self) {
        self.event(Event::TmuxDown {
            error: "the tmux server ended".into(),
        });
    }

    /// The server ends, and whatever ran in it.
    fn end_server(&mut self) {
        self.note("the tmux server ends");
        self.server = false;
        let now = self.now;
        for agent in self.agents.values_mut() {
            // Half of the wrappers are quick enough to say how their programs ended.
            if self.random.bool() {
                agent.die(now);
            }
            agent.alive = false;
            agent.window = false;
            agent.composer.clear();
            agent.draft = None;
            agent.dialog = false;
            agent.busy_until = None;
        }
        self.read_spools();
        self.tmux_down();
    }

    /// Checks that the ends of the server were not counted as the programs' own.
    pub(crate) fn check_uncounted(&self) -> Result<(), String> {
        let counted = self.store.agents.values();
        match counted.filter(|agent| !agent.restarts.is_empty()).count() {
            0 => Ok(()),
            n => Err(format!("{n} agents have restarts counted")),
        }
    }

    pub(crate) fn start_server(&mut self) {
        if !self.server {
            self.server = true;
            self.servers += 1;
        }
        self.answer(Event::TmuxUp {
            version: "3.3a".into(),
            pid: TMUX_PID + self.servers,
        });
    }
}
