//! The terminal on standard output as a screen of its own: the alternate one, which leaves what stood there before.

use std::io::{self, IsTerminal as _};

use nix::sys::signal::Signal;

use crate::error::CommandError;
use crate::interrupt;
use crate::output;
use crate::render::fit;

/// The alternate screen, no cursor, no wrapping at the right edge.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l";

/// The same undone, in the other order.
const LEAVE: &str = "\x1b[?7h\x1b[?25h\x1b[?1049l";

/// Columns and lines where the terminal does not say them.
const UNKNOWN: (usize, usize) = (80, 24);

/// The alternate screen, left again when this is dropped, and on Ctrl-C and SIGTERM.
#[derive(Debug)]
pub struct Screen(());

impl Screen {
    /// Enters it. From now on the signals are waited for by a thread, so it must come before other threads.
    ///
    /// # Errors
    /// When the signals can't be blocked, or the terminal has gone.
    pub fn enter() -> Result<Self, CommandError> {
        interrupt::before_end(&[Signal::SIGINT, Signal::SIGTERM], || {
            // Held until the process ends, so that no frame comes after it.
            let mut out = io::stdout().lock();
            leave(&mut out);
            std::mem::forget(out);
        })?;
        output::raw(ENTER)?;
        Ok(Self(()))
    }

    /// Replaces what is shown by as much of this text as fits.
    ///
    /// # Errors
    /// When the terminal has gone.
    pub fn show(&self, text: &str) -> Result<(), CommandError> {
        let (width, height) = size().unwrap_or(UNKNOWN);
        output::raw(&drawn(&fit::frame(text, width, height), height))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave(&mut io::stdout().lock());
    }
}

/// Home, each line cleared before it is written, what is below cleared. Clearing behind a line that fills the width
/// would take its last character away, since the cursor stays on it.
fn drawn(frame: &str, height: usize) -> String {
    let below = if frame.lines().count() < height {
        "\n\x1b[J"
    } else {
        ""
    };
    format!("\x1b[H\x1b[K{}{below}", frame.replace('\n', "\n\x1b[K"))
}

/// A terminal that has gone needs nothing back.
fn leave(out: &mut impl io::Write) {
    drop(out.write_all(LEAVE.as_bytes()).and_then(|()| out.flush()));
}

/// Columns and lines of the terminal on standard output; `None` where there is none, or it does not say.
pub fn size() -> Option<(usize, usize)> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let (columns, lines) = crossterm::terminal::size().ok()?;
    (columns > 0 && lines > 0).then_some((columns.into(), lines.into()))
}

/// Columns of the terminal on standard output; `None` where there is none, or it does not say.
pub fn width() -> Option<usize> {
    size().map(|(columns, _)| columns)
}

/// Columns of the terminal on standard error, likewise.
pub fn error_width() -> Option<usize> {
    if !io::stderr().is_terminal() {
        return None;
    }
    let (columns, _) = crossterm::terminal::size().ok()?;
    (columns > 0).then_some(columns.into())
}

#[cfg(test)]
mod tests {
    use super::drawn;

    #[test]
    fn nothing_is_cleared_behind_a_line() {
        assert_eq!(drawn("a\nb", 3), "\x1b[H\x1b[Ka\n\x1b[Kb\n\x1b[J");
        assert_eq!(drawn("a\nb", 2), "\x1b[H\x1b[Ka\n\x1b[Kb");
    }
}
