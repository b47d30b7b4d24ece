//! Finding tmux, starting its server, and making the control connection.

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};
use torch_core::SessionId;
use torch_process::facts::process;
use torch_process::{CommandSpec, Output, run_async, spawn_piped};

use crate::config::ServerConfig;
use crate::control::{Connection, Order, Signals};
use crate::encode::{Line, Words};
use crate::error::SessionError;
use crate::server::{Facts, Nonces, Server, Shared, exchange};
use crate::version::Version;

/// The session in which the control connection sits: torch's own, so that no team's end ends the connection.
pub const KEEPER: &str = "_torch";

/// How long to try. A server that was told to end is gone only after 1.0 to 1.8 s (measured), and a start on its
/// socket fails meanwhile.
const CONNECT_WAIT: Duration = Duration::from_secs(10);
/// How often to try: nothing tells when a dying server has let go of its socket.
const TRY_EVERY: Duration = Duration::from_millis(50);
/// How long one forked tmux may take.
const COMMAND_WAIT: Duration = Duration::from_secs(5);
/// Requests that may wait to be written; more make their callers wait.
const ORDERS_MAX: usize = 1024;

/// What tmux says while a server is on its way out or in. Anything else will not pass by itself.
const PASSING: [&str; 8] = [
    "server exited",
    "lost server",
    "no server running",
    "Connection refused",
    "Connection reset",
    "No such file or directory",
    "can't find session",
    "tmux ended the connection",
];

impl Server {
    /// Finds tmux, starts the server if it does not run, and connects to it. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`SessionError::TmuxMissing`], [`SessionError::NoVersion`], [`SessionError::TooOld`],
    /// [`SessionError::Config`], [`SessionError::ManualSize`], or [`SessionError::Unreachable`] after 10 s at most.
    pub async fn connect(config: ServerConfig) -> Result<Self, SessionError> {
        let version = installed(&config).await?;
        if !version.survives_manual_size() && manual_size(&config).await {
            return Err(SessionError::ManualSize {
                socket: config.socket,
            });
        }
        if config.owned {
            config.write_config()?;
        }
        let unreachable = |detail: String| SessionError::Unreachable {
            socket: config.socket.clone(),
            waited: CONNECT_WAIT,
            detail,
        };
        let deadline = Instant::now() + CONNECT_WAIT;
        let mut ticks = interval(TRY_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut detail = "no answer".to_owned();
        loop {
            if timeout_at(deadline, ticks.tick()).await.is_err() {
                return Err(unreachable(detail));
            }
            match timeout_at(deadline, attempt(&config)).await {
                Ok(Ok(server)) => return server.checked().await,
                Ok(Err(words)) if PASSING.iter().any(|passing| words.contains(passing)) => {
                    tracing::debug!(%words, "tmux server not reached yet");
                    detail = words;
                }
                Ok(Err(words)) => return Err(unreachable(words)),
                Err(_) => return Err(unreachable(detail)),
            }
        }
    }

    /// Refuses an old server, and removes texts that a torch before this one left behind.
    async fn checked(self) -> Result<Self, SessionError> {
        if *self.version() < Version::OLDEST {
            return Err(SessionError::TooOld {
                found: self.version().clone(),
            });
        }
        if self.is_owned() {
            self.delete_stale_buffers().await?;
        }
        Ok(self)
    }
}

/// Runs `tmux -V` and refuses what is too old.
async fn installed(config: &ServerConfig) -> Result<Version, SessionError> {
    let program = || config.tmux.clone();
    let output = run_async(&spec(config, vec!["-V".into()]))
        .await
        .map_err(|source| SessionError::TmuxMissing {
            program: program(),
            source: Box::new(source),
        })?;
    let found = Version::parse(&output.text()).ok_or_else(|| SessionError::NoVersion {
        program: program(),
        printed: output.text(),
    })?;
    if found < Version::OLDEST {
        return Err(SessionError::TooOld { found });
    }
    Ok(found)
}

/// Whether a running server has the global option that makes old versions crash at a new window.
async fn manual_size(config: &ServerConfig) -> bool {
    let ask = Words::named("show-options").arg("-gwv").arg("window-size");
    // No answer, no running server: then there is nothing to crash.
    run_async(&tmux(config, ask.into_argv()))
        .await
        .is_ok_and(|output| output.text() == "manual")
}

/// One try; the error is what tmux said.
async fn attempt(config: &ServerConfig) -> Result<Server, String> {
    let started = run_async(&tmux(config, keeper_session()))
        .await
        .map_err(|error| error.to_string())?;
    if !started.success() && !started.error_text().contains("duplicate session") {
        return Err(words_of(&started));
    }
    let attach = [
        "-u",
        "-C",
        "attach-session",
        "-E",
        "-f",
        "no-output,ignore-size",
        "-t",
    ]
    .map(OsString::from);
    let mut args = attach.to_vec();
    args.push(format!("={KEEPER}").into());
    let child = spawn_piped(&tmux(config, args)).map_err(|error| error.to_string())?;
    let (closed_sender, closed) = watch::channel(false);
    let (changes_sender, changes) = watch::channel(0);
    let signals = Signals {
        closed: closed_sender,
        changes: changes_sender,
    };
    let connection = Connection::attach(child, signals).await?;
    let (orders, queue) = mpsc::channel(ORDERS_MAX);
    drop(tokio::spawn(connection.run(queue)));
    let nonces = Nonces::default();
    let facts = facts(&orders, &nonces).await?;
    Ok(Server {
        orders,
        shared: Arc::new(Shared {
            config: config.clone(),
            facts,
            nonces,
            closed,
            changes,
            ending: tokio::sync::Mutex::new(()),
        }),
    })
}

/// `new-session` for the keeper: a program that does nothing, without a shell, in a session that stays although
/// nobody looks at it.
fn keeper_session() -> Vec<OsString> {
    let new = Words::named("new-session")
        .arg("-d")
        .arg("-E")
        .option("-s", KEEPER)
        .option("-x", "200")
        .option("-y", "50")
        .option("-c", "/")
        .arg("--")
        .arg("tail")
        .option("-f", "/dev/null");
    let stay = Words::named("set-option")
        .option("-t", format!("={KEEPER}:"))
        .option("destroy-unattached", "off");
    let mut args = new.into_argv();
    args.push(";".into());
    args.extend(stay.into_argv());
    args
}

async fn facts(orders: &mpsc::Sender<Order>, nonces: &Nonces) -> Result<Facts, String> {
    let format = "#{pid} #{start_time} #{session_id} #{version} #{socket_path}";
    let line = Line::of(Words::named("display-message").option("-p", format));
    let reply = exchange(orders, nonces.next(), &line)
        .await
        .ok_or_else(|| "tmux ended the connection".to_owned())?;
    let text = reply
        .blocks
        .first()
        .map(|block| String::from_utf8_lossy(block.text()).into_owned())
        .unwrap_or_default();
    read_facts(&text).ok_or_else(|| format!("tmux described itself as {text:?}"))
}

fn read_facts(text: &str) -> Option<Facts> {
    let mut words = text.splitn(5, ' ');
    let pid = words.next()?.parse().ok()?;
    let start_time = words.next()?.parse().ok()?;
    let keeper: SessionId = words.next()?.parse().ok()?;
    let version = Version::parse(words.next()?)?;
    let socket_path = words.next()?.into();
    Some(Facts {
        pid,
        process: process(pid),
        start_time,
        keeper,
        version,
        socket_path,
    })
}

/// A forked `tmux` on the configured server. The working directory is `/`: a server keeps the one it was started in.
pub(crate) fn tmux(config: &ServerConfig, command: Vec<OsString>) -> CommandSpec {
    let mut args: Vec<OsString> = vec!["-L".into(), (&config.socket).into()];
    if config.owned {
        args.extend(["-f".into(), config.config_file.clone().into()]);
    }
    args.extend(command);
    spec(config, args)
}

fn spec(config: &ServerConfig, args: Vec<OsString>) -> CommandSpec {
    let env = config
        .clean_env()
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    CommandSpec::new(&config.tmux, "/", env, COMMAND_WAIT).args(args)
}

fn words_of(output: &Output) -> String {
    match output.error_text() {
        words if words.is_empty() => format!("tmux ended with {}", output.status),
        words => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read() {
        let facts = read_facts("10 1795229050 $3 3.3a /tmp/a b/torch").expect("facts");
        assert_eq!((facts.pid, facts.keeper), (10, SessionId(3)));
        assert_eq!(facts.socket_path.to_str(), Some("/tmp/a b/torch"));
        assert!(read_facts("10 1795229050 3.3a /tmp").is_none());
    }
}
