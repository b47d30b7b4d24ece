//! What agents may say how often: threads, chains, pairs, broadcasts, repetitions, acknowledgements.

use torch_testing::SCRIPTED;

use super::{SEVEN, ends_well, heard, hears, noted, passes, refused, say, world};

/// Developer and tester answer each other for ever; the developer's acknowledgements, push notes and STATUS reports go
/// along with each ping.
const THREAD: &str = r#"
[[on]]
match = "to=developer.*(kick-off|pong)"
steps = [{ shell = { command = '''
now=$(date +%s%N)
scm tester "ACK"
scm tester "Pushed 3f2c1aa to feature/parser-$now"
printf 'STATUS developer %s\nCompleted:\n- lexer %s\nCurrent: parser\nBlocked: none\nETA: 5m\n' "$(date -Iseconds)" $now | scm tester --stdin
scm tester "ping $now"
''' } }]
[[on]]
match = "to=tester.*ping"
steps = [{ shell = { command = "scm developer \"pong $(date +%s%N)\"" } }]
"#;

/// Three agents hand one thing round for ever.
const CHAIN: &str = r#"
[[on]]
match = "to=developer.*(kick-off|round)"
steps = [{ shell = { command = "scm tester \"round $(date +%s%N)\"" } }]
[[on]]
match = "to=tester.*round"
steps = [{ shell = { command = "scm testrunner \"round $(date +%s%N)\"" } }]
[[on]]
match = "to=testrunner.*round"
steps = [{ shell = { command = "scm developer \"round $(date +%s%N)\"" } }]
"#;

/// Agents that run what they are told to, and react to one another.
fn scripted(and: &str) -> String {
    format!("{SCRIPTED}{and}")
}

#[test]
fn the_fourth_exchange_goes_to_the_hub_and_what_is_no_talk_does_not_count() {
    let world = world(&[]);
    world.team(SEVEN, &scripted(THREAD));
    world.deliver("developer", "kick-off");
    let turned = "(for tester, re-routed to you by rule limit.thread, v-";
    hears(&world, "orchestrator", turned);
    assert_eq!(heard(&world, "tester", "] ping "), 3);
    assert_eq!(heard(&world, "developer", "] pong "), 3);
    // What went along with the fourth ping arrived, since it is no talk; acknowledgements woke nobody.
    world.wait("four push notes and four reports", || {
        heard(&world, "tester", "Pushed 3f2c1aa") == 4
            && heard(&world, "tester", "Current: parser") == 4
    });
    assert!(!world.received("tester").iter().any(|text| text == "ACK"));
    let row = noted(&world, "limit.thread", "developer", "tester", "medium");
    assert_eq!(row["remedy"], "the orchestrator decides between the two");
    // The hub's word begins anew.
    passes(
        &world,
        ("orchestrator", "developer", "kick-off once more"),
        "edge.hub",
    );
    world.wait("three more", || heard(&world, "tester", "] ping ") == 6);
    world.wait("the next one at the hub", || {
        heard(&world, "orchestrator", turned) == 2
    });
    assert_eq!(
        noted(&world, "limit.thread", "developer", "tester", "medium")["count"],
        2
    );
    ends_well(&world);
}

#[test]
fn the_ninth_message_of_a_chain_goes_to_the_hub() {
    let world = world(&[]);
    world.team(SEVEN, &scripted(CHAIN));
    world.deliver("developer", "kick-off");
    hears(
        &world,
        "orchestrator",
        "(for developer, re-routed to you by rule limit.hops, v-",
    );
    let rounds = ["tester", "testrunner", "developer"].map(|role| heard(&world, role, "] round "));
    assert_eq!(rounds, [3, 3, 2], "eight direct messages");
    noted(&world, "limit.hops", "testrunner", "developer", "medium");
    ends_well(&world);
}

#[test]
fn pairs_broadcasts_repetitions_and_thanks() {
    let world = world(&[]).with("TORCH_ROUTER_PAIR_MESSAGES", "3");
    world.team(SEVEN, SCRIPTED);
    for text in ["one", "two", "three"] {
        passes(&world, ("developer", "tester", text), "edge.matrix");
    }
    let row = refused(
        &world,
        ("developer", "tester", "four"),
        "limit.pair-rate",
        "medium",
    );
    assert!(
        row["evidence"]
            .as_str()
            .is_some_and(|it| it.starts_with("3 messages went from developer to tester")),
        "{row}"
    );

    // To everybody, by a name for it and one by one; the hub and its deputy may.
    let all = world.run_as("researcher", "scm all 'FYI to all'").code(4);
    all.says("rule limit.broadcast")
        .says("Hint: scm orchestrator");
    noted(&world, "limit.broadcast", "researcher", "all", "medium");
    for to in ["project_manager", "orchestrator"] {
        say(&world, "testrunner", to, "FYI: the suite is slow").ok();
    }
    refused(
        &world,
        ("testrunner", "developer", "FYI: the suite is slow"),
        "limit.broadcast",
        "medium",
    );
    for to in ["developer", "tester", "testrunner", "researcher"] {
        passes(
            &world,
            ("project_manager", to, "main is frozen"),
            "edge.project-manager",
        );
    }

    passes(
        &world,
        ("devops", "orchestrator", "the image is built"),
        "edge.hub",
    );
    let again = say(&world, "devops", "orchestrator", "the image is  built").code(4);
    again.says("limit.repeat").says("noted as v-");
    noted(&world, "limit.repeat", "devops", "orchestrator", "low");
    assert_eq!(heard(&world, "orchestrator", "] the image is built"), 1);

    // Thanks are kept and wake nobody; as an answer they arrive.
    for (text, from) in [("thanks", "tester"), ("ok, will do", "researcher")] {
        let kept = passes(&world, (from, "project_manager", text), "ack.quiet");
        assert_eq!(
            (&kept["decision"], &kept["state"]),
            (&"record".into(), &"recorded".into())
        );
    }
    passes(
        &world,
        ("devops", "orchestrator", "May I deploy to staging?"),
        "edge.hub",
    );
    passes(&world, ("orchestrator", "devops", "ok"), "edge.hub");
    hears(&world, "devops", "] ok [/m-");
    ends_well(&world);
    let silent = ["thanks", "ok, will do"];
    assert!(
        !world
            .received("project_manager")
            .iter()
            .any(|text| silent.contains(&text.as_str()))
    );
}
