//! Bad orders: specs, roles, programs, options.

use std::fs;

use torch_testing::{SCRIPTED, World};

use super::{Untouched, auto, explained};

/// Runs `torch auto` with these options, which must be refused with exit code 2 and these words.
#[track_caller]
fn refused(world: &World, more: &[&str], words: &str) -> String {
    let before = Untouched::now(world);
    let ran = world.torch(&auto(more)).code(2);
    let hint = explained(world, &ran, words);
    before.still(world);
    hint
}

#[test]
fn specs_that_are_none() {
    let world = World::new();
    let folder = world.folder().join("specs");
    fs::create_dir(&folder).expect("a folder");
    let path = |name: &str| folder.join(name).display().to_string();
    let write = |name: &str, content: &[u8]| fs::write(folder.join(name), content).expect("a file");
    write("empty.md", b"");
    write("blank.md", b"\xef\xbb\xbf \n\t\r\n \n");
    write("binary.md", b"\x7fELF\0\x01\x02");
    write("latin1.md", b"caf\xe9\n");
    let huge = fs::File::create(folder.join("huge.md")).expect("a file");
    huge.set_len(50 << 20).expect("a sparse file");
    // The tests may run as root, whom no mode stops; a link that leads nowhere can't be read by anybody.
    std::os::unix::fs::symlink(folder.join("nowhere"), folder.join("link.md")).expect("a link");
    std::os::unix::fs::symlink(folder.join("loop.md"), folder.join("loop.md")).expect("a link");
    for (name, words) in [
        ("empty.md", "is empty"),
        ("binary.md", "is binary"),
        ("latin1.md", "UTF-8"),
        ("huge.md", "which is 10 MB"),
        ("link.md", "does not exist"),
        ("missing.md", "does not exist"),
        ("loop.md", "loop.md"),
        (".", "is a directory"),
    ] {
        refused(&world, &["--spec", &path(name)], words);
    }
    refused(&world, &["--spec", "/dev/null"], "no regular file");
    refused(&world, &["--spec", &path("blank.md")], "empty");
}

#[test]
fn an_unreadable_spec() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    let file = world.folder().join("secret.md");
    fs::write(&file, "- a tool\n").expect("a file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).expect("chmod");
    // Root may read everything; what nobody can read is in `specs_that_are_none`.
    if fs::read(&file).is_err() {
        let hint = refused(
            &world,
            &["--spec", &file.display().to_string()],
            "can't be read",
        );
        super::follow(&world, &hint);
        world
            .torch(&auto(&["--dry-run", "--spec", &file.display().to_string()]))
            .ok();
    }
}

#[test]
fn no_spec_at_all() {
    let world = World::new();
    let before = Untouched::now(&world);
    world.torch(&auto(&[])).code(2).says("--spec");
    world.torch(&["auto", "--spec"]).code(2);
    before.still(&world);
}

#[test]
fn a_proposed_spec_is_one() {
    let world = World::new();
    let hint = refused(&world, &["--spec", "SPEC.txt"], "does not exist");
    assert_eq!(
        hint,
        format!(
            "torch auto --agent demo --yes --spec {}/spec.md",
            world.project().display()
        )
    );
    let ran = world.run(
        &world
            .command("sh")
            .args(["-c", &format!("{hint} --dry-run")]),
    );
    ran.ok().prints("would be raised");
}

#[test]
fn roles_that_are_none() {
    let world = World::new();
    for (roles, words) in [
        ("developer,plumber", "plumber"),
        ("developer,#(touch x)", "#(touch x)"),
        ("human", "reserved"),
        ("-developer", "begins with"),
        ("developer;tester", "developer;tester"),
    ] {
        refused(
            &world,
            &["--spec", "spec.md", &format!("--roles={roles}")],
            words,
        );
    }
    let many: Vec<String> = (0..65).map(|n| format!("role{n}")).collect();
    refused(
        &world,
        &["--spec", "spec.md", "--roles", &many.join(",")],
        "role0",
    );
    assert!(!world.project().join("x").exists());
}

#[test]
fn roles_that_are_named_twice_are_one() {
    let world = World::new();
    let plan = world.torch(&auto(&[
        "--spec=spec.md",
        "--dry-run",
        "--json",
        "--roles=dev,developer,QA,tester,dev,pm",
    ]));
    let plan = plan.ok().json();
    let agents = plan["agents"].as_array().expect("agents");
    let roles: Vec<&str> = agents
        .iter()
        .filter_map(|agent| agent["role"].as_str())
        .collect();
    assert_eq!(
        roles,
        ["orchestrator", "project_manager", "developer", "tester"]
    );
}

#[test]
fn programs_that_are_none() {
    let world = World::new();
    let before = Untouched::now(&world);
    for (args, words) in [
        (
            &["auto", "--yes", "--spec", "spec.md", "--agent", "clippy"][..],
            "known programs: aider, claude, codex, demo, gemini, opencode",
        ),
        (
            &["auto", "--yes", "--spec", "spec.md"],
            "no agent program was found",
        ),
        (
            &[
                "auto",
                "--yes",
                "--spec",
                "spec.md",
                "--agent",
                "$(touch x)",
            ],
            "touch x",
        ),
    ] {
        let ran = world.torch(args).code(2);
        let hint = explained(&world, &ran, words);
        // What was asked for, with a program that there is.
        let hint = hint.replace(" --yes", "");
        assert_eq!(hint, "torch auto --spec spec.md --agent demo");
    }
    before.still(&world);
}

#[test]
fn options_that_are_none() {
    let world = World::new();
    let before = Untouched::now(&world);
    for args in [
        &["auto", "--spec", "spec.md", "--hurry"][..],
        &["raise"],
        &[
            "auto",
            "--spec",
            "spec.md",
            "--scenario",
            "missing.toml",
            "--agent",
            "demo",
            "--yes",
        ],
        &[
            "auto",
            "--spec",
            "spec.md",
            "--project",
            "/nowhere",
            "--agent",
            "demo",
            "--yes",
        ],
        &[
            "auto",
            "--spec",
            "spec.md",
            "--project",
            "README.md",
            "--agent",
            "demo",
            "--yes",
        ],
        &["auto", "--spec", "spec.md", "--agent", "demo"],
        &["status", "--team", "nobody"],
        &["stop"],
        &["attach"],
        &["why", "developer"],
        &["logs", "developer"],
        &["msg", "show", "m-00000000"],
        &["msg", "retry", "m-00000000"],
        &["inbox", "now"],
        &["audit"],
        &["completions", "cmd"],
    ] {
        let ran = world.torch(args);
        assert!([2, 75].contains(&ran.code), "{ran}");
        assert!(
            ran.stderr.to_lowercase().contains("error:") || args == ["audit"],
            "{ran}"
        );
    }
    world.scm(&["developer", "hello"]).code(2).says("Error:");
    before.still(&world);
}

#[test]
fn a_broken_scenario_ends_in_words() {
    let world = World::new();
    let scenario = world.folder().join("broken.toml");
    fs::write(&scenario, "dance = true").expect("a file");
    let ran = world.torch(&auto(&[
        "--spec=spec.md",
        "--roles=developer",
        "--scenario",
        &scenario.display().to_string(),
    ]));
    explained(&world, &ran.clone().code(1), "not every agent came up");
    assert!(ran.stderr.contains("developer"), "{ran}");
    world.torch(&["stop"]).ok();
    // The same project can be used again.
    world.team("developer", SCRIPTED);
}
