//! `torch plan` and `torch spec`: a plan by its phases, what differs, where it comes from.

use serde::Serialize;
use torch_api::task::TasksView;
use torch_core::task::{Task, TaskCount};
use torch_core::{TaskPlan, TaskState};
use torch_plan::alias;

use super::style::{DIM, GOOD, NONE, STRONG, WARN, paint};
use super::table::{Cell, Table};

/// One spec of a plan.
#[derive(Debug, Clone, Serialize)]
pub struct SpecRow {
    /// Its path.
    pub path: String,
    /// How many tasks come from it.
    pub tasks: usize,
    /// How its file stands to what was read.
    pub state: String,
    /// What was noticed when it was read.
    pub notes: Vec<String>,
}

/// A plan: what it is for, its tasks by phase, what must hold at the end; for a terminal of `width` columns if there is one.
pub fn tasks(view: &TasksView, width: Option<usize>) -> String {
    let plan = &view.plan;
    let mut text = head(view);
    let mut table = Table::new(2, &["TASK", "STATE", "OWNER", "AFTER", "WHAT"]);
    let mut phase: Option<&str> = None;
    for task in &plan.tasks {
        if task.phase.as_deref() != phase {
            phase = task.phase.as_deref();
            let known = plan
                .phases
                .iter()
                .find(|known| Some(known.id.as_str()) == phase);
            let title = known.map_or("without a phase", |known| known.title.as_str());
            table.row([
                Cell::styled(STRONG, phase.unwrap_or("-")),
                "".into(),
                "".into(),
                "".into(),
                Cell::styled(STRONG, super::plain(title)),
            ]);
        }
        table.row(cells(task));
    }
    // Titles give way first; ids, states and owners are what is typed.
    text.push_str(&table.giving(width, &[4, 3]));
    text.push_str(&super::fit::prose(&details(plan), width, 2));
    text
}

fn cells(task: &Task) -> [Cell; 5] {
    let after: Vec<String> = task
        .depends_on
        .iter()
        .take(4)
        .map(ToString::to_string)
        .collect();
    let more = if task.depends_on.len() > 4 {
        " …"
    } else {
        ""
    };
    [
        alias::shown(task).into(),
        Cell::styled(style(task.state), task.state.as_str()),
        task.owner
            .as_ref()
            .map_or("-", |owner| owner.as_str())
            .into(),
        format!("{}{more}", after.join(" ")).into(),
        super::plain(&task.title).into(),
    ]
}

fn style(state: TaskState) -> anstyle::Style {
    match state {
        TaskState::Todo => NONE,
        TaskState::Doing => STRONG,
        TaskState::Blocked => WARN,
        TaskState::Done => GOOD,
    }
}

fn head(view: &TasksView) -> String {
    let plan = &view.plan;
    let name = match (view.team.as_str(), plan.project.as_str()) {
        ("", "") => "the plan".to_owned(),
        ("", project) => super::plain(project),
        (team, "") => team.to_owned(),
        (team, project) => format!("{team}: {}", super::plain(project)),
    };
    let mut text = format!("{}  {}\n", paint(STRONG, &name), count(plan.count()));
    for (key, value) in [("target", &plan.target), ("type", &plan.kind)] {
        if !value.is_empty() {
            text.push_str(&format!("  {} {}\n", paint(DIM, key), super::plain(value)));
        }
    }
    text
}

/// What stands below the table: when tasks are done, why nobody owns one, criteria, notes.
fn details(plan: &TaskPlan) -> String {
    let mut text = String::new();
    let told = plan
        .tasks
        .iter()
        .filter(|task| task.state != TaskState::Done && !task.done_when.is_empty());
    let told: Vec<String> = told
        .map(|task| format!("{} {}", task.id, super::plain(&task.done_when.join("; "))))
        .collect();
    part(&mut text, "done when", &told);
    let blocked = plan
        .tasks
        .iter()
        .filter(|task| task.state == TaskState::Blocked && !task.words.is_empty());
    let blocked: Vec<String> = blocked
        .map(|task| {
            format!(
                "{} {}: {}",
                task.id,
                task.by,
                super::first_line(&task.words, 200)
            )
        })
        .collect();
    part(&mut text, "blocked", &blocked);
    let again = torch_plan::to_do_again(plan);
    let again: Vec<String> = again
        .map(|task| format!("{} {}", task.id, super::first_line(&task.words, 200)))
        .collect();
    part(
        &mut text,
        "to do again, as the spec asks for something else since",
        &again,
    );
    let free = plan
        .tasks
        .iter()
        .filter(|task| task.owner.is_none() && task.state != TaskState::Done);
    let free: Vec<String> = free
        .map(|task| format!("{} {}", task.id, task.owner_why))
        .collect();
    part(&mut text, "without an owner", &free);
    let absent = plan
        .tasks
        .iter()
        .filter(|task| task.state != TaskState::Done && task.owner_why.contains("not in the team"));
    let absent: Vec<String> = absent
        .filter_map(|task| {
            Some(format!(
                "{} {}: {}",
                task.id,
                task.owner.as_ref()?,
                super::plain(&task.owner_why)
            ))
        })
        .collect();
    part(&mut text, "with an owner that stands in", &absent);
    let kept: Vec<String> = plan.constraints().map(super::plain).collect();
    part(&mut text, "to be kept to", &kept);
    let criteria: Vec<String> = plan.criteria().map(super::plain).collect();
    part(&mut text, "the whole is done when", &criteria);
    let notes: Vec<String> = plan
        .specs
        .iter()
        .flat_map(|spec| &spec.notes)
        .map(|note| super::plain(note))
        .collect();
    part(&mut text, "notes", &notes);
    text
}

/// The most lines of one part.
const LINES: usize = 40;

fn part(text: &mut String, head: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    text.push_str(&format!("  {}\n", paint(DIM, head)));
    for line in lines.iter().take(LINES) {
        text.push_str(&format!("    {line}\n"));
    }
    if lines.len() > LINES {
        text.push_str(&format!(
            "    and {} more (--json has all)\n",
            lines.len() - LINES
        ));
    }
}

/// `3 of 8 tasks done, 2 under way, 1 blocked`.
pub fn count(count: TaskCount) -> String {
    let mut text = format!(
        "{} of {} done",
        count.done,
        super::count(u64::from(count.total), "task")
    );
    if count.doing > 0 {
        text.push_str(&format!(", {} under way", count.doing));
    }
    if count.blocked > 0 {
        text.push_str(&format!(", {} blocked", count.blocked));
    }
    text
}

/// What a request changed of a plan.
pub fn change(view: &TasksView) -> String {
    let Some(change) = &view.change else {
        return tasks(view, None);
    };
    let mut text = String::new();
    for line in &change.lines {
        let style = match line.chars().next() {
            Some('+') => GOOD,
            Some('-') => WARN,
            _ => NONE,
        };
        text.push_str(&format!("{}\n", paint(style, &super::plain(line))));
    }
    let end = match (change.dry_run, change.told, change.told_all) {
        (true, _, true) => "; nothing was changed, and nobody was told",
        (true, true, false) => "; nothing was changed, and the orchestrator was not told",
        (true, false, false) => "; nothing was changed",
        (false, _, true) => "; the orchestrator is told, and all others what they are to keep to",
        (false, true, false) => "; the orchestrator is told",
        (false, false, false) => "",
    };
    text.push_str(&format!("{}{end}\n", change.counts));
    text
}

/// The specs of a plan.
pub fn specs(team: &str, rows: &[SpecRow]) -> String {
    let mut table = Table::new(0, &["SPEC", "TASKS", "FILE"]);
    for row in rows {
        let style = if row.state == "as read" { NONE } else { WARN };
        table.row([
            super::plain(&row.path).into(),
            row.tasks.to_string().into(),
            Cell::styled(style, row.state.as_str()),
        ]);
    }
    let mut text = table.render();
    for note in rows.iter().flat_map(|row| &row.notes) {
        text.push_str(&format!("  {}\n", super::plain(note)));
    }
    if rows.iter().any(|row| row.state == "changed since") {
        text.push_str(&format!(
            "torch spec update --team {team} --dry-run shows what would differ\n"
        ));
    }
    text
}
