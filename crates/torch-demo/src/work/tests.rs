//! The play's outside work, on a real repository and real commands.

use super::*;
use crate::step::Shell;

struct Repository {
    _folder: tempfile::TempDir,
    world: World,
}

fn repository() -> Repository {
    let folder = tempfile::tempdir().unwrap();
    let env: Environment = [
        ("PATH", std::env::var("PATH").unwrap().as_str()),
        ("HOME", folder.path().to_str().unwrap()),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_SYSTEM", "/dev/null"),
    ]
    .into_iter()
    .map(|(name, value)| (name.into(), value.into()))
    .collect();
    let world = World {
        cwd: folder.path().to_owned(),
        env,
        role: "developer".to_owned(),
        spec: None,
    };
    let git = world
        .command("git", SHELL_DEADLINE)
        .args(["init", "-q", "-b", "work"]);
    torch_process::run(&git)
        .unwrap()
        .success_or_error()
        .unwrap();
    Repository {
        _folder: folder,
        world,
    }
}

fn item(n: usize) -> Step {
    Step::Commit(Commit {
        file: format!("demo/item-{n}.md").into(),
        message: format!("item {n}"),
        content: Some(format!("# Item {n}\n\ntext\n")),
    })
}

fn found(done: &Done, name: &str) -> String {
    let pair = done.found.iter().find(|(found, _)| found == name);
    pair.map(|(_, value)| value.clone()).unwrap_or_default()
}

#[test]
fn an_item_is_committed_once_with_the_role_as_author() {
    let repository = repository();
    let world = &repository.world;
    std::fs::write(world.cwd.join("other.txt"), "a person's own").unwrap();
    let first = perform(&item(1), world).unwrap();
    let second = perform(&item(1), world).unwrap();
    assert_eq!(found(&first, "hash"), found(&second, "hash"));
    assert_eq!(found(&first, "branch"), "work");
    let log = world
        .command("git", SHELL_DEADLINE)
        .args(["log", "--format=%an %s", "--name-only"]);
    assert_eq!(
        torch_process::run(&log).unwrap().text(),
        "developer item 1\n\ndemo/item-1.md"
    );
}

#[test]
fn the_tests_really_look() {
    let repository = repository();
    let world = &repository.world;
    perform(&item(1), world).unwrap();
    let verdict = |branch: &str, items| {
        let check = Step::Check {
            branch: branch.to_owned(),
            items,
        };
        found(&perform(&check, world).unwrap(), "verdict")
    };
    assert_eq!(verdict("work", 1), "TESTS PASSED 1 on work");
    assert_eq!(
        verdict("work", 2),
        "TESTS FAILED 1 of 2 on work: demo/item-2.md"
    );
    assert_eq!(verdict("work", 0), "TESTS FAILED: there is nothing to test");
    assert!(verdict("nowhere", 1).starts_with("TESTS FAILED: there is no branch"));
    assert!(verdict("--help", 1).starts_with("TESTS FAILED: `--help` is no branch"));
    let survey = perform(
        &Step::Survey {
            branch: "work".to_owned(),
        },
        world,
    )
    .unwrap();
    assert_eq!(found(&survey, "commits"), "1 commit");
    assert!(found(&survey, "log").ends_with("developer: item 1"));
}

#[test]
fn nothing_is_written_outside_the_worktree() {
    let repository = repository();
    for file in ["../x.md", "/tmp/torch-demo-x.md", "a/../../x.md"] {
        let commit = Commit {
            file: file.into(),
            message: "x".to_owned(),
            content: None,
        };
        let failure = perform(&Step::Commit(commit), &repository.world).unwrap_err();
        assert!(failure.text.contains("not inside"), "{file}: {failure:?}");
    }
}

#[test]
fn messages_go_over_standard_input_and_fail_by_exit_code() {
    use std::os::unix::fs::PermissionsExt as _;
    let repository = repository();
    let mut world = repository.world.clone();
    let bin = world.cwd.join("bin");
    std::fs::create_dir(&bin).unwrap();
    let scm = bin.join("scm");
    let script = "#!/bin/sh\necho \"$@\" > args\ncat > body\ncase $1 in no) exit 4;; later) exit 75;; esac\n";
    std::fs::write(&scm, script).unwrap();
    std::fs::set_permissions(&scm, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    world.env.insert("PATH".into(), path.into());
    let send = |to: &str| {
        let send = Send {
            to: to.to_owned(),
            body: "$(x) `y`\nb".to_owned(),
            key: "k".to_owned(),
            attempt: 1,
        };
        perform(&Step::Send(send), &world)
    };
    assert!(send("tester").is_ok());
    let read = |name: &str| std::fs::read_to_string(world.cwd.join(name)).unwrap();
    assert_eq!(read("args"), "tester --stdin --key k\n");
    assert_eq!(read("body"), "$(x) `y`\nb");
    assert!(!send("no").unwrap_err().again);
    assert!(send("later").unwrap_err().again);
}

#[test]
fn a_shell_command_shows_its_output_and_its_status() {
    let repository = repository();
    let shell = |command: &str| {
        perform(
            &Step::Shell(Shell {
                command: command.to_owned(),
            }),
            &repository.world,
        )
    };
    assert_eq!(shell("echo hi").unwrap().shown, ["$ echo hi", "hi"]);
    assert!(
        shell("echo no; exit 3")
            .unwrap_err()
            .text
            .contains("exit status: 3")
    );
}

#[test]
fn what_another_git_holds_is_tried_again() {
    let repository = repository();
    let world = &repository.world;
    let lock = world.cwd.join(".git/index.lock");
    std::fs::write(&lock, "").unwrap();
    let held = perform(&item(1), world).unwrap_err();
    assert!(held.again && held.text.contains("index.lock"), "{held:?}");
    std::fs::remove_file(lock).unwrap();
    perform(&item(1), world).unwrap();
    let outside = Step::Commit(Commit {
        file: "../outside".into(),
        message: "no".to_owned(),
        content: None,
    });
    assert!(!perform(&outside, world).unwrap_err().again);
}
