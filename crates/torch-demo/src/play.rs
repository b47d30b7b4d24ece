//! The built-in play: from a message to the steps of a turn, by role. It keeps no plan of its own: what comes next
//! follows from the spec and from the message, so an agent that was started again goes on where it was.

pub(crate) mod message;
pub(crate) mod roles;
pub(crate) mod spec;

use std::collections::BTreeSet;

pub(crate) use message::Message;
pub(crate) use roles::Cast;
pub(crate) use spec::Item;

use crate::step::{Commit, Send, Step, Work};

/// How torch tells the lead of a changed spec.
const CHANGED: &str = "The spec changed, and with it the plan:";
/// In a plan's message: the number of the first item that is to be done.
const FROM: &str = "PLAN: from item ";
/// In the briefing of a team whose spec is complete.
const COMPLETE: &str = "reported the whole spec complete";

/// The first words of the messages that belong to the play. None of them is ever taken for a question.
const WORDS: [&str; 13] = [
    "BRIEFING",
    "PLAN",
    "TASK",
    "DONE",
    "VERIFY",
    "VERIFIED",
    "RUN TESTS",
    "TESTS PASSED",
    "TESTS FAILED",
    "ALL DONE",
    "INCOMPLETE",
    "BLOCKED",
    "ANSWER",
];

/// What the team's policy says of commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Commits {
    /// The agents make them.
    Made,
    /// A person makes them; the agents leave their files as they are.
    Left,
}

impl Commits {
    /// As `TORCH_AGENT_COMMITS` says; made where it says nothing.
    pub(crate) fn named(value: &str) -> Self {
        match value {
            "forbidden" => Self::Left,
            _ => Self::Made,
        }
    }
}

/// One role's part.
#[derive(Debug, Clone)]
pub(crate) struct Play {
    cast: Cast,
    pace_ms: u64,
    commits: Commits,
    has_spec: bool,
    handled: BTreeSet<String>,
    turns: usize,
    last: String,
}

impl Play {
    /// The part of `cast.me`, which works `pace_ms` on each thing.
    pub(crate) fn new(cast: Cast, pace_ms: u64) -> Self {
        Self {
            cast,
            pace_ms,
            commits: Commits::Made,
            has_spec: true,
            handled: BTreeSet::new(),
            turns: 0,
            last: String::new(),
        }
    }

    /// The same part under a policy.
    pub(crate) fn under(self, commits: Commits) -> Self {
        Self { commits, ..self }
    }

    /// The same part in a team that works without a spec, as one that `torch open` starts.
    pub(crate) fn without_spec(self) -> Self {
        Self {
            has_spec: false,
            ..self
        }
    }

    /// Whether this part hands out what the team's plan says.
    pub(crate) fn wants_plan(&self) -> bool {
        self.cast.leads() || self.cast.coordinates()
    }

    /// Notes that a message is being handled; `false` if it was before, on whatever try.
    pub(crate) fn begin(&mut self, message: &Message) -> bool {
        message
            .id
            .as_ref()
            .is_none_or(|id| self.handled.insert(id.clone()))
    }

    /// What to tell whom when a step of a message's turn failed: the sender of a task, or those who lead.
    pub(crate) fn failed(&self, message: &Message, what: &str) -> Option<Step> {
        let text = format!("BLOCKED: {what}");
        let from = message.from.as_deref()?;
        let to = match from {
            "torch" | "script" | "unknown" if self.cast.leads() => "human",
            "torch" | "script" | "unknown" => self.cast.lead(),
            from => from,
        };
        Some(self.send(message, to, text))
    }

    /// Notes what a finished turn did, for answers.
    pub(crate) fn finished(&mut self, summary: &str) {
        self.turns += 1;
        summary.clone_into(&mut self.last);
    }

    /// The steps that a message asks for. `items` are the spec's, where it could be read.
    pub(crate) fn react(&self, message: &Message, items: &[Item]) -> Vec<Step> {
        let body = message.body.trim();
        let word = WORDS.into_iter().find(|word| starts_with_word(body, word));
        let rest = word.map_or(body, |word| {
            body[word.len()..].trim_start_matches([':', ' '])
        });
        let coordinator = self.cast.coordinates();
        match word {
            Some("BRIEFING") if body.contains(COMPLETE) => vec![Step::Say(
                "The spec is complete; waiting for a message.".to_owned(),
            )],
            Some("BRIEFING") if self.cast.leads() => self.open_work(message, items),
            Some("BRIEFING") => vec![Step::Say(format!(
                "Briefed as {}; waiting for work.",
                self.cast.me
            ))],
            Some("PLAN") if coordinator => {
                let from = body.strip_prefix(FROM).and_then(number);
                self.hand_out(message, from.map_or(1, |(n, _)| n), items)
            }
            Some("TASK") => self.task(message, rest),
            Some("DONE") if coordinator => self.after_task(message, rest, items),
            Some("VERIFY") => self.verify(message, rest),
            Some("VERIFIED") if coordinator => self.after_verify(message, rest, items),
            Some("RUN TESTS") => self.run_tests(message, rest, items),
            Some("TESTS PASSED") if coordinator => self.report(
                message,
                &format!("ALL DONE: {} items, tests passed: {rest}", items.len()),
            ),
            Some("TESTS FAILED") if coordinator => {
                self.report(message, &format!("INCOMPLETE: tests failed: {rest}"))
            }
            Some("ALL DONE") if self.cast.leads() => vec![Step::Complete(rest.to_owned())],
            Some("INCOMPLETE" | "BLOCKED") if coordinator || self.cast.leads() => {
                self.report(message, body)
            }
            Some(_) => vec![Step::Say("Noted.".to_owned())],
            None if self.cast.leads() && body.starts_with(CHANGED) => {
                self.go_on(message, body, items)
            }
            None => self.other(message, body),
        }
    }

    /// A changed spec: what it adds is begun where all else is done. Where something else is open, the work is going on, and
    /// comes to it by itself.
    fn go_on(&self, message: &Message, body: &str, items: &[Item]) -> Vec<Step> {
        let words: Vec<&str> = body.split_whitespace().collect();
        let told = |item: &Item| item.id.as_deref().is_some_and(|id| words.contains(&id));
        let mut open = (1..).zip(items).filter(|(_, item)| !item.done);
        let Some((first, _)) = open.clone().next() else {
            return self.other(message, body);
        };
        if !open.all(|(_, item)| told(item)) {
            return vec![Step::Say("Noted; the work goes on with it.".to_owned())];
        }
        if self.cast.coordinates() {
            return self.hand_out(message, first, items);
        }
        let list = (1..).zip(items).filter(|(_, item)| !item.done);
        let list: Vec<String> = list.map(|(n, item)| format!("{n}. {item}")).collect();
        let body = format!("{FROM}{first}, as the spec changed\n{}", list.join("\n"));
        vec![
            self.pause(),
            self.send(message, self.cast.coordinator(), body),
        ]
    }

    /// The lead's first move: the plan to the coordinator, or the work itself.
    fn open_work(&self, message: &Message, items: &[Item]) -> Vec<Step> {
        if items.is_empty() && !self.has_spec {
            let text = "Briefed; there is no spec, so I wait for a message.";
            return vec![Step::Say(text.to_owned())];
        }
        if items.is_empty() {
            return vec![
                Step::Say("I was briefed, but found no spec with anything in it.".to_owned()),
                self.send(
                    message,
                    "human",
                    "BLOCKED: the spec could not be read or is empty".to_owned(),
                ),
            ];
        }
        if self.cast.coordinates() {
            return self.hand_out(message, 1, items);
        }
        let list: Vec<String> = (1..)
            .zip(items)
            .map(|(n, item)| format!("{n}. {item}"))
            .collect();
        let body = format!(
            "PLAN: {} items from the spec\n{}",
            items.len(),
            list.join("\n")
        );
        vec![
            self.pause(),
            self.send(message, self.cast.coordinator(), body),
        ]
    }

    /// Hands out item `n`, or does all from `n` on where there is nobody else.
    fn hand_out(&self, message: &Message, n: usize, items: &[Item]) -> Vec<Step> {
        let Some(item) = n.checked_sub(1).and_then(|at| items.get(at)) else {
            return self.report(
                message,
                "BLOCKED: the plan names no item of the spec that I can read",
            );
        };
        if self.cast.worker() != self.cast.me {
            return vec![self.send(message, self.cast.worker(), format!("TASK {n}: {item}"))];
        }
        let mut steps = Vec::new();
        let open = (1..).zip(items).skip(n - 1);
        for (number, item) in open.filter(|(_, item)| !item.done) {
            steps.extend(self.make(number, &item.to_string()));
            steps.extend(item.ended("{hash}"));
        }
        steps.extend(self.after_work(message, "{branch}", items.len()));
        steps
    }

    /// Does one item and commits it.
    fn make(&self, n: usize, item: &str) -> [Step; 2] {
        let commit = Commit {
            file: format!("demo/item-{n}.md").into(),
            message: format!("demo: item {n}: {item}"),
            content: Some(format!(
                "# Item {n}\n\n{item}\n\nDone by the {} of the demo.\n",
                self.cast.me
            )),
        };
        [self.pause(), self.keep(commit)]
    }

    /// A file of the work, committed if the team's policy lets agents commit.
    fn keep(&self, commit: Commit) -> Step {
        match self.commits {
            Commits::Made => Step::Commit(commit),
            Commits::Left => Step::Keep(commit),
        }
    }

    fn task(&self, message: &Message, rest: &str) -> Vec<Step> {
        let Some((n, item)) = number(rest) else {
            return vec![self.answer(
                message,
                "BLOCKED: a task needs a number, as in `TASK 1: item`",
            )];
        };
        let item = item.trim_start_matches(':').trim();
        let mut steps = self.make(n, item).to_vec();
        steps.push(self.answer(
            message,
            &format!("DONE {n} {{hash}} {item}\nbranch: {{branch}}"),
        ));
        steps
    }

    fn after_task(&self, message: &Message, rest: &str, items: &[Item]) -> Vec<Step> {
        let Some((n, _)) = number(rest) else {
            return vec![Step::Say("That report names no task.".to_owned())];
        };
        let item = n.checked_sub(1).and_then(|at| items.get(at));
        let words = rest.lines().next().unwrap_or_default();
        let mut steps: Vec<Step> = item
            .and_then(|item| item.ended(words))
            .into_iter()
            .collect();
        let mut after = (1..).zip(items).skip(n);
        let next = after.find(|(_, item)| !item.done);
        steps.extend(if let Some((next, _)) = next {
            self.hand_out(message, next, items)
        } else {
            match message::field(rest, "branch") {
                Some(branch) => self.after_work(message, branch, items.len()),
                None => self.report(
                    message,
                    "BLOCKED: the developer's last report names no branch",
                ),
            }
        });
        steps
    }

    /// All items are done: verification, tests, report, as far as the team has roles for them.
    fn after_work(&self, message: &Message, branch: &str, count: usize) -> Vec<Step> {
        if self.cast.has("tester") {
            return vec![self.send(message, "tester", format!("VERIFY {branch}"))];
        }
        self.after_checks(message, branch, count)
    }

    fn verify(&self, message: &Message, branch: &str) -> Vec<Step> {
        let branch = message::place(branch);
        let commit = Commit {
            file: "tests/demo-verification.md".into(),
            message: format!("tests: verification of {branch}"),
            content: Some(format!(
                "# Verification of `{branch}`\n\nIts commits, newest first:\n\n{{log}}\n"
            )),
        };
        vec![
            self.pause(),
            Step::Survey { branch: branch.to_owned() },
            self.keep(commit),
            self.answer(
                message,
                &format!("VERIFIED {{commits}}, see tests/demo-verification.md at {{hash}}\nbranch: {branch}"),
            ),
        ]
    }

    fn after_verify(&self, message: &Message, rest: &str, items: &[Item]) -> Vec<Step> {
        match message::field(rest, "branch") {
            Some(branch) => self.after_checks(message, branch, items.len()),
            None => self.report(message, "BLOCKED: the tester's report names no branch"),
        }
    }

    fn after_checks(&self, message: &Message, branch: &str, count: usize) -> Vec<Step> {
        if self.cast.has("testrunner") {
            let body = format!("RUN TESTS {branch} ({count} items)");
            return vec![self.send(message, "testrunner", body)];
        }
        self.report(message, &format!("ALL DONE: {count} items on {branch}"))
    }

    fn run_tests(&self, message: &Message, rest: &str, items: &[Item]) -> Vec<Step> {
        let branch = message::place(rest);
        let named = rest
            .rsplit_once('(')
            .and_then(|(_, count)| number(count))
            .map(|(count, _)| count);
        let results = Commit {
            file: format!("test-results/{}.md", file_name(branch)).into(),
            message: format!("test-results: {branch}"),
            content: Some(format!("# Tests of `{branch}`\n\n{{results}}\n")),
        };
        vec![
            self.pause(),
            Step::Check {
                branch: branch.to_owned(),
                items: named.unwrap_or(items.len()),
            },
            self.keep(results),
            self.answer(message, "{verdict}"),
        ]
    }

    /// The coordinator's last word: to the lead, or, where it leads itself, to torch or the person.
    fn report(&self, message: &Message, text: &str) -> Vec<Step> {
        if !self.cast.leads() {
            return vec![self.send(message, self.cast.lead(), text.to_owned())];
        }
        match text.strip_prefix("ALL DONE: ") {
            Some(done) => vec![Step::Complete(done.to_owned())],
            None => vec![self.send(message, "human", text.to_owned())],
        }
    }

    /// A message that is no part of the play: a question is answered, anything else noted.
    fn other(&self, message: &Message, body: &str) -> Vec<Step> {
        if !body.contains('?') {
            return vec![Step::Say(format!(
                "Noted. (The demo {} does only what the play says.)",
                self.cast.me
            ))];
        }
        let last = match self.last.as_str() {
            "" => "nothing yet".to_owned(),
            last => last.to_owned(),
        };
        let reply = format!(
            "ANSWER: I am the demo {}; turns finished in this conversation: {}; the last one: {last}",
            self.cast.me, self.turns
        );
        match message.from.as_deref() {
            Some("torch" | "script" | "unknown") | None => vec![Step::Say(reply)],
            Some(_) => vec![self.answer(message, &reply)],
        }
    }

    fn pause(&self) -> Step {
        Step::Work(Work { ms: self.pace_ms })
    }

    /// A reply to the message's sender; without one it is only said.
    fn answer(&self, message: &Message, body: &str) -> Step {
        match &message.from {
            Some(from) => self.send(message, from, body.to_owned()),
            None => Step::Say(body.to_owned()),
        }
    }

    fn send(&self, message: &Message, to: &str, body: String) -> Step {
        let cause = message.id.as_deref().unwrap_or(&message.local);
        let word = WORDS
            .into_iter()
            .find(|word| starts_with_word(&body, word))
            .unwrap_or("note");
        let word = word.to_ascii_lowercase().replace(' ', "-");
        Step::Send(Send {
            to: to.to_owned(),
            key: format!("demo-{cause}-{to}-{word}"),
            body,
            attempt: 1,
        })
    }
}

/// A branch's or a directory's name as a file's.
fn file_name(branch: &str) -> String {
    branch
        .replace(['/', '\\'], "-")
        .trim_matches('-')
        .to_owned()
}

fn starts_with_word(text: &str, word: &str) -> bool {
    text.strip_prefix(word)
        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
}

/// The number that a text begins with, and the rest.
fn number(text: &str) -> Option<(usize, &str)> {
    let text = text.trim_start();
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    Some((text[..end].parse().ok()?, text[end..].trim_start()))
}

#[cfg(test)]
mod tests;
