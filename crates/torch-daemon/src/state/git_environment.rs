//! What an agent's own git is told for one launch, by the environment alone: no file of the person's, of the repository or of the
//! worktree is touched, and no git but the agent's own hears of it.
//!
//! By `GIT_CONFIG_PARAMETERS`, the variable in which `git -c` hands its settings on (git 2.31 to 2.47 tried). `git -c` within puts its own
//! behind these, so that nothing is lost; git itself takes it away from what it starts in another repository (submodules, the
//! receiving side of a push to a path), where these settings do not belong. `GIT_CONFIG_COUNT` with `GIT_CONFIG_KEY_0` would do the same, but
//! a program that hides variables with `KEY` in their names (Codex) then breaks every git of its agent: "missing config key
//! GIT_CONFIG_KEY_0". `GIT_CONFIG_GLOBAL` would take the place of the person's own file, and `git config --global` would write to it.

use torch_core::AgentId;

use super::State;
use crate::git_hooks;

/// The variable.
const PARAMETERS: &str = "GIT_CONFIG_PARAMETERS";

impl State {
    /// The settings of an agent's own git, in the order in which they hold; the folder of hooks comes first, which the hooks rely on.
    fn git_settings(&self, agent: AgentId) -> Vec<(&'static str, String)> {
        let mut settings = Vec::new();
        if self.holds_git_back(agent) {
            let folder = git_hooks::folder(&self.settings.home);
            settings.push(("core.hooksPath", folder.display().to_string()));
        }
        settings
    }

    /// The variable for an agent's environment; none where nothing is set.
    pub(super) fn git_environment(&self, agent: AgentId) -> Option<(String, String)> {
        let settings = self.git_settings(agent);
        let words = settings
            .iter()
            .map(|(key, value)| format!("{}={}", quoted(key), quoted(value)));
        let text = words.collect::<Vec<_>>().join(" ");
        (!text.is_empty()).then(|| (PARAMETERS.to_owned(), text))
    }
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
}
