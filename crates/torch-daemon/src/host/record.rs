//! What a pane showed, kept in a file before the pane is closed or used again, with a summary (S2-190).

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use torch_process::clock;
use torch_session::Server;
use torch_worktree::Git;

use super::windows::{free_path, stamp};
use crate::event::{PaneRecord, WorkFacts};

/// Saves a pane's whole history and a summary as `logs/{team}_{role}_{YYYYMMDD_HHMMSS}.log`; where it was saved. A
/// screen that can't be had or written costs the file, never the close.
pub(crate) async fn save(
    server: &Server,
    record: PaneRecord,
    logs: &Path,
    git: Git,
) -> Option<PathBuf> {
    let screen = match server.capture_all(record.pane).await {
        Ok(screen) => screen,
        Err(error) => {
            tracing::info!(
                error = &error as &dyn std::error::Error,
                "{} has no screen to save",
                record.role
            );
            return None;
        }
    };
    let logs = logs.to_owned();
    let written = tokio::task::spawn_blocking(move || {
        let work = super::look::work(
            &git,
            &record.project,
            &record.worktree,
            &record.base_commit,
            &record.role,
        );
        write(&logs, &record, &screen, work.as_ref())
    });
    match written.await {
        Ok(Ok(path)) => Some(path),
        Ok(Err(error)) => {
            tracing::warn!("a screen could not be saved: {error}");
            None
        }
        Err(_) => None,
    }
}

/// The newest of the files that [`save`] wrote for a role of a team; `None` where there is none.
pub(crate) fn newest(logs: &Path, team: &str, role: &str) -> Option<PathBuf> {
    let stem = format!("{team}_{role}_");
    let entries = std::fs::read_dir(logs).into_iter().flatten().flatten();
    let saved = entries.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str());
        let rest = name.and_then(|name| name.strip_prefix(&stem)?.strip_suffix(".log"));
        // Only the time follows: another role may begin with this one's name.
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    });
    saved.max()
}

fn write(
    logs: &Path,
    record: &PaneRecord,
    screen: &[u8],
    work: Option<&WorkFacts>,
) -> std::io::Result<PathBuf> {
    let stem = format!("{}_{}_{}", record.team, record.role, stamp(clock::now()));
    let path = free_path(logs, &stem);
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    let end = screen.len()
        - screen
            .iter()
            .rev()
            .take_while(|b| b.is_ascii_whitespace())
            .count();
    file.write_all(&screen[..end])?;
    file.write_all(summary(record, work).as_bytes())?;
    Ok(path)
}

/// The three parts that a hand-over has.
fn summary(record: &PaneRecord, work: Option<&WorkFacts>) -> String {
    let mut done = Vec::new();
    done.extend(
        record
            .completed
            .iter()
            .map(|text| format!("Reported: {text}")),
    );
    if let Some(work) = work {
        done.extend(
            work.commits
                .iter()
                .map(|commit| format!("Commit: {commit}")),
        );
        if work.ahead > work.commits.len() {
            done.push(format!("… {} commits in all", work.ahead));
        }
    }
    let mut handoff = record.handoff.clone();
    match work {
        Some(work) if work.dirty => handoff.push("Uncommitted changes: yes".to_owned()),
        Some(_) => handoff.push("Uncommitted changes: none".to_owned()),
        None => handoff.push("Its worktree could not be read".to_owned()),
    }
    let part = |title: &str, lines: &[String]| {
        let mut text = format!("\n{title}:\n");
        if lines.is_empty() {
            text.push_str("- none\n");
        }
        for line in lines {
            text.push_str(&format!("- {line}\n"));
        }
        text
    };
    format!(
        "\n\n=== SUMMARY of {} in team {}, closed because of {} ===\n{}{}{}",
        record.role,
        record.team,
        record.why,
        part("Tasks Completed", &done),
        part("Issues Encountered", &record.issues),
        part("Handoff Notes", &handoff),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use torch_core::{PaneId, RoleName};

    fn record() -> PaneRecord {
        PaneRecord {
            pane: PaneId(3),
            team: "sample".into(),
            role: RoleName::parse("developer").unwrap(),
            why: "torch agent end".into(),
            completed: Some("all of it".into()),
            issues: Vec::new(),
            handoff: vec!["Branch: main-developer".into()],
            project: "/p".into(),
            worktree: "/w".into(),
            base_commit: String::new(),
        }
    }

    #[test]
    fn a_log_has_the_screen_and_three_parts() {
        let folder = tempfile::tempdir().unwrap();
        let work = WorkFacts {
            head: "0".repeat(40),
            head_at: None,
            branch: None,
            ahead: 3,
            commits: vec!["0123abcd add a".into()],
            dirty: true,
            changed: 1,
            checkpoints: Vec::new(),
        };
        let path = write(
            folder.path(),
            &record(),
            b"line 1\nline 2\n\n\n",
            Some(&work),
        )
        .unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let expected = "line 1\nline 2\n\n=== SUMMARY of developer in team sample, closed because of torch agent end ===\n\n\
            Tasks Completed:\n- Reported: all of it\n- Commit: 0123abcd add a\n- … 3 commits in all\n\n\
            Issues Encountered:\n- none\n\nHandoff Notes:\n- Branch: main-developer\n- Uncommitted changes: yes\n";
        assert_eq!(text, expected);
        // Never written over.
        let second = write(folder.path(), &record(), b"x", None).unwrap();
        assert_ne!(path, second);
    }
}
