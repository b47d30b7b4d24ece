//! The command lines of `torch` and `scm`, and which function runs which command.

use std::ffi::OsString;
use std::io::Write as _;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::command::{
    ack, agent_run, attach, audit, auto, complete, completions, config, daemon, demo_agent, doctor,
    inbox, init, logs, man, message, send, shell, status, stop, why,
};
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::place::Place;

/// Runs a team of AI coding agents in tmux, one window and one git worktree per role.
#[derive(Debug, Parser)]
#[command(
    name = "torch",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "Example:\n  torch auto --spec spec.md",
    after_long_help = format!("Example:\n  torch auto --spec spec.md\n\n{}\n\n{}", exit::HELP, FILES)
)]
pub(crate) struct Torch {
    /// What to do.
    #[command(subcommand)]
    command: Command,
}

/// Sends a message to an agent, and proves that it arrived. The same as `torch send`.
#[derive(Debug, Parser)]
#[command(
    name = "scm",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    after_help = send::EXAMPLES,
    after_long_help = format!("{}\n\n{}", send::EXAMPLES, exit::HELP)
)]
pub(crate) struct Scm {
    /// What to send, and to whom.
    #[command(flatten)]
    pub(crate) send: send::SendArgs,
}

/// What surrounds the commands.
const FILES: &str = "\
Environment:
  TORCH_HOME      the registry; default: torch in the XDG state directory
  TORCH_<KEY>     a setting, e.g. TORCH_ROUTER_MODE for router.mode (torch config lists them)
  NO_COLOR        no colours

Files:
  ~/.config/torch/config.toml   your settings (torch init)
  torch.toml                    a project's settings (torch init --project)";

/// The commands of `torch`.
#[derive(Debug, Subcommand)]
enum Command {
    Auto(auto::AutoArgs),
    Status(status::StatusArgs),
    Attach(attach::AttachArgs),
    Send(send::SendArgs),
    Msg(message::MessageArgs),
    Inbox(inbox::InboxArgs),
    Logs(logs::LogsArgs),
    Why(why::WhyArgs),
    Shell(shell::ShellArgs),
    Stop(stop::StopArgs),
    Complete(complete::CompleteArgs),
    Ack(ack::AckArgs),
    Daemon(daemon::DaemonArgs),
    Doctor(doctor::DoctorArgs),
    Init(init::InitArgs),
    Config(config::ConfigArgs),
    Audit(audit::AuditArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
    #[command(hide = true)]
    AgentRun(agent_run::AgentRunArgs),
    #[command(hide = true)]
    DemoAgent(demo_agent::DemoAgentArgs),
}

/// Runs `torch`.
pub(crate) fn torch(args: &[OsString]) -> Outcome {
    let parsed = match Torch::try_parse_from(args) {
        Ok(parsed) => parsed,
        Err(error) => return refused(&error),
    };
    run(parsed.command)
}

/// Runs a command; the registry is looked for only by those that need one, so that the others work anywhere.
fn run(command: Command) -> Outcome {
    let place = Place::find;
    match command {
        Command::Auto(args) => auto::run(args, &place()?),
        Command::Status(args) => status::run(&args, &place()?),
        Command::Attach(args) => attach::run(args, &place()?),
        Command::Send(args) => send::run(args, &place()?),
        Command::Msg(args) => message::run(args, &place()?),
        Command::Inbox(args) => inbox::run(&args, &place()?),
        Command::Logs(args) => logs::run(args, &place()?),
        Command::Why(args) => why::run(args, &place()?),
        Command::Shell(args) => shell::run(args, &place()?),
        Command::Stop(args) => stop::run(args, &place()?),
        Command::Complete(args) => complete::run(args, &place()?),
        Command::Ack(args) => ack::run(args, &place()?),
        Command::Daemon(args) => daemon::run(&args, &place()?),
        Command::Doctor(args) => doctor::run(&args, &place()?),
        Command::Init(args) => init::run(&args, &place()?),
        Command::Config(args) => config::run(&args, &place()?),
        Command::Audit(args) => audit::run(&args, &place()?),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
        Command::AgentRun(args) => agent_run::run(&args),
        Command::DemoAgent(args) => demo_agent::run(args),
    }
}

/// Runs `scm`.
pub(crate) fn scm(args: &[OsString]) -> Outcome {
    match Scm::try_parse_from(args) {
        Ok(parsed) => send::run(parsed.send, &Place::find()?),
        Err(error) => refused(&error),
    }
}

/// Help and version go to standard output with 0; a mistake is said in torch's own form, with 2.
fn refused(error: &clap::Error) -> Outcome {
    if !error.use_stderr() {
        let mut out = anstream::stdout().lock();
        let written = write!(out, "{}", error.render().ansi()).and_then(|()| out.flush());
        return written
            .map(|()| exit::OK)
            .map_err(|error| CommandError::output(&error));
    }
    let text = error.render().to_string();
    if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        crate::output::notice(text.trim_end());
        return Ok(exit::USAGE);
    }
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    // clap ends with how to get help; the hint says that here.
    let (text, _) = text
        .split_once("\nFor more information")
        .unwrap_or((text, ""));
    let mut paragraphs = text.trim_end().split("\n\n");
    let mut failed = CommandError::usage(paragraphs.next().unwrap_or_default().trim());
    for paragraph in paragraphs {
        failed = failed.cause(paragraph.trim());
    }
    Err(failed.hint(format!("{} --help", command_named(text))))
}

/// The command that a usage line in clap's text names: `torch msg list`.
fn command_named(text: &str) -> String {
    let usage = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("Usage: "));
    let word = |word: &&str| word.starts_with(|c: char| c.is_ascii_lowercase());
    let words: Vec<_> = usage
        .unwrap_or("torch")
        .split(' ')
        .take_while(word)
        .collect();
    words.join(" ")
}

/// The parser of `torch`, for completions and manual pages.
pub fn torch_command() -> clap::Command {
    Torch::command()
}

/// The parser of `scm`.
pub fn scm_command() -> clap::Command {
    Scm::command()
}

#[cfg(test)]
mod tests;
