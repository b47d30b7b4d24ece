//! How large a project is.

use serde::Serialize;

use crate::matcher::Tree;
use crate::spec::Spec;
use crate::survey::{Survey, is_aside, is_source};

/// Files that compose services.
pub(crate) const COMPOSE: [&str; 4] = [
    "docker-compose*.yml",
    "docker-compose*.yaml",
    "compose*.yml",
    "compose*.yaml",
];

/// A project in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// All files.
    pub files: u64,
    /// Files of text that people write.
    pub source_files: u64,
    /// Their bytes.
    pub source_bytes: u64,
    /// Parts with a manifest of their own.
    pub parts: u64,
    /// Services that are composed, built or named.
    pub services: u64,
}

impl Figures {
    pub(crate) fn of(survey: &Survey, parts: u64, services: u64) -> Self {
        let sources = || survey.files.iter().filter(|file| is_source(&file.path));
        Self {
            files: survey.files.len() as u64,
            source_files: sources().count() as u64,
            source_bytes: sources().map(|file| file.bytes).sum(),
            parts,
            services,
        }
    }
}

/// How many services a project has, and where that is told: the largest of what is composed, built and named in the spec.
pub(crate) fn services(tree: &Tree<'_>, spec: Option<&Spec>) -> Option<(u64, String)> {
    let of_name = |name: &str| {
        tree.files
            .iter()
            .filter(|(path, _)| !is_aside(path) && is(path, name))
            .count() as u64
    };
    let mut found: Vec<(u64, String)> = Vec::new();
    for (path, text) in tree.contents.iter().filter(|(path, _)| is_compose(path)) {
        found.push((composed(text), (*path).to_owned()));
    }
    found.push((of_name("Dockerfile"), "Dockerfiles".to_owned()));
    found.push((of_name(".service"), "service units".to_owned()));
    if let Some((count, line)) = spec.and_then(Spec::services) {
        found.push((count, format!("spec line {line}")));
    }
    found
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .max_by_key(|(count, _)| *count)
}

fn is(path: &str, name: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    file == name || (name.starts_with('.') && file.ends_with(name))
}

fn is_compose(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    let name = file.strip_prefix("docker-").unwrap_or(file);
    name.starts_with("compose") && (name.ends_with(".yml") || name.ends_with(".yaml"))
}

/// The keys directly below `services:`.
fn composed(text: &str) -> u64 {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let meant = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let lines = text
        .lines()
        .skip_while(|line| line.trim_end() != "services:")
        .skip(1)
        .filter(meant);
    let block: Vec<&str> = lines.take_while(|line| indent(line) > 0).collect();
    let Some(depth) = block.first().map(|line| indent(line)) else {
        return 0;
    };
    block
        .iter()
        .filter(|line| indent(line) == depth && is_key(line.trim()))
        .count() as u64
}

/// `web:`, also with its settings in the same line; not a merge of others.
fn is_key(line: &str) -> bool {
    let key = line.split_once(':').map(|(key, rest)| (key.trim(), rest));
    key.is_some_and(|(key, rest)| key != "<<" && (rest.is_empty() || rest.starts_with(' ')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_of_a_compose_file() {
        let text = "version: '3'\nservices:\n  # the site\n  web:\n    image: x\n\n  db:\n    image: y\nvolumes:\n  data:\n";
        assert_eq!(composed(text), 2);
        let short = "services:\n  web: {build: ., depends_on: [db]} # site\n  db: &db\n    image: x\n  <<: *more\n";
        assert_eq!(composed(short), 2);
        assert_eq!(composed("services:\n"), 0);
        assert_eq!(composed(""), 0);
        assert!(
            is_compose("a/docker-compose.prod.yml")
                && is_compose("compose.yaml")
                && !is_compose("composer.json")
        );
    }
}
