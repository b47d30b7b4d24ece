//! What all programs go through alike: drafts, a turn, its end.

use crate::fixture::Expected;
use crate::scene::{Beside, Scene};

/// Drafts of one line, of several, and a long paste. The composer is empty again afterwards, by `clear`.
#[track_caller]
pub(crate) fn drafts(scene: &Scene<'_>, clear: &[&str]) {
    let long: Vec<String> = (1..=60)
        .map(|n| format!("line {n} of a longer text"))
        .collect();
    let long = long.join("\n");
    for (state, text) in [
        ("draft", "half a thought"),
        ("draft-lines", "first line\nsecond line\nthird line"),
        ("draft-paste", long.as_str()),
    ] {
        scene.stage.draft(text);
        scene.save_draft(state, text);
        scene.press(clear);
    }
}

/// A draft that wraps over rows of the composer.
#[track_caller]
pub(crate) fn wrapped_draft(scene: &Scene<'_>, clear: &[&str]) {
    let words: Vec<String> = (1..=60).map(|n| format!("word{n}")).collect();
    let text = words.join(" ");
    scene.stage.draft(&text);
    scene.save_draft("draft-wrapped", &text);
    scene.press(clear);
}

/// A turn in its stages: waiting for the first word, thinking, streaming, with a queued message; and its end.
#[track_caller]
pub(crate) fn turn(scene: &Scene<'_>) {
    scene.play("say A short answer.");
    scene.idle();
    scene.save_after("idle", Expected::Prompt, "say");
    let count = scene.count();
    scene.play("stall 6");
    scene.asked(count + 1);
    scene.linger(2_500);
    scene.save_after("busy-waiting", Expected::Busy, "stall 6");
    scene.idle();
    let count = scene.count();
    scene.play("think 6");
    scene.asked(count + 1);
    scene.linger(3_000);
    scene.save_after("busy-thinking", Expected::Busy, "think 6");
    scene.idle();
    let count = scene.count();
    // The queued message makes a turn of its own, or ends this one.
    scene
        .model
        .next(["slow 14", "slow 6"].map(|text| text.parse().expect("a scenario")));
    scene.say("please go on");
    scene.asked(count + 1);
    scene.linger(4_000);
    scene.save_after("busy-streaming", Expected::Busy, "slow 14");
    scene.stage.paste("a message while it is busy");
    scene.linger(700);
    let beside = Beside {
        draft: Some("a message while it is busy"),
        scenario: Some("slow 14"),
        ..Beside::default()
    };
    scene.save_with("busy-draft", Expected::Busy, &beside);
    scene.keys(&["Enter"]);
    scene.linger(1_000);
    scene.save_after("busy-queued", Expected::Busy, "slow 14");
    scene.idle();
}

/// Long and formatted answers, of which the end is on the screen.
#[track_caller]
pub(crate) fn answers(scene: &Scene<'_>) {
    for (state, scenario) in [("idle-lines", "lines 90"), ("idle-markdown", "markdown")] {
        scene.play(scenario);
        scene.idle();
        scene.save_after(state, Expected::Prompt, scenario);
    }
}

/// The program killed in the middle of a turn. Killed at its prompt it leaves the screen exactly as it was.
#[track_caller]
pub(crate) fn crash(scene: &Scene<'_>) {
    scene.play("slow 30");
    scene.linger(2_500);
    scene.stage.kill();
    scene.stage.ended();
    scene.save_after("crashed", Expected::Ended, "slow 30");
}
