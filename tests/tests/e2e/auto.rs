//! `torch auto`: the plan, the team, the end, and once more.

mod again;
mod ladder;
mod plan;
mod play;
mod variables;
