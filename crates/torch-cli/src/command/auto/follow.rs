//! Raising a team and following it, with Ctrl-C at any time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use torch_api::choice::ChoiceView;
use torch_api::client::Canceller;
use torch_api::view::TeamView;
use torch_api::wire::AutoRequest;
use torch_api::{Client, Request, Response};

use super::progress::Progress;
use crate::command::JsonArgs;
use crate::connect;
use crate::error::{CommandError, ErrorKind, Outcome};
use crate::exit;
use crate::interrupt::on_interrupt;
use crate::output;
use crate::place::Place;
use crate::render::plan::chosen;
use crate::render::team::{self, Before};
use crate::render::time::Clock;

/// What Ctrl-C means at the moment, and whether it came.
#[derive(Debug, Default)]
struct Interrupt {
    /// Set once the team is up: from then on nothing is undone.
    up: AtomicBool,
    /// Set by the first Ctrl-C.
    came: AtomicBool,
}

/// Raises the team, prints the outcome with what is not read yet of the team's choice, and with `wait` follows the team to
/// its end.
pub(in crate::command) fn raise(
    place: &Place,
    request: AutoRequest,
    unread: Option<&ChoiceView>,
    (wait, json): (bool, JsonArgs),
) -> Outcome {
    let mut client = connect::connect(place)?;
    let interrupt = Arc::new(Interrupt::default());
    cancel_on_interrupt(client.canceller()?, Arc::clone(&interrupt))?;
    let request = Request::Auto(Box::new(request));
    client.send(&request)?;
    let mut progress = Progress::new(json.json);
    let answered = receive(&mut client, &mut progress, json);
    let was_lost = answered.as_ref().is_err_and(|error| error.broken);
    let cancelled = interrupt.came.load(Ordering::SeqCst);
    let answered = match was_lost && !cancelled {
        true => {
            // There is no request any more that Ctrl-C could cancel.
            interrupt.up.store(true, Ordering::SeqCst);
            raise_again(place, &request, &mut progress, json)
        }
        false => answered,
    };
    progress.end();
    match answered? {
        Response::Raised {
            existed,
            adopted,
            team,
        } => {
            // What it finds is what it had begun itself.
            let before = match existed && !was_lost {
                false => Before::None,
                true if adopted => Before::WithoutBranch,
                true => Before::AsItIs,
            };
            if cancelled {
                return Err(too_late(&team));
            }
            interrupt.up.store(true, Ordering::SeqCst);
            if !json.json {
                // A team that was there has kept its roles, whatever would be chosen today.
                if let Some(choice) = unread.filter(|_| before == Before::None) {
                    output::prose(&chosen(choice))?;
                }
                output::data(&team::raised(
                    &team,
                    before,
                    &Clock::system(),
                    crate::screen::width(),
                ))?;
            }
            if wait {
                follow(place, &team, json)
            } else {
                Ok(exit::OK)
            }
        }
        Response::Done { text } if cancelled => {
            output::notice(&text);
            Ok(exit::INTERRUPTED)
        }
        Response::Failed(failure) if cancelled => {
            let mut failed = super::failed(failure);
            failed.kind = ErrorKind::Interrupted;
            Err(failed)
        }
        Response::Failed(failure) => Err(super::failed(failure)),
        other => Err(CommandError::unexpected(&other)),
    }
}

/// What is not known where the daemon stays away over an order.
const RAISED: connect::Act<'static> = connect::Act {
    done: "the team is started",
    tells: "torch status",
};

/// Orders the same team again, after the daemon went away: one that it had begun is gone on with, and never a second one made.
fn raise_again(
    place: &Place,
    request: &Request,
    progress: &mut Progress,
    json: JsonArgs,
) -> Result<Response, CommandError> {
    output::notice("the daemon went away; it is asked again, and Ctrl-C leaves the team to it");
    let again = connect::surely(RAISED, || {
        let mut client = connect::connect(place)?;
        client.send(request)?;
        receive(&mut client, progress, json)
    });
    again.map_err(
        |error| match error.kind == ErrorKind::Unreachable && !error.broken {
            true => connect::unknown(error, RAISED),
            false => error,
        },
    )
}

/// Follows the team until the hub reports the spec complete, or the team can't go on.
fn follow(place: &Place, team: &TeamView, json: JsonArgs) -> Outcome {
    let request = Request::Follow {
        team: place.team(Some(team.name.clone())),
    };
    let mut progress = Progress::new(json.json);
    if !json.json {
        output::notice("\nfollowing the team; Ctrl-C leaves it running");
    }
    let answered = connect::looked(|| {
        let mut client = connect::connect(place)?;
        client.send(&request)?;
        receive(&mut client, &mut progress, json)
    });
    progress.end();
    match answered? {
        Response::Finished { team, complete } => {
            if !json.json {
                output::data(&format!("\n{}", team::finished(&team, complete)))?;
            }
            Ok(if complete { exit::OK } else { exit::FAILURE })
        }
        Response::Failed(failure) => Err(failure.into()),
        other => Err(CommandError::unexpected(&other)),
    }
}

/// Reads answers up to the last one, showing the steps on the way.
fn receive(
    client: &mut Client,
    progress: &mut Progress,
    json: JsonArgs,
) -> Result<Response, CommandError> {
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
            } => progress.step(&role, stage, &detail),
            last => return Ok(last),
        }
    }
}

fn cancel_on_interrupt(
    mut canceller: Canceller,
    interrupt: Arc<Interrupt>,
) -> Result<(), CommandError> {
    on_interrupt(move || {
        interrupt.came.store(true, Ordering::SeqCst);
        if interrupt.up.load(Ordering::SeqCst) {
            output::notice("\nno longer following; the team goes on (torch status, torch stop)");
            std::process::exit(i32::from(exit::INTERRUPTED));
        }
        // Said first: the answer may come, and this process end, before another word.
        output::notice("\ncancelling; Ctrl-C again leaves at once");
        if canceller.cancel().is_err() {
            // The main thread sees the broken connection as well, and says so.
            output::notice("the daemon can't be told to cancel");
        }
    })
}

/// The team was up before the cancellation arrived.
fn too_late(team: &TeamView) -> CommandError {
    CommandError::new(
        ErrorKind::Interrupted,
        format!("too late to cancel: {} is up", team.name),
    )
    .hint(format!("torch stop --team {}", team.name))
}
