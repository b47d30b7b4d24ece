//! Starting the daemon, replacing an older one, leaving it alone.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::thread;

use torch_api::wire::PROTOCOL;
use torch_api::{Hello, Request, Response};
use torch_core::DeliveryState;

use crate::fake::{Fake, hello_of, old_hello, sent};
use crate::place::{Place, TORCH, fifo};

#[test]
fn it_is_started_and_waited_for() {
    let place = Place::new();
    let (asked, answered) = (place.path("asked"), place.path("answered"));
    fifo(&asked);
    fifo(&answered);
    let scm = place.scm_beside(&format!(
        "echo \"$* $TORCH_HOME\" > {}\nread go < {}\necho ready",
        asked.display(),
        answered.display()
    ));
    let socket = place.socket();
    let daemon = thread::spawn(move || {
        let args = fs::read_to_string(&asked).expect("reads");
        let fake = Fake::start(&socket, |_, connection| {
            connection.answer(&sent(DeliveryState::Queued, true))
        });
        fs::write(&answered, "go\n").expect("writes");
        (args, fake)
    });
    let ran = place.run(&scm, &["dev", "hi"]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (Some(0), "m-7k3f9q2a stored → developer\n"),
        "{ran:?}"
    );
    let (args, _fake) = daemon.join().expect("ends");
    assert_eq!(
        args,
        format!("daemon run {}\n", place.path("registry").display())
    );
}

#[test]
fn a_start_that_fails_shows_the_end_of_its_log() {
    let place = Place::new();
    let scm = place.scm_beside("echo 'the disk is full' >&2; exit 75");
    let ran = place.run(&scm, &["dev", "hi"]);
    assert_eq!(ran.code, Some(75), "{ran:?}");
    assert!(
        ran.err.contains("failed to start the daemon") && ran.err.contains("  the disk is full\n"),
        "{ran:?}"
    );
    assert!(ran.err.contains("Hint: torch doctor"), "{ran:?}");
}

#[test]
fn one_that_somebody_else_is_starting_is_as_good() {
    let place = Place::new();
    let (asked, answered) = (place.path("asked"), place.path("answered"));
    fifo(&asked);
    fifo(&answered);
    let scm = place.scm_beside(&format!(
        "echo > {}\nread go < {}\nexit 1",
        asked.display(),
        answered.display()
    ));
    let socket = place.socket();
    let winner = thread::spawn(move || {
        fs::read_to_string(&asked).expect("reads");
        let fake = Fake::start(&socket, |_, connection| {
            connection.answer(&sent(DeliveryState::Queued, true));
        });
        fs::write(&answered, "go\n").expect("writes");
        fake
    });
    let ran = place.run(&scm, &["dev", "hi"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let _fake = winner.join().expect("ends");
}

#[test]
fn an_older_daemon_is_replaced() {
    let place = Place::new();
    let scm = place.scm_beside("echo ready");
    #[expect(
        clippy::disallowed_methods,
        reason = "a process that stands for the old daemon"
    )]
    let mut old = std::process::Command::new("sleep")
        .arg("100")
        .spawn()
        .expect("starts");
    let pid = old.id();
    // The first two connections meet the old one: the greeting, then the request to end.
    let hello = move |number| {
        if number < 2 {
            old_hello(pid)
        } else {
            Hello::ours()
        }
    };
    let fake = Fake::with_hello(
        &place.socket(),
        hello,
        |request, connection| match request {
            Request::Send(_) => connection.answer(&sent(DeliveryState::Queued, true)),
            _ => connection.answer(&Response::Done {
                text: "ending".to_owned(),
            }),
        },
    );
    let ran = place.run(&scm, &["dev", "hi"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.err.contains("replacing the daemon 0.0.1")
            && ran.err.contains("the agents are untouched"),
        "{ran:?}"
    );
    assert_eq!(fake.request(), Request::Shutdown);
    assert!(matches!(fake.request(), Request::Send(_)));
    assert!(
        old.wait().expect("ends").signal().is_some(),
        "it was waited for and ended"
    );
}

#[test]
fn a_newer_daemon_is_fine_unless_it_speaks_another_protocol() {
    let place = Place::new();
    let hello = |number| match number {
        0 => hello_of("99.0.0", PROTOCOL, 1),
        _ => hello_of("99.0.0", PROTOCOL + 1, 1),
    };
    let _fake = Fake::with_hello(&place.socket(), hello, |_, connection| {
        connection.answer(&sent(DeliveryState::Queued, true));
    });
    assert_eq!(place.run(TORCH, &["send", "dev", "hi"]).code, Some(0));
    let ran = place.run(TORCH, &["send", "dev", "hi"]);
    assert_eq!(ran.code, Some(75), "{ran:?}");
    assert!(
        ran.err.contains("99.0.0") && ran.err.contains("use the newer torch"),
        "{ran:?}"
    );
}

#[test]
fn looking_never_starts_it() {
    let place = Place::new();
    for args in [
        ["status"].as_slice(),
        &["doctor"],
        &["logs", "dev"],
        &["why", "dev"],
        &["msg", "list"],
        &["msg", "show", "m-7k3f9q2a"],
        &["msg", "trace", "m-7k3f9q2a"],
        &["inbox"],
        &["msg", "stats"],
        &["credit"],
        &["context"],
        &["schedule", "list"],
        &["resume", "--status-only"],
        &["agents", "list"],
        &["status", "--json"],
        &["audit", "verify"],
        &["config"],
        &["daemon", "status"],
        &["daemon", "stop"],
        &["completions", "bash"],
        &["man"],
    ] {
        let ran = place.run(TORCH, args);
        assert!(ran.code.is_some(), "{args:?}: {ran:?}");
        assert!(!place.daemon_was_started(), "{args:?}");
    }
    assert_eq!(place.run(TORCH, &["daemon", "status"]).code, Some(1));
    for command in ["why", "logs"] {
        let ran = place.run(TORCH, &[command, "dev"]);
        assert_eq!(ran.code, Some(75), "{ran:?}");
        assert_eq!(
            ran.err,
            "Error: the daemon is not running\nHint: torch daemon start\n"
        );
    }
}
