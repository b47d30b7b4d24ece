//! The benchmarks: `scripts/bench.sh` builds torch and runs them. `docs/benchmarks.md` says what each figure means.
//!
//! Output is Markdown, a table for each part, so that a run can be kept as it came.

mod accept;
mod alone;
mod brief;
mod claude;
mod delivery;
mod detect;
mod distribution;
mod history;
mod hooks;
mod idle;
mod lane;
mod machine;
mod radar;
mod raise;
mod recovery;
mod report;
mod repository;
mod send;
mod soak;
mod status;
mod verdict;
mod watch;
mod worktrees;
mod world;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::report::Report;
use crate::world::World;

/// How many values are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effort {
    /// As many as a p99 needs, where one value is cheap.
    Full,
    /// A few: whether the benchmark works.
    Quick,
}

/// What all parts are given.
#[derive(Debug)]
struct Setting {
    effort: Effort,
    /// The size of one more history, in messages.
    history: Option<u64>,
    /// How long the soak goes on.
    soak: Duration,
    /// The folder of the `torch` and `scm` that are measured.
    bin: PathBuf,
}

impl Setting {
    fn world(&self) -> anyhow::Result<World> {
        World::new(&self.bin)
    }
}

type Measure = fn(&Setting) -> anyhow::Result<Report>;

/// The parts by name, in the order in which they run.
const PARTS: [(&str, Measure); 17] = [
    ("verdict", |it| verdict::measure(it).map(Report::of)),
    ("accept", |it| accept::measure(it).map(Report::of)),
    ("delivery", |it| delivery::measure(it).map(Report::of)),
    ("raise", |it| raise::measure(it).map(Report::of)),
    ("claude", claude::measure),
    ("status", |it| status::measure(it).map(Report::of)),
    ("detect", |it| detect::measure(it).map(Report::of)),
    ("idle", |it| idle::measure(it).map(Report::of)),
    ("lane", |it| lane::measure(it).map(Report::of)),
    ("watch", |it| watch::measure(it).map(Report::of)),
    ("worktrees", |it| worktrees::measure(it).map(Report::of)),
    ("radar", |it| radar::measure(it).map(Report::of)),
    ("hooks", |it| hooks::measure(it).map(Report::of)),
    ("history", |it| history::measure(it).map(Report::of)),
    ("brief", |it| brief::measure(it).map(Report::of)),
    ("recovery", |it| recovery::measure(it).map(Report::of)),
    ("soak", soak::measure),
];

/// The parts that run only when they are asked for.
const ON_REQUEST: [&str; 1] = ["soak"];

/// The soak's minutes, where nothing else is said.
const SOAK_MINUTES: u64 = 10;

const USAGE: &str = "usage: bench --bin DIR [--quick] [--long | --history N] [--minutes N] [--only verdict|brief|accept|delivery|raise|claude|status|detect|idle|lane|watch|worktrees|radar|hooks|history|recovery|soak]...";

fn main() -> anyhow::Result<()> {
    let (mut setting, only) = arguments(std::env::args().skip(1))?;
    let pinned = pin(&setting.bin)?;
    setting.bin = pinned.path().to_owned();
    let world = setting.world()?;
    say(&machine::describe(&setting.bin, &world.registry()))?;
    drop(world);
    let mut failed = Vec::new();
    for (name, measure) in PARTS {
        let wanted = match only.is_empty() {
            true => !ON_REQUEST.contains(&name),
            false => only.iter().any(|wanted| wanted == name),
        };
        if !wanted {
            continue;
        }
        let before = machine::load();
        let report = measure(&setting).with_context(|| format!("the part {name} failed"))?;
        let after = machine::load();
        say(&format!(
            "\n### {name}\n\nLoad average before: {before}; after: {after}.\n\n{}",
            report.text
        ))?;
        failed.extend(report.failed);
    }
    if !failed.is_empty() {
        bail!("not as it has to be: {}", failed.join("; "));
    }
    Ok(())
}

/// Copies of the programs, so that a build at the same time changes nothing under a measurement.
fn pin(bin: &Path) -> anyhow::Result<tempfile::TempDir> {
    let folder = tempfile::Builder::new()
        .prefix("torch-bench-bin.")
        .tempdir()?;
    for program in ["torch", "scm"] {
        std::fs::copy(bin.join(program), folder.path().join(program))
            .with_context(|| format!("failed to copy {}", bin.join(program).display()))?;
    }
    Ok(folder)
}

fn arguments(args: impl Iterator<Item = String>) -> anyhow::Result<(Setting, Vec<String>)> {
    let (mut effort, mut history, mut bin, mut only) = (Effort::Full, None, None, Vec::new());
    let mut minutes = SOAK_MINUTES;
    let mut args = args;
    while let Some(arg) = args.next() {
        let value = |args: &mut dyn Iterator<Item = String>| {
            args.next()
                .with_context(|| format!("{arg} needs a value\n{USAGE}"))
        };
        match arg.as_str() {
            "--quick" => effort = Effort::Quick,
            "--long" => history = Some(5_000_000),
            "--history" => {
                history = Some(
                    value(&mut args)?
                        .parse()
                        .context("--history takes a number")?,
                )
            }
            "--minutes" => {
                minutes = value(&mut args)?
                    .parse()
                    .ok()
                    .filter(|minutes| (1..=10_080).contains(minutes))
                    .context("--minutes takes a number from 1 to 10080, which is a week")?
            }
            "--bin" => bin = Some(PathBuf::from(value(&mut args)?)),
            "--only" => only.push(value(&mut args)?),
            _ => bail!("{arg:?} is no option\n{USAGE}"),
        }
    }
    if let Some(unknown) = only
        .iter()
        .find(|name| PARTS.iter().all(|(part, _)| part != name))
    {
        bail!("{unknown:?} is no part\n{USAGE}");
    }
    let bin = bin
        .context(USAGE)?
        .canonicalize()
        .context("--bin names no folder")?;
    for program in ["torch", "scm"] {
        if !bin.join(program).is_file() {
            bail!(
                "{} holds no `{program}`: cargo build --release -p torch-cli",
                bin.display()
            );
        }
    }
    Ok((
        Setting {
            effort,
            history,
            soak: Duration::from_secs(minutes * 60),
            bin,
        },
        only,
    ))
}

fn say(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .context("failed to write the figures")
}
