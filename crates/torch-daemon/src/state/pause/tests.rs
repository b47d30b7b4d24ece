//! What is shown of a hub that has used up its turns of the hour.

use std::time::Duration;

use torch_api::wire::ScheduleRequest;
use torch_api::{Body, Request, Response};
use torch_core::check_in::{SkipReason, Skipped};
use torch_core::{Agent, AgentState, RoleName, Sender};

use super::*;
use crate::event::{Effect, Event, Query};
use crate::state::Snapshot;
use crate::state::fixture::{settings, team};

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const CONN: ConnId = ConnId(1);
const MINUTE: Duration = Duration::from_secs(60);

fn hub() -> AgentId {
    AgentId::new(1, 7)
}

/// A team with a hub alone, which may have three turns an hour and had one 50, 40 and 30 minutes ago, and one long before.
fn state() -> State {
    let mut settings = settings(NOW);
    settings.config.limits.turns_per_hour = 3;
    let team = team(1, "/p1/.git");
    let role = RoleName::parse("orchestrator").expect("a role");
    let agent = Agent {
        state: AgentState::Idle,
        briefed: true,
        worktree: "/w".into(),
        turns: [300, 50, 40, 30]
            .map(|minutes| NOW.moved(-60_000 * minutes))
            .to_vec(),
        ..Agent::new(hub(), team.id, role, "demo", NOW)
    };
    let snapshot = Snapshot {
        teams: vec![team],
        agents: vec![agent],
        ..Snapshot::default()
    };
    State::new(settings, snapshot, NOW).0
}

fn ask(state: &mut State, now: Timestamp, request: Request) -> Vec<Effect> {
    let mut turn = Turn {
        now,
        cause: "test".to_owned(),
        effects: Vec::new(),
    };
    let caller = (Sender::Human, "identity.test");
    state.take_request(&mut turn, CONN, caller, request, None);
    turn.effects
}

fn why(state: &mut State, now: Timestamp) -> String {
    let request = Request::Why {
        team: TeamSelector {
            name: Some("team1".to_owned()),
            cwd: "/".into(),
        },
        role: "orchestrator".to_owned(),
    };
    let told = ask(state, now, request)
        .into_iter()
        .find_map(|effect| match effect {
            Effect::Answer {
                query: Query::Why { waits_for, .. },
                ..
            } => Some(waits_for),
            _ => None,
        });
    told.expect("it is told").join("\n")
}

fn plan(state: &mut State, seconds: u64) {
    let request = ScheduleRequest {
        note: Body::Text("look at it".to_owned()),
        after_millis: seconds * 1_000,
        target: Some("team1:orchestrator".to_owned()),
        cwd: "/".into(),
        check_millis: None,
        cron: None,
        zone: None,
    };
    ask(state, NOW, Request::Schedule(Box::new(request)));
}

fn notes(state: &mut State, now: Timestamp) -> Vec<Option<String>> {
    let effects = ask(state, now, Request::Schedules { team: None });
    let told = effects.into_iter().find_map(|effect| match effect {
        Effect::Reply {
            response: Response::Schedules { schedules, .. },
            ..
        } => Some(schedules),
        _ => None,
    });
    let told = told.expect("they are told").into_iter();
    told.map(|row| row.held).collect()
}

#[test]
fn a_hub_without_turns_is_shown_as_one_until_its_hour_is_over() {
    let mut state = state();
    let id = *state.teams.keys().next().expect("a team");
    let until = NOW.after(10 * MINUTE);
    let seen = state.team_view(id, NOW).agents.remove(0).capped;
    let wanted = CappedView {
        turns_per_hour: 3,
        until,
    };
    assert_eq!(seen, Some(wanted));
    let said = why(&mut state, NOW);
    assert!(
        said.contains("takes messages again at 08:10 (UTC)"),
        "{said}"
    );
    assert!(said.contains("limits.turns_per_hour"), "{said}");
    assert!(said.contains("torch config"), "{said}");
    assert!(!said.contains("nothing: it takes messages"), "{said}");
    // Ten minutes later the oldest of the three is an hour ago.
    assert_eq!(state.team_view(id, until).agents[0].capped, None);
    let said = why(&mut state, until);
    assert!(said.contains("nothing: it takes messages"), "{said}");
    assert!(!said.contains("limits.turns_per_hour"), "{said}");
}

#[test]
fn a_note_says_that_it_will_wait_where_it_will() {
    let mut state = state();
    plan(&mut state, 300);
    plan(&mut state, 1_200);
    let held = notes(&mut state, NOW);
    let words = held[0]
        .as_deref()
        .expect("the first is due before the hour is over");
    assert!(words.contains("limits.turns_per_hour"), "{words}");
    assert!(words.contains("until 08:10 (UTC)"), "{words}");
    assert_eq!(held[1], None, "the second is due when there is room again");
    let id = *state.teams.keys().next().expect("a team");
    let next = state.team_view(id, NOW).next_scheduled.expect("a note");
    assert_eq!(next.held, held[0]);
    assert_eq!(notes(&mut state, NOW.after(10 * MINUTE)), [None, None]);
    // A pause has no end that is known: all wait.
    state.agents.get_mut(&hub()).expect("the hub").agent.paused = true;
    let held = notes(&mut state, NOW);
    assert_eq!(held, [Some(PAUSED.to_owned()), Some(PAUSED.to_owned())]);
}

#[test]
fn a_check_in_is_not_said_to_who_has_no_turns_left() {
    let mut state = state();
    state.handle(NOW, Event::Timer(TimerKey::CheckIn(hub())));
    let skipped = Skipped {
        at: NOW,
        why: SkipReason::Capped,
    };
    let row = &state.agents[&hub()].agent.check_ins;
    assert_eq!(row.skipped, Some(skipped));
}
