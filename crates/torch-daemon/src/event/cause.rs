//! Timers as causes.

use super::TimerKey;

impl TimerKey {
    /// Its time as a cause, in words.
    pub(crate) fn cause(&self) -> &'static str {
        match self {
            Self::Delivery(_) => "time for a delivery",
            Self::Transcript(_) => "time to look into a transcript",
            Self::Expiry(_) => "a time to live is over",
            Self::Wait(_) => "a client's wait is over",
            Self::Ready(_) => "the time to get ready is over",
            Self::Look(_) => "time for a look",
            Self::Answer(_) => "time to look at a dialog",
            Self::Restart(_) => "time for a restart",
            Self::Turns(_) => "a turn counts no more",
            Self::Wake(_) => "time to wake an agent",
            Self::CheckIn(_) => "time for a check-in",
            Self::Standup(_) => "a standup is over",
            Self::Pushes(_) => "time to look after pushes",
            Self::Silence(_) => "an agent has been silent for a while",
            Self::Server => "time to start the tmux server",
            Self::Followed(_) => "who follows has waited long enough",
            Self::Lane(_) => "time for the fast lane",
            Self::LaneCycle(_) => "time to say what there is to merge",
            Self::Blocked(_) => "an agent is still blocked",
            Self::Stated(_) => "what agents were told may have changed",
            Self::RulesTold(_) => "no more changes of rules are waited for",
            Self::Violations => "a violation may have expired",
            Self::Integration(_) => "an integration has waited long enough",
            Self::Schedules => "a planned note is due",
            Self::Panes => "time to list the panes",
            Self::Upkeep => "upkeep",
        }
    }
}
