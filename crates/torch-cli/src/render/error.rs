//! Errors: what failed, why, what to run.

use super::plain;
use super::style::{BAD, GOOD, paint};
use crate::error::CommandError;

/// `Error:`, the causes below it, then each `Hint:`.
pub fn error(error: &CommandError) -> String {
    let mut text = format!("{} {}\n", paint(BAD, "Error:"), indented(&error.message));
    for cause in &error.causes {
        text.push_str(&format!("  {}\n", indented(cause)));
    }
    for hint in &error.hints {
        text.push_str(&format!("{} {}\n", paint(GOOD, "Hint:"), indented(hint)));
    }
    text
}

fn indented(text: &str) -> String {
    plain(text.trim_end()).replace('\n', "\n  ")
}
