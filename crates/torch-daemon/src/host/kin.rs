//! Which processes are agents' or the daemon's own, also after they have lost the parents that would show it.
//!
//! A task looks at all processes every two seconds and remembers what it saw below an agent's pane, and below the daemon, for as
//! long as those processes live. A caller that was seen there is marked, wherever it hangs by now.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use torch_core::Process;
use torch_core::identity::{Ancestry, Mark};
use torch_process::facts::Look;
use torch_router::identity::{KnownPane, PaneOwner};

use super::Host;

/// How often one looks: 13 µs of CPU for each process of the machine (Linux 6.18), 0.2 % of a core for 300.
const PERIOD: Duration = Duration::from_secs(2);

/// What was seen, by whose it is. Only the task that looks changes it.
/// The key is the pid and the start time.
pub(crate) type Kin = BTreeMap<(u32, u64), Mark>;

fn key(process: Process) -> (u32, u64) {
    (process.pid, process.start)
}

/// Where to look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Roots {
    /// The first processes of the agents' panes.
    agents: Vec<u32>,
    /// The tmux server: what is below it is told by its panes.
    server: Option<u32>,
}

impl Roots {
    pub(crate) fn new(panes: &[KnownPane], server: Option<u32>) -> Self {
        let agents = panes
            .iter()
            .filter(|pane| matches!(pane.owner, PaneOwner::Agent { .. }));
        Self {
            agents: agents.map(|pane| pane.pid).collect(),
            server,
        }
    }
}

/// The two ends of the task: where to look, and what was seen.
#[derive(Debug)]
pub(crate) struct Ends {
    pub(crate) roots: watch::Sender<Roots>,
    pub(crate) kin: watch::Receiver<Arc<Kin>>,
}

impl Host {
    /// Says where to look from now on.
    pub(crate) fn tell_kin(&self) {
        let server = self.state.server.map(|server| server.pid);
        let roots = Roots::new(&self.state.known_panes, server);
        self.kin.roots.send_replace(roots);
    }
}

/// Starts the task, which ends with the daemon.
pub(crate) fn start() -> Ends {
    let (roots, asked) = watch::channel(Roots::default());
    let (seen, kin) = watch::channel(Arc::new(Kin::new()));
    tokio::spawn(live(asked, seen));
    Ends { roots, kin }
}

async fn live(asked: watch::Receiver<Roots>, seen: watch::Sender<Arc<Kin>>) {
    let mut period = tokio::time::interval(PERIOD);
    period.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        period.tick().await;
        let roots = asked.borrow().clone();
        if roots.agents.is_empty() && seen.borrow().is_empty() {
            continue;
        }
        let before = seen.borrow().clone();
        let look = move || after(&before, &Look::now(), &roots, std::process::id());
        // A look that fails is the daemon's end.
        let Ok(kin) = tokio::task::spawn_blocking(look).await else {
            return;
        };
        if seen.send(Arc::new(kin)).is_err() {
            return;
        }
    }
}

/// What is known after a look: what was known and lives, and what was found.
fn after(before: &Kin, look: &Look, roots: &Roots, daemon: u32) -> Kin {
    let mut kin: Kin = look
        .processes()
        .filter_map(|process| Some((key(process), *before.get(&key(process))?)))
        .collect();
    let server: Vec<u32> = roots.server.into_iter().collect();
    let spared: Vec<u32> = [&server[..], &[daemon]].concat();
    let agents = look.below(&roots.agents, &spared);
    let own = look.below(&[daemon], &server);
    // What the daemon started stays the daemon's, wherever it is found later.
    for process in agents {
        kin.entry(key(process)).or_insert(Mark::Agents);
    }
    kin.extend(own.into_iter().map(|process| (key(process), Mark::Daemons)));
    kin
}

/// Marks those of a caller's ancestors that were seen.
pub(crate) fn mark(kin: &Kin, caller: &mut Ancestry) {
    for ancestor in &mut caller.chain {
        if ancestor.mark != Some(Mark::Daemons)
            && let Some(seen) = kin.get(&key(ancestor.process))
        {
            ancestor.mark = Some(*seen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_stays_known_until_it_ends() {
        // A shell in the place of a pane's first process, and a child of its own.
        let folder = tempfile::tempdir().expect("a folder");
        let mut pane = torch_process::spawn_detached(
            "sh".as_ref(),
            &["-c".into(), "sleep 600 & echo $!; exec sleep 600".into()],
            folder.path(),
            &torch_process::env::inherited(std::env::vars_os()),
            &folder.path().join("log"),
        )
        .expect("a shell");
        let said = pane.first_line(Duration::from_secs(10)).expect("a line");
        let child: u32 = said.parse().expect("a pid");
        let process = torch_process::facts::process(child).expect("it lives");

        let roots = Roots {
            agents: vec![pane.pid()],
            server: None,
        };
        // The test itself is above both, as the daemon may be above nothing of an agent's: a pid that no process has.
        let none = u32::MAX;
        let kin = after(&Kin::new(), &Look::now(), &roots, none);
        assert_eq!(kin.get(&key(process)), Some(&Mark::Agents));
        let own = after(&Kin::new(), &Look::now(), &Roots::default(), pane.pid());
        assert_eq!(own.get(&key(process)), Some(&Mark::Daemons));

        pane.kill().expect("its end");
        let later = after(&kin, &Look::now(), &roots, none);
        assert_eq!(
            later.get(&key(process)),
            Some(&Mark::Agents),
            "it lost its parent"
        );
        let mut caller = torch_process::facts::ancestry(child);
        mark(&later, &mut caller);
        assert_eq!(caller.chain[0].mark, Some(Mark::Agents));

        assert_eq!(torch_process::end(&[process], Duration::ZERO), []);
        assert_eq!(after(&later, &Look::now(), &roots, none), Kin::new());
    }
}
