//! JSON-RPC in lines, each request of which has an answer: what can't be read is answered with an error, and the next line is read.
//!
//! rmcp's own transport is silent about lines that are too long or no JSON, and a client then waits for good.

mod id;
mod message;

use std::io;
use std::sync::Arc;

use rmcp::RoleServer;
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use torch_api::wire::BODY_MAX;

use id::IdScan;
use message::{Fault, Read};

/// The longest line that is read, in bytes: the longest message that torch takes, and as much again for how JSON writes it.
pub(crate) const LINE_MAX: usize = 2 * BODY_MAX;

/// A client's lines, and the way to it.
pub(crate) struct Lines<R, W> {
    read: BufReader<R>,
    /// The beginning of a line; kept here, since `receive` may be given up at any time.
    line: Vec<u8>,
    /// A line that is too long is passed over, but for its id.
    passing: Option<IdScan>,
    write: Arc<Mutex<Option<W>>>,
    /// An error that is being written.
    answering: Option<JoinHandle<io::Result<()>>>,
}

/// How a line ended.
enum End {
    /// It is whole.
    Whole(Vec<u8>),
    /// It was too long; what is known of it.
    TooLong(IdScan),
    /// There is no more.
    Closed,
}

impl<R: AsyncRead + Unpin, W> Lines<R, W> {
    pub(crate) fn new(read: R, write: W) -> Self {
        Self {
            read: BufReader::new(read),
            line: Vec::new(),
            passing: None,
            write: Arc::new(Mutex::new(Some(write))),
            answering: None,
        }
    }

    /// Reads to the end of a line. Given up in between, it goes on where it was.
    async fn next(&mut self) -> io::Result<End> {
        loop {
            let there = self.read.fill_buf().await?;
            if there.is_empty() {
                return Ok(End::Closed);
            }
            let end = there.iter().position(|byte| *byte == b'\n');
            let part = &there[..end.unwrap_or(there.len())];
            match &mut self.passing {
                Some(scan) => scan.read(part),
                None if self.line.len() + part.len() > LINE_MAX => {
                    let mut scan = IdScan::default();
                    scan.read(&std::mem::take(&mut self.line));
                    scan.read(part);
                    self.passing = Some(scan);
                }
                None => self.line.extend_from_slice(part),
            }
            let used = part.len() + usize::from(end.is_some());
            self.read.consume(used);
            if end.is_some() {
                return Ok(match self.passing.take() {
                    Some(scan) => End::TooLong(scan),
                    None => End::Whole(std::mem::take(&mut self.line)),
                });
            }
        }
    }
}

impl<R, W> Transport<RoleServer> for Lines<R, W>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    type Error = io::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let written = serde_json::to_vec(&item).map(|line| write(self.write.clone(), line));
        async move { written?.await.map_err(io::Error::other)? }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            if let Some(answering) = &mut self.answering {
                let answered = answering.await;
                self.answering = None;
                // The client reads no more.
                answered.ok()?.ok()?;
            }
            let (id, fault) = match self.next().await.ok()? {
                End::Closed => return None,
                End::TooLong(scan) => (scan.id(), Fault::TooLong),
                End::Whole(line) => match message::read(&line) {
                    Read::Message(message) => return Some(*message),
                    Read::Nothing => continue,
                    Read::Fault(id, fault) => (id, fault),
                },
            };
            let line = answer(id, &fault).to_string();
            self.answering = Some(write(self.write.clone(), line.into_bytes()));
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.write.lock().await.take();
        Ok(())
    }
}

/// Writes a line in a task of its own: whoever waits for it may be given up, and half a line would be the end of them all.
fn write<W: AsyncWrite + Send + Unpin + 'static>(
    to: Arc<Mutex<Option<W>>>,
    mut line: Vec<u8>,
) -> JoinHandle<io::Result<()>> {
    line.push(b'\n');
    tokio::spawn(async move {
        let mut to = to.lock().await;
        let to = to.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        to.write_all(&line).await?;
        to.flush().await
    })
}

/// The answer to what can't be read; an id that is not known is null.
fn answer(id: Option<Value>, fault: &Fault) -> Value {
    json!({
        "jsonrpc": "2.0",
        "id": id,
        "error": {"code": fault.code(), "message": fault.to_string()},
    })
}

#[cfg(test)]
mod tests;
