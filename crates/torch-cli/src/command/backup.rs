//! `torch backup`.

use clap::Args;
use torch_daemon::care;

use super::{JsonArgs, config};
use crate::error::Outcome;
use crate::exit;
use crate::offline;
use crate::output;
use crate::place::Place;
use crate::render;
use crate::render::time::Clock;

/// Copies the registry's database and verifies the copy.
///
/// It holds all teams, so agents are refused. Works with and without the daemon, which makes backups by itself as well (`torch config`: backup.hours, backup.keep).
/// A database that is damaged makes no backup: the copy is read to its last byte before it counts as one.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch backup\n  torch backup --list")]
pub struct BackupArgs {
    /// Lists the backups instead, newest first
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: &BackupArgs, place: &Place) -> Outcome {
    if args.list {
        return list(args.json, place);
    }
    offline::for_a_person(place, "a backup of the registry")?;
    let config = config::load_own(place, None)?;
    let made = care::back_up(&place.home, &config, torch_process::clock::now())?;
    if args.json.json {
        output::json(&render::keep::json(&made))?;
    } else {
        output::data(&render::keep::made(&made))?;
    }
    Ok(exit::OK)
}

/// The backups of this place.
pub(crate) fn list(json: JsonArgs, place: &Place) -> Outcome {
    let backups = care::backups(&place.home);
    if json.json {
        for backup in &backups {
            output::json(&render::keep::json(backup))?;
        }
    } else {
        output::data(&render::keep::list(&backups, &Clock::system()))?;
    }
    Ok(exit::OK)
}
