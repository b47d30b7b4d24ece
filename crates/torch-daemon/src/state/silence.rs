//! Silent completions: an agent that ended a turn with commits or changes and told nobody is asked what came of it, once;
//! then the hub is told. Who works alone, without a hub, is watched by its person.

use std::time::Duration;

use serde_json::json;
use torch_core::check_in::Quiet;
use torch_core::config::Interval;
use torch_core::{AgentId, AgentState, MessageKind, Recipient, Write};
use torch_scheduler::silence::{Step, Work, is_asked, step};

use super::schedule::span;
use super::send::Draft;
use super::{State, Turn};
use crate::event::{Effect, TimerKey, WorkFacts};

/// How often at most a held agent is looked at again.
const AGAIN: Duration = Duration::from_secs(60);

impl State {
    /// How long a silence is borne.
    fn silent_after(&self) -> Option<Duration> {
        match self.settings.config.check_ins.silent_after {
            Interval::Every(length) => Some(length),
            Interval::Never | Interval::ByPlan => None,
        }
    }

    /// Whether silence of this agent means anything: it has a hub to report to, and is none.
    fn reports_to_hub(&self, agent: AgentId) -> bool {
        let Some(run) = self.agents.get(&agent) else {
            return false;
        };
        !run.agent.role.is_hub() && self.hub_of(run.agent.team).is_some()
    }

    /// An agent's state changed: the time runs from when it waits at its prompt.
    pub(crate) fn mind_silence(&mut self, t: &mut Turn, agent: AgentId, before: AgentState) {
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let (idle, was_idle) = (run.agent.state.takes_messages(), before.takes_messages());
        if idle && !was_idle && run.agent.check_ins.turn.is_some() {
            if let Some(after) = self.silent_after().filter(|_| self.reports_to_hub(agent)) {
                t.timer(TimerKey::Silence(agent), t.now.after(after));
            }
        } else if was_idle && !idle {
            t.push(Effect::CancelTimer(TimerKey::Silence(agent)));
        }
    }

    /// The time of those that waited at their prompt when the daemon ended runs from when they began to.
    pub(crate) fn recover_silence(
        &mut self,
        now: torch_core::Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let Some(after) = self.silent_after() else {
            return;
        };
        for (id, run) in &self.agents {
            let idle = run.agent.state.takes_messages() && run.agent.check_ins.turn.is_some();
            if idle && self.reports_to_hub(*id) {
                effects.push(Effect::Timer {
                    key: TimerKey::Silence(*id),
                    at: run.agent.since.after(after).max(now),
                });
            }
        }
    }

    /// An agent has been at its prompt for the set time.
    pub(crate) fn on_silence_due(&mut self, t: &mut Turn, agent: AgentId) {
        let (Some(after), true) = (self.silent_after(), self.reports_to_hub(agent)) else {
            return;
        };
        let Some(facts) = self.check_facts(agent, t.now) else {
            return;
        };
        match step(&facts) {
            Step::Nothing => {}
            Step::Later(_) => {
                t.timer(TimerKey::Silence(agent), t.now.after(after.max(AGAIN)));
            }
            Step::TellHub => self.tell_of_silence(t, agent),
            Step::Look => self.look_at_silence(t, agent),
        }
    }

    fn look_at_silence(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let (Some(launch), Some(team)) = (run.agent.launch, self.teams.get(&run.agent.team)) else {
            return;
        };
        run.silence_asked = true;
        t.push(Effect::LookAtWork {
            agent,
            launch,
            project: team.project.clone(),
            worktree: run.agent.worktree.clone(),
            base_commit: team.base_commit.clone(),
        });
    }

    /// The worktree of an agent that may be silent was looked at. Where git can't tell, nothing is asked.
    pub(crate) fn on_silence_seen(&mut self, t: &mut Turn, agent: AgentId, work: &WorkFacts) {
        let seen = Work {
            head: &work.head,
            ahead: work.ahead,
            changed: work.changed,
        };
        let Some(facts) = self.check_facts(agent, t.now) else {
            return;
        };
        // It may have begun another turn meanwhile.
        let asked = step(&facts) == Step::Look && is_asked(facts.row, seen);
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let mark = Some(seen.mark());
        let news = run.agent.check_ins.work != mark;
        run.agent.check_ins.work = mark;
        if asked {
            run.agent.check_ins.quiet = Quiet::Asked { at: t.now };
        }
        let idle_for = t.now.since(run.agent.since);
        if asked || news {
            t.write(Write::PutAgent(Box::new(run.agent.clone())));
        }
        if asked {
            let before = std::mem::replace(&mut t.cause, "a silent completion".to_owned());
            let message = self.check_in_message(t, agent, question(idle_for, work));
            t.journal("silence.asked", agent, json!({"message": message}));
            t.cause = before;
        }
    }

    /// An agent that was asked ended that turn without a word as well.
    pub(crate) fn tell_of_silence(&mut self, t: &mut Turn, agent: AgentId) {
        let Some((team, name, role)) = self.who(agent) else {
            return;
        };
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        run.agent.check_ins.quiet = Quiet::Told { at: t.now };
        let idle_for = span(Duration::from_secs(
            t.now.since(run.agent.since).as_secs().max(1),
        ));
        t.write(Write::PutAgent(Box::new(run.agent.clone())));
        t.journal("silence.told", agent, json!({}));
        let text = format!(
            "{name}:{role} went silent: it ended its work without a report, was asked once, and has been idle for {idle_for} \
             without an answer. Look at its branch or ask it: torch logs {role}, scm {role}"
        );
        if let Some((hub, role)) = self.hub_of(team) {
            let recipient = Recipient::Agent { agent: hub, role };
            self.post(
                t,
                Draft::from_torch(team, MessageKind::Notice, recipient, text),
            );
        }
    }
}

/// What it is asked.
fn question(idle_for: Duration, work: &WorkFacts) -> String {
    let idle_for = span(Duration::from_secs(idle_for.as_secs().max(1)));
    let commits = match work.commits.first() {
        Some(newest) => format!("commits (the newest: {newest})"),
        None => String::new(),
    };
    let changes = match work.changed {
        0 => String::new(),
        1 => "1 file that is not committed".to_owned(),
        n => format!("{n} files that are not committed"),
    };
    let there = [commits, changes];
    let there: Vec<&str> = there
        .iter()
        .map(String::as_str)
        .filter(|words| !words.is_empty())
        .collect();
    let has = match there.as_slice() {
        [] => "other files than before".to_owned(),
        some => some.join(" and "),
    };
    format!(
        "Check-in: your last turn ended {idle_for} ago and you told nobody what came of it; your branch has {has}. Say it in one \
         message: `torch complete \"…\"` if your task is done, else `scm orchestrator \"…\"` with what is left or what blocks you."
    )
}
