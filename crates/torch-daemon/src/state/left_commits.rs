//! Commits of agents whose policy leaves commits to a person: seen in their worktrees, noted once each, shown in the status.
//!
//! Nothing keeps an agent's shell from `git commit`; this is how torch notices. A commit counts as the agent's if it is no older than
//! the agent's last turn: what a person commits between two turns is the person's, and so is what a person has torch commit.

use std::time::Duration;

use torch_core::ledger::{Severity, ViolationState};
use torch_core::policy::AgentCommits;
use torch_core::{AgentId, TeamId, Timestamp};
use torch_router::traffic::Breach;

use super::violations::{Opened, Telling};
use super::watching::LOOK_LEAST;
use super::{State, Turn};
use crate::event::WorkFacts;

/// The rule, which `torch commit` names as well.
const RULE: &str = "commit.forbidden";

/// How often the worktree of an agent at work is looked at.
const EVERY: Duration = Duration::from_secs(5);

impl State {
    /// Whether the agents of any team leave commits to a person.
    pub(super) fn anyone_leaves_commits(&self) -> bool {
        let forbidden = AgentCommits::Forbidden;
        let mut teams = self.teams.values();
        teams.any(|team| team.policy.git.agent_commits == forbidden)
    }

    fn leaves_commits(&self, agent: AgentId) -> bool {
        let team = self.agents.get(&agent).map(|run| run.agent.team);
        let team = team.and_then(|team| self.teams.get(&team));
        team.is_some_and(|team| team.policy.git.agent_commits == AgentCommits::Forbidden)
    }

    /// How often the worktree of an agent that must not commit is looked at: while it works, and once after that.
    pub(super) fn look_for_commits(&self, agent: AgentId) -> Option<Duration> {
        let run = &self.agents.get(&agent)?.agent;
        if !run.worktree_ready || !self.leaves_commits(agent) {
            return None;
        }
        if self.is_at_work(agent) {
            return Some(EVERY);
        }
        let turn = run.check_ins.turn?;
        let looked = self.rules.watching.trees.get(&agent);
        let unseen = looked.is_none_or(|tree| tree.looked <= turn.max(run.since));
        unseen.then_some(LOOK_LEAST)
    }

    /// The worktree was looked at; `before` is what was checked out at the last look, and when that was.
    pub(super) fn judge_forbidden(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        work: &WorkFacts,
        before: Option<&(String, Timestamp)>,
    ) {
        let same = match before {
            Some((head, _)) => *head == work.head,
            None => work.ahead == 0,
        };
        if same
            || !self.leaves_commits(agent)
            || !self.is_of_the_agent(agent, work, before.map(|(_, at)| *at))
        {
            return;
        }
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let team = run.agent.team;
        let profile = self.teams.get(&team).map(|team| team.policy.profile);
        let short = work.head.get(..8).unwrap_or(&work.head);
        let to = format!("commit {short}");
        let mut rows = self.rules.violations.values();
        if rows.any(|row| row.agent == agent && row.rule == RULE && row.to == to) {
            return;
        }
        let branch = work.branch.as_deref().unwrap_or("no branch");
        let newest = work.commits.first().map_or(short, String::as_str);
        let breach = Breach {
            rule: RULE.to_owned(),
            severity: Severity::High,
            evidence: format!(
                "a commit in its turn, which policy {} leaves to a person: {newest:?} on {branch}; {} since the team began",
                profile.unwrap_or_default().as_str(),
                work.ahead
            ),
            remedy: "leave the files as they are; a person reads the commit and keeps it or takes it back".to_owned(),
        };
        let opened = self.open_violation(t.now, (team, agent), to, breach);
        let opened: Vec<Opened> = opened.into_iter().collect();
        self.keep_violations(t, &opened, None, Telling::Notice);
    }

    /// Whether what is checked out was made in the agent's last turn, and not by a person through torch.
    fn is_of_the_agent(&self, agent: AgentId, work: &WorkFacts, looked: Option<Timestamp>) -> bool {
        let turn = self
            .agents
            .get(&agent)
            .and_then(|run| run.agent.check_ins.turn);
        let Some(turn) = turn else {
            return false;
        };
        // Commits have whole seconds, and say what their author wants; between two looks in one turn nobody has to believe them.
        let said = work
            .head_at
            .is_some_and(|made| made.0 / 1000 >= turn.0 / 1000);
        let seen = looked.is_some_and(|looked| looked >= turn) && self.is_at_work(agent);
        let by_person = |id: &String| work.head.starts_with(id.as_str());
        (said || seen) && !self.rules.watching.of_persons.iter().any(by_person)
    }

    /// A person had torch commit in an agent's worktree.
    pub(super) fn note_commit_of_person(&mut self, id: &str) {
        if self.anyone_leaves_commits() && !id.is_empty() {
            self.rules.watching.of_persons.insert(id.to_owned());
        }
    }

    /// The open ones of a team, for the status.
    pub(super) fn against_policy(&self, team: TeamId) -> Vec<String> {
        let rows = self.rules.violations.values();
        let open = rows.filter(|row| {
            row.team == team && row.rule == RULE && row.status == ViolationState::Open
        });
        open.map(|row| format!("{}: {} ({})", row.role, row.evidence, row.id.tag()))
            .collect()
    }
}
