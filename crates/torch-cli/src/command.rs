//! One file per command: its arguments, and what it does with them.

pub mod ack;
pub mod agent;
pub mod agent_run;
pub mod agents;
pub mod attach;
pub mod audit;
pub mod auto;
pub mod backup;
pub mod brief;
pub mod command_run;
pub mod commit;
pub mod complete;
pub mod completions;
pub mod compliance;
pub mod config;
pub mod context;
pub mod credit;
pub mod daemon;
pub mod demo_agent;
pub mod deps;
pub mod detect;
pub mod doctor;
pub mod gc;
pub mod git;
pub mod given;
pub mod hook;
pub(crate) mod in_force;
pub mod inbox;
pub mod init;
pub mod integrate;
pub mod logs;
pub mod man;
pub mod mcp;
pub mod message;
pub mod open;
pub mod pause;
pub mod pending;
pub mod plan;
pub mod policy;
pub mod report;
pub mod restore;
pub mod resume;
pub mod roles;
pub mod rollback;
pub mod rules;
pub mod schedule;
pub mod send;
pub mod shell;
pub mod spec;
pub mod standup;
pub mod status;
pub(crate) mod steps;
pub mod stop;
pub mod task;
pub mod team;
pub mod undelete;
pub mod violations;
pub mod why;
pub mod windows;
pub mod wishes;
pub mod worktree;

use clap::Args;

/// The option that names a team.
#[derive(Debug, Clone, Default, Args)]
pub struct TeamArgs {
    /// The team, by name; default: the one whose project or worktree holds the current directory
    #[arg(long, value_name = "NAME")]
    pub team: Option<String>,
}

/// The option for machines.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct JsonArgs {
    /// Prints JSON, one value per line
    #[arg(long)]
    pub json: bool,
}
