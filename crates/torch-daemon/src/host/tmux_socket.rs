//! tmux's socket: a server whose socket was deleted lives on, but nobody finds it, and whoever looks for it starts a
//! second one. tmux makes it again at SIGUSR1 (tmux(1), SIGNALS).

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::time::Duration;

use torch_process::traces::TmuxTrace;
use torch_process::{await_end, facts, recreate_socket};

use super::Host;

/// How long a server without a socket is watched before it is asked for one: one that is on its way out has none
/// either, for 1.0 to 1.8 s (tmux 3.3a, measured).
const LEAVING: Duration = Duration::from_millis(2_500);
/// How long a server may take to make its socket; it does so at once.
const SOCKET_WAIT: Duration = Duration::from_secs(2);
/// How often to look for it: nothing tells.
const SOCKET_LOOK: Duration = Duration::from_millis(10);

impl Host {
    /// Takes down which tmux server is torch's, for the wrappers and for the daemon after this one.
    pub(crate) fn note_tmux(&self) {
        if let Some(known) = self.tmux.owned()
            && let Err(error) = self.traces.set_tmux(&known)
        {
            tracing::warn!(%error, "the tmux server's pid could not be written down");
        }
    }

    /// Looks up the tmux server that the daemon before this one had; its socket is there afterwards, if it lives.
    pub(crate) async fn recall_tmux(&mut self) {
        self.tmux.known = self.traces.tmux();
        is_back(self.tmux.owned()).await;
    }

    /// While the server answers over its connection, its socket belongs there.
    pub(crate) fn tend_tmux_socket(&self) {
        let server = self.tmux.server.as_ref();
        let connected = server.is_some_and(|server| !server.is_closed());
        if let Some(known) = self.tmux.owned()
            && connected
            && !self.tmux.is_ending()
            && !known.socket.exists()
        {
            ask(&known);
        }
    }
}

/// Waits until a server that lives has its socket, asking for it where it must; whether the server lives.
pub(crate) async fn is_back(known: Option<TmuxTrace>) -> bool {
    let Some(known) = known.filter(|known| !known.socket.exists()) else {
        return true;
    };
    if !facts::is_alive(known.process) {
        return false;
    }
    let process = known.process;
    let ended = tokio::task::spawn_blocking(move || await_end(process, Some(LEAVING))).await;
    if ended.unwrap_or(false) {
        return false;
    }
    ask(&known);
    let back = async {
        let mut looks = tokio::time::interval(SOCKET_LOOK);
        while !known.socket.exists() {
            looks.tick().await;
        }
    };
    if tokio::time::timeout(SOCKET_WAIT, back).await.is_err() {
        tracing::warn!(
            "tmux did not make its socket {} again",
            known.socket.display()
        );
    }
    true
}

fn ask(known: &TmuxTrace) {
    // tmux wants the folder to be its user's alone, and does not make it at this signal.
    let folder = known.socket.parent().map(|folder| {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700).create(folder)
    });
    let asked = folder.is_none_or(|made| made.is_ok()) && recreate_socket(known.process);
    tracing::warn!(
        asked,
        "tmux's socket {} was gone; its server is asked to make it again",
        known.socket.display()
    );
}
