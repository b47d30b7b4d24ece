//! Agents that write to their spools what no hook does.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use torch_testing::{SCRIPTED, World};

use super::programs::daemon_kb;

/// What reading such a spool may add to the daemon's memory at most, in kB, once it is read.
const GROWTH_KB: u64 = 60_000;

fn spool(world: &World, role: &str) -> PathBuf {
    let folder = fs::read_dir(world.run_folder(role)).expect("a folder");
    let mut paths = folder.flatten().map(|entry| entry.path());
    let is_spool = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("spool-")
    };
    paths.find(is_spool).expect("a spool")
}

fn append(path: &PathBuf, bytes: &[u8]) {
    let file = OpenOptions::new().append(true).open(path);
    file.and_then(|mut file| file.write_all(bytes))
        .expect("written");
}

/// How often it was said.
fn said(world: &World) -> Vec<String> {
    let rows = world.journal_of("developer", "agent.spool");
    let words = rows.iter().filter_map(|row| row.data["what"].as_str());
    words.map(str::to_owned).collect()
}

/// What showed the developer's state.
fn shown_by(world: &World) -> String {
    let why = world.torch(&["why", "developer", "--json"]).ok().json();
    let source = why["agent"]["evidence"]["source"].as_str();
    source.expect("a source").to_owned()
}

#[test]
fn a_line_that_is_too_long_makes_torch_deaf_to_nobody() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    world.deliver("developer", "before");
    world.wait_idle("developer");
    let before = daemon_kb(&world);
    let spool = spool(&world, "developer");
    for n in 1..=3 {
        let mut line = vec![b'x'; 40 << 20];
        line.push(b'\n');
        append(&spool, &line);
        world.deliver("developer", &format!("after line {n}"));
        world.wait_idle("developer");
        assert_eq!(shown_by(&world), "hook", "its hooks are heard");
    }
    let [said] = &said(&world)[..] else {
        panic!("{:?}", said(&world));
    };
    assert!(said.contains("over 32 MB"), "{said}");
    let why = world.torch(&["why", "developer", "--all"]).ok();
    why.prints("hooks missed").prints("over 32 MB");
    let after = daemon_kb(&world);
    assert!(after < before + GROWTH_KB, "{before} kB, then {after} kB");
}

#[test]
fn a_spool_that_is_emptied_or_replaced_is_read_on() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let spool = spool(&world, "developer");
    world.deliver("developer", "before");
    world.wait_idle("developer");
    fs::write(&spool, "").expect("emptied");
    world.deliver("developer", "after that");
    world.wait_idle("developer");
    assert_eq!(shown_by(&world), "hook");
    fs::remove_file(&spool).expect("removed");
    world.deliver("developer", "and after that");
    world.wait_idle("developer");
    assert_eq!(shown_by(&world), "hook");
    assert_eq!(
        said(&world),
        ["its spool was cut off or replaced, and is read from its beginning"]
    );
    assert_eq!(
        world.received("developer"),
        ["before", "after that", "and after that"]
    );
}
