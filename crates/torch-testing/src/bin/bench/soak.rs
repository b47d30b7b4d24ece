//! A soak: a team of fifteen at full speed while its programs are killed, and whether anything grows meanwhile.

mod check;
mod load;
mod sample;
mod trend;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use torch_store::Store;
use torch_testing::{poll, processes_of};

use crate::report::Report;
use crate::world::{ROLES, World};
use crate::{Effort, Setting};
use check::Check;
use load::{Done, Stage};
use sample::Sampler;
use trend::Judged;

/// How long the last messages may take to arrive, and the last program to come back.
const SETTLE: Duration = Duration::from_secs(120);
/// How long the world's processes may take to end.
const END: Duration = Duration::from_secs(20);

pub(crate) fn measure(setting: &Setting) -> anyhow::Result<Report> {
    let (time, judged) = match setting.effort {
        Effort::Full => (setting.soak, Judged::Yes),
        Effort::Quick => (Duration::from_secs(30), Judged::TooShort),
    };
    let mut world = setting.world()?;
    let project = world.project("soak")?;
    world.raise(&project, ROLES.len())?;
    uncapped(&world)?;
    let mut sampler = Sampler::new(&world)?;
    let done = run(&world, &project, time, &mut sampler)?;
    let mut checks = done.checks();
    if judged == Judged::Yes {
        checks.push(sampler.tmux());
    }
    checks.extend([settled(&world)?, buffers(&world)?]);
    world.leave()?;
    checks.push(ended(&world));
    let messages = stored(&world, &done, &mut checks)?;
    let report = report(&sampler, judged, time, &done, &messages, &checks);
    world.close()?;
    Ok(report)
}

/// Works at full speed for `time`, and takes samples meanwhile.
fn run(
    world: &World,
    project: &Path,
    time: Duration,
    sampler: &mut Sampler,
) -> anyhow::Result<Done> {
    let stage = Stage::new(world, project, time);
    std::thread::scope(|scope| {
        let works = load::start(scope, &stage);
        let interval = sample::interval(time);
        let mut next = Instant::now() + interval;
        while stage.goes_on() {
            stage.pause_until(next);
            next += interval;
            if let Err(error) = sampler.take(world, stage.delivered()) {
                stage.end();
                return Err(error.context("no sample could be taken"));
            }
        }
        let mut all = Done::default();
        for work in works {
            all.add(work.join().ok().context("a part of the load panicked")?);
        }
        Ok(all)
    })
}

/// A capped agent gets nothing more after a few seconds at this speed.
fn uncapped(world: &World) -> anyhow::Result<()> {
    for team in world.status()?.1 {
        let caps = team.caps.context("the daemon tells no caps")?;
        ensure!(
            (caps.turns_per_hour, caps.restarts_per_hour) == (0, 0),
            "{} has caps: {caps:?}",
            team.name
        );
    }
    Ok(())
}

/// Whether everything comes to rest by itself.
fn settled(world: &World) -> anyhow::Result<Check> {
    let restless = || -> anyhow::Result<Vec<String>> {
        let agents = world.agents()?.into_iter();
        let mut names: Vec<String> = agents
            .filter(|agent| ROLES.contains(&agent.role.as_str()))
            .filter(|agent| !(agent.briefed && agent.state.takes_messages() && agent.waiting == 0))
            .map(|agent| {
                format!(
                    "{} is {}, {} messages wait",
                    agent.role, agent.state, agent.waiting
                )
            })
            .collect();
        names.sort();
        Ok(names)
    };
    poll(SETTLE, || restless().ok()?.is_empty().then_some(()));
    Ok(Check::new(
        "all agents are idle and briefed at the end, and nothing waits",
        restless()?,
    ))
}

/// Whether a paste left its buffer in the tmux server.
fn buffers(world: &World) -> anyhow::Result<Check> {
    let list = world.tmux_text(&["list-buffers", "-F", "#{buffer_name}"])?;
    let left = list.lines().map(str::to_owned).collect();
    Ok(Check::new("no paste buffer is left in tmux", left))
}

/// Whether `torch stop` and the daemon's end took everything along.
fn ended(world: &World) -> Check {
    let mut left = Vec::new();
    poll(END, || {
        left = processes_of(world.dir());
        left.is_empty().then_some(())
    });
    let left = left
        .into_iter()
        .map(|(process, command)| format!("{} ({command})", process.pid));
    Check::new(
        "no process is left after `torch stop` and `torch daemon stop`",
        left.collect(),
    )
}

/// Reads what is on disk when all is over: the database and the ledgers.
fn stored(world: &World, done: &Done, checks: &mut Vec<Check>) -> anyhow::Result<check::Messages> {
    let path = world.registry().join("torch.db");
    let store = Store::open_read_only(&path)?;
    let audit = store.verify()?;
    checks.push(Check::new(
        "the journal's chain holds",
        audit
            .broken
            .into_iter()
            .map(|it| format!("{it:?}"))
            .collect(),
    ));
    let messages = check::Messages::read(&store, &path)?;
    let ledgers = check::ledgers(&world.registry().join("run/agents"))?;
    checks.extend(check::compare(&messages, &ledgers, &done.sent));
    Ok(messages)
}

fn report(
    sampler: &Sampler,
    judged: Judged,
    time: Duration,
    done: &Done,
    messages: &check::Messages,
    checks: &[Check],
) -> Report {
    let mut lines = vec![trend::HEAD.to_owned()];
    let mut failed = Vec::new();
    for series in sampler.series() {
        let (row, missed) = series.row(judged);
        lines.push(row);
        failed.extend(missed);
    }
    lines.push(String::new());
    let seconds = time.as_secs();
    lines.push(format!("- time: {seconds} s, {} samples", sampler.count()));
    lines.extend(done.lines(time));
    lines.extend(messages.lines());
    lines.push(String::new());
    for check in checks {
        lines.push(check.line());
        failed.extend(check.failure());
    }
    Report {
        text: lines.join("\n"),
        failed,
    }
}
