//! What it costs to watch the git directories of a team that does nothing: CPU time of the daemon with all its children.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use torch_process::facts::descendants;

use crate::distribution::{Distribution, Figure, Unit};
use crate::idle::{pause, settle};
use crate::repository::{self, file, git, text, worktree};
use crate::world::World;
use crate::{Effort, Setting};

/// Fifteen roles have one each; the rest are a person's own.
const WORKTREES: usize = 20;
const ROLES: usize = 15;

/// Ticks of `/proc/PID/stat` in a second: `USER_HZ`, which is 100 on all of Linux' usual machines (proc(5)).
const TICKS: f64 = 100.0;

pub(crate) fn measure(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let (files, interval, rounds, commits) = match setting.effort {
        Effort::Full => (10_000, Duration::from_secs(60), 3, 20),
        Effort::Quick => (100, Duration::from_secs(10), 1, 3),
    };
    let mut world = setting.world()?;
    let project = repository::project(&world, "watch", files)?;
    world.raise(&project, ROLES)?;
    for number in ROLES..WORKTREES {
        let path = world.dir().join(format!("own-{number}"));
        let path = path.to_str().context("a path that is no text")?;
        let branch = format!("own-{number}");
        git(
            &world,
            &project,
            &["worktree", "add", "-q", "-b", &branch, path],
        )?;
    }
    settle(&world)?;
    let mut idle = Distribution::default();
    for _ in 0..rounds {
        idle.push(percent(&world, || {
            pause(interval);
            Ok(())
        })?);
    }
    let name = format!(
        "nothing moves, {WORKTREES} worktrees of {files} files: daemon and its children, CPU over {} s",
        interval.as_secs()
    );
    let idle = Figure::new(name, Unit::Percent, idle).goal(100, 0.5);
    let commits = while_committing(&world, commits, files)?;
    world.close()?;
    Ok(vec![idle, commits])
}

/// A role that nobody's lane begins with commits once a second.
fn while_committing(world: &World, commits: usize, files: usize) -> anyhow::Result<Figure> {
    let folder = worktree(world, "watch", "documentation_writer");
    let mut busy = Distribution::default();
    let used = percent(world, || {
        for round in 0..commits {
            let started = Instant::now();
            let words = format!("round {round}");
            fs::write(folder.join(file(0)), text(0, Some((0, &words))))?;
            let message = format!("Progress: round {round}");
            git(world, &folder, &["commit", "-q", "-a", "-m", &message])?;
            pause(Duration::from_secs(1).saturating_sub(started.elapsed()));
        }
        Ok(())
    })?;
    busy.push(used);
    Ok(Figure::new(
        format!(
            "one commit a second, {WORKTREES} worktrees of {files} files: the same over {commits} s"
        ),
        Unit::Percent,
        busy,
    ))
}

/// The CPU time that the daemon and what it starts use meanwhile, in percent of one core.
fn percent(world: &World, act: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let daemon = world.status()?.0.pid;
    let (before, started) = (ticks(daemon)?, Instant::now());
    act()?;
    let (used, time) = (ticks(daemon)? - before, started.elapsed());
    anyhow::ensure!(
        world.status()?.0.pid == daemon,
        "the daemon was another one at the end"
    );
    Ok(100.0 * used as f64 / TICKS / time.as_secs_f64())
}

/// The time that a process and its children have run so far: those that live, and those that it has waited for.
fn ticks(daemon: u32) -> anyhow::Result<u64> {
    let own = ticks_of(daemon).with_context(|| format!("process {daemon} is gone"))?;
    let below = descendants(daemon).into_iter();
    // One that ended meanwhile is in its parent's sum.
    Ok(own + below.filter_map(|child| ticks_of(child.pid)).sum::<u64>())
}

/// `utime`, `stime`, `cutime` and `cstime` of `/proc/PID/stat`.
fn ticks_of(pid: u32) -> Option<u64> {
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold anything, also brackets.
    let (_, rest) = line.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let times = fields.get(11..15)?.iter();
    times.map(|field| field.parse::<u64>().ok()).sum()
}
