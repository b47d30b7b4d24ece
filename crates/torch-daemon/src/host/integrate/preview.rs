//! What an integration would do now; nothing is changed by that.

use std::path::Path;

use torch_api::Response;
use torch_api::git::GitResponse;
use torch_api::integrate::IntegrationPreview;
use torch_integration::integrate::{self, Found, follow};
use torch_worktree::Git;

use super::{Site, Why};
use crate::failure::other;
use crate::integrate::Job;

/// Looks, and merges in memory.
pub(crate) fn preview(git: &Git, home: &Path, job: &Job) -> Response {
    match seen(git, home, job) {
        Ok(view) => Response::Git(Box::new(GitResponse::Preview(Box::new(view)))),
        Err(why) => {
            let error = "failed to look what there is to integrate";
            Response::Failed(other(error, &why, Some("torch doctor")))
        }
    }
}

fn seen(git: &Git, home: &Path, job: &Job) -> Result<IntegrationPreview, Why> {
    let site = Site::new(git, (home, None), job)?;
    let found = site.seen(false)?;
    let mut row = job.row.clone();
    let now = row.at;
    let uncommitted = found
        .work
        .iter()
        .filter(|work| work.changed > 0 || work.operation.is_some());
    let uncommitted = uncommitted.map(|work| (work.role.to_string(), integrate::uncommitted(work)));
    let uncommitted = uncommitted.collect();
    let (parent_tip, notes) = (found.parent.clone(), found.notes.clone());
    // Nobody is asked for anything, and nobody is waited for.
    let mut rules = job.rules.clone();
    rules.agents_commit = false;
    follow(&mut row, &rules, Found::Seen(found), now);
    row.giving_up = None;
    // One that goes in with another one leaves the merges, and it is looked again.
    while !row.merges.is_empty()
        && row.wait.is_none()
        && let Err(conflict) = site.chained(&row.parent_tip, &row.merges)?
    {
        row.built = None;
        follow(&mut row, &rules, conflict, now);
    }
    let tests = match rules.command(&row) {
        Some(command) => format!("torch runs `{command}`"),
        None => "a role is asked to run them (integration.run_tests is false)".to_owned(),
    };
    let land = match row.by_pull_request {
        true => "a pull request, merged with gh".to_owned(),
        false => format!("{} is moved here, without a pull request", row.parent),
    };
    let gates = job.rules.gates.iter().map(|gate| {
        let word = if gate.at_least { "at least" } else { "at most" };
        format!("{} {word} {}", gate.name, gate.bound / 1_000)
    });
    Ok(IntegrationPreview {
        team: rules.team.clone(),
        parent: row.parent.clone(),
        parent_tip,
        branch: row.branch.clone(),
        uncommitted,
        conflicts: row.conflicts.clone(),
        tests,
        review: job.rules.review_by(),
        land,
        gates: gates.collect(),
        notes,
        merges: row.merges,
    })
}
