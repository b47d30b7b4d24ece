//! The registry's database under a running team: backed up, removed, restored.

use std::fs;

use torch_testing::{SCRIPTED, World};

#[test]
fn a_removed_database_ends_the_daemon_and_comes_back() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    world.deliver("developer", "before the backup");
    let made = world.torch(&["backup", "--json"]).ok().json();
    assert_eq!(made["manifest"]["reason"], "command");
    world.torch(&["gc", "--dry-run"]).ok();
    let done = world.torch(&["gc", "--json"]).ok().json();
    assert_eq!(done["kinds"][0]["items"], 0, "nothing is old: {done}");
    world
        .torch(&["restore", "--yes"])
        .code(1)
        .says("torch daemon stop");

    for name in ["torch.db", "torch.db-wal", "torch.db-shm"] {
        fs::remove_file(world.home().join(name)).expect("removed");
    }
    // Nothing is said to be kept that is not, and nothing is begun anew.
    let ran = world.scm(&["developer", "into the void"]);
    assert_ne!(ran.code, 0, "{ran}");
    world.wait("the end of the daemon", || {
        world.torch(&["daemon", "status"]).code == 1
    });
    world
        .torch(&["status"])
        .code(1)
        .says("Hint: torch restore --list");
    assert!(!world.home().join("torch.db").exists());

    world.torch(&["restore", "--yes"]).ok();
    world.torch(&["daemon", "start"]).ok();
    world.deliver("developer", "after it");
    let received = world.received("developer");
    assert!(
        received.contains(&"before the backup".to_owned()),
        "{received:?}"
    );
    world.torch(&["audit", "verify"]).ok();
}
