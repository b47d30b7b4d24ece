//! `torch git health`, `risk` and `log`: what the repository and the journal know.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use torch_api::git::{
    BranchView, EntryView, GitResponse, HealthView, LogFilter, ParentCommit, RiskLevel, RiskRow,
    RiskView, SharedView, Unread,
};
use torch_api::{Failure, Response};
use torch_core::Timestamp;
use torch_core::git_activity::Standing;
use torch_store::{Store, StoreError};
use torch_worktree::{Git, Overlap, StandingsRequest, Tips, Touched, WorktreeError};

use super::git::failure;
use super::radar;
use super::worktrees::astray;
use crate::event::ConnId;
use crate::worktrees::{Order, Registered, Repositories};

/// How many commits the graph has, and how many of the parent's are listed.
const SHOWN: usize = 20;
/// How long a day is.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// More commits behind the parent than this are a risk.
const BEHIND_MAX: u64 = 20;
/// How many entries of the journal are looked through.
const LOOKED: u32 = 10_000;
/// How many entries are shown where nobody says it.
const ENTRIES: u32 = 50;

/// Answers what only looks at agents' work; `run` is where folders of a question alone are made.
pub(super) fn answer(git: &Git, run: &Path, conn: ConnId, order: Order) -> Response {
    let scratch = |team: &str| run.join(format!("radar-{team}-{}", conn.0));
    match order {
        Order::Radar {
            team,
            parent,
            agents,
        } => radar::answer(git, &scratch(&team), &team, (&parent, &agents)),
        Order::Health { view, at, now } => health(git, *view, &at, now),
        Order::Risk { team, at } => risk(git, &scratch(&team), &team, &at),
        other => unreachable!("{other:?} is carried out elsewhere"),
    }
}

/// Adds to a view what the repository knows.
fn health(git: &Git, mut view: HealthView, at: &Repositories, now: Timestamp) -> Response {
    match fill(git, &mut view, at, now) {
        Ok(()) => Response::Git(Box::new(GitResponse::Health(Box::new(view)))),
        Err(error) => Response::Failed(failure(&error)),
    }
}

fn fill(
    git: &Git,
    view: &mut HealthView,
    at: &Repositories,
    now: Timestamp,
) -> Result<(), WorktreeError> {
    let (tips, standings) = stand(git, at)?;
    let common = at.common_dir.as_path();
    let parent = tips.refs.get(&format!("refs/heads/{}", at.parent)).cloned();
    let mut drawn: Vec<String> = parent.iter().cloned().collect();
    for (role, standing) in &standings {
        let Some(branch) = view.branches.iter_mut().find(|branch| branch.role == *role) else {
            continue;
        };
        drawn.push(standing.head.clone());
        branch.last_commit = torch_worktree::made_at(git, common, &standing.head).ok();
        put(branch, standing);
        branch.unpushed = torch_worktree::not_pushed(git, common, &standing.head, &at.withheld)?;
    }
    for branch in &mut view.branches {
        if branch.problem.is_some() {
            continue;
        }
        let mut agents = at.agents.iter().map(|(_, one)| one);
        let its = agents.find(|one| one.role.as_str() == branch.role);
        (branch.problem, branch.mend) = its.and_then(|one| astray(&one.path)).unzip();
        if branch.head.is_none() && branch.problem.is_none() {
            branch.problem = Some("git knows of no commit there".to_owned());
        }
    }
    drawn.sort_unstable();
    drawn.dedup();
    let drawn: Vec<&str> = drawn.iter().map(String::as_str).collect();
    view.graph = torch_worktree::graph(git, common, &drawn, SHOWN)?;
    view.remote = torch_worktree::has_remote(git, common)?;
    view.parent_not_pushed =
        torch_worktree::branch_not_pushed(git, common, &at.parent, &at.withheld)?;
    // Of a branch that is gone nothing is told.
    let Some(parent) = parent else {
        return Ok(());
    };
    let (commits, _) = torch_worktree::newest(git, common, &parent)?;
    let mut today: Vec<_> = commits
        .into_iter()
        .filter(|commit| now.since(commit.at) < DAY)
        .collect();
    view.parent_more = today.len().saturating_sub(SHOWN);
    today.truncate(SHOWN);
    let today = today.into_iter().map(|commit| ParentCommit {
        commit: commit.id,
        subject: commit.subject,
        author: commit.author,
        at: commit.at,
    });
    view.parent_commits = today.collect();
    view.parent_commit = parent;
    Ok(())
}

fn put(branch: &mut BranchView, standing: &Standing) {
    branch.branch.clone_from(&standing.branch);
    branch.head = Some(standing.head.clone());
    branch.ahead = standing.ahead;
    branch.behind = standing.behind;
}

/// How the branches stand now, by role.
fn stand(
    git: &Git,
    at: &Repositories,
) -> Result<(Tips, BTreeMap<String, Standing>), WorktreeError> {
    let tips = Tips::read(git, &at.common_dir)?;
    let owners = at
        .agents
        .iter()
        .map(|(agent, one)| (*agent, one.path.clone()));
    let owners: Vec<_> = owners.collect();
    let base = (
        at.base_commit.as_str(),
        &*format!("refs/heads/{}", at.parent),
    );
    let request = StandingsRequest {
        common_dir: &at.common_dir,
        tips: &tips,
        base,
        owners: &owners,
        withheld: &at.withheld,
    };
    let found = torch_worktree::standings(git, &request)?;
    let role = |standing: &Standing| {
        let mut agents = at.agents.iter();
        let found = agents.find(|(agent, _)| *agent == standing.agent);
        found.map(|(_, one)| one.role.to_string())
    };
    let by_role = found.into_iter().filter_map(|one| Some((role(&one)?, one)));
    Ok((tips, by_role.collect()))
}

fn parent_of(tips: &Tips, at: &Repositories) -> String {
    let found = tips.refs.get(&format!("refs/heads/{}", at.parent));
    found.unwrap_or(&at.base_commit).clone()
}

/// Whose work is hardest to bring together; `scratch` is a folder of this question alone.
fn risk(git: &Git, scratch: &Path, team: &str, at: &Repositories) -> Response {
    match risks(git, scratch, at) {
        Ok(roles) => {
            let view = RiskView {
                team: team.to_owned(),
                parent: at.parent.clone(),
                roles,
            };
            Response::Git(Box::new(GitResponse::Risk(view)))
        }
        Err(failure) => Response::Failed(*failure),
    }
}

fn risks(git: &Git, scratch: &Path, at: &Repositories) -> Result<Vec<RiskRow>, Box<Failure>> {
    let failed = |error: WorktreeError| Box::new(failure(&error));
    let (tips, standings) = stand(git, at).map_err(failed)?;
    let parent = parent_of(&tips, at);
    let agents: Vec<Registered> = at.agents.iter().map(|(_, one)| one.clone()).collect();
    let (radar, missing) = radar::seen(git, scratch, (&parent, &agents))?;
    let mut rows: Vec<RiskRow> = Vec::new();
    for side in &radar.sides {
        let standing = standings.get(&side.name);
        let lines = standing.map(|one| {
            let range = (parent.as_str(), one.head.as_str());
            torch_worktree::line_counts(git, &at.common_dir, range)
        });
        let lines = lines.transpose().map_err(failed)?.unwrap_or_default();
        rows.push(row(side, standing, lines, &radar.overlaps));
    }
    let gone = missing.into_iter().map(|one| RiskRow {
        role: one.role,
        risk: RiskLevel::None,
        files: 0,
        insertions: 0,
        deletions: 0,
        ahead: 0,
        behind: 0,
        conflicts: Vec::new(),
        shared: Vec::new(),
        problem: one.problem,
    });
    rows.extend(gone);
    rows.sort_by_key(|row| {
        let clashes = row.conflicts.len()
            + row
                .shared
                .iter()
                .filter(|one| !one.conflicts.is_empty())
                .count();
        let lines = row.insertions + row.deletions;
        std::cmp::Reverse((row.risk, clashes, row.shared.len(), row.files, lines))
    });
    Ok(rows)
}

fn row(
    side: &Touched,
    standing: Option<&Standing>,
    (insertions, deletions): (u64, u64),
    overlaps: &[Overlap],
) -> RiskRow {
    let shared: Vec<SharedView> = overlaps
        .iter()
        .filter_map(|one| shared(one, &side.name))
        .collect();
    let behind = standing.map_or(0, |one| one.behind);
    let clashes = !side.conflicts.is_empty() || shared.iter().any(|one| !one.conflicts.is_empty());
    let risk = if clashes {
        RiskLevel::High
    } else if !shared.is_empty() || behind > BEHIND_MAX {
        RiskLevel::Medium
    } else if side.files > 0 {
        RiskLevel::Low
    } else {
        RiskLevel::None
    };
    RiskRow {
        role: side.name.clone(),
        risk,
        files: side.files,
        insertions,
        deletions,
        ahead: standing.map_or(0, |one| one.ahead),
        behind,
        conflicts: side.conflicts.clone(),
        shared,
        problem: None,
    }
}

/// A file as one of the roles that change it shares it.
fn shared(overlap: &Overlap, role: &str) -> Option<SharedView> {
    let mut view = SharedView {
        path: overlap.path.clone(),
        with: Vec::new(),
        conflicts: Vec::new(),
    };
    for pair in &overlap.pairs {
        let other = match &pair.sides {
            [one, other] if one == role => other,
            [other, one] if one == role => other,
            _ => continue,
        };
        view.with.push(other.clone());
        if pair.conflict {
            view.conflicts.push(other.clone());
        }
    }
    (!view.with.is_empty()).then_some(view)
}

/// What the journal has, the newest first. A role that the team does not have is `unknown` where the journal never named it either.
pub(super) fn log(
    store: &Store,
    now: Timestamp,
    (team, unread): (&str, Option<Unread>),
    (filter, unknown): (&LogFilter, Option<Box<Failure>>),
) -> Result<Response, StoreError> {
    let day = u64::try_from(DAY.as_millis()).unwrap_or(u64::MAX);
    let since = filter.since.unwrap_or(Timestamp(now.0.saturating_sub(day)));
    let limit = match filter.limit {
        0 => ENTRIES,
        limit => limit,
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let rows = store.git_entries(since, LOOKED)?;
    let says =
        |row: &torch_store::JournalRow, field: &str, is: &str| row.data[field].as_str() == Some(is);
    let meant = |row: &torch_store::JournalRow| {
        let of_role = filter
            .role
            .as_ref()
            .is_none_or(|role| says(row, "role", role));
        says(row, "team", team) && of_role
    };
    if let Some(failure) = unknown
        && !rows.iter().any(meant)
        && !store.git_entries(Timestamp(0), LOOKED)?.iter().any(meant)
    {
        return Ok(Response::Failed(*failure));
    }
    let meant = rows.into_iter().filter(meant);
    let mut entries: Vec<EntryView> = meant
        .take(limit.saturating_add(1))
        .map(|row| EntryView {
            at: row.at,
            kind: row.kind,
            role: row.data["role"].as_str().map(str::to_owned),
            data: row.data,
        })
        .collect();
    let more = entries.len() > limit;
    entries.truncate(limit);
    let response = GitResponse::Log {
        entries,
        more,
        unread,
    };
    Ok(Response::Git(Box::new(response)))
}

#[cfg(test)]
mod tests;
