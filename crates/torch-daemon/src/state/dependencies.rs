//! Dependencies between roles: who waits for whose completion, and who is told of one.

use std::collections::BTreeSet;

use serde_json::json;
use torch_api::Response;
use torch_api::rules::{DependencyState, DependencyView, RulesResponse};
use torch_api::wire::TeamSelector;
use torch_core::ledger::Dependencies;
use torch_core::{LedgerRecord, MessageKind, Recipient, RoleName, Sender, TeamId};

use super::send::{Draft, done};
use super::{State, Turn};
use crate::event::ConnId;
use crate::failure::{from_error, refused, usage};

impl State {
    /// Says for whose completion a role waits.
    pub(super) fn set_dependencies(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        caller: &Sender,
        (selector, role, on): (&TeamSelector, &str, &[String]),
    ) {
        let team = match caller {
            Sender::Agent { team, .. } => *team,
            _ => match self.select_team(selector) {
                Ok(team) => team.id,
                Err(failure) => return t.fail(conn, *failure),
            },
        };
        let may = match caller {
            Sender::Human | Sender::Script | Sender::Torch => true,
            Sender::Agent { role, .. } => role.is_hub() || role.is_sub_hub(),
            Sender::Unknown => false,
        };
        if !may {
            let error = format!("the dependencies were not set for {}", caller.label());
            let cause =
                "rule deps.set: a person, the orchestrator or the project manager sets them";
            let hint = format!("scm {} \"who waits for whom\"", self.above_caller(caller));
            return t.fail(conn, refused(&error, cause, Some(&hint)));
        }
        match self.checked_dependencies(team, role, on) {
            Ok((role, on)) => {
                let text = if on.is_empty() {
                    format!("{role} waits for nobody")
                } else {
                    format!("{role} waits for {}", names(&on))
                };
                let data = json!({"role": role, "on": on});
                t.journal("team.dependencies", team, data);
                let at = t.now;
                let row = Dependencies { team, role, on, at };
                self.keep(t, LedgerRecord::Dependencies(row.clone()));
                let key = (team, row.role.clone());
                if row.on.is_empty() {
                    self.rules.dependencies.remove(&key);
                } else {
                    self.rules.dependencies.insert(key, row);
                }
                t.reply(conn, done(text));
            }
            Err(failure) => t.fail(conn, *failure),
        }
    }

    /// Roles of the team, none twice, none that waits for itself over others.
    fn checked_dependencies(
        &self,
        team: TeamId,
        role: &str,
        on: &[String],
    ) -> Result<(RoleName, Vec<RoleName>), Box<torch_api::Failure>> {
        let member = |name: &str| {
            let role = RoleName::parse(name).map_err(|error| {
                let kind = torch_api::wire::FailureKind::Usage;
                Box::new(from_error(kind, &error, Some("torch status".to_owned())))
            })?;
            if self.agent_in(team, &role).is_some() {
                return Ok(role);
            }
            let name = self.teams.get(&team).map_or("?", |team| team.name.as_str());
            let error = format!("team {name} has no role {role}");
            Err(Box::new(usage(&error, "", Some("torch status"))))
        };
        let role = member(role)?;
        let on: BTreeSet<RoleName> = on
            .iter()
            .map(|name| member(name))
            .collect::<Result<_, _>>()?;
        let mut seen = BTreeSet::new();
        let mut open: Vec<RoleName> = on.iter().cloned().collect();
        while let Some(next) = open.pop() {
            if next == role {
                let error = format!("{role} can't wait for {}", names(&on));
                let cause = format!("then {role} would wait for itself");
                return Err(Box::new(usage(&error, &cause, Some("torch deps list"))));
            }
            if seen.insert(next.clone())
                && let Some(row) = self.rules.dependencies.get(&(team, next))
            {
                open.extend(row.on.iter().cloned());
            }
        }
        Ok((role, on.into_iter().collect()))
    }

    pub(super) fn list_dependencies(&self, t: &mut Turn, conn: ConnId, selector: &TeamSelector) {
        let team = match self.select_team(selector) {
            Ok(team) => team,
            Err(failure) => return t.fail(conn, *failure),
        };
        let rows = self.rules.dependencies.values();
        let dependencies = rows
            .filter(|row| row.team == team.id)
            .map(|row| DependencyView {
                role: row.role.to_string(),
                on: row
                    .on
                    .iter()
                    .map(|role| DependencyState {
                        role: role.to_string(),
                        complete: self.has_completed(team.id, role),
                    })
                    .collect(),
            })
            .collect();
        let team = team.name.to_string();
        let response = RulesResponse::Dependencies { team, dependencies };
        t.reply(conn, Response::Rules(Box::new(response)));
    }

    fn has_completed(&self, team: TeamId, role: &RoleName) -> bool {
        let agent = self.agent_in(team, role);
        let run = agent.and_then(|agent| self.agents.get(&agent));
        run.is_some_and(|run| run.agent.completed.is_some())
    }

    /// Tells those who wait for a role that it has completed, and for whom they still wait.
    pub(super) fn tell_dependants(
        &mut self,
        t: &mut Turn,
        team: TeamId,
        role: &RoleName,
        text: &str,
    ) {
        let rows = self.rules.dependencies.values();
        let waiting: Vec<Dependencies> = rows
            .filter(|row| row.team == team && row.on.contains(role))
            .cloned()
            .collect();
        for row in waiting {
            let Some(agent) = self.agent_in(team, &row.role) else {
                continue;
            };
            let left: Vec<&RoleName> = row
                .on
                .iter()
                .filter(|other| !self.has_completed(team, other))
                .collect();
            let left = if left.is_empty() {
                "Nobody else is waited for: you can go on.".to_owned()
            } else {
                format!("You still wait for {}.", names(left))
            };
            let body = format!("{role}, whom you wait for, has completed: {text}\n{left}");
            let recipient = Recipient::Agent {
                agent,
                role: row.role.clone(),
            };
            let message = self.post(
                t,
                Draft::from_torch(team, MessageKind::Notice, recipient, body),
            );
            t.journal(
                "team.dependant_told",
                team,
                json!({"role": role, "dependant": row.role, "message": message}),
            );
        }
    }
}

fn names<'a>(roles: impl IntoIterator<Item = &'a RoleName>) -> String {
    let names: Vec<&str> = roles.into_iter().map(RoleName::as_str).collect();
    names.join(", ")
}
