//! Integrations: who may want one, what turns them, and what is said because of them. What they are is in `torch-integration`.

mod news;
mod orders;
mod since;
#[cfg(test)]
mod tests;
mod views;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use torch_core::git_activity::RefMove;
use torch_core::integration::{Integration, Step, WaitOn};
use torch_core::policy::AgentCommits;
use torch_core::{
    AgentId, DesiredState, IntegrationId, LedgerRecord, MessageKind, Recipient, RoleName, TeamId,
    Timestamp,
};
use torch_integration::integrate::{self, Due, Found, Member, Rules, Say, To};

pub(crate) use orders::listed;

use super::send::Draft;
use super::{State, Turn};
use crate::event::{ConnId, Effect, TimerKey};
use crate::integrate::Job;

/// The open integrations, at most one of a team.
#[derive(Debug, Default)]
pub(crate) struct Integrations {
    rows: BTreeMap<TeamId, Integration>,
    /// The newest of each team that was let into its parent and is over.
    landed: BTreeMap<TeamId, Integration>,
    /// Those with an act under way.
    doing: BTreeSet<TeamId>,
    /// Those whose team's branches moved meanwhile.
    moved: BTreeSet<TeamId>,
    /// Clients that are told when one waits or is over.
    clients: Vec<(ConnId, TeamId)>,
}

impl Integrations {
    /// The one that a team has under way, then the newest that its parent has.
    pub(super) fn of(&self, team: TeamId) -> impl Iterator<Item = &Integration> {
        let both = [self.rows.get(&team), self.landed.get(&team)];
        both.into_iter().flatten()
    }
}

impl State {
    /// Takes up what was under way, from the ledger.
    pub(super) fn recover_integration(&mut self, row: Integration) {
        self.integrations.rows.insert(row.team, row);
    }

    /// Goes on with all of them: what was begun is looked at and done again.
    pub(super) fn resume_integrations(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let mut t = Turn {
            now,
            cause: "the daemon started".to_owned(),
            effects: Vec::new(),
        };
        for team in self.integrating() {
            self.advance_integration(&mut t, team);
        }
        effects.append(&mut t.effects);
    }

    fn integrating(&self) -> Vec<TeamId> {
        let mut teams: Vec<_> = self.integrations.rows.values().collect();
        teams.sort_by_key(|row| row.id);
        teams.iter().map(|row| row.team).collect()
    }

    /// The wall clock was set: deadlines keep their distance.
    pub(super) fn integrations_clock_moved(&mut self, t: &mut Turn, millis: i64) {
        for row in self.integrations.rows.values_mut() {
            if let Some(wait) = &mut row.wait {
                wait.since = wait.since.moved(millis);
                wait.until = wait.until.map(|until| until.moved(millis));
            }
            row.asked = row.asked.map(|asked| asked.moved(millis));
        }
        for team in self.integrating() {
            self.keep_integration(t, team);
        }
    }

    /// What holds for a team's integration.
    pub(super) fn integration_rules(&self, row: &Integration) -> Option<Rules> {
        let team = self.teams.get(&row.team)?;
        let config = &self.settings.config.integration;
        let agents = self.team_agents(row.team).into_iter();
        let members = agents.filter_map(|agent| {
            let agent = &self.agents.get(&agent)?.agent;
            Some(Member {
                role: agent.role.clone(),
                lives: agent.desired == DesiredState::Running && agent.state.is_live(),
            })
        });
        let stamp = |form: &str| {
            let millis = i64::try_from(row.at.0).unwrap_or(i64::MAX);
            let at = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
            at.to_zoned(self.settings.zone.clone())
                .strftime(form)
                .to_string()
        };
        Some(Rules {
            team: team.name.to_string(),
            members: members.collect(),
            before: self.roles_before(row.team),
            approval: team.policy.integration.approval,
            agents_commit: team.policy.git.agent_commits == AgentCommits::Required,
            admin_merge: team.policy.integration.admin_merge,
            run_tests: config.run_tests,
            test: config.test_command().map(str::to_owned),
            gates: torch_integration::integrate::gates(&self.settings.config.quality).into(),
            verify: config.verify_commands().map(str::to_owned).collect(),
            network: config.network,
            minute: stamp("%Y%m%d-%H%M"),
            second: stamp("%Y%m%d-%H%M%S"),
            shown: stamp("%Y-%m-%d %H:%M"),
        })
    }

    /// Pairs of roles, the first of which the plan has a task of the second wait for.
    fn roles_before(&self, team: TeamId) -> Vec<(RoleName, RoleName)> {
        let Some(plan) = self.plans.get(&team) else {
            return Vec::new();
        };
        let owners: BTreeMap<_, _> = plan
            .tasks
            .iter()
            .filter_map(|task| Some((&task.id, task.owner.as_ref()?)))
            .collect();
        let mut pairs = BTreeSet::new();
        for task in &plan.tasks {
            let Some(owner) = &task.owner else {
                continue;
            };
            let before = task.depends_on.iter().filter_map(|id| owners.get(id));
            let others = before.filter(|before| **before != owner);
            pairs.extend(others.map(|before| ((*before).clone(), owner.clone())));
        }
        pairs.into_iter().collect()
    }

    /// Does what is due next, says what is to be said, and keeps it all in this turn.
    pub(super) fn advance_integration(&mut self, t: &mut Turn, team: TeamId) {
        if self.integrations.doing.contains(&team) {
            return;
        }
        let other = self.integrates_before(team);
        let Some(mut row) = self.integrations.rows.remove(&team) else {
            return;
        };
        let Some(rules) = self.integration_rules(&row) else {
            return;
        };
        integrate::queue(&mut row, other, t.now);
        let before = row.clone();
        let (due, mut says) = integrate::due(&mut row, &rules, t.now);
        news::journal(t, &before, &row);
        let missed = due == Due::Wait && self.integrations.moved.remove(&team);
        if missed && integrate::moved(&mut row, t.now) {
            self.integrations.rows.insert(team, row);
            self.say_of_integration(t, team, says);
            return self.advance_integration(t, team);
        }
        match due {
            Due::Act(act) => {
                let step = row.step().map_or("end", Step::as_str);
                t.journal(
                    &format!("integration.{step}"),
                    row.id,
                    json!({"team": team}),
                );
                self.integrations.rows.insert(team, row.clone());
                self.keep_integration(t, team);
                self.integrations.doing.insert(team);
                self.order_integration(t, row, rules, act);
            }
            Due::Wait => {
                let until = row.wait.as_ref().and_then(|wait| wait.until);
                self.integrations.rows.insert(team, row);
                self.keep_integration(t, team);
                let key = TimerKey::Integration(team);
                match until {
                    Some(at) => t.timer(key, at),
                    None => t.push(Effect::CancelTimer(key)),
                }
                self.answer_integrators(t, team);
            }
            Due::Over => {
                says.dedup();
                self.end_integration(t, row);
            }
        }
        self.say_of_integration(t, team, says);
    }

    /// The command that runs for one that is given up is not waited for.
    fn end_given_up(&self, t: &mut Turn, team: TeamId) {
        let row = self.integrations.rows.get(&team);
        let given_up = row.is_some_and(|row| row.giving_up.is_some() && row.begun.is_some());
        if given_up && self.integrations.doing.contains(&team) {
            t.push(Effect::EndIntegrationCommand { team });
        }
    }

    /// The daemon ends in good order, and the commands that run with it.
    pub(super) fn integrations_end(&mut self, t: &mut Turn) {
        for team in self.integrations.doing.clone() {
            if let Some(row) = self.integrations.rows.get_mut(&team) {
                integrate::interrupted(row);
                self.keep_integration(t, team);
            }
        }
    }

    fn order_integration(&self, t: &mut Turn, row: Integration, rules: Rules, act: integrate::Act) {
        if let Some(job) = self.integration_job(row, rules, act) {
            let team = job.row.team;
            t.push(Effect::Integrate {
                team,
                job: Box::new(job),
            });
        }
    }

    fn integration_job(&self, row: Integration, rules: Rules, act: integrate::Act) -> Option<Job> {
        let team = self.teams.get(&row.team)?;
        let agents = self.team_agents(row.team).into_iter();
        Some(Job {
            agents: agents.filter_map(|agent| self.registered(agent)).collect(),
            merged_into: self.lane_merges_into(row.team),
            project: team.project.clone(),
            env: team.env.clone(),
            act,
            row,
            rules,
        })
    }

    /// An older one of the same repository.
    fn integrates_before(&self, team: TeamId) -> Option<IntegrationId> {
        let common_dir = |team: &TeamId| self.teams.get(team).map(|team| &team.common_dir);
        let own = self.integrations.rows.get(&team)?;
        let others = self.integrations.rows.values();
        others
            .filter(|other| other.id < own.id && common_dir(&other.team) == common_dir(&team))
            .map(|other| other.id)
            .min()
    }

    fn keep_integration(&self, t: &mut Turn, team: TeamId) {
        if let Some(row) = self.integrations.rows.get(&team) {
            self.keep(t, LedgerRecord::Integration(Box::new(row.clone())));
        }
    }

    /// It is over: whoever waited is told, and the next one begins.
    fn end_integration(&mut self, t: &mut Turn, row: Integration) {
        let team = row.team;
        t.journal(
            "integration.over",
            row.id,
            json!({"outcome": row.outcome, "landed": row.landed}),
        );
        self.keep(t, LedgerRecord::Integration(Box::new(row.clone())));
        t.push(Effect::CancelTimer(TimerKey::Integration(team)));
        self.integrations.moved.remove(&team);
        if row.landed.is_some() {
            // Its move is read a moment later.
            self.integrations.landed.insert(team, row.clone());
        }
        let view = self.integration_view(row);
        self.tell_integrators(t, team, &view);
        let waits = |row: &Integration| {
            let wait = row.wait.as_ref().map(|wait| &wait.on);
            matches!(wait, Some(WaitOn::Turn { .. }))
        };
        let rows = self.integrations.rows.values();
        let next: Vec<_> = rows.filter(|row| waits(row)).map(|row| row.team).collect();
        for other in next {
            self.advance_integration(t, other);
        }
        self.go_on_purging(t, team);
    }

    /// An act ended.
    pub(super) fn on_integrated(
        &mut self,
        t: &mut Turn,
        team: TeamId,
        (id, mut found): (IntegrationId, Found),
    ) {
        let here = self.integrations.rows.get_mut(&team);
        let Some(row) = here.filter(|row| row.id == id) else {
            return;
        };
        self.integrations.doing.remove(&team);
        let copy = row.clone();
        let Some(rules) = self.integration_rules(&copy) else {
            return;
        };
        let mut row = copy.clone();
        if let Found::Seen(seen) = &mut found {
            // A merge may have begun since the look was ordered.
            seen.leave_out_merges_into(&self.lane_merges_into(team));
        }
        let says = integrate::follow(&mut row, &rules, found, t.now);
        news::journal(t, &copy, &row);
        self.integrations.rows.insert(team, row);
        self.keep_integration(t, team);
        self.say_of_integration(t, team, says);
        self.advance_integration(t, team);
    }

    /// Branches of the team moved.
    pub(super) fn integration_moved(&mut self, t: &mut Turn, team: TeamId, moves: &[RefMove]) {
        let theirs = |name: &str| {
            let branch = name.strip_prefix("refs/heads/");
            name == "HEAD" || branch.is_some_and(|branch| !branch.starts_with("integration/"))
        };
        if !moves.iter().any(|moved| theirs(&moved.name)) {
            return;
        }
        if self.integrations.doing.contains(&team) {
            self.integrations.moved.insert(team);
            return;
        }
        let now = t.now;
        let row = self.integrations.rows.get_mut(&team);
        if row.is_some_and(|row| integrate::moved(row, now)) {
            self.advance_integration(t, team);
        }
    }

    /// What one waited for took too long.
    pub(super) fn on_integration_due(&mut self, t: &mut Turn, team: TeamId) {
        let Some(mut row) = self.integrations.rows.get(&team).cloned() else {
            return;
        };
        let Some(rules) = self.integration_rules(&row) else {
            return;
        };
        let says = integrate::on_deadline(&mut row, &rules, t.now);
        self.integrations.rows.insert(team, row);
        self.say_of_integration(t, team, says);
        self.advance_integration(t, team);
    }

    /// Posts what is said, each text to each reader once.
    fn say_of_integration(&mut self, t: &mut Turn, team: TeamId, says: Vec<Say>) {
        let mut told: BTreeSet<(Option<AgentId>, String)> = BTreeSet::new();
        for say in says {
            for recipient in self.integration_readers(team, &say.to) {
                if told.insert((recipient.agent(), say.text.clone())) {
                    let draft =
                        Draft::from_torch(team, MessageKind::Notice, recipient, say.text.clone());
                    self.post(t, draft);
                }
            }
        }
    }

    /// Who is meant; where nobody is, the person.
    fn integration_readers(&self, team: TeamId, to: &To) -> Vec<Recipient> {
        let agents = self.team_agents(team).into_iter();
        let agents: Vec<(AgentId, RoleName)> = agents
            .filter_map(|id| {
                let agent = &self.agents.get(&id)?.agent;
                let wanted = agent.desired == DesiredState::Running;
                wanted.then(|| (id, agent.role.clone()))
            })
            .collect();
        let find = |is_it: &dyn Fn(&RoleName) -> bool| {
            let found = agents.iter().find(|(_, role)| is_it(role));
            found.map(|(agent, role)| Recipient::Agent {
                agent: *agent,
                role: role.clone(),
            })
        };
        let one = match to {
            To::Person => None,
            To::Role(role) => find(&|one| one == role),
            To::Lead => find(&RoleName::is_sub_hub).or_else(|| find(&RoleName::is_hub)),
            To::Everybody => {
                let all = agents.iter().map(|(agent, role)| Recipient::Agent {
                    agent: *agent,
                    role: role.clone(),
                });
                return all.collect();
            }
        };
        vec![one.unwrap_or(Recipient::Human)]
    }

    fn answer_integrators(&mut self, t: &mut Turn, team: TeamId) {
        if let Some(row) = self.integrations.rows.get(&team) {
            let view = self.integration_view(row.clone());
            self.tell_integrators(t, team, &view);
        }
    }
}
