//! What torch's hooks cost an agent: the same commit with the environment of its launch, and with that of a person.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use torch_core::forbidden::RULES_VARIABLE;
use torch_process::Environment;

use crate::distribution::{Distribution, Figure, Unit};
use crate::repository::{self, file, git_with, text, worktree};
use crate::world::World;
use crate::{Effort, Setting};

/// The variable that leads an agent's git to torch's hooks.
const PARAMETERS: &str = "GIT_CONFIG_PARAMETERS";

/// What is timed: its name, the arguments, and whether a change is staged before.
const COMMANDS: [(&str, &[&str], bool); 3] = [
    (
        "`git commit`",
        &["commit", "-q", "-m", "Progress: a line"],
        true,
    ),
    (
        "`git commit --amend`",
        &["commit", "-q", "--amend", "-m", "Progress: the line"],
        true,
    ),
    ("`git status`", &["status", "--short"], false),
];

pub(crate) fn measure(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let rounds = match setting.effort {
        Effort::Full => 100,
        Effort::Quick => 10,
    };
    let mut world = setting.world()?;
    let project = repository::project(&world, "hooks", 100)?;
    // Nobody that a commit would be merged to.
    world.raise_roles(&project, &["orchestrator", "developer"])?;
    let folder = worktree(&world, "hooks", "developer");
    let own = agents_environment(&world, "developer")?;
    let plain = without_hooks(&own);
    let mut figures = Vec::new();
    for (name, args, staged) in COMMANDS {
        let [mut with, mut without] = [Distribution::default(), Distribution::default()];
        let [mut more, mut ratio] = [Distribution::default(), Distribution::default()];
        for round in 0..rounds {
            let change = |env| timed(env, &folder, (name, args, staged), round);
            // Each of the two comes first every other time.
            let (one, other) = match round % 2 {
                0 => (change(&own)?, change(&plain)?),
                _ => {
                    let other = change(&plain)?;
                    (change(&own)?, other)
                }
            };
            with.push_time(one);
            without.push_time(other);
            more.push((one.as_secs_f64() - other.as_secs_f64()) * 1000.0);
            ratio.push(one.as_secs_f64() / other.as_secs_f64());
        }
        let figure =
            |what: &str, unit, values| Figure::new(format!("{name}, {what}"), unit, values);
        figures.extend([
            figure("torch's hooks", Unit::Millis, with),
            figure("without", Unit::Millis, without),
            figure("the difference", Unit::Millis, more),
            figure("with ÷ without", Unit::Ratio, ratio),
        ]);
    }
    world.close()?;
    Ok(figures)
}

/// Runs the command, after a change of one line where it takes one.
fn timed(
    env: &Environment,
    folder: &Path,
    (name, args, staged): (&str, &[&str], bool),
    round: usize,
) -> anyhow::Result<Duration> {
    if staged {
        let hooks = env.contains_key(std::ffi::OsStr::new(PARAMETERS));
        let words = format!("{name} {round} {hooks}");
        fs::write(folder.join(file(0)), text(0, Some((0, &words))))?;
        git_with(env, folder, &["add", "-A"])?;
    }
    let started = Instant::now();
    git_with(env, folder, args)?;
    Ok(started.elapsed())
}

/// The environment that an agent's program was started with, and git's author.
fn agents_environment(world: &World, role: &str) -> anyhow::Result<Environment> {
    for agent in fs::read_dir(world.registry().join("run/agents"))? {
        let launch = fs::read_to_string(agent?.path().join("launch.json"))?;
        let launch: serde_json::Value = serde_json::from_str(&launch)?;
        if launch["role"].as_str() != Some(role) {
            continue;
        }
        let env: BTreeMap<String, String> = serde_json::from_value(launch["env"].clone())?;
        anyhow::ensure!(
            env.contains_key(PARAMETERS) && env.contains_key(RULES_VARIABLE),
            "the {role} is started without torch's hooks"
        );
        let env = env.into_iter();
        return Ok(env
            .map(|(name, value)| (name.into(), value.into()))
            .collect());
    }
    anyhow::bail!("no {role} was started")
}

/// The same without what leads to torch's hooks.
fn without_hooks(env: &Environment) -> Environment {
    let mut env = env.clone();
    env.retain(|name, _| name != PARAMETERS && name != RULES_VARIABLE);
    env
}
