//! The rules of communication with a plain state and a clock of the test's own.

use std::time::Duration;

use torch_api::{Request, Response};
use torch_core::config::Config;
use torch_core::journal::JournalEntry;
use torch_core::ledger::ViolationState;
use torch_core::{
    Agent, AgentState, BootClock, Delivery, DeliveryState, DesiredState, Drift, Envelope,
    Recipient, RouterMode, SessionName, Team, TeamPhase,
};

use super::*;
use crate::event::Event;
use crate::state::{Settings, Snapshot};
use crate::templates;

const BEGIN: Timestamp = Timestamp(1_800_000_000_000);
const CONN: ConnId = ConnId(1);
const ROLES: [&str; 4] = ["orchestrator", "developer", "tester", "researcher"];
const BLOCKED: &str =
    "STATUS developer 2026-11-21\nCompleted: none\nCurrent: x\nBlocked: no password\nETA: 1h";

fn role(name: &str) -> RoleName {
    RoleName::parse(name).expect("a role")
}

fn id(name: &str) -> AgentId {
    let at = ROLES.iter().position(|known| *known == name);
    AgentId::new(1, at.expect("a role of the team") as u128 + 10)
}

fn team() -> Team {
    Team {
        id: TeamId::new(1, 1),
        name: SessionName::slug("app"),
        project: "/project".into(),
        common_dir: "/project/.git".into(),
        spec: "/project/spec.md".into(),
        spec_sha256: String::new(),
        base_branch: "main".to_owned(),
        base_commit: "0".repeat(40),
        desired: DesiredState::Running,
        phase: TeamPhase::Running,
        router: RouterMode::Matrix,
        env: BTreeMap::default(),
        session: None,
        created: BEGIN,
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
    }
}

/// A state, what it wrote, and the time.
struct Stage {
    state: State,
    now: Timestamp,
    ledger: BTreeMap<String, LedgerRecord>,
    messages: Vec<Envelope>,
    deliveries: Vec<Delivery>,
    journal: Vec<JournalEntry>,
    timers: BTreeMap<TimerKey, Timestamp>,
    answer: Option<Response>,
}

impl Stage {
    fn new(ledger: Vec<LedgerRecord>, now: Timestamp) -> Self {
        Self::of(team(), ledger, None, now)
    }

    /// A daemon begins with this team, and with what was said before.
    fn of(team: Team, ledger: Vec<LedgerRecord>, past: Option<Vec<Past>>, now: Timestamp) -> Self {
        let settings = Settings {
            home: "/registry".into(),
            torch: "/bin/torch".into(),
            config: Config::default(),
            tmux_socket: "torch".to_owned(),
            env: BTreeMap::default(),
            programs: templates::programs().expect("the programs"),
            templates: templates::roles().expect("the roles"),
            started: now,
            pid: 1,
            seed: 1,
            zone: jiff::tz::TimeZone::UTC,
            boot: BootClock::default(),
            resume_teams: false,
        };
        let agents = (0..).zip(ROLES).map(|(position, name)| Agent {
            position,
            state: AgentState::Idle,
            briefed: true,
            ..Agent::new(id(name), team.id, role(name), "demo", now)
        });
        let snapshot = Snapshot {
            agents: agents.collect(),
            teams: vec![team],
            ledger,
            past,
            ..Snapshot::default()
        };
        let (state, effects) = State::new(settings, snapshot, now);
        let mut stage = Self {
            state,
            now,
            ledger: BTreeMap::new(),
            messages: Vec::new(),
            deliveries: Vec::new(),
            journal: Vec::new(),
            timers: BTreeMap::new(),
            answer: None,
        };
        stage.take(effects);
        stage
    }

    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Write(Write::PutLedger(row)) => drop(self.ledger.insert(row.key(), *row)),
                Effect::Write(Write::PutMessage(row)) => self.messages.push(*row),
                Effect::Write(Write::PutDelivery(row)) => self.deliveries.push(*row),
                Effect::Write(Write::Journal(row)) => self.journal.push(row),
                Effect::Timer { key, at } => drop(self.timers.insert(key, at)),
                Effect::CancelTimer(key) => drop(self.timers.remove(&key)),
                Effect::Reply { response, .. } => self.answer = Some(response),
                _ => {}
            }
        }
    }

    fn ask(&mut self, from: &str, request: Request) {
        let sender = Sender::Agent {
            agent: id(from),
            team: team().id,
            role: role(from),
        };
        let mut turn = Turn {
            now: self.now,
            cause: "test".to_owned(),
            effects: Vec::new(),
        };
        let caller = (sender, "identity.test");
        self.state
            .take_request(&mut turn, CONN, caller, request, None);
        self.take(turn.effects);
        self.now = self.now.after(Duration::from_millis(10));
    }

    fn say(&mut self, from: &str, to: &str, text: &str) {
        let request = SendRequest {
            target: to.to_owned(),
            body: Body::Text(text.to_owned()),
            key: None,
            inline: false,
            urgent: false,
            ttl_seconds: None,
            wait: None,
            wait_millis: 0,
            cwd: "/".into(),
            pane_hint: None,
        };
        self.ask(from, Request::Send(Box::new(request)));
    }

    /// The time goes on, and this timer fires, which must be set for then.
    fn fire(&mut self, key: TimerKey) {
        let at = self.timers.remove(&key).expect("a set timer");
        self.now = self.now.max(at);
        let effects = self.state.handle(self.now, Event::Timer(key));
        self.take(effects);
    }

    /// What was said to somebody.
    fn said_to(&self, to: &str) -> Vec<&str> {
        let rows = self
            .messages
            .iter()
            .filter(|row| row.recipient.label() == to);
        rows.map(|row| row.body.as_str()).collect()
    }

    fn violations(&self) -> Vec<&Violation> {
        let rows = self.ledger.values().filter_map(|row| match row {
            LedgerRecord::Violation(row) => Some(row),
            _ => None,
        });
        rows.collect()
    }
}

#[test]
fn a_violation_counts_up_is_told_once_and_expires_after_a_day() {
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.say("developer", "tester", "the schema is ready");
    for _ in 0..3 {
        stage.say("developer", "tester", "the schema is ready");
    }
    let told = stage.said_to("orchestrator");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("developer broke rule limit.repeat (low)"),
        "{told:?}"
    );
    let found = stage.violations();
    assert_eq!((found.len(), found[0].count), (1, 3));
    let last = found[0].last;
    // A timer that comes too early changes nothing but the timer.
    let early = stage.now;
    let effects = stage
        .state
        .handle(early, Event::Timer(TimerKey::Violations));
    stage.take(effects);
    assert_eq!(stage.violations()[0].status, ViolationState::Open);
    stage.fire(TimerKey::Violations);
    assert_eq!(stage.now, last.after(Duration::from_secs(86_400)));
    let expired = ViolationState::Expired { at: stage.now };
    assert_eq!(stage.violations()[0].status, expired);
    assert!(!stage.timers.contains_key(&TimerKey::Violations));
}

#[test]
fn a_re_routed_message_is_its_own_notice() {
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.say("developer", "researcher", "psst");
    let told = stage.said_to("orchestrator");
    assert_eq!(told.len(), 1, "{told:?}");
    let violation = stage.violations()[0];
    let begin = format!(
        "(for researcher, re-routed to you by rule mode.matrix, {}) psst",
        violation.id.tag()
    );
    assert_eq!(told[0], begin);
    assert_eq!(violation.message, Some(stage.messages[0].id));
}

#[test]
fn what_is_recorded_is_typed_into_nothing() {
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.say("developer", "tester", "thanks!");
    assert_eq!(stage.deliveries.len(), 1);
    assert_eq!(stage.deliveries[0].state, DeliveryState::Recorded);
    assert_eq!(stage.state.sizes().flights, 0);
    assert!(stage.violations().is_empty());
}

#[test]
fn a_block_is_escalated_once_also_by_the_next_daemon() {
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.say("developer", "orchestrator", BLOCKED);
    let due = BEGIN.after(Duration::from_secs(600));
    assert_eq!(stage.timers[&TimerKey::Blocked(id("developer"))], due);
    // The daemon ends; the next one finds the block in the ledger.
    let ledger: Vec<_> = stage.ledger.into_values().collect();
    let mut stage = Stage::new(ledger, BEGIN.after(Duration::from_secs(300)));
    assert_eq!(stage.timers[&TimerKey::Blocked(id("developer"))], due);
    stage.fire(TimerKey::Blocked(id("developer")));
    let expect = "app:developer has been blocked for 10 minutes: no password. It waits for a decision or for help.";
    assert_eq!(stage.said_to("orchestrator"), [expect]);
    let again = stage
        .state
        .handle(stage.now, Event::Timer(TimerKey::Blocked(id("developer"))));
    stage.take(again);
    assert_eq!(stage.said_to("orchestrator").len(), 1);
    let free = BLOCKED.replace("no password", "none");
    stage.say("developer", "orchestrator", &free);
    assert!(stage.ledger.values().all(|row| !row.is_open()));
    assert!(stage.state.rules.blocks.is_empty());
}

#[test]
fn a_completion_ends_a_block() {
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.say("developer", "orchestrator", "BLOCKED: no database");
    assert_eq!(stage.state.rules.blocks.len(), 1);
    let text = "done in 3f2c1aa".to_owned();
    stage.ask("developer", Request::Complete { text });
    assert!(stage.state.rules.blocks.is_empty());
    assert!(
        !stage
            .timers
            .contains_key(&TimerKey::Blocked(id("developer")))
    );
}

#[test]
fn a_set_clock_leaves_one_open_record_of_each() {
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.say("developer", "orchestrator", BLOCKED);
    stage.say("developer", "researcher", "psst");
    let drift = Drift {
        slept: Duration::ZERO,
        stepped: 3_600_000,
    };
    let effects = stage
        .state
        .handle(stage.now.moved(3_600_000), Event::ClockMoved(drift));
    stage.take(effects);
    let open: Vec<_> = stage.ledger.values().filter(|row| row.is_open()).collect();
    assert_eq!(open.len(), 2, "{open:?}");
    let since = stage.state.rules.blocks[&id("developer")].since;
    assert_eq!(since, BEGIN.moved(3_600_000));
}

#[test]
fn nobody_acknowledges_what_has_not_arrived() {
    const TASK: &str =
        "TASK T-1: t\nAssigned to: developer\nObjective: o\nSuccess Criteria: c\nPriority: LOW";
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.say("orchestrator", "developer", TASK);
    assert_eq!(stage.state.rules.assignments.len(), 1);
    stage.say("developer", "orchestrator", "ACK T-1");
    assert_eq!(
        stage.state.rules.assignments.len(),
        1,
        "it lies in the queue"
    );
    // Delivered, it counts, whatever follows the word.
    let message = stage.messages[0].id;
    stage.state.flights.clear();
    stage.say(
        "developer",
        "orchestrator",
        "ACK T-1, the parser comes first",
    );
    assert!(stage.state.rules.assignments.is_empty());
    let row = &stage.ledger[&message.to_string()];
    assert!(!row.is_open(), "{row:?}");
}

#[test]
fn an_assignment_that_is_turned_to_the_hub_is_nobodys() {
    const TASK: &str =
        "TASK T-1: t\nAssigned to: researcher\nObjective: o\nSuccess Criteria: c\nPriority: LOW";
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.say("developer", "researcher", TASK);
    assert!(stage.state.rules.assignments.is_empty());
    assert!(matches!(
        stage.messages[0].recipient,
        Recipient::Agent { agent, .. } if agent == id("orchestrator")
    ));
}

#[test]
fn everybody_is_no_target_of_an_agent() {
    for target in ["all", "*", "everyone", "app:all", "all:0", "ALL"] {
        let mut stage = Stage::new(Vec::new(), BEGIN);
        stage.say("developer", target, "FYI");
        let Some(Response::Failed(failure)) = &stage.answer else {
            panic!("{target}: {:?}", stage.answer);
        };
        assert!(
            failure.causes[0].contains("limit.broadcast"),
            "{target}: {failure:?}"
        );
        assert_eq!(stage.violations().len(), 1, "{target}");
    }
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.say("developer", "plumber", "FYI");
    assert!(stage.violations().is_empty());
}

mod activity;
mod edges;
mod held;
mod left_commits;
mod memory;
mod parent;
mod projects;
mod reports;
mod stating;
