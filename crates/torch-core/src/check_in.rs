//! Check-ins: what torch remembers of an agent so that it is asked, or told, only when there is news.
//!
//! The rows here are kept with each agent; what is due is decided by `torch-scheduler` alone.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{AgentState, BootInstant, MessageId, Timestamp};

/// The shortest interval that may be set.
pub const INTERVAL_MIN: Duration = Duration::from_secs(1);
/// The longest interval that may be set: a week.
pub const INTERVAL_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What is remembered of one agent for its check-ins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CheckIns {
    /// When the next look is due, by the wall clock as it stands now; none while no check-ins are set up.
    pub next: Option<Timestamp>,
    /// How many seconds lie between two looks.
    pub every_seconds: Option<u64>,
    /// The same instant on the clock of the boot in which it was set.
    pub anchor: Option<BootInstant>,
    /// Since when news counts: the last look that said something, or found nothing to say.
    pub heard: Option<Timestamp>,
    /// When the last check-in was posted, and as which message.
    pub said: Option<(Timestamp, MessageId)>,
    /// Why the last look said nothing; absent where it did.
    pub skipped: Option<Skipped>,
    /// When its last turn began.
    pub turn: Option<Timestamp>,
    /// When it last wrote to anybody, or reported.
    pub spoke: Option<Timestamp>,
    /// When somebody other than torch last wrote to it.
    pub given: Option<Timestamp>,
    /// What came of its being silent.
    pub quiet: Quiet,
    /// Its worktree as it was looked at last: the commit, and a `+` where files were changed.
    pub work: Option<String>,
}

impl CheckIns {
    /// Moves every instant by as many milliseconds as the wall clock was set.
    pub fn shift(&mut self, millis: i64) {
        let moved = |at: &mut Option<Timestamp>| *at = at.map(|at| at.moved(millis));
        for at in [
            &mut self.next,
            &mut self.heard,
            &mut self.turn,
            &mut self.spoke,
            &mut self.given,
        ] {
            moved(at);
        }
        self.said = self.said.map(|(at, message)| (at.moved(millis), message));
        if let Some(skipped) = &mut self.skipped {
            skipped.at = skipped.at.moved(millis);
        }
        self.quiet = match self.quiet {
            Quiet::No => Quiet::No,
            Quiet::Asked { at } => Quiet::Asked {
                at: at.moved(millis),
            },
            Quiet::Told { at } => Quiet::Told {
                at: at.moved(millis),
            },
        };
    }

    /// Its team begins again after a stop: what was said, given and asked before is no news any more, and no reason to ask.
    pub fn begin_anew(&mut self, now: Timestamp) {
        self.heard = Some(now);
        (self.turn, self.spoke, self.given) = (None, None, None);
        self.skipped = None;
        self.quiet = Quiet::No;
    }

    /// Its state changed: a turn begins where it waited at its prompt before.
    pub fn state_changed(&mut self, before: AgentState, state: AgentState, now: Timestamp) {
        let in_turn = matches!(
            state,
            AgentState::Working | AgentState::Asking | AgentState::Retrying | AgentState::Limited
        );
        if before.takes_messages() && in_turn {
            self.turn = Some(now);
        }
    }

    /// Whether it wrote to anybody since its last turn began; an agent without a turn has nothing to say.
    pub fn has_spoken(&self) -> bool {
        match (self.turn, self.spoke) {
            (None, _) => true,
            (Some(turn), Some(spoke)) => spoke >= turn,
            (Some(_), None) => false,
        }
    }
}

/// What came of an agent's silence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum Quiet {
    /// Nothing: it speaks, or nobody has noticed yet.
    #[default]
    No,
    /// It was asked once what came of its turn.
    Asked {
        /// When.
        at: Timestamp,
    },
    /// It did not answer, and the hub was told.
    Told {
        /// When.
        at: Timestamp,
    },
}

/// A look at which nothing was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: SkipReason,
}

/// Why a check-in was not said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// Its team does not run, or waits for a person after a restart of the machine.
    TeamDown,
    /// The spec is reported complete.
    Finished,
    /// Its program does not run, or it is not briefed yet.
    NotUp,
    /// A person paused it or its team.
    Paused,
    /// A usage limit holds it.
    Limited,
    /// Its turns fail for want of a login or a key.
    NoLogin,
    /// It has used up its turns of the hour.
    Capped,
    /// A dialog is open in it.
    Asking,
    /// A message waits for it already: the last check-in, or any other.
    MessageWaits,
    /// It is in a turn.
    InTurn,
    /// It wrote to somebody since the last look.
    Active,
    /// Nothing happened since the last look.
    NoNews,
    /// It was asked about this turn already.
    AskedAlready,
}

impl SkipReason {
    /// The reason in words, after "skipped:".
    pub fn words(self) -> &'static str {
        match self {
            Self::TeamDown => "its team does not run",
            Self::Finished => "the spec is reported complete",
            Self::NotUp => "its program is not up",
            Self::Paused => "a person paused it",
            Self::Limited => "a usage limit holds it",
            Self::NoLogin => "its program has no login or no key",
            Self::Capped => "it has used up its turns of the hour",
            Self::Asking => "a dialog is open in it",
            Self::MessageWaits => "a message waits for it already",
            Self::InTurn => "it is in a turn",
            Self::Active => "it wrote to somebody since the last one",
            Self::NoNews => "nothing happened since the last one",
            Self::AskedAlready => "it was asked about this turn already",
        }
    }

    /// Whether the look counts as one that found nothing to say, so that what happened before it is no news at the next.
    /// Where the agent could not be told, its news is kept for the next look.
    pub fn has_heard(self) -> bool {
        matches!(self, Self::Active | Self::NoNews | Self::Finished)
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_spoke_in_its_turn_is_not_silent() {
        let mut row = CheckIns::default();
        assert!(row.has_spoken(), "no turn, nothing to say");
        row.turn = Some(Timestamp(10));
        assert!(!row.has_spoken());
        row.spoke = Some(Timestamp(9));
        assert!(!row.has_spoken());
        row.spoke = Some(Timestamp(10));
        assert!(row.has_spoken());
    }

    #[test]
    fn what_was_before_a_stop_is_over() {
        let at = Timestamp(1_000);
        let mut row = CheckIns {
            heard: Some(at),
            turn: Some(at),
            given: Some(at),
            quiet: Quiet::Told { at },
            work: Some("3f2c1aa".to_owned()),
            said: Some((at, MessageId::new(1, 1))),
            ..CheckIns::default()
        };
        row.begin_anew(Timestamp(9_000));
        assert_eq!(row.heard, Some(Timestamp(9_000)));
        assert_eq!((row.turn, row.given, row.quiet), (None, None, Quiet::No));
        assert!(row.has_spoken(), "no turn, nothing to say");
        // What lay in its worktree then is still no new work, and when it was last told something stays true.
        assert_eq!(row.work.as_deref(), Some("3f2c1aa"));
        assert_eq!(row.said, Some((at, MessageId::new(1, 1))));
    }

    #[test]
    fn all_instants_move_together() {
        let at = Timestamp(1_000);
        let mut row = CheckIns {
            next: Some(at),
            heard: Some(at),
            said: Some((at, MessageId::new(1, 1))),
            skipped: Some(Skipped {
                at,
                why: SkipReason::NoNews,
            }),
            turn: Some(at),
            spoke: Some(at),
            given: Some(at),
            quiet: Quiet::Asked { at },
            ..CheckIns::default()
        };
        row.shift(-400);
        let moved = Timestamp(600);
        assert_eq!(row.next, Some(moved));
        assert_eq!((row.heard, row.turn), (Some(moved), Some(moved)));
        assert_eq!((row.spoke, row.given), (Some(moved), Some(moved)));
        assert_eq!(row.said.map(|(at, _)| at), Some(moved));
        assert_eq!(row.skipped.map(|skipped| skipped.at), Some(moved));
        assert_eq!(row.quiet, Quiet::Asked { at: moved });
    }
}
