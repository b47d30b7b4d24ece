//! The outbox: a file in `.torch/outbox/` of an agent's worktree is a request of that agent.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use torch_testing::{DEADLINE, SCRIPTED, World};

use crate::endurance::next_daemon;
use crate::place::git;
use crate::recovery::daemon_that_ends_at;

fn team() -> World {
    let world = World::new();
    world.team("orchestrator,developer,tester", SCRIPTED);
    world
}

/// A role's outbox.
fn outbox(world: &World, role: &str) -> PathBuf {
    world.agent(role).worktree.join(".torch/outbox")
}

/// Puts a whole file into an outbox, as careful programs do.
fn put(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
    let new = folder.join(".new");
    fs::write(&new, text).expect("written");
    fs::rename(&new, folder.join(name)).expect("renamed");
}

/// The receipt of a file, once it is there; the file is gone then.
#[track_caller]
fn receipt(world: &World, folder: &Path, name: &str) -> Value {
    let path = folder.join("done").join(format!("{name}.json"));
    let text = world.wait_for(DEADLINE, &format!("the receipt of {name}"), || {
        fs::read_to_string(&path).ok()
    });
    let gone = |path: &Path| fs::symlink_metadata(path).is_err();
    world.wait("the file to be gone", || {
        gone(&folder.join(name)) && gone(&folder.join(".taken").join(name))
    });
    serde_json::from_str(&text).expect("JSON")
}

/// How many messages have this text.
fn with_text(world: &World, text: &str) -> usize {
    let all = world.torch(&["msg", "list", "--json", "--limit", "10000"]);
    all.ok()
        .stdout
        .lines()
        .filter(|line| line.contains(text))
        .count()
}

#[test]
fn a_file_becomes_a_message() {
    let world = team();
    let folder = outbox(&world, "developer");
    let begin = Instant::now();
    world
        .run_as(
            "developer",
            "printf 'all tests pass\\nin 3 s $HOME' > .torch/outbox/orchestrator--report.md",
        )
        .ok();
    let receipt = receipt(&world, &folder, "orchestrator--report.md");
    let took = begin.elapsed();
    assert_eq!(
        (&receipt["ok"], &receipt["exit_code"]),
        (&true.into(), &0.into())
    );
    let id = receipt["message"].as_str().expect("an id");
    world.wait_message(id, "consumed");
    assert_eq!(
        world.received("orchestrator"),
        ["all tests pass\nin 3 s $HOME"]
    );
    let message = world.message(id);
    assert_eq!(message.from, "developer");
    assert!(
        message.from_rule.starts_with("identity.outbox"),
        "{message:?}"
    );
    let trace = world.torch(&["msg", "trace", id]).ok();
    assert!(trace.stdout.contains("via=outbox"), "{trace}");
    // Not by a look now and then: closing the file is enough.
    assert!(took < Duration::from_secs(4), "{took:?}");
}

#[test]
fn forms_have_their_files() {
    let world = team();
    let (hub, own) = (outbox(&world, "orchestrator"), outbox(&world, "developer"));
    let ok = |folder: &Path, name: &str, text: &str| {
        put(folder, name, text);
        let receipt = receipt(&world, folder, name);
        assert_eq!(receipt["ok"], true, "{receipt}");
        receipt
    };
    let text = "kind: task-assign\nto: developer\nid: T-7\ntitle: The parser\ncriterion: all parse\n\nread all\n";
    let task = ok(&hub, "t.md", text);
    let task = world.message(task["message"].as_str().expect("an id"));
    assert_eq!(
        (task.from.as_str(), task.to.as_str()),
        ("orchestrator", "developer")
    );
    ok(&hub, "deps-set--1.md", "role: tester\non: developer\n");
    let deps = ok(&own, "deps-list.md", "\n");
    assert_eq!(deps["dependencies"][0]["role"], "tester", "{deps}");
    assert_eq!(
        deps["dependencies"][0]["on"][0]["role"], "developer",
        "{deps}"
    );
    let tasks = ok(&own, "task-list.md", "unacked: yes\n");
    assert_eq!(tasks["tasks"][0]["task"], "T-7", "{tasks}");
    ok(&own, "report-blocked--1.md", "no database\n");
    let text = "eta: 30m\ncompleted: the lexer\nblocked: no key\n\nthe parser\n";
    ok(&own, "report-status--1.md", text);
    ok(&own, "report-unblocked--1.md", "the key came\n");
    assert_eq!(world.journal_of("developer", "agent.blocked").len(), 1);
    assert_eq!(world.journal_of("developer", "agent.unblocked").len(), 1);
    let status = r"Current: the parser\nBlocked: no key\nETA: 30m";
    assert_eq!(with_text(&world, status), 1);
    world.torch(&["standup"]).ok();
    ok(&own, "standup-answer--1.md", "now the parser\n");
    // Refused as the command is, and by its own rules.
    put(&own, "deps-set--2.md", "role: tester\non: developer\n");
    let refused = receipt(&world, &own, "deps-set--2.md");
    assert_eq!(refused["exit_code"], 4, "{refused}");
    put(&own, "report-status--2.md", "current: the parser\n");
    let bad = receipt(&world, &own, "report-status--2.md");
    assert_eq!(bad["exit_code"], 2, "{bad}");
    assert!(
        bad["causes"][0]
            .as_str()
            .expect("a cause")
            .contains("needs `eta`"),
        "{bad}"
    );
}

#[test]
fn every_kind_has_its_file() {
    let world = team();
    let folder = outbox(&world, "developer");
    let id = world.deliver("developer", "please act on this");
    put(&folder, "a", format!("kind: ack\nid: {id}\n"));
    assert_eq!(receipt(&world, &folder, "a")["ok"], true);
    assert_eq!(world.message(&id).state, "acked");
    let worktree = world.agent("developer").worktree;
    fs::write(worktree.join("new"), "x\n").expect("written");
    put(&folder, "commit--1.md", "by a file\n\nand why");
    let commit = receipt(&world, &folder, "commit--1.md");
    assert_eq!(commit["commit"]["files"], 1, "{commit}");
    let log = git(&world, &worktree, &["log", "-1", "--format=%an|%s"]);
    assert_eq!(log, "developer (torch)|by a file");
    let made = world.journal_of("developer", "commit.made");
    assert_eq!(made[0].cause, "request commit by developer via outbox");
    put(
        &folder,
        "n.json",
        r#"{"kind": "schedule", "minutes": 30, "text": "look again"}"#,
    );
    let note = receipt(&world, &folder, "n.json");
    assert!(
        note["note"].as_str().expect("an id").starts_with("s-"),
        "{note}"
    );
    put(&folder, "complete--1.md", "all of it");
    let done = receipt(&world, &folder, "complete--1.md");
    let done = world.message(done["message"].as_str().expect("an id"));
    assert_eq!(
        (done.from.as_str(), done.to.as_str()),
        ("developer", "orchestrator")
    );
    // Refusals read as they do on the command line.
    put(&folder, "developer--self.md", "to myself");
    let own = receipt(&world, &folder, "developer--self.md");
    assert_eq!((&own["ok"], &own["exit_code"]), (&false.into(), &4.into()));
    assert!(
        own["causes"][0]
            .as_str()
            .expect("a cause")
            .contains("edge.self"),
        "{own}"
    );
    put(&folder, "plumber--x.md", "x");
    let nobody = receipt(&world, &folder, "plumber--x.md");
    assert_eq!(nobody["exit_code"], 2);
    put(&folder, "bad.json", "{");
    assert_eq!(receipt(&world, &folder, "bad.json")["kind"], "usage");
}

#[test]
fn only_whole_files_count() {
    let world = team();
    let folder = outbox(&world, "developer");
    for name in [
        ".human--hidden",
        "human--x.tmp",
        "human--x.part",
        "human--x~",
    ] {
        fs::write(folder.join(name), "written by halves").expect("written");
    }
    fs::create_dir(folder.join("human--folder")).expect("made");
    // A writer that takes its time, longer than several looks.
    let script = "( printf one; sleep 3; printf two ) > .torch/outbox/human--slow.md";
    world.run_as("developer", script).ok();
    assert_eq!(receipt(&world, &folder, "human--slow.md")["ok"], true);
    assert_eq!(with_text(&world, "onetwo"), 1);
    assert_eq!(with_text(&world, "written by halves"), 0);
    for name in [
        ".human--hidden",
        "human--x.tmp",
        "human--x.part",
        "human--x~",
        "human--folder",
    ] {
        assert!(folder.join(name).exists(), "{name}");
    }
    // The same name and the same text once more is another message.
    put(&folder, "human--slow.md", "onetwo");
    world.wait("the second one", || with_text(&world, "onetwo") == 2);
}

#[test]
fn what_is_no_file_of_the_agent_is_refused() {
    let world = team();
    let folder = outbox(&world, "developer");
    let secret = world.folder().join("secret");
    fs::write(&secret, "the person's secret").expect("written");
    symlink(&secret, folder.join("human--link.md")).expect("a link");
    let link = receipt(&world, &folder, "human--link.md");
    assert!(
        link["causes"][0]
            .as_str()
            .expect("a cause")
            .contains("symbolic link"),
        "{link}"
    );
    world
        .run(&world.command("mkfifo").args([folder.join("human--pipe")]))
        .ok();
    assert_eq!(receipt(&world, &folder, "human--pipe")["ok"], false);
    let huge = folder.join(".huge");
    let file = fs::File::create(&huge).expect("made");
    file.set_len(9 * 1024 * 1024).expect("long");
    fs::rename(&huge, folder.join("human--huge.md")).expect("renamed");
    let refused = receipt(&world, &folder, "human--huge.md");
    assert!(
        refused["causes"][0]
            .as_str()
            .expect("a cause")
            .contains("more than"),
        "{refused}"
    );
    // Root may read everything; anybody else gets a refusal.
    put(&folder, "human--closed.md", "closed to its owner");
    let closed = folder.join(".closed");
    fs::write(&closed, "x").expect("written");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).expect("closed");
    fs::rename(&closed, folder.join("human--shut.md")).expect("renamed");
    receipt(&world, &folder, "human--shut.md");
    put(&folder, "human--a\u{1b}[31m\nb.md", "colours");
    world.wait("its receipt", || {
        let done = fs::read_dir(folder.join("done"))
            .expect("receipts")
            .flatten();
        let mut names = done.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.any(|name| name.starts_with("human--a__31m_b.md-"))
    });
    assert_eq!(with_text(&world, "colours"), 0);
    assert!(secret.exists());
    assert_eq!(with_text(&world, "secret"), 0);
    // In place of the folder somebody puts a link: nothing behind it is read, moved or written.
    let aside = world.folder().join("aside");
    fs::create_dir(&aside).expect("made");
    put(&aside, "human--aside.md", "from aside");
    let tester = outbox(&world, "tester");
    fs::remove_dir_all(&tester).expect("removed");
    symlink(&aside, &tester).expect("a link");
    // Nobody tells of a link, so its receipt shows that all outboxes were looked into.
    for name in ["human--once", "human--twice"] {
        symlink(&secret, folder.join(name)).expect("a link");
        receipt(&world, &folder, name);
    }
    assert!(aside.join("human--aside.md").exists());
    assert_eq!(fs::read_dir(&aside).expect("a folder").count(), 1);
    // The folder is back: so are its files.
    fs::remove_file(&tester).expect("removed");
    fs::create_dir(&tester).expect("made");
    put(&tester, "human--back.md", "it is back");
    world.wait("it to be taken", || with_text(&world, "it is back") == 1);
}

#[test]
fn many_files_are_taken_once_each() {
    let world = team();
    let folder = outbox(&world, "developer");
    for n in 0..1500 {
        put(&folder, &format!("human--{n}.md"), format!("number <{n}>"));
    }
    world.wait("all to be taken", || with_text(&world, "number <") == 1500);
    for n in [0, 777, 1499] {
        assert_eq!(with_text(&world, &format!("number <{n}>")), 1);
    }
    world.wait("nothing to be left", || {
        let names = fs::read_dir(&folder).expect("a folder").flatten();
        let mut names = names.map(|entry| entry.file_name());
        let taken = fs::read_dir(folder.join(".taken"))
            .expect("a folder")
            .count();
        taken == 0 && !names.any(|name| name.to_string_lossy().starts_with("human"))
    });
    let receipts = fs::read_dir(folder.join("done")).expect("receipts").count();
    assert!(receipts <= 200, "{receipts}");
}

#[test]
fn a_daemon_that_is_killed_takes_a_file_once() {
    let world = team();
    let folder = outbox(&world, "developer");
    for (name, point) in [
        ("human", "before-outbox.taken"),
        ("human", "outbox.taken"),
        ("complete", "outbox.taken"),
        ("human", "did-receipt"),
        ("commit", "did-commit"),
    ] {
        let pid = daemon_that_ends_at(&world, point);
        let worktree = world.agent("developer").worktree;
        fs::write(worktree.join(point), "x\n").expect("written");
        let file = format!("{name}--{point}.md");
        put(&folder, &file, format!("{name} at {point}"));
        next_daemon(&world, pid);
        let line = format!("TORCH_TEST_CRASH ends the daemon at {point}");
        assert!(world.log().contains(&line), "{}", world.log());
        let receipt = receipt(&world, &folder, &file);
        assert_eq!(receipt["ok"], true, "{file}: {receipt}");
        if name == "commit" {
            let count = git(&world, &worktree, &["rev-list", "--count", "main..HEAD"]);
            let already = &receipt["commit"]["already"];
            assert_eq!((count.as_str(), already), ("1", &true.into()));
        } else {
            assert_eq!(
                with_text(&world, &format!("{name} at {point}")),
                1,
                "{file}"
            );
            let id = receipt["message"].as_str().expect("an id");
            assert_eq!(world.message(id).from, "developer");
        }
    }
    assert_eq!(world.journal_of("developer", "agent.completed").len(), 1);
    world.torch(&["audit", "verify"]).ok();
}
