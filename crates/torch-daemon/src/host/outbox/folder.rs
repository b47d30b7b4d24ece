//! The folders of an outbox, opened step by step without following a symbolic link: whoever owns the worktree may have
//! put anything in their place.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat, renameat};
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::{UnlinkatFlags, unlinkat};

/// Where files lie that were taken and have no receipt yet.
const TAKEN: &str = ".taken";
/// Where receipts lie.
const DONE: &str = "done";
/// How many receipts are kept.
const RECEIPTS_MAX: usize = 200;
/// The longest part of a file's name that its receipt's has, in bytes.
const NAME_MAX: usize = 100;
/// How many names are read of one folder at once.
const NAMES_MAX: usize = 4096;

/// Where an agent's outbox is.
pub(super) fn place(worktree: &Path) -> PathBuf {
    worktree.join(".torch/outbox")
}

/// An open outbox.
pub(super) struct Folder {
    fd: OwnedFd,
    path: PathBuf,
}

/// What a file that was taken is.
pub(super) struct Taken {
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
    /// Its inode.
    pub(super) inode: u64,
    /// When it was written last: seconds and nanoseconds.
    pub(super) written: (i64, i64),
}

impl Folder {
    /// Opens it; `None` where there is none, or something else stands in its place.
    pub(super) fn open(worktree: &Path) -> io::Result<Option<Self>> {
        let mut fd = OwnedFd::from(File::open(worktree)?);
        for name in [".torch", "outbox"] {
            fd = match directory(&fd, name) {
                Ok(fd) => fd,
                Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
        }
        let path = place(worktree);
        Ok(Some(Self { fd, path }))
    }

    /// The names in it, at most some thousands.
    pub(super) fn names(&self) -> io::Result<Vec<OsString>> {
        names(&self.path)
    }

    /// The names of what was taken before.
    pub(super) fn taken(&self) -> Vec<OsString> {
        let path = self.path.join(TAKEN);
        let is_own = directory(&self.fd, TAKEN).is_ok();
        // None were taken yet, as a rule.
        let mut names = if is_own {
            names(&path).unwrap_or_default()
        } else {
            Vec::new()
        };
        names.retain(|name| fs::symlink_metadata(path.join(name)).is_ok_and(|meta| !meta.is_dir()));
        names
    }

    /// What a name is, without following it.
    pub(super) fn look_at(&self, name: &OsStr) -> io::Result<fs::Metadata> {
        fs::symlink_metadata(self.path.join(name))
    }

    /// Moves a file aside; false where one of that name lies there already.
    pub(super) fn take(&self, name: &OsStr) -> io::Result<bool> {
        let aside = self.made(TAKEN)?;
        if fs::symlink_metadata(self.path.join(TAKEN).join(name)).is_ok() {
            return Ok(false);
        }
        renameat(&self.fd, name, &aside, name)?;
        Ok(true)
    }

    /// Reads a file that was taken: a regular one, of at most `max` bytes.
    pub(super) fn read_taken(&self, name: &OsStr, max: u64) -> Result<Taken, String> {
        let words = |error: Errno| match error {
            Errno::ELOOP => "it is a symbolic link".to_owned(),
            Errno::ENXIO => "it is a socket or a pipe".to_owned(),
            error => io::Error::from(error).to_string(),
        };
        let aside = directory(&self.fd, TAKEN).map_err(words)?;
        // A pipe must not make the daemon wait for its writer.
        let flags = OFlag::O_RDONLY
            | OFlag::O_NOFOLLOW
            | OFlag::O_NONBLOCK
            | OFlag::O_NOCTTY
            | OFlag::O_CLOEXEC;
        let file = openat(&aside, name, flags, Mode::empty()).map_err(words)?;
        let file = File::from(file);
        let said = |error: io::Error| error.to_string();
        let meta = file.metadata().map_err(said)?;
        if !meta.is_file() {
            return Err("it is no regular file".to_owned());
        }
        if meta.len() > max {
            return Err(format!("it has {} bytes, more than {max}", meta.len()));
        }
        let mut bytes = Vec::new();
        let read = file.take(max.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(said)?;
        Ok(Taken {
            bytes,
            inode: meta.ino(),
            written: (meta.mtime(), meta.mtime_nsec()),
        })
    }

    /// Writes a receipt and lets the oldest ones go.
    pub(super) fn write_receipt(&self, name: &OsStr, key: &str, text: &[u8]) -> io::Result<()> {
        let done = self.made(DONE)?;
        let name = receipt_name(name, key);
        let new = format!(".{name}.tmp");
        // Left by a daemon that was killed, if at all.
        unlinkat(&done, new.as_str(), UnlinkatFlags::NoRemoveDir).ok();
        let flags =
            OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let file = openat(&done, new.as_str(), flags, Mode::from_bits_truncate(0o600))?;
        File::from(file).write_all(text)?;
        renameat(&done, new.as_str(), &done, name.as_str())?;
        self.expire_receipts(&done);
        Ok(())
    }

    /// Removes a file that was taken.
    pub(super) fn remove_taken(&self, name: &OsStr) -> io::Result<()> {
        let aside = directory(&self.fd, TAKEN)?;
        Ok(unlinkat(&aside, name, UnlinkatFlags::NoRemoveDir)?)
    }

    fn expire_receipts(&self, done: &OwnedFd) {
        let path = self.path.join(DONE);
        let mut all: Vec<_> = names(&path)
            .unwrap_or_default()
            .into_iter()
            .filter_map(|name| {
                let meta = fs::symlink_metadata(path.join(&name)).ok()?;
                Some((meta.modified().ok()?, name))
            })
            .collect();
        all.sort();
        let old = all.len().saturating_sub(RECEIPTS_MAX);
        for (_, name) in all.iter().take(old) {
            // The agent may have removed it itself.
            unlinkat(done, name.as_os_str(), UnlinkatFlags::NoRemoveDir).ok();
        }
    }

    /// A folder of torch's own in it, made if need be.
    fn made(&self, name: &str) -> io::Result<OwnedFd> {
        match mkdirat(&self.fd, name, Mode::from_bits_truncate(0o700)) {
            Ok(()) | Err(Errno::EEXIST) => Ok(directory(&self.fd, name)?),
            Err(error) => Err(error.into()),
        }
    }
}

fn directory(at: impl AsFd, name: &str) -> Result<OwnedFd, Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(at, name, flags, Mode::empty())
}

fn names(path: &Path) -> io::Result<Vec<OsString>> {
    let entries = fs::read_dir(path)?.take(NAMES_MAX);
    Ok(entries.flatten().map(|entry| entry.file_name()).collect())
}

/// The name of a file's receipt: its own with `.json`, without anything that a terminal or a shell would act on.
fn receipt_name(name: &OsStr, key: &str) -> String {
    let text = name.to_string_lossy();
    let harmless = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let plain: String = text
        .chars()
        .map(|c| if harmless(c) { c } else { '_' })
        .take(NAME_MAX)
        .collect();
    let plain = plain.trim_start_matches('.');
    if plain == text {
        return format!("{plain}.json");
    }
    let hash: String = key.chars().rev().take(8).collect();
    format!("{plain}-{hash}.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipts_name_harms_nobody() {
        let name = |name: &str| receipt_name(OsStr::new(name), "outbox-0123456789abcdef");
        assert_eq!(name("tester--report.md"), "tester--report.md.json");
        assert_eq!(name("a b\n\u{1b}[31m"), "a_b___31m-fedcba98.json");
        assert!(name(&"x".repeat(250)).len() < 120);
        assert_eq!(name("../x"), "_x-fedcba98.json");
    }

    #[test]
    fn nothing_is_followed() {
        let temp = tempfile::tempdir().expect("a folder");
        let (worktree, other) = (temp.path().join("w"), temp.path().join("other"));
        fs::create_dir_all(worktree.join(".torch")).expect("made");
        fs::create_dir_all(&other).expect("made");
        fs::write(other.join("secret"), "x").expect("written");
        assert!(Folder::open(&worktree).expect("looked").is_none());
        std::os::unix::fs::symlink(&other, place(&worktree)).expect("a link");
        assert!(
            Folder::open(&worktree).expect("looked").is_none(),
            "the folder itself"
        );
        fs::remove_file(place(&worktree)).expect("removed");
        fs::create_dir(place(&worktree)).expect("made");
        let folder = Folder::open(&worktree).expect("looked").expect("there");
        std::os::unix::fs::symlink(&other, place(&worktree).join(DONE)).expect("a link");
        assert!(
            folder.write_receipt(OsStr::new("x"), "k", b"{}").is_err(),
            "a receipt's place"
        );
        std::os::unix::fs::symlink(other.join("secret"), place(&worktree).join("a"))
            .expect("a link");
        assert!(folder.take(OsStr::new("a")).expect("taken"));
        let read = folder.read_taken(OsStr::new("a"), 100).err();
        assert_eq!(read.as_deref(), Some("it is a symbolic link"));
        folder.remove_taken(OsStr::new("a")).expect("removed");
        assert!(other.join("secret").exists());
        fs::write(place(&worktree).join("b"), vec![b'x'; 101]).expect("written");
        assert!(folder.take(OsStr::new("b")).expect("taken"));
        assert!(folder.read_taken(OsStr::new("b"), 100).is_err());
        assert_eq!(
            folder
                .read_taken(OsStr::new("b"), 101)
                .map(|taken| taken.bytes.len())
                .ok(),
            Some(101)
        );
        assert_eq!(folder.taken(), ["b"]);
    }
}
