//! Making everything that lies in a worktree safe under a reference that no branch listing shows.
//!
//! The reference points to a commit whose tree is the working tree, byte for byte. Its parents are `HEAD`, a commit
//! of the index, a commit of what else must come back (the index with its flags, the permissions, an operation in
//! progress), and whatever nothing else would lead to any more: stashes, and commits that only a reflog has.

pub(crate) mod extras;
pub(crate) mod objects;
mod staged;
mod work;

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use torch_core::{RoleName, Timestamp};

use crate::call::zero_terminated;
use crate::kept::{Kept, ROOT, stamp};
use crate::locate::{Located, locate};
use crate::lock::Lock;
use crate::scan::{Scan, ignored, scan};
use crate::{Engine, Git, Repository, WorktreeError};
use extras::below;
use objects::{Objects, TreeEntry};
use staged::list_of_index;
pub(crate) use work::How;

/// What is to be kept, and what is noted of it.
#[derive(Debug, Clone, Copy)]
pub struct KeepRequest<'a> {
    /// The repository.
    pub repository: &'a Repository,
    /// Where the worktree is, or was.
    pub path: &'a Path,
    /// Whose it is.
    pub role: &'a RoleName,
    /// The team's name.
    pub team: Option<&'a str>,
    /// The agent's home branch, without `refs/heads/`; its tip is kept whatever is checked out.
    pub home_branch: Option<&'a str>,
    /// The commit that the work began at, full hex: for counting.
    pub base: Option<&'a str>,
    /// The present.
    pub now: Timestamp,
    /// Why: the command, in words.
    pub why: &'a str,
}

/// Keeps everything in a worktree, which stays as it is: its index, its reflogs, the stashes and the configuration are
/// only read. The reference is written last and read back, so that it is there with all it needs, or not at all.
///
/// # Errors
/// [`WorktreeError::CannotKeep`] when something is there that no commit can hold (another repository, a submodule with
/// work of its own, a socket); others when a file can't be read or git refuses. Then nothing is kept.
pub fn keep(git: &Git, request: &KeepRequest<'_>) -> Result<Kept, WorktreeError> {
    let _lock = Lock::take(&request.repository.common_dir)?;
    let located = locate(request.repository, request.path)?;
    let located = located.ok_or_else(|| WorktreeError::NotAWorktree {
        path: request.path.to_owned(),
        root: request.repository.root.clone(),
    })?;
    let seen = scan(git, &located)?;
    keep_seen(git, request, &located, &seen)
}

/// [`keep`] of what was seen, under a lock that the caller holds.
pub(crate) fn keep_seen(
    git: &Git,
    request: &KeepRequest<'_>,
    located: &Located,
    seen: &Scan,
) -> Result<Kept, WorktreeError> {
    let keeper = Keeper {
        git,
        request,
        located,
        seen,
        objects: Objects::new(git, request.repository, located, request.now),
    };
    keeper.keep()
}

struct Keeper<'a> {
    git: &'a Git,
    request: &'a KeepRequest<'a>,
    located: &'a Located,
    seen: &'a Scan,
    objects: Objects<'a>,
}

impl Keeper<'_> {
    fn keep(&self) -> Result<Kept, WorktreeError> {
        let head = self.head()?;
        let mut kept = self.record(&head)?;
        let to_add = self.intent_to_add()?;
        let index_tree = self.index_tree(&to_add)?;
        let files = self.work_files()?;
        let work_tree = match self.located.files {
            Some(_) => self
                .objects
                .tree(&files.iter().map(|(e, _)| e.clone()).collect::<Vec<_>>())?,
            // What was checked out last is all that is known.
            None => index_tree.clone(),
        };
        let refs = extras::own_refs(self.git, self.located)?;
        let state_files = extras::state_files(&self.located.git_dir)?;
        let state_tree = self.state_tree(&files, &to_add, &refs, &state_files)?;
        let signed = |what: &str| format!("torch: {what} of {}'s worktree\n", kept.role);
        let only_head = [head.clone()];
        kept.index = self
            .objects
            .commit(&index_tree, &only_head, &signed("the index"))?;
        kept.state = self
            .objects
            .commit(&state_tree, &[], &signed("the state"))?;
        let mut parents = vec![head.clone(), kept.index.clone(), kept.state.clone()];
        parents.extend(kept.home_tip.clone());
        parents.extend(kept.stashes.iter().map(|stash| stash.commit.clone()));
        parents.extend(extras::named(self.git, self.located, &state_files)?);
        parents.extend(self.commits_of(&refs)?);
        parents.extend(extras::forgotten(self.git, self.located, &self.logs())?);
        kept.commit = self.objects.commit(&work_tree, &parents, &kept.message())?;
        self.write_reference(&mut kept)?;
        Ok(kept)
    }

    fn head(&self) -> Result<String, WorktreeError> {
        let args = ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"];
        let output = self.located.call(self.git).run(args);
        let output = output.map_err(crate::git::failed("read HEAD", self.request.path))?;
        if output.success() {
            return Ok(output.text());
        }
        Err(WorktreeError::NoCommit {
            root: self.request.path.to_owned(),
        })
    }

    /// The branch that is checked out.
    fn branch(&self) -> Result<Option<String>, WorktreeError> {
        if self.request.repository.engine == Engine::Git2 {
            return Ok(self.located.registration.branch.clone());
        }
        // With reftable the file `HEAD` says nothing.
        let args = ["symbolic-ref", "--quiet", "--short", "HEAD"];
        let output = self.located.call(self.git).run(args);
        let output = output.map_err(crate::git::failed("read HEAD", self.request.path))?;
        Ok(output.success().then(|| output.text()))
    }

    /// What is noted, but for the objects.
    fn record(&self, head: &str) -> Result<Kept, WorktreeError> {
        let request = self.request;
        let registration = &self.located.registration;
        let branch = self.branch()?;
        let mut branches: Vec<String> = branch.iter().cloned().collect();
        branches.extend(registration.returns_to.iter().cloned());
        branches.extend(request.home_branch.map(str::to_owned));
        let call = || self.located.call(self.git);
        let stashes = extras::stashes(call, &branches, branch.is_none())?;
        let (ignored_files, ignored_bytes) = ignored(self.git, self.located)?;
        let submodules = self.seen.submodules();
        let (commits, files) = self.numbers(head)?;
        Ok(Kept {
            reference: String::new(),
            commit: String::new(),
            index: String::new(),
            state: String::new(),
            role: request.role.to_string(),
            team: request.team.map(str::to_owned),
            path: request.path.to_owned(),
            branch,
            home_branch: request.home_branch.map(str::to_owned),
            home_tip: self.tip_of_home()?,
            head: head.to_owned(),
            base: request.base.map(str::to_owned),
            at: request.now,
            why: request.why.to_owned(),
            commits,
            files,
            stashes,
            operation: self.located.operation().map(|found| found.to_string()),
            ignored_files,
            ignored_bytes,
            submodules: submodules
                .map(|path| String::from_utf8_lossy(path).into_owned())
                .collect(),
            folder_was_gone: self.located.files.is_none(),
        })
    }

    /// Commits since the base, and files that are not committed.
    fn numbers(&self, head: &str) -> Result<(usize, usize), WorktreeError> {
        let base = self.request.base.unwrap_or(head);
        let range = format!("{base}..{head}");
        let counted = self
            .located
            .call(self.git)
            .run(["rev-list", "--count", &range, "--"]);
        // A base that is no more leaves nothing to count from.
        let commits = counted
            .ok()
            .filter(torch_process::Output::success)
            .and_then(|output| output.text().parse().ok());
        let files = match self.located.files {
            Some(_) => {
                let found =
                    crate::state(self.git, self.request.repository, self.request.path, head)?;
                found.changed + found.untracked
            }
            None => {
                let args = ["diff-index", "--cached", "--name-only", "-z", head, "--"];
                let changed = self.located.call(self.git).ask("compare the index", args)?;
                zero_terminated(&changed.stdout).count()
            }
        };
        Ok((commits.unwrap_or_default(), files))
    }

    fn tip_of_home(&self) -> Result<Option<String>, WorktreeError> {
        match self.request.home_branch {
            Some(branch) => {
                crate::create::Maker::open(self.git, self.request.repository)?.tip(branch)
            }
            None => Ok(None),
        }
    }

    /// The reflogs that may be the last to know a commit.
    fn logs(&self) -> Vec<String> {
        let home = self
            .request
            .home_branch
            .map(|branch| format!("refs/heads/{branch}"));
        std::iter::once("HEAD".to_owned()).chain(home).collect()
    }

    fn commits_of(&self, refs: &[(String, String)]) -> Result<Vec<String>, WorktreeError> {
        if refs.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<String> = refs.iter().map(|(_, id)| format!("{id}\n")).collect();
        let args = ["cat-file", "--batch-check=%(objectname) %(objecttype)"];
        let listed = self
            .located
            .call(self.git)
            .stdin(ids.concat())
            .ask("look commits up", args)?;
        let text = listed.text();
        Ok(text
            .lines()
            .filter_map(|line| line.strip_suffix(" commit"))
            .map(str::to_owned)
            .collect())
    }

    /// The tree of what no tree of files can say.
    fn state_tree(
        &self,
        files: &[(TreeEntry, How)],
        to_add: &BTreeSet<Vec<u8>>,
        refs: &[(String, String)],
        state_files: &[std::path::PathBuf],
    ) -> Result<String, WorktreeError> {
        let blob = |name: &str, bytes: Vec<u8>| -> Result<TreeEntry, WorktreeError> {
            Ok(TreeEntry {
                mode: 0o100_644,
                id: self.objects.blob(bytes)?,
                path: name.into(),
            })
        };
        let refs: String = refs
            .iter()
            .map(|(name, id)| format!("{id} {name}\n"))
            .collect();
        let mut entries = vec![
            blob("files", self.list_of_files(files))?,
            blob("index", list_of_index(&self.seen.index, to_add))?,
            blob("refs", refs.into_bytes())?,
        ];
        let full: Vec<_> = state_files
            .iter()
            .map(|file| self.located.git_dir.join(file))
            .collect();
        let ids = self
            .objects
            .files(full.iter().map(|file| file.as_os_str().as_bytes()))?;
        for (file, id) in state_files.iter().zip(ids) {
            entries.push(TreeEntry {
                mode: 0o100_644,
                id,
                path: below("state", file),
            });
        }
        // Objects that only the index has stay as long as a tree names them.
        for entry in self.seen.index.iter().filter(|entry| entry.stage != 0) {
            let folder = format!("unmerged/{}/", entry.stage);
            let path = [folder.as_bytes(), &entry.path].concat();
            entries.push(TreeEntry {
                mode: entry.mode,
                id: entry.id.clone(),
                path,
            });
        }
        self.objects.tree(&entries)
    }

    /// Writes the reference, which must be new, and reads it back with all that it leads to.
    fn write_reference(&self, kept: &mut Kept) -> Result<(), WorktreeError> {
        let stem = format!("{ROOT}/{}/{}", kept.role, stamp(kept.at));
        let none = "0".repeat(kept.commit.len());
        let names = std::iter::once(stem.clone()).chain((2..=99).map(|n| format!("{stem}-{n}")));
        let mut refused = None;
        for name in names {
            let args = [
                "update-ref",
                "--no-deref",
                "-m",
                "torch: kept",
                &name,
                &kept.commit,
                &none,
            ];
            match self.located.call(self.git).ask("write the reference", args) {
                Ok(_) => {
                    kept.reference = name;
                    return self.check_reference(kept);
                }
                Err(error) => refused = Some(error),
            }
            let there =
                self.located
                    .call(self.git)
                    .run(["rev-parse", "--verify", "--quiet", &name]);
            if !there.is_ok_and(|output| output.success()) {
                break;
            }
        }
        Err(refused.unwrap_or(WorktreeError::Answer {
            act: "write the reference",
            path: self.request.path.to_owned(),
            answer: stem,
        }))
    }

    fn check_reference(&self, kept: &Kept) -> Result<(), WorktreeError> {
        let act = "read back what was kept";
        let read = self
            .located
            .call(self.git)
            .ask(act, ["rev-parse", "--verify", &kept.reference])?;
        let args = [
            "rev-list",
            "--objects",
            "--quiet",
            &kept.reference,
            "--not",
            &kept.head,
        ];
        self.located.call(self.git).ask(act, args)?;
        let found = crate::kept::find_kept(self.git, self.request.repository, &kept.reference)?;
        if read.text() == kept.commit && found.as_ref() == Some(kept) {
            return Ok(());
        }
        Err(WorktreeError::Answer {
            act,
            path: self.request.path.to_owned(),
            answer: read.text(),
        })
    }
}
