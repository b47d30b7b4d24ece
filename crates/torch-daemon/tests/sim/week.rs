//! A long time with a large team: nothing that the daemon holds grows with it.
//!
//! `TORCH_SIM_HOURS=N` runs N hours; a week is 168.

use std::time::Duration;

use crate::faults::{Faults, NONE};
use crate::number;
use crate::world::{Wishes, World};

/// How many messages people and agents send in a day.
const PER_DAY: u64 = 10_000;
const HOUR: Duration = Duration::from_secs(3600);
/// The shipped roles; temporary agents come and go besides.
const TEAM: [&str; 15] = torch_core::roles::BUILT_IN_NAMES;

/// Programs end now and then, people get in the way, the daemon is replaced.
const FAULTS: Faults = Faults {
    people: true,
    batches: true,
    ..NONE
};

#[test]
fn nothing_grows_with_time() {
    let hours = number("TORCH_SIM_HOURS").unwrap_or(1);
    // What is measured is the daemon, not its caps.
    let uncapped = Wishes {
        turns_per_hour: Some(0),
        ..Wishes::default()
    };
    let mut world = World::wished(1, FAULTS, &TEAM, false, uncapped);
    world.store.forgets = true;
    world.keeps_ledgers = false;
    world.raise();
    for n in 0..5 {
        world.temp_named(&format!("helper{n}"));
    }
    world.run_for(Duration::from_secs(60));
    assert_eq!(world.agents.len(), 20, "{:?}", world.broken);
    let (mut sent, mut rows) = (0, Vec::new());
    for hour in 0..hours {
        let end = world.now.after(HOUR);
        while world.now < end && world.broken.is_none() {
            world.calm = false;
            world.say(sent);
            sent += 1;
            let pause = world.random.u64(0..2 * 86_400_000 / PER_DAY);
            world.run_for(Duration::from_millis(pause));
        }
        assert_eq!(world.broken, None);
        world.calm = true;
        world.leave_idle();
        world.run_for(Duration::from_secs(120));
        world.clients.forget_answered();
        let sizes = world.state.sizes();
        let timers = world.agenda.len();
        // At rest only what is kept on purpose is left.
        assert_eq!((sizes.flights, sizes.transcript_looks), (0, 0), "{sizes:?}");
        assert_eq!(
            (sizes.queued, sizes.early, sizes.cancelled),
            (0, 0, 0),
            "{sizes:?}"
        );
        assert!(sizes.keys <= 1_100 && sizes.waiting == 0, "{sizes:?}");
        assert!(sizes.consumed <= 20 * 64 && sizes.panes == 20, "{sizes:?}");
        assert!(timers <= 60, "{timers} timers");
        rows.push((sizes, timers));
        if hour % 24 == 0 {
            eprintln!("after {} h: {sizes:?}, {timers} timers", hour + 1);
        }
    }
    let (counts, turns) = (world.store.counts, world.turns);
    eprintln!("{sent} sent in {hours} h; {counts:?}; {turns} turns of the loop");
    assert_eq!(counts.dead, 0);
}
