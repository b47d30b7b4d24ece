//! Files of the project that git ignores, copied or linked into a worktree: never one that a commit would then take up.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Component, Path, PathBuf};

use super::{PortPair, SetUpRequest};
use crate::call::Call;
use crate::git::failed;
use crate::{Git, WorktreeError};

/// The largest file that is copied, in bytes.
const COPY_MAX: u64 = 16 << 20;

/// Why nothing is written there: it would be written elsewhere.
const BELOW_LINK: &str = "a folder above it is a symbolic link in the worktree";

/// What became of a file that was to be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The file, relative to the project.
    pub file: String,
    /// Why it was not placed; `None`: it was.
    pub refused: Option<String>,
}

/// Places all files of a request. One that the project does not have, or the worktree has, is passed over.
pub(super) fn place(git: &Git, request: &SetUpRequest<'_>) -> Result<Vec<Placed>, WorktreeError> {
    let copies = request.copy.iter().map(|file| (file, true));
    let links = request.link.iter().map(|file| (file, false));
    let mut placed = Vec::new();
    for (file, copy) in copies.chain(links) {
        let refused = match one(git, request, file, copy)? {
            Fate::Passed => continue,
            Fate::Placed => None,
            Fate::Refused(why) => Some(why.to_owned()),
        };
        let file = file.clone();
        placed.push(Placed { file, refused });
    }
    Ok(placed)
}

enum Fate {
    Placed,
    Passed,
    Refused(&'static str),
}

fn one(
    git: &Git,
    request: &SetUpRequest<'_>,
    file: &str,
    copy: bool,
) -> Result<Fate, WorktreeError> {
    let name = Path::new(file);
    let parts: Vec<_> = name.components().collect();
    if parts.is_empty()
        || !parts
            .iter()
            .all(|part| matches!(part, Component::Normal(_)))
    {
        return Ok(Fate::Refused("it is no plain path below the project"));
    }
    let reserved = [
        Component::Normal(".git".as_ref()),
        Component::Normal(".torch".as_ref()),
    ];
    if parts.iter().any(|part| reserved.contains(part)) {
        return Ok(Fate::Refused("that is git's or torch's own"));
    }
    let root = &request.repository.root;
    let from = root.join(name);
    let Ok(found) = fs::symlink_metadata(&from) else {
        return Ok(Fate::Passed);
    };
    let inside = from.canonicalize().is_ok_and(|real| real == from);
    if !inside {
        return Ok(Fate::Refused("it is a symbolic link, or lies below one"));
    }
    if copy && (!found.is_file() || found.len() > COPY_MAX) {
        return Ok(Fate::Refused("it is no regular file of at most 16 MiB"));
    }
    let to = request.path.join(name);
    if fs::symlink_metadata(&to).is_ok() {
        return Ok(Fate::Passed);
    }
    if is_below_link(request.path, name) {
        return Ok(Fate::Refused(BELOW_LINK));
    }
    if !is_ignored(git, request.path, file)? {
        return Ok(Fate::Refused(
            "git does not ignore it, so that it could get into a commit",
        ));
    }
    if !make_parents(request.path, name)? {
        return Ok(Fate::Refused(BELOW_LINK));
    }
    if copy {
        copy_file(&from, &to, request.ports)?;
    } else {
        let linked = std::os::unix::fs::symlink(&from, &to);
        linked.map_err(WorktreeError::io("make the link", &to))?;
    }
    Ok(Fate::Placed)
}

fn is_below_link(worktree: &Path, name: &Path) -> bool {
    let mut folders = name.ancestors().skip(1);
    folders.any(|folder| {
        let full = worktree.join(folder);
        folder != Path::new("") && fs::symlink_metadata(full).is_ok_and(|found| found.is_symlink())
    })
}

/// Whether git ignores a path in a worktree, and has not taken it up.
fn is_ignored(git: &Git, worktree: &Path, file: &str) -> Result<bool, WorktreeError> {
    let act = "look whether git ignores a file";
    let output = Call::to_read(git, worktree)
        .run(["check-ignore", "--quiet", "--", file])
        .map_err(failed(act, worktree))?;
    match output.status.code() {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        _ => Err(failed(act, worktree)(
            output
                .success_or_error()
                .expect_err("its status is neither 0 nor 1"),
        )),
    }
}

/// Makes the folders above a file in the worktree; `false` where one of them is a link.
fn make_parents(worktree: &Path, name: &Path) -> Result<bool, WorktreeError> {
    let mut folder = worktree.to_owned();
    let parts: Vec<_> = name.components().collect();
    for part in &parts[..parts.len() - 1] {
        folder.push(part);
        match fs::create_dir(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(WorktreeError::io("make the directory", &folder)(error));
            }
            _ => {}
        }
        if !fs::symlink_metadata(&folder).is_ok_and(|found| found.is_dir()) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Copies a file for its owner alone: it may hold secrets. The port of a file of variables becomes the worktree's.
fn copy_file(from: &Path, to: &PathBuf, ports: Option<PortPair>) -> Result<(), WorktreeError> {
    let mut bytes = fs::read(from).map_err(WorktreeError::io("read", from))?;
    let is_env = from
        .file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with(".env"));
    if let (true, Some(pair)) = (is_env, ports) {
        bytes = with_port(&bytes, pair.first());
    }
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to);
    let written = made.and_then(|mut file| file.write_all(&bytes));
    written.map_err(WorktreeError::io("write", to))
}

/// A file of variables with this `PORT`; others, such as `API_PORT`, stay. Without one a line is added.
fn with_port(text: &[u8], port: u16) -> Vec<u8> {
    let mut found = false;
    let mut new = Vec::with_capacity(text.len() + 16);
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let blank = line
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        let words = &line[blank..];
        let export: &[u8] = if words.starts_with(b"export ") {
            b"export "
        } else {
            b""
        };
        if words[export.len()..].starts_with(b"PORT=") {
            new.extend(&line[..blank]);
            new.extend(export);
            new.extend(format!("PORT={port}").bytes());
            new.extend(line.ends_with(b"\r\n").then_some(b'\r'));
            new.extend(line.ends_with(b"\n").then_some(b'\n'));
            found = true;
        } else {
            new.extend(line);
        }
    }
    if !found {
        if !new.is_empty() && !new.ends_with(b"\n") {
            new.push(b'\n');
        }
        new.extend(format!("PORT={port}\n").bytes());
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_port_itself_is_changed() {
        for (before, after) in [
            ("", "PORT=8100\n"),
            ("A=1", "A=1\nPORT=8100\n"),
            ("PORT=3000\nAPI_PORT=3000\n", "PORT=8100\nAPI_PORT=3000\n"),
            (
                "# PORT=1\nexport PORT=3000\r\nPORT_2=1\n",
                "# PORT=1\nexport PORT=8100\r\nPORT_2=1\n",
            ),
            ("  PORT=\"3000\" # x", "  PORT=8100"),
        ] {
            let made = with_port(before.as_bytes(), 8100);
            assert_eq!(String::from_utf8_lossy(&made), after, "{before:?}");
        }
    }
}
