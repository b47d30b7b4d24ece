//! A recorded screen on disk: `<state>.ansi`, as `tmux capture-pane -e -p` gives it, and `<state>.json`.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;

/// What was made to be on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Expected {
    /// The program takes input, and no turn is under way.
    Prompt,
    /// A turn is under way.
    Busy,
    /// A turn is under way, and waits to ask the model again.
    Retrying,
    /// A dialog waits for an answer.
    Asking,
    /// A usage limit holds it up.
    Limited,
    /// The program has ended; its last screen is left. The screen alone may not tell.
    Ended,
}

/// What a dialog is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Dialog {
    /// Whether a tool may run.
    Permission,
    /// Whether the folder is trusted.
    Trust,
    /// Whether the key in the environment is to be used.
    Key,
    /// A question of the agent's.
    Question,
    /// Whether a plan is to be carried out.
    Plan,
    /// What to do about a usage limit.
    LimitMenu,
}

/// All that is known of a screen besides itself.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Fixture {
    pub(crate) program: String,
    pub(crate) version: String,
    pub(crate) columns: u16,
    pub(crate) rows: u16,
    /// The pane's title.
    pub(crate) title: String,
    /// Column and row, from 0.
    pub(crate) cursor: [u16; 2],
    /// Whether the program draws on the alternate screen.
    pub(crate) alternate: bool,
    pub(crate) expected: Expected,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dialog: Option<Dialog>,
    /// What was typed and not submitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) draft: Option<String>,
    /// What the model was told to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scenario: Option<String>,
}

impl Fixture {
    /// Writes both files.
    pub(crate) fn write(&self, folder: &Path, state: &str, ansi: &str) -> anyhow::Result<()> {
        fs::create_dir_all(folder)
            .with_context(|| format!("failed to make `{}`", folder.display()))?;
        let json = format!("{}\n", serde_json::to_string_pretty(self)?);
        for (ending, text) in [("ansi", ansi), ("json", &json)] {
            let path = folder.join(format!("{state}.{ending}"));
            fs::write(&path, text)
                .with_context(|| format!("failed to write `{}`", path.display()))?;
        }
        Ok(())
    }
}

/// The port in fixtures, instead of the fake model's.
const PORT: &str = "40000";

/// `text` with constants of the same width for what differs from run to run: the port, and ids.
pub(crate) fn stable(text: &str, port: u16) -> String {
    let port = port.to_string();
    let constant: String = PORT.chars().cycle().take(port.len()).collect();
    without_sessions(&without_ids(&text.replace(&port, &constant)))
}

/// opencode's names of sessions, `ses_` and 26 letters and digits, with a zero for each.
fn without_sessions(text: &str) -> String {
    const MARK: &str = "ses_";
    let mut parts = text.split(MARK);
    let mut stable = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let id = part.chars().take_while(char::is_ascii_alphanumeric).count();
        stable.push_str(MARK);
        stable.push_str(&"0".repeat(id));
        stable.push_str(&part[id..]);
    }
    stable
}

/// A capture without its colours, which may change within a word.
pub(crate) fn plain(ansi: &str) -> String {
    let bytes = ansi.as_bytes();
    let places = visible(bytes).into_iter();
    let text: Vec<u8> = places.map(|place| bytes[place]).collect();
    String::from_utf8_lossy(&text).into_owned()
}

/// UUIDs with a zero for each digit, also where colours change within one.
fn without_ids(text: &str) -> String {
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    const LENGTH: usize = 36;
    let mut bytes = text.as_bytes().to_vec();
    let visible = visible(&bytes);
    let is_id = |places: &[usize]| {
        let word: Vec<u8> = places.iter().map(|&place| text.as_bytes()[place]).collect();
        let groups: Vec<&[u8]> = word.split(|byte| *byte == b'-').collect();
        groups.len() == GROUPS.len()
            && groups.iter().zip(GROUPS).all(|(group, length)| {
                group.len() == length && group.iter().all(u8::is_ascii_hexdigit)
            })
    };
    for places in visible.windows(LENGTH).filter(|places| is_id(places)) {
        for &place in places {
            if bytes[place] != b'-' {
                bytes[place] = b'0';
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// Where the bytes are that are no part of an escape sequence for colours (`ESC [ … m`).
fn visible(bytes: &[u8]) -> Vec<usize> {
    let mut escaped = false;
    let mut places = Vec::with_capacity(bytes.len());
    for (place, &byte) in bytes.iter().enumerate() {
        match byte {
            0x1b => escaped = true,
            b'm' if escaped => escaped = false,
            _ if escaped => {}
            _ => places.push(place),
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_run_to_run_gets_a_constant_of_the_same_width() {
        let text =
            "│ http://127.0.0.1:34567/v1 ❯ 0F8fad5b-d9cb-469f-a165-70867728950e · 0f8fad5b-d9cb";
        assert_eq!(
            stable(text, 34567),
            "│ http://127.0.0.1:40000/v1 ❯ 00000000-0000-0000-0000-000000000000 · 0f8fad5b-d9cb"
        );
        assert_eq!(
            stable(
                "\u{1b}[1m0f8fad5b-d9c\u{1b}[38;5;1mb-469f-a165-70867728950e\u{1b}[m",
                34567
            ),
            "\u{1b}[1m00000000-000\u{1b}[38;5;1m0-0000-0000-000000000000\u{1b}[m"
        );
    }
}
