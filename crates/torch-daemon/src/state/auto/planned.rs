//! What `torch auto` would do, as it is shown before it does.

use torch_api::view::{PlanView, PlannedAgent, WritesView};
use torch_api::wire::AutoRequest;
use torch_brief::Role;
use torch_core::{DesiredState, RoleName, RouterMode, TeamId};
use torch_router::project::RuleSet;

use super::Order;
use crate::brief::{partners, would_be_matrix};
use crate::event::{ProjectFacts, SpecFacts};
use crate::state::State;
use crate::state::tasks::spec_plan;

impl State {
    /// The plan of an order; `request` says what its team would be besides.
    pub(super) fn plan_view(
        &self,
        (request, order): (&AutoRequest, &Order),
        project: &ProjectFacts,
        spec: &SpecFacts,
        existing: Option<TeamId>,
    ) -> PlanView {
        let known = existing.and_then(|team| self.teams.get(&team));
        let name = known.map_or_else(|| self.team_name(project), |team| team.name.clone());
        let base = project.branch.clone().unwrap_or_else(|| "HEAD".to_owned());
        let agents = order
            .roles
            .iter()
            .enumerate()
            .map(|(n, role)| PlannedAgent {
                role: role.to_string(),
                window: n as u32,
                program: order.programs.of(role).to_owned(),
                permission_mode: self.programs.get(order.programs.of(role)).map_or_else(
                    String::new,
                    |program| {
                        let wanted = &self.settings.config.agents.mode;
                        program.data.launch.mode_words(wanted)
                    },
                ),
                branch: torch_worktree::home_branch_of((&base, &project.head), role),
                worktree: self.worktree_path(&name, role),
            });
        PlanView {
            team: name.to_string(),
            project: project.root.clone(),
            spec: spec.path.clone(),
            spec_items: spec_plan(spec, &order.roles).tasks.len() as u32,
            base_branch: base.clone(),
            base_commit: project.head.clone(),
            worktree_bytes: project.worktree_bytes,
            caps: self.caps(),
            agents: agents.collect(),
            choice: None,
            writes: self.writes(request, order, project),
            exists: known.is_some_and(|team| team.desired == DesiredState::Running),
        }
    }

    /// Whom each role may write to directly: by the mode, the matrix, and the rules of the project.
    fn writes(
        &self,
        request: &AutoRequest,
        order: &Order,
        project: &ProjectFacts,
    ) -> Vec<WritesView> {
        let router = &self.settings.config.router;
        let mode = request.router.unwrap_or(router.mode);
        let templates = &self.settings.templates;
        let role_of = |role: &RoleName| {
            let own = request.role_files.get(role.as_str());
            let own = own.and_then(|text| torch_brief::parse(text).ok());
            let shipped = || templates.roles.get(role.as_str()).cloned();
            own.or_else(shipped)
                .unwrap_or_else(|| Role::bare(role.as_str()))
        };
        let roles: Vec<Role> = order.roles.iter().map(role_of).collect();
        let roles: Vec<&Role> = roles.iter().collect();
        let own = request.choice.as_ref().and_then(|it| it.matrix.as_ref());
        let matrix = would_be_matrix(&roles, own, templates, router);
        let rules = project.rules.as_ref().and_then(|read| read.as_ref().ok());
        let rules = rules.map(|rules| RuleSet::new((**rules).clone()));
        let to = |from: &RoleName| {
            if from.is_hub() || from.is_sub_hub() || mode == RouterMode::Open {
                return None;
            }
            let mut to = partners(from, &roles, matrix, mode);
            for other in rules
                .iter()
                .flat_map(|_| &order.roles)
                .filter(|it| *it != from)
            {
                let ruled = rules
                    .as_ref()
                    .and_then(|rules| rules.may_write(from, other));
                let is_there = to.iter().any(|known| known == other.as_str());
                let by_hub = other.is_hub() || other.is_sub_hub();
                match ruled {
                    Some(false) => to.retain(|known| known != other.as_str()),
                    // The person's strict mode is opened by no file of a repository.
                    Some(true) if mode == RouterMode::Matrix && !is_there && !by_hub => {
                        to.push(other.to_string());
                    }
                    _ => {}
                }
            }
            Some(to)
        };
        let rows = order.roles.iter().map(|role| WritesView {
            role: role.to_string(),
            to: to(role),
        });
        rows.collect()
    }
}
