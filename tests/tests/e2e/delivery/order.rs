//! Order and wholeness with many senders, and agents that are busy.

use std::collections::BTreeMap;
use std::time::Duration;

use torch_testing::{SCRIPTED, World};

/// How many agents write at once.
const SENDERS: usize = 8;
/// How many messages each of them writes.
const EACH: usize = 10;

#[test]
fn eight_senders_at_once_keep_their_order_and_mix_nothing() {
    let world = World::new();
    let roles = "orchestrator,developer,tester,testrunner,devops,code_reviewer,researcher,project_manager,logtracker";
    world.team(roles, SCRIPTED);
    let senders: Vec<&str> = roles.split(',').skip(1).collect();
    assert_eq!(senders.len(), SENDERS);
    std::thread::scope(|scope| {
        for role in &senders {
            let world = &world;
            let script = format!(
                "i=0; while [ $i -lt {EACH} ]; do scm orchestrator \"$TORCH_ROLE $i\" || exit 9; i=$((i+1)); done"
            );
            scope.spawn(move || world.run_as(role, &script).ok());
        }
    });
    world.wait_for(Duration::from_secs(20), "all messages to arrive", || {
        (world.prompts("orchestrator").len() >= SENDERS * EACH).then_some(())
    });
    let mut next: BTreeMap<String, usize> = BTreeMap::new();
    for entry in world.prompts("orchestrator") {
        let body = entry
            .body()
            .unwrap_or_else(|| panic!("not exactly one message: {}", entry.text));
        let from = entry.field("from").expect("a sender").to_owned();
        let due = next.entry(from.clone()).or_default();
        assert_eq!(body, format!("{from} {due}"), "in order, once");
        assert!(
            entry.text.contains(&format!(" #{} ", *due + 1)),
            "numbered by pair: {}",
            entry.text
        );
        *due += 1;
    }
    assert!(next.values().all(|count| *count == EACH), "{next:?}");
}

#[test]
fn a_busy_agent_gets_its_messages_after_its_turn() {
    let world = World::new();
    let rules =
        "[[on]]\nmatch = 'work hard'\nsteps = [{ work = { ms = 1500 } }, { say = 'worked' }]";
    world.team("orchestrator,developer", &format!("{SCRIPTED}\n{rules}"));
    world.deliver("developer", "work hard");
    world.wait_state("developer", "working");
    let ids: Vec<String> = (0..3)
        .map(|n| world.send("developer", &format!("later {n}")))
        .collect();
    assert_eq!(world.agent("developer").state, "working");
    assert_eq!(world.received("developer"), ["work hard"]);
    assert!(
        !world.screen("developer").contains("later"),
        "nothing is typed into a turn"
    );
    world.wait_message(&ids[2], "consumed");
    assert_eq!(
        world.received("developer"),
        ["work hard", "later 0", "later 1", "later 2"]
    );
    let worked = |record: &serde_json::Value| record.to_string().contains("worked");
    let transcript = world.transcript("developer");
    let end = transcript.iter().position(worked).expect("the turn's end");
    let first = transcript
        .iter()
        .position(|record| record.to_string().contains("later 0"))
        .expect("it is there");
    assert!(end < first, "the turn ended first");
}

#[test]
fn a_limited_agent_gets_its_messages_after_the_reset() {
    let world = World::new();
    let rules = "[[on]]\nmatch = 'use it up'\nsteps = [{ limit = { seconds = 2 } }]";
    world.team("orchestrator,developer", &format!("{SCRIPTED}\n{rules}"));
    world.deliver("developer", "use it up");
    world.wait_state("developer", "limited");
    let id = world.send("developer", "later");
    world.wait_message(&id, "deferred:limited");
    assert_eq!(world.received("developer"), ["use it up"]);
    world.wait_message(&id, "consumed");
    assert_eq!(world.received("developer"), ["use it up", "later"]);
    assert_eq!(world.count("developer", "interrupted"), 0);
}
