//! Who may say what to whom, what is typed, and how one delivery goes on: all of it pure.
//!
//! - [`clean`]: what of a body may reach a terminal.
//! - [`tag`]: the words around a body that make a repeat recognisable.
//! - [`commit`]: who may commit in whose worktree.
//! - [`critical`]: words that the hub must hear of.
//! - [`identity`]: who a caller is, from its process.
//! - [`policy`]: who may write to whom.
//! - [`project`]: the rules that a project's own files state.
//! - [`push`]: what an agent may push.
//! - [`replay`]: judging again what was judged before.
//! - [`rollback`]: who may take work back.
//! - [`schedule`]: who may plan a note for whom.
//! - [`speech`]: what kind of thing a text says.
//! - [`traffic`]: the verdict on a message, with the rule that decided: the policy and the limits.
//! - [`delivery`]: the state machine of one delivery.

pub mod clean;
pub mod commit;
pub mod critical;
pub mod delivery;
mod fold;
pub mod identity;
pub mod policy;
pub mod project;
pub mod push;
pub mod replay;
pub mod rollback;
pub mod schedule;
pub mod speech;
pub mod tag;
pub mod traffic;

pub use torch_core::matrix;
