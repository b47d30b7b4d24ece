//! An agent's credit: the usage limit that holds it, when that is reset, and what is being done about it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{BootClock, BootInstant, MessageId, Timestamp};

/// How long a limit's window is where nothing says when it ends (Claude's, which begins with its first message).
pub const WINDOW: Duration = Duration::from_secs(5 * 60 * 60);
/// How long too many requests at once are waited for where nothing says how long.
pub const RATE_PAUSE: Duration = Duration::from_secs(5 * 60);
/// The limit that no time brings back: a person pays, or an administrator allows more.
pub const CREDITS: &str = "credits";
/// The limit on requests at once.
pub const RATE: &str = "rate";
/// A limit that nobody named.
pub const UNNAMED: &str = "unknown";

/// How exact a time in words is.
const MINUTE: Duration = Duration::from_secs(60);

/// How many points of a share are kept.
const POINTS_MAX: usize = 16;
/// How far apart they are.
const POINTS_APART: Duration = Duration::from_secs(60);
/// How old they become.
const POINTS_SPAN: Duration = Duration::from_secs(30 * 60);
/// A reset that moved by less is the same one.
const SAME_RESET: u64 = 120_000;

/// What is known of an agent's usage limits beyond the figures that its program tells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentCredit {
    /// The limit that holds it.
    pub hold: Option<LimitHold>,
    /// When its first turn since the last reset began: a window of [`WINDOW`] began then at the latest.
    pub window_began: Option<Timestamp>,
    /// When torch let it be written to again last: its account's next agent is woken some time after that.
    pub woken: Option<Timestamp>,
    /// When a message that followed such a reset was proven last.
    pub wake_proven: Option<Timestamp>,
    /// The last reset of a limit that held it.
    pub last_reset: Option<Timestamp>,
    /// How each limit's used share has grown.
    pub growth: BTreeMap<String, Growth>,
}

/// How a limit's used share has grown within one window.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Growth {
    /// When this window ends, if that was told.
    pub resets_at: Option<Timestamp>,
    /// Its used share at some times, oldest first.
    pub points: Vec<SharePoint>,
    /// Whether somebody was told that it is nearly used up.
    pub warned: bool,
}

/// A used share at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharePoint {
    /// When it was told.
    pub at: Timestamp,
    /// In thousandths.
    pub permille: u32,
}

impl Growth {
    /// Takes in what was told. A share that fell, or another reset, is another window.
    pub fn take(&mut self, point: SharePoint, resets_at: Option<Timestamp>) {
        let other = match (self.resets_at, resets_at) {
            (Some(before), Some(now)) => before.0.abs_diff(now.0) >= SAME_RESET,
            _ => false,
        };
        let fell = self
            .points
            .last()
            .is_some_and(|last| point.permille < last.permille);
        if other || fell {
            *self = Self::default();
        }
        self.resets_at = resets_at.or(self.resets_at);
        self.points
            .retain(|old| point.at.since(old.at) <= POINTS_SPAN);
        // The last point is the present one; it stays as a mark once it is old enough.
        let recent = match self.points.as_slice() {
            [.., before, last] => last.at.since(before.at) < POINTS_APART,
            _ => false,
        };
        if recent {
            self.points.pop();
        }
        self.points.push(point);
        if self.points.len() > POINTS_MAX {
            self.points.remove(0);
        }
    }
}

/// A usage limit that holds an agent: nothing is typed into it until a sign of life shows that it is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitHold {
    /// Which limit: `five_hour`, `weekly`, `weekly_opus`, `monthly`, [`CREDITS`], [`RATE`], [`UNNAMED`].
    pub kind: String,
    /// When it was hit.
    pub since: Timestamp,
    /// The program's words.
    pub words: String,
    /// What told of it: `hook`, `transcript` or `screen`.
    pub source: String,
    /// When it is over; `None` for one that needs a person.
    pub reset: Option<LimitReset>,
    /// Whether a turn was ended by it, which is to be gone on with.
    pub interrupted: bool,
    /// Whether the program said that it goes on by itself.
    pub automatic: bool,
    /// How often in a row it was hit, without a sign of life in between.
    pub hits: u32,
    /// How far the wake-up is.
    pub phase: HoldPhase,
}

/// Whose work a limit ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Everybody's who shares the account.
    Account,
    /// Of these, whoever works with this model.
    Model(String),
    /// The agent's alone, as far as anybody knows.
    Agent,
}

impl Reach {
    /// The reach of a limit by its kind. What needs a person, or passes by itself, says nothing of others.
    pub fn of(kind: &str) -> Self {
        match kind {
            "five_hour" | "daily" | "weekly" | "monthly" => Self::Account,
            kind => match kind.strip_prefix("weekly_") {
                Some(model) => Self::Model(model.to_owned()),
                None => Self::Agent,
            },
        }
    }

    /// Whether it ends the work of another agent of the account, which works with `model`.
    pub fn includes(&self, model: Option<&str>) -> bool {
        match self {
            Self::Account => true,
            Self::Model(name) => {
                model.is_some_and(|model| model.to_ascii_lowercase().contains(name.as_str()))
            }
            Self::Agent => false,
        }
    }
}

/// How far a wake-up is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "lowercase")]
pub enum HoldPhase {
    /// The reset is waited for, and the program's own sign of life.
    Waiting,
    /// It was reset: one message goes out, and what comes of it tells whether the limit is over.
    Waking {
        /// That message, once it is known.
        message: Option<MessageId>,
    },
}

/// When a limit is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitReset {
    /// The instant by the wall clock as it stands now: it moves when that clock is set.
    pub at: Timestamp,
    /// The same instant on the boot clock.
    pub anchor: Option<BootInstant>,
    /// What told it.
    pub from: ResetSource,
    /// The zone it was told in.
    pub zone: Option<String>,
    /// A zone was named that nobody knows, so the team's own was taken.
    #[serde(default)]
    pub zone_guessed: bool,
}

/// What tells when a limit is reset, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResetSource {
    /// Nothing does: a window's length after its beginning, or after the limit was hit.
    Estimate,
    /// The program's words, to the minute.
    Text,
    /// Another agent of the same account, which hit the same limit later.
    Account,
    /// The last figures of its status line.
    Figure,
    /// The record of the limit itself.
    Record,
    /// A person, who says that it is over.
    Person,
}

impl ResetSource {
    /// The word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Estimate => "estimate",
            Self::Text => "text",
            Self::Account => "account",
            Self::Figure => "status line",
            Self::Record => "transcript",
            Self::Person => "you",
        }
    }
}

/// When an agent's credit is looked at again, from the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WakeRules {
    /// How long after the reset.
    pub after: Duration,
    /// How long after it a program may take that goes on by itself.
    pub automatic: Duration,
    /// How far apart the agents of one account are woken.
    pub stagger: Duration,
}

impl LimitHold {
    /// When torch is to wake the agent, if nothing happens before; `None` where a person is needed.
    pub fn wake_at(&self, rules: &WakeRules) -> Option<Timestamp> {
        let reset = self.reset.as_ref()?;
        let after = match self.automatic {
            true => rules.automatic.max(rules.after),
            false => rules.after,
        };
        // Words tell the minute in which it is reset, not the second.
        let after = match reset.from {
            ResetSource::Text => after.max(MINUTE),
            _ => after,
        };
        Some(reset.at.after(after))
    }

    /// When it ceases to count for the other agents of the account, whatever becomes of this one: the first of them is
    /// then woken as well. `None` where it never counts for them.
    pub fn counts_until(&self, rules: &WakeRules) -> Option<Timestamp> {
        Some(self.wake_at(rules)?.after(rules.stagger))
    }

    /// Whether only a person can end it.
    pub fn needs_person(&self) -> bool {
        self.reset.is_none()
    }

    /// The wall clock was set by so many milliseconds.
    pub fn clock_moved(&mut self, millis: i64) {
        self.since = self.since.moved(millis);
        if let Some(reset) = &mut self.reset {
            reset.at = reset.at.moved(millis);
        }
    }

    /// Brings the reset's two instants together at a start, as [`crate::Schedule::settle`] does.
    fn settle(&mut self, clock: &BootClock) {
        let Some(reset) = &mut self.reset else {
            return;
        };
        match reset.anchor.as_ref().and_then(|at| clock.wall(at)) {
            Some(wall) => reset.at = wall,
            None => reset.anchor = clock.instant(reset.at),
        }
    }
}

impl AgentCredit {
    /// The wall clock was set by so many milliseconds; whether that changed anything.
    pub fn clock_moved(&mut self, millis: i64) -> bool {
        if millis == 0 || *self == Self::default() {
            return false;
        }
        let instants = [
            &mut self.window_began,
            &mut self.woken,
            &mut self.wake_proven,
            &mut self.last_reset,
        ];
        for at in instants.into_iter().flatten() {
            *at = at.moved(millis);
        }
        for growth in self.growth.values_mut() {
            growth
                .points
                .iter_mut()
                .for_each(|point| point.at = point.at.moved(millis));
        }
        if let Some(hold) = &mut self.hold {
            hold.clock_moved(millis);
        }
        true
    }

    /// Takes what it knows up again at a start. Nothing that happened lies ahead: a clock that was set meanwhile would hold
    /// everybody up. Whether that changed anything.
    pub fn settle(&mut self, clock: &BootClock, now: Timestamp) -> bool {
        let before = self.clone();
        let instants = [
            &mut self.window_began,
            &mut self.woken,
            &mut self.wake_proven,
            &mut self.last_reset,
        ];
        for at in instants.into_iter().flatten() {
            *at = (*at).min(now);
        }
        if let Some(hold) = &mut self.hold {
            hold.since = hold.since.min(now);
            hold.settle(clock);
        }
        *self != before
    }

    /// A turn began: the window that it counts in began with it, or with an earlier one.
    pub fn turn_began(&mut self, at: Timestamp) {
        let over = |began: Timestamp| at.since(began) >= WINDOW;
        if self.window_began.is_none_or(over) {
            self.window_began = Some(at);
        }
    }
}
