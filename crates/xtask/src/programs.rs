//! Who may start `git`: what a repository names must not run in torch's name, and one place alone sees to that.
//!
//! Outside of tests, the text `"git"` stands in the files of this table only.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

/// The files that may name the program, each with what for.
const ALLOWED: &[(&str, &str)] = &[
    (
        "crates/torch-worktree/src/call.rs",
        "all of torch's own commands",
    ),
    (
        "crates/torch-api/src/wire/request.rs",
        "a request of that name",
    ),
    (
        "crates/torch-cli/src/exit/section.rs",
        "the commands of that name",
    ),
    (
        "crates/torch-demo/src/work/git.rs",
        "the demo agent's, in its own name",
    ),
    (
        "crates/torch-cli/src/command/doctor/programs.rs",
        "which version there is",
    ),
    (
        "crates/torch-cli/src/command/doctor/probe/folder.rs",
        "the probe's throw-away project",
    ),
    (
        "crates/torch-cli/src/command/doctor/probe/sandbox.rs",
        "what an agent's sandbox lets through",
    ),
    (
        "crates/torch-brief/src/engine.rs",
        "a variable of briefings, no program",
    ),
];

/// Crates that are tests altogether.
const TESTS: &[&str] = &["crates/torch-testing/", "crates/xtask/"];

/// Looks for the program's name in the sources.
///
/// # Errors
/// When a file can't be read, another file names the program, or one of the table does not any more.
pub(crate) fn check(root: &Path) -> Result<String> {
    let mut found = Vec::new();
    collect(root, &root.join("crates"), &mut found)?;
    let faults = faults(&found);
    if !faults.is_empty() {
        bail!("{}", faults.join("; "));
    }
    Ok(format!("programs: git is named in {} files", ALLOWED.len()))
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<String>) -> Result<()> {
    let listing = || format!("failed to list `{}`", folder.display());
    for entry in std::fs::read_dir(folder).with_context(listing)? {
        let path = entry.with_context(listing)?.path();
        if path.is_dir() {
            collect(root, &path, found)?;
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = std::fs::read_to_string(&path);
            let text = text.with_context(|| format!("failed to read `{}`", path.display()))?;
            let name = path.strip_prefix(root).unwrap_or(&path);
            if names_git(&text) {
                found.push(name.to_string_lossy().into_owned());
            }
        }
    }
    Ok(())
}

/// Whether a file names the program outside of its inline tests.
fn names_git(text: &str) -> bool {
    let code = text.split("#[cfg(test)]\nmod tests {").next();
    code.is_some_and(|code| code.contains("\"git\"") || code.contains("/git\""))
}

fn faults(found: &[String]) -> Vec<String> {
    let is_test = |name: &str| {
        name.contains("/tests")
            || name.ends_with("tests.rs")
            || TESTS.iter().any(|start| name.starts_with(start))
    };
    let is_allowed = |name: &str| ALLOWED.iter().any(|(file, _)| *file == name);
    let others = found
        .iter()
        .filter(|name| !is_test(name) && !is_allowed(name));
    let others = others.map(|name| format!("`{name}` names git: torch-worktree alone starts it"));
    let gone = ALLOWED
        .iter()
        .filter(|(file, _)| !found.iter().any(|name| name == file));
    let gone = gone.map(|(file, what)| format!("`{file}` ({what}) does not name git any more"));
    others.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_allowed_once() {
        let files: std::collections::BTreeSet<&str> =
            ALLOWED.iter().map(|(file, _)| *file).collect();
        assert_eq!(files.len(), ALLOWED.len());
    }

    #[test]
    fn a_second_place_is_found() {
        let mut found: Vec<String> = ALLOWED.iter().map(|(file, _)| (*file).to_owned()).collect();
        found.push("crates/torch-worktree/src/tests/keep.rs".to_owned());
        assert!(faults(&found).is_empty());
        found.push("crates/torch-daemon/src/host/git.rs".to_owned());
        found.remove(0);
        assert_eq!(
            faults(&found),
            [
                "`crates/torch-daemon/src/host/git.rs` names git: torch-worktree alone starts it",
                "`crates/torch-worktree/src/call.rs` (all of torch's own commands) does not name git any more"
            ]
        );
    }

    #[test]
    fn inline_tests_may_name_it() {
        assert!(names_git("run(\"git\")"));
        assert!(names_git("run(\"/usr/bin/git\")"));
        assert!(!names_git(
            "// git\n#[cfg(test)]\nmod tests {\n run(\"git\")"
        ));
    }
}
