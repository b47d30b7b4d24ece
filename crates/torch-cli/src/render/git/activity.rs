//! What is shown of agents' work with git over time.

use std::time::Duration;

use anstyle::Style;
use serde_json::Value;
use torch_api::git::{
    BranchView, EntryView, HealthView, ParentCommit, RiskLevel, RiskRow, RiskView, Unread,
};

use crate::render::style::{BAD, DIM, GOOD, NONE, STRONG, WARN, paint};
use crate::render::table::{Cell, Table};
use crate::render::time::Clock;
use crate::render::{count, first_line, fit, plain};

/// A push that goes on from the broker within this time went at once.
const AT_ONCE: Duration = Duration::from_secs(10);

/// How much is shown of what an open violation has as evidence, in characters.
const EVIDENCE_MAX: usize = 200;

/// How branches stand: a table, what is due, what is open, the parent's day, the graph.
pub fn health(view: &HealthView, clock: &Clock, width: Option<usize>) -> String {
    let there = match view.parent_commit.is_empty() {
        true => "(there is no such branch)".to_owned(),
        false => short(&view.parent_commit).to_owned(),
    };
    let title = format!("{}, for {} {there}", view.team, view.parent);
    let mut table = Table::new(
        2,
        &["ROLE", "BRANCH", "COMMIT", "AHEAD", "BEHIND", "UNPUSHED"],
    );
    for branch in &view.branches {
        table.row(branch_row(branch, clock));
    }
    let mut text = format!("{}\n{}", paint(STRONG, &title), table.giving(width, &[1]));
    for branch in &view.branches {
        if let Some(mend) = &branch.mend {
            let line = plain(&format!("{}: {mend}", branch.role));
            text.push_str(&told(BAD, &line, width));
        }
        if let Some(due) = branch.deadlines.first() {
            let over = due.at <= clock.now;
            let when = match over {
                true => format!("passed {}", clock.ago(due.at)),
                false => format!("at {}", clock.moment(due.at)),
            };
            let style = if over { BAD } else { DIM };
            let line = format!("{} due {when}: {}", branch.role, due.rule);
            text.push_str(&told(style, &line, width));
        }
    }
    for alert in &view.alerts {
        let line = format!(
            "{} {} {}: {}",
            alert.id,
            alert.role,
            alert.rule,
            first_line(&alert.evidence, EVIDENCE_MAX)
        );
        text.push_str(&told(WARN, &line, width));
    }
    if let Some(unread) = &view.unread {
        let line = format!("  {}\n", self::unread(unread, clock));
        text.push_str(&fit::prose(&line, width, 2));
    }
    if !view.remote {
        text.push_str(&format!(
            "  {}\n",
            paint(DIM, "no remote: nothing is pushed")
        ));
    }
    if let Some(lacking) = &view.parent_not_pushed {
        let commits = count(lacking.commits, "commit");
        let line = format!(
            "{} lacks {commits} of {}: {}",
            lacking.remote, view.parent, lacking.push
        );
        text.push_str(&format!("  {}\n", paint(WARN, &plain(&line))));
    }
    let commits = view.parent_commits.len() + view.parent_more;
    let commits = count(u64::try_from(commits).unwrap_or(u64::MAX), "commit");
    if !view.parent_commit.is_empty() {
        text.push_str(&format!("{} in the last day: {commits}\n", view.parent));
    }
    view.parent_commits
        .iter()
        .for_each(|one| text.push_str(&parent_commit(one, clock, width)));
    if !view.graph.is_empty() {
        text.push_str("the newest commits\n");
    }
    for line in &view.graph {
        text.push_str(&format!("  {}\n", cut(line, width)));
    }
    text
}

/// A line that goes on below itself.
fn told(style: Style, line: &str, width: Option<usize>) -> String {
    fit::prose(&format!("  {}\n", paint(style, line)), width, 2)
}

/// That branches can't be read: since when, why, and what tells more.
pub fn unread(unread: &Unread, clock: &Clock) -> String {
    format!(
        "the branches can't be read for {}, and what moves is not seen: {} ({})",
        clock.age(unread.since),
        plain(&unread.why.split_whitespace().collect::<Vec<_>>().join(" ")),
        plain(&unread.hint)
    )
}

fn branch_row(branch: &BranchView, clock: &Clock) -> Vec<Cell> {
    let name = branch.branch.as_deref().unwrap_or("(detached)");
    if let Some(problem) = &branch.problem {
        return vec![Cell::from(branch.role.as_str()), Cell::styled(BAD, problem)];
    }
    let number = |count: u64, much: bool| match (count, much) {
        (0, _) => Cell::styled(DIM, "0"),
        (count, true) => Cell::styled(WARN, count.to_string()),
        (count, false) => Cell::from(count.to_string()),
    };
    vec![
        Cell::from(branch.role.as_str()),
        Cell::name(plain(name)),
        Cell::from(
            branch
                .last_commit
                .map(|at| clock.ago(at))
                .unwrap_or_default(),
        ),
        number(branch.ahead, false),
        number(branch.behind, branch.behind > 20),
        match branch.unpushed {
            Some(count) => number(count, false),
            None => Cell::styled(DIM, "-"),
        },
    ]
}

fn parent_commit(one: &ParentCommit, clock: &Clock, width: Option<usize>) -> String {
    let who = first_line(&one.author, 15);
    let line = format!(
        "{} {} {who}: {}",
        short(&one.commit),
        clock.ago(one.at),
        one.subject
    );
    format!("  {}\n", cut(&line, width))
}

/// Whose work is hardest to bring together.
pub fn risk(view: &RiskView, width: Option<usize>) -> String {
    let title = format!("{}, for {}", view.team, view.parent);
    let mut table = Table::new(2, &["ROLE", "RISK", "FILES", "LINES", "AHEAD", "BEHIND"]);
    for row in &view.roles {
        if let Some(problem) = &row.problem {
            table.row([Cell::from(row.role.as_str()), Cell::styled(BAD, problem)]);
            continue;
        }
        table.row([
            Cell::from(row.role.as_str()),
            level(row.risk),
            Cell::from(row.files.to_string()),
            Cell::from(format!("+{} -{}", row.insertions, row.deletions)),
            Cell::from(row.ahead.to_string()),
            Cell::from(row.behind.to_string()),
        ]);
    }
    let mut text = format!("{}\n{}", paint(STRONG, &title), table.render());
    view.roles
        .iter()
        .for_each(|row| text.push_str(&fit::prose(&reasons(row, &view.parent), width, 2)));
    text
}

fn level(risk: RiskLevel) -> Cell {
    match risk {
        RiskLevel::None => Cell::styled(DIM, "none"),
        RiskLevel::Low => Cell::styled(GOOD, "low"),
        RiskLevel::Medium => Cell::styled(WARN, "medium"),
        RiskLevel::High => Cell::styled(BAD, "high"),
    }
}

/// At most five lines that say why, the file first.
fn reasons(row: &RiskRow, parent: &str) -> String {
    let with_parent = row.conflicts.iter().map(|path| {
        (
            BAD,
            format!("{} conflicts with {parent}", path.escape_debug()),
        )
    });
    let mut shared: Vec<_> = row.shared.iter().collect();
    shared.sort_by_key(|one| one.conflicts.is_empty());
    let with_others = shared
        .into_iter()
        .map(|one| match one.conflicts.as_slice() {
            [] => (
                DIM,
                format!(
                    "{} is also changed by {}",
                    one.path.escape_debug(),
                    one.with.join(", ")
                ),
            ),
            roles => (
                BAD,
                format!(
                    "{} conflicts with {}",
                    one.path.escape_debug(),
                    roles.join(", ")
                ),
            ),
        });
    let lines: Vec<_> = with_parent.chain(with_others).collect();
    let mut text = String::new();
    for (style, line) in lines.iter().take(5) {
        let line = plain(&format!("{}: {line}", row.role)).replace(['\n', '\t'], " ");
        text.push_str(&format!("  {}\n", paint(*style, &line)));
    }
    if let more @ 1.. = lines.len().saturating_sub(5) {
        text.push_str(&format!(
            "  {}\n",
            paint(NONE, &format!("{}: {more} more: torch git radar", row.role))
        ));
    }
    text
}

/// What was committed and pushed, one line each; the day with what was not today.
pub fn log(entries: &[EntryView], clock: &Clock, width: Option<usize>) -> String {
    if entries.is_empty() {
        return "nothing was committed or pushed\n".to_owned();
    }
    let at_once = |one: &EntryView| entries.iter().any(|other| went_at_once(one, other));
    let shown = entries
        .iter()
        .filter(|entry| entry.kind != "git.broker" || !at_once(entry));
    let lines = shown.map(|entry| {
        let who = entry.role.as_deref().unwrap_or("-");
        let did = match at_once(entry) {
            true => pushed(entry, "pushed"),
            false => what(entry),
        };
        let line = format!("{} {who} {}", clock.moment(entry.at), plain(&did));
        let line = line.replace(['\n', '\t'], " ");
        fit::prose(&format!("{line}\n"), width, 4)
    });
    lines.collect()
}

/// Whether these two are one push that waited in the broker for no longer than it takes to go on: it reads as one that was
/// forwarded before anybody looked.
fn went_at_once(one: &EntryView, other: &EntryView) -> bool {
    let (waits, went) = match one.kind.as_str() {
        "git.broker" => (one, other),
        _ => (other, one),
    };
    let same = |name: &str| waits.data[name].is_string() && waits.data[name] == went.data[name];
    waits.kind == "git.broker"
        && waits.data["state"] == "accepted"
        && went.kind == "git.push"
        && went.data["forwarded"] == true
        && ["remote", "branch", "commit"].into_iter().all(same)
        && went.at >= waits.at
        && went.at.since(waits.at) < AT_ONCE
}

/// A push in words: `pushed`, or `forwarded`.
fn pushed(entry: &EntryView, did: &str) -> String {
    let field = |name: &str| entry.data[name].as_str().unwrap_or_default();
    let is = |name: &str| entry.data[name].as_bool() == Some(true);
    let number = entry.data["commits"].as_u64().unwrap_or(0);
    let branch = field("branch");
    let to = match is("shared") {
        true => "the broker",
        false => field("remote"),
    };
    match is("forced") {
        true if number == 0 => {
            let commit = short(field("commit"));
            format!("{did} {branch} to {to}, set back to {commit} (forced)")
        }
        true => format!(
            "{did} {branch} to {to} ({}, forced)",
            count(number, "commit")
        ),
        false => format!("{did} {branch} to {to} ({})", count(number, "commit")),
    }
}

fn what(entry: &EntryView) -> String {
    let field = |name: &str| entry.data[name].as_str().unwrap_or_default();
    let is = |name: &str| entry.data[name].as_bool() == Some(true);
    let branch = field("branch");
    match entry.kind.as_str() {
        "git.commit" => {
            let again = if is("rewritten") { " (rewritten)" } else { "" };
            format!(
                "{} {branch}{again}: {}",
                short(field("commit")),
                field("subject")
            )
        }
        "git.push" => {
            let did = if is("forwarded") {
                "forwarded"
            } else {
                "pushed"
            };
            pushed(entry, did)
        }
        "git.broker" => {
            let number = entry.data["commits"].as_u64().unwrap_or(0);
            let (remote, state) = (field("remote"), field("state"));
            match entry.data["why"].as_str() {
                Some(why) => format!("{branch} did not go to {remote} ({state}): {why}"),
                None => format!(
                    "pushed {branch} to the broker ({state}; {})",
                    count(number, "commit")
                ),
            }
        }
        "git.branch" => match (&entry.data["old"], &entry.data["new"]) {
            (Value::Null, _) => format!("made {branch}"),
            (_, Value::Null) => format!("deleted {branch}, was {}", short(field("old"))),
            _ if !is("rewound") => {
                let number = entry.data["commits"].as_u64().unwrap_or(0);
                let by = match entry.data["integration"].as_str() {
                    Some(id) => format!(", integration {id}"),
                    None => String::new(),
                };
                let number = count(number, "commit");
                format!("{branch} moved to {} ({number}{by})", short(field("new")))
            }
            _ => format!(
                "rewound {branch} from {} to {}",
                short(field("old")),
                short(field("new"))
            ),
        },
        "git.request" => {
            let number = entry.data["number"].as_u64().unwrap_or(0);
            format!("pull request {number} of {branch} is {}", field("state"))
        }
        "git.unread" => format!("the branches can't be read: {}", field("why")),
        "git.read" => "the branches are read again".to_owned(),
        other => other.to_owned(),
    }
}

fn short(commit: &str) -> &str {
    commit.get(..8).unwrap_or(commit)
}

/// One line below the others, two columns to the right, in the terminal's width; without what moves a cursor.
fn cut(text: &str, width: Option<usize>) -> String {
    let text = first_line(text, usize::MAX);
    match width {
        Some(width) => fit::line(&text, width.saturating_sub(2)),
        None => text,
    }
}

#[cfg(test)]
mod tests;
