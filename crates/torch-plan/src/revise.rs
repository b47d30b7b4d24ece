//! A plan after its specs changed: what was there keeps its id, its state and what a person set.

use std::collections::{BTreeMap, BTreeSet};

use torch_core::task::{PlannedSpec, TaskField, TaskPhase};
use torch_core::{RoleName, Task, TaskId, TaskPlan, TaskState};

use crate::TASKS_MAX;
use crate::build::{drafts, phases, waits, without_rings};
use crate::read::{Reading, read};
use crate::similar::{Pairs, SAME, normal};
use crate::source::Spec;
use crate::wording::{Work, work};

/// How many pairs of titles are compared at most; beyond that only those that stand near each other.
const PAIRS_MAX: usize = 100_000;

/// How far apart two titles may stand then.
const NEAR: usize = 25;

/// How many links that closed a ring a plan tells of.
const RINGS_TOLD: usize = 5;

/// Who says how far a task is that its spec has moved.
const BY_SPEC: &str = "spec";

/// How many tasks a plan tells of that have another number in the spec.
const NUMBERS_TOLD: usize = 10;

/// The plan `old` with these specs as they are now; a spec of another path is added. Specs of the plan that are not
/// among them stay as they were read.
pub fn revise(old: &TaskPlan, specs: &[Spec], roles: &[RoleName]) -> TaskPlan {
    let mut plan = old.clone();
    for spec in specs {
        take(&mut plan, spec, roles);
    }
    plan
}

/// The plan without what comes from a spec of this path; the flag says whether there was one.
pub fn drop_spec(old: &TaskPlan, path: &str) -> (TaskPlan, bool) {
    let mut plan = old.clone();
    let Some(gone) = plan.specs.iter().position(|spec| spec.path == path) else {
        return (plan, false);
    };
    plan.specs.remove(gone);
    plan.tasks.retain(|task| task.spec != Some(gone as u32));
    for task in &mut plan.tasks {
        task.spec = task
            .spec
            .map(|spec| if spec > gone as u32 { spec - 1 } else { spec });
    }
    settle(&mut plan);
    (plan, true)
}

fn take(plan: &mut TaskPlan, spec: &Spec, roles: &[RoleName]) {
    let reading = read(&spec.text);
    let index = match plan.specs.iter().position(|known| known.path == spec.path) {
        Some(index) => index,
        None => {
            plan.specs.push(PlannedSpec {
                path: spec.path.clone(),
                sha256: String::new(),
                criteria: Vec::new(),
                constraints: Vec::new(),
                notes: Vec::new(),
            });
            plan.specs.len() - 1
        }
    };
    let source = u32::try_from(index).unwrap_or(u32::MAX);
    if index == 0 {
        plan.project.clone_from(if reading.project.is_empty() {
            &reading.title
        } else {
            &reading.project
        });
        plan.target.clone_from(&reading.target);
        plan.kind.clone_from(&reading.kind);
    }
    let (own, mut tasks): (Vec<Task>, Vec<Task>) = std::mem::take(&mut plan.tasks)
        .into_iter()
        .partition(|task| task.spec == Some(source));
    let mut notes = reading.notes.clone();
    let made = merged(plan, &reading, own, &tasks, (source, roles), &mut notes);
    tasks.extend(made);
    // By spec, then as they stand there; what a person added is last.
    tasks.sort_by_key(|task| task.spec.unwrap_or(u32::MAX));
    plan.tasks = tasks;
    plan.specs[index] = PlannedSpec {
        path: spec.path.clone(),
        sha256: spec.sha256.clone(),
        criteria: reading.criteria.clone(),
        constraints: reading.constraints.clone(),
        notes,
    };
    let rings = settle(plan);
    let told = rings
        .iter()
        .take(RINGS_TOLD)
        .map(|(from, to)| format!("{from} does not wait for {to}, which waits for it"));
    plan.specs[index].notes.extend(told);
}

/// Takes out links to what is not there and rings, and phases without tasks that no spec has; answers the rings' links.
fn settle(plan: &mut TaskPlan) -> Vec<(TaskId, TaskId)> {
    let ids: BTreeSet<TaskId> = plan.tasks.iter().map(|task| task.id).collect();
    for task in &mut plan.tasks {
        task.depends_on.retain(|id| ids.contains(id));
    }
    let used: BTreeSet<&str> = plan
        .tasks
        .iter()
        .filter_map(|task| task.phase.as_deref())
        .collect();
    plan.phases.retain(|phase| used.contains(phase.id.as_str()));
    without_rings(&mut plan.tasks)
}

/// A reading's tasks with the ids, states and settings of those that were there.
fn merged(
    plan: &mut TaskPlan,
    reading: &Reading,
    own: Vec<Task>,
    others: &[Task],
    (source, roles): (u32, &[RoleName]),
    notes: &mut Vec<String>,
) -> Vec<Task> {
    let mut drafts = drafts(reading, roles);
    let found = found_again(&own, &drafts);
    let named = phases(&plan.phases, &reading.phases);
    for (draft, raw) in drafts.iter_mut().zip(&reading.tasks) {
        draft.phase = raw
            .phase
            .and_then(|phase| named.get(phase))
            .map(|phase| phase.id.clone());
        draft.spec = Some(source);
    }
    keep_phases(plan, named);
    let room = TASKS_MAX.saturating_sub(others.len());
    let ids = numbered(plan, reading, (&own, &found), others, room, notes);
    let other_ids = others.iter().map(|task| task.id).collect();
    let waits = waits(reading, &ids, &other_ids);
    let mut own: Vec<Option<Task>> = own.into_iter().map(Some).collect();
    let mut tasks = Vec::new();
    for (((mut draft, id), placed), before) in drafts.into_iter().zip(ids).zip(waits).zip(found) {
        let Some(id) = id else { continue };
        draft.id = id;
        draft.depends_on = placed.depends_on;
        draft.title = placed.title;
        draft.done_when = placed.done_when;
        let before = before.and_then(|at| own[at].take());
        tasks.push(before.map_or(draft.clone(), |before| carried(before, draft)));
    }
    tasks
}

/// The phases of a reading first, then those that only other tasks are in.
fn keep_phases(plan: &mut TaskPlan, named: Vec<TaskPhase>) {
    let mut phases = named;
    let known = std::mem::take(&mut plan.phases);
    for phase in known {
        if !phases.iter().any(|kept| kept.id == phase.id) {
            phases.push(phase);
        }
    }
    plan.phases = phases;
}

/// An id for each draft: the one it had, the one that the spec gives it, or a new one; none for what a person took out
/// and for what is beyond the most that a plan holds.
fn numbered(
    plan: &mut TaskPlan,
    reading: &Reading,
    (own, found): (&[Task], &[Option<usize>]),
    others: &[Task],
    room: usize,
    notes: &mut Vec<String>,
) -> Vec<Option<TaskId>> {
    let mut used: BTreeSet<TaskId> = others.iter().map(|task| task.id).collect();
    let kept = found.iter().flatten().map(|at| own[*at].id);
    used.extend(kept);
    let mut ids: Vec<Option<TaskId>> = found.iter().map(|at| at.map(|at| own[at].id)).collect();
    let mut wanted = vec![true; ids.len()];
    for (n, raw) in reading.tasks.iter().enumerate() {
        if ids[n].is_some() {
            continue;
        }
        if plan.dropped.contains(&normal(&raw.item.title)) {
            wanted[n] = false;
        } else if let Some(id) = raw.item.id.map(TaskId)
            && used.insert(id)
        {
            ids[n] = Some(id);
        }
    }
    let highest = used
        .iter()
        .chain(own.iter().map(|task| &task.id))
        .map(|id| id.0)
        .max();
    let fresh = plan.next.max(1);
    let mut next = fresh;
    let mut count = ids.iter().flatten().count();
    for (n, id) in ids.iter_mut().enumerate() {
        if id.is_none() && wanted[n] && count < room {
            while used.contains(&TaskId(next)) {
                next += 1;
            }
            *id = Some(TaskId(next));
            used.insert(TaskId(next));
            count += 1;
        }
    }
    let renamed = reading.tasks.iter().zip(&ids).filter_map(|(raw, id)| {
        let (said, id) = (TaskId(raw.item.id?), (*id)?);
        (said != id).then(|| format!("{said} of line {} is {id} in the plan", raw.line))
    });
    notes.extend(renamed.take(NUMBERS_TOLD));
    let left = ids
        .iter()
        .zip(&wanted)
        .filter(|(id, wanted)| id.is_none() && **wanted)
        .count();
    if left > 0 {
        notes.push(format!(
            "{left} items of the spec are left out: a plan has at most {TASKS_MAX} tasks"
        ));
    }
    let given = ids.iter().flatten().map(|id| id.0).max();
    plan.next = highest.max(given).unwrap_or(0).max(fresh - 1) + 1;
    ids
}

/// A task as it was, with what its spec says now where nobody set something else.
fn carried(before: Task, now: Task) -> Task {
    let pinned = |field| before.pinned.contains(&field);
    let owned = pinned(TaskField::Owner);
    let (state, by) = state(&before, &now, pinned(TaskField::Title));
    let moved = state != before.state;
    let asks_anew = match work(&before, &now, pinned(TaskField::Title)) {
        Work::Same => before.asks_anew.clone(),
        // Whoever is at it may not know yet, whatever its state says.
        Work::More | Work::Other => Some(torch_core::task::AsksAnew::default()),
    };
    let words = match moved {
        true => again(&before, state),
        false => before.words,
    };
    Task {
        id: before.id,
        title: if pinned(TaskField::Title) {
            before.title
        } else {
            now.title
        },
        detail: if pinned(TaskField::Detail) {
            before.detail
        } else {
            now.detail
        },
        phase: if pinned(TaskField::Phase) {
            before.phase
        } else {
            now.phase
        },
        section: now.section,
        owner: if owned { before.owner } else { now.owner },
        owner_why: if owned {
            before.owner_why
        } else {
            now.owner_why
        },
        depends_on: if pinned(TaskField::DependsOn) {
            before.depends_on
        } else {
            now.depends_on
        },
        done_when: if pinned(TaskField::DoneWhen) {
            before.done_when
        } else {
            now.done_when
        },
        state,
        by,
        since: if moved { None } else { before.since },
        words,
        spec: now.spec,
        line: now.line,
        said: now.said,
        pinned: before.pinned,
        asks_anew,
    }
}

/// How far a task is by its spec as it is now, and who says so: a tick comes and goes with the spec; what was reported stays as
/// long as the same is asked for.
fn state(before: &Task, now: &Task, has_own_title: bool) -> (TaskState, String) {
    let kept = || (before.state, before.by.clone());
    let anew = || (TaskState::Todo, BY_SPEC.to_owned());
    match (now.state, before.state) {
        (TaskState::Done, TaskState::Done) => kept(),
        (TaskState::Done, _) => (now.state, now.by.clone()),
        (_, TaskState::Done) if before.by == BY_SPEC => (TaskState::Todo, String::new()),
        (_, TaskState::Done) if work(before, now, has_own_title) != Work::Same => anew(),
        // Who is at it goes on where only more is asked for.
        (_, TaskState::Doing) if work(before, now, has_own_title) == Work::Other => anew(),
        _ => kept(),
    }
}

/// What is kept with a task that came to `state` by its spec: as what it was done, where it is to be done again.
fn again(before: &Task, state: TaskState) -> String {
    let unticked = before.by == BY_SPEC && before.state == TaskState::Done;
    match state {
        TaskState::Todo if !unticked => format!("it was {}: {}", before.state, before.title),
        _ => String::new(),
    }
}

/// The tasks that were done or under way when their spec began to ask for something else, and that nobody has begun since.
pub fn to_do_again(plan: &TaskPlan) -> impl Iterator<Item = &Task> {
    let open = plan
        .tasks
        .iter()
        .filter(|task| task.state == TaskState::Todo);
    open.filter(|task| task.by == BY_SPEC && !task.words.is_empty())
}

/// Which old task each draft is, if any: by its explicit id, by its words, then by how alike they are.
fn found_again(old: &[Task], new: &[Task]) -> Vec<Option<usize>> {
    let mut found: Vec<Option<usize>> = vec![None; new.len()];
    let mut taken = vec![false; old.len()];
    let marks = by(old, |task| mark(&task.said));
    pair(new, &mut found, &mut taken, &marks, |task| mark(&task.said));
    let same = |task: &Task| Some((normal(&task.said), task.section.clone()));
    let words = by(old, same);
    pair(new, &mut found, &mut taken, &words, same);
    let same = |task: &Task| Some(normal(bare(&task.said)).to_owned());
    let words = by(old, same);
    pair(new, &mut found, &mut taken, &words, same);
    alike(old, new, &mut found, &mut taken);
    found
}

/// The explicit id that a title begins with, as it is kept in [`Task::said`].
pub(crate) fn mark(said: &str) -> Option<String> {
    let (mark, _) = said.split_once(": ")?;
    let lower = mark.to_lowercase();
    (!lower.contains(' ')
        && crate::reference::is_label(&lower)
        && mark.chars().all(|c| !c.is_lowercase()))
    .then_some(lower)
}

/// A title without its explicit id.
pub(crate) fn bare(said: &str) -> &str {
    match mark(said) {
        Some(mark) => &said[mark.len() + 2..],
        None => said,
    }
}

/// Old tasks by a key, the last one first.
fn by<K: Ord>(old: &[Task], key: impl Fn(&Task) -> Option<K>) -> BTreeMap<K, Vec<usize>> {
    let mut places: BTreeMap<K, Vec<usize>> = BTreeMap::new();
    for (at, task) in old.iter().enumerate().rev() {
        if let Some(key) = key(task) {
            places.entry(key).or_default().push(at);
        }
    }
    places
}

/// Pairs drafts with old tasks of the same key, in their order.
fn pair<K: Ord>(
    new: &[Task],
    found: &mut [Option<usize>],
    taken: &mut [bool],
    places: &BTreeMap<K, Vec<usize>>,
    key: impl Fn(&Task) -> Option<K>,
) {
    let mut places: BTreeMap<&K, Vec<usize>> =
        places.iter().map(|(key, at)| (key, at.clone())).collect();
    for (task, place) in new
        .iter()
        .zip(found.iter_mut())
        .filter(|(_, place)| place.is_none())
    {
        let Some(list) = key(task).and_then(|key| places.get_mut(&key)) else {
            continue;
        };
        while let Some(at) = list.pop() {
            if !taken[at] {
                taken[at] = true;
                *place = Some(at);
                break;
            }
        }
    }
}

/// Pairs what is left by how alike the titles are, the most alike first.
fn alike(old: &[Task], new: &[Task], found: &mut [Option<usize>], taken: &mut [bool]) {
    let free = |n: &usize| !taken[*n];
    let before: Vec<usize> = (0..old.len()).filter(free).collect();
    let after: Vec<usize> = (0..new.len()).filter(|n| found[*n].is_none()).collect();
    if before.is_empty() || after.is_empty() {
        return;
    }
    let near = before.len() * after.len() > PAIRS_MAX;
    let pairs = |task: &Task| Pairs::of(bare(&task.said));
    let olds: Vec<Pairs> = before.iter().map(|n| pairs(&old[*n])).collect();
    let mut scores: Vec<(f64, usize, usize)> = Vec::new();
    for (at, n) in after.iter().enumerate() {
        let title = pairs(&new[*n]);
        // Where it would stand among the old ones.
        let middle = at * before.len() / after.len();
        let range = match near {
            true => middle.saturating_sub(NEAR)..(middle + NEAR).min(before.len()),
            false => 0..before.len(),
        };
        for place in range {
            let score = title.alike(&olds[place]);
            if score >= SAME {
                scores.push((score, before[place], *n));
            }
        }
    }
    scores.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    for (_, at, n) in scores {
        if !taken[at] && found[n].is_none() {
            taken[at] = true;
            found[n] = Some(at);
        }
    }
}
