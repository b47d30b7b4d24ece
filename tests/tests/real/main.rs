//! The agents' real programs, on real tmux, against the fake model server.
//!
//! `scripts/real-programs.sh` installs them. A test whose program is missing says SKIPPED and passes, unless
//! `TORCH_TEST_REAL=require` is set.

mod analyse;
mod answers;
mod arrival;
mod credit;
mod delivery;
mod dialogs;
mod dialogs_others;
mod doors;
mod forbidden;
mod forms;
mod hand_over;
mod hooks_off;
mod limits;
mod resume;
mod shell;
mod stage;
mod states;
mod team;
mod together;
mod update;
mod whole;
