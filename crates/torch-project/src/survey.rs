//! Walks a project's tree.
//!
//! The shallow files come first, so that what a bound cuts off is what matters least. What `.gitignore` and `.ignore` name
//! is left out, in a git repository or not; so are hidden files, but for those of continuous integration, and folders of
//! other people's code.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use nix::fcntl::OFlag;
use torch_team::{Cut, SeenFile, Survey};

/// What is looked at, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Files and folders.
    pub entries: usize,
    /// Folders within folders.
    pub depth: usize,
    /// Bytes of one file that is read.
    pub file_bytes: u64,
    /// Bytes of all files that are read.
    pub bytes: u64,
}

/// How long a look at a project should take at most; the deadline itself is the caller's.
pub const SURVEY_TIME: Duration = Duration::from_secs(10);

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 200_000,
            depth: 24,
            file_bytes: 64 * 1024,
            bytes: 2 * 1024 * 1024,
        }
    }
}

/// The largest file of ignore rules that counts, in bytes.
const IGNORE_MAX: u64 = 64 * 1024;
/// The most rules of one such file.
const RULES_MAX: usize = 1_000;

/// Hidden entries that say something about a project.
const SHOWN: [&str; 6] = [
    ".github",
    ".gitlab",
    ".circleci",
    ".vitepress",
    ".gitlab-ci.yml",
    ".travis.yml",
];
/// Folders of code that is not the project's own.
const FOREIGN: [&str; 7] = [
    "node_modules",
    "bower_components",
    "__pycache__",
    "site-packages",
    "vendor",
    "venv",
    "Pods",
];
/// Files that mark a folder as a cache or a virtual environment.
const MARKS: [&str; 2] = ["CACHEDIR.TAG", "pyvenv.cfg"];

/// Why a project can't be looked at.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// Its top can't be listed.
    #[error("failed to list {}", path.display())]
    List {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Looks at a project's tree; of the files that are wanted, by their path below `root`, the beginning is read. It ends early once
/// `late` says that the caller's deadline is over.
///
/// # Errors
/// Where `root` itself can't be listed. Whatever else can't be read is counted and left out.
pub fn survey(
    root: &Path,
    limits: Limits,
    late: impl Fn() -> bool,
    wants: impl Fn(&str) -> bool,
) -> Result<Survey, SurveyError> {
    let failed = |source| SurveyError::List {
        path: root.to_owned(),
        source,
    };
    let mut walk = Walk {
        limits,
        late: &late,
        seen: 0,
        survey: Survey::default(),
        folders: VecDeque::new(),
    };
    let top = Folder {
        path: root.to_owned(),
        below: String::new(),
        depth: 0,
        rules: None,
    };
    let entries = fs::read_dir(&top.path).map_err(failed)?;
    walk.folder(&top, entries);
    while let Some(folder) = walk.folders.pop_front() {
        if walk.is_over() {
            break;
        }
        if late() {
            walk.survey.cut = Some(Cut::Time);
            break;
        }
        match fs::read_dir(&folder.path) {
            Ok(entries) => walk.folder(&folder, entries),
            Err(_) => walk.survey.unreadable += 1,
        }
    }
    let Walk { mut survey, .. } = walk;
    read_wanted(root, &mut survey, limits, &late, wants);
    survey.files.sort();
    Ok(survey)
}

/// A folder that is still to be listed.
struct Folder {
    path: PathBuf,
    /// Its path below the top, with a `/` at the end; empty for the top.
    below: String,
    depth: usize,
    rules: Option<Arc<Rules>>,
}

/// The rules of a folder, and of those above it.
struct Rules {
    own: Gitignore,
    above: Option<Arc<Rules>>,
}

impl Rules {
    /// The nearest rule about a path decides.
    fn ignore(mut rules: Option<&Arc<Self>>, path: &Path, is_dir: bool) -> bool {
        while let Some(one) = rules {
            match one.own.matched(path, is_dir) {
                ignore::Match::Ignore(_) => return true,
                ignore::Match::Whitelist(_) => return false,
                ignore::Match::None => rules = one.above.as_ref(),
            }
        }
        false
    }
}

struct Walk<'a> {
    limits: Limits,
    /// Whether the caller's deadline is over.
    late: &'a dyn Fn() -> bool,
    /// Entries so far, those that were left out among them.
    seen: usize,
    survey: Survey,
    folders: VecDeque<Folder>,
}

impl Walk<'_> {
    /// Whether a bound was reached that ends the walk.
    fn is_over(&mut self) -> bool {
        if self.survey.cut == Some(Cut::Entries) || self.survey.cut == Some(Cut::Time) {
            return true;
        }
        if self.seen >= self.limits.entries {
            self.survey.cut = Some(Cut::Entries);
        } else if self.seen.is_multiple_of(256) && (self.late)() {
            self.survey.cut = Some(Cut::Time);
        } else {
            return false;
        }
        true
    }

    fn folder(&mut self, folder: &Folder, entries: fs::ReadDir) {
        let rules = rules_of(folder);
        for entry in entries {
            let Ok(entry) = entry else {
                self.survey.unreadable += 1;
                continue;
            };
            self.seen += 1;
            if self.is_over() {
                return;
            }
            self.entry(folder, rules.as_ref(), &entry);
        }
    }

    fn entry(&mut self, folder: &Folder, rules: Option<&Arc<Rules>>, entry: &fs::DirEntry) {
        let name = entry.file_name();
        let Ok(kind) = entry.file_type() else {
            self.survey.unreadable += 1;
            return;
        };
        // Neither links nor sockets, pipes and devices.
        if !(kind.is_dir() || kind.is_file()) || is_hidden(&name) {
            return;
        }
        // Most files lie under no rules, and need no path of their own.
        if rules.is_some() && Rules::ignore(rules, &entry.path(), kind.is_dir()) {
            return;
        }
        let below = format!("{}{}", folder.below, name.to_string_lossy());
        if kind.is_file() {
            match entry.metadata() {
                Ok(meta) => self.survey.files.push(SeenFile {
                    path: below,
                    bytes: meta.len(),
                }),
                Err(_) => self.survey.unreadable += 1,
            }
            return;
        }
        let path = entry.path();
        if FOREIGN.iter().any(|foreign| name == *foreign)
            || MARKS.iter().any(|mark| path.join(mark).exists())
        {
            return;
        }
        if folder.depth >= self.limits.depth {
            self.survey.cut = Some(Cut::Depth);
            return;
        }
        self.folders.push_back(Folder {
            path,
            below: below + "/",
            depth: folder.depth + 1,
            rules: rules.cloned(),
        });
    }
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".") && !SHOWN.iter().any(|shown| name == *shown)
}

/// The rules for what lies in a folder: its own before those above it.
fn rules_of(folder: &Folder) -> Option<Arc<Rules>> {
    let mut builder = GitignoreBuilder::new(&folder.path);
    let mut any = false;
    for name in [".gitignore", ".ignore"] {
        let Ok(text) = read(&folder.path.join(name), IGNORE_MAX) else {
            continue;
        };
        for line in text.lines().take(RULES_MAX) {
            // A line that is no rule stands for nothing, as with git.
            any |= builder.add_line(None, line).is_ok();
        }
    }
    let own = if any { builder.build().ok() } else { None };
    match own {
        Some(own) => Some(Arc::new(Rules {
            own,
            above: folder.rules.clone(),
        })),
        None => folder.rules.clone(),
    }
}

/// Reads what is wanted, the shallowest first, as far as the bounds go.
fn read_wanted(
    root: &Path,
    survey: &mut Survey,
    limits: Limits,
    late: impl Fn() -> bool,
    wants: impl Fn(&str) -> bool,
) {
    let mut left = limits.bytes;
    // The walk went from the top down.
    for file in &survey.files {
        if left == 0 || late() {
            return;
        }
        if file.bytes == 0 || !wants(&file.path) {
            continue;
        }
        match read(&root.join(&file.path), limits.file_bytes.min(left)) {
            Ok(text) => {
                left = left.saturating_sub(text.len() as u64);
                survey.contents.insert(file.path.clone(), text);
            }
            Err(_) => survey.unreadable += 1,
        }
    }
}

/// The beginning of a regular file, as text. Nothing that could be waited for is opened, and no link followed.
pub(crate) fn read(path: &Path, most: u64) -> io::Result<String> {
    let (file, _) = open(path)?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Opens a regular file.
pub(crate) fn open(path: &Path) -> io::Result<(File, Metadata)> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits())
        .open(path)?;
    let meta = file.metadata()?;
    match meta.is_file() {
        true => Ok((file, meta)),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is no regular file",
        )),
    }
}

#[cfg(test)]
mod tests;
