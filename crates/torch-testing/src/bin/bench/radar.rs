//! The conflict radar with fifteen branches, some of them in each other's way.

use std::fs;
use std::time::Instant;

use torch_api::git::{GitRequest, GitResponse, RadarView};
use torch_api::wire::TeamSelector;
use torch_api::{Request, Response};

use crate::distribution::{Distribution, Figure, Unit};
use crate::repository::{self, file, git, text, worktree};
use crate::world::{ROLES, World};
use crate::{Effort, Setting};

/// How many files each role has changed, besides the one that it shares with the next role.
const OWN: usize = 5;

/// How many pairs of roles change the same line.
const CONFLICTS: usize = 5;

pub(crate) fn measure(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let (sizes, rounds) = match setting.effort {
        Effort::Full => ([100, 10_000], 30),
        Effort::Quick => ([100, 1_000], 3),
    };
    let mut figures = Vec::new();
    for files in sizes {
        let mut world = setting.world()?;
        let name = format!("radar-{files}");
        let project = repository::project(&world, &name, files)?;
        // Otherwise what one commits would be merged into others' branches.
        world.set("DISABLE_FAST_LANE", "true".as_ref());
        world.raise(&project, ROLES.len())?;
        for number in 0..ROLES.len() {
            work(&world, &name, number)?;
        }
        let mut times = Distribution::default();
        let mut client = world.client()?;
        for _ in 0..rounds {
            let request = GitRequest::Radar {
                team: TeamSelector {
                    name: Some(name.clone()),
                    cwd: project.clone(),
                },
            };
            let started = Instant::now();
            let answer = client.call(&Request::Git(request))?;
            times.push_time(started.elapsed());
            check(&answer)?;
        }
        drop(client);
        world.close()?;
        let what = format!(
            "radar: 15 branches with {} files changed each, {CONFLICTS} pairs in conflict, of {files} files",
            OWN + 1
        );
        figures.push(Figure::new(what, Unit::Millis, times));
    }
    Ok(figures)
}

/// What a role changes: files of its own, the last of them not committed, and one file that three roles in a row have in common. Of
/// those the first two change the same line, which git can't merge; the third changes another one.
fn work(world: &World, name: &str, number: usize) -> anyhow::Result<()> {
    let folder = worktree(world, name, ROLES[number]);
    let words = format!("by {}", ROLES[number]);
    let change = |file_number: usize, line: usize| {
        let text = text(file_number, Some((line, &words)));
        fs::write(folder.join(file(file_number)), text)
    };
    let own = 20 + number * OWN;
    for at in own..own + OWN - 1 {
        change(at, 3)?;
    }
    let (shared, place) = (number / 3, number % 3);
    change(shared, if place == 2 { 30 } else { 10 })?;
    git(
        world,
        &folder,
        &["commit", "-q", "-a", "-m", "Progress: the work"],
    )?;
    change(own + OWN - 1, 3)?;
    Ok(())
}

fn check(answer: &Response) -> anyhow::Result<()> {
    let Response::Git(answer) = answer else {
        anyhow::bail!("the radar was answered by {answer:?}");
    };
    let GitResponse::Radar(RadarView {
        roles, overlaps, ..
    }) = &**answer
    else {
        anyhow::bail!("the radar was answered by {answer:?}");
    };
    let complete = roles
        .iter()
        .all(|role| (role.files, role.uncommitted) == (Some(OWN + 1), 1));
    let pairs = overlaps.iter().flat_map(|overlap| &overlap.pairs);
    let conflicts = pairs.filter(|pair| pair.conflict).count();
    anyhow::ensure!(
        complete && roles.len() == ROLES.len() && overlaps.len() == 5 && conflicts == CONFLICTS,
        "the radar saw {} overlaps with {conflicts} conflicts of {roles:?}",
        overlaps.len()
    );
    Ok(())
}
