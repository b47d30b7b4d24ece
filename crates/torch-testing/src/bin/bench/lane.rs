//! From a commit in the developer's worktree until the tester's branch has it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use torch_process::CommandSpec;
use torch_testing::poll;

use crate::distribution::{Distribution, Figure, Unit};
use crate::world::World;
use crate::{Effort, Setting};

/// How long a merge may take before something is wrong with it.
const DEADLINE: Duration = Duration::from_secs(60);

/// How many files lie in one folder of the large repository.
const IN_FOLDER: usize = 100;

pub(crate) fn measure(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let rounds = match setting.effort {
        Effort::Full => 100,
        Effort::Quick => 5,
    };
    let mut figures = Vec::new();
    for (roles, files) in [(5, 100), (5, 10_000), (15, 100), (15, 10_000)] {
        let mut world = setting.world()?;
        let name = format!("lane-{roles}-{files}");
        let project = world.project(&name)?;
        fill(&world, &project, files)?;
        world.raise(&project, roles)?;
        let worktrees = world
            .registry()
            .join("projects")
            .join(&name)
            .join("worktrees");
        let mut times = Distribution::default();
        for round in 0..rounds {
            times.push_time(merged(&world, &project, &worktrees, round)?);
        }
        world.close()?;
        let what =
            format!("commit → merged in the tester's worktree, {roles} roles, {files} files");
        figures.push(Figure::new(what, Unit::Millis, times).goal(99, 5000.0));
    }
    Ok(figures)
}

fn git(world: &World, cwd: &Path, args: &[&str]) -> anyhow::Result<String> {
    let spec = CommandSpec::new("git", cwd, world.env().clone(), DEADLINE).args(args);
    Ok(torch_process::run(&spec)?.success_or_error()?.text())
}

fn fill(world: &World, project: &Path, files: usize) -> anyhow::Result<()> {
    for n in 0..files {
        let folder = project.join(format!("src-{}", n / IN_FOLDER));
        if n % IN_FOLDER == 0 {
            fs::create_dir_all(&folder)?;
        }
        fs::write(folder.join(format!("file-{n}.txt")), format!("text {n}\n"))?;
    }
    git(world, project, &["add", "-A"])?;
    git(world, project, &["commit", "-q", "-m", "Add the files"]).map(drop)
}

/// Commits one file, and says how long after the commit the tester's branch has it.
fn merged(
    world: &World,
    project: &Path,
    worktrees: &Path,
    round: usize,
) -> anyhow::Result<Duration> {
    let developer = worktrees.join("developer");
    fs::write(
        developer.join("src-0/file-0.txt"),
        format!("round {round}\n"),
    )?;
    let message = format!("Progress: round {round}");
    git(world, &developer, &["commit", "-q", "-a", "-m", &message])?;
    let started = Instant::now();
    // The branch moves after the files are there.
    let tip: PathBuf = project.join(".git/refs/heads/main-tester");
    let tester = worktrees.join("tester/src-0/file-0.txt");
    let wanted = git(world, &developer, &["rev-parse", "HEAD"])?;
    poll(DEADLINE, || {
        let there = fs::read_to_string(&tip).is_ok_and(|text| text.trim() == wanted);
        there.then_some(())
    })
    .with_context(|| format!("round {round} did not reach the tester"))?;
    let time = started.elapsed();
    let text = fs::read_to_string(&tester)?;
    anyhow::ensure!(
        text == format!("round {round}\n"),
        "the tester's file holds {text:?} after round {round}"
    );
    Ok(time)
}
