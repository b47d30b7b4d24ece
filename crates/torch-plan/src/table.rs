//! Tables whose rows are tasks.

use crate::item::{self, Item};
use crate::outline::Row;
use crate::reference;
use crate::section::bare;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Id,
    Title,
    Owner,
    WaitsFor,
    DoneWhen,
    State,
    Other,
}

const ID: &[&str] = &["id", "no", "nr", "number", "key", "ref"];
const TITLE: &[&str] = &[
    "task",
    "tasks",
    "title",
    "requirement",
    "requirements",
    "feature",
    "features",
    "story",
    "user story",
    "item",
    "work",
    "what",
    "deliverable",
    "description",
    "aufgabe",
    "anforderung",
    "funktion",
    "beschreibung",
    "titel",
    "was",
];
const OWNER: &[&str] = &[
    "owner",
    "role",
    "who",
    "assignee",
    "responsible",
    "zuständig",
    "rolle",
    "wer",
];
const WAITS: &[&str] = &[
    "depends",
    "depends on",
    "dependencies",
    "dependency",
    "after",
    "blocked by",
    "abhängig von",
    "abhängigkeiten",
    "nach",
];
const DONE: &[&str] = &[
    "done when",
    "acceptance",
    "acceptance criteria",
    "criteria",
    "definition of done",
    "verify",
    "akzeptanz",
    "fertig wenn",
];
const STATE: &[&str] = &["state", "status", "done", "done?", "erledigt", "stand"];

fn column(heading: &str) -> Column {
    let name = bare(heading);
    let is = |names: &[&str]| names.contains(&name.as_str());
    if heading.trim() == "#" || is(ID) {
        Column::Id
    } else if is(TITLE) {
        Column::Title
    } else if is(OWNER) {
        Column::Owner
    } else if is(WAITS) {
        Column::WaitsFor
    } else if is(DONE) {
        Column::DoneWhen
    } else if is(STATE) {
        Column::State
    } else {
        Column::Other
    }
}

/// The tasks of a table, with their lines; none where no column is called like one of tasks. With `any`, the first
/// column will do.
pub(crate) fn tasks(rows: &[Row], any: bool) -> Vec<(Item, u32)> {
    let Some((head, rows)) = rows.split_first() else {
        return Vec::new();
    };
    let mut columns: Vec<Column> = head.cells.iter().map(|cell| column(cell)).collect();
    if !columns.contains(&Column::Title) {
        let first = columns.iter().position(|column| *column == Column::Other);
        match first.filter(|_| any) {
            Some(first) => columns[first] = Column::Title,
            None => return Vec::new(),
        }
    }
    let titles = |row: &Row| {
        let title = columns.iter().position(|column| *column == Column::Title)?;
        row.cells
            .get(title)
            .filter(|cell| !cell.trim().is_empty())
            .cloned()
    };
    rows.iter()
        .filter_map(|row| Some((task(row, &columns, &head.cells, &titles(row)?), row.line)))
        .collect()
}

fn task(row: &Row, columns: &[Column], heads: &[String], title: &str) -> Item {
    let mut item = item::item(title, None);
    let mut titled = false;
    for ((cell, column), head) in row.cells.iter().zip(columns).zip(heads) {
        let cell = crate::source::clean(cell);
        if cell.is_empty() {
            continue;
        }
        match column {
            Column::Title if !titled => titled = true,
            Column::Id => set_id(&mut item, &cell),
            Column::Owner => {
                item.owner = cell
                    .split([' ', ',', '/'])
                    .next()
                    .map(|name| name.trim_start_matches('@').to_lowercase());
            }
            Column::WaitsFor => item.waits_for.extend(reference::behind(&cell)),
            Column::DoneWhen => item.done_when.push(cell),
            Column::State => item.ticked = item.ticked.or(ticked(&cell)),
            Column::Title | Column::Other => item
                .detail
                .push(format!("{}: {cell}", crate::source::clean(head))),
        }
    }
    item
}

fn set_id(item: &mut Item, cell: &str) {
    let number = cell
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| format!("T{cell}"));
    if let Ok(id) = number
        .as_deref()
        .unwrap_or(cell)
        .parse::<torch_core::TaskId>()
    {
        item.id = Some(id.0);
    } else {
        item.label = Some(cell.to_lowercase());
    }
}

fn ticked(cell: &str) -> Option<bool> {
    let word = cell.to_lowercase();
    let done = [
        "done",
        "yes",
        "x",
        "[x]",
        "✅",
        "✓",
        "✔",
        "complete",
        "completed",
        "finished",
        "erledigt",
        "fertig",
        "ja",
    ];
    Some(done.contains(&word.as_str()))
}
