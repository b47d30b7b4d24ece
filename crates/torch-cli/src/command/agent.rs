//! `torch agent add|temp|end|restart`.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use torch_api::Request;
use torch_api::roster::{AgentAct, AgentRequest};
use torch_core::config::AgentsConfig;
use torch_core::program::Variable;
use torch_daemon::catalog::Catalog;

use super::{JsonArgs, TeamArgs, steps};
use crate::connect;
use crate::error::Outcome;
use crate::own_roles::{say_from_the_project, told};
use crate::place::{Place, user_agents};

/// Adds an agent to a team, ends one, or starts one anew.
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "Example:\n  torch agent restart developer"
)]
pub struct AgentArgs {
    #[command(subcommand)]
    command: AgentCommand,
}

#[derive(Debug, Subcommand)]
enum AgentCommand {
    /// Adds a role to a running team, or brings back one that was ended
    #[command(
        after_help = "Examples:\n  torch agent add devops\n  torch agent add project_manager --session work --agent demo"
    )]
    Add(AddArgs),
    /// Adds a temporary agent for one task, in a window and worktree of its own
    #[command(
        after_help = "Example:\n  torch agent temp fix-login \"find out why the login fails on Safari and fix it\""
    )]
    Temp(TempArgs),
    /// Ends an agent: saves its whole screen and a summary, then closes its window; worktree, branch and messages stay
    #[command(after_help = "Example:\n  torch agent end devops")]
    End(RoleArgs),
    /// Ends an agent's program and starts it again in its window; it is told where it was
    #[command(after_help = "Example:\n  torch agent restart developer")]
    Restart(RoleArgs),
}

#[derive(Debug, Args)]
struct AddArgs {
    /// The role
    #[arg(value_name = "ROLE")]
    role: String,
    /// The agent program [default: the team's]
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// A tmux session that torch did not make, on its tmux server: the agent looks at it first and gets one window there
    #[arg(long, value_name = "NAME")]
    session: Option<String>,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
struct TempArgs {
    /// What it is for; its role is called temp-PURPOSE
    #[arg(value_name = "PURPOSE")]
    purpose: String,
    /// Its task
    #[arg(value_name = "TASK")]
    task: String,
    /// The agent program [default: the team's]
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
struct RoleArgs {
    /// The role
    #[arg(value_name = "ROLE")]
    role: String,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: AgentArgs, place: &Place) -> Outcome {
    let (team, json, act) = match args.command {
        AgentCommand::Add(args) => (
            args.team,
            args.json,
            AgentAct::Add {
                role: args.role,
                program: args.agent,
                session: args.session,
            },
        ),
        AgentCommand::Temp(args) => (
            args.team,
            args.json,
            AgentAct::Temp {
                purpose: args.purpose,
                task: args.task,
                program: args.agent,
            },
        ),
        AgentCommand::End(args) => (args.team, args.json, AgentAct::End { role: args.role }),
        AgentCommand::Restart(args) => {
            (args.team, args.json, AgentAct::Restart { role: args.role })
        }
    };
    let role_files = match &act {
        AgentAct::Add { role, .. } => {
            let catalog = told(&place.cwd);
            say_from_the_project(&catalog, std::iter::once(role.as_str()));
            catalog.own_files()
        }
        _ => BTreeMap::new(),
    };
    let (config, _) = super::config::load(place)?;
    let passed_on = passed_on(&config.agents);
    let request = AgentRequest {
        team: place.team(team.team),
        act,
        env: passed_on.plain,
        secrets: passed_on.secret,
        role_files,
    };
    let mut client = connect::connect(place)?;
    steps::done(&mut client, &Request::Agent(Box::new(request)), json)
}

/// What whoever starts a team passes on to its agents.
pub(crate) struct PassedOn {
    /// What is kept with the team.
    pub(crate) plain: BTreeMap<String, String>,
    /// What is kept in memory only.
    pub(crate) secret: BTreeMap<String, String>,
}

/// The environment's harmless part, what the agent programs ask for by name, and what the user's settings name.
pub(crate) fn passed_on(settings: &AgentsConfig) -> PassedOn {
    let named: Vec<&str> = settings.variable_names().collect();
    let catalog = Catalog::load(user_agents().as_deref(), None);
    let programs: Vec<_> = catalog.entries.into_values().collect();
    let mut passed = PassedOn {
        plain: environment(),
        secret: BTreeMap::new(),
    };
    for (name, value) in std::env::vars_os() {
        let (Ok(name), Ok(value)) = (name.into_string(), value.into_string()) else {
            continue;
        };
        let takes: Vec<_> = programs
            .iter()
            .filter_map(|entry| entry.program.takes(&name))
            .collect();
        if takes.contains(&Variable::Secret) || named.contains(&name.as_str()) {
            passed.secret.insert(name, value);
        } else if takes.contains(&Variable::Plain) {
            passed.plain.insert(name, value);
        }
    }
    passed
}

/// What the agents may have of the caller's environment; what is no text stays behind.
pub(crate) fn environment() -> BTreeMap<String, String> {
    let inherited = torch_process::env::inherited(std::env::vars_os());
    let text = inherited
        .into_iter()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    text.collect()
}
