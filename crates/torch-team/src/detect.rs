//! Weighs the signs of every type.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Catalog, DEFAULT};
use crate::detection::{ConditionSeen, Decision, Detection, SignSeen, TypeScore};
use crate::figures::{Figures, services};
use crate::look::Strength;
use crate::matcher::{Beside, Matcher, Seen, Tree, below};
use crate::parts::{self, PARTS_MAX, PartSeen, SHARE_MIN};
use crate::size::Size;
use crate::spec::Spec;
use crate::survey::Survey;
use crate::template::TeamTemplate;

/// The least score of a type that can be chosen: two weak signs.
const SCORE_MIN: i32 = 6;
/// By how many points it must lead.
const LEAD_MIN: i32 = 3;
/// And by how many of a hundred of its own score.
const LEAD_SHARE: i32 = 20;

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
                .filter_map(|part| Some((part.path.clone(), part.kind.clone()?)))
                .collect(),
            services: services.clone(),
            spec,
        };
        let seen = self.matcher.see(&tree, &beside);
        let types = self.types(&seen);
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

    /// The score of every type of which anything was seen, the highest first.
    fn types(&self, seen: &[Seen]) -> Vec<TypeScore> {
        let mut scores: BTreeMap<&str, TypeScore> = BTreeMap::new();
        for (owner, seen) in self.owners.iter().zip(seen) {
            let Owner::Sign(template, at) = owner else {
                continue;
            };
            if !seen.found() && seen.denied.is_empty() {
                continue;
            }
            let sign = &template.signs[*at];
            let points = if seen.found() {
                sign.strength.points()
            } else {
                0
            };
            let score = scores.entry(&template.name).or_insert_with(|| TypeScore {
                name: template.name.clone(),
                title: template.title.clone(),
                score: 0,
                eligible: !template.needs_strong,
                signs: Vec::new(),
            });
            score.score += points;
            score.eligible |= points >= Strength::Strong.points();
            score.signs.push(SignSeen {
                name: sign.name.clone(),
                strength: sign.strength,
                points,
                seen: seen.clone(),
            });
        }
        let mut types: Vec<TypeScore> = scores.into_values().collect();
        for score in &mut types {
            score
                .signs
                .sort_by_key(|sign| (std::cmp::Reverse(sign.points.abs()), sign.points));
        }
        types.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.name.cmp(&b.name)));
        types
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
                if let Some(best) = types
                    .first()
                    .filter(|best| best.name != template.name && best.score >= SCORE_MIN)
                {
                    notes.push(format!(
                        "the signs would speak for {} ({} points); the spec's TYPE counts",
                        best.name, best.score
                    ));
                }
                return (template.name.clone(), decision);
            }
            notes.push(self.unknown_type(&field.value, field.line));
        }
        decide_by_score(types)
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
            let types = self.types(&self.matcher.see(&tree, &Beside::default()));
            let (name, decision) = decide_by_score(&types);
            let best = types.iter().find(|it| it.name == name);
            let best = best.filter(|_| !matches!(decision, Decision::Unclear { .. }));
            let sign = best.and_then(|best| best.signs.first());
            PartSeen {
                path: folder.to_owned(),
                kind: best.map(|best| best.name.clone()),
                score: best.map_or(0, |best| best.score),
                sign: sign.map(|sign| format!("{}: {}", sign.name, sign.seen.places.join(", "))),
                source_files: parts::source_files(survey, folder),
            }
        };
        parts::folders(survey)
            .into_iter()
            .take(PARTS_MAX)
            .map(one)
            .collect()
    }

    /// The types that the parts of a split project are of, where each is more than a trifle of it.
    fn several(&self, survey: &Survey, parts: &[PartSeen]) -> Vec<String> {
        if !parts::is_split(survey) {
            return Vec::new();
        }
        let all: u64 = parts.iter().map(|part| part.source_files).sum();
        let kinds: BTreeSet<&String> = parts.iter().filter_map(|part| part.kind.as_ref()).collect();
        let counts = |kind: &&&String| {
            let of_kind = parts
                .iter()
                .filter(|part| part.kind.as_ref() == Some(**kind));
            let files: u64 = of_kind.map(|part| part.source_files).sum();
            let supporting = self
                .catalog
                .get(kind)
                .is_none_or(|template| template.supporting);
            !supporting && files * 100 >= all * SHARE_MIN
        };
        kinds
            .iter()
            .filter(counts)
            .map(|kind| (*kind).clone())
            .collect()
    }
}

fn decide_by_score(types: &[TypeScore]) -> (String, Decision) {
    let decisive = |it: &&TypeScore| {
        it.signs
            .iter()
            .any(|sign| sign.strength == Strength::Decisive && sign.points > 0)
    };
    if let Some(best) = types.iter().find(decisive) {
        let sign = best
            .signs
            .iter()
            .find(|sign| sign.strength == Strength::Decisive && sign.points > 0);
        let sign = sign.map_or_else(String::new, |sign| sign.name.clone());
        return (best.name.clone(), Decision::Decisive { sign });
    }
    let unclear = |why: String| (DEFAULT.to_owned(), Decision::Unclear { why });
    let mut eligible = types.iter().filter(|it| it.eligible);
    let Some(best) = eligible.next().filter(|best| best.score > 0) else {
        return unclear("nothing speaks for a type".to_owned());
    };
    let second = eligible.next().filter(|it| it.score > 0);
    if best.score < SCORE_MIN {
        return unclear(format!(
            "only {} points speak for {}, and {SCORE_MIN} are needed",
            best.score, best.name
        ));
    }
    let lead = best.score - second.map_or(0, |second| second.score);
    if let Some(second) = second.filter(|_| lead < LEAD_MIN || lead * 100 < best.score * LEAD_SHARE)
    {
        return unclear(format!(
            "{} ({} points) and {} ({}) are too close to each other",
            best.name, best.score, second.name, second.score
        ));
    }
    (best.name.clone(), Decision::Score { lead })
}
