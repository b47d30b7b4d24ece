//! Backups, restoring them, and migrations that begin with one.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use rusqlite::Connection;
use torch_core::{DeliveryState, Timestamp};

use super::sample::{Home, NOW, accept, advance, envelope, raised};
use crate::export::Exporter;
use crate::presence::beside;
use crate::schema::{self, MIGRATIONS};
use crate::{Filter, SCHEMA_VERSION, Store, StoreError, backup, restore};

/// A registry with messages up to `count`; the store stays open.
fn filled(home: &Home, count: u128) -> Store {
    let (mut store, team, agents) = raised(home);
    for number in 1..=count {
        let message = envelope(&team, &agents[1], number);
        store.commit(NOW, &accept(&message)).expect("commits");
        store
            .commit(NOW, &advance(&message, DeliveryState::Consumed))
            .expect("commits");
    }
    store
}

fn more(store: &mut Store, numbers: std::ops::RangeInclusive<u128>) {
    let team = store.teams().expect("reads").remove(0);
    let agents = store.agents().expect("reads");
    for number in numbers {
        let message = envelope(&team, &agents[1], number);
        let later = Timestamp(NOW.0 + 60_000);
        store.commit(later, &accept(&message)).expect("commits");
    }
}

fn folder(home: &Home) -> PathBuf {
    home.path().parent().expect("a folder").to_owned()
}

#[test]
fn a_backup_beside_a_writer_is_whole_private_and_described() {
    let home = Home::new();
    let mut store = filled(&home, 20);
    let made = backup::make(&folder(&home), NOW, "command").expect("is made");
    more(&mut store, 21..=25);
    assert!(
        made.path.ends_with("backups/torch-20260102_030405.db"),
        "{made:?}"
    );
    for path in [made.path.clone(), made.path.with_extension("json")] {
        let mode = fs::metadata(path).expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let manifest = made.manifest.clone().expect("a manifest");
    let content = made.verify().expect("verifies");
    assert_eq!(content, manifest.content);
    assert_eq!((content.messages, content.entries), (20, 41));
    assert_eq!(content.schema, SCHEMA_VERSION);
    assert_eq!(
        manifest.size,
        fs::metadata(&made.path).expect("is there").len()
    );
    let second = backup::make(&folder(&home), NOW, "command").expect("is made");
    assert!(
        second.path.ends_with("torch-20260102_030405-2.db"),
        "{second:?}"
    );
    let listed: Vec<_> = backup::list(&folder(&home))
        .into_iter()
        .map(|b| b.path)
        .collect();
    assert_eq!(listed, [second.path, made.path]);
    assert_eq!(store.messages(&Filter::default()).expect("reads").len(), 25);
}

#[test]
fn a_damaged_database_makes_no_backup() {
    let home = Home::new();
    drop(filled(&home, 5));
    // A flipped bit in a text, which SQLite does not see.
    let mut bytes = fs::read(home.path()).expect("reads");
    let at = bytes
        .windows(6)
        .position(|part| part == b"body 3")
        .expect("is there");
    bytes[at] = b'B';
    fs::write(home.path(), bytes).expect("writes");
    let error = backup::make(&folder(&home), NOW, "command").expect_err("refused");
    assert!(
        error.to_string().contains("the database is damaged"),
        "{error}"
    );
    assert_eq!(
        fs::read_dir(folder(&home).join("backups"))
            .expect("lists")
            .count(),
        0
    );
}

#[test]
fn the_newest_stay() {
    let home = Home::new();
    let _store = filled(&home, 1);
    for second in 0..5 {
        backup::make(&folder(&home), Timestamp(NOW.0 + second * 1000), "daemon").expect("is made");
    }
    let names = || -> Vec<_> {
        let list = backup::list(&folder(&home)).into_iter();
        list.map(|backup| backup.manifest.expect("a manifest").made.0 - NOW.0)
            .collect()
    };
    let looked = backup::prune(&folder(&home), 2, true).expect("looks");
    assert_eq!((looked.0, names().len()), (3, 5));
    assert_eq!(
        backup::prune(&folder(&home), 2, false).expect("prunes"),
        looked
    );
    assert_eq!(names(), [4000, 3000]);
}

#[test]
fn restoring_keeps_the_damaged_and_says_what_is_missing() {
    let home = Home::new();
    let dir = folder(&home);
    let mut store = filled(&home, 4);
    let good = backup::make(&dir, NOW, "daemon").expect("is made");
    let later = backup::make(&dir, Timestamp(NOW.0 + 1000), "daemon").expect("is made");
    more(&mut store, 5..=7);
    let zone = jiff::tz::TimeZone::UTC;
    Exporter::new(&dir.join("logs"), zone.clone())
        .catch_up(&store)
        .expect("exports");
    drop(store);
    // The newest backup is damaged too, and so is the database.
    for path in [&later.path, &home.path()] {
        let mut bytes = fs::read(path).expect("reads");
        let middle = bytes.len() / 2 / 4096 * 4096;
        bytes[middle..middle + 4096].fill(0xA5);
        fs::write(path, bytes).expect("writes");
    }
    let damaged = fs::read(home.path()).expect("reads");
    Store::open(&home.path(), NOW).expect_err("refused");
    let plan = restore::plan(&dir, None).expect("there is one");
    assert_eq!(plan.backup.path, good.path, "the newest that verifies");
    assert!(plan.wrong.is_some());
    assert_eq!((plan.missing_entries(), plan.missing_messages()), (3, 3));
    assert_eq!(plan.known_until(), Some(Timestamp(NOW.0 + 60_000)));

    let now = Timestamp(NOW.0 + 90_000);
    let done = restore::restore(&dir, &plan, now).expect("restores");
    let aside = dir.join("torch.db.damaged-20260102_030535");
    assert!(done.kept.contains(&aside), "{done:?}");
    assert!(fs::read(&aside).expect("is kept") == damaged);
    let store = home.store();
    assert_eq!(store.load().expect("loads").agents.len(), 2);
    assert_eq!(store.messages(&Filter::default()).expect("reads").len(), 4);
    assert_eq!(store.verify().expect("verifies").broken, None);
    let told = store.trace("registry").expect("reads").remove(0);
    assert_eq!(
        (told.kind.as_str(), &told.data["missing_messages"]),
        ("registry.restored", &3.into())
    );
    // The export goes on, and what the day file knew is kept.
    Exporter::new(&dir.join("logs"), zone)
        .catch_up(&store)
        .expect("exports");
    let old =
        dir.join("logs/communications.before-restore-20260102_030535/2026-01-02/messages.jsonl");
    assert!(fs::read_to_string(old).expect("is kept").contains("body 7"));
}

#[test]
fn a_database_that_is_gone_comes_back() {
    let home = Home::new();
    drop(filled(&home, 3));
    let dir = folder(&home);
    backup::make(&dir, NOW, "daemon").expect("is made");
    fs::remove_file(home.path()).expect("removes");
    Store::open(&home.path(), NOW).expect_err("refused");
    let plan = restore::plan(&dir, None).expect("there is one");
    assert!(plan.now.is_none());
    restore::restore(&dir, &plan, NOW).expect("restores");
    assert_eq!(
        home.store()
            .messages(&Filter::default())
            .expect("reads")
            .len(),
        3
    );
}

#[test]
fn a_restore_that_was_cut_short_can_be_done_again() {
    let home = Home::new();
    drop(filled(&home, 3));
    let dir = folder(&home);
    backup::make(&dir, NOW, "daemon").expect("is made");
    // The crash came after the old database was set aside.
    fs::write(beside(&home.path(), ".restoring"), b"half").expect("writes");
    fs::rename(home.path(), dir.join("torch.db.damaged-x")).expect("renames");
    let error = Store::open(&home.path(), NOW).expect_err("refused");
    assert!(matches!(error, StoreError::Gone { .. }), "{error:?}");
    let plan = restore::plan(&dir, None).expect("there is one");
    restore::restore(&dir, &plan, NOW).expect("restores");
    assert_eq!(
        home.store()
            .messages(&Filter::default())
            .expect("reads")
            .len(),
        3
    );
}

#[test]
fn an_older_copy_can_be_accepted_and_a_new_registry_begun() {
    let home = Home::new();
    let dir = folder(&home);
    drop(filled(&home, 3));
    let old = fs::read(home.path()).expect("reads");
    let mut store = home.store();
    more(&mut store, 4..=6);
    drop(store);
    fs::write(home.path(), &old).expect("writes");
    Store::open(&home.path(), NOW).expect_err("refused");
    restore::accept(&dir, NOW).expect("accepts");
    assert_eq!(
        home.store()
            .messages(&Filter::default())
            .expect("reads")
            .len(),
        3
    );

    let kept = restore::begin_afresh(&dir, NOW).expect("moves");
    assert!(kept.iter().all(|path| path.exists()) && !kept.is_empty());
    assert_eq!(home.store().last_seq().expect("reads"), 0);
}

#[test]
fn without_a_backup_the_hint_says_how_to_begin_anew() {
    let home = Home::new();
    drop(filled(&home, 1));
    let error = restore::plan(&folder(&home), None).expect_err("none");
    assert_eq!(error.hint().as_deref(), Some("torch restore --afresh"));
}

/// A registry as schema 1 left it.
fn old_schema(home: &Home) -> PathBuf {
    let dir = folder(home);
    fs::create_dir(&dir).expect("mkdir");
    let mut conn = Connection::open(home.path()).expect("opens");
    crate::sum::register(&conn).expect("functions");
    schema::migrate(&mut conn, &home.path(), NOW, &MIGRATIONS[..1]).expect("migrates");
    conn.execute_batch(
        "INSERT INTO message VALUES (1, '01KE1F75R80000000000000001', '00000001', '01KE1F75R80000000000000001', 5, \
         'message', 'human', NULL, NULL, 'terminal', 'human', NULL, 'human', 1, 'hello', NULL, '[]', 'deliver', 'r', \
         'why', '[]', NULL, NULL, 0, NULL, NULL, NULL); \
         INSERT INTO delivery VALUES (1, 'queued', NULL, 1, 0, NULL, 5, ''); \
         INSERT INTO pair VALUES ('human', '01KE1F75R80000000000000001', 'human', 1)",
    )
    .expect("fills");
    dir
}

#[test]
fn a_migration_begins_with_a_verified_backup() {
    let home = Home::new();
    let dir = old_schema(&home);
    let store = home.store();
    let found = store
        .messages(&Filter::default())
        .expect("every row has its sum");
    assert_eq!(found[0].envelope.body, "hello");
    assert_eq!(store.load().expect("loads").open.len(), 1);
    let backups = backup::list(&dir);
    let manifest = backups[0].manifest.as_ref().expect("a manifest");
    assert_eq!(
        (manifest.content.schema, manifest.reason.as_str()),
        (1, "migration")
    );
    assert_eq!(backups[0].verify().expect("verifies").messages, 1);
    drop(store);
    drop(home.store());
    assert_eq!(
        backup::list(&dir).len(),
        1,
        "only where something is migrated"
    );
}

#[test]
fn migrations_go_on_where_they_were_cut_short() {
    for stop in 1..MIGRATIONS.len() {
        let home = Home::new();
        let dir = folder(&home);
        fs::create_dir(&dir).expect("mkdir");
        let mut conn = Connection::open(home.path()).expect("opens");
        crate::sum::register(&conn).expect("functions");
        schema::migrate(&mut conn, &home.path(), NOW, &MIGRATIONS[..stop]).expect("migrates");
        drop(conn);
        assert_eq!(home.store().last_seq().expect("reads"), 0);
        assert_eq!(backup::list(&dir).len(), 1);
    }
}

#[test]
fn the_newest_is_the_last_one_made_whatever_the_clock_said() {
    let home = Home::new();
    let _store = filled(&home, 1);
    let dir = folder(&home);
    let year = 365 * 24 * 60 * 60 * 1000;
    let ahead = backup::make(&dir, Timestamp(NOW.0 + year), "daemon").expect("is made");
    let right = backup::make(&dir, NOW, "daemon").expect("is made");
    let listed: Vec<_> = backup::list(&dir).into_iter().map(|it| it.path).collect();
    assert_eq!(listed, [right.path.clone(), ahead.path]);
    backup::prune(&dir, 1, false).expect("removes");
    let left: Vec<_> = backup::list(&dir).into_iter().map(|it| it.path).collect();
    assert_eq!(left, [right.path]);
}
