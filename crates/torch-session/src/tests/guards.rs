//! What a guard refuses; each refusal leaves no text in tmux, none on disk, and the server alive.

use std::fs;

use torch_core::PaneId;

use super::world::{Receiver, World, is_empty, other_launch, wait_for};
use crate::{Guard, Guarded, Server};

/// Tries every guarded act and expects each to be refused.
async fn expect_refused(world: &World, server: &Server, guard: &Guard, why: &str) {
    let staging = world.path("staging");
    fs::create_dir_all(&staging).expect("a folder");
    for payload in [
        b"inline\n".to_vec(),
        b"by file\0".to_vec(),
        vec![b'x'; 100_000],
    ] {
        let done = server.paste(guard, "m-1", &payload, &staging).await;
        assert_eq!(done.expect(why), Guarded::Refused, "{why}");
    }
    for visible in [None, Some("ready-text")] {
        let done = server.press(guard, "Enter", visible).await;
        assert_eq!(done.expect(why), Guarded::Refused, "{why}");
    }
    assert!(is_empty(&staging), "{why}");
    assert_eq!(world.fork(&world.config(), &["list-buffers"]), "", "{why}");
}

async fn expect_applied(server: &Server, receiver: &Receiver) {
    let done = server.press(&receiver.guard(), "x", None).await;
    assert_eq!(done.expect("an answer"), Guarded::Applied);
    receiver.expect(b"x").await;
}

#[tokio::test]
async fn another_pane_pid_or_launch() {
    let (world, server) = World::connected().await;
    let receiver = world.receiver(&server, "ready-text").await;
    let guard = receiver.guard();
    let pid = Guard {
        pid: guard.pid + 1,
        ..guard
    };
    let pane = Guard {
        pane: PaneId(99),
        ..guard
    };
    let live = Guard {
        live: other_launch(),
        ..guard
    };
    for (wrong, why) in [(pid, "pid"), (pane, "pane"), (live, "launch")] {
        expect_refused(&world, &server, &wrong, why).await;
    }
    expect_applied(&server, &receiver).await;
}

#[tokio::test]
async fn a_cleared_or_hostile_live_mark() {
    let (world, server) = World::connected().await;
    let receiver = world.receiver(&server, "ready-text").await;
    let pane = receiver.address.pane.to_string();
    let ran = world.path("ran");
    let command = format!("#(touch {})", ran.display());
    let set = |value: &str| {
        world.fork(
            &world.config(),
            &["set-option", "-p", "-t", &pane, "@torch_live", value],
        );
    };
    for mark in [
        "",
        "1",
        "#{l:x}",
        "a,b}",
        &command,
        "01KAJ6F9ZQ8Y0M3N4P5R6S7T8V ",
    ] {
        set(mark);
        expect_refused(&world, &server, &receiver.guard(), mark).await;
    }
    let words = server.clear_live_argv(super::world::LAUNCH.parse().expect("an id"));
    let words: Vec<String> = words
        .iter()
        .map(|word| format!("\"{word}\"").replace("{pane}", "$TMUX_PANE"))
        .collect();
    let clear = words.join(" ");
    let mut wrapper = world.spec("wrapper", &format!("{clear}; exec cat"));
    wrapper.index = Some(7);
    let wrapped = server
        .open_window(receiver.address.session, &wrapper)
        .await
        .expect("a window");
    wait_for("the mark to go", async || {
        let row = server.probe(wrapped.pane).await.expect("a probe").row;
        row.expect("a pane").live.is_none()
    })
    .await;
    world.fork(
        &world.config(),
        &["set-option", "-p", "-u", "-t", &pane, "@torch_live"],
    );
    expect_refused(&world, &server, &receiver.guard(), "no mark").await;
    assert!(!ran.exists());
    set(super::world::LAUNCH);
    expect_applied(&server, &receiver).await;
}

#[tokio::test]
async fn a_mark_of_another_launch_is_not_cleared() {
    let (world, server) = World::connected().await;
    let receiver = world.receiver(&server, "ready-text").await;
    let pane = receiver.address.pane.to_string();
    let clear = |launch: &str| {
        // As the wrapper of that launch, whose server's ids the present one gives out again.
        let argv = server.clear_live_argv(launch.parse().expect("an id"));
        let words: Vec<String> = argv[3..]
            .iter()
            .map(|word| word.replace("{pane}", &pane))
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        world.fork(&world.config(), &words);
    };
    clear("01KAJ6F9ZQ8Y0M3N4P5R6S7T8W");
    expect_applied(&server, &receiver).await;
    clear(super::world::LAUNCH);
    expect_refused(&world, &server, &receiver.guard(), "cleared").await;
}

#[tokio::test]
async fn a_dead_pane() {
    let (world, server) = World::connected().await;
    let receiver = world.receiver(&server, "ready-text").await;
    let process = torch_process::facts::process(receiver.address.pid).expect("the receiver");
    let left = tokio::task::spawn_blocking(move || {
        torch_process::end(&[process], std::time::Duration::from_secs(1))
    });
    assert!(left.await.expect("no panic").is_empty());
    wait_for("the death", async || {
        let row = server
            .probe(receiver.address.pane)
            .await
            .expect("a probe")
            .row;
        row.expect("the pane stays").dead
    })
    .await;
    // tmux 3.3a crashes at a paste into a dead pane.
    expect_refused(&world, &server, &receiver.guard(), "dead").await;
    assert_eq!(
        server.list_panes().await.expect("the server lives").len(),
        1
    );
}

#[tokio::test]
async fn input_off_and_synchronized_panes() {
    let (world, server) = World::connected().await;
    let receiver = world.receiver(&server, "ready-text").await;
    let pane = receiver.address.pane.to_string();
    world.fork(&world.config(), &["select-pane", "-d", "-t", &pane]);
    expect_refused(&world, &server, &receiver.guard(), "input off").await;
    world.fork(&world.config(), &["select-pane", "-e", "-t", &pane]);
    world.fork(
        &world.config(),
        &["set-option", "-w", "-t", &pane, "synchronize-panes", "on"],
    );
    expect_refused(&world, &server, &receiver.guard(), "synchronised").await;
    world.fork(
        &world.config(),
        &["set-option", "-w", "-t", &pane, "synchronize-panes", "off"],
    );
    expect_applied(&server, &receiver).await;
}

#[tokio::test]
async fn a_refusal_by_tmux_itself_leaves_nothing() {
    let (world, server) = World::connected().await;
    let receiver = world.receiver(&server, "").await;
    let nowhere = world.path("no-such-folder");
    let failed = server
        .paste(&receiver.guard(), "m-1", b"\0", &nowhere)
        .await;
    assert!(
        matches!(failed, Err(crate::SessionError::Staging { .. })),
        "{failed:?}"
    );
    assert_eq!(world.fork(&world.config(), &["list-buffers"]), "");
    expect_applied(&server, &receiver).await;
}

#[tokio::test]
async fn a_key_goes_only_to_the_dialog_that_stands() {
    let (world, server) = World::connected().await;
    let question = "Run this? $(x) #{pane_id} 100%, {a|b} [c] \\ ^*+.";
    let row = "\u{276f}\u{a0}1. Yes, \u{65e5}\u{672c} e\u{301}";
    let receiver = world
        .receiver(&server, &format!("{question}\r\n {row}"))
        .await;
    let guard = receiver.guard();
    let lines = |lines: &[&str]| {
        lines
            .iter()
            .map(|&line| line.to_owned())
            .collect::<Vec<_>>()
    };
    let shown = server
        .capture(guard.pane, None, crate::CaptureStyle::Plain)
        .await;
    let shown = String::from_utf8(shown.expect("a screen")).expect("UTF-8");
    let shown: Vec<&str> = shown.lines().take(2).collect();
    assert!(shown[1].contains("Yes"), "{shown:?}");
    for (wanted, why) in [
        (lines(&["Run that?"]), "another question"),
        (lines(&[shown[0], " 1. Yes"]), "the highlight is elsewhere"),
        (lines(&[shown[0], shown[1], "more"]), "a line that is gone"),
        (lines(&[&shown[1][1..]]), "not from the left edge"),
    ] {
        let done = server.press_while(&guard, "Enter", &wanted).await;
        assert_eq!(done.expect(why), Guarded::Refused, "{why}");
    }
    for wanted in [lines(&shown), lines(&[]), lines(&[&shown[0][..9]])] {
        let done = server.press_while(&guard, "x", &wanted).await;
        assert_eq!(done.expect("an answer"), Guarded::Applied, "{wanted:?}");
    }
    let long = lines(&[&"y".repeat(5_000)]);
    let done = server.press_while(&guard, "x", &long).await;
    assert_eq!(done.expect("an answer"), Guarded::Refused);
    receiver.expect(b"xxx").await;
}
