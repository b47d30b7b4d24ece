//! The quick look for secrets in what a commit adds: patterns that are hardly ever anything else, assignments of high entropy to names of
//! passwords, passwords in addresses, and new `.env` files. It reads a patch and no repository, and takes milliseconds.
//!
//! It is a net with wide meshes, not a security sweep: what it finds is nearly always a secret; what it does not find may be one.

mod address;
mod assignment;
mod kind;
mod patch;

use patch::Added;

pub use patch::{COMMIT, PATCH_OPTIONS};

/// With this text in it a line passes.
pub const MARKER: &str = "torch:allow-secret";

/// At most as many are told.
pub const TOLD: usize = 20;

/// The longest line that is looked at, in bytes: what is longer is no source text.
const LINE_MAX: usize = 16 << 10;

/// Something that looks like a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// The commit that adds it, full hex, where the patch is one of commits.
    pub commit: Option<String>,
    /// The file, as the patch names it.
    pub file: String,
    /// The line in it, from 1; of a whole file 1.
    pub line: usize,
    /// What it looks like: `GitHub token`.
    pub kind: &'static str,
    /// Its beginning, and how long it is: `ghp_… (40 characters)`; empty for a whole file.
    pub masked: String,
}

impl Secret {
    /// `src/a.py:12 in 1a2b3c4d5e6f: GitHub token`: the place, and nothing of the secret itself.
    pub fn place(&self) -> String {
        let commit = self.commit.as_ref().map(|id| {
            let short: String = id.chars().take(12).collect();
            format!(" in {short}")
        });
        let commit = commit.unwrap_or_default();
        format!("{}:{}{commit}: {}", self.file, self.line, self.kind)
    }

    /// `src/a.py:12: GitHub token ghp_… (40 characters)`.
    pub fn text(&self) -> String {
        let mut text = format!("{}:{}: {}", self.file, self.line, self.kind);
        if !self.masked.is_empty() {
            text.push(' ');
            text.push_str(&self.masked);
        }
        text
    }
}

/// The file of a place as [`Secret::place`] and [`Secret::text`] tell it.
pub fn file_of(place: &str) -> Option<String> {
    let is_place = |at: &usize| {
        let digits = place[at + 1..].trim_start_matches(|c: char| c.is_ascii_digit());
        let has_line = digits.len() < place.len() - at - 1;
        has_line && (digits.starts_with(": ") || digits.starts_with(" in "))
    };
    let mut colons = place.match_indices(':').map(|(at, _)| at);
    colons.find(is_place).map(|at| place[..at].to_owned())
}

/// What looks like a secret in the lines that a patch adds, at most [`TOLD`]; the patch is one that git makes with [`PATCH_OPTIONS`].
pub fn secrets_in(patch: &[u8]) -> Vec<Secret> {
    let mut found = Vec::new();
    for added in patch::added(patch) {
        if found.len() == TOLD {
            break;
        }
        found.extend(look(&added));
    }
    found
}

fn look(added: &Added<'_>) -> Option<Secret> {
    if added.first_of_env_file && !added.marked_file {
        return Some(Secret {
            commit: added.commit.map(str::to_owned),
            file: added.file.to_string(),
            line: 1,
            kind: "file of environment variables, which belongs to this machine alone (.gitignore)",
            masked: String::new(),
        });
    }
    if added.text.len() > LINE_MAX || contains(added.text, MARKER.as_bytes()) {
        return None;
    }
    let (text, file) = (added.text, added.file.as_ref());
    let (kind, value) = kind::find(text, added.next)
        .or_else(|| Some(("password or key", assignment::find(text, file)?)))
        .or_else(|| Some(("password in an address", address::find(text, file)?)))?;
    Some(Secret {
        commit: added.commit.map(str::to_owned),
        file: added.file.to_string(),
        line: added.line,
        kind,
        masked: masked(value),
    })
}

/// The beginning of a secret, too short to be of use to anybody.
fn masked(value: &[u8]) -> String {
    let start: String = String::from_utf8_lossy(value).chars().take(4).collect();
    format!("{start}… ({} characters)", value.len())
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    find_in(text, part).is_some()
}

/// Where a part begins.
fn find_in(text: &[u8], part: &[u8]) -> Option<usize> {
    let first = *part.first()?;
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.iter().position(|&byte| byte == first)?;
        if text[at..].starts_with(part) {
            return Some(at);
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests;
