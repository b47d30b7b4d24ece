//! Waiting for a state of the outside world.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

/// How long a test waits for what must come, where it says nothing else. Two cores may be shared by several tests.
pub const DEADLINE: Duration = Duration::from_secs(15);

/// The pause between two looks.
const LOOK: Duration = Duration::from_millis(15);

/// Looks until `wanted` gives a value, at most `deadline`; what it gave. It is asked once more after the deadline.
pub fn poll<T>(deadline: Duration, mut wanted: impl FnMut() -> Option<T>) -> Option<T> {
    // Nothing is ever sent: this is the pause between two looks at another process.
    let (_sender, pause) = channel::<()>();
    let until = Instant::now() + deadline;
    loop {
        let late = Instant::now() >= until;
        if let Some(value) = wanted() {
            return Some(value);
        }
        if late {
            return None;
        }
        pause.recv_timeout(LOOK).ok();
    }
}

/// Waits until `wanted` holds, at most [`DEADLINE`]; whether it does.
pub fn until(mut wanted: impl FnMut() -> bool) -> bool {
    poll(DEADLINE, || wanted().then_some(())).is_some()
}
