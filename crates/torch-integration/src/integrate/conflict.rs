//! Branches that git can't merge: who solves which file, and what is said of it. All of them are told at once, and a file has one
//! owner, who merges all others that meet there: one round of waiting is enough.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use torch_core::integration::{Conflict, Integration, IntegrationMerge, Step, StepState, WaitOn};
use torch_core::{RoleName, Timestamp};

use super::steps::{set, wait};
use super::within::goes_in_with_another;
use super::{Rules, Say, Unmerged, owner, words};

/// How long a conflict may take until the project manager is told (S2-139).
pub const CONFLICT: Duration = Duration::from_secs(30 * 60);

/// One merge and one before it, by their places; none: the parent, or more than one of them together.
type Pair = (usize, Option<usize>);

/// Some of the merges can't be made.
pub(super) fn on_conflict(
    row: &mut Integration,
    rules: &Rules,
    unmerged: &[Unmerged],
    now: Timestamp,
) -> Vec<Say> {
    let mut places = unmerged.iter().map(|one| one.at);
    if places.any(|at| goes_in_with_another(row, at)) {
        set(row, Step::Merge, StepState::Due, "", now);
        return Vec::new();
    }
    let found = conflicts(row, rules, unmerged, now);
    if found.is_empty() {
        return Vec::new();
    }
    let open = |row: &Integration| {
        let rows = row.conflicts.iter().filter(|one| one.solved.is_none());
        rows.cloned().collect::<Vec<_>>()
    };
    let before = open(row);
    for known in row.conflicts.iter_mut().filter(|one| one.solved.is_none()) {
        match found.iter().find(|one| is_same(one, known)) {
            Some(one) => known.owner.clone_from(&one.owner),
            None => known.solved = Some(now),
        }
    }
    let is_new = |one: &&Conflict| !before.iter().any(|known| is_same(known, one));
    row.conflicts.extend(found.iter().filter(is_new).cloned());
    let since = open(row).iter().map(|one| one.since).min().unwrap_or(now);
    let until = since.after(CONFLICT);
    wait(
        row,
        Step::Merge,
        WaitOn::Conflicts,
        (since, (until > now).then_some(until)),
    );
    words::conflicts(row, &unsaid(&before, &found))
}

/// The files of which an owner has not heard all. Who merges one branch after the other makes new pairs of what it heard before.
fn unsaid<'a>(before: &[Conflict], found: &'a [Conflict]) -> BTreeSet<&'a str> {
    let told: BTreeSet<_> = before
        .iter()
        .flat_map(|one| words::to_merge(one).map(move |branch| (&one.file, &one.owner, branch)))
        .collect();
    let lacks = |one: &&Conflict| {
        let mut branches = words::to_merge(one);
        branches.any(|branch| !told.contains(&(&one.file, &one.owner, branch)))
    };
    let found = found.iter().filter(lacks);
    found.map(|one| one.file.as_str()).collect()
}

/// Of each file in conflict so many pairs that all whose branches meet there are connected by them.
fn conflicts(
    row: &Integration,
    rules: &Rules,
    unmerged: &[Unmerged],
    now: Timestamp,
) -> Vec<Conflict> {
    let mut pairs: BTreeMap<&str, Vec<Pair>> = BTreeMap::new();
    for one in unmerged.iter().filter(|one| one.at < row.merges.len()) {
        for clash in &one.files {
            let pairs = pairs.entry(&clash.file).or_default();
            match clash.with.is_empty() {
                true => pairs.push((one.at, None)),
                false => connect(pairs, one.at, &clash.with),
            }
        }
    }
    let mut found = Vec::new();
    for (file, pairs) in pairs {
        let file = words::one_line(file);
        if let Some(owner) = owner_of(row, rules, &file, &pairs) {
            let one = |pair: &Pair| conflict(row, *pair, (&file, &owner), now);
            found.extend(pairs.iter().map(one));
        }
    }
    found
}

/// Adds those pairs of a merge with others before it that connect what no pair connects yet.
fn connect(pairs: &mut Vec<Pair>, at: usize, with: &[usize]) {
    for other in with.iter().filter(|other| **other < at) {
        let mut reached = BTreeSet::from([at]);
        loop {
            let size = reached.len();
            for (one, with) in pairs.iter().filter_map(|(one, with)| Some((one, (*with)?))) {
                if reached.contains(one) || reached.contains(&with) {
                    reached.extend([*one, with]);
                }
            }
            if reached.len() == size {
                break;
            }
        }
        if !reached.contains(other) {
            pairs.push((at, Some(*other)));
        }
    }
}

fn conflict(
    row: &Integration,
    (at, with): Pair,
    (file, owner): (&str, &RoleName),
    now: Timestamp,
) -> Conflict {
    let name = |merge: &IntegrationMerge| merge.branch.clone().unwrap_or(merge.commit.clone());
    let ours = &row.merges[at];
    let with = with.map(|with| &row.merges[with]);
    Conflict {
        file: file.to_owned(),
        owner: owner.clone(),
        ours: ours.role.clone(),
        our_branch: name(ours),
        with: with.map_or(row.parent.clone(), |with| with.role.to_string()),
        with_branch: with.map_or_else(|| words::other_side(row, at), name),
        since: now,
        solved: None,
    }
}

/// Who solves a file: who is at it already, else whose work such files are, of those whose branches meet there the last one first.
fn owner_of(row: &Integration, rules: &Rules, file: &str, pairs: &[Pair]) -> Option<RoleName> {
    let mut known = row.conflicts.iter();
    let known = known.find(|one| one.solved.is_none() && one.file == file);
    let is_there = |role: &&RoleName| rules.members.iter().any(|one| one.role == **role);
    if let Some(owner) = known.map(|one| &one.owner).filter(is_there) {
        return Some(owner.clone());
    }
    let places = pairs.iter().flat_map(|(at, with)| [Some(*at), *with]);
    let places: BTreeSet<usize> = places.flatten().collect();
    let sides = places.iter().rev().map(|at| &row.merges[*at].role);
    let sides: Vec<&RoleName> = sides.collect();
    let (last, others) = sides.split_first()?;
    Some(owner(file, (last, others), rules))
}

fn is_same(a: &Conflict, b: &Conflict) -> bool {
    a.file == b.file && a.our_branch == b.our_branch && a.with_branch == b.with_branch
}
