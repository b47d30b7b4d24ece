//! What the server's thread keeps: the requests, the scenarios to come, who waits for news.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write as _;
use std::rc::Rc;
use std::sync::mpsc::Sender;

use serde_json::json;
use tokio::sync::Notify;

use super::answer::Answer;
use super::command::{Command, Snapshot};
use super::request::{ModelRequest, Outcome};
use super::scenario::Scenario;

/// A function that answers requests; `None` leaves one to the other rules.
pub(super) type Brain = Box<dyn Fn(&ModelRequest) -> Option<Answer> + Send>;

/// The state, owned by the server's thread.
pub(super) struct State {
    requests: Vec<ModelRequest>,
    /// For each request, what the same conversation gives again.
    fingerprints: Vec<u64>,
    queue: VecDeque<Scenario>,
    sticky: Option<Scenario>,
    brain: Option<Brain>,
    replies: u64,
    version: u64,
    waiting: Vec<(u64, Sender<Snapshot>)>,
    log: Option<File>,
    /// The gate; released, it lets all go on that wait at that moment.
    pub(super) gate: Rc<Notify>,
}

impl State {
    pub(super) fn new(brain: Option<Brain>, log: Option<File>) -> Self {
        Self {
            requests: Vec::new(),
            fingerprints: Vec::new(),
            queue: VecDeque::new(),
            sticky: None,
            brain,
            replies: 0,
            version: 1,
            waiting: Vec::new(),
            log,
            gate: Rc::new(Notify::new()),
        }
    }

    pub(super) fn obey(&mut self, command: Command) {
        match command {
            Command::Next(scenarios) => self.queue.extend(scenarios),
            Command::Sticky(scenario) => self.sticky = scenario,
            Command::Release => self.gate.notify_waiters(),
            Command::Told(reply) => {
                // Who no longer waits does not care.
                reply.send(()).ok();
            }
            Command::Snapshot { from, reply } => {
                self.waiting.push((from, reply));
                self.tell();
            }
        }
    }

    /// The number that the next request gets.
    pub(super) fn next_number(&self) -> u64 {
        u64::try_from(self.requests.len()).map_or(u64::MAX, |count| count + 1)
    }

    /// How often the same conversation was lost just before.
    pub(super) fn tries_before(&self, request: &ModelRequest, fingerprint: u64) -> u32 {
        let earlier = self.requests.iter().zip(&self.fingerprints).rev();
        let same = earlier
            .filter(|(earlier, print)| earlier.api == request.api && **print == fingerprint)
            .map(|(earlier, _)| earlier)
            .next();
        match same {
            Some(earlier) if earlier.outcome.is_lost() => earlier.retry + 1,
            _ => 0,
        }
    }

    /// Keeps a request, and writes it to the log.
    pub(super) fn record(&mut self, request: ModelRequest, fingerprint: u64) {
        if let Ok(line) = serde_json::to_string(&request) {
            self.write(&line);
        }
        self.requests.push(request);
        self.fingerprints.push(fingerprint);
        self.changed();
    }

    /// Notes what became of request `n`. An outcome that is final stays.
    pub(super) fn note(&mut self, n: u64, outcome: Outcome) {
        let index = usize::try_from(n).unwrap_or(usize::MAX).wrapping_sub(1);
        let Some(request) = self.requests.get_mut(index) else {
            return;
        };
        let open = matches!(
            request.outcome,
            Outcome::Open | Outcome::AtGate | Outcome::Hanging
        );
        if !open || request.outcome == outcome {
            return;
        }
        request.outcome = outcome;
        self.write(&json!({"n": n, "outcome": outcome}).to_string());
        self.changed();
    }

    pub(super) fn requests(&self) -> &[ModelRequest] {
        &self.requests
    }

    pub(super) fn ask_brain(&self, request: &ModelRequest) -> Option<Answer> {
        self.brain.as_ref().and_then(|brain| brain(request))
    }

    /// The scenario of the queue's front, or the sticky one.
    pub(super) fn next_scenario(&mut self) -> Option<Scenario> {
        self.queue.pop_front().or_else(|| self.sticky.clone())
    }

    pub(super) fn count_reply(&mut self) -> u64 {
        self.replies += 1;
        self.replies
    }

    fn write(&mut self, line: &str) {
        if let Some(log) = &mut self.log {
            // The log is for people; a test does not fail with it.
            writeln!(log, "{line}").ok();
        }
    }

    fn changed(&mut self) {
        self.version += 1;
        self.tell();
    }

    /// Answers all whose version has come.
    fn tell(&mut self) {
        let (version, requests) = (self.version, &self.requests);
        self.waiting.retain(|(from, reply)| {
            let news = version >= *from;
            if news {
                let snapshot = Snapshot {
                    version,
                    requests: requests.clone(),
                };
                // Who no longer waits has met the deadline.
                reply.send(snapshot).ok();
            }
            !news
        });
    }
}
