//! Nothing is cleaned away that is not merged or saved, whatever state a worktree is in.

use std::collections::BTreeSet;

use super::roundtrip::{remove_request, tree};
use super::*;

/// How many random worktrees are cleaned.
const CASES: u64 = 40;

/// How many at once, each in a repository of its own.
const THREADS: u64 = 4;

fn try_clean(repository: &Repository, added: &Added, branch: BranchFate) -> Cleaned {
    let role = role("developer");
    let request = CleanRequest {
        remove: RemoveRequest {
            branch,
            ..remove_request(repository, added, &role)
        },
        parent: "refs/heads/main",
        placed: &[".env".to_owned(), "link".to_owned()],
    };
    clean(&handle(), &request).expect("looked at")
}

#[track_caller]
fn stays(project: &Project, added: &Added, part: &str) {
    let before = tree(&added.path);
    match try_clean(&project.inspect(), added, BranchFate::Goes) {
        Cleaned::Stays { why } => assert!(why.contains(part), "{why}"),
        Cleaned::Removed(_) => panic!("removed in spite of {part}"),
    }
    assert_eq!(tree(&added.path), before);
}

#[test]
fn what_is_merged_goes_and_comes_back_all_the_same() {
    let project = Project::new();
    fs::write(project.root.join(".gitignore"), ".env\n/link\n/target\n").expect("written");
    project.commit("ignore");
    fs::write(project.root.join(".env"), "A=1\nPORT=1\n").expect("written");
    let added = project.expect("a/developer", Some("main-developer"), Rung::New);
    fs::write(added.path.join("new"), "new\n").expect("written");
    git(&added.path, &["add", "-A"]);
    git(&added.path, &["commit", "-q", "-m", "work"]);
    stays(&project, &added, "1 commit is not in main");
    project.git(&["merge", "-q", "--no-ff", "-m", "merged", "main-developer"]);
    // What a tool makes anew, and what the project has itself, is no reason to stay.
    fs::create_dir(added.path.join("target")).expect("made");
    fs::write(added.path.join("target/CACHEDIR.TAG"), "Signature").expect("written");
    fs::write(added.path.join("target/x"), "x").expect("written");
    fs::write(added.path.join(".env"), "A=1\nPORT=8100\n").expect("written");
    let link = project.root.join("link");
    std::os::unix::fs::symlink(&link, added.path.join("link")).expect("linked");
    let Cleaned::Removed(gone) = try_clean(&project.inspect(), &added, BranchFate::Goes) else {
        panic!("it stays");
    };
    assert!(!added.path.exists());
    assert_eq!(gone.deleted_branch.as_deref(), Some("main-developer"));
    assert_eq!(project.git(&["branch", "--list", "main-developer"]), "");
    let kept = gone.kept.expect("kept");
    let repository = project.inspect();
    let request = UndeleteRequest {
        repository: &repository,
        kept: &kept,
        to: None,
    };
    undelete(&handle(), &request).expect("back");
    assert!(added.path.join("new").exists());
}

#[test]
fn each_reason_to_stay_is_named() {
    let project = Project::new();
    fs::write(project.root.join(".gitignore"), "*.secret\n.env\n").expect("written");
    project.commit("ignore");
    let make = |name: &str| {
        project
            .add(&format!("{name}/developer"), "developer")
            .expect("added")
    };
    let write =
        |added: &Added, name: &str| fs::write(added.path.join(name), "x\n").expect("written");

    let added = make("dirty");
    write(&added, "file");
    stays(&project, &added, "1 file is not committed");
    let added = make("untracked");
    write(&added, "new");
    stays(&project, &added, "1 file is not committed");
    let added = make("ignored");
    write(&added, "a.secret");
    stays(&project, &added, "git ignores a.secret");
    let added = make("env");
    // The agent has changed its copy.
    fs::write(project.root.join(".env"), "A=1\n").expect("written");
    fs::write(added.path.join(".env"), "A=2\n").expect("written");
    stays(&project, &added, "git ignores .env");
    let added = make("detached");
    git(&added.path, &["checkout", "-q", "--detach"]);
    stays(&project, &added, "detached");
    let added = make("stash");
    write(&added, "file");
    git(&added.path, &["stash", "-q"]);
    stays(&project, &added, "1 stashed change");
    let added = make("reset");
    write(&added, "file");
    git(&added.path, &["commit", "-q", "-a", "-m", "thrown away"]);
    git(&added.path, &["reset", "-q", "--hard", "HEAD^"]);
    stays(&project, &added, "reflog");
    let added = make("locked");
    project.git(&["worktree", "lock", &added.path.display().to_string()]);
    stays(&project, &added, "locked");
    let added = make("bisect");
    git(&added.path, &["bisect", "start"]);
    stays(&project, &added, "bisection");
    let added = make("moved-on");
    git(&added.path, &["checkout", "-q", "-b", "other", "main"]);
    project.git(&["commit", "-q", "--allow-empty", "-m", "only here"]);
    project.git(&[
        "update-ref",
        &format!("refs/heads/{}", added.branch.clone().expect("a branch")),
        "main",
    ]);
    project.git(&["reset", "-q", "--hard", "HEAD^"]);
    // Its home branch, which would go with it, has a commit of its own.
    stays(&project, &added, "1 commit is not in main");
    let gone = make("gone");
    fs::remove_dir_all(&gone.path).expect("removed");
    let role = role("developer");
    let repository = project.inspect();
    let request = CleanRequest {
        remove: remove_request(&repository, &gone, &role),
        parent: "main",
        placed: &[],
    };
    let why = why_it_stays(&handle(), &request).expect("looked at");
    assert_eq!(why.as_deref(), Some("its folder is gone"));
}

/// Everything that a worktree and its repository hold: contents of files, stashes, and commits by any way.
fn contents(project: &Project, worktree: &Path) -> BTreeSet<Vec<u8>> {
    let mut found: BTreeSet<Vec<u8>> = tree(worktree)
        .into_iter()
        .filter(|(path, _)| !path.starts_with(".torch"))
        .map(|(_, (_, _, bytes))| bytes)
        .collect();
    let objects = project.git(&["rev-list", "--all", "--reflog", "--objects"]);
    found.extend(
        objects
            .lines()
            .map(|line| line.split(' ').next().unwrap_or_default().into()),
    );
    found
}

/// Puts a worktree into one of the states that people and agents leave behind.
fn random_state(random: &mut fastrand::Rng, project: &Project, added: &Added, seed: u64) {
    let path = &added.path;
    let run = |args: &[&str]| drop(git_raw(path, args));
    for step in 0..random.usize(..5) {
        let text = format!("{seed} {step}\n");
        let write = |name: &str| fs::write(path.join(name), &text).expect("written");
        match random.u8(..10) {
            0 => write("file"),
            1 => write(&format!("new{step}")),
            2 => write(&format!("precious{step}.secret")),
            3 => {
                write("file");
                run(&["stash", "-q"]);
            }
            4 => run(&["checkout", "-q", "--detach"]),
            5 | 6 => {
                write(&format!("made{step}"));
                run(&["add", "-A"]);
                run(&["commit", "-q", "-m", &text]);
            }
            7 => run(&["reset", "-q", "--hard", "HEAD^"]),
            8 => {
                write("file");
                run(&["add", "file"]);
            }
            _ => run(&["checkout", "-q", "-b", &format!("own{seed}-{step}")]),
        }
    }
    if random.bool() {
        drop(git_raw(
            &project.root,
            &[
                "merge",
                "-q",
                "--no-edit",
                added.branch.as_deref().unwrap_or("main"),
            ],
        ));
        drop(git_raw(&project.root, &["merge", "--abort"]));
    }
}

/// Cleans worktrees of these seeds; how many went.
fn cleaned(seeds: std::ops::Range<u64>) -> usize {
    let project = Project::new();
    fs::write(project.root.join(".gitignore"), "*.secret\n").expect("written");
    project.commit("ignore");
    let mut gone = 0;
    for seed in seeds {
        let what = format!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        let added = project
            .add(&format!("{seed}/developer"), "developer")
            .expect("added");
        random_state(&mut random, &project, &added, seed);
        let mut repository = project.inspect();
        if random.bool() {
            repository.engine = Engine::git("a test");
        }
        let before = contents(&project, &added.path);
        let fate = if random.bool() {
            BranchFate::Goes
        } else {
            BranchFate::Stays
        };
        let outcome = try_clean(&repository, &added, fate);
        let folder = added.path.exists();
        let after = match &outcome {
            Cleaned::Stays { .. } => contents(&project, &added.path),
            Cleaned::Removed(removal) => {
                gone += 1;
                assert!(!folder, "{what}");
                // What was in it is in the branch that it was to go into.
                let head = &removal.kept.as_ref().expect("kept").head;
                project.git(&["merge-base", "--is-ancestor", head, "main"]);
                // And a collection at once takes none of it.
                project.git(&["gc", "-q", "--prune=now"]);
                let listing = project.git(&[
                    "ls-tree",
                    "-r",
                    "--object-only",
                    &removal.kept.as_ref().expect("kept").commit,
                ]);
                let blobs = listing
                    .lines()
                    .map(|id| git_raw(&project.root, &["cat-file", "blob", id]).stdout);
                let mut after: BTreeSet<Vec<u8>> = blobs.collect();
                let objects = project.git(&["rev-list", "--all", "--reflog", "--objects"]);
                after.extend(
                    objects
                        .lines()
                        .map(|line| line.split(' ').next().unwrap_or_default().into()),
                );
                after
            }
        };
        let lost: Vec<_> = before
            .difference(&after)
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            .collect();
        assert!(lost.is_empty(), "{what}: {outcome:?}: {lost:?}");
    }
    gone
}

#[test]
fn nothing_is_lost_that_is_not_merged_or_saved() {
    let gone: usize = std::thread::scope(|scope| {
        let each = CASES / THREADS;
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| scope.spawn(move || cleaned(thread * each..(thread + 1) * each)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .sum()
    });
    // Some of them do go, and others stay.
    assert!((1..CASES as usize).contains(&gone), "{gone} of {CASES}");
}

#[test]
fn progress_is_measured_against_the_branch_it_goes_into() {
    let project = Project::new();
    let added = project.expect("a", Some("main-developer"), Rung::New);
    for n in 0..2 {
        git(
            &added.path,
            &["commit", "-q", "--allow-empty", "-m", &n.to_string()],
        );
    }
    project.commit("main moves on");
    // No process is needed for it.
    let without = Git::new([("PATH".into(), "/nonexistent".into())].into());
    let measure = |repository: &Repository| {
        progress(&without, repository, &added.path, "refs/heads/main", &[]).expect("measured")
    };
    let repository = project.inspect();
    let found = measure(&repository);
    assert_eq!((found.ahead, found.behind, found.unpushed), (2, 1, None));
    let now = git(&added.path, &["log", "-1", "--format=%ct"]);
    assert_eq!(found.last_commit.0.to_string(), format!("{now}000"));
    let remote = project.folder.path().join("remote.git");
    project.git(&["init", "-q", "--bare", &remote.display().to_string()]);
    project.git(&["remote", "add", "origin", &remote.display().to_string()]);
    git(
        &added.path,
        &["push", "-q", "origin", "HEAD~1:refs/heads/main-developer"],
    );
    assert_eq!(measure(&repository).unpushed, Some(1));
    assert!(progress(&handle(), &repository, &added.path, "refs/heads/none", &[]).is_err());
}

#[test]
fn a_worktree_that_was_moved_by_hand_is_found_again() {
    let project = Project::new();
    let added = project.expect("a/developer", Some("main-developer"), Rung::New);
    fs::write(added.path.join("new"), "new\n").expect("written");
    let to = project.place("b");
    fs::rename(&added.path, &to).expect("moved");
    let repository = project.inspect();
    let mended = repair(&handle(), &repository, std::slice::from_ref(&to), &[]).expect("mended");
    assert_eq!(mended.len(), 1, "{mended:?}");
    assert!(
        project
            .git(&["worktree", "list"])
            .contains(&to.display().to_string())
    );
    assert!(
        repair(&handle(), &repository, &[], &[])
            .expect("nothing to do")
            .is_empty()
    );
    let nowhere = project.folder.path().join("nowhere");
    fs::create_dir(&nowhere).expect("made");
    repair(&handle(), &repository, &[nowhere], &[]).expect_err("no worktree");
    assert!(to.join("new").exists());
}

#[test]
fn a_worktree_that_was_moved_back_is_found_in_its_known_place() {
    let project = Project::new();
    let home = project
        .expect("a/developer", Some("main-developer"), Rung::New)
        .path;
    let other = project.expect("a/tester", Some("main-developer-2"), Rung::Numbered);
    let repository = project.inspect();
    let away = project.place("away");
    fs::rename(&home, &away).expect("moved");
    let mend = |places: &[PathBuf], known: &[PathBuf]| {
        repair(&handle(), &repository, places, known).expect("mended")
    };
    mend(std::slice::from_ref(&away), &[]);
    fs::rename(&away, &home).expect("moved back");
    let elsewhere = looked_for_elsewhere;
    assert_eq!(elsewhere(&home).as_ref(), Some(&away));
    assert_eq!(elsewhere(&other.path), None);
    // What stands in no known place is nobody's to guess, and a folder that is no worktree is passed over.
    let nothing = project.folder.path().join("nothing");
    fs::create_dir(&nothing).expect("made");
    assert_eq!(mend(&[], &[nothing.clone(), away.clone()]), [""; 0]);
    let known = [nothing, other.path.clone(), home.clone()];
    assert_eq!(mend(&[], &known).len(), 1);
    assert_eq!(elsewhere(&home), None);
    assert!(
        project
            .git(&["worktree", "list"])
            .contains(&home.display().to_string())
    );
    assert_eq!(mend(&[], &known), [""; 0]);
    // While something is where the repository looks, that stays its place.
    let copy = project.place("copy");
    fs::create_dir(&copy).expect("made");
    fs::copy(home.join(".git"), copy.join(".git")).expect("copied");
    assert_eq!(mend(&[], &[copy]), [""; 0]);
    assert_eq!(elsewhere(&home), None);
}
