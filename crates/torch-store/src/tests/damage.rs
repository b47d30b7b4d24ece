//! A damaged, cut, emptied, removed or replaced database is refused and kept; silent wrong data is the one failure.

use std::fs;
use std::path::Path;

use torch_core::{DeliveryState, Sender, Write};

use super::sample::{Home, NOW, accept, advance, envelope, raised};
use crate::presence::beside;
use crate::{Filter, JournalRow, Snapshot, Store, StoreError, StoredMessage};

/// Everything that can be read, by every way in which it is read.
#[derive(Debug, PartialEq)]
struct Everything {
    snapshot: Snapshot,
    messages: Vec<StoredMessage>,
    traces: Vec<Vec<JournalRow>>,
    inbox: Vec<StoredMessage>,
    waiting: usize,
    head: String,
}

fn read(store: &Store) -> Result<Everything, StoreError> {
    let messages = store.messages(&Filter::default())?;
    let traces = messages
        .iter()
        .map(|message| store.trace(&message.envelope.id.to_string()))
        .collect::<Result<_, _>>()?;
    let audit = store.verify()?;
    if let Some(broken) = audit.broken {
        return Err(StoreError::altered("journal", broken));
    }
    Ok(Everything {
        snapshot: store.load()?,
        traces,
        inbox: store.messages(&Filter {
            recipient_human: true,
            unread_only: true,
            ..Filter::default()
        })?,
        waiting: store.waiting()?.len(),
        messages,
        head: audit.head,
    })
}

/// A store with messages in all kinds of states and shapes.
fn fill(home: &Home, messages: u128) -> Store {
    let (mut store, team, agents) = raised(home);
    for number in 1..=messages {
        let mut message = envelope(&team, &agents[(number % 2) as usize], number);
        message.body = format!("body {number} ").repeat((number % 40) as usize + 1);
        message.key = (number % 5 == 0).then(|| format!("key-{number}"));
        message.original = (number % 7 == 0).then(|| vec![7; 300]);
        if number % 11 == 0 {
            message.recipient = torch_core::Recipient::Human;
            message.sender = Sender::Torch;
        }
        store.commit(NOW, &accept(&message)).expect("commits");
        let state = match number % 4 {
            0 => DeliveryState::Consumed,
            1 => DeliveryState::Accepted,
            2 => DeliveryState::Deferred,
            _ => continue,
        };
        store
            .commit(NOW, &advance(&message, state))
            .expect("commits");
    }
    let offset = Write::SpoolOffset {
        agent: agents[0].id,
        offset: 4711,
    };
    store.commit(NOW, &[offset]).expect("commits");
    store
}

/// A registry's folder with these files.
fn copy_of(files: &[(&str, &[u8])]) -> Home {
    let home = Home::new();
    let dir = home.path();
    let dir = dir.parent().expect("a folder");
    fs::create_dir(dir).expect("mkdir");
    for (name, bytes) in files {
        fs::write(dir.join(name), bytes).expect("writes");
    }
    home
}

fn file(path: &Path) -> Vec<u8> {
    fs::read(path).expect("reads")
}

/// What became of one damaged copy.
#[derive(Debug, PartialEq)]
enum Fate {
    Refused,
    RefusedLater,
    Whole,
}

/// Opens and reads a damaged registry: refused with every file as it was, or whole.
fn judge(home: &Home, expected: &Everything, what: &str) -> Fate {
    let before = file(&home.path());
    match Store::open(&home.path(), NOW) {
        Err(error) => {
            assert!(error.hint().is_some(), "{what}: {error:?} has no hint");
            assert!(file(&home.path()) == before, "{what}: the file was changed");
            Fate::Refused
        }
        Ok(store) => match read(&store) {
            Ok(found) => {
                assert!(found == *expected, "{what}: WRONG DATA without a word");
                Fate::Whole
            }
            Err(error) => {
                assert!(error.is_damage(), "{what}: {error:?}");
                Fate::RefusedLater
            }
        },
    }
}

/// Numbers below `end`, the same ones for the same seed (xorshift64*).
fn numbers(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed);
    move |end| {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        let number = state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16;
        usize::try_from(number).expect("48 bits") % end
    }
}

#[test]
fn a_flipped_bit_is_never_silent() {
    let home = Home::new();
    let store = fill(&home, 120);
    let expected = read(&store).expect("reads");
    drop(store);
    let (database, mark) = (file(&home.path()), file(&beside(&home.path(), "-mark")));
    let flips = |seed| {
        let (mut below, mut fates) = (numbers(seed), Vec::new());
        for _ in 0..100 {
            let mut bytes = database.clone();
            let at = below(bytes.len());
            let bit = below(8);
            bytes[at] ^= 1 << bit;
            let copy = copy_of(&[("torch.db", &bytes), ("torch.db-mark", &mark)]);
            fates.push(judge(&copy, &expected, &format!("bit {bit} of byte {at}")));
        }
        fates
    };
    let mut fates = std::thread::scope(|scope| {
        let other = scope.spawn(|| flips(1));
        let mut fates = flips(2);
        fates.extend(other.join().expect("ends"));
        fates
    });
    let whole = fates.iter().filter(|fate| **fate == Fate::Whole).count();
    fates.retain(|fate| *fate == Fate::Refused);
    // What is whole was hit where nothing is stored: free bytes of a page.
    assert!(whole < 120 && !fates.is_empty(), "{whole} of 200 whole");
}

#[test]
fn every_bit_of_the_header_counts() {
    let home = Home::new();
    let store = fill(&home, 10);
    let expected = read(&store).expect("reads");
    drop(store);
    let database = file(&home.path());
    for at in 0..100 {
        let mut bytes = database.clone();
        bytes[at] ^= 1 << (at % 8);
        judge(
            &copy_of(&[("torch.db", &bytes)]),
            &expected,
            &format!("byte {at}"),
        );
    }
}

#[test]
fn a_flipped_bit_in_the_log_loses_nothing_silently() {
    let home = Home::new();
    // Few enough that none of it was checkpointed.
    let store = fill(&home, 20);
    let expected = read(&store).expect("reads");
    // As a crash leaves them: the newest commits are in the log alone.
    let database = file(&home.path());
    let (log, mark) = (beside(&home.path(), "-wal"), beside(&home.path(), "-mark"));
    let (log, mark) = (file(&log), file(&mark));
    drop(store);
    let mut below = numbers(3);
    let mut refused = 0;
    for _ in 0..40 {
        let mut bytes = log.clone();
        let at = below(bytes.len());
        bytes[at] ^= 1 << below(8);
        let copy = copy_of(&[
            ("torch.db", &database),
            ("torch.db-wal", &bytes),
            ("torch.db-mark", &mark),
        ]);
        let fate = judge(&copy, &expected, &format!("byte {at} of the log"));
        refused += u32::from(fate != Fate::Whole);
    }
    assert!(refused > 35, "{refused}");
}

#[test]
fn a_cut_file_is_refused() {
    let home = Home::new();
    let store = fill(&home, 60);
    let expected = read(&store).expect("reads");
    drop(store);
    let (database, mark) = (file(&home.path()), file(&beside(&home.path(), "-mark")));
    let step = database.len() / 40 + 13;
    for length in (0..database.len())
        .step_by(step)
        .chain([1, 15, 16, 100, 4095, 4096, 8192])
    {
        let copy = copy_of(&[("torch.db", &database[..length]), ("torch.db-mark", &mark)]);
        let fate = judge(&copy, &expected, &format!("{length} bytes"));
        assert_eq!(fate, Fate::Refused, "{length} of {} bytes", database.len());
    }
}

#[test]
fn a_registry_that_existed_is_not_begun_anew() {
    let whole = Home::new();
    drop(fill(&whole, 3));
    let mark = file(&beside(&whole.path(), "-mark"));
    let traces: [(&str, &[u8]); 5] = [
        ("torch.db-mark", &mark),
        ("torch.db-wal", b"frames"),
        ("sessions.json", b"{}"),
        ("backups/torch-20260102_030405.db", b"SQLite format 3\0"),
        ("logs/communications/2026-01-02/messages.jsonl", b"{}\n"),
    ];
    for (name, bytes) in traces {
        for empty in [false, true] {
            let home = copy_of(&[]);
            let dir = home.path();
            let trace = dir.with_file_name(name);
            fs::create_dir_all(trace.parent().expect("a folder")).expect("mkdir");
            fs::write(&trace, bytes).expect("writes");
            if empty {
                fs::write(home.path(), b"").expect("writes");
            }
            let error = Store::open(&home.path(), NOW).expect_err("refused");
            assert!(
                matches!(error, StoreError::Gone { .. }),
                "{name}: {error:?}"
            );
            assert_eq!(error.hint().as_deref(), Some("torch restore --list"));
            assert_eq!(home.path().exists(), empty, "{name}: nothing was made");
            assert_eq!(file(&trace), bytes);
        }
    }
}

#[test]
fn an_older_copy_of_itself_is_refused() {
    let home = Home::new();
    let (store, old) = (fill(&home, 5), Home::new());
    drop(store);
    let before = file(&home.path());
    let mut store = home.store();
    let team = store.teams().expect("reads").remove(0);
    store
        .commit(NOW, &[Write::PutTeam(Box::new(team))])
        .expect("commits");
    drop(store);
    // A clean copy of an earlier day, put back by hand.
    fs::write(home.path(), &before).expect("writes");
    let error = Store::open(&home.path(), NOW).expect_err("refused");
    assert!(matches!(error, StoreError::Behind { .. }), "{error:?}");
    assert!(file(&home.path()) == before, "it was changed");
    // Another registry's database in its place.
    drop(fill(&old, 50));
    fs::copy(old.path(), home.path()).expect("copies");
    let error = Store::open(&home.path(), NOW).expect_err("refused");
    assert!(error.to_string().contains("another registry"), "{error}");
    assert!(Store::open_read_only(&home.path()).is_err());
}

#[test]
fn a_mark_that_is_older_or_unreadable_is_no_alarm() {
    let home = Home::new();
    drop(fill(&home, 5));
    let mark = beside(&home.path(), "-mark");
    let old = file(&mark);
    let mut store = home.store();
    let team = store.teams().expect("reads").remove(0);
    store
        .commit(NOW, &[Write::PutTeam(Box::new(team))])
        .expect("commits");
    drop(store);
    // What a loss of power may leave: an older line, half a line, zeros, nothing.
    let half = [&old[..40], &[0; 60]].concat();
    for bytes in [&old[..], &half, &[0; 180], b""] {
        fs::write(&mark, bytes).expect("writes");
        drop(home.store());
    }
    fs::remove_file(&mark).expect("removes");
    drop(home.store());
    assert!(mark.exists(), "it is written again");
}

#[test]
fn a_store_notices_that_its_file_is_gone() {
    type Harm = fn(&Path);
    let harms: [(&str, Harm); 4] = [
        ("removed", |path| fs::remove_file(path).expect("removes")),
        ("another file", |path| {
            fs::copy(path, path.with_extension("copy")).expect("copies");
            fs::rename(path.with_extension("copy"), path).expect("renames");
        }),
        ("emptied", |path| fs::write(path, b"").expect("empties")),
        ("write-ahead log", |path| {
            fs::remove_file(beside(path, "-wal")).expect("removes");
        }),
    ];
    for (words, harm) in harms {
        let home = Home::new();
        let (mut store, team, agents) = raised(&home);
        store.still_there().expect("is there");
        harm(&home.path());
        let error = store.still_there().expect_err("noticed");
        assert!(error.to_string().contains(words), "{words}: {error}");
        let message = envelope(&team, &agents[1], 1);
        let error = store
            .commit(NOW, &accept(&message))
            .expect_err("not accepted");
        assert!(matches!(error, StoreError::Gone { .. }), "{error:?}");
    }
}

/// A lost entry of an index is a lost message, although every row that is found is whole.
#[test]
fn a_delivery_that_is_not_found_any_more_is_noticed() {
    let home = Home::new();
    drop(fill(&home, 30));
    let conn = || {
        let conn = rusqlite::Connection::open(home.path()).expect("opens");
        crate::sum::register(&conn).expect("functions");
        conn
    };
    // The index is hidden while a delivery changes, so that it lacks it afterwards: all rows are as they should be.
    conn()
        .execute_batch(
            "CREATE TABLE kept AS SELECT * FROM sqlite_schema WHERE name = 'delivery_state'; \
             PRAGMA writable_schema = on; DELETE FROM sqlite_schema WHERE name = 'delivery_state'",
        )
        .expect("hidden");
    conn()
        .execute_batch(&format!(
            "UPDATE delivery SET state = 'queued' WHERE message = 4; UPDATE chain SET open = open + 1; \
             UPDATE delivery SET sum = torch_sum({}); UPDATE chain SET sum = torch_sum({}); \
             PRAGMA writable_schema = on; INSERT INTO sqlite_schema SELECT * FROM kept; DROP TABLE kept",
            crate::sum::DELIVERY,
            crate::sum::CHAIN
        ))
        .expect("changed");
    let reader = Store::open_read_only(&home.path()).expect("what it looks at is whole");
    let error = reader.load().expect_err("noticed");
    assert!(error.to_string().contains("open: "), "{error}");
    drop(reader);
    let error = Store::open(&home.path(), NOW).expect_err("refused");
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
}
