//! What is kept: listing it, finding one, and letting old ones go.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use torch_core::Timestamp;

use crate::lock::Lock;
use crate::{Git, Repository, WorktreeError};

/// Where the references of kept worktrees lie: `refs/torch/kept/ROLE/STAMP`.
pub(crate) const ROOT: &str = "refs/torch/kept";

/// The trailer that makes a commit one of ours; its value is the number of the format.
const MARK: &str = "Torch-Kept: 1";

/// A stash of a kept worktree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptStash {
    /// Its commit, full hex.
    pub commit: String,
    /// Its message in the list of stashes.
    pub message: String,
}

/// One kept worktree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// `refs/torch/kept/ROLE/STAMP`.
    pub reference: String,
    /// The commit it points to, whose tree is the working tree.
    pub commit: String,
    /// The commit of the index.
    pub index: String,
    /// The commit of what no tree of files can say.
    pub state: String,
    /// Whose worktree it was.
    pub role: String,
    /// The team's name.
    pub team: Option<String>,
    /// Where it was.
    pub path: PathBuf,
    /// The branch that was checked out, without `refs/heads/`.
    pub branch: Option<String>,
    /// The agent's home branch.
    pub home_branch: Option<String>,
    /// The commit that it pointed to.
    pub home_tip: Option<String>,
    /// The commit that was checked out, full hex.
    pub head: String,
    /// The commit that the work began at.
    pub base: Option<String>,
    /// When it was kept.
    pub at: Timestamp,
    /// Why.
    pub why: String,
    /// How many commits lie between the base and `head`.
    pub commits: usize,
    /// How many files were changed, staged or new.
    pub files: usize,
    /// The stashes that were made there.
    pub stashes: Vec<KeptStash>,
    /// What was under way, in words: `a merge`.
    pub operation: Option<String>,
    /// How many ignored files were left out.
    pub ignored_files: u64,
    /// Their bytes.
    pub ignored_bytes: u64,
    /// Filled submodules, of which only the commit is kept.
    pub submodules: Vec<String>,
    /// Whether the folder was gone already, so that only what git knew is kept.
    pub folder_was_gone: bool,
}

impl Kept {
    /// The part of the reference behind `refs/torch/kept/`: `developer/20261121T061412.345Z`.
    pub fn short(&self) -> &str {
        self.reference
            .strip_prefix(ROOT)
            .map_or(self.reference.as_str(), |rest| rest.trim_start_matches('/'))
    }

    /// The message of its commit: a sentence for people and a trailer for each fact.
    pub(crate) fn message(&self) -> String {
        let mut text = format!(
            "torch: {}'s worktree, kept by {}\n\n{MARK}\n",
            self.role,
            line(&self.why)
        );
        let mut fact = |name: &str, value: &str| {
            text.push_str(&format!("Torch-{name}: {}\n", line(value)));
        };
        fact("Role", &self.role);
        let optional = [
            ("Team", &self.team),
            ("Branch", &self.branch),
            ("Home-Branch", &self.home_branch),
            ("Home-Tip", &self.home_tip),
            ("Base", &self.base),
            ("Operation", &self.operation),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                fact(name, value);
            }
        }
        fact("Path", &self.path.to_string_lossy());
        fact("Head", &self.head);
        fact("Index", &self.index);
        fact("State", &self.state);
        fact("At", &self.at.0.to_string());
        fact("Why", &self.why);
        fact("Commits", &self.commits.to_string());
        fact("Files", &self.files.to_string());
        fact(
            "Ignored",
            &format!("{} {}", self.ignored_files, self.ignored_bytes),
        );
        for stash in &self.stashes {
            fact("Stash", &format!("{} {}", stash.commit, stash.message));
        }
        for submodule in &self.submodules {
            fact("Submodule", submodule);
        }
        if self.folder_was_gone {
            fact("Folder", "gone");
        }
        text
    }

    /// Reads a commit (`git cat-file commit`); `None` when it is none of ours.
    fn parse(reference: &str, commit: &str, content: &str) -> Option<Self> {
        let (_, message) = content.split_once("\n\n")?;
        let facts: Vec<(&str, String)> = message
            .lines()
            .skip_while(|line| *line != MARK)
            .skip(1)
            .filter_map(|line| line.strip_prefix("Torch-")?.split_once(": "))
            .map(|(name, value)| (name, unline(value)))
            .collect();
        let all = |name: &'static str| {
            let found = facts.iter().filter(move |(key, _)| *key == name);
            found.map(|(_, value)| value.clone())
        };
        let one = |name: &'static str| all(name).next();
        let ignored = one("Ignored")?;
        let (ignored_files, ignored_bytes) = ignored.split_once(' ')?;
        let stash = |text: String| {
            let (commit, message) = text.split_once(' ')?;
            is_id(commit).then(|| KeptStash {
                commit: commit.to_owned(),
                message: message.to_owned(),
            })
        };
        let id = |name: &'static str| one(name).filter(|id| is_id(id));
        Some(Self {
            reference: reference.to_owned(),
            commit: commit.to_owned(),
            index: id("Index")?,
            state: id("State")?,
            role: one("Role")?,
            team: one("Team"),
            path: one("Path")?.into(),
            branch: one("Branch"),
            home_branch: one("Home-Branch"),
            home_tip: id("Home-Tip"),
            head: id("Head")?,
            base: one("Base"),
            at: Timestamp(one("At")?.parse().ok()?),
            why: one("Why")?,
            commits: one("Commits")?.parse().ok()?,
            files: one("Files")?.parse().ok()?,
            stashes: all("Stash").filter_map(stash).collect(),
            operation: one("Operation"),
            ignored_files: ignored_files.parse().ok()?,
            ignored_bytes: ignored_bytes.parse().ok()?,
            submodules: all("Submodule").collect(),
            folder_was_gone: one("Folder").is_some(),
        })
    }
}

pub(crate) fn is_id(text: &str) -> bool {
    [40, 64].contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A value on one line.
fn line(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
}

fn unline(value: &str) -> String {
    let mut text = String::new();
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => text.push('\n'),
            ('\\', Some('r')) => text.push('\r'),
            ('\\', Some(other)) => text.push(other),
            _ => text.push(c),
        }
    }
    text
}

/// The kept worktrees of a repository, newest first. A reference there that torch did not write is passed over.
///
/// # Errors
/// [`WorktreeError`] when git refuses.
pub fn kept(git: &Git, repository: &Repository) -> Result<Vec<Kept>, WorktreeError> {
    let mut found = read(git, repository, ROOT)?;
    found.sort_by(|a, b| (b.at, &b.reference).cmp(&(a.at, &a.reference)));
    Ok(found)
}

/// The kept worktree that a reference names, in full or from the role on; `None` if there is none.
///
/// # Errors
/// [`WorktreeError`] when git refuses.
pub fn find_kept(
    git: &Git,
    repository: &Repository,
    reference: &str,
) -> Result<Option<Kept>, WorktreeError> {
    let full = match reference.strip_prefix(ROOT) {
        Some(_) => reference.to_owned(),
        None => format!("{ROOT}/{reference}"),
    };
    let found = read(git, repository, &full)?;
    Ok(found.into_iter().find(|kept| kept.reference == full))
}

/// The kept worktrees whose references begin with `pattern`, up to a `/` or to the end.
fn read(git: &Git, repository: &Repository, pattern: &str) -> Result<Vec<Kept>, WorktreeError> {
    let common = &repository.common_dir;
    // A pattern's wildcards have no business here.
    if pattern.contains(['*', '?', '[', '\\', '\n']) {
        return Ok(Vec::new());
    }
    let args = [
        "for-each-ref",
        "--format=%(objectname) %(objecttype) %(refname)",
        "--",
        pattern,
    ];
    let listed = git.call(common).ask("list what is kept", args)?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let refs: Vec<(&str, &str)> = listed
        .lines()
        .filter_map(|line| line.split_once(" commit "))
        .collect();
    if refs.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: String = refs.iter().map(|(id, _)| format!("{id}\n")).collect();
    let call = git.call(common).stdin(wanted);
    let output = call.ask("read what is kept", ["cat-file", "--batch"])?;
    let mut rest = output.stdout.as_slice();
    let mut found = Vec::new();
    for (id, reference) in refs {
        let Some((content, after)) = next_object(rest) else {
            break;
        };
        rest = after;
        match Kept::parse(reference, id, &String::from_utf8_lossy(content)) {
            Some(kept) => found.push(kept),
            None => tracing::warn!(reference, "not written by torch"),
        }
    }
    Ok(found)
}

/// The content of the first object in the output of `git cat-file --batch`, and what comes behind it.
pub(crate) fn next_object(output: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = output.iter().position(|&byte| byte == b'\n')?;
    let header = std::str::from_utf8(&output[..end]).ok()?;
    let size: usize = header.rsplit(' ').next()?.parse().ok()?;
    let content = output.get(end + 1..end + 1 + size)?;
    Some((content, output.get(end + 2 + size..).unwrap_or_default()))
}

/// Whether old ones are let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// Only list them.
    DryRun,
    /// Delete their references; git's own collection takes the objects later.
    Delete,
}

/// Lets go what was kept before `older_than`, and says what that is, oldest first.
///
/// # Errors
/// [`WorktreeError`] when git refuses; those that are gone by then are gone.
pub fn expire_kept(
    git: &Git,
    repository: &Repository,
    older_than: Timestamp,
    expiry: Expiry,
) -> Result<Vec<Kept>, WorktreeError> {
    let _lock = Lock::take(&repository.common_dir)?;
    let mut old = kept(git, repository)?;
    old.retain(|kept| kept.at < older_than);
    old.reverse();
    if expiry == Expiry::Delete {
        for kept in &old {
            forget(git, repository, kept)?;
        }
    }
    Ok(old)
}

/// Deletes the reference of a kept worktree unless it was changed meanwhile.
pub(crate) fn forget(git: &Git, repository: &Repository, kept: &Kept) -> Result<(), WorktreeError> {
    let name = &kept.reference;
    let args = ["update-ref", "--no-deref", "-d", name, &kept.commit];
    let call = git.call(&repository.common_dir);
    call.ask("let go what was kept", args).map(drop)
}

/// An instant as the name of a reference: `20261121T061412.345Z`, in UTC.
pub(crate) fn stamp(at: Timestamp) -> String {
    let (seconds, millis) = (at.0 / 1000, at.0 % 1000);
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Howard Hinnant's civil_from_days, for days since 1970 that are never negative.
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}.{millis:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_a_date_in_utc() {
        for (millis, expected) in [
            (0, "19700101T000000.000Z"),
            (951_782_399_999, "20000228T235959.999Z"),
            (951_868_799_001, "20000229T235959.001Z"),
            (1_795_241_652_345, "20261121T061412.345Z"),
        ] {
            assert_eq!(stamp(Timestamp(millis)), expected);
        }
    }

    #[test]
    fn a_record_survives_its_message() {
        let kept = Kept {
            reference: "refs/torch/kept/developer/x".to_owned(),
            commit: "a".repeat(40),
            index: "b".repeat(40),
            state: "c".repeat(40),
            role: "developer".to_owned(),
            team: Some("app".to_owned()),
            path: "/odd\\path\nTorch-Role: forged".into(),
            branch: None,
            home_branch: Some("main-developer".to_owned()),
            home_tip: Some("f".repeat(40)),
            head: "d".repeat(40),
            base: None,
            at: Timestamp(7),
            why: "a test".to_owned(),
            commits: 2,
            files: 3,
            stashes: vec![KeptStash {
                commit: "e".repeat(40),
                message: "WIP on main-developer: 1234 x".to_owned(),
            }],
            operation: Some("a merge".to_owned()),
            ignored_files: 4,
            ignored_bytes: 5,
            submodules: vec!["sub".to_owned()],
            folder_was_gone: true,
        };
        let content = format!("tree x\nauthor y\n\n{}", kept.message());
        let read = Kept::parse(&kept.reference, &kept.commit, &content);
        assert_eq!(read, Some(kept));
        assert_eq!(Kept::parse("r", "c", "tree x\n\nsomething else\n"), None);
    }
}
