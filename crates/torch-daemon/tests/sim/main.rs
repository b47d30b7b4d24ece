//! The whole daemon in one thread on a seeded clock: the real [`State::handle`], a world of its own around it.
//!
//! Between any two effects the world may open a dialog, type a draft, scroll, end an agent's program, the tmux
//! server or the daemon. The agents' ledgers are the oracle: no approval, no changed draft, each message once or again
//! only when marked, order kept per sender. `TORCH_SIM_SEEDS=N` runs N seeds, `TORCH_SIM_SEED=S` replays one.

mod agent;
mod clock;
mod effects;
mod oracle;
mod store;
mod world;

use world::{Faults, World};

/// How many seeds run without a wish.
const SEEDS: u64 = 200;

fn run(seed: u64, faults: Faults) {
    let mut world = World::new(seed, faults);
    world.raise();
    world.play();
    world.settle();
    if let Err(broken) = world.check() {
        panic!(
            "seed {seed} ({faults:?}): {broken}\nreplay: TORCH_SIM_SEED={seed} cargo test -p torch-daemon --test sim\n{}",
            world.story()
        );
    }
}

fn seeds() -> Vec<u64> {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse::<u64>().ok())
    };
    match (number("TORCH_SIM_SEED"), number("TORCH_SIM_SEEDS")) {
        (Some(seed), _) => vec![seed],
        (None, count) => (0..count.unwrap_or(SEEDS)).collect(),
    }
}

/// What people do.
const PEOPLE: Faults = Faults {
    people: true,
    crashes: false,
    restarts: false,
    servers: false,
    clocks: false,
};

/// Everything at once.
const ALL: Faults = Faults {
    people: true,
    crashes: true,
    restarts: true,
    servers: true,
    clocks: true,
};

fn run_all(faults: Faults) {
    for seed in seeds() {
        run(seed, faults);
    }
}

#[test]
fn messages_survive_dialogs_drafts_and_copy_mode() {
    run_all(PEOPLE);
}

#[test]
fn messages_survive_the_end_of_the_daemon() {
    run_all(Faults {
        restarts: true,
        ..PEOPLE
    });
}

#[test]
fn messages_survive_the_end_of_agents_and_of_the_daemon() {
    run_all(Faults {
        crashes: true,
        restarts: true,
        ..PEOPLE
    });
}

#[test]
fn messages_survive_everything_at_once() {
    run_all(ALL);
}

#[test]
fn a_team_is_raised_through_ends_of_the_daemon() {
    for seed in seeds() {
        let mut world = World::new(
            seed,
            Faults {
                people: false,
                ..PEOPLE
            },
        );
        world.raise_restarted();
        // What two daemons pasted, one just before its end, a person clears.
        world.settle();
        let up = world.store.agents.values().filter(|agent| agent.briefed);
        let up = up.count();
        let checked = world.check();
        assert!(
            checked.is_ok() && up == world::ROLES.len(),
            "seed {seed}: {checked:?}, {up} are briefed\nreplay: TORCH_SIM_SEED={seed} cargo test -p torch-daemon --test sim\n{}",
            world.story()
        );
    }
}

#[test]
fn ends_of_the_server_are_not_counted_as_the_agents() {
    for seed in seeds() {
        let faults = Faults {
            people: false,
            servers: true,
            ..PEOPLE
        };
        let mut world = World::new(seed, faults);
        world.raise();
        world.play();
        world.settle();
        if let Err(broken) = world.check().and_then(|()| world.check_uncounted()) {
            panic!(
                "seed {seed}: {broken}\nreplay: TORCH_SIM_SEED={seed} cargo test -p torch-daemon --test sim\n{}",
                world.story()
            );
        }
    }
}

#[test]
fn a_moved_clock_repeats_nothing() {
    for seed in seeds() {
        let faults = Faults {
            people: false,
            clocks: true,
            ..PEOPLE
        };
        let mut world = World::new(seed, faults);
        world.raise();
        world.play();
        world.settle();
        if let Err(broken) = world.check().and_then(|()| world.check_unrepeated()) {
            panic!(
                "seed {seed}: {broken}\nreplay: TORCH_SIM_SEED={seed} cargo test -p torch-daemon --test sim\n{}",
                world.story()
            );
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let story = |seed| {
        let mut world = World::new(seed, ALL);
        world.raise();
        world.play();
        world.settle();
        world.story()
    };
    assert_eq!(story(7), story(7));
    assert_ne!(story(7), story(8));
}
