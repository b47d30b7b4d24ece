//! What idle teams cost: CPU time and resident memory of the daemon and of the tmux server.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use torch_process::usage;

use crate::distribution::{Distribution, Figure, Unit};
use crate::world::World;
use crate::{Effort, Setting};

/// One team has at most the fifteen built-in roles.
const TEAM: usize = 15;

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
        while raised < size {
            let roles = TEAM.min(size - raised);
            let project = world.project(&format!("idle-{raised}"))?;
            world
                .raise(&project, roles)
                .with_context(|| format!("{raised} agents were reached"))?;
            raised += roles;
        }
        let time = [started.elapsed().as_secs_f64() * 1000.0]
            .into_iter()
            .collect();
        figures.push(Figure::new(
            format!("raising agents {} to {size}", before + 1),
            Unit::Millis,
            time,
        ));
        settle(&world, interval)?;
        figures.extend(observe(&world, size, interval, rounds)?);
    }
    figures.extend(per_agent(&world)?);
    world.close()?;
    Ok(figures)
}

/// Waits until every agent has been idle for a while, so that the last turn's work is not measured.
fn settle(world: &World, interval: Duration) -> anyhow::Result<()> {
    let until = Instant::now() + Duration::from_secs(60);
    while !world
        .agents()?
        .iter()
        .all(|agent| agent.state.takes_messages())
    {
        anyhow::ensure!(Instant::now() < until, "not all agents became idle");
        pause(Duration::from_millis(100));
    }
    pause(interval / 4);
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
        let before = [cpu_time(daemon)?, cpu_time(tmux)?];
        let started = Instant::now();
        pause(interval);
        let elapsed = started.elapsed().as_secs_f64();
        for (at, pid) in [daemon, tmux].into_iter().enumerate() {
            let used = cpu_time(pid)?.saturating_sub(before[at]).as_secs_f64();
            cpu[at].push(100.0 * used / elapsed);
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

fn cpu_time(pid: u32) -> anyhow::Result<Duration> {
    usage::cpu_time(pid).with_context(|| format!("process {pid} is gone"))
}

fn megabytes(pid: u32) -> anyhow::Result<f64> {
    let bytes = usage::resident_memory(pid).with_context(|| format!("process {pid} is gone"))?;
    Ok(bytes as f64 / 1e6)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the time that passes is what is measured"
)]
fn pause(time: Duration) {
    std::thread::sleep(time);
}
