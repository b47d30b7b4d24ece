//! Every look of every template over one tree, in one pass over its paths.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::Path;

use globset::{Error, GlobBuilder, GlobSet, GlobSetBuilder};
use serde::Serialize;

use crate::figures::COMPOSE;
use crate::look::Look;
use crate::spec::Spec;
use crate::survey::{is_aside, is_source};

/// How many places are told of what was seen.
const PLACES: usize = 3;

/// Where something was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// The first places: a path, or a line of the spec.
    pub places: Vec<String>,
    /// How many there are.
    pub count: u64,
    /// Lines of the spec that say that it is not wanted.
    pub denied: Vec<String>,
    /// Whether the spec says that it is wanted.
    #[serde(skip)]
    pub(crate) wanted: bool,
    /// Whether anything but the spec shows it.
    #[serde(skip)]
    pub(crate) by_files: bool,
    /// Whether the spec speaks of it as of the project itself, and not only of what the project deals with.
    #[serde(skip)]
    pub(crate) own: bool,
    /// Whether the spec speaks of it as of something that others made.
    #[serde(skip)]
    pub(crate) foreign: bool,
}

impl Seen {
    /// Whether it is there.
    pub fn found(&self) -> bool {
        self.count > 0
    }

    /// What something else than the spec shows.
    fn add_of_files(&mut self, place: String) {
        self.by_files = true;
        self.add(place);
    }

    fn add(&mut self, place: String) {
        self.count += 1;
        if self.places.len() < PLACES {
            self.places.push(place);
        }
    }
}

/// What is known of the project beside its files.
#[derive(Debug, Clone, Default)]
pub(crate) struct Beside<'a> {
    /// The types of its parts that make it several things, supporting ones left out.
    pub(crate) part_types: Vec<String>,
    /// Each part's folder and type.
    pub(crate) parts: Vec<(String, String)>,
    /// How many services it has, and where that was seen.
    pub(crate) services: Option<(u64, String)>,
    /// The spec.
    pub(crate) spec: Option<&'a Spec>,
}

/// A tree: paths below its top with their sizes, and some texts.
#[derive(Debug)]
pub(crate) struct Tree<'s> {
    pub(crate) files: Vec<(&'s str, u64)>,
    pub(crate) contents: Vec<(&'s str, &'s str)>,
}

/// Compiled looks.
#[derive(Debug)]
pub(crate) struct Matcher {
    looks: Vec<Look>,
    files: GlobSet,
    file_owner: Vec<usize>,
    inside: GlobSet,
    inside_owner: Vec<usize>,
}

/// A glob as it is matched: one without `/` fits in any folder.
pub(crate) fn anywhere(glob: &str) -> String {
    match glob.contains('/') {
        true => glob.to_owned(),
        false => format!("**/{glob}"),
    }
}

/// # Errors
/// When it is no glob.
pub(crate) fn compiled(glob: &str) -> Result<globset::Glob, Error> {
    GlobBuilder::new(&anywhere(glob))
        .literal_separator(true)
        .build()
}

/// The matcher of globs that were checked when they were read.
fn set(globs: &[&str]) -> GlobSet {
    let mut builder = GlobSetBuilder::new();
    for glob in globs {
        // A glob that is none would shift all others: it stands for a name that no file has.
        match compiled(glob).or_else(|_| compiled("\u{1}")) {
            Ok(glob) => builder.add(glob),
            Err(_) => continue,
        };
    }
    builder.build().unwrap_or_default()
}

impl Matcher {
    pub(crate) fn new(looks: Vec<Look>) -> Self {
        let (mut files, mut file_owner) = (Vec::new(), Vec::new());
        let (mut inside, mut inside_owner) = (Vec::new(), Vec::new());
        for (at, look) in looks.iter().enumerate() {
            files.extend(look.files.iter().map(String::as_str));
            file_owner.extend(look.files.iter().map(|_| at));
            inside.extend(look.inside.iter().map(String::as_str));
            inside_owner.extend(look.inside.iter().map(|_| at));
        }
        inside.extend(COMPOSE);
        let (files, inside) = (set(&files), set(&inside));
        Self {
            looks,
            files,
            file_owner,
            inside,
            inside_owner,
        }
    }

    /// Whether the text of a file is needed.
    pub(crate) fn wants(&self, path: &str) -> bool {
        !is_aside(path) && self.inside.is_match(path)
    }

    /// What each look sees, in their order.
    pub(crate) fn see(&self, tree: &Tree<'_>, beside: &Beside<'_>) -> Vec<Seen> {
        let mut seen = self.see_files(tree);
        self.see_words(tree, &mut seen);
        for (look, seen) in self.looks.iter().zip(&mut seen) {
            see_beside(look, beside, seen);
            if let Some(spec) = beside.spec {
                see_spec(look, spec, seen);
            }
        }
        seen
    }

    fn see_files(&self, tree: &Tree<'_>) -> Vec<Seen> {
        let mut tallies = vec![(Seen::default(), 0_u64); self.looks.len()];
        let mut hits = Vec::new();
        let mut sources = 0_u64;
        for (path, bytes) in &tree.files {
            let aside = is_aside(path);
            sources += u64::from(is_source(path));
            self.files.matches_into(Path::new(path), &mut hits);
            let mut owners: Vec<usize> = hits
                .iter()
                .filter_map(|hit| self.file_owner.get(*hit).copied())
                .collect();
            owners.dedup();
            for owner in owners {
                if aside && !self.looks[owner].anywhere {
                    continue;
                }
                tallies[owner].0.add_of_files((*path).to_owned());
                tallies[owner].1 += bytes;
            }
        }
        let whole = |(look, (seen, bytes)): (&Look, (Seen, u64))| {
            let enough = seen.count >= look.min.max(1)
                && bytes >= look.min_bytes
                && seen.count.saturating_mul(100) >= look.share.saturating_mul(sources);
            if enough { seen } else { Seen::default() }
        };
        self.looks.iter().zip(tallies).map(whole).collect()
    }

    fn see_words(&self, tree: &Tree<'_>, seen: &mut [Seen]) {
        for (path, text) in &tree.contents {
            let hits = self.inside.matches(path);
            let mut owners: Vec<usize> = hits
                .into_iter()
                .filter_map(|hit| self.inside_owner.get(hit).copied())
                .collect();
            owners.dedup();
            if owners.is_empty() || is_aside(path) {
                continue;
            }
            let text = without_comments(text);
            for owner in owners {
                let words = &self.looks[owner].words;
                if let Some(word) = words.iter().find(|word| has_word(&text, word)) {
                    seen[owner].add_of_files(format!("{word:?} in {path}"));
                }
            }
        }
    }
}

fn see_beside(look: &Look, beside: &Beside<'_>, seen: &mut Seen) {
    if let Some(min) = look.part_types
        && beside.part_types.len() as u64 >= min
    {
        seen.add_of_files(format!(
            "parts of the types {}",
            beside.part_types.join(", ")
        ));
    }
    for (path, kind) in &beside.parts {
        if look.part_is.contains(kind) {
            seen.add_of_files(format!("{path}/ is of the type {kind}"));
        }
    }
    if let (Some(most), Some((services, place))) = (look.services_over, &beside.services)
        && *services > most
    {
        seen.add_of_files(format!("{services} services in {place}"));
    }
}

fn see_spec(look: &Look, spec: &Spec, seen: &mut Seen) {
    if let Some(field) = look.spec_field.as_deref().and_then(|name| spec.field(name)) {
        seen.own = true;
        seen.add(format!("spec line {}", field.line));
    }
    for phrase in &look.spec {
        let said = spec.said(phrase);
        seen.own |= said.own;
        seen.foreign |= !said.own && said.foreign;
        for line in said.wanted {
            seen.wanted = true;
            seen.add(format!("{phrase:?} in spec line {line}"));
        }
        let denied = said
            .unwanted
            .into_iter()
            .map(|line| format!("{phrase:?} in spec line {line}"));
        seen.denied.extend(denied.take(PLACES));
    }
}

/// In lower case, without the lines that are comments in the files that are asked for.
fn without_comments(text: &str) -> String {
    let lines = text.lines().filter(|line| {
        let line = line.trim_start();
        !(line.starts_with("//") || (line.starts_with('#') && !line.starts_with("#!")))
    });
    let mut plain = String::with_capacity(text.len());
    for line in lines {
        plain.push_str(&line.to_lowercase());
        plain.push('\n');
    }
    plain
}

/// Whether a word stands in a text, not as a part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let (open, close) = (word.starts_with(part), word.ends_with(part));
    text.match_indices(word).any(|(at, found)| {
        let before = text[..at].chars().next_back();
        let after = text[at + found.len()..].chars().next();
        let longer = (open && before.is_some_and(part)) || (close && after.is_some_and(part));
        !longer
    })
}

/// The tree below a folder, which ends in `/` or is empty.
pub(crate) fn below<'s>(
    files: &[(&'s str, u64)],
    contents: &'s BTreeMap<String, String>,
    folder: &str,
) -> Tree<'s> {
    let inside = files
        .iter()
        .filter_map(|(path, bytes)| Some((path.strip_prefix(folder)?, *bytes)));
    let texts = contents
        .range::<str, _>((Bound::Included(folder), Bound::Unbounded))
        .map_while(|(path, text)| Some((path.strip_prefix(folder)?, text.as_str())));
    Tree {
        files: inside.collect(),
        contents: texts.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_no_part_of_another() {
        for (text, word, found) in [
            ("\"react\": \"18\"", "react", true),
            ("react-native", "react", false),
            ("preact", "react", false),
            ("[[bin]]\nname", "[[bin]]", true),
            ("torch==2.1", "torch", true),
            ("torchvision", "torch", false),
            ("@angular/core", "@angular/core", true),
        ] {
            assert_eq!(has_word(text, word), found, "{word} in {text}");
        }
        assert!(!has_word(&without_comments("# django\nflask"), "django"));
    }

    #[test]
    fn a_file_counts_once_for_a_look() {
        let look = Look {
            files: vec!["*.tf".to_owned(), "infra/**".to_owned()],
            min: 2,
            ..Look::default()
        };
        let matcher = Matcher::new(vec![look]);
        let see = |paths: &[&'static str]| {
            let files = paths.iter().map(|path| (*path, 1)).collect();
            let tree = Tree {
                files,
                contents: Vec::new(),
            };
            matcher.see(&tree, &Beside::default())[0].count
        };
        assert_eq!(see(&["infra/main.tf"]), 0);
        assert_eq!(see(&["infra/main.tf", "infra/x"]), 2);
        assert_eq!(
            see(&["a/b.tf", "c.tf", "tests/d.tf"]),
            2,
            "fixtures prove nothing"
        );
    }
}
