//! What an agent's own git is told for one launch, by the environment alone: no file of the person's, of the repository or of the
//! worktree is touched, and no git but the agent's own hears of it.
//!
//! By `GIT_CONFIG_PARAMETERS`, the variable in which `git -c` hands its settings on (git 2.31 to 2.47 tried). `git -c` within puts its own
//! behind these, so that nothing is lost; git itself takes it away from what it starts in another repository (submodules, the
//! receiving side of a push to a path), where these settings do not belong. `GIT_CONFIG_COUNT` with `GIT_CONFIG_KEY_0` would do the same, but
//! a program that hides variables with `KEY` in their names (Codex) then breaks every git of its agent: "missing config key
//! GIT_CONFIG_KEY_0". `GIT_CONFIG_GLOBAL` would take the place of the person's own file, and `git config --global` would write to it.

use std::collections::BTreeMap;

use torch_core::AgentId;

use super::State;
use crate::git_hooks;

/// The variable that takes settings.
const PARAMETERS: &str = "GIT_CONFIG_PARAMETERS";

/// Variables that are keys to a remote, or lead to some.
const KEYS: [&str; 13] = [
    "BITBUCKET_TOKEN",
    "GH_ENTERPRISE_TOKEN",
    "GH_TOKEN",
    "GITHUB_ENTERPRISE_TOKEN",
    "GITHUB_TOKEN",
    "GITLAB_TOKEN",
    "GIT_ASKPASS",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GL_TOKEN",
    "SSH_AGENT_PID",
    "SSH_ASKPASS",
    "SSH_AUTH_SOCK",
];

/// ssh (OpenSSH 6.5 and newer) without the person's configuration, agent and keys, and without asking.
const SSH: &str = "ssh -F /dev/null -o IdentityAgent=none -o IdentitiesOnly=yes -o IdentityFile=/dev/null -o BatchMode=yes";

impl State {
    /// The settings of an agent's own git, in the order in which they hold; the folder of hooks comes first, which the hooks rely on.
    fn git_settings(&self, agent: AgentId) -> Vec<(String, String)> {
        let mut settings = Vec::new();
        if self.holds_git_back(agent) {
            let folder = git_hooks::folder(&self.settings.home);
            settings.push(("core.hooksPath".to_owned(), folder.display().to_string()));
        }
        settings.extend(self.broker_settings(agent));
        settings
    }

    /// Puts what an agent's git is told into its environment, and takes out what it is not to have.
    pub(super) fn git_environment(&self, agent: AgentId, env: &mut BTreeMap<String, String>) {
        if self.withholds_keys(agent) {
            withhold(env);
        }
        let settings = self.git_settings(agent);
        if !settings.is_empty() {
            env.insert(PARAMETERS.to_owned(), parameters(&settings));
        }
    }

    /// Whether a variable of this name is kept from an agent.
    pub(super) fn is_withheld(&self, agent: AgentId, name: &str) -> bool {
        KEYS.contains(&name) && self.withholds_keys(agent)
    }
}

/// The environment without keys to a remote.
pub(super) fn withhold(env: &mut BTreeMap<String, String>) {
    env.retain(|name, _| !KEYS.contains(&name.as_str()));
    env.insert("GIT_SSH_COMMAND".to_owned(), SSH.to_owned());
    env.insert("GIT_TERMINAL_PROMPT".to_owned(), "0".to_owned());
}

/// Settings as git hands them on; later ones win.
fn parameters(settings: &[(String, String)]) -> String {
    let words = settings
        .iter()
        .map(|(key, value)| format!("{}={}", quoted(key), quoted(value)));
    words.collect::<Vec<_>>().join(" ")
}

/// A text in git's own single quotes (`sq_quote_buf`): a quote and an exclamation mark stand outside of them.
pub(crate) fn quoted(text: &str) -> String {
    let mut word = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '!' => {
                word.push_str("'\\");
                word.push(c);
                word.push('\'');
            }
            _ => word.push(c),
        }
    }
    word.push('\'');
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_gits_own() {
        assert_eq!(quoted("/a b/c"), "'/a b/c'");
        assert_eq!(quoted("it's!"), r"'it'\''s'\!''");
    }

    #[test]
    fn settings_are_quoted_as_git_reads_them() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let settings = [pair("url./a b.git.pushInsteadOf", "it's"), pair("x.y", "")];
        let expect = r"'url./a b.git.pushInsteadOf'='it'\''s' 'x.y'=''";
        assert_eq!(parameters(&settings), expect);
    }

    #[test]
    fn keys_stay_behind() {
        let names = ["PATH", "SSH_AUTH_SOCK", "GH_TOKEN", "GIT_SSH_COMMAND"];
        let mut env: BTreeMap<String, String> =
            names.map(|name| (name.to_owned(), "own".to_owned())).into();
        withhold(&mut env);
        let names: Vec<&str> = env.keys().map(String::as_str).collect();
        assert_eq!(names, ["GIT_SSH_COMMAND", "GIT_TERMINAL_PROMPT", "PATH"]);
        assert_eq!(env["GIT_SSH_COMMAND"], SSH);
    }
}
