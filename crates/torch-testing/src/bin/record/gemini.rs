//! Gemini CLI's states.

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
            "permission-write",
            "refused",
            "permission-fetch",
            "quoted-dialog",
        ],
        run: tools,
    },
    Section {
        states: &["trust"],
        run: untrusted,
    },
    Section {
        states: &["busy-refused"],
        run: retries,
    },
    Section {
        states: &["error-auth", "error-dropped"],
        run: errors,
    },
    Section {
        states: &["limit-day"],
        run: limit,
    },
    Section {
        states: &["context-900k"],
        run: context,
    },
    Section {
        states: &["crashed"],
        run: |recorder| talk::crash(&open(recorder)),
    },
];

/// What clears the composer: Ctrl-C once.
const CLEAR: [&str; 1] = ["C-c"];

/// How it says that a turn is under way.
const BUSY: &str = "esc to cancel";

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
    scene.press(&["Escape"]);
    scene.save_after("interrupted", Expected::Prompt, "slow 20");
    // An interrupted prompt may stand in the composer again.
    scene.press(&["C-c"]);
    scene.linger(1_500);
    scene.keys(&["C-c"]);
    scene.linger(300);
    scene.keys(&["C-c"]);
    scene.stage.ended();
    scene.save("exited", Expected::Ended);
}

/// How a permission dialog asks.
const QUESTIONS: [&str; 3] = [
    "Allow execution of",
    "Apply this change?",
    "Do you want to proceed?",
];

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
        "tool write_file {}",
        json!({"file_path": file, "content": "one\ntwo\n"})
    );
    let fetch = format!(
        "tool web_fetch {}",
        json!({"prompt": "what is on http://127.0.0.1:1/ ?"})
    );
    for (state, scenario) in [("permission-write", write), ("permission-fetch", fetch)] {
        scene.play(&scenario);
        scene.shows(&QUESTIONS);
        scene.save_dialog(state, Dialog::Permission, Some(&scenario));
        scene.press(&["Escape"]);
        if state == "permission-write" {
            scene.save_after("refused", Expected::Prompt, &scenario);
        }
    }
    let quote = "say The dialog said: Allow execution of [Shell]? ● 1. Allow once · esc to cancel · Usage limit reached for all Pro models.";
    scene.play(quote);
    scene.idle();
    scene.save_after("quoted-dialog", Expected::Prompt, quote);
}

fn untrusted(recorder: &Recorder) {
    let scene = recorder.open(|seed| seed.untrusted(), |launch| launch);
    scene.shows(&["Do you trust"]);
    scene.save_dialog("trust", Dialog::Trust, None);
}

fn retries(recorder: &Recorder) {
    let scene = open(recorder);
    scene.fail(&["error 503 The model is overloaded."]);
    scene.asked(2);
    scene.linger(1_500);
    // It shows nothing of a request that it tries again.
    scene.save_after("busy-refused", Expected::Busy, "error 503");
}

fn errors(recorder: &Recorder) {
    for (state, scenario) in [("error-auth", "auth"), ("error-dropped", "drop")] {
        let scene = open(recorder);
        scene.always(Some(scenario));
        scene.say("please go on");
        scene.linger(1_000);
        scene
            .stage
            .settle("the end of the turn", CALM, |screen| !screen.contains(BUSY));
        scene.save_after(state, Expected::Prompt, scenario);
    }
}

fn limit(recorder: &Recorder) {
    let scene = open(recorder);
    let scenario = "limit 5h 36000";
    scene.always(Some(scenario));
    scene.say("please go on");
    scene.shows(&["limit reached", "quota"]);
    scene.save_dialog("limit-day", Dialog::LimitMenu, Some(scenario));
}

fn context(recorder: &Recorder) {
    let scene = open(recorder);
    let scenario = "usage 900000";
    scene.play(scenario);
    scene.idle();
    scene.save_after("context-900k", Expected::Prompt, scenario);
}
