//! One command of `git` with all that it needs besides its arguments: a git directory, an index, standard input.

use std::ffi::OsString;
use std::path::Path;

use torch_process::{CommandSpec, Output, ProcessError};

use crate::git::{failed, settled};
use crate::{Git, WorktreeError};

/// Configuration for commands that keep or restore work: names are taken as they are, whatever another system would
/// make of them, no cache says which files there are, and what is written is on disk before the command ends.
const OVERRIDES: [&str; 8] = [
    "core.protectNTFS=false",
    "core.protectHFS=false",
    "core.untrackedCache=false",
    "core.splitIndex=false",
    "core.fsync=objects,reference",
    "core.quotePath=false",
    "i18n.commitEncoding=UTF-8",
    "index.sparse=false",
];

/// Who signs what torch commits; the user's own name may not be configured, and is not torch's to use.
const NAME: &str = "torch";
/// As [`NAME`].
const EMAIL: &str = "torch@localhost";

/// A command that is being put together.
pub(crate) struct Call {
    spec: CommandSpec,
}

impl Git {
    /// A command in `cwd`, whose repository it looks for itself.
    pub(crate) fn call(&self, cwd: &Path) -> Call {
        let mut spec = self.command_to_write(cwd);
        for who in ["AUTHOR", "COMMITTER"] {
            spec = spec
                .env(format!("GIT_{who}_NAME"), NAME)
                .env(format!("GIT_{who}_EMAIL"), EMAIL);
        }
        let overrides = OVERRIDES.iter().flat_map(|value| ["-c", value]);
        Call {
            spec: spec.env("GIT_OPTIONAL_LOCKS", "0").args(overrides),
        }
    }
}

impl Call {
    /// Of the worktree with this git directory and these files, whatever the file `.git` there says.
    #[must_use]
    pub(crate) fn of(mut self, git_dir: &Path, work_tree: &Path) -> Self {
        let options = [("--git-dir=", git_dir), ("--work-tree=", work_tree)];
        for (option, path) in options {
            let mut word = OsString::from(option);
            word.push(path);
            self.spec = self.spec.arg(word);
        }
        self
    }

    /// With a variable of the environment.
    #[must_use]
    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.spec = self.spec.env(name, value);
        self
    }

    /// With standard input.
    #[must_use]
    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.spec = self.spec.stdin(bytes);
        self
    }

    /// Runs it; a status other than 0 is the caller's to judge.
    pub(crate) fn run<A: Into<OsString>>(
        self,
        args: impl IntoIterator<Item = A>,
    ) -> Result<Output, ProcessError> {
        settled(&self.spec.args(args))
    }

    /// Runs it; its failure is an error: failed to `act`.
    pub(crate) fn ask<A: Into<OsString>>(
        self,
        act: &'static str,
        args: impl IntoIterator<Item = A>,
    ) -> Result<Output, WorktreeError> {
        let cwd = self.spec.cwd.clone();
        self.run(args)
            .and_then(Output::success_or_error)
            .map_err(failed(act, &cwd))
    }
}

/// A path as `git` takes it from lines: in double quotes, everything unusual as three octal digits.
pub(crate) fn quoted(path: &[u8]) -> String {
    let mut word = String::from("\"");
    for &byte in path {
        match byte {
            b'"' | b'\\' | 0..=0x1f | 0x7f.. => word.push_str(&format!("\\{byte:03o}")),
            _ => word.push(char::from(byte)),
        }
    }
    word.push('"');
    word
}

/// The parts of an output that end with NUL.
pub(crate) fn zero_terminated(output: &[u8]) -> impl Iterator<Item = &[u8]> {
    output
        .split(|&byte| byte == 0)
        .filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unusual_bytes_are_octal() {
        assert_eq!(quoted(b"a b"), "\"a b\"");
        assert_eq!(quoted(b"q\"\\\n\xff1"), r#""q\042\134\012\3771""#);
    }
}
