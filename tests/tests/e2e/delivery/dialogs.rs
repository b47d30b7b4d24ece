//! Permission dialogs: nothing is ever typed into one, whenever it opens.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use torch_testing::{SCRIPTED, World};

/// What stands on the screen while a dialog is open.
const QUESTION: &str = "Do you want to proceed?";

/// How many dialogs one run has; four runs make two hundred.
const DIALOGS: usize = 50;

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
            .any(|entry| entry.text.contains("asks for permission"))
    });
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
fn dialogs_at_random_moments_are_never_approved_1() {
    race(1);
}

#[test]
fn dialogs_at_random_moments_are_never_approved_2() {
    race(2);
}

#[test]
fn dialogs_at_random_moments_are_never_approved_3() {
    race(3);
}

#[test]
fn dialogs_at_random_moments_are_never_approved_4() {
    race(4);
}

/// Each message begins a turn that opens a dialog after a random while; a person refuses it after another one, while
/// messages go on coming.
fn race(seed: u64) {
    let world = World::new();
    // Which delay a message gets follows from its number; `-` ends it, so that 1 is not taken for 11.
    let mut random = Random(seed);
    let rules: String = (0..DIALOGS)
        .map(|n| rule(&format!(" ask {n}-"), random.below(40)))
        .collect();
    world.team("orchestrator,developer", &format!("{SCRIPTED}\n{rules}"));
    let pane = world.agent("developer").pane_id().to_owned();
    let all_sent = AtomicBool::new(false);
    let ids = std::thread::scope(|scope| {
        let person = scope.spawn(|| refuse_all(&world, &pane, &all_sent, Random(seed + 100)));
        let mut ids = Vec::new();
        for n in 0..DIALOGS {
            ids.push(world.send("developer", &format!("please ask {n}-")));
            pause(random.below(60));
        }
        all_sent.store(true, Ordering::Relaxed);
        person.join().expect("the person's part");
        ids
    });
    for id in &ids {
        world.wait_message(id, "consumed");
    }
    let expected: Vec<String> = (0..DIALOGS).map(|n| format!("please ask {n}-")).collect();
    assert_eq!(world.received("developer"), expected, "each once, in order");
    assert_eq!(world.count("developer", "approved"), 0);
    assert_eq!(world.count("developer", "refused"), DIALOGS);
}

/// Refuses each dialog a random while after it is seen, until all are.
fn refuse_all(world: &World, pane: &str, all_sent: &AtomicBool, mut random: Random) {
    world.wait_for(Duration::from_secs(60), "all dialogs to be refused", || {
        if world.pane_screen(pane).contains(QUESTION) {
            pause(random.below(40));
            // A digit that comes alone acts at once; nobody but this person closes the dialog.
            world.tmux(&["send-keys", "-t", pane, "2"]).ok();
        }
        let done =
            all_sent.load(Ordering::Relaxed) && world.count("developer", "refused") == DIALOGS;
        done.then_some(())
    });
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
