//! A team of the real Claude Code and Codex works a spec to its end, unattended, through a limit and a crash.

use std::path::Path;
use std::time::Duration;

use torch_process::CommandSpec;
use torch_testing::model::{Answer, Failure, FakeModel, ModelRequest, Quota, Window};
use torch_testing::program::{Account, RealProgram, required};
use torch_testing::{RealSetup, RealWorld, tagged};

/// How long the whole work may take; most of it is the wait for Claude Code's own continue after the limit.
const WORK: Duration = Duration::from_secs(120);

/// How far off the limit's reset is.
const RESET: Duration = Duration::from_secs(5);

/// The items of the spec, in order.
const ITEMS: [&str; 3] = ["greet-by-name", "greet-the-world", "refuse-an-empty-name"];

/// What the model knows of the work, by all that was said to it: the newest of torch's messages in this conversation, and
/// whether a tool ran since.
fn answer(request: &ModelRequest, limited: &mut bool) -> Option<Answer> {
    if let Some(result) = request.tool_results.last() {
        return Some(Answer::text(format!("done: {result}")));
    }
    let messages = request.all_user.iter().flat_map(|text| tagged(text));
    // After a continue the message before it is what the turn was about.
    let mut newest_first: Vec<_> = messages.collect();
    newest_first.reverse();
    let message = newest_first
        .into_iter()
        .find(|it| !it.body.contains("usage limit"))?;
    match message.to.as_str() {
        "orchestrator" => orchestrate(request, &message.body, limited),
        _ => develop(request, &message.body),
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
        Some(item) => request.shell(&format!("scm developer 'please do {item}'")),
        None => request.shell("torch complete 'all 3 items are met'"),
    })
}

/// The developer commits what it was asked for, and says so.
fn develop(request: &ModelRequest, body: &str) -> Option<Answer> {
    let item = ITEMS
        .iter()
        .find(|item| body.contains(&format!("please do {item}")))?;
    // Codex's sandbox reaches no socket and may not write git's files: the outbox is the door that is left.
    let command = format!(
        "echo {item} > {item}.txt && cd .torch/outbox && echo 'add {item}' > commit--{item}.md \
         && echo 'finished {item}' > orchestrator--{item}.md"
    );
    Some(request.shell(&command))
}

fn log(world: &RealWorld) -> String {
    let args = ["log", "--reverse", "--format=%s", "main..main-developer"];
    let ran = world.run(&world.command("git").args(args));
    ran.stdout
}

fn kill(world: &RealWorld, pid: u32) {
    let kill: CommandSpec = world.command("kill");
    world.run(&kill.args(["-s", "KILL", &pid.to_string()])).ok();
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
    let limited = std::cell::RefCell::new(false);
    let model = FakeModel::with_brain(move |request| answer(request, &mut limited.borrow_mut()));
    let world = RealSetup::new(&[&claude, &codex], model)
        .account(Account::Max)
        .open()
        .with("TORCH_AGENTS_MODE", "");
    world.raise("orchestrator,developer", "claude,developer=codex");
    world.wait_for(WORK, "the first commit", || {
        log(&world).contains(ITEMS[0]).then_some(())
    });
    let pid = world.agent("developer").pid.expect("it runs");
    kill(&world, pid);
    world.wait_for(WORK, "the end of the spec", || {
        (world.status()["teams"][0]["phase"] == "finished").then_some(())
    });
    let wanted = ITEMS.map(|item| format!("add {item}"));
    let log = log(&world);
    let mut commits: Vec<&str> = log.lines().collect();
    // A message that may be a repeat is acted on once by a model; this one only acts.
    commits.dedup();
    assert_eq!(commits, wanted, "{}", world.whole_picture());
    let worktree = world.agent("developer").worktree;
    assert!(Path::new(&worktree).join("greet-by-name.txt").exists());
    assert_ne!(world.agent("developer").pid, Some(pid));
}
