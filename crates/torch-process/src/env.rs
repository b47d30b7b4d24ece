//! Which variables of the caller's environment a child may have.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

/// A whole environment.
pub type Environment = BTreeMap<OsString, OsString>;

/// The names that pass as they are.
const NAMES: [&str; 12] = [
    "PATH",
    "HOME",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TERM",
    "TMPDIR",
    "USER",
    "LOGNAME",
    "SHELL",
    "COLORTERM",
    "SSH_AUTH_SOCK",
];

/// What the other names begin with.
const PREFIXES: [&str; 2] = ["LC_", "XDG_"];

/// Whether a variable of this name is handed on.
pub fn passes(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else {
        return false;
    };
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The variables that are handed on, out of `vars` (usually `std::env::vars_os()`). Secrets, `LD_*`, `GIT_*`,
/// `TMUX` and whatever else the caller has stay behind.
pub fn inherited(vars: impl IntoIterator<Item = (OsString, OsString)>) -> Environment {
    vars.into_iter().filter(|(name, _)| passes(name)).collect()
}

/// The variable of what the daemon starts that runs others' code: a commit's git, its hooks and filters. What has it speaks
/// for nobody, also when the daemon is gone that started it.
pub const HOOK_VARIABLE: &str = "TORCH_HOOK";

/// What torch tells an agent, or a hook, about itself: never the daemon's business, whoever starts it.
const AGENT_NAMES: [&str; 8] = [
    "TORCH_GIT_RULES",
    "TORCH_AGENT",
    "TORCH_AGENT_COMMITS",
    HOOK_VARIABLE,
    "TORCH_ROLE",
    "TORCH_SPEC",
    "TORCH_TEAM",
    "TORCH_TEAM_ROLES",
];

/// The daemon's environment, out of its starter's: what every child may have, torch's own variables but for those of
/// an agent (which may well be the starter), which git settings are read, and where tmux keeps its sockets.
pub fn for_daemon(vars: impl IntoIterator<Item = (OsString, OsString)>) -> Environment {
    let vars = vars.into_iter();
    vars.filter(|(name, _)| passes(name) || is_daemons(name))
        .collect()
}

fn is_daemons(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else {
        return false;
    };
    let torch = name.starts_with("TORCH_")
        && !name.starts_with("TORCH_DEMO_")
        && !AGENT_NAMES.contains(&name);
    // By that one agents' git is told where its hooks are and where pushes go: no setting of the person's.
    let of_agents = name == "GIT_CONFIG_PARAMETERS";
    torch
        || (name.starts_with("GIT_CONFIG_") && !of_agents)
        || name == "RUST_BACKTRACE"
        || name == "TMUX_TMPDIR"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_harmless_part_passes() {
        let vars = [
            "PATH",
            "LC_ALL",
            "XDG_RUNTIME_DIR",
            "LD_PRELOAD",
            "GIT_DIR",
            "TMUX",
            "OPENAI_API_KEY",
            "PATHX",
            "SSH_AUTH_SOCK",
        ];
        let env = inherited(vars.map(|name| (name.into(), "x".into())));
        let names: Vec<_> = env.keys().filter_map(|name| name.to_str()).collect();
        assert_eq!(
            names,
            ["LC_ALL", "PATH", "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR"]
        );
    }

    #[test]
    fn a_daemon_that_an_agent_starts_is_nobodys() {
        let vars = [
            "GIT_CONFIG_GLOBAL",
            "GIT_CONFIG_PARAMETERS",
            "HOME",
            "NOTIFY_SOCKET",
            "TMUX",
            "TMUX_PANE",
            "TMUX_TMPDIR",
            "TORCH_AGENT",
            "TORCH_AGENT_COMMITS",
            "TORCH_DEMO_SCENARIO",
            "TORCH_HOME",
            "TORCH_HOOK",
            "TORCH_ROLE",
            "TORCH_SPEC",
            "TORCH_TEAM",
            "TORCH_TEAM_ROLES",
            "TORCH_TEAM_SESSION_SUFFIX",
            "WATCHDOG_USEC",
        ];
        let env = for_daemon(vars.map(|name| (name.into(), "x".into())));
        let names: Vec<_> = env.keys().filter_map(|name| name.to_str()).collect();
        assert_eq!(
            names,
            [
                "GIT_CONFIG_GLOBAL",
                "HOME",
                "TMUX_TMPDIR",
                "TORCH_HOME",
                "TORCH_TEAM_SESSION_SUFFIX"
            ]
        );
    }
}
