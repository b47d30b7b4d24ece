//! Committing an agent's work on its behalf, as a person would in that worktree: with the user's filters and hooks.
//!
//! The hooks are those of the repository's git directory, which git never fetches from anywhere, or of the folder that the
//! user's own configuration names (`core.hooksPath`). A folder that only the repository's configuration names may lie among
//! the agent's files; its hooks, like filters that are defined there, need the user's word (`torch.trusted`).
//!
//! Always by `git`, whatever [`crate::Engine`] says of checkouts: libgit2 runs no hooks. Everything is staged into a copy
//! of the index first, which takes the index's place once nothing speaks against the commit; so a refusal changes nothing.

mod error;
mod paths;
mod stage;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use torch_core::policy::SecretCheck;
use torch_process::Environment;

use crate::call::Call;
use crate::git::failed;
use crate::locate::{Located, locate};
use crate::lock::Lock;
use crate::{Git, Repository, Unfinished, WorktreeError};

pub use error::CommitError;

/// What is to be committed, and as whom.
#[derive(Debug, Clone, Copy)]
pub struct CommitRequest<'a> {
    /// The repository.
    pub repository: &'a Repository,
    /// The agent's worktree, a linked one.
    pub path: &'a Path,
    /// The agent's home branch; `None` where its worktree was made with a detached HEAD.
    pub branch: Option<&'a str>,
    /// What the names of the agent's other branches begin with: `feature/`.
    pub prefix: Option<&'a str>,
    /// The author's name.
    pub author: &'a str,
    /// The author's address; also the committer's, with the name, where the user has configured no identity.
    pub email: &'a str,
    /// The message. Space at the ends of lines and repeated empty lines are dropped; lines that begin with `#` stay.
    pub message: &'a str,
    /// Which files and folders, absolute or relative to the worktree; empty: all changes.
    pub paths: &'a [PathBuf],
    /// Variables for the hooks, beside those of [`Git::new`]: what a person's own commands have there.
    pub env: &'a Environment,
    /// What becomes of it where something that it adds looks like a secret.
    pub secrets: SecretCheck,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Its id, full lower-case hex.
    pub id: String,
    /// As short as git shows it.
    pub short: String,
    /// The first line of its message.
    pub subject: String,
    /// The branch it is on.
    pub branch: Option<String>,
    /// How many files it changed.
    pub files: u64,
    /// Lines added; binary files have none.
    pub insertions: u64,
    /// Lines removed.
    pub deletions: u64,
    /// Whether it was there already: there was nothing to commit, and the last commit has this message and author.
    pub already: bool,
    /// What it adds that looks like a secret, one text each; only where that is no reason to refuse it.
    pub secrets: Vec<String>,
}

/// Commits what was changed in an agent's worktree, never anything below `.torch/`. Ignored files stay out. Hooks run as
/// they do for a person; no editor is opened, and nothing is signed: what an agent wrote does not get the user's signature.
///
/// # Errors
/// [`CommitError`]; all but [`CommitError::Rejected`] leave the index and the branch as they were. After a hook has
/// refused, what was to be committed stays staged, as git leaves it.
pub fn commit(git: &Git, request: &CommitRequest<'_>) -> Result<Committed, CommitError> {
    let message = tidied(request.message);
    if message.is_empty() {
        return Err(CommitError::NoMessage);
    }
    let path = request.path;
    let specs = paths::specs(path, request.paths)?;
    let located = locate(request.repository, path)?.filter(|located| located.files.is_some());
    let located = located.ok_or_else(|| WorktreeError::NoDirectory {
        path: path.to_owned(),
    })?;
    // One at a time: a second commit finds what the first one left.
    let _lock = Lock::take(&located.git_dir)?;
    let worktree = Worktree {
        git,
        located: &located,
        path,
    };
    let branch = worktree.check(request)?;
    let branch = branch.as_deref();
    let staged = stage::stage(&worktree, &specs)?;
    if staged.is_empty() {
        return match worktree.said_before(request, &message)? {
            true => worktree.describe(branch, true),
            false => Err(CommitError::Nothing {
                path: path.to_owned(),
            }),
        };
    }
    let secrets = match request.secrets {
        SecretCheck::Off => Vec::new(),
        _ => staged.secrets(&worktree, &specs)?,
    };
    if !secrets.is_empty() && request.secrets == SecretCheck::Refuse {
        return Err(CommitError::Secrets {
            path: path.to_owned(),
            found: secrets,
        });
    }
    staged.take_effect()?;
    worktree.make(request, &message, &specs)?;
    let made = worktree.describe(branch, false)?;
    Ok(Committed { secrets, ..made })
}

/// A worktree that is committed in.
struct Worktree<'a> {
    git: &'a Git,
    located: &'a Located,
    path: &'a Path,
}

impl Worktree<'_> {
    /// Asks git, with the repository's programs off; a failure is an error: failed to `act`.
    fn ask(&self, act: &'static str, args: &[&str]) -> Result<String, CommitError> {
        let output = self.located.call(self.git).ask(act, args.iter().copied())?;
        Ok(output.text())
    }

    /// The branch that is checked out, where a commit may be made on it now.
    fn check(&self, request: &CommitRequest<'_>) -> Result<Option<String>, CommitError> {
        if let Some(operation) = self.located.operation() {
            return Err(WorktreeError::UnderWay {
                root: self.path.to_owned(),
                unfinished: Unfinished(operation),
            }
            .into());
        }
        let head = self
            .located
            .call(self.git)
            .run(["symbolic-ref", "--quiet", "--short", "HEAD"])
            .map_err(failed("read HEAD", self.path))?;
        let checked_out = head.success().then(|| head.text());
        let of_prefix = |branch: &str| {
            let rest = request
                .prefix
                .and_then(|prefix| branch.strip_prefix(prefix));
            rest.is_some_and(|rest| !rest.is_empty())
        };
        if checked_out.as_deref() == request.branch || checked_out.as_deref().is_some_and(of_prefix)
        {
            return Ok(checked_out);
        }
        Err(CommitError::OtherBranch {
            path: self.path.to_owned(),
            checked_out,
            own: request.branch.map(str::to_owned),
            prefix: request.prefix.map(str::to_owned),
        })
    }

    /// Whether the last commit is the one that is asked for.
    fn said_before(&self, request: &CommitRequest<'_>, message: &str) -> Result<bool, CommitError> {
        let args = ["log", "-1", "--no-show-signature", "--format=%ae%x00%B"];
        let last = self.ask("read the last commit", &args)?;
        let Some((email, body)) = last.split_once('\0') else {
            return Ok(false);
        };
        // A hook may have added lines of its own.
        let same = tidied(body)
            .strip_prefix(message)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('\n'));
        Ok(email == request.email && same)
    }

    /// Runs `git commit`, hooks included.
    fn make(
        &self,
        request: &CommitRequest<'_>,
        message: &str,
        specs: &paths::Specs,
    ) -> Result<(), CommitError> {
        let mut call = self
            .call_with_hooks(request)
            .env("GIT_AUTHOR_NAME", request.author)
            .env("GIT_AUTHOR_EMAIL", request.email)
            .stdin(format!("{message}\n"));
        if !self.has_identity(request)? {
            call = call
                .env("GIT_COMMITTER_NAME", request.author)
                .env("GIT_COMMITTER_EMAIL", request.email);
        }
        let args = ["commit", "--quiet", "--no-gpg-sign", "--cleanup=verbatim"];
        let mut args: Vec<OsString> = args.map(OsString::from).into();
        args.push("--file=-".into());
        if let Some(named) = specs.named() {
            args.extend(["--only", "--"].map(OsString::from));
            args.extend(named.iter().cloned());
        }
        let output = call.run(args).map_err(failed("commit", self.path))?;
        if output.success() {
            return Ok(());
        }
        let said = match output.error_text() {
            text if text.trim().is_empty() => output.text(),
            text => text,
        };
        Err(CommitError::Rejected {
            path: self.path.to_owned(),
            said: last_lines(&said),
        })
    }

    /// Whether the user has a name and an address for commits, here or everywhere.
    fn has_identity(&self, request: &CommitRequest<'_>) -> Result<bool, CommitError> {
        let found = self
            .call_with_hooks(request)
            .set("user.useConfigOnly", "true")
            .run(["var", "GIT_COMMITTER_IDENT"])
            .map_err(failed("read the user's identity", self.path))?;
        Ok(found.success())
    }

    fn call_with_hooks(&self, request: &CommitRequest<'_>) -> Call {
        let common = &request.repository.common_dir;
        Call::with_hooks(self.git, self.path, (common, request.env))
            .of(&self.located.git_dir, self.path)
    }

    /// What the commit that is checked out is.
    fn describe(&self, branch: Option<&str>, already: bool) -> Result<Committed, CommitError> {
        let act = "read the commit";
        let args = [
            "log",
            "-1",
            "--no-show-signature",
            "--format=%H%x00%h%x00%s",
        ];
        let line = self.ask(act, &args)?;
        let mut parts = line.splitn(3, '\0').map(str::to_owned);
        let mut part = || parts.next().unwrap_or_default();
        let (id, short, subject) = (part(), part(), part());
        let args = [
            "diff-tree",
            "-r",
            "--root",
            "--no-commit-id",
            "--numstat",
            "--no-renames",
            "--no-ext-diff",
            &id,
        ];
        let numbers = self.ask(act, &args)?;
        let (mut files, mut insertions, mut deletions) = (0, 0, 0);
        for line in numbers.lines() {
            let mut fields = line.split('\t').map(|field| field.parse().unwrap_or(0));
            files += 1;
            insertions += fields.next().unwrap_or(0_u64);
            deletions += fields.next().unwrap_or(0_u64);
        }
        Ok(Committed {
            id,
            short,
            subject,
            branch: branch.map(str::to_owned),
            files,
            insertions,
            deletions,
            already,
            secrets: Vec::new(),
        })
    }
}

/// The message as it is committed: no space at the ends of lines, no empty lines around it, one between paragraphs.
fn tidied(message: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in message.lines().map(str::trim_end) {
        if !line.is_empty() || lines.last().is_some_and(|last| !last.is_empty()) {
            lines.push(line);
        }
    }
    lines.join("\n").trim_end().to_owned()
}

/// The end of what a hook said: at most 20 lines.
fn last_lines(said: &str) -> String {
    let lines: Vec<&str> = said.trim().lines().collect();
    let from = lines.len().saturating_sub(20);
    lines[from..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_tidied() {
        for (message, expect) in [
            ("fix\n", "fix"),
            ("\n\n fix \n\n\n\n# why\n- x  \n\n", " fix\n\n# why\n- x"),
            (" \n\t\n", ""),
        ] {
            assert_eq!(tidied(message), expect, "{message:?}");
        }
    }

    #[test]
    fn only_the_end_is_said() {
        let said: Vec<_> = (0..30).map(|n| n.to_string()).collect();
        assert_eq!(last_lines(&said.join("\n")).lines().next(), Some("10"));
        assert_eq!(last_lines("one\n"), "one");
    }
}
