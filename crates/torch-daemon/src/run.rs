//! Starting the daemon: the lock, the store, the state, the socket.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use torch_core::DesiredState;
use torch_core::config::Config;
use torch_process::clock::{self, Clock, Reading};
use torch_process::traces::Traces;
use torch_process::{Environment, facts};
use torch_store::Store;
use torch_store::export::{ComplianceExporter, Exporter, GitExporter, KindExporter};

use crate::catalog::Catalog;
use crate::event::{Effect, Event};
use crate::host::upkeep::Made;
use crate::host::{Host, Input, Signals, kin, outbox, socket, spool, tmux, transcript};
use crate::past;
use crate::service::Service;
use crate::state::{Programs, Settings, Snapshot, State};
use crate::templates;

/// How many descriptors the daemon and the tmux server it starts may have (one per pane and connection).
const DESCRIPTORS: u64 = 16_384;

/// The exit code of a daemon that found another one at work.
pub const EXIT_LOCKED: u8 = 1;

/// How long a daemon that starts waits for the tmux server that was there before it serves anybody.
const TMUX_FIRST: std::time::Duration = std::time::Duration::from_secs(2);

/// What the daemon is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The registry.
    pub home: PathBuf,
    /// The socket to serve.
    pub socket: PathBuf,
    /// torch's own binary, for wrappers and hooks.
    pub torch: PathBuf,
    /// The user's configuration, layered.
    pub config: Config,
    /// The folder with the user's own agent programs; they are read once, at the start.
    pub agents: Option<PathBuf>,
    /// The tmux server's socket name.
    pub tmux_socket: String,
    /// The environment that tmux and git are given.
    pub env: Environment,
    /// The service manager that started it.
    pub service: Service,
    /// Whether the teams that ran before a reboot are to be resumed.
    pub resume_teams: bool,
}

/// Runs the daemon to its end; the exit code.
///
/// # Errors
/// When the registry, the socket or a signal handler can't be had, or the registry can't be written later.
pub fn run(options: Options) -> anyhow::Result<u8> {
    start_log();
    // Already a group's leader when it was started from a shell: then it stays in that shell's session.
    drop(torch_process::become_daemon());
    for dir in [
        options.home.clone(),
        options.home.join("run"),
        options.home.join("logs"),
        options.home.join("notes"),
    ] {
        private_dir(&dir)?;
    }
    let Some(_lock) = lock(&options.home, std::time::Duration::ZERO)? else {
        tracing::info!("another daemon owns {}", options.home.display());
        return Ok(EXIT_LOCKED);
    };
    let traces = Traces::new(&options.home);
    if let Err(error) = traces.set_running(options.service.is_there()) {
        tracing::warn!(%error, "the marks of the daemon before this one stay");
    }
    raise_descriptors();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("failed to start the async runtime")?;
    let ended = runtime.block_on(serve(&options));
    runtime.shutdown_background();
    ended.map(|()| 0)
}

async fn serve(options: &Options) -> anyhow::Result<()> {
    // First of all: a daemon that is told to end in its first moments has been told, too.
    let signals = Signals::new()?;
    let (reading, traces) = (clock::read(), Traces::new(&options.home));
    let store = Store::open(&options.home.join("torch.db"), reading.wall)
        .context("failed to open the registry's database")?;
    let (state, first) = load(options, &store, reading)?;
    tell_settings(options);
    let (inputs, receiver) = tokio::sync::mpsc::unbounded_channel();
    let (reconnect, gone) = (state.has_live_pane(), state.has_running_team());
    let (logs, zone) = (options.home.join("logs"), jiff::tz::TimeZone::system());
    let mut host = Host {
        transcripts: transcript::Transcripts::new(state.programs.clone(), inputs.clone()),
        state,
        store,
        compliance: ComplianceExporter::new(&logs, zone.clone()),
        git_log: GitExporter::new(&logs, zone.clone()),
        violations: KindExporter::of_violations(&logs, zone.clone()),
        lane_log: KindExporter::of_lane(&logs, zone.clone()),
        exporter: Exporter::new(&logs, zone),
        home: options.home.clone(),
        torch: options.torch.clone(),
        agenda: torch_scheduler::Agenda::new(),
        clock: Clock::new(reading),
        spools: spool::Spools::new(inputs.clone()),
        outboxes: outbox::Outboxes::new(inputs.clone()),
        refs: crate::host::refs::Refs::default(),
        integrating: crate::host::integrate::Acts::default(),
        rule_files: crate::host::project_rules::RuleFiles::default(),
        tmux: tmux::Tmux::new(tmux::server_config(
            &options.home,
            &options.tmux_socket,
            &options.config.tmux.program,
            text_env(&options.env),
        )),
        git: torch_worktree::Git::new(options.env.clone()),
        added: BTreeMap::new(),
        connections: BTreeMap::new(),
        teams_changed: true,
        unexported: true,
        team_finished: false,
        ending: false,
        stoppers: std::collections::BTreeSet::new(),
        lock: Made::at(&traces.lock()).context("the lock file is gone")?,
        traces,
        service: options.service.clone(),
        keep: crate::host::keep::Keep::new(&options.config, &options.home, reading.wall),
        socket: None,
        connected: Arc::default(),
        kin: kin::start(),
        signals,
        inputs: inputs.clone(),
        receiver,
    };
    host.recall_tmux().await;
    if reconnect {
        host.state.await_server();
        // What ran before is found again before anybody asks, unless tmux takes long over it.
        let finding = tokio::spawn(find_again(&host));
        tokio::time::timeout(TMUX_FIRST, finding).await.ok();
    } else if gone {
        // After a reboot: no server is started for teams that are gone with the old one.
        let error = "the tmux server of the running teams is gone".to_owned();
        drop(inputs.send(Input::Event(Event::TmuxDown { error })));
    }
    let listener = socket::listen(&options.socket)?;
    host.socket = Made::at(&options.socket);
    host.traces
        .set_socket(&options.socket)
        .context("failed to write down where the socket is")?;
    host.serve_on(listener);
    say_ready(&options.service);
    tracing::info!(
        "torch {} serves {} as pid {}",
        env!("CARGO_PKG_VERSION"),
        options.home.display(),
        std::process::id()
    );
    let ended = host.run(first).await;
    host.remove_socket();
    tracing::info!("the daemon ends");
    ended
}

/// Connects to the server of the daemon before this one, or tells why not.
fn find_again(host: &Host) -> impl Future<Output = ()> + use<> {
    let (config, gate) = (host.tmux.config.clone(), host.tmux.gate.clone());
    let inputs = host.inputs.clone();
    let known = host.tmux.known.as_ref().map(|known| known.process);
    async move {
        let Err(error) = Host::connect_tmux(config, gate, inputs.clone()).await else {
            return;
        };
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the tmux server could not be reached"
        );
        let event = crate::host::tmux::unreached(known, &error);
        drop(inputs.send(Input::Event(event)));
    }
}

fn load(
    options: &Options,
    store: &Store,
    reading: Reading,
) -> anyhow::Result<(State, Vec<Effect>)> {
    let now = reading.wall;
    let kept = store.load().context("failed to read the registry")?;
    let pair_seqs = kept
        .pair_seqs
        .into_iter()
        .map(|pair| ((pair.team, pair.sender, pair.recipient), pair.last));
    let reach = past::reach(&options.config.router, &kept.teams, &kept.ledger);
    let past = past::read(store, now, reach)
        .inspect_err(|error| tracing::warn!(%error, "what was said before is not recalled"));
    let snapshot = Snapshot {
        past: past.ok(),
        teams: kept.teams,
        agents: kept.agents,
        open: kept.open,
        schedules: kept.schedules,
        ledger: kept.ledger,
        plans: kept.plans,
        pair_seqs: pair_seqs.collect(),
        spool_offsets: kept.spool_offsets,
    };
    let pid = std::process::id();
    let settings = Settings {
        home: options.home.clone(),
        torch: options.torch.clone(),
        config: options.config.clone(),
        tmux_socket: options.tmux_socket.clone(),
        env: own_env(&options.env),
        programs: programs(options.agents.as_deref())?,
        templates: templates::roles()?,
        started: now,
        zone: jiff::tz::TimeZone::system(),
        boot: clock::boot_clock(reading),
        pid,
        resume_teams: options.resume_teams,
        seed: now.0 ^ (u64::from(pid) << 32) ^ fastrand::u64(..),
    };
    Ok(State::new(settings, snapshot, now))
}

/// Writes down with which settings this daemon runs: commands compare theirs.
fn tell_settings(options: &Options) {
    let path = torch_api::path::daemon_settings(&options.home);
    let written = serde_json::to_vec_pretty(&options.config)
        .map_err(std::io::Error::from)
        .and_then(|text| crate::host::execute::replace(&path, &text));
    if let Err(error) = written {
        tracing::warn!("{} could not be written: {error}", path.display());
    }
}

/// The agent programs that may be started. A file of the user's that can't be used keeps no other program from working.
fn programs(agents: Option<&Path>) -> anyhow::Result<Programs> {
    let catalog = Catalog::load(agents, None);
    for error in &catalog.broken {
        let cause = std::error::Error::source(error).map(ToString::to_string);
        let cause = cause.unwrap_or_default();
        tracing::warn!(%error, cause, "an agent program is left out");
    }
    catalog
        .programs()
        .context("failed to read the agent programs")
}

/// A folder of the registry, for its owner alone.
fn private_dir(path: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("failed to make the folder {}", path.display()))
}

/// What a person can run about an error of [`run`], where there is something.
pub fn hint(error: &anyhow::Error) -> Option<String> {
    let of_store = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<torch_store::StoreError>()?.hint()
    };
    error.chain().find_map(of_store)
}

/// Takes the registry's lock; `None` if another daemon has it and does not let go of it in this time. The file names its
/// owner's pid.
pub(crate) fn lock(home: &Path, patience: std::time::Duration) -> anyhow::Result<Option<File>> {
    let path = Traces::new(home).lock();
    let failed = || format!("failed to lock {}", path.display());
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .with_context(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) if patience.is_zero() => return Ok(None),
        Err(TryLockError::WouldBlock) => {
            let (sender, locked) = std::sync::mpsc::channel();
            std::thread::spawn(move || sender.send(file.lock().map(|()| file)));
            file = match locked.recv_timeout(patience) {
                Ok(locked) => locked.with_context(failed)?,
                Err(_) => return Ok(None),
            };
        }
        Err(TryLockError::Error(error)) => return Err(error).with_context(failed),
    }
    file.set_len(0)
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .with_context(failed)?;
    Ok(Some(file))
}

/// Tells whoever started the daemon that it can be asked.
fn say_ready(service: &crate::service::Service) {
    service.ready();
    let mut out = std::io::stdout();
    // Nobody may be reading.
    drop(out.write_all(b"ready\n").and_then(|()| out.flush()));
}

fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("TORCH_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    // A second daemon in one process (tests) keeps the first one's log.
    drop(
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(false)
            // Whoever started it in a terminal may have closed that: a line that can't be written ends no daemon.
            .log_internal_errors(false)
            .with_writer(std::io::stderr)
            .try_init(),
    );
}

fn raise_descriptors() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return;
    };
    if soft < DESCRIPTORS.min(hard) {
        // The default suffices for small teams.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, DESCRIPTORS.min(hard), hard);
    }
}

/// What in an environment decides how torch works and which tmux server it finds.
fn own_env(env: &Environment) -> BTreeMap<String, String> {
    let mut env = text_env(env);
    let keys = torch_core::config::KEYS;
    env.retain(|name, _| name == "TMUX_TMPDIR" || keys.iter().any(|key| key.variable() == *name));
    env
}

fn text_env(env: &Environment) -> BTreeMap<String, String> {
    env.iter()
        .filter_map(|(name, value)| Some((name.to_str()?.to_owned(), value.to_str()?.to_owned())))
        .collect()
}

impl State {
    /// Whether the first process of any pane that was left behind still lives: in this boot, since pids are given out
    /// anew in each, and not as what is left of it until its parent looks.
    fn has_live_pane(&self) -> bool {
        let runs = self.agents.values();
        let of_this_boot = runs.filter(|run| !self.is_suspended(run.agent.team));
        let mut panes = of_this_boot.filter_map(|run| run.agent.pane);
        panes.any(|at| facts::process(at.pid).is_some_and(facts::is_alive))
    }

    /// Whether any team is to be running.
    pub(crate) fn has_running_team(&self) -> bool {
        self.teams
            .values()
            .any(|team| team.desired == DesiredState::Running)
    }
}
