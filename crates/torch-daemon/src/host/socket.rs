//! The socket: one line of JSON each way; who calls is read from the peer's process at once.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, watch};
use torch_api::wire::{FailureKind, PROTOCOL};
use torch_api::{Failure, Hello, Request, Response};
use torch_core::identity::Ancestry;

use super::answers::{Answers, Waiting, channel};
use super::kin::Kin;
use super::{Host, Input};
use crate::event::{ConnId, Event};

/// The longest request, in bytes: the largest body as JSON, where each byte may take six characters.
const LINE_MAX: u64 = 6 * torch_api::wire::BODY_MAX as u64 + 64 * 1024;

/// How many requests of one client may wait for the loop; its next one is not read before.
pub(crate) const REQUESTS_MAX: usize = 64;

/// How long nobody is accepted after that failed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Opens the socket; the registry's lock is held, so a file there is a dead daemon's.
pub(crate) fn listen(path: &Path) -> anyhow::Result<UnixListener> {
    let opening = || format!("failed to open the socket {}", path.display());
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).with_context(opening);
        }
        _ => {}
    }
    let listener = UnixListener::bind(path).with_context(opening)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).with_context(opening)?;
    Ok(listener)
}

impl Host {
    /// Serves a socket from now on.
    pub(crate) fn serve_on(&self, listener: UnixListener) {
        let (count, inputs) = (self.connected.clone(), self.inputs.clone());
        tokio::spawn(accept(listener, count, inputs, self.kin.kin.clone()));
    }
}

/// Accepts connections for as long as the daemon lives; `count` numbers them.
async fn accept(
    listener: UnixListener,
    count: Arc<AtomicU64>,
    inputs: mpsc::UnboundedSender<Input>,
    kin: watch::Receiver<Arc<Kin>>,
) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let number = count.fetch_add(1, Ordering::Relaxed) + 1;
                serve(ConnId(number), stream, &inputs, &kin.borrow().clone());
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a connection could not be accepted"
                );
                // Out of descriptors, most likely: others have to close theirs first.
                drop(tokio::time::timeout(ACCEPT_PAUSE, std::future::pending::<()>()).await);
            }
        }
    }
}

fn serve(conn: ConnId, stream: UnixStream, inputs: &mpsc::UnboundedSender<Input>, kin: &Kin) {
    let pid = stream
        .peer_cred()
        .ok()
        .and_then(|peer| peer.pid())
        .and_then(|pid| u32::try_from(pid).ok());
    let mut peer = pid.map(torch_process::facts::ancestry).unwrap_or_default();
    super::kin::mark(kin, &mut peer);
    let (reader, writer) = stream.into_split();
    let (answers, lines) = channel();
    // The loop is gone only when the daemon ends.
    drop(inputs.send(Input::Connected(conn, answers.clone())));
    answers.send(line(&Hello::ours()));
    tokio::spawn(write(writer, lines));
    tokio::spawn(read(conn, peer, reader, answers, inputs.clone()));
}

async fn write(mut writer: OwnedWriteHalf, mut lines: Waiting) {
    while let Some(bytes) = lines.next().await {
        // A client that is gone needs no answer.
        if writer.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

async fn read(
    conn: ConnId,
    peer: Ancestry,
    reader: OwnedReadHalf,
    answers: Answers,
    inputs: mpsc::UnboundedSender<Input>,
) {
    let mut reader = BufReader::new(reader);
    let mut greeted = false;
    let room = Arc::new(Semaphore::new(REQUESTS_MAX));
    loop {
        let mut bytes = Vec::new();
        let read = (&mut reader)
            .take(LINE_MAX)
            .read_until(b'\n', &mut bytes)
            .await;
        if !matches!(read, Ok(count) if count > 0) {
            break;
        }
        if bytes.last() != Some(&b'\n') {
            complain(&answers, "the request is too long or was cut", "");
            break;
        }
        if !greeted {
            match serde_json::from_slice::<Hello>(&bytes) {
                Ok(hello) if hello.protocol == PROTOCOL => greeted = true,
                Ok(hello) => {
                    complain(
                        &answers,
                        "the client speaks another protocol",
                        &format!("{} instead of {PROTOCOL}", hello.protocol),
                    );
                    break;
                }
                Err(error) => {
                    complain(
                        &answers,
                        "the client's greeting could not be read",
                        &error.to_string(),
                    );
                    break;
                }
            }
            continue;
        }
        match serde_json::from_slice::<Request>(&bytes) {
            Ok(request) => {
                let event = Event::Request {
                    conn,
                    peer: peer.clone(),
                    request,
                    known: None,
                };
                // The semaphore is never closed.
                let Ok(permit) = room.clone().acquire_owned().await else {
                    break;
                };
                if inputs.send(Input::Asked(event, permit)).is_err() {
                    break;
                }
            }
            Err(error) => complain(
                &answers,
                "the request could not be read",
                &error.to_string(),
            ),
        }
    }
    // The loop is gone only when the daemon ends.
    drop(inputs.send(Input::Event(Event::Disconnected(conn))));
}

fn complain(answers: &Answers, error: &str, cause: &str) {
    let failure = Failure {
        kind: FailureKind::Usage,
        error: error.to_owned(),
        causes: Some(cause.to_owned())
            .filter(|cause| !cause.is_empty())
            .into_iter()
            .collect(),
        hint: Some("torch daemon status".to_owned()),
    };
    // A client that is gone needs no answer.
    let _ = answers.send(line(&Response::Failed(failure)));
}

/// One value as a line.
pub(crate) fn line(value: &impl serde::Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}
