//! The agent programs there are: those that are compiled in, and over them the user's files and a project's.
//!
//! A file takes the place of a program of its name as a whole. A project's file comes with its repository, so whoever wrote
//! that wrote the file: such programs are shown and tried on screens, never started ([`Catalog::programs`]).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use torch_core::program::AgentProgram;
use torch_core::screen::ScreenReading;
use torch_monitor::{RuleError, Rules, Screen, SignalRules};
use torch_project::read_text;

use crate::state::Programs;

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../../templates/agents/", $name, ".toml")))),*]
    };
}

/// What is compiled in.
const BUILT_IN: [(&str, &str); 6] =
    built_in!("aider", "claude", "codex", "demo", "gemini", "opencode");

/// The largest file that is read, in bytes; the ones that are shipped have a tenth of that.
const FILE_MAX: u64 = 256 * 1024;

/// Where a program's rules come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// torch itself.
    BuiltIn,
    /// The user's file.
    User(PathBuf),
    /// A project's file.
    Project(PathBuf),
}

impl Origin {
    /// The file, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::BuiltIn => None,
            Self::User(path) | Self::Project(path) => Some(path),
        }
    }

    /// The word in JSON.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in",
            Self::User(_) => "user",
            Self::Project(_) => "project",
        }
    }
}

/// Why a file is no agent program.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// It can't be read.
    #[error("failed to read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: torch_project::FileError,
    },
    /// It is no TOML, or has other keys than an agent program.
    #[error("{} is no agent program", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, the key and what is wrong with it.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// Its name can't be one.
    #[error("{} has the name {name:?}; it takes 1 to 32 of a-z, 0-9, _ and -", path.display())]
    Name {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// Another file in the same folder has the same name.
    #[error("{} has the name {name:?}, as {} has", path.display(), other.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
        /// The file that has it.
        other: PathBuf,
    },
    /// One of its rules is no regular expression.
    #[error("{}, line {line}, is no rule", path.display())]
    Rule {
        /// The file.
        path: PathBuf,
        /// The line in which the pattern begins, from 1.
        line: usize,
        /// The key and what is wrong with it.
        #[source]
        source: RuleError,
    },
}

impl CatalogError {
    /// The file.
    pub fn path(&self) -> &Path {
        match self {
            Self::Read { path, .. }
            | Self::Syntax { path, .. }
            | Self::Name { path, .. }
            | Self::Twice { path, .. }
            | Self::Rule { path, .. } => path,
        }
    }
}

/// One agent program.
#[derive(Debug)]
pub struct Entry {
    /// The program.
    pub program: AgentProgram,
    /// Its file's text.
    pub text: String,
    /// Where it comes from.
    pub origin: Origin,
    /// What it takes the place of, if anything.
    pub replaces: Option<Origin>,
    rules: Rules,
}

/// A screen as an entry's rules read it.
#[derive(Debug)]
pub struct Reading {
    /// What it shows.
    pub reading: ScreenReading,
    /// The screen's rows as text, without trailing blanks.
    pub rows: Vec<String>,
}

impl Entry {
    /// Reads a screen: `capture-pane -p`, with or without `-e`, and the window's title, empty if that is not known.
    pub fn read(&self, capture: &[u8], title: &str) -> Reading {
        let screen = Screen::parse(capture).titled(title);
        Reading {
            reading: self.rules.read(&screen),
            rows: screen
                .rows()
                .iter()
                .map(|row| row.text().to_owned())
                .collect(),
        }
    }
}

/// The agent programs there are, and the files that are none.
#[derive(Debug, Default)]
pub struct Catalog {
    /// By name.
    pub entries: BTreeMap<String, Entry>,
    /// What can't be used, in the order in which it was read.
    pub broken: Vec<CatalogError>,
}

impl Catalog {
    /// The compiled-in programs, and over them those of the files `*.toml` in the user's folder and in the project's.
    /// What can't be used is left out and told in [`Catalog::broken`].
    pub fn load(user: Option<&Path>, project: Option<&Path>) -> Self {
        let mut catalog = Self::built_in();
        catalog.add_folder(user, Origin::User);
        catalog.add_folder(project, Origin::Project);
        catalog
    }

    fn built_in() -> Self {
        let mut catalog = Self::default();
        for (name, text) in BUILT_IN {
            let path = Path::new("templates/agents")
                .join(name)
                .with_extension("toml");
            match entry(&path, text.to_owned(), Origin::BuiltIn) {
                Ok(entry) => catalog.put(entry),
                Err(error) => catalog.broken.push(error),
            }
        }
        catalog
    }

    fn add_folder(&mut self, folder: Option<&Path>, origin: impl Fn(PathBuf) -> Origin) {
        let Some(folder) = folder else {
            return;
        };
        let mut seen: BTreeMap<String, PathBuf> = BTreeMap::new();
        for path in files(folder) {
            let read = text_of(&path).and_then(|text| entry(&path, text, origin(path.clone())));
            let entry = match read {
                Ok(entry) => entry,
                Err(error) => {
                    self.broken.push(error);
                    continue;
                }
            };
            let name = entry.program.name.clone();
            match seen.get(&name) {
                Some(other) => self.broken.push(CatalogError::Twice {
                    path,
                    name,
                    other: other.clone(),
                }),
                None => {
                    seen.insert(name, path);
                    self.put(entry);
                }
            }
        }
    }

    fn put(&mut self, mut entry: Entry) {
        let name = entry.program.name.clone();
        entry.replaces = self.entries.remove(&name).map(|replaced| replaced.origin);
        self.entries.insert(name, entry);
    }

    /// The programs that may be started, their rules compiled: not those of a project's files.
    ///
    /// # Errors
    /// [`RuleError`] when a program's rules are broken.
    pub fn programs(self) -> Result<Programs, RuleError> {
        let ours = |entry: &Entry| !matches!(entry.origin, Origin::Project(_));
        let entries = self.entries.into_values().filter(ours);
        Programs::compile(entries.map(|entry| entry.program).collect())
    }
}

/// The version in what a program prints about itself, by the pattern's first group; else the first line.
pub fn version_in(pattern: &str, text: &str) -> Option<String> {
    let line = text.lines().find(|line| !line.trim().is_empty())?.trim();
    let found = torch_monitor::first_group(pattern, text);
    Some(found.unwrap_or_else(|| line.to_owned()))
}

fn entry(path: &Path, text: String, origin: Origin) -> Result<Entry, CatalogError> {
    let program: AgentProgram = toml::from_str(&text).map_err(|source| CatalogError::Syntax {
        path: path.to_owned(),
        source: Box::new(source),
    })?;
    if !is_name(&program.name) {
        return Err(CatalogError::Name {
            path: path.to_owned(),
            name: program.name,
        });
    }
    let rules = compiled(&program).map_err(|source| CatalogError::Rule {
        path: path.to_owned(),
        line: line_of(&text, &source.pattern),
        source,
    })?;
    Ok(Entry {
        program,
        text,
        origin,
        replaces: None,
        rules,
    })
}

fn compiled(program: &AgentProgram) -> Result<Rules, RuleError> {
    let name = &program.name;
    let (hooks, transcript) = (&program.hooks, &program.transcript);
    SignalRules::compile(name, "hooks", &hooks.rules, &hooks.values)?.unwrapping(
        name,
        "hooks",
        &hooks.unwrap,
    )?;
    SignalRules::compile(name, "transcript", &transcript.rules, &transcript.values)?.unwrapping(
        name,
        "transcript",
        &transcript.unwrap,
    )?;
    Rules::compile(name, &program.screen)
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
    (1..=32).contains(&name.len()) && name.chars().all(plain)
}

/// The line that a pattern stands in; as TOML may write it with escapes, the first line if it is not found.
fn line_of(text: &str, pattern: &str) -> usize {
    let first = pattern.lines().next().unwrap_or_default();
    let escaped = first.replace('\\', "\\\\").replace('"', "\\\"");
    let found = text
        .lines()
        .position(|line| !first.is_empty() && (line.contains(first) || line.contains(&escaped)));
    found.map_or(1, |line| line + 1)
}

/// The `*.toml` files of a folder, sorted; a folder that is not there has none.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|kind| kind == "toml"));
    files.sort();
    files
}

fn text_of(path: &Path) -> Result<String, CatalogError> {
    let read = |source| CatalogError::Read {
        path: path.to_owned(),
        source,
    };
    read_text(path, FILE_MAX).map_err(read)
}

#[cfg(test)]
mod tests;
