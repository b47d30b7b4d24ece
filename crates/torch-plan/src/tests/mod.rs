//! Tests of the plan as a whole.

mod edits;
mod properties;
mod specs;
mod steps;
