//! What the signs that were seen make of a score for each type.

use std::collections::BTreeMap;

use crate::detection::{SignSeen, TypeScore};
use crate::look::Strength;
use crate::matcher::Seen;
use crate::software::Software;
use crate::template::{Sign, TeamTemplate};

/// From how many points of files on a type that goes along with others counts before the words of a spec.
const MUCH: i32 = 20;

/// A sign of a template, and what was seen of it.
pub(crate) type Weighed<'c, 's> = (&'c TeamTemplate, &'c Sign, &'s Seen);

/// Whether files show strongly a type that makes a product.
pub(crate) fn shows_product(signs: &[Weighed<'_, '_>]) -> bool {
    signs
        .iter()
        .any(|(template, sign, seen)| !template.supporting && is_strong(sign, seen))
}

fn is_strong(sign: &Sign, seen: &Seen) -> bool {
    seen.by_files && sign.strength.points() >= Strength::Strong.points()
}

/// What files say, before the spec is asked.
struct Files<'c> {
    /// The points of each type by files.
    points: BTreeMap<&'c str, i32>,
    /// The types that files show strongly.
    strong: Vec<&'c str>,
    /// Whether they settle the type of a product.
    product: bool,
    /// Types of which the project's parts are only pieces of other products.
    pieces: &'c [&'c str],
}

impl<'c> Files<'c> {
    fn of(signs: &[Weighed<'c, '_>], pieces: &'c [&'c str]) -> Self {
        let mut points: BTreeMap<&str, i32> = BTreeMap::new();
        let mut strong = Vec::new();
        for (template, sign, seen) in signs {
            if seen.by_files {
                *points.entry(&template.name).or_default() += sign.strength.points();
            }
            if is_strong(sign, seen) {
                strong.push(template.name.as_str());
            }
        }
        Self {
            points,
            strong,
            product: shows_product(signs),
            pieces,
        }
    }

    /// Whether the spec's words for a type say less than the files, which show another. Several products at once are told
    /// by words as well.
    fn outweigh(&self, template: &TeamTemplate) -> bool {
        let much = self.points.values().any(|points| *points >= MUCH);
        let several = template
            .signs
            .iter()
            .any(|sign| sign.look.part_types.is_some());
        !several && (self.product || much) && !self.strong.contains(&template.name.as_str())
    }
}

/// The points of a sign. Words of the spec count less where files show another type, and where they name what the
/// project deals with.
fn points(template: &TeamTemplate, sign: &Sign, seen: &Seen, files: &Files<'_>) -> i32 {
    let full = sign.strength.points();
    if !seen.found() {
        return 0;
    }
    if seen.by_files && !sign.product && files.pieces.contains(&template.name.as_str()) {
        return full.min(Strength::Weak.points());
    }
    if seen.by_files || full < 0 {
        return full;
    }
    let aside = !seen.own && (template.supporting || seen.foreign);
    if !aside && !files.outweigh(template) {
        return full;
    }
    match sign.strength {
        Strength::Weak => 1,
        _ => Strength::Weak.points(),
    }
}

/// The score of every type of which anything was seen, the highest first. Where there is software to write, types that
/// go along with others can't be chosen, and come last.
pub(crate) fn weigh<'c>(
    signs: &[Weighed<'c, '_>],
    software: Option<&Software>,
    pieces: &'c [&'c str],
) -> Vec<TypeScore> {
    let files = Files::of(signs, pieces);
    let mut scores: BTreeMap<&str, TypeScore> = BTreeMap::new();
    for (template, sign, seen) in signs {
        if !seen.found() && seen.denied.is_empty() {
            continue;
        }
        let points = points(template, sign, seen, &files);
        let score = scores.entry(&template.name).or_insert_with(|| TypeScore {
            name: template.name.clone(),
            title: template.title.clone(),
            score: 0,
            eligible: !template.needs_strong,
            beside: software
                .filter(|_| template.supporting)
                .map(Software::words),
            signs: Vec::new(),
        });
        score.score += points;
        score.eligible |= points >= Strength::Strong.points();
        score.signs.push(SignSeen {
            name: sign.name.clone(),
            strength: sign.strength,
            points,
            seen: (*seen).clone(),
        });
    }
    let mut types: Vec<TypeScore> = scores.into_values().collect();
    for score in &mut types {
        score.eligible &= score.beside.is_none();
        score
            .signs
            .sort_by_key(|sign| (std::cmp::Reverse(sign.points.abs()), sign.points));
    }
    types.sort_by(|a, b| {
        let last = |it: &TypeScore| it.beside.is_some();
        (last(a), b.score, &a.name).cmp(&(last(b), a.score, &b.name))
    });
    types
}
