//! What is noted of one pair.

use std::time::Duration;

use torch_core::Timestamp;

use super::{Arrived, BACKOFF, LAST_LOOK, LATE_BACKOFF, PATIENCE};
use crate::integrate::CONFLICT;

/// Two commits that git can't merge by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The sender's.
    pub theirs: String,
    /// The recipient's.
    pub ours: String,
    /// The files.
    pub files: Vec<String>,
}

/// How far the telling of a conflict is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Telling {
    /// When it was told: from then on it has [`CONFLICT`] to be solved.
    pub at: Timestamp,
    /// Whether it was told that nobody solved it.
    pub unsolved: bool,
}

/// What follows from a look for those who are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// Nothing.
    Nothing,
    /// A conflict that nobody was told of.
    Conflict,
    /// A conflict that was told already, of other commits now.
    SameConflict,
    /// What was told as late or in conflict has gone another way.
    Settled,
}

/// What waits in a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Since when.
    pub since: Timestamp,
    /// When the first of the commits was seen, in whichever worktree.
    pub origin: Timestamp,
    /// Until when it is to arrive.
    pub due: Timestamp,
    /// Whether that is a deadline: nothing is late that is of another feature, in conflict, or goes to a closed worktree.
    pub timed: bool,
    /// Whether some are the sender's own.
    pub own: bool,
    /// Why it waits.
    pub why: String,
    /// Whether it was told that it is late.
    pub late: bool,
}

/// Why a pair waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    /// Nothing was found yet.
    Fresh,
    /// A merge is being applied.
    Merging,
    /// What became of a merge that was cut off is being found out.
    Settling,
    /// The recipient is in a turn.
    InTurn,
    /// Its worktree is not to be touched.
    Closed,
    /// It works on something else.
    OtherFeature(String),
    /// Its worktree can't be merged into.
    Busy(String),
    /// git can't merge it.
    Conflict,
}

/// What is noted of one pair.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) since: Timestamp,
    pub(super) origin: Timestamp,
    pub(super) due: Timestamp,
    /// From when the deadline counts.
    from: Timestamp,
    pub(super) own: bool,
    pub(super) late: bool,
    pub(super) conflict: Option<Conflict>,
    pub(super) telling: Option<Telling>,
    /// The next look; `None`: when something happens.
    pub(super) look_at: Option<Timestamp>,
    /// Whether the sender moved while a look or merge was under way.
    pub(super) again: bool,
    /// The first move since the last look.
    pub(super) moved_first: Option<Timestamp>,
    held: Held,
    tries: usize,
}

impl Entry {
    pub(super) fn new(now: Timestamp, origin: Timestamp, due: Timestamp) -> Self {
        Self {
            since: now,
            origin,
            due,
            from: now,
            own: false,
            late: false,
            conflict: None,
            telling: None,
            look_at: Some(now),
            again: false,
            moved_first: None,
            held: Held::Fresh,
            tries: 0,
        }
    }

    /// Looks at this time at the latest. A move postpones a look that only waits for more moves.
    pub(super) fn try_at(&mut self, at: Timestamp) {
        let postponed = self.held == Held::Fresh && self.moved_first.is_some();
        self.look_at = Some(match self.look_at {
            Some(before) if !postponed => before.min(at),
            _ => at,
        });
    }

    /// A merge of it is under way.
    pub(super) fn merging(&mut self, held: Held) {
        self.held = held;
    }

    /// Nothing is known any more of why it waits.
    pub(super) fn anew(&mut self, at: Timestamp) {
        self.held = Held::Fresh;
        self.try_at(at);
    }

    pub(super) fn hold(&mut self, held: Held, until: Option<Timestamp>) {
        self.held = held;
        self.look_at = until;
    }

    pub(super) fn busy(&mut self, now: Timestamp, why: String) {
        let wait = BACKOFF[self.tries.min(BACKOFF.len() - 1)];
        let left = self.due.since(now);
        let wait = if left > LAST_LOOK {
            // The last look comes before the deadline, so that what is told then is true.
            wait.min(left - LAST_LOOK).max(Duration::from_secs(1))
        } else {
            LATE_BACKOFF
        };
        self.tries += 1;
        self.hold(Held::Busy(why), Some(now.after(wait)));
    }

    pub(super) fn in_conflict(&mut self, now: Timestamp, conflict: Conflict) -> super::Noted {
        let before = self.conflict.replace(conflict);
        self.hold(Held::Conflict, None);
        match (before, &self.conflict) {
            (Some(before), Some(found)) if before == *found => Noted::Nothing,
            (Some(before), Some(found)) if before.files == found.files => Noted::SameConflict,
            _ => {
                self.telling = Some(Telling {
                    at: now,
                    unsolved: false,
                });
                Noted::Conflict
            }
        }
    }

    /// When it has to be told that nobody solved the conflict. One that may be gone by now is looked at first.
    pub(super) fn unsolved_at(&self) -> Option<Timestamp> {
        let open = self.telling.filter(|telling| !telling.unsolved);
        let open = open.filter(|_| self.held == Held::Conflict);
        open.map(|telling| telling.at.after(CONFLICT))
    }

    /// Whether that is to be told now; it is asked once.
    pub(super) fn is_unsolved(&mut self, now: Timestamp) -> bool {
        let due = self.unsolved_at().is_some_and(|at| at <= now);
        if let Some(telling) = self.telling.as_mut().filter(|_| due) {
            telling.unsolved = true;
        }
        due
    }

    /// Takes up the conflict that was told by an earlier daemon.
    pub(super) fn recall_conflict(&mut self, conflict: Conflict, telling: Telling) {
        self.conflict = Some(conflict);
        self.telling = Some(telling);
        self.held = Held::Conflict;
    }

    /// Whether somebody was told of it.
    pub(super) fn was_told(&self) -> bool {
        self.late || self.conflict.is_some()
    }

    pub(super) fn arrived(&self) -> Arrived {
        Arrived {
            origin: self.origin,
            since: self.since,
            own: self.own,
        }
    }

    /// Until when the end of the recipient's turn is waited for.
    pub(super) fn patience_ends(&self) -> Timestamp {
        let whole = self.due.since(self.from);
        self.from.after(whole * PATIENCE / 100)
    }

    /// What waits because the two were on different features may go on: its deadline counts from now.
    pub(super) fn may_have_met(&mut self, now: Timestamp, within: Duration) {
        if matches!(self.held, Held::OtherFeature(_)) {
            (self.from, self.due, self.tries) = (now, now.after(within), 0);
        }
    }

    /// When it has to be told that it is late. A conflict was told already; what is of another feature, or goes to a worktree that
    /// a person keeps closed, has no deadline.
    pub(super) fn late_at(&self) -> Option<Timestamp> {
        let open = !self.late && self.timed();
        open.then_some(self.due)
    }

    fn timed(&self) -> bool {
        !matches!(
            self.held,
            Held::Conflict | Held::OtherFeature(_) | Held::Closed
        )
    }

    pub(super) fn is_late(&self, now: Timestamp) -> bool {
        self.late_at().is_some_and(|at| at <= now)
    }

    pub(super) fn shown(&self, under_way: bool) -> Waiting {
        let why = match &self.held {
            Held::Merging if under_way => "it is being merged",
            Held::Settling if under_way => {
                "a merge that was cut off is being finished or taken back there"
            }
            _ if under_way => "it is being looked at",
            Held::Fresh | Held::Merging | Held::Settling => "it was seen just now",
            Held::InTurn => "the recipient is in a turn",
            Held::Closed => {
                "the recipient's worktree is not touched: its team or agent is paused or stopped"
            }
            Held::OtherFeature(why) | Held::Busy(why) => why,
            Held::Conflict => "git can't merge it by itself",
        };
        Waiting {
            since: self.since,
            origin: self.origin,
            due: self.due,
            timed: self.timed(),
            own: self.own,
            why: why.to_owned(),
            late: self.late,
        }
    }

    pub(super) fn clock_moved(&mut self, millis: i64) {
        for at in [
            &mut self.since,
            &mut self.origin,
            &mut self.due,
            &mut self.from,
        ] {
            *at = at.moved(millis);
        }
        for at in [&mut self.look_at, &mut self.moved_first] {
            *at = at.map(|at| at.moved(millis));
        }
        if let Some(telling) = &mut self.telling {
            telling.at = telling.at.moved(millis);
        }
    }
}
