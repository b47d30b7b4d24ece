//! What is seen of agents' programs while they work: noted with the agent when it is first seen in a launch.

use torch_api::Response;
use torch_core::observed::{Door, Observed};
use torch_core::program::{DeliveryGrade, Signal};
use torch_core::{AgentId, DeliveryState, MessageId, MessageKind, Sender, Timestamp, Write};

use super::send::done;
use super::{State, Turn};
use crate::event::ConnId;

impl State {
    /// Changes what was seen of an agent's program, and keeps it if that was news.
    fn note(&mut self, t: &mut Turn, agent: AgentId, what: impl FnOnce(&mut Observed) -> bool) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        if what(&mut run.agent.observed) {
            let copy = run.agent.clone();
            t.write(Write::PutAgent(Box::new(copy)));
        }
    }

    /// A hook came that means this.
    pub(crate) fn note_hook(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        signal: Signal,
        at: Timestamp,
    ) {
        self.note(t, agent, |seen| seen.hook(signal, at));
    }

    /// The program told its status line something.
    pub(crate) fn note_status_line(&mut self, t: &mut Turn, agent: AgentId, at: Timestamp) {
        self.note(t, agent, |seen| seen.status_line(at));
    }

    /// An agent's request came over this connection: by its shell, unless torch's MCP server said before that it calls.
    pub(crate) fn note_request(&mut self, t: &mut Turn, conn: ConnId, caller: &Sender) {
        if let Sender::Agent { agent, .. } = caller {
            let door = match self.through_mcp.contains(&conn) {
                true => Door::Mcp,
                false => Door::Shell,
            };
            self.note_door(t, *agent, door);
        }
    }

    /// An agent used a door.
    pub(crate) fn note_door(&mut self, t: &mut Turn, agent: AgentId, door: Door) {
        let now = t.now;
        self.note(t, agent, |seen| seen.door(door, now));
    }

    /// torch's MCP server calls: what follows on this connection is a tool's, or its client has listed the tools.
    pub(crate) fn on_through_mcp(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        caller: &Sender,
        listed_by: Option<&str>,
    ) {
        self.through_mcp.insert(conn);
        if let (Sender::Agent { agent, .. }, Some(client)) = (caller, listed_by) {
            let now = t.now;
            self.note(t, *agent, |seen| seen.mcp(client, now));
        }
        t.reply(conn, done("noted"));
    }

    /// Something shows that a program has a message.
    pub(crate) fn note_proof(&mut self, t: &mut Turn, message: MessageId, by: DeliveryGrade) {
        let Some(flight) = self.flights.get(&message) else {
            return;
        };
        let Some(agent) = flight.envelope.recipient.agent() else {
            return;
        };
        // What an earlier program had says nothing of this one.
        let here = self.agents.get(&agent).and_then(|run| run.agent.launch);
        if flight.delivery.launch != here {
            return;
        }
        let is_briefing = flight.envelope.kind == MessageKind::Briefing;
        let now = t.now;
        self.note(t, agent, |seen| seen.proven(by, is_briefing, now));
    }

    /// A briefing came to this state: where that is a doubt, it counts until something proves it.
    pub(crate) fn note_doubt(&mut self, t: &mut Turn, message: MessageId, agent: AgentId) {
        let Some(flight) = self.flights.get(&message) else {
            return;
        };
        let doubted = matches!(
            flight.delivery.state,
            DeliveryState::Uncertain | DeliveryState::Dead
        );
        let here = self.agents.get(&agent).and_then(|run| run.agent.launch);
        if flight.envelope.kind != MessageKind::Briefing
            || !doubted
            || flight.delivery.launch != here
        {
            return;
        }
        let (words, now) = (flight.delivery.evidence.clone(), t.now);
        self.note(t, agent, |seen| seen.briefing_doubted(&words, now));
    }

    /// What was seen of each program.
    pub(crate) fn reply_observed(&self, t: &mut Turn, conn: ConnId) {
        let agents = self.agents.values().map(|run| &run.agent);
        let programs = torch_core::observed::by_program(agents);
        t.reply(conn, Response::Observed { programs });
    }
}
