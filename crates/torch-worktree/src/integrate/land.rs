//! Moving branches: one that torch makes, and the parent branch, with the worktree that has it checked out.

use std::path::PathBuf;

use super::chain::call;
use super::work::{commit_at, contains, tip_of};
use crate::create::Maker;
use crate::git::failed;
use crate::merge::{PINS, Step, apply_any, settle_any};
use crate::registration::Registration;
use crate::{Applied, Busy, Git, Merge, Repository, Settled, WorktreeError};

/// What came of pointing a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Point {
    /// It leads there now.
    Done,
    /// It does not lead where it should have.
    Other {
        /// Where it leads; `None`: there is none.
        tip: Option<String>,
    },
}

/// Points the full reference `name` from `old` (`None`: it is new) to `new`. One that leads there already is done.
///
/// # Errors
/// [`WorktreeError`] where git can't be run, or refuses for another reason than where it leads.
pub fn point(
    git: &Git,
    repository: &Repository,
    name: &str,
    (old, new): (Option<&str>, &str),
) -> Result<Point, WorktreeError> {
    let tip = commit_at(git, repository, name)?;
    if tip.as_deref() == Some(new) {
        return Ok(Point::Done);
    }
    if tip.as_deref() != old {
        return Ok(Point::Other { tip });
    }
    let none = "0".repeat(new.len());
    let args = [
        "update-ref",
        "--no-deref",
        "-m",
        "torch: integrate",
        name,
        new,
        old.unwrap_or(&none),
    ];
    let (act, root) = ("move a reference", &repository.root);
    let output = call(git, repository).run(args).map_err(failed(act, root))?;
    let Err(error) = output.success_or_error() else {
        return Ok(Point::Done);
    };
    // Somebody was quicker, or git has another reason.
    let tip = commit_at(git, repository, name)?;
    match tip.as_deref() == old {
        true => Err(failed(act, root)(error)),
        false => Ok(Point::Other { tip }),
    }
}

/// Takes a branch away that stands on `commit` and that no worktree has; any other stays. Whether it is gone.
///
/// # Errors
/// [`WorktreeError`] where git can't be run.
pub fn take_away(
    git: &Git,
    repository: &Repository,
    (branch, commit): (&str, &str),
) -> Result<bool, WorktreeError> {
    let tip = tip_of(git, repository, branch)?;
    if tip.as_deref() != Some(commit) {
        return Ok(tip.is_none());
    }
    let found = Maker::open(git, repository)?.registrations()?;
    if found.iter().any(|one| !one.is_gone() && one.holds(branch)) {
        return Ok(false);
    }
    let name = format!("refs/heads/{branch}");
    let args = ["update-ref", "--no-deref", "-d", &name, commit];
    call(git, repository).ask("delete a branch", args)?;
    Ok(true)
}

/// A branch that is to be moved.
#[derive(Debug, Clone, Copy)]
pub struct LandRequest<'a> {
    /// The project's repository.
    pub repository: &'a Repository,
    /// The branch, without `refs/heads/`.
    pub branch: &'a str,
    /// The commit on which it was last seen, full hex.
    pub from: &'a str,
    /// The commit to which it goes, full hex, which has `from` among its ancestors.
    pub to: &'a str,
    /// What the pin is called, by which the commit is held meanwhile.
    pub label: &'a str,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Landed {
    /// The branch has the commit.
    Done {
        /// Where it stands now, full hex.
        tip: String,
    },
    /// It stands elsewhere than it was seen: what was built on it has to be built again.
    Moved {
        /// Where, full hex; `None`: it is gone.
        tip: Option<String>,
    },
    /// The worktree that has it checked out can't be merged into now. Nothing was done.
    Busy {
        /// The worktree.
        path: PathBuf,
        /// Why.
        busy: Busy,
    },
}

/// Moves a branch forward, with the files of the worktree that has it checked out: only where nothing there has changes that are not
/// committed, and nothing is in the way. Done again after a kill, it ends what was begun.
///
/// # Errors
/// [`WorktreeError`] where something fails; doing it again says then what is left of it.
pub fn land(git: &Git, request: &LandRequest<'_>) -> Result<Landed, WorktreeError> {
    land_with(git, request, |_| true)
}

/// [`land`], which stops as if it were killed where `go_on` says no.
pub(crate) fn land_with(
    git: &Git,
    request: &LandRequest<'_>,
    go_on: impl Fn(Step) -> bool,
) -> Result<Landed, WorktreeError> {
    let repository = request.repository;
    let found = Maker::open(git, repository)?.registrations()?;
    let holds = |one: &&Registration| !one.is_gone() && one.holds(request.branch);
    let holders: Vec<_> = found.iter().filter(holds).collect();
    let path = match holders.as_slice() {
        [] => return land_free(git, request),
        [one] if one.branch.as_deref() == Some(request.branch) => one.path.clone(),
        [one, ..] => {
            let what = match holders.len() {
                1 => "an operation that comes back to the branch",
                _ => "a second worktree with the same branch",
            };
            let what = what.to_owned();
            let busy = Busy::Operation { what };
            let path = one.path.clone();
            return Ok(Landed::Busy { path, busy });
        }
    };
    let path = path
        .canonicalize()
        .map_err(WorktreeError::io("look at", &path))?;
    land_in(git, request, path, go_on)
}

/// The branch is checked out nowhere.
fn land_free(git: &Git, request: &LandRequest<'_>) -> Result<Landed, WorktreeError> {
    let repository = request.repository;
    let tip = tip_of(git, repository, request.branch)?;
    if let Some(tip) = has_it(git, request, tip.as_deref())? {
        return Ok(Landed::Done { tip });
    }
    let name = format!("refs/heads/{}", request.branch);
    let moved = point(git, repository, &name, (Some(request.from), request.to))?;
    Ok(match moved {
        Point::Done => Landed::Done {
            tip: request.to.to_owned(),
        },
        Point::Other { tip } => Landed::Moved { tip },
    })
}

/// The tip, if the branch has the commit.
fn has_it(
    git: &Git,
    request: &LandRequest<'_>,
    tip: Option<&str>,
) -> Result<Option<String>, WorktreeError> {
    let Some(tip) = tip else {
        return Ok(None);
    };
    let has = contains(git, request.repository, tip, request.to)?;
    Ok(has.then(|| tip.to_owned()))
}

/// The branch is checked out at `path`.
fn land_in(
    git: &Git,
    request: &LandRequest<'_>,
    path: PathBuf,
    go_on: impl Fn(Step) -> bool,
) -> Result<Landed, WorktreeError> {
    let repository = request.repository;
    let merge = Merge {
        branch: Some(request.branch.to_owned()),
        from: request.from.to_owned(),
        commit: request.to.to_owned(),
        pin: format!("{PINS}{}", request.label),
    };
    match settle_any(git, repository, &path, &merge)? {
        Settled::Done => return done(git, request),
        Settled::Dropped => {
            let tip = tip_of(git, repository, request.branch)?;
            return Ok(Landed::Moved { tip });
        }
        Settled::Busy(busy) => return Ok(Landed::Busy { path, busy }),
        Settled::Pending => {}
    }
    pin(git, repository, &merge)?;
    match apply_any(git, repository, &path, &merge, go_on)? {
        Applied::Done => done(git, request),
        Applied::Busy(Busy::Moved) => {
            let tip = tip_of(git, repository, request.branch)?;
            Ok(Landed::Moved { tip })
        }
        Applied::Busy(busy) => Ok(Landed::Busy { path, busy }),
    }
}

fn done(git: &Git, request: &LandRequest<'_>) -> Result<Landed, WorktreeError> {
    let tip = tip_of(git, request.repository, request.branch)?;
    Ok(match has_it(git, request, tip.as_deref())? {
        Some(tip) => Landed::Done { tip },
        None => Landed::Moved { tip },
    })
}

fn pin(git: &Git, repository: &Repository, merge: &Merge) -> Result<(), WorktreeError> {
    let args = ["update-ref", &merge.pin, &merge.commit];
    call(git, repository).ask("pin a merge", args).map(drop)
}
