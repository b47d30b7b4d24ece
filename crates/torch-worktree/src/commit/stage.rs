//! Staging into a copy of the index, which takes the index's place only if the commit is to be made.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::paths::Specs;
use super::{CommitError, Worktree};
use crate::WorktreeError;
use crate::call::{Call, zero_terminated};
use crate::filters::Attributes;
use crate::git::failed;

/// The most files that a text names.
const NAMED_MAX: usize = 5;

/// The copy, with everything staged that is to be committed.
#[derive(Debug)]
pub(super) struct Staged {
    worktree: PathBuf,
    index: PathBuf,
    copy: PathBuf,
    /// Which file the index was when it was copied.
    was: Option<Mark>,
    empty: bool,
}

type Mark = (u64, u64, i64, i64);

impl Drop for Staged {
    fn drop(&mut self) {
        // Of no use to anybody; the next commit replaces it anyway.
        drop(fs::remove_file(&self.copy));
    }
}

/// Stages what the pathspecs name, and looks whether it may be committed.
pub(super) fn stage(worktree: &Worktree<'_>, specs: &Specs) -> Result<Staged, CommitError> {
    no_unmerged(worktree)?;
    let mut staged = copy(worktree)?;
    let call = || {
        let call = worktree.located.call(worktree.git);
        call.env("GIT_INDEX_FILE", &staged.copy)
    };
    no_doubtful_filter(worktree, &call, specs)?;
    add(worktree, &call, specs)?;
    without_torch(worktree, &call)?;
    let args = [
        "diff-index",
        "--cached",
        "--raw",
        "--no-renames",
        "-z",
        "HEAD",
        "--",
    ];
    let changes = call().ask("list what is staged", words(&args, specs))?;
    no_nested(worktree, &changes.stdout)?;
    no_markers(worktree, &call, specs)?;
    staged.empty = changes.stdout.is_empty();
    Ok(staged)
}

/// Stages. `git add` would look into submodules for changes, with the filters that their own configuration names; so of
/// these only the commit that is checked out is staged.
fn add(
    worktree: &Worktree<'_>,
    call: &impl Fn() -> Call,
    specs: &Specs,
) -> Result<(), CommitError> {
    let listed = call().ask(
        "list submodules",
        words(&["ls-files", "--stage", "-z", "--"], specs),
    )?;
    let submodules = crate::filters::submodules(&listed.stdout);
    let mut args = words(&["add", "--all", "--"], specs);
    let all_named = specs.named().is_some_and(|named| {
        let is_submodule =
            |spec: &OsString| submodules.iter().any(|path| *spec == literal("", path));
        named.iter().all(is_submodule)
    });
    args.extend(submodules.iter().map(|path| literal("exclude,", path)));
    let mut done = Vec::new();
    if !all_named {
        done.push(call().run(args));
    }
    if !submodules.is_empty() {
        let paths: Vec<u8> = submodules
            .iter()
            .flat_map(|path| [path.as_slice(), b"\0"].concat())
            .collect();
        let args = ["update-index", "--add", "--remove", "-z", "--stdin"];
        done.push(call().stdin(paths).run(args));
    }
    for output in done {
        let output = output.map_err(failed("stage", worktree.path))?;
        if !output.success() {
            return Err(CommitError::NotStaged {
                path: worktree.path.to_owned(),
                said: super::last_lines(&output.error_text()),
            });
        }
    }
    Ok(())
}

/// The pathspec of exactly this path.
fn literal(magic: &str, path: &[u8]) -> OsString {
    let mut spec = OsString::from(format!(":(top,{magic}literal)"));
    spec.push(OsStr::from_bytes(path));
    spec
}

/// A file that was not filtered would be committed as something else.
fn no_doubtful_filter(
    worktree: &Worktree<'_>,
    call: &impl Fn() -> Call,
    specs: &Specs,
) -> Result<(), CommitError> {
    let doubtful = crate::filters::doubtful(&call(), worktree.path)?;
    if doubtful.is_empty() {
        return Ok(());
    }
    let args = [
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "-z",
        "--",
    ];
    let listed = call().ask("list files", words(&args, specs))?;
    let files = (listed.stdout.as_slice(), Attributes::OfFiles);
    Ok(crate::filters::check(
        call(),
        worktree.path,
        files,
        &doubtful,
    )?)
}

impl Staged {
    /// Whether nothing differs from the last commit.
    pub(super) fn is_empty(&self) -> bool {
        self.empty
    }

    /// What of it looks like a secret.
    pub(super) fn secrets(
        &self,
        worktree: &Worktree<'_>,
        specs: &Specs,
    ) -> Result<Vec<String>, CommitError> {
        let call = worktree.located.call(worktree.git);
        let call = call.env("GIT_INDEX_FILE", &self.copy);
        Ok(crate::hook::secrets_of(call, Some("HEAD"), specs.all())?)
    }

    /// Puts the copy in the index's place, under git's own lock.
    pub(super) fn take_effect(&self) -> Result<(), CommitError> {
        let busy = || CommitError::Busy {
            path: self.worktree.clone(),
        };
        let lock = self.index.with_extension("lock");
        match fs::hard_link(&self.copy, &lock) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(busy()),
            linked => linked.map_err(WorktreeError::io("make the lock file", &lock))?,
        }
        let replaced = if mark(&self.index) == self.was {
            fs::rename(&lock, &self.index)
                .map_err(|error| WorktreeError::io("replace", &self.index)(error).into())
        } else {
            // Somebody staged something meanwhile, which is not to be lost.
            Err(busy())
        };
        if replaced.is_err() {
            // It is this commit's own.
            drop(fs::remove_file(&lock));
        }
        replaced
    }
}

/// Copies the index; a repository without one gets none.
fn copy(worktree: &Worktree<'_>) -> Result<Staged, CommitError> {
    let git_dir = &worktree.located.git_dir;
    let index = git_dir.join("index");
    let copy = git_dir.join("index.torch");
    for left in [copy.clone(), git_dir.join("index.torch.lock")] {
        // Left by a daemon that was killed; the worktree's lock is held.
        match fs::remove_file(&left) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(WorktreeError::io("remove", &left)(error).into());
            }
            _ => {}
        }
    }
    let was = mark(&index);
    if was.is_some() {
        copied(&index, &copy).map_err(WorktreeError::io("copy", &index))?;
    }
    Ok(Staged {
        worktree: worktree.path.to_owned(),
        index,
        copy,
        was,
        empty: true,
    })
}

/// Copies a file with its time: git looks into files that were written at the same time as the index, or later, since
/// their sizes and times alone may not show that they were changed.
fn copied(index: &Path, copy: &Path) -> io::Result<()> {
    let time = fs::metadata(index)?.modified()?;
    fs::copy(index, copy)?;
    OpenOptions::new()
        .write(true)
        .open(copy)?
        .set_modified(time)
}

/// What tells one state of the index from another: git replaces the file.
fn mark(index: &Path) -> Option<Mark> {
    let of = |meta: Metadata| (meta.ino(), meta.size(), meta.mtime(), meta.mtime_nsec());
    index.symlink_metadata().ok().map(of)
}

/// Staging would count as resolving what nobody has looked at.
fn no_unmerged(worktree: &Worktree<'_>) -> Result<(), CommitError> {
    let call = worktree.located.call(worktree.git);
    let args = ["diff-files", "--name-only", "--diff-filter=U", "-z"];
    let unmerged = call.ask("look for conflicts", args)?;
    conflicts(worktree, zero_terminated(&unmerged.stdout).map(text))
}

/// Takes out of the copy what lies in torch's own folder: somebody had staged it, or a `.gitignore` lets it in.
fn without_torch(worktree: &Worktree<'_>, call: &impl Fn() -> Call) -> Result<(), CommitError> {
    let folder = ":(top).torch";
    let list = [
        "diff-index",
        "--cached",
        "--name-only",
        "-z",
        "HEAD",
        "--",
        folder,
    ];
    let found = call().ask("look for torch's own files", list)?;
    if !found.stdout.is_empty() {
        let act = "unstage torch's own files";
        let reset = call().run(["reset", "--quiet", "HEAD", "--", folder]);
        reset
            .and_then(torch_process::Output::success_or_error)
            .map_err(failed(act, worktree.path))?;
    }
    Ok(())
}

/// A repository within the worktree would become a link to a commit that nobody else has; and from then on git would run
/// what the configuration in it names, which the agent may have written. Submodules that are there may move on.
fn no_nested(worktree: &Worktree<'_>, changes: &[u8]) -> Result<(), CommitError> {
    let found = nested(changes);
    if found.is_empty() {
        return Ok(());
    }
    Err(CommitError::Nested {
        path: worktree.path.to_owned(),
        folders: shortened(found),
    })
}

/// The folders that a raw diff (git-diff-index(1)) newly makes links to commits.
fn nested(changes: &[u8]) -> Vec<String> {
    let mut fields = zero_terminated(changes);
    let mut found = Vec::new();
    while let (Some(modes), Some(name)) = (fields.next(), fields.next()) {
        let becomes_link = modes.get(8..14) == Some(b"160000");
        if becomes_link && !modes.starts_with(b":160000") {
            found.push(text(name));
        }
    }
    found
}

/// Looks for the marks that git leaves around a conflict, in what was added.
fn no_markers(
    worktree: &Worktree<'_>,
    call: &impl Fn() -> Call,
    specs: &Specs,
) -> Result<(), CommitError> {
    let args = [
        "diff-index",
        "--cached",
        "--check",
        "--no-ext-diff",
        "--no-textconv",
        "HEAD",
        "--",
    ];
    let checked = call()
        .run(words(&args, specs))
        .map_err(failed("look for conflicts", worktree.path))?;
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    let mut files = Vec::new();
    for (file, lines) in marked(&said) {
        // As it is staged; a name that is no text finds nothing, and then the mark counts.
        let blob = call().run(["cat-file", "blob", &format!(":{file}")]);
        let blob = blob.map_err(failed("look for conflicts", worktree.path))?;
        if !blob.success() || has_outer(&blob.stdout, &lines) {
            files.push(file);
        }
    }
    conflicts(worktree, files.into_iter())
}

/// The files and lines that `git diff --check` (2.47) takes for marks of a conflict.
fn marked(said: &str) -> BTreeMap<String, Vec<usize>> {
    let mut files: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let places = said
        .lines()
        .filter_map(|line| line.strip_suffix(": leftover conflict marker"));
    for (file, line) in places.filter_map(|place| place.rsplit_once(':')) {
        if let Ok(line) = line.parse() {
            files.entry(file.to_owned()).or_default().push(line);
        }
    }
    files
}

/// Whether one of the lines, counted from 1, is a conflict's first or last one; the middle one alone (`=======`) may be
/// a heading.
fn has_outer(text: &[u8], lines: &[usize]) -> bool {
    let all: Vec<&[u8]> = text.split(|&byte| byte == b'\n').collect();
    lines.iter().any(|line| {
        let text = line.checked_sub(1).and_then(|at| all.get(at));
        text.is_some_and(|text| text.starts_with(b"<") || text.starts_with(b">"))
    })
}

fn conflicts(
    worktree: &Worktree<'_>,
    files: impl Iterator<Item = String>,
) -> Result<(), CommitError> {
    let files: Vec<_> = files.collect();
    if files.is_empty() {
        return Ok(());
    }
    Err(CommitError::Conflicts {
        path: worktree.path.to_owned(),
        files: shortened(files),
    })
}

/// The first of many names, and how many more there are.
fn shortened(mut names: Vec<String>) -> Vec<String> {
    let more = names.len().saturating_sub(NAMED_MAX);
    names.truncate(NAMED_MAX);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    names
}

fn words(args: &[&str], specs: &Specs) -> Vec<OsString> {
    let args = args.iter().map(OsString::from);
    args.chain(specs.all()).collect()
}

fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_submodule_may_move_on() {
        let change = |old, new, name| format!(":{old} {new} 0000000 1111111 M\0{name}\0");
        let changes = [
            change("160000", "160000", "module"),
            change("000000", "160000", "clone"),
            change("000000", "100644", "file"),
            change("160000", "000000", "gone"),
        ];
        assert_eq!(nested(changes.concat().as_bytes()), ["clone"]);
        assert!(nested(b"").is_empty());
    }

    #[test]
    fn a_heading_is_no_conflict() {
        let said = "a.rst:3: leftover conflict marker\nb:c:1: leftover conflict marker\n\
                    b:c:5: leftover conflict marker\nd:9: trailing whitespace.\n+x \n";
        let found = marked(said);
        assert_eq!(found.get("b:c"), Some(&vec![1, 5]));
        assert_eq!((found.get("a.rst"), found.len()), (Some(&vec![3]), 2));
        let text = b"<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n";
        assert!(has_outer(text, &[3, 5]) && has_outer(text, &[1]));
        assert!(!has_outer(text, &[3]) && !has_outer(text, &[0, 99]));
    }
}
