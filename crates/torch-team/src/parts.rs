//! The parts of a project: folders with a manifest of their own.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::survey::{Survey, is_aside, is_source};

/// How deep below the top a part's folder lies at most.
const DEPTH_MAX: usize = 3;
/// How many parts are looked at one by one.
pub(crate) const PARTS_MAX: usize = 50;
/// How many of a hundred source files of all parts those of a type must hold to count for a project of several types.
pub(crate) const SHARE_MIN: u64 = 5;

/// A part of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartSeen {
    /// Its folder.
    pub path: String,
    /// Its type, where one is clear.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The score of that type.
    pub score: i32,
    /// The strongest sign for it, with a place.
    pub sign: Option<String>,
    /// Whether it is a product of its own.
    #[serde(skip)]
    pub(crate) product: bool,
    /// How many source files it has.
    pub source_files: u64,
}

/// Files that make their folder a part.
fn is_manifest(name: &str) -> bool {
    matches!(
        name,
        "package.json"
            | "Cargo.toml"
            | "pyproject.toml"
            | "setup.py"
            | "requirements.txt"
            | "Pipfile"
            | "go.mod"
            | "pom.xml"
            | "build.gradle"
            | "build.gradle.kts"
            | "Gemfile"
            | "composer.json"
            | "mix.exs"
            | "pubspec.yaml"
            | "Podfile"
            | "Chart.yaml"
            | "Pulumi.yaml"
            | "ansible.cfg"
            | "airflow.cfg"
            | "dbt_project.yml"
            | "mkdocs.yml"
            | "book.toml"
            | "main.tf"
    ) || name.ends_with(".csproj")
}

/// Whether the top of a project only holds its parts together: it has no manifest, or one of a workspace.
pub(crate) fn is_split(survey: &Survey) -> bool {
    let top = |path: &str| !path.contains('/');
    has_workspace(survey)
        || !survey
            .files
            .iter()
            .any(|file| top(&file.path) && is_manifest(&file.path))
}

/// Whether a workspace's tool holds the parts together.
pub(crate) fn has_workspace(survey: &Survey) -> bool {
    let has = |name: &str| survey.files.iter().any(|file| file.path == name);
    let says = |name: &str, word: &str| {
        survey
            .contents
            .get(name)
            .is_some_and(|text| text.contains(word))
    };
    let tools = [
        "pnpm-workspace.yaml",
        "lerna.json",
        "nx.json",
        "turbo.json",
        "rush.json",
        "go.work",
        "WORKSPACE",
        "WORKSPACE.bazel",
        "MODULE.bazel",
        "pants.toml",
        "settings.gradle",
        "settings.gradle.kts",
    ];
    tools.iter().any(|name| has(name))
        || says("package.json", "\"workspaces\"")
        || says("Cargo.toml", "[workspace]")
        || says("pyproject.toml", "[tool.uv.workspace]")
}

/// The folders of the parts, sorted; a part has no parts.
pub(crate) fn folders(survey: &Survey) -> Vec<&str> {
    let mut folders: Vec<&str> = survey
        .files
        .iter()
        .filter_map(|file| file.path.rsplit_once('/'))
        .filter(|(folder, name)| is_manifest(name) && folder.split('/').count() <= DEPTH_MAX)
        .map(|(folder, _)| folder)
        .filter(|folder| !is_aside(&format!("{folder}/x")))
        .collect();
    folders.sort_unstable();
    folders.dedup();
    let all: BTreeSet<&str> = folders.iter().copied().collect();
    folders.retain(|folder| {
        let above = |at: usize| all.contains(&folder[..at]);
        !folder.match_indices('/').any(|(at, _)| above(at))
    });
    folders
}

/// How many source files lie below a folder.
pub(crate) fn source_files(survey: &Survey, folder: &str) -> u64 {
    let inside = |path: &str| {
        path.strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
    };
    let files = survey
        .files
        .iter()
        .filter(|file| inside(&file.path) && is_source(&file.path));
    files.count() as u64
}
