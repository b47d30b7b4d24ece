//! The one control connection: a task that owns the pipes, writes requests and hands out the replies.
//!
//! `tmux -C` passes its pipes to the server, which reads and writes them itself; nothing here can block it, because
//! writing never keeps this task from reading.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::{mpsc, oneshot, watch};
use torch_process::PipedChild;

use crate::protocol::{Block, Parser, Said};

/// How long the server has to end the connection after it was told to.
const CLOSE_WAIT: Duration = Duration::from_secs(2);
/// Bytes read at a time: several screens.
const READ_MAX: usize = 64 << 10;

/// What the task is told.
#[derive(Debug)]
pub(crate) enum Order {
    /// Send this and report the answer.
    Request(Request),
    /// End the connection in an orderly way.
    Close,
}

/// One request: whole lines, the last of which prints the nonce and so closes the answer.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) lines: Vec<u8>,
    pub(crate) nonce: String,
    /// Dropped without an answer when the connection is lost.
    pub(crate) reply: oneshot::Sender<Reply>,
}

/// The answer to one request.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    /// One block for each command that ran, the closing one left out.
    pub(crate) blocks: Vec<Block>,
    /// A block was cut short by a line that imitated its end; nothing in here can be relied upon.
    pub(crate) garbled: bool,
}

#[derive(Debug)]
struct Pending {
    nonce: String,
    reply: oneshot::Sender<Reply>,
    so_far: Reply,
}

/// What the rest of the crate can see of the connection while it lives.
#[derive(Debug)]
pub(crate) struct Signals {
    /// Becomes true when the connection is gone.
    pub(crate) closed: watch::Sender<bool>,
    /// Counts the notifications of windows and sessions that came or went.
    pub(crate) changes: watch::Sender<u64>,
}

/// The connection before and while it runs.
#[derive(Debug)]
pub(crate) struct Connection {
    child: PipedChild,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    parser: Parser,
    unwritten: Vec<u8>,
    pending: VecDeque<Pending>,
    signals: Signals,
}

enum Step {
    Order(Option<Order>),
    Read(io::Result<usize>),
    Wrote(io::Result<usize>),
}

impl Connection {
    /// Takes over a freshly started `tmux -C attach-session` and waits until tmux has attached it.
    ///
    /// # Errors
    /// What tmux said instead.
    pub(crate) async fn attach(mut child: PipedChild, signals: Signals) -> Result<Self, String> {
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the control client has no pipes".to_owned());
        };
        let mut connection = Self {
            child,
            stdin: Some(stdin),
            stdout,
            parser: Parser::default(),
            unwritten: Vec::new(),
            pending: VecDeque::new(),
            signals,
        };
        // Commands sent before this block would run before the client has a session.
        let mut chunk = vec![0; READ_MAX];
        loop {
            let count = match connection.stdout.read(&mut chunk).await {
                Ok(0) => return Err(connection.last_words().await),
                Ok(count) => count,
                Err(error) => return Err(error.to_string()),
            };
            let read = chunk.get(..count).unwrap_or_default();
            for said in connection.parser.feed(read) {
                match said {
                    Said::Other(block) if block.ok => return Ok(connection),
                    Said::Other(block) => {
                        return Err(String::from_utf8_lossy(block.text()).into_owned());
                    }
                    Said::Exit => return Err(connection.last_words().await),
                    Said::Reply(_) | Said::Stray | Said::Notification(_) => {}
                }
            }
        }
    }

    async fn last_words(&mut self) -> String {
        // The tail of standard error is complete only once the client has ended; how it ended says nothing more.
        tokio::time::timeout(CLOSE_WAIT, self.child.wait())
            .await
            .ok();
        match self.child.stderr_tail() {
            words if words.is_empty() => "tmux ended the connection".to_owned(),
            words => words,
        }
    }

    /// Serves orders until the connection ends or nobody holds the other end of `orders`.
    pub(crate) async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let mut chunk = vec![0; READ_MAX];
        let why = loop {
            match self.next(&mut orders, &mut chunk).await {
                Step::Order(Some(Order::Request(request))) => {
                    self.queue(request);
                    // Whatever else waits goes out in the same write: the server wakes up once for all.
                    while let Ok(Order::Request(request)) = orders.try_recv() {
                        self.queue(request);
                    }
                }
                Step::Order(Some(Order::Close) | None) => break "closed by torch",
                Step::Read(Ok(0)) => break "closed by tmux",
                Step::Read(Ok(count)) => {
                    let read = chunk.get(..count).unwrap_or_default();
                    if !self.take(read) {
                        break "tmux said exit";
                    }
                }
                Step::Wrote(Ok(count)) => drop(self.unwritten.drain(..count)),
                Step::Read(Err(_)) | Step::Wrote(Err(_)) => break "a pipe is broken",
            }
        };
        orders.close();
        self.end(why, &mut chunk).await;
    }

    async fn next(&mut self, orders: &mut mpsc::Receiver<Order>, chunk: &mut [u8]) -> Step {
        let (stdout, unwritten) = (&mut self.stdout, &self.unwritten);
        let stdin = self.stdin.as_mut();
        let write = async move {
            match stdin {
                Some(stdin) if !unwritten.is_empty() => stdin.write(unwritten).await,
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            order = orders.recv() => Step::Order(order),
            read = stdout.read(chunk) => Step::Read(read),
            wrote = write => Step::Wrote(wrote),
        }
    }

    fn queue(&mut self, request: Request) {
        self.unwritten.extend_from_slice(&request.lines);
        self.pending.push_back(Pending {
            nonce: request.nonce,
            reply: request.reply,
            so_far: Reply::default(),
        });
    }

    /// Takes in what was read; false when tmux ends the connection.
    fn take(&mut self, bytes: &[u8]) -> bool {
        for said in self.parser.feed(bytes) {
            match said {
                Said::Reply(block) => self.answer(block),
                Said::Stray => {
                    if let Some(first) = self.pending.front_mut() {
                        first.so_far.garbled = true;
                    }
                }
                Said::Notification(line) => self.notice(&line),
                Said::Other(_) => {}
                Said::Exit => return false,
            }
        }
        true
    }

    fn answer(&mut self, block: Block) {
        let Some(first) = self.pending.front_mut() else {
            return;
        };
        if !block.ok || block.text() != first.nonce.as_bytes() {
            first.so_far.blocks.push(block);
            return;
        }
        if let Some(done) = self.pending.pop_front() {
            // Nobody waits any more: the caller's deadline has passed.
            done.reply.send(done.so_far).ok();
        }
    }

    fn notice(&self, line: &[u8]) {
        const STRUCTURE: [&[u8]; 6] = [
            b"%window-add",
            b"%window-close",
            b"%unlinked-window-add",
            b"%unlinked-window-close",
            b"%sessions-changed",
            b"%session-renamed",
        ];
        let name = line.split(|&byte| byte == b' ').next().unwrap_or_default();
        if STRUCTURE.contains(&name) {
            self.signals
                .changes
                .send_modify(|count| *count = count.wrapping_add(1));
        }
    }

    /// Closes standard input and reads to the end: a server whose writes nobody reads does not exit (tmux 3.3a).
    async fn end(mut self, why: &'static str, chunk: &mut [u8]) {
        tracing::debug!(why, lost = self.pending.len(), "tmux connection ends");
        drop(self.stdin.take());
        let rest = async { while matches!(self.stdout.read(chunk).await, Ok(1..)) {} };
        if tokio::time::timeout(CLOSE_WAIT, rest).await.is_err() {
            tracing::warn!("tmux did not close its control connection in time");
        }
        if let Err(error) = self.child.end(CLOSE_WAIT).await {
            tracing::warn!(%error, "the end of the control client was not seen");
        }
        drop(self.pending);
        self.signals.closed.send_replace(true);
    }
}
