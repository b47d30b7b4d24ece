//! `torch auto` for a project that has a team already.

use torch_api::wire::AutoRequest;
use torch_api::{Failure, Response};
use torch_core::{DesiredState, RoleName, TeamId, TeamPhase};

use super::{Order, team_env};
use crate::event::{ConnId, ProjectFacts, SpecFacts};
use crate::failure::{other, usage};
use crate::state::{State, Turn, WatchKind};

impl State {
    /// A project that has a team already: it is left as it is, or started again if it was stopped. One without a branch
    /// gets the one that the project is on by now.
    pub(super) fn auto_again(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        id: TeamId,
        request: &AutoRequest,
        order: &Order,
        (project, spec): (&ProjectFacts, &SpecFacts),
    ) {
        if let Some(failure) = self.not_as_asked(id, request, order, spec) {
            return t.fail(conn, failure);
        }
        let suspended = self.is_suspended(id);
        let Some(team) = self.teams.get_mut(&id) else {
            return;
        };
        if self.undos.contains_key(&id) {
            let hint = Some("torch status");
            return t.fail(
                conn,
                other(
                    "the project's team is being taken down",
                    "an earlier `torch auto` was cancelled",
                    hint,
                ),
            );
        }
        if team.desired == DesiredState::Running && !suspended && team.phase == TeamPhase::Raising {
            // An order that is being carried out, perhaps one whose client was cut off: it is answered when that is.
            self.watch(conn, id, WatchKind::Resume { ran: true });
            return;
        }
        let runs = team.desired == DesiredState::Running && !suspended;
        let adopted = self.adopt_branch(t, id, project.branch.as_ref());
        if runs {
            let team = Box::new(self.team_view(id, t.now));
            return t.reply(
                conn,
                Response::Raised {
                    existed: true,
                    adopted,
                    team,
                },
            );
        }
        let Some(team) = self.teams.get_mut(&id) else {
            return;
        };
        // A person orders a stopped team anew, or another spec, whatever was reported; a restarted machine is no order.
        if team.desired == DesiredState::Stopped || team.spec_sha256 != spec.sha256 {
            team.finished = None;
            team.summary = None;
        }
        let before = std::mem::replace(&mut team.spec, spec.path.clone());
        team.spec_sha256.clone_from(&spec.sha256);
        team.env = team_env(request);
        if let Some(policy) = &request.policy {
            team.policy = policy.clone();
        }
        team.limits.clone_from(&request.limits);
        if !spec.path.as_os_str().is_empty() {
            self.replan(t, id, &before, spec);
        }
        self.put_words(id);
        self.remember_secrets(id, &request.secrets);
        self.rules.ordered.insert(id);
        self.start_team(t, id);
        self.watch(conn, id, WatchKind::Auto);
        // The one that was reached for this order may have ended since.
        self.want_server(t);
        self.reconcile(t, id);
    }

    /// Why a team that is there can't be what was asked for.
    fn not_as_asked(
        &self,
        id: TeamId,
        request: &AutoRequest,
        order: &Order,
        spec: &SpecFacts,
    ) -> Option<Failure> {
        let team = self.teams.get(&id)?;
        let name = &team.name;
        let agents: Vec<_> = self.team_agents(id);
        let runs = || agents.iter().filter_map(|id| self.agents.get(id));
        let roles: Vec<&RoleName> = runs().map(|run| &run.agent.role).collect();
        let same = roles.len() == order.roles.len()
            && order.roles.iter().all(|role| roles.contains(&role));
        // Roles that the client chose by itself are no order to change a team that is there.
        let ordered = request.choice.as_ref().is_none_or(|choice| choice.asked);
        if ordered && !request.roles.is_empty() && !same {
            let list: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
            let cause = format!(
                "its roles are {}; torch resume --add-roles and torch agent end change them",
                list.join(", ")
            );
            return Some(usage(
                &format!("team {name} is there with other roles"),
                &cause,
                Some("torch status"),
            ));
        }
        if team.desired == DesiredState::Stopped || self.is_suspended(id) {
            return None;
        }
        let stop = format!("torch stop --team {name}");
        if team.spec != spec.path {
            let cause = format!("it works on {}", team.spec.display());
            return Some(usage(
                &format!("team {name} is running on another spec"),
                &cause,
                Some(&stop),
            ));
        }
        if team.spec_sha256 != spec.sha256 {
            let file = torch_process::quote::shell(&spec.path);
            let differs = self.spec_difference(id, spec);
            let cause = format!(
                "nothing was changed; taken in, the spec makes a difference to its plan: {differs}"
            );
            return Some(usage(
                &format!("team {name} is running, and its spec has changed since it was read"),
                &cause,
                Some(&format!("torch spec update {file} --team {name}")),
            ));
        }
        if request.policy.as_ref().is_some_and(|it| *it != team.policy) {
            let cause = format!(
                "it was started under {}; a team keeps its policy until it is stopped and started again",
                team.policy.profile.as_str()
            );
            let error = format!("team {name} is running under another policy");
            return Some(usage(&error, &cause, Some(&stop)));
        }
        let alive = team.phase == TeamPhase::Raising || runs().any(|run| run.agent.state.is_live());
        (!alive).then(|| {
            let hint = format!("torch resume --team {name}");
            other(
                &format!("team {name} is there, but none of its agents runs"),
                "all of them have ended and were left alone",
                Some(&hint),
            )
        })
    }
}
