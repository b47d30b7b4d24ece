//! Turns signals into what an agent is doing, with the evidence: a captured screen, a hook record or a
//! process fact goes in, a reading comes out.
//!
//! Signals are ranked: hook before transcript before screen. What a screen looks like is data
//! ([`torch_core::program::ScreenRules`]); nothing here knows one program from another.

pub mod composer;
pub mod diagnose;
pub mod figures;
pub mod rules;
pub mod screen;
pub mod signal;

pub use composer::find_composer;
pub use diagnose::{FailureCause, diagnose};
pub use figures::{Figures, LimitFigures, Tokens};
pub use rules::{RuleError, Rules};
pub use screen::Screen;
pub use signal::{SignalReading, SignalRules};
