//! Reaching the daemon: connect, compare versions, start or replace it where the command may.

pub mod autostart;
pub(crate) mod room;
mod version;

use std::io;
use std::time::Duration;

use torch_api::wire::{Hello, PROTOCOL, SendRequest};
use torch_api::{Body, Client, ClientError, Request, Response};
use torch_core::Process;

use crate::error::{CommandError, ErrorKind};
use crate::output;
use crate::place::Place;
use crate::sandbox;

/// How long a daemon may take for its greeting, and an older one for its end.
const DEADLINE: Duration = Duration::from_secs(10);

/// How often a daemon that is on its way up or down is asked for again before that counts as a failure.
const ATTEMPTS: usize = 5;

/// Connects to the daemon; starts it if nobody listens, replaces it if it is older than this program.
///
/// # Errors
/// [`ErrorKind::Unreachable`] when it can't be started or speaks a newer protocol.
pub fn connect(place: &Place) -> Result<Client, CommandError> {
    for _ in 0..ATTEMPTS {
        match greet(place) {
            Ok((client, hello))
                if !version::is_older(&hello.version, env!("CARGO_PKG_VERSION")) =>
            {
                return Ok(client);
            }
            Ok((_, hello)) => replace(place, &hello.version, hello.pid)?,
            Err(ClientError::Protocol {
                theirs,
                protocol,
                pid,
            }) if protocol < PROTOCOL => {
                replace(place, &theirs, pid)?;
            }
            Err(error) if nobody_listens(&error) => autostart::start(place)?,
            // It is there and hangs, or was stopped: asking again would only take as long again.
            Err(error) if is_late(&error) => return Err(error.into()),
            // It went away between our connect and its greeting: the next attempt starts it.
            Err(ClientError::Closed | ClientError::Io(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(CommandError::new(
        ErrorKind::Unreachable,
        "the daemon came and went while this command tried to reach it",
    )
    .hint(format!("tail {}", torch_process::quote::shell(place.log()))))
}

/// Connects to the daemon if it runs; `None` when nobody listens.
///
/// # Errors
/// [`ErrorKind::Unreachable`] when it is there and can't be spoken to.
pub fn running(place: &Place) -> Result<Option<Client>, CommandError> {
    match greet(place) {
        Ok((client, _)) => Ok(Some(client)),
        Err(error) if nobody_listens(&error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Connects to the daemon, which must run already.
///
/// # Errors
/// [`ErrorKind::Unreachable`] when it does not run.
pub fn must_run(place: &Place) -> Result<Client, CommandError> {
    running(place)?.ok_or_else(not_running)
}

/// The daemon does not run, and this command does not start it.
pub fn not_running() -> CommandError {
    CommandError::new(ErrorKind::Unreachable, "the daemon is not running")
        .hint("torch daemon start")
}

/// Looks again where the daemon went away in the middle of a look, as one that was killed and comes back; for what changes nothing.
///
/// # Errors
/// What the last look said.
pub fn looked<T>(mut look: impl FnMut() -> Result<T, CommandError>) -> Result<T, CommandError> {
    let mut seen = look();
    for _ in 1..ATTEMPTS {
        if !seen.as_ref().is_err_and(|error| error.broken) {
            break;
        }
        seen = look();
    }
    seen
}

/// An act, as it is told where its outcome stays unknown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Act<'a> {
    /// What it does, behind "it is not known whether": `the team is stopped`.
    pub(crate) done: &'a str,
    /// The command that tells.
    pub(crate) tells: &'a str,
}

/// Asks for an act that must not be asked for again.
///
/// # Errors
/// What the daemon answered; where it went away before, that the outcome is not known, and what tells it.
pub(crate) fn once<T>(
    act: Act<'_>,
    ask: impl FnOnce() -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    ask().map_err(|error| match error.broken {
        true => unknown(error, act),
        false => error,
    })
}

/// Asks for an act that comes to the same whether it is done once or twice, and again where the daemon went away before it
/// answered. `ask` connects anew each time.
///
/// # Errors
/// What the daemon answered; where it did not, that the outcome is not known, and what tells it.
pub(crate) fn surely<T>(
    act: Act<'_>,
    mut ask: impl FnMut() -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let mut asked = ask();
    for _ in 1..ATTEMPTS {
        if !asked.as_ref().is_err_and(|error| error.broken) {
            return asked;
        }
        output::notice("the daemon went away before it answered; it is asked again");
        asked = match ask() {
            // It went away with the first request, and can't be reached any more.
            Err(mut error) if error.kind == ErrorKind::Unreachable && !error.broken => {
                error.broken = true;
                return Err(unknown(error, act));
            }
            other => other,
        };
    }
    asked.map_err(|error| match error.broken {
        true => unknown(error.cause(format!("it was asked {ATTEMPTS} times")), act),
        false => error,
    })
}

/// The daemon went away after an act was asked for: it may have done it.
pub(crate) fn unknown(mut failed: CommandError, act: Act<'_>) -> CommandError {
    let tried = format!("it is not known whether {}", act.done);
    let why = std::mem::replace(&mut failed.message, tried);
    failed.causes.insert(0, why);
    failed.hints.insert(0, act.tells.to_owned());
    failed
}

/// Sends a request and takes its only answer; [`Response::Failed`] becomes the error.
///
/// # Errors
/// What the daemon answered, or why it did not.
pub fn ask(client: &mut Client, request: &Request) -> Result<Response, CommandError> {
    match client.call(request)? {
        Response::Failed(failure) => Err(failure.into()),
        response => Ok(response),
    }
}

/// Connects and sends a request that the outbox could take as well; see [`ask`].
///
/// # Errors
/// As [`connect`] and [`ask`]; in a sandbox with what makes the same request from there.
pub fn ask_by_any_door(place: &Place, request: &Request) -> Result<Response, CommandError> {
    let asked = connect(place).and_then(|mut client| ask(&mut client, request));
    asked.map_err(|error| sandbox::advise(error, request, &place.cwd))
}

/// Sends a message and takes its answer. Should the daemon end in between, it is asked again: the message carries a key,
/// the caller's or one of this call, by which the daemon knows it again, so that it is never stored twice.
///
/// # Errors
/// What the daemon answered, or why it did not.
pub fn send_surely(place: &Place, request: SendRequest) -> Result<Response, CommandError> {
    send_surely_with(place, request, |_| {})
}

/// [`send_surely`], with something to say on each connection before.
///
/// # Errors
/// As there.
pub(crate) fn send_surely_with(
    place: &Place,
    mut request: SendRequest,
    before: impl Fn(&mut Client),
) -> Result<Response, CommandError> {
    if request.key.is_none() {
        let now = torch_process::clock::now().0;
        request.key = Some(format!("scm-{}-{now}", std::process::id()));
    }
    let sending = Sending::of(&request);
    let request = Request::Send(Box::new(request));
    let mut broken = None;
    for _ in 0..ATTEMPTS {
        let mut client = match connect(place) {
            Ok(client) => client,
            Err(failed) if broken.is_some() => return Err(sending.maybe_stored(failed)),
            Err(failed) => {
                let failed = sandbox::advise(failed, &request, &place.cwd);
                return Err(sending.not_stored(failed));
            }
        };
        before(&mut client);
        match client.call(&request) {
            Ok(Response::Failed(failure)) => return Err(failure.into()),
            Ok(response) => return Ok(response),
            Err(error @ (ClientError::Closed | ClientError::Io(_))) => broken = Some(error),
            Err(error) => return Err(error.into()),
        }
    }
    Err(broken.map_or_else(not_running, |error| {
        let failed = CommandError::from(error);
        sending.maybe_stored(failed.cause(format!("it was tried {ATTEMPTS} times")))
    }))
}

/// A message on its way to the daemon, for errors.
struct Sending {
    target: String,
    size: u64,
    key: String,
}

impl Sending {
    fn of(request: &SendRequest) -> Self {
        let size = match &request.body {
            Body::Text(text) => text.len(),
            Body::Bytes(bytes) => bytes.len(),
        };
        Self {
            target: crate::render::first_line(&request.target, 60),
            size: u64::try_from(size).unwrap_or(u64::MAX),
            key: request.key.clone().unwrap_or_default(),
        }
    }

    fn words(&self) -> String {
        let size = crate::render::bytes(self.size);
        format!("a message of {size} to {}", self.target)
    }

    /// Nothing of it was written to a daemon.
    fn not_stored(&self, failed: CommandError) -> CommandError {
        match failed.kind {
            ErrorKind::Unreachable => failed.cause(format!("{} is not stored", self.words())),
            _ => failed,
        }
    }

    /// The connection broke after it was written to it: the daemon may have stored it before it ended.
    fn maybe_stored(&self, mut failed: CommandError) -> CommandError {
        let tried = format!("it is not known whether {} is stored", self.words());
        let why = std::mem::replace(&mut failed.message, tried);
        failed.causes.insert(0, why);
        failed.causes.push(format!(
            "the list tells; sent again with --key {}, it is stored once in any case",
            self.key
        ));
        failed.hints.insert(0, "torch msg list".to_owned());
        failed
    }
}

/// Asks the daemon to end, waits for it, and returns its last words.
///
/// # Errors
/// When it does not end in time, and when it refuses: then it is left alone.
pub fn shut_down(place: &Place, pid: u32) -> Result<(), CommandError> {
    let process = torch_process::facts::process(pid);
    let mut client = Client::connect(&place.socket)?;
    client.set_deadline(Some(DEADLINE))?;
    if let Ok(Response::Failed(failure)) = client.call(&Request::Shutdown) {
        return Err(failure.into());
    }
    // Whether it answers in words that this one knows, or closes the connection in good order or not: its process decides.
    let drained = client.drain();
    let left: Vec<Process> = process.into_iter().collect();
    let left = torch_process::end(&left, DEADLINE);
    if left.is_empty() {
        return Ok(());
    }
    let failed = CommandError::other(format!("the daemon (pid {pid}) did not end"));
    Err(match drained {
        Ok(()) => failed,
        Err(error) => failed.because(&error),
    }
    .hint(format!("ps -fp {pid}")))
}

fn greet(place: &Place) -> Result<(Client, Hello), ClientError> {
    let mut client = Client::connect(&place.socket)?;
    client.set_deadline(Some(DEADLINE))?;
    let hello = client.greet()?.clone();
    client.set_deadline(None)?;
    Ok((client, hello))
}

fn is_late(error: &ClientError) -> bool {
    let ClientError::Io(source) = error else {
        return false;
    };
    matches!(
        source.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

fn nobody_listens(error: &ClientError) -> bool {
    let ClientError::Connect { source, .. } = error else {
        return false;
    };
    matches!(
        source.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
    )
}

fn replace(place: &Place, theirs: &str, pid: u32) -> Result<(), CommandError> {
    let ours = env!("CARGO_PKG_VERSION");
    output::notice(&format!(
        "replacing the daemon {theirs} by {ours}; the agents are untouched"
    ));
    shut_down(place, pid)?;
    autostart::start(place)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_look_is_taken_again_where_the_daemon_went_away_and_not_for_ever() {
        let tries = Cell::new(0);
        let look = |good: usize| {
            tries.set(0);
            looked(|| {
                tries.set(tries.get() + 1);
                match tries.get() == good {
                    true => Ok(()),
                    false => Err(CommandError::from(ClientError::Closed)),
                }
            })
        };
        assert!(look(3).is_ok());
        assert_eq!(tries.get(), 3);
        assert!(look(0).is_err());
        assert_eq!(tries.get(), ATTEMPTS);
        let refused = looked(|| {
            tries.set(tries.get() + 1);
            Err::<(), _>(CommandError::usage("no"))
        });
        assert!(refused.is_err());
        assert_eq!(tries.get(), ATTEMPTS + 1, "it was answered");
    }
}
