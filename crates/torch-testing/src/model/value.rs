//! The fake model as a value.

use std::fs::OpenOptions;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use super::answer::Answer;
use super::arrivals::arrived;
use super::command::{Command, Snapshot};
use super::request::ModelRequest;
use super::scenario::Scenario;
use super::server;
use super::state::{Brain, State};

/// How long the server's thread may take to tell what it has.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server that could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken, or there is no loopback.
    #[error("failed to listen on `127.0.0.1:{port}`")]
    Listen {
        /// The wanted port, 0 for any.
        port: u16,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The log can't be written.
    #[error("failed to open the log `{}`", path.display())]
    Log {
        /// Its path.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The system gives no thread or no event queue.
    #[error("failed to start the server's thread")]
    Thread {
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// How a server is to be; all of it may be left out.
#[derive(Debug, Default)]
pub struct Settings {
    /// The port; 0 for any that is free.
    pub port: u16,
    /// A file that all requests are added to, one JSON object per line: a request when it came, and what became of it.
    pub log: Option<PathBuf>,
}

/// A fake model server on a loopback port; it ends with the value.
#[derive(Debug)]
pub struct FakeModel {
    address: SocketAddr,
    commands: UnboundedSender<Command>,
    /// Dropped, it ends the thread.
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl FakeModel {
    /// Starts a server on any free port.
    #[track_caller]
    pub fn start() -> Self {
        Self::open(Settings::default(), None).expect("a loopback port and a thread")
    }

    /// Starts a server in which `brain` answers the conversations' requests; `None` leaves one to the other rules. It
    /// is called on the server's thread, for one request after the other.
    #[track_caller]
    pub fn with_brain(brain: impl Fn(&ModelRequest) -> Option<Answer> + Send + 'static) -> Self {
        let brain: Brain = Box::new(brain);
        Self::open(Settings::default(), Some(brain)).expect("a loopback port and a thread")
    }

    /// Starts a server with these settings.
    ///
    /// # Errors
    /// [`StartError`] where the port or the log can't be had.
    pub fn with(settings: Settings) -> Result<Self, StartError> {
        Self::open(settings, None)
    }

    fn open(settings: Settings, brain: Option<Brain>) -> Result<Self, StartError> {
        let Settings { port, log } = settings;
        let listen = |source| StartError::Listen { port, source };
        let listener = TcpListener::bind(("127.0.0.1", port)).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let log = log.map(|path| {
            let file = OpenOptions::new().create(true).append(true).open(&path);
            file.map_err(|source| StartError::Log { path, source })
        });
        let log = log.transpose()?;
        let (commands, received) = unbounded_channel();
        let (end, ended) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| StartError::Thread { source })?;
        let thread = std::thread::Builder::new()
            .name("fake-model".to_owned())
            .spawn(move || {
                let state = State::new(brain, log);
                let tasks = tokio::task::LocalSet::new();
                tasks.block_on(&runtime, server::serve(listener, received, ended, state));
            })
            .map_err(|source| StartError::Thread { source })?;
        Ok(Self {
            address,
            commands,
            end: Some(end),
            thread: Some(thread),
        })
    }

    /// `http://127.0.0.1:40123`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Answers the next main requests with these scenarios, one each.
    pub fn next(&self, scenarios: impl IntoIterator<Item = Scenario>) {
        self.tell(Command::Next(scenarios.into_iter().collect()));
    }

    /// Answers every main request with this scenario, until it is called with `None`. The queue goes first.
    pub fn sticky(&self, scenario: Option<Scenario>) {
        self.tell(Command::Sticky(scenario));
    }

    /// Lets the requests go on that wait at the gate now ([`crate::model::Outcome::AtGate`]); later ones wait again.
    pub fn release(&self) {
        self.tell(Command::Release);
    }

    /// All requests so far.
    #[track_caller]
    pub fn requests(&self) -> Vec<ModelRequest> {
        let snapshot = self.snapshot(None, PATIENCE);
        snapshot.expect("the server's thread answers").requests
    }

    /// The users' texts that arrived, in order, each as often as it was said: [`super::arrived`] of all requests.
    #[track_caller]
    pub fn user_texts(&self) -> Vec<String> {
        arrived(&self.requests())
    }

    /// Waits until `wanted` gives a value for the requests so far, at most `deadline`; it looks again with every
    /// change.
    pub fn wait_for<T>(
        &self,
        deadline: Duration,
        mut wanted: impl FnMut(&[ModelRequest]) -> Option<T>,
    ) -> Option<T> {
        let until = Instant::now() + deadline;
        let mut snapshot = self.snapshot(None, PATIENCE)?;
        loop {
            if let Some(value) = wanted(&snapshot.requests) {
                return Some(value);
            }
            let left = until.checked_duration_since(Instant::now())?;
            snapshot = self.snapshot(Some(snapshot.version), left)?;
        }
    }

    /// What a person needs to see where a test fails: a line for each request.
    #[track_caller]
    pub fn picture(&self) -> String {
        let requests = self.requests().into_iter();
        let lines = requests.map(|it| {
            format!(
                "{} {:?} {:?} retry={} user={:?} tools={:?} scenario={:?} -> {:?}\n",
                it.n, it.api, it.role, it.retry, it.user, it.tool_results, it.scenario, it.outcome
            )
        });
        format!(
            "--- requests to the fake model\n{}",
            lines.collect::<String>()
        )
    }

    /// What there is after version `known`, as soon as there is something; at once with `None`.
    fn snapshot(&self, known: Option<u64>, patience: Duration) -> Option<Snapshot> {
        let (reply, answer) = channel();
        let from = known.map_or(0, |version| version + 1);
        self.command(Command::Snapshot { from, reply });
        answer.recv_timeout(patience).ok()
    }

    /// Gives a command and waits until it is carried out: what a program asks from now on is answered by it.
    fn tell(&self, command: Command) {
        let (reply, told) = channel();
        self.command(command);
        self.command(Command::Told(reply));
        told.recv_timeout(PATIENCE).ok();
    }

    fn command(&self, command: Command) {
        // The thread ends with this value, or with a panic that the test shows.
        self.commands.send(command).ok();
    }
}

impl Drop for FakeModel {
    fn drop(&mut self) {
        self.end.take();
        if let Some(thread) = self.thread.take() {
            // A panic of it has been shown; a second one would hide the test's own.
            thread.join().ok();
        }
    }
}
