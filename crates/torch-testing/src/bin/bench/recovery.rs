//! From a crash until everything works again: of the daemon, of one agent, of the tmux server, of all at once.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use torch_api::view::AgentView;
use torch_core::{DeliveryState, Process};
use torch_process::{CommandSpec, facts};
use torch_testing::poll;

use crate::distribution::{Distribution, Figure, Unit};
use crate::send::{self, Letter};
use crate::world::World;
use crate::{Effort, Setting};

/// Agents in all, and how many worlds are killed in a full run.
const SIZES: [(usize, usize); 4] = [(1, 10), (5, 10), (15, 5), (50, 3)];
/// The most agents of one team.
const TEAM: usize = 15;
/// Reached only when something does not come back.
const DEADLINE: Duration = Duration::from_secs(90);

/// The goals in milliseconds.
const DAEMON: f64 = 2_000.0;
const AGENT: f64 = 15_000.0;
const SERVER: f64 = 60_000.0;

/// One size's times.
#[derive(Default)]
struct Times {
    answers: Distribution,
    proven: Distribution,
    agent: Distribution,
    server: Distribution,
    resumed: Distribution,
}

pub(crate) fn measure(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (size, worlds) in SIZES {
        let worlds = match setting.effort {
            Effort::Full => worlds,
            Effort::Quick => 1,
        };
        let mut times = Times::default();
        for _ in 0..worlds {
            let mut crashed = Crashed::raise(setting, size)?;
            // Each of them once in a world: whatever ends again and again is brought back after longer and longer pauses.
            crashed.kill_daemon(&mut times)?;
            crashed.kill_agent(&mut times)?;
            crashed.kill_server(&mut times)?;
            crashed.kill_all(&mut times)?;
            crashed.world.close()?;
        }
        let figure = |name: &str, times, goal| {
            let name = format!("{size} agents: {name}");
            Figure::new(name, Unit::Millis, times).goal(100, goal)
        };
        figures.extend([
            figure("daemon killed → it answers", times.answers, DAEMON),
            figure(
                "daemon killed → a message sent then is proven",
                times.proven,
                DAEMON,
            ),
            figure("one agent killed → it is briefed", times.agent, AGENT),
            figure("tmux server killed → all are briefed", times.server, SERVER),
            figure(
                "all killed, `torch resume` → all are briefed",
                times.resumed,
                SERVER,
            ),
        ]);
    }
    Ok(figures)
}

/// A world whose parts are killed.
struct Crashed {
    world: World,
    projects: Vec<PathBuf>,
    size: usize,
}

impl Crashed {
    fn raise(setting: &Setting, size: usize) -> anyhow::Result<Self> {
        let mut world = setting.world()?;
        let mut projects = Vec::new();
        while projects.len() * TEAM < size {
            let project = world.project(&format!("crash-{}", projects.len()))?;
            world.raise(&project, TEAM.min(size - projects.len() * TEAM))?;
            projects.push(project);
        }
        Ok(Self {
            world,
            projects,
            size,
        })
    }

    fn daemon(&self) -> anyhow::Result<Process> {
        let pid = self.world.status()?.0.pid;
        facts::process(pid).context("the daemon is gone")
    }

    /// Looks (every 15 ms) until all agents run, in other processes than `before`, and are briefed.
    fn await_briefed(&self, before: &[AgentView]) -> anyhow::Result<()> {
        let back = |agent: &AgentView| {
            let new = agent.pid.is_some() && !before.iter().any(|old| old.pid == agent.pid);
            new && agent.briefed && agent.state.is_live()
        };
        let all = || {
            let agents = self.world.agents().ok()?;
            (agents.len() == self.size && agents.iter().all(back)).then_some(())
        };
        poll(DEADLINE, all).with_context(|| {
            let agents = self.world.agents().unwrap_or_default();
            let states: Vec<String> = agents
                .iter()
                .filter(|agent| !back(agent))
                .map(|agent| {
                    let (role, evidence) = (&agent.role, &agent.evidence.detail);
                    format!("{role} is {} ({evidence}; {:?})", agent.state, agent.left)
                })
                .collect();
            format!(
                "of {} agents these did not come back: {}",
                self.size,
                states.join("; ")
            )
        })
    }

    fn kill_daemon(&mut self, times: &mut Times) -> anyhow::Result<()> {
        kill(&[self.daemon()?])?;
        let started = Instant::now();
        // Nobody starts it from here: the wrappers do.
        poll(DEADLINE, || self.world.status().ok()).context("no daemon came back")?;
        times.answers.push_time(started.elapsed());
        let project = &self.projects[0];
        let letter = Letter::new("orchestrator", project).until(DeliveryState::Accepted);
        send::send(&mut self.world.client()?, &letter)?;
        times.proven.push_time(started.elapsed());
        send::await_turn(&mut self.world.client()?, &letter)?;
        Ok(())
    }

    fn kill_agent(&mut self, times: &mut Times) -> anyhow::Result<()> {
        let mut agents = self.world.agents()?;
        // The last one: no hub, where there are others.
        let victim = agents.split_off(self.size - 1);
        let others: Vec<Option<u32>> = agents.iter().map(|agent| agent.pid).collect();
        let process = victim[0].pid.and_then(facts::process);
        kill(&[process.context("the agent does not run")?])?;
        let started = Instant::now();
        let back = || {
            let agents = self.world.agents().ok()?;
            let agent = agents.last()?;
            (agent.briefed && agent.state.is_live() && agent.pid != victim[0].pid).then_some(())
        };
        poll(DEADLINE, back).context("the agent did not come back")?;
        times.agent.push_time(started.elapsed());
        let after = self.world.agents()?;
        let after: Vec<Option<u32>> = after.iter().map(|agent| agent.pid).collect();
        if after[..self.size - 1] != others {
            bail!("other agents ended, too");
        }
        Ok(())
    }

    fn kill_server(&mut self, times: &mut Times) -> anyhow::Result<()> {
        let before = self.world.agents()?;
        kill(&[self.world.tmux()?])?;
        let started = Instant::now();
        self.await_briefed(&before)?;
        times.server.push_time(started.elapsed());
        Ok(())
    }

    fn kill_all(&mut self, times: &mut Times) -> anyhow::Result<()> {
        let before = self.world.agents()?;
        let wrappers = before.iter().filter_map(|agent| Some(agent.pane?.pid));
        let programs = before.iter().filter_map(|agent| agent.pid);
        let agents = wrappers.chain(programs).filter_map(facts::process);
        let mut all = vec![self.daemon()?, self.world.tmux()?];
        all.extend(agents);
        kill(&all)?;
        let started = Instant::now();
        for project in &self.projects {
            self.world.timed("torch", &["resume"], project)?;
        }
        self.await_briefed(&before)?;
        times.resumed.push_time(started.elapsed());
        Ok(())
    }
}

/// Ends processes by SIGKILL, all of them stopped first, so that none sees another's end; returns once they are gone.
pub(crate) fn kill(processes: &[Process]) -> anyhow::Result<()> {
    let env = torch_process::env::inherited(std::env::vars_os());
    let pids: Vec<String> = processes.iter().map(|it| it.pid.to_string()).collect();
    for signal in ["STOP", "KILL"] {
        let spec = CommandSpec::new("kill", "/", env.clone(), Duration::from_secs(10));
        // It fails where the end of one has already taken another one along; that all are gone is seen below.
        torch_process::run(&spec.args(["-s", signal]).args(&pids))?;
    }
    for process in processes {
        if !torch_process::await_end(*process, Some(DEADLINE)) {
            bail!("process {} does not end", process.pid);
        }
    }
    Ok(())
}
