//! Worktrees in blocking tasks: looking at them, keeping and removing them, bringing them back.

use std::fs;
use std::path::{Path, PathBuf};

use torch_api::worktree::{KeptView, RemovedView, UndeletedView, WorktreeView};
use torch_api::{Failure, Response};
use torch_core::{RoleName, Timestamp};
use torch_process::quote;
use torch_worktree::{
    BranchFate, Git, KeepRequest, Kept, Removal, RemoveRequest, Repository, UndeleteRequest,
    WorktreeError, inspect_busy,
};

use super::git::failure;
use super::tidy::{Bench, without_team};
use super::{Host, Input, execute, socket};
use crate::event::{ConnId, Event};
use crate::failure::usage;
use crate::worktrees::{HomeBranch, Order, Outcome, Registered, Removed};

impl Host {
    /// Carries an order out; what only looks is answered from the task, what changes something comes back as an event.
    pub(crate) fn worktrees(&mut self, conn: ConnId, mut order: Order) {
        if let Order::Rollback(job) = &mut order
            && let Some(answer) = super::rollback::from_store(&self.store, job)
        {
            return self.reply(conn, &answer);
        }
        if let Order::List { work, .. } = &mut order {
            super::tidy::add_tests(&self.store, work);
        }
        let (git, inputs) = (self.git.clone(), self.inputs.clone());
        let (set_up, now) = (self.set_up(), self.clock.last().wall);
        let projects = self.home.join("projects");
        // As the paths of worktrees are; where there is none yet, nothing lies in it.
        let projects = projects.canonicalize().unwrap_or(projects);
        let withheld = self.state.all_withheld();
        let client = self.connections.get(&conn).cloned();
        if let Order::Remove { worktrees, .. } = &order {
            for agent in worktrees.iter().filter_map(|worktree| worktree.agent) {
                // No cancelled `auto` takes away what was made anew since.
                self.added.remove(&agent);
            }
        }
        drop(tokio::task::spawn_blocking(move || {
            let bench = Bench {
                git: &git,
                set_up: &set_up,
                projects: &projects,
                withheld: &withheld,
                now,
            };
            match carried_out(&bench, conn, order) {
                Done::Answer(response) => {
                    // A client that is gone needs no answer.
                    let _ = client.map(|client| client.send(socket::line(&response)));
                }
                Done::Changed(outcome) => {
                    let event = Event::Worktrees(Box::new(outcome));
                    execute::send(&inputs, Input::Event(event));
                }
            }
        }));
    }
}

/// What follows an order.
pub(super) enum Done {
    Answer(Response),
    Changed(Outcome),
}

fn carried_out(bench: &Bench<'_>, conn: ConnId, order: Order) -> Done {
    let (git, projects) = (bench.git, bench.projects);
    match order {
        Order::List {
            agents,
            others_than,
            mut work,
        } => {
            let outside = agents.iter().find_map(|one| outside(git, one, projects));
            if let Some(failure) = outside {
                return Done::Answer(Response::Failed(failure));
            }
            let worktrees = agents.iter().map(|agent| WorktreeView {
                work: agent.agent.and_then(|agent| work.remove(&agent)),
                ..look(bench, agent)
            });
            let mut worktrees: Vec<_> = worktrees.collect();
            if let Some(known) = others_than {
                worktrees.extend(bench.of_no_team(&known));
            }
            let ports = bench.set_up.ports();
            Done::Answer(Response::Worktrees { worktrees, ports })
        }
        Order::Kept { places, role } => Done::Answer(kept(git, &places, role.as_deref())),
        order @ (Order::Radar { .. } | Order::Health { .. } | Order::Risk { .. }) => {
            let run = projects.with_file_name("run");
            Done::Answer(super::health::answer(git, &run, conn, order))
        }
        Order::PreviewIntegration(job) => Done::Answer(super::integrate::preview(
            git,
            projects.parent().unwrap_or(projects),
            &job,
        )),
        Order::Remove {
            worktrees,
            branch,
            now,
            why,
        } => {
            let removed = worktrees.iter().map(|worktree| Removed {
                agent: worktree.agent,
                view: remove(bench, worktree, branch, (now, &why)),
                stands: fs::symlink_metadata(worktree.path.join(".git")).is_ok(),
            });
            let results = removed.collect();
            Done::Changed(Outcome::Removed { conn, results })
        }
        order @ (Order::Add { .. }
        | Order::FindToClean { .. }
        | Order::Clean { .. }
        | Order::Repair { .. }) => bench.carried_out(conn, order),
        Order::Commit {
            worktree,
            message,
            paths,
            env,
            secrets,
            cause,
        } => Done::Changed(super::commits::carried_out(
            git,
            conn,
            &worktree,
            (&message, &paths, secrets),
            (&env, cause),
        )),
        Order::Rollback(job) => super::rollback::carried_out(bench, conn, *job),
        Order::Undelete {
            places,
            what,
            team,
            to,
        } => {
            let result = repository(git, &places).and_then(|repository| {
                let kept = find(git, &repository, &what, team.as_deref())?;
                undelete(bench, &repository, &kept, to.as_deref())
            });
            let result = result.map(Box::new).map_err(|failure| *failure);
            Done::Changed(Outcome::Undeleted { conn, result })
        }
    }
}

/// What is kept, of one role or of all.
fn kept(git: &Git, places: &[PathBuf], role: Option<&str>) -> Response {
    let found = repository(git, places).and_then(|repository| {
        torch_worktree::kept(git, &repository).map_err(|error| Box::new(failure(&error)))
    });
    match found {
        Ok(kept) => Response::Kept {
            kept: of_role(kept, role).iter().map(view).collect(),
        },
        Err(failure) => Response::Failed(*failure),
    }
}

/// Why a worktree of no team is none that torch may remove: it is not one of the registry.
fn outside(git: &Git, worktree: &Registered, projects: &Path) -> Option<Failure> {
    let path = &worktree.path;
    if worktree.agent.is_some() || is_below(path, projects) {
        return None;
    }
    let main = inspect_busy(git, path).ok().and_then(|found| {
        let linked = found.root == *path && found.is_linked();
        found.main.filter(|_| linked)
    });
    let error = format!("{} is no worktree of the registry", path.display());
    Some(match main {
        Some(main) => {
            let (main, path) = (quote::shell(main), quote::shell(path));
            let hint = format!("git -C {main} worktree remove {path}");
            usage(
                &error,
                "it was put elsewhere, and is git's alone",
                Some(&hint),
            )
        }
        None => {
            let cause = format!("those lie below {}", projects.display());
            usage(&error, &cause, Some("torch worktree list"))
        }
    })
}

/// The repository of the first place that lies in one; else why the first does not.
fn repository(git: &Git, places: &[PathBuf]) -> Result<Repository, Box<Failure>> {
    let mut refused = None;
    for place in places {
        match inspect_busy(git, place) {
            Ok(repository) => return Ok(repository),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    let none = || usage("there is no project to look in", "", Some("torch status"));
    Err(Box::new(refused.map_or_else(none, |error| {
        let mut said = failure(&error);
        if matches!(error, WorktreeError::NotARepository { .. }) {
            // What was kept lies in a repository that is there; a new one would hold nothing of it.
            said.causes
                .push("it is run in the project, or with --team NAME".to_owned());
            said.hint = Some("torch worktree list".to_owned());
        }
        said
    })))
}

/// The repository that a worktree belongs to, seen from another of its worktrees.
pub(super) fn repository_of(git: &Git, worktree: &Registered) -> Result<Repository, WorktreeError> {
    let found = inspect_busy(git, &worktree.project)?;
    match &found.main {
        Some(main) if found.root == worktree.path => inspect_busy(git, main),
        _ => Ok(found),
    }
}

/// Where a repository's commands still run once this worktree is gone: its main worktree, else the one that it is seen from.
pub(super) fn top(repository: &Repository, without: &Registered) -> Option<PathBuf> {
    let top = repository.main.as_ref().unwrap_or(&repository.root);
    (*top != without.path).then(|| top.clone())
}

/// What is wrong where a worktree is not in its place.
const GONE: &str = "its folder is gone";

/// What mends that.
const MOVED: &str = "if it was moved: torch worktree repair PATH, in the project";

/// What is wrong with a worktree that git does not find in its place, and what mends it; none where that is not known.
pub(super) fn astray(place: &Path) -> Option<(String, String)> {
    if fs::symlink_metadata(place).is_err() {
        return Some((GONE.to_owned(), MOVED.to_owned()));
    }
    let noted = torch_worktree::looked_for_elsewhere(place)?;
    let mend = format!(
        "git looks for it in {}; in the project: torch worktree repair {}",
        noted.display(),
        quote::shell(place)
    );
    Some(("git looks for it elsewhere".to_owned(), mend))
}

/// Looks at one worktree; what can't be looked at is shown with the reason.
pub(super) fn look(bench: &Bench<'_>, worktree: &Registered) -> WorktreeView {
    let git = bench.git;
    let mut view = WorktreeView {
        team: worktree.team.clone(),
        role: worktree.role.to_string(),
        state: worktree.state,
        path: worktree.path.clone(),
        there: fs::symlink_metadata(&worktree.path).is_ok(),
        removed: false,
        branch: worktree.branch.clone(),
        head: None,
        ahead: None,
        changed: 0,
        untracked: 0,
        problem: None,
        mend: None,
        port: bench
            .set_up
            .leased(&worktree.path)
            .map(|ports| ports.first()),
        progress: None,
        work: None,
        own: None,
        was_there: None,
    };
    if !view.there {
        if worktree.ready {
            view.problem = Some(GONE.to_owned());
            view.mend = Some(MOVED.to_owned());
        } else {
            view.removed = was_removed(git, worktree);
        }
        return view;
    }
    let read = repository_of(git, worktree).and_then(|repository| {
        // Without a base nothing lies ahead of it.
        let base = match &worktree.base {
            Some(base) => base.clone(),
            None => inspect_busy(git, &worktree.path)?.head,
        };
        torch_worktree::state(git, &repository, &worktree.path, &base)
            .map(|state| (repository, state))
    });
    match read {
        Ok((repository, state)) => {
            view.progress = bench.progress(worktree, &repository, &state);
            let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
            view.branch = state.branch;
            view.head = Some(state.head);
            view.ahead = view.progress.as_ref().map(|progress| progress.unmerged);
            view.changed = count(state.changed);
            view.untracked = count(state.untracked);
        }
        Err(error) => view.problem = Some(error.to_string()),
    }
    if view.progress.is_none()
        && let Some((problem, mend)) = astray(&worktree.path)
    {
        (view.problem, view.mend) = (Some(problem), Some(mend));
    }
    view
}

/// Whether something is kept of a worktree that is not there; where that can't be read, it counts as never made.
fn was_removed(git: &Git, worktree: &Registered) -> bool {
    let kept =
        repository_of(git, worktree).and_then(|repository| torch_worktree::kept(git, &repository));
    kept.is_ok_and(|kept| kept.iter().any(|kept| kept.path == worktree.path))
}

/// The folders of the registry that are worktrees of no known agent, sorted.
pub(super) fn abandoned(projects: &Path, known: &[PathBuf]) -> Vec<Registered> {
    let folders = |path: &Path| {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        entries
            .map(|entry| entry.path())
            .filter(|path| path.is_dir())
    };
    let teams = folders(projects).map(|team| team.join("worktrees"));
    let mut found: Vec<Registered> = teams
        .flat_map(|team| folders(&team).collect::<Vec<_>>())
        .filter(|path| !known.contains(path))
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.to_owned();
            Some(without_team(RoleName::parse(&name).ok()?, path))
        })
        .collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Keeps and removes one worktree; why it stays, if it does.
fn remove(
    bench: &Bench<'_>,
    worktree: &Registered,
    branch: HomeBranch,
    (now, why): (Timestamp, &str),
) -> RemovedView {
    let (git, projects) = (bench.git, bench.projects);
    let mut view = RemovedView {
        role: worktree.role.to_string(),
        path: worktree.path.clone(),
        project: None,
        kept: None,
        deleted_branch: None,
        branch_stays: None,
        failure: outside(git, worktree, projects),
        only_looked: false,
    };
    if view.failure.is_some() {
        return view;
    }
    let removed = repository_of(git, worktree).and_then(|repository| {
        view.project = top(&repository, worktree);
        let request = RemoveRequest {
            keep: KeepRequest {
                repository: &repository,
                path: &worktree.path,
                role: &worktree.role,
                team: worktree.team.as_deref(),
                home_branch: worktree.branch.as_deref(),
                base: worktree.base.as_deref(),
                now,
                why,
            },
            branch: match branch {
                HomeBranch::Stays => BranchFate::Stays,
                HomeBranch::Goes => BranchFate::Goes,
            },
        };
        bench.set_up.end(&worktree.path)?;
        let_lane_go(git, &repository, worktree);
        torch_worktree::remove_with(git, &request, |stage| crate::crash::did(stage.as_str()))
    });
    match removed {
        Ok(removal) => {
            super::git::remove_empty_parents(&worktree.path);
            bench.set_up.release(&worktree.path);
            shown_removal(&mut view, removal);
        }
        Err(error) => {
            let said = failure(&error);
            let mut causes = vec![said.error];
            causes.extend(said.causes);
            view.failure = Some(Failure {
                kind: torch_api::wire::FailureKind::Other,
                error: format!("the worktree of {} was not removed", worktree.role),
                causes,
                hint: said.hint,
            });
        }
    }
    view
}

/// Lets a merge of the fast lane go that was prepared for a worktree whose agent has ended meanwhile: nobody else would.
fn let_lane_go(git: &Git, repository: &Repository, worktree: &Registered) {
    let Some(team) = &worktree.team else {
        return;
    };
    let label = super::lane::label(team, worktree.role.as_str());
    let path = &worktree.path;
    if let Err(error) = torch_worktree::give_up_forgotten(git, repository, path, &label) {
        // Of a folder that is gone, as of one that never had any: it keeps nothing from being removed.
        tracing::debug!(?path, %error, "no merge was let go");
    }
}

/// What is told of a worktree that is gone.
pub(super) fn shown_removal(told: &mut RemovedView, removal: Removal) {
    told.kept = removal.kept.as_ref().map(view);
    told.deleted_branch = removal.deleted_branch;
    told.branch_stays = removal.branch_stays;
}

/// Whether a path is the place of a worktree of the registry, and leads there without detours.
fn is_below(path: &Path, projects: &Path) -> bool {
    path.starts_with(projects) && path.canonicalize().is_ok_and(|real| real == path)
}

fn of_role(mut kept: Vec<Kept>, role: Option<&str>) -> Vec<Kept> {
    let role =
        role.map(|role| RoleName::parse(role).map_or(role.to_owned(), |role| role.to_string()));
    kept.retain(|kept| role.as_ref().is_none_or(|role| kept.role == *role));
    kept
}

/// What a role or a reference names: of a role the newest.
fn find(
    git: &Git,
    repository: &Repository,
    what: &str,
    team: Option<&str>,
) -> Result<Kept, Box<Failure>> {
    let failed = |error: WorktreeError| Box::new(failure(&error));
    let found = if what.contains('/') {
        torch_worktree::find_kept(git, repository, what).map_err(failed)?
    } else {
        let all = torch_worktree::kept(git, repository).map_err(failed)?;
        let mut of_role = of_role(all, Some(what)).into_iter();
        of_role.find(|kept| team.is_none() || kept.team.as_deref() == team)
    };
    found.ok_or_else(|| {
        let root = repository.root.display();
        Box::new(usage(
            &format!("nothing is kept of {what:?}"),
            &format!("the repository is that of {root}"),
            Some("torch undelete --list"),
        ))
    })
}

fn undelete(
    bench: &Bench<'_>,
    repository: &Repository,
    kept: &Kept,
    to: Option<&Path>,
) -> Result<UndeletedView, Box<Failure>> {
    let (git, projects) = (bench.git, bench.projects);
    // Whoever may write to the repository may have written that path.
    if to.is_none() && !kept.path.starts_with(projects) {
        let cause = format!(
            "it was in {}, which is not below this registry",
            kept.path.display()
        );
        let hint = format!("torch undelete {} --to ./{}", kept.short(), kept.role);
        let error = format!("where to put the worktree of {} must be said", kept.role);
        return Err(Box::new(usage(&error, &cause, Some(&hint))));
    }
    let request = UndeleteRequest {
        repository,
        kept,
        to,
    };
    let undeleted = torch_worktree::undelete(git, &request);
    let undeleted =
        undeleted.map_err(|error| Box::new(failed_to_undelete(git, repository, &error, kept)))?;
    let prepared = torch_worktree::exclude(&repository.common_dir)
        .and_then(|()| torch_worktree::prepare_worktree(&undeleted.path))
        .and_then(|()| bench.set_up.begin(git, repository, &undeleted.path));
    if let Err(error) = prepared {
        // It is back all the same; a long message would say it again.
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "it was not set up"
        );
    }
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    Ok(UndeletedView {
        kept: view(kept),
        path: undeleted.path,
        branch: undeleted.branch,
        another_branch: undeleted.another_branch,
        files: count(undeleted.files),
        stashes: count(undeleted.stashes),
        is_agents: false,
    })
}

/// Where something is in the way, another place is the way out.
fn failed_to_undelete(
    git: &Git,
    repository: &Repository,
    error: &WorktreeError,
    kept: &Kept,
) -> Failure {
    let mut said = failure(error);
    if let WorktreeError::Occupied { path } = error {
        let stands = inspect_busy(git, path)
            .is_ok_and(|found| found.root == *path && found.common_dir == repository.common_dir);
        if stands {
            said.error = format!("the worktree of {} is there again already", kept.role);
            said.causes = vec![format!("it stands in {}", path.display())];
        }
        said.hint = Some(format!(
            "torch undelete {} --to ./{}",
            kept.short(),
            kept.role
        ));
    }
    said
}

fn view(kept: &Kept) -> KeptView {
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    KeptView {
        reference: kept.reference.clone(),
        short: kept.short().to_owned(),
        commit: kept.commit.clone(),
        role: kept.role.clone(),
        team: kept.team.clone(),
        path: kept.path.clone(),
        branch: kept.branch.clone(),
        head: kept.head.clone(),
        at: kept.at,
        why: kept.why.clone(),
        commits: count(kept.commits),
        files: count(kept.files),
        stashes: kept
            .stashes
            .iter()
            .map(|stash| stash.message.clone())
            .collect(),
        operation: kept.operation.clone(),
        ignored_files: kept.ignored_files,
        ignored_bytes: kept.ignored_bytes,
        submodules: kept.submodules.clone(),
        folder_was_gone: kept.folder_was_gone,
    }
}
