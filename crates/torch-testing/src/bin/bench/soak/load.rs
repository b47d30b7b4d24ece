//! What goes on during a soak: messages as fast as they are proven, commands, planned notes, killed programs, temporary
//! agents.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;
use torch_api::Client;
use torch_api::view::AgentView;
use torch_core::DeliveryState;
use torch_process::facts;
use torch_testing::poll;

use super::check::Check;
use crate::distribution::Distribution;
use crate::idle::pause;
use crate::recovery::kill;
use crate::send::{self, Letter};
use crate::world::{ROLES, World};

/// Connections over which messages are sent, each one waiting for the proof of the message before.
const SENDERS: usize = 4;
/// How often a program is killed. With fifteen in turn each of them is killed every five minutes, as three restarts
/// within ten are the most that torch makes.
const KILL: Duration = Duration::from_secs(20);
/// How often a temporary agent comes and goes.
const TEMPORARY: Duration = Duration::from_secs(60);
/// A short run has at least so many of both.
const LEAST: [u32; 2] = [6, 3];
/// How long a killed program may take to be back and briefed.
const BACK: Duration = Duration::from_secs(60);
/// Keeps a load whose requests all fail from spinning.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// What all parts of the load know.
#[derive(Debug)]
pub(super) struct Stage<'a> {
    world: &'a World,
    project: &'a Path,
    time: Duration,
    until: Instant,
    over: AtomicBool,
    delivered: AtomicU64,
}

/// What a part of the load did.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// The ids of messages that were accepted.
    pub(super) sent: Vec<String>,
    /// Times from a program's end to the proof of its briefing.
    back: Distribution,
    kills: usize,
    temporary: usize,
    /// Planned notes, each of them taken back.
    notes: usize,
    commands: usize,
    failures: Vec<String>,
}

type Work = fn(&Stage<'_>, &mut Done, usize) -> anyhow::Result<()>;

impl<'a> Stage<'a> {
    /// The load begins now.
    pub(super) fn new(world: &'a World, project: &'a Path, time: Duration) -> Self {
        Self {
            world,
            project,
            time,
            until: Instant::now() + time,
            over: AtomicBool::new(false),
            delivered: AtomicU64::new(0),
        }
    }

    /// Whether the time is not over yet.
    pub(super) fn goes_on(&self) -> bool {
        Instant::now() < self.until && !self.over.load(Ordering::Relaxed)
    }

    /// Ends the load before its time.
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// How many messages were proven so far.
    pub(super) fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed)
    }

    /// Waits for a time, or for the end.
    pub(super) fn pause_until(&self, time: Instant) {
        while self.goes_on() && Instant::now() < time {
            let left = time.min(self.until).duration_since(Instant::now());
            pause(left.min(Duration::from_millis(100)));
        }
    }

    /// Repeats `work`, which is told how often it was done before, every so often until the time is over.
    fn repeat(
        &self,
        every: Duration,
        work: impl Fn(&mut Done, usize) -> anyhow::Result<()>,
    ) -> Done {
        let mut done = Done::default();
        let mut next = Instant::now() + every;
        for number in 0.. {
            self.pause_until(next);
            next += every;
            if !self.goes_on() {
                break;
            }
            if let Err(error) = work(&mut done, number) {
                done.failures.push(format!("{error:#}"));
                self.pause_until(Instant::now() + AFTER_FAILURE);
            }
        }
        done
    }

    /// Runs a command in the project, which must succeed; the JSON that it prints.
    fn command(&self, done: &mut Done, program: &str, args: &[&str]) -> anyhow::Result<Value> {
        let (_, output) = self.world.timed(program, args, self.project)?;
        done.commands += 1;
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("{program} {args:?} printed no JSON"))
    }

    /// Sends a message by `scm` and waits for its proof.
    fn scm(&self, done: &mut Done, role: &str, text: &str) -> anyhow::Result<String> {
        let answer = self.command(done, "scm", &[role, "--wait", "--json", "--", text])?;
        let id = answer["message"]["id"].as_str();
        let id = id
            .with_context(|| format!("no id is in {answer}"))?
            .to_owned();
        done.sent.push(id.clone());
        self.delivered.fetch_add(1, Ordering::Relaxed);
        Ok(id)
    }
}

/// Starts all parts of the load.
pub(super) fn start<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    stage: &'scope Stage<'scope>,
) -> Vec<ScopedJoinHandle<'scope, Done>> {
    let mut works = Vec::new();
    for sender in 0..SENDERS {
        works.push(scope.spawn(move || messages(stage, sender)));
    }
    let [kills, temporary] = LEAST;
    let timed: [(Duration, Work); 3] = [
        (Duration::ZERO, commands),
        (KILL.min(stage.time / kills), kill_one),
        (TEMPORARY.min(stage.time / temporary / 2), temporary_agent),
    ];
    for (every, work) in timed {
        works.push(
            scope.spawn(move || stage.repeat(every, |done, number| work(stage, done, number))),
        );
    }
    works
}

/// Messages to all agents in turn, each when the one before stands in its agent's conversation.
fn messages(stage: &Stage<'_>, sender: usize) -> Done {
    let mut client: Option<Client> = None;
    let client = std::cell::RefCell::new(&mut client);
    stage.repeat(Duration::ZERO, |done, number| {
        let mut client = client.borrow_mut();
        // Senders begin at different agents.
        let role = ROLES[(number + sender * ROLES.len() / SENDERS) % ROLES.len()];
        let letter = Letter::new(role, stage.project)
            .saying(text(sender, number))
            .until(DeliveryState::Consumed);
        let mut connected = match client.take() {
            Some(connected) => connected,
            None => stage.world.client()?,
        };
        let message = send::send(&mut connected, &letter).with_context(|| format!("to {role}"))?;
        **client = Some(connected);
        done.sent.push(message.id);
        stage.delivered.fetch_add(1, Ordering::Relaxed);
        Ok(())
    })
}

/// A text that no other message has; most are short, one in fifty is long enough for a file.
fn text(sender: usize, number: usize) -> String {
    let length = match number % 50 {
        0 => 1_000,
        _ => number * 37 % 400,
    };
    format!("message {number} of sender {sender} {}", "x".repeat(length))
}

/// A person at the keyboard: looks, says something, follows it, plans a note and takes it back.
fn commands(stage: &Stage<'_>, done: &mut Done, number: usize) -> anyhow::Result<()> {
    let role = ROLES[number % ROLES.len()];
    stage.command(done, "torch", &["status", "--json"])?;
    let id = stage.scm(done, role, &format!("said by scm, number {number}"))?;
    stage.command(done, "torch", &["msg", "trace", &id, "--json"])?;
    let note = stage.command(done, "torch", &["schedule", "60", "look", role, "--json"])?;
    let id = note["id"]
        .as_str()
        .with_context(|| format!("no id is in {note}"))?;
    stage
        .world
        .timed("torch", &["schedule", "cancel", id], stage.project)?;
    done.commands += 1;
    done.notes += 1;
    Ok(())
}

/// Kills the program of the next agent and waits until it is back.
fn kill_one(stage: &Stage<'_>, done: &mut Done, number: usize) -> anyhow::Result<()> {
    let role = ROLES[number % ROLES.len()];
    let agent = || -> anyhow::Result<AgentView> {
        let mut agents = stage.world.agents()?.into_iter();
        agents
            .find(|agent| agent.role == role)
            .with_context(|| format!("there is no {role}"))
    };
    let before = agent()?.pid;
    let process = before.and_then(facts::process);
    kill(&[process.with_context(|| format!("{role} does not run"))?])?;
    let started = Instant::now();
    done.kills += 1;
    let back = || {
        let agent = agent().ok()?;
        (agent.briefed && agent.state.is_live() && agent.pid != before).then_some(())
    };
    poll(BACK, back).with_context(|| format!("{role} did not come back within {BACK:?}"))?;
    done.back.push_time(started.elapsed());
    Ok(())
}

/// A temporary agent comes, gets a message and goes.
fn temporary_agent(stage: &Stage<'_>, done: &mut Done, number: usize) -> anyhow::Result<()> {
    let purpose = format!("soak-{number}");
    let role = format!("temp-{purpose}");
    let run = |args: &[&str]| stage.world.timed("torch", args, stage.project);
    run(&["agent", "temp", &purpose, "say that you are there"])?;
    stage.scm(done, &role, &format!("to temporary agent {number}"))?;
    run(&["agent", "end", &role])?;
    done.commands += 2;
    done.temporary += 1;
    Ok(())
}

impl Done {
    /// Takes in what another part did.
    pub(super) fn add(&mut self, other: Self) {
        self.sent.extend(other.sent);
        self.back.extend(&other.back);
        self.kills += other.kills;
        self.temporary += other.temporary;
        self.notes += other.notes;
        self.commands += other.commands;
        self.failures.extend(other.failures);
    }

    /// What it was, for people.
    pub(super) fn lines(&self, time: Duration) -> Vec<String> {
        let at = |percent| {
            let value = self.back.percentile(percent);
            value.map_or_else(|| "–".to_owned(), |value| format!("{value:.0}"))
        };
        vec![
            format!(
                "- load: {} messages sent and proven ({:.0} a second), {} commands, {} notes planned and cancelled, {} temporary agents",
                self.sent.len(),
                self.sent.len() as f64 / time.as_secs_f64(),
                self.commands,
                self.notes,
                self.temporary,
            ),
            format!(
                "- programs killed: {}; from the end to the proven briefing min {} ms, p50 {} ms, max {} ms",
                self.kills,
                at(0),
                at(50),
                at(100),
            ),
        ]
    }

    /// Whether everything that was asked for worked, and whether anything was.
    pub(super) fn checks(&self) -> Vec<Check> {
        let mut idle = Vec::new();
        for (count, what) in [
            (self.sent.len(), "message was sent"),
            (self.kills, "program was killed"),
            (self.temporary, "temporary agent came"),
            (self.notes, "note was planned"),
        ] {
            if count == 0 {
                idle.push(format!("no {what}"));
            }
        }
        vec![
            Check::new(
                "no request and no command failed, and all killed programs came back",
                self.failures.clone(),
            ),
            Check::new("each part of the load worked", idle),
        ]
    }
}
