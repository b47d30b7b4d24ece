//! Briefings: what an agent is told about its part, its team, git and talking, made from a role and the facts.
//!
//! A [`Role`] is data: a TOML file that is shipped, or one of a user's or a project's. Its lines are of a small language of
//! variables and conditions, in which no text can grow; the shipped text around them is a template in the language of Jinja. Both
//! are strict: a variable that is not known is found when a file is read. [`Facts`] are what a team is like right now.

mod engine;
mod error;
mod facts;
mod line;
mod parse;
mod render;
mod role;
mod roles;

pub use engine::{TextError, VARIABLES};
pub use error::{RenderError, RoleError};
pub use facts::{Facts, Member};
pub use parse::{FILE_MAX, ROLE_WORDS_MAX, parse};
pub use render::{Recovery, briefing, recovery, words};
pub use role::{Role, Tier};
pub use roles::{BUILT_IN, Roles};
pub use torch_core::roles::DEFAULT_NAMES as DEFAULT_TEAM;

#[cfg(test)]
mod tests;
