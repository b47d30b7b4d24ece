//! `torch agents`: the list of programs, a program's file, and a screen as its rules read it.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use torch_core::observed::ProgramObserved;
use torch_core::screen::{Dialog, ScreenKind};
use torch_daemon::catalog::{Entry, Origin, Reading};

use super::style::{BUSY, DIM, GOOD, NONE, STRONG, WARN, paint};
use super::table::{Cell, Table};
use super::time::Clock;
use super::{first_line, plain};

/// The longest text of a matched line that is shown, in characters.
const LINE_MAX: usize = 90;

/// Whether a program is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Installed {
    /// Part of torch.
    BuiltIn,
    /// Here, in this version if it says one.
    At {
        /// Its path.
        path: PathBuf,
        /// Its version.
        version: Option<String>,
    },
    /// Not on `PATH`.
    No,
}

/// A program in the list.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'e> {
    /// The program.
    pub entry: &'e Entry,
    /// Whether it is there.
    pub installed: &'e Installed,
}

/// The programs as a table for a terminal of `width` columns if there is one, and how to get those that are not there.
pub fn list(
    listed: &[Listed<'_>],
    shown: impl Fn(&Path) -> String,
    width: Option<usize>,
) -> String {
    let mut table = Table::new(0, &["NAME", "INSTALLED", "PROOF", "RULES", "DESCRIPTION"]);
    let mut notes = String::new();
    for Listed { entry, installed } in listed {
        let program = &entry.program;
        let (style, installed_words) = match installed {
            Installed::BuiltIn => (GOOD, "built in".to_owned()),
            Installed::At { version, .. } => (GOOD, version.clone().unwrap_or("yes".to_owned())),
            Installed::No => (DIM, "no".to_owned()),
        };
        let rules = match &entry.origin {
            Origin::BuiltIn => "built in".to_owned(),
            Origin::User(path) => shown(path),
            Origin::Project(path) => format!("{} (not started)", shown(path)),
        };
        table.row([
            Cell::styled(STRONG, program.name.clone()),
            Cell::styled(style, plain(&installed_words)),
            Cell::from(program.grade().as_str()),
            Cell::from(plain(&rules)),
            Cell::from(plain(&program.description)),
        ]);
        // What a project's file would have installed is its repository's word.
        let ours = !matches!(entry.origin, Origin::Project(_));
        if let (true, Installed::No, Some(install)) = (ours, installed, &program.install) {
            let how = plain(&install.how);
            notes.push_str(&format!("  {}: {how}\n", program.name));
        }
    }
    // Names and versions stay whole.
    let mut text = table.within(width, &[3, 4]);
    if !notes.is_empty() {
        text.push_str(&format!("\n{}\n{notes}", paint(DIM, "To install:")));
    }
    text
}

/// The same as JSON.
pub fn listed_json(listed: &Listed<'_>) -> Value {
    let program = &listed.entry.program;
    let installed = match listed.installed {
        Installed::BuiltIn => json!({ "built_in": true }),
        Installed::At { path, version } => json!({ "path": path, "version": version }),
        Installed::No => Value::Null,
    };
    json!({
        "name": program.name,
        "description": program.description,
        "installed": installed,
        "install": program.install.as_ref().map(|install| &install.how),
        "proof": program.grade(),
        "origin": origin_json(&listed.entry.origin),
        "replaces": listed.entry.replaces.as_ref().map(origin_json),
        "can_be_started": !matches!(listed.entry.origin, Origin::Project(_)),
    })
}

/// Where a program's rules come from, as JSON.
pub fn origin_json(origin: &Origin) -> Value {
    json!({ "kind": origin.as_str(), "path": origin.path() })
}

/// A program's file, with where it comes from as a comment.
pub fn show(
    entry: &Entry,
    used: Option<&ProgramObserved>,
    shown: impl Fn(&Path) -> String,
) -> String {
    let place = |origin: &Origin| match origin.path() {
        Some(path) => shown(path),
        None => "built in".to_owned(),
    };
    let mut head = format!("# {}", place(&entry.origin));
    if let Some(replaced) = &entry.replaces {
        head.push_str(&format!("; in place of: {}", place(replaced)));
    }
    if matches!(entry.origin, Origin::Project(_)) {
        head.push_str("; never started: a project's file is its repository's word");
    }
    head.push_str("\n# in use: ");
    head.push_str(&match used {
        Some(seen) => super::observed::in_use(seen, &Clock::system()),
        None => super::observed::NEVER.to_owned(),
    });
    let head: Vec<String> = head.lines().map(|line| paint(DIM, &plain(line))).collect();
    let text: Vec<String> = entry.text.lines().map(plain).collect();
    format!("{}\n{}\n", head.join("\n"), text.join("\n"))
}

/// A screen as read.
pub fn reading(read: &Reading) -> String {
    let reading = &read.reading;
    let style = match reading.kind {
        ScreenKind::Prompt => GOOD,
        ScreenKind::Busy | ScreenKind::Retrying => BUSY,
        _ => WARN,
    };
    let mut out = field("kind", &paint(style, reading.kind.as_str()));
    out.push_str(&field("evidence", &plain(&reading.evidence)));
    match &reading.composer {
        None => out.push_str(&field("composer", "none")),
        Some(composer) if composer.is_empty() => out.push_str(&field("composer", "empty")),
        Some(composer) => {
            let lines = composer.text.lines().map(plain).collect::<Vec<_>>();
            out.push_str(&field("composer", &lines.join("\n")));
        }
    }
    if let Some(composer) = &reading.composer
        && !composer.collapsed.is_empty()
    {
        out.push_str(&field("collapsed", &plain(&composer.collapsed.join(" "))));
    }
    if let Some(dialog) = &reading.dialog {
        out.push_str(&dialog_text(dialog));
    }
    for (name, text) in [("limit", &reading.limit), ("retry", &reading.retry)] {
        if let Some(text) = text {
            let lines: Vec<String> = text.lines().map(plain).collect();
            out.push_str(&field(name, &lines.join("\n")));
        }
    }
    if let Some(used) = reading.context_used {
        out.push_str(&field("context", &format!("{used} % used")));
    }
    out.push_str(&matches(read));
    out
}

fn field(name: &str, text: &str) -> String {
    let mut out = String::new();
    for (n, line) in text.lines().enumerate() {
        let name = if n == 0 { name } else { "" };
        out.push_str(&format!("{}  {line}\n", paint(DIM, &format!("{name:<9}"))));
    }
    out
}

fn dialog_text(dialog: &Dialog) -> String {
    let question: Vec<String> = dialog.question.lines().map(plain).collect();
    let mut text = format!("{}\n{}", dialog.kind.as_str(), question.join("\n"));
    for (n, row) in dialog.rows.iter().enumerate() {
        let (style, mark) = match dialog.highlighted == Some(n) {
            true => (STRONG, '>'),
            false => (NONE, ' '),
        };
        let mut notes = Vec::new();
        if dialog.approve == Some(n) {
            notes.push("approves".to_owned());
        }
        if dialog.deny == Some(n) {
            notes.push("denies".to_owned());
        }
        if let Some(keys) = dialog.keys_for(n) {
            notes.push(format!("keys: {}", keys.join(" ")));
        }
        let row = format!("{mark} {}", plain(&row.text));
        let notes = match notes.is_empty() {
            true => String::new(),
            false => paint(DIM, &format!("  ({})", notes.join("; "))),
        };
        text.push_str(&format!("\n{}{notes}", paint(style, &row)));
    }
    field("dialog", &text)
}

/// Which rule matched which lines.
fn matches(read: &Reading) -> String {
    let mut table = Table::bare(0);
    for (n, found) in read.reading.matches.iter().enumerate() {
        let name = if n == 0 { "rules" } else { "" };
        let first = read.rows.get(found.rows.clone()).and_then(<[_]>::first);
        let first = first.map(String::as_str).unwrap_or_default();
        table.row([
            Cell::styled(DIM, format!("{name:<9}")),
            Cell::from(found.rule.clone()),
            Cell::from(lines(&found.rows)),
            Cell::styled(DIM, first_line(&plain(first.trim()), LINE_MAX)),
        ]);
    }
    table.render()
}

/// Rows as people count them.
fn lines(rows: &Range<usize>) -> String {
    match rows.len() {
        0 => String::new(),
        1 => format!("line {}", rows.start + 1),
        _ => format!("lines {}-{}", rows.start + 1, rows.end),
    }
}

/// A screen as read, as JSON; lines count from 1.
pub fn reading_json(read: &Reading) -> Value {
    let reading = &read.reading;
    let between = |rows: &Range<usize>| (!rows.is_empty()).then(|| [rows.start + 1, rows.end]);
    let matches = reading.matches.iter().map(|found| {
        let text = read.rows.get(found.rows.clone()).unwrap_or_default();
        json!({ "rule": found.rule, "lines": between(&found.rows), "text": text })
    });
    let dialog = reading.dialog.as_ref().map(|dialog| {
        let rows = dialog
            .rows
            .iter()
            .enumerate()
            .map(|(n, row)| json!({ "text": row.text, "keys": dialog.keys_for(n) }));
        json!({
            "kind": dialog.kind,
            "question": dialog.question,
            "rows": rows.collect::<Vec<_>>(),
            "highlighted": dialog.highlighted,
            "approve": dialog.approve,
            "deny": dialog.deny,
        })
    });
    json!({
        "kind": reading.kind,
        "evidence": reading.evidence,
        "composer": reading.composer.as_ref().map(|composer| json!({
            "text": composer.text,
            "lines": between(&composer.rows),
            "collapsed": composer.collapsed,
        })),
        "dialog": dialog,
        "limit": reading.limit,
        "retry": reading.retry,
        "context_used": reading.context_used,
        "matches": matches.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests;
