//! Backups, restoring them, and what is old, on a registry without a daemon.

use std::fs::{self, File};
use std::path::Path;

use serde_json::json;
use torch_api::wire::GcKind;
use torch_api::{Request, Response};
use torch_core::journal::JournalEntry;
use torch_core::rollback::{Rollback, RollbackKind, RollbackState};
use torch_core::{
    DesiredState, LedgerRecord, RollbackId, RouterMode, Team, TeamId, TeamPhase, Timestamp, Write,
};
use torch_store::Store;

use crate::fake::Fake;
use crate::place::{Place, Ran, TORCH};

/// 2026-01-02T03:04:05Z.
const NOW: Timestamp = Timestamp(1_767_323_045_000);

/// A registry with this many entries in its journal.
fn registry(place: &Place, entries: u64) {
    let mut store = Store::open(&place.path("registry/torch.db"), NOW).expect("opens");
    for number in 0..entries {
        let entry = JournalEntry::new("agent.state", number, "a test");
        store
            .commit(NOW, &[Write::Journal(entry)])
            .expect("commits");
    }
}

fn flip(place: &Place) {
    let path = place.path("registry/torch.db");
    let mut bytes = fs::read(&path).expect("reads");
    bytes[4096..8192].fill(0xA5);
    fs::write(path, bytes).expect("writes");
}

#[track_caller]
fn lines(ran: &Ran) -> Vec<serde_json::Value> {
    let parse = |line| serde_json::from_str(line).expect("JSON");
    ran.out.lines().map(parse).collect()
}

#[test]
fn a_damaged_registry_is_refused_and_restored() {
    let place = Place::new();
    registry(&place, 3);
    let ran = place.run(TORCH, &["backup", "--list"]);
    assert!(ran.out.contains("no backups yet"), "{ran:?}");
    let ran = place.run(TORCH, &["backup", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.json()["manifest"]["entries"], 3);
    let ran = place.run(TORCH, &["backup", "--list", "--json"]);
    assert_eq!(lines(&ran).len(), 1, "{ran:?}");
    registry(&place, 2);
    flip(&place);

    let ran = place.run(TORCH, &["audit", "verify"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("Hint: torch restore --list"), "{ran:?}");
    let ran = place.run(TORCH, &["backup"]);
    assert_eq!(
        ran.code,
        Some(1),
        "a damaged database makes no backup: {ran:?}"
    );
    // The daemon does not start on it, and passes its hint on.
    let ran = place.run(TORCH, &["daemon", "start"]);
    assert_eq!(ran.code, Some(75), "{ran:?}");
    assert!(ran.err.contains("Hint: torch restore --list"), "{ran:?}");
    // Nobody can be asked here.
    let before = fs::read(place.path("registry/torch.db")).expect("reads");
    let ran = place.run(TORCH, &["restore"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(
        ran.err.contains("holds    0 messages, 3 entries"),
        "{ran:?}"
    );
    assert!(ran.err.contains("Hint: torch restore --yes"), "{ran:?}");
    assert_eq!(
        fs::read(place.path("registry/torch.db")).expect("reads"),
        before
    );

    let ran = place.run(TORCH, &["restore", "--yes", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let done = ran.json();
    assert_eq!(done["entries"], 3);
    let kept = done["kept"].as_array().expect("a list");
    let kept = kept.iter().filter_map(|path| path.as_str());
    let damaged = kept.clone().find(|path| {
        path.contains("torch.db.damaged-") && path.ends_with(|c: char| c.is_ascii_digit())
    });
    assert_eq!(
        fs::read(damaged.expect("it is kept")).expect("reads"),
        before
    );
    let ran = place.run(TORCH, &["audit", "verify", "--json"]);
    assert_eq!(
        (ran.code, &ran.json()["entries"]),
        (Some(0), &4.into()),
        "and who restored it"
    );
}

#[test]
fn a_database_that_is_in_order_is_not_called_damaged() {
    let place = Place::new();
    registry(&place, 3);
    assert_eq!(place.run(TORCH, &["backup"]).code, Some(0));
    let nofile = place.run(TORCH, &["restore", "nofile"]);
    assert_eq!(nofile.code, Some(1), "{nofile:?}");
    assert!(nofile.err.contains("there is no such file"), "{nofile:?}");
    assert!(!nofile.err.contains("--yes"), "{nofile:?}");
    let ran = place.run(TORCH, &["restore", "--yes"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("torch.db.before-restore-"), "{ran:?}");
    assert!(!ran.out.contains("damaged"), "{ran:?}");
    assert!(ran.err.ends_with("next: torch daemon start\n"), "{ran:?}");
}

#[test]
fn a_registry_in_use_is_not_restored() {
    let place = Place::new();
    registry(&place, 1);
    assert_eq!(place.run(TORCH, &["backup"]).code, Some(0));
    let lock = File::create(place.path("registry/run/daemon.lock")).expect("a file");
    lock.lock().expect("locks");
    for args in [
        &["restore", "--yes"][..],
        &["restore", "--afresh", "--yes"],
        &["gc"],
    ] {
        let ran = place.run(TORCH, args);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        let hint = match args[0] {
            // Agents would start it again.
            "restore" => "Hint: torch stop --all && torch daemon stop\n",
            _ => "Hint: torch daemon stop\n",
        };
        assert!(ran.err.ends_with(hint), "{ran:?}");
    }
    // Reading goes on.
    assert_eq!(place.run(TORCH, &["backup"]).code, Some(0));
    assert_eq!(place.run(TORCH, &["gc", "--dry-run"]).code, Some(0));
}

#[test]
fn a_registry_that_is_gone_is_not_begun_anew_by_itself() {
    let place = Place::new();
    registry(&place, 1);
    fs::remove_file(place.path("registry/torch.db")).expect("removes");
    for args in [&["status"][..], &["daemon", "start"]] {
        let ran = place.run(TORCH, args);
        assert_ne!(ran.code, Some(0), "{ran:?}");
        assert!(ran.err.contains("Hint: torch restore --list"), "{ran:?}");
    }
    let ran = place.run(TORCH, &["restore", "--yes"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("Hint: torch restore --afresh"), "{ran:?}");
    let ran = place.run(TORCH, &["restore", "--afresh", "--yes"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(place.run(TORCH, &["status"]).code, Some(0));
}

#[test]
fn an_older_copy_is_accepted_only_on_request() {
    let place = Place::new();
    let path = place.path("registry/torch.db");
    registry(&place, 1);
    let old = fs::read(&path).expect("reads");
    registry(&place, 3);
    fs::write(&path, old).expect("writes");
    let ran = place.run(TORCH, &["audit", "verify"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.err.contains("is not the one that was last written"),
        "{ran:?}"
    );
    assert_eq!(
        place.run(TORCH, &["restore", "--as-is", "--yes"]).code,
        Some(0)
    );
    assert_eq!(place.run(TORCH, &["audit", "verify"]).code, Some(0));
}

#[test]
fn what_is_old_is_archived_and_the_audit_says_so() {
    let place = Place::new();
    // All of it is older than 90 days by the clock of the machine, or will be with one day.
    registry(&place, 5);
    let looked = place.run(TORCH, &["gc", "--dry-run", "--json"]).json();
    assert_eq!(looked["dry_run"], true);
    assert_eq!(
        (&looked["kinds"][0]["kind"], &looked["kinds"][0]["items"]),
        (&"journal".into(), &5.into())
    );
    let done = place.run(TORCH, &["gc", "--json"]).json();
    assert_eq!(done["kinds"][0]["items"], 5);
    let archive = done["archive"].as_str().expect("an archive").to_owned();
    let ran = place.run(TORCH, &["audit", "verify"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out
            .contains("entries 1 to 5 are archived, the archives hold"),
        "{ran:?}"
    );
    let text = fs::read_to_string(&archive).expect("reads");
    fs::write(&archive, text.replacen("a test", "A test", 1)).expect("writes");
    let ran = place.run(TORCH, &["audit", "verify"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains("the archives do not hold"), "{ran:?}");
}

/// A team that was stopped, of the repository in `project`.
fn stopped(project: &Path, base_commit: &str) -> Team {
    serde_json::from_value(json!({
        "id": TeamId::new(NOW.0, 1), "name": "app", "project": project, "common_dir": project.join(".git"),
        "spec": project.join("spec.md"), "spec_sha256": "ab".repeat(32), "base_branch": "main", "base_commit": base_commit,
        "desired": DesiredState::Stopped, "phase": TeamPhase::Stopped, "router": RouterMode::Matrix, "env": {},
        "session": null, "created": NOW, "finished": null, "summary": null,
    }))
    .expect("a team")
}

fn emergency(team: &Team, number: u128, state: RollbackState) -> Rollback {
    Rollback {
        id: RollbackId::new(NOW.0, number),
        team: team.id,
        at: NOW,
        by: "human".to_owned(),
        what: RollbackKind::Emergency,
        bad: None,
        parent_tip: None,
        reverts: None,
        good: None,
        taken: Vec::new(),
        files: 0,
        moves: None,
        new_branch: None,
        push: None,
        checks: Vec::new(),
        state,
    }
}

#[test]
fn what_a_rollback_has_left_goes_once_it_is_old_and_over() {
    let place = Place::new();
    let project = place.path("project").canonicalize().expect("a folder");
    let path = project.display().to_string();
    let git = |args: &[&str]| {
        let own = ["-c", "user.name=a", "-c", "user.email=a@x", "-C", &path];
        let ran = place.run("git", &[&own, args].concat());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.out.trim().to_owned()
    };
    git(&["init", "-q", "-b", "main"]);
    git(&["commit", "-q", "--allow-empty", "-m", "one"]);
    let team = stopped(&project, &git(&["rev-parse", "HEAD"]));
    let done = |at| RollbackState::Done {
        at,
        not_pushed: None,
    };
    // One that ended long ago, one that did not end, and one that ended in a time to come.
    let states = [
        done(NOW),
        RollbackState::Applying,
        done(Timestamp(u64::MAX / 4)),
    ];
    let mut writes = vec![Write::PutTeam(Box::new(team.clone()))];
    let mut names = Vec::new();
    for (number, state) in (1..).zip(states) {
        let rollback = emergency(&team, number, state);
        names.push(format!("{}/old", rollback.refs()));
        git(&["update-ref", &names[names.len() - 1], "HEAD"]);
        let record = LedgerRecord::Rollback(Box::new(rollback));
        writes.push(Write::PutLedger(Box::new(record)));
    }
    let mut store = Store::open(&place.path("registry/torch.db"), NOW).expect("opens");
    store.commit(NOW, &writes).expect("commits");
    drop(store);
    for (args, left) in [
        (&["gc", "--json", "--dry-run"][..], &names[..]),
        (&["gc", "--json"], &names[1..]),
    ] {
        let ran = place.run(TORCH, args).json();
        let kinds = ran["kinds"].as_array().expect("kinds");
        let row = kinds.iter().find(|row| row["kind"] == "rollbacks");
        assert_eq!(row.expect("a row")["items"], 1, "{ran}");
        let there = git(&["for-each-ref", "--format=%(refname)", "refs/torch"]);
        assert_eq!(there, left.join("\n"));
    }
}

#[test]
fn a_running_daemon_is_asked() {
    let place = Place::new();
    let fake = Fake::start(&place.socket(), |_, connection| {
        connection.answer(&Response::Gc {
            dry_run: true,
            kinds: vec![GcKind {
                kind: "messages".to_owned(),
                items: 7,
                bytes: 12_345,
            }],
            archive: None,
        });
    });
    let ran = place.run(TORCH, &["gc", "--dry-run"]);
    assert_eq!(fake.request(), Request::Gc { dry_run: true });
    assert_eq!(
        ran.out, "kind      would go  size\nmessages  7         12 kB\n",
        "{ran:?}"
    );
}
