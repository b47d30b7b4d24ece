//! A daemon that answers from a script: one thread per connection.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use torch_api::view::MessageView;
use torch_api::wire::PROTOCOL;
use torch_api::{Hello, Request, Response, TeamView};
use torch_core::{DeliveryState, Timestamp};

/// How long a test waits for a request that must come.
const DEADLINE: Duration = Duration::from_secs(20);

/// What came over the socket, in order.
pub(crate) struct Fake {
    requests: Receiver<Request>,
}

/// One connection as the script sees it.
pub(crate) struct Connection(UnixStream);

impl Connection {
    pub(crate) fn answer(&mut self, response: &Response) {
        let mut line = serde_json::to_vec(response).expect("serialises");
        line.push(b'\n');
        // The client may have gone, which some tests mean it to.
        self.0.write_all(&line).ok();
    }

    /// Writes half of an answer and closes the connection, as a daemon does that is killed meanwhile.
    pub(crate) fn cut(&mut self, response: &Response) {
        let line = serde_json::to_vec(response).expect("serialises");
        self.0.write_all(&line[..line.len() / 2]).ok();
        self.hang_up();
    }

    /// Closes the connection, as a daemon does that ends over a request.
    pub(crate) fn hang_up(&mut self) {
        self.0.shutdown(std::net::Shutdown::Both).ok();
    }
}

impl Fake {
    /// Listens at `socket` and hands each request to `script`, which answers it.
    pub(crate) fn start(
        socket: &Path,
        script: impl Fn(Request, &mut Connection) + Send + Sync + 'static,
    ) -> Self {
        Self::with_hello(socket, |_| Hello::ours(), script)
    }

    /// The same with a greeting of its own, by the number of the connection.
    pub(crate) fn with_hello(
        socket: &Path,
        hello: impl Fn(usize) -> Hello + Send + 'static,
        script: impl Fn(Request, &mut Connection) + Send + Sync + 'static,
    ) -> Self {
        let listener = UnixListener::bind(socket).expect("binds");
        let (sender, requests) = mpsc::channel();
        let script = Arc::new(script);
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let stream = stream.expect("accepts");
                let (hello, sender, script) = (hello(number), sender.clone(), Arc::clone(&script));
                thread::spawn(move || serve(stream, &hello, &sender, script.as_ref()));
            }
        });
        Self { requests }
    }

    /// The next request.
    pub(crate) fn request(&self) -> Request {
        self.requests.recv_timeout(DEADLINE).expect("a request")
    }

    /// How many requests came that were not looked at.
    pub(crate) fn asked(&self) -> usize {
        self.requests.try_iter().count()
    }

    /// Whether nothing (more) was asked.
    pub(crate) fn is_idle(&self) -> bool {
        self.requests.try_recv().is_err()
    }
}

/// Greets, then hands each request over until the client hangs up or has asked for the end.
fn serve(
    stream: UnixStream,
    hello: &Hello,
    sender: &Sender<Request>,
    script: &dyn Fn(Request, &mut Connection),
) {
    let mut connection = Connection(stream.try_clone().expect("clones"));
    let mut lines = BufReader::new(stream).lines();
    // A client that only looks whether somebody listens says nothing.
    let Some(Ok(first)) = lines.next() else {
        return;
    };
    serde_json::from_str::<Hello>(&first).expect("a greeting");
    let mut greeting = serde_json::to_vec(hello).expect("serialises");
    greeting.push(b'\n');
    connection.0.write_all(&greeting).ok();
    for line in lines.map_while(Result::ok) {
        let request: Request = serde_json::from_str(&line).expect("a request");
        let ends = matches!(request, Request::Shutdown);
        // The test may have seen enough.
        sender.send(request.clone()).ok();
        script(request, &mut connection);
        if ends {
            break;
        }
    }
}

/// A greeting of another version.
pub(crate) fn hello_of(version: &str, protocol: u32, pid: u32) -> Hello {
    Hello {
        protocol,
        version: version.to_owned(),
        pid,
    }
}

/// A greeting of an older version of the same protocol.
pub(crate) fn old_hello(pid: u32) -> Hello {
    hello_of("0.0.1", PROTOCOL, pid)
}

pub(crate) fn a_message(state: DeliveryState) -> MessageView {
    MessageView {
        id: "m-7k3f9q2a".to_owned(),
        ulid: "01KAHVX0000000000G7K3F9Q2A".to_owned(),
        team: "hello".to_owned(),
        at: Timestamp(1_795_226_400_000),
        kind: "message".to_owned(),
        from: "human".to_owned(),
        from_rule: "terminal".to_owned(),
        to: "developer".to_owned(),
        target: "dev".to_owned(),
        pair_seq: 1,
        decision: "deliver".to_owned(),
        rule: "edge.human".to_owned(),
        reason: "a person may write to everyone".to_owned(),
        urgent: false,
        critical: Vec::new(),
        cleaned: Vec::new(),
        state,
        waits: None,
        attempt: 1,
        possible_duplicate: false,
        since: Timestamp(1_795_226_400_000),
        evidence: String::new(),
        body: "hi".to_owned(),
        body_file: None,
        read: false,
    }
}

pub(crate) fn sent(state: DeliveryState, reached: bool) -> Response {
    Response::Sent {
        message: Box::new(a_message(state)),
        reached,
    }
}

pub(crate) fn a_team() -> TeamView {
    TeamView {
        id: "01KAHVX0000000000000000000".to_owned(),
        name: "hello".to_owned(),
        project: "/p/hello".into(),
        spec: "/p/hello/spec.md".into(),
        base_branch: "main".to_owned(),
        phase: "running".to_owned(),
        paused: false,
        caps: None,
        router: "strict".to_owned(),
        enforcement: "advice".to_owned(),
        pushes: None,
        created: Timestamp(1_795_226_400_000),
        finished: None,
        summary: None,
        attach: "tmux -L torch attach -t '=hello'".to_owned(),
        waiting: 0,
        scheduled: 0,
        tasks: None,
        to_do_again: Vec::new(),
        next_scheduled: None,
        rules_trouble: None,
        rules_held: None,
        rules_silence: None,
        against_policy: Vec::new(),
        open_violations: 0,
        blocked: Vec::new(),
        integration: None,
        unread: None,
        supervision: Default::default(),
        agents: Vec::new(),
    }
}

/// An agent of such a team, at its prompt.
pub(crate) fn an_agent(role: &str) -> torch_api::view::AgentView {
    let value = serde_json::json!({
        "role": role, "window": 0, "program": "demo", "state": "idle", "since": 1_795_226_400_000_u64,
        "evidence": {"source": "hook", "detail": "", "at": 1_795_226_400_000_u64},
        "worktree": format!("/r/worktrees/hello/{role}"), "branch": format!("main-{role}"), "briefed": true, "waiting": 0,
        "last_lines": [],
    });
    serde_json::from_value(value).expect("an agent")
}

/// A daemon that serves them.
pub(crate) fn a_daemon() -> torch_api::view::DaemonView {
    torch_api::view::DaemonView {
        version: "0.1.0".to_owned(),
        pid: 812,
        started: Timestamp(1_795_226_400_000),
        home: "/r".into(),
        tmux_socket: "torch".to_owned(),
        tmux_version: Some("3.3a".to_owned()),
        tmux_silent: None,
    }
}
