//! The agent as a pure state machine: keys, pastes, finished jobs and the time go in, effects come out.

mod ambient;
mod dialog;
mod input;
mod turn;

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Value, json};
use torch_core::Timestamp;

use crate::composer::Composer;
use crate::play::{Message, Play};
use crate::record::{HookEvent, LedgerEntry};
use crate::scenario::Scenario;
use crate::step::{Ending, Open, Shell, Step};
use crate::work::{Done, Failure};

pub(crate) use dialog::Dialog;
pub(crate) use turn::{Turn, Wait};

/// How long the first Ctrl-C is remembered (about what Claude Code does).
const EXIT_WINDOW: Duration = Duration::from_secs(1);
/// How many entries of the conversation are kept.
const CONVERSATION_MAX: usize = 1_000;

/// Who this agent is.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// The conversation's id.
    pub conversation: String,
    /// The role, or `agent`.
    pub role: String,
    /// The zone that times on the screen are in.
    pub zone: jiff::tz::TimeZone,
}

/// A key as the composer and the dialogs know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// A printable character.
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Cursor left.
    Left,
    /// Cursor right.
    Right,
    /// Cursor up.
    Up,
    /// Cursor down.
    Down,
    /// Home, Ctrl-A.
    Home,
    /// End, Ctrl-E.
    End,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-U.
    ClearLine,
}

/// What happens to the agent.
#[derive(Debug)]
pub(crate) enum Event {
    /// It starts, or a time it waited for may have come.
    Tick,
    /// Keys that arrived together: a digit acts on a dialog only if it came alone.
    Keys(Vec<Key>),
    /// A bracketed paste.
    Paste(String),
    /// The job of a turn is done.
    Job {
        /// The turn's number; that of an interrupted one is ignored.
        turn: u64,
        /// How it went.
        result: Result<Done, Failure>,
    },
    /// The screen shows the present state.
    Drawn,
    /// The hooks of a tool's end have run.
    HooksRan {
        /// Which tool's.
        tool: String,
        /// What they add to the conversation.
        contexts: Vec<String>,
    },
    /// Something outside failed that the person should see.
    Note(String),
}

/// What the agent does to the world. They are carried out in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// A ledger line; on disk before the next effect.
    Ledger(LedgerEntry),
    /// A user record for the transcript.
    User(String),
    /// An assistant record for the transcript.
    Assistant(String),
    /// The assistant record of a usage limit.
    Limited {
        /// The text.
        text: String,
        /// When it is reset.
        until: Timestamp,
    },
    /// A notice of the program itself, for the transcript.
    Notice(String),
    /// What a hook added, for the transcript.
    Context(String),
    /// A hook fires.
    Hook(HookEvent),
    /// A step's work begins outside.
    Start {
        /// The turn's number.
        turn: u64,
        /// The step.
        step: Step,
    },
    /// The program ends itself, the screen left as it is.
    Crash(Ending),
    /// The program ends in order.
    Exit,
}

/// How an entry of the conversation looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// A prompt, `❯ `.
    Prompt,
    /// The agent's words, `● `.
    Reply,
    /// What a step did, `  ⎿  `.
    Detail,
    /// The line at a turn's end, `✻ `.
    End,
}

/// Where the agent stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing is drawn yet.
    Starting {
        /// When that ends; `None` is never.
        until: Option<Timestamp>,
    },
    /// The composer is there. `announced`: the conversation's start was reported.
    Ready {
        /// Whether SessionStart has fired.
        announced: bool,
    },
    /// Nothing is reacted to any more.
    Hung,
}

/// The agent.
#[derive(Debug)]
pub(crate) struct Agent {
    identity: Identity,
    scenario: Scenario,
    play: Play,
    phase: Phase,
    composer: Composer,
    conversation: VecDeque<(Look, String)>,
    queue: VecDeque<String>,
    turn: Option<Turn>,
    turns: u64,
    held: Vec<Event>,
    exit_armed: Option<Timestamp>,
    background: Option<ambient::Background>,
    /// Until when every prompt ends in the usage limit.
    limited_until: Option<Timestamp>,
    out: Vec<Effect>,
}

impl Agent {
    /// An agent at its start, at `now`. `spec` is the spec's path for the play.
    pub(crate) fn new(identity: Identity, scenario: Scenario, play: Play, now: Timestamp) -> Self {
        let until = scenario
            .ready
            .then(|| now.after(Duration::from_millis(scenario.start_delay_ms)));
        let mut agent = Self {
            identity,
            play,
            phase: Phase::Starting { until },
            composer: Composer::default(),
            conversation: VecDeque::new(),
            queue: VecDeque::new(),
            turn: None,
            turns: 0,
            held: Vec::new(),
            exit_armed: None,
            background: None,
            limited_until: None,
            out: Vec::new(),
            scenario,
        };
        if let Some(draft) = agent.scenario.draft.clone() {
            agent.composer.set(&draft);
        }
        agent
    }

    /// Takes in one event and gives back what follows from it.
    pub(crate) fn handle(&mut self, now: Timestamp, event: Event) -> Vec<Effect> {
        if matches!(event, Event::Drawn) {
            // Only this: anything more would change what was just drawn.
            self.announce();
            return std::mem::take(&mut self.out);
        }
        self.become_ready(now);
        match event {
            Event::Tick | Event::Drawn => {}
            Event::Note(text) => self.print(Look::Detail, &text),
            Event::Job { turn, result } => self.job_done(turn, result),
            Event::HooksRan { tool, contexts } => self.hooks_ran(&tool, &contexts),
            input => self.input(now, input),
        }
        if self
            .exit_armed
            .is_some_and(|armed| now.since(armed) >= EXIT_WINDOW)
        {
            self.exit_armed = None;
        }
        self.run_background(now);
        self.advance(now);
        std::mem::take(&mut self.out)
    }

    /// When [`Event::Tick`] is due next.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        let start = match self.phase {
            Phase::Starting { until } => until,
            _ => None,
        };
        let turn = self.turn.as_ref().and_then(Turn::deadline);
        let exit = self.exit_armed.map(|armed| armed.after(EXIT_WINDOW));
        let background = self.background.as_ref().and_then(|all| all.deadline());
        [start, turn, exit, background].into_iter().flatten().min()
    }

    /// Where it stands in its life.
    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    /// Who it is.
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What is being written.
    pub(crate) fn composer(&self) -> &Composer {
        &self.composer
    }

    /// The conversation, oldest first.
    pub(crate) fn conversation(&self) -> impl DoubleEndedIterator<Item = &(Look, String)> {
        self.conversation.iter()
    }

    /// The prompts that wait for the turn's end.
    pub(crate) fn queued(&self) -> impl Iterator<Item = &str> {
        self.queue.iter().map(String::as_str)
    }

    /// The turn under way.
    pub(crate) fn turn(&self) -> Option<&Turn> {
        self.turn.as_ref()
    }

    /// Whether one more Ctrl-C ends it.
    pub(crate) fn exit_armed(&self) -> bool {
        self.exit_armed.is_some()
    }

    fn become_ready(&mut self, now: Timestamp) {
        if let Phase::Starting { until: Some(until) } = self.phase
            && now >= until
        {
            self.phase = Phase::Ready { announced: false };
            for event in std::mem::take(&mut self.held) {
                self.input(now, event);
            }
        }
    }

    fn announce(&mut self) {
        if self.phase == (Phase::Ready { announced: false }) {
            self.phase = Phase::Ready { announced: true };
            self.hook(
                "SessionStart",
                json!({"source": "startup", "model": "demo"}),
            );
        }
    }

    /// A submitted text: recorded first, then a command of the program, or a prompt for now or for later.
    fn submit(&mut self, now: Timestamp, text: String) {
        let tag = Message::parse(&text, "").id;
        self.out.push(Effect::Ledger(LedgerEntry::Prompt {
            text: text.clone(),
            tag,
            handed_over: false,
        }));
        if matches!(text.as_str(), "exit" | "/exit" | "/quit") {
            return self.exit();
        }
        let word = text.split_whitespace().next().unwrap_or_default();
        if word.starts_with('/') && !word[1..].contains('/') {
            return self.print(Look::Reply, &format!("Unknown command: {word}"));
        }
        self.hook("UserPromptSubmit", json!({"prompt": text}));
        if self.turn.is_some() {
            self.queue.push_back(text);
        } else {
            self.begin_turn(now, text);
        }
    }

    /// Starts the turn of a prompt that enters the conversation now.
    fn begin_turn(&mut self, now: Timestamp, prompt: String) {
        self.print(Look::Prompt, &prompt);
        self.out.push(Effect::User(prompt.clone()));
        self.turns += 1;
        if self.turns == 1 {
            let plan = self.scenario.dialogs.clone();
            self.background = plan.map(|plan| ambient::Background::new(plan, now));
        }
        let message = Message::parse(
            &prompt,
            &format!("{}-{}", self.identity.conversation, self.turns),
        );
        let steps = match self.limited_until.filter(|until| now < *until) {
            Some(_) => vec![Step::StillLimited],
            None => self.first_steps(&prompt, &message),
        };
        self.turn = Some(Turn::new(self.turns, prompt, message, steps, now));
    }

    pub(super) fn first_steps(&mut self, prompt: &str, message: &Message) -> Vec<Step> {
        if let Some(command) = prompt.strip_prefix('!') {
            let command = command.to_owned();
            return vec![Step::Shell(Shell { command })];
        }
        if !self.play.begin(message) {
            let id = message.id.as_deref().unwrap_or_default();
            return vec![Step::Say(format!(
                "I have handled {id} already; nothing done twice."
            ))];
        }
        if let Some(steps) = self.scenario.steps_for(prompt) {
            return steps;
        }
        if !self.scenario.play {
            return vec![Step::Say("Noted.".to_owned())];
        }
        vec![Step::Open(Open {
            message: message.clone(),
            body_file: message.body_file(),
            plan: self.play.wants_plan(),
        })]
    }

    fn print(&mut self, look: Look, text: &str) {
        self.conversation.push_back((look, text.to_owned()));
        if self.conversation.len() > CONVERSATION_MAX {
            self.conversation.pop_front();
        }
    }

    fn hook(&mut self, name: &'static str, fields: Value) {
        self.out.push(Effect::Hook(HookEvent::new(name, fields)));
    }
}

#[cfg(test)]
mod tests;
