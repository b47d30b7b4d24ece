//! A spec as it comes from a file: text, or a clear refusal.

/// How much of a spec is read, in bytes. What lies beyond is left out, and the plan says so.
pub const SPEC_MAX: usize = 1 << 20;

/// A spec that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Its path, as the plan keeps it.
    pub path: String,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
    /// Its text.
    pub text: String,
}

/// What can be no spec.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// It holds a NUL byte.
    #[error("the spec is binary: it has a NUL byte in line {line}")]
    Binary {
        /// Counted from 1.
        line: usize,
    },
    /// It is no UTF-8.
    #[error("the spec is no UTF-8 text from line {line} on")]
    NotText {
        /// Counted from 1.
        line: usize,
    },
}

/// The text of a spec's bytes.
///
/// # Errors
/// [`SpecError`] for what is no text.
pub fn text(bytes: &[u8]) -> Result<&str, SpecError> {
    let line = |at: usize| bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(SpecError::Binary { line: line(at) });
    }
    std::str::from_utf8(bytes).map_err(|error| SpecError::NotText {
        line: line(error.valid_up_to()),
    })
}

/// The text as it is read: without a byte order mark, lines ended by `\n`, at most [`SPEC_MAX`] bytes. The flag says
/// whether something was left out.
pub(crate) fn normal(text: &str) -> (String, bool) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let cut = match text.len() > SPEC_MAX {
        true => {
            let mut end = SPEC_MAX;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            let end = text[..end].rfind('\n').map_or(end, |at| at + 1);
            &text[..end]
        }
        false => text,
    };
    let lines = cut.replace("\r\n", "\n").replace('\r', "\n");
    (lines, cut.len() < text.len())
}

/// Text for one line: no control, bidi or zero-width characters, white space as single blanks.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        let word: String = word.chars().filter(|c| !is_hidden(*c)).collect();
        if word.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&word);
    }
    out
}

/// The first `max` characters, with an ellipsis where something was cut off.
pub(crate) fn shorten(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some(_) => {
            let cut: String = text.chars().take(max.saturating_sub(1)).collect();
            let end = cut.rfind(' ').filter(|end| *end > cut.len() / 2);
            format!("{}…", cut[..end.unwrap_or(cut.len())].trim_end())
        }
    }
}

/// Characters that show nothing and can mislead: zero-width, bidi controls, tags, variation selectors stay.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}
