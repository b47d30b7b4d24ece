//! A person's shell in a window of its own, and the way back from it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use torch_core::{PaneAddress, SessionId, WindowId};

use crate::attach::AttachCommand;
use crate::error::SessionError;
use crate::server::Server;
use crate::window::WindowSpec;

/// What runs in the window: the shell, and behind it what brings the terminal back to where it was.
const SCRIPT: &str = include_str!("shell.sh");

/// The window's option that names the terminal that was brought to it, and where that was before.
const FROM: &str = "@torch_from";

/// How many words an [`AttachCommand`] begins with before tmux's first command: the program, `-L` and the socket's name.
const PROGRAM: usize = 3;

/// What a person's shell is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShellKind {
    /// Somebody asked for it alone (`torch shell`): it is theirs to end.
    Asked,
    /// It came with a project that was opened (`torch open`), and ends with that.
    Project,
}

impl ShellKind {
    /// The word in the pane option `@torch_kind`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "shell",
            Self::Project => "project-shell",
        }
    }
}

impl Server {
    /// Makes a window for a person: [`Self::open_window`] at the end of the session, of this kind. When the shell ends,
    /// the terminal that [`Self::shell_argv`] brought there is detached, or is where it was before.
    ///
    /// # Errors
    /// As [`Self::open_window`].
    pub async fn open_shell(
        &self,
        session: SessionId,
        name: &str,
        cwd: &Path,
        (shell, kind): (&str, ShellKind),
        env: &BTreeMap<String, String>,
    ) -> Result<PaneAddress, SessionError> {
        let tmux = self.shared.config.tmux.display().to_string();
        let socket = self.socket_path().display().to_string();
        let words = ["/bin/sh", "-c", SCRIPT, shell, &tmux, &socket];
        let spec = WindowSpec {
            name: name.to_owned(),
            index: None,
            cwd: cwd.to_owned(),
            argv: words.map(str::to_owned).to_vec(),
            env: env.clone(),
            agent: None,
            launch: None,
            kind: kind.as_str().to_owned(),
            width: 200,
            height: 50,
        };
        self.open_window(session, &spec).await
    }

    /// [`Self::attach_argv`] for a window of [`Self::open_shell`], which is told whose terminal comes, and from where.
    pub fn shell_argv(
        &self,
        session: SessionId,
        window: WindowId,
        caller_tmux: Option<&str>,
    ) -> AttachCommand {
        let mut command = self.attach_argv(session, Some(window), caller_tmux);
        let target = format!("{session}:{window}");
        if self.is_inside(caller_tmux) {
            // Before anything moves, and of where the caller is: `set-option -F` would tell of its target.
            let note = format!(
                "set-option -w -t '{target}' {FROM} '#{{client_name}} #{{session_id}} #{{window_id}}'"
            );
            let words = ["run-shell", "-C", &note, ";"].map(OsString::from);
            command.argv.splice(PROGRAM..PROGRAM, words);
        } else {
            // The terminal has a name once it is attached.
            let words = [";", "set-option", "-w", "-F", "-t", &target, FROM];
            command.argv.extend(words.map(OsString::from));
            command.argv.push("#{client_name}".into());
        }
        command
    }
}
