//! From a spec to a plan of tasks, without a model: reading Markdown or plain text, keeping ids over a changed spec,
//! saying what differs, writing the plan as a file and taking it back from one.
//!
//! Everything here is pure: texts go in, [`torch_core::TaskPlan`] and words come out. Nothing reads a clock or a file.

pub mod alias;
pub mod analysis;
pub mod brief;
pub mod check;
pub mod difference;
pub mod file;
pub mod report;
pub mod source;

mod build;
mod item;
mod outline;
mod owner;
mod phase;
mod propose;
mod read;
mod reference;
mod revise;
mod section;
mod similar;
mod table;
mod whole;
mod wording;

pub use build::plan;
pub use difference::{Change, Difference, Move, difference};
pub use propose::propose;
pub use revise::{drop_spec, revise, to_do_again};
pub use source::{SPEC_MAX, Spec, SpecError};
pub use whole::{Lines, Reworded};

/// The most tasks of one plan. More are left out, and the plan says so.
pub const TASKS_MAX: usize = 2_000;

/// The longest title, in characters. What is beyond goes into the detail.
pub const TITLE_MAX: usize = 200;

/// The longest detail of one task, in characters.
pub const DETAIL_MAX: usize = 2_000;

/// The most lines that say when one task is done, and the most tasks that one task waits for.
pub const LIST_MAX: usize = 50;

/// The most criteria of a whole plan.
pub const CRITERIA_MAX: usize = 200;

#[cfg(test)]
mod tests;
