//! What the processes of the world hold at one moment.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use torch_core::Process;
use torch_process::{facts, usage};
use torch_testing::processes_of;

use super::check::Check;
use super::trend::{Goal, Series};
use crate::distribution::Unit;
use crate::world::World;

/// The time between two samples of a long run, and how many a short one has at least.
const INTERVAL: Duration = Duration::from_secs(5);
const SAMPLES: u32 = 24;

/// How far apart the samples of a run of this length are.
pub(super) fn interval(time: Duration) -> Duration {
    INTERVAL.min(time / SAMPLES)
}

/// Rows that are set against each other.
const TMUX_MEMORY: &str = "tmux server: VmRSS";
const PROVEN: &str = "messages proven";

/// How many bytes more tmux may hold for each message, on the way from the second quarter to the last one. Its `if-shell`,
/// under which torch types, never frees the branch that it ran (tmux 3.3a: 1.4 kB for a guarded paste and 1.0 kB for a
/// guarded key, measured); the rest is for what programs leave in their panes.
const TMUX_PER_MESSAGE: f64 = 4_000.0;

/// Takes samples of one world, whose daemon and tmux server must stay the same.
#[derive(Debug)]
pub(super) struct Sampler {
    daemon: Process,
    tmux: Process,
    /// The processes of the sample before.
    before: BTreeSet<(u32, u64)>,
    /// When the sample before was taken, and how many messages had been proven then.
    last: (Instant, u64),
    series: Vec<Series>,
}

/// The rows in the order of the table.
fn rows() -> Vec<Series> {
    use Unit::{Count, Megabytes};
    [
        ("daemon: VmRSS", Megabytes, Goal::Memory),
        ("daemon: descriptors", Count, Goal::Flat),
        ("daemon: threads", Count, Goal::Flat),
        ("daemon: child processes", Count, Goal::Flat),
        (TMUX_MEMORY, Megabytes, Goal::None),
        (
            "tmux server: of it its panes' histories",
            Megabytes,
            Goal::None,
        ),
        ("tmux server: descriptors", Count, Goal::Flat),
        ("processes that outlive a sample", Count, Goal::Flat),
        (
            "agents' programs and wrappers: VmRSS of all",
            Megabytes,
            Goal::None,
        ),
        ("database", Megabytes, Goal::None),
        ("write-ahead log", Megabytes, Goal::HighWater),
        ("`logs`", Megabytes, Goal::None),
        ("`run`: spools, ledgers, transcripts", Megabytes, Goal::None),
        ("`run`: files", Count, Goal::None),
        (PROVEN, Count, Goal::None),
        ("messages proven a second", Count, Goal::None),
    ]
    .into_iter()
    .map(|(name, unit, goal)| Series::new(name, unit, goal))
    .collect()
}

impl Sampler {
    /// Finds the daemon and the tmux server.
    pub(super) fn new(world: &World) -> anyhow::Result<Self> {
        let daemon = facts::process(world.status()?.0.pid).context("the daemon is gone")?;
        Ok(Self {
            daemon,
            tmux: world.tmux()?,
            before: BTreeSet::new(),
            last: (Instant::now(), 0),
            series: rows(),
        })
    }

    /// Takes one; `delivered` is how many messages were proven to have arrived since the beginning.
    pub(super) fn take(&mut self, world: &World, delivered: u64) -> anyhow::Result<()> {
        for (name, process) in [("daemon", self.daemon), ("tmux server", self.tmux)] {
            ensure!(facts::is_alive(process), "the {name} ended");
        }
        let lasting = self.lasting(world);
        let others = lasting
            .iter()
            .filter(|pid| ![self.daemon.pid, self.tmux.pid].contains(pid));
        let others: u64 = others.filter_map(|pid| usage::resident_memory(*pid)).sum();
        let registry = world.registry();
        let file = |name: &str| fs::metadata(registry.join(name)).map_or(0, |meta| meta.len());
        let (_, logs) = below(&registry.join("logs"));
        let (files, run) = below(&registry.join("run"));
        let rate = self.rate(delivered);
        let [daemon, tmux] = [self.daemon.pid, self.tmux.pid];
        let values = [
            memory(daemon)?,
            count(daemon, usage::descriptors)?,
            count(daemon, usage::threads)?,
            count(daemon, usage::children)?,
            memory(tmux)?,
            histories(world)?,
            count(tmux, usage::descriptors)?,
            lasting.len() as f64,
            megabytes(others),
            megabytes(file("torch.db")),
            megabytes(file("torch.db-wal")),
            megabytes(logs),
            megabytes(run),
            files as f64,
            delivered as f64,
            rate,
        ];
        ensure!(values.len() == self.series.len(), "each row has its value");
        for (series, value) in self.series.iter_mut().zip(values) {
            series.push(value);
        }
        Ok(())
    }

    /// The rows.
    pub(super) fn series(&self) -> &[Series] {
        &self.series
    }

    /// What tmux came to hold for each message, in bytes.
    pub(super) fn tmux(&self) -> Check {
        let growth = |name| self.series.iter().find(|row| row.is(name))?.growth();
        let bytes = growth(TMUX_MEMORY).zip(growth(PROVEN));
        let bytes = bytes.map(|(megabytes, messages)| megabytes * 1e6 / messages);
        let wrong = match bytes {
            Some(bytes) if bytes < TMUX_PER_MESSAGE => None,
            Some(bytes) => Some(format!("{bytes:.0} bytes")),
            None => Some("nothing was measured".to_owned()),
        };
        let what = format!(
            "the tmux server holds less than {TMUX_PER_MESSAGE} bytes more for each message: {:.0}",
            bytes.unwrap_or(f64::NAN)
        );
        Check::new(what, wrong.into_iter().collect())
    }

    /// How many samples were taken.
    pub(super) fn count(&self) -> usize {
        self.series.first().map_or(0, Series::len)
    }

    /// The world's processes that the sample before saw as well: commands come and go meanwhile.
    fn lasting(&mut self, world: &World) -> Vec<u32> {
        let now = processes_of(world.dir()).into_iter();
        let now: BTreeSet<_> = now.map(|(it, _)| (it.pid, it.start)).collect();
        let lasting = now
            .intersection(&self.before)
            .map(|(pid, _)| *pid)
            .collect();
        self.before = now;
        lasting
    }

    fn rate(&mut self, delivered: u64) -> f64 {
        let (then, before) = self.last;
        let now = Instant::now();
        self.last = (now, delivered);
        (delivered - before) as f64 / now.duration_since(then).as_secs_f64()
    }
}

fn memory(pid: u32) -> anyhow::Result<f64> {
    let bytes = usage::resident_memory(pid).with_context(|| format!("process {pid} is gone"))?;
    Ok(megabytes(bytes))
}

/// What tmux keeps of all panes' lines that scrolled away, which its `history-limit` bounds.
fn histories(world: &World) -> anyhow::Result<f64> {
    let listed = world.tmux_text(&["list-panes", "-a", "-F", "#{history_bytes}"])?;
    let mut bytes = 0;
    for line in listed.lines() {
        bytes += line
            .parse::<u64>()
            .with_context(|| format!("no size: {line:?}"))?;
    }
    Ok(megabytes(bytes))
}

fn count(pid: u32, what: fn(u32) -> Option<usize>) -> anyhow::Result<f64> {
    Ok(what(pid).with_context(|| format!("process {pid} is gone"))? as f64)
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// The files below a folder: how many, and their bytes. What goes away meanwhile is not counted.
fn below(folder: &Path) -> (u64, u64) {
    let (mut files, mut bytes) = (0, 0);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(meta) = entry.metadata() else {
            continue;
        };
        if meta.is_dir() {
            let (more, larger) = below(&entry.path());
            files += more;
            bytes += larger;
        } else {
            files += 1;
            bytes += meta.len();
        }
    }
    (files, bytes)
}
