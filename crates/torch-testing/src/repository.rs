//! The sample project: a small git repository with one commit, and a spec.

use std::fs;
use std::path::Path;

use torch_process::{CommandSpec, Environment};

use crate::wait::DEADLINE;

/// The spec's text; three items, so that a team has something to share.
const SPEC: &str = "PROJECT: sample\n\nREQUIREMENTS:\n- greet by name\n- greet the world\n- refuse an empty name\n";

/// Makes a repository `project` with a branch `main`, a commit and the spec `spec.md`, independent of any settings of git.
pub fn make_repository(project: &Path) {
    let variables = [
        ("PATH", std::env::var_os("PATH").unwrap_or_default()),
        ("HOME", project.as_os_str().to_owned()),
        ("GIT_CONFIG_GLOBAL", "/dev/null".into()),
        ("GIT_CONFIG_SYSTEM", "/dev/null".into()),
    ];
    let named = variables.into_iter();
    make(
        project,
        &named.map(|(name, value)| (name.into(), value)).collect(),
    );
}

/// Makes the repository `project` with a branch `main`, and the spec `spec.md` in it.
pub(crate) fn make(project: &Path, env: &Environment) {
    fs::create_dir_all(project).expect("a folder for the project");
    fs::write(project.join("README.md"), "# sample\n").expect("a file");
    fs::write(project.join("spec.md"), SPEC).expect("a file");
    for line in [
        "init -q -b main",
        "config user.name Tester",
        "config user.email tester@example.com",
        "add .",
        "commit -q -m start",
    ] {
        let spec = CommandSpec::new("git", project, env.clone(), DEADLINE).args(line.split(' '));
        let output = torch_process::run(&spec).and_then(torch_process::Output::success_or_error);
        output.expect("git works");
    }
}
