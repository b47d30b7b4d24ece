//! opencode's states.

use serde_json::json;

use crate::fixture::{Dialog, Expected};
use crate::recorder::{Recorder, Section};
use crate::scene::{CALM, Scene};
use crate::talk;

pub(crate) const SECTIONS: &[Section] = &[
    Section {
        states: &[
            "ready",
            "draft",
            "draft-lines",
            "draft-paste",
            "draft-wrapped",
            "draft-command",
        ],
        run: composer,
    },
    Section {
        states: &[
            "idle",
            "busy-waiting",
            "busy-thinking",
            "busy-streaming",
            "busy-draft",
            "busy-queued",
            "idle-lines",
            "idle-markdown",
            "interrupt-asked",
            "interrupted",
            "exited",
        ],
        run: turns,
    },
    Section {
        states: &[
            "permission-bash",
            "tool-running",
            "after-tool",
            "permission-edit",
            "refused",
            "quoted-dialog",
        ],
        run: tools,
    },
    Section {
        states: &["retrying-overloaded"],
        run: |recorder| {
            retrying(
                recorder,
                "retrying-overloaded",
                "overloaded",
                Expected::Retrying,
            )
        },
    },
    Section {
        states: &["limit-session"],
        run: |recorder| {
            retrying(
                recorder,
                "limit-session",
                "limit 5h 3600",
                Expected::Limited,
            )
        },
    },
    Section {
        states: &["retrying-dropped"],
        run: |recorder| retrying(recorder, "retrying-dropped", "drop", Expected::Retrying),
    },
    Section {
        states: &["error-auth", "error-too-long"],
        run: errors,
    },
    Section {
        states: &["context-185k"],
        run: context,
    },
    Section {
        states: &["crashed"],
        run: |recorder| talk::crash(&open(recorder)),
    },
];

/// What clears the composer: Ctrl-C once, which leaves where nothing is typed.
const CLEAR: [&str; 1] = ["C-c"];

/// How it says that a turn is under way.
const BUSY: &str = "esc interrupt";

#[track_caller]
fn open(recorder: &Recorder) -> Scene<'_> {
    recorder.open(|seed| seed, |launch| launch).ready()
}

fn composer(recorder: &Recorder) {
    let scene = open(recorder);
    scene.save("ready", Expected::Prompt);
    talk::drafts(&scene, &CLEAR);
    talk::wrapped_draft(&scene, &CLEAR);
    scene.press(&["/"]);
    scene.save_draft("draft-command", "/");
}

fn turns(recorder: &Recorder) {
    let scene = open(recorder);
    talk::turn(&scene);
    talk::answers(&scene);
    let count = scene.count();
    scene.play("slow 20");
    scene.asked(count + 1);
    scene.linger(2_500);
    scene.keys(&["Escape"]);
    scene.linger(300);
    scene.save_after("interrupt-asked", Expected::Busy, "slow 20");
    scene.press(&["Escape"]);
    scene.save_after("interrupted", Expected::Prompt, "slow 20");
    scene.keys(&["C-c"]);
    scene.stage.ended();
    scene.save("exited", Expected::Ended);
}

/// How a permission dialog asks.
const QUESTIONS: [&str; 1] = ["Permission required"];

fn tools(recorder: &Recorder) {
    let scene = open(recorder);
    let bash = "bash touch a.txt && sleep 9";
    scene.play(bash);
    scene.shows(&QUESTIONS);
    scene.save_dialog("permission-bash", Dialog::Permission, Some(bash));
    scene.keys(&["Enter"]);
    scene.linger(4_000);
    scene.save_after("tool-running", Expected::Busy, bash);
    // The second request brings the tool's result.
    scene.asked(2);
    scene.idle();
    scene.save_after("after-tool", Expected::Prompt, bash);

    let file = recorder.project().join("made.txt").display().to_string();
    let write = format!(
        "tool write {}",
        json!({"filePath": file, "content": "one\ntwo\n"})
    );
    scene.play(&write);
    scene.shows(&QUESTIONS);
    scene.save_dialog("permission-edit", Dialog::Permission, Some(&write));
    scene.press(&["Escape"]);
    scene.save_after("refused", Expected::Prompt, &write);
    let quote = "say The dialog said: △ Permission required · Allow once   Allow always   Reject · usage limit reached";
    scene.play(quote);
    scene.idle();
    scene.save_after("quoted-dialog", Expected::Prompt, quote);
}

fn retrying(recorder: &Recorder, state: &str, scenario: &str, expected: Expected) {
    let scene = open(recorder);
    scene.always(Some(scenario));
    scene.say("please go on");
    scene.asked(1);
    scene.appears(&["attempt", "retrying", "Retrying"]);
    scene.linger(1_500);
    scene.save_after(state, expected, scenario);
}

fn errors(recorder: &Recorder) {
    for (state, scenario) in [("error-auth", "auth"), ("error-too-long", "toolong")] {
        let scene = open(recorder);
        scene.always(Some(scenario));
        scene.say("please go on");
        scene.stage.settle("the end of the turn", CALM, |screen| {
            screen.contains("please go on") && !screen.contains(BUSY)
        });
        scene.save_after(state, Expected::Prompt, scenario);
    }
}

fn context(recorder: &Recorder) {
    let scene = open(recorder);
    let scenario = "usage 185000";
    scene.play(scenario);
    scene.idle();
    scene.save_after("context-185k", Expected::Prompt, scenario);
}
