//! A person says that a limit is over.

use torch_api::Response;
use torch_api::wire::TeamSelector;
use torch_core::credit::CREDITS;

use super::*;
use crate::event::ConnId;

impl Stage {
    /// `torch credit wake [ROLE]`: the answer's text, or the error and its cause.
    fn wake_now(&mut self, role: Option<&str>) -> Result<String, String> {
        let mut turn = Turn {
            now: self.now,
            cause: "test".to_owned(),
            effects: Vec::new(),
        };
        let team = TeamSelector {
            name: Some("app".to_owned()),
            ..TeamSelector::default()
        };
        self.state.wake_now(&mut turn, ConnId(1), &team, role);
        let said = turn.effects.iter().find_map(|effect| match effect {
            Effect::Reply { response, .. } => match response {
                Response::Done { text } => Some(Ok(text.clone())),
                Response::Failed(failure) => Some(Err(format!(
                    "{}: {}",
                    failure.error,
                    failure.causes.join("; ")
                ))),
                _ => None,
            },
            _ => None,
        });
        self.take(turn.effects);
        said.expect("an answer")
    }
}

#[test]
fn bought_credits_wake_what_no_time_would() {
    let mut stage = Stage::new("claude");
    stage.limit(1, "You're out of usage credits · add funds to continue");
    assert_eq!(stage.hold(1).map(|hold| hold.kind.as_str()), Some(CREDITS));
    assert_eq!(stage.wakes_in(1), None);
    let said = stage.wake_now(None).expect("woken");
    assert!(said.starts_with("woken now: developer; "), "{said}");
    assert_eq!(stage.wakes_in(1), Some(0));
    stage.fire(1);
    assert_eq!(stage.said_of(MessageKind::Continue).len(), 1);
    // It is being tried: nothing is done twice.
    let again = stage.wake_now(Some("developer")).expect_err("once");
    assert!(again.contains("being woken already"), "{again}");
    stage.prompt(1);
    stage.hook(1, json!({"hook_event_name": "Stop"}));
    assert!(stage.hold(1).is_none());
    let none = stage.wake_now(None).expect_err("nobody is held");
    assert!(none.contains("torch saw no limit"), "{none}");
}

#[test]
fn a_limit_that_is_hit_again_tells_its_time_anew() {
    let mut stage = Stage::new("claude");
    let words = "You've hit your 5-hour limit · resets 9am (Europe/London)";
    stage.limit(1, words);
    assert_eq!(stage.wakes_in(1), Some(62));
    // The other agent is held through this one alone, and says whose limit it is.
    let other = stage.wake_now(Some("tester")).expect_err("not its own");
    assert!(other.contains("developer hit"), "{other}");
    stage.wake_now(Some("developer")).expect("woken");
    stage.fire(1);
    stage.limit(1, words);
    let hold = stage.hold(1).expect("held again");
    assert_eq!(hold.hits, 2);
    assert_eq!(stage.wakes_in(1), Some(62), "today's reset, not tomorrow's");
}
