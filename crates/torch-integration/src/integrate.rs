//! The state machine of an integration: what is to be done next ([`due`]), and what follows from what was done ([`follow`]).
//!
//! An act is one that the host does: it looks at the repository, builds, tests, lands. Each may be done twice, as after a kill. What is
//! said to anybody comes back from [`follow`] and [`due`], to be posted in the same turn in which the record is kept.

mod begun;
mod bisect;
mod conflict;
mod gate;
mod order;
mod paths;
mod steps;
#[cfg(test)]
mod tests;
mod turns;
mod within;
mod words;

use std::collections::BTreeSet;

use torch_core::git_activity::NotPushed;
use torch_core::integration::{Integration, TestRun};
use torch_core::policy::Approval;
use torch_core::{AgentId, RoleName};

pub use begun::interrupted;
pub use bisect::{Probe, probe};
pub use conflict::CONFLICT;
pub use gate::{Breach, Gate, breaches, gates, read_metrics};
pub use order::{in_order, rank};
pub use paths::{PathClass, classify, owner, owner_among};
pub use steps::{due, follow};
pub use turns::{abort, decide, moved, on_deadline, queue, resume, tests_reported};
pub use words::{body, message, title, uncommitted};

/// A role that is there, as far as an integration asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub role: RoleName,
    /// Whether its program runs, so that it may be asked for something.
    pub lives: bool,
}

/// What holds for an integration, besides its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The team's name.
    pub team: String,
    /// Its roles.
    pub members: Vec<Member>,
    /// Pairs of roles, the first of which the plan has work before the second.
    pub before: Vec<(RoleName, RoleName)>,
    /// Who reviews.
    pub approval: Approval,
    /// Whether the agents commit, so that they may be asked to.
    pub agents_commit: bool,
    /// Whether a pull request may be merged past the protection of its branch.
    pub admin_merge: bool,
    /// Whether torch may run what the settings or the project's files name.
    pub run_tests: bool,
    /// The tests' command of the settings.
    pub test: Option<String>,
    /// What measures must hold.
    pub gates: Vec<Gate>,
    /// Commands that are run on the parent branch afterwards.
    pub verify: Vec<String>,
    /// Whether remotes may be spoken to.
    pub network: bool,
    /// When it began, as in names: `20260131-1504`.
    pub minute: String,
    /// The same to the second: `20260131-150405`.
    pub second: String,
    /// The same for people: `2026-01-31 15:04`.
    pub shown: String,
}

impl Rules {
    /// The first of these roles that is there.
    pub(crate) fn first_of(&self, names: &[&str]) -> Option<&RoleName> {
        let roles = || self.members.iter().map(|member| &member.role);
        let found = |name: &&str| roles().find(|role| role.as_str() == *name);
        names.iter().find_map(found)
    }

    /// The project manager, else the hub.
    pub(crate) fn lead(&self) -> Option<&RoleName> {
        self.first_of(&["project_manager"]).or_else(|| {
            self.members
                .iter()
                .map(|one| &one.role)
                .find(|role| role.is_hub())
        })
    }

    /// Who reviews: a role, or `person`.
    pub fn review_by(&self) -> String {
        let lead = self
            .lead()
            .filter(|_| self.approval == Approval::ProjectManager);
        lead.map_or_else(|| "person".to_owned(), |role| role.to_string())
    }

    /// The roles that are asked to run the tests where torch does not.
    pub(crate) fn testers(&self) -> Vec<RoleName> {
        let testers = self.first_of(&["testrunner", "tester"]);
        testers
            .or_else(|| self.lead())
            .into_iter()
            .cloned()
            .collect()
    }

    /// The command by which torch itself runs the tests; none: a role is asked.
    pub fn command(&self, row: &Integration) -> Option<String> {
        let own = || self.test.clone().or_else(|| row.detected_test.clone());
        let named = row.wishes.test.clone();
        named.or_else(|| self.run_tests.then(own).flatten())
    }

    pub(crate) fn lives(&self, role: &RoleName) -> bool {
        self.members
            .iter()
            .any(|one| one.role == *role && one.lives)
    }
}

/// What the host is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Look what there is to integrate.
    Look,
    /// Make the integration branch, on the parent's commit.
    Branch,
    /// Merge, and put the integration branch there.
    Build,
    /// Check a commit out on the bench, and run the tests on it.
    Test {
        /// The command, for `sh -c`.
        command: String,
        /// The commit, full hex.
        commit: String,
    },
    /// Push the integration branch, and open a pull request.
    Publish,
    /// Bring it into the parent branch: through the pull request, or here.
    Land,
    /// Look at the parent branch, run these commands on it, and set the tag.
    Verify {
        /// For `sh -c`.
        commands: Vec<String>,
        /// The tag.
        tag: String,
    },
    /// Take the bench and the integration branch away.
    Clean,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// The host does this; [`follow`] is told of it.
    Act(Act),
    /// Nothing, until what [`torch_core::integration::Integration::wait`] says.
    Wait,
    /// Nothing any more.
    Over,
}

/// What an agent has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleWork {
    /// Whose.
    pub agent: AgentId,
    /// Its role.
    pub role: RoleName,
    /// Branches (none: detached), their commits in full hex, and how many the parent lacks; a commit that two branches stand on
    /// is told of the first.
    pub commits: Vec<(Option<String>, String, usize)>,
    /// How many files have changes that are not committed.
    pub changed: usize,
    /// Their paths, or the first of them.
    pub files: Vec<String>,
    /// What is under way there.
    pub operation: Option<String>,
}

/// What was seen of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// Where the parent branch stands, full hex; `None`: there is none.
    pub parent: Option<String>,
    /// What the agents have, in the order of the team.
    pub work: Vec<RoleWork>,
    /// Pairs of commits of [`Self::work`], full hex: the second has the first within.
    pub within: Vec<(String, String)>,
    /// The integration branches that there are.
    pub taken: Vec<String>,
    /// Whether a pull request can be made: there is a remote, `gh`, and both may be used.
    pub pull_request: bool,
    /// The tests' command as the project's files have it.
    pub test: Option<String>,
    /// What could not be looked at, in words.
    pub notes: Vec<String>,
}

impl Seen {
    /// Leaves the changes out that are in the worktrees of these agents: torch itself merges there just now, and half of its files are
    /// written.
    pub fn leave_out_merges_into(&mut self, merged_into: &BTreeSet<AgentId>) {
        let work = self.work.iter_mut();
        for work in work.filter(|work| merged_into.contains(&work.agent)) {
            if work.changed == 0 && work.operation.is_none() {
                continue;
            }
            (work.changed, work.operation) = (0, None);
            work.files.clear();
            self.notes.push(format!(
                "torch merges into {}'s worktree now: what is changed there is not waited for",
                work.role
            ));
        }
    }
}

/// A file that git could not merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// Its path.
    pub file: String,
    /// Which of the merges before it conflict there, by their places; none: the parent itself, or more than one of them together.
    pub with: Vec<usize>,
}

/// A merge that git could not make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmerged {
    /// Which of the merges, from 0.
    pub at: usize,
    /// The files.
    pub files: Vec<Clash>,
}

/// What the host found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The repository was looked at.
    Seen(Seen),
    /// The integration branch stands on the parent's commit.
    Branched,
    /// Another branch of that name is there.
    Taken,
    /// The integration branch stands on these merge commits, full hex, one per merge.
    Built(Vec<String>),
    /// Some can't be merged: all of them, in their order, so that nobody is asked for one after the other.
    Conflict(Vec<Unmerged>),
    /// The tests ran.
    Tested(TestRun),
    /// The pull request is open, or merged already.
    Published {
        /// Its address.
        url: String,
    },
    /// The parent branch has it.
    Landed {
        /// Where it stands, full hex.
        tip: String,
        /// What its remote does not have of it.
        not_pushed: Option<NotPushed>,
    },
    /// The parent branch stands elsewhere than it did.
    ParentMoved,
    /// The worktree that has the parent branch can't be merged into now.
    Busy {
        /// Where.
        path: String,
        /// Why.
        why: String,
    },
    /// The parent branch has all merges; what of the commands failed, and the tag.
    Verified {
        /// The command that failed, and its log.
        failed: Option<String>,
        /// The tag that was set.
        tag: Option<String>,
    },
    /// Commands were ended before they were done, or those that kept them were: they say nothing of the commit.
    CutOff {
        /// How that was seen.
        why: String,
    },
    /// What it left is gone.
    Cleaned,
    /// What it left could not be taken away.
    NotCleaned {
        /// Why.
        why: String,
    },
    /// Another act could not be done.
    Failed {
        /// Why.
        why: String,
    },
}

/// Whom something is said to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    /// A role.
    Role(RoleName),
    /// The project manager, or else the hub.
    Lead,
    /// The person.
    Person,
    /// Every role, the person not.
    Everybody,
}

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Say {
    /// To whom.
    pub to: To,
    /// The words.
    pub text: String,
}

impl Say {
    pub(crate) fn new(to: To, text: impl Into<String>) -> Self {
        Self {
            to,
            text: text.into(),
        }
    }
}
