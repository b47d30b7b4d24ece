//! The agents' real programs in tests: where they are installed, a throw-away home for each, and a stage to run on.
//!
//! `scripts/real-programs.sh` installs them. A [`Seed`] writes what a user with a login would have, pointing at a
//! [`crate::model::FakeModel`]; nothing of the real home is read or written. A [`Stage`] is a private tmux server with
//! the program in its one pane.

mod aider;
mod claude;
mod codex;
mod gemini;
mod installed;
mod opencode;
mod seed;
mod stage;

pub use claude::DUMMY_KEY;
pub use installed::{Kind, NotInstalled, RealProgram, required};
pub use seed::{Account, Launch, Seed, SeedError};
pub use stage::{Size, Stage};
