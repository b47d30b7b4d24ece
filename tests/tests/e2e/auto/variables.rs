//! Variables of whoever starts a team that its programs get, and those that they don't.

use std::path::Path;

use torch_testing::{SCRIPTED, World};

/// A value that stands nowhere else.
const KEY: &str = "k-of-a-provider-of-my-own";

fn holds(folder: &Path, text: &str) -> Option<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).find_map(|path| {
        if path.is_symlink() {
            return None;
        }
        if path.is_dir() {
            return holds(&path, text);
        }
        let bytes = std::fs::read(&path).ok()?;
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
            .then_some(path)
    })
}

#[test]
fn variables_that_the_settings_name_reach_the_programs_and_no_file() {
    let world = World::new()
        .with("MY_PROVIDER_KEY", KEY)
        .with("ANOTHER_KEY", "nobody asked for it")
        .with("TORCH_AGENTS_VARIABLES", "MY_PROVIDER_KEY");
    world.team("orchestrator", SCRIPTED);
    let mine = format!("MY_PROVIDER_KEY={KEY}");
    let environment = |pid: u32| {
        let bytes = std::fs::read(format!("/proc/{pid}/environ")).expect("a process of one's own");
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let before = world.agent("orchestrator").pid.expect("it runs");
    let seen = environment(before);
    assert!(seen.split('\0').any(|it| it == mine), "{seen}");
    assert!(!seen.contains("ANOTHER_KEY"), "{seen}");
    // One that is started again by torch has it as well.
    world.torch(&["agent", "restart", "orchestrator"]).ok();
    let again = world.agent("orchestrator").pid.expect("it runs");
    assert_ne!(again, before);
    assert!(environment(again).contains(&mine));
    assert_eq!(holds(&world.home(), KEY), None, "a file of the registry");
    let ran = world.torch(&["config"]).ok();
    assert!(ran.stdout.contains("agents.variables"), "{ran}");
}
