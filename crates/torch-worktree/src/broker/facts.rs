//! What a push brings, looked at by torch itself: nothing that the pushing side says is believed.
//!
//! While git's `pre-receive` hook runs, the new objects lie in a folder of their own beside the broker's
//! (gitformat: "quarantine", git-receive-pack(1)); they are read there.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use torch_core::policy::SecretCheck;
use torch_integration::secret::{COMMIT, PATCH_OPTIONS, secrets_in};
use torch_process::ProcessError;

use crate::call::Call;
use crate::{Git, WorktreeError};

/// What such a folder's name begins with (git 2.36 and newer).
const QUARANTINE: &str = "tmp_objdir-";

/// One line of what a hook of `git receive-pack` is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushedRef {
    /// The full name.
    pub reference: String,
    /// Where it stands, full hex; `None` where it is new.
    pub old: Option<String>,
    /// Where it is to stand; `None` where it is to go.
    pub new: Option<String>,
}

/// What is done to a branch or tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefChange {
    /// It is new.
    Made,
    /// It keeps all commits it has.
    Forward,
    /// It loses some; a tag that is moved.
    Rewound,
    /// It goes.
    Deleted,
}

/// What a push does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushFacts {
    /// Of each branch and tag, in the order given: what is done to it, how many commits the broker did not have, and the first line of
    /// the newest one's message.
    pub refs: Vec<(RefChange, u64, String)>,
    /// How many bytes the push brought; 0 once it has landed.
    pub bytes: u64,
    /// Places in the commits that the broker did not have that look like secrets: file, line, commit and kind, nothing of the secret;
    /// at most [`torch_integration::secret::TOLD`].
    pub secrets: Vec<String>,
    /// Why what it brings was not looked through for secrets, where it was to be and could not.
    pub unread: Option<String>,
}

/// Looks at a push; `quarantine` is the folder of its objects while it has not landed. Its commits are read unless the check is off.
///
/// # Errors
/// [`WorktreeError`], also where the folder is none of this broker's.
pub fn push_facts(
    git: &Git,
    broker: &Path,
    quarantine: Option<&Path>,
    refs: &[PushedRef],
    check: SecretCheck,
) -> Result<PushFacts, WorktreeError> {
    let quarantine = quarantine.map(|path| checked(broker, path)).transpose()?;
    let place = Place {
        git,
        broker,
        quarantine: quarantine.as_deref(),
    };
    let mut found = Vec::new();
    for one in refs {
        found.push(place.look(one)?);
    }
    let bytes = match &quarantine {
        Some(folder) => size(folder).map_err(WorktreeError::io("read", folder))?,
        None => 0,
    };
    let (secrets, unread) = match check {
        SecretCheck::Off => (Vec::new(), None),
        SecretCheck::Refuse | SecretCheck::Warn => match place.secrets(refs)? {
            Ok(secrets) => (secrets, None),
            Err(why) => (Vec::new(), Some(why)),
        },
    };
    Ok(PushFacts {
        refs: found,
        bytes,
        secrets,
        unread,
    })
}

/// Whether a branch or tag of the broker has come to this commit, or beyond.
///
/// # Errors
/// [`WorktreeError`] when git can't say.
pub fn has_landed(
    git: &Git,
    broker: &Path,
    reference: &str,
    new: &str,
) -> Result<bool, WorktreeError> {
    let args = ["rev-parse", "--verify", "--quiet", "--end-of-options"];
    let args = args
        .map(OsString::from)
        .into_iter()
        .chain([reference.into()]);
    let said = git
        .read(broker, args)
        .map_err(crate::git::failed("look at a branch", broker))?;
    if !said.success() {
        return Ok(false);
    }
    Ok(said.text().trim() == new || holds(git, broker, reference, new)?)
}

/// Whether what a reference leads to holds this commit.
pub(super) fn holds(
    git: &Git,
    broker: &Path,
    reference: &str,
    commit: &str,
) -> Result<bool, WorktreeError> {
    let args = ["rev-list", "--max-count=1", "--ignore-missing", commit];
    let args = args
        .map(OsString::from)
        .into_iter()
        .chain([format!("^{reference}").into(), "--".into()]);
    let there = git
        .read(broker, ["cat-file", "-e", commit])
        .map_err(crate::git::failed("look at a commit", broker))?;
    let left = git.ask("compare a branch", broker, args)?;
    Ok(there.success() && left.text().trim().is_empty())
}

/// The folder, if it is one that git made for a push to this broker.
fn checked(broker: &Path, path: &Path) -> Result<PathBuf, WorktreeError> {
    let real = path.canonicalize();
    let objects = broker.join("objects").canonicalize();
    if let (Ok(real), Ok(objects)) = (real, objects)
        && real.parent() == Some(&objects)
        && real
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(QUARANTINE))
    {
        return Ok(real);
    }
    Err(WorktreeError::NoDirectory {
        path: path.to_owned(),
    })
}

fn size(folder: &Path) -> std::io::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        sum += match kind.is_dir() {
            true => size(&entry.path())?,
            false => entry.metadata()?.len(),
        };
    }
    Ok(sum)
}

/// A broker, with the objects of one push.
struct Place<'a> {
    git: &'a Git,
    broker: &'a Path,
    quarantine: Option<&'a Path>,
}

impl Place<'_> {
    fn call(&self) -> Call {
        let call = Call::to_read(self.git, self.broker);
        match self.quarantine {
            Some(folder) => call.env("GIT_OBJECT_DIRECTORY", folder).env(
                "GIT_ALTERNATE_OBJECT_DIRECTORIES",
                self.broker.join("objects"),
            ),
            None => call,
        }
    }

    /// The commit that this object is or, being a tag, leads to.
    fn commit(&self, id: &str) -> Result<Option<String>, WorktreeError> {
        let peeled = format!("{id}^{{commit}}");
        let args = ["rev-parse", "--verify", "--quiet", &peeled];
        let said = self.call().run(args);
        let said = said.map_err(crate::git::failed("look at a push", self.broker))?;
        Ok(said.success().then(|| said.text().trim().to_owned()))
    }

    /// The places in new commits that look like secrets; in `Err`, why they were not all read. Of a merge, what none of its parents
    /// has is read: what they have came, or comes, by their own commits.
    fn secrets(&self, refs: &[PushedRef]) -> Result<Result<Vec<String>, String>, WorktreeError> {
        let mut commits = String::new();
        let mut known: Vec<OsString> = Vec::new();
        for one in refs {
            let Some(new) = &one.new else {
                continue;
            };
            let Some(commit) = self.commit(new)? else {
                let name = &one.reference;
                return Ok(Err(format!("{name} leads to something else than a commit")));
            };
            commits.push_str(&commit);
            commits.push('\n');
            known.extend(one.old.iter().map(|old| format!("^{old}").into()));
            if self.quarantine.is_none() {
                // It stands there already, and is to be read all the same.
                known.push(format!("--exclude={}", one.reference).into());
            }
        }
        if commits.is_empty() {
            return Ok(Ok(Vec::new()));
        }
        let mut args: Vec<OsString> = ["log", "-c"].map(OsString::from).into();
        args.push(format!("--format={COMMIT}%H").into());
        args.extend(PATCH_OPTIONS.map(OsString::from));
        args.push("--stdin".into());
        args.extend(known);
        args.extend(["--not", "--all", "--"].map(OsString::from));
        let call = crate::hook::as_patch(self.call().stdin(commits));
        match call.ask("look for secrets in a push", args) {
            Ok(patch) => {
                let found = secrets_in(&patch.stdout);
                Ok(Ok(found.iter().map(|one| one.place()).collect()))
            }
            Err(WorktreeError::Git {
                source: ProcessError::TooMuchOutput { limit, .. },
                ..
            }) => Ok(Err(format!(
                "its new commits add more text than torch reads of one push ({} MiB)",
                limit >> 20
            ))),
            Err(WorktreeError::Git {
                source: ProcessError::Deadline { deadline, .. },
                ..
            }) => Ok(Err(format!(
                "its new commits were not read within {} s",
                deadline.as_secs()
            ))),
            Err(error) => Err(error),
        }
    }

    fn look(&self, one: &PushedRef) -> Result<(RefChange, u64, String), WorktreeError> {
        let Some(new) = &one.new else {
            return Ok((RefChange::Deleted, 0, String::new()));
        };
        let is_branch = one.reference.starts_with("refs/heads/");
        let change = match &one.old {
            None => RefChange::Made,
            Some(_) if !is_branch => RefChange::Rewound,
            Some(old) => {
                let args = ["rev-list", "--max-count=1", old, &format!("^{new}"), "--"];
                let lost = self.call().ask("compare a push", args)?.text();
                match lost.trim().is_empty() {
                    true => RefChange::Forward,
                    false => RefChange::Rewound,
                }
            }
        };
        let Some(commit) = self.commit(new)? else {
            // A tag of something else than a commit.
            return Ok((change, 0, String::new()));
        };
        let args = ["rev-list", "--count", &commit, "--not", "--all", "--"];
        let count = self.call().ask("count the commits of a push", args)?.text();
        let args = ["log", "-1", "--format=%s", &commit, "--"];
        let subject = self.call().ask("read the message of a push", args)?.text();
        let subject = subject.trim().chars().take(200).collect();
        Ok((change, count.trim().parse().unwrap_or(0), subject))
    }
}
