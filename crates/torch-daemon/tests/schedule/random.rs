//! Everything at once, by a seed: steps, sleeps, crashes, restarts, reboots, stops and cancels.

use torch_api::{Request, Response};
use torch_core::{DesiredState, ScheduleState};

use crate::machine::{Crash, Machine, ROLES};

/// How many seeds run without a wish; each starts some daemons, which compile their agent programs' rules.
const SEEDS: u64 = 40;

struct Planned {
    note: String,
    id: Option<String>,
    due: u64,
    cancelled: bool,
}

fn run(seed: u64) -> Result<(), String> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut machine = Machine::new(seed);
    let mut planned: Vec<Planned> = Vec::new();
    for step in 0..120_u32 {
        match random.u32(..100) {
            0..35 if machine.is_up() => {
                let after = random.u64(1_000..3_600_000);
                let note = format!("note {step}.");
                let role = ROLES[random.usize(..ROLES.len())];
                let due = machine.real + after;
                let id = machine.plan(after, &note, role);
                planned.push(Planned {
                    note,
                    id,
                    due,
                    cancelled: false,
                });
            }
            35..42 if machine.is_up() => cancel(&mut machine, &mut planned, &mut random),
            42..52 => {
                let by = random.i64(1_000..40_000_000);
                let sign = if random.bool() { 1 } else { -1 };
                machine.set_clock(sign * by, random.u64(..2_000));
            }
            52..60 => machine.sleep(random.u64(..30_000_000)),
            60..66 => {
                machine.crash = Some(if random.bool() {
                    Crash::BeforeCommit
                } else {
                    Crash::AfterCommit
                });
            }
            66..70 => machine.kill(),
            70..80 if !machine.is_up() => machine.start(),
            80..82 => {
                // A clock that nobody saw being set before a reboot counts, which another test shows.
                machine.crash = None;
                if !machine.is_up() {
                    machine.start();
                }
                machine.turn(None);
                machine.reboot(random.u64(1_000..9_000_000));
            }
            82..84 => machine.want(DesiredState::Stopped),
            84..88 => machine.want(DesiredState::Running),
            _ => machine.run(random.u64(..1_800_000)),
        }
        early(&machine, &planned)?;
    }
    machine.crash = None;
    machine.want(DesiredState::Running);
    if !machine.is_up() {
        machine.start();
    }
    machine.run(4_000_000);
    early(&machine, &planned)?;
    settled(&machine, &planned)
}

fn cancel(machine: &mut Machine, planned: &mut [Planned], random: &mut fastrand::Rng) {
    if planned.is_empty() {
        return;
    }
    let chosen = random.usize(..planned.len());
    let one = &mut planned[chosen];
    let Some(id) = one.id.clone() else { return };
    let conn = machine.ask(Request::CancelSchedule { id });
    match machine.answered(conn).first() {
        Some(Response::Done { .. }) => one.cancelled = true,
        // It was said, or cancelled before.
        Some(_) => {}
        // The daemon died over it: the rows tell.
        None => {
            one.cancelled |= machine
                .rows
                .values()
                .any(|row| row.note == one.note && row.state == ScheduleState::Cancelled);
        }
    }
}

/// Nothing was said before its time, and nothing twice. A reboot leaves the wall clock alone, whose milliseconds were
/// rounded once.
fn early(machine: &Machine, planned: &[Planned]) -> Result<(), String> {
    for one in planned {
        let times = machine.times(&one.note);
        if times.len() > 1 {
            return Err(format!("{} was said at {times:?}", one.note));
        }
        if times.iter().any(|at| at + 2 < one.due) {
            return Err(format!(
                "{} was said at {times:?}, due at {}",
                one.note, one.due
            ));
        }
    }
    Ok(())
}

fn settled(machine: &Machine, planned: &[Planned]) -> Result<(), String> {
    if let Some(row) = machine.rows.values().find(|row| row.is_pending()) {
        let now = machine.reading();
        return Err(format!("{} is pending still at {now:?}: {row:?}", row.note));
    }
    for one in planned {
        let said = machine.times(&one.note).len();
        // Whether a request over which the daemon died was kept, its row tells.
        let kept = machine.rows.values().any(|row| row.note == one.note);
        if one.id.is_some() && !kept {
            return Err(format!("{} was confirmed and is not kept", one.note));
        }
        if said != usize::from(kept && !one.cancelled) {
            return Err(format!(
                "{} was said {said} times, cancelled: {}",
                one.note, one.cancelled
            ));
        }
    }
    // One message per recipient at a time: no two of the same millisecond.
    let mut moments: Vec<_> = machine
        .said
        .iter()
        .map(|(at, envelope)| (*at, envelope.recipient.clone()))
        .collect();
    let all = moments.len();
    moments.dedup();
    moments.sort();
    moments.dedup();
    if moments.len() == all {
        Ok(())
    } else {
        Err("a burst".to_owned())
    }
}

#[test]
fn each_note_is_said_once_whatever_happens() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seeds = match (
        number("TORCH_SCHEDULE_SEED"),
        number("TORCH_SCHEDULE_SEEDS"),
    ) {
        (Some(seed), _) => seed..seed + 1,
        (None, count) => 0..count.unwrap_or(SEEDS),
    };
    for seed in seeds {
        if let Err(broken) = run(seed) {
            panic!(
                "seed {seed}: {broken}\nreplay: TORCH_SCHEDULE_SEED={seed} cargo test -p torch-daemon --test schedule"
            );
        }
    }
}
