//! Usage limits on real tmux: agents are held, woken once at the reset, and get what waited, in order.

use torch_testing::{DEADLINE, Entry, SCRIPTED, World};

/// The beginning of what a woken agent reads.
const CONTINUE: &str = "Your usage limit was reset.";

/// How agents hit a limit here: alone, and going on by themselves.
const LIMITS: &str = r#"
[[on]]
match = "stop at the limit"
steps = [{ work = { ms = 50 } }, { limit = { seconds = 5, continues = false } }]
[[on]]
match = "wait at the limit"
steps = [{ work = { ms = 50 } }, { limit = { seconds = 4 } }, { say = "on" }]
"#;

/// A world in which the waits after a reset are short.
fn world() -> World {
    World::new()
        .with("TORCH_CREDIT_WAKE_AFTER_SECONDS", "1")
        .with("TORCH_CREDIT_AUTOMATIC_WAIT_SECONDS", "30")
        .with("TORCH_CREDIT_STAGGER_SECONDS", "3")
}

fn scenario(more: &str) -> String {
    format!("{SCRIPTED}\n{LIMITS}\n{more}")
}

/// When the limit is reset that an agent's transcript tells of last, in milliseconds.
fn reset_of(world: &World, role: &str) -> u64 {
    let records = world.transcript(role);
    let mut resets = records
        .iter()
        .filter_map(|record| record["quotaLimits"]["resetsAt"].as_u64());
    resets.next_back().expect("a record of the limit") * 1_000
}

fn woken(world: &World, role: &str) -> Vec<Entry> {
    let mut entries = world.ledger(role);
    entries.retain(|entry| entry.kind == "prompt" && entry.text.contains(CONTINUE));
    entries
}

/// The bodies that an agent received, and `continue` for the word that woke it.
fn received(world: &World, role: &str) -> Vec<String> {
    let entries = world.ledger(role).into_iter();
    let prompts = entries.filter(|entry| entry.kind == "prompt");
    prompts
        .filter_map(|entry| match entry.text.contains(CONTINUE) {
            true => Some("continue".to_owned()),
            false if entry.field("from") == Some("torch") => None,
            false => Some(entry.body().unwrap_or(&entry.text).to_owned()),
        })
        .collect()
}

fn kill_daemon(world: &World) {
    let pid = world.status()["daemon"]["pid"].as_u64().expect("a pid");
    let kill = format!("kill -9 {pid}");
    world.run(&world.command("sh").args(["-c", &kill])).ok();
}

/// What `torch credit --json` says of an agent.
fn credit(world: &World, role: &str) -> serde_json::Value {
    let view = world.torch(&["credit", "--json"]).ok().json();
    let agents = view["agents"].as_array().expect("agents");
    let own = agents.iter().find(|agent| agent["role"] == role);
    own.expect("the agent").clone()
}

#[test]
fn a_limit_holds_what_comes_and_its_reset_wakes_once_through_the_death_of_the_daemon() {
    let world = world();
    world.team("orchestrator,developer", &scenario(""));
    assert_eq!(credit(&world, "developer")["state"], "unknown");
    let pid = world.agent("developer").pid;
    world.deliver("developer", "stop at the limit");
    world.wait_state("developer", "limited");
    let ids = [
        world.send("developer", "one"),
        world.send("developer", "two"),
    ];
    world.wait_message(&ids[0], "deferred:limited");
    world.wait("the exact reset", || {
        credit(&world, "developer")["held"]["reset_from"] == "transcript"
    });
    let held = credit(&world, "developer");
    assert_eq!(
        (
            &held["state"],
            &held["held"]["limit"],
            &held["held"]["estimate"]
        ),
        (&"exhausted".into(), &"five_hour".into(), &false.into())
    );
    assert_eq!(held["held"]["resets_at"], reset_of(&world, "developer"));
    world
        .torch(&["status"])
        .ok()
        .prints("developer is limited until ");
    world
        .torch(&["why", "developer"])
        .ok()
        .prints("You've hit your 5-hour limit")
        .prints("torch says \"continue\"");
    world
        .torch(&["resume", "--status-only"])
        .ok()
        .prints("exhausted");
    world.torch(&["resume"]).ok();
    kill_daemon(&world);
    world.torch(&["daemon", "start"]).ok();

    world.wait_message(&ids[1], "consumed");
    assert_eq!(
        received(&world, "developer"),
        ["stop at the limit", "continue", "one", "two"]
    );
    let reset = reset_of(&world, "developer");
    for entry in woken(&world, "developer") {
        assert!(entry.at >= reset, "{} is before {reset}", entry.at);
    }
    assert_eq!(world.agent("developer").pid, pid, "it was not restarted");
    world.wait_idle("developer");
    let after = credit(&world, "developer");
    assert!(after["held"].is_null(), "{after}");
    let kinds: Vec<&str> = after["history"]
        .as_array()
        .expect("a history")
        .iter()
        .filter_map(|entry| entry["kind"].as_str())
        .collect();
    assert!(kinds.contains(&"credit.waking"), "{kinds:?}");
    assert_eq!(kinds[0], "credit.over", "{kinds:?}");
    world.torch(&["credit"]).ok().prints("was woken");
    // Without the daemon the registry tells the same.
    world.torch(&["daemon", "stop"]).ok();
    assert_eq!(
        credit(&world, "developer")["history"][0]["kind"],
        "credit.over"
    );
}

#[test]
fn a_program_that_goes_on_by_itself_is_left_alone() {
    let world = world();
    world.team("orchestrator,developer", &scenario(""));
    world.deliver("developer", "wait at the limit");
    world.wait_state("developer", "limited");
    let id = world.send("developer", "one");
    world.wait_message(&id, "deferred:limited");
    world.wait("its own word to be heard", || {
        credit(&world, "developer")["held"]["automatic"] == true
    });
    world
        .torch(&["why", "developer"])
        .ok()
        .prints("it goes on by itself");
    world.wait_message(&id, "consumed");
    world.wait_idle("developer");
    assert_eq!(received(&world, "developer"), ["wait at the limit", "one"]);
    assert!(credit(&world, "developer")["held"].is_null());
}

#[test]
fn agents_of_one_account_are_woken_one_after_the_other() {
    let world = world();
    // Both are in a turn before either meets the limit, which from then on holds what is for the other.
    let both = "[[on]]\nmatch = \"meet it together\"\nsteps = [{ work = { ms = 2500 } }, { limit = { seconds = 6, continues = false } }]\n";
    world.team("orchestrator,developer,tester", &scenario(both));
    let ids = ["developer", "tester"].map(|role| world.send(role, "meet it together"));
    for id in ids {
        world.wait_message(&id, "consumed");
    }
    for role in ["developer", "tester"] {
        world.wait_state(role, "limited");
    }
    let view = world.torch(&["credit", "--json"]).ok().json();
    assert_eq!(view["accounts"].as_array().map(Vec::len), Some(1), "{view}");
    for role in ["developer", "tester"] {
        world.wait_for(DEADLINE, &format!("{role} to be woken"), || {
            (!woken(&world, role).is_empty()).then_some(())
        });
        world.wait_idle(role);
    }
    let [first, second] = ["developer", "tester"].map(|role| woken(&world, role));
    assert_eq!((first.len(), second.len()), (1, 1));
    let apart = first[0].at.abs_diff(second[0].at);
    assert!(apart >= 2_800, "{apart} ms apart");
}

#[test]
fn a_limit_that_is_hit_again_is_waited_for_again() {
    let world = world();
    let again = r#"
[[on]]
match = "Your usage limit was reset"
times = 1
steps = [{ limit = { seconds = 2, continues = false } }]
"#;
    world.team("orchestrator,developer", &scenario(again));
    world.deliver("developer", "stop at the limit");
    world.wait_state("developer", "limited");
    let id = world.send("developer", "one");
    world.wait_message(&id, "consumed");
    assert_eq!(
        received(&world, "developer"),
        ["stop at the limit", "continue", "continue", "one"]
    );
    assert!(woken(&world, "developer")[1].at >= reset_of(&world, "developer"));
}
