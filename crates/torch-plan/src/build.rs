//! A spec's reading as tasks: owners, ids, what waits for what.

use std::collections::{BTreeMap, BTreeSet};

use torch_core::task::TaskPhase;
use torch_core::{RoleName, Task, TaskId, TaskPlan};

use crate::read::{Raw, RawPhase, Reading};
use crate::reference::Reference;
use crate::similar::normal;
use crate::source::{Spec, shorten};
use crate::{DETAIL_MAX, LIST_MAX, owner};

/// The plan of one spec, for a team of these roles; without roles, tasks have no owners.
pub fn plan(spec: &Spec, roles: &[RoleName]) -> TaskPlan {
    crate::revise(&TaskPlan::default(), std::slice::from_ref(spec), roles)
}

/// A spec's tasks before they have ids: `id`, `phase`, `depends_on` and `done_when` are still open.
pub(crate) fn drafts(reading: &Reading, roles: &[RoleName]) -> Vec<Task> {
    reading.tasks.iter().map(|raw| draft(raw, roles)).collect()
}

fn draft(raw: &Raw, roles: &[RoleName]) -> Task {
    let item = &raw.item;
    let (owner, owner_why) = owner::owner(&item.title, item.owner.as_deref(), roles);
    let (state, by) = match item.ticked {
        Some(true) => (torch_core::TaskState::Done, "spec".to_owned()),
        _ => (torch_core::TaskState::Todo, String::new()),
    };
    let mark = match (item.id, &item.label) {
        (Some(id), _) => format!("{}: ", TaskId(id)),
        (None, Some(label)) => format!("{}: ", label.to_uppercase()),
        (None, None) => String::new(),
    };
    Task {
        id: TaskId(0),
        title: item.title.clone(),
        detail: shorten(&item.detail.join("\n"), DETAIL_MAX),
        phase: None,
        section: raw.section.clone(),
        owner,
        owner_why,
        depends_on: Vec::new(),
        done_when: Vec::new(),
        state,
        by,
        since: None,
        words: String::new(),
        spec: None,
        line: raw.line,
        said: format!("{mark}{}", item.title),
        pinned: BTreeSet::new(),
        asks_anew: None,
    }
}

/// The phases of a reading among those that are known: found again by title, by word and number, or new.
pub(crate) fn phases(known: &[TaskPhase], read: &[RawPhase]) -> Vec<TaskPhase> {
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    let mut found: Vec<Option<String>> = vec![None; read.len()];
    let same_title = |phase: &TaskPhase, raw: &RawPhase| phase.title == raw.title;
    let same_mark = |phase: &TaskPhase, raw: &RawPhase| {
        crate::phase::named(&phase.title)
            .is_some_and(|named| named.word == raw.named.word && named.mark == raw.named.mark)
    };
    for same in [
        &same_title as &dyn Fn(&TaskPhase, &RawPhase) -> bool,
        &same_mark,
    ] {
        for (place, raw) in found
            .iter_mut()
            .zip(read)
            .filter(|(place, _)| place.is_none())
        {
            let free = known
                .iter()
                .find(|phase| !taken.contains(phase.id.as_str()) && same(phase, raw));
            if let Some(phase) = free {
                taken.insert(&phase.id);
                *place = Some(phase.id.clone());
            }
        }
    }
    let number = |id: &str| {
        id.strip_prefix('P')
            .and_then(|digits| digits.parse::<u32>().ok())
    };
    let mut next = known
        .iter()
        .filter_map(|phase| number(&phase.id))
        .max()
        .unwrap_or(0);
    read.iter()
        .zip(found)
        .map(|(raw, id)| TaskPhase {
            id: id.unwrap_or_else(|| {
                next += 1;
                format!("P{next}")
            }),
            title: raw.title.clone(),
        })
        .collect()
}

/// What a task waits for, and its words without those that say so.
pub(crate) struct Placed {
    pub(crate) depends_on: Vec<TaskId>,
    pub(crate) title: String,
    pub(crate) done_when: Vec<String>,
}

/// What each task of a reading waits for, now that they have ids. `others` are the ids of the plan's other tasks.
pub(crate) fn waits(
    reading: &Reading,
    ids: &[Option<TaskId>],
    others: &BTreeSet<TaskId>,
) -> Vec<Placed> {
    let names = Names::of(reading, ids, others);
    reading
        .tasks
        .iter()
        .enumerate()
        .map(|(at, raw)| {
            let mut found: Vec<TaskId> = Vec::new();
            let all = raw
                .item
                .waits_for
                .iter()
                .flat_map(|reference| names.find(at, raw, reference));
            for id in all {
                if Some(id) != ids[at] && !found.contains(&id) && found.len() < LIST_MAX {
                    found.push(id);
                }
            }
            let understood = |reference: &Reference| {
                let named = names.find(at, raw, reference);
                named.iter().any(|id| found.contains(id))
            };
            let title = crate::reference::without(&raw.item.title, understood);
            let done_when = done_when(&raw.item.done_when, |reference| {
                raw.item.waits_for.contains(reference) && understood(reference)
            });
            Placed {
                depends_on: found,
                title,
                done_when,
            }
        })
        .collect()
}

/// When a task is done, each line once, without what says what it waits for.
fn done_when(lines: &[String], understood: impl Fn(&Reference) -> bool) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in lines {
        let line = crate::reference::without(&crate::source::clean(line), &understood);
        let line = shorten(&line, DETAIL_MAX);
        if !line.is_empty() && !found.contains(&line) && found.len() < LIST_MAX {
            found.push(line);
        }
    }
    found
}

/// By what tasks of a reading can be referred to.
struct Names<'a> {
    reading: &'a Reading,
    ids: &'a [Option<TaskId>],
    others: &'a BTreeSet<TaskId>,
    explicit: BTreeMap<u32, TaskId>,
    labels: BTreeMap<&'a str, TaskId>,
    numbers: BTreeMap<(u32, u64), TaskId>,
    titles: Vec<(String, TaskId)>,
    /// The tasks of each phase, at most [`LIST_MAX`].
    phases: Vec<Vec<TaskId>>,
}

impl<'a> Names<'a> {
    fn of(reading: &'a Reading, ids: &'a [Option<TaskId>], others: &'a BTreeSet<TaskId>) -> Self {
        let mut names = Self {
            reading,
            ids,
            others,
            explicit: BTreeMap::new(),
            labels: BTreeMap::new(),
            numbers: BTreeMap::new(),
            titles: Vec::new(),
            phases: vec![Vec::new(); reading.phases.len()],
        };
        for (raw, id) in reading.tasks.iter().zip(ids) {
            let Some(id) = *id else { continue };
            if let Some(number) = raw.item.id {
                names.explicit.entry(number).or_insert(id);
            }
            if let Some(label) = &raw.item.label {
                names.labels.entry(label).or_insert(id);
            }
            if let Some(number) = raw.number {
                names.numbers.entry(number).or_insert(id);
            }
            names.titles.push((normal(&raw.item.title), id));
            if let Some(phase) = raw.phase.and_then(|phase| names.phases.get_mut(phase))
                && phase.len() < LIST_MAX
            {
                phase.push(id);
            }
        }
        names
    }

    fn find(&self, at: usize, raw: &Raw, reference: &Reference) -> Vec<TaskId> {
        let by_id = |number: u32| {
            let own = self.explicit.get(&number).copied();
            let other = || {
                let id = TaskId(number);
                let given = self.explicit.is_empty() && self.ids.contains(&Some(id));
                (given || self.others.contains(&id)).then_some(id)
            };
            own.or_else(other)
        };
        match reference {
            Reference::Id(number) => by_id(*number).into_iter().collect(),
            Reference::Number(number) => {
                let listed = raw
                    .number
                    .and_then(|(list, _)| self.numbers.get(&(list, *number)).copied());
                let by_number = || u32::try_from(*number).ok().and_then(by_id);
                listed.or_else(by_number).into_iter().collect()
            }
            Reference::Label(label) => self
                .labels
                .get(label.as_str())
                .copied()
                .into_iter()
                .collect(),
            Reference::Phase(word, mark) => {
                let phases = self.reading.phases.iter();
                let found = phases
                    .enumerate()
                    .find(|(_, phase)| phase.named.word == *word && phase.named.mark == *mark);
                match found {
                    Some((phase, _)) if self.reading.tasks[at].phase != Some(phase) => {
                        self.phases[phase].clone()
                    }
                    _ => Vec::new(),
                }
            }
            Reference::Words(words) => self.by_words(at, words).into_iter().collect(),
        }
    }

    /// The one task whose title has these words.
    fn by_words(&self, at: usize, words: &str) -> Option<TaskId> {
        let words = normal(words);
        let words = words.strip_prefix("the ").unwrap_or(&words);
        if words.chars().count() < 3 {
            return None;
        }
        let padded = format!(" {words} ");
        let own = self.ids[at];
        let mut found = self.titles.iter().filter(|(title, id)| {
            Some(*id) != own
                && (format!(" {title} ").contains(&padded)
                    || (title.len() > 5 && padded.contains(&format!(" {title} "))))
        });
        let first = found.next()?;
        found.next().is_none().then_some(first.1)
    }
}

/// Takes out what makes tasks wait for themselves: the last link of each ring. Answers the links that went.
pub(crate) fn without_rings(tasks: &mut [Task]) -> Vec<(TaskId, TaskId)> {
    let at: BTreeMap<TaskId, usize> = tasks
        .iter()
        .enumerate()
        .map(|(n, task)| (task.id, n))
        .collect();
    let links: Vec<Vec<usize>> = tasks
        .iter()
        .map(|task| {
            task.depends_on
                .iter()
                .filter_map(|id| at.get(id).copied())
                .collect()
        })
        .collect();
    let mut gone = Vec::new();
    for (from, to) in back_links(&links) {
        let (id, other) = (tasks[from].id, tasks[to].id);
        tasks[from].depends_on.retain(|waits| *waits != other);
        gone.push((id, other));
    }
    gone
}

/// The links of a graph that close a ring, found by one walk in depth.
pub(crate) fn back_links(links: &[Vec<usize>]) -> Vec<(usize, usize)> {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        No,
        Open,
        Done,
    }
    let mut seen = vec![Seen::No; links.len()];
    let mut found = Vec::new();
    for root in 0..links.len() {
        if seen[root] != Seen::No {
            continue;
        }
        seen[root] = Seen::Open;
        let mut path = vec![(root, 0)];
        while let Some((node, next)) = path.last_mut() {
            let Some(to) = links[*node].get(*next).copied() else {
                seen[*node] = Seen::Done;
                path.pop();
                continue;
            };
            *next += 1;
            match seen[to] {
                Seen::Open => found.push((*node, to)),
                Seen::Done => {}
                Seen::No => {
                    seen[to] = Seen::Open;
                    path.push((to, 0));
                }
            }
        }
    }
    found
}
