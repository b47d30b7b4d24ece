//! `torch audit verify`.

use clap::{Args, Subcommand};
use torch_api::{Request, Response};

use super::JsonArgs;
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::offline;
use crate::output;
use crate::place::Place;
use crate::render;

/// Checks the journal of everything that happened.
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "Example:\n  torch audit verify"
)]
pub struct AuditArgs {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Checks that no entry of the journal was changed, removed or added in between, archived ones included
    #[command(after_help = "Example:\n  torch audit verify")]
    Verify(JsonArgs),
}

/// Runs the command.
pub(crate) fn run(args: &AuditArgs, place: &Place) -> Outcome {
    let AuditCommand::Verify(json) = &args.command;
    let response = match connect::running(place)? {
        Some(mut client) => connect::ask(&mut client, &Request::AuditVerify)?,
        None => {
            let response = offline::audit(place)?;
            output::notice(offline::NOTICE);
            response
        }
    };
    let Response::Audit {
        entries,
        archived,
        archive,
        head,
        broken,
    } = &response
    else {
        return Err(CommandError::unexpected(&response));
    };
    if json.json {
        output::json(&response)?;
    } else {
        output::data(&render::audit::audit(*entries, head, broken.as_deref()))?;
        output::data(&render::audit::archived(*archived, archive.as_deref()))?;
    }
    Ok(if broken.is_none() && archive.is_none() {
        exit::OK
    } else {
        exit::FAILURE
    })
}
