//! Branches with a wrong name, and branches that no agent should have moved: the team's parent, which integrations move, and others
//! that were there before.
//!
//! Who moves a branch that a person has checked out can't be read from a repository. It is held against an agent only if the branch
//! is checked out in its own worktree, or if its work got there while the agent was in a turn; the evidence says which of the two.

use serde_json::json;
use torch_core::git_activity::{RefMove, Standing};
use torch_core::integration::{Integration, Step};
use torch_core::ledger::Severity;
use torch_core::{AgentId, TeamId};
use torch_integration::{better_name, branch_prefix};
use torch_router::traffic::Breach;

use super::super::violations::Telling;
use super::super::{State, Turn};
use super::count::{TORCH, short, subject};

/// The rule about names.
const NAME_RULE: &str = "branch.name";
/// The rule about the parent branch.
pub(super) const PARENT_RULE: &str = "branch.parent";
/// The rule about other branches that were there.
const FOREIGN_RULE: &str = "branch.foreign";

impl State {
    /// An agent's branch is called as its role's are, or it is told once.
    pub(super) fn judge_name(&mut self, t: &mut Turn, standing: &Standing) {
        let Some(run) = self.agents.get(&standing.agent) else {
            return;
        };
        let Some(team) = self.teams.get(&run.agent.team) else {
            return;
        };
        let branch = standing.branch.as_deref();
        // The parent in an agent's own worktree is another matter.
        let named = branch.filter(|branch| *branch != team.base_branch);
        let better = named.and_then(|branch| {
            let home = run.agent.branch.as_deref();
            let better = better_name(run.agent.role.as_str(), branch, home, &[])?;
            Some((branch.to_owned(), better))
        });
        let Some((branch, better)) = better else {
            return self.settle_rule(t, standing.agent, NAME_RULE, "a branch of its role");
        };
        let prefix = branch_prefix(run.agent.role.as_str()).unwrap_or_default();
        let breach = Breach {
            rule: NAME_RULE.to_owned(),
            severity: Severity::Low,
            evidence: format!(
                "{branch:?} is checked out; branches of {} begin with {prefix}",
                run.agent.role
            ),
            remedy: format!("git branch -m {branch} {better}"),
        };
        self.note_breach(t, standing.agent, "its branch", breach, Telling::TheAgent);
    }

    /// Keeps what moved in the journal, and judges it. What is another team's is told to that one.
    pub(super) fn note_moves(&mut self, t: &mut Turn, team: TeamId, moves: &[RefMove]) {
        for moved in moves {
            if self.is_of_others(team, moved.agent, &moved.name) {
                continue;
            }
            if moved.name.starts_with("refs/heads/")
                && (moved.old.is_none() || moved.new.is_none() || moved.rewound)
            {
                let data = json!({
                    "branch": moved.branch(), "old": moved.old, "new": moved.new, "rewound": moved.rewound,
                });
                let data = self.about(team, moved.agent, data);
                t.journal("git.branch", subject(team, moved.agent), data);
            }
            self.note_landing(t, team, moved);
            self.judge_move(t, team, moved, moves);
        }
    }

    /// Keeps that the team's parent branch went forward to work that was made elsewhere: an integration, a merge, another branch's
    /// commit. A plain commit made on it is told as that.
    fn note_landing(&self, t: &mut Turn, team: TeamId, moved: &RefMove) {
        let parent = self.teams.get(&team).map(|team| team.base_branch.as_str());
        let (Some(branch), Some(_), Some(new), false) =
            (moved.branch(), &moved.old, &moved.new, moved.rewound)
        else {
            return;
        };
        if parent != Some(branch) || !self.is_from_elsewhere(team, moved, new) {
            return;
        }
        let mut rows = self.integrations.of(team);
        let row = rows.find(|row| brought_by(row, moved) == Some(true));
        let data = json!({
            "branch": branch, "old": moved.old, "new": new, "rewound": false,
            "commits": moved.commits.len() + moved.more, "integration": row.map(|row| row.id.tag()),
        });
        let data = self.about(team, moved.agent, data);
        t.journal("git.branch", subject(team, moved.agent), data);
    }

    fn is_from_elsewhere(&self, team: TeamId, moved: &RefMove, new: &str) -> bool {
        let [commit] = moved.commits.as_slice() else {
            return true;
        };
        let known = self.activity.known.get(&team);
        let is_anothers = known.is_some_and(|known| {
            let mut tips = known.tips.iter();
            tips.any(|(name, tip)| *name != moved.name && tip == new)
        });
        is_anothers || moved.more > 0 || commit.parents.len() > 1
    }

    fn judge_move(&mut self, t: &mut Turn, team: TeamId, moved: &RefMove, all: &[RefMove]) {
        let Some(base) = self.teams.get(&team).map(|team| team.base_branch.clone()) else {
            return;
        };
        let name = match (moved.branch(), moved.remote_branch()) {
            (Some(branch), _) | (None, Some((_, branch))) => branch.to_owned(),
            _ => return,
        };
        let is_parent = name == base;
        let is_lost = moved.rewound || moved.new.is_none();
        if is_parent && is_lost && moved.old.is_some() {
            if !self.is_torchs(team, moved) {
                self.judge_lost_parent(t, team, moved);
            }
            return;
        }
        if moved.old.is_none()
            || moved.commits.is_empty()
            || self.is_torchs(team, moved)
            || (!is_parent && self.is_the_teams(team, &name))
        {
            return;
        }
        let Some(worked) = self.whose_work(team, moved, all) else {
            return;
        };
        let Some((agent, how)) = self.who_moved(t, team, moved, worked) else {
            if is_parent {
                self.note_unknown_mover(t, team, moved, worked);
            }
            return;
        };
        let (rule, severity, remedy) = match is_parent {
            true => (
                PARENT_RULE,
                if moved.agent.is_some() {
                    Severity::High
                } else {
                    Severity::Medium
                },
                "leave the parent branch to the project manager's torch integrate".to_owned(),
            ),
            false => (
                FOREIGN_RULE,
                Severity::High,
                format!(
                    "work goes to {base} only; a person takes {name} back: git reflog show {name}"
                ),
            ),
        };
        let commits = moved.commits.len() + moved.more;
        let old = moved.old.as_deref().map(short).unwrap_or_default();
        let new = moved.new.as_deref().map(short).unwrap_or_default();
        let breach = Breach {
            rule: rule.to_owned(),
            severity,
            evidence: format!(
                "{name} went from {old} to {new} with the team's work ({commits} new), {how}"
            ),
            remedy,
        };
        self.note_breach(t, agent, &name, breach, Telling::Notice);
    }

    /// Whether torch itself moved it: with an integration that was at its end, by a rollback, with a commit of its own, or by a push.
    pub(super) fn is_torchs(&self, team: TeamId, moved: &RefMove) -> bool {
        if let Some(landing) = self.brought_by_integration(team, moved) {
            return landing;
        }
        if self.is_a_rollbacks(team, moved) {
            return true;
        }
        // What the fast lane merged stands on a role's branch; who points another branch there is not torch.
        let newest = moved.commits.last();
        let torchs = newest.is_some_and(|commit| {
            commit.email == TORCH && !self.is_at_an_agent(team, commit.id.as_str())
        });
        // A push of the parent brings a remote what is here already.
        let parent = moved.remote_branch().and_then(|(_, branch)| {
            let known = self.activity.known.get(&team)?;
            known.tips.get(&format!("refs/heads/{branch}"))
        });
        torchs || (parent.is_some() && parent == moved.new.as_ref())
    }

    /// Whether an integration whose work a move brought was let in: tested, reviewed and about to land, or landed. None where the move
    /// brings no integration as it was built: by itself, or under one merge commit, as a pull request gets it.
    fn brought_by_integration(&self, team: TeamId, moved: &RefMove) -> Option<bool> {
        let mut rows = self.integrations.of(team);
        rows.find_map(|row| brought_by(row, moved))
    }

    /// Whether the branch of one of the team's agents stood at a commit.
    fn is_at_an_agent(&self, team: TeamId, commit: &str) -> bool {
        let mut agents = self.team_agents(team).into_iter();
        agents.any(|agent| self.heads(team, agent).any(|at| at == commit))
    }

    /// Where the branch that an agent has checked out stands, and its home branch.
    fn heads(&self, team: TeamId, agent: AgentId) -> impl Iterator<Item = &str> {
        let head = self.activity.standings.get(&agent);
        let head = head.map(|standing| standing.head.as_str());
        let run = self.agents.get(&agent);
        let home = run.and_then(|run| run.agent.branch.as_ref());
        let known = self.activity.known.get(&team);
        let home = home.and_then(|home| known?.tips.get(&format!("refs/heads/{home}")));
        head.into_iter().chain(home.map(String::as_str))
    }

    /// Whether a reference is another team's in the same repository: the home branch of one of its agents, or the one that an agent of
    /// it has checked out, here or on a remote; and not moved in the worktree of one of this team's (`agent`).
    pub(super) fn is_of_others(&self, team: TeamId, agent: Option<AgentId>, name: &str) -> bool {
        let Some(own) = self.teams.get(&team) else {
            return false;
        };
        let branch = name.strip_prefix("refs/heads/").or_else(|| {
            let remote = name.strip_prefix("refs/remotes/")?;
            remote.split_once('/').map(|(_, branch)| branch)
        });
        let Some(branch) = branch.filter(|_| agent.is_none()) else {
            return false;
        };
        let mut others = self.teams.iter().filter(|(id, other)| {
            **id != team
                && other.common_dir == own.common_dir
                // Each team is told of its own parent and of its own agents' branches.
                && own.base_branch != branch
        });
        others.any(|(id, _)| self.has_branch(*id, branch)) && !self.has_branch(team, branch)
    }

    /// Whether a branch is the home of one of a team's agents, or checked out by one.
    fn has_branch(&self, team: TeamId, branch: &str) -> bool {
        self.team_agents(team).into_iter().any(|agent| {
            let standing = self.activity.standings.get(&agent);
            let home = self
                .agents
                .get(&agent)
                .and_then(|run| run.agent.branch.as_deref());
            home == Some(branch)
                || standing.and_then(|standing| standing.branch.as_deref()) == Some(branch)
        })
    }

    /// Whether a branch is one of the team's: an agent's home, one that is checked out by one, or one that is called so.
    fn is_the_teams(&self, team: TeamId, branch: &str) -> bool {
        let agents = self.team_agents(team).into_iter();
        let mut agents = agents.filter_map(|agent| Some(&self.agents.get(&agent)?.agent));
        agents.any(|agent| {
            let standing = self.activity.standings.get(&agent.id);
            let checked_out = standing.and_then(|standing| standing.branch.as_deref());
            agent.branch.as_deref() == Some(branch)
                || (checked_out == Some(branch))
                || branch_prefix(agent.role.as_str())
                    .is_some_and(|prefix| branch.starts_with(prefix))
        }) || branch.starts_with("integration/")
            || branch.starts_with("rollback/")
    }

    /// The agent whose work a move brought: one whose branch stands at one of the commits, or at a parent of one, also if it came there
    /// in the same moment.
    fn whose_work(&self, team: TeamId, moved: &RefMove, all: &[RefMove]) -> Option<AgentId> {
        let is_its = |agent: &AgentId| {
            let own = all.iter().filter(|one| one.agent == Some(*agent));
            let now = own.filter_map(|one| one.new.as_deref());
            let mut at = self.heads(team, *agent).chain(now);
            at.any(|at| {
                moved.old.as_deref() != Some(at)
                    && moved.commits.iter().any(|commit| {
                        let mut merged = commit.parents.iter().skip(1);
                        commit.id == at || merged.any(|parent| parent == at)
                    })
            })
        };
        let mut agents = self.team_agents(team).into_iter();
        agents.find(is_its).or(moved.agent)
    }

    /// Against whom a move is held, and what speaks for it.
    fn who_moved(
        &self,
        t: &Turn,
        team: TeamId,
        moved: &RefMove,
        worked: AgentId,
    ) -> Option<(AgentId, &'static str)> {
        if let Some(agent) = moved.agent {
            return Some((agent, "in its own worktree"));
        }
        let manager = self.team_agents(team).into_iter().find(|agent| {
            let run = self.agents.get(agent);
            run.is_some_and(|run| run.agent.role.is_sub_hub())
        });
        let at_work = [Some(worked), manager].into_iter().flatten();
        let found = at_work
            .into_iter()
            .find(|agent| self.was_at_work(t, *agent));
        found.map(|agent| {
            (
                agent,
                "while it was in a turn; if that was a person, resolve this",
            )
        })
    }
}

/// Whether a move let in what this integration built; none where it brings something else.
fn brought_by(row: &Integration, moved: &RefMove) -> Option<bool> {
    let new = moved.new.as_deref()?;
    if row.landed.as_deref() == Some(new) {
        return Some(true);
    }
    let newest = moved.commits.last()?;
    let tip = row.built.as_deref()?;
    let merges = newest.parents.len() > 1 && newest.parents.iter().any(|one| one == tip);
    if new != tip && !(newest.id == new && merges) {
        return None;
    }
    Some(row.step().is_none_or(|step| step >= Step::Land))
}
