//! A client that sends what no client should.

use std::path::PathBuf;
use std::sync::Mutex as Shared;

use rmcp::ServiceExt as _;
use serde_json::{Value, json};
use tokio::io::{DuplexStream, ReadHalf, WriteHalf};
use torch_api::{Body, Request, Response};

use super::*;
use crate::server::Torch;

/// A client that has greeted the server.
struct Client {
    to: WriteHalf<DuplexStream>,
    from: BufReader<ReadHalf<DuplexStream>>,
    /// What was asked of torch.
    asked: Arc<Shared<Vec<Request>>>,
}

impl Client {
    async fn new() -> Self {
        let asked: Arc<Shared<Vec<Request>>> = Arc::default();
        let kept = asked.clone();
        let ask = move |request| {
            kept.lock().expect("no panic").push(request);
            Ok(Response::Done {
                text: "done".to_owned(),
            })
        };
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let (read, write) = tokio::io::split(theirs);
        tokio::spawn(async move {
            let torch = Torch::new(Arc::new(ask), PathBuf::from("/w"));
            let running = torch.serve(Lines::new(read, write)).await;
            running.expect("greeted").waiting().await
        });
        let (from, to) = tokio::io::split(ours);
        let mut client = Self {
            to,
            from: BufReader::new(from),
            asked,
        };
        let greeting = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
        let answer = client.ask("initialize", greeting).await;
        assert_eq!(answer["result"]["serverInfo"]["name"], "torch");
        client
            .tell(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)
            .await;
        client
    }

    async fn tell(&mut self, line: &[u8]) {
        self.to.write_all(line).await.expect("written");
        self.to.write_all(b"\n").await.expect("written");
    }

    async fn answer(&mut self) -> Value {
        let mut line = String::new();
        let read = self.from.read_line(&mut line);
        let deadline = std::time::Duration::from_secs(20);
        tokio::time::timeout(deadline, read)
            .await
            .expect("an answer in time")
            .expect("a line");
        serde_json::from_str(&line).expect("JSON")
    }

    async fn ask(&mut self, method: &str, params: Value) -> Value {
        let line = json!({"jsonrpc": "2.0", "id": 99, "method": method, "params": params});
        self.tell(line.to_string().as_bytes()).await;
        let answer = self.answer().await;
        assert_eq!(answer["id"], 99, "{answer}");
        answer
    }

    /// The error that a line is answered with; the server serves on.
    async fn refused(&mut self, line: &[u8]) -> (Value, i64, String) {
        self.tell(line).await;
        let answer = self.answer().await;
        assert_eq!(answer["jsonrpc"], "2.0");
        let error = &answer["error"];
        let code = error["code"].as_i64().expect("a code");
        let text = error["message"].as_str().expect("a text").to_owned();
        assert!(answer.get("id").is_some(), "{answer}");
        self.lists().await;
        (answer["id"].clone(), code, text)
    }

    async fn lists(&mut self) {
        let tools = self.ask("tools/list", json!({})).await;
        assert_eq!(tools["result"]["tools"][0]["name"], "send", "{tools}");
    }
}

fn call(id: &Value, text: &str) -> String {
    format!(
        r#"{{"method":"tools/call","params":{{"name":"ask","arguments":{{"text":{text}}}}},"jsonrpc":"2.0","id":{id}}}"#
    )
}

#[tokio::test]
async fn a_line_that_is_too_long_is_answered() {
    let mut client = Client::new().await;
    let huge = format!("\"{}\"", "x".repeat(50 << 20));
    for id in [json!(7), json!("seven")] {
        let (said, code, text) = client.refused(call(&id, &huge).as_bytes()).await;
        assert_eq!((said, code), (id, -32600));
        assert!(text.contains("more than 16 MB"), "{text}");
    }
    let (id, ..) = client.refused(huge.as_bytes()).await;
    assert_eq!(id, Value::Null);
}

#[tokio::test]
async fn the_longest_message_is_a_message() {
    let mut client = Client::new().await;
    let text = "y".repeat(BODY_MAX);
    client
        .tell(call(&json!(1), &format!("\"{text}\"")).as_bytes())
        .await;
    assert_eq!(client.answer().await["id"], 1);
    let asked = client.asked.lock().expect("no panic");
    assert!(matches!(&asked[..], [Request::Send(send)] if send.body == Body::Text(text)));
}

#[tokio::test]
async fn absurd_nesting_is_answered() {
    let mut client = Client::new().await;
    let nested = "[".repeat(100_000) + &"]".repeat(100_000);
    let (id, code, text) = client.refused(call(&json!(8), &nested).as_bytes()).await;
    assert_eq!((id, code), (json!(8), -32700));
    assert!(text.contains("recursion limit"), "{text}");
    let (id, code, _) = client.refused(nested.as_bytes()).await;
    assert_eq!((id, code), (Value::Null, -32700));
    let (id, code, _) = client.refused("[".repeat(100_000).as_bytes()).await;
    assert_eq!((id, code), (Value::Null, -32700));
}

#[tokio::test]
async fn half_an_emoji_is_a_text() {
    let mut client = Client::new().await;
    client
        .tell(call(&json!(9), r#""cut \ud83d""#).as_bytes())
        .await;
    let answer = client.answer().await;
    assert_eq!(
        (&answer["id"], &answer["result"]["isError"]),
        (&json!(9), &json!(false)),
        "{answer}"
    );
    let asked = client.asked.lock().expect("no panic");
    let wanted = Body::Text("cut \u{fffd}".to_owned());
    assert!(matches!(&asked[..], [Request::Send(send)] if send.body == wanted));
}

#[tokio::test]
async fn whatever_else_is_no_message_is_answered() {
    let mut client = Client::new().await;
    for (line, wanted, code) in [
        (&b"nonsense"[..], Value::Null, -32700),
        (
            b"{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":",
            json!(3),
            -32700,
        ),
        (
            b"{\"id\":3,\"method\":\"ping\",\"x\":\"\xff\"}",
            json!(3),
            -32700,
        ),
        (b"{}", Value::Null, -32600),
        (b"[]", Value::Null, -32600),
        (b"7", Value::Null, -32600),
        (
            b"{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"tools/list\"}",
            Value::Null,
            -32600,
        ),
        (
            b"{\"jsonrpc\":\"1.0\",\"id\":4,\"method\":\"tools/list\"}",
            json!(4),
            -32600,
        ),
        (b"{\"jsonrpc\":\"2.0\",\"id\":5}", json!(5), -32600),
    ] {
        let shown = String::from_utf8_lossy(line);
        let (id, said, text) = client.refused(line).await;
        assert_eq!((id, said), (wanted, code), "{shown}: {text}");
    }
}

/// Two servers that answer each other's errors would never end.
#[tokio::test]
async fn notifications_and_answers_are_not_answered() {
    let mut client = Client::new().await;
    for line in [
        "",
        "  \r",
        r#"{"jsonrpc":"2.0","method":"window/odd"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/odd","params":{"x":"\ud83d"}}"#,
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"x"}}"#,
        r#"{"id":5,"error":{"code":"x"}}"#,
        r#"{"jsonrpc":"2.0","id":"none","result":7}"#,
    ] {
        client.tell(line.as_bytes()).await;
        client.lists().await;
    }
}
