//! Ending torch's own server.

use std::time::Duration;

use torch_core::Process;
use torch_process::{end, facts, run_async};

use crate::connect::tmux;
use crate::control::Order;
use crate::error::SessionError;
use crate::server::Server;

/// How long a server has to end: 1.0 to 1.8 s are usual (measured, tmux 3.3a).
const STOP_WAIT: Duration = Duration::from_secs(5);

impl Server {
    /// Closes the connection in good order and leaves the server running. Whoever ends without this leaves a client
    /// whose output nobody reads, and such a server can't exit any more (tmux 3.3a).
    pub async fn close(&self) {
        // A connection that is closed already needs no order.
        self.orders.send(Order::Close).await.ok();
        self.closed().await;
    }

    /// Ends torch's own server with all that runs in it, and returns once its process is gone; the user's server is
    /// left alone. The order matters: with a control client that no longer reads, tmux 3.3a hangs in its exit, so the
    /// connection is closed first; a server that does not end within 5 s is killed.
    ///
    /// # Errors
    /// [`SessionError::StillRunning`] when even that did not help.
    pub async fn kill_server_if_owned(&self) -> Result<(), SessionError> {
        if !self.is_owned() {
            return Ok(());
        }
        self.close().await;
        let process = self.shared.facts.process;
        // Gone already: by now another server may listen on the socket.
        let Some(process) = process.filter(|&process| facts::is_alive(process)) else {
            return Ok(());
        };
        // The server is told by its socket, and by a signal if that fails: both make it end in the same way.
        match run_async(&tmux(&self.shared.config, vec!["kill-server".into()])).await {
            Ok(told) if !told.success() => {
                tracing::debug!(said = %told.error_text(), "kill-server refused");
            }
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "kill-server not run"),
        }
        self.await_end(process).await
    }

    async fn await_end(&self, process: Process) -> Result<(), SessionError> {
        let left = tokio::task::spawn_blocking(move || end(&[process], STOP_WAIT)).await;
        match left {
            Ok(left) if left.is_empty() => {
                // tmux leaves its socket behind; one that somebody listens on again is left alone.
                let path = self.socket_path();
                if std::os::unix::net::UnixStream::connect(path).is_err() {
                    std::fs::remove_file(path).ok();
                }
                Ok(())
            }
            _ => Err(SessionError::StillRunning {
                socket: self.socket().to_owned(),
                pid: process.pid,
                waited: STOP_WAIT,
            }),
        }
    }
}
