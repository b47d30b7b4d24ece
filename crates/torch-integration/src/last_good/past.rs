//! What earlier rollbacks say of a branch's line: which commits they made themselves, and which were bad.

use std::ops::Range;

use torch_core::rollback::{GoodBy, Rollback, RollbackKind, RollbackState};

use super::TRAILER;

/// What the messages of a rollback's own commits begin with.
const TITLES: [&str; 4] = [
    "Revert \"",
    "Reapply \"",
    "stable: restore ",
    "torch: back to ",
];

/// What a revert says of the commit that it takes back, as git words it.
const REVERTS: &str = "This reverts commit ";

/// A commit of the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit<'a> {
    /// Full hex.
    pub id: &'a str,
    /// The first line of its message.
    pub subject: &'a str,
    /// The rest of it.
    pub body: &'a str,
}

/// What earlier rollbacks say of a line, by position; 0 is its newest commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Whether a rollback made the commit.
    own: Vec<bool>,
    /// Whether it has what was taken back or named as bad at the time.
    bad: Vec<bool>,
    /// Whether a rollback gave the branch the content of the last good commit, and nothing was committed since.
    put_back: bool,
}

impl Past {
    /// Reads it from the records of rollbacks, of whichever team, and for what no record tells of from the commits' own messages.
    ///
    /// `line` is the branch's own line, its newest commit first. `came_in` is the position of the oldest commit of the line
    /// that has a commit, if the line has it. A commit that was bad stays bad, and so does what lies between it and the rollback
    /// that took it back; what was made after that is judged anew, also where the work was brought back on purpose.
    pub fn read(
        line: &[Commit<'_>],
        records: &[Rollback],
        mut came_in: impl FnMut(&str) -> Option<usize>,
    ) -> Self {
        let at = |id: &str| line.iter().position(|commit| commit.id == id);
        let mut own: Vec<bool> = line.iter().map(says_own).collect();
        let mut told = vec![false; line.len()];
        for made in records.iter().filter_map(|record| moved(record, at)) {
            own[made.clone()].fill(true);
            told[made].fill(true);
        }
        let mut past = Self {
            bad: vec![false; line.len()],
            put_back: line
                .first()
                .is_some_and(|tip| records.iter().any(|record| was_put_back(record, tip.id))),
            own,
        };
        for record in records {
            let tip = record.parent_tip.as_deref().and_then(at);
            if let Some(oldest) = past.oldest_bad(record, at, &mut came_in) {
                past.mark(oldest, tip);
            }
        }
        for (position, commit) in line.iter().enumerate().filter(|(at, _)| !told[*at]) {
            if says_own(commit)
                && let Some(oldest) = past.by_message(commit, position, (&at, &mut came_in))
            {
                past.mark(oldest, Some(position + 1));
            }
        }
        past
    }

    /// The newest commit that no rollback made: it is under suspicion where nobody named a bad one. `None` where a rollback gave
    /// the branch the content of the last good commit and nothing was committed since: nothing of it is.
    pub fn suspect(&self) -> Option<usize> {
        match self.put_back {
            true => None,
            false => Some(self.own.iter().position(|own| !own).unwrap_or_default()),
        }
    }

    /// Whether the commit at this position may count as good.
    pub(super) fn may_be_good(&self, position: usize) -> bool {
        let is = |all: &[bool]| all.get(position).copied().unwrap_or_default();
        !is(&self.own) && !is(&self.bad)
    }

    /// The oldest position that a record says was bad. Bringing back what a rollback took away says that of nothing.
    fn oldest_bad(
        &self,
        record: &Rollback,
        at: impl Fn(&str) -> Option<usize>,
        came_in: &mut impl FnMut(&str) -> Option<usize>,
    ) -> Option<usize> {
        let mut found: Vec<usize> = record
            .bad
            .as_deref()
            .and_then(&mut *came_in)
            .into_iter()
            .collect();
        let done = matches!(record.state, RollbackState::Done { .. });
        let moved = moved(record, &at).is_some()
            || record
                .moves
                .as_ref()
                .is_some_and(|moves| moves.hard.is_some());
        if done && moved {
            let taken = record.taken.iter().filter_map(|one| came_in(&one.id));
            found.extend(taken.filter(|position| !self.is_own(*position)));
            // Files from the last good commit: what lies above it was under suspicion.
            if let (RollbackKind::Files, Some(good)) = (record.what, &record.good)
                && good.why != GoodBy::Given
            {
                let above = 0..at(&good.commit).unwrap_or_default();
                found.extend(above.rev().find(|position| !self.is_own(*position)));
            }
        }
        found.into_iter().max()
    }

    /// As [`Self::oldest_bad`], of a rollback's commit that no record tells of.
    fn by_message(
        &self,
        commit: &Commit<'_>,
        position: usize,
        (at, came_in): (
            &impl Fn(&str) -> Option<usize>,
            &mut impl FnMut(&str) -> Option<usize>,
        ),
    ) -> Option<usize> {
        let reverted = commit
            .body
            .lines()
            .find_map(|line| line.strip_prefix(REVERTS));
        let oldest = match reverted {
            Some(id) => {
                let id = id.trim_end_matches(['.', ',']);
                let id = id.split(',').next().unwrap_or(id);
                at(id).or_else(|| came_in(id))?
            }
            None => (position + 1..self.own.len()).find(|below| !self.own[*below])?,
        };
        (oldest > position && !self.is_own(oldest)).then_some(oldest)
    }

    fn is_own(&self, position: usize) -> bool {
        self.own.get(position).copied().unwrap_or_default()
    }

    /// Marks a bad commit and what was built on it: up to where the branch stood when that was said, else up to the next commit of
    /// a rollback.
    fn mark(&mut self, oldest: usize, tip: Option<usize>) {
        if oldest >= self.bad.len() {
            return;
        }
        let newest = tip.filter(|tip| *tip <= oldest).unwrap_or_else(|| {
            let above = self.own[..oldest].iter().rposition(|own| *own);
            above.map_or(0, |above| above + 1)
        });
        self.bad[newest..=oldest].fill(true);
    }
}

/// Whether a commit says of itself that a rollback made it; the record of one may tell the same.
fn says_own(commit: &Commit<'_>) -> bool {
    let titled = TITLES.iter().any(|title| commit.subject.starts_with(title));
    titled && commit.body.lines().any(|line| line.starts_with(TRAILER))
}

/// The positions of the commits that a rollback put on the line.
fn moved(record: &Rollback, at: impl Fn(&str) -> Option<usize>) -> Option<Range<usize>> {
    let moves = record.moves.as_ref()?;
    let done = matches!(record.state, RollbackState::Done { .. });
    let to = at(&moves.to).filter(|_| done && moves.hard.is_none())?;
    let from = at(&moves.from).filter(|from| *from > to)?;
    Some(to..from)
}

/// Whether a rollback left the branch at this commit with the content of the last good one.
fn was_put_back(record: &Rollback, tip: &str) -> bool {
    let Some(moves) = &record.moves else {
        return false;
    };
    let all = matches!(record.what, RollbackKind::Revert | RollbackKind::Emergency);
    let done = matches!(record.state, RollbackState::Done { .. });
    let left_at = moves.hard.as_ref().unwrap_or(&moves.to);
    done && all && record.good.is_some() && left_at == tip
}
