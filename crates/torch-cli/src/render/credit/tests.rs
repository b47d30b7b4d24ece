//! What people read of usage limits, in each state.

use jiff::tz::TimeZone;
use serde_json::json;
use torch_core::{AgentState, Timestamp};

use super::*;

const NOW: Timestamp = Timestamp(1_795_269_720_000);

fn agent(role: &str, state: CreditState) -> AgentCreditView {
    AgentCreditView {
        team: "app".to_owned(),
        role: role.to_owned(),
        program: "claude".to_owned(),
        account: "claude /home/u/.claude".to_owned(),
        agent_state: AgentState::Idle,
        state,
        limits: Vec::new(),
        held: None,
        held_with_account: None,
        waiting: 0,
        last_reset: None,
        last_wake: None,
        next_reset: None,
        next_reset_from: None,
        history: Vec::new(),
    }
}

fn held(reset: Timestamp) -> HeldView {
    HeldView {
        limit: "five_hour".to_owned(),
        since: NOW.moved(-120_000),
        said: "You've hit your 5-hour limit · resets 4:02pm (Europe/London)".to_owned(),
        source: "hook".to_owned(),
        resets_at: Some(reset),
        reset_from: Some("transcript".to_owned()),
        estimate: false,
        zone: Some("Europe/London".to_owned()),
        zone_assumed: false,
        needs_person: false,
        interrupted: true,
        automatic: true,
        hits: 1,
        wake_at: Some(reset.moved(300_000)),
        text: "limited until 16:02 (Europe/London)".to_owned(),
    }
}

fn view() -> CreditView {
    let reset = NOW.moved(7_200_000);
    let share = ShareView {
        limit: "five_hour".to_owned(),
        used_percent: 100,
        told: NOW.moved(-60_000),
        resets_at: Some(reset),
        over: false,
        approaching: true,
    };
    let over = ShareView {
        limit: "weekly".to_owned(),
        used_percent: 40,
        resets_at: Some(NOW.moved(-1_000)),
        over: true,
        approaching: false,
        ..share.clone()
    };
    let held = held(reset);
    let entry = JournalView {
        seq: 1,
        at: NOW.moved(-120_000),
        kind: "credit.limited".to_owned(),
        cause: "hook StopFailure".to_owned(),
        data: json!({"kind": "five_hour", "words": "You've hit your 5-hour limit"}),
    };
    let developer = AgentCreditView {
        held: Some(held),
        waiting: 2,
        next_reset: Some(reset),
        next_reset_from: Some("transcript".to_owned()),
        last_wake: Some(NOW.moved(-90_000_000)),
        history: vec![entry],
        ..agent("developer", CreditState::Exhausted)
    };
    let estimated = AgentCreditView {
        next_reset: Some(NOW.moved(3_000_000)),
        next_reset_from: Some("estimate".to_owned()),
        ..agent("tester", CreditState::Unknown)
    };
    let account = |name: &str, state, limits| AccountView {
        account: name.to_owned(),
        program: "claude".to_owned(),
        agents: vec!["app:developer".to_owned()],
        state,
        next_reset: Some(reset),
        limits,
    };
    CreditView {
        accounts: vec![
            account(
                "claude /home/u/.claude",
                CreditState::Exhausted,
                vec![share, over],
            ),
            account("demo", CreditState::Unknown, Vec::new()),
        ],
        agents: vec![
            developer,
            estimated,
            AgentCreditView {
                account: "demo".to_owned(),
                ..agent("orchestrator", CreditState::Unknown)
            },
        ],
    }
}

fn text(view: &CreditView, width: Option<usize>) -> String {
    let clock = Clock {
        now: NOW,
        zone: TimeZone::UTC,
    };
    anstream::adapter::strip_str(&credit(view, &clock, width)).to_string()
}

#[test]
fn credit_is_shown_by_account() {
    insta::assert_snapshot!(text(&view(), None));
    let none = CreditView {
        accounts: Vec::new(),
        agents: Vec::new(),
    };
    assert_eq!(text(&none, None), "no agents\n");
}

/// What stands below an agent whose limit was hit, in one state after the other.
#[test]
fn what_comes_next_is_true_in_each_state() {
    let said = |change: &dyn Fn(&mut AgentCreditView, &mut HeldView)| {
        let mut developer = agent("developer", CreditState::Exhausted);
        let mut held = held(NOW.moved(7_200_000));
        held.automatic = false;
        change(&mut developer, &mut held);
        let clock = Clock {
            now: NOW,
            zone: TimeZone::UTC,
        };
        plan(&developer, &held, &clock)
    };
    assert_eq!(said(&|_, _| {}), "torch lets it try again in 2 h");
    assert_eq!(
        said(&|_, held| held.automatic = true),
        "it goes on by itself, as it said; if not, torch lets it try again in 2 h"
    );
    // A time that has come is not one that was.
    assert_eq!(
        said(&|_, held| held.wake_at = Some(NOW.moved(-60_000))),
        "torch lets it try again now"
    );
    assert_eq!(
        said(&|_, held| held.needs_person = true),
        "a person has to act, and then: torch credit wake developer --team app"
    );
    assert!(
        said(&|agent, _| agent.state = CreditState::Waking).starts_with("it was let try again")
    );
    assert!(said(&|_, held| held.wake_at = None).contains("torch daemon start"));
    // Nobody wakes a program that does not run, whatever the clock says.
    for state in [AgentState::Stopped, AgentState::Crashed, AgentState::Failed] {
        let words = said(&|agent, _| agent.agent_state = state);
        let begins = format!("its program does not run ({state}), so nothing is sent to it; ");
        assert!(words.starts_with(&begins), "{words}");
    }
}

#[test]
fn an_estimate_is_called_one_and_what_nobody_told_is_none() {
    let clock = Clock {
        now: NOW,
        zone: TimeZone::UTC,
    };
    let mut one = agent("tester", CreditState::Unknown);
    assert_eq!(next_reset(&one, &clock), "-");
    one.next_reset = Some(NOW.moved(3_000_000));
    one.next_reset_from = Some("estimate".to_owned());
    assert_eq!(next_reset(&one, &clock), "-", "nobody told of a limit");
    one.state = CreditState::Exhausted;
    assert_eq!(next_reset(&one, &clock), "in about 50 m");
    one.next_reset_from = Some("text".to_owned());
    assert_eq!(next_reset(&one, &clock), "in 50 m");
    one.next_reset = Some(NOW.moved(-180_000));
    assert_eq!(next_reset(&one, &clock), "3 m ago");
}

#[test]
fn a_narrow_terminal_keeps_the_names() {
    let mut view = view();
    view.agents[1].team = "a-project-with-a-rather-long-nam".to_owned();
    view.agents[1].role = "documentation_writer".to_owned();
    let text = text(&view, Some(80));
    assert!(
        text.contains("a-project-…:documentation_writer  not"),
        "{text}"
    );
    assert!(fit::fits(&text, Some(80)), "{text}");
    assert!(text.contains("app:orchestrator"), "{text}");
}
