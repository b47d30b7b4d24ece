//! Hints that name a team where a word that a command does not expect may be one.

use clap::error::{ContextKind, ErrorKind};

use crate::error::CommandError;

/// A word that a command does not expect may be the name of a team.
pub(super) fn meant_by(
    mut failed: CommandError,
    error: &clap::Error,
    name: &str,
    command: &clap::Command,
) -> CommandError {
    let word = error.get(ContextKind::InvalidArg).map(ToString::to_string);
    let team = word.filter(|word| is_a_name(word));
    let Some(team) = team.filter(|_| error.kind() == ErrorKind::UnknownArgument) else {
        return failed;
    };
    if takes_team(command) {
        failed.hints.insert(0, format!("{name} --team {team}"));
    }
    failed
}

/// Whether a team can be called so.
fn is_a_name(word: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
    !word.starts_with('-') && word.chars().all(fits)
}

fn takes_team(command: &clap::Command) -> bool {
    command.get_arguments().any(|arg| arg.get_id() == "team")
}
