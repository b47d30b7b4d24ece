//! Ctrl-C while the daemon works for us: the first one cancels, the second one leaves at once.

use std::thread;

use nix::sys::signal::{SigSet, Signal};

use crate::error::CommandError;
use crate::exit;

/// From now on the first Ctrl-C runs `first`, and any further one ends this process with 130. A thread waits for it;
/// it must be called before other threads are started, since they take this one's blocked signals over.
///
/// # Errors
/// When the signal can't be blocked or the thread not started.
pub fn on_interrupt(mut first: impl FnMut() + Send + 'static) -> Result<(), CommandError> {
    let failed = "failed to set up Ctrl-C";
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGINT);
    signals
        .thread_block()
        .map_err(|error| CommandError::other(failed).because(&error))?;
    let wait = move || {
        // `sigwait` fails only for a set without a valid signal.
        if signals.wait().is_ok() {
            first();
        }
        if signals.wait().is_ok() {
            std::process::exit(i32::from(exit::INTERRUPTED));
        }
    };
    thread::Builder::new()
        .name("interrupt".to_owned())
        .spawn(wait)
        .map_err(|error| CommandError::other(failed).because(&error))?;
    Ok(())
}
