//! Signals that the agent does not end by, as some programs don't: the stand-in for one that outlives its terminal.

use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::signal::Signal;

/// Whether the terminal's end is one of them.
static OUTLIVES_TERMINAL: AtomicBool = AtomicBool::new(false);

/// From now on these signals, named without `SIG`, do nothing.
///
/// # Errors
/// The name that is none of a signal which can be caught.
pub(crate) fn ignore(names: &[String]) -> Result<(), String> {
    for name in names {
        let signal = Signal::from_str(&format!("SIG{name}")).map_err(|_| name.clone())?;
        // A handler that nobody asks about stands in for `SIG_IGN`, and children don't inherit it.
        let caught = signal_hook::flag::register(signal as i32, Arc::new(AtomicBool::new(false)));
        caught.map_err(|_| name.clone())?;
        if signal == Signal::SIGHUP {
            OUTLIVES_TERMINAL.store(true, Ordering::Relaxed);
        }
    }
    Ok(())
}

/// Never comes back where the program is to outlive its terminal.
pub(crate) fn stay() {
    while OUTLIVES_TERMINAL.load(Ordering::Relaxed) {
        std::thread::park();
    }
}
