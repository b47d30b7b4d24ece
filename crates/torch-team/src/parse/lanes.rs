//! The lanes of a template: whose commits go to whose worktree.

use torch_core::config::Interval;
use torch_core::lane::{Lane, WITHIN};

use super::raw::RawLane;
use super::{Reader, check};
use crate::fault::Fault;

impl Reader<'_> {
    pub(super) fn lanes(&mut self, raw: Vec<RawLane>, members: &check::Members) -> Vec<Lane> {
        let mut lanes: Vec<Lane> = Vec::new();
        for one in raw {
            let (from, to) = (self.role(&one.from), self.role(&one.to));
            for (role, at) in from.iter().chain(&to) {
                members.has(self, "lanes", role, at);
            }
            let within = seconds(one.within.get_ref());
            if within.is_none() {
                let fault = Fault::Within(one.within.get_ref().clone());
                self.fault(&one.within.span(), fault);
            }
            let branch = one.branch.map(|branch| {
                if !is_branch(branch.get_ref()) {
                    self.fault(&branch.span(), Fault::Branch(branch.get_ref().clone()));
                }
                branch.into_inner()
            });
            let (Some((from, at)), Some((to, _)), Some(within_seconds)) = (from, to, within) else {
                continue;
            };
            if from == to {
                self.fault(&at, Fault::OwnLane(from.to_string()));
            } else if lanes.iter().any(|lane| lane.from == from && lane.to == to) {
                let (from, to) = (from.to_string(), to.to_string());
                self.fault(&at, Fault::SameLane { from, to });
            } else {
                lanes.push(Lane {
                    from,
                    to,
                    within_seconds,
                    branch,
                });
            }
        }
        lanes
    }
}

/// `5m`, `90s`, `1h30m`; a bare number says no unit.
fn seconds(text: &str) -> Option<u64> {
    let bare = text.trim().bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<Interval>() {
        Ok(Interval::Every(length)) if !bare => {
            Some(length.as_secs()).filter(|seconds| WITHIN.contains(seconds))
        }
        _ => None,
    }
}

/// What git takes as a branch's name, of plain characters alone (git-check-ref-format(1)).
fn is_branch(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    let bad = name.starts_with(['-', '/', '.'])
        || name.ends_with(['/', '.'])
        || name.ends_with(".lock")
        || name.contains("..")
        || name.contains("//")
        || name.contains("/.");
    (1..=200).contains(&name.len()) && name.chars().all(plain) && !bad
}
