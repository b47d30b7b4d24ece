//! What the fake model says of usage limits reaches each program's own signals.

use std::path::Path;
use std::time::Duration;

use torch_testing::model::{FakeModel, Quota, Scenario, Window};
use torch_testing::poll;
use torch_testing::program::{Account, RealProgram, required};

use crate::stage::{ready, ready_as};

/// How long a signal may take after the answer.
const DEADLINE: Duration = Duration::from_secs(30);

#[test]
fn claude_with_a_subscription_stops_at_a_limit_and_asks_once() {
    let Some(program) = required("real::claude_limit", RealProgram::find("claude")) else {
        return;
    };
    let ready = ready_as(&program, FakeModel::start(), Account::Max);
    let limit = Scenario::Limit(Window::FiveHours, Duration::from_secs(3_600));
    ready.model.sticky(Some(limit));
    ready.stage.submit("please go on");
    ready
        .stage
        .settle("the limit", Duration::from_secs(1), |screen| {
            screen.contains("You've hit your 5-hour limit")
        });
    let requests = ready.model.requests();
    let main: Vec<_> = requests.iter().filter(|it| it.is_main()).collect();
    assert_eq!(main.len(), 1, "{}", ready.model.picture());
}

#[test]
fn codex_notes_how_much_is_used() {
    let Some(program) = required("real::codex_limit", RealProgram::find("codex")) else {
        return;
    };
    let ready = ready(&program, FakeModel::start());
    ready.model.next([Scenario::Warn(Quota {
        window: Window::FiveHours,
        used: 0.75,
        resets_in: Duration::from_secs(3_600),
    })]);
    ready.stage.submit("please go on");
    let noted = poll(DEADLINE, || {
        let text = rollouts(&ready.home.join("codex/sessions"));
        let noted = text.contains(r#""rate_limits""#) && text.contains(r#""used_percent":75.0"#);
        noted.then_some(())
    });
    let picture = || format!("{}{}", ready.model.picture(), ready.stage.screen());
    assert!(noted.is_some(), "no rate limits noted\n{}", picture());
}

/// The text of all files below a folder that may not be there yet.
fn rollouts(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let texts = entries.map(|entry| {
        let path = entry.path();
        if path.is_dir() {
            rollouts(&path)
        } else {
            std::fs::read_to_string(path).unwrap_or_default()
        }
    });
    texts.collect()
}
