//! Which programs are there, in which version: asked side by side, and remembered as long as their executables are the same.

use std::path::{Path, PathBuf};
use std::time::Duration;

use torch_core::program::InstallRules;
use torch_daemon::catalog::{Entry, Origin};
use torch_process::{CommandSpec, run};

use super::versions::{Executable, Versions};
use crate::place::{user_cache, variable};
use crate::render::agents::Installed;
use crate::search;

/// How long a program may take to say its version.
const DEADLINE: Duration = Duration::from_secs(10);

/// Whose word on a version counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// What the same executable said within the last day.
    Remembered,
    /// The program itself.
    Anew,
}

impl Ask {
    /// What `--fresh` means.
    pub(crate) fn fresh(fresh: bool) -> Self {
        if fresh { Self::Anew } else { Self::Remembered }
    }
}

/// Each of these: whether it is on `PATH`, and what it says its version is. Programs that are asked are asked side by side, as
/// some need a second or two to start.
pub(crate) fn all_installed(entries: &[&Entry], ask: Ask) -> Vec<Installed> {
    let now = torch_process::clock::now();
    let file = user_cache("versions.json");
    let before = file.as_deref().map(Versions::read).unwrap_or_default();
    let known = (ask == Ask::Remembered).then_some(&before);
    let found: Vec<(Installed, Option<Learned>)> = std::thread::scope(|scope| {
        let look = |entry| scope.spawn(move || looked(entry, |it| known?.get(it, now)));
        let asked: Vec<_> = entries.iter().map(|entry| look(*entry)).collect();
        let answers = asked.into_iter().map(|thread| thread.join());
        answers
            .map(|answer| answer.unwrap_or((Installed::No, None)))
            .collect()
    });
    let mut after = before.clone();
    let mut installed = Vec::new();
    for (one, learned) in found {
        if let Some((executable, version)) = learned {
            after.learn(executable, version, now);
        }
        installed.push(one);
    }
    if let (Some(file), true) = (file, after != before) {
        after.write(&file);
    }
    installed
}

/// Whether one program is there; it is asked itself.
pub(crate) fn installed(entry: &Entry) -> Installed {
    looked(entry, |_| None).0
}

/// What a program said of itself.
type Learned = (Executable, String);

fn looked(
    entry: &Entry,
    known: impl Fn(&Executable) -> Option<String>,
) -> (Installed, Option<Learned>) {
    let Some(rules) = &entry.program.install else {
        return (Installed::BuiltIn, None);
    };
    let Some(path) = search::on_path(&rules.command) else {
        return (Installed::No, None);
    };
    // A project's file decides nothing that runs.
    if matches!(entry.origin, Origin::Project(_)) || rules.version_args.is_empty() {
        return (
            Installed::At {
                path,
                version: None,
            },
            None,
        );
    }
    // As it is before it is asked: one that is replaced meanwhile is asked again next time.
    let executable = Executable::at(&path, rules);
    let remembered = executable.as_ref().and_then(known);
    let learned = match remembered {
        Some(_) => None,
        None => version(&path, rules),
    };
    let version = remembered.or_else(|| learned.clone());
    (Installed::At { path, version }, executable.zip(learned))
}

fn version(path: &Path, rules: &InstallRules) -> Option<String> {
    let env = torch_process::env::inherited(std::env::vars_os());
    let home = variable("HOME").map_or_else(|| "/".into(), PathBuf::from);
    let cwd = if home.is_dir() { home } else { "/".into() };
    let spec = CommandSpec::new(path, cwd, env, DEADLINE).args(rules.version_args.clone());
    let output = run(&spec).ok()?.success_or_error().ok()?;
    torch_daemon::catalog::version_in(&rules.version_pattern, &output.text())
}
