//! A person accepts what a project's files loosen while its team runs.

use serde_json::json;
use torch_api::rules::HeldView;
use torch_api::wire::TeamSelector;
use torch_api::{Failure, Response};
use torch_core::project_rules::{HeldBack, RulesInForce};
use torch_core::{AgentId, DesiredState, Sender, TeamId};

use crate::event::ConnId;
use crate::failure::usage;
use crate::state::{State, Turn};

impl State {
    /// Puts in force what the files state, where this is what a person was shown.
    pub(in crate::state) fn accept_rules(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        caller: &Sender,
        (selector, id): (&TeamSelector, &str),
    ) {
        match self.accepted(t, caller, selector, id) {
            Ok(text) => t.reply(conn, Response::Done { text }),
            Err(failure) => t.fail(conn, *failure),
        }
    }

    fn accepted(
        &mut self,
        t: &mut Turn,
        caller: &Sender,
        selector: &TeamSelector,
        id: &str,
    ) -> Result<String, Box<Failure>> {
        let team = self.select_team(selector)?;
        let (team, name) = (team.id, team.name.to_string());
        let list = format!("torch rules list --team {name}");
        let error = format!("{id:?} can't be accepted for team {name}");
        let project = self.rules.projects.get(&team);
        let stated = project.and_then(|project| project.stated.clone());
        let held = self.rules_held(team);
        let (Some(stated), Some(held)) = (stated, held) else {
            let cause = "nothing of its project's rules is held back";
            return Err(Box::new(usage(&error, cause, Some(&list))));
        };
        if held.id != id.trim() {
            let cause = format!(
                "what is held back now is {}: the files changed since, or it is another team's",
                held.id
            );
            return Err(Box::new(usage(&error, &cause, Some(&list))));
        }
        // What else changed is told before, so that what follows is no news.
        self.on_rules_told_due(t, team);
        let by = caller.label();
        t.journal("rules.accepted", team, json!({"held": held.id, "by": by}));
        self.exchange(t, team, (stated, None), None);
        let (ended, begun) = (held.stays.len(), held.waits.len());
        Ok(format!(
            "accepted: {} of {name} {ended} no longer in force, {begun} new in force",
            match held.len() {
                1 => "rule",
                _ => "rules",
            }
        ))
    }

    /// What is in force in a team, as the ledger keeps it.
    pub(super) fn rules_row(&self, team: TeamId) -> Option<RulesInForce> {
        let project = self.rules.projects.get(&team)?;
        Some(RulesInForce {
            team,
            since: project.since,
            until: None,
            set: project.set.data().clone(),
            stated: project.stated.clone(),
            told: project.told.clone(),
        })
    }

    /// What waits for a person in a team that runs, in a line; one that is started anew takes the files as they are.
    pub(in crate::state) fn rules_held_line(&self, team: TeamId) -> Option<String> {
        let row = self.teams.get(&team)?;
        let held = self.rules_held(team)?;
        (row.desired == DesiredState::Running).then(|| line(&held, row.name.as_str()))
    }

    /// What is held back in the teams that run, for `torch pending`.
    pub(in crate::state) fn pending_rules(&self, team: Option<TeamId>) -> Vec<HeldView> {
        let teams = self.teams.values().filter(|row| {
            team.is_none_or(|team| row.id == team) && row.desired == DesiredState::Running
        });
        let views = teams.filter_map(|row| {
            let (team, held) = (row.name.to_string(), self.rules_held(row.id)?);
            Some(HeldView { team, held })
        });
        views.collect()
    }

    /// What is held back of the rules that concern an agent, a line each.
    pub(in crate::state) fn rules_held_for(&self, agent: AgentId) -> Vec<String> {
        let Some(run) = self.agents.get(&agent) else {
            return Vec::new();
        };
        let (team, role) = (run.agent.team, &run.agent.role);
        let Some(held) = self.rules_held(team) else {
            return Vec::new();
        };
        let name = self.name_of(team).unwrap_or_default();
        let accept = format!("torch rules accept {} --team {name}", held.id);
        let concern = |rule: &&torch_core::project_rules::ProjectRule| {
            crate::brief::stated::concerns(&rule.ask, role)
        };
        let stays = held.stays.iter().filter(concern).map(|rule| {
            let words = crate::brief::stated::words(rule);
            format!("in force until a person accepts its end: {words} ({accept})")
        });
        let waits = held.waits.iter().filter(concern).map(|rule| {
            let words = crate::brief::stated::words(rule);
            format!("not in force until a person accepts it: {words} ({accept})")
        });
        stays.chain(waits).collect()
    }
}

/// What is held back, and the command that accepts it.
fn line(held: &HeldBack, team: &str) -> String {
    let changes = match held.len() {
        1 => "1 rule".to_owned(),
        more => format!("{more} rules"),
    };
    format!(
        "the project's files loosen {changes} while the team runs, which is held back until you accept it: torch rules accept {} --team {team}",
        held.id
    )
}
