//! Orders about the file of one message.

use std::time::Duration;

use torch_core::message::{Decision, Verdict};
use torch_core::{
    Agent, Delivery, Envelope, LaunchId, PaneAddress, PaneId, Recipient, RoleName, Sender,
    SessionId, TeamId, WindowId,
};

use super::*;
use crate::event::Event;
use crate::state::Snapshot;
use crate::state::fixture::{settings, team};

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const TTL: Duration = Duration::from_secs(60);

fn developer() -> Agent {
    let role = RoleName::parse("developer").expect("a role");
    let id = AgentId::new(1, 1);
    Agent {
        worktree: "/w".into(),
        worktree_ready: true,
        briefed: true,
        state: AgentState::Working,
        launch: Some(LaunchId::new(1, 1)),
        pane: Some(PaneAddress {
            session: SessionId(1),
            window: WindowId(1),
            pane: PaneId(1),
            pid: 100,
        }),
        ..Agent::new(id, TeamId::new(1, 1), role, "demo", NOW)
    }
}

/// An urgent message that another daemon had laid ready; it expires after [`TTL`].
fn offered(to: &Agent) -> (Envelope, Delivery) {
    let id = MessageId::new(NOW.0, 1);
    let envelope = Envelope {
        id,
        team: to.team,
        at: NOW,
        kind: MessageKind::Message,
        sender: Sender::Human,
        sender_rule: String::new(),
        recipient: Recipient::Agent {
            agent: to.id,
            role: to.role.clone(),
        },
        target: String::new(),
        pair_seq: 1,
        body: "stop".to_owned(),
        original: None,
        cleaned: Vec::new(),
        verdict: Verdict {
            decision: Decision::Deliver,
            rule: String::new(),
            reason: String::new(),
        },
        critical: Vec::new(),
        key: None,
        expires: Some(NOW.after(TTL)),
        inline: false,
        urgent: true,
        body_file: None,
        cause: None,
    };
    let delivery = Delivery {
        message: id,
        state: DeliveryState::Offered,
        reason: None,
        attempt: 1,
        possible_duplicate: false,
        launch: to.launch,
        since: NOW,
        evidence: String::new(),
    };
    (envelope, delivery)
}

fn state() -> (State, MessageId) {
    let agent = developer();
    let open = offered(&agent);
    let message = open.0.id;
    let settings = settings(NOW);
    let snapshot = Snapshot {
        agents: vec![agent],
        open: vec![open],
        ..Snapshot::default()
    };
    (State::new(settings, snapshot, NOW).0, message)
}

fn withdrawn(effects: &[Effect]) -> bool {
    let back = |effect: &Effect| matches!(effect, Effect::Withdraw(_));
    effects.iter().any(back)
}

#[test]
fn what_is_being_laid_is_taken_back_when_it_lies_there() {
    let (mut state, message) = state();
    let agent = developer().id;
    let mut turn = Turn {
        now: NOW,
        cause: "test".to_owned(),
        effects: Vec::new(),
    };
    state.push_offer(&mut turn, agent, message);
    assert!(matches!(turn.effects[..], [Effect::Offer { .. }]));
    let late = NOW.after(TTL);
    let effects = state.handle(late, Event::Timer(TimerKey::Expiry(message)));
    assert!(!withdrawn(&effects), "it is being laid: {effects:?}");
    assert!(state.flights[&message].is_offered());
    let result = Ok(());
    let effects = state.handle(late, Event::Offered { message, result });
    assert!(withdrawn(&effects), "{effects:?}");
    let withdrawal = Withdrawal::Withdrawn;
    let event = Event::Withdrawn {
        message,
        withdrawal,
    };
    state.handle(late, event);
    assert!(!state.flights.contains_key(&message), "expired");
}

#[test]
fn nothing_is_handed_over_while_a_briefing_takes_the_place_of_an_older_one() {
    let (agent, now) = (developer(), NOW);
    let (mut first, mut queued) = offered(&agent);
    first.id = MessageId::new(NOW.0, 2);
    first.kind = MessageKind::Briefing;
    (first.urgent, first.expires) = (false, None);
    queued.message = first.id;
    queued.state = DeliveryState::Queued;
    let (message, mut waits) = offered(&agent);
    waits.state = DeliveryState::Queued;
    let agent = Agent {
        briefed: false,
        briefing: Some(first.id),
        ..agent
    };
    let snapshot = Snapshot {
        teams: vec![team(1, "/repo/.git")],
        open: vec![(first.clone(), queued), (message.clone(), waits)],
        agents: vec![agent.clone()],
        ..Snapshot::default()
    };
    let mut state = State::new(settings(now), snapshot, now).0;
    let run = state.agents.get_mut(&agent.id).expect("the developer");
    run.agent.state = AgentState::Working;
    let mut turn = Turn {
        now,
        cause: "test".to_owned(),
        effects: Vec::new(),
    };
    state.send_briefing(&mut turn, agent.id, None);
    assert!(!state.flights.contains_key(&first.id), "replaced");
    assert!(
        !state.flights[&message.id].is_offered(),
        "{:?}",
        turn.effects
    );
    let run = &state.agents[&agent.id];
    assert_eq!(run.agent.briefing, run.queue.front().copied());
}
