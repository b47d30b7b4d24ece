//! Fifteen worktrees for fifteen roles, beside `git worktree add` fifteen times.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use torch_api::wire::Stage;
use torch_process::CommandSpec;

use crate::distribution::{Distribution, Figure, Unit};
use crate::raise::{auto, raise_by_request};
use crate::repository::{self, git};
use crate::world::{ROLES, World};
use crate::{Effort, Setting};

/// How long the disk may take for all that was written before.
const SYNC_DEADLINE: Duration = Duration::from_secs(300);

pub(crate) fn measure(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let (sizes, rounds) = match setting.effort {
        Effort::Full => ([100, 10_000], 5),
        Effort::Quick => ([100, 1_000], 1),
    };
    let mut figures = Vec::new();
    for files in sizes {
        let [mut torch, mut plain, mut ratio] = [(); 3].map(|()| Distribution::default());
        for round in 0..rounds {
            // A new one each time: what the rounds before left would be in git's way.
            let mut world = setting.world()?;
            let neighbour = world.project("neighbour")?;
            world.raise(&neighbour, 1)?;
            let name = format!("worktrees-{files}");
            let project = repository::project(&world, &name, files)?;
            let (by_torch, by_git) = match round % 2 {
                0 => (by_torch(&mut world, &name)?, by_git(&world, &name)?),
                _ => {
                    let by_git = by_git(&world, &name)?;
                    (by_torch(&mut world, &name)?, by_git)
                }
            };
            for path in worktrees(&world, &project)? {
                anyhow::ensure!(
                    std::path::Path::new(&path)
                        .join(repository::file(files - 1))
                        .is_file(),
                    "{path} is not complete"
                );
            }
            torch.push_time(by_torch);
            plain.push_time(by_git);
            ratio.push(by_torch.as_secs_f64() / by_git.as_secs_f64());
            world.close()?;
        }
        let figure = |what: &str, unit, values| {
            Figure::new(
                format!("15 worktrees of {files} files: {what}"),
                unit,
                values,
            )
        };
        figures.extend([
            figure("request → the last of torch's stands", Unit::Millis, torch),
            figure(
                "`git worktree add -b`, one after the other",
                Unit::Millis,
                plain,
            ),
            figure("torch ÷ git", Unit::Ratio, ratio),
        ]);
    }
    Ok(figures)
}

/// Raises a team of all roles: the time from the request until the last worktree stood.
fn by_torch(world: &mut World, name: &str) -> anyhow::Result<Duration> {
    let project = world.dir().join("projects").join(name);
    settle(world)?;
    let request = auto(world, &project, &ROLES, "demo");
    world.will_stop(name);
    let ([last], _) = raise_by_request(world, request, [Stage::Worktree])?;
    last.context("no worktree was told of")
}

/// Fifteen worktrees, each with a branch of its own, by git alone.
fn by_git(world: &World, name: &str) -> anyhow::Result<Duration> {
    let project = world.dir().join("projects").join(name);
    settle(world)?;
    let started = Instant::now();
    for role in ROLES {
        let path = world.dir().join("by-git").join(role);
        let path = path.to_str().context("a path that is no text")?;
        let branch = format!("by-git-{role}");
        git(
            world,
            &project,
            &["worktree", "add", "-q", "-b", &branch, path],
        )?;
    }
    Ok(started.elapsed())
}

/// Waits until the disk has all that was written: otherwise whoever comes next pays for whoever came before.
fn settle(world: &World) -> anyhow::Result<()> {
    let spec = CommandSpec::new("sync", world.dir(), world.env().clone(), SYNC_DEADLINE);
    torch_process::run(&spec)?.success_or_error()?;
    Ok(())
}

/// The worktrees that git lists; all of both kinds and the project itself have to be there.
fn worktrees(world: &World, project: &std::path::Path) -> anyhow::Result<Vec<String>> {
    let listed = git(world, project, &["worktree", "list", "--porcelain"])?;
    let paths = listed
        .lines()
        .filter_map(|line| line.strip_prefix("worktree "));
    let paths: Vec<String> = paths.map(str::to_owned).collect();
    anyhow::ensure!(
        paths.len() == 1 + 2 * ROLES.len(),
        "git lists {} worktrees",
        paths.len()
    );
    Ok(paths)
}
