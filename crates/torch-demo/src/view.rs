//! The agent's state as a screen, in the shape of Claude Code's: the conversation, then the composer between two
//! rules, then the footer; or a dialog in the composer's place.

use crate::agent::{Agent, Dialog, Look, Phase};
use crate::layout::{Frame, columns, hanging, printable, wrap};

/// The prompt before the composer's first row: `❯` and a no-break space.
const PROMPT: &str = "❯\u{a0}";
const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[22m";

/// Draws the agent for a terminal of `width` × `height`.
pub(crate) fn draw(agent: &Agent, width: usize, height: usize) -> Frame {
    if matches!(agent.phase(), Phase::Starting { .. }) {
        return Frame {
            rows: vec![String::new(); height],
            cursor: None,
        };
    }
    let (below, cursor) = match agent.dialog() {
        Some(dialog) => (dialog_rows(dialog, width), None),
        None => composer_rows(agent, width, height),
    };
    let skip = below.len().saturating_sub(height);
    let room = height.saturating_sub(below.len());
    let mut rows = conversation_rows(agent, width, room);
    rows.extend(below.into_iter().skip(skip));
    Frame {
        rows,
        cursor: cursor.map(|(row, column)| ((row + room).saturating_sub(skip), column)),
    }
}

/// The last `room` rows of the conversation, with empty ones above where it is shorter.
fn conversation_rows(agent: &Agent, width: usize, room: usize) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    let banner = format!(
        "demo agent · {} · plays by script, no model",
        agent.identity().role
    );
    let entries = agent
        .conversation()
        .rev()
        .map(|(look, text)| entry_rows(*look, text, width));
    for entry in entries.chain([wrap(&banner, width)]) {
        if rows.len() >= room {
            break;
        }
        rows.extend(entry.into_iter().rev());
        rows.push(String::new());
    }
    rows.resize(room, String::new());
    rows.reverse();
    rows
}

fn entry_rows(look: Look, text: &str, width: usize) -> Vec<String> {
    let first = match look {
        Look::Prompt => "❯ ",
        Look::Reply => "● ",
        Look::Detail => "  ⎿  ",
        Look::End => "✻ ",
    };
    hanging(first, &printable(text), width)
}

fn composer_rows(
    agent: &Agent,
    width: usize,
    height: usize,
) -> (Vec<String>, Option<(usize, usize)>) {
    let mut rows = Vec::new();
    for queued in agent.queued() {
        rows.extend(entry_rows(Look::Prompt, queued, width));
        rows.push("  ⎿  Queued".to_owned());
    }
    let footer = footer_rows(agent, width);
    rows.push("─".repeat(width));
    let composer = agent.composer();
    let mut text = hanging(PROMPT, &composer.shown(), width);
    if composer.is_empty() {
        let placeholder = match agent.queued().next() {
            Some(_) => "Press up to edit queued messages",
            None => "Try \"how far are you?\"",
        };
        let placeholder: String = placeholder.chars().take(width.saturating_sub(2)).collect();
        text = vec![format!("{PROMPT}{DIM}{placeholder}{PLAIN}")];
    }
    let before = hanging(PROMPT, &composer.shown_before_cursor(), width);
    let cursor_row = before.len() - 1;
    let cursor_column = columns(&before[cursor_row]).min(width.saturating_sub(1));
    // A text taller than the screen is shown around the cursor.
    let room = height.saturating_sub(footer.len() + 2).max(1);
    let from = (cursor_row + 1).saturating_sub(room);
    let cursor = (rows.len() + cursor_row - from, cursor_column);
    rows.extend(text.into_iter().skip(from).take(room));
    rows.push("─".repeat(width));
    rows.extend(footer);
    (rows, Some(cursor))
}

fn footer_rows(agent: &Agent, width: usize) -> Vec<String> {
    let idle = "  ? for shortcuts".to_owned();
    let limit = agent.turn().and_then(|turn| turn.limit());
    let rows = match (limit, agent.turn()) {
        (Some(until), _) => {
            let time = agent.clock(until, "%-I:%M%P");
            vec![
                format!("  ⚠ Usage limit reached · limit resets {time}"),
                format!("    Continuing automatically at {time} · Esc to cancel"),
                idle,
            ]
        }
        (None, Some(_)) => vec!["  working · esc to interrupt".to_owned()],
        (None, None) if agent.exit_armed() => vec!["  Press Ctrl-C again to exit".to_owned()],
        (None, None) => vec![idle],
    };
    rows.into_iter()
        .map(|row| row.chars().take(width).collect())
        .collect()
}

fn dialog_rows(dialog: &Dialog, width: usize) -> Vec<String> {
    let command = dialog
        .tool
        .command
        .as_deref()
        .unwrap_or("(no command given)");
    let mark = |row: usize| if dialog.row == row { '❯' } else { ' ' };
    let mut rows = vec![
        "─".repeat(width),
        format!(" {} command", printable(&dialog.tool.tool)),
        String::new(),
    ];
    rows.extend(hanging("   ", &printable(command), width));
    rows.extend([
        String::new(),
        " Do you want to proceed?".to_owned(),
        format!(" {} 1. Yes", mark(0)),
        format!(" {} 2. No", mark(1)),
        String::new(),
        " Esc to cancel".to_owned(),
    ]);
    rows
}
