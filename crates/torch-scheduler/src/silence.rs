//! Silent completions: an agent that ended its turn with work and told nobody.
//!
//! It is asked once, itself first; if that turn of it ends as silently, the hub is told once. Whatever it or somebody else
//! says in between begins anew.

use torch_core::check_in::{CheckIns, Quiet, SkipReason};

use crate::check_in::{Facts, reachable};

/// What git shows of a worktree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work<'a> {
    /// The commit that is checked out.
    pub head: &'a str,
    /// How many commits lie between the team's base and there.
    pub ahead: usize,
    /// How many files are changed or new.
    pub changed: usize,
}

impl Work<'_> {
    /// The worktree in a word, which differs when it does: the commit, and how many files differ from it.
    pub fn mark(&self) -> String {
        match self.changed {
            0 => self.head.to_owned(),
            changed => format!("{}+{changed}", self.head),
        }
    }

    /// Whether something was done since a worktree was looked at last; where it never was, whether anything was at all.
    pub fn is_new(&self, last: Option<&str>) -> bool {
        match last {
            Some(last) => last != self.mark(),
            None => self.ahead > 0 || self.changed > 0,
        }
    }
}

/// What is to be done about an agent that has been at its prompt for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing, and nothing later.
    Nothing,
    /// It can't be written to now, though nothing about it will change by itself: the same again after a while.
    Later(SkipReason),
    /// Its worktree is looked at: only work is asked about.
    Look,
    /// The hub is told.
    TellHub,
}

/// What is to be done once an agent has been idle for the set time.
pub fn step(facts: &Facts<'_>) -> Step {
    match reachable(facts) {
        Ok(()) => {}
        Err(
            why @ (SkipReason::Paused
            | SkipReason::Limited
            | SkipReason::NoLogin
            | SkipReason::Capped
            | SkipReason::MessageWaits),
        ) => return Step::Later(why),
        Err(_) => return Step::Nothing,
    }
    let row = facts.row;
    match row.quiet {
        Quiet::Asked { at } if row.turn >= Some(at) && !row.has_spoken() => Step::TellHub,
        Quiet::Asked { .. } | Quiet::Told { .. } => Step::Nothing,
        Quiet::No if row.turn.is_none() => Step::Nothing,
        // A look at a turn that was reported, too: the next one is compared with it.
        Quiet::No => Step::Look,
    }
}

/// Whether an agent whose worktree was looked at is asked: it worked, and told nobody.
pub fn is_asked(row: &CheckIns, work: Work<'_>) -> bool {
    row.quiet == Quiet::No && !row.has_spoken() && work.is_new(row.work.as_deref())
}

#[cfg(test)]
mod tests {
    use torch_core::{AgentState, Timestamp};

    use super::*;

    fn row(turn: u64, spoke: Option<u64>, quiet: Quiet) -> CheckIns {
        CheckIns {
            turn: Some(Timestamp(turn)),
            spoke: spoke.map(Timestamp),
            quiet,
            ..CheckIns::default()
        }
    }

    fn facts(row: &CheckIns) -> Facts<'_> {
        Facts {
            team_runs: true,
            team_finished: false,
            state: AgentState::Idle,
            is_up: true,
            is_paused: false,
            is_limited: false,
            no_login: false,
            is_capped: false,
            waiting: false,
            row,
        }
    }

    #[test]
    fn it_is_asked_once_and_then_the_hub_is_told_once() {
        let at = Timestamp;
        for (what, row, wanted) in [
            ("no turn", CheckIns::default(), Step::Nothing),
            ("silent", row(10, None, Quiet::No), Step::Look),
            ("spoke before", row(10, Some(9), Quiet::No), Step::Look),
            ("reported", row(10, Some(11), Quiet::No), Step::Look),
            (
                "asked, not yet begun",
                row(10, None, Quiet::Asked { at: at(20) }),
                Step::Nothing,
            ),
            (
                "asked, silent again",
                row(21, None, Quiet::Asked { at: at(20) }),
                Step::TellHub,
            ),
            (
                "asked, answered",
                row(21, Some(22), Quiet::Asked { at: at(20) }),
                Step::Nothing,
            ),
            (
                "told",
                row(21, None, Quiet::Told { at: at(30) }),
                Step::Nothing,
            ),
            (
                "told, another turn",
                row(50, None, Quiet::Told { at: at(30) }),
                Step::Nothing,
            ),
        ] {
            assert_eq!(step(&facts(&row)), wanted, "{what}");
        }
    }

    #[test]
    fn who_is_held_is_looked_at_later_and_who_is_away_is_not() {
        let row = row(10, None, Quiet::No);
        type Row = (Step, fn(&mut Facts<'_>));
        let table: [Row; 10] = [
            (Step::Later(SkipReason::Paused), |f| f.is_paused = true),
            (Step::Later(SkipReason::Limited), |f| f.is_limited = true),
            (Step::Later(SkipReason::NoLogin), |f| f.no_login = true),
            (Step::Later(SkipReason::Capped), |f| f.is_capped = true),
            (Step::Later(SkipReason::MessageWaits), |f| f.waiting = true),
            (Step::Nothing, |f| f.team_runs = false),
            (Step::Nothing, |f| f.team_finished = true),
            (Step::Nothing, |f| f.is_up = false),
            (Step::Nothing, |f| f.state = AgentState::Asking),
            (Step::Nothing, |f| f.state = AgentState::Working),
        ];
        for (n, (wanted, change)) in table.into_iter().enumerate() {
            let mut facts = facts(&row);
            change(&mut facts);
            assert_eq!(step(&facts), wanted, "row {n}");
        }
    }

    #[test]
    fn only_new_work_is_asked_about() {
        let work = |head, ahead, changed| Work {
            head,
            ahead,
            changed,
        };
        let mut silent = row(10, None, Quiet::No);
        for (last, now, wanted) in [
            (None, work("a", 0, 0), false),
            (None, work("b", 1, 0), true),
            (None, work("a", 0, 1), true),
            (Some("b"), work("b", 1, 0), false),
            (Some("b"), work("c", 2, 0), true),
            (Some("b"), work("b", 1, 2), true),
            (Some("b+2"), work("b", 1, 2), false),
            (Some("b+2"), work("b", 1, 3), true),
            // What was changed before is committed now.
            (Some("b+2"), work("c", 2, 0), true),
        ] {
            silent.work = last.map(str::to_owned);
            assert_eq!(is_asked(&silent, now), wanted, "{last:?} → {now:?}");
        }
        let reported = row(10, Some(12), Quiet::No);
        assert!(!is_asked(&reported, work("c", 2, 0)));
        let asked = row(10, None, Quiet::Asked { at: Timestamp(11) });
        assert!(!is_asked(&asked, work("c", 2, 0)));
    }
}
