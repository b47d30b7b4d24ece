//! A long history: how long a start takes with it, and how large the database is.

use std::time::Instant;

use torch_core::journal::JournalEntry;
use torch_core::message::{Decision, Verdict};
use torch_core::{
    Agent, AgentId, AgentState, Delivery, DeliveryState, DesiredState, Envelope, Evidence,
    MessageId, MessageKind, Recipient, RoleName, RouterMode, Sender, SessionName, Team, TeamId,
    TeamPhase, Timestamp, Write,
};
use torch_store::{Filter, Store, backup};

use crate::distribution::{Distribution, Figure, Unit};
use crate::{Effort, Setting};

/// How many messages one commit takes while a history is made.
const BATCH: u64 = 2_000;
/// From which size on only the accept and the end of a delivery are written, since the rest would take an hour.
const SHORT: u64 = 1_000_000;
/// The steps of a delivery, each with its entry in the journal.
const STEPS: [DeliveryState; 7] = [
    DeliveryState::Claimed,
    DeliveryState::Pasting,
    DeliveryState::Pasted,
    DeliveryState::Entering,
    DeliveryState::Entered,
    DeliveryState::Accepted,
    DeliveryState::Consumed,
];
/// 2026-01-02T03:04:05Z.
const BEGIN: u64 = 1_767_323_045_000;

/// Histories of 1 and 100,000 messages, and of as many as were asked for besides (`--long`: 5 million).
pub(crate) fn measure(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let mut sizes = match setting.effort {
        Effort::Full => vec![1, 100_000],
        Effort::Quick => vec![1, 2_000],
    };
    sizes.extend(setting.history);
    let mut figures = Vec::new();
    for size in sizes {
        figures.extend(with(size)?);
    }
    Ok(figures)
}

fn with(size: u64) -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::Builder::new()
        .prefix("torch-bench-history.")
        .tempdir()?;
    let path = folder.path().join("torch.db");
    let started = Instant::now();
    fill(&mut Store::open(&path, Timestamp(BEGIN))?, size)?;
    let filled = started.elapsed();
    let bytes = std::fs::metadata(&path)?.len();
    let (mut open, mut load, mut list, mut commit) = Default::default();
    for round in 0..10 {
        let started = Instant::now();
        let mut store = Store::open(&path, Timestamp(BEGIN))?;
        push(&mut open, started);
        let started = Instant::now();
        let kept = store.load()?;
        push(&mut load, started);
        anyhow::ensure!(kept.open.is_empty(), "nothing is open");
        let started = Instant::now();
        let page = Filter {
            limit: Some(50),
            ..Filter::default()
        };
        anyhow::ensure!(store.messages(&page)?.len() as u64 == (size + round).min(50));
        push(&mut list, started);
        let (team, agent) = (&kept.teams[0], &kept.agents[0]);
        let started = Instant::now();
        let mut random = Random(size + round + 1);
        let writes = message((team, agent), size + round, &mut random, Length::Whole);
        store.commit(Timestamp(BEGIN), &writes)?;
        push(&mut commit, started);
    }
    let name = |what: &str| format!("{size} messages: {what}");
    let mut figures = vec![
        Figure::new(
            name("the database"),
            Unit::Megabytes,
            one(bytes as f64 / 1e6),
        ),
        Figure::new(
            name("of it for each"),
            Unit::Bytes,
            one(bytes as f64 / size as f64),
        ),
        Figure::new(name("`Store::open`"), Unit::Millis, open).goal(100, 2000.0),
        Figure::new(name("`Store::load`"), Unit::Millis, load).goal(100, 500.0),
        Figure::new(name("the newest 50"), Unit::Millis, list),
        Figure::new(name("commit of one more, all steps"), Unit::Millis, commit),
        Figure::new(
            name("making them, for each"),
            Unit::Millis,
            one(filled.as_secs_f64() * 1000.0 / size as f64),
        ),
    ];
    figures.extend(whole(folder.path(), &name)?);
    Ok(figures)
}

/// What reads all of it, once.
fn whole(home: &std::path::Path, name: &dyn Fn(&str) -> String) -> anyhow::Result<Vec<Figure>> {
    let store = Store::open_read_only(&home.join("torch.db"))?;
    let started = Instant::now();
    anyhow::ensure!(store.verify()?.broken.is_none(), "the chain holds");
    let verified = started.elapsed();
    drop(store);
    let started = Instant::now();
    backup::make(home, Timestamp(BEGIN), "command")?;
    let copied = started.elapsed();
    Ok(vec![
        Figure::new(
            name("`torch audit verify`"),
            Unit::Millis,
            one(verified.as_secs_f64() * 1000.0),
        ),
        Figure::new(
            name("a backup, made and verified"),
            Unit::Millis,
            one(copied.as_secs_f64() * 1000.0),
        ),
    ])
}

fn push(times: &mut Distribution, started: Instant) {
    times.push_time(started.elapsed());
}

fn one(value: f64) -> Distribution {
    [value].into_iter().collect()
}

/// How much of a delivery is written.
#[derive(Debug, Clone, Copy)]
enum Length {
    /// All its steps.
    Whole,
    /// Its end.
    Short,
}

/// Numbers without a pattern, the same in each run (xorshift64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

fn fill(store: &mut Store, size: u64) -> anyhow::Result<()> {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let (team, agent) = (team(), agent());
    let team_writes = [
        Write::PutTeam(Box::new(team.clone())),
        Write::PutAgent(Box::new(agent.clone())),
    ];
    store.commit(Timestamp(BEGIN), &team_writes)?;
    let length = if size < SHORT {
        Length::Whole
    } else {
        Length::Short
    };
    let mut number = 0;
    while number < size {
        let mut writes = Vec::new();
        for _ in 0..BATCH.min(size - number) {
            writes.extend(message((&team, &agent), number, &mut random, length));
            number += 1;
        }
        store.commit(Timestamp(BEGIN + number), &writes)?;
    }
    Ok(())
}

/// Everything that is written for one message from its accept to its end; 500 bytes of text.
fn message(
    (team, agent): (&Team, &Agent),
    number: u64,
    random: &mut Random,
    length: Length,
) -> Vec<Write> {
    // The short id is the last 40 bits: an odd factor makes them look random and keeps them apart.
    let short = number.wrapping_mul(0x5851_F42D_4C95_7F2D) & ((1 << 40) - 1);
    let bits = u128::from(random.next()) << 40 | u128::from(short);
    let id = MessageId::new(BEGIN + number, bits);
    let envelope = Envelope {
        id,
        team: team.id,
        at: Timestamp(BEGIN + number),
        kind: MessageKind::Message,
        sender: Sender::Human,
        sender_rule: "terminal".to_owned(),
        recipient: Recipient::Agent {
            agent: agent.id,
            role: agent.role.clone(),
        },
        target: "developer".to_owned(),
        pair_seq: number + 1,
        body: "0123456789".repeat(50),
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
    };
    let delivery = |state| Delivery {
        message: id,
        state,
        reason: None,
        attempt: 1,
        possible_duplicate: false,
        launch: None,
        since: Timestamp(BEGIN + number),
        evidence: "hook UserPromptSubmit".to_owned(),
    };
    let put = |state| Write::PutDelivery(Box::new(delivery(state)));
    let mut writes = vec![
        Write::PutMessage(Box::new(envelope)),
        put(DeliveryState::Queued),
        Write::Journal(JournalEntry::new("message.accepted", id, "request human")),
    ];
    let steps = match length {
        Length::Whole => &STEPS[..],
        Length::Short => &STEPS[STEPS.len() - 1..],
    };
    for &state in steps {
        writes.push(put(state));
        let entry = JournalEntry::new(&format!("delivery.{state}"), id, "hook UserPromptSubmit");
        let entry =
            entry.with(serde_json::json!({"attempt": 1, "evidence": "hook UserPromptSubmit"}));
        writes.push(Write::Journal(entry));
    }
    writes
}

fn team() -> Team {
    Team {
        id: TeamId::new(BEGIN, 1),
        name: SessionName::slug("history"),
        project: "/p/app".into(),
        common_dir: "/p/app/.git".into(),
        spec: "/p/app/spec.md".into(),
        spec_sha256: "ab".repeat(32),
        base_branch: "main".to_owned(),
        base_commit: "c".repeat(40),
        desired: DesiredState::Running,
        phase: TeamPhase::Running,
        router: RouterMode::Strict,
        env: std::collections::BTreeMap::new(),
        session: None,
        created: Timestamp(BEGIN),
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

fn agent() -> Agent {
    let role = RoleName::parse("developer").expect("it is a role's name");
    Agent {
        worktree: "/w".into(),
        worktree_ready: true,
        state: AgentState::Idle,
        evidence: Evidence::new("hook", "Stop", Timestamp(BEGIN)),
        briefed: true,
        ..Agent::new(
            AgentId::new(BEGIN, 2),
            TeamId::new(BEGIN, 1),
            role,
            "demo",
            Timestamp(BEGIN),
        )
    }
}
