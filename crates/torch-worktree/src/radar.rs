//! The conflict radar: which files two or more agents change now, and which of these changes would conflict.
//!
//! Work that is not committed counts. Everything is merged by `git merge-tree` (git 2.40 or newer), the engine of `git merge`,
//! with objects in a folder of the caller's: nothing is written into the repository, and no worktree is touched. What libgit2 can
//! read is put together and compared by it, which spares a process for each step. Two sides are
//! compared from their own merge base, so work that one has merged from the other is no overlap. A repository's own merge drivers,
//! external diffs and text conversions are not run.

mod changes;
mod merges;
mod work;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::call::quoted;
use crate::refs::Graph;
use crate::words::shown;
use crate::{Git, Repository, WorktreeError};
use changes::{Change, Changes, Hunk, Hunks};

/// More files that two sides share than this are not looked into for the lines, in files; that they are shared is said.
const LINES_MAX: usize = 200;

/// One agent's work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// What it is called in the answer: a role.
    pub name: String,
    /// Its worktree, whose uncommitted work counts.
    pub worktree: PathBuf,
}

/// What to look at.
#[derive(Debug)]
pub struct RadarRequest<'a> {
    /// The project's repository.
    pub repository: &'a Repository,
    /// The branch that all of it is for, or a commit as full hex.
    pub parent: &'a str,
    /// The agents' work; names are unique.
    pub sides: &'a [Side],
    /// A folder that does not exist yet, on any disk: objects are written into it, and it is removed at the end.
    pub scratch: &'a Path,
}

/// What was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Radar {
    /// The parent branch's newest commit, full hex.
    pub parent: String,
    /// Each side, in the order asked for.
    pub sides: Vec<Touched>,
    /// The files that two or more sides change, by path.
    pub overlaps: Vec<Overlap>,
}

/// What one side changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    /// Its name.
    pub name: String,
    /// How many files differ from where it left the parent branch.
    pub files: usize,
    /// How many of them have changes that are not committed.
    pub uncommitted: usize,
    /// The files in which it conflicts with the parent branch as it is now.
    pub conflicts: Vec<String>,
}

/// A file that two or more sides change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlap {
    /// Its path in the repository; bytes that are not UTF-8 are shown as U+FFFD.
    pub path: String,
    /// The pairs of sides that change it.
    pub pairs: Vec<Pair>,
}

/// Two sides that change one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// Their names, in the order asked for.
    pub sides: [String; 2],
    /// Whether git could not merge the file by itself.
    pub conflict: bool,
    /// Those of the two in whose worktree it has changes that are not committed.
    pub uncommitted: Vec<String>,
    /// Where both change it or stand directly beside each other: lines of their common base, first and last, counted from 1.
    /// Empty where they are apart, or the file is no text, or there are more than 200 such files.
    pub lines: Vec<(u32, u32)>,
}

/// Looks at the sides' work against each other and against the parent branch.
///
/// # Errors
/// [`WorktreeError::Git`] where git can't read the repository or a worktree, or is older than 2.40;
/// [`WorktreeError::Io`] where the scratch folder can't be made.
pub fn radar(git: &Git, request: &RadarRequest<'_>) -> Result<Radar, WorktreeError> {
    let scratch = Scratch::make(request.scratch)?;
    let desk = Desk::new(git, request.repository, &scratch)?;
    let parent = desk.parent(request.parent)?;
    let looked: Vec<Looked<'_>> = request
        .sides
        .iter()
        .map(|side| desk.look(side, &parent))
        .collect::<Result<_, _>>()?;
    let near = desk.near(&looked)?;
    let mut wanted: Vec<(&str, &str)> = near
        .iter()
        .map(|near| {
            (
                looked[near.sides.0].tip.as_str(),
                looked[near.sides.1].tip.as_str(),
            )
        })
        .collect();
    let pairs = wanted.len();
    wanted.extend(
        looked
            .iter()
            .map(|side| (parent.as_str(), side.tip.as_str())),
    );
    let merged = desk.conflicts(&wanted)?;
    let sides = looked.iter().zip(&merged[pairs..]);
    Ok(Radar {
        parent: parent.clone(),
        sides: sides
            .map(|(side, conflicts)| side.touched(conflicts))
            .collect(),
        overlaps: overlaps(&looked, &near, &merged, &desk)?,
    })
}

/// A side with its uncommitted work as a commit.
struct Looked<'a> {
    side: &'a Side,
    /// What is checked out, full hex.
    head: String,
    /// The commit that holds everything, full hex: `head`, or a child of it that only the scratch folder has.
    tip: String,
    /// What it changes since it left the parent branch.
    changes: BTreeMap<Vec<u8>, Change>,
    uncommitted: BTreeSet<Vec<u8>>,
    /// Where it left the parent branch; `None` where the two have nothing in common.
    base: Option<String>,
}

impl Looked<'_> {
    fn touched(&self, conflicts: &BTreeSet<Vec<u8>>) -> Touched {
        Touched {
            name: self.side.name.clone(),
            files: self.changes.len(),
            uncommitted: self.uncommitted.len(),
            conflicts: conflicts.iter().map(|path| shown(path)).collect(),
        }
    }
}

/// Two sides, by their places, that change the same files since their own merge base.
struct Near {
    sides: (usize, usize),
    base: String,
    paths: BTreeSet<Vec<u8>>,
}

/// Commands of one repository that write their objects beside it.
struct Desk<'a> {
    git: &'a Git,
    root: &'a Path,
    objects: PathBuf,
    alternates: String,
    scratch: &'a Path,
    /// The repository itself, without the scratch folder.
    graph: Graph<'a>,
    /// The scratch folder and behind it the repository, as libgit2 reads them, if it does.
    libgit2: Option<git2::Repository>,
    /// What was compared: from, to.
    compared: RefCell<BTreeMap<(String, String), Changes>>,
}

impl<'a> Desk<'a> {
    fn new(
        git: &'a Git,
        repository: &'a Repository,
        scratch: &'a Scratch,
    ) -> Result<Self, WorktreeError> {
        use std::os::unix::ffi::OsStrExt as _;
        let own = repository.common_dir.join("objects");
        let mut desk = Self {
            git,
            root: &repository.root,
            objects: scratch.0.join("objects"),
            alternates: quoted(own.as_os_str().as_bytes()),
            scratch: &scratch.0,
            graph: Graph::open(git, &repository.common_dir),
            libgit2: None,
            compared: RefCell::default(),
        };
        if desk.graph.is_read_by_libgit2() {
            desk.libgit2 = desk.or_git(open_over(&scratch.0, &own));
        }
        Ok(desk)
    }

    /// Asks libgit2, which sees the scratch folder's objects too; `None` where it can't answer.
    fn by_libgit2<T>(
        &self,
        ask: impl FnOnce(&git2::Repository) -> Result<T, git2::Error>,
    ) -> Option<T> {
        self.or_git(ask(self.libgit2.as_ref()?))
    }

    fn or_git<T>(&self, answered: Result<T, git2::Error>) -> Option<T> {
        let root = self.root.display();
        answered
            .inspect_err(|error| tracing::debug!(%root, %error, "git is asked instead of libgit2"))
            .ok()
    }

    /// A command in the project's folder.
    fn call(&self) -> Call {
        self.in_scratch(self.git.call(self.root))
    }

    /// A command in a worktree of it.
    fn call_in(&self, worktree: &Path) -> Call {
        self.in_scratch(self.git.call(worktree))
    }

    fn in_scratch(&self, call: Call) -> Call {
        call.env("GIT_OBJECT_DIRECTORY", &self.objects)
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", &self.alternates)
            .env("GIT_LITERAL_PATHSPECS", "1")
    }

    /// The commit that a revision names.
    fn commit(&self, folder: &Path, revision: &str) -> Result<String, WorktreeError> {
        let found = git2::Repository::open(folder).and_then(|repository| {
            let object = repository.revparse_single(revision)?;
            Ok(object.peel_to_commit()?.id().to_string())
        });
        if let Ok(found) = found {
            return Ok(found);
        }
        let revision = format!("{revision}^{{commit}}");
        let args = ["rev-parse", "--verify", "--end-of-options", &revision];
        Ok(self.call_in(folder).ask("read a commit", args)?.text())
    }

    /// The newest commit of the parent branch.
    fn parent(&self, name: &str) -> Result<String, WorktreeError> {
        let is_commit = name.len() >= 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        match is_commit {
            true => self.commit(self.root, name),
            false => self.commit(self.root, &format!("refs/heads/{name}")),
        }
    }

    fn look<'s>(&self, side: &'s Side, parent: &str) -> Result<Looked<'s>, WorktreeError> {
        let head = self.commit(&side.worktree, "HEAD")?;
        let (tip, uncommitted) = self.with_work(&side.worktree, &head)?;
        // The tip's only parent is what is checked out.
        let base = self.merge_base(parent, &head)?;
        let changes = match &base {
            Some(base) => self.changes(base, &tip)?,
            None => BTreeMap::new(),
        };
        Ok(Looked {
            side,
            head,
            tip,
            changes,
            uncommitted,
            base,
        })
    }

    /// The pairs that change the same files.
    fn near(&self, looked: &[Looked<'_>]) -> Result<Vec<Near>, WorktreeError> {
        let mut near = Vec::new();
        for (first, a) in looked.iter().enumerate() {
            for (second, b) in looked.iter().enumerate().skip(first + 1) {
                if !meet(&a.changes, &b.changes) {
                    continue;
                }
                let Some(base) = self.merge_base(&a.head, &b.head)? else {
                    continue;
                };
                let own = |side: &Looked<'_>| match &side.base {
                    Some(own) if *own == base => Ok(side.changes.clone()),
                    _ => self.changes(&base, &side.tip),
                };
                let (ours, theirs) = (own(a)?, own(b)?);
                let differ = |path: &&Vec<u8>| match (ours.get(*path), theirs.get(*path)) {
                    (Some(a), Some(b)) => a != b,
                    _ => false,
                };
                let paths: BTreeSet<_> = ours.keys().filter(differ).cloned().collect();
                if !paths.is_empty() {
                    let sides = (first, second);
                    near.push(Near { sides, base, paths });
                }
            }
        }
        Ok(near)
    }
}

/// Makes a bare repository of a folder, which writes there and reads these objects too.
fn open_over(folder: &Path, objects: &Path) -> Result<git2::Repository, git2::Error> {
    let objects = objects
        .to_str()
        .ok_or_else(|| git2::Error::from_str("its path is not UTF-8"))?;
    let mut options = git2::RepositoryInitOptions::new();
    options.bare(true).external_template(false);
    let made = git2::Repository::init_opts(folder, &options)?;
    made.odb()?.add_disk_alternate(objects)?;
    Ok(made)
}

/// Whether two sides change a file in different ways.
fn meet(a: &BTreeMap<Vec<u8>, Change>, b: &BTreeMap<Vec<u8>, Change>) -> bool {
    a.iter()
        .any(|(path, change)| b.get(path).is_some_and(|other| other != change))
}

fn overlaps(
    looked: &[Looked<'_>],
    near: &[Near],
    merged: &[BTreeSet<Vec<u8>>],
    desk: &Desk<'_>,
) -> Result<Vec<Overlap>, WorktreeError> {
    let mut found: BTreeMap<Vec<u8>, Vec<Pair>> = BTreeMap::new();
    let hunks = all_hunks(looked, near, desk)?;
    for (near, conflicts) in near.iter().zip(merged) {
        let (a, b) = (&looked[near.sides.0], &looked[near.sides.1]);
        let of = |side: usize| {
            let ends = (near.base.as_str(), looked[side].tip.as_str());
            hunks.get(&ends).filter(|_| near.paths.len() <= LINES_MAX)
        };
        let (ours, theirs) = (of(near.sides.0), of(near.sides.1));
        // A conflict may lie in a file that one side renamed.
        for path in near.paths.union(conflicts) {
            let uncommitted = [a, b]
                .into_iter()
                .filter(|side| side.uncommitted.contains(path));
            let pair = Pair {
                sides: [a.side.name.clone(), b.side.name.clone()],
                conflict: conflicts.contains(path),
                uncommitted: uncommitted.map(|side| side.side.name.clone()).collect(),
                lines: match (
                    ours.and_then(|files| files.get(path)),
                    theirs.and_then(|files| files.get(path)),
                ) {
                    (Some(a), Some(b)) if near.paths.contains(path) => Hunk::shared(a, b),
                    _ => Vec::new(),
                },
            };
            found.entry(path.clone()).or_default().push(pair);
        }
    }
    let found = found.into_iter();
    Ok(found
        .map(|(path, pairs)| Overlap {
            path: shown(&path),
            pairs,
        })
        .collect())
}

/// The lines that sides change in files that others change, by base and tip: one process for each of these, not for each pair.
fn all_hunks<'l>(
    looked: &'l [Looked<'_>],
    near: &'l [Near],
    desk: &Desk<'_>,
) -> Result<BTreeMap<(&'l str, &'l str), Hunks>, WorktreeError> {
    let mut wanted: BTreeMap<(&str, &str), BTreeSet<Vec<u8>>> = BTreeMap::new();
    for near in near.iter().filter(|near| near.paths.len() <= LINES_MAX) {
        for side in [near.sides.0, near.sides.1] {
            let ends = (near.base.as_str(), looked[side].tip.as_str());
            let paths = wanted.entry(ends).or_default();
            paths.extend(near.paths.iter().cloned());
        }
    }
    let each = wanted.into_iter();
    each.map(|(ends, paths)| Ok((ends, desk.hunks(ends.0, ends.1, &paths)?)))
        .collect()
}

/// A folder that goes with this.
struct Scratch(PathBuf);

impl Scratch {
    fn make(path: &Path) -> Result<Self, WorktreeError> {
        fs::create_dir(path).map_err(WorktreeError::io("make", path))?;
        let made = Self(path.to_owned());
        let objects = path.join("objects");
        fs::create_dir(&objects).map_err(WorktreeError::io("make", &objects))?;
        Ok(made)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(folder = %self.0.display(), %error, "the radar's objects could not be removed");
        }
    }
}
