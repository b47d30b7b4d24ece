//! The lines that a patch of git's adds; also one of many commits (`git log`), with what merges add to all their parents.

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

/// What stands before a commit's id in a patch of many: for `git log`, `--format=` with this and `%H`.
pub const COMMIT: &str = "torch-commit ";

/// One line that is added.
#[derive(Debug)]
pub(super) struct Added<'p> {
    /// The commit, full hex, where the patch names it by [`COMMIT`].
    pub(super) commit: Option<&'p str>,
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
        commit: None,
        parents: 1,
        file: Cow::Borrowed(""),
        line: 0,
        is_new: false,
        left: 0,
    }
}

struct Lines<'p> {
    rest: &'p [u8],
    commit: Option<&'p str>,
    /// How many old sides the hunk has: each gives its lines a sign of their own.
    parents: usize,
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
        // Of a merge: `diff --cc NAME` or `diff --combined NAME` (git-diff(1), "combined diff format").
        if line.starts_with(b"diff --") {
            self.is_new = false;
            self.file = Cow::Borrowed("");
        } else if let Some(id) = line.strip_prefix(COMMIT.as_bytes()) {
            self.commit = std::str::from_utf8(id).ok();
        } else if line.starts_with(b"new file mode ") {
            self.is_new = true;
        } else if let Some(name) = line.strip_prefix(b"+++ ") {
            self.file = named(name);
        } else if line.starts_with(b"@@") {
            let signs = line.iter().take_while(|&&byte| byte == b'@').count();
            self.parents = signs - 1;
            (self.line, self.left) = hunk(&line[signs..]).unwrap_or((0, 0));
        }
    }

    /// What a line of a hunk adds to every old side; nothing of a line that one of them has.
    fn added<'l>(&self, line: &'l [u8]) -> Option<&'l [u8]> {
        let (signs, text) = line.split_at_checked(self.parents)?;
        signs.iter().all(|&sign| sign == b'+').then_some(text)
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
            // The new side is counted: lines that come, and lines that stay. `\ No newline at end of file` is on no side.
            let signs = &line[..line.len().min(self.parents)];
            if signs.contains(&b'-') || signs.first() == Some(&b'\\') {
                continue;
            }
            let number = self.line;
            self.line += 1;
            self.left -= 1;
            let Some(text) = self.added(line) else {
                continue;
            };
            let next = match self.left {
                0 => None,
                _ => self.rest.split(|&byte| byte == b'\n').next(),
            };
            let next = next.and_then(|line| self.added(line));
            let first = number == 1 && self.is_env_file();
            return Some(Added {
                commit: self.commit,
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
