//! The command line as it was given, for hints that repeat it with a change.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use torch_process::quote;

/// The words of a command line, the program's name first, without its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    words: Vec<OsString>,
}

impl Given {
    /// This process's own.
    pub fn ours() -> Self {
        Self::from_words(std::env::args_os())
    }

    /// The command line of these words, the program first.
    pub fn from_words(words: impl IntoIterator<Item = OsString>) -> Self {
        let mut words: Vec<OsString> = words.into_iter().collect();
        if let Some(program) = words.first_mut() {
            let scm = Path::new(&*program).file_name() == Some(OsStr::new("scm"));
            *program = if scm { "scm" } else { "torch" }.into();
        }
        Self { words }
    }

    /// Whether this is the command.
    pub fn is(&self, command: &str) -> bool {
        self.words.get(1).is_some_and(|word| word == command)
    }

    /// Whether this option was given, as `--name value` or `--name=value`.
    pub fn has(&self, option: &str) -> bool {
        self.position(option).is_some()
    }

    /// The same with this switch.
    #[must_use]
    pub fn and(mut self, switch: &str) -> Self {
        let end = self.options().count();
        self.words.insert(end, switch.into());
        self
    }

    /// The same with this value for an option, whatever value it had.
    #[must_use]
    pub fn with(mut self, option: &str, value: impl AsRef<OsStr>) -> Self {
        while let Some(at) = self.position(option) {
            let separate = self.words[at] == option;
            self.words.remove(at);
            if separate && at < self.words.len() {
                self.words.remove(at);
            }
        }
        let end = self.options().count();
        self.words.insert(end, value.as_ref().to_owned());
        self.words.insert(end, option.into());
        self
    }

    /// The same with the built-in agent, unless an agent program was named.
    #[must_use]
    pub fn with_an_agent(self) -> Self {
        if self.has("--agent") {
            self
        } else {
            self.with("--agent", "demo")
        }
    }

    /// The same with the last word that is this one behind `--`.
    #[must_use]
    pub fn with_message(mut self, message: &str) -> Self {
        if let Some(at) = self.words.iter().rposition(|word| word == message) {
            self.words.remove(at);
        }
        self.words.extend(["--".into(), message.into()]);
        self
    }

    /// Whether `--` was given, behind which no word is an option.
    pub fn has_separator(&self) -> bool {
        self.words.iter().any(|word| word == "--")
    }

    /// The line as a shell takes it.
    pub fn line(&self) -> String {
        let words: Vec<_> = self.words.iter().map(quote::shell).collect();
        words.join(" ")
    }

    fn position(&self, option: &str) -> Option<usize> {
        self.options().position(|word| is_option(word, option))
    }

    /// The words that may be options.
    fn options(&self) -> impl Iterator<Item = &OsString> {
        self.words.iter().take_while(|word| *word != "--")
    }
}

fn is_option(word: &OsStr, option: &str) -> bool {
    let rest = word.to_str().and_then(|word| word.strip_prefix(option));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(words: &[&str]) -> Given {
        Given::from_words(words.iter().map(OsString::from))
    }

    #[test]
    fn a_change_keeps_everything_else() {
        let command = given(&["/opt/torch", "auto", "--spec", "my spec.md", "--dry-run"]);
        assert_eq!(
            command.clone().with_an_agent().and("--yes").line(),
            "torch auto --spec 'my spec.md' --dry-run --agent demo --yes"
        );
        assert_eq!(
            command.with("--spec", "other.md").line(),
            "torch auto --dry-run --spec other.md"
        );
    }

    #[test]
    fn an_option_is_replaced_in_either_form() {
        for words in [
            ["torch", "auto", "--agent=claude", "-y"].as_slice(),
            &["torch", "auto", "--agent", "claude", "-y"],
        ] {
            let command = given(words);
            assert!(command.has("--agent"));
            assert_eq!(
                command.with("--agent", "demo").line(),
                "torch auto -y --agent demo"
            );
        }
        assert!(!given(&["torch", "auto", "--agents"]).has("--agent"));
    }

    #[test]
    fn options_stay_before_the_separator_and_a_message_goes_behind_it() {
        let command = given(&["torch", "auto", "--spec", "x", "--"]);
        assert_eq!(command.and("--yes").line(), "torch auto --spec x --yes --");
        let command = given(&["/bin/scm", "dev", "--wat", "--key", "k"]);
        assert!(!command.has_separator());
        assert_eq!(
            command.with_message("--wat").line(),
            "scm dev --key k -- --wat"
        );
    }
}
