//! Playing a rendered answer: headers, frames at their pace, and what became of the request.

use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Response;
use hyper::body::{Body as HttpBody, Bytes, Frame as HttpFrame, SizeHint};
use hyper::header::{HeaderName, HeaderValue};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::render::{Body, Frame, Rendered};
use super::request::Outcome;
use super::server::{Shared, whole};

/// The connection ends here, in the middle.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut, as the scenario says")]
pub(super) struct Broken;

/// A request that is being answered. Dropped before its end, the program has hung up.
pub(super) struct Open {
    state: Shared,
    n: u64,
}

impl Open {
    pub(super) fn new(state: &Shared, n: u64) -> Self {
        Self {
            state: Rc::clone(state),
            n,
        }
    }

    pub(super) fn note(&self, outcome: Outcome) {
        self.state.borrow_mut().note(self.n, outcome);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // A final outcome stays what it is. At the server's end nobody asks any more, and the state may be in use.
        if let Ok(mut state) = self.state.try_borrow_mut() {
            state.note(self.n, Outcome::Abandoned);
        }
    }
}

/// Answers with what was rendered.
pub(super) async fn play(rendered: Rendered, open: Open) -> Result<Response<FrameBody>, Broken> {
    match rendered.body {
        Body::Whole { wait, json, cut } => {
            pause(wait).await;
            if cut {
                open.note(Outcome::Cut);
                return Err(Broken);
            }
            open.note(match rendered.status {
                200 => Outcome::Answered,
                status => Outcome::Failed(status),
            });
            Ok(whole(rendered.status, &rendered.headers, &json))
        }
        Body::Stream(frames) => {
            let (sender, receiver) = channel(1);
            tokio::task::spawn_local(send(frames, sender, open));
            let mut response = Response::new(FrameBody::stream(receiver));
            set_headers(&mut response, "text/event-stream", &rendered.headers);
            Ok(response)
        }
    }
}

/// Sets the type and the answer's own headers.
pub(super) fn set_headers(
    response: &mut Response<FrameBody>,
    kind: &'static str,
    headers: &[(String, String)],
) {
    let map = response.headers_mut();
    map.insert("content-type", HeaderValue::from_static(kind));
    map.insert("cache-control", HeaderValue::from_static("no-cache"));
    map.insert("request-id", HeaderValue::from_static("req_fake"));
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            map.insert(name, value);
        }
    }
}

/// Sends the frames at their pace until the end, the cut, or the program's hanging up.
async fn send(frames: Vec<Frame>, sender: Sender<Result<Bytes, Broken>>, open: Open) {
    for frame in frames {
        match frame {
            Frame::Event(event) => {
                if sender.send(Ok(Bytes::from(event))).await.is_err() {
                    return;
                }
            }
            Frame::Pause(duration) => {
                // Over in time, the other side is still there.
                let hung_up = tokio::time::timeout(duration, sender.closed()).await;
                if hung_up.is_ok() {
                    return;
                }
            }
            Frame::Cut => {
                open.note(Outcome::Cut);
                sender.send(Err(Broken)).await.ok();
                return;
            }
        }
    }
    open.note(Outcome::Answered);
}

/// Nothing for so long; dropped when the program hangs up.
async fn pause(duration: Duration) {
    if !duration.is_zero() {
        // It ends with its time, as nothing else ends it.
        tokio::time::timeout(duration, std::future::pending::<()>())
            .await
            .ok();
    }
}

/// An answer's body: text that is there, or frames that come one by one.
pub(super) struct FrameBody {
    ready: VecDeque<Bytes>,
    coming: Option<Receiver<Result<Bytes, Broken>>>,
}

impl FrameBody {
    pub(super) fn whole(text: String) -> Self {
        Self {
            ready: VecDeque::from([Bytes::from(text)]),
            coming: None,
        }
    }

    fn stream(coming: Receiver<Result<Bytes, Broken>>) -> Self {
        Self {
            ready: VecDeque::new(),
            coming: Some(coming),
        }
    }
}

impl HttpBody for FrameBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<HttpFrame<Bytes>, Broken>>> {
        if let Some(bytes) = self.ready.pop_front() {
            return Poll::Ready(Some(Ok(HttpFrame::data(bytes))));
        }
        match &mut self.coming {
            None => Poll::Ready(None),
            Some(coming) => coming
                .poll_recv(context)
                .map(|frame| frame.map(|bytes| bytes.map(HttpFrame::data))),
        }
    }

    /// The length of a whole body, so that it goes out with one.
    fn size_hint(&self) -> SizeHint {
        match self.coming {
            None => {
                let bytes: usize = self.ready.iter().map(Bytes::len).sum();
                SizeHint::with_exact(u64::try_from(bytes).unwrap_or(u64::MAX))
            }
            Some(_) => SizeHint::default(),
        }
    }
}
