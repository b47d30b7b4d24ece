//! `scm`: what it asks for, what it prints, and its exit codes.

use torch_api::wire::{Body, Failure, FailureKind, SendRequest};
use torch_api::{Request, Response};
use torch_core::{DeferReason, DeliveryState};

use crate::fake::{Fake, a_message, sent};
use crate::place::{Place, SCM, TORCH};

fn the_send(fake: &Fake) -> SendRequest {
    match fake.request() {
        Request::Send(request) => *request,
        other => panic!("{other:?}"),
    }
}

fn answering(place: &Place, response: Response) -> Fake {
    Fake::start(&place.socket(), move |_, connection| {
        connection.answer(&response)
    })
}

#[test]
fn success_is_one_line() {
    let place = Place::new();
    // Outside of a repository the daemon is told of none.
    let made = place.run("git", &["init", "-q"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let fake = answering(&place, sent(DeliveryState::Queued, true));
    let ran = place.run(
        SCM,
        &["dev", "hi $5 `x`", "--key", "k", "--ttl", "2h", "--inline"],
    );
    assert_eq!(
        (ran.code, ran.out.as_str(), ran.err.as_str()),
        (Some(0), "m-7k3f9q2a stored → developer\n", "")
    );
    let request = the_send(&fake);
    assert_eq!(request.target, "dev");
    assert_eq!(request.body, Body::Text("hi $5 `x`".to_owned()));
    assert_eq!(request.key.as_deref(), Some("k"));
    assert_eq!(request.ttl_seconds, Some(7_200));
    assert_eq!(request.wait, None);
    assert!(request.inline);
    assert_eq!(
        request.cwd,
        place.path("project").canonicalize().expect("there")
    );
}

#[test]
fn torch_send_is_the_same() {
    let place = Place::new();
    let fake = answering(&place, sent(DeliveryState::Consumed, true));
    let ran = place.run(TORCH, &["send", "dev", "hi", "--wait", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.json()["message"]["state"], "consumed");
    assert_eq!(the_send(&fake).wait, Some(DeliveryState::Consumed));
}

#[test]
fn standard_input_and_files_come_through_byte_for_byte() {
    let place = Place::new();
    let fake = answering(&place, sent(DeliveryState::Queued, true));
    let bytes = b"\xff\x00raw\n";
    assert_eq!(
        place.run_with(SCM, &["dev", "--stdin"], bytes).code,
        Some(0)
    );
    assert_eq!(
        the_send(&fake).body.into_bytes().as_deref(),
        Some(bytes.as_slice())
    );
    let file = place.file("report.md", "# Report\n");
    assert_eq!(
        place
            .run(SCM, &["dev", "--file", &file.to_string_lossy()])
            .code,
        Some(0)
    );
    assert_eq!(the_send(&fake).body, Body::Text("# Report\n".to_owned()));
}

#[test]
fn what_can_not_be_sent_is_refused_before_the_daemon_is_asked() {
    let place = Place::new();
    for (args, words) in [
        (["dev", "   "].as_slice(), "the message is empty"),
        (&["dev"], "no message to dev was given"),
        (&["dev", "--stdin"], "standard input is empty"),
        (&["dev", "--file", "nowhere"], "failed to open nowhere"),
        (&["dev", "hi", "--wait=pasted"], "invalid value 'pasted'"),
        (&["dev", "hi", "there"], "unexpected argument 'there'"),
        (&["dev", "--wat"], "Hint: scm dev -- --wat"),
    ] {
        let ran = place.run(SCM, args);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(
            ran.err.starts_with("Error: ") && ran.err.contains(words),
            "{ran:?}"
        );
        assert!(ran.err.contains("\nHint: "), "{ran:?}");
        assert!(ran.out.is_empty(), "{ran:?}");
    }
    assert!(!place.daemon_was_started());
}

#[test]
fn the_exit_code_tells_what_happened() {
    let waiting = || {
        let mut message = a_message(DeliveryState::Deferred);
        message.waits = Some(DeferReason::Asking);
        Response::Sent {
            message: Box::new(message),
            reached: false,
        }
    };
    let failed = |kind| {
        Response::Failed(Failure {
            kind,
            error: "the target `devv` is nobody".to_owned(),
            causes: vec!["the team `hello` has developer, tester".to_owned()],
            hint: Some("scm developer \"hi\"".to_owned()),
        })
    };
    for (response, args, code, words) in [
        (
            waiting(),
            ["dev", "hi", "--wait"].as_slice(),
            3,
            "which only a person may answer",
        ),
        (
            sent(DeliveryState::Dead, false),
            &["dev", "hi", "--wait"],
            1,
            "ended as dead",
        ),
        (
            sent(DeliveryState::Refused, true),
            &["dev", "hi"],
            4,
            "(rule edge.human)",
        ),
        (
            failed(FailureKind::Usage),
            &["devv", "hi"],
            2,
            "Hint: scm developer",
        ),
        (
            failed(FailureKind::Refused),
            &["dev", "hi"],
            4,
            "Error: the target",
        ),
        (
            failed(FailureKind::Other),
            &["dev", "hi"],
            1,
            "the team `hello` has",
        ),
    ] {
        let place = Place::new();
        let _fake = answering(&place, response);
        let ran = place.run(SCM, args);
        assert_eq!(ran.code, Some(code), "{ran:?}");
        assert!(ran.err.contains(words), "{ran:?}");
        // Programs get one value, whatever becomes of it.
        let ran = place.run(SCM, &[args, &["--json"]].concat());
        assert_eq!(ran.code, Some(code), "{ran:?}");
        assert!(ran.err.contains(words), "{ran:?}");
        let value = ran.json();
        let told = value["message"].is_object() || value["exit_code"] == code;
        assert!(told, "{ran:?}");
    }
}

#[test]
fn a_reply_is_shown_once_the_turn_has_ended() {
    let place = Place::new();
    let fake = Fake::start(&place.socket(), |request, connection| {
        connection.answer(&match request {
            Request::Send(_) => sent(DeliveryState::Consumed, true),
            Request::AwaitTurn { .. } => Response::Done {
                text: "the turn has ended".to_owned(),
            },
            _ => Response::Lines {
                lines: vec!["● 42 tests pass\u{1b}[2J".to_owned()],
            },
        });
    });
    let ran = place.run(SCM, &["dev", "hi", "--reply=10", "--timeout", "5"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(
        ran.out,
        "m-7k3f9q2a consumed → developer\n● 42 tests pass·[2J\n"
    );
    assert_eq!(the_send(&fake).wait, Some(DeliveryState::Consumed));
    assert!(matches!(
        fake.request(),
        Request::AwaitTurn {
            wait_millis: 5_000,
            ..
        }
    ));
    // What program it is says how its screen is read, and a few lines more say whether it is done.
    assert!(matches!(fake.request(), Request::Status { .. }));
    assert!(matches!(fake.request(), Request::Logs { lines: 60, .. }));
}

#[test]
fn a_late_reply_shows_the_lines_so_far_and_exits_with_3() {
    let place = Place::new();
    let _fake = Fake::start(&place.socket(), |request, connection| {
        connection.answer(&match request {
            Request::Send(_) => sent(DeliveryState::Consumed, true),
            Request::AwaitTurn { .. } => Response::Failed(Failure {
                kind: FailureKind::Timeout,
                error: "developer is still working".to_owned(),
                causes: Vec::new(),
                hint: None,
            }),
            _ => Response::Lines {
                lines: vec!["thinking".to_owned()],
            },
        });
    });
    let ran = place.run(SCM, &["dev", "hi", "--reply"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(
        ran.out.ends_with("thinking\n") && ran.err.contains("still working"),
        "{ran:?}"
    );
}

#[test]
fn a_daemon_that_ends_over_a_message_may_have_stored_it() {
    let place = Place::new();
    let _fake = Fake::start(&place.socket(), |_, connection| connection.hang_up());
    let ran = place.run(SCM, &["developer", "hi"]);
    assert_eq!(ran.code, Some(75), "{ran:?}");
    let begins = "Error: it is not known whether a message of 2 B to developer is stored\n";
    assert!(ran.err.starts_with(begins), "{ran:?}");
    assert!(ran.err.contains("sent again with --key scm-"), "{ran:?}");
    assert!(ran.err.contains("Hint: torch msg list\n"), "{ran:?}");
}

/// The answer to a large message is long, and a daemon may be killed anywhere in it.
#[test]
fn a_daemon_that_is_killed_over_its_answer_is_asked_again_or_named() {
    let place = Place::new();
    let long = place.file("long.md", "a line of a long report\n".repeat(130_000));
    let long = long.to_str().expect("UTF-8");
    let times = std::sync::atomic::AtomicUsize::new(0);
    let fake = Fake::start(&place.socket(), move |request, connection| {
        let mut answer = sent(DeliveryState::Queued, true);
        if let (Response::Sent { message, .. }, Request::Send(send)) = (&mut answer, &request)
            && let Body::Text(text) = &send.body
        {
            message.body.clone_from(text);
        }
        match times.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0 => connection.cut(&answer),
            1 => connection.answer(&answer),
            _ => connection.cut(&answer),
        }
    });
    let ran = place.run(SCM, &["developer", "--file", long]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let (first, again) = (the_send(&fake), the_send(&fake));
    assert_eq!(first.key, again.key, "so it is stored once");
    let ran = place.run(SCM, &["developer", "--file", long]);
    assert_eq!(ran.code, Some(75), "{}", ran.err);
    let said = "Error: it is not known whether a message of 3.1 MB to developer is stored\n";
    assert!(ran.err.starts_with(said), "{}", ran.err);
    assert!(ran.err.contains("it was tried 5 times"), "{}", ran.err);
}
