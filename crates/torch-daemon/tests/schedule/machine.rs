//! A machine whose clocks are the test's: it can be set, put to sleep, crashed and rebooted, with the daemon on it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use torch_api::wire::{Body, ScheduleRequest};
use torch_api::{Request, Response};
use torch_core::config::Config;
use torch_core::identity::{Ancestor, Ancestry};
use torch_core::spool::{SpoolEvent, SpoolRecord};
use torch_core::{
    Agent, AgentId, AgentState, BootClock, Delivery, DesiredState, Envelope, LaunchId, MessageId,
    PaneAddress, PaneId, Process, RoleName, RouterMode, Schedule, ScheduleId, SessionId,
    SessionName, Team, TeamId, TeamPhase, Timestamp, WindowId, Write,
};
use torch_daemon::event::{ConnId, Effect, Event, FileRequest, Query, TimerKey, WorkFacts};
use torch_daemon::state::{Programs, Settings, Snapshot, State, Templates};
use torch_daemon::templates;
use torch_process::clock::{Clock, Reading};
use torch_scheduler::Agenda;

/// The wall clock at the beginning.
pub(crate) const EPOCH: u64 = 1_800_000_000_000;
pub(crate) const ROLES: [&str; 3] = ["orchestrator", "project_manager", "developer"];

/// What is shipped, read once for all the daemons that are started.
static SHIPPED: LazyLock<(Programs, Arc<Templates>)> = LazyLock::new(|| {
    let programs = templates::programs().expect("the programs");
    (programs, templates::roles().expect("the roles"))
});

/// When the daemon dies in a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crash {
    /// Before the turn's transaction: nothing of it is kept.
    BeforeCommit,
    /// After it, before its acts.
    AfterCommit,
}

pub(crate) struct Machine {
    /// Milliseconds of real time since the beginning; nothing but time itself moves it.
    pub(crate) real: u64,
    awake: u64,
    /// By how much the wall clock is wrong.
    pub(crate) set: i64,
    boot: u32,
    booted: u64,
    seed: u64,
    daemon: Option<Daemon>,
    pub(crate) crash: Option<Crash>,
    team: Option<Team>,
    agents: Vec<Agent>,
    pub(crate) rows: BTreeMap<ScheduleId, Schedule>,
    messages: BTreeMap<MessageId, Envelope>,
    order: Vec<MessageId>,
    pub(crate) deliveries: BTreeMap<MessageId, Delivery>,
    /// Each message with the real time of its commit, oldest first.
    pub(crate) said: Vec<(u64, Envelope)>,
    /// Each answer with its real time.
    pub(crate) answers: Vec<(u64, ConnId, Response)>,
    /// Whether each awaited message came far enough, with the real time of the answer.
    pub(crate) waited: Vec<(u64, ConnId, bool)>,
    conn: u64,
    spooled: u64,
    /// What git would tell of the agents' worktrees, and the looks that are not answered yet.
    pub(crate) work: BTreeMap<AgentId, WorkFacts>,
    looks: Vec<(AgentId, LaunchId, Option<WorkFacts>)>,
}

struct Daemon {
    state: State,
    clock: Clock,
    agenda: Agenda<TimerKey>,
}

impl Machine {
    pub(crate) fn new(seed: u64) -> Self {
        let (team, agents) = a_team();
        Self::with(seed, team, agents)
    }

    /// A machine whose agents run, idle and briefed; what they do is told by [`Self::hook`].
    pub(crate) fn alive(seed: u64) -> Self {
        let (team, mut agents) = a_team();
        for (agent, n) in agents.iter_mut().zip(1_u32..) {
            agent.state = AgentState::Idle;
            agent.launch = Some(LaunchId::new(1, u128::from(n)));
            agent.pane = Some(PaneAddress {
                session: SessionId(1),
                window: WindowId(n),
                pane: PaneId(n),
                pid: 100 + n,
            });
        }
        Self::with(seed, team, agents)
    }

    fn with(seed: u64, team: Team, agents: Vec<Agent>) -> Self {
        let mut machine = Self {
            real: 0,
            awake: 0,
            set: 0,
            boot: 1,
            booted: 0,
            seed,
            daemon: None,
            crash: None,
            team: Some(team),
            agents,
            rows: BTreeMap::new(),
            messages: BTreeMap::new(),
            order: Vec::new(),
            deliveries: BTreeMap::new(),
            said: Vec::new(),
            answers: Vec::new(),
            waited: Vec::new(),
            conn: 0,
            spooled: 0,
            work: BTreeMap::new(),
            looks: Vec::new(),
        };
        // Some time after the boot, so that the clocks differ.
        machine.real = 77_000;
        machine.awake = 5_000;
        machine.start();
        machine
    }

    pub(crate) fn reading(&self) -> Reading {
        Reading {
            wall: Timestamp(EPOCH + self.real).moved(self.set),
            awake: Duration::from_millis(self.awake),
            boot: Duration::from_millis(self.real - self.booted),
        }
    }

    /// Starts the daemon from what is kept.
    pub(crate) fn start(&mut self) {
        assert!(self.daemon.is_none(), "one daemon");
        let reading = self.reading();
        self.seed += 1;
        let settings = Settings {
            home: PathBuf::from("/registry"),
            torch: PathBuf::from("/bin/torch"),
            config: Config::default(),
            tmux_socket: "torch".to_owned(),
            env: BTreeMap::default(),
            programs: SHIPPED.0.clone(),
            templates: SHIPPED.1.clone(),
            started: reading.wall,
            zone: jiff::tz::TimeZone::UTC,
            boot: BootClock::new(
                Some(format!("boot-{}", self.boot)),
                u64::try_from(reading.boot.as_millis()).expect("short"),
                reading.wall,
            ),
            pid: 1,
            seed: self.seed,
            resume_teams: false,
        };
        let open = self.order.iter().filter_map(|id| {
            let delivery = self.deliveries.get(id)?;
            (!delivery.state.is_final()).then(|| (self.messages[id].clone(), delivery.clone()))
        });
        let snapshot = Snapshot {
            ledger: Vec::new(),
            teams: self.team.iter().cloned().collect(),
            agents: self.agents.clone(),
            open: open.collect(),
            schedules: self
                .rows
                .values()
                .filter(|row| row.is_pending())
                .cloned()
                .collect(),
            ..Snapshot::default()
        };
        let (state, first) = State::new(settings, snapshot, reading.wall);
        self.daemon = Some(Daemon {
            state,
            clock: Clock::new(reading),
            agenda: Agenda::new(),
        });
        self.commit(first);
        self.turn(None);
    }

    /// The daemon ends, or is killed: it makes no difference.
    pub(crate) fn kill(&mut self) {
        self.daemon = None;
    }

    pub(crate) fn is_up(&self) -> bool {
        self.daemon.is_some()
    }

    /// The machine goes down with the daemon and comes up again after `millis`.
    pub(crate) fn reboot(&mut self, millis: u64) {
        self.kill();
        self.real += millis;
        self.booted = self.real;
        self.boot += 1;
        self.awake = 0;
        self.pass(3_000);
        self.start();
    }

    /// Somebody sets the wall clock; the daemon notices when it wakes next, `unnoticed` milliseconds later at most.
    pub(crate) fn set_clock(&mut self, millis: i64, unnoticed: u64) {
        let wait = self.next_timer().unwrap_or(u64::MAX).min(unnoticed);
        self.set += millis;
        self.pass(wait);
        self.turn(None);
    }

    /// The machine sleeps and wakes up.
    pub(crate) fn sleep(&mut self, millis: u64) {
        self.real += millis;
        self.turn(None);
    }

    /// Time passes, as the daemon's loop lets it: to the next timer, again and again.
    pub(crate) fn run(&mut self, millis: u64) {
        let end = self.real + millis;
        while self.real < end {
            let wait = self.next_timer().unwrap_or(u64::MAX);
            self.pass(wait.clamp(1, end - self.real));
            self.turn(None);
        }
    }

    fn pass(&mut self, millis: u64) {
        self.real += millis;
        self.awake += millis;
    }

    /// How long until the daemon's next timer.
    fn next_timer(&self) -> Option<u64> {
        let next = self.daemon.as_ref()?.agenda.next()?;
        Some(next.0.saturating_sub(self.reading().wall.0))
    }

    /// One turn of the host's loop.
    pub(crate) fn turn(&mut self, event: Option<Event>) {
        let reading = self.reading();
        let Some(daemon) = &mut self.daemon else {
            return;
        };
        let now = reading.wall;
        let mut effects = Vec::new();
        if let Some(drift) = daemon.clock.turn(reading) {
            daemon.agenda.shift(|key| key.moved_by(drift));
            effects.extend(daemon.state.handle(now, Event::ClockMoved(drift)));
        }
        if let Some(event) = event {
            effects.extend(daemon.state.handle(now, event));
        }
        while let Some(key) = daemon.agenda.pop(now) {
            effects.extend(daemon.state.handle(now, Event::Timer(key)));
        }
        self.commit(effects);
        for (agent, launch, work) in std::mem::take(&mut self.looks) {
            self.turn(Some(Event::WorkSeen {
                agent,
                launch,
                work: work.map(Box::new),
            }));
        }
    }

    fn commit(&mut self, effects: Vec<Effect>) {
        if self.crash == Some(Crash::BeforeCommit) {
            self.crash = None;
            return self.kill();
        }
        let (writes, acts): (Vec<_>, Vec<_>) = effects
            .into_iter()
            .partition(|effect| matches!(effect, Effect::Write(_)));
        for write in writes {
            if let Effect::Write(write) = write {
                self.keep(write);
            }
        }
        if self.crash.take() == Some(Crash::AfterCommit) {
            return self.kill();
        }
        for act in acts {
            self.act(act);
        }
    }

    fn keep(&mut self, write: Write) {
        match write {
            Write::PutTeam(team) => self.team = Some(*team),
            Write::PutAgent(agent) => {
                let kept = self.agents.iter_mut().find(|kept| kept.id == agent.id);
                *kept.expect("a known agent") = *agent;
            }
            Write::PutMessage(envelope) => {
                let id = envelope.id;
                self.said.push((self.real, (*envelope).clone()));
                assert!(self.messages.insert(id, *envelope).is_none(), "a new id");
                self.order.push(id);
            }
            Write::PutDelivery(delivery) => {
                self.deliveries.insert(delivery.message, *delivery);
            }
            Write::PutSchedule(row) => {
                self.rows.insert(row.id, *row);
            }
            // Its team was raised before: there is no plan.
            Write::PutPlan { .. }
            | Write::PutLedger(_)
            | Write::SpoolOffset { .. }
            | Write::ReadInbox { .. }
            | Write::Journal(_) => {}
            Write::RemoveTeam(_) => self.team = None,
        }
    }

    fn act(&mut self, act: Effect) {
        let Some(daemon) = &mut self.daemon else {
            return;
        };
        match act {
            Effect::Timer { key, at } => daemon.agenda.set(key, at),
            Effect::CancelTimer(key) => drop(daemon.agenda.cancel(&key)),
            Effect::Reply { conn, response } => self.answers.push((self.real, conn, response)),
            Effect::Answer {
                conn,
                query: Query::Sent { reached, .. },
            } => self.waited.push((self.real, conn, reached)),
            Effect::LookAtWork { agent, launch, .. } => {
                let work = self.work.get(&agent).cloned();
                self.looks.push((agent, launch, work));
            }
            // No tmux here: what would happen there is not this test's business.
            _ => {}
        }
    }

    /// A person asks.
    pub(crate) fn ask(&mut self, request: Request) -> ConnId {
        self.conn += 1;
        let conn = ConnId(self.conn);
        let caller = Ancestor {
            process: Process { pid: 5, start: 1 },
            name: "torch".into(),
            terminal: true,
            mark: None,
            cwd: None,
        };
        let peer = Ancestry {
            chain: vec![caller],
            complete: true,
        };
        self.turn(Some(Event::Request {
            conn,
            peer,
            request,
            known: None,
        }));
        conn
    }

    pub(crate) fn agent(&self, role: &str) -> &Agent {
        let mut agents = self.agents.iter();
        agents
            .find(|agent| agent.role.as_str() == role)
            .expect("a role")
    }

    /// What is kept of an agent's check-ins.
    pub(crate) fn check_ins(&self, role: &str) -> &torch_core::check_in::CheckIns {
        &self.agent(role).check_ins
    }

    /// A hook of an agent's program fires.
    pub(crate) fn hook(&mut self, role: &str, payload: serde_json::Value) {
        let (agent, launch) = {
            let agent = self.agent(role);
            (agent.id, agent.launch.expect("a launch"))
        };
        self.spooled += 1;
        let at = self.reading().wall;
        self.turn(Some(Event::Spool {
            agent,
            launch,
            offset: self.spooled,
            records: vec![SpoolRecord {
                at,
                launch,
                event: SpoolEvent::Hook { payload },
            }],
        }));
    }

    /// An agent asks by its outbox.
    pub(crate) fn asks_as(&mut self, role: &str, request: Request) -> ConnId {
        self.conn += 1;
        let conn = ConnId(self.conn);
        let agent = self.agent(role).id;
        let file = FileRequest {
            name: format!("{}.md", self.conn),
            key: format!("outbox-{}", self.conn),
            request: Ok(request),
        };
        self.turn(Some(Event::File {
            conn,
            agent,
            file: Box::new(file),
        }));
        conn
    }

    /// Whatever waits for an agent is taken back, as if it had been read: there is no tmux here to type it.
    pub(crate) fn clear_queues(&mut self) {
        let open: Vec<String> = self
            .deliveries
            .values()
            .filter(|delivery| !delivery.state.is_final())
            .filter(|delivery| self.messages[&delivery.message].recipient.agent().is_some())
            .map(|delivery| delivery.message.tag())
            .collect();
        for id in open {
            self.ask(Request::CancelMessage { id });
        }
    }

    /// The answers to one client.
    pub(crate) fn answered(&self, conn: ConnId) -> Vec<&Response> {
        let own = self.answers.iter().filter(|(_, to, _)| *to == conn);
        own.map(|(_, _, response)| response).collect()
    }

    /// A person plans a note; its id, unless the daemon died over it or refused.
    pub(crate) fn plan(&mut self, millis: u64, note: &str, target: &str) -> Option<String> {
        let conn = self.ask(Request::Schedule(Box::new(ScheduleRequest {
            after_millis: millis,
            note: Body::Text(note.to_owned()),
            target: Some(target.to_owned()),
            cwd: "/project".into(),
            check_millis: None,
            cron: None,
            zone: None,
        })));
        self.planned(conn)
    }

    /// A person plans a note that comes again.
    pub(crate) fn plan_again(&mut self, cron: &str, zone: &str, note: &str) -> Option<String> {
        let conn = self.ask(Request::Schedule(Box::new(ScheduleRequest {
            after_millis: 0,
            note: Body::Text(note.to_owned()),
            target: Some("developer".to_owned()),
            cwd: "/project".into(),
            check_millis: None,
            cron: Some(cron.to_owned()),
            zone: Some(zone.to_owned()),
        })));
        self.planned(conn)
    }

    fn planned(&self, conn: ConnId) -> Option<String> {
        match self.answered(conn).first() {
            Some(Response::Scheduled(view)) => Some(view.id.clone()),
            _ => None,
        }
    }

    /// The real times at which a note was said.
    pub(crate) fn times(&self, note: &str) -> Vec<u64> {
        let with = self
            .said
            .iter()
            .filter(|(_, envelope)| envelope.body.contains(note));
        with.map(|(at, _)| *at).collect()
    }

    /// The messages of planned notes.
    pub(crate) fn notes(&self) -> Vec<&Envelope> {
        let all = self.said.iter().map(|(_, envelope)| envelope);
        all.filter(|envelope| envelope.kind == torch_core::MessageKind::Scheduled)
            .collect()
    }

    /// The daemon's team is to run, or not, as `torch stop` and `torch auto` would have it at a restart.
    pub(crate) fn want(&mut self, desired: DesiredState) {
        let was_up = self.is_up();
        self.kill();
        if let Some(team) = &mut self.team {
            team.desired = desired;
        }
        if was_up {
            self.start();
        }
    }
}

fn a_team() -> (Team, Vec<Agent>) {
    let now = Timestamp(EPOCH);
    let team = Team {
        id: TeamId::new(1, 1),
        name: SessionName::slug("project"),
        project: "/project".into(),
        common_dir: "/project/.git".into(),
        spec: "/project/spec.md".into(),
        spec_sha256: String::new(),
        base_branch: "main".to_owned(),
        base_commit: "0".repeat(40),
        desired: DesiredState::Running,
        phase: TeamPhase::Running,
        router: RouterMode::Strict,
        env: BTreeMap::new(),
        session: None,
        created: now,
        finished: None,
        summary: None,
        paused: false,
        boot: None,
        told_suspended: None,
        policy: Default::default(),
        matrix: None,
        limits: Default::default(),
        role_files: Default::default(),
        standup: None,
        supervision: Default::default(),
        lane: Default::default(),
    };
    let agents = ROLES.iter().zip(0..).map(|(role, position)| Agent {
        position,
        worktree: PathBuf::from("/w").join(role),
        worktree_ready: true,
        // Ended: messages wait in its queue.
        state: AgentState::Exited,
        briefed: true,
        ..Agent::new(
            AgentId::new(1, u128::from(position) + 1),
            team.id,
            RoleName::parse(role).expect("a role"),
            "demo",
            now,
        )
    });
    let agents = agents.collect();
    (team, agents)
}
