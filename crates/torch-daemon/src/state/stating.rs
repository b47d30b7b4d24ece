//! What agents were told of whom they write to and of their project's rules, and what has changed of it since.
//!
//! A briefing tells all of it. When the rules of a project, the team's matrix or its limits change while the team runs, each
//! agent hears what is new for it, once: changes within [`SETTLED`] go together, an agent in a turn hears of them at its end,
//! and what came and went again is not told. What was told is in the ledger, so that the next daemon goes on from there.

mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use torch_core::ledger::Stated;
use torch_core::{
    AgentId, DeliveryState, DesiredState, LedgerRecord, MessageId, MessageKind, Recipient, TeamId,
    Timestamp, Write,
};

use super::send::Draft;
use super::{State, Turn};
use crate::brief;
use crate::event::{Effect, TimerKey};

/// How long changes are gathered before agents hear of them: a file is often saved more than once.
pub(super) const SETTLED: Duration = Duration::from_secs(15);

/// What agents were told, and who is to hear of changes.
#[derive(Debug, Default)]
pub(super) struct Stating {
    told: BTreeMap<AgentId, Stated>,
    /// The teams in which something changed, while it is waited for more.
    gathering: BTreeSet<TeamId>,
    /// The agents that have to be looked at once no turn of theirs goes on.
    due: BTreeSet<AgentId>,
    /// The last word of changes to each, and what it had been told before: one that was not typed yet is replaced.
    posted: BTreeMap<AgentId, (MessageId, Stated)>,
}

impl Stating {
    /// Takes up what the ledger has.
    pub(super) fn put(&mut self, row: Stated) {
        self.told.insert(row.agent, row);
    }

    /// An agent is gone.
    pub(super) fn forget(&mut self, agent: AgentId) {
        self.told.remove(&agent);
        self.due.remove(&agent);
        self.posted.remove(&agent);
    }
}

impl State {
    /// Something changed of what the agents of a team were told, or may have.
    pub(super) fn state_anew(&mut self, t: &mut Turn, team: TeamId) {
        if self.rules.stating.gathering.insert(team) {
            t.timer(TimerKey::Stated(team), t.now.after(SETTLED));
        }
    }

    /// A daemon that begins looks once: its settings may be others than those of the last one.
    pub(super) fn recover_stated(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let running = self
            .teams
            .values()
            .filter(|team| team.desired == DesiredState::Running);
        for team in running.map(|team| team.id) {
            self.rules.stating.gathering.insert(team);
            let (key, at) = (TimerKey::Stated(team), now.after(SETTLED));
            effects.push(Effect::Timer { key, at });
        }
    }

    /// No more is gathered.
    pub(super) fn on_stated_due(&mut self, t: &mut Turn, team: TeamId) {
        self.rules.stating.gathering.remove(&team);
        for agent in self.team_agents(team) {
            self.rules.stating.due.insert(agent);
            self.tell_what_changed(t, agent);
        }
    }

    /// A briefing says all of it.
    pub(super) fn stated_by_briefing(&mut self, t: &mut Turn, agent: AgentId) {
        if let Some(now) = self.stated_now(t.now, agent) {
            let stating = &mut self.rules.stating;
            stating.due.remove(&agent);
            let older = stating.posted.remove(&agent);
            if let Some((message, _)) = older {
                self.end_untyped(t, message, DeliveryState::Expired, "a briefing says it");
            }
            self.keep_stated(t, now);
        }
    }

    /// Tells an agent outside of a turn what is new for it, where somebody has to look.
    pub(super) fn tell_what_changed(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        // Who has not been briefed yet is told all of it then.
        let hears = run.agent.briefed && run.agent.state.takes_messages();
        if !hears || !self.rules.stating.due.remove(&agent) {
            return;
        }
        let (team, role) = (run.agent.team, run.agent.role.clone());
        let Some(now) = self.stated_now(t.now, agent) else {
            return;
        };
        let Some(mut before) = self.rules.stating.told.get(&agent).cloned() else {
            // It was briefed by a daemon that kept nothing of it.
            return self.keep_stated(t, now);
        };
        if is_same(&before, &now) {
            return;
        }
        let older = self.rules.stating.posted.remove(&agent);
        if let Some((message, earlier)) = older {
            let why = "a newer word replaces it";
            if self.end_untyped(t, message, DeliveryState::Expired, why) {
                before = earlier;
            }
        }
        let known = self.project_rules(team).map(|rules| &**rules);
        let has_hub = self.hub_of(team).is_some();
        let text = text::changes(&before, &now, known, has_hub);
        self.keep_stated(t, now);
        let Some(text) = text else {
            return;
        };
        let recipient = Recipient::Agent { agent, role };
        let draft = Draft::from_torch(team, MessageKind::Notice, recipient, text);
        let message = self.post(t, draft);
        self.rules.stating.posted.insert(agent, (message, before));
    }

    /// What a briefing would tell an agent now.
    fn stated_now(&self, now: Timestamp, agent: AgentId) -> Option<Stated> {
        self.of_its_team(agent, |team, own, members, shipped| {
            let shell = self.shell_of(own);
            let nothing = (None, String::new());
            let facts = brief::facts(team, (own, shell), members, shipped, nothing);
            let rules = shipped.rules.into_iter().flat_map(|rules| {
                let concerning = brief::stated::concerning(team.router, &own.role, rules);
                concerning.filter(|rule| !text::is_a_number(&rule.ask))
            });
            Stated {
                agent,
                team: team.id,
                at: now,
                direct: facts.direct,
                exchanges: facts.exchanges,
                // It is the hub that is told.
                blocked_minutes: match own.role.is_hub() {
                    true => 0,
                    false => facts.blocked_minutes,
                },
                rules: rules
                    .map(|rule| (rule.name.clone(), brief::stated::words(rule)))
                    .collect(),
            }
        })
    }

    fn keep_stated(&mut self, t: &mut Turn, row: Stated) {
        let told = &mut self.rules.stating.told;
        let known = told.get(&row.agent);
        if !known.is_some_and(|known| is_same(known, &row)) {
            let record = LedgerRecord::Stated(Box::new(row.clone()));
            t.write(Write::PutLedger(Box::new(record)));
        }
        told.insert(row.agent, row);
    }
}

/// Whether an agent was told then what it would be told now.
fn is_same(then: &Stated, now: &Stated) -> bool {
    let at = now.at;
    Stated { at, ..then.clone() } == *now
}
