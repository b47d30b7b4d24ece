//! Open dialogs of Gemini CLI, opencode and aider: nothing is typed into them, and a person's word answers them.

use serde_json::Value;
use torch_testing::{REAL_DEADLINE, RealWorld};

use crate::dialogs::{MADE, follow, made, permission, question, send_notes};
use crate::team::{ROLE, ROLES, raise, world};

/// Gemini CLI trusts folders one by one: it asks about the worktree of a project that it trusts.
pub(crate) fn gemini_up(test: &str) -> Option<RealWorld> {
    let world = world(test, "gemini", |setup| setup)?;
    trusted_gemini(&world);
    Some(world)
}

/// Raises a team with it, and trusts its folder.
pub(crate) fn trusted_gemini(world: &RealWorld) {
    let ran = world.auto(ROLES, &format!("demo,{ROLE}=gemini"));
    assert_ne!(ran.code, 0, "{ran}");
    let id = question(world, "trust");
    world.torch(&["approve", &id]).ok();
    world.wait_agent(ROLE, REAL_DEADLINE, "briefed", |agent| agent.briefed);
    world.wait_quiet(ROLE);
}

#[test]
fn gemini_asks_about_its_folder_and_for_permission() {
    if let Some(world) = gemini_up("gemini_permission") {
        permission(&world, &format!("SCENARIO: bash touch {MADE}"));
    }
}

#[test]
fn opencode_asks_for_permission() {
    let Some(world) = world("opencode_permission", "opencode", |setup| setup) else {
        return;
    };
    raise(&world, "opencode");
    permission(&world, &format!("SCENARIO: bash touch {MADE}"));
}

/// aider has no hook, and no tools: it asks about the commands in an answer.
#[test]
fn aider_asks_whether_to_run_a_command() {
    let Some(world) = world("aider_permission", "aider", |setup| setup) else {
        return;
    };
    // Commands are found in answers of this format alone.
    let world = world.with("AIDER_EDIT_FORMAT", "diff");
    raise(&world, "aider");
    let opens = |world: &RealWorld| {
        let answer = format!("Run this:\n\n```bash\ntouch {MADE}\n```\n");
        world
            .model()
            .next([torch_testing::model::Scenario::Say(answer)]);
        world.post(ROLE, "please make the file");
        world.wait_agent(ROLE, REAL_DEADLINE, "asking", |agent| {
            agent.state == "asking"
        });
        question(world, "permission")
    };
    let id = opens(&world);
    let ids = send_notes(&world, &["asking"]);
    assert!(!made(&world), "not approved");
    world.torch(&["deny", &id]).ok();
    follow(&world, &ids, &["please make the file"]);
    assert!(!made(&world), "denied");

    let id = opens(&world);
    world.torch(&["approve", &id]).ok();
    world.wait("the command to have run", || made(&world));
    let last = world.post(ROLE, "the end");
    world.wait_consumed(&last);
    assert_eq!(world.pending(), Vec::<Value>::new());
}
