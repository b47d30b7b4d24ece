//! Open dialogs of real programs: nothing is typed into them, a person sees and answers them, and what waited follows.

use std::time::Duration;

use serde_json::{Value, json};
use torch_testing::model::{Quota, Scenario, Window};
use torch_testing::program::Account;
use torch_testing::{DEADLINE, REAL_DEADLINE, RealWorld};

use crate::team::{ROLE, ROLES, raise, world};

/// Texts that would choose a row, approve or submit if they were typed.
const NOTES: [&str; 4] = ["1", "y", "yes, please do", "2\n\n3"];

/// A reset that is so far away that Claude Code asks what to do until then; one that is nearer it waits for by itself.
const FAR: Duration = Duration::from_secs(200_000);

/// The file that a tool makes once it may.
const MADE: &str = "made.txt";

/// Sends what would be an answer; all of it waits for one of these reasons, or for any where there are none, and
/// nothing changes on the screen. The ids.
fn send_notes(world: &RealWorld, reasons: &[&str]) -> Vec<String> {
    let before = world.screen(ROLE);
    let requests = world.requests().len();
    let ids: Vec<String> = NOTES.iter().map(|note| world.post(ROLE, note)).collect();
    world.wait(&format!("the messages to wait as {reasons:?}"), || {
        let message = world.message(&ids[0]);
        let reason = message.waits.unwrap_or_default();
        matches!(message.state.as_str(), "queued" | "deferred")
            && (reasons.is_empty() || reasons.contains(&reason.as_str()))
    });
    // The messages behind the first one are looked at as well.
    let later = world.post(ROLE, "later");
    assert_eq!(world.screen(ROLE), before, "nothing was typed");
    assert_eq!(
        world.requests().len(),
        requests,
        "{}",
        world.whole_picture()
    );
    [ids, vec![later]].concat()
}

/// What waited arrives, each once and in order.
fn follow(world: &RealWorld, ids: &[String], what_opened: &[&str]) {
    for id in ids {
        world.wait_consumed(id);
    }
    world.wait_quiet(ROLE);
    let mut expected: Vec<&str> = what_opened.to_vec();
    expected.extend(NOTES);
    expected.push("later");
    assert_eq!(world.bodies(ROLE), expected, "{}", world.whole_picture());
}

fn made(world: &RealWorld) -> bool {
    world.agent(ROLE).worktree.join(MADE).exists()
}

/// The open question's id, once it is of this kind and its rows are known.
fn question(world: &RealWorld, kind: &str) -> String {
    let question: Value = world.wait_for(REAL_DEADLINE, "the question", || {
        let mut questions = world.pending().into_iter();
        questions.find(|it| {
            it["kind"] == kind && it["rows"].as_array().is_some_and(|rows| !rows.is_empty())
        })
    });
    assert_eq!(question["role"], ROLE, "{question}");
    question["id"].as_str().expect("an id").to_owned()
}

/// A dialog opened by a message: messages wait; denied, nothing happens; opened again and approved, exactly that happens.
fn permission(world: &RealWorld, opens: &str) {
    world.post(ROLE, opens);
    world.wait_state(ROLE, "asking");
    let id = question(world, "permission");
    let ids = send_notes(world, &["asking"]);
    assert!(!made(world), "not approved");
    world.torch(&["deny", &id]).ok();
    follow(world, &ids, &[opens]);
    assert!(!made(world), "denied");

    world.post(ROLE, opens);
    let id = question(world, "permission");
    world.torch(&["approve", &id]).ok();
    world.wait("the tool to have run", || made(world));
    let last = world.post(ROLE, "the end");
    world.wait_consumed(&last);
    assert_eq!(world.pending(), Vec::<Value>::new());
}

#[test]
fn claude_asks_for_permission() {
    let Some(world) = world("claude_permission", "claude", |setup| setup) else {
        return;
    };
    let world = world.with("TORCH_AGENTS_MODE", "default");
    raise(&world, "claude");
    permission(&world, &format!("SCENARIO: bash touch {MADE}"));
}

#[test]
fn codex_asks_to_leave_its_sandbox() {
    let Some(world) = world("codex_permission", "codex", |setup| setup) else {
        return;
    };
    let world = world.with("TORCH_AGENTS_MODE", "ask");
    raise(&world, "codex");
    let call = json!({
        "cmd": format!("touch {MADE}"),
        "sandbox_permissions": "require_escalated",
        "justification": "May I?",
    });
    permission(&world, &format!("SCENARIO: tool exec_command {call}"));
}

#[test]
fn claude_asks_a_question() {
    let Some(world) = world("claude_question", "claude", |setup| setup) else {
        return;
    };
    raise(&world, "claude");
    let option = |label: &str| json!({"label": label, "description": format!("it is {label}")});
    let questions = json!([{
        "question": "Which colour?", "header": "Colour", "multiSelect": false,
        "options": [option("Red"), option("Blue")],
    }]);
    let opens = format!(
        "SCENARIO: tool AskUserQuestion {}",
        json!({"questions": questions})
    );
    world.post(ROLE, &opens);
    world.wait_state(ROLE, "asking");
    question(&world, "question");
    let ids = send_notes(&world, &["asking"]);
    world.keys(ROLE, &["Escape"]);
    follow(&world, &ids, &[&opens]);
    let answers: Vec<String> = world
        .requests()
        .into_iter()
        .flat_map(|it| it.tool_results)
        .collect();
    assert!(
        !answers
            .iter()
            .any(|it| it.contains("Red") || it.contains("Blue")),
        "{answers:?}"
    );
}

#[test]
fn claude_asks_about_a_plan() {
    let Some(world) = world("claude_plan", "claude", |setup| setup) else {
        return;
    };
    raise(&world, "claude");
    // A person switches to plan mode.
    world.wait_for(DEADLINE, "plan mode", || {
        if world.screen(ROLE).contains("plan mode on") {
            return Some(());
        }
        world.keys(ROLE, &["BTab"]);
        torch_testing::poll(Duration::from_secs(2), || {
            world.screen(ROLE).contains("plan mode on").then_some(())
        })
    });
    let opens = format!(
        "SCENARIO: tool ExitPlanMode {}",
        json!({"plan": "# Plan\n\n1. Do it.\n"})
    );
    world.post(ROLE, &opens);
    world.wait_state(ROLE, "asking");
    question(&world, "plan");
    let ids = send_notes(&world, &["asking"]);
    world.keys(ROLE, &["Escape"]);
    follow(&world, &ids, &[&opens]);
}

/// The program asks at its start whether the folder is trusted: that is reported, and approved by a person alone.
fn trust(name: &str) {
    let Some(world) = world(&format!("{name}_trust"), name, |setup| setup.untrusted()) else {
        return;
    };
    let ran = world.auto(ROLES, &format!("demo,{ROLE}={name}"));
    assert_ne!(ran.code, 0, "{ran}");
    let id = question(&world, "trust");
    let ids = send_notes(&world, &[]);
    match name {
        // The digit that `torch approve` presses chooses nothing in this one dialog of Codex.
        "codex" => world.keys(ROLE, &["Enter"]),
        _ => drop(world.torch(&["approve", &id]).ok()),
    }
    world.wait_agent(ROLE, REAL_DEADLINE, "briefed", |agent| agent.briefed);
    follow(&world, &ids, &[]);
}

#[test]
fn claude_asks_whether_the_folder_is_trusted() {
    trust("claude");
}

#[test]
fn codex_asks_whether_the_folder_is_trusted() {
    trust("codex");
}

#[test]
fn claude_shows_the_menu_of_a_weekly_limit() {
    let max = |setup: torch_testing::RealSetup| setup.account(Account::Max);
    let Some(world) = world("claude_limit_menu", "claude", max) else {
        return;
    };
    raise(&world, "claude");
    world.model().next([Scenario::Limit(Window::Week, FAR)]);
    world.post(ROLE, "please go on");
    world.wait_state(ROLE, "limited");
    world.wait("its menu", || {
        world.screen(ROLE).contains("What do you want to do?")
    });
    send_notes(&world, &["limited", "asking"]);
    let credit: Value = world.torch(&["credit", "--json"]).ok().json();
    let agents = credit["agents"].as_array().cloned().unwrap_or_default();
    let agent = agents
        .iter()
        .find(|it| it["role"] == ROLE)
        .expect("the developer");
    assert_eq!(agent["held"]["limit"], "weekly", "{agent:#}");
    assert!(world.screen(ROLE).contains("What do you want to do?"));
}

#[test]
fn codex_offers_another_model() {
    let Some(world) = world("codex_switch", "codex", |setup| setup) else {
        return;
    };
    raise(&world, "codex");
    let model = |world: &RealWorld| {
        world
            .requests()
            .iter()
            .rev()
            .find(|it| it.is_main())
            .map(|it| it.model.clone())
    };
    world.model().next([Scenario::Warn(Quota {
        window: Window::FiveHours,
        used: 0.95,
        resets_in: Duration::from_secs(7_200),
    })]);
    let opens = "please go on";
    world.post(ROLE, opens);
    world.wait("the offer", || {
        world.screen(ROLE).contains("Keep current model")
    });
    let before = model(&world);
    let ids = send_notes(&world, &["asking", "limited"]);
    world.keys(ROLE, &["Escape"]);
    follow(&world, &ids, &[opens]);
    assert_eq!(model(&world), before);
}
