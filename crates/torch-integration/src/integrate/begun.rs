//! Commands that are begun: a third time only when somebody says so. What they run is the work of agents, and may end whoever keeps it.

use torch_core::Timestamp;
use torch_core::integration::{Begun, Integration, Step, StepState};

use super::steps::{on_failed, set};
use super::{Rules, Say};

/// How often a run of commands on a commit is begun without anybody's word.
const TRIES: u32 = 2;

/// Counts a beginning; otherwise who is told that there is none, and a person is waited for.
pub(super) fn begin(
    row: &mut Integration,
    rules: &Rules,
    (step, commit): (Step, &str),
    now: Timestamp,
) -> Result<(), Vec<Say>> {
    let before = row.begun.take();
    let before = before.filter(|begun| begun.step == step && begun.commit == commit);
    let times = before.map_or(0, |begun| begun.times);
    if times >= TRIES {
        let why = format!(
            "its commands were begun {times} times and came to no end of their own: they were ended, or whoever kept them was \
             (logs/daemon.log); they may end processes that are not theirs"
        );
        return Err(on_failed(row, rules, why, now));
    }
    row.begun = Some(Begun {
        step,
        commit: commit.to_owned(),
        times: times + 1,
    });
    Ok(())
}

/// They were cut off: they are due again.
pub(super) fn cut_off(row: &mut Integration, why: &str, now: Timestamp) {
    if let Some(step) = row.step() {
        set(row, step, StepState::Due, why, now);
    }
}

/// The daemon ends in good order, and with it what runs: that counts for nothing.
pub fn interrupted(row: &mut Integration) {
    if let Some(begun) = &mut row.begun {
        begun.times = begun.times.saturating_sub(1);
    }
}
