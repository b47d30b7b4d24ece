//! One step of one role, as a line.

use anstyle::Style;
use torch_api::wire::Stage;

use super::first_line;
use super::style::{BAD, BUSY, DIM, GOOD, paint};

/// The word for a stage.
pub fn word(stage: Stage) -> &'static str {
    match stage {
        Stage::Waiting => "waiting",
        Stage::Worktree => "worktree",
        Stage::Window => "window",
        Stage::Starting => "starting",
        Stage::Ready => "ready",
        Stage::Briefed => "briefed",
        Stage::Stopped => "stopped",
        Stage::Complete => "complete",
        Stage::Failed => "failed",
    }
}

/// A step as a plain line: `developer: worktree  /path`.
pub fn line(role: &str, stage: Stage, detail: &str) -> String {
    let detail = first_line(detail, 160);
    let gap = if detail.is_empty() { "" } else { "  " };
    format!("{}: {}{gap}{detail}", first_line(role, 32), word(stage))
}

/// A step as a line of the block, without the role: the word in its column, then the particulars.
pub fn cell(stage: Stage, detail: &str) -> String {
    let word = paint(style(stage), &format!("{:<9}", word(stage)));
    let detail = first_line(detail, 160);
    if stage == Stage::Failed {
        return format!("{word} {detail}");
    }
    format!("{word} {}", paint(DIM, &detail))
}

fn style(stage: Stage) -> Style {
    match stage {
        Stage::Waiting | Stage::Stopped => DIM,
        Stage::Briefed | Stage::Complete => GOOD,
        Stage::Failed => BAD,
        _ => BUSY,
    }
}
