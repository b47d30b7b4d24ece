//! Messages that are handed into a running turn: nothing is typed, nothing lost, and nothing comes twice unmarked, whoever is
//! killed in between.

use std::fs;
use std::path::{Path, PathBuf};

use torch_testing::{DEADLINE, Entry, World};

use crate::endurance::{named, next_daemon};
use crate::recovery::{daemon_that_ends_at, kill};

/// A turn of three tools, each of which ends when its gate is opened; one without any; and a dialog.
const TURNS: &str = r#"
play = false
[[on]]
match = "use tools"
steps = [
  { shell = { command = "until test -e gate-1; do sleep 0.02; done" } },
  { shell = { command = "until test -e gate-2; do sleep 0.02; done" } },
  { shell = { command = "until test -e gate-3; do sleep 0.02; done" } },
  { say = "used" },
]
[[on]]
match = "think"
steps = [{ work = { ms = 1500 } }, { say = "thought" }]
[[on]]
match = "ask me"
steps = [{ shell = { command = "until test -e gate-1; do sleep 0.02; done" } }, { ask_permission = { tool = "Bash", command = "rm x" } }, { say = "asked" }]
"#;

const ROLE: &str = "developer";

/// A team of two whose developer is in a turn that `prompt` begins.
fn in_turn(world: World, prompt: &str) -> World {
    world.team("orchestrator,developer", TURNS);
    world.deliver(ROLE, prompt);
    world.wait_state(ROLE, "working");
    world
}

fn urgent(world: &World, body: &str) -> String {
    let ran = world.scm(&[ROLE, "--urgent", "--json", "--", body]).ok();
    let id = ran.json()["message"]["id"].as_str().map(str::to_owned);
    id.expect("an id")
}

/// Lets the tool end that waits for this gate.
fn open(world: &World, gate: u32) {
    fs::write(gate_file(world, gate), "").expect("a gate");
}

/// Asks no daemon: one may just be ending.
fn gate_file(world: &World, gate: u32) -> PathBuf {
    let worktree = world.home().join("projects/sample/worktrees").join(ROLE);
    worktree.join(format!("gate-{gate}"))
}

fn open_all(world: &World) {
    (1..=3).for_each(|gate| open(world, gate));
}

fn prompt_of(world: &World, body: &str) -> Vec<Entry> {
    let mut prompts = world.prompts(ROLE);
    prompts.retain(|entry| entry.body() == Some(body));
    prompts
}

/// The files of the hand-over folders whose names end so.
fn lying(world: &World, ending: &str) -> Vec<PathBuf> {
    let folders = fs::read_dir(world.run_folder(ROLE))
        .expect("a folder")
        .flatten();
    let folders = folders.filter(|entry| {
        entry
            .file_name()
            .to_string_lossy()
            .starts_with("hand-over-")
    });
    let files = folders.flat_map(|folder| fs::read_dir(folder.path()).expect("a folder").flatten());
    let paths = files.map(|file| file.path());
    paths
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect()
}

#[test]
fn an_urgent_message_is_read_within_the_turn() {
    let world = in_turn(World::new(), "use tools");
    let id = urgent(&world, "stop that\nand look");
    world.wait_message(&id, "offered");
    let later = world.send(ROLE, "no hurry");
    let screen = world.screen(ROLE);
    assert!(!screen.contains("stop that"), "nothing is typed: {screen}");
    open(&world, 1);
    world.wait_message(&id, "consumed");
    assert_eq!(world.agent(ROLE).state, "working", "the turn goes on");
    let [read] = &prompt_of(&world, "stop that\nand look")[..] else {
        panic!("{:?}", world.ledger(ROLE));
    };
    assert!(read.handed_over);
    let trace = world.trace(&id);
    let states: Vec<&str> = trace
        .iter()
        .filter_map(|kind| kind.strip_prefix("delivery."))
        .collect();
    // The transcript may tell it before the hook's own record does.
    let short = ["offered", "consumed"];
    let whole = ["offered", "entered", "consumed"];
    assert!(states == short || states == whole, "{trace:?}");
    assert_eq!(
        world.message(&later).state,
        "deferred",
        "it waits for the turn's end"
    );
    open_all(&world);
    world.wait_message(&later, "consumed");
    assert_eq!(
        world.received(ROLE),
        ["use tools", "stop that\nand look", "no hurry"]
    );
    assert!(!prompt_of(&world, "no hurry")[0].handed_over);
}

#[test]
fn what_stands_before_an_urgent_one_goes_before_it() {
    let world = in_turn(World::new(), "use tools");
    let first = world.send(ROLE, "no hurry");
    world.wait_message(&first, "deferred:busy");
    let second = urgent(&world, "hurry");
    world.wait_message(&first, "offered");
    assert_eq!(world.message(&second).state, "queued");
    open(&world, 1);
    world.wait_message(&first, "consumed");
    world.wait_message(&second, "offered");
    open(&world, 2);
    world.wait_message(&second, "consumed");
    assert_eq!(world.agent(ROLE).state, "working");
    assert_eq!(world.received(ROLE), ["use tools", "no hurry", "hurry"]);
}

#[test]
fn who_has_waited_long_is_handed_over() {
    let world = World::new().with("TORCH_DELIVERY_HAND_OVER_AFTER_SECONDS", "1");
    let world = in_turn(world, "use tools");
    let id = world.send(ROLE, "patient");
    world.wait_message(&id, "offered");
    open(&world, 1);
    let message = world.wait_message(&id, "consumed");
    let trace = world.trace(&id);
    assert_eq!(message.attempt, 1, "{trace:?}");
    assert!(prompt_of(&world, "patient")[0].handed_over);
}

#[test]
fn a_turn_that_ends_without_a_tool_leaves_it_to_the_composer() {
    let world = in_turn(World::new(), "think");
    let id = urgent(&world, "think again");
    world.wait_message(&id, "offered");
    let message = world.wait_message(&id, "consumed");
    assert_eq!(message.attempt, 1);
    let [read] = &prompt_of(&world, "think again")[..] else {
        panic!("{:?}", world.ledger(ROLE));
    };
    assert!(!read.handed_over);
    assert!(
        lying(&world, "").is_empty(),
        "nothing is left for a later tool"
    );
}

#[test]
fn a_long_message_goes_as_a_file_and_one_that_the_hook_can_not_carry_waits() {
    let world = in_turn(World::new(), "use tools");
    let long = "a line of words\n".repeat(40);
    let filed = urgent(&world, long.trim_end());
    world.wait_message(&filed, "offered");
    open(&world, 1);
    let message = world.wait_message(&filed, "consumed");
    let file = message.body_file.expect("a file");
    let text = fs::read_to_string(world.agent(ROLE).worktree.join(file)).expect("the body");
    assert_eq!(text.trim_end(), long.trim_end());
    let inline = "x".repeat(12_000);
    let ran = world
        .scm(&[ROLE, "--urgent", "--inline", "--json", "--", &inline])
        .ok()
        .json();
    let id = ran["message"]["id"].as_str().expect("an id").to_owned();
    world.wait_message(&id, "deferred:busy");
    open_all(&world);
    world.wait_message(&id, "consumed");
    assert!(!prompt_of(&world, &inline)[0].handed_over);
}

#[test]
fn a_dialog_gets_no_key_and_the_message_comes_once_it_is_answered() {
    let world = in_turn(World::new(), "ask me");
    let id = urgent(&world, "for the turn");
    world.wait_message(&id, "offered");
    // Taken at the first tool's end would be right, too: the dialog comes after that.
    let before = world.send(ROLE, "after it");
    open(&world, 1);
    world.wait_message(&id, "consumed");
    world.wait_state(ROLE, "asking");
    let second = urgent(&world, "while it asks");
    world.wait_message(&before, "deferred:asking");
    assert_eq!(world.count(ROLE, "approved"), 0);
    world.keys(ROLE, &["1"]);
    world.wait_message(&second, "consumed");
    assert_eq!(
        world.received(ROLE),
        ["ask me", "for the turn", "after it", "while it asks"]
    );
    assert_eq!(world.count(ROLE, "approved"), 1, "by the test's own key");
}

#[test]
fn a_pause_takes_it_back() {
    let world = in_turn(World::new(), "use tools");
    let id = urgent(&world, "now");
    world.wait_message(&id, "offered");
    world.torch(&["pause", ROLE]).ok();
    world.wait("nothing to lie ready", || {
        lying(&world, ".ready").is_empty()
    });
    open(&world, 1);
    open(&world, 2);
    world.wait_message(&id, "deferred:busy");
    assert!(prompt_of(&world, "now").is_empty());
    world.torch(&["unpause", ROLE]).ok();
    open(&world, 3);
    world.wait_message(&id, "consumed");
    assert_eq!(prompt_of(&world, "now").len(), 1);
}

#[test]
fn its_time_to_live_holds_while_it_lies_ready() {
    let world = in_turn(World::new(), "use tools");
    world
        .scm(&[ROLE, "--urgent", "--ttl", "1s", "--", "soon or never"])
        .ok();
    world.wait("it to lie ready", || !lying(&world, ".ready").is_empty());
    world.wait("it to be taken back", || lying(&world, ".ready").is_empty());
    open_all(&world);
    world.wait_idle(ROLE);
    let last = world.deliver(ROLE, "afterwards");
    assert!(!last.is_empty());
    assert_eq!(world.received(ROLE), ["use tools", "afterwards"]);
}

/// The daemon ends at each of its steps, and the tool before another daemon is there or after that.
#[test]
fn a_daemon_that_ends_at_any_step_hands_it_over_once() {
    let world = World::new();
    world.team("orchestrator,developer", TURNS);
    let points = [
        "before-delivery.offered",
        "delivery.offered",
        "did-offer",
        "before-delivery.entered",
        "delivery.entered",
        "before-delivery.consumed:2",
        "delivery.consumed:2",
    ];
    for (n, point) in points.into_iter().enumerate() {
        for gate in 1..=3 {
            fs::remove_file(gate_file(&world, gate)).ok();
        }
        let pid = daemon_that_ends_at(&world, point);
        let tools = world.wait_for(DEADLINE, "the turn's prompt to be accepted", || {
            world.try_send(ROLE, &format!("use tools {n}"), &format!("tools {n}"))
        });
        world.wait("the turn to begin", || {
            !prompt_of(&world, &format!("use tools {n}")).is_empty()
        });
        let body = format!("urgent at {point}");
        let id = world.wait_for(DEADLINE, "the urgent one to be accepted", || {
            world.try_urgent(ROLE, &body, &body)
        });
        let heard = point.contains("entered") || point.contains("consumed");
        if heard {
            world.wait("it to lie ready", || !lying(&world, ".ready").is_empty());
        }
        if heard || n % 2 == 0 {
            open(&world, 1);
        }
        // The transcript may tell it before the hook's own record does: then it never is `entered`.
        let another = || named(&world.home()).is_some_and(|now| now != pid);
        let read = || !prompt_of(&world, &body).is_empty();
        world.wait(&format!("the daemon to end at {point}"), || {
            another() || (point.contains("entered") && read())
        });
        if another() {
            next_daemon(&world, pid);
        }
        open_all(&world);
        world.wait_message(&tools, "consumed");
        let message = world.wait_message(&id, "consumed");
        assert_eq!(message.attempt, 1, "{point}");
        assert_eq!(
            prompt_of(&world, &body).len(),
            1,
            "{point}: {:?}",
            world.ledger(ROLE)
        );
        world.wait_idle(ROLE);
    }
    world.torch(&["audit", "verify"]).ok();
}

/// The same where the turn ends before any tool does, so that it is taken back.
#[test]
fn a_daemon_that_ends_while_it_takes_it_back_types_it_once() {
    let world = World::new();
    world.team("orchestrator,developer", TURNS);
    for (n, point) in ["did-withdraw", "before-delivery.queued", "delivery.queued"]
        .into_iter()
        .enumerate()
    {
        let pid = daemon_that_ends_at(&world, point);
        world.wait_for(DEADLINE, "the turn's prompt to be accepted", || {
            world.try_send(ROLE, &format!("think {n}"), &format!("think {n}"))
        });
        world.wait("the turn to begin", || {
            !prompt_of(&world, &format!("think {n}")).is_empty()
        });
        let body = format!("urgent at {point}");
        let id = world.wait_for(DEADLINE, "the urgent one to be accepted", || {
            world.try_urgent(ROLE, &body, &body)
        });
        next_daemon(&world, pid);
        assert_eq!(world.wait_message(&id, "consumed").attempt, 1, "{point}");
        let read = prompt_of(&world, &body);
        assert_eq!(read.len(), 1, "{point}: {:?}", world.ledger(ROLE));
        world.wait_idle(ROLE);
    }
}

/// A hook that is killed once it has the message, before the program reads anything: torch can't know, and says so.
#[test]
fn a_hook_that_ends_with_the_message_makes_it_a_marked_second_try() {
    let world = in_turn(World::new(), "use tools");
    let id = urgent(&world, "lost with the hook");
    world.wait_message(&id, "offered");
    take_as_a_hook(&world);
    open_all(&world);
    let message = world.wait_message(&id, "consumed");
    assert_eq!(message.attempt, 2);
    let [read] = &prompt_of(&world, "lost with the hook")[..] else {
        panic!("{:?}", world.ledger(ROLE));
    };
    assert_eq!(read.field("try"), Some("2"));
    let trace = world.trace(&id);
    assert!(
        trace.iter().any(|kind| kind == "delivery.uncertain"),
        "{trace:?}"
    );
}

/// The program is killed while the message lies ready, and once the hook has it.
#[test]
fn a_program_that_is_killed_costs_nothing() {
    for taken in [false, true] {
        let world = World::new().with("TORCH_RESTART_POLICY", "always");
        let world = in_turn(world, "use tools");
        let id = urgent(&world, "for whoever lives");
        world.wait_message(&id, "offered");
        if taken {
            take_as_a_hook(&world);
        }
        let pid = world.agent(ROLE).pid.expect("a program");
        kill(&[torch_process::facts::process(pid).expect("it runs")]);
        open_all(&world);
        let message = world.wait_message(&id, "consumed");
        assert_eq!(message.attempt, 1 + u32::from(taken), "taken: {taken}");
        assert_eq!(
            prompt_of(&world, "for whoever lives").len(),
            1,
            "taken: {taken}"
        );
        assert!(lying(&world, ".ready").is_empty());
    }
}

/// What a hook does that is killed right after: the message is its, and nobody hears of it.
#[track_caller]
fn take_as_a_hook(world: &World) {
    let ready = world.wait_for(DEADLINE, "it to lie ready", || lying(world, ".ready").pop());
    fs::rename(&ready, ready.with_extension("taken")).expect("taken");
}

#[test]
fn one_that_lies_ready_can_be_cancelled() {
    let world = in_turn(World::new(), "use tools");
    let id = urgent(&world, "never mind");
    world.wait_message(&id, "offered");
    let said = world.torch(&["msg", "cancel", &id]).ok().stdout;
    assert!(said.contains("is cancelled"), "{said}");
    assert_eq!(world.message(&id).state, "dead");
    let taken = urgent(&world, "too late");
    world.wait_message(&taken, "offered");
    take_as_a_hook(&world);
    let said = world.torch(&["msg", "cancel", &taken]).code(1).stderr;
    assert!(said.contains("a hook of the program took it"), "{said}");
    open_all(&world);
    world.wait_message(&taken, "consumed");
    assert!(prompt_of(&world, "never mind").is_empty());
}

#[test]
fn a_second_try_is_not_made_after_its_time() {
    let world = in_turn(World::new(), "use tools");
    let ran = world
        .scm(&[ROLE, "--urgent", "--ttl", "3s", "--json", "--", "soon"])
        .ok();
    let id = ran.json()["message"]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    world.wait_message(&id, "offered");
    take_as_a_hook(&world);
    open_all(&world);
    world.wait_message_for(&id, "expired", std::time::Duration::from_secs(40));
    assert!(prompt_of(&world, "soon").is_empty());
}

/// What is done to a folder, and the words for it.
type Damage = (&'static str, fn(&Path));

/// What an agent's program, or a person who tidies up, may do to the folder in which a message lies ready.
#[test]
fn a_folder_that_is_gone_costs_nothing() {
    let world = World::new();
    world.team("orchestrator,developer", TURNS);
    let damages: [Damage; 3] = [
        ("removed", |folder| {
            fs::remove_dir_all(folder).expect("removed")
        }),
        ("a file in its place", |folder| {
            fs::remove_dir_all(folder).expect("removed");
            fs::write(folder, "in its place").expect("a file");
        }),
        ("a folder in the message's place", |folder| {
            let lie = fs::read_dir(folder).expect("a folder").flatten();
            let mut lie = lie.map(|entry| entry.path());
            let ready = lie.find(|path| path.extension().is_some_and(|end| end == "ready"));
            let ready = ready.expect("it lies there");
            fs::remove_file(&ready).expect("removed");
            fs::create_dir_all(ready.join("x")).expect("a folder");
        }),
    ];
    for (n, (what, damage)) in damages.into_iter().enumerate() {
        for gate in 1..=3 {
            fs::remove_file(gate_file(&world, gate)).ok();
        }
        world.deliver(ROLE, &format!("use tools {n}"));
        world.wait_state(ROLE, "working");
        let body = format!("urgent before it is {what}");
        let id = urgent(&world, &body);
        world.wait_message(&id, "offered");
        let ready = lying(&world, ".ready").pop().expect("it lies ready");
        damage(ready.parent().expect("a folder"));
        open_all(&world);
        let message = world.wait_message(&id, "consumed");
        // No daemon can tell that from a hook that took it and was killed.
        assert_eq!(message.attempt, 2, "{what}");
        let [read] = &prompt_of(&world, &body)[..] else {
            panic!("{what}: {:?}", world.ledger(ROLE));
        };
        assert!(!read.handed_over, "{what}");
        world.wait_idle(ROLE);
        // The next one makes the folder anew.
        for gate in 1..=3 {
            fs::remove_file(gate_file(&world, gate)).ok();
        }
        world.deliver(ROLE, &format!("use tools again {n}"));
        let body = format!("urgent after it is {what}");
        let id = urgent(&world, &body);
        world.wait_message(&id, "offered");
        open(&world, 1);
        assert_eq!(world.wait_message(&id, "consumed").attempt, 1, "{what}");
        assert!(prompt_of(&world, &body)[0].handed_over, "{what}");
        open_all(&world);
        world.wait_idle(ROLE);
    }
}
