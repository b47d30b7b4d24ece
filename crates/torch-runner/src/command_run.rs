//! The process between the daemon and a command that it runs for an integration. The command is agents' code: it may end its parent
//! or its whole process group, and neither is the daemon; and when the daemon ends, however it does, the command ends with it.

use std::fs;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use signal_hook::consts::SIGTERM;
use signal_hook::iterator::Signals;
use torch_core::Process;
use torch_core::launch::CommandRecord;
use torch_process::launch::{RUN_VARIABLE, end_run};
use torch_process::{Environment, ProcessError, ProcessGroup, await_end, facts, spawn_foreground};

use crate::daemon::adopt;

/// How long a command's processes have between SIGTERM and SIGKILL; the daemon gives this process 500 ms itself.
const GRACE: Duration = Duration::from_millis(300);

/// Whether the command is being ended: how it ends then says nothing of it.
static ENDING: AtomicBool = AtomicBool::new(false);

/// What is run.
#[derive(Debug, Clone)]
pub struct CommandRun {
    /// The daemon: when it ends, the command does.
    pub daemon: Process,
    /// The run's name, which each of its processes has in its environment.
    pub run: String,
    /// Where this process and the command's end are recorded: a [`CommandRecord`].
    pub record: PathBuf,
    /// For `sh -c`.
    pub command: String,
    /// Its directory.
    pub folder: PathBuf,
    /// Its environment.
    pub env: Environment,
}

/// Why the command could not be run.
#[derive(Debug, thiserror::Error)]
pub enum CommandRunError {
    /// This process, or the command's end, could not be recorded.
    #[error("failed to record the run in `{}`", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The shell could not be started, or its end not be waited for.
    #[error("failed to run the command {command:?}")]
    Run {
        /// The command.
        command: String,
        /// Why.
        #[source]
        source: ProcessError,
    },
}

/// Runs the command on this process' streams, in a process group of its own; its exit status, and
/// 128 and the signal's number where a signal ended it, as shells have it.
///
/// # Errors
/// [`CommandRunError`] when it could not be run.
pub fn run_command(spec: &CommandRun) -> Result<u8, CommandRunError> {
    let failed = |source| CommandRunError::Run {
        command: spec.command.clone(),
        source,
    };
    let io = |source| {
        failed(ProcessError::Follow {
            command: spec.command.clone(),
            source,
        })
    };
    let record = |exit| {
        record(&spec.record, exit).map_err(|source| CommandRunError::Record {
            path: spec.record.clone(),
            source,
        })
    };
    record(None)?;
    if let Err(error) = adopt(true) {
        // Orphans are known by their environment still.
        writeln!(std::io::stderr(), "torch: orphans are not adopted: {error}").ok();
    }
    watch(spec).map_err(io)?;
    let mut env = spec.env.clone();
    env.insert(RUN_VARIABLE.into(), spec.run.clone().into());
    let argv = ["sh", "-c", &spec.command];
    let child = spawn_foreground(&argv, &spec.folder, env, ProcessGroup::Own);
    let status = child.map_err(failed)?.wait().map_err(io)?;
    while ENDING.load(Ordering::SeqCst) {
        // Whoever ends the command ends this process too, once all of it is gone.
        std::thread::park();
    }
    let code = status.code().or(status.signal().map(|signal| 128 + signal));
    let code = code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    record(Some(code))?;
    Ok(code)
}

fn record(path: &Path, exit: Option<u8>) -> std::io::Result<()> {
    let own = facts::process(std::process::id());
    let process = own.ok_or_else(|| std::io::Error::other("this process is not found"))?;
    let text = serde_json::to_vec(&CommandRecord { process, exit })?;
    let fresh = path.with_extension("new");
    let mut file = fs::File::create(&fresh)?;
    file.write_all(&text)?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}

/// Ends the command, and this process, once the daemon is gone, or when it is told to end.
fn watch(spec: &CommandRun) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGTERM])?;
    let (daemon, run) = (spec.daemon, spec.run.clone());
    thread(move || {
        if await_end(daemon, None) {
            end(&run);
        }
    })?;
    let run = spec.run.clone();
    thread(move || {
        if signals.forever().next().is_some() {
            end(&run);
        }
    })
}

fn thread(live: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    let thread = std::thread::Builder::new().name("end".to_owned());
    thread.spawn(live).map(drop)
}

/// Ends what runs, and this process.
fn end(run: &str) {
    ENDING.store(true, Ordering::SeqCst);
    let below = facts::descendants(std::process::id());
    end_run(run, &below, GRACE);
    std::process::exit(1);
}
