//! Turns signals into what an agent is doing, with the evidence: a captured screen, a hook record or a
//! process fact goes in, a reading comes out.
//!
//! Signals are ranked: hook before transcript before screen. What a screen looks like is data
//! ([`torch_core::program::ScreenRules`]); nothing here knows one program from another.

mod composer;
pub mod credit;
pub mod diagnose;
mod dialog;
pub mod figures;
mod read;
pub mod rules;
pub mod screen;
pub mod signal;

pub use diagnose::{FailureCause, diagnose};
pub use figures::{Figures, LimitFigures, Tokens};
pub use rules::{RuleError, Rules, first_group};
pub use screen::Screen;
pub use signal::{SignalReading, SignalRules};
