//! A program that died goes on with its own conversation.

use torch_testing::{REAL_DEADLINE, RealWorld};

use crate::dialogs_others::gemini_up;
use crate::team::{ROLE, team};

/// The developer's program is killed; what it was told before is in its conversation after its restart, once.
fn goes_on(world: &RealWorld) {
    let before = "remember the word marzipan";
    let id = world.post(ROLE, before);
    world.wait_consumed(&id);
    world.wait_quiet(ROLE);
    let pid = world.agent(ROLE).pid.expect("it runs");
    let kill = world.command("kill");
    world.run(&kill.args(["-s", "KILL", &pid.to_string()])).ok();
    world.wait_agent(ROLE, REAL_DEADLINE, "another program, briefed", |agent| {
        agent.pid.is_some_and(|new| new != pid) && agent.briefed
    });
    world.wait_quiet(ROLE);
    let id = world.post(ROLE, "after the restart");
    world.wait_consumed(&id);
    let texts = world.model_sees("the message after the restart", |requests| {
        let mut all = requests.iter().rev().map(|request| &request.all_user);
        let holds =
            |texts: &&Vec<String>| texts.iter().any(|text| text.contains("after the restart"));
        all.find(holds).cloned()
    });
    let told = texts.iter().filter(|text| text.contains(before)).count();
    assert_eq!(told, 1, "{texts:#?}\n{}", world.whole_picture());
}

#[test]
fn gemini() {
    if let Some(world) = gemini_up("gemini_resume") {
        goes_on(&world);
    }
}

#[test]
fn opencode() {
    if let Some(world) = team("opencode_resume", "opencode") {
        goes_on(&world);
    }
}

#[test]
fn claude_and_codex() {
    for name in ["claude", "codex"] {
        if let Some(world) = team(&format!("{name}_resume"), name) {
            goes_on(&world);
        }
    }
}
