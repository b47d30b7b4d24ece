//! Panes that must not be typed into: shells, dead and ended panes, modes, drafts, panes without input.

use torch_process::{end, facts};
use torch_testing::{DEADLINE, SCRIPTED, World};

/// A world with two agents that only take note.
fn pair() -> World {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    world
}

/// [`SCRIPTED`] with rules of the test's own.
fn scripted(rules: &str) -> String {
    format!("{SCRIPTED}\n{rules}")
}

#[test]
fn a_shell_in_a_window_named_like_a_role_gets_nothing() {
    let world = pair();
    let session = world.agent("developer").pane.expect("a pane").session;
    let new = [
        "new-window",
        "-d",
        "-t",
        &session,
        "-n",
        "developer",
        "-P",
        "-F",
        "#{pane_id}",
        "--",
        "sh",
    ];
    let shell = world.tmux(&new).ok().stdout.trim().to_owned();
    world.wait("the shell's prompt", || {
        world.pane_screen(&shell).contains(['$', '#'])
    });
    let before = world.pane_screen(&shell);
    let trap = format!("echo x > {}/executed", world.folder().display());
    world.deliver("developer", &trap);
    world.deliver("sample:developer", &trap);
    let index = world.format(&shell, "#{window_index}");
    for target in [shell.clone(), format!("sample:{index}")] {
        world.scm(&[&target, &trap]).code(2);
    }
    assert_eq!(
        world.received("developer"),
        [trap.clone(), trap],
        "only the agent has them"
    );
    assert_eq!(world.pane_screen(&shell), before);
    assert!(!world.folder().join("executed").exists());
}

#[test]
fn a_persons_shell_beside_an_agent_gets_nothing() {
    let world = pair();
    let terminal = world.terminal("exec torch shell developer");
    let list = ["list-panes", "-a", "-F", "#{pane_id}"];
    let agents: Vec<String> = world
        .agents()
        .iter()
        .map(|agent| agent.pane_id().to_owned())
        .collect();
    let shell = world.wait_for(DEADLINE, "the shell's window", || {
        let panes = world.tmux(&list).ok().stdout;
        let session = |pane: &str| world.format(pane, "#{session_name}");
        panes
            .lines()
            .find(|pane| !agents.iter().any(|agent| agent == pane) && session(pane) == "sample")
            .map(str::to_owned)
    });
    let before = world.wait_for(DEADLINE, "the shell's prompt", || {
        Some(world.pane_screen(&shell)).filter(|screen| screen.contains(['$', '#']))
    });
    world.deliver("developer", "echo no");
    world.scm(&[&shell, "echo no"]).code(2);
    assert_eq!(world.pane_screen(&shell), before);
    terminal.close();
}

#[test]
fn a_pane_that_died_gets_nothing_and_tmux_lives() {
    let world = World::new().with("TORCH_RESTART_POLICY", "never");
    world.team("orchestrator,developer", SCRIPTED);
    let agent = world.agent("developer");
    // As a crash of torch itself would leave it: dead, but still there.
    world
        .tmux(&["set", "-p", "-t", agent.pane_id(), "remain-on-exit", "on"])
        .ok();
    let wrapper = facts::process(agent.wrapper()).expect("the wrapper runs");
    assert_eq!(end(&[wrapper], DEADLINE), []);
    world.wait("the pane to be dead", || {
        world.format(agent.pane_id(), "#{pane_dead}") == "1"
    });
    let before = world.pane_screen(agent.pane_id());
    let id = world.send("developer", "echo no");
    world.wait_message(&id, "deferred:no_agent");
    assert_eq!(world.pane_screen(agent.pane_id()), before);
    assert_eq!(world.received("developer"), [""; 0]);
    world.deliver("orchestrator", "the others go on");
}

#[test]
fn the_pane_of_an_ended_agent_gets_nothing_from_anybody() {
    let world = World::new().with("TORCH_RESTART_POLICY", "never");
    world.team(
        "orchestrator,developer",
        &scripted("[[on]]\nmatch = 'end now'\nsteps = [{ crash = { status = 3 } }]"),
    );
    let agent = world.agent("developer");
    world.send("developer", "end now");
    world.wait_state("developer", "crashed");
    let screen = world.wait_for(DEADLINE, "the farewell", || {
        Some(world.pane_screen(agent.pane_id())).filter(|screen| screen.contains("has ended"))
    });
    let trap = format!("echo x > {}/executed", world.folder().display());
    let id = world.send("developer", &trap);
    world.wait_message(&id, "deferred:no_agent");
    // Nor is anything executed that a person types there.
    world
        .tmux(&["send-keys", "-l", "-t", agent.pane_id(), "--", &trap])
        .ok();
    world
        .tmux(&["send-keys", "-t", agent.pane_id(), "Enter"])
        .ok();
    world.deliver("orchestrator", "the others go on");
    assert_eq!(world.pane_screen(agent.pane_id()), screen);
    assert_eq!(world.received("developer"), ["end now"]);
    assert!(!world.folder().join("executed").exists());
}

#[test]
fn a_signal_kills_an_agent_and_its_messages_wait() {
    let world = World::new().with("TORCH_RESTART_POLICY", "never");
    world.team("orchestrator,developer", SCRIPTED);
    let agent = world.agent("developer");
    let program = facts::process(agent.pid.expect("it runs")).expect("it runs");
    assert_eq!(end(&[program], std::time::Duration::ZERO), []);
    let id = world.send("developer", "too late");
    world.wait_message(&id, "deferred:no_agent");
    assert_eq!(world.received("developer"), [""; 0]);
}

#[test]
fn a_person_who_scrolls_is_not_disturbed() {
    let world = pair();
    let agent = world.agent("developer");
    let terminal = world.attach("developer");
    world.tmux(&["copy-mode", "-t", agent.pane_id()]).ok();
    let id = world.send("developer", "q is no key");
    world.wait_message(&id, "deferred:copy_mode");
    assert_eq!(world.format(agent.pane_id(), "#{pane_mode}"), "copy-mode");
    assert_eq!(world.received("developer"), [""; 0]);
    // The person leaves by a key, as people do.
    terminal.keys(&["q"]);
    world.wait_message(&id, "consumed");
    assert_eq!(world.received("developer"), ["q is no key"]);
}

#[test]
fn a_copy_mode_that_is_left_open_ends_after_the_set_time() {
    let world = World::new().with("TORCH_DELIVERY_COPY_MODE_WAIT_SECONDS", "1");
    world.team("orchestrator,developer", SCRIPTED);
    let agent = world.agent("developer");
    let _terminal = world.attach("developer");
    world.tmux(&["copy-mode", "-t", agent.pane_id()]).ok();
    let id = world.send("developer", "q is no key");
    world.wait_message(&id, "consumed");
    assert!(
        world.trace(&id).contains(&"delivery.deferred".to_owned()),
        "it waited first"
    );
    assert_eq!(world.format(agent.pane_id(), "#{pane_mode}"), "");
    assert_eq!(world.received("developer"), ["q is no key"]);
}

#[test]
fn a_copy_mode_that_nobody_sees_is_left_at_once() {
    let world = pair();
    let agent = world.agent("developer");
    world.tmux(&["copy-mode", "-t", agent.pane_id()]).ok();
    let id = world.deliver("developer", "q is no key");
    assert!(!world.trace(&id).contains(&"delivery.deferred".to_owned()));
    assert_eq!(world.received("developer"), ["q is no key"]);
}

#[test]
fn a_persons_draft_stays_as_it_is() {
    let world = pair();
    world.type_text("developer", "half a thou");
    world.wait("the draft to be shown", || {
        world.screen("developer").contains("half a thou")
    });
    let ids: Vec<String> = (0..3)
        .map(|n| world.send("developer", &format!("message {n}")))
        .collect();
    world.wait_message(&ids[0], "deferred:draft");
    let composer = world.screen("developer");
    assert!(composer.contains("\u{a0}half a thou\n"), "{composer}");
    assert_eq!(world.received("developer"), [""; 0]);
    // The person goes on typing and sends it: exactly what was typed, then torch's messages.
    world.type_text("developer", "ght");
    world.keys("developer", &["Enter"]);
    world.wait_message(&ids[2], "consumed");
    assert_eq!(
        world.received("developer"),
        ["half a thought", "message 0", "message 1", "message 2"]
    );
    let drafts: Vec<_> = world
        .ledger("developer")
        .into_iter()
        .filter(|entry| entry.kind == "draft_changed")
        .collect();
    assert!(
        drafts
            .iter()
            .all(|entry| "half a thought".starts_with(&entry.text)),
        "{drafts:?}"
    );
}

#[test]
fn a_draft_that_is_cleared_lets_the_message_in() {
    let world = pair();
    world.type_text("developer", "never mind");
    world.wait("the draft to be shown", || {
        world.screen("developer").contains("never mind")
    });
    let id = world.send("developer", "now");
    world.wait_message(&id, "deferred:draft");
    let why = world.torch(&["why", "developer"]).ok();
    assert!(!why.stdout.contains("it takes messages"), "{why}");
    why.prints("submit or delete it there (torch attach developer)");
    world.keys("developer", &["C-u"]);
    world.wait_message(&id, "consumed");
    assert_eq!(world.received("developer"), ["now"]);
}

#[test]
fn a_pane_whose_input_is_off_waits_until_it_is_on() {
    let world = pair();
    let agent = world.agent("developer");
    world
        .tmux(&["select-pane", "-d", "-t", agent.pane_id()])
        .ok();
    let id = world.send("developer", "hello");
    world.wait_message(&id, "deferred:pane_input");
    world
        .tmux(&["select-pane", "-e", "-t", agent.pane_id()])
        .ok();
    world.wait_message(&id, "consumed");
    assert_eq!(world.received("developer"), ["hello"]);
}

#[test]
fn a_pane_that_shares_its_input_waits_until_it_does_not() {
    let world = pair();
    let agent = world.agent("developer");
    let window = agent.pane.as_ref().expect("a pane").window.clone();
    let split = [
        "split-window",
        "-d",
        "-t",
        agent.pane_id(),
        "-P",
        "-F",
        "#{pane_id}",
        "--",
        "cat",
    ];
    let other = world.tmux(&split).ok().stdout.trim().to_owned();
    world
        .tmux(&["set", "-w", "-t", &window, "synchronize-panes", "on"])
        .ok();
    let id = world.send("developer", "for one pane");
    world.wait_message(&id, "deferred:pane_input");
    world
        .tmux(&["set", "-w", "-t", &window, "synchronize-panes", "off"])
        .ok();
    world.wait_message(&id, "consumed");
    assert_eq!(world.received("developer"), ["for one pane"]);
    assert_eq!(world.pane_screen(&other).trim(), "");
}

#[test]
fn a_paste_that_is_cut_short_is_never_submitted() {
    let world = World::new();
    // Only the first words of the briefing arrive, so no agent is ever briefed.
    world.team_unbriefed("orchestrator", &format!("cut_paste = 30\n{SCRIPTED}"));
    let briefing = world.wait_for(DEADLINE, "the briefing to be deferred", || {
        let list = world
            .torch(&["msg", "list", "--state", "deferred", "--json"])
            .ok();
        let first: serde_json::Value = serde_json::from_str(list.stdout.lines().next()?).ok()?;
        Some(first["id"].as_str()?.to_owned())
    });
    let message = world.wait_message(&briefing, "deferred:not_shown");
    assert!(
        message.evidence.contains("whole message"),
        "{}",
        message.evidence
    );
    assert_eq!(
        world.ledger("orchestrator").len(),
        0,
        "nothing was submitted"
    );
    assert!(
        world.screen("orchestrator").contains("[torch m-"),
        "the rest is left to be seen"
    );
}
