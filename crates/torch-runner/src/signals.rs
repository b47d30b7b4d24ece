//! The wrapper's signals: caught, and handed on by a thread.
//!
//! They are caught and neither blocked nor ignored, because both would be inherited by the program: the standard
//! library starts children with their parent's signal mask, and an ignored signal stays ignored across `exec`. A
//! caught one is the default again in the program, whatever the wrapper itself was started with.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};

use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use signal_hook::iterator::Signals;

/// The signals that are caught. The terminal's stop signals only so that the wrapper itself never stops.
const CAUGHT: [Signal; 8] = [
    Signal::SIGCHLD,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTSTP,
    Signal::SIGTTIN,
    Signal::SIGTTOU,
];

/// What wakes the wrapper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wake {
    /// A child ended or stopped.
    Child,
    /// The wrapper is told to end, by this signal.
    End(Signal),
    /// The terminal is gone.
    Hangup,
    /// The daemon is gone and is to be started.
    Daemon,
}

/// Catches the signals and starts the thread that hands them on.
pub(crate) fn catch() -> io::Result<(Sender<Wake>, Receiver<Wake>)> {
    let mut signals = Signals::new(CAUGHT.map(|signal| signal as i32))?;
    let (sender, receiver) = channel();
    let wakes = sender.clone();
    std::thread::spawn(move || {
        for signal in signals.forever() {
            let wake = match Signal::try_from(signal) {
                Ok(Signal::SIGCHLD) => Wake::Child,
                Ok(Signal::SIGTSTP | Signal::SIGTTIN | Signal::SIGTTOU) | Err(_) => continue,
                Ok(signal) => Wake::End(signal),
            };
            if wakes.send(wake).is_err() {
                return;
            }
        }
    });
    Ok((sender, receiver))
}

/// Does something to the terminal that is forbidden in the background, unless SIGTTOU is blocked meanwhile.
pub(crate) fn from_background<T>(act: impl FnOnce() -> nix::Result<T>) -> nix::Result<T> {
    let blocked: SigSet = [Signal::SIGTTOU, Signal::SIGTTIN].into_iter().collect();
    let before = blocked.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let done = act();
    before.thread_set_mask()?;
    done
}
