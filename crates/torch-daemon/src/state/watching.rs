//! Rules that no message breaks: work that is not committed or not pushed, names of branches, acknowledgements that don't come, blocks
//! that last.
//!
//! What follows from branches that move is in `activity.rs` beside it; the looks at worktrees are here, one per worktree for all rules.
//! Worktrees are looked at while their agents work, and while something found there is open; an idle team is not looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use torch_core::ledger::{Block, Severity};
use torch_core::policy::AgentCommits;
use torch_core::project_rules::{ProjectRule, RuleKind};
use torch_core::{AgentId, AgentState, MessageId, Timestamp};
use torch_router::project::is_branch;
use torch_router::traffic::Breach;

use super::violations::{Opened, Telling};
use super::{State, Turn};
use crate::event::{Effect, WorkFacts};

/// The shortest and the longest time between two looks at a worktree.
pub(super) const LOOK_LEAST: Duration = Duration::from_secs(1);
const LOOK_MOST: Duration = Duration::from_secs(60);

/// What the looks at worktrees found; in memory only.
#[derive(Debug, Default)]
pub(crate) struct Watching {
    pub(super) trees: BTreeMap<AgentId, Tree>,
    /// Commits that persons made by torch in agents' worktrees.
    pub(super) of_persons: BTreeSet<String>,
    /// Assignments whose missing acknowledgement was noted.
    missed: BTreeSet<MessageId>,
}

#[derive(Debug, Clone)]
pub(super) struct Tree {
    head: String,
    dirty: bool,
    /// Since when there is something to commit on this head, over the time in which its agent was looked at.
    since: Timestamp,
    pub(super) looked: Timestamp,
    looking: bool,
}

impl State {
    /// Once per listing of the panes.
    pub(super) fn watch_rules(&mut self, t: &mut Turn) {
        self.watch_activity(t);
        let agents: Vec<AgentId> = self.agents.keys().copied().collect();
        self.rules
            .watching
            .trees
            .retain(|agent, _| agents.contains(agent));
        for agent in agents {
            self.look_at_tree(t, agent);
        }
        self.note_missing_acks(t);
        self.look_for_silence(t.now);
    }

    pub(super) fn is_at_work(&self, agent: AgentId) -> bool {
        let run = self.agents.get(&agent);
        run.is_some_and(|run| matches!(run.agent.state, AgentState::Working | AgentState::Retrying))
    }

    /// How often an agent's worktree is looked at; `None` where nothing is about it, or it does nothing.
    fn look_every(&self, agent: AgentId) -> Option<Duration> {
        let looks = [
            self.look_for_rules(agent),
            self.look_for_commits(agent),
            self.look_for_late_commits(agent),
        ];
        looks.into_iter().flatten().min()
    }

    fn look_for_rules(&self, agent: AgentId) -> Option<Duration> {
        let run = &self.agents.get(&agent)?.agent;
        let rules = self.project_rules(run.team)?;
        let late = |row: &torch_core::ledger::Violation| {
            row.agent == agent && is_of(&row.rule, &["commit-every", "branch-names"])
        };
        if !run.worktree_ready
            || !(self.is_at_work(agent) || self.rules.violations.values().any(late))
        {
            return None;
        }
        let commits = rules.strictest_of(&run.role, commit_every);
        let branches = rules.first_of(&run.role, branch_names);
        let tenth = commits.map(|(_, seconds)| Duration::from_secs(seconds) / 10);
        let every = tenth.or(branches.map(|_| LOOK_MOST))?;
        Some(every.clamp(LOOK_LEAST, LOOK_MOST))
    }

    fn look_at_tree(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(every) = self.look_every(agent) else {
            return;
        };
        let tree = self.rules.watching.trees.get(&agent);
        if tree.is_some_and(|tree| tree.looking || t.now.since(tree.looked) < every) {
            return;
        }
        let run = &self.agents[&agent].agent;
        let Some(team) = self.teams.get(&run.team) else {
            return;
        };
        t.push(Effect::LookAtTree {
            agent,
            project: team.project.clone(),
            worktree: run.worktree.clone(),
            base_commit: team.base_commit.clone(),
        });
        if let Some(tree) = self.rules.watching.trees.get_mut(&agent) {
            tree.looking = true;
        }
    }

    /// A worktree was looked at; `None` when it could not be.
    pub(crate) fn on_tree_seen(&mut self, t: &mut Turn, agent: AgentId, work: Option<&WorkFacts>) {
        let every = self.look_every(agent).unwrap_or(LOOK_MOST);
        let trees = &mut self.rules.watching.trees;
        let Some(work) = work else {
            if let Some(tree) = trees.get_mut(&agent) {
                tree.looking = false;
                tree.looked = t.now;
            }
            return;
        };
        let known = trees.get(&agent);
        let before = known.map(|tree| (tree.head.clone(), tree.looked));
        let committed = known.is_some_and(|tree| tree.head != work.head);
        let dirty = known.filter(|tree| tree.dirty && tree.head == work.head);
        // Time in which nobody looked, as its agent did nothing, does not count.
        let since = dirty.map_or(t.now, |tree| {
            let gap = t.now.since(tree.looked);
            let idle = gap.saturating_sub(every * 2 + LOOK_LEAST * 2);
            tree.since.after(idle)
        });
        let tree = Tree {
            head: work.head.clone(),
            dirty: work.dirty,
            since,
            looked: t.now,
            looking: false,
        };
        trees.insert(agent, tree.clone());
        self.judge_commits(t, agent, &tree, committed);
        self.judge_late_commits(t, agent, tree.dirty && !committed, &tree.head);
        self.judge_branch(t, agent, work);
        self.judge_forbidden(t, agent, work, before.as_ref());
    }

    fn judge_commits(&mut self, t: &mut Turn, agent: AgentId, tree: &Tree, committed: bool) {
        if !tree.dirty || committed {
            let by = match tree.dirty {
                true => format!("commit {}", tree.head.get(..8).unwrap_or(&tree.head)),
                false => "a clean worktree".to_owned(),
            };
            return self.settle_watched(t, agent, "commit-every", &by);
        }
        let Some((rule, seconds)) = self.time_of(agent, commit_every) else {
            return self.settle_watched(t, agent, "commit-every", "the rule's end");
        };
        let passed = t.now.since(tree.since);
        if passed.as_secs() < seconds || !self.is_at_work(agent) {
            return;
        }
        let head = tree.head.get(..8).unwrap_or(&tree.head);
        let evidence = format!(
            "{}; work lies uncommitted on {head} for {} s",
            rule.ask,
            passed.as_secs()
        );
        let remedy = "torch commit -m \"Progress: what is done\"".to_owned();
        self.note_watched(t, agent, "its worktree", (&rule, evidence, remedy), None);
    }

    fn judge_branch(&mut self, t: &mut Turn, agent: AgentId, work: &WorkFacts) {
        let own = self
            .agents
            .get(&agent)
            .and_then(|run| run.agent.branch.as_ref());
        let Some(branch) = work.branch.as_ref().filter(|branch| own != Some(*branch)) else {
            return self.settle_watched(t, agent, "branch-names", "its own branch");
        };
        let Some((rule, patterns)) = self.rule_of(agent, branch_names) else {
            return self.settle_watched(t, agent, "branch-names", "the rule's end");
        };
        if patterns.iter().any(|pattern| is_branch(pattern, branch)) {
            let by = format!("branch {branch}");
            return self.settle_watched(t, agent, "branch-names", &by);
        }
        let evidence = format!("{}; {branch:?} is checked out", rule.ask);
        let remedy = format!(
            "git branch -m {branch} {}",
            patterns[0].replace('*', branch)
        );
        self.note_watched(t, agent, "its worktree", (&rule, evidence, remedy), None);
    }

    /// Commits that no remote has, where the project says within how long one has; where nobody may push, or there is no remote, none
    /// is late.
    pub(super) fn judge_unpushed(&mut self, t: &mut Turn, agent: AgentId) {
        let settled = |state: &mut Self, t: &mut Turn, by: &str| {
            state.settle_watched(t, agent, "push-within", by);
        };
        let standing = self.activity.standings.get(&agent);
        let unpushed = standing.and_then(|one| {
            let branch = one.branch.clone().unwrap_or_else(|| "HEAD".to_owned());
            Some((one.unpushed_since?, one.unpushed.unwrap_or(0), branch))
        });
        let Some((since, commits, branch)) = unpushed else {
            return settled(self, t, "its branch as it is now");
        };
        let found = self.time_of(agent, push_within);
        let Some((rule, seconds)) = found.filter(|_| self.may_push(agent)) else {
            return settled(self, t, "the rule's end");
        };
        let passed = t.now.since(since).as_secs();
        if passed < seconds {
            return settled(self, t, "its branch as it is now");
        }
        if !self.can_answer(agent) {
            return;
        }
        let evidence = format!(
            "{}; {} of {branch} pushed nowhere for {passed} s",
            rule.ask,
            crate::words::count(commits, "commit")
        );
        let remedy = "git push -u origin HEAD".to_owned();
        self.note_watched(t, agent, "its branch", (&rule, evidence, remedy), None);
    }

    /// Whether the policy of an agent's team lets agents commit and push.
    fn may_push(&self, agent: AgentId) -> bool {
        let run = self.agents.get(&agent);
        let team = run.and_then(|run| self.teams.get(&run.agent.team));
        team.is_some_and(|team| {
            let policy = &team.policy.git;
            policy.agent_commits == AgentCommits::Required && policy.push_minutes > 0
        })
    }

    fn note_missing_acks(&mut self, t: &mut Turn) {
        let mut late = Vec::new();
        for row in self.rules.assignments.values() {
            if self.rules.watching.missed.contains(&row.message) || !self.can_answer(row.agent) {
                continue;
            }
            let Some((rule, seconds)) = self.time_of(row.agent, ack_within) else {
                continue;
            };
            let arrived = !self.flights.contains_key(&row.message) || self.can_have(row.message);
            if arrived && t.now.since(row.at) >= Duration::from_secs(seconds) {
                late.push((row.clone(), rule));
            }
        }
        for (row, rule) in late {
            self.rules.watching.missed.insert(row.message);
            let passed = t.now.since(row.at).as_secs();
            let evidence = format!(
                "{}; {} {} has none after {passed} s",
                rule.ask,
                row.message.tag(),
                row.task
            );
            let remedy = format!("torch ack {}", row.message.tag());
            let found = (&rule, evidence, remedy);
            self.note_watched(t, row.agent, &row.from, found, Some(row.message));
        }
        let open = &self.rules.assignments;
        self.rules
            .watching
            .missed
            .retain(|message| open.contains_key(message));
    }

    /// Whether an agent could say something: it runs, and no usage limit holds it.
    pub(super) fn can_answer(&self, agent: AgentId) -> bool {
        let state = self.agents.get(&agent).map(|run| run.agent.state);
        matches!(
            state,
            Some(AgentState::Ready | AgentState::Working | AgentState::Idle | AgentState::Retrying)
        )
    }

    /// A block lasts longer than the project allows; the hub hears of it by the escalation.
    pub(super) fn note_long_block(&mut self, t: &mut Turn, block: &Block) {
        let Some((rule, _)) = self.blocked_rule(block.team) else {
            return;
        };
        let rule = rule.clone();
        let evidence = format!("{}; blocked: {}", rule.ask, block.text);
        let breach = breach(&rule, evidence, "decide, or help".to_owned());
        let opened = self.open_violation(
            t.now,
            (block.team, block.agent),
            "orchestrator".to_owned(),
            breach,
        );
        let opened: Vec<Opened> = opened.into_iter().collect();
        self.keep_violations(t, &opened, None, Telling::ByTheMessage);
    }

    /// Notes what was seen, once while it is open.
    fn note_watched(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        to: &str,
        (rule, evidence, remedy): (&ProjectRule, String, String),
        message: Option<MessageId>,
    ) {
        let mut rows = self.rules.violations.values();
        let same =
            rows.any(|row| row.agent == agent && row.rule == rule.name && row.message == message);
        let Some(team) = self.agents.get(&agent).map(|run| run.agent.team) else {
            return;
        };
        if same {
            return;
        }
        let breach = breach(rule, evidence, remedy);
        let opened = self.open_violation(t.now, (team, agent), to.to_owned(), breach);
        let opened: Vec<Opened> = opened.into_iter().collect();
        self.keep_violations(t, &opened, message, Telling::Notice);
    }

    /// What was wrong is right again.
    pub(super) fn settle_watched(&mut self, t: &mut Turn, agent: AgentId, kind: &str, by: &str) {
        let rows = self.rules.violations.values();
        let of_kind = rows.filter(|row| row.agent == agent && is_of(&row.rule, &[kind]));
        for id in of_kind.map(|row| row.id).collect::<Vec<_>>() {
            self.resolve_by(t, id, by);
        }
    }

    /// An assignment was acknowledged: what was noted of it is settled.
    pub(super) fn settle_ack(&mut self, t: &mut Turn, agent: AgentId, message: MessageId) {
        let rows = self.rules.violations.values();
        let meant = rows.filter(|row| {
            row.agent == agent && row.message == Some(message) && is_of(&row.rule, &["ack-within"])
        });
        for id in meant.map(|row| row.id).collect::<Vec<_>>() {
            self.resolve_by(t, id, &message.tag());
        }
    }

    /// The shortest time that a rule gives an agent.
    fn time_of(
        &self,
        agent: AgentId,
        take: impl Fn(&RuleKind) -> Option<(&torch_core::project_rules::Who, u64)>,
    ) -> Option<(ProjectRule, u64)> {
        let run = &self.agents.get(&agent)?.agent;
        let rules = self.project_rules(run.team)?;
        let found = rules.strictest_of(&run.role, take);
        found.map(|(rule, value)| (rule.clone(), value))
    }

    fn rule_of<T: Clone>(
        &self,
        agent: AgentId,
        take: impl Fn(&RuleKind) -> Option<(&torch_core::project_rules::Who, T)>,
    ) -> Option<(ProjectRule, T)> {
        let run = &self.agents.get(&agent)?.agent;
        let found = self.project_rules(run.team)?.first_of(&run.role, take);
        found.map(|(rule, value)| (rule.clone(), value))
    }

    /// The wall clock was set: what was looked at keeps its age.
    pub(super) fn watching_clock_moved(&mut self, millis: i64) {
        for tree in self.rules.watching.trees.values_mut() {
            tree.since = tree.since.moved(millis);
            tree.looked = tree.looked.moved(millis);
        }
    }
}

fn breach(rule: &ProjectRule, evidence: String, remedy: String) -> Breach {
    Breach {
        rule: rule.name.clone(),
        severity: Severity::Medium,
        evidence,
        remedy: format!("{remedy} ({}:{})", rule.file, rule.line),
    }
}

/// Whether a rule's name is of one of these kinds.
fn is_of(rule: &str, kinds: &[&str]) -> bool {
    let kind = rule
        .strip_prefix("project.")
        .and_then(|name| name.rsplit_once('-'));
    kind.is_some_and(|(kind, _)| kinds.contains(&kind))
}

type Taken<'a, T> = Option<(&'a torch_core::project_rules::Who, T)>;

fn commit_every(ask: &RuleKind) -> Taken<'_, u64> {
    match ask {
        RuleKind::CommitEvery { from, seconds } => Some((from, *seconds)),
        _ => None,
    }
}

fn push_within(ask: &RuleKind) -> Taken<'_, u64> {
    match ask {
        RuleKind::PushWithin { from, seconds } => Some((from, *seconds)),
        _ => None,
    }
}

fn ack_within(ask: &RuleKind) -> Taken<'_, u64> {
    match ask {
        RuleKind::AckWithin { from, seconds } => Some((from, *seconds)),
        _ => None,
    }
}

fn branch_names(ask: &RuleKind) -> Taken<'_, Vec<String>> {
    match ask {
        RuleKind::BranchNames { from, patterns } => Some((from, patterns.clone())),
        _ => None,
    }
}
