//! A usage limit of the real Claude Code: it is seen with its reset, messages are held, and one continue follows it.

use std::time::Duration;

use serde_json::Value;
use torch_testing::REAL_DEADLINE;
use torch_testing::model::{Scenario, Window};
use torch_testing::program::Account;

use crate::team::{ROLE, raise, world};

/// How far off the reset is.
const RESET: Duration = Duration::from_secs(20);

/// Claude Code goes on by itself about a minute after the reset (2.1.329).
const GOES_ON: Duration = Duration::from_secs(180);

#[test]
fn a_session_limit_of_claude_holds_messages_until_it_goes_on() {
    let max = |setup: torch_testing::RealSetup| setup.account(Account::Max);
    let Some(world) = world("claude_session_limit", "claude", max) else {
        return;
    };
    raise(&world, "claude");
    world
        .model()
        .next([Scenario::Limit(Window::FiveHours, RESET)]);
    let asked = torch_process::clock::now();
    world.post(ROLE, "please go on");
    world.wait_state(ROLE, "limited");
    let ids: Vec<String> = (0..3)
        .map(|n| world.post(ROLE, &format!("held {n}")))
        .collect();
    world.wait_message(&ids[0], "deferred:limited");
    // The program says that it goes on by itself a moment after the limit.
    let held = world.wait_for(REAL_DEADLINE, "its automatic continue", || {
        let credit: Value = world.torch(&["credit", "--json"]).ok().json();
        let agents = credit["agents"].as_array().cloned().unwrap_or_default();
        let agent = agents.into_iter().find(|it| it["role"] == ROLE)?;
        let held = agent["held"].clone();
        (held["automatic"] == true).then_some(held)
    });
    assert_eq!(held["limit"], "five_hour", "{held:#}");
    let resets_at = held["resets_at"].as_i64().expect("a reset");
    let wanted = asked.after(RESET).0;
    let wanted = i64::try_from(wanted).expect("a time");
    assert!((resets_at - wanted).abs() < 60_000, "{resets_at} {wanted}");

    for id in &ids {
        world.wait_message_for(id, "consumed", GOES_ON);
    }
    world.wait_quiet(ROLE);
    let wanted = ["please go on", "held 0", "held 1", "held 2"];
    assert_eq!(world.bodies(ROLE), wanted, "{}", world.whole_picture());
    // One continue: Claude Code's own, or torch's where that failed.
    let texts = torch_testing::model::arrived(&world.requests());
    let continues = texts.iter().filter(|text| {
        text.contains("usage limit has reset") || text.contains("usage limit was reset")
    });
    assert_eq!(continues.count(), 1, "{texts:#?}");
}
