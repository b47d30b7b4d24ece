//! Starting the daemon, and waiting until it says that it is ready.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use torch_process::{Environment, ProcessError, spawn_detached};

use super::greet;
use crate::error::{CommandError, ErrorKind};
use crate::place::Place;

/// How long the daemon may take until it is ready.
const DEADLINE: Duration = Duration::from_secs(10);

/// How long the daemon that holds the lock may take to listen before it is taken for one that is ending.
const ENDING: Duration = Duration::from_millis(500);

/// How often one looks whether a daemon that somebody else has just started listens.
const LOOK: Duration = Duration::from_millis(20);

/// How many lines of the daemon's log an error shows.
const LOG_LINES: usize = 8;

/// Starts the daemon and returns once it listens; one that somebody else is starting at the same time is as good. Where
/// the lock is held by one that is just ending, it is tried again once that is gone. One that was a service is started
/// as a service, if systemd can do that.
pub(super) fn start(place: &Place) -> Result<(), CommandError> {
    let torch = torch_program()?;
    make_dirs(place)?;
    if crate::service::start(place) && listens(place, Instant::now() + ENDING) {
        return Ok(());
    }
    let before = place.log().metadata().map_or(0, |meta| meta.len());
    let until = Instant::now() + DEADLINE;
    loop {
        let error = match start_once(place, &torch, until) {
            Ok(Started::Ready) => return Ok(()),
            Ok(Started::Locked(_)) if listens(place, Instant::now() + ENDING) => return Ok(()),
            Ok(Started::Locked(_)) if Instant::now() < until => continue,
            Ok(Started::Locked(error)) | Err(error) => error,
        };
        return Err(failed(place, before, &error));
    }
}

/// How one start went.
enum Started {
    /// It listens.
    Ready,
    /// Another daemon holds the lock.
    Locked(ProcessError),
}

fn start_once(place: &Place, torch: &Path, until: Instant) -> Result<Started, ProcessError> {
    let args = ["daemon", "run"].map(OsString::from);
    let mut child = spawn_detached(
        torch.as_os_str(),
        &args,
        &place.home,
        &environment(place),
        &place.log(),
    )?;
    let patience = until.saturating_duration_since(Instant::now()).max(LOOK);
    let Err(error) = child.first_line(patience) else {
        return Ok(Started::Ready);
    };
    // It is reaped in any case; one that ended by itself keeps its own status.
    let status = child.kill();
    let locked = matches!(error, ProcessError::EndedEarly { .. })
        && status.is_ok_and(|status| status.code() == Some(i32::from(torch_daemon::EXIT_LOCKED)));
    if locked {
        Ok(Started::Locked(error))
    } else {
        Err(error)
    }
}

/// Waits until the daemon that holds the lock listens.
fn listens(place: &Place, until: Instant) -> bool {
    while Instant::now() < until {
        if greet(place).is_ok() {
            return true;
        }
        std::thread::park_timeout(LOOK);
    }
    false
}

/// The `torch` beside this program; where that was replaced or removed since, the one on `PATH`.
pub fn torch_program() -> Result<PathBuf, CommandError> {
    let beside = std::env::current_exe()
        .ok()
        .map(|exe| exe.with_file_name("torch"));
    if let Some(torch) = beside.filter(|torch| torch.is_file()) {
        return Ok(torch);
    }
    crate::search::on_path("torch").ok_or_else(|| {
        CommandError::new(
            ErrorKind::Unreachable,
            "the program `torch` is neither beside this one nor on PATH",
        )
        .hint("cargo install --path crates/torch-cli")
    })
}

/// The daemon's environment (see [`torch_process::env::for_daemon`]), with the registry in it.
pub fn environment(place: &Place) -> Environment {
    let mut env = torch_process::env::for_daemon(std::env::vars_os());
    env.insert("TORCH_HOME".into(), place.home.clone().into());
    env
}

fn make_dirs(place: &Place) -> Result<(), CommandError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    let run = place.socket.parent().map(Path::to_owned);
    for dir in [Some(place.home.clone()), Some(place.home.join("logs")), run]
        .into_iter()
        .flatten()
    {
        builder.create(&dir).map_err(|error| {
            CommandError::new(
                ErrorKind::Unreachable,
                format!("failed to make the directory {}", dir.display()),
            )
            .because(&error)
            .hint("torch doctor")
        })?;
    }
    Ok(())
}

/// The error, with what the daemon wrote to its log since the start.
fn failed(place: &Place, from: u64, error: &ProcessError) -> CommandError {
    let log = place.log();
    let mut failed =
        CommandError::new(ErrorKind::Unreachable, "failed to start the daemon").because(error);
    for line in tail(&log, from) {
        // What the daemon itself advises is a hint here too.
        failed = match line.strip_prefix("Hint: ") {
            Some("torch doctor") => failed,
            Some(hint) => failed.hint(hint),
            None => failed.cause(line),
        };
    }
    failed
        .hint("torch doctor")
        .hint(format!("tail -n 50 {}", torch_process::quote::shell(&log)))
}

fn tail(log: &Path, from: u64) -> Vec<String> {
    let mut text = Vec::new();
    let read = fs::File::open(log).and_then(|mut file| {
        file.seek(SeekFrom::Start(from))?;
        file.take(1 << 16).read_to_end(&mut text)
    });
    if let Err(error) = read {
        return vec![format!("its log {} can't be read: {error}", log.display())];
    }
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let skipped = lines.len().saturating_sub(LOG_LINES);
    lines.into_iter().skip(skipped).map(str::to_owned).collect()
}
