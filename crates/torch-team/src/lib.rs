//! Which team a project gets: what kind of project it is, told by its files and its spec, and which roles that calls for.
//!
//! Everything here is pure. [`Survey`] is what somebody saw of a project's tree, [`Spec`] its spec as read; the team
//! templates ([`TeamTemplate`]) are data that bring both the roles of a type and the signs by which it is known.
//! [`Detector::detect`] weighs the signs, [`choose`] makes the team, and both say why.

mod catalog;
mod choice;
mod choose;
mod decide;
mod detect;
mod detection;
mod fault;
mod figures;
mod look;
mod matcher;
mod parse;
mod parts;
mod size;
mod software;
mod spec;
mod survey;
mod template;
mod weigh;
mod wishes;

pub use catalog::{Catalog, DEFAULT, Entry, Origin, built_in};
pub use choice::{Choice, Estimate, LeftOut, Member, Reason};
pub use choose::choose;
pub use detect::Detector;
pub use detection::{ConditionSeen, Decision, Detection, OwnerSeen, SignSeen, TypeScore};
pub use fault::{Fault, TemplateError};
pub use figures::Figures;
pub use look::{Look, Strength};
pub use matcher::Seen;
pub use parse::{Known, parse};
pub use parts::PartSeen;
pub use size::{Plan, Size};
pub use spec::{Field, Owner, Said, Spec};
pub use survey::{Cut, SeenFile, Survey};
pub use template::{Condition, Conditional, Edge, Match, Requirement, Sign, TeamTemplate};
pub use wishes::{ChoiceError, Wishes};

#[cfg(test)]
mod tests;
