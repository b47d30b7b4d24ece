//! Worktrees are listed, removed with everything in them kept, and brought back.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use torch_process::facts;
use torch_testing::{SCRIPTED, World};

use crate::place::{branches, git, worktrees};
use crate::recovery::daemon_that_ends_at;
use crate::snapshot::Tree;

/// The worktree of a role.
fn path(world: &World, role: &str) -> PathBuf {
    world.home().join("projects/sample/worktrees").join(role)
}

/// The lines of a command's output, each as JSON.
fn lines(text: &str) -> Vec<Value> {
    let read = |line: &str| serde_json::from_str(line).expect("JSON");
    text.lines().map(read).collect()
}

/// All that git says of a worktree.
fn said(world: &World, role: &str) -> String {
    let args = [
        "status",
        "--porcelain=v2",
        "--branch",
        "--untracked-files=all",
    ];
    git(world, &path(world, role), &args)
}

#[test]
fn a_removal_killed_at_any_step_is_ended_by_the_next_and_loses_nothing() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    world.torch(&["stop"]).ok();
    let (folder, project) = (path(&world, "developer"), world.project());
    for point in [
        "did-removal-kept",
        "did-removal-aside",
        "did-removal-pruned",
        "did-removal-emptied",
        "did-removal-done",
    ] {
        fs::write(folder.join("work.txt"), point).expect("a file");
        fs::write(folder.join("README.md"), format!("changed at {point}\n")).expect("a file");
        let work = || {
            let read = |name: &str| fs::read_to_string(folder.join(name)).expect("a file");
            (
                read("work.txt"),
                read("README.md"),
                said(&world, "developer"),
            )
        };
        let before = work();
        let pid = daemon_that_ends_at(&world, point);
        let remove = ["worktree", "remove", "developer", "--branch", "--yes"];
        let ran = world.torch(&remove);
        world.wait("the daemon's end", || facts::process(pid).is_none());
        // Where it was asked again by itself, there may be nothing left to do.
        let again = world.torch(&remove);
        assert!(!folder.exists(), "{point}: {ran}\n{again}");
        let beside = fs::read_dir(folder.parent().expect("a folder")).expect("read");
        let beside: Vec<_> = beside
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        assert_eq!(beside, ["orchestrator"], "{point}");
        world.torch(&["undelete", "developer"]).ok();
        assert_eq!(work(), before, "{point}");
        git(&world, &project, &["fsck", "--strict", "--no-dangling"]);
    }
    world.torch(&["audit", "verify"]).ok();
}

#[test]
fn what_an_agent_left_comes_back() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let refused = world.torch(&["worktree", "remove", "developer", "--yes"]);
    refused.code(1).says("torch agent end developer");
    world.torch(&["stop"]).ok();
    let folder = path(&world, "developer");
    let run = |args: &str| git(&world, &folder, &args.split(' ').collect::<Vec<_>>());
    fs::write(folder.join("README.md"), "stashed\n").expect("a file");
    run("-c user.name=A -c user.email=a@example.com stash -q");
    fs::write(folder.join("spec.md"), "- another line\n").expect("a file");
    run("add spec.md");
    fs::write(folder.join("spec.md"), "- a third\n").expect("a file");
    fs::write(folder.join("odd \"name\"\n"), "new\n").expect("a file");
    let before = (Tree::of(&folder), said(&world, "developer"));
    let list = lines(&world.torch(&["worktree", "list", "--json"]).ok().stdout);
    let found = list.iter().find(|one| one["role"] == "developer");
    let found = found.expect("the developer's");
    assert_eq!(found["changed"], 1, "{found}");
    assert_eq!(found["untracked"], 1, "{found}");
    assert_eq!(found["ahead"], 0, "{found}");
    world
        .torch(&["worktree", "remove", "developer"])
        .code(2)
        .says("--yes");

    let removed = world.torch(&[
        "worktree",
        "remove",
        "developer",
        "--branch",
        "--yes",
        "--json",
    ]);
    let removed = removed.ok().json();
    let kept = &removed["kept"];
    assert_eq!(kept["files"], 2, "{removed}");
    assert_eq!(kept["stashes"].as_array().map(Vec::len), Some(1));
    assert_eq!(removed["deleted_branch"], "main-developer");
    assert!(!folder.exists());
    assert_eq!(
        branches(&world, &world.project()),
        ["main", "main-orchestrator"]
    );
    git(&world, &world.project(), &["stash", "clear"]);
    git(&world, &world.project(), &["gc", "-q", "--prune=now"]);
    let gone = world.torch(&["worktree", "list"]).ok();
    gone.prints("removed (torch undelete developer)");
    let listed = lines(&world.torch(&["undelete", "--list", "--json"]).ok().stdout);
    assert_eq!(listed, std::slice::from_ref(kept));

    let back = world.torch(&["undelete", "developer", "--json"]).ok();
    let back = back.json();
    assert_eq!(back["is_agents"], true, "{back}");
    assert_eq!(back["another_branch"], false, "{back}");
    let mut changes = before.0.changes(&Tree::of(&folder));
    // torch's own messages are in its registry; how git writes its own file is git's business.
    changes.retain(|change| !change[1..].starts_with(".torch/") && change != "~.git");
    assert_eq!(changes, [""; 0]);
    assert_eq!(said(&world, "developer"), before.1);
    assert!(git(&world, &folder, &["stash", "list"]).contains("main-developer"));
    let again = world.torch(&["undelete", "developer"]).code(2);
    again.says("is there again already").says("--to");
    // The agent goes on in it.
    world.team("orchestrator,developer", SCRIPTED);
    assert_eq!(
        world.run_as("developer", "cat spec.md").ok().stdout,
        "- a third\n"
    );
    world.torch(&["stop"]).ok();
    world.torch(&["audit", "verify"]).ok();
}

#[test]
fn a_folder_deleted_by_hand_and_a_worktree_that_is_made_anew() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    world.torch(&["stop"]).ok();
    let folder = path(&world, "developer");
    fs::write(folder.join("staged"), "staged\n").expect("a file");
    git(&world, &folder, &["add", "staged"]);
    fs::remove_dir_all(&folder).expect("removed");
    world
        .torch(&["worktree", "list"])
        .ok()
        .prints("its folder is gone");
    let removed = world.torch(&["worktree", "remove", "developer", "--yes"]);
    removed.ok().prints("what git knew of it is kept");
    assert_eq!(worktrees(&world, &world.project()).len(), 2);
    let elsewhere = world.folder().join("elsewhere");
    let to = elsewhere.display().to_string();
    world.torch(&["undelete", "developer", "--to", &to]).ok();
    assert_eq!(
        fs::read_to_string(elsewhere.join("staged")).ok().as_deref(),
        Some("staged\n")
    );
    assert!(!folder.exists());
    // That one is git's alone.
    let refused = world.torch(&["worktree", "remove", &to, "--yes"]).code(2);
    refused.says(&format!("worktree remove {to}\n"));
    // Its branch is in use there, so that the agent gets another one.
    world.team("orchestrator,developer", SCRIPTED);
    let branch = world.run_as("developer", "git branch --show-current").ok();
    assert_eq!(branch.stdout, "main-developer-2\n");
    let unknown = world.torch(&["undelete", "tester"]);
    unknown.code(2).says("torch undelete --list");
    let agents = world.run_as("developer", "torch worktree remove orchestrator --yes");
    agents.code(4);
    world.torch(&["stop"]).ok();
}

#[test]
fn a_worktree_that_no_team_has_is_removed_by_its_path() {
    let world = World::new();
    world.team("orchestrator", SCRIPTED);
    world.torch(&["stop"]).ok();
    let left = world.home().join("projects/old/worktrees/tester");
    let path = left.display().to_string();
    let add = ["worktree", "add", "-q", "-b", "main-tester", &path];
    git(&world, &world.project(), &add);
    fs::write(left.join("new"), "new\n").expect("a file");
    let listed = world.torch(&["worktree", "list"]).ok();
    listed.prints("of no team").prints("1 new");
    let outside = world.project().display().to_string();
    for other in [outside.as_str(), "./nowhere", "tester"] {
        let refused = world.torch(&["worktree", "remove", other, "--yes"]);
        assert_ne!(refused.code, 0, "{refused}");
    }
    let outside = world.torch(&["worktree", "remove", &outside]).code(2);
    outside.says("Hint: torch worktree list\n");
    assert!(world.project().join("spec.md").exists());
    let removed = world.torch(&["worktree", "remove", &path, "--yes"]).ok();
    removed.prints("1 uncommitted file");
    assert!(!left.exists());
    world.torch(&["undelete", "tester"]).ok();
    let back = fs::read_to_string(left.join("new"));
    assert_eq!(back.ok().as_deref(), Some("new\n"));
}

#[test]
fn a_purged_team_is_gone_and_its_work_is_not() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let folder = path(&world, "developer");
    fs::write(folder.join("notes"), "not committed\n").expect("a file");
    let refused = world.torch(&["stop", "--purge"]);
    refused
        .code(2)
        .says("torch stop --purge --yes")
        .says("team sample runs; its agents would be ended first");
    world.torch(&["schedule", "60", "look at it"]).ok();
    let looked = world.torch(&["stop", "--purge", "--dry-run"]).ok();
    let looked = looked.prints("the worktree of developer would be removed");
    looked.prints("1 planned note would never be said");
    let looked = world.torch(&["stop", "--purge", "--dry-run", "--json"]);
    assert_eq!(looked.ok().json()["runs"], true);
    // On a terminal, Enter alone is no, and the team goes on.
    let terminal = world.terminal("exec torch stop --purge");
    terminal.shows("Stop the team, and remove it and all of this? [y/N]");
    terminal.keys(&["Enter"]);
    assert_eq!(terminal.ended(std::time::Duration::from_secs(20)), 1);
    assert_eq!(world.agent("developer").state, "idle");
    assert!(world.torch(&["status"]).ok().stdout.contains("developer"));
    let before = branches(&world, &world.project());
    assert!(before.iter().any(|branch| branch == "main-developer"));
    world
        .torch(&["stop", "--purge", "--yes"])
        .ok()
        .prints("the team is removed");
    assert!(
        branches(&world, &world.project())
            .iter()
            .all(|branch| branch == "main")
    );
    assert!(!folder.exists());
    assert!(!world.torch(&["status"]).ok().stdout.contains("developer"));
    // The messages stay, and so does the work.
    assert!(!world.torch(&["msg", "list"]).ok().stdout.is_empty());
    world.torch(&["undelete", "developer"]).ok();
    let notes = fs::read_to_string(folder.join("notes"));
    assert_eq!(notes.expect("it is back"), "not committed\n");
    // The same project gets a new team.
    world.team("orchestrator,developer", SCRIPTED);
}

#[test]
fn what_a_purge_leaves_is_said_and_what_can_t_be_removed_is_not_asked_about() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let unknown = world.torch(&["worktree", "remove", "nope"]).code(2);
    unknown.says("no such target: \"nope\"");
    world.torch(&["stop"]).ok();
    let remove = ["worktree", "remove", "developer", "--yes"];
    world.torch(&remove).ok();
    let looked = world.torch(&["stop", "--purge", "--dry-run"]).ok();
    looked
        .prints("the worktree of developer was removed before")
        .prints("git branch -D main-developer")
        .prints("the worktree of orchestrator would be removed");
    world.torch(&["stop", "--purge", "--yes"]).ok();
    assert_eq!(
        branches(&world, &world.project()),
        ["main", "main-developer"]
    );
}

#[test]
fn outside_a_project_nobody_is_told_to_make_a_repository() {
    let world = World::new();
    let outside = world.folder().join("outside");
    fs::create_dir(&outside).expect("a folder");
    fs::write(outside.join("key"), "secret\n").expect("a file");
    let at = |command: &str| {
        let line = format!("cd {} && {command}", outside.display());
        world.run(&world.command("sh").args(["-c", &line]))
    };
    let listed = at("torch undelete --list").code(2);
    listed
        .says("--team NAME")
        .says("Hint: torch worktree list\n");
    fs::write(outside.join("spec.md"), "- a tool\n").expect("a spec");
    let auto = "torch auto --spec spec.md --agent demo --dry-run";
    let refused = at(auto)
        .code(2)
        .says("commit --allow-empty -m 'first commit'");
    assert!(!refused.stderr.contains("add -A"), "{refused}");
    // The hint is enough: what was not committed stays out of it, keys included.
    git(&world, &outside, &["init", "-q", "-b", "main"]);
    let user = ["-c", "user.name=A", "-c", "user.email=a@example.com"];
    let commit = ["commit", "-q", "--allow-empty", "-m", "first commit"];
    git(&world, &outside, &[&user[..], &commit].concat());
    at(auto).ok();
    assert_eq!(git(&world, &outside, &["ls-files"]), "");
}

#[test]
fn another_projects_worktree_goes_only_where_all_are_meant_and_comes_back_by_what_is_said() {
    let world = World::new();
    let lone = world.folder().join("lone project");
    fs::create_dir(&lone).expect("a folder");
    git(&world, &lone, &["init", "-q", "-b", "main"]);
    let user = ["-c", "user.name=A", "-c", "user.email=a@example.com"];
    let commit = ["commit", "-q", "--allow-empty", "-m", "first commit"];
    git(&world, &lone, &[&user[..], &commit].concat());
    let at = |command: &str| {
        let line = format!("cd '{}' && {command}", lone.display());
        world.run(&world.command("sh").args(["-c", &line]))
    };
    let made = world.torch(&["worktree", "add", "login", "--json"]).ok();
    let login = made.json()["path"].as_str().map(PathBuf::from);
    let login = login.expect("a path");
    at("torch worktree clean --yes")
        .ok()
        .prints("no worktrees of this repository");
    assert!(login.is_dir());
    let gone = at("torch worktree clean --all --yes").ok();
    assert!(!login.exists(), "{gone}");
    let mut cells = gone.stdout.split("  ").map(str::trim);
    let back = cells.find(|cell| cell.starts_with("cd "));
    let back = back.expect("what brings it back");
    at(back).ok();
    assert!(login.is_dir(), "{back}");
}

#[test]
fn a_worktree_gets_what_the_settings_say_and_goes_once_it_is_merged() {
    let world = World::new()
        .with("TORCH_WORKTREE_COPY", ".env")
        .with("TORCH_WORKTREE_SETUP", "echo \"$PORT\" > .torch/setup-ran")
        .with("TORCH_WORKTREE_LIMIT", "1");
    let project = world.project();
    fs::write(project.join(".env"), "KEY=x\nPORT=1\n").expect("a file");
    let exclude = project.join(".git/info/exclude");
    fs::create_dir_all(project.join(".git/info")).expect("a folder");
    fs::write(exclude, ".env\n").expect("a file");
    world.team("orchestrator,developer", SCRIPTED);
    let list = || lines(&world.torch(&["worktree", "list", "--json"]).ok().stdout);
    let port = |role: &str| {
        let all = list();
        let found = all.iter().find(|one| one["role"] == role).expect("listed");
        found["port"].as_u64().expect("a port")
    };
    let first = port("developer");
    assert_ne!(first, port("orchestrator"));
    let folder = path(&world, "developer");
    let env = fs::read_to_string(folder.join(".env")).expect("a copy");
    assert_eq!(env, format!("KEY=x\nPORT={first}\n"));
    let ran = fs::read_to_string(folder.join(".torch/setup-ran")).expect("it ran");
    assert_eq!(ran.trim(), first.to_string());
    let said = world.run_as("developer", "echo $PORT $TORCH_PORT_2").ok();
    assert_eq!(said.stdout.trim(), format!("{first} {}", first + 1));
    // They outlive the daemon.
    world.torch(&["daemon", "stop"]).ok();
    assert_eq!(port("developer"), first);
    world
        .torch(&["worktree", "clean", "--dry-run"])
        .ok()
        .prints("no worktrees");
    world.torch(&["stop"]).ok();

    let made = world
        .torch(&["worktree", "add", "login", "--json"])
        .ok()
        .json();
    assert_eq!(made["branch"], "FEATURE-login", "{made}");
    assert_eq!(made["was_there"], false, "{made}");
    let again = world.torch(&["worktree", "add", "login"]).ok();
    again.prints("was there already").prints("changes  none");
    let refused = world.torch(&["worktree", "add", "other"]);
    refused
        .code(2)
        .says("worktree.limit")
        .says("torch worktree clean");
    // It goes by its name, and comes back by it.
    world
        .torch(&["worktree", "remove", "login", "--yes"])
        .ok()
        .prints("login");
    let gone = world.torch(&["worktree", "remove", "login", "--yes"]);
    gone.code(2).says("Hint: torch undelete login/");
    world.torch(&["undelete", "login"]).ok();
    fs::write(folder.join("work"), "not saved\n").expect("a file");
    let looked = world.torch(&["worktree", "clean", "--dry-run"]).ok();
    looked.prints("1 file is not committed");
    world.torch(&["worktree", "clean"]).code(2).says("--yes");
    let cleaned = world
        .torch(&["worktree", "clean", "--branch", "--yes", "--json"])
        .ok();
    let gone: Vec<_> = lines(&cleaned.stdout)
        .into_iter()
        .filter(|one| one["failure"].is_null())
        .map(|one| one["role"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(gone, ["orchestrator", "login"]);
    assert_eq!(branches(&world, &project), ["main", "main-developer"]);
    assert!(folder.join("work").exists() && !path(&world, "orchestrator").exists());
    // Their ports are free again.
    let leases = fs::read_dir(world.home().join("ports")).expect("leases");
    assert_eq!(leases.count(), 2);
    moved_and_back(&world, &folder);
    world.team("orchestrator,developer", SCRIPTED);
    assert_eq!(port("developer"), first);
    world.torch(&["stop"]).ok();
    world.torch(&["audit", "verify"]).ok();
}

/// A worktree that was moved by hand is git's again at its new place, and is told to be no longer torch's.
#[track_caller]
fn moved_and_back(world: &World, folder: &Path) {
    let project = world.project();
    let moved = world.folder().join("moved");
    fs::rename(folder, &moved).expect("moved");
    let place = moved.display().to_string();
    world
        .torch(&["worktree", "repair", &place])
        .ok()
        .prints("knows again where the worktree is")
        .prints("in no torch worktree list");
    assert!(git(world, &project, &["worktree", "list"]).contains(&place));
    fs::rename(&moved, folder).expect("moved back");
    let mends = format!("torch worktree repair {}", folder.display());
    world.torch(&["git", "health"]).ok().prints(&mends);
    world.torch(&["worktree", "list"]).ok().prints(&mends);
    // Where it belongs, torch knows.
    world
        .torch(&["worktree", "repair"])
        .ok()
        .prints("knows again where the worktree is");
    let listed = git(world, &project, &["worktree", "list"]);
    assert!(listed.contains(&folder.display().to_string()), "{listed}");
}
