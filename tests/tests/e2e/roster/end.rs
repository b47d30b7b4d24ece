//! `torch agent end`, and the log of a screen.

use std::fs;

use torch_testing::{SCRIPTED, World};

use super::{follow_hint, logs, session, windows};

/// Lets what a program printed before its full screen scroll away.
const HISTORY: &str = "tty=$(tmux -L $SOCKET display-message -p -t $PANE '#{pane_tty}')
{ printf '\\033[?1049l'; seq -f 'history line %g.' 1 400 | sed 's,$,\r,'; printf '\\033[?1049h'; } > $tty";

#[test]
fn everything_that_it_showed_is_kept() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let agent = world.agent("developer");
    world.run_as("developer", "echo x > a.txt; git add a.txt; git commit -q -m 'add a'; torch complete 'a is there'; echo y > b.txt").ok();
    // Its own screen is gone with this.
    let lines = HISTORY
        .replace("$SOCKET", &world.socket())
        .replace("$PANE", agent.pane_id());
    world
        .run_as(
            "developer",
            &format!("env -u TMUX sh -c '{}'", lines.replace('\'', "'\\''")),
        )
        .ok();
    let ended = world.torch(&["agent", "end", "developer"]).ok();
    let log = logs(&world, "developer").pop().expect("a log");
    assert!(
        ended
            .stdout
            .starts_with("developer has ended; its worktree and branch stay")
            && ended.stdout.contains(&log.display().to_string()),
        "{ended}"
    );
    let name = log
        .file_stem()
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    let stamp = name.strip_prefix("sample_developer_").expect("the names");
    assert!(
        stamp.len() == 15
            && stamp.chars().enumerate().all(|(n, c)| if n == 8 {
                c == '_'
            } else {
                c.is_ascii_digit()
            }),
        "{name}"
    );
    let text = fs::read_to_string(&log).expect("a log");
    for n in [1, 200, 400] {
        assert!(
            text.contains(&format!("history line {n}.")),
            "line {n} is missing in {text}"
        );
    }
    let parts: Vec<usize> = ["Tasks Completed:", "Issues Encountered:", "Handoff Notes:"]
        .iter()
        .map(|part| {
            text.find(part)
                .unwrap_or_else(|| panic!("no {part} in {text}"))
        })
        .collect();
    assert!(parts.is_sorted(), "{text}");
    for words in [
        "Reported: a is there",
        "add a",
        "Branch: main-developer",
        "Uncommitted changes: yes",
        "closed because of torch agent end",
    ] {
        assert!(
            text[parts[0] - 200..].contains(words),
            "no `{words}` in {text}"
        );
    }
    assert_eq!(windows(&world, &session(&world)), ["orchestrator"]);
    assert!(
        !torch_process::facts::process(agent.pid.expect("a pid"))
            .is_some_and(torch_process::facts::is_alive)
    );
    assert!(agent.worktree.join("b.txt").is_file());
}

#[test]
fn messages_to_it_wait_and_the_hub_stays() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    world.torch(&["agent", "end", "developer"]).ok();
    world
        .torch(&["agent", "end", "developer"])
        .ok()
        .prints("developer was ended already");
    let waits = world.send("developer", "for later");
    world.wait_message(&waits, "deferred:no_agent");
    world
        .scm(&["developer", "and you?", "--wait", "--timeout", "1"])
        .code(3)
        .says("no live agent program is in the pane")
        .says("torch why developer --team sample");
    let why = world.torch(&["why", "developer"]).ok().stdout;
    assert!(
        why.contains("it was ended; `torch agent add developer --team sample` brings it back"),
        "{why}"
    );
    // What can't be attached, shown or restarted says so.
    let restart = world
        .torch(&["agent", "restart", "developer"])
        .code(1)
        .says("developer was ended");
    let hub = world
        .torch(&["agent", "end", "orchestrator"])
        .code(1)
        .says("can't be ended alone");
    world
        .torch(&["agent", "end", "plumber"])
        .code(2)
        .says("no such target");
    follow_hint(&world, &restart).prints("developer is up and briefed");
    world.wait_message(&waits, "consumed");
    follow_hint(&world, &hub).prints("team sample is stopped");
    world
        .torch(&["agent", "end", "orchestrator"])
        .ok()
        .prints("is stopped with its team");
}
