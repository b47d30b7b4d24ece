//! A turn: its steps, what it waits for, and its end.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde_json::json;
use torch_core::Timestamp;

use super::{Agent, Dialog, Effect, Look, Phase};
use crate::play::Message;
use crate::record::LedgerEntry;
use crate::step::{Send, Step, Work};
use crate::work::{Done, Failure};

/// How often a message is tried when it is not clear that it can't succeed.
const SEND_TRIES: u32 = 4;
/// How long to wait after the first failed try, in milliseconds; doubled after each.
const SEND_PAUSE_MS: u64 = 500;

/// What a turn waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Nothing: its next step can begin.
    Nothing,
    /// A time.
    Until(Timestamp),
    /// The job of this step.
    Job(Step),
    /// The hooks at the end of this tool.
    Hooks(String),
    /// A person's word on a permission.
    Dialog(Dialog),
    /// The end of a usage limit.
    Limit(Timestamp),
}

/// One prompt being worked on.
#[derive(Debug)]
pub(crate) struct Turn {
    /// Its number in this conversation, from 1.
    pub number: u64,
    /// What it waits for.
    pub wait: Wait,
    prompt: String,
    message: Message,
    steps: VecDeque<Step>,
    began: Timestamp,
    found: BTreeMap<String, String>,
    said: Vec<String>,
    done: Vec<String>,
    /// How many tools have ended.
    tools: u32,
    /// How often its step was put off because another git held the worktree.
    put_off: u32,
}

impl Turn {
    pub(super) fn new(
        number: u64,
        prompt: String,
        message: Message,
        steps: Vec<Step>,
        began: Timestamp,
    ) -> Self {
        Self {
            number,
            wait: Wait::Nothing,
            prompt,
            message,
            steps: steps.into(),
            began,
            found: BTreeMap::new(),
            said: Vec::new(),
            done: Vec::new(),
            tools: 0,
            put_off: 0,
        }
    }

    /// Whether the permission dialog is open.
    pub(crate) fn is_asking(&self) -> bool {
        matches!(self.wait, Wait::Dialog(_))
    }

    /// Its open permission dialog.
    pub(super) fn dialog(&self) -> Option<&Dialog> {
        match &self.wait {
            Wait::Dialog(dialog) => Some(dialog),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub(super) fn dialog_mut(&mut self) -> Option<&mut Dialog> {
        match &mut self.wait {
            Wait::Dialog(dialog) => Some(dialog),
            _ => None,
        }
    }

    /// When the limit that holds it ends.
    pub(crate) fn limit(&self) -> Option<Timestamp> {
        match self.wait {
            Wait::Limit(until) => Some(until),
            _ => None,
        }
    }

    pub(super) fn deadline(&self) -> Option<Timestamp> {
        match self.wait {
            Wait::Until(until) | Wait::Limit(until) => Some(until),
            _ => None,
        }
    }

    /// Puts in what earlier steps found out.
    fn fill(&self, text: &str) -> String {
        self.found
            .iter()
            .fold(text.to_owned(), |text, (name, value)| {
                text.replace(&format!("{{{name}}}"), value)
            })
    }
}

impl Agent {
    /// Goes through the turn's steps as far as nothing has to be waited for.
    pub(super) fn advance(&mut self, now: Timestamp) {
        while self.phase != Phase::Hung {
            let Some(turn) = &mut self.turn else { return };
            match turn.wait {
                Wait::Job(_) | Wait::Hooks(_) | Wait::Dialog(_) => return,
                Wait::Until(until) | Wait::Limit(until) if now < until => return,
                Wait::Limit(_) => {
                    turn.wait = Wait::Nothing;
                    let text = "Usage limit reset · Continuing automatically";
                    self.print(Look::Reply, text);
                    self.out.push(Effect::Notice(text.to_owned()));
                }
                Wait::Until(_) | Wait::Nothing => turn.wait = Wait::Nothing,
            }
            let Some(turn) = &mut self.turn else { return };
            match turn.steps.pop_front() {
                Some(step) => self.step(now, step),
                None => self.finish(now),
            }
        }
    }

    pub(super) fn wait(&mut self, wait: Wait) {
        if let Some(turn) = &mut self.turn {
            turn.wait = wait;
        }
    }

    /// Notes a thing done, for the line at the turn's end.
    pub(super) fn did(&mut self, what: String) {
        if let Some(turn) = &mut self.turn {
            turn.done.push(what);
        }
    }

    /// Escape: ends the turn, fires no hook, and lets what is queued go out at once.
    pub(super) fn interrupt(&mut self, now: Timestamp) {
        let Some(turn) = self.turn.take() else { return };
        self.out.push(Effect::Ledger(LedgerEntry::Interrupted {
            text: turn.prompt,
        }));
        self.out
            .push(Effect::User("[Request interrupted by user]".to_owned()));
        self.print(
            Look::Detail,
            "Interrupted · What should the demo do instead?",
        );
        self.next_in_queue(now);
    }

    pub(super) fn next_in_queue(&mut self, now: Timestamp) {
        if let Some(prompt) = self.queue.pop_front() {
            self.begin_turn(now, prompt);
        }
    }

    fn step(&mut self, now: Timestamp, step: Step) {
        match step {
            Step::Say(text) => self.say(&text),
            Step::Work(Work { ms }) => {
                self.wait(Wait::Until(now.after(Duration::from_millis(ms))));
            }
            Step::AskPermission(tool) => self.open_dialog(tool),
            Step::Limit(limit) => {
                let until = now.after(Duration::from_secs(limit.seconds));
                self.limit(now, until, limit.continues);
            }
            Step::StillLimited => {
                let until = self.limited_until.unwrap_or(now);
                self.limit(now, until, false);
            }
            Step::Crash(ending) => {
                self.phase = Phase::Hung;
                self.out.push(Effect::Crash(ending));
            }
            Step::Draft(draft) => self.composer.set(&draft.text),
            Step::Hang => self.phase = Phase::Hung,
            job => self.start(job),
        }
    }

    fn say(&mut self, text: &str) {
        let Some(turn) = &mut self.turn else { return };
        let text = turn.fill(text);
        turn.said.push(text.clone());
        self.print(Look::Reply, &text);
    }

    /// Hands a step's work out.
    fn start(&mut self, step: Step) {
        let Some(turn) = &mut self.turn else { return };
        let step = match step {
            Step::Send(send) => Step::Send(Send {
                body: turn.fill(&send.body),
                ..send
            }),
            Step::Commit(mut commit) => {
                commit.content = commit.content.map(|content| turn.fill(&content));
                Step::Commit(commit)
            }
            Step::Keep(mut commit) => {
                commit.content = commit.content.map(|content| turn.fill(&content));
                Step::Keep(commit)
            }
            Step::TaskDone { id, words } => Step::TaskDone {
                words: turn.fill(&words),
                id,
            },
            Step::Complete(text) => Step::Complete(turn.fill(&text)),
            other => other,
        };
        turn.wait = Wait::Job(step.clone());
        let number = turn.number;
        if let Step::Shell(shell) = &step {
            let fields = json!({"tool_name": "Bash", "tool_input": {"command": shell.command}});
            self.hook("PreToolUse", fields);
        }
        self.out.push(Effect::Start { turn: number, step });
    }

    pub(super) fn job_done(&mut self, number: u64, result: Result<Done, Failure>) {
        let Some(turn) = self.turn.as_mut().filter(|turn| turn.number == number) else {
            return;
        };
        let Wait::Job(step) = std::mem::replace(&mut turn.wait, Wait::Nothing) else {
            return;
        };
        match result {
            Ok(done) => self.job_succeeded(&step, done),
            Err(failure) => self.job_failed(step, failure),
        }
    }

    fn job_succeeded(&mut self, step: &Step, done: Done) {
        for line in &done.shown {
            self.print(Look::Detail, line);
        }
        if let Step::Shell(shell) = step {
            self.tool_ended("Bash", Some(&shell.command));
        }
        let Some(turn) = &mut self.turn else { return };
        turn.put_off = 0;
        turn.found.extend(done.found);
        turn.done.extend(done.summary);
        if let Step::Open(open) = step {
            let mut message = open.message.clone();
            if let Some(body) = done.body {
                message.body = body;
            }
            turn.steps = self.play.react(&message, &done.items).into();
        }
    }

    /// A tool has ended: the turn goes on once its hooks have run.
    pub(super) fn tool_ended(&mut self, name: &str, command: Option<&str>) {
        let Some(turn) = &mut self.turn else { return };
        turn.tools += 1;
        let tool = format!("tool-{}-{}", turn.number, turn.tools);
        turn.wait = Wait::Hooks(tool.clone());
        let input = json!({"command": command});
        let fields = json!({"tool_name": name, "tool_input": input, "tool_use_id": tool});
        self.hook("PostToolUse", fields);
    }

    /// What the hooks of a tool's end add is read in the same turn. A turn that was interrupted meanwhile reads nothing.
    pub(super) fn hooks_ran(&mut self, tool: &str, contexts: &[String]) {
        let waited = |turn: &&mut Turn| turn.wait == Wait::Hooks(tool.to_owned());
        let Some(turn) = self.turn.as_mut().filter(waited) else {
            return;
        };
        turn.wait = Wait::Nothing;
        for text in contexts {
            let message = Message::parse(text, tool);
            self.out.push(Effect::Ledger(LedgerEntry::Prompt {
                text: text.clone(),
                tag: message.id.clone(),
                handed_over: true,
            }));
            self.out.push(Effect::Context(text.clone()));
            self.print(Look::Detail, &format!("A hook adds: {text}"));
            let steps = self.first_steps(text, &message);
            if let Some(turn) = &mut self.turn {
                turn.steps.extend(steps);
            }
        }
    }

    /// A failed message is tried again where that may help, and so is a commit while another git, such as a merge of torch's, holds
    /// the worktree; any other failure ends the play of this turn and is
    /// reported, because what would follow (`DONE …`) would not be true.
    fn job_failed(&mut self, step: Step, failure: Failure) {
        self.print(Look::Detail, &failure.text);
        let Some(turn) = &mut self.turn else { return };
        match step {
            Step::Send(send) if failure.again && send.attempt < SEND_TRIES => {
                let ms = SEND_PAUSE_MS << (send.attempt - 1);
                let attempt = send.attempt + 1;
                turn.steps.push_front(Step::Send(Send { attempt, ..send }));
                turn.steps.push_front(Step::Work(Work { ms }));
            }
            Step::Commit(commit) if failure.again && turn.put_off < SEND_TRIES => {
                let ms = SEND_PAUSE_MS << turn.put_off;
                turn.put_off += 1;
                turn.steps.push_front(Step::Commit(commit));
                turn.steps.push_front(Step::Work(Work { ms }));
            }
            Step::Shell(shell) => {
                turn.done.push("a command failed".to_owned());
                self.tool_ended("Bash", Some(&shell.command));
            }
            step => {
                turn.done.push(failure.text.clone());
                turn.steps.clear();
                let report = self.play.failed(&turn.message, &failure.text);
                // A report that can't be sent is not reported again, and not to the one that can't be reached.
                let again = match (&step, &report) {
                    (Step::Send(failed), Some(Step::Send(report))) => {
                        !failed.body.starts_with("BLOCKED") && failed.to != report.to
                    }
                    _ => true,
                };
                turn.steps.extend(report.filter(|_| again));
            }
        }
    }

    /// The turn's end: what it did in one line, Stop, and the next prompt of the queue.
    fn finish(&mut self, now: Timestamp) {
        let Some(turn) = self.turn.take() else { return };
        let seconds = now.since(turn.began).as_millis() as f64 / 1_000.0;
        let what = match turn.done.as_slice() {
            [] => "nothing to do".to_owned(),
            done => done.join("; "),
        };
        self.print(Look::End, &format!("Done in {seconds:.1} s: {what}"));
        let text = match turn.said.as_slice() {
            [] => what.clone(),
            said => said.join("\n"),
        };
        self.play.finished(&what);
        self.out.push(Effect::Assistant(text.clone()));
        let fields = json!({"stop_hook_active": false, "last_assistant_message": text});
        self.hook("Stop", fields);
        self.next_in_queue(now);
    }

    /// The usage limit, in Claude Code's words (2.1.329): the message and StopFailure. Then it goes on by itself at the reset,
    /// or the turn is over and every prompt before the reset ends the same way.
    fn limit(&mut self, now: Timestamp, until: Timestamp, continues: bool) {
        let text = format!(
            "You've hit your 5-hour limit · resets {}",
            self.clock(until, "%-I:%M%P (%Q)")
        );
        self.print(Look::Detail, &text);
        self.out.push(Effect::Limited {
            text: text.clone(),
            until,
        });
        if continues {
            let time = self.clock(until, "%-I:%M%P");
            let text =
                format!("Usage limit reached · continuing automatically at {time} · esc to cancel");
            self.print(Look::Reply, &text);
            self.out.push(Effect::Notice(text));
        }
        let fields = json!({"error": "rate_limit", "last_assistant_message": text});
        self.hook("StopFailure", fields);
        if continues {
            return self.wait(Wait::Limit(until));
        }
        self.limited_until = Some(until);
        self.turn = None;
        self.next_in_queue(now);
    }

    /// A time in the agent's zone.
    pub(crate) fn clock(&self, at: Timestamp, format: &str) -> String {
        let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
        jiff::Timestamp::from_millisecond(millis).map_or_else(
            |_| at.0.to_string(),
            |time| {
                time.to_zoned(self.identity.zone.clone())
                    .strftime(format)
                    .to_string()
            },
        )
    }
}
