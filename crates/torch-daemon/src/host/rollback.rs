//! Taking work back, in blocking tasks: what would be done, doing it, and the checks afterwards.

mod checks;
mod good;
mod plan;

use std::path::{Path, PathBuf};

use torch_api::rollback::{FileChangeView, RollbackList, RollbackOrder, RollbackResponse};
use torch_api::wire::FailureKind;
use torch_api::{Failure, Response};
use torch_core::rollback::{
    BranchMove, GoodBy, LastGood, NewBranch, Rollback, RollbackKind, RollbackState,
};
use torch_core::{LedgerRecord, TeamId};
use torch_integration::last_good::TRAILER;
use torch_process::quote;
use torch_router::clean::clean;
use torch_store::{LedgerKind, Store, StoreError};
use torch_worktree::rollback::{self as git_rollback, Carry, LineCommit, Made, RollbackError};
use torch_worktree::{Git, Repository};

use super::tidy::Bench;
use super::worktrees::Done as Next;
use crate::event::ConnId;
use crate::failure::{causes, from_error, usage};
use crate::rollback::{Carried, Done, Job, Landed, Wanted};
use crate::worktrees::Outcome;
use good::{Good, find};

/// The most of a patch that is told, in bytes.
const DIFF_MAX: usize = 48 * 1024;

type Result<T> = std::result::Result<T, Box<Failure>>;

/// Adds what only the store knows of it; the answer, where that is all or can't be read.
pub(super) fn from_store(store: &Store, job: &mut Job) -> Option<Response> {
    let answered = match job {
        Job::Prepare(wanted) if wanted.order == RollbackOrder::List => {
            list(store, wanted).map(Some)
        }
        job => look_up(store, job).map(|()| None),
    };
    answered.unwrap_or_else(|error| {
        let failure = from_error(FailureKind::Other, &error, error.hint());
        Some(Response::Failed(failure))
    })
}

/// What only the store knows of it.
fn look_up(store: &Store, job: &mut Job) -> std::result::Result<(), StoreError> {
    let Job::Prepare(wanted) = job else {
        return Ok(());
    };
    for record in store.ledger(LedgerKind::Integration)? {
        if let LedgerRecord::Integration(row) = record
            && row.team == wanted.team
            && row.is_verified()
            && let Some(commit) = &row.landed
        {
            wanted.integrations.push(Landed {
                id: row.id.tag(),
                commit: commit.clone(),
                before: row.parent_tip.clone(),
            });
        }
    }
    let of_parent = |row: &Rollback| {
        let moves = row.moves.as_ref();
        let here = moves.is_some_and(|moves| moves.branch.as_ref() == Some(&wanted.parent));
        here && matches!(row.state, RollbackState::Done { .. })
    };
    let rows = all_records(store)?;
    let mut of_team = rows.iter().filter(|row| row.team == wanted.team);
    let last = of_team.rfind(|row| of_parent(row)).cloned();
    wanted.last = last.map(Box::new);
    wanted.records = rows;
    Ok(())
}

/// The rollbacks of all teams, the oldest first.
fn all_records(store: &Store) -> std::result::Result<Vec<Rollback>, StoreError> {
    let records = store.ledger(LedgerKind::Rollback)?.into_iter();
    let rows = records.filter_map(|record| match record {
        LedgerRecord::Rollback(row) => Some(*row),
        _ => None,
    });
    Ok(rows.collect())
}

/// A team's rollbacks, the oldest first.
fn records(store: &Store, team: TeamId) -> std::result::Result<Vec<Rollback>, StoreError> {
    let mut rows = all_records(store)?;
    rows.retain(|row| row.team == team);
    Ok(rows)
}

/// The answer to who asks what was done so far, the newest first.
fn list(store: &Store, wanted: &Wanted) -> std::result::Result<Response, StoreError> {
    let mut rollbacks = records(store, wanted.team)?;
    rollbacks.reverse();
    let list = RollbackList {
        team: wanted.name.clone(),
        rollbacks,
    };
    Ok(Response::Rollback(Box::new(RollbackResponse::List(list))))
}

/// Carries a job out.
pub(super) fn carried_out(bench: &Bench<'_>, conn: ConnId, job: Job) -> Next {
    let changed = |done| Next::Changed(Outcome::Rollback(Box::new(done)));
    match job {
        Job::Prepare(wanted) => match &wanted.order {
            RollbackOrder::Plan => Next::Answer(match plan::made(bench.git, &wanted) {
                Ok(plan) => Response::Rollback(Box::new(RollbackResponse::Plan(Box::new(plan)))),
                Err(failure) => Response::Failed(*failure),
            }),
            RollbackOrder::Verify { .. } => {
                let result = checks::made(bench, &wanted);
                changed(Done::Checked {
                    conn,
                    wanted,
                    result,
                })
            }
            _ => {
                let result = prepared(bench.git, &wanted).map(Box::new);
                changed(Done::Prepared {
                    conn,
                    wanted,
                    result,
                })
            }
        },
        Job::CarryOut {
            rollback,
            project,
            parent,
        } => {
            let result = done(bench.git, &rollback, (&project, &parent)).map(Box::new);
            let id = rollback.id;
            changed(Done::Carried { id, result })
        }
    }
}

/// The project's repository, whatever is under way in it.
fn repository(git: &Git, project: &Path) -> Result<Repository> {
    let found = torch_worktree::inspect_busy(git, project);
    found.map_err(|error| Box::new(super::git::failure(&error)))
}

/// Why nothing was done.
fn failure(error: &RollbackError) -> Box<Failure> {
    let kind = match error {
        RollbackError::NoBranch { .. }
        | RollbackError::NoCommit { .. }
        | RollbackError::NotIn { .. }
        | RollbackError::NoFile { .. }
        | RollbackError::Outside { .. } => FailureKind::Usage,
        _ => FailureKind::Other,
    };
    let mut all = vec![error.to_string()];
    all.extend(causes(error));
    Box::new(Failure {
        kind,
        error: "nothing was taken back".to_owned(),
        causes: all,
        hint: error.hint(),
    })
}

fn failed(error: RollbackError) -> Box<Failure> {
    failure(&error)
}

/// What would be done; the commits for it are made, and nothing leads to them yet.
fn prepared(git: &Git, wanted: &Wanted) -> Result<Rollback> {
    let repository = repository(git, &wanted.project)?;
    let draft = Draft {
        git,
        repository: &repository,
        wanted,
    };
    let rollback = match &wanted.order {
        RollbackOrder::Revert { commits } if commits.is_empty() => {
            draft.to_last_good(RollbackKind::Revert)?
        }
        RollbackOrder::Revert { commits } => draft.reverted(commits)?,
        RollbackOrder::Files { paths, from, .. } => draft.files(paths, from.as_deref())?,
        RollbackOrder::Branch { keep } => draft.branch(keep)?,
        RollbackOrder::Emergency { force } => draft.emergency(force.is_some())?,
        RollbackOrder::Plan | RollbackOrder::Verify { .. } | RollbackOrder::List => {
            wanted.record(RollbackKind::Verify)
        }
    };
    git_rollback::check(git, &carry(&repository, &rollback, &rollback.refs())).map_err(failed)?;
    Ok(rollback)
}

fn carry<'a>(repository: &'a Repository, rollback: &'a Rollback, refs: &'a str) -> Carry<'a> {
    Carry {
        repository,
        refs,
        moves: rollback.moves.as_ref(),
        new_branch: rollback.new_branch.as_ref(),
        push: rollback.push.as_ref(),
    }
}

/// A rollback that is being put together.
struct Draft<'a> {
    git: &'a Git,
    repository: &'a Repository,
    wanted: &'a Wanted,
}

impl Draft<'_> {
    /// A record of what is taken back to the last good commit.
    fn towards(&self, found: &Good, what: RollbackKind) -> Rollback {
        Rollback {
            bad: found.bad.as_ref().map(|(id, _)| id.clone()),
            parent_tip: Some(found.line.tip().to_owned()),
            good: Some(found.good.clone()),
            ..self.wanted.record(what)
        }
    }

    fn trailer(&self) -> String {
        format!("{TRAILER} {}", self.wanted.id.tag())
    }

    fn moved(&self, tip: &str, made: &Made) -> BranchMove {
        BranchMove {
            branch: Some(self.wanted.parent.clone()),
            worktree: None,
            from: tip.to_owned(),
            to: made.tip.clone(),
            hard: None,
            others_may_change: false,
        }
    }

    fn nothing(&self) -> Box<Failure> {
        let branch = self.wanted.parent.clone();
        failed(RollbackError::Nothing { branch })
    }

    fn differing(&self, from: &str, to: &str) -> Result<usize> {
        let files = git_rollback::changed(self.git, self.repository, (from, to));
        Ok(files.map_err(|error| failed(error.into()))?.len())
    }

    fn told(&self, commits: &[LineCommit]) -> Result<Vec<torch_core::rollback::TakenBack>> {
        let taken = git_rollback::taken(self.git, self.repository, commits);
        taken.map_err(|error| failed(error.into()))
    }

    /// These commits are reverted.
    fn reverted(&self, names: &[String]) -> Result<Rollback> {
        let (git, repository) = (self.git, self.repository);
        let line = git_rollback::line(git, repository, &self.wanted.parent).map_err(failed)?;
        let ids = git_rollback::resolve_all(git, repository, &line, names).map_err(failed)?;
        let commits = git_rollback::commits(git, repository, &ids).map_err(failed)?;
        let record = Rollback {
            parent_tip: Some(line.tip().to_owned()),
            ..self.wanted.record(RollbackKind::Revert)
        };
        self.revert(line.tip(), &commits, record)
    }

    fn revert(&self, tip: &str, commits: &[LineCommit], record: Rollback) -> Result<Rollback> {
        let ids: Vec<_> = commits.iter().map(|commit| commit.id.clone()).collect();
        let what = (ids.as_slice(), self.trailer());
        let made = git_rollback::revert(self.git, self.repository, tip, (what.0, &what.1));
        let made = made.map_err(failed)?;
        if made.commits.is_empty() {
            return Err(self.nothing());
        }
        Ok(Rollback {
            taken: self.told(commits)?,
            reverts: Some(made.commits.len()),
            files: self.differing(tip, &made.tip)?,
            moves: Some(self.moved(tip, &made)),
            ..record
        })
    }

    /// All above the last good commit is reverted.
    fn to_last_good(&self, what: RollbackKind) -> Result<Rollback> {
        let found = find(self.git, self.repository, self.wanted)?;
        self.back_to(&found, what)
    }

    /// Likewise, to what was found before.
    fn back_to(&self, found: &Good, what: RollbackKind) -> Result<Rollback> {
        let record = self.towards(found, what);
        let Good { line, above, .. } = found;
        let above = *above;
        if above == 0 {
            return Err(self.nothing());
        }
        let commits = line.commits.get(..above).unwrap_or_default();
        self.revert(line.tip(), commits, record)
    }

    fn files(&self, paths: &[PathBuf], from: Option<&str>) -> Result<Rollback> {
        let (git, repository) = (self.git, self.repository);
        let (good, record) = match from {
            Some(name) => {
                let id = git_rollback::resolve(git, repository, name).map_err(failed)?;
                let found = git_rollback::commits(git, repository, &[id]).map_err(failed)?;
                let commit = found.into_iter().next().ok_or_else(|| self.nothing())?;
                let good = good::told(&commit, GoodBy::Given);
                (good, self.wanted.record(RollbackKind::Files))
            }
            None => {
                let found = find(git, repository, self.wanted)?;
                let record = self.towards(&found, RollbackKind::Files);
                (found.good, record)
            }
        };
        let request = git_rollback::RestoreRequest {
            repository,
            worktree: self.wanted.worktree.as_deref().unwrap_or(&repository.root),
            paths,
            good: &good.commit,
            trailer: &self.trailer(),
            label: &self.wanted.id.short(),
        };
        let moves = git_rollback::restore(git, &request).map_err(failed)?;
        Ok(Rollback {
            files: self.differing(&moves.from, &moves.to)?,
            good: Some(good),
            moves: Some(moves),
            ..record
        })
    }

    fn branch(&self, keep: &[String]) -> Result<Rollback> {
        let (git, repository) = (self.git, self.repository);
        let found = find(git, repository, self.wanted)?;
        let good = &found.good;
        let kept = git_rollback::named(git, repository, keep).map_err(failed)?;
        let made = git_rollback::pick(git, repository, &good.commit, &kept).map_err(failed)?;
        Ok(Rollback {
            files: self.differing(&good.commit, &made.tip)?,
            new_branch: Some(NewBranch {
                name: self.free(&self.wanted.branches[0])?,
                commit: made.tip,
            }),
            ..self.towards(&found, RollbackKind::Branch)
        })
    }

    fn emergency(&self, force: bool) -> Result<Rollback> {
        let name = self.free(&self.wanted.branches[1])?;
        let mut record = match force {
            true => self.forced()?,
            false => self.to_last_good(RollbackKind::Emergency)?,
        };
        record.new_branch = record.good.as_ref().map(|good| NewBranch {
            name,
            commit: good.commit.clone(),
        });
        Ok(record)
    }

    /// The branch gets the good content by one commit, and is then put back to the good commit itself.
    fn forced(&self) -> Result<Rollback> {
        let (git, repository) = (self.git, self.repository);
        let found = find(git, repository, self.wanted)?;
        if found.position == 0 {
            return Err(self.nothing());
        }
        let (tip, good) = (found.line.tip(), found.good.commit.clone());
        let message = format!("torch: back to {good}\n\n{}\n", self.trailer());
        let made = git_rollback::alike(git, repository, (tip, &good), &message);
        let made = made.map_err(failed)?;
        let commits = found.line.commits.get(..found.position);
        let ends = (tip, good.as_str());
        let push = git_rollback::upstream(git, repository, &self.wanted.parent, ends);
        Ok(Rollback {
            taken: self.told(commits.unwrap_or_default())?,
            files: self.differing(tip, &made.tip)?,
            moves: Some(BranchMove {
                hard: Some(good),
                ..self.moved(tip, &made)
            }),
            push: push.map_err(failed)?,
            ..self.towards(&found, RollbackKind::Emergency)
        })
    }

    /// The name itself, or with a number, that no branch has.
    fn free(&self, name: &str) -> Result<String> {
        let numbered = (2..100).map(|number| format!("{name}-{number}"));
        for name in std::iter::once(name.to_owned()).chain(numbered) {
            let full = format!("refs/heads/{name}");
            if git_rollback::resolve(self.git, self.repository, &full).is_err() {
                return Ok(name);
            }
        }
        let branch = name.to_owned();
        Err(failed(RollbackError::Taken { branch }))
    }
}

/// Does what a record says, or goes on with it.
fn done(git: &Git, rollback: &Rollback, (project, parent): (&Path, &str)) -> Result<Carried> {
    let repository = repository(git, project)?;
    let refs = rollback.refs();
    let carry = carry(&repository, rollback, &refs);
    let reached = |stage: git_rollback::Stage| crate::crash::did(stage.as_str());
    let not_pushed = git_rollback::carry_out(git, &carry, reached).map_err(failed)?;
    let mut carried = Carried {
        not_pushed,
        undo: undo(git, &repository, rollback, (project, parent)),
        ..Carried::default()
    };
    let ends = match (&rollback.moves, &rollback.new_branch, &rollback.good) {
        (Some(moves), _, _) => Some((&moves.from, &moves.to)),
        (None, Some(branch), Some(good)) => Some((&good.commit, &branch.commit)),
        _ => None,
    };
    // It is done; that the differences can't be shown does not undo it.
    if let Some((from, to)) = ends {
        let files = git_rollback::changed(git, &repository, (from, to));
        carried.files = files.unwrap_or_default().into_iter().map(file).collect();
        if let Ok((text, cut)) = git_rollback::patch(git, &repository, (from, to), DIFF_MAX) {
            carried.diff = clean(&text).text;
            carried.diff_cut = cut;
        }
    }
    Ok(carried)
}

fn file(changed: git_rollback::Changed) -> FileChangeView {
    FileChangeView {
        path: changed.path,
        insertions: changed.insertions,
        deletions: changed.deletions,
    }
}

/// The command that brings back what was replaced.
fn undo(
    git: &Git,
    repository: &Repository,
    rollback: &Rollback,
    (project, parent): (&Path, &str),
) -> Option<String> {
    let at = |path: &Path, rest: &str| format!("git -C {} {rest}", quote::shell(path));
    let Some(moves) = &rollback.moves else {
        let branch = rollback.new_branch.as_ref()?;
        return Some(at(project, &format!("branch -D {}", branch.name)));
    };
    if let Some(hard) = &moves.hard {
        let old = format!("{}/old", rollback.refs());
        return Some(match git_rollback::holder(git, repository, parent) {
            Ok(Some(path)) => at(&path, &format!("merge --ff-only {old}")),
            _ => at(
                project,
                &format!("update-ref refs/heads/{parent} {old} {hard}"),
            ),
        });
    }
    if let Some(path) = &moves.worktree {
        return Some(at(path, &format!("revert --no-edit {}", moves.to)));
    }
    let short = |id: &str| id.get(..12).unwrap_or(id).to_owned();
    Some(format!(
        "torch rollback revert {}..{}",
        short(&moves.from),
        short(&moves.to)
    ))
}

/// The team has no branch to take anything back on.
pub(super) fn no_stable_point(wanted: &Wanted, cause: &str, range: Option<&str>) -> Box<Failure> {
    let parent = &wanted.parent;
    let hint = match range {
        Some(range) => format!(
            "torch rollback revert {} --team {}",
            quote::shell(range),
            quote::shell(&wanted.name)
        ),
        None => format!(
            "git -C {} log --first-parent --oneline -20 {}",
            quote::shell(&wanted.project),
            quote::shell(parent)
        ),
    };
    let error = format!("there is no last good commit on {parent}");
    Box::new(usage(&error, cause, Some(&hint)))
}

/// A commit as texts have it.
fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

/// The last good commit of what is wanted, as far as one is known.
fn last_good(git: &Git, repository: &Repository, wanted: &Wanted) -> Option<LastGood> {
    find(git, repository, wanted).ok().map(|found| found.good)
}
