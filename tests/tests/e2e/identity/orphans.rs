//! What an agent leaves behind when its wrapper is killed is no person and no person's script.

use std::fs;

use torch_testing::World;

use super::{arrived, check, team};
use crate::endurance::signal;

/// Starts a process of the tester's that waits for its wrapper's end, with nothing in its environment that tells whose it is,
/// and then speaks. `before` is what it does first; the file `ready` shows that it is done with that.
fn leave(world: &World, name: &str, before: &str) {
    let wrapper = world.agent("tester").wrapper();
    let folder = world.folder().display().to_string();
    let inner = format!(
        "{before}; touch '{folder}/{name}.ready'; while kill -0 {wrapper} 2>/dev/null; do sleep 0.1; done; \
         scm developer 'not to you' > '{folder}/{name}.said' 2>&1; echo $? >> '{folder}/{name}.said'; scm orchestrator 'left {name}'"
    );
    let file = world.folder().join(format!("{name}.sh"));
    fs::write(&file, inner).expect("a file for the script");
    let script = format!(
        "env -i PATH=\"$PATH\" HOME=\"$HOME\" TORCH_HOME=\"$TORCH_HOME\" TMUX_TMPDIR=\"$TMUX_TMPDIR\" setsid sh '{}' >/dev/null 2>&1 &",
        file.display()
    );
    world.run_as("tester", &script).ok();
    world.wait("the process to be ready", || {
        world.folder().join(format!("{name}.ready")).exists()
    });
}

#[test]
fn an_agents_process_that_outlives_its_wrapper_is_nobody_known() {
    let world = team();
    leave(&world, "there", "true");
    // torch looks every two seconds at what runs below the agents.
    leave(&world, "elsewhere", "cd /; sleep 5");
    signal(&world, "KILL", world.agent("tester").wrapper());
    // Where it works shows whose it is, and what was seen of it before.
    for (name, rules) in [
        (
            "there",
            &["identity.left-behind", "identity.agents-worktree"][..],
        ),
        ("elsewhere", &["identity.left-behind"]),
    ] {
        let message = arrived(&world, &format!("left {name}"));
        let rule = rules
            .iter()
            .find(|rule| message.from_rule.starts_with(*rule));
        check(&message, "unknown", rule.unwrap_or(&rules[0]));
        let said = fs::read_to_string(world.folder().join(format!("{name}.said")));
        let said = said.expect("what it was told");
        assert!(
            said.contains("sender.unknown") && said.ends_with("\n4\n"),
            "{said}"
        );
    }
    assert_eq!(world.received("developer"), [""; 0]);
}

#[test]
fn a_script_in_an_agents_worktree_is_nobody_known() {
    let world = team();
    let mut script = world
        .command("setsid")
        .args(["-w", "scm", "tester", "from an editor's task"]);
    script.cwd = world.agent("developer").worktree;
    world.run(&script).code(4).says("sender.unknown");
    assert_eq!(world.received("tester"), [""; 0]);
}
