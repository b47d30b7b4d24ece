//! A message of several lines, pasted and submitted, reaches the model whole and once.

use std::time::Duration;

use torch_testing::model::{FakeModel, Outcome};
use torch_testing::program::{RealProgram, required};

use crate::stage::ready;

/// How long a request may take that follows an Enter.
const DEADLINE: Duration = Duration::from_secs(30);

/// How long a program may take from an Enter to its request before the Enter is taken for lost.
const TAKEN: Duration = Duration::from_secs(10);

fn arrives(name: &str, found: Result<RealProgram, torch_testing::program::NotInstalled>) {
    let Some(program) = required(&format!("real::{name}"), found) else {
        return;
    };
    let ready = ready(&program, FakeModel::start());
    let message = format!(
        "message for {name}, first line\nsecond line — ünïcode ✓; it's \"quoted\" $(true) #{{x}}\nlast line {name}-end"
    );
    ready.stage.submit(&message);
    // Where it reads late, Gemini CLI takes an Enter as a part of the paste and draws a row more (0.61.0).
    let begun = ready.model.wait_for(TAKEN, |requests| {
        let mut main = requests.iter().filter(|it| it.is_main());
        main.next().map(|_| ())
    });
    if begun.is_none() {
        ready.stage.keys(&["Enter"]);
    }
    let answered = ready.model.wait_for(DEADLINE, |requests| {
        let mut main = requests.iter().filter(|request| request.is_main());
        main.any(|request| request.outcome == Outcome::Answered)
            .then_some(())
    });
    let picture = || format!("{}{}", ready.model.picture(), ready.stage.screen());
    assert!(answered.is_some(), "no answer\n{}", picture());
    // The turn is over on the screen too, so that a second request would be there by now.
    ready
        .stage
        .settle("the answer", Duration::from_secs(1), |screen| {
            screen.contains("FAKE-REPLY 1: ok")
        });
    let texts = ready.model.user_texts();
    let holding = texts.iter().filter(|text| text.contains(&message));
    assert_eq!(holding.count(), 1, "{}", picture());
    let pieces: usize = texts
        .iter()
        .map(|text| text.matches("first line").count())
        .sum();
    assert_eq!(pieces, 1, "{}", picture());
}

#[test]
fn claude() {
    arrives("claude", RealProgram::find("claude"));
}

#[test]
fn claude_2_1_197() {
    let found = RealProgram::find_version("claude", "2.1.197");
    arrives("claude_2_1_197", found);
}

#[test]
fn codex() {
    arrives("codex", RealProgram::find("codex"));
}

#[test]
fn gemini() {
    arrives("gemini", RealProgram::find("gemini"));
}

#[test]
fn opencode() {
    arrives("opencode", RealProgram::find("opencode"));
}

#[test]
fn aider() {
    arrives("aider", RealProgram::find("aider"));
}
