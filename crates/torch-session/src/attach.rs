//! How a person's terminal gets to a session.

use std::ffi::OsString;
use std::path::Path;

use torch_core::{LaunchId, SessionId, WindowId};

use crate::row::LIVE;
use crate::server::Server;

/// A command to be run in place of the caller, on its terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachCommand {
    /// The program and its arguments.
    pub argv: Vec<OsString>,
    /// Variables to be removed from its environment: tmux refuses to be nested while it sees `TMUX`.
    pub unset: Vec<String>,
}

impl Server {
    /// The command that shows a session to the caller, at one window if given. `caller_tmux` is the caller's `TMUX`.
    ///
    /// Inside this server the caller's client switches; outside, or inside another server, a new client attaches.
    /// A window is current for a whole session: naming one moves every client that is attached to that session to it,
    /// which tmux has no way around; without one nothing moves.
    pub fn attach_argv(
        &self,
        session: SessionId,
        window: Option<WindowId>,
        caller_tmux: Option<&str>,
    ) -> AttachCommand {
        let inside = self.is_inside(caller_tmux);
        let mut argv: Vec<OsString> = vec![
            self.shared.config.tmux.clone().into(),
            "-L".into(),
            self.socket().into(),
        ];
        let mut add = |words: &[&str]| argv.extend(words.iter().map(OsString::from));
        if let Some(window) = window {
            add(&["select-window", "-t", &format!("{session}:{window}"), ";"]);
        }
        let verb = if inside {
            "switch-client"
        } else {
            "attach-session"
        };
        add(&[verb, "-t", &session.to_string()]);
        let unset = if inside {
            Vec::new()
        } else {
            vec!["TMUX".to_owned(), "TMUX_PANE".to_owned()]
        };
        AttachCommand { argv, unset }
    }

    /// Whether a caller with this `TMUX` is in a pane of this server.
    pub(crate) fn is_inside(&self, caller_tmux: Option<&str>) -> bool {
        caller_tmux.is_some_and(|tmux| is_same_server(tmux, self.socket_path(), self.server_pid()))
    }

    /// The command with which a wrapper takes the live mark of its launch off its own pane when its program has ended;
    /// `{pane}` in it stands for the pane's id (`TMUX_PANE`). From then on every guard on this pane refuses. Another
    /// launch's mark stays: a server that was started since gives the same ids to other panes.
    pub fn clear_live_argv(&self, launch: LaunchId) -> Vec<String> {
        let tmux = self.shared.config.tmux.display().to_string();
        let socket = self.socket_path().display().to_string();
        let is_ours = format!("#{{==:#{{{LIVE}}},{launch}}}");
        let clear = format!("set-option -p -u -t '{{pane}}' {LIVE}");
        let words = ["if-shell", "-F", "-t", "{pane}", &is_ours, &clear];
        [tmux, "-S".to_owned(), socket]
            .into_iter()
            .chain(words.map(str::to_owned))
            .collect()
    }
}

/// Whether `TMUX` (`socket path,server pid,session number`) is of this server.
fn is_same_server(tmux: &str, socket_path: &Path, pid: u32) -> bool {
    let mut fields = tmux.rsplitn(3, ',').skip(1);
    let same_pid = fields.next().and_then(|text| text.parse().ok()) == Some(pid);
    same_pid
        && fields
            .next()
            .is_some_and(|path| Path::new(path) == socket_path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_server_is_known_by_socket_and_pid() {
        let path = Path::new("/tmp/a,b/torch");
        assert!(is_same_server("/tmp/a,b/torch,12,3", path, 12));
        assert!(!is_same_server("/tmp/a,b/torch,13,3", path, 12));
        assert!(!is_same_server("/tmp/tmux-0/default,12,3", path, 12));
        assert!(!is_same_server("", path, 12));
        assert!(!is_same_server("12", path, 12));
    }
}
