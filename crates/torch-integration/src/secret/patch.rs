//! The lines that a patch of git's adds.

use std::borrow::Cow;

use super::{MARKER, contains};

/// What `git diff` and its kin need for a patch that is read here: whatever the person's configuration says, and no line that was not
/// added. Large and binary files come without their content.
pub const PATCH_OPTIONS: [&str; 8] = [
    "--patch",
    "--unified=0",
    "--no-color",
    "--no-renames",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--diff-filter=AM",
    "--inter-hunk-context=0",
];

/// One line that is added.
#[derive(Debug)]
pub(super) struct Added<'p> {
    pub(super) file: Cow<'p, str>,
    pub(super) line: usize,
    pub(super) text: &'p [u8],
    /// The added line behind it.
    pub(super) next: Option<&'p [u8]>,
    /// Whether the file is a new one of environment variables, and this its first line.
    pub(super) first_of_env_file: bool,
    /// Whether that file says anywhere that it is meant.
    pub(super) marked_file: bool,
}

/// Every line that a patch adds.
pub(super) fn added(patch: &[u8]) -> impl Iterator<Item = Added<'_>> {
    Lines {
        rest: patch,
        file: Cow::Borrowed(""),
        line: 0,
        is_new: false,
        left: 0,
    }
}

struct Lines<'p> {
    rest: &'p [u8],
    file: Cow<'p, str>,
    line: usize,
    is_new: bool,
    /// How many lines of the hunk are still to come.
    left: usize,
}

impl<'p> Lines<'p> {
    fn next_line(&mut self) -> Option<&'p [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self.rest.iter().position(|&byte| byte == b'\n');
        let (line, rest) = match end {
            Some(end) => (&self.rest[..end], &self.rest[end + 1..]),
            None => (self.rest, &b""[..]),
        };
        self.rest = rest;
        Some(line)
    }

    fn head(&mut self, line: &'p [u8]) {
        if line.starts_with(b"diff --git ") {
            self.is_new = false;
            self.file = Cow::Borrowed("");
        } else if line.starts_with(b"new file mode ") {
            self.is_new = true;
        } else if let Some(name) = line.strip_prefix(b"+++ ") {
            self.file = named(name);
        } else if let Some(place) = line.strip_prefix(b"@@ ") {
            (self.line, self.left) = hunk(place).unwrap_or((0, 0));
        }
    }

    fn is_env_file(&self) -> bool {
        let name = self.file.rsplit('/').next().unwrap_or_default();
        let ends = [
            "example", "sample", "template", "dist", "test", "ci", "defaults",
        ];
        let rest = name.strip_prefix(".env");
        self.is_new
            && rest.is_some_and(|rest| {
                let kind = rest.strip_prefix('.').unwrap_or(rest);
                (rest.is_empty() || rest.starts_with('.')) && !ends.contains(&kind)
            })
    }
}

impl<'p> Iterator for Lines<'p> {
    type Item = Added<'p>;

    fn next(&mut self) -> Option<Added<'p>> {
        loop {
            let line = self.next_line()?;
            if self.left == 0 {
                self.head(line);
                continue;
            }
            // The new side is counted: lines that come and, where a setting asks for some, lines that stay.
            if line.starts_with(b" ") {
                self.left -= 1;
                self.line += 1;
            }
            let Some(text) = line.strip_prefix(b"+") else {
                continue;
            };
            self.left -= 1;
            let number = self.line;
            self.line += 1;
            let next = match (self.left, self.rest.first()) {
                (1.., Some(b'+')) => self.rest[1..].split(|&byte| byte == b'\n').next(),
                _ => None,
            };
            let first = number == 1 && self.is_env_file();
            return Some(Added {
                file: self.file.clone(),
                line: number,
                text,
                next,
                first_of_env_file: first,
                marked_file: first && (contains(text, MARKER.as_bytes()) || self.marked()),
            });
        }
    }
}

impl Lines<'_> {
    /// Whether the marker stands in one of the hunk's further lines.
    fn marked(&self) -> bool {
        let lines = self.rest.split(|&byte| byte == b'\n');
        let mut hunk = lines.take(self.left);
        hunk.any(|line| contains(line, MARKER.as_bytes()))
    }
}

/// The file of a line `+++ b/NAME`; git puts unusual names in quotes.
fn named(name: &[u8]) -> Cow<'_, str> {
    let name = name.strip_suffix(b"\t").unwrap_or(name);
    let name = match name.strip_prefix(b"\"b/") {
        Some(quoted) => quoted.strip_suffix(b"\"").unwrap_or(quoted),
        None => name.strip_prefix(b"b/").unwrap_or(name),
    };
    String::from_utf8_lossy(name)
}

/// The first line and the count of lines of the new side: `-1,2 +3,4 @@`.
fn hunk(place: &[u8]) -> Option<(usize, usize)> {
    let text = std::str::from_utf8(place.split(|&byte| byte == b'@').next()?).ok()?;
    let new = text
        .split_whitespace()
        .find_map(|word| word.strip_prefix('+'))?;
    let (line, count) = new.split_once(',').unwrap_or((new, "1"));
    Some((line.parse().ok()?, count.parse().ok()?))
}
