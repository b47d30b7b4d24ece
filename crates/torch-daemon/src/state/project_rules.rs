//! The rules of projects in force: taken up whole, kept, shown, and tried on a message that nobody sends.

mod accept;
mod told;

use std::sync::Arc;

use serde_json::json;
use torch_api::Response;
use torch_api::rules::{RulesResponse, RulesView};
use torch_api::wire::TeamSelector;
use torch_core::project_rules::{DayMinute, HeldBack, ProjectRules, RulesInForce, RulesTold};
use torch_core::{DesiredState, LedgerRecord, RoleName, RouterMode, Sender, TeamId, Timestamp};
use torch_router::critical;
use torch_router::project::{RuleSet, contradictions, held_back, tightened};
use torch_router::speech::Speech;
use torch_router::traffic::Limits;

use super::{State, Turn};
use crate::event::ConnId;
use crate::project_files::{ProjectRulesError, verdict};

/// The rules of a team's project.
#[derive(Debug)]
pub(crate) struct Project {
    pub(super) set: Arc<RuleSet>,
    since: Timestamp,
    /// What the files state instead, where some of it waits for a person.
    stated: Option<ProjectRules>,
    /// What a person was told last, while changes since are gathered.
    told: Option<RulesTold>,
    /// Why the files can't be read as they are now; the set is the last good one then.
    trouble: Option<String>,
    /// The trouble that a person was told of.
    trouble_told: Option<String>,
    /// Which roles may say nothing at all now, and by which rule.
    silence: Option<String>,
}

impl State {
    /// The teams whose projects' rules are looked at, and where.
    pub(crate) fn ruled_teams(&self) -> Vec<(TeamId, std::path::PathBuf)> {
        let running = self
            .teams
            .values()
            .filter(|team| team.desired == DesiredState::Running && !self.is_suspended(team.id));
        running
            .map(|team| (team.id, team.project.clone()))
            .collect()
    }

    /// The rules of a team's project.
    pub(super) fn project_rules(&self, team: TeamId) -> Option<&Arc<RuleSet>> {
        self.rules.projects.get(&team).map(|project| &project.set)
    }

    /// The limits that hold in a team.
    pub(super) fn limits_of(&self, team: TeamId) -> Limits {
        let base = self.own_limits(team);
        let rules = self.project_rules(team);
        rules.map_or(base, |rules| rules.limits(&base))
    }

    /// The limits of the person's settings, and of the project's `torch.toml` when the team was started.
    fn own_limits(&self, team: TeamId) -> Limits {
        let own = self.teams.get(&team).map(|team| &team.limits);
        match own.filter(|own| !own.is_silent()) {
            Some(own) => Limits::from(&own.over(&self.settings.config.router)),
            None => self.rules.limits,
        }
    }

    /// Whether the files of a team's project are to be read, changed or not.
    pub(crate) fn awaits_rules(&self, team: TeamId) -> bool {
        self.rules.ordered.contains(&team)
    }

    /// The critical words of a text in a team.
    pub(super) fn critical_words(&self, team: TeamId, text: &str, speech: &Speech) -> Vec<String> {
        let words = self.rules.words_of.get(&team);
        words.unwrap_or(&self.rules.words).find_in(text, speech)
    }

    /// Puts together the critical words of a team: the user's, and what its project adds in `torch.toml` and in its rules.
    pub(super) fn put_words(&mut self, team: TeamId) {
        let router = &self.settings.config.router;
        let own = self.teams.get(&team).map(|team| team.limits.over(router));
        let own = own.filter(|own| own.critical != router.critical);
        let rules = self.rules.projects.get(&team).map(|project| &project.set);
        let mut ruled = rules.into_iter().flat_map(|set| set.critical()).peekable();
        if own.is_none() && ruled.peek().is_none() {
            self.rules.words_of.remove(&team);
            return;
        }
        let base = own.as_ref().unwrap_or(router);
        let words = critical::Words::new(base.critical_words().chain(ruled));
        self.rules.words_of.insert(team, words);
    }

    /// The time of day here.
    pub(super) fn time_of_day(&self, now: Timestamp) -> DayMinute {
        crate::project_files::time_of_day(now, &self.settings.zone)
    }

    /// A project's files were read, or could not be.
    pub(crate) fn on_rules_read(
        &mut self,
        t: &mut Turn,
        team: TeamId,
        result: Result<Box<ProjectRules>, ProjectRulesError>,
    ) {
        if !self.teams.contains_key(&team) {
            return;
        }
        self.rules.read.insert(team);
        let ordered = self.rules.ordered.remove(&team);
        match result {
            Ok(rules) => self.take_rules(t, team, *rules, ordered),
            Err(error) => self.keep_rules(t, team, error.to_string()),
        }
    }

    /// The whole set at once: no message is judged by half of it. `ordered`: a person started the team with these files. Otherwise
    /// what loosens the rules in force waits for a person.
    fn take_rules(&mut self, t: &mut Turn, team: TeamId, rules: ProjectRules, ordered: bool) {
        let Some(project) = self.rules.projects.get_mut(&team) else {
            return self.exchange(t, team, (rules, None), None);
        };
        project.trouble = None;
        project.trouble_told = None;
        let before = project.set.data();
        if ordered {
            let is_same = before.id == rules.id && project.stated.is_none();
            if !is_same {
                self.exchange(t, team, (rules, None), None);
            }
            return;
        }
        let counts = tightened(before, &rules);
        let stated = held_back(&counts, &rules).map(|_| rules);
        if counts.id == before.id && stated == project.stated {
            return;
        }
        let told = project.told.clone().unwrap_or_else(|| RulesTold {
            since: t.now,
            set: before.clone(),
            stated: project.stated.clone(),
        });
        self.exchange(t, team, (counts, stated), Some(told));
        self.tell_rules_later(t, team);
    }

    /// Puts a set in the place of another: the rules that count, and what the files state where some of it waits.
    fn exchange(
        &mut self,
        t: &mut Turn,
        team: TeamId,
        (set, stated): (ProjectRules, Option<ProjectRules>),
        told: Option<RulesTold>,
    ) {
        let before = self.rules.projects.get(&team);
        let before = before.map(|project| (project.since, project.set.data().clone()));
        let same = before.as_ref().is_some_and(|(_, old)| old.id == set.id);
        let held = stated.as_ref().and_then(|stated| held_back(&set, stated));
        // A set of nothing is kept too: what an agent writes later has to differ from it, also for the next daemon.
        if before.is_some() || !set.rules.is_empty() || !set.unchecked.is_empty() {
            let data = json!({
                "id": set.id, "rules": set.rules.len(), "unchecked": set.unchecked.len(),
                "before": before.as_ref().map(|(_, set)| set.id.clone()),
                "held": held.as_ref().map(|held| held.id.clone()),
            });
            t.journal("rules.changed", team, data);
        }
        let mut since = t.now;
        if let Some((began, old)) = before {
            if same {
                since = began;
            } else {
                // Its beginning is part of a record's key.
                since = Timestamp(since.0.max(began.0 + 1));
                let ended = RulesInForce {
                    team,
                    since: began,
                    until: Some(t.now),
                    set: old,
                    stated: None,
                    told: None,
                };
                self.keep(t, LedgerRecord::Rules(Box::new(ended)));
            }
        }
        let row = RulesInForce {
            team,
            since,
            until: None,
            set,
            stated,
            told,
        };
        self.keep(t, LedgerRecord::Rules(Box::new(row.clone())));
        self.put_rules(row);
        if !same {
            self.rules_apply_to_blocks(t, team);
            self.state_anew(t, team);
        }
    }

    /// What of a team's project waits for a person.
    pub(super) fn rules_held(&self, team: TeamId) -> Option<HeldBack> {
        let project = self.rules.projects.get(&team)?;
        held_back(project.set.data(), project.stated.as_ref()?)
    }

    /// Puts a set in force.
    pub(super) fn put_rules(&mut self, row: RulesInForce) {
        let old = self.rules.projects.remove(&row.team);
        let (trouble, trouble_told) =
            old.map_or((None, None), |old| (old.trouble, old.trouble_told));
        let project = Project {
            set: Arc::new(RuleSet::new(row.set)),
            since: row.since,
            stated: row.stated,
            told: row.told,
            trouble,
            trouble_told,
            silence: None,
        };
        self.rules.projects.insert(row.team, project);
        self.put_words(row.team);
    }

    /// The files can't be read: the last good set stays, and a person is told once.
    fn keep_rules(&mut self, t: &mut Turn, team: TeamId, trouble: String) {
        if !self.rules.projects.contains_key(&team) {
            self.put_rules(RulesInForce {
                team,
                since: t.now,
                until: None,
                set: ProjectRules::default(),
                stated: None,
                told: None,
            });
        }
        let Some(project) = self.rules.projects.get_mut(&team) else {
            return;
        };
        if project.trouble.as_ref() == Some(&trouble) {
            return;
        }
        project.trouble = Some(trouble.clone());
        t.journal("rules.unreadable", team, json!({"error": trouble}));
        self.tell_rules_later(t, team);
    }

    /// What is wrong with the files of a team's rules.
    pub(super) fn rules_trouble(&self, team: TeamId) -> Option<String> {
        self.rules.projects.get(&team)?.trouble.clone()
    }

    /// Looks which roles a rule keeps from every message now, those to the orchestrator too; `torch status` says so.
    pub(super) fn look_for_silence(&mut self, now: Timestamp) {
        let teams: Vec<TeamId> = self.rules.projects.keys().copied().collect();
        let time = self.time_of_day(now);
        for id in teams {
            let open = self
                .teams
                .get(&id)
                .is_none_or(|team| team.router == RouterMode::Open);
            let roles = self.agents.values().filter(|run| run.agent.team == id);
            let roles: Vec<RoleName> = roles.map(|run| run.agent.role.clone()).collect();
            let Some(project) = self.rules.projects.get_mut(&id) else {
                continue;
            };
            let silent = roles.iter().filter_map(|role| {
                let rule = project.set.silences(role, time)?;
                Some((role, rule))
            });
            let silent: Vec<_> = silent.filter(|_| !open).collect();
            project.silence = silent.first().map(|(_, rule)| {
                let who = match silent.len() == roles.len() {
                    true => "nobody".to_owned(),
                    false => {
                        let names: Vec<&str> =
                            silent.iter().map(|(role, _)| role.as_str()).collect();
                        format!("none of {}", names.join(", "))
                    }
                };
                format!(
                    "{who} can write to anybody now: {} ({}:{})",
                    rule.ask, rule.file, rule.line
                )
            });
        }
    }

    /// Who of a team may say nothing at all now.
    pub(super) fn rules_silence(&self, team: TeamId) -> Option<String> {
        self.rules.projects.get(&team)?.silence.clone()
    }

    /// The rules in force, for `torch rules list`.
    pub(super) fn show_rules(&self, t: &mut Turn, conn: ConnId, selector: &TeamSelector) {
        let team = match self.select_team(selector) {
            Ok(team) => team,
            Err(failure) => return t.fail(conn, *failure),
        };
        let project = self.rules.projects.get(&team.id);
        let stated = project.filter(|project| !project.set.is_empty() || project.stated.is_some());
        let limited = stated.map(|project| {
            let exchanges = self.own_limits(team.id).exchanges;
            let blocked = self.blocked_seconds(team.id);
            project.set.limited(team.router, exchanges, blocked)
        });
        let view = RulesView {
            team: team.name.to_string(),
            project: team.project.clone(),
            since: stated.map(|project| project.since),
            trouble: project.and_then(|project| project.trouble.clone()),
            set: stated.map(|project| project.set.data().clone()),
            limited: limited.into_iter().flatten().collect(),
            unread: team.desired == DesiredState::Running && !self.rules.read.contains(&team.id),
            held: self.rules_held(team.id),
            contradictions: stated
                .map(|project| contradictions(project.set.data()))
                .unwrap_or_default(),
        };
        let response = RulesResponse::InForce(Box::new(view));
        t.reply(conn, Response::Rules(Box::new(response)));
    }

    /// What would become of a message; nothing is sent, nothing remembered.
    pub(super) fn try_rules(
        &self,
        t: &mut Turn,
        conn: ConnId,
        selector: &TeamSelector,
        (from, to, text): (&str, &str, &str),
    ) {
        let sender = match self.as_sender(selector, from) {
            Ok(sender) => sender,
            Err(failure) => return t.fail(conn, *failure),
        };
        let resolved = match self.resolve(&sender, to, &selector.cwd) {
            Ok(resolved) => resolved,
            Err(failure) => return t.fail(conn, *failure),
        };
        let Some((speech, judged)) = self.judged(t.now, &sender, &resolved, text.as_bytes()) else {
            return;
        };
        let none = RuleSet::new(ProjectRules::default());
        let rules = self
            .project_rules(resolved.team)
            .map_or(&none, |rules| rules);
        let critical = self.critical_words(resolved.team, text, &speech);
        let view = verdict(judged, rules, critical);
        let response = RulesResponse::Verdict(Box::new(view));
        t.reply(conn, Response::Rules(Box::new(response)));
    }

    /// A role of a team as the sender of a message; `human` is the person.
    fn as_sender(
        &self,
        selector: &TeamSelector,
        name: &str,
    ) -> Result<Sender, Box<torch_api::Failure>> {
        if name.eq_ignore_ascii_case("human") {
            return Ok(Sender::Human);
        }
        let agent = self.find_agent(selector, name)?;
        let run = &self.agents[&agent].agent;
        let role: RoleName = run.role.clone();
        Ok(Sender::Agent {
            agent,
            team: run.team,
            role,
        })
    }
}
