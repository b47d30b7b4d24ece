//! Briefings: what an agent is told about its part, its team, git and talking, made from a role and the facts.
//!
//! A [`Role`] is data: a TOML file that is shipped, or one of a user's. Its lines and the shipped text around them are
//! templates in the language of Jinja, rendered strictly: a variable that is not known is found when a file is read, nothing
//! is included from anywhere, and a text can't run on for ever. [`Facts`] are what a team is like right now.

mod engine;
mod error;
mod facts;
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
