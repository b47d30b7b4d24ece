//! How a program is found on a machine, and whether somebody is logged in to it.

use serde::{Deserialize, Serialize};

/// How a program is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstallRules {
    /// The command, looked for on the `PATH` of whoever starts a team.
    pub command: String,
    /// The arguments that make it print its version.
    #[serde(default)]
    pub version_args: Vec<String>,
    /// A regular expression whose first group is the version in what it prints.
    #[serde(default)]
    pub version_pattern: String,
    /// How to install it, as a command that can be run.
    pub how: String,
    /// `torch auto` without `--agent` takes the installed program with the lowest rank.
    pub rank: u32,
    /// The versions that these rules were tried with.
    #[serde(default)]
    pub tested: Vec<String>,
    /// What shows that somebody is logged in.
    #[serde(default)]
    pub login: LoginRules,
}

/// What shows that somebody is logged in, without reading any of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginRules {
    /// Files, any of which is enough; `{home}` is the user's home, `{VARIABLE:-default}` a variable of whoever starts a team.
    #[serde(default)]
    pub files: Vec<String>,
    /// Variables, any of which is enough.
    #[serde(default)]
    pub variables: Vec<String>,
    /// What to run to log in.
    #[serde(default)]
    pub how: String,
}
