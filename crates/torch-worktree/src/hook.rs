//! What a hook of an agent has to know of the repository that it was run in, and what the agent's commit adds.
//!
//! An agent waits for each of these: one call of git where the answer takes one, none for what a small file says.

use std::cell::OnceCell;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use git2::{ObjectType, Odb, Oid};
use torch_core::forbidden::GitRules;
use torch_integration::forbidden::{RefFacts, owner};
use torch_integration::secret::{PATCH_OPTIONS, secrets_in};
use torch_process::ProcessError;
use torch_process::facts::command_of_ancestor;

use crate::call::{Call, PROGRAM};
use crate::registration::{branch_of, linked, parse_list};
use crate::{Git, WorktreeError};

/// Files above this size are taken for binary ones when secrets are looked for.
const LARGE: &str = "1m";

/// The repository that a hook was run in.
#[derive(Debug)]
pub struct HookRepository<'a> {
    git: &'a Git,
    rules: &'a GitRules,
    cwd: PathBuf,
    git_dir: PathBuf,
    common_dir: PathBuf,
    elsewhere: OnceCell<Vec<String>>,
}

impl<'a> HookRepository<'a> {
    /// The team's repository, from the directory that git runs a hook in and the `GIT_DIR` that it gives to it. None in any other one.
    pub fn find(
        git: &'a Git,
        rules: &'a GitRules,
        (cwd, git_dir): (&Path, Option<&OsStr>),
    ) -> Option<Self> {
        let git_dir = match git_dir {
            Some(dir) => cwd.join(dir),
            None => {
                let found = git.read(cwd, ["rev-parse", "--absolute-git-dir"]).ok()?;
                found.success().then(|| PathBuf::from(found.text()))?
            }
        };
        let common_dir = match fs::read_to_string(git_dir.join("commondir")) {
            Ok(text) => git_dir.join(text.trim_end()),
            Err(_) => git_dir.clone(),
        };
        let same = common_dir.canonicalize().ok()? == rules.common_dir;
        same.then(|| Self {
            git,
            rules,
            cwd: cwd.to_owned(),
            git_dir,
            common_dir: rules.common_dir.clone(),
            elsewhere: OnceCell::new(),
        })
    }

    /// What the git that runs a hook was called with; `process` is the hook's, or one below it. None where the system does not say.
    pub fn words_of_call(&self, process: u32) -> Option<Vec<String>> {
        let words = command_of_ancestor(process, PROGRAM)?.into_iter();
        Some(
            words
                .map(|word| word.to_string_lossy().into_owned())
                .collect(),
        )
    }

    fn call(&self) -> Call {
        Call::to_read(self.git, &self.cwd).of(&self.git_dir, &self.cwd)
    }

    /// The lines of a command's output; none where it fails.
    fn lines(&self, args: &[&str]) -> Vec<String> {
        let output = self.call().run(args.iter().copied());
        let text = output.ok().filter(|it| it.success()).map(|it| it.text());
        text.unwrap_or_default()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    /// What the commit that is being made adds and looks like a secret, one text each. `index` is the `GIT_INDEX_FILE` of the hook.
    ///
    /// # Errors
    /// [`WorktreeError::Git`] where git can't tell the changes.
    pub fn staged_secrets(&self, index: Option<&OsStr>) -> Result<Vec<String>, WorktreeError> {
        let mut call = self.call();
        if let Some(index) = index {
            call = call.env("GIT_INDEX_FILE", self.cwd.join(index));
        }
        // Without a commit named, git takes `HEAD`, and everything before the first one.
        secrets_of(call, None, Vec::new())
    }

    /// Whether a commit stands directly on another one, where libgit2 can read it; what it can't is git's to say.
    fn is_child(&self, of: &str, commit: &str) -> Option<bool> {
        let id = Oid::from_str(commit).ok()?;
        let objects = Odb::new().ok()?;
        let folder = self.common_dir.join("objects");
        objects.add_disk_alternate(folder.to_str()?).ok()?;
        let found = objects.read(id).ok()?;
        if found.kind() != ObjectType::Commit {
            return None;
        }
        let text = String::from_utf8_lossy(found.data());
        let mut head = text.lines().take_while(|line| !line.is_empty());
        Some(head.any(|line| line.strip_prefix("parent ") == Some(of)))
    }

    /// The commits that `old` leads to and `new` does not, as far as none of them is below another one: who has any of the commits
    /// between has one of these.
    fn lowest_dropped(&self, old: &str, new: Option<&str>) -> Vec<String> {
        let not = new.map(|new| format!("^{new}"));
        let mut args = vec!["rev-list", "--parents", "--max-count=20000", old];
        args.extend(not.as_deref());
        let listed = self.lines(&args);
        let ids = |line: &str| -> Vec<String> { line.split(' ').map(str::to_owned).collect() };
        let rows: Vec<Vec<String>> = listed.iter().map(|line| ids(line)).collect();
        let all: std::collections::BTreeSet<&String> =
            rows.iter().filter_map(|row| row.first()).collect();
        let lowest = rows
            .iter()
            .filter(|row| !row[1..].iter().any(|id| all.contains(id)));
        lowest.filter_map(|row| row.first().cloned()).collect()
    }
}

impl RefFacts for HookRepository<'_> {
    fn defaults(&self) -> Vec<String> {
        let format = "--format=%(refname) %(symref)";
        let listed = self.lines(&["for-each-ref", format, "refs/remotes"]);
        let named = |line: &String| {
            let (name, target) = line.split_once(' ')?;
            let remote = name.strip_suffix("HEAD")?;
            Some(target.strip_prefix(remote)?.to_owned())
        };
        listed.iter().filter_map(named).collect()
    }

    fn elsewhere(&self) -> Vec<String> {
        let read = || {
            // There HEAD is no file that says anything.
            if self.common_dir.join("reftable").exists() {
                let listed = self.call().run(["worktree", "list", "--porcelain", "-z"]);
                let listed = listed.map(|it| it.stdout).unwrap_or_default();
                let all = parse_list(&listed).into_iter();
                let here = self.cwd.canonicalize().unwrap_or_else(|_| self.cwd.clone());
                let others = all.filter(|one| !one.is_at(&here));
                return others.filter_map(|one| one.branch).collect();
            }
            let own = self.git_dir.file_name();
            let others = linked(&self.common_dir).unwrap_or_default().into_iter();
            let others = others.filter(|one| one.name.as_deref().map(OsStr::new) != own);
            let mut names: Vec<String> = others.filter_map(|one| one.branch).collect();
            if self.git_dir.join("commondir").exists() {
                let head = fs::read_to_string(self.common_dir.join("HEAD")).unwrap_or_default();
                names.extend(branch_of(head.trim()));
            }
            names
        };
        self.elsewhere.get_or_init(read).clone()
    }

    fn value(&self, name: &str) -> Option<String> {
        let args = ["rev-parse", "--verify", "--quiet", "--end-of-options", name];
        self.lines(&args).into_iter().next()
    }

    fn is_below(&self, commit: &str, of: &str) -> bool {
        // A commit at home is nearly always that.
        if self.is_child(commit, of) == Some(true) {
            return true;
        }
        let asked = self.call().run(["merge-base", "--is-ancestor", commit, of]);
        asked.is_ok_and(|output| output.success())
    }

    fn shared_by(&self, name: &str, old: &str, new: Option<&str>) -> Option<String> {
        let lowest = self.lowest_dropped(old, new);
        if lowest.is_empty() {
            return None;
        }
        let mut args = vec!["for-each-ref", "--format=%(refname)"];
        for id in lowest.iter().take(50) {
            args.extend(["--contains", id.as_str()]);
        }
        args.extend(["refs/heads", "refs/remotes"]);
        let others = self.lines(&args).into_iter();
        let mut others = others.filter(|other| {
            let pushed = other.starts_with("refs/remotes/");
            other != name && (pushed || owner(self.rules, other, &[], &[]).is_protected())
        });
        let found = others.next()?;
        let known = ["refs/heads/", "refs/remotes/"];
        let short = known.iter().find_map(|start| found.strip_prefix(start));
        short.map(str::to_owned)
    }

    fn is_packed_only(&self, name: &str, old: &str) -> bool {
        // Measured (git 2.47): a deletion holds this lock while the hook runs, `git pack-refs` has let it go before it takes the files away.
        if self.common_dir.join("packed-refs.lock").exists() {
            return false;
        }
        let packed = fs::read_to_string(self.common_dir.join("packed-refs")).unwrap_or_default();
        let line = format!("{old} {name}");
        packed.lines().any(|one| one == line)
    }
}

/// What of the staged changes looks like a secret, one text each; `head` is what they are compared with, none before the first commit.
pub(crate) fn secrets_of(
    call: Call,
    head: Option<&str>,
    specs: impl IntoIterator<Item = OsString>,
) -> Result<Vec<String>, WorktreeError> {
    let mut args: Vec<OsString> = ["diff", "--cached"].map(OsString::from).into();
    args.extend(PATCH_OPTIONS.map(OsString::from));
    args.extend(head.map(OsString::from));
    args.push("--".into());
    args.extend(specs);
    let patch = match as_patch(call).ask("look for secrets in what is staged", args) {
        // A commit of so much text is no work of hands; nobody reads it in the time of a hook.
        Err(WorktreeError::Git {
            source: ProcessError::TooMuchOutput { .. },
            ..
        }) => return Ok(Vec::new()),
        patch => patch?,
    };
    let found = secrets_in(&patch.stdout);
    Ok(found.iter().map(|one| one.text()).collect())
}

/// With what a patch needs in which secrets are looked for, whatever the person's configuration says.
pub(crate) fn as_patch(call: Call) -> Call {
    call.set("core.quotePath", "false")
        .set("core.bigFileThreshold", LARGE)
        .set("diff.submodule", "short")
        .set("log.showRoot", "true")
}
