//! The rules of communication, applied: what a message is judged by, what is remembered of it, and who asks about it.

use std::collections::{BTreeMap, BTreeSet};

use torch_api::rules::{RulesRequest, StatusReport};
use torch_api::wire::{Body, SendRequest};
use torch_core::config::RouterConfig;
use torch_core::form::StatusForm;
use torch_core::ledger::{Assignment, Block, Dependencies, Violation};
use torch_core::{
    AgentId, LedgerRecord, MessageId, RoleName, Sender, TeamId, Timestamp, ViolationId, Write,
};
use torch_router::clean::clean;
use torch_router::critical;
use torch_router::matrix::Matrix;
use torch_router::policy::TeamRules;
use torch_router::replay::{Past, recalled};
use torch_router::speech::Speech;
use torch_router::traffic::{Counted, Judgement, Limits, Said, Traffic};

use super::project_rules::Project;
use super::requests::Caller;
use super::resolve::Resolved;
use super::stating::Stating;
use super::watching::Watching;
use super::{State, Turn};
use crate::event::{ConnId, Effect, Query, TimerKey};

/// How often what is too old to count is forgotten.
const FORGET_EVERY: std::time::Duration = std::time::Duration::from_secs(600);

/// What the rules of communication remember, and the open records of the ledger.
#[derive(Debug)]
pub(crate) struct Rules {
    /// What agents said lately; in memory, and recalled from the journal.
    pub(super) traffic: Traffic,
    /// Whether it was recalled when this daemon began.
    pub(super) recalls: bool,
    pub(super) limits: Limits,
    pub(super) words: critical::Words,
    /// With the words of a team's project, where it has some.
    pub(super) words_of: BTreeMap<TeamId, critical::Words>,
    pub(super) violations: BTreeMap<ViolationId, Violation>,
    pub(super) assignments: BTreeMap<MessageId, Assignment>,
    pub(super) blocks: BTreeMap<AgentId, Block>,
    pub(super) dependencies: BTreeMap<(TeamId, RoleName), Dependencies>,
    /// What was seen of what no message breaks.
    pub(super) watching: Watching,
    /// What the projects' own files state, by team.
    pub(super) projects: BTreeMap<TeamId, Project>,
    /// The teams whose files were looked at, whether they state anything or not.
    pub(super) read: BTreeSet<TeamId>,
    /// The teams that a person started anew, whose files were not looked at since.
    pub(super) ordered: BTreeSet<TeamId>,
    /// What the agents were told of all this.
    pub(super) stating: Stating,
    /// Whether the journal says where this daemon's memory began.
    pub(super) told_begin: bool,
    no_edges: Matrix,
    forgot: Timestamp,
}

impl Rules {
    pub(super) fn new(config: &RouterConfig) -> Self {
        Self {
            traffic: Traffic::default(),
            recalls: false,
            limits: Limits::from(config),
            words: critical::Words::new(config.critical_words()),
            words_of: BTreeMap::new(),
            violations: BTreeMap::new(),
            assignments: BTreeMap::new(),
            blocks: BTreeMap::new(),
            dependencies: BTreeMap::new(),
            watching: Watching::default(),
            projects: BTreeMap::new(),
            read: BTreeSet::new(),
            ordered: BTreeSet::new(),
            stating: Stating::default(),
            told_begin: false,
            no_edges: Matrix::default(),
            forgot: Timestamp(0),
        }
    }

    /// How much is held.
    pub(super) fn size(&self) -> usize {
        self.traffic.pairs()
            + self.violations.len()
            + self.assignments.len()
            + self.blocks.len()
            + self.dependencies.len()
    }
}

impl State {
    /// The communication matrix of a team: see [`crate::brief::matrix`].
    pub(super) fn matrix_of(&self, team: TeamId) -> &Matrix {
        let runs = self.agents.values();
        let members = runs.filter(|run| run.agent.team == team);
        let members: Vec<_> = members.map(|run| &run.agent).collect();
        let shipped = crate::brief::Shipped {
            templates: &self.settings.templates,
            router: &self.settings.config.router,
            rules: None,
        };
        let team = self.teams.get(&team);
        let found = team.and_then(|team| crate::brief::matrix(team, &members, shipped));
        found.unwrap_or(&self.rules.no_edges)
    }

    /// What a text is, and what becomes of it.
    pub(super) fn judged(
        &self,
        now: Timestamp,
        sender: &Sender,
        resolved: &Resolved,
        body: &[u8],
    ) -> Option<(Speech, Judgement)> {
        let team = self.teams.get(&resolved.team)?;
        let rules = TeamRules {
            mode: team.router,
            has_hub: self.hub_of(resolved.team).is_some(),
            matrix: self.matrix_of(resolved.team),
            project: self.project_rules(resolved.team).map(|rules| &**rules),
            time: self.time_of_day(now),
        };
        let text = clean(body).text;
        let speech = Speech::read(&text);
        let said = Said {
            sender,
            to: resolved.destination(sender),
            agent: resolved.recipient.agent(),
            text: &text,
            speech: &speech,
            now,
        };
        let judged = self
            .rules
            .traffic
            .judge(&said, rules, &self.limits_of(resolved.team));
        Some((speech, judged))
    }

    /// Goes on with what was said before this daemon.
    pub(super) fn recall(&mut self, past: Option<Vec<Past>>) {
        self.rules.recalls = past.is_some();
        let past = past.unwrap_or_default();
        self.rules.traffic = recalled(&past, &self.rules.limits);
    }

    /// Remembers a message that was not refused; `reached` is whom it went to in fact.
    pub(super) fn remember(
        &mut self,
        now: Timestamp,
        (sender, resolved): (&Sender, &Resolved),
        (speech, body): (&Speech, &[u8]),
        reached: Option<AgentId>,
    ) -> Option<Counted> {
        let text = clean(body).text;
        let said = Said {
            sender,
            to: resolved.destination(sender),
            agent: resolved.recipient.agent(),
            text: &text,
            speech,
            now,
        };
        let limits = self.limits_of(resolved.team);
        let rules = &mut self.rules;
        let counted = rules.traffic.note(&said, reached, &limits);
        if now.since(rules.forgot) >= FORGET_EVERY {
            rules.forgot = now;
            let agents = &self.agents;
            let lives = |agent| agents.contains_key(&agent);
            let all = rules.projects.values().map(|project| &project.set);
            // What one team's rules have to count is kept of all.
            let limits = all.fold(rules.limits, |limits, set| set.limits(&limits));
            let router = &self.settings.config.router;
            let own = self.teams.values().map(|team| team.limits.over(router));
            let limits = own.fold(limits, |limits, own| limits.longest(&Limits::from(&own)));
            rules.traffic.forget(now, &limits, lives);
        }
        counted
    }

    pub(super) fn keep(&self, t: &mut Turn, record: LedgerRecord) {
        t.write(Write::PutLedger(Box::new(record)));
    }

    /// Takes up what the ledger has open.
    pub(super) fn recover_rules(
        &mut self,
        records: Vec<LedgerRecord>,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        for record in records {
            if !self.teams.contains_key(&record.team()) {
                continue;
            }
            match record {
                LedgerRecord::Violation(row) => drop(self.rules.violations.insert(row.id, row)),
                LedgerRecord::Assignment(row) => {
                    drop(self.rules.assignments.insert(row.message, row));
                }
                LedgerRecord::Block(row) => drop(self.rules.blocks.insert(row.agent, row)),
                LedgerRecord::Dependencies(row) => {
                    let key = (row.team, row.role.clone());
                    drop(self.rules.dependencies.insert(key, row));
                }
                LedgerRecord::Rules(row) => self.put_rules(*row),
                LedgerRecord::Refs(row) => self.recover_refs(*row),
                LedgerRecord::Activity(row) => self.recover_activity(*row),
                // Taken up by their own: `rollback.rs`.
                LedgerRecord::Rollback(_) => {}
                LedgerRecord::Stated(row) => self.rules.stating.put(*row),
                LedgerRecord::Lane(row) => self.recover_lane(*row),
                LedgerRecord::Integration(row) => self.recover_integration(*row),
                record @ (LedgerRecord::Broker(_) | LedgerRecord::Push(_)) => {
                    self.recover_broker(record);
                }
            }
        }
        let teams: Vec<TeamId> = self.teams.keys().copied().collect();
        teams.into_iter().for_each(|team| self.put_words(team));
        for block in self.rules.blocks.values() {
            let at = self.blocked_until(block).max(now);
            let key = TimerKey::Blocked(block.agent);
            effects.push(Effect::Timer { key, at });
        }
        self.recover_stated(now, effects);
        self.recover_untold_rules(now, effects);
        self.recover_brokers(now, effects);
        if let Some(at) = self.next_expiry() {
            let (key, at) = (TimerKey::Violations, at.max(now));
            effects.push(Effect::Timer { key, at });
        }
    }

    /// The wall clock was set: what is open keeps its age.
    pub(super) fn rules_clock_moved(&mut self, t: &mut Turn, millis: i64) {
        self.rules.traffic.step(millis);
        self.rules.forgot = self.rules.forgot.moved(millis);
        self.watching_clock_moved(millis);
        let mut moved = Vec::new();
        for row in self.rules.violations.values_mut() {
            row.at = row.at.moved(millis);
            row.last = row.last.moved(millis);
            moved.push(LedgerRecord::Violation(row.clone()));
        }
        for row in self.rules.blocks.values_mut() {
            // Its beginning is part of its key: the record under the old one ends.
            let mut before = row.clone();
            before.ended = Some(t.now);
            moved.push(LedgerRecord::Block(before));
            row.since = row.since.moved(millis);
            moved.push(LedgerRecord::Block(row.clone()));
        }
        for record in moved {
            self.keep(t, record);
        }
    }

    pub(super) fn on_rules_request(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        caller: &Caller,
        request: RulesRequest,
    ) {
        match request {
            RulesRequest::Violations(filter) => {
                let query = Query::Violations(filter, (&caller.0).into());
                t.push(Effect::Answer { conn, query });
            }
            RulesRequest::Assignments { team, unacked } => {
                let team = team.or_else(|| self.team_of_caller(&caller.0));
                let query = Query::Assignments { team, unacked };
                t.push(Effect::Answer { conn, query });
            }
            RulesRequest::Resolve { id } => self.resolve_violation(t, conn, &caller.0, &id),
            RulesRequest::Status(report) => self.report_status(t, conn, caller, report),
            RulesRequest::SetDependencies { team, role, on } => {
                self.set_dependencies(t, conn, &caller.0, (&team, &role, &on));
            }
            RulesRequest::Dependencies { mut team } => {
                team.name = team.name.or_else(|| self.team_of_caller(&caller.0));
                self.list_dependencies(t, conn, &team);
            }
            RulesRequest::InForce { team } => self.show_rules(t, conn, &team),
            RulesRequest::Accept { team, id } => {
                self.accept_rules(t, conn, &caller.0, (&team, &id));
            }
            RulesRequest::Test {
                team,
                from,
                to,
                text,
            } => self.try_rules(t, conn, &team, (&from, &to, &text)),
        }
    }

    /// The name of the calling agent's team, which it means where it names none.
    fn team_of_caller(&self, caller: &Sender) -> Option<String> {
        match caller {
            Sender::Agent { team, .. } => self.name_of(*team),
            _ => None,
        }
    }

    /// An agent's status, put into its form and sent like any message.
    fn report_status(&mut self, t: &mut Turn, conn: ConnId, caller: &Caller, report: StatusReport) {
        let Sender::Agent { role, .. } = &caller.0 else {
            let error = "only an agent has a status to report";
            let cause = "rule privilege.agent: only a process inside an agent's pane can do this";
            let hint = Some("torch status");
            return t.fail(conn, crate::failure::refused(error, cause, hint));
        };
        let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        for (field, text) in [("current", &report.current), ("eta", &report.eta)] {
            if line(text).is_empty() {
                let error = format!("the status has no `{field}`");
                let cause = "a status says what is being done, and when it will be done";
                let hint = Some("torch report status --current \"the parser\" --eta 30m");
                return t.fail(conn, crate::failure::usage(&error, cause, hint));
            }
        }
        let blocked = report.blocked.as_deref().map(line);
        let form = StatusForm {
            name: role.to_string(),
            time: self.clock_time(t.now),
            completed: report.completed.iter().map(|item| line(item)).collect(),
            current: line(&report.current),
            blocked: blocked
                .filter(|text| !text.is_empty())
                .unwrap_or("none".to_owned()),
            eta: line(&report.eta),
        };
        let to = report.to.unwrap_or_else(|| RoleName::HUB.to_owned());
        let request = SendRequest {
            target: to,
            body: Body::Text(form.to_string()),
            key: None,
            inline: false,
            urgent: false,
            ttl_seconds: None,
            wait: None,
            wait_millis: 0,
            cwd: report.cwd,
            pane_hint: None,
        };
        self.send(t, conn, caller.clone(), request, None);
    }

    /// `2026-11-21T18:00:00+01:00`.
    fn clock_time(&self, now: Timestamp) -> String {
        let millis = i64::try_from(now.0).unwrap_or(i64::MAX);
        let instant = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
        let zoned = instant.to_zoned(self.settings.zone.clone());
        zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }
}

#[cfg(test)]
mod tests;
