//! Who asks the daemon, and what is answered: each request once, and none left hanging while its daemon lives.

use std::collections::BTreeMap;
use std::path::PathBuf;

use torch_api::wire::{AutoRequest, Body, FailureKind, SendRequest, TeamSelector};
use torch_api::{Failure, Request, Response};
use torch_core::identity::{Ancestor, Ancestry};
use torch_core::{AgentId, DeliveryState, Process, ScheduleId};
use torch_daemon::event::{ConnId, Effect, Event, Query};

use crate::world::{Due, World};

/// One request that was made of the present daemon.
#[derive(Debug)]
pub(crate) struct Asked {
    name: &'static str,
    /// A send with a key, which is made again when its answer is lost.
    keyed: Option<SendRequest>,
    answer: Option<Response>,
}

/// The clients of the daemon.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    conn: u64,
    /// Those of the present daemon.
    asked: BTreeMap<ConnId, Asked>,
    /// Keyed sends whose answer was lost with a daemon.
    unsure: Vec<SendRequest>,
    /// Planned notes that were confirmed, and whether they were taken back.
    pub(crate) notes: BTreeMap<String, Note>,
}

/// A planned note.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    pub(crate) id: String,
    pub(crate) cancelled: bool,
}

impl Clients {
    /// The daemon is gone, and every connection with it.
    pub(crate) fn lost(&mut self) {
        for asked in std::mem::take(&mut self.asked).into_values() {
            if asked.answer.is_none() {
                self.unsure.extend(asked.keyed);
            }
        }
    }

    /// Requests without an answer.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = (ConnId, &'static str)> {
        let open = self
            .asked
            .iter()
            .filter(|(_, asked)| asked.answer.is_none());
        open.map(|(conn, asked)| (*conn, asked.name))
    }

    pub(crate) fn forget_answered(&mut self) {
        self.asked.retain(|_, asked| asked.answer.is_none());
    }

    pub(crate) fn answer(&self, conn: ConnId) -> Option<&Response> {
        self.asked.get(&conn)?.answer.as_ref()
    }
}

impl World {
    /// A person asks.
    pub(crate) fn ask(&mut self, request: Request) -> ConnId {
        self.ask_as(None, request)
    }

    /// A person asks, or an agent's program.
    pub(crate) fn ask_as(&mut self, agent: Option<AgentId>, request: Request) -> ConnId {
        self.clients.conn += 1;
        let conn = ConnId(self.clients.conn);
        let ancestor = |pid: u32| Ancestor {
            process: Process { pid, start: 1 },
            name: "scm".into(),
            terminal: true,
            mark: None,
            cwd: None,
        };
        let mut chain = vec![ancestor(5)];
        if let Some(agent) = agent.and_then(|agent| self.agents.get(&agent)) {
            chain.extend([agent.process().pid, agent.address.pid].map(ancestor));
        }
        let peer = Ancestry {
            chain,
            complete: true,
        };
        let who = agent.map(|agent| agent.short());
        self.note(|| format!("{} asks {request:?} as {who:?}", conn.0));
        let (keyed, known) = match &request {
            Request::Send(send) => {
                let keyed = send.key.is_some().then(|| (**send).clone());
                (keyed, self.store.known(send.key.as_deref()))
            }
            _ => (None, None),
        };
        let asked = Asked {
            name: request.name(),
            keyed,
            answer: None,
        };
        self.clients.asked.insert(conn, asked);
        self.turn(vec![Event::Request {
            conn,
            peer,
            request,
            known,
        }]);
        conn
    }

    /// A client asks something more on its connection.
    pub(crate) fn give_up(&mut self, conn: ConnId) {
        self.note(|| format!("{} is gone", conn.0));
        self.clients.asked.remove(&conn);
        self.turn(vec![Event::Disconnected(conn)]);
    }

    /// Calls whose answer was lost are made again with their keys.
    pub(crate) fn ask_lost_again(&mut self) {
        for send in std::mem::take(&mut self.clients.unsure) {
            self.ask(Request::Send(Box::new(send)));
        }
    }

    pub(crate) fn answered(&mut self, conn: ConnId, response: Response) {
        if matches!(response, Response::Progress { .. }) {
            return;
        }
        self.note(|| {
            let text = format!("{response:?}");
            format!(
                "{} gets {}",
                conn.0,
                text.chars().take(200).collect::<String>()
            )
        });
        let Some(asked) = self.clients.asked.get_mut(&conn) else {
            return;
        };
        if asked.answer.is_some() {
            let text = format!("`{}` was answered twice", asked.name);
            return self.breaks(text);
        }
        if let Response::Scheduled(view) = &response {
            let note = Note {
                id: view.id.clone(),
                cancelled: false,
            };
            self.clients.notes.insert(view.note.clone(), note);
        }
        asked.answer = Some(response);
    }

    /// As the host does it when a commit failed: every request of the turn is refused.
    pub(crate) fn refuse_all(&mut self, effects: &[Effect]) {
        for effect in effects {
            if let Effect::Reply { conn, response } = effect
                && matches!(response, Response::Progress { .. })
            {
                let _ = conn;
                continue;
            }
            if let Effect::Reply { conn, .. }
            | Effect::Answer { conn, .. }
            | Effect::Inspect { conn, .. } = effect
            {
                self.answered(*conn, failed("the registry can't be written"));
            }
        }
    }

    /// What the host looks up in the store for a client.
    pub(crate) fn look_up(&mut self, conn: ConnId, query: Query) {
        let response = match query {
            Query::Sent {
                message, reached, ..
            } => {
                match (
                    self.store.messages.get(&message),
                    self.store.deliveries.get(&message),
                ) {
                    (Some(row), Some(delivery)) => Response::Sent {
                        message: Box::new(sent_view(row, delivery)),
                        reached,
                    },
                    _ if self.store.forgets => done("sent"),
                    _ => return self.breaks(format!("{message} was sent and is not kept")),
                }
            }
            Query::Revive { id } => {
                let mut rows = self.store.deliveries.values();
                let row = rows.find(|row| row.message.short() == id).cloned();
                let again = row.filter(|row| {
                    matches!(row.state, DeliveryState::Dead | DeliveryState::Expired)
                });
                let envelope = again
                    .as_ref()
                    .and_then(|row| self.store.messages.get(&row.message))
                    .filter(|row| row.recipient.agent().is_some())
                    .cloned();
                let Some((envelope, delivery)) = envelope.zip(again) else {
                    return self.answered(conn, failed("it is settled"));
                };
                let event = Event::Revived {
                    conn,
                    envelope: Box::new(envelope),
                    delivery: Box::new(delivery),
                };
                return self.later(0, Due::Event(Box::new(event)));
            }
            Query::Settled { .. } => failed("it is settled"),
            _ => done("looked up"),
        };
        self.answered(conn, response);
    }

    pub(crate) fn auto(&mut self) -> ConnId {
        let roles = self.roles.clone();
        self.ask(Request::Auto(Box::new(AutoRequest {
            project: self.project.clone(),
            spec: self.project.join("spec.md"),
            roles,
            agents: vec!["demo".into()],
            secrets: BTreeMap::new(),
            choice: None,
            dry_run: false,
            router: None,
            policy: None,
            limits: Default::default(),
            lane: Default::default(),
            role_files: BTreeMap::new(),
            alone: false,
            paused: false,
            refined: None,
            scenario: None,
            env: BTreeMap::new(),
        })))
    }

    /// The planned note of this id in the store, by its tag.
    pub(crate) fn note_row(&self, tag: &str) -> Option<ScheduleId> {
        let mut rows = self.store.schedules.keys();
        rows.find(|id| id.tag() == tag).copied()
    }
}

/// The team, as a person in the project means it.
pub(crate) fn team() -> TeamSelector {
    TeamSelector {
        name: None,
        cwd: "/project".into(),
    }
}

pub(crate) fn send(target: &str, text: String) -> SendRequest {
    SendRequest {
        target: target.to_owned(),
        body: Body::Text(text),
        key: None,
        inline: false,
        urgent: false,
        ttl_seconds: None,
        wait: None,
        wait_millis: 0,
        cwd: PathBuf::from("/project"),
        pane_hint: None,
    }
}

fn done(text: &str) -> Response {
    Response::Done {
        text: text.to_owned(),
    }
}

fn failed(text: &str) -> Response {
    Response::Failed(failure(text))
}

pub(crate) fn failure(text: &str) -> Failure {
    Failure {
        kind: FailureKind::Other,
        error: text.to_owned(),
        causes: Vec::new(),
        hint: None,
    }
}

fn sent_view(
    envelope: &torch_core::Envelope,
    delivery: &torch_core::Delivery,
) -> torch_api::MessageView {
    torch_api::MessageView {
        id: envelope.id.tag(),
        ulid: envelope.id.to_string(),
        team: String::new(),
        at: envelope.at,
        kind: String::new(),
        from: String::new(),
        from_rule: String::new(),
        to: String::new(),
        target: String::new(),
        pair_seq: envelope.pair_seq,
        urgent: envelope.urgent,
        decision: String::new(),
        rule: String::new(),
        reason: String::new(),
        critical: Vec::new(),
        cleaned: Vec::new(),
        state: delivery.state,
        waits: None,
        attempt: delivery.attempt,
        possible_duplicate: false,
        since: delivery.since,
        evidence: String::new(),
        body: String::new(),
        body_file: None,
        read: false,
    }
}
