//! The server's life and the connection's: starts, ends, races, and what a program on a screen can imitate.

use std::time::Duration;

use torch_core::PaneId;
use torch_process::facts;

use super::world::{World, open_team, wait_for};
use crate::{CaptureStyle, Server, SessionError};

#[tokio::test]
async fn the_server_describes_itself() {
    let (mut world, server) = World::connected().await;
    assert!(facts::process(server.server_pid()).is_some());
    assert!(server.start_time() > 1_700_000_000);
    assert!(server.socket_path().starts_with(world.folder.path()));
    assert!(server.version().at_least(3, 2));
    assert!(server.list_panes().await.expect("a listing").is_empty());
    let config = world.config();
    let options = world.fork(&config, &["show-options", "-g"]);
    assert!(options.contains("history-limit 10000") && options.contains("default-size 200x50"));
    assert_eq!(
        world.fork(&config, &["show-options", "-gv", "update-environment"]),
        ""
    );
    let environment = world.fork(&config, &["show-environment", "-g"]);
    assert!(
        !environment.contains("CARGO") && !environment.contains("/nowhere"),
        "{environment}"
    );
    let same = world.connect().await;
    assert_eq!(same.server_pid(), server.server_pid());
}

#[tokio::test]
async fn a_killed_server_fails_every_request_and_is_replaced() {
    let (mut world, server) = World::connected().await;
    let old = facts::process(server.server_pid()).expect("the server");
    let busy: Vec<_> = (0..50)
        .map(|_| {
            let server = server.clone();
            tokio::spawn(async move { while server.list_panes().await.is_ok() {} })
        })
        .collect();
    let ended = tokio::task::spawn_blocking(move || {
        // Grace zero: SIGKILL at once.
        torch_process::end(&[old], Duration::ZERO)
    });
    assert!(ended.await.expect("no panic").is_empty());
    for task in busy {
        task.await.expect("no panic");
    }
    server.closed().await;
    assert!(matches!(
        server.list_panes().await,
        Err(SessionError::Disconnected)
    ));
    let new = world.connect().await;
    assert_ne!(new.server_pid(), old.pid);
    assert!(new.list_panes().await.expect("a listing").is_empty());
    // A handle of the old one must not end the new one.
    server.kill_server_if_owned().await.expect("nothing to do");
    assert!(new.list_panes().await.is_ok());
}

#[tokio::test]
async fn an_ended_keeper_session_ends_the_connection_and_costs_no_team() {
    let (mut world, server) = World::connected().await;
    let spec = world.spec("one", "exec cat");
    let team = open_team(&server, &spec).await;
    world.fork(&world.config(), &["kill-session", "-t", "=_torch"]);
    server.closed().await;
    let again = world.connect().await;
    let rows = again.list_panes().await.expect("a listing");
    assert_eq!(
        rows.iter().map(|row| row.address).collect::<Vec<_>>(),
        [team]
    );
}

#[tokio::test]
async fn stop_and_start_again_and_again() {
    let mut world = World::new();
    for _ in 0..3 {
        let server = world.connect().await;
        let process = facts::process(server.server_pid()).expect("the server");
        let spec = world.spec("one", "exec cat");
        open_team(&server, &spec).await;
        server.kill_server_if_owned().await.expect("ended");
        assert!(!facts::is_alive(process));
        server.closed().await;
    }
    // A start while the old server is on its way out.
    let server = world.connect().await;
    world.fork(&world.config(), &["kill-server"]);
    let next = world.connect().await;
    assert_ne!(next.server_pid(), server.server_pid());
}

#[tokio::test]
async fn stale_texts_are_removed_and_others_kept() {
    let (mut world, server) = World::connected().await;
    let config = world.config();
    world.fork(&config, &["set-buffer", "-b", "torch-m-1", "left behind"]);
    world.fork(&config, &["set-buffer", "-b", "mine", "a person's"]);
    let again = world.connect().await;
    assert_eq!(
        world.fork(&config, &["list-buffers", "-F", "#{buffer_name}"]),
        "mine"
    );
    assert!(server.list_panes().await.is_ok() && again.list_panes().await.is_ok());
}

#[tokio::test]
async fn a_screen_can_imitate_nothing() {
    let (world, server) = World::connected().await;
    let script = r"printf '%%end 1 2 3\n%%error 1 2 1\n%%exit\n%%begin 1 2 1\n\377\376 \033[31mred\033[0m\nREADY'; exec cat";
    let spec = world.spec("imitator", script);
    let pane = open_team(&server, &spec).await.pane;
    wait_for("the screen", async || {
        let probe = server.probe(pane).await.expect("a probe");
        String::from_utf8_lossy(&probe.screen).contains("READY")
    })
    .await;
    let probe = server.probe(pane).await.expect("a probe");
    let screen = String::from_utf8_lossy(&probe.screen).into_owned();
    assert!(
        screen.starts_with("%end 1 2 3\n%error 1 2 1\n%exit\n%begin 1 2 1\n"),
        "{screen}"
    );
    assert!(screen.contains("\x1b[31mred"), "{screen}");
    assert_eq!(screen.lines().count(), 50);
    let cursor = probe.cursor.expect("a cursor");
    assert_eq!((cursor.column, cursor.line, cursor.visible), (5, 5, true));
    let plain = server
        .capture(pane, Some(100), CaptureStyle::Plain)
        .await
        .expect("a capture");
    assert!(!plain.contains(&0x1b));
    assert!(
        server
            .capture(PaneId(99), None, CaptureStyle::Plain)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn history_and_concurrent_requests() {
    let (world, server) = World::connected().await;
    let spec = world.spec("long", "seq 1 300; printf READY; exec cat");
    let pane = open_team(&server, &spec).await.pane;
    wait_for("the output", async || {
        let screen = server
            .capture(pane, None, CaptureStyle::Plain)
            .await
            .expect("a capture");
        String::from_utf8_lossy(&screen).contains("READY")
    })
    .await;
    let history = server
        .capture(pane, Some(10_000), CaptureStyle::Plain)
        .await
        .expect("a capture");
    let text = String::from_utf8(history).expect("UTF-8");
    assert!(text.starts_with("1\n2\n3\n") && text.contains("\n300\nREADY"));
    let some = server
        .capture(pane, Some(10), CaptureStyle::Plain)
        .await
        .expect("a capture");
    assert_eq!(String::from_utf8_lossy(&some).lines().count(), 60);
    let requests: Vec<_> = (0..500)
        .map(|count| {
            let server = server.clone();
            tokio::spawn(async move {
                if count % 2 == 0 {
                    server
                        .capture(pane, Some(10), CaptureStyle::Plain)
                        .await
                        .map(|c| c.len())
                } else {
                    server.list_panes().await.map(|rows| rows.len())
                }
            })
        })
        .collect();
    for (count, request) in requests.into_iter().enumerate() {
        let length = request.await.expect("no panic").expect("an answer");
        assert_eq!(length, if count % 2 == 0 { some.len() } else { 1 });
    }
}

#[tokio::test]
async fn changes_are_told() {
    let (world, server) = World::connected().await;
    let mut changes = server.changes();
    changes.mark_unchanged();
    let spec = world.spec("one", "exec cat");
    let team = open_team(&server, &spec).await;
    changes.changed().await.expect("a session came");
    let window = server
        .open_window(team.session, &spec)
        .await
        .expect("a window");
    server
        .list_panes()
        .await
        .expect("the notices before this answer are in");
    changes.mark_unchanged();
    world.fork(
        &world.config(),
        &["kill-window", "-t", &window.window.to_string()],
    );
    changes.changed().await.expect("a window went");
}

#[tokio::test]
async fn another_server_is_not_touched_and_a_users_server_is_not_ended() {
    let mut world = World::new();
    let mut users = world.config();
    users.socket = format!("{}-user", users.socket);
    users.owned = false;
    let state = |world: &World| {
        let format = "#{session_name} #{window_index} #{window_name} #{pane_id} #{pane_pid} #{session_attached}";
        [
            world.fork(&users, &["list-panes", "-a", "-F", format]),
            world.fork(&users, &["show-options", "-g"]),
            world.fork(&users, &["show-options", "-s"]),
            world.fork(&users, &["list-keys"]),
            world.fork(&users, &["list-buffers"]),
        ]
    };
    world.fork(&users, &["new-session", "-d", "-s", "mine", "cat"]);
    world.fork(&users, &["set-buffer", "-b", "torch-mine", "x"]);
    let before = state(&world);
    let own = world.connect().await;
    let receiver = world.receiver(&own, "").await;
    let done = own
        .paste(&receiver.guard(), "m-1", b"x", world.folder.path())
        .await;
    assert!(done.is_ok());
    own.kill_server_if_owned().await.expect("ended");
    assert_eq!(state(&world), before);
    // Opted in: one session more, nothing else, and it survives torch.
    let server = world.connect_to(users.clone()).await;
    server.kill_server_if_owned().await.expect("nothing to do");
    assert!(server.list_panes().await.expect("alive").len() == 1);
    world.fork(&users, &["kill-session", "-t", "=_torch"]);
    server.closed().await;
    assert_eq!(state(&world), before);
}

#[tokio::test]
async fn dropping_the_last_handle_closes_the_connection() {
    let (world, server) = World::connected().await;
    let clone = server.clone();
    drop(server);
    clone.list_panes().await.expect("a clone keeps it");
    drop(clone);
    wait_for("no client", async || {
        world.fork(&world.config(), &["list-clients"]).is_empty()
    })
    .await;
}

#[tokio::test]
async fn the_way_for_a_person() {
    let (world, server) = World::connected().await;
    let spec = world.spec("one", "exec cat");
    let team = open_team(&server, &spec).await;
    let (session, window) = (
        team.session.to_string(),
        format!("{}:{}", team.session, team.window),
    );
    let socket = world.config().socket;
    let outside = server.attach_argv(team.session, None, None);
    assert_eq!(
        outside.argv,
        ["tmux", "-L", &socket, "attach-session", "-t", &session]
    );
    assert_eq!(outside.unset, ["TMUX", "TMUX_PANE"]);
    let inside = format!(
        "{},{},0",
        server.socket_path().display(),
        server.server_pid()
    );
    let switch = server.attach_argv(team.session, Some(team.window), Some(&inside));
    assert_eq!(
        switch.argv,
        [
            "tmux",
            "-L",
            &socket,
            "select-window",
            "-t",
            &window,
            ";",
            "switch-client",
            "-t",
            &session
        ]
    );
    assert!(switch.unset.is_empty());
    let other = server.attach_argv(team.session, None, Some("/tmp/tmux-0/default,1,0"));
    assert_eq!(other, outside);
    // The first half is a command that tmux takes.
    world.fork(&world.config(), &["select-window", "-t", &window]);
}

#[tokio::test]
async fn a_missing_old_or_strange_tmux_is_named() {
    let world = World::new();
    let mut config = world.config();
    config.tmux = world.path("no-tmux");
    let error = Server::connect(config.clone()).await.expect_err("no tmux");
    assert!(matches!(error, SessionError::TmuxMissing { .. }));
    assert!(
        error
            .hint()
            .expect("a hint")
            .contains("sudo apt install tmux")
    );
    for (printed, shown) in [
        ("tmux 3.1c", "tmux 3.1c is too old"),
        ("zellij", "printed no version"),
    ] {
        config.tmux = world.script("fake-tmux", &format!("echo '{printed}'"));
        let error = Server::connect(config.clone()).await.expect_err(printed);
        assert!(error.to_string().contains(shown), "{error}");
        assert!(error.hint().is_some());
    }
    config.tmux = "tmux".into();
    config.config_file = world.path("nowhere/tmux.conf");
    let error = Server::connect(config).await.expect_err("no folder");
    assert!(matches!(error, SessionError::Config { .. }));
}
