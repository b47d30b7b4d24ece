//! From views to text for people: pure functions, styled by ANSI codes that the output strips where they don't belong.

pub mod agents;
pub mod audit;
pub mod broker;
pub mod commit;
pub mod compliance;
pub mod config;
pub mod context;
pub mod credit;
pub mod detect;
pub mod doctor;
pub mod error;
pub mod fit;
pub mod git;
pub mod integrate;
pub mod keep;
pub mod message;
pub mod observed;
pub mod pending;
pub mod plan;
pub mod policy;
pub(crate) mod probe;
pub mod progress;
pub mod project_rules;
pub mod resume;
pub mod roles;
pub mod rollback;
pub mod rules;
pub mod schedule;
pub mod stats;
pub mod status;
pub mod style;
pub mod table;
pub mod tasks;
pub mod team;
pub mod templates;
pub mod time;
pub mod why;
pub mod worktree;

pub use torch_core::words::count;

/// Text that came from an agent, a message or a screen, made harmless for a terminal: control characters but newline
/// and tab become `·`, as do the bidirectional controls that reorder what a person reads.
pub fn plain(text: &str) -> String {
    let harmful = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
    };
    text.chars()
        .map(|c| if harmful(c) { '·' } else { c })
        .collect()
}

/// The first line of a text, cut after `limit` characters.
pub fn first_line(text: &str, limit: usize) -> String {
    let line = plain(text.trim())
        .lines()
        .next()
        .unwrap_or_default()
        .replace('\t', " ");
    match line.char_indices().nth(limit) {
        Some((cut, _)) => format!("{}…", &line[..cut]),
        None => line,
    }
}

/// Bytes as people read them: `59 MB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if count < 1000 {
        return format!("{count} B");
    }
    let mut scaled = count;
    let mut unit = UNITS[0];
    for next in UNITS {
        unit = next;
        if scaled < 1_000_000 {
            break;
        }
        scaled /= 1000;
    }
    let (whole, tenth) = (scaled / 1000, scaled % 1000 / 100);
    if whole < 10 {
        format!("{whole}.{tenth} {unit}")
    } else {
        format!("{whole} {unit}")
    }
}

#[cfg(test)]
pub(crate) mod tests;
