//! What is done to the repository.

use std::collections::BTreeSet;

use torch_core::git_activity::NotPushed;
use torch_core::integration::IntegrationMerge;
use torch_integration::integrate::{Found, RoleWork, Seen, body, message, title};
use torch_worktree::{
    BenchRequest, Busy, ChainLink, ChainRequest, Chained, LandRequest, Landed, Origin, Point,
    PullRequestOrder, Pushed, WorktreeError,
};

use super::{Site, Why, in_words};
use crate::words::count;
use crate::worktrees::Registered;

/// Where integration branches stand.
const BRANCHES: &str = "integration/";

pub(super) fn failed(error: WorktreeError) -> Why {
    in_words(&error)
}

impl Site<'_> {
    /// Looks what there is to integrate; with a remote, what that has of the parent branch comes first.
    pub(super) fn look(&self) -> Result<Found, Why> {
        self.seen(true).map(Found::Seen)
    }

    /// As [`Self::look`]; where nothing may be changed, the parent branch stays where it is.
    pub(super) fn seen(&self, brings_up: bool) -> Result<Seen, Why> {
        let mut seen = Seen::default();
        let origin = self.origin()?;
        if let Some(origin) = &origin {
            let env = self.git.environment();
            seen.pull_request = torch_worktree::gh_is_there(&env);
            if brings_up && let Err(why) = self.bring_up(origin) {
                seen.notes.push(why);
            }
        }
        seen.parent = self.tip(&self.job.row.parent)?;
        let Some(parent) = seen.parent.clone() else {
            return Ok(seen);
        };
        for agent in self.job.agents.iter().filter(|agent| agent.ready) {
            match self.work(agent, &parent) {
                Ok(work) => seen.work.extend(work),
                Err(why) => seen
                    .notes
                    .push(format!("{} can't be looked at: {why}", agent.role)),
            }
        }
        seen.leave_out_merges_into(&self.job.merged_into);
        keep_first(&mut seen.work);
        seen.within = self.within(&seen.work)?;
        let again = self.taken_back_before(&seen.work, &parent)?;
        seen.notes.extend(again);
        seen.taken =
            torch_worktree::branches_below(self.git, &self.repository, BRANCHES).map_err(failed)?;
        seen.test = torch_project::test_command(&self.job.project);
        Ok(seen)
    }

    /// Which branches have within what a rollback took off the parent by force: merged, it is there again.
    fn taken_back_before(&self, work: &[RoleWork], parent: &str) -> Result<Vec<String>, Why> {
        let mut notes = Vec::new();
        for one in work {
            for (branch, commit, _) in &one.commits {
                let taken = torch_worktree::taken_off(self.git, &self.repository, commit, parent);
                let Some(taken) = taken.map_err(failed)? else {
                    continue;
                };
                let at = taken.get(..8).unwrap_or(&taken);
                let (role, base) = (&one.role, &self.job.row.parent);
                let branch = branch.as_deref().unwrap_or("HEAD");
                notes.push(format!(
                    "{role}'s {branch} has {at} within, which a rollback took off {base}: it comes back with it; to leave it out, its \
                     owner does git rebase --onto {base} {at}"
                ));
            }
        }
        Ok(notes)
    }

    fn tip(&self, branch: &str) -> Result<Option<String>, Why> {
        torch_worktree::tip_of(self.git, &self.repository, branch).map_err(failed)
    }

    fn has(&self, newer: &str, older: &str) -> Result<bool, Why> {
        torch_worktree::contains(self.git, &self.repository, newer, older).map_err(failed)
    }

    /// The parent branch's remote, where remotes may be spoken to.
    fn origin(&self) -> Result<Option<Origin>, Why> {
        if !self.job.rules.network {
            return Ok(None);
        }
        let parent = &self.job.row.parent;
        torch_worktree::find_origin(self.git, &self.repository, parent).map_err(failed)
    }

    /// Brings the parent branch to where the remote has it; what kept it from that.
    fn bring_up(&self, origin: &Origin) -> Result<(), Why> {
        let parent = &self.job.row.parent;
        let told = |why: Why| format!("{} was not fetched: {why}", origin.name);
        let fetched = torch_worktree::fetch(self.git, &self.repository, (origin, parent));
        let theirs = fetched.map_err(|error| told(in_words(&error)))?;
        let (Some(theirs), Some(ours)) = (theirs, self.tip(parent)?) else {
            return Ok(());
        };
        if self.has(&ours, &theirs)? {
            return Ok(());
        }
        if !self.has(&theirs, &ours)? {
            return Err(format!(
                "{parent} and {}/{parent} have gone apart",
                origin.name
            ));
        }
        match self.moved(&ours, &theirs)? {
            Found::Busy { path, why } => Err(format!(
                "{parent} stays behind {}/{parent}: it is checked out in {path}, and {why}",
                origin.name
            )),
            _ => Ok(()),
        }
    }

    /// What an agent has; of one whose folder is gone, what its home branch has.
    fn work(&self, agent: &Registered, parent: &str) -> Result<Option<RoleWork>, Why> {
        let Some(id) = agent.agent else {
            return Ok(None);
        };
        let home = agent.branch.as_deref();
        let (git, repository) = (self.git, &self.repository);
        let work = match (agent.path.is_dir(), home) {
            (true, _) => torch_worktree::work_of(git, repository, (&agent.path, home), parent),
            (false, Some(home)) => torch_worktree::work_of_home(git, repository, home, parent),
            (false, None) => return Ok(None),
        };
        let work = work.map_err(failed)?;
        let count = |ahead: u64| usize::try_from(ahead).unwrap_or(usize::MAX);
        let commits = work.commits.into_iter();
        Ok(Some(RoleWork {
            agent: id,
            role: agent.role.clone(),
            commits: commits
                .map(|one| (one.branch, one.commit, count(one.ahead)))
                .collect(),
            changed: work.changed,
            files: work.files,
            operation: work.operation,
        }))
    }

    /// Which of the commits have which within.
    fn within(&self, work: &[RoleWork]) -> Result<Vec<(String, String)>, Why> {
        let commits = work.iter().flat_map(|one| &one.commits);
        let commits: Vec<&String> = commits.map(|(_, commit, _)| commit).collect();
        let mut pairs = Vec::new();
        for outer in &commits {
            for inner in &commits {
                if inner != outer && self.has(outer, inner)? {
                    pairs.push(((*inner).clone(), (*outer).clone()));
                }
            }
        }
        Ok(pairs)
    }

    /// The integration branch, on the parent's commit.
    pub(super) fn branch(&self) -> Result<Found, Why> {
        let row = &self.job.row;
        let pointed = self.point(&row.branch, None, &row.parent_tip)?;
        Ok(match pointed {
            Point::Done => Found::Branched,
            Point::Other { .. } => Found::Taken,
        })
    }

    fn point(&self, branch: &str, old: Option<&str>, new: &str) -> Result<Point, Why> {
        let name = format!("refs/heads/{branch}");
        torch_worktree::point(self.git, &self.repository, &name, (old, new)).map_err(failed)
    }

    /// All merges in memory, and then the integration branch.
    pub(super) fn build(&self) -> Result<Found, Why> {
        let row = &self.job.row;
        let commits = match self.chained(&row.parent_tip, &row.merges)? {
            Ok(commits) => commits,
            Err(conflict) => return Ok(conflict),
        };
        let tip = commits.last().unwrap_or(&row.parent_tip).clone();
        let here = self.tip(&row.branch)?;
        let ours = [
            row.built.as_deref(),
            Some(&row.parent_tip),
            Some(&tip),
            None,
        ];
        if !ours.contains(&here.as_deref()) {
            let at = here.unwrap_or_default();
            return Err(format!(
                "somebody moved the branch {} to {at}, which torch did not put there",
                row.branch
            ));
        }
        match self.point(&row.branch, here.as_deref(), &tip)? {
            Point::Done => Ok(Found::Built(commits)),
            Point::Other { .. } => Err(format!("somebody moves the branch {} now", row.branch)),
        }
    }

    /// The merge commits, or the conflicts.
    pub(super) fn chained(
        &self,
        base: &str,
        merges: &[IntegrationMerge],
    ) -> Result<Result<Vec<String>, Found>, Why> {
        let links = merges.iter().map(|merge| ChainLink {
            commit: merge.commit.clone(),
            message: message(&self.job.row, merge),
        });
        let links: Vec<_> = links.collect();
        let request = ChainRequest {
            repository: &self.repository,
            base,
            links: &links,
            at: self.job.row.at,
        };
        let chained = torch_worktree::chain(self.git, &request).map_err(failed)?;
        match chained {
            Chained::Done(commits) => Ok(Ok(commits)),
            Chained::Conflict(conflicts) => self.unmerged(merges, &conflicts).map(Err),
        }
    }

    /// Pushes the integration branch and opens a pull request.
    pub(super) fn publish(&self) -> Result<Found, Why> {
        let (row, origin) = (&self.job.row, self.remote()?);
        let pushed = torch_worktree::push(self.git, &self.repository, (&origin, &row.branch));
        if let Pushed::Refused { why } = pushed.map_err(failed)? {
            return Err(format!(
                "{} did not take {}: {why}",
                origin.name, row.branch
            ));
        }
        self.with_pull_request(&origin, |order| {
            let (url, _) = torch_worktree::open_pull_request(order).map_err(|e| in_words(&e))?;
            Ok(Found::Published { url })
        })
    }

    fn remote(&self) -> Result<Origin, Why> {
        let origin = self.origin()?;
        origin.ok_or_else(|| "there is no remote any more, or it may not be spoken to".to_owned())
    }

    fn with_pull_request<T>(
        &self,
        origin: &Origin,
        act: impl FnOnce(&PullRequestOrder<'_>) -> Result<T, Why>,
    ) -> Result<T, Why> {
        let (row, env) = (&self.job.row, self.git.environment());
        act(&PullRequestOrder {
            folder: self.home,
            env: &env,
            remote: &origin.url,
            base: &row.parent,
            head: &row.branch,
            title: &title(&self.job.rules),
            body: &body(row),
        })
    }

    /// Into the parent branch.
    pub(super) fn land(&self) -> Result<Found, Why> {
        let row = &self.job.row;
        if !row.by_pull_request {
            return self.moved(&row.parent_tip, row.tip());
        }
        let (origin, parent) = (self.remote()?, &row.parent);
        self.with_pull_request(&origin, |order| {
            let (url, merged) =
                torch_worktree::open_pull_request(order).map_err(|e| in_words(&e))?;
            if merged {
                return Ok(());
            }
            let admin = self.job.rules.admin_merge;
            torch_worktree::merge_pull_request(order, &url, admin).map_err(|e| in_words(&e))
        })?;
        let theirs = torch_worktree::fetch(self.git, &self.repository, (&origin, parent));
        let theirs = theirs.map_err(failed)?;
        let theirs = theirs.ok_or_else(|| format!("{} has no {parent} any more", origin.name))?;
        if !self.has(&theirs, row.tip())? {
            // It waits for its checks, or was merged in another way than by a merge commit.
            return Err(format!(
                "the pull request is not in {}/{parent} yet, or not as a merge commit",
                origin.name
            ));
        }
        let ours = self.tip(parent)?.unwrap_or_default();
        if !self.has(&theirs, &ours)? {
            return Err(format!(
                "{parent} and {}/{parent} have gone apart",
                origin.name
            ));
        }
        self.moved(&ours, &theirs)
    }

    /// Moves the parent branch, with the worktree that has it.
    fn moved(&self, from: &str, to: &str) -> Result<Found, Why> {
        let row = &self.job.row;
        let request = LandRequest {
            repository: &self.repository,
            branch: &row.parent,
            from,
            to,
            label: &row.id.to_string(),
        };
        let landed = torch_worktree::land(self.git, &request).map_err(failed)?;
        Ok(match landed {
            Landed::Done { tip } => Found::Landed {
                tip,
                not_pushed: self.not_pushed(),
            },
            Landed::Moved { .. } => Found::ParentMoved,
            Landed::Busy { path, busy } => Found::Busy {
                path: path.display().to_string(),
                why: words(&busy),
            },
        })
    }

    /// What the parent branch's remote does not have of it; where that can't be told, nothing is said of it.
    fn not_pushed(&self) -> Option<NotPushed> {
        let (common, parent) = (&self.repository.common_dir, &self.job.row.parent);
        let found = torch_worktree::branch_not_pushed(self.git, common, parent, &[]);
        found
            .inspect_err(|error| tracing::warn!(%error, parent, "a branch can't be measured"))
            .unwrap_or_default()
    }

    /// The parent branch has all of it; the commands, and the tag.
    pub(super) fn verify(&self, commands: &[String], tag: &str) -> Result<Found, Why> {
        let row = &self.job.row;
        let tip = self.tip(&row.parent)?.unwrap_or_default();
        let landed = row.landed.as_deref().unwrap_or_default();
        for merge in row.brought() {
            if !self.has(&tip, &merge.commit)? {
                let (parent, role) = (&row.parent, &merge.role);
                return Err(format!(
                    "{parent} does not have {role}'s commit {}",
                    merge.commit
                ));
            }
        }
        for command in commands {
            if let Some(found) = self.passes(command, landed)? {
                return Ok(found);
            }
        }
        let name = format!("refs/tags/{tag}");
        let pointed = torch_worktree::point(self.git, &self.repository, &name, (None, landed));
        let tag = match pointed.map_err(failed)? {
            Point::Done => Some(tag.to_owned()),
            // Somebody's own tag of that name stays.
            Point::Other { .. } => None,
        };
        Ok(Found::Verified { failed: None, tag })
    }

    /// The bench and the integration branch go.
    pub(super) fn clean(&self) -> Result<Found, Why> {
        self.settle()?;
        let (row, path) = (&self.job.row, self.bench());
        let request = BenchRequest {
            repository: &self.repository,
            path: &path,
        };
        torch_worktree::remove_bench(self.git, &request).map_err(failed)?;
        // A kill may have come between the branch and the word of it.
        for commit in [row.built.as_deref(), Some(row.tip()), Some(&row.parent_tip)] {
            if let Some(commit) =
                commit.filter(|commit| !commit.is_empty() && !row.branch.is_empty())
            {
                let branch = (row.branch.as_str(), commit);
                torch_worktree::take_away(self.git, &self.repository, branch).map_err(failed)?;
            }
        }
        Ok(Found::Cleaned)
    }
}

/// A commit on which more than one branch stands goes in once, as the first one's.
fn keep_first(work: &mut [RoleWork]) {
    let mut known = BTreeSet::new();
    for one in work {
        one.commits
            .retain(|(_, commit, _)| known.insert(commit.clone()));
    }
}

/// Why a worktree can't be merged into.
fn words(busy: &Busy) -> String {
    match busy {
        Busy::Operation { what } => format!("{what} is under way there"),
        Busy::Changes { files } => {
            let have = if files.len() == 1 { "has" } else { "have" };
            let number = count(files.len(), "file");
            let names = super::super::lane::named(files);
            format!("{number} there {have} changes that are not committed: {names}")
        }
        Busy::InTheWay { files } => format!(
            "files that git does not know stand where the integration has others: {}",
            files.join(", ")
        ),
        Busy::Locked { path } => format!("another git holds {}", path.display()),
        Busy::Moved => "it moves at this moment".to_owned(),
    }
}
