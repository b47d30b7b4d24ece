//! Work is taken back: by whom, over kills of the daemon at each step, and by a person who forces it.

use std::fs;

use serde_json::Value;
use torch_process::facts;
use torch_testing::{DEADLINE, SCRIPTED, World};

use crate::endurance::named;
use crate::place::{branches, git};
use crate::recovery::daemon_that_ends_at;

/// Commits a file on the project's own branch; the commit.
#[track_caller]
fn commit(world: &World, text: &str, message: &str) -> String {
    let project = world.project();
    fs::write(project.join("code.txt"), text).expect("a file");
    git(world, &project, &["add", "code.txt"]);
    git(world, &project, &["commit", "-q", "-m", message]);
    git(world, &project, &["rev-parse", "HEAD"])
}

fn code(world: &World) -> String {
    fs::read_to_string(world.project().join("code.txt")).expect("a file")
}

/// Nothing of the repository is lost, and nothing is left half done.
#[track_caller]
fn check(world: &World) {
    let project = world.project();
    assert_eq!(git(world, &project, &["status", "--porcelain"]), "");
    git(world, &project, &["fsck", "--strict", "--no-dangling"]);
    assert!(!project.join(".git/index.lock").exists());
    world.torch(&["audit", "verify"]).ok();
}

/// The records, the oldest first.
fn records(world: &World) -> Vec<Value> {
    let listed = world.torch(&["rollback", "list", "--json"]).ok().stdout;
    let read = |line: &str| serde_json::from_str(line).expect("JSON");
    listed.lines().rev().map(read).collect()
}

/// Whose it is not, may not; and nobody's uncommitted work is in danger.
#[track_caller]
fn only_who_may(world: &World, bad: &str) {
    let project = world.project();
    let refused = world.run_as("developer", "torch rollback revert --to-last-good");
    refused.code(4).says("rollback.leads-only");
    let refused = world.run_as("orchestrator", "torch rollback verify");
    refused.code(4).says("rollback.verify");
    fs::write(project.join("spec.md"), "- mine\n").expect("a file");
    let refused = world.torch(&["rollback", "revert", bad]).code(1);
    refused.says("not committed").says("stash");
    git(world, &project, &["checkout", "-q", "spec.md"]);
    assert_eq!(git(world, &project, &["rev-parse", "main"]), bad);
    let reverted = world.torch(&["rollback", "revert", bad]).ok();
    reverted
        .prints("1 commit reverted on main")
        .prints("-bad\n+good\n");
    assert_eq!(code(world), "good\nmore\n");
    let again = world.torch(&["rollback", "revert", bad]).code(1);
    again.says("it was taken back already");
}

/// An emergency by the orchestrator, which can't force it.
#[track_caller]
fn emergency(world: &World, (good, bad): (&str, &str)) {
    let project = world.project();
    world
        .torch(&["rollback", "emergency"])
        .code(2)
        .says("--yes");
    let forced = world.torch(&["rollback", "emergency", "--force"]);
    forced
        .code(4)
        .says("nobody can be asked")
        .says("Hint: torch rollback plan\n");
    let done = world.run_as("orchestrator", "torch rollback emergency --yes --json");
    let done = done.ok().json();
    assert_eq!(done["told"], 2, "{done}");
    assert_eq!(code(world), "good\n");
    let emergency = branches(world, &project);
    let emergency = emergency
        .iter()
        .find(|name| name.starts_with("rollback/emergency-"));
    let emergency = emergency.expect("its branch");
    assert_eq!(git(world, &project, &["rev-parse", emergency]), good);
    git(
        world,
        &project,
        &["merge-base", "--is-ancestor", bad, "main"],
    );
    for role in ["orchestrator", "developer"] {
        world.wait("the word to everybody", || {
            let all = world.ledger(role).into_iter();
            let told = all.filter(|entry| entry.text.contains("EMERGENCY ROLLBACK"));
            let told = told.filter(|entry| entry.kind == "prompt");
            told.filter(|entry| entry.text.contains("git merge main"))
                .count()
                == 1
        });
    }
    assert!(
        world
            .torch(&["inbox"])
            .ok()
            .stdout
            .contains("torch rollback emergency")
    );
}

/// What is kept is on a branch, a file comes back in an agent's own worktree, and all of it can be checked.
#[track_caller]
fn afterwards(world: &World, (fine, bad): (&str, &str)) {
    let project = world.project();
    let picked = world.torch(&["rollback", "branch", "--keep", fine, "--json"]);
    let picked = picked.ok().json();
    let name = picked["rollback"]["new_branch"]["name"]
        .as_str()
        .expect("a name");
    let kept = git(world, &project, &["show", &format!("{name}:code.txt")]);
    assert_eq!(kept, "good\nmore");
    world.run_as("developer", "git merge -q main").ok();
    let file = format!("torch rollback files code.txt --from {bad}");
    world
        .run_as("developer", &file)
        .ok()
        .prints("1 file restored in");
    assert_eq!(
        world.run_as("developer", "cat code.txt").ok().stdout,
        "bad\nmore\n"
    );
    let checks = world.torch(&["rollback", "verify", "--test", "grep -qx good code.txt"]);
    checks.ok().prints("success, 2 of 6 checked");
    let checks = world.torch(&["rollback", "verify", "--test", "false"]);
    checks.code(5).prints("partial, 2 of 6 checked");
    assert_eq!(
        git(world, &project, &["worktree", "list"]).lines().count(),
        3
    );
    world
        .torch(&["rollback", "list"])
        .ok()
        .prints("4 of 4 done");
}

#[test]
fn what_is_bad_is_taken_back_and_everybody_is_told() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let none = world.torch(&["rollback", "plan"]).code(2);
    none.says("there is no last good commit on main")
        .says("log --first-parent");
    let good = commit(&world, "good\n", "stable: it works");
    let fine = commit(&world, "good\nmore\n", "more");
    let bad = commit(&world, "bad\nmore\n", "bad");
    let plan = world.torch(&["rollback", "plan", "--json"]).ok().json();
    assert_eq!(plan["good"]["commit"], good, "{plan}");
    assert_eq!(
        plan["command"],
        "torch rollback revert --to-last-good --team sample"
    );
    let alone = world.torch(&["rollback", "plan", "--bad", &fine]).ok();
    alone.prints("1 commit made since it came in");

    only_who_may(&world, &bad);
    emergency(&world, (&good, &bad));
    afterwards(&world, (&fine, &bad));
    check(&world);
    world.torch(&["stop"]).ok();
}

#[test]
fn a_kill_at_any_step_ends_in_the_good_content_or_in_nothing() {
    let world = World::new();
    world.team("orchestrator", SCRIPTED);
    let project = world.project();
    let good = commit(&world, "good\n", "stable: it works");
    let mut done = 0;
    for point in [
        "before-rollback.began",
        "rollback.began",
        "did-rollback-kept",
        "did-rollback-branched",
        "did-rollback-locked",
        "did-rollback-copied",
        "did-rollback-checked-out",
        "did-rollback-moved",
        "did-rollback-restored",
        "before-rollback.done",
        "rollback.done",
    ] {
        let bad = commit(&world, &format!("bad at {point}\n"), "bad");
        let pid = daemon_that_ends_at(&world, point);
        let ran = world.torch(&["rollback", "emergency", "--yes"]);
        world.wait("the daemon's end", || {
            named(&world.home()) != Some(pid) || facts::process(pid).is_none()
        });
        assert_ne!(ran.code, 0, "{point}: {ran}");
        // The next command starts a daemon, which goes on by itself.
        world.torch(&["daemon", "start"]).ok();
        let begun = point != "before-rollback.began";
        done += usize::from(begun);
        let ended = world.wait_for(DEADLINE, point, || {
            let rows = records(&world);
            let under_way = rows.iter().any(|row| row["state"]["state"] == "applying");
            (!under_way).then_some(rows)
        });
        assert_eq!(ended.len(), done, "{point}: {ended:?}");
        if begun {
            let last = ended.last().expect("one");
            assert_eq!(last["state"]["state"], "done", "{point}: {last}");
            assert_eq!(code(&world), "good\n", "{point}");
            let tree = |name: &str| {
                git(
                    &world,
                    &project,
                    &["rev-parse", &format!("{name}^{{tree}}")],
                )
            };
            assert_eq!(tree("main"), tree(&good), "{point}");
            git(
                &world,
                &project,
                &["merge-base", "--is-ancestor", &bad, "main"],
            );
            // What an earlier one has brought back is not taken back once more.
            assert!(
                last["taken"].as_array().is_some_and(|all| all.len() <= 2),
                "{last}"
            );
        } else {
            assert_eq!(git(&world, &project, &["rev-parse", "main"]), bad);
        }
        let hidden = git(&world, &project, &["for-each-ref", "refs/torch/rollback"]);
        assert_eq!(hidden, "", "{point}");
        check(&world);
    }
    world.torch(&["stop"]).ok();
}

#[test]
fn a_person_who_types_the_name_puts_the_branch_back() {
    let world = World::new();
    world.team("orchestrator", SCRIPTED);
    let project = world.project();
    let remote = world.folder().join("remote.git");
    let url = remote.display().to_string();
    git(
        &world,
        &project,
        &["init", "-q", "--bare", "-b", "main", &url],
    );
    git(&world, &project, &["remote", "add", "origin", &url]);
    let good = commit(&world, "good\n", "stable: it works");
    let bad = commit(&world, "bad\n", "bad");
    git(&world, &project, &["push", "-q", "-u", "origin", "main"]);
    // An agent's commit is told whenever branches are read first; the reading that tells of it has the bad one too.
    let worktree = world.agent("orchestrator").worktree;
    git(
        &world,
        &worktree,
        &["commit", "-q", "--allow-empty", "-m", "Progress: seen"],
    );
    world.wait("the bad commit to be read", || {
        let log = world.torch(&["git", "log"]).ok().stdout;
        log.contains("Progress: seen")
    });
    for (typed, code) in [("yes", 1), ("main", 0)] {
        let terminal = world.terminal("torch rollback emergency --force");
        terminal.shows("leaves     1 commit");
        terminal.shows("origin/main is overwritten if it still has");
        terminal.shows("Type the branch's name");
        terminal.type_text(typed);
        terminal.keys(&["Enter"]);
        assert_eq!(terminal.ended(DEADLINE), code, "{}", terminal.screen());
        let stands = git(&world, &project, &["rev-parse", "main"]);
        assert_eq!(stands, if code == 0 { good.clone() } else { bad.clone() });
        terminal.close();
    }
    assert_eq!(git(&world, &remote, &["rev-parse", "main"]), good);
    check(&world);
    // What torch put back itself is held against nobody, and nobody is told how to undo it.
    world.wait("the move to be read", || {
        let log = world.torch(&["git", "log"]).ok().stdout;
        log.contains("rewound main") && log.contains("forced")
    });
    let inbox = world.torch(&["inbox", "--all"]).ok().stdout;
    assert!(!inbox.contains("branch.parent"), "{inbox}");
    // The good commit itself is at the tip, and nothing is under suspicion.
    let plan = world.torch(&["rollback", "plan", "--json"]).ok().json();
    assert_eq!(plan["good"]["commit"], good, "{plan}");
    let last = records(&world).pop().expect("one");
    let kept = git(
        &world,
        &project,
        &["for-each-ref", "--format=%(refname)", "refs/torch/rollback"],
    );
    assert!(kept.ends_with("/old"), "{kept}");
    assert_eq!(git(&world, &project, &["rev-parse", &kept]), bad);
    assert_eq!(last["push"]["expected"], bad, "{last}");
    // As the answer says.
    git(&world, &project, &["merge", "-q", "--ff-only", &kept]);
    assert_eq!(code(&world), "bad\n");
    world.torch(&["stop"]).ok();
}

#[test]
fn what_was_taken_back_is_not_brought_back_by_the_next_rollback() {
    let world = World::new();
    world.team("orchestrator", SCRIPTED);
    let unchecked = world.torch(&["rollback", "verify"]).code(6);
    unchecked.prints("nothing was checked, 0 of 6 checked");
    let good = commit(&world, "good\n", "stable: a");
    let bad = commit(&world, "bad\n", "stable: b");
    let is_good = || {
        let plan = world.torch(&["rollback", "plan", "--json"]).ok().json();
        assert_eq!(plan["good"]["commit"], good, "{plan}");
        assert_eq!(code(&world), "good\n");
    };
    world
        .torch(&["rollback", "files", "code.txt"])
        .ok()
        .prints("1 file restored");
    is_good();
    for again in [
        &["rollback", "revert", "--to-last-good"][..],
        &["rollback", "emergency", "--yes"],
    ] {
        world.torch(again).code(1).says("taken back already");
        is_good();
    }
    // A reverted commit that others were built on is as bad.
    let built = commit(&world, "bad again\n", "stable: c");
    world.torch(&["rollback", "emergency", "--yes"]).ok();
    is_good();
    for commit in [&bad, &built] {
        let plan = world.torch(&["rollback", "plan"]).ok();
        assert!(!plan.stdout.contains(&commit[..8]), "{plan}");
    }
    check(&world);
    world.torch(&["stop"]).ok();
}

#[test]
fn a_team_on_no_branch_is_told_so_everywhere_alike() {
    let world = World::new();
    let project = world.project();
    let head = git(&world, &project, &["rev-parse", "HEAD"]);
    git(&world, &project, &["checkout", "-q", "--detach"]);
    let args = world.auto("orchestrator,developer", SCRIPTED);
    let mut planned = args.clone();
    planned.push("--dry-run".to_owned());
    let planned = world.torch(&planned).ok();
    planned.prints("HEAD is detached").prints("git switch -c");
    let raised = world.torch(&args).ok();
    raised.prints("HEAD is detached").prints("git switch -c");
    let home = format!("{}-developer", &head[..12]);
    assert!(branches(&world, &project).contains(&home));
    let mut said = Vec::new();
    for command in [
        &["git", "radar"][..],
        &["git", "risk"],
        &["integrate"],
        &["integrate", "--dry-run"],
        &["rollback", "plan"],
        &["rollback", "verify"],
    ] {
        said.push(world.torch(command).code(2).stderr.clone());
    }
    said.dedup();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("no branch that its work goes into"));
    let refused = world.torch(&["git", "radar"]).code(2);
    crate::roster::follow_hint(&world, &refused);
    let adopted = world.torch(&args).ok();
    adopted.prints("is there already; its work goes into work from now on");
    let again = world.torch(&args).ok();
    again.prints("is there already; nothing was changed");
    world.torch(&["git", "radar"]).ok();
    world.torch(&["integrate", "--dry-run"]).ok();
    world.torch(&["stop"]).ok();
}
