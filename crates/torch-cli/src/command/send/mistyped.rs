//! A mistyped option that would be sent as the message.

use torch_core::spelling::distance;

use crate::cli;
use crate::command::given::Given;
use crate::error::CommandError;

/// How many letters may be wrong, missing, too many or exchanged for a word to be taken for an option.
const LETTERS: usize = 2;

/// Refuses a single word that begins with `--` and is nearly one of the options, unless `--` stands before it.
pub(super) fn check(message: Option<&str>, given: Given) -> Result<(), CommandError> {
    let Some(message) = message.filter(|_| !given.has_separator()) else {
        return Ok(());
    };
    let Some(option) = meant(message) else {
        return Ok(());
    };
    Err(CommandError::usage(format!(
        "{message:?} as a message looks like a mistyped option"
    ))
    .cause(format!(
        "the nearest option is --{option}; if it is the message, put -- before it"
    ))
    .hint(given.with_message(message).line()))
}

/// The option that a word most likely means.
fn meant(message: &str) -> Option<String> {
    let word = message.strip_prefix("--")?;
    if word.is_empty() || word.chars().any(char::is_whitespace) {
        return None;
    }
    let word = word.split('=').next().unwrap_or(word);
    let command = cli::scm_command();
    let named = command.get_arguments().filter_map(clap::Arg::get_long);
    let near = named
        .chain(["help", "version"])
        .map(|option| (distance(word, option), option))
        .filter(|(distance, _)| *distance <= LETTERS);
    near.min().map(|(_, option)| option.to_owned())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    #[test]
    fn near_options_are_found() {
        for (word, option) in [
            ("--wat", "wait"),
            ("--wiat=acked", "wait"),
            ("--tll", "ttl"),
            ("--jsno", "json"),
            ("--hepl", "help"),
        ] {
            assert_eq!(meant(word).as_deref(), Some(option), "{word}");
        }
        for word in [
            "--",
            "---",
            "-wait",
            "wat",
            "--wat is it",
            "--looks-like-one",
        ] {
            assert_eq!(meant(word), None, "{word}");
        }
    }

    #[test]
    fn the_separator_says_that_it_is_meant() {
        let given = |words: &[&str]| Given::from_words(words.iter().map(OsString::from));
        let error = check(Some("--wat"), given(&["scm", "dev", "--wat"])).expect_err("mistyped");
        assert_eq!(error.hints, ["scm dev -- --wat"]);
        assert_eq!(
            check(Some("--wat"), given(&["scm", "dev", "--", "--wat"])),
            Ok(())
        );
        assert_eq!(
            check(Some("hello"), given(&["scm", "dev", "hello"])),
            Ok(())
        );
    }
}
