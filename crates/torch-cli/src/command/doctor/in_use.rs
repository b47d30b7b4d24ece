//! What was seen of the agent programs in use: of the daemon if it runs, else of the registry. Starts nothing.

use std::collections::BTreeMap;

use torch_api::{Request, Response};
use torch_core::observed::ProgramObserved;

use crate::connect;
use crate::error::CommandError;
use crate::offline;
use crate::place::Place;

/// What was seen, by the programs' names.
pub(crate) type Seen = BTreeMap<String, ProgramObserved>;

/// What was seen of each program.
///
/// # Errors
/// When neither the daemon nor the registry can tell.
pub(crate) fn seen(place: &Place) -> Result<Seen, CommandError> {
    let programs = match connect::running(place)? {
        Some(mut client) => match connect::ask(&mut client, &Request::Observed)? {
            Response::Observed { programs } => programs,
            other => return Err(CommandError::unexpected(&other)),
        },
        None => offline::observed(place)?,
    };
    let named = programs
        .into_iter()
        .map(|program| (program.program.clone(), program));
    Ok(named.collect())
}
