//! The one finder of the last good commit: where work is taken back to.

mod past;

use torch_core::rollback::GoodBy;

pub use past::{Commit, Past};

/// What a message begins with that marks a commit as good.
const PREFIXES: [&str; 2] = ["Integration:", "stable:"];

/// What the tags of good commits begin with.
pub const STABLE_TAG: &str = "stable-";

/// What a merge of a pull request begins with on GitHub; the title of the pull request is the first line after that.
const PULL_REQUEST: &str = "Merge pull request #";

/// The trailer of commits that a rollback itself made: they hold what was mixed together and that nobody has checked yet.
pub const TRAILER: &str = "Torch-Rollback:";

/// A mark on a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The commit, full hex.
    pub commit: String,
    /// Why it counts as good.
    pub why: GoodBy,
}

/// The last good commit on a branch's own line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<'a> {
    /// How many commits of the line lie above it.
    pub position: usize,
    /// What says that it is good.
    pub mark: &'a Mark,
}

/// The mark that a commit's message puts on it.
pub fn by_message(subject: &str, body: &str) -> Option<GoodBy> {
    if body.lines().any(|line| line.starts_with(TRAILER)) {
        return None;
    }
    let title = match subject.starts_with(PULL_REQUEST) {
        true => body.trim_start(),
        false => subject,
    };
    let prefix = PREFIXES.iter().find(|prefix| title.starts_with(**prefix))?;
    Some(GoodBy::Message {
        prefix: (*prefix).to_owned(),
    })
}

/// How much a mark counts; less is more.
fn rank(why: &GoodBy) -> u8 {
    match why {
        GoodBy::Given => 0,
        GoodBy::Integration { .. } => 1,
        GoodBy::Tag { .. } => 2,
        GoodBy::Message { .. } => 3,
    }
}

/// Finds the newest verified integration, else the newest stable tag, else the newest commit whose message says so.
///
/// `line` is the branch's own line: its newest commit and the first parents below it. `bad` is the position on it at which what is
/// bad came in ([`Past::suspect`] where nobody named it; `None`: nothing is); whatever stands there or above has it, and is never the
/// answer. Nor is what a rollback made, or was bad by what `past` tells. A mark on a commit that is not on the line, as of a branch
/// that was merged, says nothing of the line.
pub fn last_good<'a>(
    line: &[&str],
    marks: &'a [Mark],
    bad: Option<usize>,
    past: &Past,
) -> Option<Found<'a>> {
    let above = bad.map_or(0, |bad| bad.saturating_add(1));
    let below = line.iter().enumerate().skip(above);
    let below = below.filter(|(position, _)| past.may_be_good(*position));
    let found = below.flat_map(|(position, commit)| {
        let here = marks.iter().filter(move |mark| mark.commit == *commit);
        here.map(move |mark| Found { position, mark })
    });
    found.min_by_key(|found| (rank(&found.mark.why), found.position))
}

#[cfg(test)]
mod tests;
