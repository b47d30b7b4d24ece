//! Everything that lies in a worktree: its index and its files, each with what tells whether it changed since.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::call::zero_terminated;
use crate::locate::Located;
use crate::{Git, WorktreeError};

/// The mode of a submodule's entry in an index or a tree.
pub(crate) const SUBMODULE: u32 = 0o160_000;

/// torch's own folder at the top of a worktree.
const OWN: &[u8] = b".torch/";

/// One entry of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IndexEntry {
    /// As `git ls-files -v` says: `H`, `S` (skip-worktree), `M` (unmerged), in lower case where assumed unchanged.
    pub(crate) tag: u8,
    pub(crate) mode: u32,
    pub(crate) id: String,
    /// 0, or 1 to 3 in a conflict.
    pub(crate) stage: u8,
    pub(crate) path: Vec<u8>,
}

/// What a path is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Link,
    /// A submodule, with the commit that is checked out in it.
    Submodule(String),
}

/// One file of a worktree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WorkFile {
    pub(crate) kind: Kind,
    /// Its permission bits.
    pub(crate) permissions: u32,
    pub(crate) size: u64,
    /// Device, inode, and the times of the last change of content and of anything, in nanoseconds.
    print: (u64, u64, i128, i128),
}

/// What lies in a worktree; two that are equal have the same files with the same content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scan {
    pub(crate) index: Vec<IndexEntry>,
    pub(crate) files: BTreeMap<Vec<u8>, WorkFile>,
}

/// Looks at everything in a worktree but ignored files and torch's own.
///
/// # Errors
/// [`WorktreeError::CannotKeep`] when something is there that no commit can hold.
pub(crate) fn scan(git: &Git, located: &Located) -> Result<Scan, WorktreeError> {
    scan_with(git, located, None)
}

/// [`scan`] of a folder that was renamed after it was `seen`; a submodule then does not find its own files any more, and
/// is taken to be as it was.
pub(crate) fn scan_again(git: &Git, located: &Located, seen: &Scan) -> Result<Scan, WorktreeError> {
    scan_with(git, located, Some(seen))
}

fn scan_with(git: &Git, located: &Located, seen: Option<&Scan>) -> Result<Scan, WorktreeError> {
    let listed = located
        .call(git)
        .ask("read the index", ["ls-files", "-v", "--stage", "-z"])?;
    let index = parse_index(&listed.stdout);
    let Some(root) = &located.files else {
        let files = BTreeMap::new();
        return Ok(Scan { index, files });
    };
    let mut files = BTreeMap::new();
    let mut folders = Folders::new(root);
    let tracked: BTreeSet<_> = index.iter().map(|e| (&e.path, e.mode)).collect();
    for (path, mode) in tracked {
        let found = match folders.holds(path) {
            true => {
                let known = seen.and_then(|seen| seen.files.get(path));
                look(git, root, path, (mode, known))?
            }
            false => None,
        };
        if let Some(found) = found {
            files.insert(path.clone(), found);
        }
    }
    for path in untracked(git, located, root)? {
        if let Some(found) = look(git, root, &path, (0, None))? {
            files.insert(path, found);
        }
    }
    Ok(Scan { index, files })
}

/// Reads `git ls-files -v --stage -z`.
pub(crate) fn parse_index(output: &[u8]) -> Vec<IndexEntry> {
    zero_terminated(output).filter_map(parse_entry).collect()
}

fn parse_entry(line: &[u8]) -> Option<IndexEntry> {
    let tab = line.iter().position(|&byte| byte == b'\t')?;
    let mut words = std::str::from_utf8(&line[..tab]).ok()?.split(' ');
    Some(IndexEntry {
        tag: *words.next()?.as_bytes().first()?,
        mode: u32::from_str_radix(words.next()?, 8).ok()?,
        id: words.next()?.to_owned(),
        stage: words.next()?.parse().ok()?,
        path: line[tab + 1..].to_vec(),
    })
}

/// The files that git does not know and does not ignore.
fn untracked(git: &Git, located: &Located, root: &Path) -> Result<Vec<Vec<u8>>, WorktreeError> {
    let args = ["ls-files", "--others", "--exclude-standard", "-z"];
    let listed = located.call(git).ask("list new files", args)?;
    let said = listed.error_text();
    if said.contains("could not open directory") {
        // git only warns of a folder that it can't read; what lies in it would be lost.
        return Err(cannot_keep(root, said.lines().next().unwrap_or(&said)));
    }
    let paths = zero_terminated(&listed.stdout).filter(|path| !path.starts_with(OWN));
    let mut found = Vec::new();
    for path in paths {
        if path.ends_with(b"/") {
            let why = "it is a git repository of its own, which can't be kept inside of another";
            return Err(cannot_keep(&at(root, path), why));
        }
        found.push(path.to_vec());
    }
    Ok(found)
}

/// How many ignored files there are, and their bytes: they are left out.
pub(crate) fn ignored(git: &Git, located: &Located) -> Result<(u64, u64), WorktreeError> {
    let Some(root) = &located.files else {
        return Ok((0, 0));
    };
    let args = [
        "ls-files",
        "--others",
        "--ignored",
        "--exclude-standard",
        "-z",
    ];
    let listed = located.call(git).ask("list ignored files", args)?;
    let paths = zero_terminated(&listed.stdout).filter(|path| !path.starts_with(OWN));
    Ok(paths.map(|path| measure(&at(root, path))).fold((0, 0), add))
}

fn add(a: (u64, u64), b: (u64, u64)) -> (u64, u64) {
    (a.0 + b.0, a.1 + b.1)
}

/// The files at and below a path, and their bytes; what can't be read counts as nothing.
fn measure(path: &Path) -> (u64, u64) {
    let Ok(found) = fs::symlink_metadata(path) else {
        return (0, 0);
    };
    if !found.is_dir() {
        return (1, found.len());
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .map(|entry| measure(&entry.path()))
        .fold((0, 0), add)
}

impl Scan {
    /// The submodules that are filled.
    pub(crate) fn submodules(&self) -> impl Iterator<Item = &[u8]> {
        let is_filled = |kind: &Kind| matches!(kind, Kind::Submodule(commit) if !commit.is_empty());
        let filled = self
            .files
            .iter()
            .filter(move |(_, file)| is_filled(&file.kind));
        filled.map(|(path, _)| path.as_slice())
    }
}

/// What stands at a path that has this mode in the index: `None` where nothing does, or a folder in the place of a file.
/// What is `known` of a submodule is believed.
fn look(
    git: &Git,
    root: &Path,
    path: &[u8],
    (mode, known): (u32, Option<&WorkFile>),
) -> Result<Option<WorkFile>, WorktreeError> {
    let full = at(root, path);
    let found = match fs::symlink_metadata(&full) {
        Ok(found) => found,
        Err(error) if is_absence(&error) => return Ok(None),
        Err(error) => return Err(WorktreeError::io("look at", &full)(error)),
    };
    let kind = if found.is_symlink() {
        Kind::Link
    } else if found.is_file() {
        Kind::File
    } else if found.is_dir() && mode == SUBMODULE {
        match known {
            Some(known) => known.kind.clone(),
            // Of one that is not filled the index says all that there is to know.
            None => Kind::Submodule(submodule(git, &full)?.unwrap_or_default()),
        }
    } else if found.is_dir() {
        return Ok(None);
    } else {
        return Err(cannot_keep(
            &full,
            "it is neither a file nor a folder nor a link",
        ));
    };
    Ok(Some(WorkFile {
        permissions: found.mode() & 0o7777,
        size: if kind == Kind::File { found.len() } else { 0 },
        // A submodule's own files are not ours.
        print: if found.is_dir() {
            (0, 0, 0, 0)
        } else {
            print(&found)
        },
        kind,
    }))
}

fn is_absence(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
    )
}

fn print(found: &Metadata) -> (u64, u64, i128, i128) {
    let time = |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
    (
        found.dev(),
        found.ino(),
        time(found.mtime(), found.mtime_nsec()),
        time(found.ctime(), found.ctime_nsec()),
    )
}

/// The commit that is checked out in a submodule, `None` if it is not filled. Whatever exists only in it would go
/// with the worktree, so that there must be nothing.
fn submodule(git: &Git, path: &Path) -> Result<Option<String>, WorktreeError> {
    if fs::symlink_metadata(path.join(".git")).is_err() {
        return match fs::read_dir(path).map(|mut entries| entries.next().is_none()) {
            Ok(true) => Ok(None),
            _ => Err(cannot_keep(
                path,
                "it is a submodule's folder with other files in it",
            )),
        };
    }
    let args = [
        "status",
        "--porcelain=v1",
        "-z",
        "--untracked-files=all",
        // Those within it have a configuration of their own, and are looked at below.
        "--ignore-submodules=dirty",
    ];
    let status = git.ask("read a submodule's status", path, args)?;
    if !status.stdout.is_empty() {
        return Err(cannot_keep(
            path,
            "it is a submodule with changes; commit and push them",
        ));
    }
    let args = [
        "rev-list",
        "--max-count=1",
        "HEAD",
        "--branches",
        "--glob=refs/stash",
        "--not",
        "--remotes",
        "--tags",
    ];
    let only_here = git.ask("list a submodule's commits", path, args)?;
    if !only_here.stdout.is_empty() {
        let why = "it is a submodule with commits or stashes that no remote has; push them";
        return Err(cannot_keep(path, why));
    }
    let index = git.ask(
        "read a submodule's index",
        path,
        ["ls-files", "--stage", "-z"],
    )?;
    for nested in crate::filters::submodules(&index.stdout) {
        submodule(git, &at(path, &nested))?;
    }
    let args = ["rev-parse", "--verify", "HEAD^{commit}"];
    let head = git.ask("read a submodule's HEAD", path, args)?;
    Ok(Some(head.text()))
}

/// A path of git's below a folder.
pub(crate) fn at(root: &Path, path: &[u8]) -> PathBuf {
    root.join(OsStr::from_bytes(path))
}

fn cannot_keep(path: &Path, why: &str) -> WorktreeError {
    WorktreeError::CannotKeep {
        path: path.to_owned(),
        why: why.to_owned(),
    }
}

/// Which folders of a worktree are real ones: a file below a link is not the worktree's.
struct Folders<'a> {
    root: &'a Path,
    real: HashMap<Vec<u8>, bool>,
}

impl<'a> Folders<'a> {
    fn new(root: &'a Path) -> Self {
        let real = HashMap::new();
        Self { root, real }
    }

    /// Whether all folders above a path are real.
    fn holds(&mut self, path: &[u8]) -> bool {
        let Some(end) = path.iter().rposition(|&byte| byte == b'/') else {
            return true;
        };
        let folder = &path[..end];
        if let Some(known) = self.real.get(folder) {
            return *known;
        }
        let is_real = self.holds(folder)
            && fs::symlink_metadata(at(self.root, folder)).is_ok_and(|found| found.is_dir());
        self.real.insert(folder.to_vec(), is_real);
        is_real
    }
}
