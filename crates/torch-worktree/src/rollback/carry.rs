//! Doing what was decided, step by step; asked again after a kill, it goes on where it was.

use std::path::Path;

use torch_core::rollback::{BranchMove, LeasedPush, NewBranch};

use super::{Bench, Result, RollbackError};
use crate::git::failed;
use crate::merge::{Clean, Step, apply_beside, busy_at, settle_beside};
use crate::{Applied, Git, Merge, Repository, Settled};

/// What torch's own pushes may speak; a helper that a repository names is none of it.
const PROTOCOLS: &str = "file:git:http:https:ssh";

/// What has just been done. Tests end the work behind each of them, as a kill would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// What the branch leaves, and what it goes to, is under hidden references.
    Kept,
    /// The new branch stands.
    Branched,
    /// The worktree that has the branch is being brought along: its index is locked.
    Locked,
    /// Its index is copied.
    Copied,
    /// Its files are checked out.
    CheckedOut,
    /// The branch has moved, and the index was not replaced yet.
    Moved,
    /// The branch and its worktree have the content that is wanted.
    Restored,
    /// The branch was put back.
    PutBack,
    /// The remote has it, or does not take it.
    Pushed,
}

impl Stage {
    /// All of them, in order.
    pub const ALL: [Self; 9] = [
        Self::Kept,
        Self::Branched,
        Self::Locked,
        Self::Copied,
        Self::CheckedOut,
        Self::Moved,
        Self::Restored,
        Self::PutBack,
        Self::Pushed,
    ];

    /// A word for each: `rollback-kept`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "rollback-kept",
            Self::Branched => "rollback-branched",
            Self::Locked => "rollback-locked",
            Self::Copied => "rollback-copied",
            Self::CheckedOut => "rollback-checked-out",
            Self::Moved => "rollback-moved",
            Self::Restored => "rollback-restored",
            Self::PutBack => "rollback-put-back",
            Self::Pushed => "rollback-pushed",
        }
    }
}

/// What is to be done. All commits of it are there.
#[derive(Debug, Clone, Copy)]
pub struct Carry<'a> {
    /// The repository.
    pub repository: &'a Repository,
    /// Below which hidden references things are kept: `refs/torch/rollback/7k3f9q2a`.
    pub refs: &'a str,
    /// What happens to a branch.
    pub moves: Option<&'a BranchMove>,
    /// The branch that is made.
    pub new_branch: Option<&'a NewBranch>,
    /// What is pushed, once the branch was put back.
    pub push: Option<&'a LeasedPush>,
}

/// Whether it could be done now; nothing is touched.
///
/// # Errors
/// [`RollbackError`] says why not.
pub fn check(git: &Git, carry: &Carry<'_>) -> Result<()> {
    let work = Work::new(git, carry);
    if let Some(branch) = carry.new_branch
        && work.bench.tip(&branch.name)?.is_some()
    {
        return Err(RollbackError::Taken {
            branch: branch.name.clone(),
        });
    }
    let Some(moves) = carry.moves else {
        return Ok(());
    };
    let Some(path) = work.worktree(moves)? else {
        return Ok(());
    };
    let merge = work.merge(moves);
    match busy_at(git, carry.repository, (&path, clean(moves)), &merge)? {
        Some(busy) => Err(RollbackError::Busy { path, busy }),
        None => Ok(()),
    }
}

/// Does it. What was done already is not done again; where it can't be done, what was begun is taken back.
/// `reached` is told of each step. Answers why the remote does not take it, if it was to.
///
/// # Errors
/// [`RollbackError`] says why it was not done; then branches and worktrees are as before.
pub fn carry_out(git: &Git, carry: &Carry<'_>, reached: impl Fn(Stage)) -> Result<Option<String>> {
    carry_until(git, carry, |stage| {
        reached(stage);
        true
    })
}

/// [`carry_out`], which stops as if it were killed where `go_on` says no.
pub(crate) fn carry_until(
    git: &Git,
    carry: &Carry<'_>,
    go_on: impl Fn(Stage) -> bool,
) -> Result<Option<String>> {
    let work = Work::new(git, carry);
    work.done(&go_on).inspect_err(|_| work.undone())
}

struct Work<'a> {
    bench: Bench<'a>,
    carry: &'a Carry<'a>,
}

impl<'a> Work<'a> {
    fn new(git: &'a Git, carry: &'a Carry<'a>) -> Self {
        Self {
            bench: Bench::new(git, carry.repository),
            carry,
        }
    }

    fn done(&self, go_on: &impl Fn(Stage) -> bool) -> Result<Option<String>> {
        let carry = self.carry;
        if let Some(moves) = carry.moves {
            self.keep(moves)?;
        }
        if !go_on(Stage::Kept) {
            return Ok(None);
        }
        if let Some(branch) = carry.new_branch {
            self.make_branch(branch)?;
        }
        if !go_on(Stage::Branched) {
            return Ok(None);
        }
        let mut not_pushed = None;
        if let Some(moves) = carry.moves {
            if !self.restored(moves, go_on)? || !go_on(Stage::Restored) {
                return Ok(None);
            }
            if let (Some(hard), Some(branch)) = (&moves.hard, &moves.branch) {
                self.put_back(moves, (branch, hard))?;
                if !go_on(Stage::PutBack) {
                    return Ok(None);
                }
                if let Some(push) = carry.push {
                    not_pushed = self.pushed(push, hard)?;
                }
                if !go_on(Stage::Pushed) {
                    return Ok(None);
                }
            }
            self.let_go(moves);
        }
        Ok(not_pushed)
    }

    fn merge(&self, moves: &BranchMove) -> Merge {
        Merge {
            branch: moves.branch.clone(),
            from: moves.from.clone(),
            commit: moves.to.clone(),
            pin: format!("{}/new", self.carry.refs),
        }
    }

    /// The worktree that is brought along.
    fn worktree(&self, moves: &BranchMove) -> Result<Option<std::path::PathBuf>> {
        match (&moves.worktree, &moves.branch) {
            (Some(path), _) => Ok(Some(path.clone())),
            (None, Some(branch)) => self.bench.holder(branch),
            (None, None) => Ok(None),
        }
    }

    /// Where the branch, or the worktree's HEAD, stands.
    fn now(&self, moves: &BranchMove, worktree: Option<&Path>) -> Result<String> {
        let found = match (&moves.branch, worktree) {
            (Some(branch), _) => self.bench.tip(branch)?,
            (None, Some(path)) => {
                let call = self.bench.git.call(path);
                Some(
                    call.ask("read HEAD", ["rev-parse", "--verify", "HEAD^{commit}"])?
                        .text(),
                )
            }
            (None, None) => None,
        };
        found.ok_or_else(|| self.moved(moves))
    }

    fn moved(&self, moves: &BranchMove) -> RollbackError {
        let place = moves.worktree.as_ref();
        RollbackError::Moved {
            what: moves.branch.clone().unwrap_or_else(|| {
                place.map_or_else(|| "HEAD".to_owned(), |path| path.display().to_string())
            }),
        }
    }

    fn put_ref(&self, name: &str, commit: &str) -> Result<()> {
        self.bench
            .ask("keep a commit", &["update-ref", name, commit])?;
        Ok(())
    }

    fn keep(&self, moves: &BranchMove) -> Result<()> {
        let refs = self.carry.refs;
        self.put_ref(&format!("{refs}/old"), &moves.from)?;
        self.put_ref(&format!("{refs}/new"), &moves.to)
    }

    fn make_branch(&self, branch: &NewBranch) -> Result<()> {
        match self.bench.tip(&branch.name)? {
            Some(there) if there == branch.commit => Ok(()),
            Some(_) => Err(RollbackError::Taken {
                branch: branch.name.clone(),
            }),
            None => {
                let name = format!("refs/heads/{}", branch.name);
                let zeros = "0".repeat(branch.commit.len());
                let args = [
                    "update-ref",
                    "-m",
                    "torch: rollback",
                    &name,
                    &branch.commit,
                    &zeros,
                ];
                self.bench.ask("make a branch", &args)?;
                Ok(())
            }
        }
    }

    /// Brings the branch, and the worktree that has it, to the new commit; whether it may go on.
    fn restored(&self, moves: &BranchMove, go_on: &impl Fn(Stage) -> bool) -> Result<bool> {
        let worktree = self.worktree(moves)?;
        let now = self.now(moves, worktree.as_deref())?;
        if moves.hard.as_ref() == Some(&now) {
            return Ok(true);
        }
        let Some(path) = worktree else {
            return self.moved_alone(moves, &now).map(|()| true);
        };
        let (git, repository) = (self.bench.git, self.carry.repository);
        let (merge, place) = (self.merge(moves), (path.as_path(), clean(moves)));
        let busy = match settle_beside(git, repository, place, &merge)? {
            Settled::Done => return Ok(true),
            Settled::Dropped => return Err(self.moved(moves)),
            Settled::Busy(busy) => Some(busy),
            Settled::Pending => {
                let stopped = std::cell::Cell::new(false);
                let step = |step: Step| {
                    let on = stage(step).is_none_or(go_on);
                    stopped.set(stopped.get() || !on);
                    on
                };
                match apply_beside(git, repository, place, &merge, step)? {
                    Applied::Done => return Ok(!stopped.get()),
                    Applied::Busy(busy) => Some(busy),
                }
            }
        };
        match busy {
            Some(busy) => Err(RollbackError::Busy { path, busy }),
            None => Ok(true),
        }
    }

    /// Moves a branch that no worktree has checked out.
    fn moved_alone(&self, moves: &BranchMove, now: &str) -> Result<()> {
        let Some(branch) = &moves.branch else {
            return Err(self.moved(moves));
        };
        if self.bench.is_ancestor(&moves.to, now)? {
            return Ok(());
        }
        if now != moves.from {
            return Err(self.moved(moves));
        }
        self.swap(branch, (&moves.from, &moves.to))
    }

    /// Moves a branch, if it stands where it is expected.
    fn swap(&self, branch: &str, (from, to): (&str, &str)) -> Result<()> {
        let name = format!("refs/heads/{branch}");
        let args = ["update-ref", "-m", "torch: rollback", &name, to, from];
        self.bench.ask("move a branch", &args)?;
        Ok(())
    }

    /// Puts the branch back to an ancestor with the same content: no file changes.
    fn put_back(&self, moves: &BranchMove, (branch, hard): (&str, &str)) -> Result<()> {
        match self.bench.tip(branch)? {
            Some(now) if now == hard => Ok(()),
            Some(now) if now == moves.to => self.swap(branch, (&moves.to, hard)),
            // Its content is back; what was committed on top of that stays.
            _ => Err(self.moved(moves)),
        }
    }

    fn pushed(&self, push: &LeasedPush, commit: &str) -> Result<Option<String>> {
        let lease = format!(
            "--force-with-lease=refs/heads/{}:{}",
            push.branch, push.expected
        );
        let what = format!("{commit}:refs/heads/{}", push.branch);
        let args = [
            "push",
            "--quiet",
            "--no-verify",
            &lease,
            "--",
            &push.remote,
            &what,
        ];
        let output = self
            .bench
            .call()
            .env("GIT_ALLOW_PROTOCOL", PROTOCOLS)
            .run(args)
            .map_err(failed("push", self.bench.root()))?;
        Ok((!output.success()).then(|| output.error_text().trim().to_owned()))
    }

    /// What a branch has needs no hidden reference; what it has left keeps it.
    fn let_go(&self, moves: &BranchMove) {
        let refs = self.carry.refs;
        self.drop_ref(&format!("{refs}/new"), &moves.to);
        if moves.hard.is_none() {
            self.drop_ref(&format!("{refs}/old"), &moves.from);
        }
    }

    /// After a failure: the branch that was made goes, and the references, unless the branch has moved.
    fn undone(&self) {
        let moves = self.carry.moves;
        let moved = moves.is_some_and(|moves| {
            let worktree = self.worktree(moves).ok().flatten();
            let now = self.now(moves, worktree.as_deref());
            now.is_ok_and(|now| {
                Some(&now) == moves.hard.as_ref()
                    || self.bench.is_ancestor(&moves.to, &now).unwrap_or(true)
            })
        });
        if moved {
            return;
        }
        if let Some(branch) = self.carry.new_branch {
            self.drop_ref(&format!("refs/heads/{}", branch.name), &branch.commit);
        }
        if let Some(moves) = moves {
            self.drop_ref(&format!("{}/new", self.carry.refs), &moves.to);
            self.drop_ref(&format!("{}/old", self.carry.refs), &moves.from);
        }
    }

    fn drop_ref(&self, name: &str, commit: &str) {
        let output = self.bench.call().run(["update-ref", "-d", name, commit]);
        if !output.is_ok_and(|output| output.success()) {
            // It was gone already, or is somebody else's by now.
            tracing::debug!(name, "not let go");
        }
    }
}

fn clean(moves: &BranchMove) -> Clean {
    match moves.others_may_change {
        true => Clean::Touched,
        false => Clean::All,
    }
}

fn stage(step: Step) -> Option<Stage> {
    Some(match step {
        Step::Locked => Stage::Locked,
        Step::Copied => Stage::Copied,
        Step::CheckedOut => Stage::CheckedOut,
        Step::Moved => Stage::Moved,
        Step::Replaced => return None,
    })
}
