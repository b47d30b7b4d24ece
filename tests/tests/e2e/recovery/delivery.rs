//! A daemon that is killed at any step of a delivery: nothing is lost, nothing comes twice unmarked, nobody is needed.

use torch_testing::{DEADLINE, SCRIPTED, World};

use super::{BACK, check_received, daemon_that_ends_at};
use crate::endurance::next_daemon;

const TO: [&str; 2] = ["developer", "tester"];
/// Messages to each of them at each point.
const EACH: usize = 3;

/// Lets the daemon end at each of the points, with messages to two agents under way.
fn ends_at(points: &[&str]) {
    let world = World::new();
    world.team("orchestrator,developer,tester,testrunner,devops", SCRIPTED);
    let panes: Vec<_> = world.agents().into_iter().map(|it| it.pane).collect();
    let (mut wanted, mut ids) = ([Vec::new(), Vec::new()], Vec::new());
    for point in points {
        let pid = daemon_that_ends_at(&world, point);
        for n in 0..EACH {
            for (role, wanted) in TO.iter().zip(&mut wanted) {
                let text = format!("{point} {n}");
                let key = format!("{role} {text}");
                let what = format!("{key} to be accepted");
                let accepted = || world.try_send(role, &text, &key);
                ids.push(world.wait_for(DEADLINE, &what, accepted));
                wanted.push(text);
            }
        }
        next_daemon(&world, pid);
        let line = format!("TORCH_TEST_CRASH ends the daemon at {}", name(point));
        assert!(world.log().contains(&line), "{point}: {}", world.log());
        // Nothing is asked of the daemon: that could start one.
        let what = format!("all messages to arrive after the end at {point}");
        let arrived = |role: &&str| {
            let received = world.received(role);
            let last = received.iter().filter(|text| text.starts_with(point));
            last.collect::<std::collections::BTreeSet<_>>().len() == EACH
        };
        let mut all = || TO.iter().all(arrived).then_some(());
        world.wait_for(BACK, &what, &mut all);
        for id in ids.drain(..) {
            world.wait_message_for(&id, "consumed", BACK);
        }
    }
    for (role, wanted) in TO.iter().zip(&wanted) {
        check_received(&world, role, wanted);
    }
    let after: Vec<_> = world.agents().into_iter().map(|it| it.pane).collect();
    assert_eq!(after, panes, "no agent noticed");
    world.torch(&["audit", "verify"]).ok();
}

fn name(point: &str) -> &str {
    point.split_once(':').map_or(point, |(name, _)| name)
}

#[test]
fn while_it_accepts_and_claims() {
    ends_at(&[
        "before-message.accepted:2",
        "message.accepted:2",
        "before-delivery.claimed",
        "delivery.claimed:2",
    ]);
}

#[test]
fn while_it_pastes() {
    ends_at(&[
        "before-delivery.pasting:2",
        "delivery.pasting",
        "did-paste:2",
        "before-delivery.pasted",
        "delivery.pasted:2",
    ]);
}

#[test]
fn while_it_presses_enter() {
    ends_at(&[
        "before-delivery.entering",
        "delivery.entering:2",
        "did-press",
        "before-delivery.entered:2",
        "delivery.entered",
    ]);
}

#[test]
fn while_it_hears_that_it_arrived() {
    ends_at(&[
        "before-delivery.accepted:2",
        "delivery.accepted",
        "before-delivery.consumed",
        "delivery.consumed:2",
    ]);
}

#[test]
fn while_a_planned_note_is_due() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    for point in ["before-schedule.fired", "schedule.fired"] {
        let pid = daemon_that_ends_at(&world, point);
        let text = format!("look at {point}");
        world.torch(&["schedule", "1s", &text, "developer"]).ok();
        next_daemon(&world, pid);
        let said = || {
            let mut entries = world.ledger("developer");
            entries.retain(|entry| entry.text.contains(&text));
            entries.len()
        };
        world.wait("the note to arrive", || said() > 0);
        world.deliver("developer", &format!("after {point}"));
        assert_eq!(said(), 1, "{point}");
    }
}
