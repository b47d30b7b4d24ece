//! The whole daemon in one thread on a seeded clock: the real [`State::handle`], a world of its own around it.
//!
//! Between any two effects anything of [`Faults`] may happen. The agents' ledgers are the oracle: no approval, no changed
//! draft, each message once per try, the order kept, nothing before a briefing, no request unanswered. See docs/simulation.md.
//!
//! `TORCH_SIM_SEEDS=N` runs N seeds of each scenario, `TORCH_SIM_FIRST=S` begins at seed S, `TORCH_SIM_SEED=S` replays one,
//! `TORCH_SIM_HOURS=N` lengthens the long run of [`week`].
//!
//! [`State::handle`]: torch_daemon::state::State::handle

mod agent;
mod check_ins;
mod clients;
mod clock;
mod commands;
mod converge;
mod effects;
mod faults;
mod found;
mod hand_over;
mod limits;
mod oracle;
mod people;
mod store;
mod week;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use faults::{ALL, Faults, NONE, PEOPLE};
use world::{ROLES, World};

/// How many seeds run without a wish.
const SEEDS: u64 = 200;

/// What holds at the end of one seed's run, in a world with or without a story.
fn run(seed: u64, faults: Faults, told: bool, more: fn(&World) -> Result<(), String>) -> Outcome {
    let mut world = World::new(seed, faults, &ROLES, told);
    let lived = catch_unwind(AssertUnwindSafe(|| {
        world.raise();
        world.play();
        world.settle();
        world.check().and_then(|()| more(&world))
    }));
    let result = lived.unwrap_or_else(|_| Err("the daemon panicked".to_owned()));
    Outcome {
        result,
        counts: [world.store.counts.messages, world.turns, world.disturbed],
        story: world.story(),
    }
}

struct Outcome {
    result: Result<(), String>,
    /// Messages, turns of the daemon's loop, disturbances.
    counts: [u64; 3],
    story: String,
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn seeds() -> std::ops::Range<u64> {
    let first = number("TORCH_SIM_FIRST").unwrap_or(0);
    match number("TORCH_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => first..first + number("TORCH_SIM_SEEDS").unwrap_or(SEEDS),
    }
}

/// Runs the seeds on all cores; the lowest one that fails is run again, with its story.
#[expect(
    clippy::print_stderr,
    reason = "what a run was made of, for docs/benchmarks.md"
)]
fn run_all(test: &str, faults: Faults, more: fn(&World) -> Result<(), String>) {
    let seeds = seeds();
    let (next, worst) = (AtomicU64::new(seeds.start), AtomicU64::new(u64::MAX));
    let counts = [const { AtomicU64::new(0) }; 3];
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores.min(seeds.clone().count()) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end || worst.load(Ordering::Relaxed) < seed {
                        return;
                    }
                    let lived = run(seed, faults, false, more);
                    for (sum, count) in counts.iter().zip(lived.counts) {
                        sum.fetch_add(count, Ordering::Relaxed);
                    }
                    if lived.result.is_err() {
                        worst.fetch_min(seed, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let seed = worst.into_inner();
    if seed == u64::MAX {
        let [messages, turns, disturbed] = counts.map(AtomicU64::into_inner);
        let seeds = seeds.count();
        eprintln!(
            "{test}: {seeds} seeds, {messages} messages, {turns} turns, {disturbed} disturbances"
        );
        return;
    }
    let told = run(seed, faults, true, more);
    let broken = told.result.expect_err("the same seed gives the same run");
    panic!(
        "{}\nseed {seed} of {test}: {broken}\nreplay: TORCH_SIM_SEED={seed} cargo test -p torch-daemon --test sim {test}",
        told.story
    );
}

fn nothing_more(_: &World) -> Result<(), String> {
    Ok(())
}

macro_rules! scenarios {
    ($($(#[doc = $doc:literal])* $name:ident: $faults:expr, $more:expr;)*) => {
        $($(#[doc = $doc])* #[test] fn $name() { run_all(stringify!($name), $faults, $more); })*
    };
}

scenarios! {
    messages_survive_dialogs_drafts_and_copy_mode: PEOPLE, nothing_more;
    messages_survive_the_end_of_the_daemon: Faults { restarts: true, store: true, ..PEOPLE }, nothing_more;
    messages_survive_the_end_of_agents_and_of_the_daemon:
        Faults { crashes: true, restarts: true, ..PEOPLE }, nothing_more;
    messages_survive_a_tmux_that_is_late_or_lies: Faults { tmux: true, batches: true, ..PEOPLE }, nothing_more;
    messages_survive_commands: Faults { commands: true, batches: true, ..PEOPLE }, nothing_more;
    messages_survive_odd_programs_and_panes:
        Faults { programs: true, panes: true, refusals: true, ..PEOPLE }, nothing_more;
    usage_limits_hold_and_end: Faults { limits: true, ..NONE }, World::check_limits;
    usage_limits_survive_the_end_of_the_daemon: Faults { limits: true, restarts: true, ..NONE }, World::check_limits;
    usage_limits_survive_a_moved_clock: Faults { limits: true, clocks: true, restarts: true, ..NONE }, World::check_limits;
    usage_limits_survive_everything_at_once: Faults { limits: true, ..ALL }, nothing_more;
    messages_survive_everything_at_once: ALL, nothing_more;
    ends_of_the_server_are_not_counted_as_the_agents: Faults { servers: true, ..NONE }, World::check_uncounted;
    a_moved_clock_repeats_nothing: Faults { clocks: true, ..NONE }, World::check_unrepeated;
}

/// The other scenarios say nothing of it where nothing is handed over.
#[test]
fn messages_are_handed_into_turns_and_taken_back() {
    let mut seen = [false; 4];
    for seed in 0..40 {
        let story = run(seed, ALL, true, nothing_more).story;
        let words = [
            "handed over within a turn",
            "Withdrawn",
            "a hook took it, and nothing shows",
            "could not be laid ready",
        ];
        for (seen, words) in seen.iter_mut().zip(words) {
            *seen |= story.contains(words);
        }
    }
    assert_eq!(
        seen, [true; 4],
        "handed over, taken back, taken and lost, not laid"
    );
}

/// The rules about check-ins are watched in each scenario; here it is seen that there are any.
#[test]
fn check_ins_are_said() {
    let mut said = 0;
    for seed in 0..6 {
        let mut world = World::new(seed, PEOPLE, &ROLES, false);
        world.raise();
        world.play();
        world.settle();
        assert_eq!(world.check(), Ok(()), "seed {seed}");
        said += world.store.check_ins();
    }
    assert!(said > 0, "none at all");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let story = |seed| run(seed, ALL, true, nothing_more).story;
    assert_eq!(story(7), story(7));
    assert_ne!(story(7), story(8));
}
