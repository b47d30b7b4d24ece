//! The process tells who calls.

use super::*;

fn caller(pids: &[u32], terminal: bool, complete: bool) -> Ancestry {
    let chain = pids
        .iter()
        .map(|pid| Ancestor {
            process: Process {
                pid: *pid,
                start: 1,
            },
            name: "x".into(),
            terminal,
            mark: None,
            cwd: None,
        })
        .collect();
    Ancestry { chain, complete }
}

fn panes() -> Vec<KnownPane> {
    let agent = PaneOwner::Agent {
        agent: AgentId::new(1, 1),
        team: TeamId::new(1, 1),
        role: RoleName::parse("developer").expect("a role"),
    };
    vec![
        KnownPane {
            pid: 10,
            owner: agent,
        },
        KnownPane {
            pid: 20,
            owner: PaneOwner::Shell,
        },
        KnownPane {
            pid: 30,
            owner: PaneOwner::Other,
        },
    ]
}

fn check(pids: &[u32], terminal: bool, complete: bool, owned: bool, label: &str, rule: &str) {
    let caller = caller(pids, terminal, complete);
    check_ancestry(&caller, owned, label, rule);
}

fn check_ancestry(caller: &Ancestry, owned: bool, label: &str, rule: &str) {
    let around = Surroundings {
        panes: &panes(),
        server: Some(KnownServer { pid: 5, owned }),
        daemon: Some(Process { pid: 50, start: 1 }),
        is_agent: &|agent| agent == AgentId::new(1, 1),
        is_worktree: &|folder| folder.starts_with("/work/tester"),
    };
    let (sender, why) = identify(caller, around);
    assert_eq!(sender.label(), label, "{caller:?}");
    assert!(why.starts_with(rule), "{why}");
}

#[test]
fn the_walk_stops_at_the_daemon() {
    let hook = "identity.daemon-child";
    // Started by a person's command, by an agent's wrapper, and by an agent's `scm`.
    for above in [&[1][..], &[10, 5, 1], &[98, 11, 10, 5, 1]] {
        let chain: Vec<u32> = [&[99, 60, 50], above].concat();
        for terminal in [false, true] {
            check(&chain, terminal, true, true, "unknown", hook);
        }
    }
    // What a hook left behind, adopted by an agent's wrapper or by init.
    for above in [&[10, 5, 1][..], &[1]] {
        let mut left = caller(&[&[99, 60], above].concat(), false, true);
        left.chain[1].mark = Some(Mark::Daemons);
        check_ancestry(&left, true, "unknown", hook);
    }
    // A later process with the daemon's pid is not the daemon, and one whose start can't be told is.
    let mut other = caller(&[99, 50, 10, 5, 1], false, true);
    other.chain[1].process.start = 2;
    check_ancestry(&other, true, "developer", "identity.agent-pane");
    other.chain[1].process.start = 0;
    check_ancestry(&other, true, "unknown", hook);
    // An agent that runs below the daemon's tmux server is that agent.
    check(
        &[99, 10, 5, 50, 1],
        true,
        true,
        true,
        "developer",
        "identity.agent-pane",
    );
}

#[test]
fn what_an_agent_left_behind_is_no_person() {
    let left = "identity.left-behind";
    for mark in [Mark::Agents, Mark::Named(AgentId::new(1, 1))] {
        for terminal in [false, true] {
            let mut orphan = caller(&[99, 98, 1], terminal, true);
            orphan.chain[1].mark = Some(mark);
            check_ancestry(&orphan, true, "unknown", left);
        }
        // An agent of another registry is none of this one's.
        let mut other = caller(&[99, 98, 1], false, true);
        other.chain[1].mark = Some(Mark::Named(AgentId::new(2, 2)));
        check_ancestry(&other, true, "script", "identity.script");
        // Inside a pane a mark changes nothing.
        let mut own = caller(&[99, 10, 5, 1], true, true);
        own.chain[0].mark = Some(mark);
        check_ancestry(&own, true, "developer", "identity.agent-pane");
        // Nor does one of what started the user's own server.
        let mut person = caller(&[99, 30, 5, 7, 1], true, true);
        person.chain[3].mark = Some(mark);
        check_ancestry(&person, false, "human", "identity.terminal");
        person.chain[0].mark = Some(mark);
        check_ancestry(&person, false, "unknown", left);
    }
}

#[test]
fn what_works_in_an_agents_worktree_is_no_persons_script() {
    let mut script = caller(&[99, 98, 1], false, true);
    for (folder, label, rule) in [
        ("/work/tester/src", "unknown", "identity.agents-worktree"),
        ("/work/testers", "script", "identity.script"),
        ("/work", "script", "identity.script"),
    ] {
        script.chain[1].cwd = Some(folder.into());
        check_ancestry(&script, true, label, rule);
    }
    // A person who stands there on a terminal stays a person.
    let mut person = caller(&[99, 98, 1], true, true);
    person.chain[0].cwd = Some("/work/tester".into());
    check_ancestry(&person, true, "human", "identity.terminal");
}

#[test]
fn the_process_tells_who_calls() {
    check(
        &[99, 11, 10, 5, 1],
        true,
        true,
        true,
        "developer",
        "identity.agent-pane",
    );
    check(
        &[99, 20, 5, 1],
        true,
        true,
        true,
        "human",
        "identity.shell-pane",
    );
    check(
        &[99, 30, 5, 1],
        true,
        true,
        true,
        "unknown",
        "identity.foreign-pane",
    );
    check(
        &[99, 30, 5, 1],
        true,
        true,
        false,
        "human",
        "identity.terminal",
    );
    check(
        &[99, 5, 1],
        false,
        true,
        true,
        "unknown",
        "identity.tmux-server",
    );
    check(&[99, 98, 1], true, true, true, "human", "identity.terminal");
    check(&[99, 1], false, true, true, "script", "identity.script");
    check(&[99], true, false, true, "unknown", "identity.unreadable");
    check(&[], true, false, true, "unknown", "identity.unreadable");
}
