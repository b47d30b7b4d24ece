//! The pane's terminal: who is in its foreground, and what becomes of its input.

use std::io::{self, Read as _, Write as _};
use std::sync::mpsc::Sender;

use nix::sys::signal::{SigSet, Signal};
use nix::sys::termios::{FlushArg, SetArg, cfmakeraw, tcflush, tcgetattr, tcsetattr};
use nix::unistd::{Pid, getpgrp, tcsetpgrp};

use crate::signals::{Wake, from_background};

/// Undoes what a program that died may have left on: synchronised update, mouse, focus and paste reports, key
/// modes, scroll region, colours, a hidden cursor. Not the alternate screen: what stood there last says why it died.
const RESET: &str = "\x1b[?2026l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1004l\
                     \x1b[?2004l\x1b[?1l\x1b>\x1b[>4m\x1b[r\x1b[?7h\x1b[0m\x1b(B\x1b[?25h";

/// The terminal on standard input. Where that is none, every act on it fails and that is no harm.
#[derive(Debug)]
pub(crate) struct Terminal;

impl Terminal {
    /// Makes a process group the foreground one.
    pub(crate) fn give_to(&self, group: Pid) -> nix::Result<()> {
        from_background(|| tcsetpgrp(io::stdin(), group))
    }

    /// Takes the foreground, switches echo, line editing and signal keys off, and drops what was typed and not read.
    pub(crate) fn take_back(&self) -> nix::Result<()> {
        from_background(|| {
            tcsetpgrp(io::stdin(), getpgrp())?;
            let mut modes = tcgetattr(io::stdin())?;
            cfmakeraw(&mut modes);
            tcsetattr(io::stdin(), SetArg::TCSANOW, &modes)?;
            tcflush(io::stdin(), FlushArg::TCIFLUSH)
        })
    }

    /// Starts to read and throw away, for good.
    pub(crate) fn discard(&self, wakes: Sender<Wake>) {
        std::thread::spawn(move || {
            // Should a leftover have taken the foreground, the read fails instead of being restarted for ever.
            let stop: SigSet = [Signal::SIGTTIN].into_iter().collect();
            stop.thread_block().ok();
            let mut stdin = io::stdin().lock();
            let mut chunk = [0; 4096];
            loop {
                match stdin.read(&mut chunk) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Ok(0) | Err(_) => break,
                    Ok(_) => {}
                }
            }
            // The wrapper may have ended.
            wakes.send(Wake::Hangup).ok();
        });
    }

    /// Prints `text` at the bottom of a screen in its plain state. The terminal is raw: a newline needs its CR.
    pub(crate) fn farewell(&self, text: &str) -> io::Result<()> {
        let text = text.trim_end().replace('\n', "\r\n");
        let mut out = io::stdout().lock();
        write!(out, "{RESET}\x1b[999;1H\r\n{text}\r\n")?;
        out.flush()
    }
}
