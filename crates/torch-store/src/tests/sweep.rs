//! What is old leaves the database for the archive; the chain stays provable, and what is needed stays.

use std::fs;
use std::time::{Duration, SystemTime};

use torch_core::ledger::{Block, Dependencies, Severity, Violation, ViolationState};
use torch_core::{DeliveryState, LedgerRecord, Recipient, TeamId, Timestamp, ViolationId, Write};

use super::sample::{Home, NOW, accept, advance, envelope, raised, role};
use crate::export::Exporter;
use crate::sweep::{Limits, Sweep, Swept, look, verify_archives};
use crate::{Filter, Store, StoreError};

const DAY: u64 = 24 * 60 * 60 * 1000;

/// Ten days with a settled message each, and among the first day's messages some that must stay.
fn ten_days(home: &Home) -> Store {
    let (mut store, team, mut agents) = raised(home);
    for day in 0..10 {
        let now = Timestamp(NOW.0 + day * DAY);
        let mut message = envelope(&team, &agents[1], u128::from(day) + 1);
        message.at = now;
        store.commit(now, &accept(&message)).expect("commits");
        store
            .commit(now, &advance(&message, DeliveryState::Consumed))
            .expect("commits");
        if day > 0 {
            continue;
        }
        // Under way, unread, a briefing.
        for number in [101, 102, 103] {
            let mut message = envelope(&team, &agents[1], number);
            if number == 102 {
                message.recipient = Recipient::Human;
            }
            store.commit(now, &accept(&message)).expect("commits");
            if number != 101 {
                store
                    .commit(now, &advance(&message, DeliveryState::Consumed))
                    .expect("commits");
            }
            agents[1].briefing = Some(message.id);
        }
        let agent = Write::PutAgent(Box::new(agents[1].clone()));
        store.commit(now, &[agent]).expect("commits");
    }
    store
}

fn limits(day: u64) -> Limits {
    Limits {
        before: Timestamp(NOW.0 + day * DAY),
        backups: 1,
    }
}

fn sweep(store: &mut Store, home: &Home, day: u64) -> Vec<Swept> {
    let path = home.path();
    let dir = path.parent().expect("a folder");
    let now = Timestamp(NOW.0 + 20 * DAY + day);
    let mut sweep = Sweep::new(store, dir, limits(day), now).expect("begins");
    while sweep.step(store).expect("steps") {}
    sweep.swept().to_vec()
}

fn items(swept: &[Swept]) -> Vec<(&'static str, u64)> {
    swept
        .iter()
        .map(|swept| (swept.kind, swept.items))
        .collect()
}

#[test]
fn the_rest_of_the_chain_is_proven_after_the_cut() {
    let home = Home::new();
    let mut store = ten_days(&home);
    let path = home.path();
    let dir = path.parent().expect("a folder");
    let before = store.verify().expect("verifies");
    assert_eq!((before.archived, before.broken), (0, None));
    // Day 0 has 1 + 2 + 1 + 2 + 2 entries, the days 1 to 4 two each.
    let looked = look(&store, dir, limits(5)).expect("looks");
    assert_eq!(&items(&looked)[..2], [("journal", 16), ("messages", 5)]);
    assert_eq!(items(&sweep(&mut store, &home, 5)), items(&looked));

    let audit = store.verify().expect("verifies");
    assert_eq!((audit.archived, audit.broken), (16, None));
    assert_eq!(
        audit.entries,
        before.entries + 1,
        "what was done is an entry"
    );
    assert_eq!(
        store.trace("registry").expect("reads")[0].kind,
        "registry.archived"
    );
    assert_eq!(verify_archives(dir, &store).expect("verifies"), 16);
    let left = store.messages(&Filter::default()).expect("reads");
    let mut seqs: Vec<u64> = left
        .iter()
        .map(|message| message.envelope.pair_seq)
        .collect();
    seqs.sort_unstable();
    assert_eq!(seqs, [6, 7, 8, 9, 10, 101, 102, 103]);
    // A second sweep goes on where the first ended, into another file, and the store opens again.
    assert_eq!(
        &items(&sweep(&mut store, &home, 7))[..2],
        [("journal", 4), ("messages", 2)]
    );
    assert_eq!(verify_archives(dir, &store).expect("verifies"), 20);
    assert_eq!(fs::read_dir(dir.join("archive")).expect("lists").count(), 2);
    drop(store);
    let store = home.store();
    assert_eq!(store.load().expect("loads").open.len(), 1);
    assert_eq!(store.verify().expect("verifies").broken, None);
    crate::backup::make(dir, NOW, "command").expect("a cut journal can be backed up");
}

#[test]
fn an_archive_that_was_changed_is_noticed() {
    let home = Home::new();
    let mut store = ten_days(&home);
    let path = home.path();
    let dir = path.parent().expect("a folder");
    sweep(&mut store, &home, 5);
    let file = fs::read_dir(dir.join("archive"))
        .expect("lists")
        .next()
        .expect("one")
        .expect("one")
        .path();
    let text = fs::read_to_string(&file).expect("reads");
    for (from, to) in [
        ("request human", "request nobody"),
        ("\"seq\":3,", "\"seq\":4,"),
    ] {
        fs::write(&file, text.replacen(from, to, 1)).expect("writes");
        let error = verify_archives(dir, &store).expect_err("noticed");
        assert!(matches!(error, StoreError::Backup { .. }), "{error:?}");
    }
    fs::remove_file(&file).expect("removes");
    verify_archives(dir, &store).expect_err("noticed");
}

/// The archive is on disk before anything leaves the database, so a crash in between repeats lines.
#[test]
fn a_sweep_that_was_cut_short_loses_nothing() {
    let home = Home::new();
    let mut store = ten_days(&home);
    let path = home.path();
    let dir = path.parent().expect("a folder");
    let before = store.verify().expect("verifies");
    let trigger =
        "CREATE TEMP TRIGGER halt BEFORE DELETE ON journal BEGIN SELECT raise(ABORT, 'halt'); END";
    store.conn.execute_batch(trigger).expect("a trigger");
    let mut halted = Sweep::new(&store, dir, limits(5), NOW).expect("begins");
    halted.step(&mut store).expect_err("halts");
    store.conn.execute_batch("DROP TRIGGER halt").expect("goes");
    assert_eq!(
        store.verify().expect("verifies"),
        before,
        "nothing left the journal"
    );
    assert_eq!(sweep(&mut store, &home, 5)[0].items, 16);
    assert_eq!(verify_archives(dir, &store).expect("verifies"), 16);
}

#[test]
fn old_files_go_and_the_newest_day_stays() {
    let home = Home::new();
    let mut store = ten_days(&home);
    let path = home.path();
    let dir = path.parent().expect("a folder");
    let zone = jiff::tz::TimeZone::UTC;
    Exporter::new(&dir.join("logs"), zone.clone())
        .catch_up(&store)
        .expect("exports");
    for name in ["app_developer.log", "app_tester.log", "daemon.log"] {
        let file = dir.join("logs").join(name);
        fs::write(&file, name).expect("writes");
        let old = SystemTime::UNIX_EPOCH + Duration::from_millis(NOW.0);
        let file = fs::File::options().write(true).open(file).expect("opens");
        if name != "app_tester.log" {
            file.set_modified(old).expect("sets");
        }
    }
    let looked = look(&store, dir, limits(30)).expect("looks");
    let swept = sweep(&mut store, &home, 30);
    assert_eq!(swept[2..], looked[2..]);
    assert_eq!(
        items(&swept)[2..],
        [
            ("ledger", 0),
            ("day-files", 9),
            ("backups", 0),
            ("screen-logs", 1)
        ]
    );
    assert!(swept[3].bytes > 1000);
    assert!(dir.join("logs/daemon.log").exists() && dir.join("logs/app_tester.log").exists());
    assert!(dir.join("logs/communications/2026-01-11").exists());
    assert_eq!(
        fs::read_dir(dir.join("logs/communications"))
            .expect("lists")
            .count(),
        1
    );
    // All entries are archived but the one that says so; the export goes on behind them.
    assert_eq!(store.verify().expect("verifies").broken, None);
    let lines = Exporter::new(&dir.join("logs"), zone)
        .catch_up(&store)
        .expect("exports");
    assert_eq!(lines, 0);
}

fn waits(team: TeamId, at: Timestamp) -> LedgerRecord {
    LedgerRecord::Dependencies(Dependencies {
        team,
        role: role("pm"),
        on: vec![role("devops")],
        at,
    })
}

/// What is settled and old goes; what is open stays, unless its team is gone; what happened lately stays.
#[test]
fn the_ledger_is_swept_as_messages_are() {
    let home = Home::new();
    let (mut store, team, agents) = raised(&home);
    let path = home.path();
    let dir = path.parent().expect("a folder");
    let at = |day: u64| Timestamp(NOW.0 + day * DAY);
    let violation = |number: u128, team, status| {
        LedgerRecord::Violation(Violation {
            id: ViolationId::new(NOW.0, number),
            team,
            agent: agents[1].id,
            role: role("developer"),
            to: "tester".to_owned(),
            rule: "mode.matrix".to_owned(),
            severity: Severity::Medium,
            evidence: String::new(),
            message: None,
            remedy: String::new(),
            at: at(0),
            last: at(0),
            count: 1,
            status,
        })
    };
    let settled = |day| ViolationState::Expired { at: at(day) };
    let gone = TeamId::new(NOW.0, 77);
    let block = |ended| {
        LedgerRecord::Block(Block {
            agent: agents[1].id,
            role: role("developer"),
            team: team.id,
            since: at(0),
            text: "no key".to_owned(),
            escalated: None,
            ended,
        })
    };
    let stays = [
        violation(1, team.id, ViolationState::Open),
        violation(2, team.id, settled(6)),
        waits(team.id, at(0)),
    ];
    let goes = [
        violation(3, team.id, settled(1)),
        violation(4, gone, ViolationState::Open),
        block(Some(at(2))),
    ];
    for record in stays.iter().chain(&goes) {
        let write = Write::PutLedger(Box::new(record.clone()));
        store.commit(at(0), &[write]).expect("commits");
    }
    let looked = look(&store, dir, limits(5)).expect("looks")[2];
    assert_eq!((looked.kind, looked.items), ("ledger", 3));
    assert_eq!(
        store
            .ledger(crate::LedgerKind::Violation)
            .expect("reads")
            .len(),
        4
    );
    assert_eq!(sweep(&mut store, &home, 5)[2], looked);
    let left = store.ledger(crate::LedgerKind::Violation).expect("reads");
    assert_eq!(left, stays[..2]);
    let open = store.open_ledger().expect("reads");
    assert!(open.len() == 2 && open.contains(&stays[0]) && open.contains(&stays[2]));
    // It is in the archive, and that is still whole.
    let files = fs::read_dir(dir.join("archive")).expect("lists");
    let texts: Vec<String> = files
        .map(|file| fs::read_to_string(file.expect("one").path()).expect("reads"))
        .collect();
    let lines = texts.concat();
    let kept = lines.lines().filter(|line| line.starts_with("{\"ledger\""));
    assert_eq!(kept.count(), 3, "{lines}");
    verify_archives(dir, &store).expect("verifies");
    assert_eq!(sweep(&mut store, &home, 5)[2].items, 0);
    drop(store);
    assert_eq!(home.store().verify().expect("verifies").broken, None);
}
