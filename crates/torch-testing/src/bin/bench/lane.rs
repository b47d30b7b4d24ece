//! From a commit in the developer's worktree until the tester's branch has it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use torch_testing::poll;

use crate::distribution::{Distribution, Figure, Unit};
use crate::repository::{self, file, git, text, worktree};
use crate::world::World;
use crate::{Effort, Setting};

/// How long a merge may take before something is wrong with it.
const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) fn measure(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let rounds = match setting.effort {
        Effort::Full => 100,
        Effort::Quick => 5,
    };
    let mut figures = Vec::new();
    for (roles, files) in [(5, 100), (5, 10_000), (15, 100), (15, 10_000)] {
        let mut world = setting.world()?;
        let name = format!("lane-{roles}-{files}");
        let project = repository::project(&world, &name, files)?;
        world.raise(&project, roles)?;
        let roles_at = ["developer", "tester"].map(|role| worktree(&world, &name, role));
        let mut times = Distribution::default();
        for round in 0..rounds {
            times.push_time(merged(&world, &project, &roles_at, round)?);
        }
        world.close()?;
        let what =
            format!("commit → merged in the tester's worktree, {roles} roles, {files} files");
        figures.push(Figure::new(what, Unit::Millis, times).goal(99, 5000.0));
    }
    Ok(figures)
}

/// Commits one file, and says how long after the commit the tester's branch has it.
fn merged(
    world: &World,
    project: &Path,
    [developer, tester]: &[PathBuf; 2],
    round: usize,
) -> anyhow::Result<Duration> {
    let words = format!("round {round}");
    let expect = text(0, Some((0, &words)));
    fs::write(developer.join(file(0)), &expect)?;
    let message = format!("Progress: round {round}");
    git(world, developer, &["commit", "-q", "-a", "-m", &message])?;
    let started = Instant::now();
    // The branch moves after the files are there.
    let tip: PathBuf = project.join(".git/refs/heads/main-tester");
    let wanted = git(world, developer, &["rev-parse", "HEAD"])?;
    poll(DEADLINE, || {
        let there = fs::read_to_string(&tip).is_ok_and(|text| text.trim() == wanted);
        there.then_some(())
    })
    .with_context(|| format!("round {round} did not reach the tester"))?;
    let time = started.elapsed();
    let found = fs::read_to_string(tester.join(file(0)))?;
    anyhow::ensure!(
        found == expect,
        "the tester's file holds {found:?} after round {round}"
    );
    Ok(time)
}
