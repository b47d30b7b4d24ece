//! Writing kept files: bytes as they were, links last, nothing outside of the new worktree.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use crate::WorktreeError;
use crate::call::{Call, zero_terminated};
use crate::keep::How;
use crate::kept::{is_id, next_object};
use crate::scan::at;

/// How many bytes of files are read from git at once; a larger file comes by another way.
const BATCH_BYTES: u64 = 16 << 20;

/// How many files are read from git at once.
const BATCH_FILES: usize = 2_000;

/// One file of a kept worktree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) how: How,
    pub(super) permissions: u32,
    pub(super) size: u64,
    pub(super) id: String,
    pub(super) path: Vec<u8>,
}

/// Reads the list of files: `HOW PERMISSIONS SIZE ID<tab>PATH`, each ended by NUL. `None` when anything is amiss.
pub(super) fn parse(list: &[u8]) -> Option<Vec<Listed>> {
    zero_terminated(list).map(parse_one).collect()
}

fn parse_one(line: &[u8]) -> Option<Listed> {
    let (facts, path) = split_tab(line)?;
    let [how, permissions, size, id] = words(facts)?;
    Some(Listed {
        how: How::parse(how)?,
        permissions: u32::from_str_radix(permissions, 8).ok()? & 0o777,
        size: size.parse().ok()?,
        id: id.to_owned(),
        path: checked(path)?,
    })
    .filter(|file| is_id(&file.id) || file.how == How::Submodule)
}

/// Reads `git ls-tree -r -z`, with or without sizes. `None` when anything is amiss.
pub(super) fn of_tree(output: &[u8]) -> Option<Vec<Listed>> {
    zero_terminated(output).map(of_tree_line).collect()
}

/// The same files, checked out from the index.
pub(super) fn through_filters(mut files: Vec<Listed>) -> Vec<Listed> {
    for file in files.iter_mut().filter(|file| file.how == How::Raw) {
        file.how = How::Filtered;
    }
    files
}

fn of_tree_line(line: &[u8]) -> Option<Listed> {
    let (facts, path) = split_tab(line)?;
    let mut words = facts.split_ascii_whitespace();
    let (mode, _, id) = (words.next()?, words.next()?, words.next()?);
    let (how, permissions) = match mode {
        "100755" => (How::Raw, 0o755),
        "120000" => (How::Link, 0o777),
        "160000" => (How::Submodule, 0o755),
        _ => (How::Raw, 0o644),
    };
    Some(Listed {
        how,
        permissions,
        size: words.next().and_then(|size| size.parse().ok()).unwrap_or(0),
        id: id.to_owned(),
        path: checked(path)?,
    })
}

fn split_tab(line: &[u8]) -> Option<(&str, &[u8])> {
    let tab = line.iter().position(|&byte| byte == b'\t')?;
    Some((std::str::from_utf8(&line[..tab]).ok()?, &line[tab + 1..]))
}

fn words(facts: &str) -> Option<[&str; 4]> {
    facts.split(' ').collect::<Vec<_>>().try_into().ok()
}

/// A path that stays below its root and out of any git directory.
fn checked(path: &[u8]) -> Option<Vec<u8>> {
    let is_plain =
        |part: &[u8]| !matches!(part, b"" | b"." | b"..") && !part.eq_ignore_ascii_case(b".git");
    let plain = path.split(|&byte| byte == b'/').all(is_plain);
    plain.then(|| path.to_vec())
}

/// The paths of those that come through a filter, each ended by NUL.
pub(super) fn filtered(files: &[Listed]) -> Vec<u8> {
    let of = files.iter().filter(|file| file.how == How::Filtered);
    of.flat_map(|file| [file.path.as_slice(), b"\0"].concat())
        .collect()
}

/// Writes all files. Links come last, so that no file is ever written through one.
pub(super) fn restore(
    call: impl Fn() -> Call,
    root: &Path,
    files: &[Listed],
) -> Result<(), WorktreeError> {
    let of = |how: How| files.iter().filter(move |file| file.how == how);
    for file in of(How::Submodule) {
        make_folders(root, &file.path, true)?;
    }
    let is_large = |file: &&Listed| file.size > BATCH_BYTES;
    for file in of(How::Raw).filter(is_large) {
        write_large(&call, root, file)?;
    }
    let raw: Vec<_> = of(How::Raw).filter(|file| !is_large(file)).collect();
    write(&call, &raw, |file, content| write_file(root, file, content))?;
    let filtered = filtered(files);
    if !filtered.is_empty() {
        let args = ["checkout-index", "-z", "--stdin"];
        call().stdin(filtered).ask("check files out", args)?;
        for file in of(How::Filtered) {
            let full = at(root, &file.path);
            let permissions = Permissions::from_mode(file.permissions);
            fs::set_permissions(&full, permissions)
                .map_err(WorktreeError::io("set the permissions of", &full))?;
        }
    }
    let links: Vec<_> = of(How::Link).collect();
    write(&call, &links, |file, target| {
        make_folders(root, &file.path, false)?;
        let full = at(root, &file.path);
        std::os::unix::fs::symlink(OsStr::from_bytes(target), &full)
            .map_err(WorktreeError::io("make the link", &full))
    })
}

/// Puts the files of a git directory's state back, over what a fresh worktree has there.
pub(super) fn restore_state(
    call: impl Fn() -> Call,
    git_dir: &Path,
    state: &[(Vec<u8>, String)],
) -> Result<(), WorktreeError> {
    let files: Vec<Listed> = state
        .iter()
        .map(|(path, id)| Listed {
            how: How::Raw,
            permissions: 0o644,
            size: 0,
            id: id.clone(),
            path: path.clone(),
        })
        .collect();
    write(&call, &files.iter().collect::<Vec<_>>(), |file, content| {
        let full = at(git_dir, &file.path);
        if let Some(parent) = full.parent() {
            fs::create_dir_all(parent).map_err(WorktreeError::io("make the directory", parent))?;
        }
        fs::write(&full, content).map_err(WorktreeError::io("write", &full))
    })
}

/// Reads the blobs of files, many at once, and hands each to `write`.
fn write(
    call: &impl Fn() -> Call,
    files: &[&Listed],
    write: impl Fn(&Listed, &[u8]) -> Result<(), WorktreeError>,
) -> Result<(), WorktreeError> {
    let mut rest = files;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |file: &&&Listed| {
            bytes += file.size;
            bytes <= BATCH_BYTES
        };
        let count = rest
            .iter()
            .take(BATCH_FILES)
            .take_while(fits)
            .count()
            .max(1);
        let (batch, after) = rest.split_at(count);
        rest = after;
        let wanted: String = batch.iter().map(|file| format!("{}\n", file.id)).collect();
        let output = call()
            .stdin(wanted)
            .ask("read kept files", ["cat-file", "--batch"])?;
        let mut output = output.stdout.as_slice();
        for file in batch {
            let (content, after) = next_object(output).ok_or_else(|| missing(file))?;
            output = after;
            write(file, content)?;
        }
    }
    Ok(())
}

/// Writes a file that is too large to be read from a command: git writes it beside, and it gets its name.
fn write_large(call: &impl Fn() -> Call, root: &Path, file: &Listed) -> Result<(), WorktreeError> {
    make_folders(root, &file.path, false)?;
    let made = call().ask("read a kept file", ["unpack-file", &file.id])?;
    let beside = root.join(made.text());
    let full = at(root, &file.path);
    // Which never takes a name that is taken.
    fs::hard_link(&beside, &full).map_err(WorktreeError::io("write", &full))?;
    fs::remove_file(&beside).map_err(WorktreeError::io("remove", &beside))?;
    let permissions = Permissions::from_mode(file.permissions);
    fs::set_permissions(&full, permissions)
        .map_err(WorktreeError::io("set the permissions of", &full))
}

fn missing(file: &Listed) -> WorktreeError {
    WorktreeError::Damaged {
        reference: file.id.clone(),
        what: String::from_utf8_lossy(&file.path).into_owned(),
    }
}

fn write_file(root: &Path, file: &Listed, content: &[u8]) -> Result<(), WorktreeError> {
    make_folders(root, &file.path, false)?;
    let full = at(root, &file.path);
    let failed = || WorktreeError::io("write", &full);
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&full);
    let mut made = made.map_err(failed())?;
    made.write_all(content).map_err(failed())?;
    // Whatever the umask is.
    made.set_permissions(Permissions::from_mode(file.permissions))
        .map_err(failed())
}

/// Makes the folders above a path, and with `itself` the path as one.
fn make_folders(root: &Path, path: &[u8], itself: bool) -> Result<(), WorktreeError> {
    let end = match itself {
        true => path.len(),
        false => path.iter().rposition(|&byte| byte == b'/').unwrap_or(0),
    };
    if end == 0 {
        return Ok(());
    }
    let folder = at(root, &path[..end]);
    let made = DirBuilder::new().recursive(true).create(&folder);
    made.map_err(WorktreeError::io("make the directory", &folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forged_path_is_refused() {
        let line = |path: &str| format!("f 644 3 {}\t{path}\0", "a".repeat(40)).into_bytes();
        assert!(parse(&line("a/b")).is_some());
        for path in [
            "/etc/x",
            "../x",
            "a/../../x",
            ".git/config",
            "a/.GIT/x",
            "a//b",
            ".",
        ] {
            assert_eq!(parse(&line(path)), None, "{path}");
        }
        assert_eq!(parse(b"f 644 3 short\ta\0"), None);
    }
}
