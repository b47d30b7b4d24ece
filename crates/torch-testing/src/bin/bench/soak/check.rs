//! What is on disk when all is over: whether the database says what the agents' ledgers say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use torch_core::{DeliveryState, MessageId};
use torch_store::{Filter, Store, StoredMessage};
use torch_testing::Entry;

/// How many messages are read at once.
const PAGE: u32 = 5_000;
/// How many of what is wrong are printed.
const SHOWN: usize = 5;

/// Something that has to hold.
#[derive(Debug)]
pub(super) struct Check {
    what: String,
    wrong: Vec<String>,
}

impl Check {
    /// One that holds where nothing is `wrong`.
    pub(super) fn new(what: impl Into<String>, wrong: Vec<String>) -> Self {
        Self {
            what: what.into(),
            wrong,
        }
    }

    /// Its line in the report.
    pub(super) fn line(&self) -> String {
        match self.failure() {
            None => format!("- holds: {}", self.what),
            Some(failure) => format!("- **does not hold**: {failure}"),
        }
    }

    /// What is wrong, if anything.
    pub(super) fn failure(&self) -> Option<String> {
        let shown: Vec<_> = self.wrong.iter().take(SHOWN).map(String::as_str).collect();
        let (what, count) = (&self.what, self.wrong.len());
        (count > 0).then(|| format!("{what}: {count} times not: {}", shown.join("; ")))
    }
}

/// One message to an agent as the database has it.
#[derive(Debug)]
pub(super) struct Message {
    to: String,
    state: DeliveryState,
    attempt: u32,
    /// Of a message that is typed whole.
    body: Option<String>,
}

/// All messages of the registry.
#[derive(Debug, Default)]
pub(super) struct Messages {
    /// Those to agents, by `m-7k3f9q2a`.
    to_agents: BTreeMap<String, Message>,
    /// How many are in a person's inbox.
    to_human: u64,
    /// The database's size in bytes.
    bytes: u64,
}

impl Messages {
    /// Reads all of them.
    pub(super) fn read(store: &Store, path: &Path) -> anyhow::Result<Self> {
        let mut messages = Self {
            bytes: fs::metadata(path)?.len(),
            ..Self::default()
        };
        let mut before: Option<MessageId> = None;
        loop {
            let page = store.messages(&Filter {
                limit: Some(PAGE),
                before,
                ..Filter::default()
            })?;
            let Some(last) = page.last() else {
                return Ok(messages);
            };
            before = Some(last.envelope.id);
            page.into_iter().for_each(|stored| messages.add(stored));
        }
    }

    fn add(&mut self, stored: StoredMessage) {
        let envelope = stored.envelope;
        if envelope.recipient.agent().is_none() {
            self.to_human += 1;
            return;
        }
        let message = Message {
            to: envelope.recipient.label().to_owned(),
            state: stored.delivery.state,
            attempt: stored.delivery.attempt,
            body: envelope.body_file.is_none().then_some(envelope.body),
        };
        self.to_agents.insert(envelope.id.tag(), message);
    }

    /// How many there are and where they ended, for people.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut states: BTreeMap<&str, usize> = BTreeMap::new();
        for message in self.to_agents.values() {
            *states.entry(message.state.as_str()).or_default() += 1;
        }
        let states = states
            .iter()
            .map(|(state, count)| format!("{count} {state}"));
        let repeated = self.to_agents.values().filter(|it| it.attempt > 1).count();
        let all = self.to_agents.len() as u64 + self.to_human;
        vec![
            format!(
                "- in the database: {} messages to agents, torch's own among them ({}; {repeated} tried more than once), {} to the person",
                self.to_agents.len(),
                states.collect::<Vec<_>>().join(", "),
                self.to_human,
            ),
            format!(
                "- the database at the end: {:.1} MB, {:.0} bytes for each message",
                self.bytes as f64 / 1e6,
                self.bytes as f64 / all as f64,
            ),
        ]
    }
}

/// What each role's program received, oldest first: all prompts in its ledgers, through all launches. `folder` is the
/// registry's folder of agents.
pub(super) fn ledgers(folder: &Path) -> anyhow::Result<BTreeMap<String, Vec<Entry>>> {
    let mut ledgers: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    for agent in fs::read_dir(folder)? {
        let agent = agent?.path();
        let launch = fs::read_to_string(agent.join("launch.json"))?;
        let launch: serde_json::Value = serde_json::from_str(&launch)?;
        let role = launch["role"].as_str().context("a launch without a role")?;
        let entries = ledgers.entry(role.to_owned()).or_default();
        for file in fs::read_dir(&agent)? {
            let file = file?.path();
            if !file.to_string_lossy().ends_with(".ledger.jsonl") {
                continue;
            }
            for line in fs::read_to_string(&file)?.lines() {
                let entry: Entry = serde_json::from_str(line)
                    .with_context(|| format!("{}: {line}", file.display()))?;
                entries.push(entry);
            }
        }
        entries.retain(|entry| entry.kind == "prompt");
        entries.sort_by_key(|entry| entry.at);
    }
    Ok(ledgers)
}

/// Holds the database, the ledgers and the answers of the requests against each other.
pub(super) fn compare(
    messages: &Messages,
    ledgers: &BTreeMap<String, Vec<Entry>>,
    accepted: &[String],
) -> Vec<Check> {
    let known = &messages.to_agents;
    let lost = accepted.iter().filter(|id| !known.contains_key(*id));
    let mut strange = Vec::new();
    let mut tries: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for (role, entry) in ledgers
        .iter()
        .flat_map(|(role, entries)| entries.iter().map(move |entry| (role, entry)))
    {
        let id = entry.tag.as_deref().unwrap_or_default();
        match known.get(id) {
            Some(message) if is_whole(message, role, entry) => {
                let number = entry.field("try").and_then(|word| word.parse().ok());
                tries.entry(id).or_default().push(number.unwrap_or(0));
            }
            _ => strange.push(format!("{role} got {:?}", entry.text)),
        }
    }
    vec![
        Check::new(
            "each accepted message is in the database",
            lost.cloned().collect(),
        ),
        Check::new(
            "each prompt that an agent got is one message to it, exactly as it was accepted",
            strange,
        ),
        Check::new(
            "each message is at an end, and at `consumed` only where an agent got it",
            untrue(known, &tries.keys().copied().collect()),
        ),
        Check::new(
            "no agent got a message twice but with a higher number of the try",
            repeated(known, &tries),
        ),
    ]
}

fn is_whole(message: &Message, role: &str, entry: &Entry) -> bool {
    let body = entry.body();
    let same = match &message.body {
        Some(text) => body == Some(text.as_str()),
        // A long one lies in a file; the prompt names it.
        None => body.is_some(),
    };
    message.to == role && entry.field("to") == Some(role) && same
}

fn untrue(known: &BTreeMap<String, Message>, got: &BTreeSet<&str>) -> Vec<String> {
    let untrue = known.iter().filter(|(id, message)| match message.state {
        DeliveryState::Consumed | DeliveryState::Acked => !got.contains(id.as_str()),
        state => !state.is_final() || got.contains(id.as_str()),
    });
    untrue
        .map(|(id, message)| {
            let got = got.contains(id.as_str());
            let (to, state) = (&message.to, message.state);
            format!("{id} to {to} is {state}, in a ledger: {got}")
        })
        .collect()
}

fn repeated(known: &BTreeMap<String, Message>, tries: &BTreeMap<&str, Vec<u32>>) -> Vec<String> {
    let wrong = tries.iter().filter(|(id, tries)| {
        let rising = tries.windows(2).all(|pair| pair[0] < pair[1]);
        let last = known.get(**id).map(|message| message.attempt);
        !rising || tries.first() == Some(&0) || tries.last() > last.as_ref()
    });
    wrong
        .map(|(id, tries)| format!("{id} came as try {tries:?}"))
        .collect()
}
