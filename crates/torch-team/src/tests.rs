//! Tests over whole projects: what they are taken for, and which team they get.

mod bad;
mod own;
mod property;
mod table;
mod team;

use std::sync::LazyLock;

use crate::{Catalog, Detection, Detector, Spec, Survey, built_in};

/// The roles that torch has.
pub(crate) const ROLES: [&str; 15] = [
    "orchestrator",
    "project_manager",
    "developer",
    "tester",
    "testrunner",
    "researcher",
    "logtracker",
    "devops",
    "code_reviewer",
    "documentation_writer",
    "sysadmin",
    "securityops",
    "networkops",
    "monitoringops",
    "databaseops",
];

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| built_in(ROLES.map(str::to_owned)));
static DETECTOR: LazyLock<Detector<'static>> = LazyLock::new(|| Detector::new(&CATALOG));

/// The compiled-in templates.
pub(crate) fn catalog() -> &'static Catalog {
    assert_eq!(CATALOG.broken, [], "what is shipped is sound");
    &CATALOG
}

/// A tree of one file a line; what follows `: ` is its text, in which `\n` begins a line.
pub(crate) fn tree(text: &str) -> Survey {
    let files: Vec<(String, String)> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| line.split_once(": ").unwrap_or((line, "")))
        .map(|(path, text)| (path.to_owned(), text.replace("\\n", "\n")))
        .collect();
    Survey::of(
        files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str())),
    )
}

/// What a tree with a spec (empty: none) is taken for.
pub(crate) fn detect(files: &str, spec: &str) -> Detection {
    let detector = &*DETECTOR;
    let mut survey = tree(files);
    survey.contents.retain(|path, _| detector.wants(path));
    let spec = (!spec.is_empty()).then(|| Spec::read(spec));
    detector.detect(&survey, spec.as_ref(), None)
}
