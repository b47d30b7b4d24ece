//! A worktree's uncommitted work as a commit in the scratch folder.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::Desk;
use crate::WorktreeError;
use crate::call::{Call, quoted};

/// A file that git tells of as changed, as it lies there now.
enum Now {
    Gone,
    File { executable: bool },
    Link,
}

impl Desk<'_> {
    /// The commit that holds what is committed in a worktree and what is not, and the files that are not.
    ///
    /// Files are taken as they lie there, without filters. What is no file (a submodule, a repository within) is left out.
    pub(super) fn with_work(
        &self,
        worktree: &Path,
        tip: &str,
    ) -> Result<(String, BTreeSet<Vec<u8>>), WorktreeError> {
        let changed = self.changed(worktree)?;
        if changed.is_empty() {
            return Ok((tip.to_owned(), changed));
        }
        let made = self.by_libgit2(|desk| by_libgit2(desk, worktree, tip, &changed));
        if let Some(made) = made {
            return Ok(made);
        }
        let mut lines = Vec::new();
        let (mut files, mut taken) = (Vec::new(), BTreeSet::new());
        for path in &changed {
            let zeros = "0".repeat(tip.len());
            match now(&worktree.join(OsStr::from_bytes(path))) {
                Some(Now::Gone) => lines.push((format!("0 {zeros}"), path)),
                Some(Now::File { executable }) => {
                    files.push((if executable { 100_755 } else { 100_644 }, path))
                }
                Some(Now::Link) => {
                    lines.push((format!("120000 {}", self.link(worktree, path)?), path))
                }
                None => continue,
            }
            taken.insert(path.clone());
        }
        let ids = self.blobs(worktree, files.iter().map(|(_, path)| path.as_slice()))?;
        let written = files.into_iter().zip(ids);
        lines.extend(written.map(|((mode, path), id)| (format!("{mode} {id}"), path)));
        Ok((self.commit_of(worktree, tip, &lines)?, taken))
    }

    fn changed(&self, worktree: &Path) -> Result<BTreeSet<Vec<u8>>, WorktreeError> {
        let args = [
            "status",
            "--porcelain=v1",
            "-z",
            "--untracked-files=all",
            "--no-renames",
            "--ignore-submodules=all",
        ];
        let output = self.git.ask("read the status", worktree, args)?;
        let paths = crate::call::zero_terminated(&output.stdout).filter_map(|entry| entry.get(3..));
        Ok(paths
            .filter(|path| !path.ends_with(b"/"))
            .map(<[u8]>::to_vec)
            .collect())
    }

    fn blobs<'p>(
        &self,
        worktree: &Path,
        paths: impl Iterator<Item = &'p [u8]>,
    ) -> Result<Vec<String>, WorktreeError> {
        let lines: String = paths.map(|path| quoted(path) + "\n").collect();
        if lines.is_empty() {
            return Ok(Vec::new());
        }
        let args = ["hash-object", "-w", "--no-filters", "--stdin-paths"];
        let output = self
            .call_in(worktree)
            .stdin(lines)
            .ask("read files", args)?;
        Ok(output.text().lines().map(str::to_owned).collect())
    }

    fn link(&self, worktree: &Path, path: &[u8]) -> Result<String, WorktreeError> {
        let place = worktree.join(OsStr::from_bytes(path));
        let target = fs::read_link(&place).map_err(WorktreeError::io("read", &place))?;
        let call = self.call_in(worktree).stdin(target.as_os_str().as_bytes());
        Ok(call
            .ask("read a link", ["hash-object", "-w", "--stdin"])?
            .text())
    }

    /// Commits `tip` with these entries over it, through an index of its own.
    fn commit_of(
        &self,
        worktree: &Path,
        tip: &str,
        lines: &[(String, &Vec<u8>)],
    ) -> Result<String, WorktreeError> {
        let index = self.scratch.join("index");
        let call = || -> Call { self.call_in(worktree).env("GIT_INDEX_FILE", &index) };
        call().ask("read a commit", ["read-tree", tip])?;
        let mut entries = Vec::new();
        for (entry, path) in lines {
            entries.extend_from_slice(entry.as_bytes());
            entries.push(b'\t');
            entries.extend_from_slice(path);
            entries.push(0);
        }
        let args = ["update-index", "-z", "--index-info"];
        call().stdin(entries).ask("put files together", args)?;
        let tree = call().ask("write a tree", ["write-tree"])?.text();
        let args = ["commit-tree", "-p", tip, "-m", "uncommitted", &tree];
        Ok(call().ask("write a commit", args)?.text())
    }
}

/// The commit, and the files of `changed` that it holds, as libgit2 writes them into `desk`.
fn by_libgit2(
    desk: &git2::Repository,
    worktree: &Path,
    tip: &str,
    changed: &BTreeSet<Vec<u8>>,
) -> Result<(String, BTreeSet<Vec<u8>>), git2::Error> {
    let tip = desk.find_commit(git2::Oid::from_str(tip)?)?;
    let mut index = git2::Index::new()?;
    index.read_tree(&tip.tree()?)?;
    let mut taken = BTreeSet::new();
    for path in changed {
        let place = worktree.join(OsStr::from_bytes(path));
        let (mode, id) = match now(&place) {
            None => continue,
            Some(Now::Gone) => {
                // One that was only added to the index is not there.
                match index.remove(Path::new(OsStr::from_bytes(path)), 0) {
                    Err(error) if error.code() != git2::ErrorCode::NotFound => return Err(error),
                    _ => {}
                }
                taken.insert(path.clone());
                continue;
            }
            Some(Now::Link) => {
                let target = fs::read_link(&place).map_err(io_error)?;
                (0o120_000, desk.blob(target.as_os_str().as_bytes())?)
            }
            Some(Now::File { executable }) => {
                let mode = if executable { 0o100_755 } else { 0o100_644 };
                (mode, blob(desk, &place)?)
            }
        };
        index.add(&entry(path, mode, id))?;
        taken.insert(path.clone());
    }
    let tree = desk.find_tree(index.write_tree_to(desk)?)?;
    let torch = git2::Signature::new("torch", "torch", &git2::Time::new(0, 0))?;
    let commit = desk.commit(None, &torch, &torch, "uncommitted", &tree, &[&tip])?;
    Ok((commit.to_string(), taken))
}

/// A file's bytes as a blob, without filters.
fn blob(desk: &git2::Repository, place: &Path) -> Result<git2::Oid, git2::Error> {
    let mut file = fs::File::open(place).map_err(io_error)?;
    let size = file.metadata().map_err(io_error)?.len();
    let size_here = usize::try_from(size).map_err(|_| git2::Error::from_str("too large"))?;
    let odb = desk.odb()?;
    let mut writer = odb.writer(size_here, git2::ObjectType::Blob)?;
    // One that grows or shrinks meanwhile is not of this size, which libgit2 refuses.
    io::copy(&mut file.by_ref().take(size), &mut writer).map_err(io_error)?;
    writer.finalize()
}

fn entry(path: &[u8], mode: u32, id: git2::Oid) -> git2::IndexEntry {
    let never = git2::IndexTime::new(0, 0);
    git2::IndexEntry {
        ctime: never,
        mtime: never,
        dev: 0,
        ino: 0,
        mode,
        uid: 0,
        gid: 0,
        file_size: 0,
        id,
        flags: 0,
        flags_extended: 0,
        path: path.to_vec(),
    }
}

fn io_error(error: io::Error) -> git2::Error {
    git2::Error::from_str(&error.to_string())
}

/// `None` for what git keeps no blob of: a folder, a pipe.
fn now(path: &Path) -> Option<Now> {
    use std::os::unix::fs::PermissionsExt as _;
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => Some(Now::File {
            executable: found.permissions().mode() & 0o100 != 0,
        }),
        Ok(found) if found.is_symlink() => Some(Now::Link),
        Ok(_) => None,
        Err(_) => Some(Now::Gone),
    }
}
