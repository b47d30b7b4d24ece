//! `torch auto`: from a project and a spec to a team at work, or back to where it was.

mod again;
mod planned;

use std::collections::BTreeMap;

use serde_json::json;
use torch_api::wire::AutoRequest;
use torch_api::{Failure, Response};
use torch_core::plan::{SessionObserved, WindowObserved, WorktreeObserved};
use torch_core::roles::DEFAULT_NAMES;
use torch_core::{
    Agent, AgentId, DesiredState, RoleName, SessionName, Team, TeamId, TeamPhase, Write,
};

use super::choose::ChosenPrograms;
use super::lane::lane_of;
use super::own_roles::{check_files, files_of};
use super::roster::ROLES_MAX;
use super::tasks::first;
use super::{AgentRun, State, Turn, WatchKind, Watcher};
use crate::event::{ConnId, Effect, ProjectFacts, SpecFacts};
use crate::failure::{other, usage};

/// A checked order for a team.
struct Order {
    roles: Vec<RoleName>,
    programs: ChosenPrograms,
}

impl State {
    pub(crate) fn auto(&mut self, t: &mut Turn, conn: ConnId, request: AutoRequest) {
        match self.order(&request, None) {
            Ok(_) => t.push(Effect::Inspect {
                conn,
                request: Box::new(request),
            }),
            Err(failure) => t.fail(conn, *failure),
        }
    }

    pub(crate) fn on_inspected(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        request: &AutoRequest,
        result: Result<(ProjectFacts, SpecFacts), Failure>,
    ) {
        let (project, spec) = match result {
            Ok(facts) => facts,
            Err(failure) => return t.fail(conn, failure),
        };
        let order = match self.order(request, Some(&project.installed)) {
            Ok(order) => order,
            Err(failure) => return t.fail(conn, *failure),
        };
        if let Some(at) = self
            .cancelled
            .iter()
            .position(|cancelled| *cancelled == conn)
        {
            self.cancelled.remove(at);
            // It was started for this order.
            t.push(Effect::EndIdleServer);
            return t.reply(conn, super::send::done("cancelled; nothing was begun"));
        }
        let existing = self
            .teams
            .values()
            .find(|team| team.common_dir == project.common_dir)
            .map(|team| team.id);
        if request.dry_run {
            let mut plan = self.plan_view((request, &order), &project, &spec, existing);
            plan.choice.clone_from(&request.choice);
            return t.reply(conn, Response::Planned(Box::new(plan)));
        }
        match existing {
            Some(team) => self.auto_again(t, conn, team, request, &order, (&project, &spec)),
            None => self.raise(t, conn, request, order, &project, &spec),
        }
    }

    /// Whether a team can be what was asked for, now that it is known which programs are there.
    pub(crate) fn check_order(
        &self,
        request: &AutoRequest,
        installed: &[String],
    ) -> Result<(), Box<Failure>> {
        self.order(request, Some(installed)).map(drop)
    }

    /// Checks roles and programs; nothing is changed. What is installed is known once somebody has looked.
    fn order(
        &self,
        request: &AutoRequest,
        installed: Option<&[String]>,
    ) -> Result<Order, Box<Failure>> {
        check_files(&request.role_files)?;
        let files = &request.role_files;
        // Without `--roles` (S2-037).
        let default: Vec<String> = DEFAULT_NAMES.iter().map(ToString::to_string).collect();
        let wanted = if request.roles.is_empty() {
            &default
        } else {
            &request.roles
        };
        let mut roles = Vec::new();
        for text in wanted {
            let role = self.known_role(text, files, "torch auto --help")?;
            if !roles.contains(&role) {
                roles.push(role);
            }
        }
        if !request.alone && !roles.iter().any(RoleName::is_hub) {
            roles.push(RoleName::parse(RoleName::HUB).map_err(|error| {
                Box::new(other(
                    "the hub's role can't be used",
                    &error.to_string(),
                    None,
                ))
            })?);
        }
        if roles.len() > ROLES_MAX {
            let cause = format!(
                "{} roles were named, at most {ROLES_MAX} fit one team",
                roles.len()
            );
            return Err(Box::new(usage("the team is too large", &cause, None)));
        }
        // The hub in window 0, the project manager next, then as written (K10).
        roles.sort_by_key(|role| {
            if role.is_hub() {
                0
            } else if role.is_sub_hub() {
                1
            } else {
                2
            }
        });
        let programs = self.choose_programs(&request.agents, &roles, files, installed)?;
        Ok(Order { roles, programs })
    }

    fn worktree_path(&self, team: &SessionName, role: &RoleName) -> std::path::PathBuf {
        self.settings
            .home
            .join("projects")
            .join(team.as_str())
            .join("worktrees")
            .join(role.as_str())
    }

    /// The project's slug, with a short hash where another project has it already.
    pub(crate) fn team_name(&self, project: &ProjectFacts) -> SessionName {
        let folder = project
            .root
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let mut name = SessionName::slug(&folder);
        let suffix = &self.settings.config.team.session_suffix;
        if !suffix.is_empty() {
            name = name.with_suffix(SessionName::slug(suffix).as_str());
        }
        let taken = |name: &SessionName| {
            let by_team = self
                .teams
                .values()
                .any(|team| team.name == *name && team.common_dir != project.common_dir);
            by_team
                || project.sessions.iter().any(|used| used == name.as_str())
                || self
                    .panes
                    .iter()
                    .any(|pane| pane.session_name == name.as_str())
        };
        if !taken(&name) {
            return name;
        }
        let hash = torch_router::tag::sha256(project.common_dir.as_os_str().as_encoded_bytes());
        name.with_suffix(&hash[..6])
    }

    fn raise(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        request: &AutoRequest,
        order: Order,
        project: &ProjectFacts,
        spec: &SpecFacts,
    ) {
        let plan = match first(request, &order.roles, spec) {
            Ok(plan) => plan,
            Err(failure) => return t.fail(conn, *failure),
        };
        let id = TeamId::new(t.now.0, self.random.u128(..));
        let name = self.team_name(project);
        let team = Team {
            id,
            name: name.clone(),
            project: project.root.clone(),
            common_dir: project.common_dir.clone(),
            spec: spec.path.clone(),
            spec_sha256: spec.sha256.clone(),
            base_branch: project
                .branch
                .clone()
                .unwrap_or_else(|| super::detached::DETACHED.to_owned()),
            base_commit: project.head.clone(),
            desired: DesiredState::Running,
            phase: TeamPhase::Raising,
            router: request.router.unwrap_or(self.settings.config.router.mode),
            env: team_env(request),
            session: None,
            created: t.now,
            finished: None,
            summary: None,
            paused: request.paused,
            boot: self.boot_id(),
            told_suspended: None,
            policy: self.policy_for(request.policy.as_ref()),
            matrix: request.choice.as_ref().and_then(|it| it.matrix.clone()),
            limits: request.limits.clone(),
            role_files: files_of(&request.role_files, &order.roles),
            standup: None,
            supervision: Default::default(),
            lane: lane_of(&request.lane, t.now),
        };
        t.write(Write::PutTeam(Box::new(team.clone())));
        let mut created = json!({"name": name, "project": project.root, "base": project.head});
        if let Some(choice) = &request.choice {
            created["choice"] = json!(choice);
        }
        t.journal("team.created", id, created);
        self.teams.insert(id, team);
        self.put_words(id);
        self.fresh_teams.insert(id);
        self.sessions.insert(id, SessionObserved::Absent);
        self.remember_secrets(id, &request.secrets);
        if let Some(rules) = project.rules.clone() {
            self.on_rules_read(t, id, rules);
        }
        // A project that was only opened has no spec, and so no plan.
        if !spec.path.as_os_str().is_empty() {
            self.first_plan(t, id, plan);
        }
        for role in order.roles {
            let program = order.programs.of(&role).to_owned();
            self.add_agent(t, id, role, &program);
        }
        self.watch(conn, id, WatchKind::Auto);
        self.want_server(t);
        self.reconcile(t, id);
    }

    /// Adds an agent to a team, at its end.
    pub(crate) fn add_agent(
        &mut self,
        t: &mut Turn,
        team: TeamId,
        role: RoleName,
        program: &str,
    ) -> AgentId {
        let id = AgentId::new(t.now.0, self.random.u128(..));
        let taken = self.agents.values().filter(|run| run.agent.team == team);
        let position = taken.map(|run| run.agent.position + 1).max().unwrap_or(0);
        let name = self.teams[&team].name.clone();
        let agent = Agent {
            worktree: self.worktree_path(&name, &role),
            position,
            ..Agent::new(id, team, role, program, t.now)
        };
        t.write(Write::PutAgent(Box::new(agent.clone())));
        self.agents.insert(id, AgentRun::new(agent));
        id
    }

    pub(crate) fn watch(&mut self, conn: ConnId, team: TeamId, kind: WatchKind) {
        self.watchers.push(Watcher { conn, team, kind });
    }

    /// Whether an agent's program runs in its window, as far up as it can be: briefed, or kept from it by a person or a cap.
    fn is_up(&self, run: &super::AgentRun) -> bool {
        let briefed = run.agent.briefed || self.held_briefing(run.agent.id).is_some();
        // One that is being closed was briefed, too.
        briefed && !run.ended && run.window == WindowObserved::Live && !self.is_unseen()
    }

    /// Answers `torch auto` once every agent is briefed or has failed.
    pub(crate) fn check_raised(&mut self, t: &mut Turn, team: TeamId) {
        let agents = self.team_agents(team);
        for agent in &agents {
            self.answer_agent_up(t, *agent);
        }
        let runs = || agents.iter().filter_map(|id| self.agents.get(id));
        let wanted = || runs().filter(|run| run.agent.desired == DesiredState::Running);
        let settled = wanted()
            .all(|run| self.is_up(run) || run.failure.is_some() || run.agent.left.is_some());
        if !settled {
            return;
        }
        let failed: Vec<String> = wanted()
            .filter(|run| !self.is_up(run))
            .map(|run| {
                let why = run
                    .failure
                    .clone()
                    .unwrap_or_else(|| run.agent.evidence.detail.clone());
                format!("{}: {why}", run.agent.role)
            })
            .collect();
        if let Some(team) = self.teams.get_mut(&team)
            && team.phase == TeamPhase::Raising
        {
            team.phase = match team.finished {
                Some(_) => TeamPhase::Finished,
                None => TeamPhase::Running,
            };
            self.fresh_teams.remove(&team.id);
            t.write(Write::PutTeam(Box::new(team.clone())));
            t.journal(
                "team.phase",
                team.id,
                json!({"phase": "running", "failed": failed}),
            );
        }
        let watchers: Vec<Watcher> = self
            .watchers
            .extract_if(.., |watcher| {
                let kinds = matches!(watcher.kind, WatchKind::Auto | WatchKind::Resume { .. });
                watcher.team == team && kinds
            })
            .collect();
        for Watcher { conn, kind, .. } in watchers {
            if failed.is_empty() {
                let team = Box::new(self.team_view(team, t.now));
                t.reply(
                    conn,
                    Response::Raised {
                        existed: kind == WatchKind::Resume { ran: true },
                        adopted: false,
                        team,
                    },
                );
            } else {
                let asks = agents.iter().filter(|agent| {
                    let run = self.agents.get(agent);
                    run.is_some_and(|run| run.agent.question.is_some())
                });
                let asks: Vec<&AgentId> = asks.collect();
                let hint = match asks.as_slice() {
                    [] => "torch status".to_owned(),
                    [one] => self.goes_there(**one).unwrap_or_default(),
                    _ => "torch pending".to_owned(),
                };
                let mut failure = other("not every agent came up", "", Some(&hint));
                failure.causes.clone_from(&failed);
                if !asks.is_empty() {
                    let after = "an agent is briefed by itself as soon as its dialog is answered";
                    failure.causes.push(after.to_owned());
                }
                if agents.len() > failed.len() {
                    failure
                        .causes
                        .push("the others are running; `torch stop` ends them".to_owned());
                }
                t.fail(conn, failure);
            }
        }
    }
}

/// What the caller's environment and options give to the agents.
fn team_env(request: &AutoRequest) -> BTreeMap<String, String> {
    let mut env = request.env.clone();
    if let Some(scenario) = &request.scenario {
        let scenario = scenario.display().to_string();
        env.insert("TORCH_DEMO_SCENARIO".to_owned(), scenario);
    }
    env
}

impl AgentRun {
    /// An agent of which nothing is observed yet.
    pub(crate) fn new(agent: Agent) -> Self {
        Self {
            seen: agent.since,
            silence_asked: false,
            agent,
            worktree: WorktreeObserved::Absent,
            window: WindowObserved::Absent,
            worktree_created: false,
            queue: std::collections::VecDeque::new(),
            acting: None,
            consumed: std::collections::VecDeque::new(),
            opened_in: 0,
            sought: None,
            reopening: None,
            early: Vec::new(),
            looking: false,
            following: None,
            looks: None,
            started: false,
            asked: Vec::new(),
            answered_by_settings: None,
            restated: None,
            limit_told: None,
            goes_on_until: None,
            wake_looks: 0,
            woken_by: None,
            turn_began: None,
            turn_was_good: None,
            worked_until: None,
            failure: None,
            ended: false,
            end: None,
            restart_at: None,
            last_session: None,
            briefing_asked: false,
            closing_for: None,
        }
    }
}

#[cfg(test)]
mod tests;
