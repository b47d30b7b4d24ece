//! Planned notes: said to somebody at a later time, whatever happens to the clock until then.
//!
//! A note is due after a length of *real* time. Within one boot of the machine that is measured on the boot clock, which
//! nobody can set and which goes on while the machine sleeps; only across a reboot is there nothing but the wall clock.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{MessageId, Recipient, ScheduleId, Sender, TeamId, Timestamp};

/// The shortest time ahead.
pub const SHORTEST: Duration = Duration::from_secs(1);
/// The longest time ahead: a leap year.
pub const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);
/// How many notes may be pending in one team.
pub const PENDING_MAX: usize = 200;

/// A difference between the two clocks that is not worth a write, in milliseconds.
const SLACK: u64 = 1_000;

/// An instant on the clock of one boot of the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootInstant {
    /// The boot's id.
    pub boot: String,
    /// Milliseconds since that boot, time asleep included; negative for an instant before it.
    pub millis: i64,
}

/// The present boot, and how its clock stands to the wall clock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BootClock {
    /// The boot's id; `None` where the system does not tell: then the wall clock is all there is.
    boot: Option<String>,
    /// The wall clock minus the boot clock, in milliseconds.
    ahead: i64,
}

impl BootClock {
    /// The boot `boot`, whose clock shows `millis` while the wall clock shows `wall`.
    pub fn new(boot: Option<String>, millis: u64, wall: Timestamp) -> Self {
        Self {
            boot,
            ahead: wall.0.wrapping_sub(millis).cast_signed(),
        }
    }

    /// The boot's id.
    pub fn id(&self) -> Option<&str> {
        self.boot.as_deref()
    }

    /// The wall clock was set by so many milliseconds.
    pub fn step(&mut self, millis: i64) {
        self.ahead = self.ahead.saturating_add(millis);
    }

    /// A wall-clock instant on the boot clock; `None` without a boot's id.
    pub fn instant(&self, wall: Timestamp) -> Option<BootInstant> {
        Some(BootInstant {
            boot: self.boot.clone()?,
            millis: wall.0.cast_signed().saturating_sub(self.ahead),
        })
    }

    /// What the wall clock shows at an instant of this boot; `None` for one of another boot.
    pub fn wall(&self, at: &BootInstant) -> Option<Timestamp> {
        let same = self.boot.as_deref() == Some(at.boot.as_str());
        let wall = at.millis.saturating_add(self.ahead).max(0);
        same.then(|| Timestamp(wall.cast_unsigned()))
    }
}

/// What became of a planned note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScheduleState {
    /// Its time has not come.
    Pending,
    /// It was posted as this message.
    Fired(MessageId),
    /// It was taken back.
    Cancelled,
}

impl ScheduleState {
    /// The word used in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Fired(_) => "fired",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A note that comes again and again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recurrence {
    /// The cron expression, as it was written.
    pub cron: String,
    /// The IANA name of the zone that it is read in; empty: the machine's own.
    pub zone: String,
    /// How often it was said.
    pub times: u64,
    /// When it was said last, by the wall clock at that time, and as which message.
    pub last: Option<(Timestamp, MessageId)>,
    /// How many times of it were left out, because nothing could be said then.
    #[serde(default)]
    pub missed: u64,
}

/// A planned note as the registry keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Its id.
    pub id: ScheduleId,
    /// The team it belongs to.
    pub team: TeamId,
    /// Who planned it.
    pub sender: Sender,
    /// Which rule made the sender who it is.
    pub sender_rule: String,
    /// Which rule let it be planned.
    pub rule: String,
    /// Whom it is for.
    pub recipient: Recipient,
    /// The target as it was written; empty where none was given.
    pub target: String,
    /// The note, cleaned.
    pub note: String,
    /// How far ahead it was planned, in milliseconds.
    pub after_millis: u64,
    /// When it is due by the wall clock as it stands now: it moves when that clock is set.
    pub due: Timestamp,
    /// The same instant on the boot clock of the boot in which it was last looked at.
    pub anchor: Option<BootInstant>,
    /// Made by `torch schedule --check`: it does not outlive the command.
    pub check: bool,
    /// Whether it comes again, and when.
    #[serde(default)]
    pub recurs: Option<Recurrence>,
    /// What became of it.
    pub state: ScheduleState,
}

impl Schedule {
    /// When it was planned, by the wall clock as it stands now.
    pub fn planned(&self) -> Timestamp {
        Timestamp(self.due.0.saturating_sub(self.after_millis))
    }

    /// Whether its time has not come yet, and it was not taken back.
    pub fn is_pending(&self) -> bool {
        self.state == ScheduleState::Pending
    }

    /// Brings its two instants together at a start: within the same boot the boot clock is right, after a reboot the wall
    /// clock is all that is left. Whether it changed enough to be kept.
    pub fn settle(&mut self, clock: &BootClock) -> bool {
        if self.recurs.is_some() {
            // It is meant by the wall clock, whatever that was set to.
            return false;
        }
        match self.anchor.as_ref().and_then(|at| clock.wall(at)) {
            Some(wall) => {
                let moved = wall.0.abs_diff(self.due.0);
                self.due = wall;
                moved >= SLACK
            }
            None => {
                let before = self.anchor.take();
                self.anchor = clock.instant(self.due);
                before != self.anchor
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn clock(boot: &str, millis: u64, wall: Timestamp) -> BootClock {
        BootClock::new(Some(boot.to_owned()), millis, wall)
    }

    fn schedule(clock: &BootClock, after: u64) -> Schedule {
        let due = Timestamp(NOW.0 + after);
        Schedule {
            id: ScheduleId::new(1, 1),
            team: TeamId::new(1, 1),
            sender: Sender::Human,
            sender_rule: String::new(),
            rule: String::new(),
            recipient: Recipient::Human,
            target: String::new(),
            note: "n".to_owned(),
            after_millis: after,
            due,
            anchor: clock.instant(due),
            check: false,
            recurs: None,
            state: ScheduleState::Pending,
        }
    }

    #[test]
    fn within_a_boot_the_boot_clock_is_right() {
        let mut planned = schedule(&clock("a", 5_000, NOW), 60_000);
        // Ten seconds later; meanwhile somebody set the clock forward by a year.
        let year = 31_536_000_000;
        let later = Timestamp(NOW.0 + 10_000 + year);
        assert!(planned.settle(&clock("a", 15_000, later)));
        assert_eq!(planned.due.since(later), Duration::from_secs(50));
        assert_eq!(planned.planned(), Timestamp(NOW.0 + year));
        // Nothing happened: nothing is written.
        assert!(!planned.settle(&clock("a", 15_000, later)));
    }

    #[test]
    fn after_a_reboot_the_wall_clock_is_left() {
        let mut planned = schedule(&clock("a", 5_000_000, NOW), 60_000);
        let later = Timestamp(NOW.0 + 20_000);
        assert!(planned.settle(&clock("b", 3_000, later)));
        assert_eq!(planned.due.since(later), Duration::from_secs(40));
        let anchor = planned.anchor.clone().expect("an instant");
        assert_eq!((anchor.boot.as_str(), anchor.millis), ("b", 43_000));
        // Due before this boot: it stays so, wherever the wall clock is set.
        let mut old = schedule(&clock("a", 5_000_000, NOW), 60_000);
        let much_later = Timestamp(NOW.0 + 9_000_000);
        old.settle(&clock("b", 3_000, much_later));
        assert_eq!(old.anchor.as_ref().map(|at| at.millis), Some(-8_937_000));
        assert_eq!(old.due, Timestamp(NOW.0 + 60_000));
        let back = Timestamp(NOW.0 - 500_000_000);
        old.settle(&clock("b", 9_000, back));
        assert_eq!(back.since(old.due), Duration::from_millis(8_946_000));
    }

    #[test]
    fn a_step_moves_the_wall_clock_alone() {
        let mut clock = clock("a", 5_000, NOW);
        let at = clock.instant(NOW).expect("an instant");
        clock.step(-3_600_000);
        assert_eq!(clock.wall(&at), Some(NOW.moved(-3_600_000)));
        assert_eq!(BootClock::new(None, 1, NOW).instant(NOW), None);
    }
}
