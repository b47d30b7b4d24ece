//! The state machine of one delivery: write the intent, act, look for evidence, and only then advance.
//!
//! A [`Flight`] is fed with what was observed and answers with a [`Step`]: the states it went through
//! (each is made durable before the act) and the one act to do next. It never sees a clock or a pane.

mod check;
mod clock;
mod evidence;
mod hand_over;
#[cfg(test)]
pub(crate) mod tests;

use std::time::Duration;

use torch_core::screen::ScreenReading;
use torch_core::{DeferReason, Delivery, DeliveryState, Envelope, Timestamp};

pub use hand_over::Withdrawal;

/// How long a paste may take to show up in the composer; a large one takes longer.
pub const SHOW_DEADLINE: Duration = Duration::from_secs(2);
/// How long evidence may take after an Enter (measured with Claude Code: 20–60 ms).
pub const EVIDENCE_DEADLINE: Duration = Duration::from_secs(5);
/// How long after an Enter a screen that has not changed since says nothing: a program on a loaded machine reads its keys late,
/// and what a look shows then is the picture from before.
pub const STALE_SCREEN: Duration = EVIDENCE_DEADLINE;
/// How long torch waits before it repeats a message that left no trace.
pub const REDELIVER_AFTER: Duration = Duration::from_secs(10);
/// How often a message is submitted without a trace before torch gives it up and says so.
pub const TRIES_MAX: u32 = 3;
/// How often Enter is pressed for one try before torch stops and waits.
pub const ENTERS_MAX: u32 = 5;
/// The longest pause between two looks at a pane that can't take a message yet.
pub const RECHECK_MAX: Duration = Duration::from_secs(5);

/// What may be waited for, from the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How long a person may scroll in copy mode before torch leaves it.
    pub copy_mode: Duration,
    /// After how long a draft in the way is reported.
    pub draft_notice: Duration,
    /// How long evidence may take after an Enter.
    pub evidence: Duration,
    /// What the program needs between a paste and the Enter.
    pub settle: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            copy_mode: Duration::from_secs(30),
            draft_notice: Duration::from_secs(120),
            evidence: EVIDENCE_DEADLINE,
            settle: Duration::ZERO,
        }
    }
}

/// Whether a pane can be typed into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaneFitness {
    /// The launched program lives in it and it takes input.
    Fit,
    /// No pane, another pane, or no live program.
    NoAgent,
    /// Its input is off, or it shares its input with others.
    NoInput,
    /// A mode is on; whether a person is attached.
    Mode {
        /// Whether a client shows the session.
        attached: bool,
    },
}

/// What one look at a pane shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// Whether it can be typed into.
    pub fitness: PaneFitness,
    /// The screen, read by the program's rules.
    pub reading: ScreenReading,
    /// A hash of the screen's text, to tell whether anything changed.
    pub fingerprint: u64,
}

/// How a guarded act of tmux ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// tmux did it.
    Applied,
    /// The guard did not hold, so nothing was done.
    Refused,
}

/// What shows that a program has a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The prompt hook fired with exactly this text.
    Hook,
    /// The prompt hook fired with this text and more: somebody typed in between.
    AlteredHook,
    /// The program's transcript holds it.
    Transcript,
    /// The prompt hook fired with it, and the program keeps no transcript that is read: better is not to be had.
    HookAlone,
    /// The screen shows it in the conversation, and the program tells nothing by itself.
    Screen,
}

/// The one act to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Nothing: an event will come.
    None,
    /// Look at the pane.
    Probe,
    /// Paste the text.
    Paste,
    /// Press the submitting key, if a line of the screen ends with `line_end`.
    Press {
        /// How a line of the screen must end in the same moment; `None` where the composer wraps inside it.
        line_end: Option<String>,
    },
    /// Look at the pane after a while, or as soon as the agent's state changes.
    ProbeAfter(Duration),
    /// Wait for evidence, at most so long.
    AwaitProof(Duration),
    /// Look into the program's transcript.
    ReadTranscript,
    /// Lay the text ready for the program's hook.
    Offer,
    /// Take it back.
    Withdraw,
}

/// What somebody must be told, once per message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// A dialog keeps the message waiting.
    Asking,
    /// A draft keeps it waiting.
    Draft,
    /// A paste did not arrive whole; its rest stands in the composer.
    NotShown,
    /// Enter is pressed and nothing happens.
    Stuck,
    /// An Enter did not submit it: whatever opened in that moment may have taken it.
    StrayEnter,
    /// torch gave it up.
    GivenUp,
}

/// What follows from an observation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The states the delivery went through, in order, each with its evidence.
    pub passed: Vec<(DeliveryState, String)>,
    /// What to do next, after those states are durable.
    pub act: Act,
    /// Whom to tell what.
    pub notice: Option<Notice>,
}

impl Step {
    fn only(act: Act) -> Self {
        Self {
            passed: Vec::new(),
            act,
            notice: None,
        }
    }
}

/// An Enter that was ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entered {
    /// When it was ordered, or tmux took it.
    at: Timestamp,
    /// The screen before it: as long as it stands the program may not have come to the Enter.
    screen: u64,
}

/// One delivery under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flight {
    /// The message.
    pub envelope: Envelope,
    /// Where its delivery stands.
    pub delivery: Delivery,
    /// The text of the current try.
    pub text: String,
    /// When the present phase (looking, waiting for proof, waiting for a reason to pass) began.
    phase_since: Timestamp,
    looks: u32,
    enters: u32,
    seen_whole: Option<Timestamp>,
    /// The last Enter of this try.
    entered: Option<Entered>,
    stale_screen: Option<u64>,
    /// From when on a message without a trace may be repeated.
    redeliver_at: Option<Timestamp>,
    told: Vec<Notice>,
    /// Whether an Enter of this try may have been pressed that is not proven.
    doubt: bool,
    /// Whether a paste of this try may still stand in the composer, or come up in it.
    pasted: bool,
    /// Whether this try was pasted, or may have been, into whatever program: the next paste is another try.
    spent: bool,
    /// How many tries may have been submitted without a trace of them.
    doubts: u32,
    /// Whether a paste or a key press was ordered whose outcome has not come: a look that was asked for before says nothing.
    acting: bool,
    /// Whether this try goes through the program's hook.
    handed_over: bool,
    /// Whether it is known to lie ready for the hook, or to have lain.
    laid: bool,
    /// Whether it could not be laid ready.
    never_offered: bool,
}

impl Flight {
    /// A flight from what the store keeps; `text` is the try's whole text.
    pub fn new(envelope: Envelope, delivery: Delivery, text: String) -> Self {
        let phase_since = delivery.since;
        // Which of the tries before were submitted is not kept.
        let doubts = delivery.attempt.saturating_sub(1);
        let delivery_offered = delivery.state == DeliveryState::Offered;
        Self {
            envelope,
            delivery,
            text,
            phase_since,
            looks: 0,
            enters: 0,
            seen_whole: None,
            entered: None,
            stale_screen: None,
            redeliver_at: None,
            told: Vec::new(),
            pasted: false,
            spent: false,
            doubts,
            doubt: false,
            acting: false,
            handed_over: delivery_offered,
            laid: false,
            never_offered: false,
        }
    }

    /// Its turn has come: the agent waits for input.
    pub fn claim(&mut self, now: Timestamp) -> Step {
        match self.delivery.state {
            DeliveryState::Queued => {
                self.pass(DeliveryState::Claimed, "its turn has come", now, Act::Probe)
            }
            DeliveryState::Accepted => Step::only(Act::ReadTranscript),
            // It never was in the composer.
            _ if self.handed_over => Step::only(Act::ReadTranscript),
            _ => Step::only(Act::Probe),
        }
    }

    /// The agent can't take it now, and no look is needed to know.
    pub fn defer(&mut self, reason: DeferReason, evidence: &str, now: Timestamp) -> Step {
        let mut step = self.wait_for(reason, evidence, now, Act::None);
        if reason == DeferReason::Asking {
            step.notice = self.tell(Notice::Asking);
        }
        step
    }

    /// Whether the text is typed or about to be, so that it can't be taken back.
    pub fn is_typed(&self) -> bool {
        use DeliveryState::{
            Accepted, Acked, Consumed, Entered, Entering, Pasted, Pasting, Uncertain,
        };
        matches!(
            self.delivery.state,
            Pasting | Pasted | Entering | Entered | Accepted | Consumed | Acked | Uncertain
        )
    }

    /// Whether its text may stand in the composer although it was not submitted: whoever is there can still do that.
    pub fn may_stand_in_composer(&self) -> bool {
        self.pasted && !self.delivery.state.is_final()
    }

    /// Whether an earlier try was submitted and left no trace, so that the program may have it nevertheless.
    pub fn may_have_arrived(&self) -> bool {
        self.doubts > 0
    }

    /// Whether a paste or a key press of it was ordered whose outcome has not come.
    pub fn is_acting(&self) -> bool {
        self.acting
    }

    /// Whether the next message to the same agent must still wait for this one.
    pub fn blocks_queue(&self) -> bool {
        !self.delivery.state.is_final() && self.delivery.state != DeliveryState::Accepted
    }

    fn pass(&mut self, state: DeliveryState, evidence: &str, now: Timestamp, act: Act) -> Step {
        self.set(state, None, evidence, now);
        self.acting = matches!(act, Act::Paste | Act::Press { .. });
        Step {
            passed: vec![(state, evidence.to_owned())],
            act,
            notice: None,
        }
    }

    fn set(
        &mut self,
        state: DeliveryState,
        reason: Option<DeferReason>,
        evidence: &str,
        now: Timestamp,
    ) {
        self.delivery.state = state;
        self.delivery.reason = reason;
        self.delivery.since = now;
        evidence.clone_into(&mut self.delivery.evidence);
        self.phase_since = now;
        self.looks = 0;
        self.acting = false;
    }

    /// Defers; a repeated look that finds the same reason passes no new state.
    fn wait_for(&mut self, reason: DeferReason, evidence: &str, now: Timestamp, act: Act) -> Step {
        let same =
            self.delivery.state == DeliveryState::Deferred && self.delivery.reason == Some(reason);
        let mut step = Step::only(act);
        if !same {
            self.set(DeliveryState::Deferred, Some(reason), evidence, now);
            step.passed
                .push((DeliveryState::Deferred, format!("{reason}: {evidence}")));
        }
        step
    }

    fn tell(&mut self, notice: Notice) -> Option<Notice> {
        if self.told.contains(&notice) {
            return None;
        }
        self.told.push(notice);
        Some(notice)
    }

    /// The pause before the next look: short at first, then longer.
    fn backoff(&mut self, first: Duration) -> Duration {
        let pause = first.saturating_mul(1 << self.looks.min(12));
        self.looks += 1;
        pause.min(RECHECK_MAX)
    }
}
