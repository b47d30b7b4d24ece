//! `torch auto` until every role is briefed, beside what the same agents need for their own start.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::bail;
use torch_api::wire::{AutoRequest, Stage};
use torch_api::{Request, Response};

use crate::alone::{Alone, Start};
use crate::distribution::{Distribution, Figure, Unit};
use crate::world::{ROLES, World};
use crate::{Effort, Setting};

/// The core team's size, and all built-in roles.
const SIZES: [usize; 2] = [5, 15];

pub(crate) fn measure(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let rounds = match setting.effort {
        Effort::Full => 10,
        Effort::Quick => 2,
    };
    let (mut figures, slowest) = own_start(setting, rounds)?;
    let mut cold = Distribution::default();
    for round in 0..rounds.div_ceil(3) {
        let mut world = setting.world()?;
        let project = world.project(&format!("cold-{round}"))?;
        cold.push_time(world.raise(&project, 5)?);
        world.close()?;
    }
    figures.push(Figure::new(
        "`torch auto`, 5 roles, daemon and tmux server started by it",
        Unit::Millis,
        cold,
    ));
    let mut world = setting.world()?;
    // A neighbour that stays: without any team the daemon would end its tmux server after each round.
    let neighbour = world.project("neighbour")?;
    world.raise(&neighbour, 1)?;
    for size in SIZES {
        let mut times = Distribution::default();
        for round in 0..rounds {
            let project = world.project(&format!("raise-{size}-{round}"))?;
            times.push_time(world.raise(&project, size)?);
            world.stop(&project)?;
        }
        let figure = Figure::new(format!("`torch auto`, {size} roles"), Unit::Millis, times);
        figures.push(match size {
            15 => figure.goal(50, 3000.0),
            _ => figure.goal(50, slowest + 1000.0),
        });
    }
    figures.extend(stages(&mut world, rounds)?);
    world.close()?;
    Ok(figures)
}

/// The agents' own start: one alone, and as many at once as the teams have. With it, the slowest of those alone, in
/// milliseconds.
fn own_start(setting: &Setting, rounds: usize) -> anyhow::Result<(Vec<Figure>, f64)> {
    let world = setting.world()?;
    let alone = Alone::start(world.dir(), world.env())?;
    let mut figures = Vec::new();
    let mut slowest = 0.0;
    for (count, name) in [
        (1, "one demo agent in a bare pane, to its SessionStart hook"),
        (5, "5 demo agents in bare panes at once, to the last hook"),
        (15, "15 demo agents in bare panes at once, to the last hook"),
    ] {
        let mut times = Distribution::default();
        let start = Start::demo(&setting.bin, count);
        for _ in 0..rounds {
            times.push_time(alone.agents(&start, |_| true)?.hook);
        }
        if count == 1 {
            slowest = times.percentile(100).unwrap_or_default();
        }
        figures.push(Figure::new(name, Unit::Millis, times));
    }
    drop(alone);
    world.close()?;
    Ok((figures, slowest))
}

/// When the last of fifteen agents came to each stage, counted from the request.
fn stages(world: &mut World, rounds: usize) -> anyhow::Result<Vec<Figure>> {
    let names = [
        (Stage::Worktree, "15 roles: last worktree stands"),
        (Stage::Window, "15 roles: last window is open"),
        (Stage::Ready, "15 roles: last agent is ready"),
        (Stage::Briefed, "15 roles: last agent is briefed"),
    ];
    let mut last = names.map(|_| Distribution::default());
    for round in 0..rounds {
        let project = world.project(&format!("stages-{round}"))?;
        let request = auto(world, &project, &ROLES, "demo");
        let (seen, _) = raise_by_request(world, request, names.map(|(stage, _)| stage))?;
        for (times, time) in last.iter_mut().zip(seen) {
            time.into_iter().for_each(|time| times.push_time(time));
        }
        world.stop(&project)?;
    }
    let figures = names.into_iter().zip(last);
    Ok(figures
        .map(|((_, name), times)| Figure::new(name, Unit::Millis, times))
        .collect())
}

/// The request for a team with these roles.
pub(crate) fn auto(world: &World, project: &Path, roles: &[&str], agent: &str) -> AutoRequest {
    AutoRequest {
        project: project.to_owned(),
        spec: project.join("spec.md"),
        roles: roles.iter().map(|&role| role.to_owned()).collect(),
        agents: vec![agent.to_owned()],
        secrets: Default::default(),
        choice: None,
        dry_run: false,
        router: None,
        policy: None,
        limits: Default::default(),
        lane: Default::default(),
        role_files: Default::default(),
        alone: false,
        paused: false,
        refined: None,
        scenario: (agent == "demo").then(|| project.join("quiet.toml")),
        env: world.text_env(),
    }
}

/// Raises a team: when the last agent came to each of these stages, and when all was done, counted from the request.
pub(crate) fn raise_by_request<const N: usize>(
    world: &World,
    request: AutoRequest,
    stages: [Stage; N],
) -> anyhow::Result<([Option<Duration>; N], Duration)> {
    let project = request.project.clone();
    let mut client = world.client()?;
    let mut seen = [None; N];
    let started = Instant::now();
    client.send(&Request::Auto(Box::new(request)))?;
    loop {
        match client.receive()? {
            Response::Progress { stage, .. } => {
                if let Some(at) = stages.iter().position(|wanted| *wanted == stage) {
                    seen[at] = Some(started.elapsed());
                }
            }
            Response::Raised { .. } => return Ok((seen, started.elapsed())),
            other => bail!("raising {} was answered by {other:?}", project.display()),
        }
    }
}
