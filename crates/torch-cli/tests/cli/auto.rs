//! `torch auto`: asking, progress, Ctrl-C.

use std::io::{BufReader, Read as _};
use std::process::Child;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use torch_api::view::{CapsView, PlanView};
use torch_api::wire::{Failure, FailureKind, Stage};
use torch_api::{Request, Response};

use crate::fake::{Fake, a_daemon, a_team, an_agent};
use crate::place::{Place, TORCH};

fn progress(role: &str, stage: Stage) -> Response {
    Response::Progress {
        role: role.to_owned(),
        stage,
        detail: "detail".to_owned(),
    }
}

fn raised(existed: bool) -> Response {
    Response::Raised {
        existed,
        adopted: false,
        team: Box::new(a_team()),
    }
}

fn a_plan() -> PlanView {
    PlanView {
        team: "hello".to_owned(),
        project: "/p/hello".into(),
        spec: "/p/hello/spec.md".into(),
        spec_items: 1,
        base_branch: "main".to_owned(),
        base_commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
        worktree_bytes: 0,
        caps: CapsView {
            turns_per_hour: 0,
            restarts_per_hour: 0,
        },
        agents: Vec::new(),
        choice: None,
        writes: Vec::new(),
        exists: false,
    }
}

fn raising(place: &Place) -> Fake {
    Fake::start(&place.socket(), |request, connection| match request {
        Request::Auto(_) => {
            connection.answer(&progress("developer", Stage::Worktree));
            connection.answer(&progress("developer", Stage::Briefed));
            connection.answer(&raised(false));
        }
        Request::Follow { .. } => {
            connection.answer(&progress("developer", Stage::Complete));
            connection.answer(&Response::Finished {
                team: Box::new(a_team()),
                complete: true,
            });
        }
        other => panic!("{other:?}"),
    })
}

#[test]
fn without_a_terminal_it_needs_yes() {
    let place = Place::new();
    place.file("my spec.md", "- a tool");
    let fake = Fake::start(&place.socket(), |_, connection| {
        connection.answer(&Response::Planned(Box::new(a_plan())));
    });
    let ran = place.run(TORCH, &["auto", "--spec", "my spec.md", "--agent", "demo"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(
        ran.err
            .ends_with("Hint: torch auto --spec 'my spec.md' --agent demo --yes\n"),
        "{ran:?}"
    );
    let Request::Auto(request) = fake.request() else {
        panic!("no request")
    };
    assert!(request.dry_run, "only the plan was asked for");
    assert!(fake.is_idle());
}

#[test]
fn a_dry_run_on_a_team_that_is_there_shows_that_team() {
    let place = Place::new();
    place.file("spec.md", "- a tool");
    let fake = Fake::start(&place.socket(), |request, connection| match request {
        Request::Auto(request) => {
            assert!(request.dry_run, "nothing is to be changed");
            let exists = true;
            connection.answer(&Response::Planned(Box::new(PlanView {
                exists,
                ..a_plan()
            })));
        }
        Request::Status { team } => {
            assert_eq!(team.as_deref(), Some("hello"));
            let mut team = a_team();
            team.phase = "running".to_owned();
            team.agents = ["orchestrator", "devops"].map(an_agent).to_vec();
            connection.answer(&Response::Status {
                daemon: a_daemon(),
                teams: vec![team],
            });
        }
        other => panic!("{other:?}"),
    });
    let args = ["auto", "--spec", "spec.md", "--dry-run", "--roles"];
    let ran = place.run(TORCH, &[&args[..], &["orchestrator,tester"]].concat());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for line in [
        "hello is there already, running; torch auto would change nothing\n",
        "would be chosen now, and is not there: tester\n",
        "is there, and would not be chosen now: devops\n",
        "torch status --team hello\n",
    ] {
        assert!(ran.out.contains(line), "{line}: {ran:?}");
    }
    assert!(!ran.out.contains("would be raised"), "{ran:?}");
    drop(fake);
}

#[test]
fn without_an_agent_the_hint_is_the_same_command_with_one() {
    let place = Place::new();
    place.file("my spec.md", "- a tool");
    let _fake = Fake::start(&place.socket(), |_, connection| {
        connection.answer(&Response::Failed(Failure {
            kind: FailureKind::Usage,
            error: "no agent program was chosen".to_owned(),
            causes: Vec::new(),
            hint: Some("torch auto --spec spec.md --agent demo".to_owned()),
        }));
    });
    for flags in [
        "--dry-run --project . --json",
        "--yes --roles=dev,tester",
        "",
    ] {
        let mut args = vec!["auto", "--spec", "my spec.md"];
        args.extend(flags.split_whitespace());
        let ran = place.run(TORCH, &args);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        let hint = match flags {
            // Nobody can be asked here, so the hint says yes as well.
            "" => "Hint: torch auto --spec 'my spec.md' --yes --agent demo\n".to_owned(),
            flags => format!("Hint: torch auto --spec 'my spec.md' {flags} --agent demo\n"),
        };
        assert!(ran.err.ends_with(&hint), "{ran:?}");
    }
}

#[test]
fn a_bad_spec_ends_it_before_anything_starts() {
    let place = Place::new();
    place.file("empty.md", " \n");
    place.file("binary.md", b"a\0b");
    for (spec, words) in [
        ("empty.md", "is empty"),
        ("binary.md", "is binary"),
        ("gone.md", "does not exist"),
        (".", "is a directory"),
    ] {
        let ran = place.run(TORCH, &["auto", "--spec", spec, "--yes"]);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.err.contains(words), "{ran:?}");
    }
    assert!(!place.daemon_was_started());
}

#[test]
fn progress_goes_to_standard_error_and_the_end_to_standard_output() {
    let place = Place::new();
    let spec = place.file("spec.md", "- a tool");
    let fake = raising(&place);
    let ran = place.run(
        TORCH,
        &[
            "auto",
            "--spec",
            "spec.md",
            "--roles",
            "dev,tester",
            "--yes",
            "--wait",
        ],
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.err
            .starts_with("developer: worktree  detail\ndeveloper: briefed  detail\n"),
        "{ran:?}"
    );
    assert!(ran.out.contains("hello: the spec is complete"), "{ran:?}");
    assert!(
        ran.out.contains("attach  tmux -L torch attach -t '=hello'"),
        "{ran:?}"
    );
    let Request::Auto(request) = fake.request() else {
        panic!("no request")
    };
    assert_eq!(request.spec, spec.canonicalize().expect("there"));
    assert_eq!(request.roles, ["orchestrator", "developer", "tester"]);
    let choice = request.choice.expect("why these roles");
    assert!(choice.asked);
    assert_eq!(choice.roles[1].reason, "named by --roles");
    assert_eq!(
        request.env.get("PATH").map(String::as_str),
        Some("/usr/bin:/bin")
    );
    assert!(
        !request.env.contains_key("TORCH_HOME"),
        "the daemon knows it"
    );
}

#[test]
fn json_is_one_value_per_line() {
    let place = Place::new();
    place.file("spec.md", "- a tool");
    let _fake = raising(&place);
    let ran = place.run(TORCH, &["auto", "--spec", "spec.md", "--yes", "--json"]);
    let lines: Vec<serde_json::Value> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let kinds: Vec<_> = lines
        .iter()
        .map(|line| line["response"].as_str().expect("a kind"))
        .collect();
    assert_eq!(
        (ran.code, kinds),
        (Some(0), vec!["progress", "progress", "raised"])
    );
    assert_eq!(ran.err, "");
}

#[test]
fn a_second_run_says_what_is_there_and_how_to_go_on() {
    let place = Place::new();
    place.file("spec.md", "- a tool");
    let _fake = Fake::start(&place.socket(), |_, connection| {
        connection.answer(&raised(true))
    });
    let ran = place.run(TORCH, &["auto", "--spec", "spec.md", "--yes"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out
            .starts_with("hello is there already; nothing was changed\n"),
        "{ran:?}"
    );
    assert!(ran.out.contains("torch stop --team hello"), "{ran:?}");
}

/// Waits until a line of the child's standard error has these words.
fn until(err: &mut impl std::io::BufRead, words: &str) {
    let mut line = String::new();
    while !line.contains(words) {
        line.clear();
        assert_ne!(
            err.read_line(&mut line).expect("reads"),
            0,
            "it ended without {words:?}"
        );
    }
}

fn interrupt(child: &Child) {
    let pid = i32::try_from(child.id()).expect("a pid");
    kill(Pid::from_raw(pid), Signal::SIGINT).expect("signalled");
}

#[test]
fn the_first_interrupt_cancels_and_waits_for_the_answer() {
    let place = Place::new();
    place.file("spec.md", "- a tool");
    let fake = Fake::start(&place.socket(), |request, connection| match request {
        Request::Auto(_) => connection.answer(&progress("developer", Stage::Window)),
        Request::Cancel => {
            connection.answer(&Response::Done {
                text: "cancelled; nothing is left behind".to_owned(),
            });
        }
        other => panic!("{other:?}"),
    });
    let mut child = place.spawn(TORCH, &["auto", "--spec", "spec.md", "--yes"]);
    let mut err = BufReader::new(child.stderr.take().expect("a pipe"));
    until(&mut err, "developer: window");
    interrupt(&child);
    let mut rest = String::new();
    err.read_to_string(&mut rest).expect("reads");
    assert_eq!(child.wait().expect("ends").code(), Some(130), "{rest}");
    assert!(
        rest.contains("cancelling") && rest.ends_with("\ncancelled; nothing is left behind\n"),
        "{rest}"
    );
    assert!(matches!(fake.request(), Request::Auto(_)));
    assert_eq!(fake.request(), Request::Cancel);
}

#[test]
fn the_second_interrupt_leaves_at_once() {
    let place = Place::new();
    place.file("spec.md", "- a tool");
    let _fake = Fake::start(&place.socket(), |request, connection| {
        if let Request::Auto(_) = request {
            connection.answer(&progress("developer", Stage::Window));
        }
    });
    let mut child = place.spawn(TORCH, &["auto", "--spec", "spec.md", "--yes"]);
    let mut err = BufReader::new(child.stderr.take().expect("a pipe"));
    until(&mut err, "developer: window");
    interrupt(&child);
    until(&mut err, "cancelling");
    interrupt(&child);
    assert_eq!(child.wait().expect("ends").code(), Some(130));
}

#[test]
fn an_interrupt_while_following_leaves_the_team_running() {
    let place = Place::new();
    place.file("spec.md", "- a tool");
    let fake = Fake::start(&place.socket(), |request, connection| match request {
        Request::Auto(_) => connection.answer(&raised(false)),
        Request::Follow { .. } => connection.answer(&progress("developer", Stage::Complete)),
        other => panic!("{other:?}"),
    });
    let mut child = place.spawn(TORCH, &["auto", "--spec", "spec.md", "--yes", "--wait"]);
    let mut err = BufReader::new(child.stderr.take().expect("a pipe"));
    until(&mut err, "developer: complete");
    interrupt(&child);
    until(&mut err, "the team goes on");
    assert_eq!(child.wait().expect("ends").code(), Some(130));
    assert!(matches!(fake.request(), Request::Auto(_)));
    assert!(matches!(fake.request(), Request::Follow { .. }));
    assert!(fake.is_idle(), "nothing is cancelled");
}
