//! Which files are committed, as git's pathspecs.

use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use super::CommitError;

/// Everything.
const ALL: &str = ":(top)";

/// The pathspecs of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Specs {
    named: Vec<OsString>,
}

impl Specs {
    /// For commands that look at files: what was named, or all.
    pub(super) fn all(&self) -> Vec<OsString> {
        let mut specs = self.named.clone();
        if specs.is_empty() {
            specs.push(ALL.into());
        }
        specs
    }

    /// What was named; `None` where all changes are meant.
    pub(super) fn named(&self) -> Option<&[OsString]> {
        (!self.named.is_empty()).then_some(&self.named)
    }
}

/// Checks the paths and makes pathspecs of them; the worktree itself stands for all of it.
pub(super) fn specs(worktree: &Path, paths: &[PathBuf]) -> Result<Specs, CommitError> {
    let mut named = Vec::new();
    for path in paths {
        let inside = inside(worktree, path)?;
        if inside.as_os_str().is_empty() {
            return Ok(Specs { named: Vec::new() });
        }
        let mut spec = OsString::from(":(top,literal)");
        spec.push(&inside);
        named.push(spec);
    }
    Ok(Specs { named })
}

/// A path relative to the worktree, without detours.
fn inside(worktree: &Path, path: &Path) -> Result<PathBuf, CommitError> {
    let refuse = |why| CommitError::File {
        file: path.to_owned(),
        why,
    };
    let mut whole = PathBuf::new();
    for part in worktree.join(path).components() {
        match part {
            Component::ParentDir => drop(whole.pop()),
            Component::CurDir => {}
            other => whole.push(other),
        }
    }
    let outside = |_| refuse("it lies outside of the agent's worktree");
    let inside = whole.strip_prefix(worktree).map_err(outside)?.to_owned();
    let first = inside.components().next().map(Component::as_os_str);
    if first == Some(OsStr::new(".torch")) {
        return Err(refuse("`.torch` is torch's own"));
    }
    if first == Some(OsStr::new(".git")) {
        return Err(refuse("`.git` is git's own"));
    }
    Ok(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expect: Result<&str, &str>) {
        let made = specs(Path::new("/w/developer"), &[path.into()]);
        let made = made.map(|specs| specs.all()[0].to_string_lossy().into_owned());
        match (made, expect) {
            (Ok(made), Ok(expect)) => assert_eq!(made, expect, "{path}"),
            (Err(CommitError::File { why, .. }), Err(expect)) => {
                assert!(why.contains(expect), "{path}: {why}");
            }
            (made, _) => panic!("{path}: {made:?}"),
        }
    }

    #[test]
    fn only_what_lies_in_the_worktree() {
        check("src", Ok(":(top,literal)src"));
        check("./a/../b*", Ok(":(top,literal)b*"));
        check("/w/developer/a b", Ok(":(top,literal)a b"));
        check(".", Ok(":(top)"));
        check("/w/developer", Ok(":(top)"));
        check("../tester/x", Err("outside"));
        check("/etc/passwd", Err("outside"));
        check("/w/developer2", Err("outside"));
        check(".torch/inbox", Err("torch's own"));
        check("x/../.git/config", Err("git's own"));
    }
}
