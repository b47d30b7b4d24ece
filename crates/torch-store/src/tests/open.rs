//! Opening, refusing, reading beside a writer.

use std::os::unix::fs::PermissionsExt as _;

use rusqlite::Connection;
use torch_core::DeliveryState;

use super::sample::{Home, NOW, accept, advance, envelope, raised};
use crate::schema::{self, MIGRATIONS, SCHEMA_VERSION};
use crate::{Filter, Store, StoreError};

fn mode(path: &std::path::Path) -> u32 {
    std::fs::metadata(path)
        .expect("exists")
        .permissions()
        .mode()
        & 0o777
}

#[test]
fn a_new_store_is_private_and_durable_by_settings() {
    let home = Home::new();
    let store = home.store();
    let path = home.path();
    assert_eq!(mode(path.parent().expect("a folder")), 0o700);
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&path.with_extension("db-wal")), 0o600);
    let pragma = |name: &str| -> String {
        store
            .conn
            .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
            .map(|value| format!("{value:?}"))
            .expect("a pragma")
    };
    assert_eq!(pragma("journal_mode"), "Text(\"wal\")");
    assert_eq!(pragma("synchronous"), "Integer(2)");
    assert_eq!(pragma("foreign_keys"), "Integer(1)");
    assert_eq!(pragma("trusted_schema"), "Integer(0)");
    assert_eq!(pragma("busy_timeout"), "Integer(5000)");
    assert_eq!(pragma("user_version"), format!("Integer({SCHEMA_VERSION})"));
}

#[test]
fn a_readable_file_is_made_private() {
    let home = Home::new();
    drop(home.store());
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o644)).expect("chmod");
    drop(home.store());
    assert_eq!(mode(&home.path()), 0o600);
}

#[test]
fn a_newer_schema_is_refused_untouched() {
    let home = Home::new();
    drop(raised(&home));
    let newer = SCHEMA_VERSION + 7;
    let conn = Connection::open(home.path()).expect("opens");
    conn.pragma_update(None, "user_version", newer)
        .expect("set");
    drop(conn);
    let before = std::fs::read(home.path()).expect("reads");
    let expected = format!("schema {newer}, this torch knows schemas up to {SCHEMA_VERSION}");
    for opened in [
        Store::open(&home.path(), NOW),
        Store::open_read_only(&home.path()),
    ] {
        let error = opened.expect_err("refused");
        assert!(matches!(error, StoreError::Newer { .. }), "{error}");
        assert!(error.to_string().contains(&expected), "{error}");
        assert!(error.hint().is_some());
    }
    assert!(
        std::fs::read(home.path()).expect("reads") == before,
        "the file changed"
    );
}

#[test]
fn a_newer_schema_in_the_log_is_refused_with_the_log_kept() {
    let home = Home::new();
    drop(raised(&home));
    let copy = Home::new();
    std::fs::create_dir(copy.path().parent().expect("a folder")).expect("mkdir");
    let conn = Connection::open(home.path()).expect("opens");
    conn.pragma_update(None, "user_version", SCHEMA_VERSION + 1)
        .expect("set");
    // A copy taken while the change is in the log only: what a crash leaves behind.
    let log = |home: &Home| home.path().with_extension("db-wal");
    std::fs::copy(home.path(), copy.path()).expect("copies");
    std::fs::copy(log(&home), log(&copy)).expect("copies");
    let before = (
        std::fs::read(copy.path()).expect("file"),
        std::fs::read(log(&copy)).expect("log"),
    );
    let error = Store::open(&copy.path(), NOW).expect_err("refused");
    assert!(matches!(error, StoreError::Newer { .. }), "{error}");
    let after = (
        std::fs::read(copy.path()).expect("file"),
        std::fs::read(log(&copy)).expect("log"),
    );
    assert!(before == after, "file or log changed");
}

#[test]
fn other_files_are_refused_and_kept() {
    for garbage in [
        &b"not a database, but somebody's notes\n"[..],
        b"x",
        b"SQLite format 3\0 and then nothing",
    ] {
        let home = Home::new();
        std::fs::create_dir(home.path().parent().expect("a folder")).expect("mkdir");
        std::fs::write(home.path(), garbage).expect("writes");
        for opened in [
            Store::open(&home.path(), NOW),
            Store::open_read_only(&home.path()),
        ] {
            let error = opened.expect_err("refused");
            assert!(
                matches!(
                    error,
                    StoreError::Foreign { .. } | StoreError::Damaged { .. }
                ),
                "{error:?}"
            );
            assert!(error.hint().is_some());
        }
        assert_eq!(std::fs::read(home.path()).expect("reads"), garbage);
    }
}

#[test]
fn another_programs_database_is_refused_and_kept() {
    let home = Home::new();
    std::fs::create_dir(home.path().parent().expect("a folder")).expect("mkdir");
    let conn = Connection::open(home.path()).expect("opens");
    conn.execute_batch("CREATE TABLE bookmarks (url TEXT)")
        .expect("creates");
    drop(conn);
    let before = std::fs::read(home.path()).expect("reads");
    let error = Store::open(&home.path(), NOW).expect_err("refused");
    assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
    assert!(
        std::fs::read(home.path()).expect("reads") == before,
        "the file changed"
    );
}

#[test]
fn a_damaged_page_is_refused_and_kept() {
    let home = Home::new();
    let (mut store, team, agents) = raised(&home);
    for number in 1..200 {
        store
            .commit(NOW, &accept(&envelope(&team, &agents[1], number)))
            .expect("commits");
    }
    drop(store);
    let mut bytes = std::fs::read(home.path()).expect("reads");
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0xA5);
    std::fs::write(home.path(), &bytes).expect("writes");
    let error = Store::open(&home.path(), NOW).expect_err("refused");
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
    assert!(
        std::fs::read(home.path()).expect("reads") == bytes,
        "the file changed"
    );
}

#[test]
fn an_emptied_file_beside_a_log_is_refused() {
    let home = Home::new();
    let (store, _, _) = raised(&home);
    std::fs::write(home.path(), b"").expect("truncates");
    let error = Store::open(&home.path(), NOW).expect_err("refused");
    assert!(matches!(error, StoreError::Gone { .. }), "{error:?}");
    drop(store);
}

#[test]
fn an_empty_file_is_a_new_store() {
    let home = Home::new();
    std::fs::create_dir(home.path().parent().expect("a folder")).expect("mkdir");
    std::fs::write(home.path(), b"").expect("writes");
    assert_eq!(home.store().last_seq().expect("reads"), 0);
}

#[test]
fn reading_creates_nothing() {
    let home = Home::new();
    let error = Store::open_read_only(&home.path()).expect_err("there is none");
    assert!(matches!(error, StoreError::Missing { .. }), "{error:?}");
    assert!(!home.path().parent().expect("a folder").exists());

    drop(raised(&home));
    let names = || {
        let mut names: Vec<_> = std::fs::read_dir(home.path().parent().expect("a folder"))
            .expect("lists")
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        names.sort();
        names
    };
    assert_eq!(
        names(),
        ["torch.db", "torch.db-mark"],
        "a clean end leaves one file and its mark"
    );
    let mut reader = Store::open_read_only(&home.path()).expect("opens");
    assert_eq!(reader.load().expect("loads").agents.len(), 2);
    assert!(reader.commit(NOW, &[]).is_ok());
    let team = reader.teams().expect("reads").remove(0);
    let error = reader
        .commit(NOW, &[torch_core::Write::RemoveTeam(team.id)])
        .expect_err("read only");
    assert!(matches!(error, StoreError::Sql { .. }), "{error:?}");
    drop(reader);
    assert_eq!(names(), ["torch.db", "torch.db-mark"]);
}

#[test]
fn a_reader_beside_a_writer_sees_each_commit() {
    let home = Home::new();
    let (mut store, team, agents) = raised(&home);
    let reader = Store::open_read_only(&home.path()).expect("opens");
    for number in 1..=20 {
        let message = envelope(&team, &agents[1], number);
        store.commit(NOW, &accept(&message)).expect("commits");
        store
            .commit(NOW, &advance(&message, DeliveryState::Consumed))
            .expect("commits");
        let seen = reader.messages(&Filter::default()).expect("reads");
        assert_eq!(seen.len() as u128, number);
        assert_eq!(seen[0].delivery.state, DeliveryState::Consumed);
    }
    assert_eq!(reader.verify().expect("verifies").broken, None);
}

/// Right after a checkpoint the log may be empty: a reader must not take the file for settled then.
#[test]
fn a_reader_beside_a_writer_with_an_empty_log_sees_one_state() {
    let home = Home::new();
    let (mut store, team, agents) = raised(&home);
    let truncate = "PRAGMA wal_checkpoint(TRUNCATE)";
    store
        .conn
        .query_row(truncate, [], |_| Ok(()))
        .expect("checkpoints");
    let log = home.path().with_extension("db-wal");
    assert_eq!(std::fs::metadata(&log).expect("is there").len(), 0);
    let reader = Store::open_read_only(&home.path()).expect("opens");
    reader.conn.execute_batch("BEGIN").expect("begins");
    assert_eq!(reader.messages(&Filter::default()).expect("reads").len(), 0);
    for number in 1..=20 {
        let message = envelope(&team, &agents[1], number);
        store.commit(NOW, &accept(&message)).expect("commits");
    }
    store
        .conn
        .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
        .expect("checkpoints");
    assert_eq!(reader.messages(&Filter::default()).expect("reads").len(), 0);
    reader.conn.execute_batch("COMMIT").expect("ends");
    assert_eq!(
        reader.messages(&Filter::default()).expect("reads").len(),
        20
    );
}

#[test]
fn paths_with_odd_characters_can_be_read() {
    let home = Home::new();
    let path = home.dir.path().join("a b?c#d%e/ü&f=g/torch.db");
    drop(Store::open(&path, NOW).expect("opens"));
    assert!(Store::open_read_only(&path).is_ok(), "settled");
    let writer = Store::open(&path, NOW).expect("opens");
    assert!(Store::open_read_only(&path).is_ok(), "beside a writer");
    drop(writer);
}

#[test]
fn a_failing_migration_leaves_the_schema_before_it() {
    let home = Home::new();
    drop(raised(&home));
    let mut conn = Connection::open(home.path()).expect("opens");
    let mut migrations = MIGRATIONS.to_vec();
    migrations.push((
        SCHEMA_VERSION + 1,
        "CREATE TABLE half (x INTEGER); INSERT INTO nowhere VALUES (1);",
    ));
    let error = schema::migrate(&mut conn, &home.path(), NOW, &migrations).expect_err("fails");
    assert!(matches!(error, StoreError::Migrate { number, .. } if number == SCHEMA_VERSION + 1));
    assert_eq!(schema::version(&conn).expect("reads"), SCHEMA_VERSION);
    let half: i64 = conn
        .query_row(
            "SELECT count(*) FROM sqlite_schema WHERE name = 'half'",
            [],
            |row| row.get(0),
        )
        .expect("reads");
    assert_eq!(half, 0);
    migrations.pop();
    migrations.push((SCHEMA_VERSION + 1, "CREATE TABLE whole (x INTEGER) STRICT;"));
    schema::migrate(&mut conn, &home.path(), NOW, &migrations).expect("applies");
    assert_eq!(schema::version(&conn).expect("reads"), SCHEMA_VERSION + 1);
}

#[test]
fn a_reader_that_opens_while_a_writer_commits_finds_one_state() {
    let home = Home::new();
    let (mut store, team, agents) = raised(&home);
    let path = home.path();
    let (done, ended) = std::sync::mpsc::channel::<()>();
    let reader = std::thread::spawn(move || {
        let mut opened = 0;
        while ended.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            Store::open_read_only(&path).expect("a database that is whole");
            opened += 1;
        }
        opened
    });
    for number in 0..300 {
        let message = envelope(&team, &agents[1], number + 1);
        store.commit(NOW, &accept(&message)).expect("commits");
    }
    drop(done);
    assert!(reader.join().expect("it read") > 0);
}
