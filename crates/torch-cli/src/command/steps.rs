//! Requests that take a while: their steps are shown until the last answer comes, and Ctrl-C stops the waiting only.

use torch_api::{Client, Request, Response};

use super::JsonArgs;
use crate::connect::{self, Act};
use crate::error::CommandError;
use crate::exit;
use crate::interrupt::on_interrupt;
use crate::output;
use crate::place::Place;
use crate::render;

/// Asks, shows each step, and gives back the last answer; a failure becomes the error. Ctrl-C ends this process, and
/// what was asked for goes on.
pub(crate) fn ask(
    client: &mut Client,
    request: &Request,
    json: JsonArgs,
) -> Result<Response, CommandError> {
    on_interrupt(|| {
        output::notice("\nno longer waiting; torch goes on with it (torch status)");
        std::process::exit(i32::from(exit::INTERRUPTED));
    })?;
    client.send(request)?;
    loop {
        let response = client.receive()?;
        if json.json && !matches!(response, Response::Failed(_)) {
            output::json(&response)?;
        }
        match response {
            Response::Progress {
                role,
                stage,
                detail,
            } => {
                if !json.json {
                    output::notice(&render::progress::line(&role, stage, &detail));
                }
            }
            Response::Failed(failure) => return Err(failure.into()),
            last => return Ok(last),
        }
    }
}

/// As [`ask`], for a request whose last answer is one line.
pub(crate) fn done(
    client: &mut Client,
    request: &Request,
    json: JsonArgs,
) -> Result<u8, CommandError> {
    said(ask(client, request, json)?, json)
}

/// As [`done`], for what comes to the same done twice: asked again where the daemon went away.
pub(crate) fn done_surely(
    place: &Place,
    request: &Request,
    (act, json): (Act<'_>, JsonArgs),
) -> Result<u8, CommandError> {
    let answered = connect::surely(act, || ask(&mut connect::connect(place)?, request, json))?;
    said(answered, json)
}

/// As [`done_surely`], but its last line is the caller's to say.
pub(crate) fn done_quietly(
    place: &Place,
    request: &Request,
    (act, json): (Act<'_>, JsonArgs),
) -> Result<(), CommandError> {
    match connect::surely(act, || ask(&mut connect::connect(place)?, request, json))? {
        Response::Done { .. } => Ok(()),
        other => Err(CommandError::unexpected(&other)),
    }
}

fn said(answered: Response, json: JsonArgs) -> Result<u8, CommandError> {
    match answered {
        Response::Done { text } => {
            if !json.json {
                output::prose(&format!("{text}\n"))?;
            }
            Ok(exit::OK)
        }
        other => Err(CommandError::unexpected(&other)),
    }
}
