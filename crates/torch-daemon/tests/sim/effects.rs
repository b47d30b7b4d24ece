//! What the daemon's effects do in the simulated world.

use torch_core::MessageId;
use torch_daemon::event::{
    AddedWorktree, Effect, Event, OpenFailure, OpenIn, OpenWindow, PaneFact, ProbeFact,
    ProjectFacts, SpecFacts, TypingGuard, WorkFacts,
};
use torch_router::delivery::Outcome;

use crate::agent::SimAgent;
use crate::world::World;

impl World {
    fn guarded(&mut self, guard: TypingGuard) -> Option<&mut SimAgent> {
        let found = |a: &&mut SimAgent| {
            a.window
                && a.alive
                && a.address.pane == guard.pane
                && a.address.pid == guard.pid
                && a.launch == guard.launch
        };
        self.agents.values_mut().find(found)
    }

    /// An effect happens in the world; `alive` says whether anybody waits for its outcome.
    pub(crate) fn act(&mut self, effect: Effect, alive: bool) {
        match effect {
            Effect::Inspect { conn, request } => {
                let project = ProjectFacts {
                    root: "/project".into(),
                    common_dir: "/project/.git".into(),
                    branch: Some("main".into()),
                    head: "0".repeat(40),
                    worktree_bytes: 1,
                    sessions: Vec::new(),
                };
                let spec = SpecFacts {
                    path: "/project/spec.md".into(),
                    text: "- one".into(),
                    sha256: String::new(),
                };
                self.answer(Event::Inspected {
                    conn,
                    request,
                    result: Ok((project, spec)),
                });
            }
            Effect::AddWorktree {
                agent, path, role, ..
            } => {
                let added = AddedWorktree {
                    path,
                    branch: Some(format!("main-{role}")),
                    rung: "new branch".into(),
                    created: true,
                };
                self.answer(Event::WorktreeAdded {
                    agent,
                    result: Ok(added),
                });
            }
            Effect::Open(order) if alive => self.open(*order),
            // An order that was never carried out opens nothing.
            Effect::Open(_) => {}
            Effect::LookAtWork { agent, launch, .. } => {
                self.answer(Event::WorkSeen {
                    agent,
                    launch,
                    work: Some(Box::new(work())),
                });
            }
            Effect::StartServer => self.start_server(),
            Effect::Close { agent, .. } => {
                if let Some(agent) = self.agents.get_mut(&agent) {
                    agent.alive = false;
                    agent.window = false;
                }
                self.answer(Event::Closed {
                    agent,
                    result: Ok(()),
                    log: None,
                });
            }
            Effect::ListPanes { .. }
            | Effect::Probe { .. }
            | Effect::Paste { .. }
            | Effect::Press { .. }
            | Effect::ReadTranscript { .. } => self.at_the_panes(effect),
            Effect::ReadLastLines { agent, failed, .. } => {
                self.answer(Event::LastLines {
                    agent,
                    failed,
                    lines: Some("the end".to_owned()),
                });
            }
            Effect::WatchSpool { .. }
            | Effect::UndoWorktree { .. }
            | Effect::EndIdleServer
            | Effect::DropDeadPane { .. }
            | Effect::ForgetAgent(_) => {}
            other => panic!("an effect that the world does not know: {other:?}"),
        }
    }

    fn open(&mut self, order: OpenWindow) {
        let (id, launch) = (order.agent, order.spec.launch);
        if !self.server {
            return self.answer(Event::Opened {
                agent: id,
                launch,
                result: Err(OpenFailure {
                    error: "there is no server".into(),
                    no_directory: false,
                }),
            });
        }
        self.opened += 1;
        let mut agent = SimAgent::new(id, launch, self.opened);
        agent.read_in = self.life;
        if let Some(before) = self.agents.remove(&id) {
            if before.window && !matches!(order.open_in, OpenIn::Pane(_)) {
                self.note(&format!("{} has two windows", id.short()));
                self.doubled.push(id);
            }
            agent.ledger = before.ledger;
            agent.approved = before.approved;
            agent.merged_drafts = before.merged_drafts;
            agent.transcript = before.transcript;
        }
        agent.start(self.now);
        if let OpenIn::Pane(at) = order.open_in {
            (agent.address.pane, agent.address.window) = (at.pane, at.window);
        }
        let address = agent.address;
        self.agents.insert(id, agent);
        self.answer(Event::Opened {
            agent: id,
            launch,
            result: Ok(address),
        });
    }

    /// What tmux and the transcripts answer.
    fn at_the_panes(&mut self, effect: Effect) {
        match effect {
            Effect::ListPanes { listing } => {
                let panes = self
                    .agents
                    .values()
                    .filter(|a| a.window)
                    .map(pane_fact)
                    .collect();
                self.answer(Event::Panes { listing, panes });
            }
            Effect::Probe { agent, purpose, .. } => {
                let seen = self.agents.get(&agent).filter(|agent| agent.window);
                let fact = ProbeFact {
                    pane: seen.map(pane_fact),
                    screen: seen.map(SimAgent::screen).unwrap_or_default(),
                    process_alive: seen.is_some_and(|agent| agent.alive),
                };
                self.answer(Event::Probed {
                    agent,
                    purpose,
                    result: Ok(Box::new(fact)),
                });
            }
            Effect::Paste {
                message,
                guard,
                text,
                ..
            } => {
                let outcome = match self.guarded(guard) {
                    Some(agent) => {
                        agent.paste(&text);
                        Outcome::Applied
                    }
                    None => Outcome::Refused,
                };
                self.note(&format!("{} paste {outcome:?}", message.tag()));
                self.answer(Event::Pasted {
                    message,
                    result: Ok(outcome),
                });
            }
            Effect::Press {
                message,
                guard,
                line_end,
                ..
            } => self.press(message, guard, line_end),
            Effect::ReadTranscript { message, path } => {
                let needle = format!("[torch {} ", message.tag());
                let found = self
                    .agents
                    .values()
                    .filter(|agent| path.ends_with(agent.id.to_string()))
                    .any(|agent| agent.transcript.iter().any(|text| text.contains(&needle)));
                self.answer(Event::Transcript { message, found });
            }
            _ => {}
        }
    }

    fn press(&mut self, message: MessageId, guard: TypingGuard, line_end: Option<String>) {
        let (now, turn) = (self.now, self.random.u64(5..400));
        let dies = self.faults.crashes && !self.calm && self.random.u32(..100) < 2;
        let outcome = match self.guarded(guard) {
            Some(agent) => {
                let screen = String::from_utf8_lossy(&agent.screen()).into_owned();
                if line_end.is_none_or(|end| screen.lines().any(|line| line.ends_with(&end))) {
                    // A mode would eat the key, so tmux leaves it first, in the same breath.
                    agent.in_mode = false;
                    agent.enter(now, turn, dies);
                    Outcome::Applied
                } else {
                    Outcome::Refused
                }
            }
            None => Outcome::Refused,
        };
        self.note(&format!("{} enter {outcome:?}", message.tag()));
        self.answer(Event::Pressed {
            message,
            result: Ok(outcome),
        });
    }
}

fn work() -> WorkFacts {
    WorkFacts {
        head: "0".repeat(40),
        branch: Some("main".into()),
        ahead: 1,
        commits: vec!["00000000 one".into()],
        dirty: false,
        checkpoints: Vec::new(),
    }
}

fn pane_fact(agent: &SimAgent) -> PaneFact {
    PaneFact {
        address: agent.address,
        session_name: "project".into(),
        window_index: 0,
        pane_index: 0,
        dead: false,
        in_mode: agent.in_mode,
        no_input: false,
        attached: 1,
        live: agent.alive.then_some(agent.launch),
        agent: Some(agent.id),
        is_shell: false,
        window_name: String::new(),
        input: torch_core::Timestamp(0),
    }
}

pub(crate) fn sent_view(
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
