//! Ctrl-C while the daemon works for us: the first one cancels, the second one leaves at once; and signals before which
//! something must be put back.

use std::thread;

use nix::sys::signal::{SigSet, Signal};
use signal_hook::iterator::Signals;

use crate::error::CommandError;
use crate::exit;

/// What can't be set up, in an error.
const FAILED: &str = "failed to set up Ctrl-C";

/// From now on the first Ctrl-C runs `first`, and any further one ends this process with 130. A thread waits for it;
/// it must be called before other threads are started, since they take this one's blocked signals over.
///
/// # Errors
/// When the signal can't be blocked or the thread not started.
pub fn on_interrupt(mut first: impl FnMut() + Send + 'static) -> Result<(), CommandError> {
    let signals = block(&[Signal::SIGINT])?;
    spawn(move || {
        // `sigwait` fails only for a set without a valid signal.
        if signals.wait().is_ok() {
            first();
        }
        if signals.wait().is_ok() {
            std::process::exit(i32::from(exit::INTERRUPTED));
        }
    })
}

/// From now on the first of these signals runs `last` and ends this process with 128 + its number, as shells report
/// it. A thread waits for it; it must be called before other threads are started.
///
/// # Errors
/// When the signals can't be blocked or the thread not started.
pub fn before_end(
    signals: &[Signal],
    last: impl FnOnce() + Send + 'static,
) -> Result<(), CommandError> {
    let signals = block(signals)?;
    spawn(move || {
        if let Ok(signal) = signals.wait() {
            last();
            std::process::exit(128 + signal as i32);
        }
    })
}

/// As [`before_end`], but the signals are caught and not blocked: children take over what is blocked, and what such a
/// child starts would never end by them. Children have them as they are by default.
///
/// # Errors
/// When the signals can't be caught or the thread not started.
pub(crate) fn caught_before_end(
    signals: &[Signal],
    last: impl FnOnce() + Send + 'static,
) -> Result<(), CommandError> {
    let caught = Signals::new(signals.iter().map(|signal| *signal as i32));
    let mut caught = caught.map_err(|error| CommandError::other(FAILED).because(&error))?;
    spawn(move || {
        if let Some(signal) = caught.forever().next() {
            last();
            std::process::exit(128 + signal);
        }
    })
}

fn block(signals: &[Signal]) -> Result<SigSet, CommandError> {
    let signals: SigSet = signals.iter().copied().collect();
    signals
        .thread_block()
        .map_err(|error| CommandError::other(FAILED).because(&error))?;
    Ok(signals)
}

fn spawn(wait: impl FnOnce() + Send + 'static) -> Result<(), CommandError> {
    thread::Builder::new()
        .name("interrupt".to_owned())
        .spawn(wait)
        .map_err(|error| CommandError::other(FAILED).because(&error))?;
    Ok(())
}
