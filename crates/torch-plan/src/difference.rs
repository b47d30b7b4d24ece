//! What differs between two plans of one team, and the one made into the other.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use torch_core::task::{PlannedSpec, TaskPhase};
use torch_core::{Task, TaskId, TaskPlan, TaskState};

use crate::whole::Lines;

/// A task that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// As it was.
    pub before: Task,
    /// As it is.
    pub after: Task,
}

/// A task that stands elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// Which.
    pub id: TaskId,
    /// Where it stood: a phase, a heading, or nothing.
    pub from: String,
    /// Where it stands.
    pub to: String,
}

/// Everything of a plan but its tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    project: String,
    target: String,
    #[serde(rename = "type")]
    kind: String,
    specs: Vec<PlannedSpec>,
    phases: Vec<TaskPhase>,
    dropped: Vec<String>,
    next: u32,
}

/// What makes one plan another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Tasks that are new, in the order of the new plan.
    pub added: Vec<Task>,
    /// Tasks that are gone, in the order of the old plan.
    pub removed: Vec<Task>,
    /// Tasks that are not what they were, but for their line and place.
    pub changed: Vec<Change>,
    /// Tasks that stand in another phase or under another heading; they are among neither of the others for that.
    pub moved: Vec<Move>,
    /// What everybody keeps to, and what is not to be done.
    #[serde(default, skip_serializing_if = "Lines::is_empty")]
    pub constraints: Lines,
    /// When the whole is done.
    #[serde(default, skip_serializing_if = "Lines::is_empty")]
    pub criteria: Lines,
    /// What is said of the plan as a whole, where that differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<Box<Frame>>,
    /// All tasks in the new order, with the lines they stand in, where that differs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
}

/// Where a task stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    id: TaskId,
    spec: Option<u32>,
    line: u32,
    phase: Option<String>,
    section: String,
}

/// What differs between two plans.
pub fn difference(old: &TaskPlan, new: &TaskPlan) -> Difference {
    let before: BTreeMap<TaskId, &Task> = old.tasks.iter().map(|task| (task.id, task)).collect();
    let after: BTreeSet<TaskId> = new.tasks.iter().map(|task| task.id).collect();
    let mut difference = Difference {
        removed: old
            .tasks
            .iter()
            .filter(|task| !after.contains(&task.id))
            .cloned()
            .collect(),
        constraints: Lines::between(old.constraints(), new.constraints()),
        criteria: Lines::between(old.criteria(), new.criteria()),
        ..Difference::default()
    };
    for task in &new.tasks {
        let Some(was) = before.get(&task.id) else {
            difference.added.push(task.clone());
            continue;
        };
        let (from, to) = (stands(old, was), stands(new, task));
        if from != to {
            difference.moved.push(Move {
                id: task.id,
                from,
                to,
            });
        }
        if *was != &placed(task, &place(was)) {
            difference.changed.push(Change {
                before: (*was).clone(),
                after: task.clone(),
            });
        }
    }
    if frame(old) != frame(new) {
        difference.frame = Some(Box::new(frame(new)));
    }
    let places = |plan: &TaskPlan| plan.tasks.iter().map(place).collect::<Vec<_>>();
    let now = places(new);
    if places(old) != now {
        difference.places = now;
    }
    difference
}

fn frame(plan: &TaskPlan) -> Frame {
    Frame {
        project: plan.project.clone(),
        target: plan.target.clone(),
        kind: plan.kind.clone(),
        specs: plan.specs.clone(),
        phases: plan.phases.clone(),
        dropped: plan.dropped.clone(),
        next: plan.next,
    }
}

fn place(task: &Task) -> Place {
    Place {
        id: task.id,
        spec: task.spec,
        line: task.line,
        phase: task.phase.clone(),
        section: task.section.clone(),
    }
}

fn placed(task: &Task, place: &Place) -> Task {
    Task {
        spec: place.spec,
        line: place.line,
        phase: place.phase.clone(),
        section: place.section.clone(),
        ..task.clone()
    }
}

/// Where a task stands, for people: its phase by title, and its heading.
fn stands(plan: &TaskPlan, task: &Task) -> String {
    let phase = task
        .phase
        .as_ref()
        .and_then(|id| plan.phases.iter().find(|phase| phase.id == *id));
    match phase {
        Some(phase) if task.section.is_empty() || task.section == phase.title => {
            phase.title.clone()
        }
        Some(phase) => format!("{} / {}", phase.title, task.section),
        None => task.section.clone(),
    }
}

impl Difference {
    /// Whether the two plans are the same.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether what is to be done, what is kept to and when it is done are the same; lines, files and notes may differ.
    pub fn is_quiet(&self) -> bool {
        self.added.is_empty()
            && self.removed.is_empty()
            && self.changed.is_empty()
            && self.moved.is_empty()
            && self.constraints.is_empty()
            && self.criteria.is_empty()
    }

    /// The tasks that were done or under way and are to be done again, as they were and as they are.
    pub fn again(&self) -> impl Iterator<Item = &Change> {
        self.changed.iter().filter(|change| change.is_again())
    }

    /// The old plan as the new one.
    #[must_use]
    pub fn apply(&self, old: &TaskPlan) -> TaskPlan {
        let mut tasks: BTreeMap<TaskId, Task> = old
            .tasks
            .iter()
            .map(|task| (task.id, task.clone()))
            .collect();
        for task in &self.removed {
            tasks.remove(&task.id);
        }
        let now = self
            .changed
            .iter()
            .map(|change| &change.after)
            .chain(&self.added);
        tasks.extend(now.map(|task| (task.id, task.clone())));
        let mut plan = old.clone();
        plan.tasks = match self.places.as_slice() {
            [] => old
                .tasks
                .iter()
                .filter_map(|task| tasks.remove(&task.id))
                .collect(),
            places => places
                .iter()
                .filter_map(|place| Some(placed(&tasks.remove(&place.id)?, place)))
                .collect(),
        };
        if let Some(frame) = &self.frame {
            let frame = frame.as_ref().clone();
            plan.project = frame.project;
            plan.target = frame.target;
            plan.kind = frame.kind;
            plan.specs = frame.specs;
            plan.phases = frame.phases;
            plan.dropped = frame.dropped;
            plan.next = frame.next;
        }
        plan
    }

    /// How much differs: `2 added, 1 changed`.
    pub fn counts(&self) -> String {
        let counts = [
            (self.added.len(), "added"),
            (self.changed.len(), "changed"),
            (self.removed.len(), "removed"),
            (self.moved.len(), "moved"),
        ];
        let mut words: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        if words.is_empty() {
            words.push("no task differs".to_owned());
        }
        let again = self.again().count();
        if again > 0 {
            words.push(format!("{again} to do again"));
        }
        for (lines, one, many) in [
            (
                &self.constraints,
                "constraint differs",
                "constraints differ",
            ),
            (&self.criteria, "criterion differs", "criteria differ"),
        ] {
            match lines.count() {
                0 => {}
                1 => words.push(format!("1 {one}")),
                count => words.push(format!("{count} {many}")),
            }
        }
        words.join(", ")
    }

    /// A line for each task that differs, and for each line of the whole: `+ T4 developer: Write the parser`.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = self.task_lines();
        lines.extend(self.constraint_lines());
        lines.extend(self.criteria.told("the whole is done when"));
        lines
    }

    /// A line for each that differs of what everybody keeps to: `+ to be kept to: no cookies`.
    pub fn constraint_lines(&self) -> Vec<String> {
        self.constraints.told("to be kept to")
    }

    fn task_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for task in &self.added {
            let owner = task
                .owner
                .as_ref()
                .map_or("nobody yet", |owner| owner.as_str());
            lines.push(format!("+ {} {owner}: {}", task.id, task.title));
        }
        for task in &self.removed {
            lines.push(format!("- {} {} (was {})", task.id, task.title, task.state));
        }
        for change in &self.changed {
            lines.push(format!(
                "~ {} {}",
                change.after.id,
                words(&change.before, &change.after)
            ));
        }
        for step in &self.moved {
            let name = |place: &str| {
                if place.is_empty() {
                    "no phase".to_owned()
                } else {
                    format!("\"{place}\"")
                }
            };
            lines.push(format!(
                "> {} from {} to {}",
                step.id,
                name(&step.from),
                name(&step.to)
            ));
        }
        lines
    }
}

impl Change {
    /// Whether what was done or under way is to be done again.
    pub fn is_again(&self) -> bool {
        is_again(&self.before, &self.after)
    }
}

fn is_again(before: &Task, after: &Task) -> bool {
    let begun = matches!(before.state, TaskState::Done | TaskState::Doing);
    begun && after.state == TaskState::Todo
}

/// What differs in one task, in words.
fn words(before: &Task, after: &Task) -> String {
    let mut parts = Vec::new();
    if before.title != after.title {
        parts.push(format!("\"{}\" is now \"{}\"", before.title, after.title));
    } else {
        parts.push(after.title.clone());
    }
    if before.owner != after.owner {
        let name = |task: &Task| {
            task.owner
                .as_ref()
                .map_or("nobody".to_owned(), ToString::to_string)
        };
        parts.push(format!("owner {} → {}", name(before), name(after)));
    }
    if is_again(before, after) {
        parts.push(format!("was {}; is to do again", before.state));
    } else if before.state != after.state {
        parts.push(format!("{} → {}", before.state, after.state));
    }
    if before.depends_on != after.depends_on {
        let list = |task: &Task| {
            let ids: Vec<String> = task.depends_on.iter().map(ToString::to_string).collect();
            if ids.is_empty() {
                "nothing".to_owned()
            } else {
                ids.join(" ")
            }
        };
        parts.push(format!("waits for {} → {}", list(before), list(after)));
    }
    if before.done_when != after.done_when {
        parts.push("done-when".to_owned());
    }
    if before.detail != after.detail {
        parts.push("detail".to_owned());
    }
    parts.join("; ")
}
