//! The wrapper in real panes of private tmux servers.
#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on must panic, in its helper functions too"
)]

#[cfg(target_os = "linux")]
mod daemon;
mod support;
mod wrapper;
