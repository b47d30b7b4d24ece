//! Raw access to torch's tmux server, for what a person or an accident does to it.

use crate::{Ran, World};

impl World {
    /// The name of torch's tmux server (`tmux -L`); the daemon must run.
    #[track_caller]
    pub fn socket(&self) -> String {
        let known = self.socket.get_or_init(|| {
            let status = self.torch(&["daemon", "status", "--json"]).ok().json();
            let socket = status["tmux_socket"].as_str();
            socket.expect("the daemon names its tmux server").to_owned()
        });
        known.clone()
    }

    /// Runs a tmux command on torch's server; it may fail.
    #[track_caller]
    pub fn tmux(&self, args: &[&str]) -> Ran {
        let socket = self.socket();
        self.run(&self.command("tmux").args(["-L", &socket]).args(args))
    }

    /// A format of torch's server, of a target (`%3`, `@2`, `$1`).
    #[track_caller]
    pub fn format(&self, target: &str, format: &str) -> String {
        let ran = self
            .tmux(&["display-message", "-p", "-t", target, format])
            .ok();
        ran.stdout.trim_end_matches('\n').to_owned()
    }

    /// Presses keys (tmux's names) in an agent's pane, as a person at the keyboard would.
    #[track_caller]
    pub fn keys(&self, role: &str, keys: &[&str]) {
        let agent = self.agent(role);
        let args = [&["send-keys", "-t", agent.pane_id()], keys].concat();
        self.tmux(&args).ok();
    }

    /// Types text in an agent's pane, as a person would.
    #[track_caller]
    pub fn type_text(&self, role: &str, text: &str) {
        let agent = self.agent(role);
        self.tmux(&["send-keys", "-l", "-t", agent.pane_id(), "--", text])
            .ok();
    }

    /// The visible screen of an agent's pane.
    #[track_caller]
    pub fn screen(&self, role: &str) -> String {
        self.pane_screen(self.agent(role).pane_id())
    }

    /// The visible screen of a pane.
    #[track_caller]
    pub fn pane_screen(&self, pane: &str) -> String {
        self.tmux(&["capture-pane", "-p", "-t", pane]).ok().stdout
    }
}
