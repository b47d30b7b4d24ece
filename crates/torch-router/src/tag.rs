//! What is typed: `[torch m-7k3f9q2a #17 from=pm to=developer try=1] body [/m-7k3f9q2a]`.
//!
//! The tag in front keeps a body from beginning with `/`, `!`, `#` or `@`, which programs take as
//! commands; the closing tag keeps a trailing `\` harmless and shows a paste that was cut.

use std::fmt::Write as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};
use torch_core::{Envelope, MessageId};

/// A body longer than this goes into a file, in characters.
pub const INLINE_CHARS: usize = 700;
/// A body of more lines than this goes into a file.
pub const INLINE_LINES: usize = 3;
/// The largest body that `--inline` keeps in the paste, in bytes.
pub const INLINE_MAX: usize = 16 * 1024;

/// What a program's composer shows whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shown {
    /// Characters, tags included.
    pub chars: usize,
    /// Lines.
    pub lines: usize,
    /// Whether it shows a label for a longer paste, so that such a one can be told to have arrived.
    pub labelled: bool,
}

/// The room that the two tags of a message take at most, in characters.
const TAGS_MAX: usize = 160;

/// Whether a body goes into a file of the recipient's inbox folder: when it is long, unless it is wanted in the
/// paste and the program's composer shows it whole.
pub fn needs_file(body: &str, inline: bool, shown: Shown) -> bool {
    let (chars, lines) = (body.chars().count(), body.lines().count());
    let visible = chars + TAGS_MAX <= shown.chars && lines <= shown.lines;
    let long = chars > INLINE_CHARS || lines > INLINE_LINES;
    let wanted = inline && body.len() <= INLINE_MAX;
    if visible {
        long && !wanted
    } else {
        !(wanted && shown.labelled)
    }
}

/// The opening tag of a try.
pub fn opening(envelope: &Envelope, attempt: u32) -> String {
    format!(
        "[torch {} #{} from={} to={} try={attempt}]",
        envelope.id.tag(),
        envelope.pair_seq,
        envelope.sender.label(),
        envelope.recipient.label(),
    )
}

/// The closing tag.
pub fn closing(id: MessageId) -> String {
    format!("[/{}]", id.tag())
}

/// The closing tag's end: what the composer's last row must end with in the moment of the Enter.
pub fn closing_end(id: MessageId) -> String {
    format!("/{}]", id.tag())
}

/// The whole text of a try. `file` is the body's file relative to the worktree, where it has one.
pub fn text(envelope: &Envelope, attempt: u32, file: Option<&Path>) -> String {
    let mut text = opening(envelope, attempt);
    match file {
        None => {
            text.push(' ');
            text.push_str(&envelope.body);
        }
        Some(file) => {
            let (lines, bytes) = (envelope.body.lines().count(), envelope.body.len());
            let _ = write!(
                text,
                " Read the file {} in your worktree, then act on it: it is this message's text \
                 ({lines} lines, {bytes} bytes, sha256 {}). It begins: {}",
                file.display(),
                sha256(envelope.body.as_bytes()),
                first_words(&envelope.body),
            );
        }
    }
    text.push(' ');
    text.push_str(&closing(envelope.id));
    text
}

/// How often a message's opening tag stands in a text, whichever try.
pub fn count(text: &str, id: MessageId) -> usize {
    text.matches(&format!("[torch {} ", id.tag())).count()
}

/// Lower-case hex SHA-256.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

/// The first words of a body, on one line, at most 80 characters.
fn first_words(body: &str) -> String {
    let line = body
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let mut words: String = line.trim().chars().take(80).collect();
    if words.len() < line.trim().len() || body.lines().count() > 1 {
        words.push('…');
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::tests::envelope;

    #[test]
    fn a_short_body_stands_between_its_tags() {
        let envelope = envelope("say \\");
        let tag = envelope.id.tag();
        let text = text(&envelope, 2, None);
        assert_eq!(
            text,
            format!("[torch {tag} #17 from=human to=developer try=2] say \\ [/{tag}]")
        );
        assert_eq!(count(&text, envelope.id), 1);
    }

    #[test]
    fn a_long_body_is_named_with_its_hash() {
        let wide = Shown {
            labelled: false,
            chars: 100_000,
            lines: 1_000,
        };
        assert!(needs_file(&"x".repeat(701), false, wide));
        assert!(needs_file("a\nb\nc\nd", false, wide));
        assert!(!needs_file("a\nb\nc\nd", true, wide));
        assert!(needs_file(&"x".repeat(INLINE_MAX + 1), true, wide));
        let narrow = Shown {
            chars: 1_999,
            lines: 3,
            labelled: false,
        };
        let labelled = Shown {
            labelled: true,
            ..narrow
        };
        assert!(!needs_file(&"x".repeat(10_000), true, labelled));
        assert!(needs_file(&"x".repeat(10_000), false, labelled));
        assert!(needs_file(&"x".repeat(INLINE_MAX + 1), true, labelled));
        assert!(!needs_file(&"x".repeat(1_800), true, narrow));
        assert!(
            needs_file(&"x".repeat(1_900), true, narrow),
            "it would collapse"
        );
        assert!(needs_file("a\nb\nc\nd", true, narrow), "it would collapse");
        let envelope = envelope("one\ntwo\nthree\nfour");
        let text = text(&envelope, 1, Some(Path::new(".torch/inbox/m.md")));
        assert!(
            text.contains(".torch/inbox/m.md") && text.contains(&sha256(envelope.body.as_bytes()))
        );
        assert_eq!(text.lines().count(), 1);
        assert_eq!(sha256(b"abc")[..8], *"ba7816bf");
    }
}
