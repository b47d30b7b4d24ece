//! aider's states. It has no tools: what the model writes in a code block it offers to run.

use torch_testing::program::Launch;

use crate::fixture::{Dialog, Expected};
use crate::recorder::{Recorder, Section};
use crate::scene::Scene;
use crate::talk;

pub(crate) const SECTIONS: &[Section] = &[
    Section {
        states: &["ready", "draft", "draft-lines", "draft-wrapped"],
        run: composer,
    },
    Section {
        states: &[
            "idle",
            "busy-waiting",
            "busy-streaming",
            "busy-queued",
            "idle-lines",
            "interrupted",
            "exited",
        ],
        run: turns,
    },
    Section {
        states: &[
            "permission-shell",
            "tool-running",
            "question-output",
            "permission-file",
            "refused",
        ],
        run: questions,
    },
    Section {
        states: &["retrying-overloaded"],
        run: retries,
    },
    Section {
        states: &["error-auth"],
        run: errors,
    },
    Section {
        states: &["crashed"],
        run: |recorder| talk::crash(&open(recorder)),
    },
];

/// What clears the line.
const CLEAR: [&str; 1] = ["C-u"];

#[track_caller]
fn open(recorder: &Recorder) -> Scene<'_> {
    recorder.open(|seed| seed, |launch| launch).ready()
}

fn composer(recorder: &Recorder) {
    let scene = open(recorder);
    scene.save("ready", Expected::Prompt);
    for (state, text) in [
        ("draft", "half a thought"),
        ("draft-lines", "first line\nsecond line\nthird line"),
    ] {
        scene.stage.draft(text);
        scene.save_draft(state, text);
        for _ in text.lines().chain(text.lines()) {
            scene.press(&CLEAR);
            scene.keys(&["BSpace"]);
        }
    }
    talk::wrapped_draft(&scene, &CLEAR);
}

fn turns(recorder: &Recorder) {
    let scene = open(recorder);
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
    scene.play("slow 12");
    scene.asked(count + 1);
    scene.linger(4_000);
    scene.save_after("busy-streaming", Expected::Busy, "slow 12");
    scene.stage.paste("a message while it is busy");
    scene.keys(&["Enter"]);
    scene.linger(1_000);
    scene.save_after("busy-queued", Expected::Busy, "slow 12");
    scene.asked(count + 2);
    scene.idle();
    scene.play("lines 90");
    scene.idle();
    scene.save_after("idle-lines", Expected::Prompt, "lines 90");
    let count = scene.count();
    scene.play("slow 20");
    scene.asked(count + 1);
    scene.linger(2_500);
    scene.press(&["C-c"]);
    scene.save_after("interrupted", Expected::Prompt, "slow 20");
    scene.linger(2_500);
    scene.keys(&["C-c"]);
    scene.linger(500);
    scene.keys(&["C-c"]);
    scene.stage.ended();
    scene.save("exited", Expected::Ended);
}

/// A text that aider makes questions of.
fn block(command: &str) -> String {
    format!("Run this:\n\n```bash\n{command}\n```\n")
}

fn questions(recorder: &Recorder) {
    // Only this form of edits has commands in it.
    let diffs = |launch: Launch| launch.args(["--edit-format", "diff"]);
    let scene = recorder.open(|seed| seed, diffs).ready();
    let say = |text: String| torch_testing::model::Scenario::Say(text);
    scene.model.next([say(block("echo hello && sleep 6"))]);
    scene.say("please go on");
    scene.shows(&["Run shell command?"]);
    scene.save_dialog(
        "permission-shell",
        Dialog::Permission,
        Some("say (a shell command)"),
    );
    scene.keys(&["y", "Enter"]);
    scene.linger(2_500);
    scene.save_after("tool-running", Expected::Busy, "say (a shell command)");
    scene.shows(&["Add command output to the chat?"]);
    scene.save_dialog(
        "question-output",
        Dialog::Permission,
        Some("say (a shell command)"),
    );
    scene.press(&["n", "Enter"]);
    scene
        .model
        .next([say("Please look at README.md first.".to_owned())]);
    scene.say("please go on");
    scene.shows(&["Add file to the chat?"]);
    scene.save_dialog(
        "permission-file",
        Dialog::Permission,
        Some("say (the name of a file)"),
    );
    scene.press(&["n", "Enter"]);
    scene.save_after("refused", Expected::Prompt, "say (the name of a file)");
}

fn retries(recorder: &Recorder) {
    let scene = open(recorder);
    scene.always(Some("overloaded"));
    scene.say("please go on");
    scene.asked(2);
    scene.catch(
        "retrying-overloaded",
        Expected::Retrying,
        "overloaded",
        &["Retrying in"],
    );
}

fn errors(recorder: &Recorder) {
    let scene = open(recorder);
    scene.always(Some("auth"));
    scene.say("please go on");
    scene.shows(&["AuthenticationError"]);
    scene.save_after("error-auth", Expected::Prompt, "auth");
}
