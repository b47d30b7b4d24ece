//! The simulated world: it executes the daemon's effects with random delays and lets things happen in between.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use torch_core::config::{Config, Interval};
use torch_core::{AgentId, LaunchId, MessageId, PaneId, Timestamp, Write};
use torch_daemon::event::{Effect, Event, PaneFact, TimerKey};
use torch_daemon::state::{Programs, Settings, Snapshot, State, Templates};
use torch_daemon::templates;
use torch_scheduler::Agenda;

use crate::agent::SimAgent;
use crate::clients::Clients;
use crate::converge::Site;
use crate::faults::Faults;
use crate::store::Store;

/// Something that will happen.
#[derive(Debug)]
pub(crate) enum Due {
    /// An effect, and which tmux server its connection leads to: an order never reaches a later one.
    Act(Box<Effect>, u32),
    Event(Box<Event>),
    /// A paste that tmux said had failed.
    LatePaste(AgentId, u32, String),
    /// What a reading of a repository's branches found; there is one at a time.
    Read(Vec<Event>),
}

/// How a daemon differs from the usual one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wishes {
    /// Another cap on turns; 0 is none.
    pub(crate) turns_per_hour: Option<u64>,
    /// A registry's folder on the disk. Such a daemon has the shipped settings, and not the short times of the others.
    pub(crate) home: Option<PathBuf>,
    /// A command that it runs itself as the project's tests.
    pub(crate) tests: Option<String>,
}

pub(crate) const ROLES: [&str; 3] = ["orchestrator", "project_manager", "developer"];
pub(crate) const TMUX_PID: u32 = 77;
/// The world's time at its beginning.
pub(crate) const EPOCH: Timestamp = Timestamp(1_800_000_000_000);

/// What is shipped, read once for all daemons of all seeds.
static SHIPPED: LazyLock<(Programs, Arc<Templates>)> = LazyLock::new(|| {
    let programs = templates::programs().expect("the programs");
    (programs, templates::roles().expect("the roles"))
});

pub(crate) struct World {
    pub(crate) random: fastrand::Rng,
    pub(crate) faults: Faults,
    wishes: Wishes,
    pub(crate) roles: Vec<String>,
    /// The project's folder.
    pub(crate) project: PathBuf,
    /// A real repository, where there is one.
    pub(crate) site: Option<Box<Site>>,
    /// The time of the world, which only passes; the daemon's wall clock is another ([`World::wall`]).
    pub(crate) now: Timestamp,
    /// By how many milliseconds the wall clock is ahead of it.
    pub(crate) ahead: i64,
    /// How many milliseconds the machine slept.
    pub(crate) slept: u64,
    pub(crate) state: State,
    pub(crate) store: Store,
    pub(crate) agenda: Agenda<TimerKey>,
    pub(crate) due: BTreeMap<(Timestamp, u64), (u64, Due)>,
    counter: u64,
    /// The daemon's life; what was begun in an earlier one reports to nobody.
    pub(crate) life: u64,
    pub(crate) agents: BTreeMap<AgentId, SimAgent>,
    /// Panes in which a person runs something else.
    pub(crate) foreign: Vec<PaneFact>,
    pub(crate) opened: u32,
    pub(crate) clients: Clients,
    story: Option<Vec<String>>,
    pub(crate) calm: bool,
    pub(crate) muted: bool,
    /// Whether the tmux server runs, and how many there were before.
    pub(crate) server: bool,
    pub(crate) servers: u32,
    /// Each agent's committed launch, and the one before each.
    launches: BTreeMap<AgentId, LaunchId>,
    pub(crate) launched_after: BTreeMap<LaunchId, LaunchId>,
    /// Tries that were ordered to be pasted once: what may be typed to its end while paused.
    pub(crate) pasted: BTreeSet<(MessageId, u32)>,
    /// The first rule that was broken.
    pub(crate) broken: Option<String>,
    /// Whether the ledgers are kept whole; a long run needs the last transcripts only.
    pub(crate) keeps_ledgers: bool,
    /// How many turns the daemon took.
    pub(crate) turns: u64,
    /// How often something of [`Faults`] happened, lies of tmux about pastes and keys aside.
    pub(crate) disturbed: u64,
}

/// How long the machine runs at the beginning, in milliseconds.
const UPTIME: u64 = 5_000_000;

/// Short times, for runs of a few minutes.
fn shorten(config: &mut Config) {
    config.delivery.copy_mode_wait_seconds = 5;
    config.delivery.draft_notice_seconds = 20;
    config.delivery.hand_over_after_seconds = 20;
    config.credit.wake_after_seconds = 2;
    config.credit.automatic_wait_seconds = 6;
    config.credit.stagger_seconds = 3;
    config.check_ins.every = Interval::Every(Duration::from_secs(40));
    config.check_ins.silent_after = Interval::Every(Duration::from_secs(15));
}

fn settings(now: Timestamp, boot: u64, seed: u64, wishes: &Wishes) -> Settings {
    let mut config = Config::default();
    if wishes.home.is_none() {
        shorten(&mut config);
    }
    if let Some(turns) = wishes.turns_per_hour {
        config.limits.turns_per_hour = turns;
    }
    if let Some(command) = &wishes.tests {
        config.integration.run_tests = true;
        config.integration.test.clone_from(command);
    }
    let home = wishes.home.clone();
    Settings {
        home: home.unwrap_or_else(|| PathBuf::from("/registry")),
        torch: PathBuf::from("/bin/torch"),
        config,
        tmux_socket: "torch".to_owned(),
        env: BTreeMap::default(),
        programs: SHIPPED.0.clone(),
        templates: SHIPPED.1.clone(),
        started: now,
        zone: jiff::tz::TimeZone::UTC,
        boot: torch_core::BootClock::new(Some("boot".to_owned()), boot, now),
        pid: 1,
        seed,
        resume_teams: false,
    }
}

impl World {
    /// A world in which nothing has happened; with a story it tells what does, which takes most of the time.
    pub(crate) fn new(seed: u64, faults: Faults, roles: &[&str], told: bool) -> Self {
        Self::wished(seed, faults, roles, told, Wishes::default())
    }

    /// As [`Self::new`], with another daemon.
    pub(crate) fn wished(
        seed: u64,
        faults: Faults,
        roles: &[&str],
        told: bool,
        wishes: Wishes,
    ) -> Self {
        let settings = settings(EPOCH, UPTIME, seed, &wishes);
        let (state, first) = State::new(settings, Snapshot::default(), EPOCH);
        assert!(first.is_empty());
        Self {
            wishes,
            project: PathBuf::from("/project"),
            site: None,
            random: fastrand::Rng::with_seed(seed),
            faults,
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            now: EPOCH,
            ahead: 0,
            slept: 0,
            state,
            store: Store::default(),
            agenda: Agenda::new(),
            due: BTreeMap::new(),
            counter: 0,
            life: 0,
            agents: BTreeMap::new(),
            foreign: Vec::new(),
            opened: 0,
            clients: Clients::default(),
            story: told.then(Vec::new),
            calm: true,
            muted: false,
            server: true,
            servers: 0,
            launches: BTreeMap::new(),
            launched_after: BTreeMap::new(),
            pasted: BTreeSet::new(),
            broken: None,
            keeps_ledgers: true,
            turns: 0,
            disturbed: 0,
        }
    }

    pub(crate) fn story(&self) -> String {
        self.story
            .as_ref()
            .map(|story| story.join("\n"))
            .unwrap_or_default()
    }

    pub(crate) fn note(&mut self, text: impl FnOnce() -> String) {
        let at = self.now.0 - EPOCH.0;
        if let Some(story) = &mut self.story {
            let text = format!("{at:>8} {}", text());
            let same = |last: &String| last.get(9..) == text.get(9..);
            if !story.last().is_some_and(same) {
                story.push(text);
            }
        }
    }

    /// A rule was broken; the first one counts.
    pub(crate) fn breaks(&mut self, text: String) {
        self.note(|| format!("BROKEN: {text}"));
        self.broken.get_or_insert(text);
    }

    /// One in `n`, while things may happen.
    pub(crate) fn chance(&mut self, wanted: bool, n: u32) -> bool {
        let hit = wanted && !self.calm && self.random.u32(..n) == 0;
        self.disturbed += u64::from(hit);
        hit
    }

    /// One turn of the daemon's loop: writes first, in one transaction, then acts.
    pub(crate) fn turn(&mut self, events: Vec<Event>) {
        self.turns += 1;
        let wall = self.wall();
        let mut effects = Vec::new();
        for event in events {
            effects.extend(self.state.handle(wall, event));
        }
        let writes = effects.iter().any(|e| matches!(e, Effect::Write(_)));
        if writes && self.chance(self.faults.store, 1_500) {
            self.note(|| "the commit fails".to_owned());
            self.refuse_all(&effects);
            return self.restart_daemon();
        }
        if writes && self.chance(self.faults.restarts, 1_000) {
            self.note(|| "the daemon is killed before a commit".to_owned());
            return self.restart_daemon();
        }
        self.effects(effects);
    }

    pub(crate) fn effects(&mut self, effects: Vec<Effect>) {
        let mut acts = Vec::new();
        let mut wrote = false;
        for effect in effects {
            match effect {
                Effect::Write(write) => {
                    wrote = true;
                    self.tell_write(&write);
                    self.watch_site(&write);
                    self.follow_launch(&write);
                    if let Err(broken) = self.store.commit(write) {
                        self.breaks(broken);
                    }
                }
                act => acts.push(act),
            }
        }
        if wrote && self.chance(self.faults.restarts, 1_000) {
            self.note(|| "the daemon is killed after a commit".to_owned());
            return self.restart_daemon();
        }
        for act in acts {
            match act {
                Effect::Reply { conn, response } => self.answered(conn, response),
                Effect::Answer { conn, query } => self.look_up(conn, query),
                Effect::Shutdown | Effect::Write(_) => {}
                Effect::Timer { key, at } => {
                    let late = self.lateness(&key);
                    self.agenda.set(key, at.after(late));
                }
                Effect::CancelTimer(key) => drop(self.agenda.cancel(&key)),
                effect @ (Effect::Offer { .. } | Effect::Withdraw(_)) => {
                    self.check_order_to_type(&effect);
                    self.at_the_folder(effect);
                }
                other => {
                    self.check_order_to_type(&other);
                    let delay = self.delay_of(&other);
                    self.later(delay, Due::Act(Box::new(other), self.servers));
                }
            }
        }
    }

    fn follow_launch(&mut self, write: &Write) {
        if let Write::PutAgent(agent) = write
            && let Some(launch) = agent.launch
            && let Some(before) = self.launches.insert(agent.id, launch)
            && before != launch
        {
            self.launched_after.insert(launch, before);
        }
    }

    fn tell_write(&mut self, write: &Write) {
        match write {
            Write::PutDelivery(delivery) => self.note(|| {
                let tag = delivery.message.tag();
                format!("{tag} {} {}", delivery.state, delivery.evidence)
            }),
            Write::PutAgent(agent) => self.note(|| {
                let pane = agent.pane.map(|at| at.pane.to_string());
                let (role, state) = (&agent.role, agent.state);
                format!("{role} is {state} in {pane:?}: {}", agent.evidence.detail)
            }),
            _ => {}
        }
    }

    /// How long until tmux, git or a file gets to something, in milliseconds.
    pub(crate) fn delay(&mut self) -> u64 {
        if self.chance(self.faults.tmux, 40) {
            self.random.u64(0..4_000)
        } else {
            self.random.u64(0..4)
        }
    }

    pub(crate) fn later(&mut self, millis: u64, due: Due) {
        self.counter += 1;
        let key = (self.now.after(Duration::from_millis(millis)), self.counter);
        self.due.insert(key, (self.life, due));
    }

    /// An outcome goes to the daemon that asked for the act, and to nobody if that one is gone.
    pub(crate) fn answer(&mut self, event: Event) {
        if !self.muted {
            let delay = self.delay();
            self.later(delay, Due::Event(Box::new(event)));
        }
    }

    pub(crate) fn run_for(&mut self, duration: Duration) {
        let end = self.now.after(duration);
        while self.broken.is_none() && self.step(end) {}
        self.now = end;
    }

    pub(crate) fn run_until(&mut self, done: impl Fn(&Self) -> bool, seconds: u64) {
        let end = self.now.after(Duration::from_secs(seconds));
        while !done(self) && self.broken.is_none() {
            if !self.step(end) {
                return self.breaks("it never came".to_owned());
            }
        }
    }

    /// The next thing before `end`; false when there is none.
    fn step(&mut self, end: Timestamp) -> bool {
        let next = [
            self.due.keys().next().map(|(at, _)| *at),
            self.agenda.next().map(|at| at.moved(-self.ahead)),
            self.agents.values().filter_map(SimAgent::next_end).min(),
            self.site.as_ref().and_then(|site| site.next()),
        ];
        let Some(at) = next.into_iter().flatten().min().filter(|at| *at <= end) else {
            return false;
        };
        self.now = self.now.max(at);
        self.interfere();
        for agent in self.agents.values_mut() {
            agent.ahead = self.ahead;
            agent.tick(self.now);
            if !self.keeps_ledgers {
                agent.ledger.clear();
            }
        }
        self.read_spools();
        if self.at_the_site() {
            return true;
        }
        if let Some(key) = self.agenda.pop(self.wall()) {
            self.turn(vec![Event::Timer(key)]);
            return true;
        }
        let first = self.due.first_entry().filter(|e| e.key().0 <= self.now);
        if let Some((_, (life, due))) = first.map(|entry| entry.remove_entry()) {
            let alive = life == self.life;
            match due {
                // What was handed to tmux happens, whether or not the daemon still lives.
                Due::Act(effect, server) => {
                    self.muted = !alive;
                    self.act(*effect, alive, server);
                    self.muted = false;
                }
                Due::LatePaste(agent, pid, text) => self.late_paste(agent, pid, &text),
                Due::Event(event) if alive => {
                    let events = self.batch(*event);
                    self.turn(events);
                }
                Due::Read(events) if alive => self.refs_read(events),
                Due::Event(_) | Due::Read(_) => {}
            }
        }
        true
    }

    /// What else has come by the time the daemon gets to an event.
    fn batch(&mut self, first: Event) -> Vec<Event> {
        let mut events = vec![first];
        if !self.chance(self.faults.batches, 8) {
            return events;
        }
        let until = self
            .now
            .after(Duration::from_millis(self.random.u64(1..30)));
        let life = self.life;
        let waiting = self.due.range(..=(until, u64::MAX));
        let ready = waiting.filter(|(_, (of, due))| *of == life && matches!(due, Due::Event(_)));
        let keys: Vec<_> = ready.map(|(key, _)| *key).take(6).collect();
        for key in keys {
            self.now = self.now.max(key.0);
            if let Some((_, Due::Event(event))) = self.due.remove(&key) {
                events.push(*event);
            }
        }
        events
    }

    fn read_spools(&mut self) {
        let unread =
            |agent: &&SimAgent| agent.spool.len() > agent.read || agent.read_in != self.life;
        let agents: Vec<AgentId> = self.agents.values().filter(unread).map(|a| a.id).collect();
        for id in agents {
            let life = self.life;
            let Some(agent) = self.agents.get_mut(&id) else {
                continue;
            };
            // As the host does it: an offset in memory, taken from the store only by a new daemon.
            if agent.read_in != life {
                let kept = self.store.agents.get(&id);
                let kept = kept.is_some_and(|kept| kept.launch == Some(agent.launch));
                let offset = self.store.offsets.get(&id).copied().unwrap_or(0) as usize;
                agent.read = if kept { offset } else { 0 };
                agent.read_in = life;
            }
            if agent.spool.len() > agent.read {
                let offset = agent.spool.len() as u64;
                let records = agent.spool[agent.read..].to_vec();
                agent.read = agent.spool.len();
                agent.is_read(&records);
                let launch = agent.launch;
                self.turn(vec![Event::Spool {
                    agent: id,
                    launch,
                    offset,
                    records,
                }]);
            }
        }
    }

    /// The daemon ends; what was committed is all that is left of it.
    pub(crate) fn restart_daemon(&mut self) {
        self.note(|| "the daemon ends and starts again".to_owned());
        self.life += 1;
        self.agenda = Agenda::new();
        self.clients.lost();
        self.drop_orders();
        self.reading_is_lost();
        self.set_unseen();
        let wall = self.wall();
        let seed = self.random.u64(..);
        let boot = UPTIME + (self.now.0 - EPOCH.0) + self.slept;
        let (state, first) = State::new(
            settings(wall, boot, seed, &self.wishes),
            self.store.snapshot(),
            wall,
        );
        self.state = state;
        // A daemon that ends over its own start is started again by the next client, which shows nothing new.
        let calm = std::mem::replace(&mut self.calm, true);
        self.effects(first);
        let late = self.server && self.faults.tmux && self.random.bool();
        if self.server {
            self.state.await_server();
        }
        if late {
            // Commands come before tmux has answered.
            let (version, pid) = ("3.3a".into(), TMUX_PID + self.servers);
            let delay = self.random.u64(0..4_000);
            self.later(delay, Due::Event(Box::new(Event::TmuxUp { version, pid })));
        } else if self.server {
            self.tmux_up();
        } else {
            self.tmux_down();
        }
        self.calm = calm;
        self.ask_lost_again();
    }

    /// What the ended daemon had not handed to tmux yet never happens, the rest happens now.
    fn drop_orders(&mut self) {
        let soon = (self.now.after(Duration::from_millis(4)), u64::MAX);
        for (key, (_, due)) in self.due.split_off(&soon) {
            if matches!(due, Due::LatePaste(..)) {
                self.due.insert(key, (self.life, due));
            }
        }
    }

    pub(crate) fn tmux_up(&mut self) {
        let pid = TMUX_PID + self.servers;
        self.turn(vec![Event::TmuxUp {
            version: "3.3a".into(),
            pid,
        }]);
    }

    pub(crate) fn tmux_down(&mut self) {
        let error = "the tmux server ended".into();
        self.turn(vec![Event::TmuxDown { error }]);
    }

    /// The agent that lives in a pane.
    pub(crate) fn agent_in(&self, pane: PaneId) -> Option<&SimAgent> {
        let mut agents = self.agents.values();
        agents.find(|agent| agent.window && agent.address.pane == pane)
    }

    /// Starts are counted anew, as a person's word or the time does it.
    pub(crate) fn begin_anew(&mut self) {
        for agent in self.agents.values_mut() {
            agent.starts.clear();
        }
    }
}
