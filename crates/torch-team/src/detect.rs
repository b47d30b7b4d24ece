//! Weighs the signs of every type.

use std::collections::BTreeMap;

use torch_core::RoleName;

use crate::catalog::Catalog;
use crate::decide::{SCORE_MIN, decide_by_score};
use crate::detection::{ConditionSeen, Decision, Detection, OwnerSeen, SignSeen, TypeScore};
use crate::figures::{Figures, services};
use crate::matcher::{Beside, Matcher, Seen, Tree, below};
use crate::parts::{self, PARTS_MAX, PartSeen, SHARE_MIN};
use crate::size::Size;
use crate::software::software;
use crate::spec::Spec;
use crate::survey::Survey;
use crate::template::TeamTemplate;
use crate::weigh::{Weighed, shows_product, weigh};

/// How many owners that are no roles are told.
const STRANGERS: usize = 5;
/// How much of each one's name, in characters.
const STRANGER_CHARS: usize = 40;

/// The types of the two faces of one product.
const FACES: [&str; 2] = ["mobile", "web_application"];

/// The signs of all templates, compiled.
#[derive(Debug)]
pub struct Detector<'c> {
    catalog: &'c Catalog,
    matcher: Matcher,
    /// What each look belongs to.
    owners: Vec<Owner<'c>>,
}

#[derive(Debug, Clone, Copy)]
enum Owner<'c> {
    Sign(&'c TeamTemplate, usize),
    Condition(&'c str, &'c str),
}

impl<'c> Detector<'c> {
    /// Compiles the signs of these templates.
    pub fn new(catalog: &'c Catalog) -> Self {
        let (mut owners, mut looks) = (Vec::new(), Vec::new());
        for template in catalog.templates() {
            for (at, sign) in template.signs.iter().enumerate() {
                owners.push(Owner::Sign(template, at));
                looks.push(sign.look.clone());
            }
            for (name, condition) in &template.conditions {
                owners.push(Owner::Condition(&template.name, name));
                looks.push(condition.look.clone());
            }
        }
        for (name, condition) in catalog.conditions() {
            owners.push(Owner::Condition("", name));
            looks.push(condition.look.clone());
        }
        Self {
            catalog,
            matcher: Matcher::new(looks),
            owners,
        }
    }

    /// Whether the beginning of a file's text should be in the survey.
    pub fn wants(&self, path: &str) -> bool {
        self.matcher.wants(path)
    }

    /// What kind of project it is. A type that was `asked` for by name or alias is taken as it is, and one that the spec
    /// names in its TYPE before what the files say; a word that is no type is told in the notes.
    pub fn detect(&self, survey: &Survey, spec: Option<&Spec>, asked: Option<&str>) -> Detection {
        let parts = self.parts(survey);
        let whole: Vec<(&str, u64)> = survey
            .files
            .iter()
            .map(|file| (file.path.as_str(), file.bytes))
            .collect();
        let tree = below(&whole, &survey.contents, "");
        let services = services(&tree, spec);
        let beside = Beside {
            part_types: self.several(survey, &parts),
            parts: parts
                .iter()
                .filter_map(|part| {
                    let kind = self.catalog.family(part.kind.as_deref()?);
                    Some((part.path.clone(), kind.to_owned()))
                })
                .collect(),
            services: services.clone(),
            spec,
        };
        let seen = self.matcher.see(&tree, &beside);
        let types = self.types(&seen, &tree, &parts);
        let mut notes = Vec::new();
        let (template, decision) = self.decide(&types, spec, asked, &mut notes);
        let figures = Figures::of(
            survey,
            parts.len() as u64,
            services.map_or(0, |(count, _)| count),
        );
        Detection {
            size: Size::of_project(&figures),
            conditions: self.conditions(&seen, &template),
            owners: spec.map_or_else(Vec::new, |spec| self.owners(spec, &mut notes)),
            template,
            decision,
            types,
            parts,
            figures,
            cut: survey.cut,
            unreadable: survey.unreadable,
            notes,
        }
    }

    /// The score of every type of which anything was seen in a tree, the highest first.
    fn types(&self, seen: &[Seen], tree: &Tree<'_>, parts: &[PartSeen]) -> Vec<TypeScore> {
        let signs: Vec<Weighed<'c, '_>> = self
            .owners
            .iter()
            .zip(seen)
            .filter_map(|(owner, seen)| match owner {
                Owner::Sign(template, at) => Some((*template, &template.signs[*at], seen)),
                Owner::Condition(..) => None,
            })
            .collect();
        let software = software(tree, shows_product(&signs));
        weigh(&signs, software.as_ref(), &self.pieces(parts))
    }

    /// The types of parts that are only pieces of products of other types.
    fn pieces<'p>(&self, parts: &'p [PartSeen]) -> Vec<&'p str> {
        let of = |product: bool| {
            let parts = parts.iter().filter(move |part| part.product == product);
            parts.filter_map(|part| part.kind.as_deref())
        };
        let makes_product = |kind: &str| self.catalog.get(kind).is_some_and(|it| !it.supporting);
        if !of(true).any(makes_product) {
            return Vec::new();
        }
        of(false)
            .filter(|kind| !of(true).any(|other| other == *kind))
            .collect()
    }

    fn decide(
        &self,
        types: &[TypeScore],
        spec: Option<&Spec>,
        asked: Option<&str>,
        notes: &mut Vec<String>,
    ) -> (String, Decision) {
        if let Some(template) = asked.and_then(|word| self.catalog.called(word)) {
            return (template.name.clone(), Decision::Flag);
        }
        if let Some(field) = spec.and_then(|spec| spec.field("TYPE")) {
            if let Some(template) = self.catalog.called(&field.value) {
                let decision = Decision::Spec {
                    line: field.line,
                    value: field.value.clone(),
                };
                if let Some(best) = types.first().filter(|best| {
                    let other =
                        self.catalog.family(&best.name) != self.catalog.family(&template.name);
                    other && best.score >= SCORE_MIN
                }) {
                    notes.push(format!(
                        "the signs would speak for {} ({} points); the spec's TYPE counts",
                        best.name, best.score
                    ));
                }
                return (template.name.clone(), decision);
            }
            notes.push(self.unknown_type(&field.value, field.line));
        }
        decide_by_score(types, self.catalog)
    }

    fn unknown_type(&self, value: &str, line: usize) -> String {
        let near = self.catalog.near(value);
        let meant = near
            .first()
            .map_or_else(String::new, |near| format!("; the nearest is {near}"));
        format!(
            "the spec's TYPE in line {line}, {value:?}, is no type that torch knows{meant}; the score decides"
        )
    }

    /// The conditions, those of the chosen template over the common ones.
    fn conditions(&self, seen: &[Seen], template: &str) -> BTreeMap<String, ConditionSeen> {
        let mut found = BTreeMap::new();
        // A template's own stand before the common ones.
        for (owner, seen) in self.owners.iter().zip(seen) {
            let Owner::Condition(of, name) = owner else {
                continue;
            };
            if !(of.is_empty() || *of == template) || found.contains_key(*name) {
                continue;
            }
            let Some(condition) = self.catalog.condition(template, name) else {
                continue;
            };
            let one = ConditionSeen {
                title: condition.title.clone(),
                holds: seen.found() && (seen.wanted || seen.denied.is_empty()),
                seen: seen.clone(),
            };
            found.insert((*name).to_owned(), one);
        }
        found
    }

    /// The roles that the spec names as owners, each once; who is none is told in the notes.
    fn owners(&self, spec: &Spec, notes: &mut Vec<String>) -> Vec<OwnerSeen> {
        let known = &self.catalog.known().roles;
        let mut found: Vec<OwnerSeen> = Vec::new();
        let mut strangers = Vec::new();
        for owner in spec.owners() {
            let role = RoleName::parse(&owner.name).ok();
            let role = role.filter(|role| known.iter().any(|known| known == role.as_str()));
            match role {
                Some(role) if found.iter().any(|it| it.role == role) => {}
                Some(role) => found.push(OwnerSeen {
                    role,
                    line: owner.line,
                }),
                None if owner.is_sure => {
                    let name: String = owner.name.chars().take(STRANGER_CHARS).collect();
                    strangers.push(format!("{name:?} in line {}", owner.line));
                }
                None => {}
            }
        }
        if !strangers.is_empty() {
            let more = match strangers.len().saturating_sub(STRANGERS) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            strangers.truncate(STRANGERS);
            notes.push(format!(
                "the spec gives work to {}{more}: no role that torch knows; the orchestrator hands it out (torch roles new makes a role)",
                strangers.join(", ")
            ));
        }
        found
    }

    fn parts(&self, survey: &Survey) -> Vec<PartSeen> {
        let whole: Vec<(&str, u64)> = survey
            .files
            .iter()
            .map(|file| (file.path.as_str(), file.bytes))
            .collect();
        let one = |folder: &str| {
            let inside = format!("{folder}/");
            let from = whole.partition_point(|(path, _)| *path < inside.as_str());
            let run = whole[from..]
                .iter()
                .take_while(|(path, _)| path.starts_with(&inside))
                .count();
            let tree: Tree<'_> = below(&whole[from..from + run], &survey.contents, &inside);
            let seen = self.matcher.see(&tree, &Beside::default());
            let types = self.types(&seen, &tree, &[]);
            let (name, decision) = decide_by_score(&types, self.catalog);
            let best = types.iter().find(|it| it.name == name);
            let best = best.filter(|_| !matches!(decision, Decision::Unclear { .. }));
            let sign = best.and_then(|best| best.signs.first());
            PartSeen {
                path: folder.to_owned(),
                kind: best.map(|best| best.name.clone()),
                score: best.map_or(0, |best| best.score),
                sign: sign.map(|sign| format!("{}: {}", sign.name, sign.seen.places.join(", "))),
                product: best.is_some_and(|best| self.is_product(best)),
                source_files: parts::source_files(survey, folder),
            }
        };
        parts::folders(survey)
            .into_iter()
            .take(PARTS_MAX)
            .map(one)
            .collect()
    }

    /// Whether a part of this type is a product of its own, and not a piece of others: of a type with signs of products one
    /// of those was seen.
    fn is_product(&self, score: &TypeScore) -> bool {
        let Some(template) = self.catalog.get(&score.name) else {
            return true;
        };
        let shows = |name: &str| {
            let seen = |seen: &SignSeen| seen.name == name && seen.points > 0;
            score.signs.iter().any(seen)
        };
        let mut signs = template.signs.iter().filter(|sign| sign.product).peekable();
        signs.peek().is_none() || signs.any(|sign| shows(&sign.name))
    }

    /// The types that the parts of a split project are of, where each is more than a trifle of it. A site and an app are two
    /// faces of one product, unless a workspace's tool holds them together as several.
    fn several(&self, survey: &Survey, parts: &[PartSeen]) -> Vec<String> {
        if !parts::is_split(survey) {
            return Vec::new();
        }
        let all: u64 = parts.iter().map(|part| part.source_files).sum();
        let mut files: BTreeMap<&str, u64> = BTreeMap::new();
        for part in parts.iter().filter(|part| part.product) {
            let Some(kind) = &part.kind else { continue };
            if self.catalog.get(kind).is_some_and(|it| !it.supporting) {
                *files.entry(self.catalog.family(kind)).or_default() += part.source_files;
            }
        }
        files.retain(|_, files| *files * 100 >= all * SHARE_MIN);
        let kinds: Vec<String> = files.into_keys().map(str::to_owned).collect();
        match kinds == FACES && !parts::has_workspace(survey) {
            true => Vec::new(),
            false => kinds,
        }
    }
}
