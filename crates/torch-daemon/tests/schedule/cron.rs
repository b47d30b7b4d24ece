//! Notes that come again, against clocks that are set, sleep and restarts: by the wall clock, never twice, never a pile.

use torch_api::Request;
use torch_core::ScheduleState;

use crate::machine::{EPOCH, Machine};
use crate::{DAY, HOUR, MINUTE, SECOND};

/// Hourly, on the hour; each one is read before the next comes.
fn hourly() -> Machine {
    let mut machine = Machine::alive(1);
    machine
        .plan_again("0 * * * *", "UTC", "on the hour")
        .expect("planned");
    machine
}

/// Runs so long, and reads what comes.
fn run(machine: &mut Machine, millis: u64) {
    let end = machine.real + millis;
    while machine.real < end {
        machine.run(MINUTE.min(end - machine.real));
        machine.clear_queues();
    }
}

fn times(machine: &Machine) -> Vec<u64> {
    machine.times("on the hour")
}

#[test]
fn a_note_comes_each_hour_on_the_hour() {
    let mut machine = hourly();
    run(&mut machine, DAY);
    let times = times(&machine);
    assert_eq!(times.len(), 24, "{times:?}");
    for at in times {
        let past = (EPOCH + at) % HOUR;
        assert!(past < 2 * SECOND, "{past} ms past the hour");
    }
}

#[test]
fn after_sleep_and_without_a_daemon_it_comes_once_and_says_what_was_left_out() {
    for slept in [true, false] {
        let mut machine = hourly();
        run(&mut machine, HOUR);
        let before = times(&machine).len();
        if slept {
            machine.sleep(8 * HOUR);
        } else {
            machine.kill();
            machine.run(8 * HOUR);
            machine.start();
        }
        run(&mut machine, MINUTE);
        assert_eq!(times(&machine).len(), before + 1, "slept: {slept}");
        let last = machine.notes().last().expect("a note").body.clone();
        assert!(last.contains("left out 7 times since"), "{last}");
        run(&mut machine, 3 * HOUR);
        assert_eq!(times(&machine).len(), before + 4, "slept: {slept}");
    }
}

#[test]
fn a_clock_that_is_set_is_followed() {
    // An hour and a half forward: what the clock jumped over comes once.
    let mut machine = hourly();
    run(&mut machine, 10 * MINUTE);
    machine.set_clock((3 * HOUR).cast_signed(), 0);
    run(&mut machine, MINUTE);
    assert_eq!(times(&machine).len(), 1);
    // A little back: nothing comes twice.
    let mut machine = hourly();
    run(&mut machine, HOUR);
    let before = times(&machine).len();
    machine.set_clock(-(HOUR.cast_signed()), 0);
    run(&mut machine, HOUR);
    assert_eq!(times(&machine).len(), before);
    run(&mut machine, 2 * HOUR);
    assert!(times(&machine).len() > before);
    // A year forward by mistake, and back: it goes on from there.
    let mut machine = hourly();
    machine.set_clock(crate::YEAR.cast_signed(), 0);
    run(&mut machine, HOUR);
    machine.set_clock(-crate::YEAR.cast_signed(), 0);
    let before = times(&machine).len();
    run(&mut machine, 3 * HOUR);
    assert_eq!(times(&machine).len(), before + 3);
    // The same while no daemon runs.
    let mut machine = hourly();
    machine.set_clock(crate::YEAR.cast_signed(), 0);
    run(&mut machine, HOUR);
    machine.kill();
    machine.set -= crate::YEAR.cast_signed();
    machine.reboot(MINUTE);
    let before = times(&machine).len();
    run(&mut machine, 3 * HOUR);
    assert_eq!(times(&machine).len(), before + 3);
}

#[test]
fn one_that_nobody_reads_does_not_pile_up() {
    let mut machine = hourly();
    machine.run(DAY);
    assert_eq!(times(&machine).len(), 1);
    machine.clear_queues();
    machine.run(HOUR);
    assert_eq!(times(&machine).len(), 2);
}

#[test]
fn it_is_cancelled_like_any_other_and_bad_ones_are_refused() {
    let mut machine = Machine::alive(1);
    let id = machine
        .plan_again("*/5 * * * *", "", "soon")
        .expect("planned");
    run(&mut machine, 11 * MINUTE);
    let said = machine.times("soon").len();
    assert!((2..=3).contains(&said), "{said}");
    machine.ask(Request::CancelSchedule { id });
    run(&mut machine, HOUR);
    assert_eq!(machine.times("soon").len(), said);
    let states: Vec<_> = machine.rows.values().map(|row| row.state).collect();
    assert_eq!(states, [ScheduleState::Cancelled]);
    for (cron, zone) in [
        ("61 * * * *", ""),
        ("0 0 30 2 *", ""),
        ("0 9 * * *", "Nowhere/At"),
    ] {
        assert_eq!(
            machine.plan_again(cron, zone, "never"),
            None,
            "{cron} {zone}"
        );
    }
}
