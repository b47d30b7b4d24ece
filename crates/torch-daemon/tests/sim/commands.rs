//! Commands of people and of agents at any time, and what a person does at the end.

use std::collections::BTreeMap;
use std::time::Duration;

use torch_api::Request;
use torch_api::roster::{AgentAct, AgentRequest, ResumeRequest};
use torch_api::wire::{Body, ScheduleRequest};
use torch_core::credit::HoldPhase;
use torch_core::{AgentId, DeliveryState, DesiredState};
use torch_daemon::event::ConnId;

use crate::clients::{send, team};
use crate::world::World;

/// How many messages people and agents send in one run.
const MESSAGES: usize = 12;

impl World {
    /// Raises the team, undisturbed.
    pub(crate) fn raise(&mut self) {
        self.tmux_up();
        let conn = self.auto();
        self.run_until(|world| world.clients.answer(conn).is_some(), 60);
    }

    /// Messages are sent while everything that can happen happens.
    pub(crate) fn play(&mut self) {
        self.calm = false;
        for n in 0..MESSAGES {
            self.say(n);
            // Often in the same millisecond, so that nothing but the order of acceptance tells them apart.
            let pause = if self.random.bool() {
                0
            } else {
                self.random.u64(0..3_000)
            };
            self.run_for(Duration::from_millis(pause));
        }
        self.run_for(Duration::from_secs(30));
    }

    /// Somebody sends a message.
    pub(crate) fn say(&mut self, n: usize) {
        let role = self.roles[self.random.usize(..self.roles.len())].clone();
        let mut request = send(&role, format!("note {n} for {role}"));
        request.urgent = n.is_multiple_of(3);
        match self.random.u32(..10) {
            0 => request.body = Body::Text(format!("note {n} for {role} {}", "long ".repeat(200))),
            1 => request.body = Body::Text(format!("note {n} for {role}\nURGENT: it is blocked")),
            2 if self.faults.commands => request.ttl_seconds = Some(20),
            3 => {
                request.wait = Some(DeliveryState::Consumed);
                request.wait_millis = self.random.u64(10..20_000);
            }
            _ => {}
        }
        let alive = self.agents.values().filter(|a| a.alive && a.window);
        let alive: Vec<_> = alive.map(|agent| agent.id).collect();
        let by_agent = self.random.u32(..4) == 0 && !alive.is_empty();
        if by_agent {
            let agent = alive[self.random.usize(..alive.len())];
            self.ask_as(Some(agent), Request::Send(Box::new(request)));
        } else {
            let key = self.random.bool();
            request.key = key.then(|| format!("key {n}"));
            self.ask(Request::Send(Box::new(request)));
        }
    }

    /// A command, any one.
    pub(crate) fn command(&mut self) {
        let roll = self.random.u32(..100);
        let role = self.roles[self.random.usize(..self.roles.len())].clone();
        let one = self.random.bool();
        let act = |act: AgentAct| Request::Agent(Box::new(agent_request(act)));
        match roll {
            0..12 => self.pause(one.then_some(role), true),
            12..30 => self.pause(one.then_some(role), false),
            30..34 => drop(self.ask(Request::Stop { team: team() })),
            34..42 => drop(self.resume(one)),
            42..44 => drop(self.auto()),
            44..48 => drop(self.ask(act(AgentAct::End { role }))),
            48..54 => self.add(role),
            54..58 => self.restart(role),
            58..61 => self.temp(),
            61..64 => self.complete(),
            64..72 => self.retry(),
            72..78 => self.cancel(),
            78..84 => self.plan(&role),
            84..87 => self.take_back(),
            87..90 => self.await_turn(),
            90..93 => self.acknowledge(),
            93..96 => self.leave(),
            96..98 => drop(self.ask(Request::Status { team: None })),
            _ => drop(self.ask(Request::Why { team: team(), role })),
        }
    }

    fn pause(&mut self, role: Option<String>, paused: bool) {
        let team = team();
        self.ask(Request::Pause { team, role, paused });
    }

    pub(crate) fn resume(&mut self, rebrief_all: bool) -> ConnId {
        self.begin_anew();
        self.ask(Request::Resume(Box::new(ResumeRequest {
            secrets: BTreeMap::new(),
            team: team(),
            status_only: false,
            rebrief_all,
            add_roles: Vec::new(),
            role_files: BTreeMap::new(),
        })))
    }

    pub(crate) fn add(&mut self, role: String) {
        self.begin_anew();
        let (program, session) = (None, None);
        let act = AgentAct::Add {
            role,
            program,
            session,
        };
        self.ask(Request::Agent(Box::new(agent_request(act))));
    }

    fn restart(&mut self, role: String) {
        self.begin_anew();
        let act = AgentAct::Restart { role };
        self.ask(Request::Agent(Box::new(agent_request(act))));
    }

    pub(crate) fn temp(&mut self) {
        self.temp_named("probe");
    }

    pub(crate) fn temp_named(&mut self, purpose: &str) {
        self.begin_anew();
        let act = AgentAct::Temp {
            purpose: purpose.to_owned(),
            task: "look".into(),
            program: None,
        };
        self.ask(Request::Agent(Box::new(agent_request(act))));
    }

    /// A temporary agent reports that it is done.
    fn complete(&mut self) {
        let temp = self
            .store
            .agents
            .values()
            .find(|agent| agent.task.is_some());
        let temp = temp.map(|agent| agent.id);
        let alive = |id| self.agents.get(&id).is_some_and(|agent| agent.alive);
        if let Some(id) = temp.filter(|id| alive(*id)) {
            let text = "looked".to_owned();
            self.ask_as(Some(id), Request::Complete { text });
        }
    }

    fn any_message(&mut self) -> Option<torch_core::MessageId> {
        let ids = &self.store.order;
        let nth = self.random.usize(..ids.len().max(1));
        ids.values().nth(nth).copied()
    }

    fn retry(&mut self) {
        if let Some(id) = self.any_message() {
            self.ask(Request::Retry { id: id.tag() });
        }
    }

    fn cancel(&mut self) {
        if let Some(id) = self.any_message() {
            self.ask(Request::CancelMessage { id: id.tag() });
        }
    }

    fn acknowledge(&mut self) {
        let Some(id) = self.any_message() else { return };
        let agent = self.store.messages[&id].recipient.agent();
        let alive = |id: &_| self.agents.get(id).is_some_and(|agent| agent.alive);
        // What it has, or, guessed, what it can't have.
        let tag = id.tag();
        let has = |id: &_| self.agents[id].ledger.iter().any(|p| p.text.contains(&tag));
        let delivery = self.store.deliveries.get(&id);
        let waits = delivery.is_some_and(|row| {
            let early = matches!(row.state, DeliveryState::Queued | DeliveryState::Deferred);
            row.attempt == 1 && early
        });
        if let Some(agent) = agent.filter(|agent| alive(agent) && (has(agent) || waits)) {
            self.ask_as(Some(agent), Request::Ack { id: id.tag() });
        }
    }

    fn plan(&mut self, role: &str) {
        let n = self.clients.notes.len();
        let after_millis = self.random.u64(1_000..40_000);
        let note = format!("planned {n}.{after_millis}.");
        self.ask(Request::Schedule(Box::new(ScheduleRequest {
            after_millis,
            note: Body::Text(note),
            target: Some(role.to_owned()),
            cwd: "/project".into(),
            check_millis: None,
            cron: None,
            zone: None,
        })));
    }

    fn take_back(&mut self) {
        let nth = self.random.usize(..self.clients.notes.len().max(1));
        let Some(note) = self.clients.notes.values().nth(nth).cloned() else {
            return;
        };
        let before = self.life;
        let conn = self.ask(Request::CancelSchedule {
            id: note.id.clone(),
        });
        let done = matches!(
            self.clients.answer(conn),
            Some(torch_api::Response::Done { .. })
        );
        let row = self
            .note_row(&note.id)
            .map(|id| self.store.schedules[&id].state);
        // Over a daemon that died the row tells.
        let died = self.life != before && row == Some(torch_core::ScheduleState::Cancelled);
        if done || died {
            let notes = self.clients.notes.values_mut();
            notes
                .filter(|kept| kept.id == note.id)
                .for_each(|kept| kept.cancelled = true);
        }
    }

    fn await_turn(&mut self) {
        if let Some(id) = self.any_message() {
            let wait_millis = self.random.u64(100..30_000);
            let id = id.tag();
            self.ask(Request::AwaitTurn { id, wait_millis });
        }
    }

    /// A client's terminal is closed.
    fn leave(&mut self) {
        let first = self.clients.waiting().next();
        if let Some((conn, _)) = first {
            self.give_up(conn);
        }
    }

    /// Lets everything come to rest: dialogs answered, drafts gone, what is stopped or given up brought back.
    pub(crate) fn settle(&mut self) {
        self.calm = true;
        for round in 0..12 {
            self.tidy(round);
            self.run_for(Duration::from_secs(60));
            if self.broken.is_some() || (round > 0 && self.is_settled()) {
                return;
            }
            self.bring_back();
            self.run_for(Duration::from_secs(20));
        }
    }

    /// The windows as a person leaves them.
    pub(crate) fn leave_idle(&mut self) {
        self.tidy(0);
    }

    /// A person goes from window to window.
    fn tidy(&mut self, round: u32) {
        let now = self.now;
        for agent in self.agents.values_mut() {
            agent.dialog = false;
            agent.in_mode = false;
            agent.hangs = false;
            if agent.alive && !agent.ready {
                agent.get_ready(now);
            }
            if let Some(draft) = agent.draft.take() {
                agent.composer = agent.composer.replace(&draft, "");
            }
            // A person clears what is left of a paste that something came into, and what a notice says.
            let foreign = !agent.composer.starts_with("[torch m-");
            if agent.alive && !agent.in_turn() && (foreign || round > 0) {
                agent.composer.clear();
            }
        }
        if round > 2 {
            // What does not move is tried again by hand.
            for (id, _) in self.store.unsettled() {
                self.ask(Request::Retry { id: id.tag() });
            }
        }
    }

    fn is_settled(&self) -> bool {
        let well = |agent: &torch_core::Agent| {
            agent.desired == DesiredState::Stopped || (agent.briefed && agent.left.is_none())
        };
        self.store.unsettled().is_empty()
            && self.store.agents.values().all(well)
            && self.clients.waiting().next().is_none()
            && !self.store.schedules.values().any(|row| row.is_pending())
    }

    /// Whether an agent's own limit is in force still.
    fn is_limited(&self, agent: AgentId) -> bool {
        let limit = self.agents.get(&agent).and_then(|agent| agent.limit);
        limit.is_some_and(|(until, _)| self.now < until)
    }

    /// What only a person can bring back.
    fn bring_back(&mut self) {
        if self.store.teams.values().any(|team| team.paused) {
            self.pause(None, false);
        }
        let agents: Vec<_> = self.store.agents.values().cloned().collect();
        let stopped = |row: &torch_core::Team| row.desired == DesiredState::Stopped;
        let lost = agents.iter().any(|agent| agent.left.is_some());
        if lost || self.store.teams.values().any(stopped) {
            self.resume(false);
            self.run_for(Duration::from_secs(20));
        }
        let unsettled = self.store.unsettled();
        for agent in agents {
            // The wall clock was set after the limit told its reset, and nobody saw it: a person who knows better says so.
            let waits = agent.credit.hold.as_ref();
            let waits = waits.is_some_and(|hold| hold.phase == HoldPhase::Waiting);
            if waits && !self.is_limited(agent.id) {
                self.ask(Request::Wake {
                    team: team(),
                    role: Some(agent.role.to_string()),
                });
            }
            if agent.paused {
                self.pause(Some(agent.role.to_string()), false);
            }
            let to = |id| self.store.messages[&id].recipient.agent();
            let awaited = unsettled.iter().any(|(id, _)| to(*id) == Some(agent.id));
            match agent.desired {
                DesiredState::Running => {}
                DesiredState::Stopped if agent.task.is_none() => self.add(agent.role.to_string()),
                DesiredState::Stopped if awaited => self.temp(),
                DesiredState::Stopped => {}
            }
        }
    }
}

pub(crate) fn agent_request(act: AgentAct) -> AgentRequest {
    AgentRequest {
        secrets: BTreeMap::new(),
        team: team(),
        act,
        role_files: BTreeMap::new(),
        env: std::collections::BTreeMap::new(),
    }
}
