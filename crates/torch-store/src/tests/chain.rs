//! The hash chain notices every kind of tampering.

use torch_core::DeliveryState;
use torch_core::Write;
use torch_core::journal::JournalEntry;

use super::sample::{Home, NOW, accept, advance, envelope, raised};
use crate::Store;

/// A store with 1 + 2 × 3 entries, closed.
fn filled() -> Home {
    let home = Home::new();
    let (mut store, team, agents) = raised(&home);
    for number in 1..=3 {
        let message = envelope(&team, &agents[1], number);
        store.commit(NOW, &accept(&message)).expect("commits");
        store
            .commit(NOW, &advance(&message, DeliveryState::Consumed))
            .expect("commits");
    }
    home
}

#[test]
fn a_good_chain_is_good() {
    let home = filled();
    let audit = home.store().verify().expect("verifies");
    assert_eq!((audit.entries, audit.broken), (7, None));
    assert_eq!(audit.head.len(), 64);
    let read = Store::open_read_only(&home.path())
        .expect("opens")
        .verify()
        .expect("verifies");
    assert_eq!(read.head, audit.head);
}

#[test]
fn an_empty_chain_is_good() {
    let audit = Home::new().store().verify().expect("verifies");
    assert_eq!(
        (audit.entries, audit.head, audit.broken),
        (0, "0".repeat(64), None)
    );
}

#[test]
fn tampering_is_found_where_it_was_done() {
    for (sql, good, words) in [
        (
            "UPDATE journal SET cause = 'hooK' WHERE seq = 5",
            4,
            "entry 5 does not match",
        ),
        (
            "UPDATE journal SET data = replace(data, '1', '2') WHERE seq = 3",
            2,
            "entry 3 does not match",
        ),
        (
            "UPDATE journal SET at = at + 1 WHERE seq = 1",
            0,
            "entry 1 does not match",
        ),
        (
            "UPDATE journal SET content = NULL WHERE seq = 4",
            3,
            "entry 4 does not match",
        ),
        (
            "UPDATE journal SET hash = upper(hash) WHERE seq = 2",
            1,
            "entry 2 does not match",
        ),
        ("DELETE FROM journal WHERE seq = 4", 3, "entry 4 is missing"),
        ("DELETE FROM journal WHERE seq = 7", 6, "missing at the end"),
        ("DELETE FROM journal", 0, "missing at the end"),
        (
            "UPDATE journal SET seq = -1 WHERE seq = 2; UPDATE journal SET seq = 2 WHERE seq = 3; \
             UPDATE journal SET seq = 3 WHERE seq = -1",
            1,
            "entry 2 does not match",
        ),
        (
            "UPDATE message SET body = 'bOdy 2' WHERE n = 2",
            3,
            "is not what entry 4 recorded",
        ),
        (
            "UPDATE message SET sender = 'torch' WHERE n = 1",
            1,
            "is not what entry 2 recorded",
        ),
        (
            "PRAGMA foreign_keys = off; DELETE FROM message WHERE n = 3",
            5,
            "of entry 6 is missing",
        ),
    ] {
        let home = filled();
        home.tamper(sql);
        // Past `open`, which refuses a journal that does not end where it should.
        let conn = rusqlite::Connection::open(home.path()).expect("opens");
        let audit = crate::chain::verify(&conn).expect("verifies");
        let broken = audit.broken.unwrap_or_default();
        assert!(broken.contains(words), "{sql}: {broken:?}");
        assert_eq!(audit.entries, good, "{sql}");
    }
}

#[test]
fn the_journal_refuses_changes_by_accident() {
    let home = filled();
    let conn = rusqlite::Connection::open(home.path()).expect("opens");
    for sql in ["UPDATE journal SET cause = ''", "DELETE FROM journal"] {
        let error = conn.execute(sql, []).expect_err("refused");
        assert!(error.to_string().contains("append only"), "{error}");
    }
}

/// The encoding is a promise: a chain written by this version must verify in every later one.
#[test]
fn the_encoding_does_not_change() {
    let home = Home::new();
    let mut store = home.store();
    let entry =
        JournalEntry::new("agent.state", "A", "hook Stop").with(serde_json::json!({"to": "idle"}));
    store
        .commit(NOW, &[Write::Journal(entry)])
        .expect("commits");
    let row = store.trace("A").expect("reads").remove(0);
    assert_eq!(row.hash, store.verify().expect("verifies").head);
    assert_eq!(
        row.hash,
        "62bf94175b7361aec72d7f9bac75dda89108edac7ed3e0fa4bb224630228823a"
    );
}
