//! `torch git broker`, and what the hooks of a broker run.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use torch_api::broker::{BrokerRequest, BrokerResponse, PushLine};
use torch_api::git::{GitRequest, GitResponse};
use torch_api::{Request, Response};

use super::super::{JsonArgs, TeamArgs};
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::place::Place;
use crate::render::time::Clock;
use crate::{exit, output, render, screen};

/// The variables by which git finds a person's keys, and the way to a remote. None of them is a key itself.
const WAYS: [&str; 18] = [
    "ALL_PROXY",
    "DBUS_SESSION_BUS_ADDRESS",
    "GIT_ASKPASS",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSH_VARIANT",
    "GIT_SSL_CAINFO",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "SSH_AGENT_PID",
    "SSH_ASKPASS",
    "SSH_ASKPASS_REQUIRE",
    "SSH_AUTH_SOCK",
    "XDG_RUNTIME_DIR",
    "all_proxy",
    "https_proxy",
    "no_proxy",
];

/// How long one push may have lines for its hook.
const LINES_MAX: u64 = 1 << 20;

#[derive(Debug, Args)]
pub(super) struct BrokerArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Switches it on, or takes your keys' variables anew; run it in a terminal in which your own git push works
    ///
    /// Agents that run already go on as they were: torch agent restart ROLE.
    #[command(
        after_help = "Examples:\n  torch git broker on\n  torch git broker on --remote upstream"
    )]
    On(OnArgs),
    /// Switches it off: agents that are started from then on push to the remote themselves, with your keys
    #[command(after_help = "Example:\n  torch git broker off")]
    Off(ViewArgs),
    /// Shows where pushes go, what waits, and what keeps agents from pushing past it
    #[command(after_help = "Example:\n  torch git broker status --json")]
    Status(ViewArgs),
    /// Fetches the remote's branches with your keys: what git fetch does for who has some; agents may ask for it
    ///
    /// origin/BRANCH in the project and all its worktrees is then what the remote has. Tags stay as they are.
    #[command(
        after_help = "Examples:\n  torch git broker fetch\n  torch git broker fetch && git merge origin/main"
    )]
    Fetch(ViewArgs),
    /// Lists what was pushed through it, and what became of that
    #[command(
        after_help = "Examples:\n  torch git broker log\n  torch git broker log --last 5 --json"
    )]
    Log(LogArgs),
}

#[derive(Debug, Args)]
struct OnArgs {
    /// The remote that is forwarded to; default: origin, or the only one there is
    #[arg(long, value_name = "NAME")]
    remote: Option<String>,
    #[command(flatten)]
    view: ViewArgs,
}

#[derive(Debug, Args)]
struct ViewArgs {
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
struct LogArgs {
    /// How many, the newest ones
    #[arg(long, value_name = "N", default_value_t = 30)]
    last: usize,
    #[command(flatten)]
    view: ViewArgs,
}

#[derive(Debug, Args)]
pub(super) struct ReceiveArgs {
    /// The broker
    path: PathBuf,
    /// The hook
    #[arg(value_enum)]
    hook: Hook,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Hook {
    PreReceive,
    PostReceive,
}

/// Runs the command.
pub(super) fn run(args: BrokerArgs, place: &Place) -> Outcome {
    let (request, json) = match args.command {
        Command::On(args) => {
            let ways = WAYS.iter().filter_map(|name| {
                let value = std::env::var(name).ok()?;
                Some(((*name).to_owned(), value))
            });
            let env: BTreeMap<String, String> = ways.collect();
            let team = place.team(args.view.team.team);
            let remote = args.remote;
            (BrokerRequest::On { team, remote, env }, args.view.json)
        }
        Command::Off(args) => {
            let team = place.team(args.team.team);
            (BrokerRequest::Off { team }, args.json)
        }
        Command::Status(args) => {
            let team = place.team(args.team.team);
            (BrokerRequest::Status { team }, args.json)
        }
        Command::Fetch(args) => {
            let team = place.team(args.team.team);
            (BrokerRequest::Fetch { team }, args.json)
        }
        Command::Log(args) => {
            let team = place.team(args.view.team.team);
            let limit = args.last;
            (BrokerRequest::Log { team, limit }, args.view.json)
        }
    };
    let clock = Clock::system();
    match ask(place, request)? {
        BrokerResponse::Status(view) if json.json => output::json(&view)?,
        BrokerResponse::Status(view) => {
            output::data(&render::broker::status(&view, &clock, screen::width()))?;
        }
        BrokerResponse::Pushes { pushes } if json.json => {
            for push in &pushes {
                output::json(push)?;
            }
        }
        BrokerResponse::Pushes { pushes } => {
            output::data(&render::broker::log(&pushes, &clock, screen::width()))?;
        }
        BrokerResponse::Fetched { branches, .. } if json.json => {
            for branch in &branches {
                output::json(branch)?;
            }
        }
        BrokerResponse::Fetched { remote, branches } => {
            output::data(&render::broker::fetched(&remote, &branches))?;
        }
        other => return Err(unexpected(other)),
    }
    Ok(exit::OK)
}

/// Runs a hook: the daemon judges what git is about to do, or is told what it has done.
pub(super) fn receive(args: &ReceiveArgs, place: &Place) -> Outcome {
    let mut text = String::new();
    let input = std::io::stdin().lock().take(LINES_MAX);
    let mut input = std::io::BufReader::new(input);
    input.read_to_string(&mut text).map_err(|error| {
        CommandError::other("failed to read what git tells its hook").because(&error)
    })?;
    let refs = lines(&text)?;
    let path = args.path.clone();
    let request = match args.hook {
        Hook::PreReceive => BrokerRequest::Received {
            path,
            quarantine: std::env::var_os("GIT_QUARANTINE_PATH").map(PathBuf::from),
            refs,
        },
        Hook::PostReceive => BrokerRequest::Landed { path, refs },
    };
    match ask(place, request)? {
        BrokerResponse::Taken { lines } => {
            lines.iter().for_each(|line| output::notice(line));
            Ok(exit::OK)
        }
        other => Err(unexpected(other)),
    }
}

/// What git tells its hooks: `OLD NEW REF`, an id of zeros for none (githooks(5)).
fn lines(text: &str) -> Result<Vec<PushLine>, CommandError> {
    let id = |word: &str| (!word.bytes().all(|byte| byte == b'0')).then(|| word.to_owned());
    let lines = text.lines().map(|line| {
        let mut words = line.splitn(3, ' ');
        let (old, new, reference) = (words.next()?, words.next()?, words.next()?);
        Some(PushLine {
            reference: reference.to_owned(),
            old: id(old),
            new: id(new),
        })
    });
    let lines: Option<Vec<PushLine>> = lines.collect();
    lines.ok_or_else(|| CommandError::usage(format!("git's hook was told {text:?}")))
}

fn ask(place: &Place, request: BrokerRequest) -> Result<BrokerResponse, CommandError> {
    let request = Request::Git(GitRequest::Broker(request));
    match connect::ask(&mut connect::connect(place)?, &request)? {
        Response::Git(answer) => match *answer {
            GitResponse::Broker(response) => Ok(response),
            other => Err(CommandError::unexpected(&Response::Git(Box::new(other)))),
        },
        other => Err(CommandError::unexpected(&other)),
    }
}

fn unexpected(response: BrokerResponse) -> CommandError {
    CommandError::unexpected(&Response::Git(Box::new(GitResponse::Broker(response))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_no_commit() {
        let text = format!("{} {} refs/heads/a b\n", "0".repeat(40), "1".repeat(40));
        let found = lines(&text).expect("lines");
        assert_eq!(found[0].old, None);
        assert_eq!(found[0].new, Some("1".repeat(40)));
        assert_eq!(found[0].reference, "refs/heads/a b");
        assert!(lines("one two").is_err());
    }
}
