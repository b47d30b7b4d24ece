//! An integration: the work of a team's agents put together, tested, reviewed and let into the team's parent branch, step by step.
//!
//! What is to be done next is decided by `torch-integration`; here are the words, which are kept whole in the ledger.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::git_activity::NotPushed;
use crate::{AgentId, IntegrationId, RoleName, TeamId, Timestamp};

/// The number of steps; they are numbered from 0.
pub const STEPS: usize = 8;

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// 0: what is there to integrate, and is everybody ready.
    Check,
    /// 1: the integration branch has its name and its beginning.
    Branch,
    /// 2: the agents' branches are merged into it.
    Merge,
    /// 3: its tests are run.
    Test,
    /// 4: somebody reviewed it.
    Review,
    /// 5: it is in the parent branch.
    Land,
    /// 6: the parent branch was looked at afterwards.
    Verify,
    /// 7: everybody was told.
    Tell,
}

impl Step {
    /// All of them, in order.
    pub const ALL: [Self; STEPS] = [
        Self::Check,
        Self::Branch,
        Self::Merge,
        Self::Test,
        Self::Review,
        Self::Land,
        Self::Verify,
        Self::Tell,
    ];

    /// Its number, 0 to 7.
    pub fn number(self) -> usize {
        self as usize
    }

    /// The word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Branch => "branch",
            Self::Merge => "merge",
            Self::Test => "test",
            Self::Review => "review",
            Self::Land => "land",
            Self::Verify => "verify",
            Self::Tell => "tell",
        }
    }
}

/// How far a step has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Not begun.
    #[default]
    Due,
    /// An act of it was begun; a daemon that finds this looks what came of it and does it again.
    Doing,
    /// It waits: [`Integration::wait`] says for what.
    Waiting,
    /// It is done.
    Done,
    /// It is not done and won't be: there was nothing to do, or the integration was given up.
    Skipped,
}

impl StepState {
    /// Whether the next one may begin.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Skipped)
    }

    /// The word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Doing => "doing",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Skipped => "skipped",
        }
    }
}

/// What is kept of one step.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StepRecord {
    /// How far it has come.
    pub state: StepState,
    /// What was seen, in words.
    #[serde(default)]
    pub evidence: String,
    /// Since when it is so.
    #[serde(default)]
    pub at: Option<Timestamp>,
}

/// A branch of an agent that goes in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegrationMerge {
    /// Whose.
    pub agent: AgentId,
    /// Its role.
    pub role: RoleName,
    /// Its branch; none: a detached worktree.
    pub branch: Option<String>,
    /// The commit that goes in, full hex.
    pub commit: String,
    /// How many commits the parent branch did not have.
    pub commits: usize,
    /// Commits that other branches of the team stood on when it was looked, full hex, and that this one has within.
    #[serde(default)]
    pub within: Vec<String>,
    /// The merge commit, full hex, once there is one.
    #[serde(default)]
    pub merge: Option<String>,
    /// Branches that it has within and that conflict with what goes in before it: it solves that, and they go in by it alone.
    #[serde(default)]
    pub brings: Vec<IntegrationMerge>,
}

/// Why a branch does not go in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Whose.
    pub role: RoleName,
    /// The branch.
    pub branch: Option<String>,
    /// The commit that was looked at, full hex: it stays out as long as the branch stands there.
    pub commit: String,
    /// Why, in words.
    pub why: String,
    /// The commit of another branch that is left out, full hex, which this one has within; it goes in again once that branch
    /// has moved. None: it was found to break the tests itself.
    #[serde(default)]
    pub within: Option<String>,
}

/// A file that git could not merge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// Its path; bytes that are not UTF-8 are U+FFFD.
    pub file: String,
    /// Who is asked to solve it.
    pub owner: RoleName,
    /// The role whose branch was being merged.
    pub ours: RoleName,
    /// That branch, or its commit where it has none.
    pub our_branch: String,
    /// What it conflicts with: another role, or the parent branch.
    pub with: String,
    /// The branch, or the commit, of that side.
    pub with_branch: String,
    /// Since when it is known.
    pub since: Timestamp,
    /// When it was solved.
    #[serde(default)]
    pub solved: Option<Timestamp>,
}

/// A file in conflict, with all whose branches meet there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileConflict<'a> {
    /// Its path.
    pub file: &'a str,
    /// Roles, and the parent branch where it is one of the sides; each once.
    pub sides: Vec<&'a str>,
    /// Their branches, likewise.
    pub branches: Vec<&'a str>,
    /// Who is asked to solve it.
    pub owner: &'a RoleName,
}

impl FileConflict<'_> {
    /// The sides in words: `tester, developer and frontend`.
    pub fn between(&self) -> String {
        listed(&self.sides)
    }
}

/// Names in a sentence: `a`, `a and b`, `a, b and c`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The files in conflict that nobody has solved, each once, in the order in which they were found.
pub fn by_file(conflicts: &[Conflict]) -> Vec<FileConflict<'_>> {
    let mut found: Vec<FileConflict<'_>> = Vec::new();
    for one in conflicts.iter().filter(|one| one.solved.is_none()) {
        let known = found.iter().position(|known| known.file == one.file);
        let at = known.unwrap_or_else(|| {
            found.push(FileConflict {
                file: &one.file,
                sides: Vec::new(),
                branches: Vec::new(),
                owner: &one.owner,
            });
            found.len() - 1
        });
        let file = &mut found[at];
        for side in [one.ours.as_str(), &one.with] {
            if !file.sides.contains(&side) {
                file.sides.push(side);
            }
        }
        for branch in std::iter::once(one.our_branch.as_str()).chain(one.with_branch.split(' ')) {
            if !file.branches.contains(&branch) {
                file.branches.push(branch);
            }
        }
    }
    found
}

/// What a run of the tests said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All is well.
    Passed,
    /// Something failed.
    Failed,
}

/// A run of the tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestRun {
    /// Which commit was tested, full hex.
    pub commit: String,
    /// The command; none: a role ran them.
    pub command: Option<String>,
    /// Who ran them: `torch`, or a role.
    pub by: String,
    /// The command's exit status.
    pub exit: Option<i32>,
    /// How long it took.
    pub seconds: u64,
    /// Where its output lies, below the registry.
    pub log: Option<String>,
    /// What it said.
    pub verdict: Verdict,
    /// In words.
    #[serde(default)]
    pub note: String,
}

/// The search for the branch that turned the tests red: the first merges, up to a number of them, are tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bisection {
    /// So many of the first merges were found good; `None`: nobody knows of the parent itself yet.
    pub good: Option<usize>,
    /// So many of them were found bad.
    pub bad: usize,
}

/// A run of commands that was begun, and whose end nobody told yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// The step that runs them.
    pub step: Step,
    /// On which commit, full hex.
    pub commit: String,
    /// How often, one after the other, without an end of its own.
    pub times: u32,
}

/// Who let it in, or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// `human`, or a role.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Of which commit, full hex.
    pub commit: String,
    /// Whether it was let in.
    pub approved: bool,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequest {
    /// Its address, as `gh` printed it.
    pub url: String,
    /// Whether it was merged.
    pub merged: bool,
}

/// What is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "on", rename_all = "snake_case")]
pub enum WaitOn {
    /// Another integration of the same repository.
    Turn {
        /// Which.
        other: IntegrationId,
    },
    /// Roles that were asked to commit their work.
    Commits {
        /// Which.
        roles: Vec<RoleName>,
    },
    /// Files in conflict.
    Conflicts,
    /// The roles that were asked to run the tests.
    Tests {
        /// Which.
        roles: Vec<RoleName>,
    },
    /// New commits that turn the tests green.
    Fix,
    /// Whoever reviews it: `person` or a role.
    Review {
        /// Who.
        by: String,
    },
    /// A worktree in which the parent branch is checked out, and that can't be merged into now.
    Tree {
        /// Where.
        path: String,
        /// Why not, in words.
        why: String,
    },
    /// A person, who goes on with `torch integrate --resume`.
    Person {
        /// Why.
        why: String,
    },
}

/// What is waited for, and how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// What for.
    pub on: WaitOn,
    /// Since when.
    pub since: Timestamp,
    /// Until when; then something else is done.
    pub until: Option<Timestamp>,
    /// Whether the hub and the project manager were told that it takes too long.
    #[serde(default)]
    pub told: bool,
}

/// How an integration ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum IntegrationOutcome {
    /// The parent branch has it, and was looked at afterwards.
    Verified,
    /// The parent branch has it, and what was run on it afterwards failed.
    Unverified {
        /// What failed.
        why: String,
    },
    /// There was nothing to integrate.
    Nothing,
    /// It was given up; the parent branch does not have it.
    Aborted {
        /// Why, and by whom.
        why: String,
    },
}

/// What was wished of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct IntegrationWishes {
    /// The last step that is done; none: all of them.
    #[serde(default)]
    pub until: Option<usize>,
    /// Whether no pull request is made though one could be.
    #[serde(default)]
    pub no_pull_request: bool,
    /// The command of the tests that a person named.
    #[serde(default)]
    pub test: Option<String>,
    /// Measures that were handed over, by name, in thousandths.
    #[serde(default)]
    pub metrics: BTreeMap<String, i64>,
    /// The feature, for its tag.
    #[serde(default)]
    pub feature: Option<String>,
}

/// One integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Integration {
    /// Its id.
    pub id: IntegrationId,
    /// The team.
    pub team: TeamId,
    /// When it began.
    pub at: Timestamp,
    /// Who wanted it: `human`, or a role.
    pub by: String,
    /// What was wished.
    pub wishes: IntegrationWishes,
    /// The branch that it goes into: the team's recorded one.
    pub parent: String,
    /// Where that stood when the merges were made, full hex; empty before it was looked at.
    pub parent_tip: String,
    /// The integration branch.
    pub branch: String,
    /// The tests' command as the project's files have it.
    #[serde(default)]
    pub detected_test: Option<String>,
    /// What else was noticed when it was looked what there is, in words.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Whether it goes in by a pull request.
    #[serde(default)]
    pub by_pull_request: bool,
    /// Where torch put that branch last, full hex.
    #[serde(default)]
    pub built: Option<String>,
    /// When the roles with uncommitted work were asked to commit it.
    #[serde(default)]
    pub asked: Option<Timestamp>,
    /// Why it is being given up: what it left is taken away first.
    #[serde(default)]
    pub giving_up: Option<String>,
    /// What was run on the parent branch afterwards and failed.
    #[serde(default)]
    pub unverified: Option<String>,
    /// The steps, by number; always [`STEPS`] of them.
    pub steps: Vec<StepRecord>,
    /// What goes in, in the order in which it is merged.
    pub merges: Vec<IntegrationMerge>,
    /// What does not.
    pub left_out: Vec<LeftOut>,
    /// Files in conflict, those of now and those that were solved.
    pub conflicts: Vec<Conflict>,
    /// The last run of the tests on all that goes in.
    pub tests: Option<TestRun>,
    /// The search for who broke them, while it is under way.
    #[serde(default)]
    pub bisection: Option<Bisection>,
    /// What runs now, or was cut off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<Begun>,
    /// Who reviewed it.
    pub review: Option<Review>,
    /// The pull request.
    pub pull_request: Option<PullRequest>,
    /// The commit of the parent branch that has it all, full hex, once it has.
    pub landed: Option<String>,
    /// What the parent branch's remote did not have of it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_pushed: Option<NotPushed>,
    /// The tag that it got.
    pub tag: Option<String>,
    /// What is waited for.
    pub wait: Option<Wait>,
    /// How it ended.
    pub outcome: Option<IntegrationOutcome>,
    /// When.
    pub ended: Option<Timestamp>,
}

impl Integration {
    /// What goes in: each merge behind what it brings.
    pub fn brought(&self) -> impl Iterator<Item = &IntegrationMerge> {
        let merges = self.merges.iter();
        merges.flat_map(|merge| merge.brings.iter().chain([merge]))
    }

    /// One that begins.
    pub fn new(
        id: IntegrationId,
        (team, parent): (TeamId, &str),
        (by, at): (&str, Timestamp),
        wishes: IntegrationWishes,
    ) -> Self {
        Self {
            id,
            team,
            at,
            by: by.to_owned(),
            wishes,
            parent: parent.to_owned(),
            parent_tip: String::new(),
            branch: String::new(),
            detected_test: None,
            notes: Vec::new(),
            by_pull_request: false,
            built: None,
            asked: None,
            giving_up: None,
            unverified: None,
            steps: vec![StepRecord::default(); STEPS],
            merges: Vec::new(),
            left_out: Vec::new(),
            conflicts: Vec::new(),
            tests: None,
            bisection: None,
            begun: None,
            review: None,
            pull_request: None,
            landed: None,
            not_pushed: None,
            tag: None,
            wait: None,
            outcome: None,
            ended: None,
        }
    }

    /// Whether it is not over.
    pub fn is_open(&self) -> bool {
        self.outcome.is_none()
    }

    /// Whether the parent branch has it and is known to be well.
    pub fn is_verified(&self) -> bool {
        self.outcome == Some(IntegrationOutcome::Verified)
    }

    /// The first step that is not over; `None` when all are.
    pub fn step(&self) -> Option<Step> {
        let over = |step: &Step| {
            self.steps
                .get(step.number())
                .is_some_and(|row| row.state.is_over())
        };
        Step::ALL.into_iter().find(|step| !over(step))
    }

    /// The newest merge commit: what the integration branch stands on; the parent's commit before the first one.
    pub fn tip(&self) -> &str {
        let merges = self.merges.iter().rev();
        merges
            .filter_map(|merge| merge.merge.as_deref())
            .next()
            .unwrap_or(&self.parent_tip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_conflict_is_told_once_with_all_its_sides() {
        let role = |name: &str| RoleName::parse(name).expect("a role");
        let row = |file: &str, ours: &str, with: &str, solved| Conflict {
            file: file.to_owned(),
            owner: role("tester"),
            ours: role(ours),
            our_branch: format!("trunk-{ours}"),
            with: with.to_owned(),
            with_branch: match with {
                "trunk" => "trunk-a trunk".to_owned(),
                with => format!("trunk-{with}"),
            },
            since: Timestamp(1),
            solved,
        };
        let rows = [
            row("a", "tester", "developer", None),
            row("b", "tester", "developer", Some(Timestamp(2))),
            row("a", "frontend", "developer", None),
            row("c", "frontend", "trunk", None),
        ];
        let found = by_file(&rows);
        let told: Vec<_> = found
            .iter()
            .map(|one| (one.file, one.between(), one.branches.join(" ")))
            .collect();
        let expected = [
            (
                "a",
                "tester, developer and frontend".to_owned(),
                "trunk-tester trunk-developer trunk-frontend".to_owned(),
            ),
            (
                "c",
                "frontend and trunk".to_owned(),
                "trunk-frontend trunk-a trunk".to_owned(),
            ),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn the_step_is_the_first_that_is_not_over() {
        let mut row = Integration::new(
            IntegrationId::new(1, 1),
            (TeamId::new(1, 2), "trunk"),
            ("human", Timestamp(5)),
            IntegrationWishes::default(),
        );
        assert_eq!(row.step(), Some(Step::Check));
        row.steps[0].state = StepState::Done;
        row.steps[1].state = StepState::Skipped;
        assert_eq!(row.step(), Some(Step::Merge));
        for step in &mut row.steps {
            step.state = StepState::Done;
        }
        assert_eq!(row.step(), None);
        assert!(row.is_open() && !row.is_verified());
        let text = serde_json::to_string(&row).expect("it can be written");
        assert_eq!(
            serde_json::from_str::<Integration>(&text).expect("and read"),
            row
        );
        for (number, step) in Step::ALL.into_iter().enumerate() {
            assert_eq!(step.number(), number);
        }
    }
}
