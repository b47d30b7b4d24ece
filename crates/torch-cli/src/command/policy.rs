//! `torch policy`: what agents may do with git and who lets work in, where each value comes from, and what follows from it.

use clap::{Args, Subcommand};
use serde_json::json;
use torch_core::config::Origin;

use super::JsonArgs;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::offline;
use crate::output;
use crate::place::Place;
use crate::render;

/// Shows the policy of this place: what agents do with git, who lets work in, who may write to whom.
///
/// A profile (team, review-only, supervised) sets all of it: policy = "review-only" in your settings or a project's torch.toml,
/// or torch auto --policy review-only. Each switch may be set by itself as well.
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "Example:\n  torch policy show"
)]
pub struct PolicyArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows each switch, its value, and where that comes from
    #[command(after_help = "Example:\n  torch policy show")]
    Show(ShowArgs),
    /// Says what follows from each switch, or from one, and what the profiles say of it
    #[command(
        after_help = "Examples:\n  torch policy explain\n  torch policy explain git.agent_commits"
    )]
    Explain(ExplainArgs),
}

#[derive(Debug, Args)]
struct ShowArgs {
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
struct ExplainArgs {
    /// The switch
    #[arg(value_name = "SWITCH")]
    switch: Option<String>,
    #[command(flatten)]
    json: JsonArgs,
}

/// The settings that make up a policy.
pub(crate) const SWITCHES: [&str; 9] = [
    "policy",
    "git.agent_commits",
    "git.commit_minutes",
    "git.push_minutes",
    "git.forbid",
    "git.secret_check",
    "integration.approval",
    "integration.admin_merge",
    "router.mode",
];

/// Runs the command.
pub(crate) fn run(args: PolicyArgs, place: &Place) -> Outcome {
    let (config, origins) = super::config::load(place)?;
    let switches: Vec<Origin> = origins
        .into_iter()
        .filter(|origin| SWITCHES.contains(&origin.key))
        .collect();
    match args.command {
        Command::Show(args) => {
            let running = offline::policy(place, &place.team(None)).unwrap_or_default();
            if args.json.json {
                for origin in &switches {
                    output::json(&value(origin))?;
                }
            } else {
                output::data(&render::policy::show(&switches, crate::screen::width()))?;
                if let Some((team, _)) = running.filter(|it| it.1 != config.team_policy()) {
                    output::notice(&format!(
                        "note: team {team} was started with another policy and keeps it; torch stop and torch auto give it this one"
                    ));
                }
            }
            Ok(exit::OK)
        }
        Command::Explain(args) => explain(&args, &switches, place),
    }
}

fn explain(args: &ExplainArgs, switches: &[Origin], place: &Place) -> Outcome {
    // Where no team is meant there is nothing to tell of one.
    let matrix = offline::matrix(place, &place.team(None)).unwrap_or_default();
    let wanted = match &args.switch {
        None => switches.iter().collect(),
        Some(name) => vec![find(switches, name)?],
    };
    for (n, origin) in wanted.into_iter().enumerate() {
        let matrix = matrix.as_ref().filter(|_| origin.key == "router.mode");
        if args.json.json {
            let mut row = value(origin);
            if let Some(matrix) = matrix {
                row["team"] = json!(matrix);
            }
            output::json(&row)?;
        } else {
            let gap = if n == 0 { "" } else { "\n" };
            let here = matrix.map(render::policy::edges).unwrap_or_default();
            output::prose(&format!("{gap}{}{here}", render::policy::explain(origin)))?;
        }
    }
    Ok(exit::OK)
}

fn value(origin: &Origin) -> serde_json::Value {
    json!({
        "switch": origin.key,
        "value": origin.value.trim_matches('"'),
        "from": super::config::from(&origin.source),
        "follows": render::policy::follows(origin.key, &origin.value),
    })
}

/// The switch of this name; the last part of it is enough.
fn find<'o>(switches: &'o [Origin], name: &str) -> Result<&'o Origin, CommandError> {
    let last = |key: &str| key.rsplit('.').next().unwrap_or(key).to_owned();
    let found = switches
        .iter()
        .find(|origin| origin.key == name || last(origin.key) == name);
    found.ok_or_else(|| {
        let near = torch_core::spelling::near(name, SWITCHES);
        let near = near.first().copied().unwrap_or("git.agent_commits");
        CommandError::usage(format!("the policy has no switch {name:?}"))
            .cause(format!("switches: {}", SWITCHES.join(", ")))
            .hint(format!("torch policy explain {near}"))
    })
}
