//! `torch detect`: what kind of project this is, and why. Works without the daemon.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use torch_core::config::TeamConfig;

use super::JsonArgs;
use super::auto::read_spec;
use super::wishes::{self, Chosen, WishArgs};
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output;
use crate::place::{Place, shown};
use crate::render;

/// Shows what kind of project this is, by which signs, and the team that torch auto would raise.
///
/// Files and spec feed one score. A TYPE that the spec names counts before the score, and --team-type before both. Nothing
/// is changed, and nothing of the project is run.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  torch detect
  torch detect ~/work/shop --spec spec.md
  torch detect --plan max20 --json")]
pub struct DetectArgs {
    /// The project [default: the current directory]
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The spec, whose words and TYPE count as well
    #[arg(long, value_name = "FILE")]
    spec: Option<PathBuf>,
    #[command(flatten)]
    wishes: WishArgs,
    #[command(flatten)]
    json: JsonArgs,
}

/// The settings of teams; without a registry, the defaults.
fn team_config(root: &Path) -> Result<TeamConfig, CommandError> {
    let Ok(place) = Place::find() else {
        return Ok(TeamConfig::default());
    };
    let there = Place {
        cwd: root.to_owned(),
        ..place
    };
    Ok(super::config::load(&there)?.0.team)
}

/// Runs the command.
pub(crate) fn run(args: &DetectArgs) -> Outcome {
    let cwd = std::env::current_dir().map_err(|error| {
        CommandError::other("failed to find the current directory")
            .because(&error)
            .hint("cd ~")
    })?;
    let root = wishes::directory(cwd.join(args.dir.clone().unwrap_or_default()))?;
    let spec = args.spec.as_ref().map(|spec| read_spec(&cwd.join(spec)));
    let spec = spec.transpose()?;
    let wanted = args.wishes.wishes(&team_config(&root)?)?;
    let chosen = wishes::chosen(&root, spec.as_ref().map(|(_, text)| text.as_str()), &wanted)?;
    if args.json.json {
        output::json(&json!({
            "project": root,
            "spec": spec.as_ref().map(|(path, _)| path),
            "detection": chosen.detection,
            "team": chosen.choice,
        }))?;
    } else {
        let width = crate::screen::width();
        let Chosen { detection, choice } = &chosen;
        let text = render::detect::detection(&shown(&root), detection, choice, width);
        output::data(&text)?;
    }
    Ok(exit::OK)
}
