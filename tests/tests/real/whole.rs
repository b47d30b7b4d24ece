//! A team of the real Claude Code and Codex works a spec to its end, unattended, through a limit and a crash.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use torch_testing::model::{Answer, Failure, FakeModel, ModelRequest, Quota, ToolCall, Window};
use torch_testing::program::{Account, RealProgram, required};
use torch_testing::{RealSetup, RealWorld, tagged};

use crate::team::kill;

/// How long the whole work may take; most of it is the wait for Claude Code's own continue after the limit.
const WORK: Duration = Duration::from_secs(240);

/// How far off the limit's reset is.
const RESET: Duration = Duration::from_secs(5);

/// The items of the spec, in order.
const ITEMS: [&str; 3] = ["greet-by-name", "greet-the-world", "refuse-an-empty-name"];

/// Who does each of them.
const DOES: [&str; 3] = ["developer", "tester", "developer"];

/// What the models of the team know beyond what was said to them.
#[derive(Default)]
struct Knowledge {
    /// The account was used up once.
    limited: bool,
    /// How far each item is: how many of its steps have a result.
    steps: BTreeMap<&'static str, usize>,
}

/// What the model says: by the newest of torch's messages in this conversation, and by whether a tool ran since.
fn answer(request: &ModelRequest, known: &mut Knowledge) -> Option<Answer> {
    let messages = request.all_user.iter().flat_map(|text| tagged(text));
    let messages: Vec<_> = messages.collect();
    // After a continue the message before it is what the turn was about.
    let newest = messages
        .iter()
        .rev()
        .find(|it| !it.body.contains("usage limit"))?;
    let result = request.tool_results.last();
    if newest.to != "orchestrator" {
        let bodies: Vec<&str> = messages.iter().map(|it| it.body.as_str()).collect();
        return work(request, &bodies, known);
    }
    match result {
        Some(result) => Some(Answer::text(format!("done: {result}"))),
        None => orchestrate(request, &newest.body, &mut known.limited),
    }
}

/// The hub hands out one item after the other, and ends the spec after the last one.
fn orchestrate(request: &ModelRequest, body: &str, limited: &mut bool) -> Option<Answer> {
    let next = if body.contains("BRIEFING") {
        0
    } else {
        1 + ITEMS
            .iter()
            .position(|item| body.contains(&format!("finished {item}")))?
    };
    // Once, in the middle of the work, the account is used up.
    if next == 1 && !*limited {
        *limited = true;
        return Some(Answer::Failure(Failure::Limit(Quota {
            window: Window::FiveHours,
            used: 1.0,
            resets_in: RESET,
        })));
    }
    Some(match ITEMS.get(next) {
        Some(item) => request.shell(&format!("scm {} 'please do {item}'", DOES[next])),
        None => request.shell("torch complete 'all 3 items are met'"),
    })
}

/// The item that was asked for last is written, committed and reported, step by step. After a crash a new briefing comes:
/// then what is not reported is done again from its beginning, as nobody can know how far it was.
fn work(request: &ModelRequest, bodies: &[&str], known: &mut Knowledge) -> Option<Answer> {
    let asked = |body: &&str| {
        let mut items = ITEMS.iter();
        items.find(|item| body.contains(&format!("please do {item}")))
    };
    let item = *bodies.iter().rev().find_map(asked)?;
    let steps = match request.shell_call("") {
        Some(call) if call.name == "Bash" => with_shell(request, item),
        _ => with_tools(request, item),
    };
    let step = known.steps.entry(item).or_default();
    // A message that was just said, also after a tool that a crash interrupted, begins anew.
    let said = request.user.iter().any(|text| !tagged(text).is_empty());
    match *step < steps.len() {
        true if said => *step = 0,
        true => *step += 1,
        false => {}
    }
    let next = steps.get(*step).cloned();
    Some(next.unwrap_or_else(|| Answer::text(format!("{item} is done"))))
}

/// Claude Code's shell reaches torch.
fn with_shell(request: &ModelRequest, item: &str) -> Vec<Answer> {
    let lines = [
        format!("echo {item} > {item}.txt"),
        format!("torch commit -m 'add {item}'"),
        format!("scm orchestrator --key {item} 'finished {item}'"),
    ];
    lines.iter().map(|line| request.shell(line)).collect()
}

/// Codex's sandbox reaches no socket and may not write git's files: torch's own tools do both.
fn with_tools(request: &ModelRequest, item: &str) -> Vec<Answer> {
    let tool = |name: &str, input: Value| {
        let named = |tool: &&String| tool.contains("torch") && tool.ends_with(name);
        let found = request.tools.iter().find(named);
        match found {
            Some(tool) => Answer::calls([ToolCall::new(tool, input)]),
            None => Answer::text(format!("no tool {name} among {:?}", request.tools)),
        }
    };
    let report = json!({"to": "orchestrator", "text": format!("finished {item}"), "key": item});
    vec![
        request.shell(&format!("echo {item} > {item}.txt")),
        tool("commit", json!({"message": format!("add {item}")})),
        tool("send", report),
    ]
}

/// What a role committed, oldest first; the fast lane brings others' commits besides.
fn log(world: &RealWorld, role: &str) -> Vec<String> {
    let (range, by) = (format!("main..main-{role}"), format!("--author=^{role} "));
    let args = [
        "log",
        "--reverse",
        "--no-merges",
        "--format=%s",
        &by,
        &range,
    ];
    let ran = world.run(&world.command("git").args(args));
    ran.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn a_team_works_a_spec_to_its_end() {
    let test = "real::whole";
    let Some(claude) = required(test, RealProgram::find("claude")) else {
        return;
    };
    let Some(codex) = required(test, RealProgram::find("codex")) else {
        return;
    };
    let known = std::cell::RefCell::new(Knowledge::default());
    let model = FakeModel::with_brain(move |request| answer(request, &mut known.borrow_mut()));
    let world = RealSetup::new(&[&claude, &codex], model)
        .account(Account::Max)
        .open()
        .with("TORCH_AGENTS_MODE", "");
    world.raise("orchestrator,developer,tester", "claude,developer=codex");
    world.wait_for(WORK, "the first commit", || {
        (!log(&world, "developer").is_empty()).then_some(())
    });
    // In the middle of its turn: the commit is made, and perhaps not yet reported.
    let pid = world.agent("developer").pid.expect("it runs");
    kill(&world, &[pid]);
    let done = torch_testing::poll(WORK, || {
        (world.status()["teams"][0]["phase"] == "finished").then_some(())
    });
    assert!(
        done.is_some(),
        "the spec has no end\n{}",
        world.whole_picture()
    );
    // Exactly these, each once, in this order.
    for role in ["developer", "tester"] {
        let wanted = ITEMS.iter().zip(DOES).filter(|(_, does)| *does == role);
        let wanted: Vec<String> = wanted.map(|(item, _)| format!("add {item}")).collect();
        assert_eq!(log(&world, role), wanted, "{}", world.whole_picture());
        let worktree = world.agent(role).worktree;
        for (item, _) in ITEMS.iter().zip(DOES).filter(|(_, does)| *does == role) {
            assert!(worktree.join(format!("{item}.txt")).exists(), "{item}");
        }
    }
    // The hub was told of each item once, and of nothing else by them.
    let reports: Vec<String> = world
        .bodies("orchestrator")
        .into_iter()
        .filter(|body| body.starts_with("finished"))
        .collect();
    assert_eq!(reports, ITEMS.map(|item| format!("finished {item}")));
    assert_ne!(world.agent("developer").pid, Some(pid));
}
