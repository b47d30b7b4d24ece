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
pub(crate) const MADE: &str = "made.txt";

/// Sends what would be an answer; all of it waits for one of these reasons, or for any where there are none, and
/// nothing changes on the screen. The ids.
pub(crate) fn send_notes(world: &RealWorld, reasons: &[&str]) -> Vec<String> {
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
    let ids = [ids, vec![later]].concat();
    for id in &ids {
        let trace = world.trace(id);
        let typed = |kind: &&String| {
            kind.starts_with("delivery.past") || kind.starts_with("delivery.enter")
        };
        assert_eq!(trace.iter().find(typed), None, "{trace:?}");
    }
    assert!(!made(world), "no tool ran");
    ids
}

/// What waited arrives, each once and in order.
pub(crate) fn follow(world: &RealWorld, ids: &[String], what_opened: &[&str]) {
    for id in ids {
        world.wait_consumed(id);
    }
    world.wait_quiet(ROLE);
    let mut expected: Vec<&str> = what_opened.to_vec();
    expected.extend(NOTES);
    expected.push("later");
    assert_eq!(world.bodies(ROLE), expected, "{}", world.whole_picture());
}

pub(crate) fn made(world: &RealWorld) -> bool {
    world.agent(ROLE).worktree.join(MADE).exists()
}

/// The open question's id, once it is of this kind and its rows are known.
pub(crate) fn question(world: &RealWorld, kind: &str) -> String {
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
pub(crate) fn permission(world: &RealWorld, opens: &str) {
    world.post(ROLE, opens);
    world.wait_agent(ROLE, REAL_DEADLINE, "asking", |agent| {
        agent.state == "asking"
    });
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
    // Answered, it would run the tool unasked.
    let opens = format!(
        "SCENARIO: steps tool AskUserQuestion {} ;; bash touch {MADE}",
        json!({"questions": questions})
    );
    world.post(ROLE, &opens);
    world.wait_state(ROLE, "asking");
    question(&world, "question");
    let ids = send_notes(&world, &["asking"]);
    world.keys(ROLE, &["Escape"]);
    follow(&world, &ids, &[&opens]);
    assert!(!made(&world), "the question was not answered");
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
        "SCENARIO: steps tool ExitPlanMode {} ;; bash touch {MADE}",
        json!({"plan": "# Plan\n\n1. Do it.\n"})
    );
    world.post(ROLE, &opens);
    world.wait_state(ROLE, "asking");
    question(&world, "plan");
    let ids = send_notes(&world, &["asking"]);
    world.keys(ROLE, &["Escape"]);
    follow(&world, &ids, &[&opens]);
    assert!(!made(&world), "the plan was not approved");
    assert!(world.screen(ROLE).contains("plan mode on"));
}

/// The model of the newest request of the conversation.
fn model(world: &RealWorld) -> Option<String> {
    let requests = world.requests();
    let mut newest_first = requests.iter().rev();
    newest_first
        .find(|it| it.is_main())
        .map(|it| it.model.clone())
}

/// A menu that a person opened, of which torch knows nothing but that it is one.
fn unknown_menu(name: &str, opens: &str, shows: &str) {
    let Some(world) = world(&format!("{name}_menu"), name, |setup| setup) else {
        return;
    };
    raise(&world, name);
    let before = model(&world);
    world.type_text(ROLE, opens);
    world.wait("the command", || world.screen(ROLE).contains(opens));
    // The list of commands that it opens is read before it is chosen from.
    torch_testing::poll(Duration::from_millis(700), || None::<()>);
    world.keys(ROLE, &["Enter"]);
    world.wait("its menu", || world.screen(ROLE).contains(shows));
    let ids = send_notes(&world, &[]);
    assert!(world.screen(ROLE).contains(shows), "it is still open");
    world.keys(ROLE, &["Escape"]);
    follow(&world, &ids, &[]);
    assert_eq!(model(&world), before, "the model is the same");
}

#[test]
fn claude_shows_a_menu_that_no_rule_knows() {
    unknown_menu("claude", "/model", "Select model");
}

#[test]
fn codex_shows_a_menu_that_no_rule_knows() {
    unknown_menu("codex", "/model", "Select Model");
}

/// Nothing was pasted for the developer: some programs draw their composer before they ask.
fn nothing_pasted(world: &RealWorld) {
    let list = world.torch(&["msg", "list", "--json"]).ok().stdout;
    let messages = list
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a message"));
    for message in messages.filter(|it| it["to"] == ROLE) {
        let trace = world.trace(message["id"].as_str().expect("an id"));
        assert!(
            !trace.iter().any(|it| it == "delivery.pasting"),
            "{trace:?}\n{message:#}"
        );
    }
}

/// The program asks at its start whether the folder is trusted: that is reported, and approved by a person alone.
fn trust(name: &str) {
    let Some(world) = world(&format!("{name}_trust"), name, |setup| setup.untrusted()) else {
        return;
    };
    let ran = world.auto(ROLES, &format!("demo,{ROLE}={name}"));
    assert_ne!(ran.code, 0, "{ran}");
    let id = question(&world, "trust");
    // Whoever raised the team is told what is open, where, and what answers it.
    ran.says("a trust dialog is open in its window")
        .says(&format!("`torch approve {id}`"))
        .says(&format!("Hint: torch attach {ROLE} --team "));
    nothing_pasted(&world);
    let ids = send_notes(&world, &[]);
    nothing_pasted(&world);
    world.torch(&["approve", &id]).ok();
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
    let before = model(&world);
    let ids = send_notes(&world, &["limited", "asking"]);
    let credit: Value = world.torch(&["credit", "--json"]).ok().json();
    let agents = credit["agents"].as_array().cloned().unwrap_or_default();
    let agent = agents
        .iter()
        .find(|it| it["role"] == ROLE)
        .expect("the developer");
    assert_eq!(agent["held"]["limit"], "weekly", "{agent:#}");
    assert!(world.screen(ROLE).contains("What do you want to do?"));
    // A person closes it and says that it goes on: a turn that ends without a limit lets the rest follow.
    world.keys(ROLE, &["Escape"]);
    world.wait("the menu to be closed", || {
        !world.screen(ROLE).contains("What do you want to do?")
    });
    world.type_text(ROLE, "continue");
    world.wait("the person's word", || {
        world.screen(ROLE).contains("continue")
    });
    world.keys(ROLE, &["Enter"]);
    follow(&world, &ids, &["please go on"]);
    assert_eq!(model(&world), before, "the model is the same");
}

#[test]
fn codex_offers_another_model() {
    let Some(world) = world("codex_switch", "codex", |setup| setup) else {
        return;
    };
    raise(&world, "codex");
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
