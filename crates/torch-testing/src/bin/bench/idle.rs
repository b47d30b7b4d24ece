//! What idle teams cost: CPU time and resident memory of the daemon and of the tmux server.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use torch_process::usage;

use crate::distribution::{Distribution, Figure, Unit};
use crate::world::World;
use crate::{Effort, Setting};

/// One team has at most the fifteen built-in roles.
const TEAM: usize = 15;

/// Longer than tokio's blocking pool keeps a thread that has nothing to do (10 s). A thread that ends takes its time
/// out of the sum.
const POOL_IDLE: Duration = Duration::from_secs(12);

pub(crate) fn measure(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let (sizes, interval, rounds) = match setting.effort {
        Effort::Full => (&[20, 100, 300][..], Duration::from_secs(20), 3),
        Effort::Quick => (&[20][..], Duration::from_secs(5), 1),
    };
    let mut world = setting.world()?;
    let mut figures = Vec::new();
    let mut raised = 0;
    for &size in sizes {
        let before = raised;
        let started = Instant::now();
        let grown = grow(&mut world, &mut raised, size);
        let time = [started.elapsed().as_secs_f64() * 1000.0];
        let time = time.into_iter().collect();
        if let Err(error) = grown {
            let name = format!("of {size} agents only {raised} were reached: {error:#}");
            figures.push(Figure::new(name, Unit::Millis, time));
            break;
        }
        let name = format!("raising agents {} to {size}", before + 1);
        figures.push(Figure::new(name, Unit::Millis, time));
        settle(&world)?;
        figures.extend(observe(&world, size, interval, rounds)?);
    }
    figures.extend(per_agent(&world)?);
    world.close()?;
    Ok(figures)
}

/// Raises teams until there are `size` agents; `raised` says how many there are, also after an error.
fn grow(world: &mut World, raised: &mut usize, size: usize) -> anyhow::Result<()> {
    while *raised < size {
        let roles = TEAM.min(size - *raised);
        let project = world.project(&format!("idle-{raised}"))?;
        world.raise(&project, roles)?;
        *raised += roles;
    }
    Ok(())
}

/// Waits until every agent is idle, and then for the end of the threads that the daemon raised them with.
pub(crate) fn settle(world: &World) -> anyhow::Result<()> {
    let until = Instant::now() + Duration::from_secs(60);
    while !world
        .agents()?
        .iter()
        .all(|agent| agent.state.takes_messages())
    {
        anyhow::ensure!(Instant::now() < until, "not all agents became idle");
        pause(Duration::from_millis(100));
    }
    pause(POOL_IDLE);
    Ok(())
}

fn observe(
    world: &World,
    size: usize,
    interval: Duration,
    rounds: usize,
) -> anyhow::Result<Vec<Figure>> {
    let daemon = world.status()?.0.pid;
    let tmux = world.tmux()?.pid;
    let mut cpu = [Distribution::default(), Distribution::default()];
    let mut memory = [Distribution::default(), Distribution::default()];
    for _ in 0..rounds {
        let before = [threads(daemon)?, threads(tmux)?];
        let started = Instant::now();
        pause(interval);
        let elapsed = started.elapsed().as_secs_f64();
        for (at, pid) in [daemon, tmux].into_iter().enumerate() {
            let used = used(&before[at], &threads(pid)?)
                .with_context(|| format!("a thread of process {pid} ended while it was watched"))?;
            cpu[at].push(100.0 * used.as_secs_f64() / elapsed);
            memory[at].push(megabytes(pid)?);
        }
    }
    let [daemon_cpu, tmux_cpu] = cpu;
    let [daemon_memory, tmux_memory] = memory;
    let mut daemon_cpu = Figure::new(
        format!("{size} idle agents: daemon, CPU"),
        Unit::Percent,
        daemon_cpu,
    );
    let mut daemon_memory = Figure::new(
        format!("{size} idle agents: daemon, VmRSS"),
        Unit::Megabytes,
        daemon_memory,
    );
    if size == 20 {
        daemon_cpu = daemon_cpu.goal(100, 1.0);
        daemon_memory = daemon_memory.goal(100, 20.0);
    }
    Ok(vec![
        daemon_cpu,
        daemon_memory,
        Figure::new(
            format!("{size} idle agents: tmux server, CPU"),
            Unit::Percent,
            tmux_cpu,
        ),
        Figure::new(
            format!("{size} idle agents: tmux server, VmRSS"),
            Unit::Megabytes,
            tmux_memory,
        ),
    ])
}

/// Resident memory of each agent's wrapper and of the demo program in it.
fn per_agent(world: &World) -> anyhow::Result<Vec<Figure>> {
    let (mut wrappers, mut programs) = (Distribution::default(), Distribution::default());
    for agent in world.agents()? {
        wrappers.push(megabytes(agent.pane.context("an agent has no pane")?.pid)?);
        programs.push(megabytes(agent.pid.context("an agent has no process")?)?);
    }
    Ok(vec![
        Figure::new(
            "per agent: torch's wrapper in the pane, VmRSS",
            Unit::Megabytes,
            wrappers,
        ),
        Figure::new(
            "per agent: the demo program, VmRSS",
            Unit::Megabytes,
            programs,
        ),
    ])
}

/// The time that each thread of a process has run (`/proc/PID/task/TID/schedstat`, in nanoseconds).
fn threads(pid: u32) -> anyhow::Result<BTreeMap<OsString, u64>> {
    let folder = format!("/proc/{pid}/task");
    let mut times = BTreeMap::new();
    for task in fs::read_dir(&folder).with_context(|| format!("process {pid} is gone"))? {
        let task = task?;
        let text = fs::read_to_string(task.path().join("schedstat"))?;
        let nanos = text.split(' ').next().unwrap_or_default().parse()?;
        times.insert(task.file_name(), nanos);
    }
    Ok(times)
}

/// The time that ran between two looks; `None` if a thread has ended meanwhile, as nobody knows then how long it ran.
fn used(before: &BTreeMap<OsString, u64>, after: &BTreeMap<OsString, u64>) -> Option<Duration> {
    let sum = |times: &BTreeMap<OsString, u64>| times.values().sum::<u64>();
    let complete = before.keys().all(|thread| after.contains_key(thread));
    complete.then(|| Duration::from_nanos(sum(after) - sum(before)))
}

fn megabytes(pid: u32) -> anyhow::Result<f64> {
    let bytes = usage::resident_memory(pid).with_context(|| format!("process {pid} is gone"))?;
    Ok(bytes as f64 / 1e6)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the time that passes is what is measured"
)]
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}
