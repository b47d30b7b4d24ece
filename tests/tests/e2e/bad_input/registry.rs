//! Registries that can't be made, and some that only look so.

use std::fs;
use std::path::PathBuf;

use torch_testing::{SCRIPTED, World};

use crate::place::Place;
use crate::snapshot::Tree;

use super::{auto, explained};

/// `torch auto` with this registry, which can't be one.
#[track_caller]
fn refused(world: &World, home: PathBuf) {
    let before = Tree::of(world.folder());
    let place = Place::new(world, world.project(), home);
    for args in [auto(&["--spec=spec.md"]), vec!["daemon", "start"]] {
        let ran = place.torch(&args).code(75);
        explained(world, &ran, &place.home.display().to_string());
    }
    place.scm(&["developer", "hello"]).code(75).says("Error:");
    assert_eq!(before.changes(&Tree::of(world.folder())), [""; 0]);
    place.torch(&["doctor"]).code(1);
}

#[test]
fn below_a_file() {
    let world = World::new();
    let home = world.project().join("README.md/torch");
    refused(&world, home);
}

#[test]
fn where_nothing_can_be_made() {
    let world = World::new();
    refused(&world, PathBuf::from("/proc/torch"));
    refused(&world, PathBuf::from("/proc/self/fd"));
}

#[test]
fn in_a_folder_that_is_read_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    let folder = world.folder().join("read-only");
    fs::create_dir(&folder).expect("a folder");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).expect("chmod");
    // Root may write everywhere; /proc, where it may not, is tested above.
    if fs::create_dir(folder.join("probe")).is_err() {
        refused(&world, folder.join("torch"));
    }
}

#[test]
fn with_a_database_that_is_none() {
    let world = World::new();
    let home = world.home();
    fs::create_dir(&home).expect("a folder");
    fs::write(home.join("torch.db"), "my diary, volume 3\n".repeat(100)).expect("a file");
    let content = fs::read(home.join("torch.db")).expect("it is there");
    let place = Place::new(&world, world.project(), home.clone());
    let ran = place.torch(&auto(&["--spec=spec.md"])).code(75);
    explained(&world, &ran, "torch.db");
    assert_eq!(
        fs::read(home.join("torch.db")).expect("it is there"),
        content,
        "it is left alone"
    );
    assert!(!home.join("projects").exists());
    // Nothing is to be stopped by the world at its end.
    fs::remove_file(home.join("torch.db")).expect("removed");
}

#[test]
fn with_a_path_that_is_too_long_for_a_socket() {
    let world = World::new();
    let home = world.folder().join("long".repeat(30)).join("torch");
    assert!(home.as_os_str().len() > 108);
    let runtime = world.folder().join("runtime");
    fs::create_dir(&runtime).expect("a folder");
    let world = world.with("XDG_RUNTIME_DIR", &runtime.display().to_string());
    let scenario = world.folder().join("scenario.toml");
    fs::write(&scenario, SCRIPTED).expect("a file");
    let place = Place::new(&world, world.project(), home);
    place
        .torch(&auto(&[
            "--spec=spec.md",
            "--roles=orchestrator,developer",
            "--scenario",
            &scenario.display().to_string(),
        ]))
        .ok();
    place.scm(&["developer", "hello", "--wait"]).ok();
    assert!(place.ledgers().contains("hello"));
    assert!(
        format!("{:?}", Tree::of(&runtime)).contains(".sock"),
        "the socket lies elsewhere"
    );
    place.torch(&["stop"]).ok();
    place.torch(&["daemon", "stop"]).ok();
    assert_eq!(
        Tree::of(&runtime),
        Tree::default(),
        "the socket is gone with its daemon"
    );
}
