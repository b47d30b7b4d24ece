//! Codex CLI's states.

use serde_json::json;

use crate::fixture::{Dialog, Expected};
use crate::recorder::{Recorder, Section};
use crate::scene::{Beside, Scene};
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
            "tool-running",
            "after-tool",
            "permission-bash",
            "refused",
            "quoted-dialog",
        ],
        run: tools,
    },
    Section {
        states: &["trust"],
        run: untrusted,
    },
    Section {
        states: &["busy-refused", "error-overloaded"],
        run: retries,
    },
    Section {
        states: &["retrying-dropped"],
        run: reconnecting,
    },
    Section {
        states: &["error-auth", "error-dropped", "error-too-long"],
        run: errors,
    },
    Section {
        states: &["limit-session", "limit-session-left"],
        run: |recorder| limit(recorder, "session", "limit 5h 3600"),
    },
    Section {
        states: &["limit-weekly", "limit-weekly-left"],
        run: |recorder| limit(recorder, "weekly", "limit 7d 200000"),
    },
    Section {
        states: &["warning-session", "warning-session-left"],
        run: warnings,
    },
    Section {
        states: &["context-185k", "context-255k"],
        run: context,
    },
    Section {
        states: &["crashed"],
        run: |recorder| talk::crash(&open(recorder)),
    },
];

/// What clears the composer: Ctrl-C once, which leaves where nothing is typed.
const CLEAR: [&str; 1] = ["C-c"];

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
    scene.keys(&["C-c"]);
    scene.linger(400);
    if !scene.stage.processes().is_empty() {
        scene.keys(&["C-c"]);
    }
    scene.stage.ended();
    scene.save("exited", Expected::Ended);
}

/// How a permission dialog asks.
const QUESTIONS: [&str; 2] = ["Would you like to", "Do you want to"];

fn tools(recorder: &Recorder) {
    let scene = open(recorder);
    let bash = "bash touch a.txt && sleep 9";
    scene.play(bash);
    // What stays in the workspace is not asked for.
    scene.asked(1);
    scene.linger(3_500);
    scene.save_after("tool-running", Expected::Busy, bash);
    // The second request brings the tool's result.
    scene.asked(2);
    scene.idle();
    scene.save_after("after-tool", Expected::Prompt, bash);

    let outside = format!(
        "tool exec_command {}",
        json!({
            "cmd": "touch /outside.txt",
            "sandbox_permissions": "require_escalated",
            "justification": "May I make a file outside of the workspace?",
        })
    );
    scene.play(&outside);
    scene.shows(&QUESTIONS);
    scene.save_dialog("permission-bash", Dialog::Permission, Some(&outside));
    scene.press(&["Escape"]);
    scene.save_after("refused", Expected::Prompt, &outside);

    let quote = "say The dialog said: Would you like to run the following command? › 1. Yes, proceed (y) · esc to interrupt · You’ve hit your usage limit. Try again at 10:20 PM.";
    scene.play(quote);
    scene.idle();
    scene.save_after("quoted-dialog", Expected::Prompt, quote);
}

fn untrusted(recorder: &Recorder) {
    let scene = recorder.open(|seed| seed.untrusted(), |launch| launch);
    scene.shows(&["Trust this folder"]);
    scene.save_dialog("trust", Dialog::Trust, None);
}

fn retries(recorder: &Recorder) {
    let scene = open(recorder);
    scene.always(Some("overloaded"));
    scene.say("please go on");
    scene.asked(2);
    scene.linger(100);
    // It shows nothing of a request that it tries again.
    scene.save_after("busy-refused", Expected::Busy, "overloaded");
    scene.shows(&["■", "exceeded retry limit"]);
    scene.save_after("error-overloaded", Expected::Prompt, "overloaded");
}

fn reconnecting(recorder: &Recorder) {
    let scene = open(recorder);
    // It tells of it from the second time on.
    scene.fail(&["drop", "drop"]);
    scene.catch(
        "retrying-dropped",
        Expected::Retrying,
        "drop",
        &["econnecting"],
    );
}

fn errors(recorder: &Recorder) {
    let scene = open(recorder);
    for (state, scenario) in [
        ("error-auth", "auth"),
        ("error-dropped", "drop"),
        ("error-too-long", "toolong"),
    ] {
        scene.always(Some(scenario));
        scene.say("please go on");
        scene
            .stage
            .settle("the end of the turn", crate::scene::CALM, |screen| {
                screen.contains('■') && !screen.contains("esc to interrupt")
            });
        scene.save_after(state, Expected::Prompt, scenario);
        scene.always(None);
        // The next one must be told from this one.
        scene.stage.submit("/clear");
        scene
            .stage
            .settle("a new beginning", crate::scene::CALM, |screen| {
                !screen.contains('■')
            });
    }
}

/// The dialog that offers another model once little is left.
const OFFER: &str = "Approaching rate limits";

fn limit(recorder: &Recorder, name: &str, scenario: &str) {
    let scene = open(recorder);
    scene.always(Some(scenario));
    scene.say("please go on");
    scene.shows(&["hit your usage limit"]);
    scene.shows(&[OFFER]);
    scene.save_dialog(&format!("limit-{name}"), Dialog::LimitMenu, Some(scenario));
    scene.press(&["Escape"]);
    scene.save_after(&format!("limit-{name}-left"), Expected::Prompt, scenario);
}

fn warnings(recorder: &Recorder) {
    let scene = open(recorder);
    let scenario = "warn 5h 0.93 3600";
    scene.play(scenario);
    scene.shows(&[OFFER]);
    // Nothing is held up yet, but the offer wants an answer.
    let beside = Beside {
        dialog: Some(Dialog::LimitMenu),
        scenario: Some(scenario),
        ..Beside::default()
    };
    scene.save_with("warning-session", Expected::Asking, &beside);
    scene.press(&["Escape"]);
    scene.save_after("warning-session-left", Expected::Prompt, scenario);
}

fn context(recorder: &Recorder) {
    let scene = open(recorder);
    for (state, scenario) in [
        ("context-185k", "usage 185000"),
        ("context-255k", "usage 255000"),
    ] {
        scene.play(scenario);
        scene.idle();
        scene.save_after(state, Expected::Prompt, scenario);
    }
}
