//! Programs that flood, hang, never get ready, exit at once, or leave what will not end.

use std::fs;

use torch_testing::{DEADLINE, SCRIPTED, World};

use crate::roster::logs;

/// The resident memory of the daemon, in kB.
#[cfg(target_os = "linux")]
pub(super) fn daemon_kb(world: &World) -> u64 {
    let pid = world.status()["daemon"]["pid"].as_u64().expect("a pid");
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let size = line.and_then(|line| line.trim().strip_suffix(" kB"));
    size.and_then(|size| size.trim().parse().ok())
        .expect("a size")
}

/// What a flood may add to the daemon's memory at most, in kB.
#[cfg(target_os = "linux")]
const GROWTH_KB: u64 = 24_000;

#[cfg(target_os = "linux")]
#[test]
fn a_flood_holds_nobody_up() {
    let world = World::new();
    let flood = "[[on]]\nmatch = \"flood now\"\nsteps = [{ flood = { ms = 5000 } }]\n";
    world.team(
        "orchestrator,developer,tester",
        &format!("{SCRIPTED}{flood}"),
    );
    world.deliver("tester", "before");
    let before = daemon_kb(&world);
    world.deliver("developer", "flood now");
    world.wait("the flood", || {
        world.screen("developer").contains("flood flood")
    });
    let waits = world.send("developer", "after the flood");
    for n in 1..=10 {
        for role in ["tester", "orchestrator"] {
            world.deliver(role, &format!("message {n}"));
        }
    }
    assert_eq!(
        world.agent("developer").state,
        "working",
        "it was all during the flood"
    );
    world.wait_message(&waits, "consumed");
    world.wait_idle("developer");
    let after = daemon_kb(&world);
    assert!(
        after < before + GROWTH_KB,
        "{before} kB before, {after} kB after"
    );
    assert!(
        world.screen("developer").contains("printed"),
        "it draws itself again"
    );
    assert_eq!(world.received("tester").len(), 11);
}

#[test]
fn one_that_hangs_holds_up_itself_alone() {
    let world = World::new();
    let hang = "[[on]]\nmatch = \"hang now\"\nsteps = [\"hang\"]\n";
    world.team(
        "orchestrator,developer,tester",
        &format!("{SCRIPTED}{hang}"),
    );
    world.deliver("developer", "hang now");
    let waits = world.send("developer", "in vain");
    world.wait_message(&waits, "deferred:busy");
    for n in 1..=5 {
        world.deliver("tester", &format!("message {n}"));
    }
    world
        .torch(&["why", "developer"])
        .ok()
        .prints("its turn's end");
    // A restart helps, and the message follows.
    world.torch(&["agent", "restart", "developer"]).ok();
    world.wait_message(&waits, "consumed");
}

#[test]
fn one_that_exits_at_once_is_given_up_with_one_report() {
    let world = World::new();
    let scenario = format!("only = [\"developer\"]\nexit_at_start = 3\n{SCRIPTED}");
    world.team_unbriefed("orchestrator,tester,developer", &scenario);
    for role in ["orchestrator", "tester"] {
        world.wait_agent(role, DEADLINE, "briefed", |agent| agent.briefed);
    }
    let waits = world.send("developer", "are you there?");
    for n in 1..=5 {
        world.deliver("tester", &format!("message {n}"));
    }
    // 0, 2 and 8 s lie between its starts.
    world.wait_agent("developer", DEADLINE * 2, "given up", |agent| {
        agent.state == "failed"
    });
    let inbox = world.torch(&["inbox"]).ok().stdout;
    assert_eq!(inbox.matches("sample:developer").count(), 1, "{inbox}");
    for words in [
        "is given up: it was restarted 3 times in 10 minutes",
        "ended with status 3",
        "torch agent restart developer --team sample",
    ] {
        assert!(inbox.contains(words), "no `{words}` in {inbox}");
    }
    world
        .torch(&["why", "developer"])
        .ok()
        .prints("restarted 3 times");
    assert_eq!(world.message(&waits).state, "deferred");
    // It does so again after the cause is not gone: one more report, and the command says it.
    let again = world.command("torch").args(["agent", "end", "developer"]);
    world.run(&again).ok();
    assert!(!logs(&world, "developer").is_empty());
}

#[test]
fn one_that_is_never_ready_is_told_with_its_screen() {
    let world = World::new();
    let scenario = format!("only = [\"developer\"]\nready = false\n{SCRIPTED}");
    world.team_unbriefed("orchestrator,tester,developer", &scenario);
    world.wait_agent("tester", DEADLINE, "briefed", |agent| agent.briefed);
    for n in 1..=3 {
        world.deliver("tester", &format!("message {n}"));
    }
    world
        .torch(&["why", "developer"])
        .ok()
        .prints("the deadline for becoming ready");
    let inbox = world.wait_for(DEADLINE * 3, "the report", || {
        let text = world.torch(&["inbox", "--all"]).ok().stdout;
        text.contains("not ready after").then_some(text)
    });
    assert_eq!(inbox.matches("sample:developer").count(), 1, "{inbox}");
    // A person may have it started anew or ended.
    world.torch(&["agent", "end", "developer"]).ok();
}

#[test]
fn what_ignores_its_end_is_ended() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let file = world.folder().join("stubborn");
    let script = format!(
        "trap '' TERM HUP INT; echo $$ > '{0}.new'; mv '{0}.new' '{0}'; while :; do sleep 300; done",
        file.display()
    );
    fs::create_dir_all(world.folder().join("scripts")).expect("a folder");
    fs::write(world.folder().join("scripts/developer.sh"), script).expect("a script");
    world.deliver("developer", "run your script");
    let pid = world.wait_for(DEADLINE, "its pid", || {
        fs::read_to_string(&file).ok()?.trim().parse().ok()
    });
    let stubborn = torch_process::facts::process(pid).expect("it runs");
    world.deliver("orchestrator", "hello");
    world.torch(&["agent", "restart", "developer"]).ok();
    assert!(!torch_process::facts::is_alive(stubborn));
    world.deliver("developer", "hello");
}
