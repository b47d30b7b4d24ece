//! Every rung of the ladder, in order, with both engines.

use super::*;

/// Projects of which libgit2 and `git` check out the worktrees.
fn both() -> [Project; 2] {
    let plain = Project::new();
    assert_eq!(plain.inspect().engine, Engine::Git2);
    let filtered = Project::new();
    fs::write(filtered.root.join(".gitattributes"), "*.bin filter=lfs\n").expect("written");
    filtered.commit("attributes");
    assert!(matches!(filtered.inspect().engine, Engine::Git { .. }));
    [plain, filtered]
}

#[test]
fn the_rungs_come_in_order() {
    for project in both() {
        let first = project.expect("a", Some("main-developer"), Rung::New);
        assert!(first.made_branch);
        assert_eq!(
            fs::read_to_string(first.path.join("file")).expect("a file"),
            "one\n"
        );
        project.expect("b", Some("main-developer-2"), Rung::Numbered);
        // A free branch with work on it is taken as it is.
        project.git(&[
            "worktree",
            "remove",
            "--force",
            &first.path.to_string_lossy(),
        ]);
        project.git(&["checkout", "-q", "main-developer"]);
        project.commit("work");
        let work = project.git(&["rev-parse", "HEAD"]);
        project.git(&["checkout", "-q", "main"]);
        let again = project.expect("c", Some("main-developer"), Rung::Reused);
        assert!(!again.made_branch);
        assert_eq!(git(&again.path, &["rev-parse", "HEAD"]), work);
        for number in 3..=9 {
            let branch = format!("main-developer-{number}");
            project.expect(&format!("d{number}"), Some(&branch), Rung::Numbered);
        }
        let last = project.expect("e", None, Rung::Detached);
        assert_eq!(last.start, project.git(&["rev-parse", "HEAD"]));
    }
}

#[test]
fn a_numbered_branch_that_is_free_is_taken() {
    for project in both() {
        project.git(&["branch", "main-developer-2"]);
        project.expect("a", Some("main-developer"), Rung::New);
        let second = project.expect("b", Some("main-developer-2"), Rung::Numbered);
        assert!(!second.made_branch);
    }
}

#[test]
fn the_branch_of_the_main_worktree_is_not_free() {
    for project in both() {
        project.git(&["branch", "main-developer"]);
        project.git(&["checkout", "-q", "main-developer"]);
        let repository = project.inspect();
        let path = project.place("a");
        let request = AddRequest {
            repository: &repository,
            path: &path,
            base_commit: &repository.head,
            base_branch: "main",
            role: &role("developer"),
        };
        let added = add(&handle(), &request).expect("added");
        assert_eq!(added.branch.as_deref(), Some("main-developer-2"));
    }
}

#[test]
fn a_branch_that_a_rebase_comes_back_to_is_not_free() {
    for project in both() {
        let other = project.expect("a", Some("main-developer"), Rung::New);
        fs::write(project.root.join("file"), "two\n").expect("written");
        project.commit("two");
        fs::write(other.path.join("file"), "three\n").expect("written");
        git(&other.path, &["commit", "-q", "-a", "-m", "three"]);
        assert!(!git_raw(&other.path, &["rebase", "-q", "main"]).success());
        assert_eq!(git(&other.path, &["branch", "--show-current"]), "");
        project.expect("b", Some("main-developer-2"), Rung::Numbered);
    }
}

#[test]
fn a_worktree_that_stands_is_kept() {
    for project in both() {
        let first = project.expect("a", Some("main-developer"), Rung::New);
        fs::write(first.path.join("file"), "changed\n").expect("written");
        let again = project.add("a", "developer").expect("kept");
        assert_eq!((again.rung, again.branch), (Rung::Kept, first.branch));
        assert_eq!(
            fs::read_to_string(first.path.join("file")).expect("a file"),
            "changed\n"
        );
    }
}

#[test]
fn only_the_registration_whose_directory_is_gone_is_forgotten() {
    for project in both() {
        let gone = project.expect("a", Some("main-developer"), Rung::New);
        let also_gone = project.expect("b", Some("main-developer-2"), Rung::Numbered);
        fs::remove_dir_all(&gone.path).expect("removed");
        fs::remove_dir_all(&also_gone.path).expect("removed");
        project.expect("c", Some("main-developer"), Rung::Reused);
        let list = project.git(&["worktree", "list"]);
        assert!(list.contains("main-developer-2]"), "{list}");
        assert!(!list.contains(&*gone.path.to_string_lossy()), "{list}");
        // The place of a forgotten one can be taken again.
        project.expect("b", Some("main-developer-2"), Rung::Numbered);
    }
}

#[test]
fn a_locked_registration_keeps_its_branch() {
    for project in both() {
        let away = project.expect("a", Some("main-developer"), Rung::New);
        project.git(&["worktree", "lock", &away.path.to_string_lossy()]);
        fs::remove_dir_all(&away.path).expect("removed");
        project.expect("b", Some("main-developer-2"), Rung::Numbered);
    }
}

#[test]
fn another_thing_at_the_path_is_refused_and_left_alone() {
    for project in both() {
        let path = project.place("a");
        fs::create_dir_all(&path).expect("made");
        project.expect("a", Some("main-developer"), Rung::New);
        let path = project.place("b");
        fs::create_dir_all(&path).expect("made");
        fs::write(path.join("precious"), "x").expect("written");
        let error = project.add("b", "tester").expect_err("occupied");
        assert!(
            matches!(&error, WorktreeError::Occupied { .. }),
            "{error:?}"
        );
        let aside = format!("mv -n {0} {0}.old", path.display());
        assert_eq!(error.hint(), Some(aside));
        assert!(path.join("precious").exists());
        let link = project.place("c");
        std::os::unix::fs::symlink(&path, &link).expect("linked");
        let error = project.add("c", "tester").expect_err("occupied");
        assert!(matches!(error, WorktreeError::Occupied { .. }), "{error:?}");
        assert_eq!(project.git(&["branch", "--list", "*tester*"]), "");
    }
}

#[test]
fn the_projects_own_worktree_is_never_an_agents() {
    for project in both() {
        let repository = project.inspect();
        let request = AddRequest {
            repository: &repository,
            path: &project.root,
            base_commit: &repository.head,
            base_branch: "main",
            role: &role("developer"),
        };
        let error = add(&handle(), &request).expect_err("occupied");
        assert!(matches!(error, WorktreeError::Occupied { .. }), "{error:?}");
    }
}

#[test]
fn a_branch_below_the_name_is_no_obstacle() {
    for project in both() {
        project.git(&["branch", "main-developer/topic"]);
        project.expect("a", Some("main-developer-2"), Rung::Numbered);
    }
}

#[test]
fn branches_with_slashes_and_detached_heads_have_names_too() {
    for project in both() {
        project.git(&["checkout", "-q", "-b", "feature/x/ü"]);
        project.expect("a", Some("feature/x/ü-developer"), Rung::New);
        project.git(&["checkout", "-q", "--detach"]);
        assert!(project.inspect().is_detached());
        let short = &project.inspect().head[..12];
        let branch = format!("{short}-developer");
        project.expect("b", Some(&branch), Rung::New);
    }
}

#[test]
fn what_a_killed_attempt_left_is_done_away_with() {
    for project in both() {
        let half = project.expect("a", Some("main-developer"), Rung::New);
        fs::remove_file(half.path.join("file")).expect("removed");
        let reason = ["worktree", "lock", "--reason", "initializing"];
        if matches!(project.inspect().engine, Engine::Git { .. }) {
            project.git(&[&reason[..], &[&half.path.to_string_lossy()]].concat());
        }
        fs::write(half.path.with_file_name(".a.adding"), "").expect("written");
        let whole = project.expect("a", Some("main-developer"), Rung::Reused);
        assert!(whole.path.join("file").exists());
        assert!(!half.path.with_file_name(".a.adding").exists());
    }
}

#[test]
fn fifteen_from_several_threads_and_a_plain_git_beside_them_all_succeed() {
    for project in both() {
        let repository = project.inspect();
        let worker = |thread: usize| {
            let repository = &repository;
            let place = |name: String| project.place(&name);
            move || -> Vec<Added> {
                (0..5)
                    .map(|n| {
                        let request = AddRequest {
                            repository,
                            path: &place(format!("t{thread}-{n}")),
                            base_commit: &repository.head,
                            base_branch: "main",
                            role: &role(&format!("role{n}")),
                        };
                        add(&handle(), &request).expect("added")
                    })
                    .collect()
            }
        };
        let mut branches: Vec<_> = std::thread::scope(|scope| {
            let threads = [0, 1, 2].map(|thread| scope.spawn(worker(thread)));
            for n in 0..5 {
                let path = project.place(&format!("other{n}"));
                let args = ["worktree", "add", "-q", "--detach"];
                let path = path.to_string_lossy().into_owned();
                let args = [&args[..], &[&path]].concat();
                // A plain git may meet a worktree of ours half-way and then gives up before it did anything.
                let half_way = |output: &Output| output.error_text().contains("commondir: Success");
                let made = (0..100).map(|_| git_raw(&project.root, &args));
                let mut made = made.skip_while(half_way);
                let made = made.next().expect("it ends");
                assert!(made.success(), "{}", made.error_text());
            }
            let all = threads.map(|thread| thread.join().expect("no panic"));
            all.into_iter()
                .flatten()
                .map(|added| added.branch)
                .collect()
        });
        branches.sort();
        branches.dedup();
        assert_eq!(branches.len(), 15, "{branches:?}");
        assert!(branches.iter().all(Option::is_some));
        let list = project.git(&["worktree", "list", "--porcelain"]);
        assert_eq!(list.matches("worktree ").count(), 21);
    }
}

#[test]
fn a_relative_path_and_a_name_for_a_commit_are_refused() {
    let project = Project::new();
    let repository = project.inspect();
    let role = role("developer");
    let request = AddRequest {
        repository: &repository,
        path: Path::new("-x"),
        base_commit: &repository.head,
        base_branch: "main",
        role: &role,
    };
    let error = add(&handle(), &request).expect_err("relative");
    assert!(matches!(error, WorktreeError::NotAbsolute { .. }));
    let request = AddRequest {
        path: &project.place("a"),
        base_commit: "--upload-pack=x",
        ..request
    };
    let error = add(&handle(), &request).expect_err("no commit");
    assert!(matches!(error, WorktreeError::NotACommit { .. }));
}

#[test]
fn libgit2_needs_no_git_at_all() {
    let project = Project::new();
    let without = Git::new([("PATH".into(), "/nonexistent".into())].into());
    let repository = inspect(&without, &project.root).expect("a repository");
    for (name, branch) in [("a", "main-developer"), ("b", "main-developer-2")] {
        let request = AddRequest {
            repository: &repository,
            path: &project.place(name),
            base_commit: &repository.head,
            base_branch: "main",
            role: &role("developer"),
        };
        let added = add(&without, &request).expect("added");
        assert_eq!(added.branch.as_deref(), Some(branch));
        let found = state(&without, &repository, &added.path, &added.start).expect("a state");
        assert_eq!((found.dirty, found.ahead), (false, 0));
    }
}

#[test]
fn a_failure_leaves_nothing_behind() {
    for project in both() {
        let repository = project.inspect();
        // The commit's only blob is lost, so that no checkout can succeed.
        let blob = project.git(&["rev-parse", "HEAD:file"]);
        let object = project
            .root
            .join(".git/objects")
            .join(&blob[..2])
            .join(&blob[2..]);
        fs::remove_file(object).expect("removed");
        let path = project.place("a");
        let request = AddRequest {
            repository: &repository,
            path: &path,
            base_commit: &repository.head,
            base_branch: "main",
            role: &role("developer"),
        };
        let error = add(&handle(), &request).expect_err("no blob");
        assert!(matches!(error, WorktreeError::Git { .. }), "{error:?}");
        assert_eq!(
            fs::read_dir(project.place("")).expect("a folder").count(),
            0
        );
        assert_eq!(project.git(&["branch", "--list"]), "* main");
        assert_eq!(project.git(&["worktree", "list"]).lines().count(), 1);
    }
}

#[test]
fn a_registration_that_somebody_forgot_meanwhile_is_none() {
    for project in both() {
        let added = project.expect("a", Some("main-developer"), Rung::New);
        let (git, repository) = (handle(), project.inspect());
        let maker = crate::create::Maker::open(&git, &repository).expect("opens");
        let all = maker.registrations().expect("reads");
        let stale = all.iter().find(|one| one.is_at(&added.path)).expect("it");
        fs::remove_dir_all(&added.path).expect("removed");
        project.git(&["worktree", "prune"]);
        maker.prune(stale).expect("it is gone already");
    }
}
