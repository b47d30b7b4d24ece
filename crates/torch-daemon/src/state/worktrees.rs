//! Worktrees that are listed, removed and brought back: which agent's, whether that is possible now, and what follows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;
use torch_api::git::GitRequest;
use torch_api::wire::TeamSelector;
use torch_api::worktree::WorkView;
use torch_api::{Failure, Request, Response, UndeletedView};
use torch_core::plan::{WindowObserved, WorktreeObserved};
use torch_core::{AgentId, RoleName, TaskState, TeamId, Write};

use super::{State, Turn};
use crate::event::{ConnId, Effect};
use crate::failure::{other, usage};
use crate::worktrees::{Cleaning, HomeBranch, Order, Outcome, Registered, Removed};

/// The reason that is noted with what is kept.
const REMOVE: &str = "torch worktree remove";

impl State {
    /// Takes one of the requests that concern worktrees.
    pub(crate) fn worktree_request(&mut self, t: &mut Turn, conn: ConnId, request: Request) {
        match request {
            Request::WorktreeList { team } => self.worktree_list(t, conn, team.as_deref()),
            Request::WorktreeRemove {
                team,
                role,
                branch,
                dry_run,
            } => {
                let fate = (!dry_run).then(|| branch.into());
                self.worktree_remove(t, conn, &team, (&role, fate));
            }
            Request::WorktreeAdd { project, name } => self.worktree_add(t, conn, project, &name),
            Request::WorktreeClean {
                scope,
                branch,
                dry_run,
            } => {
                let branch = branch.into();
                self.worktree_clean(t, conn, scope, Cleaning { branch, dry_run });
            }
            Request::WorktreeRepair { project, places } => {
                self.worktree_repair(t, conn, project, places);
            }
            Request::KeptList { team, role } => self.kept_list(t, conn, &team, role),
            Request::Git(GitRequest::Radar { team }) => self.radar(t, conn, &team),
            Request::Git(GitRequest::Lane { team }) => self.show_lane(t, conn, &team),
            Request::Git(GitRequest::Health { team }) => self.git_health(t, conn, &team),
            Request::Git(GitRequest::Risk { team }) => self.git_risk(t, conn, &team),
            Request::Git(GitRequest::Log(filter)) => self.git_log(t, conn, filter),
            Request::Undelete { team, what, to } => self.undelete(t, conn, &team, (what, to)),
            _ => {}
        }
    }

    fn worktree_list(&mut self, t: &mut Turn, conn: ConnId, name: Option<&str>) {
        let teams: Vec<TeamId> = self
            .teams
            .values()
            .filter(|team| name.is_none_or(|name| team.name.as_str() == name))
            .map(|team| team.id)
            .collect();
        if let (Some(name), true) = (name, teams.is_empty()) {
            return t.fail(conn, *self.no_team(name));
        }
        let agents = teams.into_iter().flat_map(|team| self.team_agents(team));
        let agents: Vec<_> = agents.collect();
        let work = agents
            .iter()
            .filter_map(|agent| Some((*agent, self.work_of(*agent)?)));
        let work = work.collect();
        let agents = agents.into_iter();
        let agents = agents.filter_map(|agent| self.registered(agent)).collect();
        let all = || self.agents.values().map(|run| run.agent.worktree.clone());
        let order = Order::List {
            agents,
            others_than: name.is_none().then(|| all().collect()),
            work,
        };
        order_worktrees(t, conn, order);
    }

    /// Removes a worktree; without a fate of its branch it is only looked at, as long as it could be removed.
    fn worktree_remove(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        selector: &TeamSelector,
        (role, fate): (&str, Option<HomeBranch>),
    ) {
        let found = match role.contains('/') {
            true => self.abandoned(Path::new(role)),
            false => self.find_agent(selector, role).and_then(|agent| {
                self.removable(agent)?;
                self.registered(agent).ok_or_else(|| {
                    Box::new(other(
                        &format!("{role} has no team"),
                        "",
                        Some("torch status"),
                    ))
                })
            }),
        };
        let worktree = match found {
            Ok(worktree) => worktree,
            Err(failure) => return t.fail(conn, *failure),
        };
        match (fate, worktree.agent) {
            (None, _) => {
                let order = Order::List {
                    agents: vec![worktree],
                    others_than: None,
                    work: BTreeMap::new(),
                };
                order_worktrees(t, conn, order);
            }
            (Some(branch), Some(agent)) => {
                self.remove_worktrees(t, conn, &[agent], (branch, REMOVE));
            }
            (Some(branch), None) => {
                let order = Order::Remove {
                    worktrees: vec![worktree],
                    branch,
                    now: t.now,
                    why: REMOVE.to_owned(),
                };
                order_worktrees(t, conn, order);
            }
        }
    }

    /// Keeps and removes the worktrees of these agents, none of which may run; a client is answered with what became of
    /// each. What is not removed stays as it is.
    ///
    /// From now on they count as not made: should the daemon end in between, the next start makes them anew, or takes up
    /// the ones that still stand.
    pub(crate) fn remove_worktrees(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        agents: &[AgentId],
        (branch, why): (HomeBranch, &str),
    ) {
        let worktrees = agents.iter().filter_map(|agent| self.registered(*agent));
        let worktrees = worktrees.collect();
        for agent in agents {
            if let Some(run) = self.agents.get_mut(agent) {
                run.worktree = WorktreeObserved::Pending;
                run.agent.worktree_ready = false;
                t.write(Write::PutAgent(Box::new(run.agent.clone())));
                t.journal(
                    "worktree.removing",
                    agent,
                    json!({"path": run.agent.worktree, "why": why}),
                );
            }
        }
        let (now, why) = (t.now, why.to_owned());
        let order = Order::Remove {
            worktrees,
            branch,
            now,
            why,
        };
        order_worktrees(t, conn, order);
    }

    /// Whether an agent's worktree may be taken from it now.
    pub(crate) fn removable(&self, agent: AgentId) -> Result<(), Box<Failure>> {
        let Some(run) = self.agents.get(&agent) else {
            return Ok(());
        };
        let role = &run.agent.role;
        let error = format!("the worktree of {role} can't be removed now");
        let has_window = matches!(
            run.window,
            WindowObserved::Opening | WindowObserved::Live | WindowObserved::Closing
        );
        if has_window || run.agent.state.is_live() {
            let cause = format!("the agent is {}", run.agent.state);
            let hint = format!("torch agent end {role}");
            return Err(Box::new(other(&error, &cause, Some(&hint))));
        }
        if run.worktree == WorktreeObserved::Pending {
            let cause = "it is being made, or removed already";
            let hint = "torch worktree list";
            return Err(Box::new(other(&error, cause, Some(hint))));
        }
        Ok(())
    }

    fn kept_list(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        selector: &TeamSelector,
        role: Option<String>,
    ) {
        match self.places(selector) {
            Ok(places) => order_worktrees(t, conn, Order::Kept { places, role }),
            Err(failure) => t.fail(conn, *failure),
        }
    }

    /// Has the agents' work compared; one whose worktree was never made has none.
    fn radar(&mut self, t: &mut Turn, conn: ConnId, selector: &TeamSelector) {
        let team = match self.select_team(selector) {
            Ok(team) => team,
            Err(failure) => return t.fail(conn, *failure),
        };
        if let Err(failure) = super::detached::has_branch(team) {
            return t.fail(conn, *failure);
        }
        let agents = self.team_agents(team.id).into_iter();
        let agents = agents.filter_map(|agent| self.registered(agent));
        let order = Order::Radar {
            team: team.name.to_string(),
            parent: team.base_branch.clone(),
            agents: agents.filter(|agent| agent.ready).collect(),
        };
        order_worktrees(t, conn, order);
    }

    fn undelete(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        selector: &TeamSelector,
        (what, to): (String, Option<PathBuf>),
    ) {
        match self.places(selector) {
            Ok(places) => {
                let team = selector.name.clone();
                let order = Order::Undelete {
                    places,
                    what,
                    team,
                    to,
                };
                order_worktrees(t, conn, order);
            }
            Err(failure) => t.fail(conn, *failure),
        }
    }

    pub(crate) fn on_worktrees(&mut self, t: &mut Turn, outcome: Outcome) {
        match outcome {
            Outcome::Removed { conn, results } => {
                for removed in &results {
                    self.note_removed(t, removed);
                }
                let all = results.iter().all(|removed| removed.view.failure.is_none());
                self.on_purged(t, conn, all);
                let mut views: Vec<_> = results.into_iter().map(|removed| removed.view).collect();
                // Of a single one the answer is its own.
                match views.as_mut_slice() {
                    [only] if only.failure.is_some() => {
                        if let Some(failure) = only.failure.take() {
                            t.fail(conn, failure);
                        }
                    }
                    _ => t.reply(conn, Response::WorktreesRemoved { worktrees: views }),
                }
            }
            Outcome::Rollback(done) => self.on_rollback(t, *done),
            Outcome::FoundToClean {
                conn,
                common_dir,
                clean,
            } => self.clean_within(t, conn, common_dir, clean),
            Outcome::Cleaned { conn, results } => self.on_cleaned(t, conn, results),
            Outcome::Committed {
                conn,
                agent,
                cause,
                secrets,
                result,
            } => {
                t.cause = cause;
                self.note_secrets(t, agent, &secrets, result.is_ok());
                self.on_committed(t, conn, agent, result);
            }
            Outcome::Undeleted { conn, result } => match result {
                Ok(mut view) => {
                    view.is_agents = self.note_undeleted(t, &view);
                    t.reply(conn, Response::Undeleted(view));
                }
                Err(failure) => t.fail(conn, failure),
            },
        }
    }

    pub(super) fn note_removed(&mut self, t: &mut Turn, removed: &Removed) {
        let view = &removed.view;
        let data = json!({
            "path": view.path,
            "kept": view.kept.as_ref().map(|kept| &kept.reference),
            "branch": view.deleted_branch,
            "error": view.failure.as_ref().map(|failure| &failure.error),
        });
        let kind = match view.failure {
            Some(_) => "worktree.not_removed",
            None => "worktree.removed",
        };
        let Some(agent) = removed.agent else {
            return t.journal(kind, view.path.display(), data);
        };
        t.journal(kind, agent, data);
        if !removed.stands {
            self.activity.standings.remove(&agent);
        }
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        run.agent.worktree_ready = removed.stands;
        run.worktree = match removed.stands {
            true => WorktreeObserved::Present,
            false => WorktreeObserved::Absent,
        };
        if view.deleted_branch.is_some() {
            run.agent.branch = None;
        }
        let team = run.agent.team;
        t.write(Write::PutAgent(Box::new(run.agent.clone())));
        // Its start may have been asked for meanwhile.
        self.reconcile(t, team);
    }

    /// Notes a worktree that is back; whether it is an agent's.
    fn note_undeleted(&mut self, t: &mut Turn, view: &UndeletedView) -> bool {
        let data = json!({
            "path": view.path,
            "kept": view.kept.reference,
            "branch": view.branch,
        });
        let found = self.agents.values_mut().find(|run| {
            run.agent.worktree == view.path && run.worktree != WorktreeObserved::Present
        });
        let Some(run) = found else {
            t.journal("worktree.undeleted", view.path.display(), data);
            return false;
        };
        run.worktree = WorktreeObserved::Present;
        run.worktree_created = false;
        run.agent.worktree_ready = true;
        run.agent.branch.clone_from(&view.branch);
        let agent = run.agent.clone();
        t.journal("worktree.undeleted", agent.id, data);
        t.write(Write::PutAgent(Box::new(agent)));
        true
    }

    pub(crate) fn registered(&self, agent: AgentId) -> Option<Registered> {
        let run = &self.agents.get(&agent)?.agent;
        let team = self.teams.get(&run.team)?;
        Some(Registered {
            agent: Some(agent),
            role: run.role.clone(),
            team: Some(team.name.to_string()),
            state: Some(run.state),
            project: team.project.clone(),
            path: run.worktree.clone(),
            branch: run.branch.clone(),
            base: Some(team.base_commit.clone()),
            parent: (team.base_branch != "HEAD").then(|| team.base_branch.clone()),
            ready: run.worktree_ready,
        })
    }

    /// How far an agent is with what it has to do, by the team's plan and its own words.
    fn work_of(&self, agent: AgentId) -> Option<WorkView> {
        let run = &self.agents.get(&agent)?.agent;
        let plan = self.plans.get(&run.team);
        let tasks = plan.into_iter().flat_map(|plan| &plan.tasks);
        let own: Vec<_> = tasks
            .filter(|task| task.owner.as_ref() == Some(&run.role))
            .collect();
        let done = own.iter().filter(|task| task.state == TaskState::Done);
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let block = self.rules.blocks.get(&agent);
        Some(WorkView {
            tasks_done: count(done.count()),
            tasks: count(own.len()),
            blocked: block
                .filter(|block| block.ended.is_none())
                .map(|block| block.text.clone()),
            tests: None,
        })
    }

    /// A worktree of the registry that belongs to no team any more; whether it is of the registry, the host knows.
    fn abandoned(&self, path: &Path) -> Result<Registered, Box<Failure>> {
        let shown = path.display();
        let refuse = |cause: &str| {
            let error = format!("{shown} is no worktree that is left over");
            Err(Box::new(usage(&error, cause, Some("torch worktree list"))))
        };
        if path.components().any(|part| part.as_os_str() == "..") {
            return refuse("its path has detours");
        }
        if let Some(run) = self.agents.values().find(|run| run.agent.worktree == path) {
            return refuse(&format!("it is {}'s; name the role", run.agent.role));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Ok(role) = RoleName::parse(&name) else {
            return refuse("its folder is not named after a role");
        };
        Ok(Registered {
            agent: None,
            role,
            team: None,
            state: None,
            project: path.to_owned(),
            path: path.to_owned(),
            branch: None,
            base: None,
            parent: None,
            ready: true,
        })
    }

    /// Where to look for the repository that is meant: a named team's project; else the project of the team that holds the
    /// caller's directory, that directory itself, and the only team's project.
    fn places(&self, selector: &TeamSelector) -> Result<Vec<PathBuf>, Box<Failure>> {
        let selected = self.select_team(selector).map(|team| team.project.clone());
        if selector.name.is_some() {
            return selected.map(|project| vec![project]);
        }
        let here = &selector.cwd;
        let mut runs = self.agents.values();
        let in_worktree = runs.any(|run| here.starts_with(&run.agent.worktree));
        Ok(match selected {
            Ok(project) if in_worktree || here.starts_with(&project) => vec![project],
            Ok(project) => vec![here.clone(), project],
            Err(_) => vec![here.clone()],
        })
    }
}

pub(crate) fn order_worktrees(t: &mut Turn, conn: ConnId, order: Order) {
    let order = Box::new(order);
    t.push(Effect::Worktrees { conn, order });
}

mod tidy;

#[cfg(test)]
mod tests;
