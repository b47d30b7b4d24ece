//! A hostile repository runs nothing.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

/// A program that leaves a file, and that file.
fn trap(project: &Project, name: &str) -> (PathBuf, PathBuf) {
    let program = project.folder.path().join(name);
    let trace = project.folder.path().join(format!("{name}.ran"));
    let script = format!("#!/bin/sh\ntouch {}\n", trace.display());
    fs::write(&program, script).expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("executable");
    (program, trace)
}

/// Does all that torch does with a repository.
fn use_all(project: &Project) {
    let repository = project.inspect();
    for name in ["a", "b"] {
        let added = project.add(name, "developer").expect("added");
        fs::write(added.path.join("file"), "new\n").expect("written");
        prepare_worktree(&added.path).expect("prepared");
        state(&handle(), &repository, &added.path, &added.start).expect("a state");
        fs::write(added.path.join("file"), "one\n").expect("written");
        remove_created(&handle(), &repository, &added).expect("undone");
    }
}

fn engines() -> [Project; 2] {
    let filtered = Project::new();
    fs::write(filtered.root.join(".gitattributes"), "*.bin filter=lfs\n").expect("written");
    filtered.commit("attributes");
    [Project::new(), filtered]
}

#[test]
fn hooks_do_not_run() {
    for project in engines() {
        let mut traces = Vec::new();
        for hook in [
            "post-checkout",
            "post-index-change",
            "reference-transaction",
            "pre-commit",
            "post-merge",
        ] {
            let (program, trace) = trap(&project, hook);
            fs::create_dir_all(project.root.join(".git/hooks")).expect("made");
            fs::copy(program, project.root.join(".git/hooks").join(hook)).expect("copied");
            traces.push(trace);
        }
        // Proof that they would: the user's own git runs one.
        project.git(&["checkout", "-q", "-b", "elsewhere"]);
        assert!(traces[0].exists());
        for trace in traces.iter().filter(|trace| trace.exists()) {
            fs::remove_file(trace).expect("removed");
        }
        use_all(&project);
        for trace in traces {
            assert!(!trace.exists(), "{trace:?}");
        }
    }
}

#[test]
fn a_file_system_monitor_and_a_pager_do_not_run() {
    for project in engines() {
        let (monitor, monitor_ran) = trap(&project, "monitor");
        let (pager, pager_ran) = trap(&project, "pager");
        let (signer, signer_ran) = trap(&project, "signer");
        project.git(&["config", "core.fsmonitor", &monitor.to_string_lossy()]);
        project.git(&["config", "core.pager", &pager.to_string_lossy()]);
        project.git(&["config", "log.showSignature", "true"]);
        project.git(&["config", "gpg.program", &signer.to_string_lossy()]);
        project.git(&["status"]);
        assert!(monitor_ran.exists(), "the monitor would run");
        fs::remove_file(&monitor_ran).expect("removed");
        use_all(&project);
        for trace in [monitor_ran, pager_ran, signer_ran] {
            assert!(!trace.exists(), "{trace:?}");
        }
    }
}

#[test]
fn an_environment_that_points_elsewhere_is_not_handed_on() {
    let project = Project::new();
    let other = Project::new();
    let mut env = environment();
    let elsewhere = other.root.join(".git").into_os_string();
    env.insert("GIT_DIR".into(), elsewhere);
    let repository = project.inspect();
    let path = project.place("a");
    let request = AddRequest {
        repository: &Repository {
            engine: Engine::git("a test"),
            ..repository.clone()
        },
        path: &path,
        base_commit: &repository.head,
        base_branch: "main",
        role: &role("developer"),
    };
    add(&Git::new(env), &request).expect("added");
    assert_eq!(other.git(&["branch", "--list", "*developer"]), "");
    assert_eq!(
        project.git(&["branch", "--list", "*developer"]),
        "+ main-developer"
    );
}

#[test]
fn folders_are_made_for_their_owner_alone() {
    let project = Project::new();
    let added = project.expect("a", Some("main-developer"), Rung::New);
    fs::create_dir(added.path.join(".torch")).expect("made");
    for _ in 0..2 {
        prepare_worktree(&added.path).expect("prepared");
    }
    for folder in [".torch", ".torch/inbox", ".torch/outbox"] {
        let found = fs::metadata(added.path.join(folder)).expect("a folder");
        assert_eq!(found.permissions().mode() & 0o777, 0o700, "{folder}");
    }
}

#[test]
fn a_link_in_the_place_of_a_folder_is_refused() {
    for link in [".torch", ".torch/inbox", ".torch/outbox"] {
        let project = Project::new();
        let target = project.folder.path().join("target");
        fs::create_dir(&target).expect("made");
        let link = project.root.join(link);
        fs::create_dir_all(link.parent().expect("a parent")).expect("made");
        std::os::unix::fs::symlink(&target, &link).expect("linked");
        let error = prepare_worktree(&project.root).expect_err("a link");
        assert!(matches!(error, WorktreeError::NotADirectory { path } if path == link));
        assert_eq!(fs::read_dir(&target).expect("a folder").count(), 0);
    }
}

#[test]
fn the_exclusion_is_added_once_and_keeps_what_is_there() {
    for (before, after) in [
        (None, "/.torch/\n"),
        (Some(""), "/.torch/\n"),
        (Some("*.o\n"), "*.o\n/.torch/\n"),
        (Some("# x\n*.o"), "# x\n*.o\n/.torch/\n"),
        (Some("/.torch/\nx"), "/.torch/\nx"),
        (Some("x/.torch/\n"), "x/.torch/\n/.torch/\n"),
    ] {
        let project = Project::new();
        let file = project.root.join(".git/info/exclude");
        match before {
            Some(text) => fs::write(&file, text).expect("written"),
            None => fs::remove_dir_all(project.root.join(".git/info")).expect("removed"),
        }
        for _ in 0..2 {
            exclude(&project.root.join(".git")).expect("excluded");
        }
        assert_eq!(fs::read_to_string(&file).expect("a file"), after);
        assert_eq!(
            fs::read_dir(file.parent().expect("a parent"))
                .expect("a folder")
                .count(),
            1
        );
        let added = project.expect("a", Some("main-developer"), Rung::New);
        prepare_worktree(&added.path).expect("prepared");
        fs::write(added.path.join(".torch/inbox/m"), "text").expect("written");
        assert_eq!(git(&added.path, &["status", "--porcelain"]), "");
    }
}
