//! The play's git: one file per commit, the log of a branch, and the test that really looks.

use std::time::Duration;

use torch_process::{CommandSpec, Output};

use super::{Done, Failure, World, broken, reason};
use crate::step::Commit;

const DEADLINE: Duration = Duration::from_secs(60);

/// Nothing that would ask a person or start work in the background.
const QUIET: [&str; 6] = [
    "-c",
    "commit.gpgsign=false",
    "-c",
    "gc.auto=0",
    "-c",
    "maintenance.auto=false",
];

impl World {
    fn git(&self) -> CommandSpec {
        self.command("git", DEADLINE).args(QUIET)
    }

    fn try_git(&self, args: &[&str]) -> Result<Output, Failure> {
        torch_process::run(&self.git().args(args)).map_err(broken)
    }

    /// git's output, where it succeeds.
    fn ask(&self, args: &[&str]) -> Result<String, Failure> {
        let output = self.try_git(args)?;
        match output.success() {
            true => Ok(output.text()),
            false => {
                let what = format!("failed to run git {}", args.join(" "));
                Err(failed(&what, &output))
            }
        }
    }

    /// Writes and commits one file and nothing else. The same content again is no new commit.
    pub(super) fn commit(&self, commit: &Commit) -> Result<Done, Failure> {
        self.write(commit)?;
        let file = commit.file.to_string_lossy();
        // Forced: a user's ignore rules may name `test-results`.
        self.ask(&["add", "--force", "--", &file])?;
        let changed = !self
            .try_git(&["diff", "--cached", "--quiet", "--", &file])?
            .success();
        if changed {
            let mut spec =
                self.git()
                    .args(["commit", "--quiet", "-m", &commit.message, "--", &file]);
            let named = self.try_git(&[
                "-c",
                "user.useConfigOnly=true",
                "var",
                "GIT_COMMITTER_IDENT",
            ])?;
            if !named.success() {
                let email = format!("{}@demo.invalid", self.role);
                for who in ["AUTHOR", "COMMITTER"] {
                    spec = spec
                        .env(format!("GIT_{who}_NAME"), &self.role)
                        .env(format!("GIT_{who}_EMAIL"), &email);
                }
            }
            let output = torch_process::run(&spec).map_err(broken)?;
            if !output.success() {
                return Err(failed(&format!("failed to commit {file}"), &output));
            }
        }
        let hash = self.ask(&["rev-parse", "--short", "HEAD"])?;
        let branch = match self.ask(&["symbolic-ref", "--short", "--quiet", "HEAD"]) {
            Ok(branch) => branch,
            // Detached: the commit itself is the name that others can look up.
            Err(_) => self.ask(&["rev-parse", "HEAD"])?,
        };
        let verb = if changed {
            "committed"
        } else {
            "already committed"
        };
        Ok(Done {
            shown: vec![format!("{verb} {file} at {hash} on {branch}")],
            summary: Some(format!("{verb} {file} ({hash})")),
            found: vec![("hash".to_owned(), hash), ("branch".to_owned(), branch)],
            ..Done::default()
        })
    }

    /// Writes one file and commits nothing. What others look at is the worktree then, in a branch's place.
    pub(super) fn keep(&self, commit: &Commit) -> Result<Done, Failure> {
        self.write(commit)?;
        let file = commit.file.display();
        Ok(Done {
            shown: vec![format!("wrote {file}, not committed")],
            summary: Some(format!("wrote {file}")),
            found: vec![
                ("hash".to_owned(), "no commit".to_owned()),
                ("branch".to_owned(), self.cwd.display().to_string()),
            ],
            ..Done::default()
        })
    }

    /// The log of a branch, or the changes in a worktree, for the verification report.
    pub(super) fn survey(&self, branch: &str) -> Result<Done, Failure> {
        if branch.starts_with('/') {
            let log = self.ask(&["-C", branch, "status", "--short", "--untracked-files=all"])?;
            let count = match log.lines().count() {
                1 => "1 changed file".to_owned(),
                count => format!("{count} changed files"),
            };
            return Ok(surveyed(branch, log, count));
        }
        let commit = self.resolve(branch)?;
        let count = self.ask(&["rev-list", "--count", &commit])?;
        let log = self.ask(&["log", "--max-count=50", "--format=- %h %an: %s", &commit])?;
        let count = match count.as_str() {
            "1" => "1 commit".to_owned(),
            count => format!("{count} commits"),
        };
        Ok(surveyed(branch, log, count))
    }

    /// Whether each item's file lies on the branch with that item's content. A failed test is a result, not a failure.
    pub(super) fn check(&self, branch: &str, items: usize) -> Result<Done, Failure> {
        let mut results = Vec::new();
        let mut failed = Vec::new();
        let commit = match branch.starts_with('/') {
            // A worktree whose work nobody committed.
            true => Ok(branch.to_owned()),
            false => self.resolve(branch),
        };
        for n in 1..=items {
            let file = format!("demo/item-{n}.md");
            let passed = match &commit {
                Ok(commit) => self.holds(commit, &file, &format!("# Item {n}\n"))?,
                Err(_) => false,
            };
            results.push(format!(
                "- {} {file}",
                if passed { "passed" } else { "FAILED" }
            ));
            if !passed {
                failed.push(file);
            }
        }
        let verdict = match (&commit, failed.as_slice()) {
            (Err(failure), _) => format!("TESTS FAILED: {}", failure.text),
            (Ok(_), _) if items == 0 => "TESTS FAILED: there is nothing to test".to_owned(),
            (Ok(_), []) => format!("TESTS PASSED {items} on {branch}"),
            (Ok(_), failed) => format!(
                "TESTS FAILED {} of {items} on {branch}: {}",
                failed.len(),
                failed.join(", ")
            ),
        };
        results.push(format!("\n{verdict}"));
        Ok(Done {
            shown: vec![verdict.clone()],
            summary: Some(format!("tested {branch}")),
            found: vec![
                ("results".to_owned(), results.join("\n")),
                ("verdict".to_owned(), verdict),
            ],
            ..Done::default()
        })
    }

    fn holds(&self, commit: &str, file: &str, start: &str) -> Result<bool, Failure> {
        if commit.starts_with('/') {
            let read = std::fs::read(std::path::Path::new(commit).join(file));
            return Ok(read.is_ok_and(|bytes| bytes.starts_with(start.as_bytes())));
        }
        let output = self.try_git(&["cat-file", "blob", &format!("{commit}:{file}")])?;
        Ok(output.success() && output.stdout.starts_with(start.as_bytes()))
    }

    /// The full hash of what a message names; an option in a name's place is refused.
    fn resolve(&self, name: &str) -> Result<String, Failure> {
        if name.is_empty() || name.starts_with('-') {
            return Err(Failure::new(format!("`{name}` is no branch")));
        }
        self.ask(&[
            "rev-parse",
            "--verify",
            "--quiet",
            &format!("{name}^{{commit}}"),
        ])
        .map_err(|_| Failure::new(format!("there is no branch or commit `{name}`")))
    }
}

/// Why git failed. What another git holds is free again soon.
fn failed(what: &str, output: &Output) -> Failure {
    let why = reason(output);
    Failure {
        again: why.contains("index.lock"),
        text: format!("{what}: {why}"),
    }
}

fn surveyed(place: &str, log: String, count: String) -> Done {
    Done {
        shown: vec![format!("{place} has {count}")],
        summary: Some(format!("looked at {place}")),
        found: vec![("log".to_owned(), log), ("commits".to_owned(), count)],
        ..Done::default()
    }
}
