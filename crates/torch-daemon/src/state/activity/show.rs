//! What `torch git health`, `risk` and `log` are put together from; what only the repository knows is added by the host.

use torch_api::git::{AlertView, BranchView, DeadlineView, HealthView, LogFilter};
use torch_api::wire::TeamSelector;
use torch_core::{AgentId, Team, TeamId};
use torch_integration::late::Look;

use super::super::detached::has_branch;
use super::super::{State, Turn};
use crate::event::{ConnId, Effect, Query};
use crate::worktrees::{Order, Registered, Repositories};

impl State {
    pub(in crate::state) fn git_health(&self, t: &mut Turn, conn: ConnId, selector: &TeamSelector) {
        let team = match self.select_team(selector) {
            Ok(team) => team,
            Err(failure) => return t.fail(conn, *failure),
        };
        let agents = self.team_agents(team.id);
        let branches = agents
            .iter()
            .filter_map(|agent| self.branch_view(team, *agent));
        let view = HealthView {
            team: team.name.to_string(),
            parent: team.base_branch.clone(),
            parent_commit: String::new(),
            remote: false,
            parent_not_pushed: None,
            branches: branches.collect(),
            parent_commits: Vec::new(),
            parent_more: 0,
            graph: Vec::new(),
            alerts: self.git_alerts(team.id),
            unread: self.unread(team.id),
        };
        let order = Box::new(Order::Health {
            view: Box::new(view),
            at: self.repositories(team),
            now: t.now,
        });
        t.push(Effect::Worktrees { conn, order });
    }

    pub(in crate::state) fn git_risk(&self, t: &mut Turn, conn: ConnId, selector: &TeamSelector) {
        let team = match self.select_team(selector) {
            Ok(team) => team,
            Err(failure) => return t.fail(conn, *failure),
        };
        if let Err(failure) = has_branch(team) {
            return t.fail(conn, *failure);
        }
        let order = Box::new(Order::Risk {
            team: team.name.to_string(),
            at: self.repositories(team),
        });
        t.push(Effect::Worktrees { conn, order });
    }

    pub(in crate::state) fn git_log(&self, t: &mut Turn, conn: ConnId, mut filter: LogFilter) {
        // Of a role that is gone the journal is asked by the word as it is.
        let mut unknown = None;
        match filter
            .role
            .as_ref()
            .map(|role| self.find_agent(&filter.team, role))
        {
            Some(Ok(agent)) => filter.role = self.role_of(agent).map(|role| role.to_string()),
            Some(Err(failure)) => unknown = Some(failure),
            None => {}
        }
        match self.select_team(&filter.team) {
            Ok(team) => {
                let query = Query::GitLog {
                    team: team.name.to_string(),
                    filter: Box::new(filter),
                    unknown,
                    unread: self.unread(team.id).map(Box::new),
                };
                t.push(Effect::Answer { conn, query });
            }
            Err(failure) => t.fail(conn, *failure),
        }
    }

    fn repositories(&self, team: &Team) -> Repositories {
        let agents = self.team_agents(team.id).into_iter();
        let agents = agents.filter_map(|agent| Some((agent, self.registered(agent)?)));
        let ready: Vec<(AgentId, Registered)> = agents.filter(|(_, one)| one.ready).collect();
        Repositories {
            common_dir: team.common_dir.clone(),
            parent: team.base_branch.clone(),
            base_commit: team.base_commit.clone(),
            agents: ready,
            withheld: self.withheld(&team.common_dir),
        }
    }

    fn branch_view(&self, team: &Team, id: AgentId) -> Option<BranchView> {
        let agent = &self.agents.get(&id)?.agent;
        let seen = self.activity.agents.get(&id);
        let standing = self.activity.standings.get(&id);
        let deadlines = standing.map(|standing| {
            let look = Look {
                standing,
                activity: seen,
                policy: &team.policy.git,
                parent: &team.base_branch,
                requests: self.activity.requests.contains(&team.id),
            };
            let mut due = look.deadlines();
            due.sort_by_key(|(_, at)| *at);
            let due = due.into_iter().map(|(late, at)| DeadlineView {
                rule: late.rule().to_owned(),
                at,
            });
            due.collect()
        });
        Some(BranchView {
            role: agent.role.to_string(),
            state: agent.state,
            branch: agent.branch.clone(),
            head: None,
            last_commit: None,
            ahead: 0,
            behind: 0,
            unpushed: None,
            commits: seen.map_or(0, |seen| seen.commits),
            pushes: seen.map_or(0, |seen| seen.pushes),
            last_push: seen.and_then(|seen| seen.last_push),
            deadlines: deadlines.unwrap_or_default(),
            problem: (!agent.worktree_ready).then(|| "it has no worktree yet".to_owned()),
            mend: None,
        })
    }

    /// What is open about git in a team.
    fn git_alerts(&self, team: TeamId) -> Vec<AlertView> {
        let rows = self.rules.violations.values();
        let of_git = rows.filter(|row| {
            let mut words = ["git.", "branch.", "commit.", "push."].into_iter();
            row.team == team && words.any(|word| row.rule.starts_with(word))
        });
        let views = of_git.map(|row| AlertView {
            id: row.id.tag(),
            role: row.role.to_string(),
            rule: row.rule.clone(),
            evidence: row.evidence.clone(),
        });
        views.collect()
    }
}
