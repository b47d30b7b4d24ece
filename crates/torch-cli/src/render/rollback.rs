//! What is shown of work that is taken back.

use std::time::Duration;

use torch_api::rollback::{FileChangeView, RollbackList, RollbackPlan, RollbackView};
use torch_core::rollback::{
    CheckResult, LastGood, Rollback, RollbackKind, RollbackState, TARGET_SECONDS, TakenBack,
    Verdict,
};

use super::style::{BAD, DIM, GOOD, STRONG, WARN, paint};
use super::table::{Cell, Table};
use super::time::span;
use super::{count, fit, plain};

/// How many commits and files are listed at most.
const SHOWN: usize = 20;

/// The last good commit, what lies above it, and what had better be done; `width` is the terminal's.
pub fn plan(plan: &RollbackPlan, width: Option<usize>) -> String {
    let mut text = format!(
        "{}\n",
        paint(
            STRONG,
            &format!("{}, on {}", plan.team, plain(&plan.parent))
        )
    );
    text.push_str(&format!("  last good  {}\n", good(&plan.good)));
    text.push_str(&format!(
        "             {}\n",
        plain(&plan.good.why.to_string())
    ));
    if let Some((id, since)) = &plan.bad {
        let made = count(number(*since), "commit");
        text.push_str(&format!(
            "  bad        {}, {made} made since it came in\n",
            short(id)
        ));
    }
    let above = match plan.taken.is_empty() {
        true => "nothing".to_owned(),
        false => format!(
            "{}, {} changed, by {}",
            count(number(plan.taken.len()), "commit"),
            count(number(plan.files.len()), "file"),
            authors(&plan.taken)
        ),
    };
    text.push_str(&format!("  above it   {above}\n"));
    text.push_str(&commit_table(&plan.taken, width));
    text.push_str(&reverting(&plan.files));
    if let Some(first) = plan.aside.first() {
        let more = plan.aside.len().saturating_sub(1);
        let more = if more == 0 {
            String::new()
        } else {
            format!(" and {more} more")
        };
        text.push_str(&format!(
            "  {}\n",
            paint(
                DIM,
                &format!(
                    "{}{more} is on no commit of the branch itself: not counted",
                    plain(first)
                )
            )
        ));
    }
    if let Some(hindrance) = &plan.hindrance {
        text.push_str(&format!(
            "  {}  {}\n",
            paint(WARN, "not now"),
            plain(hindrance)
        ));
    }
    text.push_str(&format!(
        "  do         {}\n",
        paint(STRONG, &plain(&plan.command))
    ));
    text.push_str(&format!("             {}\n", plain(&plan.why)));
    broken(&text, (width, TEXTS))
}

/// The column where the texts of a plan begin.
const TEXTS: usize = 13;

/// And those of checks.
const RESULTS: usize = 16;

/// Where lines go on that have no column.
const NEXT: usize = 4;

/// Lines in a terminal of this width, if there is one, that go on in a column. What is to be run stays on one line: it is copied.
fn broken(text: &str, (width, column): (Option<usize>, usize)) -> String {
    let lines = text.lines().map(|line| {
        let is_run = line.starts_with("  do ") || line.starts_with(BRING_BACK);
        let indent = line.len() - line.trim_start_matches(' ').len();
        match is_run {
            true => format!("{line}\n"),
            false => fit::prose(line, width, column.saturating_sub(indent)),
        }
    });
    lines.collect()
}

/// What `emergency --force` would do: the commits that the branch leaves, and what of its remote is replaced.
pub fn forced(plan: &RollbackPlan, width: Option<usize>) -> String {
    let parent = plain(&plan.parent);
    let mut text = format!(
        "{}\n",
        paint(STRONG, &format!("{}, on {parent}", plan.team))
    );
    text.push_str(&format!("  goes to    {}\n", good(&plan.good)));
    text.push_str(&format!(
        "             {}\n",
        plain(&plan.good.why.to_string())
    ));
    let leaves = match plan.leaves.is_empty() {
        true => "nothing".to_owned(),
        false => format!(
            "{}, by {}",
            count(number(plan.leaves.len()), "commit"),
            authors(&plan.leaves)
        ),
    };
    text.push_str(&format!("  leaves     {leaves}\n"));
    text.push_str(&commit_table(&plan.leaves, width));
    text.push_str(&reverting(&plan.files));
    text.push_str(&match &plan.push {
        Some(push) => format!(
            "  remote     {}/{} is overwritten if it still has {} (--force-with-lease)\n",
            plain(&push.remote),
            plain(&push.branch),
            short(&push.expected)
        ),
        None => "  remote     none is known to have any of it; nothing is pushed\n".to_owned(),
    });
    if let Some(hindrance) = &plan.hindrance {
        text.push_str(&format!(
            "  {}  {}\n",
            paint(WARN, "not now"),
            plain(hindrance)
        ));
    }
    broken(&text, (width, TEXTS))
}

fn good(good: &LastGood) -> String {
    format!("{} {}", short(&good.commit), plain(&good.subject))
}

fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// The authors, each once, in the order in which they are met.
fn authors(taken: &[TakenBack]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for commit in taken {
        if !names.contains(&commit.author.as_str()) {
            names.push(&commit.author);
        }
    }
    let names: Vec<String> = names.iter().map(|name| plain(name)).collect();
    names.join(", ")
}

fn commit_table(taken: &[TakenBack], width: Option<usize>) -> String {
    if taken.is_empty() {
        return String::new();
    }
    let mut table = Table::bare(4);
    for commit in taken.iter().take(SHOWN) {
        let merged = commit.merged.map(|merged| match merged {
            // What it brought are merges, too, or it brought nothing.
            0 => "merge".to_owned(),
            merged => format!("merge of {}", count(number(merged), "commit")),
        });
        table.row([
            Cell::styled(DIM, short(&commit.id)),
            plain(&commit.subject).into(),
            Cell::styled(DIM, plain(&commit.author)),
            Cell::styled(DIM, merged.unwrap_or_default()),
        ]);
    }
    let mut text = table.within(width, &[1]);
    if let more @ 1.. = taken.len().saturating_sub(SHOWN) {
        text.push_str(&format!("    … and {more} more\n"));
    }
    text
}

/// The files of a plan: the lines are those of the way back.
fn reverting(files: &[FileChangeView]) -> String {
    let table = file_table(files, 4);
    match table.is_empty() {
        true => table,
        false => format!("  going back changes\n{table}"),
    }
}

fn file_table(files: &[FileChangeView], indent: usize) -> String {
    let mut text = String::new();
    for file in files.iter().take(SHOWN) {
        let lines = match (file.insertions, file.deletions) {
            (Some(added), Some(removed)) => format!("+{added} -{removed}"),
            _ => "binary".to_owned(),
        };
        let path = file.path.escape_debug();
        text.push_str(&format!("{:indent$}{path} {}\n", "", paint(DIM, &lines)));
    }
    if let more @ 1.. = files.len().saturating_sub(SHOWN) {
        text.push_str(&format!("{:indent$}… and {more} more\n", ""));
    }
    text
}

/// What was done, with the difference, which is not broken; or what was checked. `width` is the terminal's.
pub fn done(view: &RollbackView, width: Option<usize>) -> String {
    match view.rollback.what {
        RollbackKind::Verify => broken(&checks(view), (width, RESULTS)),
        _ => {
            let told = broken(&taken_back(view), (width, NEXT));
            format!("{told}{}", difference(view))
        }
    }
}

/// What the line begins with that says how it comes back.
const BRING_BACK: &str = "  to bring it back: ";

fn difference(view: &RollbackView) -> String {
    let is_done = matches!(view.rollback.state, RollbackState::Done { .. });
    if view.diff.is_empty() || !is_done {
        return String::new();
    }
    let cut = match view.diff_cut {
        true => format!("{}\n", paint(DIM, "… the difference goes on")),
        false => String::new(),
    };
    format!("\n{}{cut}", diff(&view.diff))
}

fn taken_back(view: &RollbackView) -> String {
    let rollback = &view.rollback;
    let mut text = format!("{}\n", paint(STRONG, &headline(view)));
    if let Some(good) = &rollback.good {
        text.push_str(&format!(
            "  {} {}: {}\n",
            short(&good.commit),
            plain(&good.subject),
            plain(&good.why.to_string())
        ));
    }
    text.push_str(&file_table(&view.files, 2));
    if let Some(branch) = &rollback.new_branch {
        text.push_str(&format!(
            "  branch {} at {}\n",
            plain(&branch.name),
            short(&branch.commit)
        ));
    }
    if let Some(push) = &rollback.push {
        let RollbackState::Done { not_pushed, .. } = &rollback.state else {
            return text;
        };
        text.push_str(&match not_pushed {
            None => format!("  {} has it too\n", plain(&push.remote)),
            Some(why) => format!(
                "  {}  {} does not have it: {}\n",
                paint(BAD, "not pushed"),
                plain(&push.remote),
                plain(why)
            ),
        });
    }
    if view.told > 0 {
        text.push_str(&format!("  {} told\n", count(number(view.told), "agent")));
    }
    let took = Duration::from_millis(view.took_millis);
    text.push_str(&format!("  took {}\n", span(took)));
    if let Some(undo) = &view.undo {
        text.push_str(&format!("{BRING_BACK}{}\n", plain(undo)));
    }
    text
}

fn headline(view: &RollbackView) -> String {
    let rollback = &view.rollback;
    let parent = plain(&view.parent);
    let commits = count(number(rollback.taken.len()), "commit");
    let hard = rollback
        .moves
        .as_ref()
        .is_some_and(|moves| moves.hard.is_some());
    match rollback.what {
        RollbackKind::Emergency if hard => format!("{parent} was put back; it left {commits}"),
        RollbackKind::Revert | RollbackKind::Emergency => {
            match rollback
                .reverts
                .filter(|made| *made != rollback.taken.len())
            {
                Some(made) => {
                    format!("{} of {commits} on {parent}", count(number(made), "revert"))
                }
                None => format!("{commits} reverted on {parent}"),
            }
        }
        RollbackKind::Files => {
            let files = count(number(view.files.len()), "file");
            let moves = rollback.moves.as_ref();
            let place = moves.and_then(|moves| moves.worktree.as_ref());
            let place = place
                .map(|path| path.display().to_string())
                .unwrap_or_default();
            format!("{files} restored in {}", plain(&place))
        }
        RollbackKind::Branch | RollbackKind::Verify => "a branch was made".to_owned(),
    }
}

/// A patch with its lines coloured.
fn diff(patch: &str) -> String {
    let mut text = String::new();
    for line in patch.lines() {
        let line = match line.as_bytes() {
            [b'+', ..] => paint(GOOD, line),
            [b'-', ..] => paint(BAD, line),
            [b'@', ..] => paint(DIM, line),
            _ => line.to_owned(),
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

fn checks(view: &RollbackView) -> String {
    let checks = &view.rollback.checks;
    let verdict = view.verdict.unwrap_or(Verdict::Success);
    let looked = checks
        .iter()
        .filter(|check| !matches!(check.result, CheckResult::NotChecked { .. }));
    let style = match verdict {
        Verdict::Success => GOOD,
        Verdict::Partial | Verdict::Unchecked => WARN,
        Verdict::Failed => BAD,
    };
    let word = match verdict {
        Verdict::Unchecked => "nothing was checked",
        verdict => verdict.as_str(),
    };
    let mut text = format!(
        "{}: {}, {} of {} checked\n",
        paint(STRONG, &plain(&view.parent)),
        paint(style, word),
        looked.count(),
        checks.len()
    );
    for check in checks {
        let (style, word, words) = match &check.result {
            CheckResult::Passed { what } => (GOOD, "passed", what),
            CheckResult::Failed { why } => (BAD, "failed", why),
            CheckResult::NotChecked { why } => (DIM, "not checked", why),
        };
        text.push_str(&format!(
            "  {:<12}  {}  {}\n",
            check.name,
            paint(style, word),
            plain(words)
        ));
        if let Some(log) = &check.log {
            let command = check.command.as_deref().unwrap_or_default();
            let line = format!("{} ({})", plain(command), plain(&log.display().to_string()));
            text.push_str(&format!("  {:<12}  {}\n", "", paint(DIM, &line)));
        }
    }
    text
}

/// What was done so far, and how quickly.
pub fn list(list: &RollbackList) -> String {
    if list.rollbacks.is_empty() {
        return format!("nothing was taken back in team {}\n", list.team);
    }
    let mut table = Table::new(0, &["ID", "WHAT", "BY", "TO", "TOOK", "STATE"]);
    for row in &list.rollbacks {
        let took = row
            .took_millis()
            .map(|millis| span(Duration::from_millis(millis)));
        let to = row.good.as_ref().map(|good| short(&good.commit).to_owned());
        table.row([
            row.id.tag().into(),
            row.what.as_str().into(),
            plain(&row.by).into(),
            to.unwrap_or_default().into(),
            took.unwrap_or_default().into(),
            state(row),
        ]);
    }
    let mut text = table.render();
    text.push_str(&figures(&list.rollbacks));
    text
}

fn state(row: &Rollback) -> Cell {
    match &row.state {
        RollbackState::Applying => Cell::styled(WARN, "under way"),
        RollbackState::Done { .. } if row.what == RollbackKind::Verify => {
            Verdict::of(&row.checks).as_str().into()
        }
        RollbackState::Done {
            not_pushed: Some(_),
            ..
        } => Cell::styled(WARN, "done, not pushed"),
        RollbackState::Done { .. } => Cell::styled(GOOD, "done"),
        RollbackState::Failed { why, .. } => Cell::styled(BAD, format!("not done: {}", plain(why))),
    }
}

/// How many were done, and how many within the time that is aimed at.
fn figures(rows: &[Rollback]) -> String {
    let acts = rows
        .iter()
        .filter(|row| row.what != RollbackKind::Verify && !row.is_open());
    let acts: Vec<_> = acts.collect();
    if acts.is_empty() {
        return String::new();
    }
    let done = acts
        .iter()
        .filter(|row| matches!(row.state, RollbackState::Done { .. }));
    let done: Vec<_> = done.collect();
    let soon = done.iter().filter(|row| {
        let took = row.took_millis().unwrap_or(u64::MAX);
        took <= TARGET_SECONDS * 1000
    });
    format!(
        "{} of {} done, {} of them within {TARGET_SECONDS} s\n",
        done.len(),
        acts.len(),
        soon.count()
    )
}

#[cfg(test)]
mod tests;
