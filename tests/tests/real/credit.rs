//! Usage limits of the real Claude Code and Codex: they are seen with their reset, messages are held, and one continue follows.

use std::time::Duration;

use serde_json::{Value, json};
use torch_core::Timestamp;
use torch_testing::model::{Scenario, Window};
use torch_testing::program::Account;
use torch_testing::{REAL_DEADLINE, RealSetup, RealWorld};

use crate::team::{ROLE, raise, world};

/// How far off the reset is.
const RESET: Duration = Duration::from_secs(20);

/// Claude Code goes on by itself about a minute after the reset (2.1.329).
const GOES_ON: Duration = Duration::from_secs(180);

/// What `torch credit` says of the limit that holds the developer, once it is as wanted.
fn held(world: &RealWorld, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    world.wait_for(REAL_DEADLINE, what, || {
        let credit: Value = world.torch(&["credit", "--json"]).ok().json();
        let agents = credit["agents"].as_array().cloned().unwrap_or_default();
        let agent = agents.into_iter().find(|it| it["role"] == ROLE)?;
        let held = agent["held"].clone();
        (!held.is_null() && wanted(&held)).then_some(held)
    })
}

/// The reset is known to the minute at least.
#[track_caller]
fn resets(held: &Value, wanted: Timestamp) {
    let at = held["resets_at"].as_u64().expect("a reset");
    assert!(at.abs_diff(wanted.0) < 61_000, "{wanted:?}: {held:#}");
}

/// How often the program was told to go on, by itself or by torch.
fn continues(world: &RealWorld) -> usize {
    let texts = torch_testing::model::arrived(&world.requests());
    let continues = texts.iter().filter(|text| {
        text.contains("usage limit has reset") || text.contains("usage limit was reset")
    });
    continues.count()
}

/// A team with a plan, whose developer hits this limit.
fn limited(
    test: &str,
    shape: impl FnOnce(RealSetup) -> RealSetup,
    with: &[(&str, &str)],
    limit: Scenario,
) -> Option<RealWorld> {
    let mut world = world(test, "claude", |setup| shape(setup.account(Account::Max)))?;
    for (name, value) in with {
        world = world.with(name, value);
    }
    raise(&world, "claude");
    world.model().next([limit]);
    world.post(ROLE, "please go on");
    Some(world)
}

/// A reset that is so far away that Claude Code asks what to do until then.
const FAR: Duration = Duration::from_secs(200_000);

/// The words of its menu.
const MENU: &str = "What do you want to do?";

/// The reset is so long after a request that met the limit. Words tell no more than the minute, and may be known before the figures
/// that tell the second.
#[track_caller]
fn is_reset_of(world: &RealWorld, at: u64, after: Duration) {
    let requests = world.requests().into_iter();
    let met = requests.filter(|it| {
        it.scenario
            .as_ref()
            .is_some_and(|it| it.starts_with("limit"))
    });
    let wanted: Vec<u64> = met.map(|it| it.at.after(after).0).collect();
    assert!(
        wanted.iter().any(|wanted| at.abs_diff(*wanted) <= 61_000),
        "{at} is none of {wanted:?}\n{}",
        world.whole_picture()
    );
}

#[test]
fn limits_of_a_week_and_of_a_model_are_told_with_their_reset() {
    for (window, kind) in [
        (Window::Week, "weekly"),
        (Window::Opus, "weekly_opus"),
        (Window::Sonnet, "weekly_sonnet"),
    ] {
        let limit = Scenario::Limit(window, FAR);
        let Some(world) = limited(&format!("claude_{kind}"), |it| it, &[], limit) else {
            return;
        };
        world.wait_agent(ROLE, REAL_DEADLINE, "held", |agent| {
            ["limited", "asking"].contains(&agent.state.as_str())
        });
        let held = held(&world, kind, |held| held["limit"] == kind);
        let at = held["resets_at"].as_u64().expect("a reset");
        is_reset_of(&world, at, FAR);
        let shown = world.torch(&["credit"]).ok().stdout;
        assert!(shown.contains("exhausted"), "{shown}");
        let waits = world.post(ROLE, "held");
        world.wait("it to wait", || world.message(&waits).waits.is_some());
        assert_eq!(world.bodies(ROLE), ["please go on"]);
    }
}

#[test]
fn a_menu_that_a_person_closes_is_followed_by_one_continue_after_the_reset() {
    let off = |setup: RealSetup| setup.settings(json!({"autoContinueAtUsageLimit": false}));
    let soon = [("TORCH_CREDIT_WAKE_AFTER_SECONDS", "2")];
    let limit = Scenario::Limit(Window::FiveHours, RESET);
    let Some(world) = limited("claude_limit_off", off, &soon, limit) else {
        return;
    };
    world.wait("its menu", || world.screen(ROLE).contains(MENU));
    let held = held(&world, "the limit", |held| held["limit"] == "five_hour");
    assert_eq!(held["automatic"], false, "{held:#}");
    let id = world.post(ROLE, "held");
    // The reset goes by with the menu open: nothing is typed into it.
    let over = held["resets_at"].as_u64().expect("a reset") + 5_000;
    world.wait_for(RESET * 3, "the reset to be over", || {
        (torch_process::clock::now().0 > over).then_some(())
    });
    assert!(
        world.screen(ROLE).contains(MENU),
        "{}",
        world.whole_picture()
    );
    assert_eq!(world.bodies(ROLE), ["please go on"]);
    world.keys(ROLE, &["Escape"]);
    world.wait_message_for(&id, "consumed", GOES_ON);
    world.wait_quiet(ROLE);
    assert_eq!(
        world.bodies(ROLE),
        ["please go on", "held"],
        "{}",
        world.whole_picture()
    );
    assert_eq!(continues(&world), 1, "{}", world.whole_picture());
}

/// Codex offers another model at a limit, and leaves that menu open for ever.
#[test]
fn a_menu_of_codex_that_outlasts_the_reset_is_a_question() {
    let Some(world) = world("codex_limit_menu", "codex", |setup| setup) else {
        return;
    };
    let world = world.with("TORCH_CREDIT_WAKE_AFTER_SECONDS", "2");
    raise(&world, "codex");
    let limit = Scenario::Limit(Window::FiveHours, RESET);
    world.model().next([limit]);
    world.post(ROLE, "please go on");
    let menu = "Keep current model";
    world.wait("its menu", || world.screen(ROLE).contains(menu));
    world.wait_state(ROLE, "limited");
    let ids: Vec<String> = (0..3)
        .map(|n| world.post(ROLE, &format!("held {n}")))
        .collect();
    world.wait_message(&ids[0], "deferred:limited");
    // Words tell the minute: the reset is over within two.
    world.wait_agent(ROLE, GOES_ON, "asking", |agent| agent.state == "asking");
    let pending = world.pending();
    assert_eq!(pending.len(), 1, "{pending:?}");
    assert_eq!(pending[0]["kind"], "limit_menu", "{pending:?}");
    world.wait_message(&ids[0], "deferred:asking");
    let why = world.torch(&["why", ROLE]).ok().stdout;
    assert!(!why.contains("was sent"), "{why}");
    let credit = world.torch(&["credit"]).ok().stdout;
    assert!(!credit.contains("was woken"), "{credit}");
    let told = world.torch(&["inbox"]).ok().stdout;
    assert_eq!(told.matches(" asks: ").count(), 1, "{told}");
    assert_eq!(world.bodies(ROLE), ["please go on"]);

    let id = pending[0]["id"].as_str().expect("an id");
    world.torch(&["deny", id]).ok();
    for id in &ids {
        world.wait_message_for(id, "consumed", GOES_ON);
    }
    world.wait_quiet(ROLE);
    let wanted = ["please go on", "held 0", "held 1", "held 2"];
    assert_eq!(world.bodies(ROLE), wanted, "{}", world.whole_picture());
    assert_eq!(continues(&world), 1, "{}", world.whole_picture());
    let credit = world.torch(&["credit"]).ok().stdout;
    assert!(credit.contains("was woken"), "{credit}");
}

#[test]
fn a_reset_in_another_zone_is_the_same_instant() {
    let zone = [("TZ", "America/New_York")];
    let far = Duration::from_secs(7_200);
    let limit = Scenario::Limit(Window::FiveHours, far);
    let Some(world) = limited("claude_limit_zone", |it| it, &zone, limit) else {
        return;
    };
    world.wait_state(ROLE, "limited");
    let held = held(&world, "its zone", |held| {
        held["zone"] == "America/New_York"
    });
    let at = held["resets_at"].as_u64().expect("a reset");
    is_reset_of(&world, at, far);
    assert!(
        held["text"].to_string().contains("America/New_York"),
        "{held:#}"
    );
}

#[test]
fn a_reset_that_was_just_now_lets_everything_go_on() {
    let limit = Scenario::Limit(Window::FiveHours, Duration::ZERO);
    let soon = [("TORCH_CREDIT_WAKE_AFTER_SECONDS", "2")];
    let Some(world) = limited("claude_limit_past", |it| it, &soon, limit) else {
        return;
    };
    let id = world.post(ROLE, "held");
    world.wait_message_for(&id, "consumed", GOES_ON);
    world.wait_quiet(ROLE);
    assert_eq!(
        world.bodies(ROLE),
        ["please go on", "held"],
        "{}",
        world.whole_picture()
    );
    assert!(continues(&world) <= 1, "{}", world.whole_picture());
}

#[test]
fn no_credits_are_told_and_nobody_is_woken() {
    let Some(world) = limited("claude_no_credits", |it| it, &[], Scenario::Credit) else {
        return;
    };
    world.wait_state(ROLE, "limited");
    let held = held(&world, "no credits", |held| held["limit"] == "credits");
    assert_eq!(held["needs_person"], true, "{held:#}");
    assert!(held["wake_at"].is_null(), "{held:#}");
    let id = world.post(ROLE, "held");
    world.wait_message(&id, "deferred:limited");
    let told = world.torch(&["inbox"]).ok().stdout;
    assert!(told.contains("no usage credits left"), "{told}");
    // A person who has paid says so in its window.
    world.type_text(ROLE, "continue");
    world.wait("the person's word", || {
        world.screen(ROLE).contains("continue")
    });
    world.keys(ROLE, &["Enter"]);
    world.wait_consumed(&id);
    assert_eq!(
        world.bodies(ROLE),
        ["please go on", "held"],
        "{}",
        world.whole_picture()
    );
}

#[test]
fn an_agent_of_an_exhausted_account_is_not_written_to() {
    let max = |setup: RealSetup| setup.account(Account::Max);
    let Some(world) = world("claude_account", "claude", max) else {
        return;
    };
    world.raise(
        "orchestrator,developer,tester",
        "demo,developer=claude,tester=claude",
    );
    world.wait_quiet(ROLE);
    world.wait_quiet("tester");
    let limit = Scenario::Limit(Window::FiveHours, Duration::from_secs(7_200));
    world.model().next([limit]);
    world.post(ROLE, "please go on");
    world.wait_state(ROLE, "limited");
    let id = world.post("tester", "you too");
    world.wait_message(&id, "deferred:limited");
    let why = world.torch(&["why", "tester"]).ok().stdout;
    assert!(why.contains("which developer hit"), "{why}");
    let credit = world.torch(&["credit"]).ok().stdout;
    assert!(credit.contains("which developer hit"), "{credit}");
    assert_eq!(world.bodies("tester"), [""; 0]);
    // A person lets the first one try: its turn ends without a limit, and the other one goes on too.
    world.type_text(ROLE, "continue");
    world.wait("the person's word", || {
        world.screen(ROLE).contains("continue")
    });
    world.keys(ROLE, &["Enter"]);
    world.wait_consumed(&id);
    assert_eq!(
        world.bodies("tester"),
        ["you too"],
        "{}",
        world.whole_picture()
    );
}

#[test]
fn a_session_limit_of_claude_holds_messages_until_it_goes_on() {
    let max = |setup: RealSetup| setup.account(Account::Max);
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
    let held = held(&world, "its automatic continue", |it| {
        it["automatic"] == true
    });
    assert_eq!(held["limit"], "five_hour", "{held:#}");
    resets(&held, asked.after(RESET));

    for id in &ids {
        world.wait_message_for(id, "consumed", GOES_ON);
    }
    world.wait_quiet(ROLE);
    let wanted = ["please go on", "held 0", "held 1", "held 2"];
    assert_eq!(world.bodies(ROLE), wanted, "{}", world.whole_picture());
    // One continue: Claude Code's own, or torch's where that failed.
    assert_eq!(continues(&world), 1, "{}", world.whole_picture());
}
