//! What programs said their versions are, kept in the user's cache folder. Nothing but a table depends on it: whatever can't be
//! read, written or believed is asked again.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use torch_core::Timestamp;
use torch_core::program::InstallRules;

/// How long a version is believed: a script that starts another program stays the same when that is updated.
const DAY_MILLIS: u64 = 24 * 3_600_000;
/// The longest version that is kept, in bytes; programs say `2.1.329`.
const VERSION_MAX: usize = 64;
/// The largest file that is read, in bytes.
const FILE_MAX: u64 = 1 << 20;

/// An executable as it is now, and how it is asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Executable {
    /// Where its symbolic links lead.
    path: PathBuf,
    size: u64,
    device: u64,
    inode: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
    args: Vec<String>,
    pattern: String,
}

impl Executable {
    /// The executable that a path leads to; `None` where it can't be looked at.
    pub(super) fn at(path: &Path, rules: &InstallRules) -> Option<Self> {
        let path = path.canonicalize().ok()?;
        let meta = path.metadata().ok()?;
        Some(Self {
            path,
            size: meta.size(),
            device: meta.dev(),
            inode: meta.ino(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            args: rules.version_args.clone(),
            pattern: rules.version_pattern.clone(),
        })
    }
}

/// Versions by executable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Versions(BTreeMap<Executable, Said>);

/// What one said, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Said {
    version: String,
    at: Timestamp,
}

impl Versions {
    /// What is in the file; nothing where it can't be used.
    pub(super) fn read(file: &Path) -> Self {
        let mut text = Vec::new();
        let read = File::open(file).and_then(|file| file.take(FILE_MAX).read_to_end(&mut text));
        let known: Vec<(Executable, Said)> = read
            .ok()
            .and_then(|_| serde_json::from_slice(&text).ok())
            .unwrap_or_default();
        Self(known.into_iter().collect())
    }

    /// What this executable said within the last day.
    pub(super) fn get(&self, executable: &Executable, now: Timestamp) -> Option<String> {
        let said = self.0.get(executable)?;
        let fresh = said.at <= now && now.0 - said.at.0 < DAY_MILLIS;
        (fresh && is_version(&said.version)).then(|| said.version.clone())
    }

    /// Takes in what an executable said; what was there before at its path is forgotten.
    pub(super) fn learn(&mut self, executable: Executable, version: String, now: Timestamp) {
        if !is_version(&version) {
            return;
        }
        self.0.retain(|known, _| known.path != executable.path);
        self.0.insert(executable, Said { version, at: now });
    }

    /// Writes the file in one step; where that fails, the programs are asked again next time.
    pub(super) fn write(&self, file: &Path) {
        drop(self.try_write(file));
    }

    fn try_write(&self, file: &Path) -> io::Result<()> {
        let folder = file.parent().unwrap_or(file);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        let known: Vec<(&Executable, &Said)> = self.0.iter().collect();
        let text = serde_json::to_vec(&known)?;
        let part = file.with_extension(format!("{}.part", std::process::id()));
        let written = File::create(&part)
            .and_then(|mut open| open.write_all(&text))
            .and_then(|()| fs::rename(&part, file));
        if written.is_err() {
            // A full disk, say: what is left of it helps nobody.
            drop(fs::remove_file(&part));
        }
        written
    }
}

/// Whether it looks like a version; anybody may have written the file.
fn is_version(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    !text.is_empty() && text.len() <= VERSION_MAX && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_believed_for_a_day_and_of_the_same_file_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let program = folder.path().join("program");
        fs::write(&program, "one").expect("a file");
        let catalog = torch_daemon::catalog::Catalog::load(None, None);
        let rules = catalog.entries["claude"].program.install.clone();
        let rules = rules.expect("rules");
        let at = |rules: &InstallRules| Executable::at(&program, rules).expect("it is there");
        let (now, file) = (Timestamp(10 * DAY_MILLIS), folder.path().join("c/v.json"));
        let mut versions = Versions::default();
        versions.learn(at(&rules), "1.2.3".to_owned(), now);
        versions.write(&file);
        let versions = Versions::read(&file);
        assert_eq!(versions.get(&at(&rules), now).as_deref(), Some("1.2.3"));
        let later = |millis| Timestamp(now.0 + millis);
        assert!(versions.get(&at(&rules), later(DAY_MILLIS - 1)).is_some());
        assert_eq!(versions.get(&at(&rules), later(DAY_MILLIS)), None);
        assert_eq!(
            versions.get(&at(&rules), Timestamp(now.0 - 1)),
            None,
            "a clock that was set"
        );
        let others = InstallRules {
            version_pattern: "v(.*)".to_owned(),
            ..rules.clone()
        };
        assert_eq!(versions.get(&at(&others), now), None, "asked otherwise");
        fs::write(&program, "another one").expect("a file");
        assert_eq!(versions.get(&at(&rules), now), None, "an update");
    }

    #[test]
    fn what_is_no_version_is_not_believed() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("v.json");
        for text in ["", "{", "[[1,2]]", "\u{0}"] {
            fs::write(&file, text).expect("a file");
            assert_eq!(Versions::read(&file), Versions::default(), "{text:?}");
        }
        assert!(is_version("2.1.329 (Claude Code)"));
        let long = "1".repeat(VERSION_MAX + 1);
        for text in ["", "\u{1b}[2J", "1\n2", &long] {
            assert!(!is_version(text), "{text:?}");
        }
    }
}
