//! Planned notes and running deadlines against clocks that are set, sleep, crashes and reboots: each note is said once,
//! none early, and what became due meanwhile is one message per recipient.
//!
//! `TORCH_SCHEDULE_SEEDS=N` runs N seeds of the random test, `TORCH_SCHEDULE_SEED=S` replays one.

mod check_ins;
mod cron;
mod machine;
mod random;

use torch_api::wire::{Body, FailureKind, ScheduleRequest, SendRequest};
use torch_api::{Request, Response};
use torch_core::{DeliveryState, DesiredState, ScheduleState};

use machine::{Crash, Machine};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const YEAR: u64 = 365 * DAY;

/// A note 15 minutes ahead; a third of the way something happens, and it is said 15 minutes of real time after it was
/// planned, or at the wake-up or start when that was later.
#[track_caller]
fn said_once(what: &str, happens: impl FnOnce(&mut Machine)) {
    let mut machine = Machine::new(1);
    machine
        .plan(15 * MINUTE, "look at it", "developer")
        .expect("planned");
    let due = machine.real + 15 * MINUTE;
    machine.run(5 * MINUTE);
    happens(&mut machine);
    let earliest = machine.real.max(due);
    if !machine.is_up() {
        machine.start();
    }
    let left = due.saturating_sub(machine.real);
    machine.run(left.saturating_sub(1));
    if machine.real < due {
        assert_eq!(machine.times("look at it"), [0; 0], "{what}: early");
    }
    machine.run(3 * YEAR);
    let times = machine.times("look at it");
    assert_eq!(times.len(), 1, "{what}: {times:?}");
    assert!(
        times[0].abs_diff(earliest) <= 2 * SECOND,
        "{what}: {times:?} instead of {earliest}"
    );
    let rows: Vec<_> = machine.rows.values().map(|row| row.state).collect();
    assert!(
        matches!(rows[..], [ScheduleState::Fired(_)]),
        "{what}: {rows:?}"
    );
}

#[test]
fn the_clock_is_set() {
    for (what, millis) in [("an hour", HOUR), ("a year", YEAR), ("a second", SECOND)] {
        let millis = millis.cast_signed();
        for unnoticed in [0, 2 * SECOND] {
            said_once(what, |machine| machine.set_clock(millis, unnoticed));
            said_once(what, |machine| machine.set_clock(-millis, unnoticed));
            said_once(what, |machine| {
                machine.set_clock(-millis, unnoticed);
                machine.run(MINUTE);
                machine.set_clock(millis, unnoticed);
            });
        }
    }
}

#[test]
fn the_machine_sleeps() {
    said_once("a nap", |machine| machine.sleep(MINUTE));
    said_once("8 h", |machine| machine.sleep(8 * HOUR));
    said_once("8 h, and the clock is corrected", |machine| {
        machine.real += 8 * HOUR;
        machine.set_clock(-90 * SECOND.cast_signed(), 0);
    });
}

#[test]
fn no_daemon_runs_meanwhile() {
    let hour = HOUR.cast_signed();
    said_once("killed", |machine| machine.kill());
    said_once("gone for a day", |machine| {
        machine.kill();
        machine.run(DAY);
    });
    for set in [hour, -hour, 8_760 * hour, -8_760 * hour] {
        said_once("the clock is set while no daemon runs", |machine| {
            machine.kill();
            machine.set += set;
            machine.run(MINUTE);
        });
        said_once("it is set, and then the daemon ends", |machine| {
            machine.set_clock(set, 0);
            machine.run(SECOND);
            machine.kill();
        });
    }
}

#[test]
fn the_machine_reboots() {
    let hour = HOUR.cast_signed();
    said_once("a quick reboot", |machine| machine.reboot(20 * SECOND));
    said_once("off for a day", |machine| machine.reboot(DAY));
    said_once("rebooted, then set", |machine| {
        machine.reboot(20 * SECOND);
        machine.set_clock(hour, 0);
        machine.kill();
    });
    // A clock that was put right while the daemon watched stays right over the reboot.
    said_once("set, then rebooted", |machine| {
        machine.set_clock(hour, 0);
        machine.reboot(20 * SECOND);
    });
}

/// Only the wall clock is left after a reboot: set meanwhile, it decides.
#[test]
fn a_clock_set_over_a_reboot_counts() {
    let mut machine = Machine::new(1);
    machine
        .plan(2 * HOUR, "look at it", "developer")
        .expect("planned");
    let planned = machine.real;
    machine.kill();
    machine.set += HOUR.cast_signed();
    machine.reboot(MINUTE);
    machine.run(DAY);
    let times = machine.times("look at it");
    assert_eq!(times.len(), 1);
    assert!(
        (times[0] - planned).abs_diff(HOUR) < 2 * SECOND,
        "{times:?}"
    );
}

#[test]
fn what_became_due_meanwhile_is_one_message_per_recipient() {
    let mut machine = Machine::new(1);
    for n in 0..10 {
        machine
            .plan((n + 1) * MINUTE, &format!("note {n}."), "developer")
            .expect("planned");
    }
    machine
        .plan(5 * MINUTE, "for the hub", "orchestrator")
        .expect("planned");
    machine
        .plan(9 * HOUR, "much later", "developer")
        .expect("planned");
    machine.run(30 * SECOND);
    machine.sleep(8 * HOUR);
    let notes = machine.notes();
    assert_eq!(notes.len(), 2, "{notes:#?}");
    let list = notes
        .iter()
        .find(|note| note.target == "developer")
        .expect("a list");
    assert!(
        list.body.starts_with("10 planned notes, late because"),
        "{}",
        list.body
    );
    let order: Vec<_> = list
        .body
        .lines()
        .skip(1)
        .map(|line| &line[line.len() - 7..])
        .collect();
    let wanted: Vec<_> = (0..10).map(|n| format!("note {n}.")).collect();
    assert_eq!(order, wanted);
    assert!(list.body.contains("due 7 h 59 min ago"), "{}", list.body);
    let (from, rule) = (list.sender.label(), list.verdict.rule.as_str());
    assert_eq!((from, rule), ("human", "schedule.person"));
    // They are rows now, not messages, that wait; the rest goes on as planned.
    machine.run(2 * HOUR);
    assert_eq!(machine.notes().len(), 3);
}

#[test]
fn a_stopped_teams_notes_wait_for_it() {
    let mut machine = Machine::new(1);
    for n in 0..3 {
        machine
            .plan((n + 1) * MINUTE, &format!("note {n}."), "developer")
            .expect("planned");
    }
    machine.want(DesiredState::Stopped);
    machine.run(DAY);
    assert_eq!(machine.notes().len(), 0);
    machine.want(DesiredState::Running);
    machine.run(SECOND);
    let notes = machine.notes();
    assert_eq!(notes.len(), 1);
    assert!(
        notes[0].body.starts_with("3 planned notes"),
        "{}",
        notes[0].body
    );
}

#[test]
fn a_crash_says_it_once() {
    for crash in [Crash::BeforeCommit, Crash::AfterCommit] {
        let mut machine = Machine::new(1);
        machine
            .plan(MINUTE, "look at it", "developer")
            .expect("planned");
        machine.run(MINUTE - 1);
        machine.crash = Some(crash);
        machine.run(2);
        assert!(
            !machine.is_up(),
            "it died in the turn in which the note was due"
        );
        machine.run(MINUTE);
        machine.start();
        machine.run(DAY);
        assert_eq!(machine.times("look at it").len(), 1, "{crash:?}");
    }
}

#[test]
fn what_is_cancelled_or_refused_is_not_said() {
    let mut machine = Machine::new(1);
    let id = machine.plan(MINUTE, "never", "developer").expect("planned");
    let conn = machine.ask(Request::CancelSchedule { id });
    assert!(matches!(
        machine.answered(conn)[..],
        [Response::Done { .. }]
    ));
    for (millis, note, target) in [
        (999, "too soon", "developer"),
        (366 * DAY + 1, "too late", "developer"),
        (u64::MAX, "never ever", "developer"),
        (MINUTE, " \u{200b}\n", "developer"),
        (MINUTE, "nobody", "devlopr"),
    ] {
        assert_eq!(machine.plan(millis, note, target), None, "{note}");
    }
    let near = machine.answers.last().map(|(_, _, answer)| answer.clone());
    let Some(Response::Failed(failure)) = near else {
        panic!("{near:?}");
    };
    assert_eq!(failure.kind, FailureKind::Usage);
    assert!(
        failure
            .causes
            .iter()
            .any(|cause| cause.contains("project:developer")),
        "{failure:?}"
    );
    machine.run(2 * YEAR);
    assert_eq!(machine.said.len(), 0);
}

#[test]
fn a_team_has_at_most_200_of_them() {
    let mut machine = Machine::new(1);
    for n in 0..200 {
        machine
            .plan(HOUR + n, "many", "orchestrator")
            .expect("planned");
    }
    assert_eq!(machine.plan(HOUR, "one more", "developer"), None);
    machine.run(2 * HOUR);
    machine
        .plan(HOUR, "one more", "developer")
        .expect("there is room again");
}

/// A client waits 60 s for a message, another message lives for 10 minutes.
fn deadlines(happens: impl FnOnce(&mut Machine)) -> (u64, u64) {
    let mut machine = Machine::new(1);
    let send = |wait, ttl| {
        Request::Send(Box::new(SendRequest {
            target: "developer".to_owned(),
            body: Body::Text("hello".to_owned()),
            key: None,
            inline: false,
            urgent: false,
            ttl_seconds: ttl,
            wait,
            wait_millis: 60 * SECOND,
            cwd: "/project".into(),
            pane_hint: None,
        }))
    };
    let begin = machine.real;
    let conn = machine.ask(send(Some(DeliveryState::Consumed), None));
    machine.ask(send(None, Some(600)));
    let expiring = machine.said.last().expect("a message").1.id;
    machine.run(30 * SECOND);
    happens(&mut machine);
    let mut expired = None;
    while machine.real < begin + DAY {
        machine.run(SECOND);
        if machine.deliveries[&expiring].state == DeliveryState::Expired {
            expired.get_or_insert(machine.real - begin);
        }
    }
    let waited: Vec<_> = machine
        .waited
        .iter()
        .filter(|(_, to, _)| *to == conn)
        .collect();
    let [(answered, _, false)] = waited[..] else {
        panic!("{waited:?}");
    };
    (answered - begin, expired.expect("it expired"))
}

#[test]
fn deadlines_keep_their_time() {
    let near = |(waited, expired): (u64, u64), wanted: (u64, u64)| {
        let both =
            waited.abs_diff(wanted.0) <= 2 * SECOND && expired.abs_diff(wanted.1) <= 3 * SECOND;
        assert!(both, "{waited} and {expired} instead of {wanted:?}");
    };
    near(deadlines(|_| {}), (MINUTE, 10 * MINUTE));
    for millis in [HOUR.cast_signed(), YEAR.cast_signed()] {
        near(deadlines(|m| m.set_clock(millis, 0)), (MINUTE, 10 * MINUTE));
        near(
            deadlines(|m| m.set_clock(-millis, 2_000)),
            (MINUTE, 10 * MINUTE),
        );
    }
    // A client's patience is counted awake, a time to live is not.
    near(
        deadlines(|m| m.sleep(5 * MINUTE)),
        (6 * MINUTE, 10 * MINUTE),
    );
    near(
        deadlines(|m| m.sleep(8 * HOUR)),
        (8 * HOUR + MINUTE, 8 * HOUR + 30 * SECOND),
    );
}

fn check(machine: &mut Machine) -> torch_daemon::event::ConnId {
    machine.ask(Request::Schedule(Box::new(ScheduleRequest {
        after_millis: SECOND,
        note: Body::Text("a test".to_owned()),
        target: None,
        cwd: "/project".into(),
        check_millis: Some(MINUTE),
        cron: None,
        zone: None,
    })))
}

#[test]
fn a_check_leaves_nothing_behind() {
    // Its agent has ended: it fires, does not arrive, and is given up.
    let mut machine = Machine::new(1);
    let conn = check(&mut machine);
    machine.run(2 * MINUTE);
    assert_eq!(
        machine
            .waited
            .iter()
            .filter(|(_, to, reached)| *to == conn && !reached)
            .count(),
        1
    );
    let id = machine.notes()[0].id;
    assert_eq!(machine.deliveries[&id].state, DeliveryState::Dead);
    assert!(
        machine.deliveries[&id]
            .evidence
            .contains("deferred (no_agent)")
    );

    // Its client goes before it fired.
    let mut machine = Machine::new(1);
    let conn = check(&mut machine);
    machine.turn(Some(torch_daemon::event::Event::Disconnected(conn)));
    machine.run(HOUR);
    assert_eq!(machine.said.len(), 0);

    // The daemon goes.
    let mut machine = Machine::new(1);
    check(&mut machine);
    machine.kill();
    machine.start();
    machine.run(HOUR);
    assert_eq!(machine.said.len(), 0);
    assert!(
        machine
            .rows
            .values()
            .all(|row| row.state == ScheduleState::Cancelled)
    );

    // Its team is stopped.
    let mut machine = Machine::new(1);
    machine.want(DesiredState::Stopped);
    let conn = check(&mut machine);
    assert!(matches!(machine.answered(conn)[..], [Response::Failed(_)]));
}
