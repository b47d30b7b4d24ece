//! What the system tells about processes: which one a pid is, whether it lives, and whose child it is.

#[cfg(target_os = "linux")]
#[path = "facts/linux.rs"]
mod system;
#[cfg(not(target_os = "linux"))]
#[path = "facts/ps.rs"]
mod system;
// What can't be run here is at least compiled and tried with this system's `ps`.
#[cfg(all(test, target_os = "linux"))]
#[path = "facts/ps.rs"]
mod ps;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

use torch_core::Process;
use torch_core::identity::{Ancestor, Ancestry};

/// More hops than any real chain of processes has; a guard against a chain that changes while it is walked.
const HOPS_MAX: usize = 512;

/// One process as the system shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) process: Process,
    pub(crate) parent: u32,
    pub(crate) name: String,
    terminal: bool,
    pub(crate) zombie: bool,
}

/// The process that has this pid now, a zombie included.
pub fn process(pid: u32) -> Option<Process> {
    system::status(pid).map(|status| status.process)
}

/// Whether exactly this process (not a later one of the same pid) exists and is no zombie.
pub fn is_alive(process: Process) -> bool {
    system::status(process.pid)
        .is_some_and(|status| same(status.process, process) && !status.zombie)
}

/// A process and its ancestors up to the first one. It is empty when the process is gone, or was replaced by
/// another one of the same pid during the walk; `complete` is false when a parent could not be read.
pub fn ancestry(pid: u32) -> Ancestry {
    let mut ancestry = Ancestry::default();
    let mut next = pid;
    while ancestry.chain.len() < HOPS_MAX {
        let Some(status) = system::status(next) else {
            break;
        };
        // A parent is never younger than its child: then the pid is another process' by now.
        let child = ancestry.chain.last();
        if child.is_some_and(|child| status.process.start > child.process.start) {
            break;
        }
        ancestry.chain.push(Ancestor {
            process: status.process,
            name: status.name,
            terminal: status.terminal,
            mark: system::mark(status.process.pid),
            cwd: system::cwd(status.process.pid),
        });
        // Parent 0: the first process, or the first one of this container (`docker exec`).
        if status.process.pid == 1 || status.parent == 0 {
            ancestry.complete = true;
            break;
        }
        next = status.parent;
    }
    let first = ancestry.chain.first().map(|first| first.process);
    match first {
        Some(first) if process(pid).is_some_and(|now| same(now, first)) => ancestry,
        _ => Ancestry::default(),
    }
}

/// The words that the nearest ancestor of this name was started with; `None` where there is none, or the system does not say.
pub fn command_of_ancestor(pid: u32, name: &str) -> Option<Vec<OsString>> {
    let chain = ancestry(pid).chain;
    let found = chain.iter().skip(1).find(|one| one.name == name)?;
    system::command(found.process.pid)
}

/// All descendants of a process, parents before children, from one look at all processes. Zombies are left out,
/// but not their children.
pub fn descendants(pid: u32) -> Vec<Process> {
    descendants_but(pid, &[])
}

/// [`descendants`] without the processes `spared` and what descends from those.
pub fn descendants_but(pid: u32, spared: &[u32]) -> Vec<Process> {
    Look::now().below(&[pid], spared)
}

/// One look at all processes, for several questions.
#[derive(Debug)]
pub struct Look {
    children: BTreeMap<u32, Vec<Status>>,
}

impl Look {
    /// Looks: 13 µs of CPU for each process of the machine (Linux).
    pub fn now() -> Self {
        let mut children: BTreeMap<u32, Vec<Status>> = BTreeMap::new();
        for status in system::all() {
            children.entry(status.parent).or_default().push(status);
        }
        Self { children }
    }

    /// What descends from these, parents before children, without the processes `spared` and what descends from those.
    /// Zombies are left out, but not their children.
    pub fn below(&self, roots: &[u32], spared: &[u32]) -> Vec<Process> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let mut parents = roots.to_vec();
        while let Some(parent) = parents.pop() {
            if !seen.insert(parent) {
                continue;
            }
            for status in self.children.get(&parent).into_iter().flatten() {
                if spared.contains(&status.process.pid) {
                    continue;
                }
                parents.push(status.process.pid);
                if !status.zombie {
                    found.push(status.process);
                }
            }
        }
        found
    }

    /// All that live.
    pub fn processes(&self) -> impl Iterator<Item = Process> {
        let all = self.children.values().flatten();
        all.filter(|status| !status.zombie)
            .map(|status| status.process)
    }
}

/// All processes that can be seen.
pub(crate) fn all() -> Vec<Status> {
    system::all()
}

/// A start time of 0 is unknown and equals any.
fn same(a: Process, b: Process) -> bool {
    a.pid == b.pid && (a.start == b.start || a.start == 0 || b.start == 0)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn ps_says_the_same_as_proc() {
        let me = std::process::id();
        let here = system::status(me).expect("this process");
        let by_ps = ps::status(me).expect("this process");
        assert_eq!((by_ps.process.pid, by_ps.parent), (me, here.parent));
        assert_eq!((by_ps.terminal, by_ps.zombie), (here.terminal, false));
        assert!(by_ps.process.start > 20_260_101_000_000, "{by_ps:?}");
        assert!(ps::all().iter().any(|status| status.process.pid == 1));
        assert_eq!(ps::status(u32::MAX), None);
        assert_eq!((ps::mark(me), ps::cwd(me)), (None, None));
        assert_eq!(ps::command(me), None);
        let own: Vec<_> = std::env::args_os().collect();
        assert_eq!(system::command(me), Some(own));
    }
}
