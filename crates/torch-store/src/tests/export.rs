//! The exports: complete, once, in the right day, whatever happened in between.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde_json::Value;
use torch_core::{DeliveryState, DesiredState, Recipient, Timestamp, Write};

use super::sample::{Home, NOW, accept, advance, envelope, raised};
use crate::export::{ExportError, Exporter, write_sessions};

/// A day in milliseconds.
const DAY: u64 = 86_400_000;

/// The day of [`NOW`] in UTC.
const TODAY: &str = "2026-01-02";

fn logs(home: &Home) -> PathBuf {
    home.dir.path().join("logs")
}

fn day_file(home: &Home, day: &str) -> PathBuf {
    logs(home)
        .join("communications")
        .join(day)
        .join("messages.jsonl")
}

fn utc(home: &Home) -> Exporter {
    Exporter::new(&logs(home), TimeZone::UTC)
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect()
}

fn seqs(path: &Path) -> Vec<u64> {
    lines(path)
        .iter()
        .filter_map(|line| line["seq"].as_u64())
        .collect()
}

#[test]
fn messages_and_outcomes_become_lines_once() {
    let home = Home::new();
    let (mut store, team, agents) = raised(&home);
    let mut message = envelope(&team, &agents[1], 1);
    message.body = "deploy \"it\"\n\u{2028}now".to_owned();
    message.critical = vec!["deploy".to_owned()];
    store.commit(NOW, &accept(&message)).expect("commits");
    for state in [
        DeliveryState::Claimed,
        DeliveryState::Entered,
        DeliveryState::Consumed,
    ] {
        store
            .commit(NOW, &advance(&message, state))
            .expect("commits");
    }
    let mut exporter = utc(&home);
    assert_eq!(exporter.catch_up(&store).expect("exports"), 2);
    assert_eq!(exporter.catch_up(&store).expect("exports"), 0);
    assert_eq!(
        utc(&home).catch_up(&store).expect("exports"),
        0,
        "also after a restart"
    );
    let lines = lines(&day_file(&home, TODAY));
    let said = &lines[0];
    for (field, value) in [
        ("time", "2026-01-02T03:04:05.000+00:00"),
        ("event", "message.accepted"),
        ("team", "app-1"),
        ("from", "human"),
        ("from_rule", "terminal"),
        ("to", "developer"),
        ("target", "developer"),
        ("decision", "deliver"),
        ("rule", "sender.human"),
        ("state", "queued"),
        ("text", message.body.as_str()),
    ] {
        assert_eq!(said[field], value, "{field}");
    }
    assert_eq!(said["id"], message.id.tag());
    assert_eq!(said["critical"][0], "deploy");
    assert_eq!(
        (&lines[1]["state"], lines[1].get("text")),
        (&"consumed".into(), None)
    );
    assert_eq!(lines[1]["id"], said["id"]);
}

#[test]
fn a_torn_line_is_cut_and_written_again() {
    let home = Home::new();
    let (mut store, team, agents) = raised(&home);
    for number in 1..=5 {
        store
            .commit(NOW, &accept(&envelope(&team, &agents[1], number)))
            .expect("commits");
    }
    utc(&home).catch_up(&store).expect("exports");
    let path = day_file(&home, TODAY);
    let whole = std::fs::read(&path).expect("reads");
    for cut in (0..whole.len()).step_by(37) {
        std::fs::write(&path, &whole[..cut]).expect("writes");
        utc(&home).catch_up(&store).expect("exports");
        assert!(
            std::fs::read(&path).expect("reads") == whole,
            "cut at {cut}"
        );
    }
    for tail in [
        &b"\0\0\0\0"[..],
        b"{\"seq\":",
        b"garbage\n",
        b"\n\n",
        b"\xff\xfe\n{\n",
    ] {
        std::fs::write(&path, [&whole[..], tail].concat()).expect("writes");
        utc(&home).catch_up(&store).expect("exports");
        assert!(
            std::fs::read(&path).expect("reads") == whole,
            "tail {tail:?}"
        );
    }
}

#[test]
fn a_line_longer_than_a_chunk_is_found() {
    let home = Home::new();
    let (mut store, team, agents) = raised(&home);
    let mut message = envelope(&team, &agents[1], 1);
    message.body = "x".repeat(200_000);
    store.commit(NOW, &accept(&message)).expect("commits");
    assert_eq!(utc(&home).catch_up(&store).expect("exports"), 1);
    assert_eq!(utc(&home).catch_up(&store).expect("exports"), 0);
    store
        .commit(NOW, &accept(&envelope(&team, &agents[1], 2)))
        .expect("commits");
    assert_eq!(utc(&home).catch_up(&store).expect("exports"), 1);
    assert_eq!(seqs(&day_file(&home, TODAY)), [2, 3]);
}

#[test]
fn an_entry_belongs_to_its_local_day() {
    let home = Home::new();
    let (mut store, team, agents) = raised(&home);
    // NOW is 03:04 UTC: in New York still the day before, until 05:00 UTC.
    let zone = TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").expect("a zone");
    let hour = 3_600_000;
    for (number, hours) in [(1, 0), (2, 1), (3, 2), (4, 25), (5, 26)] {
        let message = envelope(&team, &agents[1], number);
        store
            .commit(Timestamp(NOW.0 + hours * hour), &accept(&message))
            .expect("commits");
    }
    let mut exporter = Exporter::new(&logs(&home), zone);
    assert_eq!(exporter.catch_up(&store).expect("exports"), 5);
    assert_eq!(seqs(&day_file(&home, "2026-01-01")), [2, 3]);
    assert_eq!(seqs(&day_file(&home, "2026-01-02")), [4, 5]);
    assert_eq!(seqs(&day_file(&home, "2026-01-03")), [6]);
    let first = &lines(&day_file(&home, "2026-01-01"))[0];
    assert_eq!(first["time"], "2026-01-01T22:04:05.000-05:00");
}

#[test]
fn a_clock_set_back_neither_loses_nor_repeats() {
    let home = Home::new();
    let (mut store, team, agents) = raised(&home);
    for (number, day) in [(1, 3), (2, 0), (3, 3), (4, 1)] {
        let message = envelope(&team, &agents[1], number);
        store
            .commit(Timestamp(NOW.0 + day * DAY), &accept(&message))
            .expect("commits");
        assert_eq!(
            utc(&home).catch_up(&store).expect("exports"),
            1,
            "message {number}"
        );
    }
    assert_eq!(seqs(&day_file(&home, "2026-01-05")), [2, 4]);
    assert_eq!(utc(&home).catch_up(&store).expect("exports"), 0);
}

#[test]
fn deleted_files_are_written_again() {
    let home = Home::new();
    let (mut store, team, agents) = raised(&home);
    for number in 1..=1200 {
        let message = envelope(&team, &agents[1], number);
        let at = Timestamp(NOW.0 + u64::try_from(number / 600).expect("small") * DAY);
        store.commit(at, &accept(&message)).expect("commits");
    }
    assert_eq!(
        utc(&home).catch_up(&store).expect("exports"),
        1200,
        "more than one batch"
    );
    std::fs::remove_dir_all(logs(&home).join("communications")).expect("removes");
    assert_eq!(utc(&home).catch_up(&store).expect("exports"), 1200);
}

#[test]
fn day_files_of_another_journal_are_left_alone() {
    let home = Home::new();
    let (mut store, team, agents) = raised(&home);
    store
        .commit(NOW, &accept(&envelope(&team, &agents[1], 1)))
        .expect("commits");
    utc(&home).catch_up(&store).expect("exports");
    let other = Home::new();
    let error = utc(&home).catch_up(&other.store()).expect_err("refused");
    assert!(
        matches!(
            error,
            ExportError::Ahead {
                exported: 2,
                journal: 0,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(error.hint().is_some());
}

#[test]
fn an_error_is_got_over() {
    let home = Home::new();
    let (mut store, team, agents) = raised(&home);
    store
        .commit(NOW, &accept(&envelope(&team, &agents[1], 1)))
        .expect("commits");
    // A file stands where the folder should be.
    std::fs::write(logs(&home), b"").expect("writes");
    let mut exporter = utc(&home);
    assert!(exporter.catch_up(&store).is_err());
    std::fs::remove_file(logs(&home)).expect("removes");
    assert_eq!(exporter.catch_up(&store).expect("exports"), 1);
}

#[test]
fn refused_messages_and_the_persons_mail_are_in_it() {
    let home = Home::new();
    let (mut store, team, agents) = raised(&home);
    let mut message = envelope(&team, &agents[1], 1);
    message.recipient = Recipient::Human;
    let mut writes = accept(&message);
    let Some(Write::Journal(entry)) = writes.last_mut() else {
        panic!("the last write is the entry");
    };
    entry.kind = "message.refused".to_owned();
    store.commit(NOW, &writes).expect("commits");
    utc(&home).catch_up(&store).expect("exports");
    let line = &lines(&day_file(&home, TODAY))[0];
    assert_eq!(
        (&line["state"], &line["to"]),
        (&"refused".into(), &"human".into())
    );
}

#[test]
fn sessions_are_the_teams_that_are_to_run() {
    let home = Home::new();
    let (mut store, mut team, mut agents) = raised(&home);
    let path = home.dir.path().join("sessions.json");
    let write =
        |store: &crate::Store| write_sessions(&path, store, &TimeZone::UTC).expect("writes");
    assert!(write(&store));
    assert!(!write(&store), "nothing changed");
    agents[1].completed = Some("EVENT_ROUTER_ENABLED=true".to_owned());
    agents[1].completed_at = Some(NOW);
    store
        .commit(NOW, &[Write::PutAgent(Box::new(agents[1].clone()))])
        .expect("commits");
    assert!(write(&store));
    let text = std::fs::read_to_string(&path).expect("reads");
    let value: Value = serde_json::from_str(&text).expect("is JSON");
    let session = &value["sessions"][0];
    assert_eq!(
        (&session["name"], &session["phase"]),
        (&"app-1".into(), &"raising".into())
    );
    let developer = &session["agents"][1];
    assert_eq!(
        (&developer["role"], &developer["state"]),
        (&"developer".into(), &"idle".into())
    );
    assert_eq!(developer["completed"], "EVENT_ROUTER_ENABLED=true");
    assert_eq!(developer["completed_at"], "2026-01-02T03:04:05.000+00:00");
    assert!(
        !text.contains("PATH"),
        "the environment stays in the database"
    );
    team.desired = DesiredState::Stopped;
    store
        .commit(NOW, &[Write::PutTeam(Box::new(team))])
        .expect("commits");
    assert!(write(&store));
    assert_eq!(
        std::fs::read_to_string(&path).expect("reads"),
        "{\n  \"sessions\": []\n}\n"
    );
    assert!(!path.with_extension("json.new").exists());
}
