//! What must hold: rules that are watched all the time, and what the agents' ledgers say at the end.

use std::collections::{BTreeMap, BTreeSet};

use torch_core::{
    AgentId, DeliveryState, DesiredState, Envelope, MessageId, MessageKind, ScheduleState,
};
use torch_daemon::event::Effect;

use crate::agent::{Prompt, tags};
use crate::world::World;

impl World {
    /// While an agent or its team is paused nothing begins to be typed.
    pub(crate) fn check_order_to_type(&mut self, effect: &Effect) {
        let message = match effect {
            Effect::Paste { message, .. } => message,
            Effect::Offer { offer, .. } => &offer.hand_over.message,
            _ => return,
        };
        let (Some(row), Some(delivery)) = (
            self.store.messages.get(message),
            self.store.deliveries.get(message),
        ) else {
            return;
        };
        let begun = !self.pasted.insert((*message, delivery.attempt));
        let agent = row.recipient.agent();
        let agent = agent.and_then(|id| self.store.agents.get(&id));
        let paused = agent.is_some_and(|agent| {
            let team = self.store.teams.get(&agent.team);
            agent.paused || team.is_some_and(|team| team.paused)
        });
        if paused && !begun {
            self.breaks(format!("{} is typed while paused", message.tag()));
        }
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        for agent in self.agents.values() {
            if agent.approved > 0 {
                return Err(format!("{} dialogs were approved", agent.approved));
            }
            if agent.merged_drafts > 0 {
                return Err("a draft was submitted".to_owned());
            }
        }
        self.check_settled()?;
        self.check_rows()?;
        self.check_notes()?;
        self.check_messages()?;
        for (id, agent) in &self.agents {
            self.check_order(*id, &agent.ledger)?;
            self.check_briefed_first(&agent.ledger)?;
        }
        Ok(())
    }

    /// The ends of the server were not counted as the programs' own.
    pub(crate) fn check_uncounted(&self) -> Result<(), String> {
        let counted = self.store.agents.values();
        match counted.filter(|agent| !agent.restarts.is_empty()).count() {
            0 => Ok(()),
            n => Err(format!("{n} agents have restarts counted")),
        }
    }

    fn check_settled(&self) -> Result<(), String> {
        if let Some((conn, name)) = self.clients.waiting().next() {
            return Err(format!("`{name}` of client {} has no answer", conn.0));
        }
        let unsettled = self.store.unsettled();
        if unsettled.is_empty() {
            return Ok(());
        }
        let list: Vec<_> = unsettled
            .iter()
            .map(|(id, state)| format!("{} {state}", id.tag()))
            .collect();
        let agents: Vec<_> = self
            .store
            .agents
            .values()
            .map(|agent| self.seen(agent))
            .collect();
        Err(format!(
            "not settled: {}; {}",
            list.join(", "),
            agents.join("; ")
        ))
    }

    fn seen(&self, agent: &torch_core::Agent) -> String {
        let seen = self.agents.get(&agent.id);
        let seen = seen.map(|seen| (seen.alive, seen.dialog, seen.composer.clone()));
        let (role, state, left) = (&agent.role, agent.state, &agent.left);
        format!(
            "{role} {state} left {left:?} ({}) {seen:?}",
            agent.evidence.detail
        )
    }

    /// What the store says of teams and agents is what is there.
    fn check_rows(&self) -> Result<(), String> {
        for agent in self.store.agents.values() {
            let seen = self.agents.get(&agent.id);
            let lives = seen.is_some_and(|seen| seen.alive && seen.window);
            let wanted = agent.desired == DesiredState::Running;
            let consistent = match wanted {
                true => {
                    let here = seen.map(|seen| (seen.address.pane, seen.address.pid));
                    let known = agent.pane.map(|at| (at.pane, at.pid));
                    lives && agent.state.is_live() && agent.briefed && known == here
                }
                false => !lives && !agent.state.is_live() && agent.pane.is_none(),
            };
            if !consistent {
                let (desired, pane) = (agent.desired, agent.pane);
                let text = self.seen(agent);
                return Err(format!("wanted {desired:?}, at {pane:?}: {text}"));
            }
        }
        Ok(())
    }

    /// Each planned note that was confirmed was said once, or taken back.
    fn check_notes(&self) -> Result<(), String> {
        for (text, note) in &self.clients.notes {
            let rows = self.store.schedules.values();
            let row = rows.into_iter().find(|row| row.id.tag() == note.id);
            let said = self.store.messages.values();
            let said = said.filter(|row| {
                row.kind == MessageKind::Scheduled && row.body.contains(text.as_str())
            });
            let (said, state) = (said.count(), row.map(|row| row.state));
            let right = match state {
                Some(ScheduleState::Fired(_)) => said == 1 && !note.cancelled,
                Some(ScheduleState::Cancelled) => said == 0 && note.cancelled,
                _ => false,
            };
            if !right {
                return Err(format!("{text} was said {said} times and is {state:?}"));
            }
        }
        Ok(())
    }

    /// Each message stands in its recipient's ledger once per try, and as long as it was not ended untyped at least once.
    fn check_messages(&self) -> Result<(), String> {
        let mut stands: BTreeMap<&str, Vec<(AgentId, &Prompt)>> = BTreeMap::new();
        for (id, agent) in &self.agents {
            for prompt in &agent.ledger {
                // A person may submit what a late paste left there twice.
                if prompt.by_torch && prompt.text.matches("[torch ").count() > 1 {
                    return Err(format!("two messages in one prompt: {}", prompt.text));
                }
                let held: BTreeSet<&str> = tags(&prompt.text).collect();
                for tag in held {
                    stands.entry(tag).or_default().push((*id, prompt));
                }
            }
        }
        for (id, row) in &self.store.messages {
            let Some(agent) = row.recipient.agent() else {
                continue;
            };
            let tag = id.tag();
            let prompts = stands.get(tag.as_str()).map_or(&[][..], Vec::as_slice);
            if prompts.iter().any(|(at, _)| *at != agent) {
                return Err(format!("{tag} went to another agent"));
            }
            self.check_once(row, prompts)?;
        }
        Ok(())
    }

    fn check_once(&self, row: &Envelope, prompts: &[(AgentId, &Prompt)]) -> Result<(), String> {
        let tag = row.id.tag();
        let delivery = &self.store.deliveries[&row.id];
        let (state, seen) = (delivery.state, prompts.len());
        for n in 1..=delivery.attempt {
            let same = prompts.iter().map(|(_, p)| times(&p.text, &tag, n));
            if same.sum::<usize>() > 1 {
                return Err(format!("{tag} stands more than once as try={n}"));
            }
        }
        if let Some((_, prompt)) = prompts.iter().find(|(_, prompt)| !prompt.file_there) {
            return Err(format!("its file was not there: {}", prompt.text));
        }
        let given_up = delivery.evidence.contains("given up");
        let lost = match state {
            DeliveryState::Consumed | DeliveryState::Acked | DeliveryState::Accepted => seen == 0,
            DeliveryState::Dead if given_up => delivery.attempt < 3,
            // Ended by a person or with its time: then it was never typed, but for tries before that.
            DeliveryState::Dead | DeliveryState::Expired => seen >= delivery.attempt as usize,
            DeliveryState::Refused | DeliveryState::Recorded => seen > 0,
            _ => true,
        };
        match lost {
            true => {
                let why = &delivery.evidence;
                Err(format!("{tag} is {state} ({why}) and stands {seen} times"))
            }
            false => Ok(()),
        }
    }

    /// First arrivals come in the order in which the messages were accepted, whoever sent them. A briefing goes first, and
    /// what was ended and wanted again has a place of its own.
    fn check_order(&self, agent: AgentId, ledger: &[Prompt]) -> Result<(), String> {
        let mut arrived: BTreeSet<&str> = BTreeSet::new();
        let arrivals = ledger.iter().flat_map(|prompt| tags(&prompt.text));
        let arrivals: Vec<&str> = arrivals.filter(|tag| arrived.insert(tag)).collect();
        let counts = |row: &&Envelope| {
            row.recipient.agent() == Some(agent)
                && !matches!(row.kind, MessageKind::Briefing | MessageKind::Continue)
                && !self.store.revived.contains(&row.id)
        };
        let ids = self.store.order.values();
        let rows = ids
            .filter_map(|id| self.store.messages.get(id))
            .filter(counts);
        let sent: Vec<MessageId> = rows.map(|row| row.id).collect();
        let place: BTreeMap<String, usize> = sent
            .iter()
            .enumerate()
            .map(|(n, id)| (id.tag(), n))
            .collect();
        let places: Vec<usize> = arrivals
            .iter()
            .filter_map(|tag| place.get(*tag).copied())
            .collect();
        match places.is_sorted() {
            true => Ok(()),
            false => Err(format!("out of order: {arrivals:?} came as {places:?}")),
        }
    }

    /// The first message of each launch is its briefing.
    fn check_briefed_first(&self, ledger: &[Prompt]) -> Result<(), String> {
        let mut briefed = BTreeSet::new();
        for prompt in ledger {
            for tag in tags(&prompt.text) {
                let mut rows = self.store.messages.values();
                let row = rows.find(|row| row.id.tag() == tag);
                let kind = row.map(|row| row.kind);
                if kind == Some(MessageKind::Briefing) {
                    briefed.insert(prompt.launch);
                } else if !briefed.contains(&prompt.launch) {
                    return Err(format!("before the briefing: {}", prompt.text));
                }
            }
        }
        Ok(())
    }
}

/// How often a prompt holds a message as its `n`th try.
fn times(text: &str, tag: &str, n: u32) -> usize {
    let (front, mark) = (format!("{tag} "), format!(" try={n}"));
    let openings = text.split("[torch ").skip(1);
    let openings = openings.filter_map(|part| part.split_once(']'));
    let same =
        openings.filter(|(opening, _)| opening.starts_with(&front) && opening.ends_with(&mark));
    same.count()
}
