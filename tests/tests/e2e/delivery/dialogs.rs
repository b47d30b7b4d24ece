//! Permission dialogs: nothing is ever typed into one, whenever it opens.

use std::time::Duration;

use torch_testing::{Entry, SCRIPTED, World};

/// What stands on the screen while a dialog is open.
const QUESTION: &str = "Do you want to proceed?";

/// Within so many milliseconds a dialog may not have reached tmux's screen yet, on a machine with two busy cores.
const DRAWN_MS: u64 = 25;

/// How many dialogs one run has; four runs make two hundred.
const DIALOGS: usize = 50;

/// Who is asked at the same time.
const ROLES: [&str; 5] = [
    "orchestrator",
    "project_manager",
    "developer",
    "tester",
    "testrunner",
];

#[test]
fn an_open_dialog_keeps_messages_waiting_and_the_person_hears_of_it() {
    let world = World::new();
    world.team(
        "orchestrator,developer",
        &format!("{SCRIPTED}\n{}", rule("ask me", 0)),
    );
    world.deliver("developer", "ask me");
    world.wait_state("developer", "asking");
    let before = world.screen("developer");
    assert!(before.contains(QUESTION), "{before}");
    let ids: Vec<String> = (0..3)
        .map(|n| world.send("developer", &format!("1{n}")))
        .collect();
    world.wait_message(&ids[0], "deferred:asking");
    world.wait("the hub to be told", || {
        world
            .ledger("orchestrator")
            .iter()
            .any(|entry| entry.text.contains("torch approve q-"))
    });
    let pending = world.torch(&["pending"]).ok().stdout;
    assert!(
        pending.contains("q-") && pending.contains(QUESTION),
        "{pending}"
    );
    assert_eq!(world.screen("developer"), before);
    world.keys("developer", &["Escape"]);
    world.wait_message(&ids[2], "consumed");
    assert_eq!(world.received("developer"), ["ask me", "10", "11", "12"]);
    assert_eq!(
        (
            world.count("developer", "approved"),
            world.count("developer", "refused")
        ),
        (0, 1)
    );
}

#[test]
fn dialogs_at_random_moments_are_not_answered_1() {
    race(1);
}

#[test]
fn dialogs_at_random_moments_are_not_answered_2() {
    race(2);
}

#[test]
fn dialogs_at_random_moments_are_not_answered_3() {
    race(3);
}

#[test]
fn dialogs_at_random_moments_are_not_answered_4() {
    race(4);
}

#[test]
fn dialogs_of_turns_are_never_answered_1() {
    turns(11);
}

#[test]
fn dialogs_of_turns_are_never_answered_2() {
    turns(12);
}

#[test]
fn dialogs_of_turns_are_never_answered_3() {
    turns(13);
}

#[test]
fn dialogs_of_turns_are_never_answered_4() {
    turns(14);
}

/// Programs open dialogs within their turns: messages keep coming at random moments before, while and after one is
/// open, the person refuses each after a random while, and none is ever approved.
fn turns(seed: u64) {
    let world = World::new().with("TORCH_LIMITS_TURNS_PER_HOUR", "0");
    world.team(
        &ROLES.join(","),
        &format!("{SCRIPTED}\n{}", rule(r"\bask \d", 15)),
    );
    let mut random = Random(seed);
    let mut expected: Vec<Vec<String>> = vec![Vec::new(); ROLES.len()];
    for round in 0..DIALOGS / ROLES.len() {
        for (role, expected) in ROLES.iter().zip(&mut expected) {
            let mut bodies = vec![format!("ask {round}")];
            bodies.extend((0..random.below(3)).map(|n| format!("note {round}.{n}")));
            for body in bodies {
                world.send(role, &body);
                expected.push(body);
                pause(random.below(20));
            }
        }
        for role in ROLES {
            // The question's words alone may stand in a notice to the orchestrator as well.
            world.wait("the dialog to be open", || {
                let screen = world.screen(role);
                screen.contains(QUESTION) && screen.trim_end().ends_with("Esc to cancel")
            });
            pause(random.below(40));
            world.keys(role, &["Escape"]);
            world.wait("the dialog to be over", || {
                world.count(role, "refused") + world.count(role, "approved") > round
            });
        }
    }
    for (role, expected) in ROLES.iter().zip(&expected) {
        world.wait("all messages to have arrived", || {
            mine(&world, role).len() >= expected.len()
        });
        assert_eq!(&mine(&world, role), expected, "{role}: each once, in order");
        assert_eq!(world.count(role, "approved"), 0, "{role}");
        assert_eq!(
            world.count(role, "refused"),
            DIALOGS / ROLES.len(),
            "{role}"
        );
    }
}

/// What the test sent to a role, without torch's notices.
fn mine(world: &World, role: &str) -> Vec<String> {
    let mut received = world.received(role);
    received.retain(|body| body.starts_with("ask ") || body.starts_with("note "));
    received
}

/// Messages are sent at random moments to a program that opens and closes dialogs at random moments, in turns and
/// between them, and reports none of them: only its screen shows them.
fn race(seed: u64) {
    let world = World::new().with("TORCH_LIMITS_TURNS_PER_HOUR", "0");
    let dialogs = format!(
        "[dialogs]\nseed = {seed}\ncount = {DIALOGS}\npause_ms = [10, 150]\nopen_ms = [5, 80]\n"
    );
    world.team("orchestrator", &format!("{SCRIPTED}\n{dialogs}"));
    let mut random = Random(seed);
    let mut expected = Vec::new();
    let mut last = String::new();
    // Messages go on coming for as long as there are dialogs.
    while answered(&world).len() < DIALOGS {
        let body = format!("message {}", expected.len());
        last = world.send("orchestrator", &body);
        expected.push(body);
        pause(random.below(60));
    }
    world.wait_message(&last, "consumed");
    assert_eq!(
        world.received("orchestrator"),
        expected,
        "each once, in order"
    );
    // What no program can exclude that types into another one (docs/delivery.md): a dialog that opens while the Enter
    // is on its way, before its first drawing has reached tmux. One that is on the screen is never answered.
    let approved = answered(&world)
        .into_iter()
        .filter(|entry| entry.kind == "approved");
    let on_screen: Vec<Entry> = approved
        .filter(|entry| entry.open_ms.is_none_or(|ms| ms > DRAWN_MS))
        .collect();
    assert_eq!(on_screen, []);
}

/// The dialogs that are over.
fn answered(world: &World) -> Vec<Entry> {
    let mut entries = world.ledger("orchestrator");
    entries.retain(|entry| matches!(entry.kind.as_str(), "approved" | "refused"));
    entries
}

fn rule(pattern: &str, ms: u64) -> String {
    format!(
        "[[on]]\nmatch = '{pattern}'\nsteps = [{{ work = {{ ms = {ms} }} }}, {{ ask_permission = {{ tool = 'Bash', command = 'rm -r x' }} }}]\n"
    )
}

/// Random moments are what is tested here, so this does wait for a time.
fn pause(ms: u64) {
    torch_testing::poll(Duration::from_millis(ms), || None::<()>);
}

/// A small generator (xorshift64), so that a seed gives the same run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}
