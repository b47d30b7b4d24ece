//! Killed agents and wrappers: back in their windows, told where they were, and what waited follows in order.

use std::fs;

use torch_testing::{DEADLINE, SCRIPTED, World};

use super::{BACK, check_received, inbox, wait_briefed};
use crate::endurance::signal;
use crate::place::git;

const BUSY: &str = "[[on]]\nmatch = 'work hard'\nsteps = [{ work = { ms = 60000 } }]";

#[test]
fn what_waited_follows_the_briefing() {
    let world = World::new();
    let victims = ["developer", "tester", "testrunner"];
    let roles = "orchestrator,developer,tester,testrunner";
    world.team(roles, &format!("{SCRIPTED}\n{BUSY}"));
    for role in victims {
        let tree = world.agent(role).worktree;
        let subject = format!("mine of {role}");
        git(
            &world,
            &tree,
            &["commit", "-q", "--allow-empty", "-m", &subject],
        );
        world.deliver(role, "work hard");
        for n in 0..3 {
            world.send(role, &format!("later {n}"));
        }
    }
    for role in victims {
        world.wait_state(role, "working");
    }
    // The program; the wrapper; both.
    let agents = victims.map(|role| world.agent(role));
    let program = |n: usize| agents[n].pid.expect("it runs");
    signal(&world, "KILL", program(0));
    signal(&world, "KILL", agents[1].wrapper());
    signal(&world, "KILL", agents[2].wrapper());
    signal(&world, "KILL", program(2));

    let mut wanted = vec!["work hard".to_owned()];
    wanted.extend((0..3).map(|n| format!("later {n}")));
    for (role, before) in victims.iter().zip(&agents) {
        let what = format!("what waited for {role}");
        world.wait_for(BACK, &what, || {
            (world.received(role).len() >= wanted.len()).then_some(())
        });
        let after = world.wait_idle(role);
        assert_ne!(after.pid, before.pid);
        assert_eq!(after.worktree, before.worktree);
        assert_eq!(check_received(&world, role, &wanted), 0, "{role}");
        // The briefing came first and says what was done.
        let ledger = world.ledger(role);
        let briefed: Vec<usize> = (0..ledger.len())
            .filter(|at| ledger[*at].text.contains("BRIEFING"))
            .collect();
        let later = ledger.iter().position(|it| it.text.contains("later 0"));
        assert_eq!(briefed.len(), 2, "{role}: {ledger:#?}");
        assert!(later > Some(briefed[1]), "{role}: {ledger:#?}");
        let told = inbox(&after.worktree).into_iter().any(|text| {
            text.contains("Where you were") && text.contains(&format!("mine of {role}"))
        });
        assert!(told, "{role}: {:?}", inbox(&after.worktree));
    }
    wait_briefed(&world, 4);
    super::one_of_each(&world);
}

#[test]
fn one_that_ends_at_once_is_given_up_after_three_restarts() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let scenario = world.folder().join("scenario.toml");
    fs::write(&scenario, "exit_at_start = 7").expect("a scenario");
    let waiting = world.send("developer", "before the end");
    world.wait_message(&waiting, "consumed");
    signal(
        &world,
        "KILL",
        world.agent("developer").pid.expect("it runs"),
    );
    world.wait_agent("developer", BACK, "failed", |agent| agent.state == "failed");
    let held = world.send("developer", "for later");
    // What arrived at the hub, long bodies included.
    let told = |words: &str| {
        let ledger = world.ledger("orchestrator").into_iter();
        let ids = ledger.filter(|entry| entry.kind == "prompt");
        let bodies = ids.filter_map(|entry| Some(world.message(&entry.tag?).body));
        bodies
            .filter(|body| body.contains(words))
            .collect::<Vec<_>>()
    };
    let count = |words: &str| told(words).len();
    world.wait("the report", || count("developer is given up") == 1);
    // Each restart was told, and how it went; nothing else was started.
    for nth in 1..=3 {
        assert_eq!(
            count(&format!("restart {nth} of at most 3")),
            1,
            "restart {nth}"
        );
    }
    let report = told("is given up").remove(0);
    // Why, and the last screen.
    assert!(report.contains("status 7"), "{report}");
    assert!(
        report.contains("the scenario ends it with status 7"),
        "{report}"
    );
    let inbox = world.torch(&["inbox"]).ok();
    assert!(inbox.stdout.contains("given up"), "{inbox}");

    fs::write(&scenario, SCRIPTED).expect("a scenario");
    world.torch(&["agent", "restart", "developer"]).ok();
    let agent = world.agent("developer");
    assert!(agent.briefed, "{agent:?}");
    world.wait_message_for(&held, "consumed", DEADLINE);
    let wanted = ["before the end", "for later"].map(str::to_owned);
    check_received(&world, "developer", &wanted);
    assert_eq!(count("developer is given up"), 1);
}
