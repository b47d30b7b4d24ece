//! Sessions and windows: where they land, what they run, what their names can do.

use std::fs;

use torch_core::{PaneAddress, SessionId, WindowId};

use super::world::{World, name, open_team, wait_for};
use crate::{Guard, Guarded, PaneRow, Server, SessionError};

async fn rows(server: &Server) -> Vec<PaneRow> {
    server.list_panes().await.expect("a listing")
}

#[tokio::test]
async fn windows_land_where_they_should_with_all_marks() {
    let (world, server) = World::connected().await;
    let mut spec = world.spec("orchestrator", "exec cat");
    spec.index = Some(4);
    let first = open_team(&server, &spec).await;
    spec.name = "developer".to_owned();
    spec.index = Some(2);
    let second = server
        .open_window(first.session, &spec)
        .await
        .expect("a window");
    spec.name = "tester".to_owned();
    spec.index = None;
    let third = server
        .open_window(first.session, &spec)
        .await
        .expect("a window");
    let person = server
        .open_shell(
            first.session,
            "person",
            world.folder.path(),
            ("sh", crate::ShellKind::Asked),
            &spec.env,
        )
        .await
        .expect("a window");
    let rows = rows(&server).await;
    let places: Vec<_> = rows
        .iter()
        .map(|row| (row.window_index, row.window_name.as_str(), row.address))
        .collect();
    assert_eq!(
        places,
        [
            (2, "developer", second),
            (4, "orchestrator", first),
            (5, "tester", third),
            (6, "person", person)
        ]
    );
    for row in rows.iter().take(3) {
        assert_eq!(row.session_name, "team");
        assert_eq!(row.live.as_deref(), Some(super::world::LAUNCH));
        assert_eq!(row.agent, spec.agent.map(|agent| agent.to_string()));
        assert_eq!(row.kind.as_deref(), Some("agent"));
        assert_eq!((row.width, row.height), (200, 50));
        assert_eq!((row.dead, row.attached), (false, 0));
    }
    assert_eq!(
        (rows[3].kind.as_deref(), &rows[3].live),
        (Some("shell"), &None)
    );
    spec.index = Some(4);
    let taken = server.open_window(first.session, &spec).await;
    assert!(
        matches!(&taken, Err(SessionError::Refused { message, .. }) if message.contains("index 4 in use")),
        "{taken:?}"
    );
    let gone = server.open_window(SessionId(99), &spec).await;
    assert!(
        matches!(gone, Err(SessionError::Refused { .. })),
        "{gone:?}"
    );
}

#[tokio::test]
async fn many_windows_at_once() {
    let (world, server) = World::connected().await;
    let mut spec = world.spec("w", "exec cat");
    spec.index = Some(0);
    let first = open_team(&server, &spec).await;
    let opened: Vec<_> = (1..15)
        .map(|index| {
            let (server, mut spec) = (server.clone(), spec.clone());
            spec.index = Some(index);
            spec.name = format!("w{index}");
            tokio::spawn(async move { server.open_window(first.session, &spec).await })
        })
        .collect();
    for window in opened {
        window.await.expect("no panic").expect("a window");
    }
    let rows = rows(&server).await;
    let indexes: Vec<u32> = rows.iter().map(|row| row.window_index).collect();
    assert_eq!(indexes, (0..15).collect::<Vec<_>>());
    assert!(
        rows.iter()
            .skip(1)
            .all(|row| row.window_name == format!("w{}", row.window_index))
    );
}

#[tokio::test]
async fn the_environment_is_for_one_window_and_holds_nothing_else() {
    let (world, server) = World::connected().await;
    let dump = |file: &str| {
        format!(
            "env > '{0}.new'; mv '{0}.new' '{0}'; exec cat",
            world.path(file).display()
        )
    };
    let mut spec = world.spec("one", &dump("one"));
    spec.env = [("SECRET", "a b;$HOME #{pid}"), ("SHELL", "/bin/false")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let first = open_team(&server, &spec).await;
    let mut bare = world.spec("two", &dump("two"));
    let second = server
        .open_window(first.session, &bare)
        .await
        .expect("a window");
    bare.env = [("SECOND".to_owned(), "x".to_owned())].into();
    bare.argv[2] = dump("three");
    server
        .open_window(first.session, &bare)
        .await
        .expect("a window");
    for file in ["one", "two", "three"] {
        wait_for(file, async || world.path(file).exists()).await;
    }
    let read = |file: &str| fs::read_to_string(world.path(file)).expect("a file");
    assert!(read("one").contains("SECRET=a b;$HOME #{pid}\n"));
    assert!(read("three").contains("SECOND=x\n"));
    let two = read("two");
    assert!(!two.contains("SECRET") && !two.contains("SECOND"), "{two}");
    assert!(two.contains("SHELL=/bin/sh\n"), "{two}");
    let allowed = [
        "PATH",
        "HOME",
        "TMUX_TMPDIR",
        "SHELL",
        "TMUX",
        "TMUX_PANE",
        "TERM",
        "PWD",
        "OLDPWD",
        "TERM_PROGRAM",
        "TERM_PROGRAM_VERSION",
        "COLORTERM",
        "_",
    ];
    for line in two.lines() {
        let variable = line.split('=').next().unwrap_or_default();
        assert!(allowed.contains(&variable), "{line}");
    }
    assert!(second.pid > 0);
}

#[tokio::test]
async fn a_program_that_ends_leaves_its_pane() {
    let (world, server) = World::connected().await;
    let spec = world.spec("short", "read line; exit 7");
    let first = open_team(&server, &spec).await;
    let guard = Guard {
        pane: first.pane,
        pid: first.pid,
        live: super::world::LAUNCH.parse().expect("an id"),
    };
    let pressed = server.press(&guard, "Enter", None).await;
    assert_eq!(pressed.expect("pressed"), Guarded::Applied);
    let row = async |address: PaneAddress| {
        let probe = server.probe(address.pane).await.expect("a probe");
        probe.row.expect("a dead pane stays")
    };
    wait_for("the end", async || row(first).await.dead).await;
    // tmux 3.3a overlooks the status of some ends, but never makes one up.
    assert!(
        row(first)
            .await
            .dead_status
            .is_none_or(|status| status == 7)
    );
    let mut zero = world.spec("zero", "");
    // A shell would take this for three words and a comment.
    let program = world.script("my prog; #1", "exit 0");
    zero.argv = vec![program.display().to_string()];
    let second = server
        .open_window(first.session, &zero)
        .await
        .expect("a window");
    wait_for("the other end", async || row(second).await.dead).await;
    assert!(
        row(second)
            .await
            .dead_status
            .is_none_or(|status| status == 0)
    );
}

#[tokio::test]
async fn hostile_names_and_folders_run_nothing() {
    let (world, server) = World::connected().await;
    // The server works in `/`: a name of this run alone tells whether anything was run there.
    let mark = format!("torch-test-ran-{}", std::process::id());
    let command = format!("#(touch {mark})");
    let substitution = format!("$(touch {mark})");
    let names = [
        command.as_str(),
        "a\tb|c",
        "two\nlines",
        "#{pid}",
        "-x",
        &substitution,
        "%1;",
        "\u{1f980}",
    ];
    let folder = world.path(&format!("dir {command} #{{pid}} {substitution};"));
    fs::create_dir(&folder).expect("a folder");
    let mut spec = world.spec(names[0], "");
    spec.cwd = folder.clone();
    spec.argv = ["sh", "-c", "pwd > here; exec cat"]
        .map(str::to_owned)
        .to_vec();
    let first = open_team(&server, &spec).await;
    for text in &names[1..] {
        spec.name = (*text).to_owned();
        server.open_window(first.session, &spec).await.expect(text);
    }
    let pane = first.pane.to_string();
    for value in ["a 3 b\n\nc", &command, "9 9 9 9", "\u{1f980}\t|"] {
        world.fork(
            &world.config(),
            &["set-option", "-p", "-t", &pane, "@torch_kind", value],
        );
        let rows = rows(&server).await;
        assert_eq!(rows.len(), names.len());
        assert_eq!(rows[0].kind.as_deref(), Some(value));
        for (row, name) in rows.iter().zip(names) {
            // tmux shows control characters of names in a visible form.
            if !name.contains(['\t', '\n']) {
                assert_eq!(row.window_name, name);
            }
        }
    }
    wait_for("the program", async || folder.join("here").exists()).await;
    for place in [
        world.path(&mark),
        folder.join(&mark),
        format!("/{mark}").into(),
    ] {
        assert!(!place.exists(), "{place:?}");
    }
}

#[tokio::test]
async fn what_can_not_be_made_is_refused_with_the_reason() {
    let (world, server) = World::connected().await;
    let spec = world.spec("one", "exec cat");
    open_team(&server, &spec).await;
    let again = server.open_session(&name("team"), &spec).await;
    assert!(
        matches!(&again, Err(SessionError::SessionExists { name }) if name == "team"),
        "{again:?}"
    );
    // A prefix of a name is another name.
    server
        .open_session(&name("tea"), &spec)
        .await
        .expect("a session");
    let mut nowhere = spec.clone();
    nowhere.cwd = world.path("nowhere");
    let missing = server.open_session(&name("other"), &nowhere).await;
    assert!(matches!(missing, Err(SessionError::NoDirectory { .. })));
    for broken in [
        Vec::new(),
        vec![String::new()],
        vec!["a=b".to_owned()],
        vec!["a".to_owned(), "\0".to_owned()],
    ] {
        let mut spec = spec.clone();
        spec.argv = broken;
        let refused = server.open_session(&name("other"), &spec).await;
        assert!(
            matches!(refused, Err(SessionError::Unusable { .. })),
            "{refused:?}"
        );
    }
    let mut spec = spec.clone();
    spec.env = [("A=B".to_owned(), String::new())].into();
    assert!(server.open_session(&name("other"), &spec).await.is_err());
    assert_eq!(rows(&server).await.len(), 2);
}

#[tokio::test]
async fn ending_what_is_gone_is_no_error_and_ends_nothing_else() {
    let (world, server) = World::connected().await;
    let spec = world.spec("one", "exec cat");
    let team = open_team(&server, &spec).await;
    let longer = server
        .open_session(&name("team-longer"), &spec)
        .await
        .expect("a session");
    let window = server
        .open_window(longer.session, &spec)
        .await
        .expect("a window");
    for _ in 0..2 {
        server.kill_session(team.session).await.expect("ended");
        server.kill_window(window.window).await.expect("ended");
    }
    server
        .kill_window(WindowId(99))
        .await
        .expect("no such window");
    let rows = rows(&server).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].address, longer);
    let keeper = server.shared.facts.keeper;
    assert!(matches!(
        server.kill_session(keeper).await,
        Err(SessionError::Unusable { .. })
    ));
    let probe = server.probe(team.pane).await.expect("a probe");
    assert_eq!((probe.row, probe.cursor), (None, None));
    assert!(probe.screen.is_empty());
}

#[tokio::test]
async fn an_option_that_would_crash_the_server_is_noticed() {
    let (world, server) = World::connected().await;
    let spec = world.spec("one", "exec cat");
    let team = open_team(&server, &spec).await;
    let config = world.config();
    let set = |value: &str| world.fork(&config, &["set-option", "-g", "window-size", value]);
    set("manual");
    if !server.version().survives_manual_size() {
        for refused in [
            server.open_window(team.session, &spec).await.map(drop),
            server.open_session(&name("other"), &spec).await.map(drop),
            Server::connect(config.clone()).await.map(drop),
        ] {
            assert!(
                matches!(refused, Err(SessionError::ManualSize { .. })),
                "{refused:?}"
            );
        }
    }
    set("latest");
    server
        .open_window(team.session, &spec)
        .await
        .expect("a window");
    assert_eq!(rows(&server).await.len(), 2);
}

#[tokio::test]
async fn a_window_that_can_not_be_finished_goes_again() {
    let (world, server) = World::connected().await;
    let mut spec = world.spec("one", "exec cat");
    // An index that tmux takes no window to.
    spec.index = Some(u32::MAX);
    assert!(server.open_session(&name("team"), &spec).await.is_err());
    assert!(rows(&server).await.is_empty());
}

#[tokio::test]
async fn a_session_keeps_variables_of_several_lines() {
    let (world, server) = World::connected().await;
    let at = open_team(&server, &world.spec("orchestrator", "exec cat")).await;
    let value = "one\nKEY_NONE=a line of it\n\ntwo = $HOME; #{pid} 'ü'";
    for (name, value) in [("KEY_LONG", value), ("KEY_SHORT", "x=y"), ("OTHER", "z")] {
        let set = server.set_environment(at.session, name, value).await;
        set.expect("it is kept");
    }
    let found = server.environment(at.session, |name| name.starts_with("KEY_"));
    let found = found.await.expect("the variables");
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let wanted = [pair("KEY_LONG", value), pair("KEY_SHORT", "x=y")];
    assert_eq!(found.into_iter().collect::<Vec<_>>(), wanted);
}
