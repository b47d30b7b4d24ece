//! Branches that have others within, as the fast lane and whoever solves a conflict make them: in which order they go in, and what
//! goes in or stays out with them.

use torch_core::Timestamp;
use torch_core::integration::{Integration, IntegrationMerge, LeftOut, Step, StepState};

use super::steps::{set, wait_for_fix};
use super::{Rules, Say, Seen, in_order, words};

/// What goes in, in its order: a branch that another one has within comes before that one. What was left out stays out as long as
/// its branch stands where it was found, and, where it was left out because of another one, as long as that one does.
pub(super) fn merges(row: &mut Integration, rules: &Rules, seen: &Seen) -> Vec<IntegrationMerge> {
    let stands = |commit: &str| {
        let mut commits = seen.work.iter().flat_map(|one| &one.commits);
        commits.any(|(_, here, _)| here == commit)
    };
    row.left_out.retain(|out| {
        let whose = out.within.as_deref();
        stands(&out.commit) && whose.is_none_or(stands)
    });
    let is_out = |commit: &str| row.left_out.iter().any(|out| out.commit == commit);
    let mut found = Vec::new();
    for one in &seen.work {
        for (branch, commit, commits) in &one.commits {
            if is_out(commit) {
                continue;
            }
            let pairs = seen.within.iter().filter(|(_, outer)| outer == commit);
            found.push(IntegrationMerge {
                agent: one.agent,
                role: one.role.clone(),
                branch: branch.clone(),
                commit: commit.clone(),
                commits: *commits,
                within: pairs.map(|(inner, _)| inner.clone()).collect(),
                merge: None,
                brings: Vec::new(),
            });
        }
    }
    inner_first(in_order(found, |merge| merge.role.clone(), &rules.before))
}

/// Puts each behind those that it has within, and otherwise changes no order.
fn inner_first(mut left: Vec<IntegrationMerge>) -> Vec<IntegrationMerge> {
    let mut done = Vec::new();
    while !left.is_empty() {
        let is_free = |merge: &IntegrationMerge| {
            let waits = |other: &IntegrationMerge| merge.within.contains(&other.commit);
            !left.iter().any(waits)
        };
        // No commit has one within that has it within, so one is free.
        let next = left.iter().position(is_free).unwrap_or(0);
        done.push(left.remove(next));
    }
    done
}

/// The commits that no other one has within, sorted: all that goes in is in them.
pub(super) fn tops(merges: &[IntegrationMerge]) -> Vec<&str> {
    let is_inner = |merge: &IntegrationMerge| {
        let mut others = merges.iter();
        others.any(|other| other.within.contains(&merge.commit))
    };
    let tops = merges.iter().filter(|merge| !is_inner(merge));
    let mut tops: Vec<&str> = tops.map(|merge| merge.commit.as_str()).collect();
    tops.sort_unstable();
    tops
}

/// A branch in conflict that another one has within is no longer merged by itself: whoever solved the conflict merged it into the
/// other one, which brings it. Whether it was so.
pub(super) fn goes_in_with_another(row: &mut Integration, at: usize) -> bool {
    let Some(merge) = row.merges.get(at) else {
        return false;
    };
    let has = bringer(&row.merges, merge).is_some();
    if has {
        let mut merge = row.merges.remove(at);
        let brought = std::mem::take(&mut merge.brings);
        for one in brought.into_iter().chain([merge]) {
            if let Some(outer) = bringer(&row.merges, &one) {
                row.merges[outer].brings.push(one);
            }
        }
    }
    has
}

/// The first of these that has it within.
fn bringer(merges: &[IntegrationMerge], one: &IntegrationMerge) -> Option<usize> {
    let mut merges = merges.iter();
    merges.position(|other| other.within.contains(&one.commit))
}

/// What the merges that go brought goes in by one that stays and has it within; what is left is given back.
fn stranded(gone: &mut [IntegrationMerge], stay: &mut [IntegrationMerge]) -> Vec<IntegrationMerge> {
    let mut left = Vec::new();
    let brought = gone.iter_mut();
    for one in brought.flat_map(|merge| std::mem::take(&mut merge.brings)) {
        match bringer(stay, &one) {
            Some(outer) => stay[outer].brings.push(one),
            None => left.push(one),
        }
    }
    left
}

/// The merge that broke the tests, counted from 1, stays out, and so does what has it within, and what only it brought; the others
/// go on. Where none is left, the commits that mend it are waited for.
pub(super) fn leave_out(row: &mut Integration, at: usize, now: Timestamp) -> Vec<Say> {
    let mut merge = row.merges.remove(at - 1);
    // It came by the fast lane, or by a merge: whose work it is stands out already.
    let known = row.left_out.iter().find(|out| {
        let broke = out.within.is_none();
        broke && merge.within.contains(&out.commit)
    });
    let known = known.map(|out| out.commit.clone());
    let culprit = known.clone().unwrap_or_else(|| merge.commit.clone());
    let (mut with, stay): (Vec<_>, Vec<_>) = std::mem::take(&mut row.merges)
        .into_iter()
        .partition(|other| other.within.contains(&merge.commit));
    row.merges = stay;
    let mut stranded_with = stranded(std::slice::from_mut(&mut merge), &mut row.merges);
    stranded_with.extend(stranded(&mut with, &mut row.merges));
    let says = match known {
        None => words::left_out(row, &merge, (&with, &stranded_with)),
        Some(_) => Vec::new(),
    };
    let broke = known.is_none().then(|| LeftOut {
        role: merge.role.clone(),
        branch: merge.branch.clone(),
        commit: merge.commit.clone(),
        why: "the tests fail with it".to_owned(),
        within: None,
    });
    row.left_out.extend(broke);
    let whose = row.left_out.iter().find(|out| out.commit == culprit);
    let branch = whose.and_then(|out| out.branch.as_deref());
    let at = words::short(&culprit);
    let why = match branch {
        Some(branch) => format!("it has {branch} at {at} within"),
        None => format!("it has {at} within"),
    };
    let held = known.is_some().then_some(merge).into_iter().chain(with);
    let held = held.map(|other| (other, why.clone()));
    let solved = match branch {
        Some(branch) => format!("{branch} at {at} solves its conflict"),
        None => format!("{at} solves its conflict"),
    };
    let stranded_with = stranded_with.into_iter();
    let held: Vec<_> = held
        .chain(stranded_with.map(|other| (other, solved.clone())))
        .collect();
    row.left_out
        .extend(held.into_iter().map(|(other, why)| LeftOut {
            role: other.role,
            branch: other.branch,
            commit: other.commit,
            why,
            within: Some(culprit.clone()),
        }));
    row.bisection = None;
    row.review = None;
    row.merges.iter_mut().for_each(|merge| merge.merge = None);
    set(row, Step::Merge, StepState::Due, "", now);
    set(row, Step::Test, StepState::Due, "", now);
    if row.merges.is_empty() {
        wait_for_fix(row, now);
    }
    says
}
