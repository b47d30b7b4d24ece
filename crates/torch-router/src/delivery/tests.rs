//! The machine against sights and outcomes, without a pane.

use super::*;
use torch_core::message::{Decision, Verdict};
use torch_core::screen::{Composer, ScreenKind};
use torch_core::{MessageId, MessageKind, Recipient, RoleName, Sender, TeamId};

use crate::tag;

/// A message from a person to the developer.
pub(crate) fn envelope(body: &str) -> Envelope {
    Envelope {
        id: MessageId::new(1_000, 0xfeed_beef_cafe),
        team: TeamId::new(1, 1),
        at: Timestamp(1_000),
        kind: MessageKind::Message,
        sender: Sender::Human,
        sender_rule: String::new(),
        recipient: Recipient::Agent {
            agent: torch_core::AgentId::new(1, 1),
            role: RoleName::parse("developer").expect("a role"),
        },
        target: "developer".into(),
        pair_seq: 17,
        body: body.into(),
        original: None,
        cleaned: vec![],
        verdict: Verdict {
            decision: Decision::Deliver,
            rule: String::new(),
            reason: String::new(),
        },
        critical: vec![],
        key: None,
        expires: None,
        inline: false,
        urgent: false,
        body_file: None,
        cause: None,
    }
}

fn flight() -> Flight {
    queued(Timestamp(1_000))
}

/// The delivery of a message that waits since `now`.
pub(crate) fn queued(now: Timestamp) -> Flight {
    let envelope = envelope("hello there");
    let delivery = Delivery {
        message: envelope.id,
        state: DeliveryState::Queued,
        reason: None,
        attempt: 1,
        possible_duplicate: false,
        launch: None,
        since: now,
        evidence: String::new(),
    };
    let text = tag::text(&envelope, 1, None);
    Flight::new(envelope, delivery, text)
}

fn sight(kind: ScreenKind, composer: Option<&str>) -> Sight {
    let composer = composer.map(|text| Composer {
        text: text.to_owned(),
        rows: 1..2,
        ..Composer::default()
    });
    let fingerprint = composer.as_ref().map_or(0, |c| c.text.len() as u64);
    Sight {
        fitness: PaneFitness::Fit,
        reading: ScreenReading {
            kind,
            composer,
            evidence: "test".into(),
            ..ScreenReading::default()
        },
        fingerprint,
    }
}

fn prompt(text: &str) -> Sight {
    sight(ScreenKind::Prompt, Some(text))
}

const P: Patience = Patience {
    copy_mode: Duration::from_secs(30),
    draft_notice: Duration::from_secs(120),
    evidence: Duration::from_secs(5),
    settle: Duration::ZERO,
};

fn at(ms: u64) -> Timestamp {
    Timestamp(1_000 + ms)
}

fn states(step: &Step) -> Vec<DeliveryState> {
    step.passed.iter().map(|(state, _)| *state).collect()
}

fn entered() -> Flight {
    let mut f = flight();
    f.claim(at(0));
    assert_eq!(f.on_sight(&prompt(""), &P, at(1)).act, Act::Paste);
    f.on_pasted(Outcome::Applied, at(2));
    let text = f.text.clone();
    let step = f.on_sight(&prompt(&text), &P, at(4));
    assert!(
        matches!(step.act, Act::Press { line_end: Some(_) }),
        "{step:?}"
    );
    f.on_pressed(Outcome::Applied, &P, at(5));
    f
}

#[test]
fn the_straight_way() {
    let mut f = flight();
    assert_eq!(states(&f.claim(at(0))), [DeliveryState::Claimed]);
    let step = f.on_sight(&prompt(""), &P, at(1));
    assert_eq!(
        (states(&step), step.act),
        (vec![DeliveryState::Pasting], Act::Paste)
    );
    assert_eq!(
        states(&f.on_pasted(Outcome::Applied, at(2))),
        [DeliveryState::Pasted]
    );
    assert!(matches!(
        f.on_sight(&prompt("[torch m-"), &P, at(3)).act,
        Act::ProbeAfter(_)
    ));
    let text = f.text.clone();
    let step = f.on_sight(&prompt(&text), &P, at(4));
    assert_eq!(states(&step), [DeliveryState::Entering]);
    let step = f.on_pressed(Outcome::Applied, &P, at(5));
    assert_eq!(step.act, Act::AwaitProof(P.evidence));
    let step = f.on_proof(Proof::Hook, at(30));
    assert_eq!(
        (states(&step), step.act),
        (vec![DeliveryState::Accepted], Act::ReadTranscript)
    );
    assert_eq!(
        states(&f.on_proof(Proof::Transcript, at(31))),
        [DeliveryState::Consumed]
    );
    assert!(states(&f.on_proof(Proof::Hook, at(32))).is_empty());
}

#[test]
fn nothing_is_typed_into_a_dialog_a_draft_or_a_shell() {
    for (seen, reason) in [
        (sight(ScreenKind::Asking, None), DeferReason::Asking),
        (sight(ScreenKind::Asking, Some("")), DeferReason::Asking),
        (sight(ScreenKind::Unknown, None), DeferReason::UnknownScreen),
        (sight(ScreenKind::Busy, Some("")), DeferReason::Busy),
        (prompt("half a draft"), DeferReason::Draft),
        (
            Sight {
                fitness: PaneFitness::NoAgent,
                ..prompt("")
            },
            DeferReason::NoAgent,
        ),
        (
            Sight {
                fitness: PaneFitness::NoInput,
                ..prompt("")
            },
            DeferReason::PaneInput,
        ),
        (
            Sight {
                fitness: PaneFitness::Mode { attached: true },
                ..prompt("")
            },
            DeferReason::CopyMode,
        ),
    ] {
        let mut f = flight();
        f.claim(at(0));
        let step = f.on_sight(&seen, &P, at(1));
        assert!(matches!(step.act, Act::ProbeAfter(_)), "{reason}: {step:?}");
        assert_eq!(f.delivery.reason, Some(reason));
        let again = f.on_sight(&seen, &P, at(2));
        assert!(
            again.passed.is_empty() && again.notice.is_none(),
            "{reason}: said twice"
        );
        assert_eq!(
            f.on_sight(&prompt(""), &P, at(3)).act,
            Act::Paste,
            "{reason}: goes on"
        );
    }
}

#[test]
fn a_dialog_between_paste_and_enter_gets_no_enter() {
    let mut f = flight();
    f.claim(at(0));
    f.on_sight(&prompt(""), &P, at(1));
    f.on_pasted(Outcome::Applied, at(2));
    let step = f.on_sight(&sight(ScreenKind::Asking, None), &P, at(3));
    assert_eq!(f.delivery.reason, Some(DeferReason::Asking));
    assert_eq!(step.notice, Some(Notice::Asking));
    let text = f.text.clone();
    assert!(
        matches!(f.on_sight(&prompt(&text), &P, at(9)).act, Act::Press { .. }),
        "the text is still there"
    );
}

#[test]
fn a_cut_paste_is_noticed_and_never_submitted() {
    let mut f = flight();
    f.claim(at(0));
    f.on_sight(&prompt(""), &P, at(1));
    f.on_pasted(Outcome::Applied, at(2));
    let cut: String = f.text.chars().take(f.text.len() - 4).collect();
    assert!(matches!(
        f.on_sight(&prompt(&cut), &P, at(100)).act,
        Act::ProbeAfter(_)
    ));
    let step = f.on_sight(&prompt(&cut), &P, at(3_000));
    assert_eq!(f.delivery.reason, Some(DeferReason::NotShown));
    assert_eq!(step.notice, Some(Notice::NotShown));
    let step = f.on_sight(&prompt(&cut), &P, at(9_000));
    assert!(matches!(step.act, Act::ProbeAfter(_)) && step.passed.is_empty());
    assert_eq!(
        f.on_sight(&prompt(""), &P, at(10_000)).act,
        Act::Paste,
        "cleared by a person"
    );
}

#[test]
fn a_paste_that_never_shows_is_not_pasted_twice_into_a_frozen_screen() {
    let mut f = flight();
    f.claim(at(0));
    f.on_sight(&prompt(""), &P, at(1));
    f.on_pasted(Outcome::Applied, at(2));
    f.on_sight(&prompt(""), &P, at(3_000));
    assert_eq!(f.delivery.reason, Some(DeferReason::NotShown));
    assert!(matches!(
        f.on_sight(&prompt(""), &P, at(6_000)).act,
        Act::ProbeAfter(_)
    ));
    let moved = Sight {
        fingerprint: 77,
        ..prompt("")
    };
    assert_eq!(f.on_sight(&moved, &P, at(7_000)).act, Act::Paste);
}

#[test]
fn a_lost_enter_is_pressed_again_and_the_paste_is_not_repeated() {
    let mut f = entered();
    assert_eq!(states(&f.on_timer(at(5_100))), [DeliveryState::Uncertain]);
    let text = f.text.clone();
    let step = f.on_sight(&prompt(&text), &P, at(5_101));
    assert!(matches!(step.act, Act::Press { .. }), "{step:?}");
    assert_eq!(f.delivery.attempt, 1);
}

#[test]
fn no_trace_means_a_marked_second_try() {
    let mut f = entered();
    f.on_timer(at(5_100));
    assert_eq!(
        f.on_sight(&prompt(""), &P, at(5_101)).act,
        Act::ReadTranscript
    );
    assert_eq!(
        f.on_no_proof(false, at(5_102)).act,
        Act::ProbeAfter(REDELIVER_AFTER)
    );
    assert_eq!(
        f.on_timer(at(15_200)).act,
        Act::Probe,
        "another look comes first"
    );
    assert_eq!(
        f.on_sight(&prompt(""), &P, at(15_201)).act,
        Act::ReadTranscript
    );
    let step = f.on_no_proof(false, at(15_202));
    assert_eq!(states(&step), [DeliveryState::Queued]);
    assert!(f.delivery.possible_duplicate && f.delivery.attempt == 2);
    assert!(f.text.contains("try=2]") && !f.text.contains("try=1]"));
}

#[test]
fn a_covered_composer_is_no_missing_message() {
    let mut f = entered();
    f.on_timer(at(5_100));
    for n in 0..20 {
        let step = f.on_sight(&sight(ScreenKind::Asking, None), &P, at(5_200 + n * 5_000));
        assert!(
            matches!(step.act, Act::ProbeAfter(_)) && step.passed.is_empty(),
            "{step:?}"
        );
    }
    let text = f.text.clone();
    let step = f.on_sight(&prompt(&text), &P, at(200_000));
    assert!(
        matches!(step.act, Act::Press { .. }),
        "it was there all the time: {step:?}"
    );
    assert_eq!(f.delivery.attempt, 1);
}

#[test]
fn a_message_with_a_draft_behind_it_is_neither_submitted_nor_repeated() {
    let mut f = entered();
    f.on_timer(at(5_100));
    let mixed = format!("{} and a dra", f.text);
    let step = f.on_sight(&prompt(&mixed), &P, at(5_101));
    assert_eq!(states(&step), [DeliveryState::Deferred]);
    assert_eq!(f.delivery.reason, Some(DeferReason::NotShown));
    let text = f.text.clone();
    assert!(matches!(
        f.on_sight(&prompt(&text), &P, at(9_000)).act,
        Act::Press { .. }
    ));
    assert_eq!(f.delivery.attempt, 1);
}

#[test]
fn late_proof_beats_the_second_try() {
    let mut f = entered();
    f.on_timer(at(5_100));
    f.on_sight(&prompt(""), &P, at(5_101));
    f.on_no_proof(false, at(5_102));
    assert_eq!(
        states(&f.on_proof(Proof::Hook, at(6_000))),
        [DeliveryState::Accepted]
    );
    assert!(f.on_timer(at(15_200)).passed.is_empty());
}

#[test]
fn a_program_that_died_with_the_message_gets_it_again_marked() {
    for accepted in [false, true] {
        let mut f = entered();
        if accepted {
            f.on_proof(Proof::Hook, at(30));
        }
        assert_eq!(f.on_agent_gone(at(40)).act, Act::ReadTranscript);
        let step = f.on_no_proof(true, at(41));
        assert_eq!(states(&step), [DeliveryState::Queued]);
        assert_eq!(f.delivery.attempt, 2);
    }
    let mut f = entered();
    f.on_agent_gone(at(40));
    assert_eq!(
        states(&f.on_proof(Proof::Transcript, at(41))),
        [DeliveryState::Consumed]
    );
}

#[test]
fn torch_gives_up_after_its_tries_and_says_so() {
    let mut f = entered();
    for _ in 1..TRIES_MAX {
        f.on_agent_gone(at(40));
        f.on_no_proof(true, at(41));
        f.claim(at(42));
        f.on_sight(&prompt(""), &P, at(43));
        f.on_pasted(Outcome::Applied, at(44));
        let text = f.text.clone();
        f.on_sight(&prompt(&text), &P, at(45));
        f.on_pressed(Outcome::Applied, &P, at(46));
    }
    f.on_agent_gone(at(50));
    let step = f.on_no_proof(true, at(51));
    assert_eq!(states(&step), [DeliveryState::Dead]);
    assert_eq!(step.notice, Some(Notice::GivenUp));
}

#[test]
fn the_settle_time_passes_before_the_enter() {
    let mut f = flight();
    let slow = Patience {
        settle: Duration::from_millis(100),
        ..P
    };
    f.claim(at(0));
    f.on_sight(&prompt(""), &slow, at(1));
    f.on_pasted(Outcome::Applied, at(2));
    let text = f.text.clone();
    assert_eq!(
        f.on_sight(&prompt(&text), &slow, at(10)).act,
        Act::ProbeAfter(Duration::from_millis(100))
    );
    assert!(matches!(
        f.on_sight(&prompt(&text), &slow, at(110)).act,
        Act::Press { .. }
    ));
}

#[test]
fn copy_mode_is_left_after_the_set_time() {
    let mut f = flight();
    f.claim(at(0));
    let scrolling = Sight {
        fitness: PaneFitness::Mode { attached: true },
        ..prompt("")
    };
    f.on_sight(&scrolling, &P, at(1));
    assert!(matches!(
        f.on_sight(&scrolling, &P, at(29_000)).act,
        Act::ProbeAfter(_)
    ));
    assert_eq!(f.on_sight(&scrolling, &P, at(31_000)).act, Act::Paste);
}

/// A delivery that a daemon takes up which did not order its paste.
fn taken_up(state: DeliveryState) -> Flight {
    let launch = Some(torch_core::LaunchId::new(1, 1));
    let mut f = flight();
    f.delivery.state = state;
    f.delivery.launch = launch;
    f.resume(at(0));
    f.resume_in(launch);
    f
}

#[test]
fn a_paste_that_another_daemon_ordered_may_come_up_so_the_next_is_another_try() {
    let mut f = taken_up(DeliveryState::Pasting);
    assert!(f.may_stand_in_composer());
    let step = f.on_sight(&prompt(""), &P, at(1));
    assert_eq!((step.act, f.delivery.attempt), (Act::Paste, 2));
    assert!(f.delivery.possible_duplicate && f.text.contains("try=2]"));

    let mut f = taken_up(DeliveryState::Pasted);
    f.on_sight(&prompt(""), &P, at(3_000));
    let moved = Sight {
        fingerprint: 77,
        ..prompt("")
    };
    let step = f.on_sight(&moved, &P, at(6_000));
    assert_eq!((step.act, f.delivery.attempt), (Act::Paste, 2));
}

#[test]
fn a_paste_that_came_up_is_submitted_by_another_daemon_as_the_same_try() {
    let mut f = taken_up(DeliveryState::Pasting);
    let text = f.text.clone();
    let step = f.on_sight(&prompt(&text), &P, at(1));
    assert!(matches!(step.act, Act::Press { .. }), "{step:?}");
    assert_eq!(f.delivery.attempt, 1);
}

#[test]
fn a_refused_paste_is_no_try() {
    let mut f = flight();
    f.claim(at(0));
    f.on_sight(&prompt(""), &P, at(1));
    f.on_pasted(Outcome::Refused, at(2));
    let step = f.on_sight(&prompt(""), &P, at(3));
    assert_eq!((step.act, f.delivery.attempt), (Act::Paste, 1));
}

#[test]
fn a_look_that_was_asked_for_before_the_paste_does_not_repeat_it() {
    let mut f = flight();
    f.claim(at(0));
    f.on_sight(&prompt(""), &P, at(1));
    assert!(f.is_acting());
    let late = f.on_sight(&prompt(""), &P, at(2));
    assert_eq!((late.act, late.passed.len()), (Act::None, 0));
    f.on_pasted(Outcome::Applied, at(3));
    assert!(!f.is_acting());
    let text = f.text.clone();
    f.on_sight(&prompt(&text), &P, at(4));
    let late = f.on_sight(&prompt(&text), &P, at(5));
    assert_eq!((late.act, late.passed.len()), (Act::None, 0));
}

#[test]
fn a_paste_that_a_person_cleared_is_followed_by_another_try() {
    let mut f = flight();
    f.claim(at(0));
    f.on_sight(&prompt(""), &P, at(1));
    f.on_pasted(Outcome::Applied, at(2));
    f.on_sight(&sight(ScreenKind::Asking, None), &P, at(3));
    let step = f.on_sight(&prompt(""), &P, at(9));
    assert_eq!((step.act, f.delivery.attempt), (Act::Paste, 2));
    // Refused, it did not become a third one.
    f.on_pasted(Outcome::Refused, at(10));
    let step = f.on_sight(&prompt(""), &P, at(500));
    assert_eq!((step.act, f.delivery.attempt), (Act::Paste, 2));
}

#[test]
fn a_paste_into_a_program_that_ended_is_followed_by_another_try() {
    let mut f = flight();
    f.claim(at(0));
    f.on_sight(&prompt(""), &P, at(1));
    f.on_pasted(Outcome::Applied, at(2));
    // A person may have pressed Enter before its end.
    f.on_agent_gone(at(3));
    assert!(!f.may_stand_in_composer());
    let step = f.on_sight(&prompt(""), &P, at(4));
    assert_eq!((step.act, f.delivery.attempt), (Act::Paste, 2));
    assert!(!f.may_have_arrived(), "torch never pressed Enter");
}

/// The same screen, redrawn otherwise around the composer.
fn redrawn(text: &str) -> Sight {
    Sight {
        fingerprint: 99,
        ..prompt(text)
    }
}

#[test]
fn a_look_right_after_the_enter_presses_no_other() {
    let mut f = entered();
    let text = f.text.clone();
    // A record of the agent's came in between, and so its turn: the program has not redrawn yet.
    for (ms, sight) in [(10, prompt(&text)), (4_000, redrawn(&text))] {
        f.claim(at(ms));
        let step = f.on_sight(&sight, &P, at(ms));
        let rest = Duration::from_millis(5_005 - ms);
        assert_eq!(step, Step::only(Act::AwaitProof(rest)));
    }
    let step = f.on_proof(Proof::Hook, at(4_010));
    assert_eq!(states(&step), [DeliveryState::Accepted]);
}

#[test]
fn a_screen_that_stands_still_presses_no_other_enter_for_a_while() {
    // Of a program that only its screen tells of.
    let quick = Patience {
        evidence: Duration::from_millis(300),
        ..P
    };
    let mut f = entered();
    let text = f.text.clone();
    f.on_timer(at(305));
    for ms in [310, 1_000, 5_000] {
        let step = f.on_sight(&prompt(&text), &quick, at(ms));
        assert!(matches!(step.act, Act::ProbeAfter(_)), "{ms}: {step:?}");
        assert_eq!((step.passed, step.notice), (vec![], None), "{ms}");
    }
    let step = f.on_sight(&prompt(&text), &quick, at(5_006));
    assert!(matches!(step.act, Act::Press { .. }), "{step:?}");
    assert_eq!(step.notice, Some(Notice::StrayEnter));
}
