//! Records to store.

use std::path::PathBuf;

use tempfile::TempDir;
use torch_core::agent::Process;
use torch_core::journal::JournalEntry;
use torch_core::message::{Decision, Verdict};
use torch_core::{
    Agent, AgentId, AgentState, Delivery, DeliveryState, DesiredState, Envelope, Evidence,
    LaunchId, MessageId, MessageKind, PaneAddress, PaneId, Recipient, RoleName, RouterMode, Sender,
    SessionId, SessionName, Team, TeamId, TeamPhase, Timestamp, WindowId, Write,
};

use crate::Store;

/// 2026-01-02T03:04:05Z.
pub(super) const NOW: Timestamp = Timestamp(1_767_323_045_000);

pub(super) struct Home {
    pub(super) dir: TempDir,
}

impl Home {
    pub(super) fn new() -> Self {
        let dir = TempDir::new().expect("a temporary folder");
        Self { dir }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.dir.path().join("home/torch.db")
    }

    pub(super) fn store(&self) -> Store {
        Store::open(&self.path(), NOW).expect("the store opens")
    }

    /// A connection past the store, to tamper with its file.
    pub(super) fn tamper(&self, sql: &str) {
        let conn = rusqlite::Connection::open(self.path()).expect("opens");
        crate::sum::register(&conn).expect("functions");
        let mut statement = conn
            .prepare("SELECT sql FROM sqlite_schema WHERE type = 'trigger'")
            .expect("prepares");
        let triggers: Vec<String> = statement
            .query_map([], |row| row.get(0))
            .and_then(Iterator::collect)
            .expect("triggers");
        drop(statement);
        conn.execute_batch("DROP TRIGGER journal_no_update; DROP TRIGGER journal_no_delete")
            .expect("triggers go");
        conn.execute_batch(sql).expect("tampering works");
        conn.execute_batch(&(triggers.join(";\n") + ";"))
            .expect("triggers come back");
    }
}

pub(super) fn role(name: &str) -> RoleName {
    RoleName::parse(name).expect("a role")
}

pub(super) fn team(number: u128) -> Team {
    Team {
        id: TeamId::new(NOW.0, number),
        name: SessionName::slug(&format!("app-{number}")),
        project: "/p/app".into(),
        common_dir: "/p/app/.git".into(),
        spec: "/p/app/spec.md".into(),
        spec_sha256: "ab".repeat(32),
        base_branch: "main".to_owned(),
        base_commit: "c".repeat(40),
        desired: DesiredState::Running,
        phase: TeamPhase::Raising,
        router: RouterMode::Strict,
        env: [("PATH".to_owned(), "/bin".to_owned())].into(),
        session: Some(SessionId(1)),
        created: NOW,
        finished: None,
        summary: None,
        paused: false,
        boot: Some("a boot".to_owned()),
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

pub(super) fn agent(team: &Team, position: u32, name: &str) -> Agent {
    Agent {
        position,
        worktree: "/w".into(),
        branch: Some(format!("main-{name}")),
        worktree_ready: true,
        launch: Some(LaunchId::new(NOW.0, 9)),
        pane: Some(PaneAddress {
            session: SessionId(1),
            window: WindowId(2),
            pane: PaneId(3),
            pid: 77,
        }),
        process: Some(Process { pid: 78, start: 5 }),
        state: AgentState::Idle,
        evidence: Evidence::new("hook", "Stop", NOW),
        briefed: true,
        launches: 1,
        restarts: vec![NOW],
        turns: vec![NOW],
        cap_told: true,
        ..Agent::new(
            AgentId::new(NOW.0, u128::from(position) + 100),
            team.id,
            role(name),
            "demo",
            NOW,
        )
    }
}

pub(super) fn envelope(team: &Team, to: &Agent, number: u128) -> Envelope {
    Envelope {
        id: MessageId::new(NOW.0, number),
        team: team.id,
        at: NOW,
        kind: MessageKind::Message,
        sender: Sender::Human,
        sender_rule: "terminal".to_owned(),
        recipient: Recipient::Agent {
            agent: to.id,
            role: to.role.clone(),
        },
        target: to.role.to_string(),
        pair_seq: u64::try_from(number).expect("small"),
        body: format!("body {number}"),
        original: None,
        cleaned: Vec::new(),
        verdict: Verdict {
            decision: Decision::Deliver,
            rule: "sender.human".to_owned(),
            reason: "a person may write to anybody".to_owned(),
        },
        critical: Vec::new(),
        key: None,
        expires: None,
        inline: false,
        urgent: false,
        body_file: None,
        cause: None,
    }
}

pub(super) fn delivery(message: &Envelope, state: DeliveryState) -> Delivery {
    Delivery {
        message: message.id,
        state,
        reason: None,
        attempt: 1,
        possible_duplicate: false,
        launch: None,
        since: NOW,
        evidence: String::new(),
    }
}

/// What the daemon writes when it accepts a message.
pub(super) fn accept(message: &Envelope) -> Vec<Write> {
    vec![
        Write::PutMessage(Box::new(message.clone())),
        Write::PutDelivery(Box::new(delivery(message, DeliveryState::Queued))),
        Write::Journal(JournalEntry::new(
            "message.accepted",
            message.id,
            "request human",
        )),
    ]
}

/// What the daemon writes when a delivery comes into a state.
pub(super) fn advance(message: &Envelope, state: DeliveryState) -> Vec<Write> {
    vec![
        Write::PutDelivery(Box::new(delivery(message, state))),
        Write::Journal(
            JournalEntry::new(&format!("delivery.{state}"), message.id, "hook")
                .with(serde_json::json!({"attempt": 1})),
        ),
    ]
}

/// A team of two agents in a fresh store.
pub(super) fn raised(home: &Home) -> (Store, Team, Vec<Agent>) {
    let mut store = home.store();
    let team = team(1);
    let agents = vec![
        agent(&team, 0, "orchestrator"),
        agent(&team, 1, "developer"),
    ];
    let mut writes = vec![Write::PutTeam(Box::new(team.clone()))];
    writes.extend(
        agents
            .iter()
            .map(|agent| Write::PutAgent(Box::new(agent.clone()))),
    );
    writes.push(Write::Journal(JournalEntry::new(
        "team.created",
        team.id,
        "request human",
    )));
    store.commit(NOW, &writes).expect("commits");
    (store, team, agents)
}
