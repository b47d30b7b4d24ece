//! The HTTP side: connections, paths, bodies.

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::pending;
use std::net::TcpListener;
use std::rc::Rc;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::{CONTENT_ENCODING, HeaderMap};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use torch_process::clock;

use super::answer::{Answer, Speech};
use super::command::Command;
use super::control;
use super::conversation::Conversation;
use super::decide::{decide, fill};
use super::play::{Broken, FrameBody, Open, play};
use super::render::{self, Setting};
use super::request::{Api, ModelRequest, Outcome, Role};
use super::state::State;

/// The state, shared by the tasks of the one thread.
pub(super) type Shared = Rc<RefCell<State>>;

/// Serves until `ended` is dropped on the other side. The tasks end with their `LocalSet`.
pub(super) async fn serve(
    listener: TcpListener,
    mut commands: UnboundedReceiver<Command>,
    ended: oneshot::Receiver<()>,
    state: State,
) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    let state = Rc::new(RefCell::new(state));
    let obeying = Rc::clone(&state);
    tokio::task::spawn_local(async move {
        while let Some(command) = commands.recv().await {
            obeying.borrow_mut().obey(command);
        }
    });
    tokio::task::spawn_local(async move {
        // An error of one connection is no end of the others.
        while let Ok((connection, _)) = listener.accept().await {
            let state = Rc::clone(&state);
            tokio::task::spawn_local(async move {
                let service = service_fn(move |request| respond(Rc::clone(&state), request));
                let served = http1::Builder::new()
                    .serve_connection(TokioIo::new(connection), service)
                    .await;
                // A client that hung up is noted with its request.
                served.ok();
            });
        }
    });
    // An error says that the other side is gone, which is what is waited for.
    ended.await.ok();
}

/// Reads one request and answers it.
async fn respond(state: Shared, request: Request<Incoming>) -> Result<Response<FrameBody>, Broken> {
    let (head, body) = request.into_parts();
    let bytes = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return Err(Broken),
    };
    let path = head.uri.path().to_owned();
    if let Some(words) = path.strip_prefix("/fake/") {
        let answer = control::obey(&mut state.borrow_mut(), words, &bytes);
        return Ok(whole(answer.0, &[], &answer.1));
    }
    if head.headers.contains_key("upgrade") {
        // Codex tries a WebSocket first, and goes on without one.
        return Ok(whole(
            426,
            &[],
            &json!({"error": {"message": "no WebSockets here"}}),
        ));
    }
    let api = api(&head.method, &path);
    let encoded = head.headers.get(CONTENT_ENCODING);
    if encoded.is_some_and(|encoding| encoding != "identity") {
        let message =
            json!({"error": {"message": format!("no content encoding {encoded:?} here")}});
        return Ok(whole(415, &[], &message));
    }
    let json: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let conversation = Conversation::read(api, &path, &json);
    let (request, answer) = record(&state, api, path, &head.headers, bytes.len(), &conversation);
    match answer {
        Some(answer) => reply(&state, &request, answer).await,
        None => {
            let (status, json) = plain(api, &request);
            let outcome = match status {
                200 => Outcome::Answered,
                status => Outcome::Failed(status),
            };
            state.borrow_mut().note(request.n, outcome);
            Ok(whole(status, &[], &json))
        }
    }
}

fn api(method: &Method, path: &str) -> Api {
    if method == Method::GET || method == Method::HEAD {
        return if path.ends_with("/models") {
            Api::Models
        } else {
            Api::Other
        };
    }
    if path.ends_with("/count_tokens") || path.ends_with(":countTokens") {
        Api::Count
    } else if path.ends_with("/messages") {
        Api::Messages
    } else if path.ends_with("/responses") {
        Api::Responses
    } else if path.ends_with("/chat/completions") {
        Api::Chat
    } else if path.ends_with("enerateContent") {
        Api::Gemini
    } else {
        Api::Other
    }
}

/// Keeps a request with what was decided about it; no answer where it is none to a model.
fn record(
    state: &Shared,
    api: Api,
    path: String,
    headers: &HeaderMap,
    bytes: usize,
    conversation: &Conversation,
) -> (ModelRequest, Option<Answer>) {
    let mut state = state.borrow_mut();
    let mut request = ModelRequest {
        n: state.next_number(),
        at: clock::now(),
        api,
        path,
        role: Role::Side,
        model: String::new(),
        user: Vec::new(),
        tool_results: Vec::new(),
        injected: Vec::new(),
        all_user: Vec::new(),
        answers: 0,
        system: String::new(),
        tools: Vec::new(),
        streamed: false,
        retry: 0,
        bytes,
        scenario: None,
        outcome: Outcome::Open,
    };
    let fingerprint = conversation.fingerprint();
    let mut answer = None;
    if !matches!(api, Api::Count | Api::Models | Api::Other) {
        fill(&mut request, conversation);
        let counted = headers.get("x-stainless-retry-count");
        let counted = counted.and_then(|count| count.to_str().ok()?.parse().ok());
        let seen = state.tries_before(&request, fingerprint);
        request.retry = seen.max(counted.unwrap_or(0));
        let (decided, scenario) = decide(&mut state, &request, conversation);
        request.scenario = scenario;
        answer = Some(decided);
    }
    state.record(request.clone(), fingerprint);
    (request, answer)
}

/// Gives a model's answer.
async fn reply(
    state: &Shared,
    request: &ModelRequest,
    answer: Answer,
) -> Result<Response<FrameBody>, Broken> {
    let open = Open::new(state, request.n);
    match answer {
        Answer::Hang => {
            open.note(Outcome::Hanging);
            pending::<Infallible>().await;
            Err(Broken)
        }
        Answer::Failure(failure) => {
            let rendered = render::failure(request, &failure, clock::now());
            play(rendered, open).await
        }
        Answer::Speech(speech) => {
            if speech.gated {
                let gate = Rc::clone(&state.borrow().gate);
                let released = gate.notified();
                open.note(Outcome::AtGate);
                released.await;
            }
            speak(request, &speech, open).await
        }
    }
}

async fn speak(
    request: &ModelRequest,
    speech: &Speech,
    open: Open,
) -> Result<Response<FrameBody>, Broken> {
    let now = clock::now();
    let tag = format!("{:x}{:04}", now.0, request.n);
    let setting = Setting {
        now,
        tag: &tag,
        model: &request.model,
        input_tokens: speech
            .input_tokens
            .unwrap_or_else(|| u64::try_from(request.bytes / 4).unwrap_or(0).max(1)),
    };
    play(render::speech(request, speech, &setting), open).await
}

/// The answers that no model gives: counts, lists of models, and that there is nothing here.
fn plain(api: Api, request: &ModelRequest) -> (u16, Value) {
    match api {
        Api::Count => {
            let tokens = (request.bytes / 4).max(1);
            (200, json!({"input_tokens": tokens, "totalTokens": tokens}))
        }
        Api::Models => {
            let model = |id: &str| {
                json!({
                    "id": id, "object": "model", "type": "model", "display_name": id,
                    "created": 1, "created_at": "2026-01-01T00:00:00Z", "owned_by": "fake",
                })
            };
            let data = ["claude-sonnet-4-5", "gpt-5", "fake-model"].map(model);
            let list = json!({"object": "list", "data": data, "has_more": false, "models": []});
            (200, list)
        }
        _ => {
            let message = format!("Not found: {}", request.path);
            let error = json!({"type": "not_found_error", "message": message});
            (404, json!({"type": "error", "error": error}))
        }
    }
}

/// A short JSON answer.
pub(super) fn whole(
    status: u16,
    headers: &[(String, String)],
    json: &Value,
) -> Response<FrameBody> {
    let mut response = Response::new(FrameBody::whole(json.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT);
    super::play::set_headers(&mut response, "application/json", headers);
    response
}
