//! Old files of a registry: day files, backups beyond their number, screen logs.

use std::path::Path;
use std::time::{Duration, SystemTime};

use torch_core::Timestamp;

use super::{Limits, Swept, none};
use crate::StoreError;
use crate::restore::days;

/// Removes what is too old, or with `dry_run` only says what that is.
pub(super) fn sweep(home: &Path, limits: Limits, dry_run: bool) -> Result<Vec<Swept>, StoreError> {
    Ok(vec![
        day_files(home, limits, dry_run)?,
        super::backups(home, limits.backups, dry_run)?,
        screen_logs(home, limits, dry_run)?,
    ])
}

/// Day files of days before the limit. The newest one stays: its last line says how far the export came.
fn day_files(home: &Path, limits: Limits, dry_run: bool) -> Result<Swept, StoreError> {
    let limit = crate::backup::stamp(limits.before);
    let limit = format!("{}-{}-{}", &limit[..4], &limit[4..6], &limit[6..8]);
    let mut swept = none("day-files");
    let mut files = days::files(home);
    files.pop();
    for (day, path) in files {
        // A day begins and ends up to 14 hours away from UTC's; one more day is kept rather than one less.
        if day < limit {
            remove(&path, dry_run, &mut swept)?;
            if !dry_run && let Some(folder) = path.parent() {
                // A folder with anything else in it stays.
                std::fs::remove_dir(folder).ok();
            }
        }
    }
    Ok(swept)
}

/// `logs/<team>_<role>.log` and the like, by the time they were last written.
fn screen_logs(home: &Path, limits: Limits, dry_run: bool) -> Result<Swept, StoreError> {
    let mut swept = none("screen-logs");
    let Ok(entries) = std::fs::read_dir(home.join("logs")) else {
        return Ok(swept);
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let old = entry
            .metadata()
            .ok()
            .filter(std::fs::Metadata::is_file)
            .and_then(|meta| meta.modified().ok())
            .is_some_and(|time| time < instant(limits.before));
        if old && name.contains('_') && name.ends_with(".log") {
            remove(&entry.path(), dry_run, &mut swept)?;
        }
    }
    Ok(swept)
}

fn instant(time: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(time.0)
}

fn remove(path: &Path, dry_run: bool, swept: &mut Swept) -> Result<(), StoreError> {
    let bytes = std::fs::metadata(path).map_or(0, |meta| meta.len());
    if !dry_run {
        std::fs::remove_file(path).map_err(StoreError::file("remove", path))?;
    }
    swept.items += 1;
    swept.bytes += bytes;
    Ok(())
}
