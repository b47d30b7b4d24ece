//! A machine without what torch needs: tmux or git absent, or too old.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use torch_testing::{Ran, World};

use super::{Untouched, auto};

/// A folder with links to the programs that a shell and torch need, but for those in `without`.
fn programs(world: &World, without: &[&str]) -> PathBuf {
    let folder = world.folder().join("bin");
    fs::create_dir(&folder).expect("a folder");
    for name in [
        "sh", "env", "cat", "git", "tmux", "ls", "uname", "tail", "sleep", "stty",
    ] {
        let found = world
            .run(
                &world
                    .command("sh")
                    .args(["-c", &format!("command -v {name}")]),
            )
            .ok();
        if !without.contains(&name) {
            std::os::unix::fs::symlink(found.stdout.trim(), folder.join(name)).expect("a link");
        }
    }
    for name in ["torch", "scm"] {
        std::os::unix::fs::symlink(world.program(name), folder.join(name)).expect("a link");
    }
    folder
}

/// `torch auto` with only these programs, which must fail and leave nothing behind.
#[track_caller]
fn fails(world: &World, bin: &std::path::Path, words: &str) -> Ran {
    let before = Untouched::now(world);
    let auto = auto(&["--spec=spec.md"]);
    let ran = world.run(&world.command("torch").args(auto).env("PATH", bin));
    assert_ne!(ran.code, 0, "{ran}");
    assert!([1, 2].contains(&ran.code), "{ran}");
    assert!(
        ran.stderr.contains("Error: ") && ran.stderr.contains("Hint: "),
        "{ran}"
    );
    assert!(ran.stderr.contains(words), "no `{words}` in {ran}");
    before.still(world);
    let doctor = world.run(&world.command("torch").arg("doctor").env("PATH", bin));
    assert_eq!(doctor.code, 1, "{doctor}");
    ran
}

#[test]
fn without_tmux() {
    let world = World::new();
    let bin = programs(&world, &["tmux"]);
    fails(&world, &bin, "tmux").says("install tmux");
}

#[test]
fn with_a_tmux_that_is_too_old() {
    let world = World::new();
    let bin = programs(&world, &["tmux"]);
    let asked = world.folder().join("asked");
    let old = format!(
        "#!/bin/sh\necho \"$*\" >> '{}'\n[ \"$1\" = -V ] && echo 'tmux 2.9'\n",
        asked.display()
    );
    fs::write(bin.join("tmux"), old).expect("a script");
    fs::set_permissions(bin.join("tmux"), fs::Permissions::from_mode(0o755)).expect("executable");
    fails(&world, &bin, "2.9").says("3.2");
    let asked = fs::read_to_string(asked).expect("it was asked");
    assert!(
        !asked.contains("new-session") && !asked.contains("start-server"),
        "no server was wanted of it: {asked}"
    );
}

#[test]
fn with_something_else_named_tmux() {
    let world = World::new();
    let bin = programs(&world, &["tmux"]);
    fs::write(
        bin.join("tmux"),
        "#!/bin/sh\necho 'I am a teapot'\nexit 3\n",
    )
    .expect("a script");
    fs::set_permissions(bin.join("tmux"), fs::Permissions::from_mode(0o755)).expect("executable");
    fails(&world, &bin, "tmux");
}

#[test]
fn without_git() {
    let world = World::new();
    let bin = programs(&world, &["git"]);
    let before = Untouched::now(&world);
    // A plain repository needs libgit2 only; whether a program `git` is there must not decide between a team and a
    // half one.
    let run = |args: &[&str]| world.run(&world.command("torch").args(args).env("PATH", &bin));
    let doctor = run(&["doctor"]).code(1);
    assert!(doctor.stdout.contains("git"), "{doctor}");
    let ran = run(&auto(&["--spec=spec.md", "--roles=orchestrator"]));
    if ran.code == 0 {
        run(&["stop"]).ok();
    } else {
        assert!(
            ran.stderr.contains("Error: ") && ran.stderr.contains("git"),
            "{ran}"
        );
        before.still(&world);
    }
}

#[test]
fn without_git_where_it_is_needed() {
    let world = World::new();
    // What libgit2 can't do.
    fs::write(world.project().join(".gitattributes"), "*.bin filter=lfs\n").expect("a file");
    for args in [&["add", "."][..], &["commit", "-q", "-m", "attributes"]] {
        crate::place::git(&world, &world.project(), args);
    }
    let bin = programs(&world, &["git"]);
    fails(&world, &bin, "git");
}
