//! Answering an open question through the program's own interface: the answer lies ready for the plugin that torch launched the
//! program with, which takes it once, gives it, and tells what became of it. No key is pressed.
//!
//! The plugin is known to live where it told of the question itself, in this launch. Where it does not take the answer, that is
//! taken back, and keys under the guard do what they did before.

use std::time::Duration;

use serde_json::{Value, json};
use torch_api::asking::AnswerChannel;
use torch_core::program::{AnswerOutcome, AnswerRules, fill};
use torch_core::screen::DialogKind;
use torch_core::{AgentId, LaunchId, Write};

use super::answering::ANSWER_DEADLINE;
use super::{State, Turn};
use crate::event::{
    AnswerFile, AnswerFileDone, AnswerFileOrder, AnswerFileOutcome, Effect, TimerKey,
};

/// How long an answer lies ready: a plugin takes it within milliseconds, or does not run.
const TAKEN_WITHIN: Duration = Duration::from_secs(3);
/// How long the word may take of what became of one that was taken.
const TOLD_WITHIN: Duration = Duration::from_secs(8);

/// How far an answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// It goes by keys.
    Keys,
    /// It is laid, or lies, ready for the plugin.
    Laid,
    /// The plugin took it.
    Taken,
}

impl State {
    fn answer_rules(&self, agent: AgentId) -> Option<&AnswerRules> {
        let run = self.agents.get(&agent)?;
        self.programs
            .get(&run.agent.program)?
            .data
            .hooks
            .answers
            .as_ref()
    }

    /// By which way an agent's open question is answered.
    pub(super) fn answer_channel(&self, agent: AgentId) -> AnswerChannel {
        let run = self.agents.get(&agent);
        let question = run.and_then(|run| run.agent.question.as_ref());
        match question.and_then(|question| question.asked.as_ref()) {
            Some(_) if self.answer_rules(agent).is_some() => AnswerChannel::Program,
            _ => AnswerChannel::Keys,
        }
    }

    /// Who has to answer an agent's open question, and how, for `torch why`.
    pub(super) fn answerer(&self, agent: AgentId) -> String {
        let run = self.agents.get(&agent);
        let question = run.and_then(|run| run.agent.question.as_ref());
        match (question, self.answer_channel(agent)) {
            (Some(question), AnswerChannel::Program) => format!(
                "a person who answers its question: `torch approve {id}` or `torch deny {id}` does so through the program's own \
                 interface, without a key",
                id = question.id
            ),
            (Some(question), AnswerChannel::Keys) if question.approve.is_some() => format!(
                "a person who answers the dialog in its window; `torch approve {id}` or `torch deny {id}` does so by keys",
                id = question.id
            ),
            _ => "a person who answers the dialog in its window".to_owned(),
        }
    }

    /// The program's own id of the question that one of its records tells of; noted until it is closed.
    pub(super) fn note_asked(&mut self, agent: AgentId, record: &Value) -> Option<String> {
        let asked = self.answer_rules(agent)?.question.clone();
        let asked = record.pointer(&asked)?.as_str()?.to_owned();
        let run = self.agents.get_mut(&agent)?;
        if !run.asked.contains(&asked) {
            run.asked.push(asked.clone());
        }
        Some(asked)
    }

    /// The program's id of a permission dialog on the screen: known where it has only one open.
    pub(super) fn only_asked(&self, agent: AgentId, kind: DialogKind) -> Option<String> {
        match self.agents.get(&agent)?.asked.as_slice() {
            [only] if kind == DialogKind::Permission => Some(only.clone()),
            _ => None,
        }
    }

    /// The open question was seen on the screen first, and its program tells of it now.
    pub(super) fn knows_its_id(&mut self, t: &mut Turn, agent: AgentId) {
        let kind = self
            .agents
            .get(&agent)
            .and_then(|run| run.agent.question.as_ref())
            .filter(|question| question.asked.is_none())
            .map(|question| question.kind);
        let only = kind.and_then(|kind| self.only_asked(agent, kind));
        let Some((run, asked)) = self.agents.get_mut(&agent).zip(only) else {
            return;
        };
        if let Some(question) = &mut run.agent.question {
            question.asked = Some(asked);
            let copy = run.agent.clone();
            t.write(Write::PutAgent(Box::new(copy)));
        }
    }

    /// Lays an answer ready where the question has a way of its own, else begins with the keys.
    pub(super) fn begin_answer(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(text) = self.answer_text(agent) else {
            return self.look_for_answer(t, agent);
        };
        self.set_way(agent, Way::Laid);
        self.order_answer_file(t, agent, AnswerFileOrder::Lay(text));
    }

    /// What is laid ready.
    fn answer_text(&self, agent: AgentId) -> Option<String> {
        let rules = self.answer_rules(agent)?;
        let answer = self.answering.iter().find(|it| it.agent == agent)?;
        let question = self.agents.get(&agent)?.agent.question.as_ref()?;
        let asked = question.asked.as_ref()?;
        let text = match answer.approve {
            true => &rules.approve,
            false => &rules.deny,
        };
        Some(fill(
            text,
            &[("question", asked), ("answer", &answer.question)],
        ))
    }

    fn order_answer_file(&self, t: &mut Turn, agent: AgentId, order: AnswerFileOrder) {
        let answer = self.answering.iter().find(|it| it.agent == agent);
        let launch = answer.and_then(|answer| answer.launch);
        if let Some((answer, launch)) = answer.zip(launch) {
            t.push(Effect::AnswerFile(AnswerFile {
                agent,
                launch,
                question: answer.question.clone(),
                order,
            }));
        }
    }

    pub(super) fn launch_of(&self, agent: AgentId) -> Option<LaunchId> {
        self.agents.get(&agent)?.agent.launch
    }

    fn set_way(&mut self, agent: AgentId, way: Way) {
        let answers = self.answering.iter_mut();
        for answer in answers.filter(|answer| answer.agent == agent) {
            answer.way = way;
        }
    }

    /// The time for the next look at an answer has come.
    pub(crate) fn on_answer_timer(&mut self, t: &mut Turn, agent: AgentId) {
        let answer = self.answering.iter().find(|it| it.agent == agent);
        match answer.map(|answer| answer.way) {
            Some(Way::Laid) => self.order_answer_file(t, agent, AnswerFileOrder::Withdraw),
            Some(Way::Taken) => self.by_keys(t, agent, "nothing was told of the answer"),
            _ => self.look_for_answer(t, agent),
        }
    }

    /// What became of an answer's file.
    pub(crate) fn on_answer_file(&mut self, t: &mut Turn, done: AnswerFileDone) {
        let agent = done.agent;
        let under_way = self
            .answering
            .iter()
            .any(|it| it.agent == agent && it.question == done.question && it.way == Way::Laid);
        if !under_way {
            return;
        }
        match done.outcome {
            AnswerFileOutcome::Laid => {
                t.timer(TimerKey::Answer(agent), t.now.after(TAKEN_WITHIN));
            }
            AnswerFileOutcome::NotLaid(error) => self.by_keys(t, agent, &error.to_string()),
            AnswerFileOutcome::Withdrawn => {
                self.by_keys(t, agent, "its plugin did not take the answer");
            }
            AnswerFileOutcome::Taken => {
                self.set_way(agent, Way::Taken);
                t.timer(TimerKey::Answer(agent), t.now.after(TOLD_WITHIN));
            }
        }
    }

    /// An answer goes on by keys: its dialog is looked for first, so that one which was taken is found out.
    fn by_keys(&mut self, t: &mut Turn, agent: AgentId, why: &str) {
        let until = t.now.after(ANSWER_DEADLINE);
        let answers = self.answering.iter_mut();
        for answer in answers.filter(|answer| answer.agent == agent) {
            (answer.way, answer.until) = (Way::Keys, until);
            let data = json!({"id": answer.question, "why": why});
            t.journal("question.by_keys", agent, data);
        }
        self.look_for_answer(t, agent);
    }

    /// What a record of a program's hook says of its questions and of answers to them.
    pub(super) fn on_answer_record(&mut self, t: &mut Turn, agent: AgentId, record: &Value) {
        let Some(rules) = self.answer_rules(agent) else {
            return;
        };
        let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
        let closed = text(&rules.closed).map(str::to_owned);
        let outcome = record.pointer(&rules.outcome).cloned();
        let outcome = outcome.and_then(|it| serde_json::from_value::<AnswerOutcome>(it).ok());
        let answer = text(&rules.answer).map(str::to_owned);
        let detail = text(&rules.detail).unwrap_or_default().to_owned();
        if let Some((run, closed)) = self.agents.get_mut(&agent).zip(closed) {
            run.asked.retain(|asked| *asked != closed);
        }
        if let Some((answer, outcome)) = answer.zip(outcome) {
            self.on_answer_told(t, agent, &answer, (outcome, &detail));
        }
    }

    fn on_answer_told(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        question: &str,
        (outcome, detail): (AnswerOutcome, &str),
    ) {
        let mut answers = self.answering.iter();
        let at = answers.position(|it| it.agent == agent && it.question == question);
        let Some(at) = at else {
            // Another daemon laid it, or nobody of torch's did.
            let data =
                json!({"id": question, "outcome": outcome, "detail": detail, "by": "program"});
            return t.journal("question.told", agent, data);
        };
        let by_keys = self.answering[at].way == Way::Keys;
        match outcome {
            AnswerOutcome::Given => {
                self.set_way(agent, Way::Taken);
                t.push(Effect::CancelTimer(TimerKey::Answer(agent)));
                self.answered(t, at);
            }
            // The screen tells what the keys are to do.
            _ if by_keys => {}
            AnswerOutcome::Gone => {
                t.push(Effect::CancelTimer(TimerKey::Answer(agent)));
                let why = format!("its program has no such question open any more: {detail}");
                self.fail_answer(t, agent, &why);
            }
            AnswerOutcome::Failed => self.by_keys(t, agent, detail),
        }
    }
}

#[cfg(test)]
mod tests;
