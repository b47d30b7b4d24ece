//! Which doors to torch a program should have, for `torch doctor --probe`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a program shows of itself once it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// One of its hooks comes.
    Hooks,
    /// It lists the tools of torch's MCP server.
    Mcp,
    /// It tells its status line something.
    StatusLine,
}

/// What a person trusts once so that a program trusts the worktrees of its agents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trusts {
    /// The repository: its worktrees are trusted wherever they lie.
    #[default]
    Repository,
    /// A folder above them: where they lie decides.
    Folder,
}

/// Which doors to torch a program should have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DoorRules {
    /// What it shows as soon as it runs, before the first prompt.
    pub at_start: Vec<Sign>,
    /// What it shows only once it was prompted.
    pub with_prompt: Vec<Sign>,
    /// What has to be trusted where it asks whether a folder is.
    pub trusts: Trusts,
    /// The command that runs another one in the sandbox of its shell tool, without a model. `{program}` is the program; the
    /// word `{sandbox}` alone is the arguments of the permission mode in `sandboxes`. Empty: there is none.
    pub sandbox: Vec<String>,
    /// By permission mode, the arguments that make the same sandbox; in a mode that is not here it can't be tried.
    pub sandboxes: BTreeMap<String, Vec<String>>,
    /// The permission modes in which a command of its shell tool reaches no socket, so that `scm` and `torch` fail there.
    pub closed_shell: Vec<String>,
}

impl DoorRules {
    /// The command before the words of another one, in this permission mode; `None` where there is none.
    pub fn sandbox_argv(&self, program: &str, mode: &str) -> Option<Vec<String>> {
        let own = self.sandboxes.get(mode)?;
        let words = self.sandbox.iter().flat_map(|word| match word.as_str() {
            "{sandbox}" => own.clone(),
            "{program}" => vec![program.to_owned()],
            other => vec![other.to_owned()],
        });
        Some(words.collect()).filter(|argv: &Vec<String>| !argv.is_empty())
    }

    /// Whether `scm` and `torch` fail in the shell of a program that was started in this permission mode.
    pub fn shell_is_closed(&self, mode: &str) -> bool {
        self.closed_shell.iter().any(|closed| closed == mode)
    }

    /// Whether a program should show this at all.
    pub fn shows(&self, sign: Sign) -> bool {
        self.at_start.contains(&sign) || self.with_prompt.contains(&sign)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sandbox_is_that_of_the_mode() {
        let rules: DoorRules = toml::from_str(
            "sandbox = [\"{program}\", \"sandbox\", \"{sandbox}\", \"--\"]\nsandboxes = { safe = [\"-c\", \"x\"] }",
        )
        .expect("rules");
        let argv = rules.sandbox_argv("/bin/p", "safe").expect("a command");
        assert_eq!(argv, ["/bin/p", "sandbox", "-c", "x", "--"]);
        assert_eq!(rules.sandbox_argv("/bin/p", "bypass"), None);
        assert_eq!(DoorRules::default().sandbox_argv("/bin/p", "safe"), None);
    }
}
