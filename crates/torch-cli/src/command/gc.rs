//! `torch gc`.

use clap::Args;
use torch_api::{Request, Response};
use torch_daemon::care::{self, Locked};

use super::{JsonArgs, config};
use crate::connect::{self, autostart};
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::offline;
use crate::output;
use crate::place::Place;
use crate::render;

/// Archives and removes what the registry need not keep any longer.
///
/// Journal entries and settled messages older than `retention.days` go to the registry's archive, where the journal's
/// chain goes on; day files and screen logs of that age, what is kept of worktrees that were removed before, what
/// branches have left in a rollback that ended before, and backups beyond `backup.keep` are let go. Messages under way,
/// unread ones and the briefings of agents stay.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch gc --dry-run")]
pub struct GcArgs {
    /// Only says what would go
    #[arg(short = 'n', long)]
    dry_run: bool,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: &GcArgs, place: &Place) -> Outcome {
    let dry_run = args.dry_run;
    let config = config::load_own(place, None)?;
    let now = torch_process::clock::now();
    let env = autostart::environment(place);
    // By records that the sweep takes.
    let over = care::rollbacks_over(&place.home, &config, now)?;
    let mut response = match connect::running(place)? {
        Some(mut client) => connect::ask(&mut client, &Request::Gc { dry_run })?,
        None => {
            offline::for_a_person(place, "the registry's sweep")?;
            if dry_run {
                care::look(&place.home, &config, now)?
            } else {
                Locked::take(&place.home)?.collect(&config, now)?
            }
        }
    };
    if let Response::Gc { kinds, .. } = &mut response {
        kinds.extend(care::expire_kept(&place.home, &env, &config, now, dry_run)?);
        kinds.extend(over.map(|over| care::expire_rollbacks(&over, &env, dry_run)));
    }
    let Response::Gc {
        dry_run,
        kinds,
        archive,
    } = &response
    else {
        return Err(CommandError::unexpected(&response));
    };
    if args.json.json {
        output::json(&response)?;
    } else {
        output::data(&render::keep::gc(*dry_run, kinds, archive.as_deref()))?;
    }
    Ok(exit::OK)
}
