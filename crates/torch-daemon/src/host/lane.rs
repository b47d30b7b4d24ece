//! The fast lane's looks and merges, each in a blocking task. At most one is under way for a worktree, as the state sees to it.

use torch_core::lane::{LaneBrings, LaneMerge};
use torch_core::{RoleName, Timestamp};
use torch_integration::lane::{CheckedOut, Conflict, is_same_feature};
use torch_worktree::{
    Applied, Busy, Git, Merge, MergeRequest, PreparedMerge, Repository, Settled, Stand,
    WorktreeError, apply_merge, brought, changes_nothing, give_up_forgotten, give_up_merge,
    inspect_busy, prepare_merge, settle_merge, stand,
};

use super::execute::send;
use super::{Host, Input};
use crate::event::Event;
use crate::lane::{LaneAct, LaneCame, LaneDone, LaneEnd, LaneOrder, LaneSeen, LaneSide};
use crate::words::count;

/// The most of a commit's subject that is told, in characters.
const SUBJECT_MAX: usize = 80;

/// How many names of files a reason tells.
const NAMED: usize = 3;

/// Under which merges into a role's worktree are prepared ([`torch_worktree::MergeRequest::label`]).
pub(super) fn label(team: &str, role: &str) -> String {
    format!("lane-{team}-{role}")
}

impl Host {
    /// Carries an order of the fast lane out.
    pub(crate) fn lane(&self, order: LaneOrder) {
        let (git, inputs) = (self.git.clone(), self.inputs.clone());
        drop(tokio::task::spawn_blocking(move || {
            let done = LaneDone {
                team: order.team,
                pair: order.pair,
                came: carried_out(&git, &order),
            };
            send(&inputs, Input::Event(Event::Lane(Box::new(done))));
        }));
    }
}

/// Carries an order out, and says what came of it.
pub(crate) fn carried_out(git: &Git, order: &LaneOrder) -> LaneCame {
    let repository = repository_of(git, order);
    match &order.act {
        LaneAct::Look => {
            let seen = repository.and_then(|repository| look(git, &repository, order));
            LaneCame::Looked(seen.unwrap_or_else(|error| LaneSeen::Busy(said(order, &error))))
        }
        LaneAct::Apply(merge) => {
            let applied = repository.and_then(|repository| {
                apply_merge(git, &repository, &order.to.worktree, &plain(merge))
            });
            crate::crash::did("lane");
            LaneCame::Applied(match applied {
                Ok(Applied::Done) => LaneEnd::Done,
                Ok(Applied::Busy(Busy::Moved)) => LaneEnd::Undone,
                Ok(Applied::Busy(busy)) => LaneEnd::Busy(words(&order.to.role, &busy)),
                Err(error) => LaneEnd::Unknown(said(order, &error)),
            })
        }
        LaneAct::Settle(merge) => {
            let settled = repository.and_then(|repository| {
                settle_merge(git, &repository, &order.to.worktree, &plain(merge))
            });
            LaneCame::Settled(match settled {
                Ok(Settled::Done) => LaneEnd::Done,
                Ok(Settled::Pending | Settled::Dropped) => LaneEnd::Undone,
                Ok(Settled::Busy(busy)) => LaneEnd::Busy(words(&order.to.role, &busy)),
                Err(error) => LaneEnd::Unknown(said(order, &error)),
            })
        }
    }
}

/// The project's repository; a guest's worktree may be the project's own, which no lane leads to.
fn repository_of(git: &Git, order: &LaneOrder) -> Result<Repository, WorktreeError> {
    let found = inspect_busy(git, &order.project)?;
    match &found.main {
        Some(main) if found.root == order.to.worktree || found.root == order.from.worktree => {
            inspect_busy(git, main)
        }
        _ => Ok(found),
    }
}

fn look(git: &Git, repository: &Repository, order: &LaneOrder) -> Result<LaneSeen, WorktreeError> {
    let [theirs, ours] = [
        stand(git, repository, &order.from.worktree)?,
        stand(git, repository, &order.to.worktree)?,
    ];
    let (path, label) = (
        &order.to.worktree,
        label(&order.name, order.to.role.as_str()),
    );
    // A look may have been cut off behind its merge: nothing is under way here, and nobody knows of it.
    let nothing = || {
        give_up_forgotten(git, repository, path, &label)?;
        Ok(LaneSeen::Nothing)
    };
    if theirs.head == ours.head {
        return nothing();
    }
    let meeting = order.meeting.as_deref();
    if !is_same_feature(
        place(&theirs, &order.from),
        place(&ours, &order.to),
        meeting,
    ) {
        return Ok(LaneSeen::OtherFeature(apart(order, &theirs, &ours)));
    }
    let news = brought(git, repository, path, (&ours.head, &theirs.head))?;
    let message = message(order, &theirs);
    let request = MergeRequest {
        repository,
        worktree: path,
        theirs: &theirs.head,
        message: &message,
        label: &label,
    };
    let merge = match prepare_merge(git, &request)? {
        PreparedMerge::UpToDate => return nothing(),
        PreparedMerge::Busy(Busy::Moved) => return Ok(LaneSeen::Moved),
        PreparedMerge::Busy(busy) => return Ok(LaneSeen::Busy(words(&order.to.role, &busy))),
        PreparedMerge::Conflict { files } => {
            return Ok(LaneSeen::Conflict(Conflict {
                theirs: theirs.head,
                ours: ours.head,
                files,
            }));
        }
        PreparedMerge::Ready(merge) => merge,
    };
    let moved = merge.from != ours.head;
    // Merges of merges say nothing new: without this, two lanes that lead both ways would go on for ever.
    if moved || (news.commits == 0 && changes_nothing(git, repository, path, &merge)?) {
        give_up_merge(git, repository, path, &merge)?;
        return Ok(match moved {
            true => LaneSeen::Moved,
            false => LaneSeen::Nothing,
        });
    }
    let subject = news.newest.map_or_else(
        || format!("{} (a merge)", short(&theirs.head)),
        |commit| {
            // Another agent's words: a line of them, and no more.
            let subject: String = commit.subject.chars().take(SUBJECT_MAX).collect();
            format!("{} {subject}", commit.id)
        },
    );
    Ok(LaneSeen::Ready(Box::new(LaneMerge {
        branch: merge.branch,
        from: merge.from,
        commit: merge.commit,
        pin: merge.pin,
        brings: LaneBrings {
            theirs: theirs.head,
            branch: theirs.branch,
            commits: news.commits,
            subject,
        },
        at: Timestamp(0),
    })))
}

fn place<'a>(stand: &'a Stand, side: &'a LaneSide) -> CheckedOut<'a> {
    CheckedOut {
        branch: stand.branch.as_deref(),
        home: side.home.as_deref(),
    }
}

/// The message of the merge commit, with trailers by which it is told from other merges.
fn message(order: &LaneOrder, theirs: &Stand) -> String {
    let (from, to) = (&order.from.role, &order.to.role);
    let branch = theirs.branch.as_deref().unwrap_or("detached");
    format!(
        "Fast lane: merge {from} ({branch}) into {to}\n\nTorch-Lane: {from} {to}\nTorch-Team: {}\n",
        order.name
    )
}

fn apart(order: &LaneOrder, theirs: &Stand, ours: &Stand) -> String {
    let on = |stand: &Stand| match &stand.branch {
        Some(branch) => format!("on {branch}"),
        None => "off all branches".to_owned(),
    };
    format!(
        "{} is {} and {} {}: they are at work on different features",
        order.from.role,
        on(theirs),
        order.to.role,
        on(ours)
    )
}

/// Why a role's worktree can't be merged into.
fn words(role: &RoleName, busy: &Busy) -> String {
    let there = format!("the {role}'s worktree");
    match busy {
        Busy::Operation { what } => format!("{what} is under way in {there}"),
        Busy::Changes { files } => format!(
            "{there} has uncommitted changes in {}: {}",
            count(files.len(), "file"),
            named(files)
        ),
        Busy::InTheWay { files } => format!(
            "files that git does not have are in the way in {there}: {}",
            named(files)
        ),
        Busy::Locked { .. } => format!("git is at work in {there} (index.lock)"),
        Busy::Moved => format!("{there} has just moved"),
    }
}

/// The first of some files.
pub(super) fn named(files: &[String]) -> String {
    let mut shown: Vec<String> = files
        .iter()
        .take(NAMED)
        .map(|file| file.escape_debug().to_string())
        .collect();
    if let more @ 1.. = files.len().saturating_sub(NAMED) {
        shown.push(format!("{more} more"));
    }
    shown.join(", ")
}

fn said(order: &LaneOrder, error: &WorktreeError) -> String {
    let causes = crate::failure::causes(error);
    let all: Vec<String> = std::iter::once(error.to_string()).chain(causes).collect();
    let all = all.join(": ");
    tracing::warn!(from = %order.from.role, to = %order.to.role, "fast lane: {all}");
    all
}

fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

fn plain(merge: &LaneMerge) -> Merge {
    Merge {
        branch: merge.branch.clone(),
        from: merge.from.clone(),
        commit: merge.commit.clone(),
        pin: merge.pin.clone(),
    }
}
