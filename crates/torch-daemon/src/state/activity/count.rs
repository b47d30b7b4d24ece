//! What agents commit and push: counted, and kept in the journal as `git.commit`, `git.push` and `git.branch`.

use serde_json::{Value, json};
use torch_core::git_activity::{AgentActivity, CommitFact, Lacking, RefMove, Standing};
use torch_core::ledger::Severity;
use torch_core::{AgentId, LedgerRecord, TeamId};
use torch_integration::is_meaningless;
use torch_router::traffic::Breach;

use super::super::violations::Telling;
use super::super::{State, Turn};
use crate::event::Made;

/// Who commits what torch commits itself (torch-worktree signs so).
pub(super) const TORCH: &str = "torch@localhost";

/// The rule about messages.
const MESSAGE_RULE: &str = "commit.message";

/// At most so many commits of one reading are kept in the journal: who fetches another project's history has it in git.
const KEPT: usize = 200;

impl State {
    /// Commits that no branch led to before.
    pub(crate) fn on_new_commits(&mut self, t: &mut Turn, team: TeamId, made: &[Made]) {
        if !self.teams.contains_key(&team) {
            return;
        }
        // What a fetch brought was made by others.
        let own = made
            .iter()
            .filter(|made| !made.branch.starts_with("refs/remotes/"));
        let own = own.filter(|made| !self.is_of_others(team, made.agent, &made.branch));
        let own: Vec<&Made> = own.take(KEPT).collect();
        for made in own {
            let agent = made.agent.filter(|_| made.commit.email != TORCH);
            let data = self.about(team, agent, commit_data(made));
            t.journal("git.commit", subject(team, agent), data);
            if let Some(agent) = agent {
                self.count_commit(t, agent, made);
            }
        }
    }

    fn count_commit(&mut self, t: &mut Turn, agent: AgentId, made: &Made) {
        let Some(mut row) = self.activity_of(t, agent) else {
            return;
        };
        row.commits += u64::from(!made.rewritten);
        // A clock of its own may be ahead.
        row.last_commit = Some(made.commit.at.min(t.now)).max(row.last_commit);
        self.put_activity(t, row);
        self.has_committed(t, agent, &short(&made.commit.id));
        // What a merge or a rebase says was said before, or by git.
        if made.commit.parents.len() < 2 && !made.rewritten {
            self.judge_message(t, agent, &made.commit);
        }
    }

    fn judge_message(&mut self, t: &mut Turn, agent: AgentId, commit: &CommitFact) {
        let id = short(&commit.id);
        if !is_meaningless(&commit.subject) {
            return self.settle_rule(t, agent, MESSAGE_RULE, &format!("commit {id}"));
        }
        let subject: String = commit.subject.chars().take(80).collect();
        let breach = Breach {
            rule: MESSAGE_RULE.to_owned(),
            severity: Severity::Low,
            evidence: format!("commit {id} says {subject:?}, which says nothing of it"),
            remedy: "git commit --amend -m \"Progress: what was done\"".to_owned(),
        };
        self.note_breach(t, agent, "its branch", breach, Telling::TheAgent);
    }

    /// Branches of remotes that came to where a branch of this repository is.
    pub(super) fn note_pushes(&mut self, t: &mut Turn, team: TeamId, moves: &[RefMove]) {
        for moved in moves {
            let was_put_back = self.was_put_back(team, moved);
            let (Some((remote, branch)), Some(new), false) =
                (moved.remote_branch(), &moved.new, was_put_back)
            else {
                continue;
            };
            let is_local = |commit: &String| {
                let known = self.activity.known.get(&team);
                let stands = known.is_some_and(|known| {
                    let mut local = known.tips.iter();
                    local.any(|(name, tip)| !name.starts_with("refs/remotes/") && tip == commit)
                });
                stands
                    || moves.iter().any(|other| {
                        other.remote_branch().is_none() && other.new.as_ref() == Some(commit)
                    })
            };
            // What only a remote has was fetched; what another team pushed is counted there.
            if !is_local(new) || self.is_of_others(team, None, &moved.name) {
                continue;
            }
            // What only the broker has is told as that, and counted when the remote has it.
            if self.note_brokered(t, team, moved) {
                continue;
            }
            let agent = self.pusher(team, branch, new, moves);
            let data = json!({
                "remote": remote, "branch": branch, "commit": new, "old": moved.old,
                "commits": moved.commits.len() + moved.more, "forced": moved.rewound,
                "shared": self.shares_only(team),
            });
            self.count_push(t, (team, agent), (remote, branch), data);
        }
    }

    /// A push that a remote has.
    pub(in crate::state) fn count_push(
        &mut self,
        t: &mut Turn,
        (team, agent): (TeamId, Option<AgentId>),
        (remote, branch): (&str, &str),
        data: Value,
    ) {
        let data = self.about(team, agent, data);
        t.journal("git.push", subject(team, agent), data);
        if let Some(mut row) = agent.and_then(|agent| self.activity_of(t, agent)) {
            row.pushes += 1;
            row.last_push = Some(t.now);
            row.pushed_to = Some((remote.to_owned(), branch.to_owned()));
            let agent = row.agent;
            self.put_activity(t, row);
            self.ask_for_request(t, agent, (remote, branch));
        }
    }

    /// The agent that has a branch of this name checked out, else the one that is at this commit.
    fn pusher(
        &self,
        team: TeamId,
        branch: &str,
        commit: &str,
        moves: &[RefMove],
    ) -> Option<AgentId> {
        let agents = self.team_agents(team);
        let stands = agents
            .iter()
            .filter_map(|agent| self.activity.standings.get(agent));
        let stands: Vec<&Standing> = stands.collect();
        let by_name = stands
            .iter()
            .find(|one| one.branch.as_deref() == Some(branch));
        let by_commit = || stands.iter().find(|one| one.head == commit);
        let found = by_name.or_else(by_commit).map(|one| one.agent);
        // It may have been made, committed to and pushed since the last reading.
        found.or_else(|| {
            let mut own = moves.iter().filter(|moved| moved.agent.is_some());
            let same = own.find(|moved| {
                moved.branch() == Some(branch) || moved.new.as_deref() == Some(commit)
            });
            same.and_then(|moved| moved.agent)
        })
    }

    /// Since when an agent's branch lacks what is new in its parent.
    pub(super) fn note_lacking(&mut self, t: &mut Turn, standing: &Standing) {
        let Some(mut row) = self.activity_of(t, standing.agent) else {
            return;
        };
        let before = row.lacks.as_ref().map(|lacks| lacks.oldest.clone());
        if before == standing.lacks {
            return;
        }
        row.lacks = standing.lacks.clone().map(|oldest| Lacking {
            oldest,
            since: t.now,
        });
        self.put_activity(t, row);
    }

    pub(super) fn activity_of(&self, t: &Turn, agent: AgentId) -> Option<AgentActivity> {
        let run = self.agents.get(&agent)?;
        let known = self.activity.agents.get(&agent).cloned();
        Some(known.unwrap_or(AgentActivity {
            agent,
            team: run.agent.team,
            since: t.now,
            commits: 0,
            last_commit: None,
            pushes: 0,
            last_push: None,
            pushed_to: None,
            lacks: None,
            request: None,
        }))
    }

    pub(super) fn put_activity(&mut self, t: &mut Turn, row: AgentActivity) {
        self.keep(t, LedgerRecord::Activity(Box::new(row.clone())));
        self.activity.agents.insert(row.agent, row);
    }

    /// Adds whose it is.
    pub(in crate::state) fn about(
        &self,
        team: TeamId,
        agent: Option<AgentId>,
        mut data: Value,
    ) -> Value {
        let name = self.teams.get(&team).map(|team| team.name.to_string());
        let role = agent.and_then(|agent| self.role_of(agent));
        data["team"] = json!(name);
        data["role"] = json!(role.map(|role| role.to_string()));
        data
    }
}

fn commit_data(made: &Made) -> Value {
    let commit = &made.commit;
    json!({
        "commit": commit.id, "branch": made.branch.strip_prefix("refs/heads/").unwrap_or(&made.branch),
        "subject": commit.subject, "author": commit.author, "email": commit.email,
        "committed": commit.at.0, "parents": commit.parents.len(), "rewritten": made.rewritten,
    })
}

/// What a journal's entry is about: the agent, or the team where it is nobody's.
pub(super) fn subject(team: TeamId, agent: Option<AgentId>) -> String {
    agent.map_or_else(|| team.to_string(), |agent| agent.to_string())
}

/// The first digits of a commit's id.
pub(super) fn short(commit: &str) -> String {
    commit.get(..8).unwrap_or(commit).to_owned()
}
