//! What has moved since an integration was built, for whoever lets it in.

use torch_core::integration::Integration;

use super::State;

/// How many branches are named.
const NAMED: usize = 5;

/// Branches that stand elsewhere than when an integration was built, as far as that was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Moved {
    /// The parent branch, as it is told.
    parent: Option<String>,
    /// Those that go in, likewise.
    branches: Vec<String>,
}

impl State {
    pub(super) fn moved_since_built(&self, row: &Integration) -> Moved {
        let Some(known) = self.activity.known.get(&row.team) else {
            return Moved::default();
        };
        let moved = |branch: &str, built: &str| {
            let tip = known.tips.get(&format!("refs/heads/{branch}"))?;
            (tip != built).then(|| format!("{branch} ({}, now {})", short(built), short(tip)))
        };
        let merges = row.brought();
        let branches = merges.filter_map(|one| moved(one.branch.as_deref()?, &one.commit));
        Moved {
            parent: moved(&row.parent, &row.parent_tip),
            branches: branches.collect(),
        }
    }
}

impl Moved {
    /// What whoever let it in is told. It lands as it was built unless the parent has moved; then it is built again, with what its
    /// branches have by then.
    pub(super) fn let_in(&self, row: &Integration) -> String {
        let tag = row.id.tag();
        let branches = self.named();
        match (&self.parent, branches) {
            (None, None) => format!("{tag} is let in; it goes on (torch integrate --list)"),
            (None, Some(branches)) => format!(
                "{tag} is let in as it was built; it goes on (torch integrate --list). Moved since, which is left for the next one: {branches}"
            ),
            (Some(parent), None) => format!(
                "{tag} is let in; {parent} has moved since it was built, so it is built and tested anew first, and asks again if other \
                 commits go in by then"
            ),
            (Some(parent), Some(branches)) => format!(
                "{tag} is let in; {parent} has moved since it was built, so it is built and tested anew first, and asks again if other \
                 commits go in by then. Moved as well: {branches}"
            ),
        }
    }

    fn named(&self) -> Option<String> {
        let mut named: Vec<String> = self.branches.iter().take(NAMED).cloned().collect();
        if let more @ 1.. = self.branches.len().saturating_sub(named.len()) {
            named.push(format!("{more} more"));
        }
        (!named.is_empty()).then(|| named.join(", "))
    }
}

fn short(commit: &str) -> &str {
    commit.get(..8).unwrap_or(commit)
}
