//! A full disk, at each write: what was committed stays whole, what was not leaves nothing.

use std::time::Duration;

use torch_core::{DeliveryState, Write};

use super::sample::{Home, NOW, accept, advance, envelope, raised, team};
use crate::{Filter, Snapshot, Store, StoredMessage};

/// Names the database that a child of these tests works on.
const CHILD: &str = "TORCH_STORE_TEST_CHILD";

type State = (Snapshot, Vec<StoredMessage>, u64);

fn state(store: &Store) -> State {
    let audit = store.verify().expect("verifies");
    assert_eq!(audit.broken, None);
    let messages = store.messages(&Filter::default()).expect("reads");
    (store.load().expect("loads"), messages, audit.entries)
}

/// A commit that touches every table and needs many pages.
fn large(store: &Store) -> Vec<Write> {
    let first = store.teams().expect("reads").remove(0);
    let agents = store.agents().expect("reads");
    let mut writes = vec![Write::PutTeam(Box::new(team(2)))];
    for number in 100..130 {
        let mut message = envelope(&first, &agents[1], number);
        message.body = format!("body {number} ").repeat(200);
        writes.extend(accept(&message));
        writes.extend(advance(&message, DeliveryState::Pasting));
    }
    writes
}

fn pages(store: &Store, pragma: &str) -> i64 {
    store
        .conn
        .pragma_query_value(None, pragma, |row| row.get(0))
        .expect("a pragma")
}

fn limit(store: &Store, pages: i64) {
    store
        .conn
        .pragma_update(None, "max_page_count", pages)
        .expect("sets");
}

#[test]
fn a_database_that_may_not_grow_stays_as_it_was() {
    let home = Home::new();
    let (mut store, _, _) = raised(&home);
    let before = state(&store);
    let writes = large(&store);
    let now = pages(&store, "page_count");
    let mut refused = 0;
    // Each round the commit comes one page further before there is no more room.
    for room in 0.. {
        limit(&store, now + room);
        match store.commit(NOW, &writes) {
            Err(error) => {
                assert!(error.is_full(), "{error:?}");
                assert_eq!(error.hint().as_deref(), Some("df -h"));
                assert!(state(&store) == before, "{room} pages left something");
                refused += 1;
            }
            Ok(()) => break,
        }
    }
    assert!(refused > 10, "{refused}");
    assert_eq!(state(&store).1.len(), 30);
}

/// The child of the test below: opens the store and commits; where a write fails is its parent's choice.
#[test]
fn child_that_commits() {
    let Some(path) = std::env::var_os(CHILD) else {
        return;
    };
    let Ok(mut store) = Store::open(path.as_ref(), NOW) else {
        return;
    };
    let writes = large(&store);
    // Either outcome is fine; what the files hold afterwards is judged by the parent.
    drop(store.commit(NOW, &writes));
    // As a crash: nothing is tidied up.
    std::process::exit(0);
}

#[test]
fn a_write_that_fails_leaves_the_old_or_the_new_state() {
    let home = Home::new();
    let (store, _, _) = raised(&home);
    let before = state(&store);
    drop(store);
    let mut outcomes = [0, 0];
    let blocks = [
        16, 64, 128, 192, 230, 240, 250, 260, 300, 340, 380, 420, 480, 560, 640, 900, 4000,
    ];
    for limit in blocks {
        let copy = Home::new();
        let dir = copy.path();
        std::fs::create_dir(dir.parent().expect("a folder")).expect("mkdir");
        for name in ["torch.db", "torch.db-mark"] {
            std::fs::copy(home.path().with_file_name(name), dir.with_file_name(name))
                .expect("copies");
        }
        let test = std::env::current_exe().expect("a path");
        // Beyond the limit, in blocks of 512 bytes, a write fails (EFBIG) instead of ending the process.
        let script =
            "trap '' XFSZ; ulimit -f $1; exec \"$2\" --exact tests::full::child_that_commits";
        let mut env = torch_process::env::inherited(std::env::vars_os());
        env.insert(CHILD.into(), copy.path().into());
        let spec = torch_process::CommandSpec::new("/bin/sh", "/", env, Duration::from_secs(20))
            .args([
                "-c",
                script,
                "sh",
                &limit.to_string(),
                &test.to_string_lossy(),
            ]);
        torch_process::run(&spec).expect("runs");
        let after = state(&copy.store());
        let new = after.1.len() == 30;
        assert!(
            new || after == before,
            "{limit} blocks: neither old nor new"
        );
        outcomes[usize::from(new)] += 1;
    }
    assert!(outcomes.iter().all(|count| *count > 0), "{outcomes:?}");
}

/// The child of a test below: its registry lies on a file system that is mounted read-only by now.
#[test]
fn child_on_a_read_only_disk() {
    let Some(dir) = std::env::var_os(CHILD) else {
        return;
    };
    let path = std::path::PathBuf::from(dir).join("torch.db");
    let error = Store::open(&path, NOW).expect_err("it can't be written");
    assert!(error.hint().is_some(), "{error:?}");
    assert!(!error.is_damage(), "{error:?}");
    let store = Store::open_read_only(&path).expect("it can be read");
    assert_eq!(state(&store).0.agents.len(), 2);
}

#[test]
fn a_read_only_registry_is_refused_for_writing_and_read() {
    let home = Home::new();
    drop(raised(&home));
    let dir = home
        .path()
        .parent()
        .expect("a folder")
        .display()
        .to_string();
    let script = |test: &str| format!("cp '{dir}'/* /mnt && mount -o remount,ro /mnt && {test}");
    if !mounted(&script("true"), "").is_ok_and(|output| output.success()) {
        return;
    }
    let test = "tests::full::child_on_a_read_only_disk";
    let output = mounted(&script("\"$1\" --exact \"$2\""), test).expect("runs");
    assert!(output.success(), "{}{}", output.text(), output.error_text());
    assert!(output.text().contains("1 passed"), "{}", output.text());
}

/// Runs a script where `/mnt` is a file system of its own of 3 MB; this test program and `test` are its arguments.
fn mounted(script: &str, test: &str) -> Result<torch_process::Output, torch_process::ProcessError> {
    let program = std::env::current_exe().expect("a path");
    let mut env = torch_process::env::inherited(std::env::vars_os());
    env.insert(CHILD.into(), "/mnt".into());
    let script = format!("mount -t tmpfs -o size=3m none /mnt && {script}");
    let spec =
        torch_process::CommandSpec::new("unshare", "/", env, Duration::from_secs(20)).args([
            "-Urm",
            "sh",
            "-c",
            &script,
            "sh",
            &program.to_string_lossy(),
            test,
        ]);
    torch_process::run(&spec)
}

/// The child of the test below: its registry lies on a file system of 3 MB, which it fills.
#[test]
fn child_that_fills_its_disk() {
    let Some(dir) = std::env::var_os(CHILD) else {
        return;
    };
    let dir = std::path::PathBuf::from(dir);
    let mut store = Store::open(&dir.join("torch.db"), NOW).expect("opens");
    let team = team(1);
    let agent = super::sample::agent(&team, 0, "developer");
    let begin = [
        Write::PutTeam(Box::new(team.clone())),
        Write::PutAgent(Box::new(agent.clone())),
    ];
    store.commit(NOW, &begin).expect("commits");
    assert!(
        store
            .keep_reserve(&dir.join("run/reserve"), 512 * 1024)
            .expect("is made")
    );
    let (mut kept, mut with_reserve) = (0, 0);
    for number in 1.. {
        let mut message = envelope(&team, &agent, number);
        message.body = "as long as a page or two ".repeat(400);
        match store.commit(NOW, &accept(&message)) {
            Ok(()) => kept += 1,
            Err(error) => {
                assert!(error.is_full(), "{error:?}");
                break;
            }
        }
        with_reserve += u32::from(store.reserve_given_up());
    }
    assert!(
        with_reserve > 0,
        "the reserve let nothing through after {kept}"
    );
    assert!(
        !store
            .keep_reserve(&dir.join("run/reserve"), 512 * 1024)
            .expect("looks"),
        "there is no room for it"
    );
    drop(store);
    let store = Store::open_read_only(&dir.join("torch.db")).expect("opens");
    assert_eq!(state(&store).1.len(), kept);
    assert_eq!(state(&store).2, kept as u64);
}

#[test]
fn on_a_full_disk_the_reserve_is_used_and_nothing_is_lost() {
    // Where no file system of one's own can be mounted (another system, a container), the tests beside this one remain.
    if !mounted("true", "").is_ok_and(|output| output.success()) {
        return;
    }
    let output = mounted(
        "\"$1\" --exact \"$2\"",
        "tests::full::child_that_fills_its_disk",
    )
    .expect("runs");
    assert!(output.success(), "{}{}", output.text(), output.error_text());
    assert!(output.text().contains("1 passed"), "{}", output.text());
}

#[test]
fn the_reserve_lets_one_more_commit_through() {
    let home = Home::new();
    let (mut store, first, agents) = raised(&home);
    let reserve = home.path().with_file_name("reserve");
    assert!(store.keep_reserve(&reserve, 256 * 1024).expect("is made"));
    let meta = std::fs::metadata(&reserve).expect("is there");
    assert!(
        std::os::unix::fs::MetadataExt::blocks(&meta) * 512 >= 256 * 1024,
        "really allocated"
    );
    limit(&store, pages(&store, "page_count"));
    let message = envelope(&first, &agents[1], 1);
    let mut long = message.clone();
    long.body = "long ".repeat(10_000);
    // This limit is not the disk's: giving the reserve up does not help, and the error is what it was.
    let error = store.commit(NOW, &accept(&long)).expect_err("no room");
    assert!(error.is_full() && store.reserve_given_up(), "{error:?}");
    assert!(!reserve.exists(), "the room went back to the disk");
    limit(&store, 1_000_000);
    store.commit(NOW, &accept(&long)).expect("commits");
    assert!(store.keep_reserve(&reserve, 256 * 1024).expect("is made"));
    assert!(!store.reserve_given_up() && reserve.exists());
}
