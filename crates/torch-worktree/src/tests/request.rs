//! Pull requests, with a `gh` that is a script of the test's.

use std::os::unix::fs::PermissionsExt as _;

use torch_core::Timestamp;

use super::*;

/// A `git` whose `PATH` begins with a folder with this `gh`, which also writes down how it was called.
fn with_gh(project: &Project, script: &str) -> (Git, PathBuf) {
    let folder = project.folder.path().join("bin");
    fs::create_dir_all(&folder).expect("made");
    let called = folder.join("called");
    let text = format!(
        "#!/bin/sh\necho \"$PWD $*\" >> '{}'\n{script}\n",
        called.display()
    );
    let program = folder.join("gh");
    fs::write(&program, text).expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("made a program");
    let mut env = environment();
    let path = env
        .get(std::ffi::OsStr::new("PATH"))
        .expect("a PATH")
        .clone();
    let mut paths = folder.into_os_string();
    paths.push(":");
    paths.push(path);
    env.insert("PATH".into(), paths);
    (Git::new(env), called)
}

#[test]
fn what_gh_says_of_a_branch_is_read() {
    let project = Project::new();
    let common = project.root.join(".git");
    let at = ("origin", "main-developer");
    let (none, called) = with_gh(&project, "exit 0");
    assert!(
        pull_request(&none, &common, at).is_err(),
        "there is no remote"
    );
    assert!(!called.exists(), "nobody asks gh where there is no remote");

    project.git(&["remote", "add", "origin", "https://example.org/a/b.git"]);
    assert_eq!(pull_request(&none, &common, at).expect("an answer"), None);
    let text = fs::read_to_string(&called).expect("called");
    assert!(
        text.starts_with("/ pr list --repo https://example.org/a/b.git --head main-developer "),
        "{text}"
    );

    let (open, _) = with_gh(&project, "printf '7\\tOPEN\\t1700000000\\t0\\n'");
    let found = pull_request(&open, &common, at)
        .expect("an answer")
        .expect("one");
    assert_eq!(
        (found.number, found.state.as_str(), found.merged),
        (7, "open", None)
    );
    assert_eq!(found.opened, Timestamp(1_700_000_000_000));
    let (merged, _) = with_gh(&project, "printf '7\\tMERGED\\t1700000000\\t1700000060\\n'");
    let found = pull_request(&merged, &common, at)
        .expect("an answer")
        .expect("one");
    assert_eq!(
        (found.state.as_str(), found.merged),
        ("merged", Some(Timestamp(1_700_000_060_000)))
    );

    for wrong in ["echo no; exit 1", "echo nonsense"] {
        let (git, _) = with_gh(&project, wrong);
        assert!(pull_request(&git, &common, at).is_err(), "{wrong}");
    }
}
