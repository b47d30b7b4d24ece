//! What can go wrong with tmux, and what a user can do about it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::version::Version;

/// Something that tmux, or the way to it, did not do.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// tmux could not be run at all.
    #[error("failed to run `{}`", program.display())]
    TmuxMissing {
        /// The program that was tried.
        program: PathBuf,
        /// Why it did not start.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// `tmux -V` printed something else than a version.
    #[error("`{} -V` printed no version but {printed:?}", program.display())]
    NoVersion {
        /// The program that was run.
        program: PathBuf,
        /// What it printed.
        printed: String,
    },
    /// tmux is older than torch can use.
    #[error("tmux {found} is too old, torch needs {} or newer", Version::OLDEST)]
    TooOld {
        /// The version found.
        found: Version,
    },
    /// torch's tmux configuration could not be written.
    #[error("failed to write tmux's configuration to {}", path.display())]
    Config {
        /// Where it should lie.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The tmux server did not start, or no connection to it was made, within the deadline.
    #[error("failed to reach the tmux server on socket `{socket}` within {} s: {detail}", waited.as_secs())]
    Unreachable {
        /// The name of the socket (`tmux -L`).
        socket: String,
        /// The deadline.
        waited: Duration,
        /// tmux's last words.
        detail: String,
    },
    /// The server's global `window-size` is `manual`, with which tmux before 3.7 crashes at the next new window
    /// (measured, tmux 3.3a).
    #[error(
        "`window-size` is `manual` on socket `{socket}`: a new window would crash this version of tmux"
    )]
    ManualSize {
        /// The name of the socket.
        socket: String,
    },
    /// The connection to the tmux server is lost.
    #[error("the connection to the tmux server is lost")]
    Disconnected,
    /// tmux did not answer in time; whether the command ran is unknown. The connection is closed.
    #[error("tmux did not answer `{command}` within {} s", waited.as_secs())]
    NoAnswer {
        /// The command's name.
        command: &'static str,
        /// The deadline.
        waited: Duration,
    },
    /// tmux refused a command.
    #[error("tmux refused `{command}`: {message}")]
    Refused {
        /// The command's name.
        command: &'static str,
        /// tmux's own words.
        message: String,
    },
    /// tmux's answer could not be read.
    #[error("tmux answered `{command}` with {answer:?}, which can't be read")]
    Answer {
        /// The command's name.
        command: &'static str,
        /// The start of the answer.
        answer: String,
    },
    /// A session of exactly this name exists already.
    #[error("a tmux session `{name}` exists already")]
    SessionExists {
        /// The name.
        name: String,
    },
    /// The directory of a new window does not exist; tmux would silently use another one.
    #[error("the directory {} of the new window does not exist", path.display())]
    NoDirectory {
        /// The directory.
        path: PathBuf,
    },
    /// A value that may not be put into a tmux command.
    #[error("{value:?} can't be used as {role}")]
    Unusable {
        /// What it was meant to be.
        role: &'static str,
        /// The value.
        value: String,
    },
    /// The text of a message could not be laid down for tmux to load.
    #[error("failed to write the text for tmux to {}", path.display())]
    Staging {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The tmux server did not end.
    #[error("the tmux server (pid {pid}) on socket `{socket}` did not end within {} s", waited.as_secs())]
    StillRunning {
        /// The name of the socket.
        socket: String,
        /// The server's pid.
        pid: u32,
        /// The deadline.
        waited: Duration,
    },
}

impl SessionError {
    /// What a user can do about it, in words that can be followed as they stand.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::TmuxMissing { .. } => {
                "install tmux: `sudo apt install tmux` or `brew install tmux`".to_owned()
            }
            Self::NoVersion { program, .. } => {
                format!("check what `{}` is: `command -v tmux`", program.display())
            }
            Self::TooOld { .. } => format!(
                "upgrade tmux to {} or newer: `sudo apt install tmux` or `brew upgrade tmux`",
                Version::OLDEST
            ),
            Self::Config { path, .. } => {
                format!("make {} writable", path.parent().unwrap_or(path).display())
            }
            Self::Unreachable { socket, detail, .. } if detail.contains("protocol version") => {
                format!(
                    "the running server is of another tmux version; end its sessions, then `tmux -L {socket} kill-server`"
                )
            }
            Self::Unreachable { socket, .. } | Self::StillRunning { socket, .. } => {
                format!("see whether it answers: `tmux -L {socket} list-sessions`")
            }
            Self::ManualSize { socket } => {
                format!("use another value: `tmux -L {socket} set-option -g window-size latest`")
            }
            Self::SessionExists { name } => {
                format!("look at it: `torch attach {name}`, or stop it first: `torch stop {name}`")
            }
            Self::NoDirectory { path } => {
                format!("make the directory again: `mkdir -p {}`", path.display())
            }
            Self::Staging { path, .. } => {
                format!(
                    "make room and write access in {}",
                    path.parent().unwrap_or(path).display()
                )
            }
            Self::Disconnected
            | Self::NoAnswer { .. }
            | Self::Refused { .. }
            | Self::Answer { .. }
            | Self::Unusable { .. } => return None,
        })
    }
}
