//! The day files of git.

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use torch_core::journal::JournalEntry;
use torch_core::{Timestamp, Write};

use super::sample::{Home, NOW, raised};
use crate::Store;
use crate::export::GitExporter;

fn lines(home: &Home, file: &str) -> Vec<Value> {
    let folder = home.dir.path().join("logs/git-activity/2026-01-02");
    let text = std::fs::read_to_string(folder.join(file)).unwrap_or_default();
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().expect("JSON lines")
}

#[test]
fn commits_and_pushes_have_files_of_their_own_that_can_be_made_again() {
    let home = Home::new();
    let (mut store, ..) = raised(&home);
    let logs = home.dir.path().join("logs");
    let note = |store: &mut Store, kind: &str, commit: &str| {
        let entry = JournalEntry::new(kind, "a", "branches read").with(json!({"commit": commit}));
        let written = store.commit(NOW, &[Write::Journal(entry)]);
        written.expect("commits");
    };
    let mut exporter = GitExporter::new(&logs, TimeZone::UTC);
    note(&mut store, "git.commit", "12");
    note(&mut store, "git.branch", "12");
    note(&mut store, "git.push", "12");
    assert!(!exporter.step(&store).expect("exports"));
    note(&mut store, "git.commit", "34");
    // Another daemon goes on where each file ends.
    for _ in 0..2 {
        let mut next = GitExporter::new(&logs, TimeZone::UTC);
        assert!(!next.step(&store).expect("exports"));
    }
    let commits = lines(&home, "commits.jsonl");
    let ids: Vec<_> = commits.iter().map(|line| &line["commit"]).collect();
    assert_eq!(ids, ["12", "34"]);
    assert_eq!(commits[0]["event"], "git.commit");
    assert_eq!(commits[0]["time"], "2026-01-02T03:04:05.000+00:00");
    assert_eq!(lines(&home, "pushes.jsonl").len(), 1);
    assert!(lines(&home, "pr-activity.jsonl").is_empty());
    // What is gone is written again.
    std::fs::remove_dir_all(logs.join("git-activity")).expect("removed");
    let mut again = GitExporter::new(&logs, TimeZone::UTC);
    assert!(!again.step(&store).expect("exports"));
    assert_eq!(lines(&home, "commits.jsonl"), commits);

    let kinds = |since, limit| {
        let found = store.git_entries(since, limit).expect("read");
        found.into_iter().map(|row| row.kind).collect::<Vec<_>>()
    };
    assert_eq!(
        kinds(NOW, 9),
        ["git.commit", "git.push", "git.branch", "git.commit"]
    );
    assert_eq!(kinds(NOW, 1), ["git.commit"]);
    assert_eq!(kinds(Timestamp(NOW.0 + 1), 9), [""; 0]);
}
