//! The folder of hooks for agents' own git, one for the whole registry: `git-hooks/`, with one script under every name that git knows.
//!
//! The script is small and asks torch only where there is something to decide; it runs the hook that would have run without it.
//! It lies in the registry, which agents' sandboxes let them read, and not in a repository.

mod judge;
#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

pub use judge::{Answer, HookCall, REFUSED, judge_hook, judge_tool};

use crate::state::quoted_for_git;

/// Every hook that git runs out of its folder of hooks (githooks(5), git 2.47). `fsmonitor-watchman` is named by a setting of its own.
pub const NAMES: [&str; 27] = [
    "applypatch-msg",
    "pre-applypatch",
    "post-applypatch",
    "pre-commit",
    "pre-merge-commit",
    "prepare-commit-msg",
    "commit-msg",
    "post-commit",
    "pre-rebase",
    "post-checkout",
    "post-merge",
    "pre-push",
    "pre-receive",
    "update",
    "proc-receive",
    "post-receive",
    "post-update",
    "reference-transaction",
    "push-to-checkout",
    "pre-auto-gc",
    "post-rewrite",
    "sendemail-validate",
    "p4-changelist",
    "p4-prepare-changelist",
    "p4-post-changelist",
    "p4-pre-submit",
    "post-index-change",
];

/// The script, with places for what it has to know.
const SCRIPT: &str = include_str!("git_hooks/hook.sh");

/// The folder of a registry.
pub fn folder(home: &Path) -> PathBuf {
    home.join("git-hooks")
}

/// Makes the folder, or makes it right: a registry may have been moved, and torch too.
///
/// # Errors
/// What the file system says.
pub fn lay(home: &Path, torch: &Path) -> io::Result<()> {
    let folder = folder(home);
    let text = script(&folder, torch);
    let script = folder.join(".hook.sh");
    if fs::read(&script).ok().as_deref() != Some(text.as_bytes()) {
        fs::create_dir_all(&folder)?;
        // Another one may be running it at this moment.
        let new = folder.join(format!(".hook.sh.{}", std::process::id()));
        fs::write(&new, text)?;
        fs::set_permissions(&new, fs::Permissions::from_mode(0o755))?;
        fs::rename(&new, &script)?;
    }
    for name in NAMES {
        match symlink(".hook.sh", folder.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn script(folder: &Path, torch: &Path) -> String {
    let word = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let folder = folder.display().to_string();
    let ours = format!("'core.hooksPath'={}", quoted_for_git(&folder));
    SCRIPT
        .replace("@TORCH@", &word(&torch.display().to_string()))
        .replace("@HERE@", &word(&folder))
        .replace("@OURS@", &word(&ours))
}
