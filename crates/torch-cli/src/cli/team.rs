//! Hints that name a team where the command did not: a command that only reads, as it was given, with `--team`.

use std::ffi::OsString;

use clap::error::{ContextKind, ErrorKind};

use super::{called, torch_command};
use crate::command::given::Given;
use crate::error::CommandError;

/// What the daemon proposes where it is not clear which team is meant; it knows the request and not the command.
const PROPOSED: &str = "torch status --team ";

/// Commands that change nothing. Any other one is not filled in with a team that nobody named: hints are run as they stand.
const READING: [&str; 15] = [
    "torch brief",
    "torch git health",
    "torch git log",
    "torch git radar",
    "torch git risk",
    "torch logs",
    "torch msg list",
    "torch msg stats",
    "torch pending",
    "torch plan show",
    "torch rollback list",
    "torch rollback plan",
    "torch status",
    "torch violations",
    "torch worktree list",
];

/// Where the daemon proposes a team, and the command that was given only reads, the hint is that command with the team.
pub(super) fn named_in(mut failed: CommandError, args: &[OsString]) -> CommandError {
    for hint in &mut failed.hints {
        let Some(team) = hint.strip_prefix(PROPOSED) else {
            continue;
        };
        let (name, command) = called(&torch_command(), args);
        let given = Given::from_words(args.iter().cloned());
        let reads = READING.contains(&name.as_str());
        if reads && takes_team(&command) && !given.has("--team") {
            *hint = given.with("--team", team).line();
        }
    }
    failed
}

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

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(line: &str, proposed: &str) -> String {
        let args: Vec<_> = line.split(' ').map(OsString::from).collect();
        let failed = CommandError::usage("it is not clear which team is meant").hint(proposed);
        named_in(failed, &args).hints.remove(0)
    }

    #[test]
    fn a_command_that_changes_something_gets_no_team_that_nobody_named() {
        let proposed = "torch status --team app";
        for line in [
            "torch stop --purge --yes",
            "torch worktree remove developer --yes",
            "torch rollback emergency --yes --bad HEAD",
            "torch agent end developer",
        ] {
            assert_eq!(hint(line, proposed), proposed, "{line}");
        }
    }

    #[test]
    fn every_command_that_reads_is_one_and_takes_a_team() {
        for name in READING {
            let args: Vec<_> = name.split(' ').map(OsString::from).collect();
            let (called, command) = called(&torch_command(), &args);
            assert_eq!(called, name);
            assert!(takes_team(&command), "{name}");
        }
    }

    #[test]
    fn a_command_that_reads_gets_the_team() {
        let proposed = "torch status --team app";
        assert_eq!(
            hint("torch worktree list", proposed),
            "torch worktree list --team app"
        );
        assert_eq!(
            hint("torch rollback plan --bad HEAD", proposed),
            "torch rollback plan --bad HEAD --team app"
        );
        // One that takes no team keeps what can be run.
        assert_eq!(hint("torch send dev hi", proposed), proposed);
        assert_eq!(hint("torch stop", "torch status"), "torch status");
    }
}
