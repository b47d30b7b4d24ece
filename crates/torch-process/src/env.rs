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
}
