//! Checks of programs: tmux and its server, git, torch itself.

use std::path::Path;
use std::time::Duration;

use torch_core::config::Config;
use torch_process::{CommandSpec, run};

use super::checks::{fail, ok, warn};
use crate::place::shown;
use crate::render::doctor::Check;
use crate::render::first_line;
use crate::search::on_path;

/// How long a program may take to say its version.
const DEADLINE: Duration = Duration::from_secs(5);

/// The oldest tmux that has what torch needs (`paste-buffer -p -r`, `if -F` in one queue, `copy-mode -q`).
const TMUX_OLDEST: (u32, u32) = (3, 2);

/// The oldest git whose worktrees torch can repair and lock (`worktree repair`, `--porcelain` with `locked`).
const GIT_OLDEST: (u32, u32) = (2, 31);

/// tmux is there and new enough.
pub(super) fn tmux(program: &str) -> Check {
    versioned("tmux", program, "-V", TMUX_OLDEST)
}

/// git is there and new enough.
pub(super) fn git() -> Check {
    versioned("git", "git", "--version", GIT_OLDEST)
}

/// torch's own tmux server answers, or does not run.
pub(super) fn tmux_server(config: &Config) -> Check {
    let name = "tmux server";
    let socket = &config.tmux.socket;
    // Where its sockets are is tmux's own variable (TMUX_TMPDIR), which programs do not inherit from torch.
    let env = std::env::vars_os()
        .filter(|(name, _)| name != "TMUX")
        .collect();
    let spec = CommandSpec::new(&config.tmux.program, "/", env, DEADLINE).args([
        "-L",
        socket,
        "list-sessions",
        "-F",
        "#{session_name}",
    ]);
    match run(&spec) {
        Ok(output) if output.success() => {
            let sessions = output.text().lines().count();
            ok(name, format!("running (-L {socket}), sessions: {sessions}"))
        }
        Ok(_) => ok(
            name,
            format!("not running (-L {socket}); the first team starts it"),
        ),
        Err(error) => fail(
            name,
            error.to_string(),
            format!("tmux -L {socket} list-sessions"),
        ),
    }
}

/// `torch` and `scm` are on `PATH`, where the agents look for them.
pub(super) fn own() -> Vec<Check> {
    let check = |name: &'static str| match on_path(name) {
        Some(path) => ok(name, shown(&path)),
        None => warn(
            name,
            "not on PATH, where you and your agents look for it",
            beside(),
        ),
    };
    ["torch", "scm"].map(check).into()
}

fn beside() -> String {
    let dir = std::env::current_exe()
        .ok()
        .and_then(|exe| exe.parent().map(Path::to_owned));
    let dir = dir.unwrap_or_else(|| Path::new("/usr/local/bin").to_owned());
    format!("export PATH={}:$PATH", torch_process::quote::shell(&dir))
}

fn versioned(name: &'static str, program: &str, flag: &str, oldest: (u32, u32)) -> Check {
    let install = format!("sudo apt-get install {name}    # or your system's way");
    let output = match run(&command(program).arg(flag)) {
        Ok(output) if output.success() => output.text(),
        Ok(output) => return fail(name, first_line(&output.error_text(), 100), install),
        Err(error) => return fail(name, error.to_string(), install),
    };
    let text = first_line(&output, 60);
    match number(&text) {
        Some(version) if version >= oldest => ok(name, text),
        Some(_) => fail(
            name,
            format!("{text}, and torch needs {}.{}", oldest.0, oldest.1),
            install,
        ),
        // A build of the development branch (`tmux master`) has no number.
        None => warn(
            name,
            format!("{text}, whose version is no number"),
            format!("{program} {flag}"),
        ),
    }
}

/// The first `MAJOR.MINOR` in a text: `tmux next-3.4`, `git version 2.47.3`, `tmux 3.3a`.
fn number(text: &str) -> Option<(u32, u32)> {
    let digits = |text: &str| {
        text.chars()
            .take_while(char::is_ascii_digit)
            .collect::<String>()
    };
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let rest = text.get(start..)?;
    let major = digits(rest);
    let minor = digits(rest.get(major.len()..)?.strip_prefix('.')?);
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn command(program: impl Into<std::ffi::OsString>) -> CommandSpec {
    let env = torch_process::env::inherited(std::env::vars_os());
    CommandSpec::new(program, "/", env, DEADLINE)
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn versions_are_found_in_what_programs_say() {
        for (text, version) in [
            ("tmux 3.3a", Some((3, 3))),
            ("tmux next-3.4", Some((3, 4))),
            ("tmux openbsd-7.5", Some((7, 5))),
            ("git version 2.47.3", Some((2, 47))),
            ("git version 2.39.5 (Apple Git-154)", Some((2, 39))),
            ("tmux master", None),
        ] {
            assert_eq!(number(text), version, "{text}");
        }
    }
}
