//! Backups, what restoring one means, and what is old.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use torch_api::wire::GcKind;
use torch_daemon::care::{Backup, Plan};

use super::style::{BAD, DIM, GOOD, paint};
use super::table::{Cell, Table};
use super::time::Clock;
use super::{bytes, count, first_line};
use crate::place::shown;

/// A backup as one value.
pub fn json(backup: &Backup) -> Value {
    json!({ "path": backup.path, "manifest": backup.manifest })
}

/// A backup that was made just now.
pub fn made(backup: &Backup) -> String {
    let what = backup.manifest.as_ref().map_or_else(String::new, |made| {
        format!(
            ": {}, {}, {}, verified",
            count(made.content.messages, "message"),
            entries(made.content.entries),
            bytes(made.size)
        )
    });
    format!("{}{what}\n", shown(&backup.path))
}

/// Backups, newest first.
pub fn list(backups: &[Backup], clock: &Clock) -> String {
    if backups.is_empty() {
        return "there are no backups yet: torch backup\n".to_owned();
    }
    let mut table = Table::new(0, &["backup", "made", "size", "entries", "messages", "by"]);
    for backup in backups {
        let name = backup.path.file_name().unwrap_or_default();
        let name = Cell::from(name.to_string_lossy().into_owned());
        match &backup.manifest {
            Some(made) => table.row([
                name,
                format!("{} ({})", clock.date(made.made), clock.ago(made.made)).into(),
                bytes(made.size).into(),
                made.content.entries.to_string().into(),
                made.content.messages.to_string().into(),
                made.reason.clone().into(),
            ]),
            None => table.row([name, Cell::styled(DIM, "no manifest")]),
        };
    }
    table.render()
}

/// What restoring means: the backup, what is wrong with the database, what will be missing.
pub fn plan(plan: &Plan, clock: &Clock) -> String {
    let mut text = format!("backup   {}\n", shown(&plan.backup.path));
    if let Some(made) = &plan.backup.manifest {
        text.push_str(&format!(
            "made     {} ({})\n",
            clock.date(made.made),
            clock.ago(made.made)
        ));
    }
    text.push_str(&format!(
        "holds    {}, {}\n",
        count(plan.content.messages, "message"),
        entries(plan.content.entries)
    ));
    let now = match &plan.wrong {
        Some(wrong) => paint(BAD, &first_line(wrong, 200)),
        None => paint(GOOD, "the database is in order as it is"),
    };
    text.push_str(&format!("now      {now}\n"));
    text.push_str(&format!("missing  {}\n", missing(plan, clock)));
    text
}

fn missing(plan: &Plan, clock: &Clock) -> String {
    let (lost, messages) = (plan.missing_entries(), plan.missing_messages());
    if lost == 0 && messages == 0 {
        let what = if plan.now.is_some() {
            "nothing that database or day files know of"
        } else {
            "unknown: the database can't be read, and the day files know of nothing later"
        };
        return what.to_owned();
    }
    let span = match (plan.content.last, plan.known_until()) {
        (Some(from), Some(until)) => {
            format!(", {} to {}", clock.date(from), clock.date(until))
        }
        _ => String::new(),
    };
    format!(
        "at least {}, {}{span}",
        entries(lost),
        count(messages, "message")
    )
}

/// What was done, and where the old files lie now.
pub fn kept(done: &str, kept: &[PathBuf]) -> String {
    let mut text = format!("{done}\n");
    for path in kept {
        text.push_str(&format!("kept {}\n", shown(path)));
    }
    text
}

/// What went, or would.
pub fn gc(dry_run: bool, kinds: &[GcKind], archive: Option<&Path>) -> String {
    let head = if dry_run { "would go" } else { "went" };
    let mut table = Table::new(0, &["kind", head, "size"]);
    for kind in kinds {
        table.row([
            kind.kind.clone().into(),
            kind.items.to_string().into(),
            bytes(kind.bytes).into(),
        ]);
    }
    let mut text = table.render();
    if let Some(archive) = archive {
        text.push_str(&format!("archived in {}\n", shown(archive)));
    }
    text
}

/// `1 entry`, `2 entries`.
pub fn entries(number: u64) -> String {
    match number {
        1 => "1 entry".to_owned(),
        many => format!("{many} entries"),
    }
}

#[cfg(test)]
mod tests {
    use torch_core::Timestamp;
    use torch_daemon::care::{Content, Manifest};

    use super::*;

    fn backup() -> Backup {
        Backup {
            path: "/r/backups/torch-20260102_030405.db".into(),
            manifest: Some(Manifest {
                number: 1,
                file: "torch-20260102_030405.db".to_owned(),
                size: 2_500_000,
                sha256: "ab".repeat(32),
                made: Timestamp(1_767_323_045_000),
                reason: "daemon".to_owned(),
                content: Content {
                    entries: 41,
                    messages: 1,
                    ..Content::default()
                },
            }),
        }
    }

    #[test]
    fn backups_are_listed_with_what_they_hold() {
        let clock = Clock {
            now: Timestamp(1_767_326_645_000),
            zone: jiff::tz::TimeZone::UTC,
        };
        let plain = |text: String| anstream::adapter::strip_str(&text).to_string();
        assert_eq!(
            plain(list(&[backup()], &clock)),
            "backup                    made                           size    entries  messages  by\n\
             torch-20260102_030405.db  2026-01-02 03:04:05 (1 h ago)  2.5 MB  41       1         daemon\n"
        );
        assert_eq!(
            plain(made(&backup())),
            "/r/backups/torch-20260102_030405.db: 1 message, 41 entries, 2.5 MB, verified\n"
        );
        assert!(list(&[], &clock).contains("torch backup"));
    }
}
