//! `plan.toml`: a plan as a person edits it.

use serde::{Deserialize, Serialize};
use torch_core::task::{TaskField, TaskPhase};
use torch_core::{RoleName, Task, TaskId, TaskPlan, TaskState};

use crate::check::{Fault, faults};
use crate::similar::normal;
use crate::source::clean;

/// The format that this build writes and reads.
pub const VERSION: u32 = 1;

/// The file of an edit that began with `base`, when the plan is `now`: what the edit did not touch is as it is now.
pub fn merged(now: &TaskPlan, base: &PlanFile, edit: PlanFile) -> PlanFile {
    let was = |id: TaskId| base.task.iter().find(|task| task.id == Some(id));
    let mut file = edit;
    let touched = std::mem::take(&mut file.task);
    for mut line in touched.iter().cloned() {
        let Some(before) = line.id.and_then(was) else {
            file.task.push(line);
            continue;
        };
        // Gone meanwhile: its spec has it no more.
        let Some(known) = now.task(before.id.unwrap_or(TaskId(0))) else {
            continue;
        };
        if line == *before {
            line = FileTask::of(known);
        } else if line.state == before.state {
            line.state = Some(known.state);
        }
        file.task.push(line);
    }
    let came = now.tasks.iter().filter(|task| {
        was(task.id).is_none() && !touched.iter().any(|line| line.id == Some(task.id))
    });
    file.task.extend(came.map(FileTask::of));
    if file.phase == base.phase {
        file.phase.clone_from(&now.phases);
    }
    if file.project == base.project {
        file.project.clone_from(&now.project);
    }
    file
}

/// A part of a plan that two edits changed in two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clash {
    /// The project's name.
    Project,
    /// The phases: which there are, what they are called, and their order.
    Phases,
    /// A task.
    Task(TaskId),
}

impl std::fmt::Display for Clash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Project => f.write_str("the project's name"),
            Self::Phases => f.write_str("the phases"),
            Self::Task(id) => write!(f, "{id}"),
        }
    }
}

/// What an edit which began with `base` changes, and somebody else changed otherwise meanwhile: `now` is the plan as it is. How far a
/// task is counts only where both say it.
pub fn clashes(now: &TaskPlan, base: &PlanFile, edit: &PlanFile) -> Vec<Clash> {
    let mut found = Vec::new();
    let project = clean(&edit.project);
    // Without a name, a file leaves it as it is.
    let renames = !project.is_empty() && project != base.project;
    if renames && now.project != base.project && now.project != project {
        found.push(Clash::Project);
    }
    if edit.phase != base.phase && now.phases != base.phase && now.phases != edit.phase {
        found.push(Clash::Phases);
    }
    found.extend(tasks_that_clash(now, base, edit).map(Clash::Task));
    found
}

fn tasks_that_clash(
    now: &TaskPlan,
    base: &PlanFile,
    edit: &PlanFile,
) -> impl Iterator<Item = TaskId> {
    let of = |file: &PlanFile, id: TaskId| {
        let mut lines = file.task.iter();
        lines.find(|line| line.id == Some(id)).cloned()
    };
    let clash = |id: &TaskId| {
        let (was, mine) = (of(base, *id), of(edit, *id));
        let theirs = now.task(*id).map(FileTask::of);
        if was.is_none() || mine == was || theirs == was || mine == theirs {
            return false;
        }
        match (was, mine, theirs) {
            (Some(was), Some(mine), Some(theirs)) => {
                let words = |line: &FileTask| FileTask {
                    state: was.state,
                    ..line.clone()
                };
                let differ = |mine: bool, theirs: bool, alike: bool| mine && theirs && !alike;
                let (mine_words, their_words) = (words(&mine), words(&theirs));
                differ(
                    mine_words != was,
                    their_words != was,
                    mine_words == their_words,
                ) || differ(
                    mine.state != was.state,
                    theirs.state != was.state,
                    mine.state == theirs.state,
                )
            }
            // Taken out by one, changed by the other. A report about a task keeps nobody from taking it out.
            (Some(was), None, Some(theirs)) => {
                FileTask {
                    state: was.state,
                    ..theirs
                } != was
            }
            _ => true,
        }
    };
    let ids = base.task.iter().filter_map(|line| line.id);
    ids.filter(clash).collect::<Vec<_>>().into_iter()
}

/// A plan's file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    /// The format: 1.
    pub version: u32,
    /// The project's name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub project: String,
    /// The phases, in the order of the work.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phase: Vec<TaskPhase>,
    /// The tasks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub task: Vec<FileTask>,
}

/// A task in a plan's file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileTask {
    /// Its id; a new task needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<TaskId>,
    /// What is to be done.
    pub title: String,
    /// How far it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<TaskState>,
    /// Who does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<RoleName>,
    /// The id of its phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// What comes before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<TaskId>,
    /// When it is done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done_when: Vec<String>,
    /// What else is said of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// What is wrong with a plan's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFault {
    /// Its line, counted from 1, where it is known.
    pub line: Option<usize>,
    /// What.
    pub text: String,
    /// What to do about it.
    pub hint: String,
}

/// The text of a plan's file.
///
/// # Errors
/// What the encoder says; plans of this crate can be written.
pub fn write(plan: &TaskPlan, team: Option<&str>) -> Result<String, toml::ser::Error> {
    let file = PlanFile {
        version: VERSION,
        project: plan.project.clone(),
        phase: plan.phases.clone(),
        task: plan.tasks.iter().map(FileTask::of).collect(),
    };
    let of = team.map_or_else(
        || "A plan".to_owned(),
        |team| format!("The plan of team {team}"),
    );
    let head = format!(
        "# {of}. `torch plan edit` takes changes in; what is written into this copy is lost.\n\
         # A new [[task]] needs no id. Left out here, a task is taken out of the plan.\n\n"
    );
    Ok(head + &toml::to_string_pretty(&file)?)
}

impl FileTask {
    fn of(task: &Task) -> Self {
        Self {
            id: Some(task.id),
            title: task.title.clone(),
            state: Some(task.state),
            owner: task.owner.clone(),
            phase: task.phase.clone(),
            depends_on: task.depends_on.clone(),
            done_when: task.done_when.clone(),
            detail: task.detail.clone(),
        }
    }
}

/// Reads a plan's file, and checks it as a plan for a team of these roles.
///
/// # Errors
/// All that is wrong with it, at least one.
pub fn read(text: &str, roles: &[RoleName]) -> Result<PlanFile, Vec<FileFault>> {
    let file: PlanFile = toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| line_of(text, span.start));
        let what = error
            .message()
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned();
        vec![FileFault {
            line,
            text: what,
            hint: "docs/plan.md has the format".to_owned(),
        }]
    })?;
    let found = wrong(&file, roles, &TaskPlan::default());
    if found.is_empty() {
        return Ok(file);
    }
    Err(found
        .into_iter()
        .map(|fault| in_file(text, fault))
        .collect())
}

/// What is wrong with a file's plan, if it became that of `base`.
pub(crate) fn wrong(file: &PlanFile, roles: &[RoleName], base: &TaskPlan) -> Vec<Fault> {
    if file.version != VERSION {
        return vec![Fault {
            task: None,
            text: format!("version is {}; this torch reads {VERSION}", file.version),
            hint: format!("version = {VERSION}"),
        }];
    }
    faults(&edited(base, file, "file"), roles)
}

/// A fault with the line of its task.
fn in_file(text: &str, fault: Fault) -> FileFault {
    let heads = text.lines().enumerate().filter(|(_, line)| {
        let line: String = line
            .split('#')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        line == "[[task]]"
    });
    let line = match fault.task {
        Some(task) => heads.map(|(n, _)| n + 1).nth(task),
        None => None,
    };
    FileFault {
        line,
        text: fault.text,
        hint: fault.hint,
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

/// A plan with a file's words; `by` says who wrote them. What differs from before is left alone by changed specs. The
/// states are the file's, where it names one.
pub fn edited(old: &TaskPlan, file: &PlanFile, by: &str) -> TaskPlan {
    let mut plan = old.clone();
    plan.phases.clone_from(&file.phase);
    if !file.project.is_empty() {
        plan.project = clean(&file.project);
    }
    let highest = file
        .task
        .iter()
        .filter_map(|task| task.id)
        .map(|id| id.0)
        .max();
    let mut next = plan.next.max(highest.unwrap_or(0) + 1).max(1);
    plan.tasks.clear();
    for line in &file.task {
        let id = line.id.unwrap_or_else(|| {
            next += 1;
            TaskId(next - 1)
        });
        let task = match old.task(id) {
            Some(before) => rewritten(before, line, by),
            None => added(id, line, by),
        };
        plan.tasks.push(task);
    }
    plan.next = next;
    let here = |task: &&Task| plan.tasks.iter().any(|kept| kept.id == task.id);
    let gone = old
        .tasks
        .iter()
        .filter(|task| !here(task) && task.spec.is_some());
    let gone: Vec<String> = gone
        .map(|task| normal(crate::revise::bare(&task.said)))
        .collect();
    for title in gone {
        if !plan.dropped.contains(&title) {
            plan.dropped.push(title);
        }
    }
    let there: Vec<String> = plan
        .tasks
        .iter()
        .map(|task| normal(crate::revise::bare(&task.said)))
        .collect();
    plan.dropped.retain(|title| !there.contains(title));
    plan
}

fn added(id: TaskId, line: &FileTask, by: &str) -> Task {
    Task {
        id,
        title: line.title.trim().to_owned(),
        detail: line.detail.trim_end().to_owned(),
        phase: line.phase.clone(),
        section: String::new(),
        owner: line.owner.clone(),
        owner_why: line
            .owner
            .as_ref()
            .map_or_else(String::new, |_| format!("{by} says so")),
        depends_on: line.depends_on.clone(),
        done_when: line.done_when.clone(),
        state: line.state.unwrap_or_default(),
        by: String::new(),
        since: None,
        words: String::new(),
        spec: None,
        line: 0,
        said: String::new(),
        pinned: std::collections::BTreeSet::new(),
        asks_anew: None,
    }
}

fn rewritten(before: &Task, line: &FileTask, by: &str) -> Task {
    let mut task = Task {
        state: line.state.unwrap_or(before.state),
        ..added(before.id, line, by)
    };
    let differs = [
        (TaskField::Title, task.title != before.title),
        (TaskField::Detail, task.detail != before.detail),
        (TaskField::Phase, task.phase != before.phase),
        (TaskField::Owner, task.owner != before.owner),
        (TaskField::DependsOn, task.depends_on != before.depends_on),
        (TaskField::DoneWhen, task.done_when != before.done_when),
    ];
    task.pinned.clone_from(&before.pinned);
    task.asks_anew.clone_from(&before.asks_anew);
    if before.spec.is_some() {
        let changed = differs.iter().filter(|(_, differs)| *differs);
        task.pinned.extend(changed.map(|(field, _)| *field));
    }
    task.section.clone_from(&before.section);
    if task.owner == before.owner {
        task.owner_why.clone_from(&before.owner_why);
    }
    if task.state == before.state {
        task.by.clone_from(&before.by);
        task.since = before.since;
        task.words.clone_from(&before.words);
    }
    task.spec = before.spec;
    task.line = before.line;
    task.said.clone_from(&before.said);
    task
}
