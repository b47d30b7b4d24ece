//! The command lines of `torch` and `scm`, and which function runs which command.

mod team;

use std::ffi::OsString;
use std::io::Write as _;

use clap::{CommandFactory as _, FromArgMatches, Parser, Subcommand};

use crate::command::{
    ack, agent, agent_run, agents, attach, audit, auto, backup, brief, command_run, commit,
    complete, completions, compliance, config, context, credit, daemon, demo_agent, deps, detect,
    doctor, gc, git, inbox, init, integrate, logs, man, mcp, message, open, pause, pending, plan,
    policy, report, restore, resume, roles, rollback, rules, schedule, send, shell, spec, standup,
    status, stop, task, team as team_command, undelete, violations, why, windows, worktree,
};
use crate::connect;
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
    after_help = "Example:\n  torch auto --spec spec.md --agent demo",
    after_long_help = format!("Example:\n  torch auto --spec spec.md --agent demo\n\n{}\n\n{}", exit::HELP, FILES)
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
    after_help = send::SCM_EXAMPLES
)]
pub(crate) struct Scm {
    /// What to send, and to whom.
    #[command(flatten)]
    pub(crate) send: send::SendArgs,
}

/// What surrounds the commands.
const FILES: &str = "\
Environment:
  TORCH_HOME      the registry, an absolute path; default: torch in the XDG state directory
  TORCH_<KEY>     a setting, e.g. TORCH_ROUTER_MODE for router.mode (torch config lists them)
  NO_COLOR        no colours

Files:
  ~/.config/torch/config.toml   your settings (torch init)
  ~/.config/torch/agents/*.toml your own agent programs (torch agents)
  ~/.config/torch/roles/*.toml  your own roles (torch roles)
  ~/.config/torch/teams/*.toml  your own team templates (torch team)
  torch.toml                    a project's settings (torch init --project)";

/// The commands of `torch`.
#[derive(Debug, Subcommand)]
enum Command {
    Auto(auto::AutoArgs),
    Detect(detect::DetectArgs),
    Team(team_command::TeamCommandArgs),
    Status(status::StatusArgs),
    Open(open::OpenArgs),
    Attach(attach::AttachArgs),
    Send(send::SendArgs),
    Msg(message::MessageArgs),
    Schedule(schedule::ScheduleArgs),
    Plan(plan::PlanArgs),
    Spec(spec::SpecArgs),
    Standup(standup::StandupArgs),
    Credit(credit::CreditArgs),
    Inbox(inbox::InboxArgs),
    Logs(logs::LogsArgs),
    Why(why::WhyArgs),
    Shell(shell::ShellArgs),
    Stop(stop::StopArgs),
    Resume(resume::ResumeArgs),
    Agent(agent::AgentArgs),
    Context(context::ContextArgs),
    Pending(pending::PendingArgs),
    Approve(pending::ApproveArgs),
    Deny(pending::DenyArgs),
    Agents(agents::AgentsArgs),
    Roles(roles::RolesArgs),
    Brief(brief::BriefArgs),
    Policy(policy::PolicyArgs),
    Pause(pause::PauseArgs),
    Unpause(pause::UnpauseArgs),
    Windows(windows::WindowsArgs),
    Worktree(worktree::WorktreeArgs),
    Git(git::GitArgs),
    Integrate(integrate::IntegrateArgs),
    Rollback(rollback::RollbackArgs),
    Undelete(undelete::UndeleteArgs),
    Commit(commit::CommitArgs),
    Complete(complete::CompleteArgs),
    Report(report::ReportArgs),
    Task(task::TaskArgs),
    Deps(deps::DepsArgs),
    Violations(violations::ViolationsArgs),
    Rules(rules::RulesArgs),
    Compliance(compliance::ComplianceArgs),
    Ack(ack::AckArgs),
    Daemon(daemon::DaemonArgs),
    Doctor(doctor::DoctorArgs),
    Init(init::InitArgs),
    Config(config::ConfigArgs),
    Audit(audit::AuditArgs),
    Backup(backup::BackupArgs),
    Restore(restore::RestoreArgs),
    Gc(gc::GcArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
    #[command(hide = true)]
    Mcp(mcp::McpArgs),
    #[command(hide = true)]
    AgentRun(agent_run::AgentRunArgs),
    #[command(name = "command-run", hide = true)]
    IntegrationRun(command_run::CommandRunArgs),
    #[command(hide = true)]
    DemoAgent(demo_agent::DemoAgentArgs),
}

/// Runs `torch`.
pub(crate) fn torch(args: &[OsString]) -> Outcome {
    let args = &words(args);
    match parse::<Torch>(torch_command(), args) {
        Ok(parsed) => run(parsed.command).map_err(connect::room::explained),
        Err(error) => {
            let strict = torch_command().mut_subcommand("send", without_dashed_values);
            let error = first(error, strict, args);
            let (name, command) = called(&torch_command(), args);
            refused(&error, &name).map_err(|failed| team::meant_by(failed, &error, &name, &command))
        }
    }
}

/// Runs a command; the registry is looked for only by those that need one, so that the others work anywhere.
fn run(command: Command) -> Outcome {
    let place = Place::find;
    match command {
        Command::Auto(args) => auto::run(args, &place()?),
        Command::Detect(args) => detect::run(&args),
        Command::Team(args) => team_command::run(args),
        Command::Status(args) => status::run(&args, &place()?),
        Command::Open(args) => open::run(args, &place()?),
        Command::Attach(args) => attach::run(args, &place()?),
        Command::Send(args) => send::run(args, &place()?),
        Command::Msg(args) => message::run(args, &place()?),
        Command::Schedule(args) => schedule::run(args, &place()?),
        Command::Plan(args) => plan::run(args, &place()?),
        Command::Spec(args) => spec::run(args, &place()?),
        Command::Standup(args) => standup::run(args, &place()?),
        Command::Credit(args) => credit::run(args, &place()?),
        Command::Inbox(args) => inbox::run(&args, &place()?),
        Command::Logs(args) => logs::run(args, &place()?),
        Command::Why(args) => why::run(args, &place()?),
        Command::Shell(args) => shell::run(args, &place()?),
        Command::Stop(args) => stop::run(args, &place()?),
        Command::Resume(args) => resume::run(args, &place()?),
        Command::Agent(args) => agent::run(args, &place()?),
        Command::Context(args) => context::run(&args, &place()?),
        Command::Pending(args) => pending::run(args, &place()?),
        Command::Approve(args) => pending::approve(args, &place()?),
        Command::Deny(args) => pending::deny(args, &place()?),
        Command::Agents(args) => agents::run(args),
        Command::Roles(args) => roles::run(args, &place()?),
        Command::Brief(args) => brief::run(&args, &place()?),
        Command::Policy(args) => policy::run(args, &place()?),
        Command::Pause(args) => pause::pause(args, &place()?),
        Command::Unpause(args) => pause::unpause(args, &place()?),
        Command::Windows(args) => windows::run(args, &place()?),
        Command::Worktree(args) => worktree::run(args, &place()?),
        Command::Git(args) => git::run(args, &place()?),
        Command::Integrate(args) => integrate::run(args, &place()?),
        Command::Rollback(args) => rollback::run(args, &place()?),
        Command::Undelete(args) => undelete::run(args, &place()?),
        Command::Commit(args) => commit::run(args, &place()?),
        Command::Complete(args) => complete::run(args, &place()?),
        Command::Report(args) => report::run(args, &place()?),
        Command::Task(args) => task::run(args, &place()?),
        Command::Deps(args) => deps::run(args, &place()?),
        Command::Violations(args) => violations::run(args, &place()?),
        Command::Rules(args) => rules::run(args, &place()?),
        Command::Compliance(args) => compliance::run(&args, &place()?),
        Command::Ack(args) => ack::run(args, &place()?),
        Command::Daemon(args) => daemon::run(&args, &place()?),
        Command::Doctor(args) => doctor::run(&args, &place()?),
        Command::Init(args) => init::run(&args, &place()?),
        Command::Config(args) => config::run(&args, &place()?),
        Command::Audit(args) => audit::run(&args, &place()?),
        Command::Backup(args) => backup::run(&args, &place()?),
        Command::Restore(args) => restore::run(&args, &place()?),
        Command::Gc(args) => gc::run(&args, &place()?),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
        Command::Mcp(args) => mcp::run(&args, place()?),
        Command::AgentRun(args) => agent_run::run(&args),
        Command::IntegrationRun(args) => command_run::run(args),
        Command::DemoAgent(args) => demo_agent::run(args),
    }
}

/// Runs `scm`.
pub(crate) fn scm(args: &[OsString]) -> Outcome {
    match parse::<Scm>(scm_command(), args) {
        Ok(parsed) => send::run(parsed.send, &Place::find()?).map_err(connect::room::explained),
        Err(error) => {
            let strict = without_dashed_values(scm_command());
            refused(&first(error, strict, args), "scm")
        }
    }
}

fn parse<T: FromArgMatches>(
    mut command: clap::Command,
    args: &[OsString],
) -> Result<T, clap::Error> {
    let matches = command.try_get_matches_from_mut(args)?;
    T::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// The same command, but that no value may begin with a dash.
fn without_dashed_values(command: clap::Command) -> clap::Command {
    command.mut_args(|arg| arg.allow_hyphen_values(false))
}

/// The first of the unknown arguments. A mistyped option is taken for the message, and then it is the message that
/// clap does not expect; `strict` is the command that takes no such message.
fn first(error: clap::Error, mut strict: clap::Command, args: &[OsString]) -> clap::Error {
    let unknown = clap::error::ErrorKind::UnknownArgument;
    if error.kind() != unknown {
        return error;
    }
    match strict.try_get_matches_from_mut(args) {
        Err(other) if other.kind() == unknown && is_one_word(&other) => other,
        _ => error,
    }
}

/// Whether the argument that is complained of can be an option and is no text.
fn is_one_word(error: &clap::Error) -> bool {
    let named = error.get(clap::error::ContextKind::InvalidArg);
    named.is_some_and(|name| !name.to_string().contains(char::is_whitespace))
}

/// Help and version go to standard output with 0; a mistake is said in torch's own form, with 2.
fn refused(error: &clap::Error, command: &str) -> Outcome {
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
    Err(failed.hint(format!("{command} --help")))
}

/// The command that these arguments call, as far as there is one, with its whole name: `torch msg list`.
fn called(command: &clap::Command, args: &[OsString]) -> (String, clap::Command) {
    let mut name = command.get_name().to_owned();
    let mut command = command;
    for word in args.iter().skip(1) {
        let Some(found) = command.find_subcommand(word) else {
            break;
        };
        name = format!("{name} {}", found.get_name());
        command = found;
    }
    (name, command.clone())
}

/// `torch help COMMAND` is `torch COMMAND --help`, and `torch version` is `torch --version`, as people write them.
fn words(args: &[OsString]) -> Vec<OsString> {
    let mut words = args.to_vec();
    match args.get(1).and_then(|word| word.to_str()) {
        Some("help") => {
            words.remove(1);
            words.push("--help".into());
        }
        Some("version") if args.len() == 2 => words[1] = "--version".into(),
        _ => {}
    }
    words
}

/// The parser of `torch`; each command's long help ends with its exit codes.
pub fn torch_command() -> clap::Command {
    Torch::command().mut_subcommands(|command| {
        let name = command.get_name().to_owned();
        with_exit_codes(command, &name)
    })
}

/// The parser of `scm`.
pub fn scm_command() -> clap::Command {
    with_exit_codes(Scm::command(), "send")
}

/// `path` is the command's name without `torch`: `msg list`.
fn with_exit_codes(command: clap::Command, path: &str) -> clap::Command {
    let mut text = command
        .get_after_long_help()
        .or(command.get_after_help())
        .map(|text| format!("{text}\n\n"))
        .unwrap_or_default();
    text.push_str(&exit::section(path));
    command.after_long_help(text).mut_subcommands(|command| {
        let path = format!("{path} {}", command.get_name());
        with_exit_codes(command, &path)
    })
}

#[cfg(test)]
mod tests;
