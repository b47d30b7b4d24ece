//! `torch attach [ROLE]`.

use std::io::{self, IsTerminal as _};

use clap::Args;
use torch_api::{Request, Response};
use torch_process::quote;

use super::TeamArgs;
use super::given::Given;
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output;
use crate::place::{Place, variable};

/// Attaches this terminal to a team's tmux session; Ctrl-b d leaves it again, and the agents go on.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch attach developer")]
pub struct AttachArgs {
    /// The role whose window to show
    #[arg(value_name = "ROLE")]
    role: Option<String>,
    #[command(flatten)]
    team: TeamArgs,
    /// Prints the tmux command instead of running it
    #[arg(long)]
    print: bool,
}

/// Runs the command.
pub(crate) fn run(args: AttachArgs, place: &Place) -> Outcome {
    if !args.print {
        need_terminal(|command| command.and("--print").line())?;
    }
    let mut client = connect::connect(place)?;
    let request = Request::Attach {
        team: place.team(args.team.team),
        role: args.role,
        tmux: tmux(),
    };
    match connect::ask(&mut client, &request)? {
        Response::Attach { argv, unset } if args.print => {
            output::data(&format!("{}\n", line(&argv, &unset)))?;
            Ok(exit::OK)
        }
        Response::Attach { argv, unset } => exec(&argv, &unset),
        other => Err(CommandError::unexpected(&other)),
    }
}

/// Attaches this terminal to a team's session.
pub(super) fn to_team(place: &Place, team: &str) -> Outcome {
    let request = Request::Attach {
        team: place.team(Some(team.to_owned())),
        role: None,
        tmux: tmux(),
    };
    match connect::ask(&mut connect::connect(place)?, &request)? {
        Response::Attach { argv, unset } => exec(&argv, &unset),
        other => Err(CommandError::unexpected(&other)),
    }
}

/// The caller's `TMUX` variable.
pub(super) fn tmux() -> Option<String> {
    variable("TMUX").and_then(|value| value.into_string().ok())
}

/// Nothing is asked for, nor opened, where there is no terminal to attach.
pub(super) fn need_terminal(hint: impl FnOnce(Given) -> String) -> Result<(), CommandError> {
    let without = match (io::stdin().is_terminal(), io::stdout().is_terminal()) {
        (true, true) => return Ok(()),
        (false, _) => "standard input",
        (true, false) => "standard output",
    };
    Err(
        CommandError::usage("attaching needs a terminal, and this is none")
            .cause(format!("{without} is no terminal"))
            .hint(hint(Given::ours())),
    )
}

/// Replaces this process by the tmux client.
pub(super) fn exec(argv: &[String], unset: &[String]) -> Outcome {
    output::notice(&format!("{}    (leave with Ctrl-b d)", line(argv, unset)));
    let unset: Vec<&str> = unset.iter().map(String::as_str).collect();
    Err(torch_process::exec(argv, &unset).into())
}

/// The command as a shell takes it.
fn line(argv: &[String], unset: &[String]) -> String {
    let mut words: Vec<String> = Vec::new();
    if !unset.is_empty() {
        words.push("env".to_owned());
        for name in unset {
            words.extend(["-u".to_owned(), quote::shell(name)]);
        }
    }
    words.extend(argv.iter().map(quote::shell));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn the_line_can_be_pasted() {
        let argv = ["tmux", "-L", "torch", "attach", "-t", "=my app"].map(str::to_owned);
        assert_eq!(
            line(&argv, &["TMUX".to_owned()]),
            "env -u TMUX tmux -L torch attach -t '=my app'"
        );
        // zsh would look for a command of that name.
        let argv = ["tmux", "attach", "-t", "=app"].map(str::to_owned);
        assert_eq!(line(&argv, &[]), "tmux attach -t '=app'");
    }
}
