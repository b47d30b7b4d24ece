//! The handle to a tmux server: requests, their deadline, and what is known of the server.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use torch_core::{Process, SessionId};

use crate::config::ServerConfig;
use crate::control::{Order, Reply, Request};
use crate::encode::{Line, Words};
use crate::error::SessionError;
use crate::protocol::Block;
use crate::version::Version;

/// How long tmux has to answer. A 1 MB message costs it 10 ms and a capture of a long history 200 ms (measured); a
/// server that needs longer is stopped or hangs.
pub(crate) const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// A connected tmux server. Cheap to clone; all clones share one connection, and requests may be made concurrently.
/// The connection ends in an orderly way when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Server {
    pub(crate) orders: mpsc::Sender<Order>,
    pub(crate) shared: Arc<Shared>,
}

/// What all clones of a [`Server`] share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: ServerConfig,
    pub(crate) facts: Facts,
    pub(crate) nonces: Nonces,
    pub(crate) closed: watch::Receiver<bool>,
    pub(crate) changes: watch::Receiver<u64>,
    /// Held while a window is being ended. One write that ends a session's current window and then its others
    /// crashes the server (tmux 3.3a, 8 of 8 with five windows); with an answer in between it does not (0 of 8).
    pub(crate) ending: tokio::sync::Mutex<()>,
}

/// What the server said of itself when the connection was made.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) pid: u32,
    /// The server's process; absent if it could not be looked at.
    pub(crate) process: Option<Process>,
    pub(crate) start_time: u64,
    pub(crate) keeper: SessionId,
    pub(crate) version: Version,
    pub(crate) socket_path: PathBuf,
}

impl Server {
    /// The version of the running server, which may differ from that of the installed program.
    pub fn version(&self) -> &Version {
        &self.shared.facts.version
    }

    /// The server's pid.
    pub fn server_pid(&self) -> u32 {
        self.shared.facts.pid
    }

    /// When the server started, in seconds since the epoch. With the pid and the socket it names one server's life,
    /// which is how long ids are unique.
    pub fn start_time(&self) -> u64 {
        self.shared.facts.start_time
    }

    /// The socket's name (`tmux -L`).
    pub fn socket(&self) -> &str {
        &self.shared.config.socket
    }

    /// The socket's path.
    pub fn socket_path(&self) -> &Path {
        &self.shared.facts.socket_path
    }

    /// Whether this is torch's own server.
    pub fn is_owned(&self) -> bool {
        self.shared.config.owned
    }

    /// Whether the connection is gone.
    pub fn is_closed(&self) -> bool {
        *self.shared.closed.borrow()
    }

    /// Resolves when the connection is gone, at once if it is gone already.
    pub async fn closed(&self) {
        // An error means that the task is gone without a word, which is the same.
        self.shared
            .closed
            .clone()
            .wait_for(|closed| *closed)
            .await
            .ok();
    }

    /// Counts the windows and sessions that came or went since the connection was made: wait for a change to list
    /// the panes at once instead of at the next tick.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changes.clone()
    }

    pub(crate) fn nonce(&self) -> String {
        self.shared.nonces.next()
    }

    /// Sends one line and returns its blocks; the first refused command is an error.
    pub(crate) async fn ask(
        &self,
        command: &'static str,
        line: &Line,
    ) -> Result<Vec<Block>, SessionError> {
        let blocks = self.ask_all(command, line).await?;
        match blocks.iter().find(|block| !block.ok) {
            Some(refused) => Err(SessionError::Refused {
                command,
                message: String::from_utf8_lossy(refused.text()).into_owned(),
            }),
            None => Ok(blocks),
        }
    }

    /// Sends one line and returns its blocks, refusals among them.
    pub(crate) async fn ask_all(
        &self,
        command: &'static str,
        line: &Line,
    ) -> Result<Vec<Block>, SessionError> {
        let answer = exchange(&self.orders, self.nonce(), line);
        let Ok(reply) = tokio::time::timeout(ANSWER_WAIT, answer).await else {
            // A new connection begins with a clean slate; if the server hangs, that shows there. A full queue is
            // a reason more, and is closed with the last handle.
            self.orders.try_send(Order::Close).ok();
            return Err(SessionError::NoAnswer {
                command,
                waited: ANSWER_WAIT,
            });
        };
        let reply = reply.ok_or(SessionError::Disconnected)?;
        if reply.garbled {
            return Err(SessionError::Answer {
                command,
                answer: "a line that imitates the end of tmux's own answer".to_owned(),
            });
        }
        Ok(reply.blocks)
    }

    /// The error for an answer that can't be read.
    pub(crate) fn unreadable(command: &'static str, answer: &[u8]) -> SessionError {
        SessionError::Answer {
            command,
            answer: String::from_utf8_lossy(answer).chars().take(200).collect(),
        }
    }
}

/// One request and its answer; `None` when the connection is gone.
pub(crate) async fn exchange(
    orders: &mpsc::Sender<Order>,
    nonce: String,
    line: &Line,
) -> Option<Reply> {
    let close = Line::of(Words::named("display-message").option("-p", &nonce));
    let mut lines = line.as_bytes().to_vec();
    lines.push(b'\n');
    lines.extend_from_slice(close.as_bytes());
    lines.push(b'\n');
    let (reply, answer) = oneshot::channel();
    let request = Request {
        lines,
        nonce,
        reply,
    };
    orders.send(Order::Request(request)).await.ok()?;
    answer.await.ok()
}

/// Words that no program in a pane can know beforehand: they close answers and mark rows.
#[derive(Debug, Default)]
pub(crate) struct Nonces {
    // Keyed by the system's randomness, once per connection.
    key: RandomState,
    count: AtomicU64,
}

impl Nonces {
    pub(crate) fn next(&self) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let mut hasher = self.key.build_hasher();
        hasher.write_u64(count);
        format!("torch{:016x}x{count}", hasher.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonces_differ_and_are_plain() {
        let (one, other) = (Nonces::default(), Nonces::default());
        let words: std::collections::BTreeSet<String> =
            (0..100).flat_map(|_| [one.next(), other.next()]).collect();
        assert_eq!(words.len(), 200);
        assert!(
            words
                .iter()
                .all(|word| word.bytes().all(|b| b.is_ascii_alphanumeric()))
        );
    }
}
