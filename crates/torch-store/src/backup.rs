//! Backups: whole copies of the database, taken beside a running daemon, verified before they count as one.
//!
//! A backup is `torch-YYYYMMDD_HHMMSS.db` (UTC) in the registry's `backups`, with a manifest of the same name that ends
//! in `.json`. A copy that was not finished or not verified ends in `.part` and is never taken for one.

pub(crate) mod content;

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use torch_core::Timestamp;

pub use content::{Content, content};

use crate::StoreError;
use crate::chain::hex;
use crate::open::{check_header, connect_read_only};

/// What a backup holds, as its manifest says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Its file's name.
    pub file: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
    /// When it was made.
    pub made: Timestamp,
    /// Why: `command`, `daemon`, `migration`.
    pub reason: String,
    /// The how manieth of this registry it is: what counts as newest, whatever a clock said.
    #[serde(default)]
    pub number: u64,
    /// What is in it.
    #[serde(flatten)]
    pub content: Content,
}

/// A backup as it lies in its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The file.
    pub path: PathBuf,
    /// Its manifest; `None` where it is missing or unreadable.
    pub manifest: Option<Manifest>,
}

/// Where the backups of the registry in `home` are kept.
pub fn folder(home: &Path) -> PathBuf {
    home.join("backups")
}

/// Copies the database of the registry in `home`, verifies the copy and writes its manifest. Works beside a running
/// daemon; the database is only read.
///
/// # Errors
/// What the database and the disk say; [`StoreError::Backup`] for a copy that does not verify, which is removed: then
/// the database itself is damaged.
pub fn make(home: &Path, now: Timestamp, reason: &str) -> Result<Backup, StoreError> {
    copy(&home.join("torch.db"), &folder(home), now, reason)
}

/// A backup before the schema of the database at `path` is changed.
pub(crate) fn before_migration(path: &Path, now: Timestamp) -> Result<Backup, StoreError> {
    let home = path.parent().unwrap_or(Path::new("/"));
    copy(path, &folder(home), now, "migration")
}

fn copy(source: &Path, dir: &Path, now: Timestamp, reason: &str) -> Result<Backup, StoreError> {
    if !source.exists() {
        let path = source.to_owned();
        return Err(StoreError::Missing { path });
    }
    check_header(source)?;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(StoreError::file("create", dir))?;
    let path = free_name(dir, now);
    let part = path.with_extension("db.part");
    let result = write_part(source, &part).and_then(|()| {
        let content = content(&part).map_err(|error| StoreError::Backup {
            path: path.clone(),
            detail: format!("the copy does not verify, so the database is damaged: {error}"),
        })?;
        finish(&part, &path, now, reason, content)
    });
    if result.is_err() {
        // What is left of a copy that failed is of no use, and the disk may be full of it.
        std::fs::remove_file(&part).ok();
    }
    result
}

/// One consistent state of `source` as a file of its own: other connections may write meanwhile.
fn write_part(source: &Path, part: &Path) -> Result<(), StoreError> {
    let act = || format!("copy the registry database to `{}`", part.display());
    // SQLite fills an empty file that is there, so that it is never readable for others.
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(part)
        .map_err(StoreError::file("create", part))?;
    let conn = connect_read_only(source)?;
    conn.execute("VACUUM INTO ?1", [part.to_string_lossy()])
        .map_err(StoreError::sql(act()))?;
    // SQLite leaves that to the caller.
    File::open(part)
        .and_then(|file| file.sync_all())
        .map_err(StoreError::file("flush", part))
}

/// The highest number beside a backup.
fn last_number(path: &Path) -> u64 {
    let dir = path.parent().unwrap_or(Path::new("."));
    let numbers = names(dir)
        .into_iter()
        .map(|name| backup_in(dir, &name).number());
    numbers.max().unwrap_or(0)
}

fn backup_in(dir: &Path, name: &str) -> Backup {
    let path = dir.join(name);
    let text = std::fs::read(path.with_extension("json")).ok();
    let manifest = text.and_then(|text| serde_json::from_slice(&text).ok());
    Backup { path, manifest }
}

/// Gives a verified copy its name; the manifest comes last, so that it never speaks of a file that is not there.
fn finish(
    part: &Path,
    path: &Path,
    now: Timestamp,
    reason: &str,
    content: Content,
) -> Result<Backup, StoreError> {
    let (size, sha256) = fingerprint(part)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let manifest = Manifest {
        file: name.into_owned(),
        size,
        sha256,
        made: now,
        reason: reason.to_owned(),
        number: 1 + last_number(path),
        content,
    };
    std::fs::rename(part, path).map_err(StoreError::file("rename", part))?;
    let beside = path.with_extension("json");
    let mut text = serde_json::to_vec_pretty(&manifest).map_err(|source| StoreError::Encode {
        what: "a backup's manifest".to_owned(),
        source,
    })?;
    text.push(b'\n');
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .map_err(StoreError::file("create", &beside))?;
    file.write_all(&text)
        .and_then(|()| file.sync_all())
        .map_err(StoreError::file("write", &beside))?;
    sync_folder(path)?;
    Ok(Backup {
        path: path.to_owned(),
        manifest: Some(manifest),
    })
}

/// Makes a rename in a file's folder durable.
pub(crate) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    let dir = path.parent().unwrap_or(Path::new("/"));
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(StoreError::file("flush", dir))
}

/// Size and SHA-256 of a file.
fn fingerprint(path: &Path) -> Result<(u64, String), StoreError> {
    let failed = || StoreError::file("read", path);
    let mut file = File::open(path).map_err(failed())?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut size = 0;
    loop {
        let read = file.read(&mut buffer).map_err(failed())?;
        if read == 0 {
            return Ok((size, hex(&hash.finalize())));
        }
        hash.update(&buffer[..read]);
        size += read as u64;
    }
}

/// `torch-20260102_030405.db`, with a number where that is taken.
fn free_name(dir: &Path, now: Timestamp) -> PathBuf {
    let stamp = stamp(now);
    let first = dir.join(format!("torch-{stamp}.db"));
    let mut path = first;
    let mut number = 2;
    while path.exists() || path.with_extension("db.part").exists() {
        path = dir.join(format!("torch-{stamp}-{number}.db"));
        number += 1;
    }
    path
}

/// An instant in a file's name, UTC: `20260102_030405`.
pub(crate) fn stamp(now: Timestamp) -> String {
    let instant = i64::try_from(now.0)
        .ok()
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
        .unwrap_or(jiff::Timestamp::MAX);
    instant.strftime("%Y%m%d_%H%M%S").to_string()
}

/// The names of the backups in a folder, oldest first.
pub(crate) fn names(dir: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with("torch-") && name.ends_with(".db"))
        .collect();
    // `torch-X-2.db` comes after `torch-X.db`, `-10` after `-9`.
    names.sort_by_cached_key(|name| {
        let stem = name.trim_end_matches(".db");
        let number = stem.rsplit_once('-').and_then(|(_, n)| n.parse().ok());
        match number.filter(|number: &u32| *number < 100_000) {
            Some(number) => (stem[..stem.len().min(21)].to_owned(), number),
            None => (stem.to_owned(), 1),
        }
    });
    names
}

/// The backups of the registry in `home`, newest first, with what their manifests say. Nothing is verified.
pub fn list(home: &Path) -> Vec<Backup> {
    let dir = folder(home);
    let read = |name: String| backup_in(&dir, &name);
    let mut backups: Vec<Backup> = names(&dir).into_iter().rev().map(read).collect();
    // Stable: what has no number, or no manifest, keeps the order of its name.
    backups.sort_by_key(|backup| std::cmp::Reverse(backup.number()));
    backups
}

/// Removes all but the newest `keep` backups with their manifests; says how many went and how large they were.
///
/// # Errors
/// What the disk says.
pub fn prune(home: &Path, keep: usize, dry_run: bool) -> Result<(u64, u64), StoreError> {
    let (mut files, mut bytes) = (0, 0);
    for backup in list(home).iter().skip(keep) {
        for path in [backup.path.with_extension("json"), backup.path.clone()] {
            let Ok(meta) = std::fs::metadata(&path) else {
                continue;
            };
            bytes += meta.len();
            if !dry_run {
                std::fs::remove_file(&path).map_err(StoreError::file("remove", &path))?;
            }
        }
        files += 1;
    }
    Ok((files, bytes))
}

impl Backup {
    fn number(&self) -> u64 {
        self.manifest.as_ref().map_or(0, |manifest| manifest.number)
    }

    /// Reads all of it again: the file against its manifest, SQLite's pages, every row, the journal's chain.
    ///
    /// # Errors
    /// [`StoreError::Backup`] for one that is not what it was.
    pub fn verify(&self) -> Result<Content, StoreError> {
        let wrong = |detail: String| StoreError::Backup {
            path: self.path.clone(),
            detail,
        };
        if let Some(manifest) = &self.manifest {
            let (size, sha256) = fingerprint(&self.path)?;
            if (size, &sha256) != (manifest.size, &manifest.sha256) {
                return Err(wrong(format!(
                    "it is not the file of its manifest: {size} bytes of {}, SHA-256 {sha256}",
                    manifest.size
                )));
            }
        }
        let found = content(&self.path).map_err(|error| wrong(error.to_string()))?;
        if found.schema > crate::SCHEMA_VERSION {
            return Err(wrong(format!(
                "a newer torch wrote it (schema {})",
                found.schema
            )));
        }
        Ok(found)
    }
}
