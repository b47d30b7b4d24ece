//! Which type wins by its score.

use crate::catalog::{Catalog, DEFAULT};
use crate::detection::{Decision, SignSeen, TypeScore};
use crate::look::Strength;

/// The least score of a type that can be chosen: two weak signs.
pub(crate) const SCORE_MIN: i32 = 6;
/// By how many points it must lead.
const LEAD_MIN: i32 = 3;
/// And by how many of a hundred of its own score.
const LEAD_SHARE: i32 = 20;

/// The type, and why. `types` come with the highest score first.
pub(crate) fn decide_by_score(types: &[TypeScore], catalog: &Catalog) -> (String, Decision) {
    let stands = Family { types, catalog };
    let types: Vec<&TypeScore> = types.iter().filter(|it| stands.one(it)).collect();
    let decisive = |sign: &&SignSeen| sign.strength == Strength::Decisive && sign.points > 0;
    if let Some((best, sign)) = types
        .iter()
        .filter(|it| it.beside.is_none())
        .find_map(|it| Some((it, it.signs.iter().find(decisive)?)))
    {
        let sign = sign.name.clone();
        return (best.name.clone(), Decision::Decisive { sign });
    }
    let unclear = |why: String| (DEFAULT.to_owned(), Decision::Unclear { why });
    let mut eligible = types.iter().filter(|it| it.eligible && it.score > 0);
    let Some(best) = eligible.next() else {
        return unclear(nothing_speaks(&types));
    };
    if best.score < SCORE_MIN {
        return unclear(format!(
            "only {} points speak for {}, and {SCORE_MIN} are needed",
            best.score, best.name
        ));
    }
    let second = eligible.next();
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

/// Why no type can be chosen: nothing was seen, or nothing that is enough.
fn nothing_speaks(types: &[&TypeScore]) -> String {
    let Some(best) = types.iter().find(|it| it.score > 0) else {
        return "nothing speaks for a type".to_owned();
    };
    match &best.beside {
        Some(software) => {
            format!("there is software to write ({software}), and no sign says of which type")
        }
        None => format!("only weak signs speak for {}", best.name),
    }
}

/// Templates of which some were made from others, and so share their signs.
struct Family<'a> {
    types: &'a [TypeScore],
    catalog: &'a Catalog,
}

impl Family<'_> {
    /// Whether a type stands for its family: the one that was made from another where its score is as high, else that other.
    /// So a copy wins over what it is a copy of, and never makes the choice unclear.
    fn one(&self, score: &TypeScore) -> bool {
        let family = self.catalog.family(&score.name);
        let related = self
            .types
            .iter()
            .filter(|it| self.catalog.family(&it.name) == family);
        let rank = |it: &TypeScore| {
            let own = it.name != family;
            (it.eligible, it.score, own)
        };
        let best = related.max_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| b.name.cmp(&a.name)));
        best.is_some_and(|best| best.name == score.name)
    }
}
