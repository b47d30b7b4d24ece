//! The text of the daemon's systemd user unit.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The unit's name; its file has it too.
pub(crate) const NAME: &str = "torch.service";

/// The first line of a unit that torch wrote; any other one is somebody else's.
const MARK: &str = "# Written by `torch daemon install`; `torch daemon uninstall` takes it away.";

/// Said in a unit whose installation switched lingering on.
const LINGERING: &str =
    "# Lingering was off before: `torch daemon uninstall` switches it off again.";

/// What of the daemon's environment a service manager does not know by itself, beside what begins with a prefix
/// below. What belongs to one login (its runtime directory, its agents' sockets) stays out.
const NAMES: [&str; 8] = [
    "LANG",
    "LANGUAGE",
    "PATH",
    "TMPDIR",
    "TMUX_TMPDIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
];
const PREFIXES: [&str; 3] = ["GIT_CONFIG_", "LC_", "TORCH_"];

/// What the unit is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unit {
    /// This torch.
    pub(crate) torch: PathBuf,
    /// The daemon's log.
    pub(crate) log: PathBuf,
    /// The registry and the settings, in the order of their names.
    pub(crate) env: Vec<(String, String)>,
    /// Whether the daemon resumes teams after a reboot.
    pub(crate) resume_teams: bool,
    /// Whether installing it switches lingering on.
    pub(crate) lingering: bool,
}

/// The part of the daemon's environment that its unit says.
pub(crate) fn variables(
    env: impl IntoIterator<Item = (OsString, OsString)>,
) -> Vec<(String, String)> {
    let text = |(name, value): (OsString, OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    let said = |name: &str| {
        NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    };
    let mut found: Vec<_> = env
        .into_iter()
        .filter_map(text)
        .filter(|(name, value)| said(name) && !value.chars().any(char::is_control))
        .collect();
    found.sort();
    found
}

impl Unit {
    /// The words of its command.
    pub(crate) fn argv(&self) -> Vec<String> {
        let mut argv = vec![self.torch.display().to_string()];
        argv.extend(["daemon", "run"].map(str::to_owned));
        argv.extend(self.resume_teams.then(|| "--resume-teams".to_owned()));
        argv
    }

    /// Its text.
    pub(crate) fn text(&self) -> String {
        let command: Vec<String> = self.argv().iter().map(|word| quoted(word)).collect();
        let environment: String = self
            .env
            .iter()
            .map(|(name, value)| format!("Environment={}\n", quoted(&format!("{name}={value}"))))
            .collect();
        let lingering = if self.lingering {
            format!("{LINGERING}\n")
        } else {
            String::new()
        };
        format!(
            "{MARK}
{lingering}[Unit]
Description=torch, the daemon of a team of AI coding agents
StartLimitIntervalSec=600
StartLimitBurst=10

[Service]
Type=notify
NotifyAccess=main
ExecStart={command}
{environment}StandardOutput=null
StandardError=append:{log}
# The tmux server and the agents in it go on without the daemon, also when one of them needs too much memory.
KillMode=process
OOMPolicy=continue
TasksMax=infinity
Restart=on-failure
RestartSec=1
# 1: another daemon has the registry; 2: the config file can't be used.
RestartPreventExitStatus=1 2
TimeoutStartSec=60
TimeoutStopSec=20
WatchdogSec=30

[Install]
WantedBy=default.target
",
            command = command.join(" "),
            log = self.log.display().to_string().replace('%', "%%"),
        )
    }
}

/// Whether a unit's text was written by torch.
pub(crate) fn is_ours(text: &str) -> bool {
    text.lines().next() == Some(MARK)
}

/// Whether it is the unit of this registry.
pub(crate) fn is_of(text: &str, home: &Path) -> bool {
    let line = format!(
        "Environment={}",
        quoted(&format!("TORCH_HOME={}", home.display()))
    );
    text.lines().any(|found| found == line)
}

/// Whether its installation switched lingering on.
pub(crate) fn switched_lingering_on(text: &str) -> bool {
    text.lines().any(|line| line == LINGERING)
}

/// One word of a unit file: systemd.syntax(7) for quotes and backslashes, systemd.unit(5) for `%`.
fn quoted(word: &str) -> String {
    let word = word
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('%', "%%");
    format!("\"{word}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit() -> Unit {
        let vars = [
            ("HOME", "/home/me"),
            ("PATH", "/home/me/.cargo/bin:/usr/bin"),
            ("SSH_AUTH_SOCK", "/tmp/ssh"),
            ("TORCH_HOME", "/home/me/a \"b\" 100%\\"),
            ("TORCH_ROUTER_MODE", "open"),
            ("XDG_RUNTIME_DIR", "/run/user/1000"),
        ];
        Unit {
            torch: "/home/me/.cargo/bin/torch".into(),
            log: "/home/me/a \"b\" 100%\\/logs/daemon.log".into(),
            env: variables(vars.map(|(name, value)| (name.into(), value.into()))),
            resume_teams: true,
            lingering: true,
        }
    }

    #[test]
    fn the_text() {
        insta::assert_snapshot!(unit().text());
    }

    #[test]
    fn it_is_known_again() {
        let text = unit().text();
        assert!(is_ours(&text) && switched_lingering_on(&text));
        assert!(is_of(&text, Path::new("/home/me/a \"b\" 100%\\")));
        assert!(!is_of(&text, Path::new("/home/me/a")));
        let plain = Unit {
            lingering: false,
            ..unit()
        };
        assert!(!switched_lingering_on(&plain.text()));
        assert!(!is_ours("[Unit]\nDescription=mine\n"));
    }
}
