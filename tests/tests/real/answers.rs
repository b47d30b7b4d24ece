//! opencode's permissions, answered through its own interface: no key is pressed, each answer is given once, and one that comes too
//! late is refused.

use std::fs::{self, OpenOptions};
use std::path::PathBuf;

use serde_json::{Value, json};
use torch_testing::{REAL_DEADLINE, RealWorld};

use crate::dialogs::{MADE, made, question};
use crate::team::{ROLE, kill, raise, world};

/// What the tool does that is asked about: each time it runs is seen.
fn opens() -> String {
    format!("SCENARIO: bash echo ran >> {MADE}")
}

/// How often the tool ran.
fn runs(world: &RealWorld) -> usize {
    let file = world.agent(ROLE).worktree.join(MADE);
    fs::read_to_string(file).map_or(0, |text| text.lines().count())
}

fn team(test: &str) -> Option<RealWorld> {
    let world = world(test, "opencode", |setup| setup)?;
    raise(&world, "opencode");
    Some(world)
}

/// A permission is asked for; its question's id.
fn asked(world: &RealWorld) -> String {
    world.post(ROLE, &opens());
    let id = question(world, "permission");
    let open = world.pending();
    assert_eq!(open[0]["channel"], "program", "{open:?}");
    id
}

/// Switches the input of the developer's pane: while it is off, no key of torch's, or of anybody, gets there.
fn pane_input(world: &RealWorld, switch: &str) {
    let pane = world.agent(ROLE).pane_id().to_owned();
    world.tmux(&["select-pane", switch, "-t", &pane]).ok();
}

/// The folder in which answers to this launch lie.
fn folder(world: &RealWorld) -> PathBuf {
    let mut folders: Vec<PathBuf> = fs::read_dir(world.run_folder(ROLE))
        .expect("the agent's folder")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.display().to_string().contains("/answers-"))
        .collect();
    // Launches are numbered by time.
    folders.sort();
    folders.pop().expect("a folder of answers")
}

fn journalled(world: &RealWorld, kind: &str) -> Vec<Value> {
    let rows = world.journal_of(ROLE, kind).into_iter();
    rows.map(|row| row.data).collect()
}

#[test]
fn opencode_is_answered_without_a_key() {
    let Some(world) = team("answers_without_a_key") else {
        return;
    };
    let id = asked(&world);
    let why = world.torch(&["why", ROLE]).ok().stdout;
    assert!(why.contains("through the program's own interface"), "{why}");
    let pending = world.torch(&["pending"]).ok().stdout;
    assert!(
        pending.contains("own interface, without a key"),
        "{pending}"
    );
    pane_input(&world, "-d");
    let denied = world.torch(&["deny", &id]).ok();
    let words = format!("{}{}", denied.stdout, denied.stderr);
    assert!(
        words.contains("is denied through its program's own interface"),
        "{words}"
    );
    world.wait("the question to be closed", || world.pending().is_empty());
    pane_input(&world, "-e");
    world.wait_quiet(ROLE);
    assert_eq!(runs(&world), 0, "denied");

    let id = asked(&world);
    pane_input(&world, "-d");
    world.torch(&["approve", &id]).ok();
    world.wait("the tool to have run", || runs(&world) == 1);
    pane_input(&world, "-e");
    let last = world.post(ROLE, "the end");
    world.wait_consumed(&last);
    assert_eq!(world.pending(), Vec::<Value>::new());
    let answered = journalled(&world, "question.answered");
    let by: Vec<(&Value, &Value)> = answered
        .iter()
        .map(|it| (&it["approve"], &it["by"]))
        .collect();
    let program = json!("program");
    assert_eq!(by, [(&json!(false), &program), (&json!(true), &program)]);
    assert_eq!(journalled(&world, "question.by_keys"), Vec::<Value>::new());
    // An answer to what is answered already changes nothing.
    assert_eq!(world.torch(&["deny", &id]).code, 2);
    assert_eq!(runs(&world), 1);
}

#[test]
fn an_answer_to_another_question_is_refused() {
    let Some(world) = team("answers_stale") else {
        return;
    };
    let id = asked(&world);
    let folder = folder(&world);
    // One for a question that is gone, as a daemon would have laid it that died long ago.
    let stale = json!({"answer": "q-stale0", "permission": "per_00000000000000000000000000", "reply": "once"});
    fs::write(folder.join("q-stale0.partial"), stale.to_string()).expect("a file");
    fs::rename(
        folder.join("q-stale0.partial"),
        folder.join("q-stale0.ready"),
    )
    .expect("laid");
    let told: Value = world.wait_for(REAL_DEADLINE, "the word of the plugin", || {
        journalled(&world, "question.told").pop()
    });
    assert_eq!(
        (&told["id"], &told["outcome"]),
        (&json!("q-stale0"), &json!("gone"))
    );
    assert!(folder.join("q-stale0.taken").exists());
    assert_eq!(question(&world, "permission"), id, "the open one is open");
    assert!(!made(&world), "nothing was approved");
    world.torch(&["approve", &id]).ok();
    world.wait("the tool to have run", || runs(&world) == 1);
}

/// Its plugin can't take the answer; killed with it, the program never does, and the one after it does not either.
#[test]
fn opencode_is_killed_with_an_answer_lying_ready() {
    let Some(world) = team("answers_killed") else {
        return;
    };
    let id = asked(&world);
    let folder = folder(&world);
    // No file can be renamed to a folder.
    fs::create_dir_all(folder.join(format!("{id}.taken/in the way"))).expect("a folder");
    let pid = world.agent(ROLE).pid.expect("it runs");
    std::thread::scope(|scope| {
        let approve = scope.spawn(|| world.torch(&["approve", &id]));
        world.wait("the answer to lie ready", || {
            folder.join(format!("{id}.ready")).exists()
        });
        kill(&world, &[pid]);
        let ran = approve.join().expect("it ends");
        assert_ne!(ran.code, 0, "{ran}");
    });
    world.wait_agent(ROLE, REAL_DEADLINE, "another program, briefed", |agent| {
        agent.pid.is_some_and(|new| new != pid) && agent.briefed
    });
    world.wait_quiet(ROLE);
    world.wait("the answer to be taken back", || {
        !folder.join(format!("{id}.ready")).exists()
    });
    assert_eq!(runs(&world), 0, "nothing was approved");
    let id = asked(&world);
    world.torch(&["deny", &id]).ok();
    world.wait("the question to be closed", || world.pending().is_empty());
    assert_eq!(runs(&world), 0);
}

/// The daemon ends when it has laid the answer: its program acts on it once, and the next daemon hears of it.
#[test]
fn the_daemon_is_killed_before_it_hears_of_an_answer() {
    let Some(world) = team("answers_daemon") else {
        return;
    };
    let id = asked(&world);
    ends_at(&world, "did-answer");
    let ran = world.torch(&["approve", &id]);
    assert!(
        world
            .log()
            .contains("TORCH_TEST_CRASH ends the daemon at did-answer"),
        "{ran}"
    );
    world.wait("the tool to have run", || runs(&world) == 1);
    world.wait("the question to be closed", || world.pending().is_empty());
    world.wait("the answer to be heard of", || {
        let told = journalled(&world, "question.told");
        let answered = journalled(&world, "question.answered");
        told.iter()
            .any(|it| it["id"] == id && it["outcome"] == "given")
            || answered.iter().any(|it| it["id"] == id)
    });
    assert_eq!(world.torch(&["approve", &id]).code, 2, "it is answered");
    let last = world.post(ROLE, "the end");
    world.wait_consumed(&last);
    assert_eq!(runs(&world), 1, "once");
}

/// Replaces the daemon by one that ends itself at `point`, before a wrapper can start another.
fn ends_at(world: &RealWorld, point: &str) {
    let run = world.home().join("run");
    let turn = OpenOptions::new()
        .create(true)
        .append(true)
        .open(run.join("daemon.revive"));
    let turn = turn.expect("the wrappers' lock");
    turn.lock().expect("a wrapper's turn");
    let lock = fs::read_to_string(run.join("daemon.lock")).expect("the daemon's lock");
    let pid: u32 = lock.trim().parse().expect("its pid");
    let daemon = torch_process::facts::process(pid).expect("it runs");
    kill(world, &[pid]);
    torch_process::await_end(daemon, Some(torch_testing::DEADLINE));
    let start = world.command("torch").args(["daemon", "start"]);
    world.run(&start.env("TORCH_TEST_CRASH", point)).ok();
}
