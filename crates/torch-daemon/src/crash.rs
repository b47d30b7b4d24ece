//! Points at which tests let the daemon end at once, by SIGKILL. Release builds have none.
//!
//! `TORCH_TEST_CRASH=point[:n]` names one; it is read once, and the daemon ends when it comes to that point for the
//! n-th time (the first, where n is missing). The points are
//!
//! - `X`: what is journalled as `X` (`delivery.pasting`, `agent.launch`, `schedule.fired`, …) was committed, and nothing that
//!   follows from it was done; `briefing` stands for a briefing's message,
//! - `before-X`: the same, but nothing of it was committed either,
//! - `did-paste`, `did-press`, `did-open`, `did-close`, `did-worktree`, `did-lane`, `did-answer`: the act was done, and nobody was told of it,
//! - `did-removal-X`: a removal of a worktree has come to the stage `X` (`torch_worktree::RemovalStage`).

use torch_core::Write;

#[cfg(not(debug_assertions))]
mod point {
    pub(super) fn reach(_: &str) {}
    pub(super) fn is_set() -> bool {
        false
    }
}

#[cfg(debug_assertions)]
mod point {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    use nix::sys::signal::{Signal, raise};

    struct Point {
        name: String,
        /// How often it is still passed unharmed, and once more.
        left: AtomicU32,
    }

    fn set() -> Option<&'static Point> {
        static POINT: OnceLock<Option<Point>> = OnceLock::new();
        let point = POINT.get_or_init(|| {
            let text = std::env::var("TORCH_TEST_CRASH").ok()?;
            let (name, count) = match text.split_once(':') {
                Some((name, count)) => (name, count.parse().ok()?),
                None => (text.as_str(), 1),
            };
            Some(Point {
                name: name.to_owned(),
                left: AtomicU32::new(count),
            })
        });
        point.as_ref()
    }

    pub(super) fn is_set() -> bool {
        set().is_some()
    }

    pub(super) fn reach(name: &str) {
        let here = set().filter(|point| point.name == name);
        if here.is_some_and(|point| point.left.fetch_sub(1, Ordering::Relaxed) == 1) {
            tracing::warn!("TORCH_TEST_CRASH ends the daemon at {name}");
            // It does not come back from that.
            raise(Signal::SIGKILL).ok();
        }
    }
}

/// A batch is about to be committed.
pub(crate) fn before_commit(writes: &[Write]) {
    names(writes, |name| point::reach(&format!("before-{name}")));
}

/// A batch was committed; none of its acts was done.
pub(crate) fn committed(writes: &[Write]) {
    names(writes, point::reach);
}

/// An act was done, and the loop does not know yet.
pub(crate) fn did(act: &str) {
    if point::is_set() {
        point::reach(&format!("did-{act}"));
    }
}

fn names(writes: &[Write], mut each: impl FnMut(&str)) {
    if !point::is_set() {
        return;
    }
    for write in writes {
        match write {
            Write::Journal(entry) => each(&entry.kind),
            Write::PutMessage(envelope) if envelope.kind == torch_core::MessageKind::Briefing => {
                each("briefing");
            }
            _ => {}
        }
    }
}
