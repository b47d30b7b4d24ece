//! What somebody saw of a project's tree.

use std::collections::BTreeMap;

use serde::Serialize;

/// One file of a project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeenFile {
    /// Its path below the project, with `/` between folders.
    pub path: String,
    /// Its size.
    pub bytes: u64,
}

/// Why a tree was not seen to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// It has more files or folders than are looked at.
    Entries,
    /// It lies deeper than is looked.
    Depth,
    /// The time was over.
    Time,
}

impl Cut {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Entries => "it has more files than are looked at",
            Self::Depth => "folders deeper than are looked at were left out",
            Self::Time => "the time for it was over",
        }
    }
}

/// What was seen of a project: its files, and of the small ones that were asked for the text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// The files, sorted by path; what the project ignores is not among them.
    pub files: Vec<SeenFile>,
    /// The beginnings of the files that [`crate::Detector::wants`], by path.
    pub contents: BTreeMap<String, String>,
    /// Why that is not all, if it is not.
    pub cut: Option<Cut>,
    /// How many folders and files could not be read.
    pub unreadable: u64,
}

impl Survey {
    /// A survey of these files; a path with a text is one that was read.
    pub fn of<'t>(files: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
        let mut survey = Self::default();
        for (path, text) in files {
            survey.files.push(SeenFile {
                path: path.to_owned(),
                bytes: text.len() as u64,
            });
            if !text.is_empty() {
                survey.contents.insert(path.to_owned(), text.to_owned());
            }
        }
        survey.files.sort();
        survey
    }
}

/// Folders whose contents prove nothing about the project itself.
const ASIDE: [&str; 12] = [
    "test",
    "tests",
    "__tests__",
    "testdata",
    "test-data",
    "fixtures",
    "fixture",
    "examples",
    "example",
    "samples",
    "sample",
    "third_party",
];

/// Whether a file lies among tests, fixtures or examples.
pub(crate) fn is_aside(path: &str) -> bool {
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    folders.split('/').any(|folder| ASIDE.contains(&folder))
}

/// Whether a file is text that people write: programs, markup, settings. Sizes and shares count these.
pub(crate) fn is_source(path: &str) -> bool {
    const KINDS: [&str; 74] = [
        "adoc", "astro", "bash", "bat", "bicep", "c", "cc", "clj", "cmake", "cpp", "cs", "css",
        "cxx", "dart", "erb", "erl", "ex", "exs", "fs", "go", "gradle", "graphql", "groovy", "h",
        "hcl", "hpp", "hs", "html", "ini", "ipynb", "j2", "java", "jinja", "jl", "js", "jsx", "kt",
        "kts", "less", "lua", "m", "md", "mdx", "mjs", "ml", "nim", "nix", "php", "pl", "proto",
        "ps1", "py", "r", "rb", "rs", "rst", "sass", "scala", "scss", "service", "sh", "sql",
        "svelte", "swift", "tex", "tf", "tfvars", "toml", "ts", "tsx", "vue", "yaml", "yml", "zig",
    ];
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.') {
        Some((_, kind)) => KINDS.binary_search(&kind).is_ok() && !is_lock(name),
        None => matches!(
            name,
            "Dockerfile"
                | "Makefile"
                | "Justfile"
                | "justfile"
                | "Rakefile"
                | "Gemfile"
                | "Jenkinsfile"
        ),
    }
}

/// Files that tools write.
fn is_lock(name: &str) -> bool {
    matches!(
        name,
        "pnpm-lock.yaml" | "package-lock.json" | "yarn.lock" | "Cargo.lock"
    ) || name.ends_with(".min.js")
}
