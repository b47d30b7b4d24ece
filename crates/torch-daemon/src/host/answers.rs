//! The answers on their way to one client: bounded, so that one that never reads costs the others nothing. The channel itself has
//! no bound, because the loop must never wait for a client; the bytes in it have one ([`WAITING_MAX`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;

/// How many bytes may wait for a client before it is given up; one answer may be larger.
const WAITING_MAX: usize = 32 * 1024 * 1024;

/// The sending end.
#[derive(Debug, Clone)]
pub(crate) struct Answers {
    lines: mpsc::UnboundedSender<Vec<u8>>,
    waiting: Arc<AtomicUsize>,
}

/// The receiving end, for the connection's writer.
pub(crate) struct Waiting {
    lines: mpsc::UnboundedReceiver<Vec<u8>>,
    waiting: Arc<AtomicUsize>,
}

/// The two ends of one client's answers.
pub(crate) fn channel() -> (Answers, Waiting) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    let answers = Answers {
        lines: sender,
        waiting: waiting.clone(),
    };
    let rest = Waiting {
        lines: receiver,
        waiting,
    };
    (answers, rest)
}

impl Answers {
    /// Queues a line; false when the client is gone, or has left too much unread and is given up.
    pub(crate) fn send(&self, line: Vec<u8>) -> bool {
        let before = self.waiting.fetch_add(line.len(), Ordering::Relaxed);
        before <= WAITING_MAX && self.lines.send(line).is_ok()
    }

    /// Asks the writer to end once everything before is out, and waits until it has.
    pub(crate) async fn finish(self) {
        // An empty line is the end.
        if self.lines.send(Vec::new()).is_ok() {
            self.lines.closed().await;
        }
    }
}

impl Waiting {
    /// The next line; `None` when there will be none.
    pub(crate) async fn next(&mut self) -> Option<Vec<u8>> {
        let line = self.lines.recv().await.filter(|line| !line.is_empty())?;
        self.waiting.fetch_sub(line.len(), Ordering::Relaxed);
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_never_reads_is_given_up() {
        let (answers, waiting) = channel();
        let line = vec![b'x'; WAITING_MAX / 2];
        assert!(
            answers.send(line.clone()) && answers.send(line.clone()) && answers.send(line.clone())
        );
        assert!(!answers.send(line));
        drop(waiting);
        let (answers, waiting) = channel();
        drop(waiting);
        assert!(!answers.send(b"x".to_vec()));
    }
}
