//! Worktrees that people add, those whose work is done, and those that were moved; and how far the work is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use torch_api::wire::FailureKind;
use torch_api::worktree::{OwnView, ProgressView, RemovedView, TestsView, WorkView, WorktreeView};
use torch_api::{Failure, Response};
use torch_core::git_activity::Withheld;
use torch_core::integration::Verdict;
use torch_core::{AgentId, LedgerRecord, RoleName, SessionName, Timestamp};
use torch_store::{LedgerKind, Store};
use torch_worktree::{
    Advice, BranchFate, CleanRequest, Cleaned, Git, KeepRequest, RemoveRequest, Repository, Rung,
    WorktreeError, WorktreeState, inspect_busy,
};

use super::git::failure;
use super::set_up::SetUp;
use super::worktrees::{Done, abandoned, look, repository_of, shown_removal, top};
use crate::event::ConnId;
use crate::failure::usage;
use crate::worktrees::{HomeBranch, Order, Outcome, Registered, Removed};

/// The first part of the branches of worktrees that no team has: `FEATURE-login`.
const FEATURE: &str = "FEATURE";

/// Why what is cleaned away is kept all the same.
const CLEAN: &str = "torch worktree clean";

/// What the tests said of each agent's work when it was last put together with the others'.
pub(super) fn add_tests(store: &Store, work: &mut BTreeMap<AgentId, WorkView>) {
    // A list without it is a list all the same.
    let records = store.ledger(LedgerKind::Integration).unwrap_or_default();
    for record in records {
        let LedgerRecord::Integration(row) = record else {
            continue;
        };
        let Some(run) = &row.tests else {
            continue;
        };
        for merge in row.brought() {
            if let Some(view) = work.get_mut(&merge.agent) {
                view.tests = Some(TestsView {
                    commit: merge.commit.clone(),
                    passed: run.verdict == Verdict::Passed,
                    by: run.by.clone(),
                });
            }
        }
    }
}

/// What the orders here work with.
pub(super) struct Bench<'a> {
    pub(super) git: &'a Git,
    pub(super) set_up: &'a SetUp,
    pub(super) projects: &'a Path,
    /// What remotes do not have yet, by the repositories' common git directories.
    pub(super) withheld: &'a BTreeMap<PathBuf, Vec<Withheld>>,
    pub(super) now: Timestamp,
}

impl Bench<'_> {
    /// Carries out an order to add, clean or repair.
    pub(super) fn carried_out(&self, conn: ConnId, order: Order) -> Done {
        let failed = |failure: Box<Failure>| Done::Answer(Response::Failed(*failure));
        match order {
            Order::Add {
                project,
                name,
                known,
            } => match self.add((&project, &name), &known) {
                Ok(made) => Done::Answer(Response::Worktrees {
                    worktrees: vec![made],
                    ports: None,
                }),
                Err(failure) => failed(failure),
            },
            Order::FindToClean { directory, clean } => match self.to_clean(&directory) {
                Ok(common_dir) => Done::Changed(Outcome::FoundToClean {
                    conn,
                    common_dir,
                    clean,
                }),
                Err(failure) => failed(failure),
            },
            Order::Clean {
                mut agents,
                others_than,
                within,
                branch,
                now,
            } => {
                match (others_than, within) {
                    (Some(known), Some(common_dir)) => {
                        agents.extend(self.others(&common_dir, &known));
                    }
                    (Some(known), None) => agents.extend(abandoned(self.projects, &known)),
                    (None, _) => {}
                }
                let results = self.clean(&agents, (branch, now.is_some()));
                match now {
                    Some(_) => Done::Changed(Outcome::Cleaned { conn, results }),
                    None => Done::Answer(Response::WorktreesRemoved {
                        worktrees: results.into_iter().map(|one| one.view).collect(),
                    }),
                }
            }
            Order::Repair {
                project,
                places,
                known,
            } => match self.repair(&project, &places, known) {
                Ok(mended) => Done::Answer(Response::WorktreesRepaired { mended }),
                Err(failure) => failed(failure),
            },
            _ => failed(Box::new(usage("no such order", "", None))),
        }
    }

    /// Makes a worktree that no team has.
    pub(super) fn add(
        &self,
        (project, name): (&Path, &RoleName),
        known: &[PathBuf],
    ) -> Result<WorktreeView, Box<Failure>> {
        let failed = |error: WorktreeError| Box::new(failure(&error));
        let repository = torch_worktree::inspect(self.git, project).map_err(failed)?;
        let path = self.place_of(&repository, name);
        let others = self.others(&repository.common_dir, known);
        let full = self.set_up.limit().filter(|limit| others.len() >= *limit);
        if let (Some(limit), false) = (full, others.iter().any(|other| other.path == path)) {
            let error = format!("the worktree {name} was not made");
            let cause = format!(
                "{} has {} of at most {limit} worktrees without a team (worktree.limit)",
                repository.root.display(),
                others.len()
            );
            let hint = "torch worktree clean --dry-run";
            return Err(Box::new(usage(&error, &cause, Some(hint))));
        }
        let order = super::git::AddOrder {
            path: &path,
            base_commit: &repository.head,
            base_branch: FEATURE,
            role: name,
        };
        let (_, added, _) =
            super::git::add(self.git, project, &order, self.set_up).map_err(failed)?;
        let registered = Registered {
            branch: added.branch.clone(),
            ..without_team(name.clone(), added.path.clone())
        };
        Ok(WorktreeView {
            was_there: Some(added.rung == Rung::Kept),
            ..look(self, &registered)
        })
    }

    /// Beside the folders of teams, whose names have no dot.
    fn place_of(&self, repository: &Repository, name: &RoleName) -> PathBuf {
        let root = repository.main.as_ref().unwrap_or(&repository.root);
        let folder = root.file_name().unwrap_or_default().to_string_lossy();
        let slug = format!("{}.own", SessionName::slug(&folder));
        self.projects
            .join(slug)
            .join("worktrees")
            .join(name.as_str())
    }

    /// All worktrees of the registry that no team has, each with how many of them its project has.
    pub(super) fn of_no_team(&self, known: &[PathBuf]) -> Vec<WorktreeView> {
        let others = abandoned(self.projects, known);
        let projects = others.iter().map(|other| {
            let found = inspect_busy(self.git, &other.path).ok();
            found.map(|found| found.main.unwrap_or(found.common_dir))
        });
        let projects: Vec<Option<PathBuf>> = projects.collect();
        let limit = self.set_up.limit();
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let views = others.iter().zip(&projects).map(|(other, project)| {
            let count = projects.iter().filter(|one| *one == project).count();
            WorktreeView {
                own: project.clone().map(|project| OwnView {
                    project,
                    count: number(count),
                    limit: limit.map(number),
                }),
                ..look(self, other)
            }
        });
        views.collect()
    }

    /// The worktrees that no team has of the repository with this common git directory.
    fn others(&self, common_dir: &Path, known: &[PathBuf]) -> Vec<Registered> {
        let mut found = abandoned(self.projects, known);
        found.retain(|other| {
            inspect_busy(self.git, &other.path).is_ok_and(|its| its.common_dir == common_dir)
        });
        found
    }

    /// The common git directory of the repository that a directory lies in, whose worktrees are to be cleaned away.
    fn to_clean(&self, directory: &Path) -> Result<PathBuf, Box<Failure>> {
        let found = inspect_busy(self.git, directory).map_err(|error| {
            let mut said = failure(&error);
            if matches!(error, WorktreeError::NotARepository { .. }) {
                said.causes
                    .push("it is run in the project, with --team NAME, or with --all".to_owned());
                said.hint = Some("torch worktree clean --all --dry-run".to_owned());
            }
            Box::new(said)
        })?;
        Ok(found.common_dir)
    }

    /// Looks at worktrees, and removes those whose work is done if they are to go.
    pub(super) fn clean(
        &self,
        worktrees: &[Registered],
        (branch, go): (HomeBranch, bool),
    ) -> Vec<Removed> {
        let each = worktrees.iter().map(|worktree| {
            let view = self.clean_one(worktree, (branch, go));
            Removed {
                agent: worktree.agent,
                stands: worktree.path.join(".git").exists(),
                view,
            }
        });
        each.collect()
    }

    fn clean_one(&self, worktree: &Registered, (branch, go): (HomeBranch, bool)) -> RemovedView {
        let mut view = RemovedView {
            role: worktree.role.to_string(),
            path: worktree.path.clone(),
            project: None,
            kept: None,
            deleted_branch: None,
            branch_stays: None,
            failure: None,
            only_looked: !go,
        };
        let cleaned = repository_of(self.git, worktree).and_then(|repository| {
            view.project = top(&repository, worktree);
            self.try_to_clean(worktree, &repository, (branch, go))
        });
        match cleaned {
            Ok(Some(Cleaned::Removed(removal))) => {
                super::git::remove_empty_parents(&worktree.path);
                self.set_up.release(&worktree.path);
                shown_removal(&mut view, *removal);
            }
            Ok(Some(Cleaned::Stays { why })) => view.failure = Some(stays(worktree, why, None)),
            Ok(None) => {}
            Err(error) => {
                let said = failure(&error);
                view.failure = Some(stays(worktree, said.error, said.hint));
            }
        }
        view
    }

    /// `None`: it would be removed.
    fn try_to_clean(
        &self,
        worktree: &Registered,
        repository: &Repository,
        (branch, go): (HomeBranch, bool),
    ) -> Result<Option<Cleaned>, WorktreeError> {
        let state = torch_worktree::state(self.git, repository, &worktree.path, &repository.head)?;
        let home = worktree.branch.clone().or(state.branch);
        let parent = parent_of(worktree, repository);
        let placed = self.set_up.copied();
        let request = CleanRequest {
            remove: RemoveRequest {
                keep: KeepRequest {
                    repository,
                    path: &worktree.path,
                    role: &worktree.role,
                    team: worktree.team.as_deref(),
                    home_branch: home.as_deref(),
                    base: worktree.base.as_deref(),
                    now: self.now,
                    why: CLEAN,
                },
                branch: match branch {
                    HomeBranch::Stays => BranchFate::Stays,
                    HomeBranch::Goes => BranchFate::Goes,
                },
            },
            parent: &parent,
            placed: &placed,
        };
        if let Some(why) = torch_worktree::why_it_stays(self.git, &request)? {
            return Ok(Some(Cleaned::Stays { why }));
        }
        if !go {
            return Ok(None);
        }
        self.set_up.end(&worktree.path)?;
        torch_worktree::clean(self.git, &request).map(Some)
    }

    /// Mends what was moved by hand.
    pub(super) fn repair(
        &self,
        project: &Path,
        places: &[PathBuf],
        mut known: Vec<PathBuf>,
    ) -> Result<Vec<String>, Box<Failure>> {
        let failed = |error: WorktreeError| Box::new(failure(&error));
        let repository = inspect_busy(self.git, project).map_err(failed)?;
        let others = abandoned(self.projects, &known);
        known.extend(others.into_iter().map(|other| other.path));
        let mut said =
            torch_worktree::repair(self.git, &repository, places, &known).map_err(failed)?;
        let outside = places
            .iter()
            .filter(|place| !place.starts_with(self.projects));
        said.extend(outside.map(|place| {
            format!(
                "{} lies outside of torch's registry: it is yours and git's (git worktree list), and in no torch worktree list",
                place.display()
            )
        }));
        Ok(said)
    }

    /// How far the work is; where that can't be told, nothing is shown of it.
    pub(super) fn progress(
        &self,
        worktree: &Registered,
        repository: &Repository,
        state: &WorktreeState,
    ) -> Option<ProgressView> {
        let parent = parent_of(worktree, repository);
        let path = &worktree.path;
        let withheld = self.withheld.get(&repository.common_dir);
        let withheld = withheld.map_or(&[][..], Vec::as_slice);
        let measured = torch_worktree::progress(self.git, repository, path, &parent, withheld);
        let progress = measured
            .inspect_err(|error| tracing::debug!(?path, %error, "the work can't be measured"))
            .ok()?;
        let advice = Advice::of(state, &progress, self.now);
        Some(ProgressView {
            parent: parent.trim_start_matches("refs/heads/").to_owned(),
            unmerged: progress.ahead,
            behind: progress.behind,
            unpushed: progress.unpushed,
            last_commit: progress.last_commit,
            operation: progress.operation,
            advice: advice.map(|advice| advice.words().to_owned()),
        })
    }
}

/// The branch that the work is to go into, in full; where none is checked out in the project, the commit there.
fn parent_of(worktree: &Registered, repository: &Repository) -> String {
    match &worktree.parent {
        Some(branch) => format!("refs/heads/{branch}"),
        None if repository.is_detached() => repository.head.clone(),
        None => format!("refs/heads/{}", repository.base_branch),
    }
}

/// A worktree of the registry that no team has.
pub(super) fn without_team(role: RoleName, path: PathBuf) -> Registered {
    Registered {
        agent: None,
        role,
        team: None,
        state: None,
        project: path.clone(),
        path,
        branch: None,
        base: None,
        parent: None,
        ready: true,
    }
}

fn stays(worktree: &Registered, why: String, hint: Option<String>) -> Failure {
    Failure {
        kind: FailureKind::Other,
        error: format!("the worktree of {} stays", worktree.role),
        causes: vec![why],
        hint,
    }
}

#[cfg(test)]
mod tests;
