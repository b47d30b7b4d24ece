//! The loop: waits for input, a job's end or a time, lets the agent react, carries its effects out, draws.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use nix::sys::signal::{Signal, raise};
use serde::Serialize;
use torch_core::Timestamp;
use torch_process::clock;

use crate::agent::{Agent, Effect, Event, Identity};
use crate::hooks::{HookRunner, Settings, SettingsError};
use crate::play::{Cast, Commits, Play};
use crate::record::{self, LedgerLine};
use crate::scenario::{Scenario, ScenarioError};
use crate::step::{Ending, Step};
use crate::terminal::{Input, Terminal, read_input};
use crate::view;
use crate::work::{self, World};

/// The variable that names a scenario for all agents of a team (`torch auto --scenario`).
const SCENARIO: &str = "TORCH_DEMO_SCENARIO";

/// How the demo agent is started.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The settings file with the hooks.
    pub settings: Option<PathBuf>,
    /// The conversation's id, a UUID.
    pub conversation: String,
    /// The scenario; the one that `TORCH_DEMO_SCENARIO` names without one, else the built-in behaviour.
    pub scenario: Option<PathBuf>,
    /// The ledger; `demo-<conversation>.ledger.jsonl` beside the settings without one, none without settings.
    pub ledger: Option<PathBuf>,
    /// The transcript; `demo-<conversation>.jsonl` beside the settings without one, none without settings.
    pub transcript: Option<PathBuf>,
}

/// Why the demo agent could not run.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Its settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Its scenario.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// A file that it writes to.
    #[error("failed to write `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Its terminal.
    #[error("failed to use the terminal")]
    Terminal(#[source] io::Error),
    /// Its working directory.
    #[error("failed to find the working directory")]
    Directory(#[source] io::Error),
    /// A signal that a scenario names.
    #[error("failed to end by the signal `{0}`, which is none")]
    Signal(String),
}

/// Runs the demo agent on this process' terminal to its end.
///
/// # Errors
/// [`DemoError`] when it can't start, or loses its terminal or its files.
pub(crate) fn run(options: &Options) -> Result<u8, DemoError> {
    let mut demo = Demo::open(options)?;
    if let Some(status) = demo.exit_at_start {
        writeln!(
            std::io::stderr(),
            "the scenario ends it with status {status}"
        )
        .ok();
        return Ok(status);
    }
    let mut terminal = Terminal::open().map_err(DemoError::Terminal)?;
    let sender = demo.sender.clone();
    std::thread::spawn(move || read_input(&sender));
    let end = demo.follow(&mut terminal);
    match &end {
        Ok(End::Crash(Ending::Status(status))) => return Ok(*status),
        Ok(End::Crash(Ending::Signal(name))) => {
            let signal = Signal::from_str(&format!("SIG{name}"));
            let raised = signal.is_ok_and(|signal| raise(signal).is_ok());
            return if raised {
                Ok(1)
            } else {
                Err(DemoError::Signal(name.clone()))
            };
        }
        Ok(End::Exit) => drop(demo.hooks.finish()),
        Ok(End::Closed) | Err(_) => crate::deaf::stay(),
    }
    let closed = terminal.close().map_err(DemoError::Terminal);
    end.and(closed).map(|()| 0)
}

/// How the loop ended.
enum End {
    Exit,
    Crash(Ending),
    Closed,
}

struct Demo {
    agent: Agent,
    exit_at_start: Option<u8>,
    draw_delay: Duration,
    ledger: Option<Journal>,
    transcript: Option<Journal>,
    hooks: HookRunner,
    world: World,
    sender: Sender<Input>,
    inputs: Receiver<Input>,
}

impl Demo {
    fn open(options: &Options) -> Result<Self, DemoError> {
        let settings = match &options.settings {
            Some(path) => Settings::read(path)?,
            None => Settings::default(),
        };
        let var = |name: &str| std::env::var(name).unwrap_or_default();
        let named = Some(var(SCENARIO)).filter(|path| !path.is_empty());
        let role = Some(var("TORCH_ROLE"))
            .filter(|role| !role.is_empty())
            .unwrap_or_else(|| "agent".to_owned());
        let scenario = match options.scenario.clone().or(named.map(PathBuf::from)) {
            Some(path) => Scenario::read(&path)?.for_role(&role),
            None => Scenario::default(),
        };
        let world = World {
            cwd: std::env::current_dir().map_err(DemoError::Directory)?,
            env: std::env::vars_os().collect(),
            role: role.clone(),
            spec: std::env::var_os("TORCH_SPEC")
                .filter(|path| !path.is_empty())
                .map(PathBuf::from),
        };
        let beside = |given: &Option<PathBuf>, ending: &str| {
            let folder = options.settings.as_deref().and_then(Path::parent);
            let name = format!("demo-{}{ending}", options.conversation);
            given
                .clone()
                .or_else(|| folder.map(|folder| folder.join(name)))
        };
        let identity = Identity {
            conversation: options.conversation.clone(),
            role: role.clone(),
            zone: jiff::tz::TimeZone::system(),
        };
        let play = Play::new(Cast::new(&role, &var("TORCH_TEAM_ROLES")), scenario.pace_ms)
            .under(Commits::named(&var("TORCH_AGENT_COMMITS")));
        let play = match world.spec {
            Some(_) => play,
            None => play.without_spec(),
        };
        let (sender, inputs) = channel();
        Ok(Self {
            exit_at_start: scenario.exit_at_start,
            draw_delay: Duration::from_millis(scenario.draw_delay_ms),
            agent: Agent::new(identity, scenario, play, clock::now()),
            ledger: beside(&options.ledger, ".ledger.jsonl")
                .map(Journal::open)
                .transpose()?,
            transcript: beside(&options.transcript, ".jsonl")
                .map(Journal::open)
                .transpose()?,
            hooks: HookRunner::start(settings, world.clone(), sender.clone()),
            world,
            sender,
            inputs,
        })
    }

    fn follow(&mut self, terminal: &mut Terminal) -> Result<End, DemoError> {
        let mut draw_at = Some(clock::now());
        let mut event = Some(Event::Tick);
        loop {
            let now = clock::now();
            if let Some(event) = event.take() {
                let effects = self.agent.handle(now, event);
                if let Some(end) = self.carry_out(now, effects)? {
                    return Ok(end);
                }
                draw_at = draw_at.or(Some(now.after(self.draw_delay)));
            }
            if draw_at.is_some_and(|at| clock::now() >= at) {
                draw_at = None;
                let (width, height) = terminal.size().map_err(DemoError::Terminal)?;
                terminal
                    .show(view::draw(&self.agent, width, height))
                    .map_err(DemoError::Terminal)?;
                let effects = self.agent.handle(clock::now(), Event::Drawn);
                if let Some(end) = self.carry_out(now, effects)? {
                    return Ok(end);
                }
            }
            match self.next(draw_at) {
                Some(Input::Agent(next)) => event = Some(next),
                Some(Input::Resized) => {
                    terminal.forget();
                    draw_at = Some(clock::now());
                }
                Some(Input::Closed) => return Ok(End::Closed),
                None => event = Some(Event::Tick),
            }
        }
    }

    /// The next input, or `None` when the agent or the screen is due.
    fn next(&self, draw_at: Option<Timestamp>) -> Option<Input> {
        let due = [self.agent.deadline(), draw_at].into_iter().flatten().min();
        let Some(due) = due else {
            return self.inputs.recv().ok();
        };
        match self.inputs.recv_timeout(due.since(clock::now())) {
            Ok(input) => Some(input),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Input::Closed),
        }
    }

    fn carry_out(
        &mut self,
        now: Timestamp,
        effects: Vec<Effect>,
    ) -> Result<Option<End>, DemoError> {
        for effect in effects {
            let conversation = &self.agent.identity().conversation;
            match effect {
                Effect::Ledger(entry) => {
                    if let Some(ledger) = &mut self.ledger {
                        ledger.append(&LedgerLine { at: now, entry })?;
                        ledger.sync()?;
                    }
                }
                Effect::User(text) => {
                    self.transcribe(&record::user(&text, now, &conversation.clone()))?
                }
                Effect::Context(text) => {
                    self.transcribe(&record::context(&text, now, &conversation.clone()))?
                }
                Effect::Assistant(text) => {
                    self.transcribe(&record::assistant(&text, now, &conversation.clone()))?
                }
                Effect::Limited { text, until } => {
                    let conversation = conversation.clone();
                    self.transcribe(&record::limited(&text, until, now, &conversation))?;
                }
                Effect::Notice(text) => {
                    self.transcribe(&record::notice(&text, now, &conversation.clone()))?
                }
                Effect::Hook(hook) => {
                    let transcript = self
                        .transcript
                        .as_ref()
                        .map_or_else(String::new, |journal| journal.path.display().to_string());
                    let cwd = self.world.cwd.display().to_string();
                    self.hooks.fire(
                        hook.name,
                        hook.payload(self.agent.identity(), &transcript, &cwd),
                    );
                }
                Effect::Start { turn, step } => self.start(turn, step),
                Effect::Crash(ending) => return Ok(Some(End::Crash(ending))),
                Effect::Exit => return Ok(Some(End::Exit)),
            }
        }
        Ok(None)
    }

    fn transcribe(&mut self, record: &serde_json::Value) -> Result<(), DemoError> {
        match &mut self.transcript {
            Some(transcript) => transcript.append(record),
            None => Ok(()),
        }
    }

    /// Does a step's work on a thread; its result comes back as an event.
    fn start(&self, turn: u64, step: Step) {
        let (world, sender) = (self.world.clone(), self.sender.clone());
        std::thread::spawn(move || {
            let result = work::perform(&step, &world);
            if matches!(step, Step::Flood(_)) {
                // Nothing of the screen is left.
                sender.send(Input::Resized).ok();
            }
            // The loop may have ended meanwhile.
            sender.send(Input::Agent(Event::Job { turn, result })).ok();
        });
    }
}

/// A JSONL file that is only appended to.
struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    fn open(path: PathBuf) -> Result<Self, DemoError> {
        match OpenOptions::new().create(true).append(true).open(&path) {
            Ok(file) => Ok(Self { path, file }),
            Err(source) => Err(DemoError::File { path, source }),
        }
    }

    fn append(&mut self, line: &impl Serialize) -> Result<(), DemoError> {
        let written = serde_json::to_vec(line)
            .map_err(io::Error::from)
            .and_then(|mut bytes| {
                bytes.push(b'\n');
                self.file.write_all(&bytes)
            });
        self.checked(written)
    }

    fn sync(&mut self) -> Result<(), DemoError> {
        let synced = self.file.sync_data();
        self.checked(synced)
    }

    fn checked(&self, result: io::Result<()>) -> Result<(), DemoError> {
        result.map_err(|source| DemoError::File {
            path: self.path.clone(),
            source,
        })
    }
}
