//! The team templates there are: those that are compiled in, and over them a user's and a project's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use torch_core::spelling::near;

use crate::fault::{Fault, TemplateError};
use crate::parse::{Known, parse, parse_common};
use crate::template::folded;
use crate::template::{Condition, Requirement, TeamTemplate};

/// The template for projects of which nothing is clear.
pub const DEFAULT: &str = "default";

macro_rules! texts {
    ($($name:literal),* $(,)?) => {
        &[$((concat!("templates/teams/", $name, ".toml"), include_str!(concat!("../../../templates/teams/", $name, ".toml")))),*]
    };
}

const BUILT_IN: &[(&str, &str)] = texts!(
    "data_pipeline",
    "default",
    "documentation",
    "infrastructure_as_code",
    "library_or_cli",
    "machine_learning",
    "mobile",
    "monorepo",
    "system_deployment",
    "web_application",
);

const COMMON: (&str, &str) = (
    "templates/team-common.toml",
    include_str!("../../../templates/team-common.toml"),
);

/// Where a template comes from.
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

/// One template.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The template.
    pub template: TeamTemplate,
    /// Its file's text.
    pub text: String,
    /// Where it comes from.
    pub origin: Origin,
    /// What it takes the place of, if anything.
    pub replaces: Option<Origin>,
}

/// The templates there are, and what can't be used.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    entries: BTreeMap<String, Entry>,
    conditions: BTreeMap<String, Condition>,
    known: Known,
    /// What is wrong with files that are no templates.
    pub broken: Vec<TemplateError>,
}

/// The compiled-in templates, for these roles.
pub fn built_in(roles: impl IntoIterator<Item = String>) -> Catalog {
    let mut catalog = Catalog {
        known: Known {
            roles: roles.into_iter().collect(),
            ..Known::default()
        },
        ..Catalog::default()
    };
    match parse_common(Path::new(COMMON.0), COMMON.1, &catalog.known) {
        Ok((conditions, requires)) => {
            catalog.known.conditions = conditions.keys().cloned().collect();
            catalog.known.requires = requires;
            catalog.conditions = conditions;
        }
        Err(errors) => catalog.broken.extend(errors),
    }
    for (path, text) in BUILT_IN {
        catalog.add(Path::new(path), (*text).to_owned(), Origin::BuiltIn);
    }
    catalog
}

impl Catalog {
    /// Adds a file; it takes the place of a template of its name as a whole. What is wrong with it goes to
    /// [`Catalog::broken`].
    pub fn add(&mut self, path: &Path, text: String, origin: Origin) {
        let template = match parse(path, &text, &self.known) {
            Ok(template) => template,
            Err(errors) => return self.broken.extend(errors),
        };
        if let Some(error) = self.circle(path, &template, &text) {
            return self.broken.push(error);
        }
        let name = template.name.clone();
        let replaces = self.entries.get(&name).map(|entry| entry.origin.clone());
        if let Some(other) = same_folder(&origin, replaces.as_ref()) {
            let line = 1 + text
                .lines()
                .take_while(|line| !line.starts_with("name"))
                .count();
            let fault = Fault::Twice { name, other };
            return self.broken.push(TemplateError {
                path: path.to_owned(),
                line,
                fault,
            });
        }
        self.entries.insert(
            name,
            Entry {
                template,
                text,
                origin,
                replaces,
            },
        );
    }

    /// What is wrong with a template of this file whose `extends` leads back to it, by way of those that are there.
    pub fn circle(
        &self,
        path: &Path,
        template: &TeamTemplate,
        text: &str,
    ) -> Option<TemplateError> {
        let mut names = vec![template.name.clone()];
        let mut parent = template.extends.as_deref();
        while let Some(name) = parent {
            let known = names.iter().any(|known| known == name);
            names.push(name.to_owned());
            if name == template.name {
                return Some(TemplateError {
                    path: path.to_owned(),
                    line: extends_line(text),
                    fault: Fault::Circle(names),
                });
            }
            // None that is there is in a circle; and if one were, this ends.
            parent = self.get(name).filter(|_| !known)?.extends.as_deref();
        }
        None
    }

    /// What templates may refer to.
    pub fn known(&self) -> &Known {
        &self.known
    }

    /// Every template by name.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// The template of this name.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// The template of this name, without where it comes from.
    pub fn get(&self, name: &str) -> Option<&TeamTemplate> {
        self.entries.get(name).map(|entry| &entry.template)
    }

    /// The template that a word means: its name, else an alias.
    pub fn called(&self, word: &str) -> Option<&TeamTemplate> {
        let named = self.templates().find(|it| folded(&it.name) == folded(word));
        named.or_else(|| self.templates().find(|template| template.is_called(word)))
    }

    /// The names of the templates that a mistyped word most likely means, by their names and aliases, the nearest first.
    pub fn near(&self, word: &str) -> Vec<String> {
        let words = self
            .templates()
            .flat_map(|it| std::iter::once(&it.name).chain(&it.aliases));
        let mut found: Vec<String> = Vec::new();
        for word in near(&folded(word), words.map(String::as_str)) {
            let name = self.called(word).map(|template| template.name.clone());
            found.extend(name.filter(|name| !found.contains(name)));
        }
        found
    }

    /// The templates.
    pub fn templates(&self) -> impl Iterator<Item = &TeamTemplate> {
        self.entries.values().map(|entry| &entry.template)
    }

    /// The conditions that all templates share.
    pub fn conditions(&self) -> impl Iterator<Item = (&String, &Condition)> {
        self.conditions.iter()
    }

    /// A condition as a template means it: its own, else the common one.
    pub fn condition(&self, template: &str, name: &str) -> Option<&Condition> {
        let own = self
            .get(template)
            .and_then(|template| template.conditions.get(name));
        own.or_else(|| self.conditions.get(name))
    }

    /// The template that another was made from, at the end of the line; else the name itself.
    pub(crate) fn family<'c>(&'c self, name: &'c str) -> &'c str {
        let mut at = name;
        // A circle of files that name each other ends somewhere.
        for _ in 0..self.entries.len() {
            match self
                .get(at)
                .and_then(|template| template.extends.as_deref())
            {
                Some(parent) if parent != at && self.get(parent).is_some() => at = parent,
                _ => break,
            }
        }
        at
    }

    /// What a role needs in a team of this template: what the template says, else what holds for all.
    pub(crate) fn needs<'c>(
        &'c self,
        template: &'c TeamTemplate,
        role: &torch_core::RoleName,
    ) -> Option<&'c Requirement> {
        let own = template.requires.iter().find(|it| it.role == *role);
        own.or_else(|| self.known.requires.iter().find(|it| it.role == *role))
    }
}

/// The line of a template's `extends`, from 1.
fn extends_line(text: &str) -> usize {
    let before = text
        .lines()
        .take_while(|line| !line.trim_start().starts_with("extends"));
    1 + before.count()
}

/// The file of the same folder that has the name already.
fn same_folder(origin: &Origin, other: Option<&Origin>) -> Option<PathBuf> {
    let (mine, other) = (origin.path()?.parent(), other?.path()?);
    (other.parent() == mine).then(|| other.to_owned())
}
