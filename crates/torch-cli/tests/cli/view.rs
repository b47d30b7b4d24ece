//! Commands that show something, over the wire.

use std::io::Read as _;
use std::process::Stdio;

use serde_json::json;
use torch_api::view::DaemonView;
use torch_api::wire::FailureKind;
use torch_api::{Failure, Request, Response};
use torch_core::{DeliveryState, Timestamp};

use crate::fake::{Fake, a_team};
use crate::place::{Place, TORCH};

fn status(teams: usize) -> Response {
    Response::Status {
        daemon: DaemonView {
            version: "0.1.0".to_owned(),
            pid: 1,
            started: Timestamp(0),
            home: "/r".into(),
            tmux_socket: "torch".to_owned(),
            tmux_version: None,
            tmux_silent: None,
        },
        teams: vec![a_team(); teams],
    }
}

/// What `torch status` asks for: the teams, and an inbox that is empty.
fn looked(request: &Request, teams: usize) -> Response {
    match request {
        Request::Inbox { .. } => Response::Messages {
            messages: Vec::new(),
        },
        _ => status(teams),
    }
}

#[test]
fn status_for_people_and_for_machines() {
    let place = Place::new();
    let fake = Fake::start(&place.socket(), |request, connection| {
        connection.answer(&looked(&request, 1))
    });
    let ran = place.run(TORCH, &["status", "--team", "hello"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out.contains("hello  running") && !ran.out.contains('\u{1b}'),
        "{ran:?}"
    );
    assert_eq!(
        fake.request(),
        Request::Status {
            team: Some("hello".to_owned())
        }
    );
    let ran = place.run(TORCH, &["status", "--json"]);
    assert_eq!(ran.json()["teams"][0]["name"], json!("hello"));
}

#[test]
fn status_says_how_many_messages_wait_for_the_person() {
    let place = Place::new();
    let unread = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(2));
    let count = std::sync::Arc::clone(&unread);
    let _fake = Fake::start(&place.socket(), move |request, connection| match request {
        Request::Inbox {
            all: false,
            mark_read: false,
        } => {
            let count = count.load(std::sync::atomic::Ordering::SeqCst);
            let messages = vec![crate::fake::a_message(DeliveryState::Queued); count];
            connection.answer(&Response::Messages { messages });
        }
        _ => connection.answer(&status(1)),
    });
    let ran = place.run(TORCH, &["status"]);
    let line = "\n2 unread messages for you (torch inbox)\n";
    assert!(ran.out.ends_with(line), "{ran:?}");
    assert_eq!(place.run(TORCH, &["status", "--json"]).json()["unread"], 2);
    // An agent reads what is typed into it.
    let mut agents = place.command(TORCH, &["status"]);
    let ran = agents.env("TORCH_AGENT", "x").output().expect("runs");
    assert!(!String::from_utf8_lossy(&ran.stdout).contains("inbox"));
    unread.store(0, std::sync::atomic::Ordering::SeqCst);
    let ran = place.run(TORCH, &["status"]);
    assert!(!ran.out.contains("inbox"), "{ran:?}");
}

/// Agents may not look into the person's inbox, and see their team all the same.
#[test]
fn status_needs_no_inbox() {
    let place = Place::new();
    let _fake = Fake::start(&place.socket(), |request, connection| match request {
        Request::Inbox { .. } => connection.hang_up(),
        _ => connection.answer(&status(1)),
    });
    let ran = place.run(TORCH, &["status", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.json()["unread"], json!(null));
}

#[test]
fn a_closed_pipe_is_no_panic() {
    let place = Place::new();
    // More than a pipe holds, so that the write meets the closed end in any case.
    let _fake = Fake::start(&place.socket(), |request, connection| {
        connection.answer(&looked(&request, 2_000))
    });
    let mut child = place
        .command(TORCH, &["status"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    drop(child.stdout.take());
    let mut err = String::new();
    child
        .stderr
        .take()
        .expect("a pipe")
        .read_to_string(&mut err)
        .expect("reads");
    assert_eq!(
        (child.wait().expect("ends").code(), err.as_str()),
        (Some(0), "")
    );
}

#[test]
fn attaching_without_a_terminal_asks_for_nothing() {
    let place = Place::new();
    let fake = Fake::start(&place.socket(), |_, connection| {
        connection.answer(&Response::Attach {
            argv: ["tmux", "-L", "torch", "attach", "-t", "=my app"]
                .map(str::to_owned)
                .into(),
            unset: vec!["TMUX".to_owned()],
        });
    });
    let line = "env -u TMUX tmux -L torch attach -t '=my app'";
    for (args, hint) in [
        (
            ["attach", "my role"].as_slice(),
            "torch attach 'my role' --print\n",
        ),
        (&["shell", "dev"], "torch shell dev    # in a terminal\n"),
    ] {
        let ran = place.run(TORCH, args);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.err.ends_with(&format!("Hint: {hint}")), "{ran:?}");
    }
    assert!(fake.is_idle(), "nothing was asked for, so nothing opened");
    let ran = place.run(TORCH, &["attach", "--print"]);
    assert_eq!((ran.code, ran.out), (Some(0), format!("{line}\n")));
}

#[test]
fn a_relative_registry_is_refused() {
    let place = Place::new();
    let output = place
        .command(TORCH, &["status"])
        .env("TORCH_HOME", "./my registry")
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(2));
    let whole = place.path("project").canonicalize().expect("there");
    let err = String::from_utf8(output.stderr).expect("text");
    assert!(
        err.ends_with(&format!(
            "Hint: export TORCH_HOME='{}/my registry'\n",
            whole.display()
        )),
        "{err}"
    );
}

#[test]
fn a_broken_journal_exits_with_1() {
    let place = Place::new();
    let _fake = Fake::start(&place.socket(), |_, connection| {
        connection.answer(&Response::Audit {
            entries: 3,
            archived: 0,
            archive: None,
            head: "ab".to_owned(),
            broken: Some("entry 2".to_owned()),
        });
    });
    assert_eq!(place.run(TORCH, &["audit", "verify"]).code, Some(1));
}

#[test]
fn the_hint_of_a_refusal_is_not_the_refused_command_again() {
    let place = Place::new();
    let fake = Fake::start(&place.socket(), |_, connection| {
        connection.answer(&Response::Failed(Failure {
            kind: FailureKind::Refused,
            error: "other:tester is not shown to developer of team app".to_owned(),
            causes: Vec::new(),
            hint: Some("torch status --team app".to_owned()),
        }));
    });
    let ran = place.run(TORCH, &["logs", "other:tester"]);
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert!(
        ran.err.contains("Hint: torch status --team app\n"),
        "{ran:?}"
    );
    drop(fake);
}
