//! Commands whose daemon goes away before it answers: asked again where that changes nothing twice, else told as unknown.

use std::sync::atomic::{AtomicUsize, Ordering};

use torch_api::task::{PlanChange, TasksView};
use torch_api::wire::Stage;
use torch_api::{Request, Response};

use crate::fake::{Fake, a_team};
use crate::place::{Place, TORCH};

/// A daemon that is killed over the first `cuts` requests, and answers the next ones.
fn killed(
    place: &Place,
    cuts: usize,
    answer: impl Fn() -> Response + Send + Sync + 'static,
) -> Fake {
    let asked = AtomicUsize::new(0);
    Fake::start(&place.socket(), move |_, connection| {
        match asked.fetch_add(1, Ordering::SeqCst) {
            // Once in the middle of its answer, once before it.
            n if n < cuts && n % 2 == 0 => connection.cut(&answer()),
            n if n < cuts => connection.hang_up(),
            _ => connection.answer(&answer()),
        }
    })
}

fn done(text: &str) -> Response {
    Response::Done {
        text: text.to_owned(),
    }
}

fn a_plan(counts: &str) -> Response {
    Response::Tasks(Box::new(TasksView {
        team: "hello".to_owned(),
        roles: Vec::new(),
        plan: Default::default(),
        change: Some(PlanChange {
            counts: counts.to_owned(),
            lines: Vec::new(),
            told: false,
            told_all: false,
            dry_run: false,
        }),
    }))
}

#[test]
fn stop_and_the_plan_are_asked_again() {
    for (args, answer, said) in [
        (
            ["stop", "--team", "hello"].as_slice(),
            done("team hello was stopped already"),
            "stopped already",
        ),
        (
            &["plan", "set", "T3", "done", "--team", "hello"],
            a_plan("T3 was done already"),
            "T3 was done already",
        ),
        (
            &["spec", "add", "spec.md", "--team", "hello"],
            a_plan("nothing differs"),
            "nothing differs",
        ),
    ] {
        let place = Place::new();
        place.file("spec.md", "- a tool");
        let fake = killed(&place, 2, move || answer.clone());
        let ran = place.run(TORCH, args);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.out.contains(said), "{ran:?}");
        assert!(ran.err.contains("it is asked again"), "{ran:?}");
        assert_eq!(fake.asked(), 3, "{args:?}");
    }
}

#[test]
fn what_stays_unknown_is_told_with_the_command_that_tells() {
    for (args, unknown, hint) in [
        (
            ["stop", "--team", "hello"].as_slice(),
            "it is not known whether the team is stopped",
            "Hint: torch status\n",
        ),
        (
            &["plan", "set", "T3", "done", "--team", "hello"],
            "it is not known whether the plan is changed",
            "Hint: torch plan show\n",
        ),
        (
            &["auto", "--spec", "spec.md", "--yes"],
            "it is not known whether the team is started",
            "Hint: torch status\n",
        ),
    ] {
        let place = Place::new();
        place.file("spec.md", "- a tool");
        let fake = killed(&place, usize::MAX, || done("never"));
        let ran = place.run(TORCH, args);
        assert_eq!(ran.code, Some(75), "{ran:?}");
        assert!(ran.err.contains(unknown), "{ran:?}");
        assert!(ran.err.contains(hint), "{ran:?}");
        assert!(fake.asked() >= 5, "{args:?}");
    }
}

/// The team that the second order finds is the one that the first began.
#[test]
fn an_order_that_was_cut_off_is_gone_on_with() {
    let place = Place::new();
    place.file("spec.md", "- a tool");
    let orders = AtomicUsize::new(0);
    let fake = Fake::start(&place.socket(), move |request, connection| {
        let Request::Auto(_) = request else {
            panic!("{request:?}");
        };
        let first = orders.fetch_add(1, Ordering::SeqCst) == 0;
        connection.answer(&Response::Progress {
            role: "developer".to_owned(),
            stage: Stage::Window,
            detail: String::new(),
        });
        match first {
            true => connection.hang_up(),
            false => connection.answer(&Response::Raised {
                existed: true,
                adopted: false,
                team: Box::new(a_team()),
            }),
        }
    });
    let ran = place.run(TORCH, &["auto", "--spec", "spec.md", "--yes"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.contains("the daemon went away"), "{ran:?}");
    assert!(!ran.out.contains("is there already"), "{ran:?}");
    assert_eq!(fake.asked(), 2);
}

/// A team that is removed is not found again: a purge is asked for once.
#[test]
fn a_purge_is_asked_for_once() {
    let place = Place::new();
    let fake = Fake::start(&place.socket(), |request, connection| match request {
        Request::Purge { dry_run: true, .. } => connection.answer(&Response::Worktrees {
            worktrees: Vec::new(),
            ports: None,
        }),
        Request::Schedules { .. } => connection.answer(&Response::Schedules {
            schedules: Vec::new(),
            check_ins: Vec::new(),
        }),
        Request::Stop { .. } => connection.answer(&done(
            "team hello is stopped; worktrees, branches and messages are kept",
        )),
        Request::Purge { .. } => connection.hang_up(),
        other => panic!("{other:?}"),
    });
    let ran = place.run(TORCH, &["stop", "--purge", "--yes", "--team", "hello"]);
    assert_eq!(ran.code, Some(75), "{ran:?}");
    assert!(
        ran.err
            .contains("it is not known whether the team is removed"),
        "{ran:?}"
    );
    assert!(ran.err.contains("Hint: torch status\n"), "{ran:?}");
    // What a stop keeps is not said of what goes next.
    assert_eq!(ran.out, "team hello is stopped\n");
    assert_eq!(fake.asked(), 4);
}

/// The second one of such an order could be about another integration.
#[test]
fn an_order_that_may_not_come_twice_is_asked_for_once() {
    for args in [
        ["integrate", "--abort", "--team", "hello"].as_slice(),
        &["integrate", "--tests", "failed", "--team", "hello"],
    ] {
        let place = Place::new();
        let fake = killed(&place, usize::MAX, || done("never"));
        let ran = place.run(TORCH, args);
        assert_eq!(ran.code, Some(75), "{ran:?}");
        assert!(
            ran.err
                .contains("it is not known whether the integration was told"),
            "{ran:?}"
        );
        assert!(
            ran.err.contains("Hint: torch integrate --list\n"),
            "{ran:?}"
        );
        assert_eq!(fake.asked(), 1, "{args:?}");
    }
}
