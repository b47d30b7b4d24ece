//! Keeping torch's own files in worktrees out of git's sight.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::WorktreeError;
use crate::lock::Lock;

/// The pattern: torch's folder at the top of a worktree.
const PATTERN: &str = "/.torch/";

/// Makes sure that `info/exclude` of the common directory, which holds for all worktrees, has the line `/.torch/`.
/// What is there stays as it is; the file is replaced as a whole.
///
/// # Errors
/// [`WorktreeError`] when the file can't be read or replaced.
pub fn exclude(common_dir: &Path) -> Result<(), WorktreeError> {
    let _lock = Lock::take(common_dir)?;
    let info = common_dir.join("info");
    fs::create_dir_all(&info).map_err(WorktreeError::io("make the directory", &info))?;
    let path = info.join("exclude");
    let mut text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(WorktreeError::io("read", &path)(error)),
    };
    let mut lines = text.split(|&byte| byte == b'\n');
    if lines.any(|line| line.strip_suffix(b"\r").unwrap_or(line) == PATTERN.as_bytes()) {
        return Ok(());
    }
    if !text.is_empty() && !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    text.extend_from_slice(PATTERN.as_bytes());
    text.push(b'\n');
    let new = info.join("exclude.torch-new");
    replace(&path, &new, &text).map_err(WorktreeError::io("replace", &path))
}

/// The same for the repository that a folder lies in, which may be without a commit still.
///
/// # Errors
/// [`WorktreeError`] where no repository of the user's can be opened, and as [`exclude`].
pub fn exclude_in(folder: &Path) -> Result<(), WorktreeError> {
    let repository = git2::Repository::discover(folder)
        .map_err(WorktreeError::libgit2("open the repository", folder))?;
    exclude(repository.commondir())
}

/// Writes a file beside `path` and renames it, with the permissions of what was there.
fn replace(path: &Path, new: &Path, text: &[u8]) -> io::Result<()> {
    // Left by a crash; the lock is held, so nobody writes it now.
    if let Err(error) = fs::remove_file(new)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(new)?;
    file.write_all(text)?;
    if let Ok(old) = fs::metadata(path) {
        file.set_permissions(old.permissions())?;
    }
    file.sync_all()?;
    fs::rename(new, path)
}
