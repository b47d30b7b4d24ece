//! What is overdue: commits of agents at work, pushes, and what the parent branch and an agent's branch lack of each other.
//!
//! Only an agent that could do something about it is told: one that runs and that no usage limit holds. How long an agent worked
//! without a commit is counted from the states that it had; its worktree is looked at only when that time is up, to see whether there
//! is anything to commit. Everything else follows from how branches stand.

use std::collections::BTreeMap;
use std::time::Duration;

use torch_core::ledger::Severity;
use torch_core::policy::AgentCommits;
use torch_core::{AgentId, MessageId, MessageKind, Recipient, TeamId, Timestamp};
use torch_integration::late::{Late, Look, Tells};
use torch_router::traffic::Breach;

use super::super::send::Draft;
use super::super::violations::{Opened, Telling};
use super::super::watching::LOOK_LEAST;
use super::super::{State, Turn};

/// The agent is told to commit.
const COMMIT_RULE: &str = "git.commit-late";
/// The project manager hears of it.
const OVERDUE_RULE: &str = "git.commit-overdue";

/// How often deadlines are compared with the time.
const EVERY: Duration = Duration::from_secs(10);

/// A listing that comes later than this was held up: the time before it is not known to be work.
const GAP_MAX: Duration = Duration::from_secs(60);

/// How long an agent worked since it had nothing to commit; in memory only, so a daemon that starts counts anew.
#[derive(Debug, Clone, Copy)]
pub(super) struct Worked {
    time: Duration,
    counted: Timestamp,
    /// The work at the last look at its worktree.
    looked: Duration,
}

/// What is told, by recipient: one notice each.
type Lines = BTreeMap<AgentId, Vec<String>>;

impl State {
    /// Once per listing of the panes.
    pub(in crate::state) fn watch_activity(&mut self, t: &mut Turn) {
        self.count_work(t.now);
        self.look_for_overlaps(t);
        if t.now.since(self.activity.judged) < EVERY {
            return;
        }
        self.activity.judged = t.now;
        let teams: Vec<TeamId> = self.activity.known.keys().copied().collect();
        for team in teams {
            self.judge_deadlines(t, team);
        }
    }

    fn count_work(&mut self, now: Timestamp) {
        let agents: Vec<AgentId> = self.agents.keys().copied().collect();
        self.activity
            .worked
            .retain(|agent, _| agents.contains(agent));
        for agent in agents {
            let works = self.is_at_work(agent);
            let worked = self.activity.worked.entry(agent).or_insert(Worked {
                time: Duration::ZERO,
                counted: now,
                looked: Duration::ZERO,
            });
            let passed = now.since(worked.counted);
            if works && passed <= GAP_MAX {
                worked.time += passed;
            }
            worked.counted = now;
        }
    }

    /// Within how long an agent has to commit, by its team's policy.
    fn commit_within(&self, agent: AgentId) -> Option<Duration> {
        let run = self.agents.get(&agent)?;
        let policy = &self.teams.get(&run.agent.team)?.policy.git;
        let asked = policy.agent_commits == AgentCommits::Required && policy.commit_minutes > 0;
        asked.then(|| Duration::from_secs(policy.commit_minutes * 60))
    }

    /// Whether the worktree of an agent is to be looked at because it worked so long without a commit.
    pub(in crate::state) fn look_for_late_commits(&self, agent: AgentId) -> Option<Duration> {
        let within = self.commit_within(agent)?;
        let worked = self.activity.worked.get(&agent)?;
        let run = &self.agents.get(&agent)?.agent;
        let due = worked.time >= worked.looked + within;
        (due && run.worktree_ready && self.is_at_work(agent)).then_some(LOOK_LEAST)
    }

    /// A worktree was looked at.
    pub(in crate::state) fn judge_late_commits(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        dirty: bool,
        head: &str,
    ) {
        let (Some(within), Some(worked)) = (
            self.commit_within(agent),
            self.activity.worked.get_mut(&agent),
        ) else {
            return;
        };
        if !dirty {
            worked.time = Duration::ZERO;
            worked.looked = Duration::ZERO;
            return self.settle_commits(t, agent, "a clean worktree");
        }
        if worked.time < within {
            return;
        }
        worked.looked = worked.time;
        let (minutes, is_over) = (worked.time.as_secs() / 60, worked.time >= within * 2);
        let head = super::count::short(head);
        let evidence = format!("{minutes} min of work on {head} are not committed");
        let breach = |rule: &str, severity| Breach {
            rule: rule.to_owned(),
            severity,
            evidence: evidence.clone(),
            remedy: "git commit, or torch commit -m \"WIP: what is done\"".to_owned(),
        };
        if !self.can_answer(agent) {
            return;
        }
        self.note_breach(
            t,
            agent,
            "its worktree",
            breach(COMMIT_RULE, Severity::Low),
            Telling::TheAgent,
        );
        if is_over
            && self.note_breach(
                t,
                agent,
                "its worktree",
                breach(OVERDUE_RULE, Severity::Medium),
                Telling::Nobody,
            )
            && let (Some(role), Some(manager)) = (self.role_of(agent), self.manager_for(agent))
        {
            let text = format!("{role}: {evidence}; it was told and did not commit");
            self.tell(t, BTreeMap::from([(manager, vec![text])]));
        }
    }

    /// An agent committed: the time begins anew.
    pub(super) fn has_committed(&mut self, t: &mut Turn, agent: AgentId, commit: &str) {
        if let Some(worked) = self.activity.worked.get_mut(&agent) {
            worked.time = Duration::ZERO;
            worked.looked = Duration::ZERO;
        }
        self.settle_commits(t, agent, &format!("commit {commit}"));
    }

    fn settle_commits(&mut self, t: &mut Turn, agent: AgentId, by: &str) {
        self.settle_rule(t, agent, COMMIT_RULE, by);
        self.settle_rule(t, agent, OVERDUE_RULE, by);
    }

    /// Compares what is due in a team with the time.
    pub(super) fn judge_deadlines(&mut self, t: &mut Turn, team: TeamId) {
        let Some(row) = self.teams.get(&team) else {
            return;
        };
        let (policy, parent) = (row.policy.git.clone(), row.base_branch.clone());
        let mut lines = Lines::new();
        for agent in self.team_agents(team) {
            self.judge_unpushed(t, agent);
            let Some(standing) = self.activity.standings.get(&agent) else {
                continue;
            };
            let look = Look {
                standing,
                activity: self.activity.agents.get(&agent),
                policy: &policy,
                parent: &parent,
                requests: self.activity.requests.contains(&team),
            };
            let passed = look.passed(t.now);
            for late in Late::ALL {
                if !passed.iter().any(|passed| passed.late == late) {
                    self.settle_rule(t, agent, late.rule(), "its branch as it is now");
                }
            }
            if !self.can_answer(agent) {
                continue;
            }
            for passed in passed {
                let by_request = matches!(passed.late, Late::Request | Late::Merge);
                if by_request && !self.has_passed(t, agent, passed.at) {
                    continue;
                }
                self.note_late(t, agent, passed, &mut lines);
            }
        }
        self.tell(t, lines);
    }

    fn note_late(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        passed: torch_integration::late::Passed,
        lines: &mut Lines,
    ) {
        let tells = passed.late.tells();
        let breach = Breach {
            rule: passed.late.rule().to_owned(),
            severity: match tells {
                Tells::Agent => Severity::Low,
                Tells::Manager => Severity::Medium,
            },
            evidence: passed.evidence.clone(),
            remedy: passed.remedy.clone(),
        };
        if !self.note_breach(t, agent, "its branch", breach, Telling::Nobody) {
            return;
        }
        let Some(role) = self.role_of(agent) else {
            return;
        };
        let (to, line) = match tells {
            Tells::Agent => (
                Some(agent),
                format!("{}: {}", passed.evidence, passed.remedy),
            ),
            Tells::Manager => (
                self.manager_for(agent),
                format!("{role}: {}. {}", passed.evidence, passed.remedy),
            ),
        };
        if let Some(to) = to {
            lines.entry(to).or_default().push(line);
        }
    }

    /// Who looks after an agent's work: the project manager, else the hub, unless it is that agent itself.
    pub(super) fn manager_for(&self, agent: AgentId) -> Option<AgentId> {
        let team = self.agents.get(&agent)?.agent.team;
        let others = self.team_agents(team).into_iter();
        let others: Vec<AgentId> = others.filter(|other| *other != agent).collect();
        let lead = |is: &dyn Fn(&torch_core::RoleName) -> bool| {
            let found = others.iter().find(|other| {
                self.agents
                    .get(other)
                    .is_some_and(|run| is(&run.agent.role))
            });
            found.copied()
        };
        lead(&|role| role.is_sub_hub()).or_else(|| lead(&|role| role.is_hub()))
    }

    /// One notice each.
    pub(super) fn tell(&mut self, t: &mut Turn, lines: Lines) {
        for (agent, lines) in lines {
            let Some(run) = self.agents.get(&agent) else {
                continue;
            };
            let (team, role) = (run.agent.team, run.agent.role.clone());
            let recipient = Recipient::Agent { agent, role };
            let draft = Draft::from_torch(team, MessageKind::Notice, recipient, lines.join("\n"));
            self.post(t, draft);
        }
    }

    /// Notes what was seen of an agent, once while it is open; whether it is new.
    pub(super) fn note_breach(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        to: &str,
        breach: Breach,
        telling: Telling,
    ) -> bool {
        let mut rows = self.rules.violations.values();
        if rows.any(|row| row.agent == agent && row.rule == breach.rule && row.to == to) {
            return false;
        }
        let Some(team) = self.agents.get(&agent).map(|run| run.agent.team) else {
            return false;
        };
        let opened = self.open_violation(t.now, (team, agent), to.to_owned(), breach);
        let opened: Vec<Opened> = opened.into_iter().collect();
        self.keep_violations(t, &opened, None::<MessageId>, telling);
        !opened.is_empty()
    }

    /// What was wrong with an agent's git is right again.
    pub(super) fn settle_rule(&mut self, t: &mut Turn, agent: AgentId, rule: &str, by: &str) {
        let rows = self.rules.violations.values();
        let meant = rows.filter(|row| row.agent == agent && row.rule == rule);
        for id in meant.map(|row| row.id).collect::<Vec<_>>() {
            self.resolve_by(t, id, by);
        }
    }

    /// The wall clock was set: what was counted keeps its age.
    pub(in crate::state) fn activity_clock_moved(&mut self, t: &mut Turn, millis: i64) {
        self.activity.judged = self.activity.judged.moved(millis);
        for worked in self.activity.worked.values_mut() {
            worked.counted = worked.counted.moved(millis);
        }
        let rows: Vec<_> = self.activity.agents.values().cloned().collect();
        for mut row in rows {
            if let Some(lacks) = &mut row.lacks {
                lacks.since = lacks.since.moved(millis);
                self.put_activity(t, row);
            }
        }
        self.overlaps_clock_moved(millis);
        self.requests_clock_moved(millis);
    }
}
