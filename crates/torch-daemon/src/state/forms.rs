//! What follows from forms: assignments and their acknowledgements, and agents that are blocked.

use std::time::Duration;

use serde_json::json;
use torch_core::form::TaskForm;
use torch_core::ledger::{Assignment, Block};
use torch_core::project_rules::ProjectRule;
use torch_core::{
    AgentId, LedgerRecord, MessageId, MessageKind, Recipient, Sender, TeamId, Timestamp,
};
use torch_router::speech::{self, Speech};

use super::send::Draft;
use super::{State, Turn};
use crate::event::{Effect, TimerKey};

impl State {
    /// What an accepted message means beyond its words.
    pub(super) fn follow_form(
        &mut self,
        t: &mut Turn,
        draft: (&Sender, &Recipient),
        speech: &Speech,
        text: &str,
        message: MessageId,
    ) {
        let (sender, recipient) = draft;
        if let (Speech::Task(form), Recipient::Agent { agent, .. }) = (speech, recipient) {
            self.assign(t, sender, *agent, form, message);
        }
        if let (Speech::Status(form), Sender::Agent { agent, .. }) = (speech, sender) {
            self.tasks_of_status(t, *agent, form);
        }
        let Sender::Agent { agent, .. } = sender else {
            return;
        };
        match speech {
            Speech::Status(form) => {
                self.forms_are_right(t, *agent, message);
                match form.blocker() {
                    Some(blocker) => self.begin_block(t, *agent, blocker),
                    None => self.end_block(t, *agent),
                }
            }
            Speech::Task(_) => self.forms_are_right(t, *agent, message),
            Speech::Blocked(blocker) => self.begin_block(t, *agent, blocker),
            Speech::Unblocked => self.end_block(t, *agent),
            _ => {}
        }
        self.integration_words(t, *agent, text);
        if let Some(of) = speech::acknowledged(text) {
            self.acknowledge_by_words(t, *agent, recipient, of.as_deref());
        }
    }

    fn assign(
        &mut self,
        t: &mut Turn,
        sender: &Sender,
        agent: AgentId,
        form: &TaskForm,
        message: MessageId,
    ) {
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let row = Assignment {
            message,
            team: run.agent.team,
            task: form.id.clone(),
            title: form.title.clone(),
            priority: form.priority,
            from: sender.label().to_owned(),
            agent,
            role: run.agent.role.clone(),
            at: t.now,
            acked: None,
        };
        let planned = self.task_called(row.team, &row.task);
        let data = json!({"task": row.task, "planned": planned, "from": row.from, "to": row.role});
        t.journal("task.assigned", message, data);
        self.keep(t, LedgerRecord::Assignment(row.clone()));
        self.rules.assignments.insert(message, row);
    }

    /// `ACK m-7k3f9q2a`, `ACK T-7`, or `ACK` alone for the last assignment from whom it is said to.
    fn acknowledge_by_words(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        to: &Recipient,
        of: Option<&str>,
    ) {
        let own = self
            .rules
            .assignments
            .values()
            .filter(|row| row.agent == agent);
        let meant = match of {
            Some(of) => own
                .filter(|row| self.is_task(row.team, &row.task, of) || row.message.tag() == of)
                .max_by_key(|row| row.at),
            None => own
                .filter(|row| row.from == to.label())
                .max_by_key(|row| row.at),
        };
        let named = of.and_then(|of| of.strip_prefix("m-").map(str::to_owned));
        let Some(short) = meant.map(|row| row.message.short()).or(named) else {
            return;
        };
        let flying = self.flights.values().find(|flight| {
            flight.envelope.id.short() == short && flight.envelope.recipient.agent() == Some(agent)
        });
        match flying.map(|flight| flight.envelope.id) {
            Some(message) if self.can_have(message) => {
                self.note_acked(t, agent, &short);
                self.acknowledge(t, message);
            }
            // Nobody acknowledges what has not arrived.
            Some(_) => {}
            None => {
                self.note_acked(t, agent, &short);
                self.acknowledge_consumed(t, agent, &short);
            }
        }
    }

    /// An agent acknowledged a message; where it assigned a task, that has its acknowledgement now.
    pub(super) fn note_acked(&mut self, t: &mut Turn, agent: AgentId, short: &str) {
        let own = |row: &&Assignment| row.agent == agent && row.message.short() == short;
        let Some(message) = self
            .rules
            .assignments
            .values()
            .find(own)
            .map(|row| row.message)
        else {
            return;
        };
        if self.flights.contains_key(&message) && !self.can_have(message) {
            return;
        }
        if let Some(mut row) = self.rules.assignments.remove(&message) {
            self.settle_ack(t, agent, message);
            row.acked = Some(t.now);
            t.journal(
                "task.acked",
                message,
                json!({"task": row.task, "by": row.role}),
            );
            self.task_begins(t, &row);
            self.keep(t, LedgerRecord::Assignment(row));
        }
    }

    fn begin_block(&mut self, t: &mut Turn, agent: AgentId, text: &str) {
        let Some((team, _, _)) = self.who(agent) else {
            return;
        };
        let Some(role) = self.role_of(agent) else {
            return;
        };
        let known = self.rules.blocks.get(&agent).cloned();
        let new = known.is_none();
        let mut row = known.unwrap_or(Block {
            agent,
            role,
            team,
            since: t.now,
            text: String::new(),
            escalated: None,
            ended: None,
        });
        row.text = text.trim().to_owned();
        if new {
            t.journal("agent.blocked", agent, json!({"text": row.text}));
            t.timer(TimerKey::Blocked(agent), self.blocked_until(&row));
        }
        self.keep(t, LedgerRecord::Block(row.clone()));
        self.rules.blocks.insert(agent, row);
    }

    /// It goes on: it said so, or reported completion, or is gone.
    pub(super) fn end_block(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(mut row) = self.rules.blocks.remove(&agent) else {
            return;
        };
        row.ended = Some(t.now);
        t.journal("agent.unblocked", agent, json!({"text": row.text}));
        t.push(Effect::CancelTimer(TimerKey::Blocked(agent)));
        self.settle_watched(t, agent, "blocked-after", "the block's end");
        self.keep(t, LedgerRecord::Block(row));
    }

    /// When the hub is told that an agent is still blocked.
    pub(super) fn blocked_until(&self, block: &Block) -> Timestamp {
        let own = self.blocked_rule(block.team);
        let seconds = own.map_or_else(|| self.blocked_seconds(block.team), |(_, own)| own);
        block.since.after(Duration::from_secs(seconds))
    }

    /// The agents of a team that said that they are blocked, with their words.
    pub(super) fn blocked_roles(&self, team: TeamId) -> Vec<(String, String)> {
        let open = self.rules.blocks.values();
        let open = open.filter(|row| row.team == team && row.ended.is_none());
        open.map(|row| (row.role.to_string(), row.text.clone()))
            .collect()
    }

    /// After how many seconds that is, by the person's settings and the limits that the team was started with.
    pub(super) fn blocked_seconds(&self, team: TeamId) -> u64 {
        let router = &self.settings.config.router;
        let team = self.teams.get(&team);
        team.map_or(router.blocked_seconds, |team| {
            team.limits.over(router).blocked_seconds
        })
    }

    /// The project's rule about it, where it is no later.
    pub(super) fn blocked_rule(&self, team: TeamId) -> Option<(&ProjectRule, u64)> {
        let rule = self.project_rules(team)?.blocked_after()?;
        (rule.1 <= self.blocked_seconds(team)).then_some(rule)
    }

    /// The rules of a team changed: its blocks are due by them.
    pub(super) fn rules_apply_to_blocks(&self, t: &mut Turn, team: TeamId) {
        let open = self.rules.blocks.values();
        for block in open.filter(|block| block.team == team && block.escalated.is_none()) {
            let at = self.blocked_until(block).max(t.now);
            t.timer(TimerKey::Blocked(block.agent), at);
        }
    }

    /// Once per block.
    pub(super) fn on_still_blocked(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(row) = self.rules.blocks.get(&agent).cloned() else {
            return;
        };
        if row.escalated.is_some() {
            return;
        }
        let Some((team, name, role)) = self.who(agent) else {
            return self.end_block(t, agent);
        };
        let hub = self.hub_of(team).filter(|(hub, _)| *hub != agent);
        let recipient = match hub {
            Some((agent, role)) => Recipient::Agent { agent, role },
            None => Recipient::Human,
        };
        let minutes = t.now.since(row.since).as_secs() / 60;
        let text = format!(
            "{name}:{role} has been blocked for {minutes} minutes: {}. It waits for a decision or for help.",
            row.text.trim_end_matches('.')
        );
        self.post(
            t,
            Draft::from_torch(team, MessageKind::Notice, recipient, text),
        );
        self.note_long_block(t, &row);
        t.journal("agent.block_escalated", agent, json!({"text": row.text}));
        let escalated = Some(t.now);
        let row = Block { escalated, ..row };
        self.keep(t, LedgerRecord::Block(row.clone()));
        self.rules.blocks.insert(agent, row);
    }
}
