//! Claude Code's states.

use serde_json::json;
use torch_testing::program::{Account, Launch, Seed};

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
            "draft-shell",
            "help",
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
            "interrupted-early",
            "exit-asked",
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
            "permission-edit",
            "permission-fetch",
            "refused",
            "question",
            "question-several",
            "quoted-dialog",
        ],
        run: tools,
    },
    Section {
        states: &["mode-plan", "plan-empty", "plan"],
        run: plan,
    },
    Section {
        states: &["mode-accept-edits", "mode-usual"],
        run: modes,
    },
    Section {
        states: &["trust", "key"],
        run: first_start,
    },
    Section {
        states: &[
            "retrying-overloaded",
            "retrying-error",
            "error-repeated",
            "retrying-auth",
            "error-credit",
            "error-too-long",
            "refusal",
            "max-tokens",
        ],
        run: errors,
    },
    Section {
        states: &[
            "error-overloaded",
            "error-429",
            "error-500",
            "error-dropped",
        ],
        run: final_errors,
    },
    Section {
        states: &["retrying-no-connection"],
        run: no_connection,
    },
    Section {
        states: &[
            "limit-session",
            "limit-session-again",
            "limit-session-cancelled",
        ],
        run: session_limit,
    },
    Section {
        states: &["limit-session-menu"],
        run: session_menu,
    },
    Section {
        states: &["limit-weekly", "limit-weekly-left"],
        run: |recorder| limit(recorder, "weekly", "limit 7d 200000", Account::Max),
    },
    Section {
        states: &["limit-opus"],
        run: |recorder| limit(recorder, "opus", "limit opus 200000", Account::Max),
    },
    Section {
        states: &["limit-sonnet"],
        run: |recorder| limit(recorder, "sonnet", "limit sonnet 200000", Account::Pro),
    },
    Section {
        states: &["limit-organization"],
        run: |recorder| limit(recorder, "organization", "limit org 3600", Account::Max),
    },
    Section {
        states: &["warning-session"],
        run: |recorder| warning(recorder, "warning-session", "warn 5h 0.93 3600"),
    },
    Section {
        states: &["warning-weekly"],
        run: |recorder| warning(recorder, "warning-weekly", "warn 7d 0.8 200000"),
    },
    Section {
        states: &[
            "context-150k",
            "context-165k",
            "context-180k",
            "compacting",
            "compacted",
        ],
        run: context,
    },
    Section {
        states: &["context-low-170k", "context-low-185k", "context-low-198k"],
        run: context_without_compaction,
    },
    Section {
        states: &["crashed"],
        run: |recorder| talk::crash(&open(recorder, |launch| launch)),
    },
];

/// What every state but those of the modes is recorded with: tools are asked for.
const ASKING: [&str; 2] = ["--permission-mode", "default"];

/// What clears the composer: Ctrl-C once.
const CLEAR: [&str; 1] = ["C-c"];

#[track_caller]
fn open(recorder: &Recorder, launch: impl FnOnce(Launch) -> Launch) -> Scene<'_> {
    open_as(recorder, |seed| seed, launch)
}

#[track_caller]
fn open_as(
    recorder: &Recorder,
    seed: impl FnOnce(Seed) -> Seed,
    launch: impl FnOnce(Launch) -> Launch,
) -> Scene<'_> {
    recorder
        .open(seed, |usual| launch(usual.args(ASKING)))
        .ready()
}

fn composer(recorder: &Recorder) {
    let scene = open(recorder, |launch| launch);
    scene.save("ready", Expected::Prompt);
    talk::drafts(&scene, &CLEAR);
    talk::wrapped_draft(&scene, &CLEAR);
    scene.press(&["/"]);
    scene.save_draft("draft-command", "/");
    scene.press(&["BSpace"]);
    scene.press(&["!"]);
    scene.save_draft("draft-shell", "!");
    scene.press(&["BSpace"]);
    scene.press(&["?"]);
    scene.save("help", Expected::Prompt);
}

fn turns(recorder: &Recorder) {
    let scene = open(recorder, |launch| launch);
    talk::turn(&scene);
    talk::answers(&scene);
    let count = scene.count();
    scene.play("slow 20");
    scene.asked(count + 1);
    scene.linger(2_500);
    scene.press(&["Escape"]);
    scene.save_after("interrupted", Expected::Prompt, "slow 20");
    let count = scene.count();
    scene.play("stall 20");
    scene.asked(count + 1);
    scene.linger(1_000);
    scene.press(&["Escape"]);
    // It gives back what it had not begun to answer.
    let beside = Beside {
        draft: Some("please go on"),
        scenario: Some("stall 20"),
        ..Beside::default()
    };
    scene.save_with("interrupted-early", Expected::Prompt, &beside);
    scene.press(&["C-c"]);
    scene.linger(1_500);
    scene.keys(&["C-c"]);
    scene.appears(&["again to exit"]);
    scene.save("exit-asked", Expected::Prompt);
    scene.keys(&["C-c"]);
    scene.stage.ended();
    scene.save("exited", Expected::Ended);
}

/// How a permission dialog asks.
const QUESTIONS: [&str; 2] = ["Do you want to", "Do you want Claude to"];

fn tools(recorder: &Recorder) {
    let scene = open(recorder, |launch| launch);
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
        "tool Write {}",
        json!({"file_path": file, "content": "one\ntwo\n"})
    );
    refuse(&scene, "permission-write", &write);
    scene.save_after("refused", Expected::Prompt, &write);
    let readme = recorder.project().join("README.md").display().to_string();
    let steps = format!(
        "steps tool Read {} ;; tool Edit {}",
        json!({"file_path": readme}),
        json!({"file_path": readme, "old_string": "# sample", "new_string": "# a better sample"})
    );
    scene.say(&format!("SCENARIO: {steps}"));
    scene.shows(&QUESTIONS);
    scene.save_dialog("permission-edit", Dialog::Permission, Some(&steps));
    scene.press(&["Escape"]);
    let fetch = format!(
        "tool WebFetch {}",
        json!({"url": "http://127.0.0.1:1/", "prompt": "what is it"})
    );
    refuse(&scene, "permission-fetch", &fetch);

    let option = |label: &str, text: &str| json!({"label": label, "description": text});
    let question = |several: bool| {
        let questions = json!([{
            "question": "Which colour?", "header": "Colour", "multiSelect": several,
            "options": [option("Red", "a warm one"), option("Blue", "a cold one"), option("Green", "one between")],
        }]);
        format!("tool AskUserQuestion {}", json!({"questions": questions}))
    };
    for (state, several) in [("question", false), ("question-several", true)] {
        let scenario = question(several);
        scene.play(&scenario);
        scene.shows(&["Which colour?"]);
        scene.save_dialog(state, Dialog::Question, Some(&scenario));
        scene.press(&["Escape"]);
    }
    let quote = "say The dialog said: Do you want to proceed? ❯ 1. Yes 2. No · Esc to cancel · esc to interrupt · You've hit your 5-hour limit · resets 3pm";
    scene.play(quote);
    scene.idle();
    scene.save_after("quoted-dialog", Expected::Prompt, quote);
}

/// Records a permission dialog, and refuses.
#[track_caller]
fn refuse(scene: &Scene<'_>, state: &str, scenario: &str) {
    scene.play(scenario);
    scene.shows(&QUESTIONS);
    scene.save_dialog(state, Dialog::Permission, Some(scenario));
    scene.press(&["Escape"]);
}

fn plan(recorder: &Recorder) {
    let usual = |launch: Launch| launch.args(["--permission-mode", "plan"]);
    let scene = recorder.open(|seed| seed, usual).ready();
    scene.save("mode-plan", Expected::Prompt);
    let empty = format!("tool ExitPlanMode {}", json!({"plan": PLAN}));
    scene.play(&empty);
    scene.shows(&["Exit plan mode?"]);
    scene.save_dialog("plan-empty", Dialog::Plan, Some(&empty));
    scene.press(&["Escape"]);

    let steps = format!(
        "steps tool Write {} ;; tool ExitPlanMode {}",
        json!({"file_path": plan_file(&scene), "content": PLAN}),
        json!({"plan": PLAN})
    );
    scene.say(&format!("SCENARIO: {steps}"));
    scene.shows(&["Would you like to proceed", "ready to execute"]);
    // The file's name is another one each time.
    let scenario = "steps tool Write (the plan) ;; tool ExitPlanMode";
    scene.save_dialog("plan", Dialog::Plan, Some(scenario));
}

const PLAN: &str = "# Plan\n\n1. Look at it.\n2. Do it.\n";

/// The file that the program wants its plan in, as it tells the model.
#[track_caller]
fn plan_file(scene: &Scene<'_>) -> String {
    let requests = scene.model.requests();
    let told = requests.iter().flat_map(|it| &it.injected);
    let mut words = told.flat_map(|text| text.split_whitespace());
    let file = words.find(|word| word.contains("/plans/") && word.contains(".md"));
    let file = file.unwrap_or_else(|| panic!("no plan file is told\n{}", scene.model.picture()));
    file.trim_end_matches('.').to_owned()
}

fn modes(recorder: &Recorder) {
    for (state, mode) in [
        (
            "mode-accept-edits",
            vec!["--permission-mode", "acceptEdits"],
        ),
        ("mode-usual", Vec::new()),
    ] {
        let scene = recorder
            .open(|seed| seed, |launch| launch.args(mode))
            .ready();
        scene.save(state, Expected::Prompt);
    }
}

fn first_start(recorder: &Recorder) {
    let scene = recorder.open(
        |seed| seed.untrusted().unapproved(),
        |launch| launch.args(ASKING),
    );
    let dialogs = ["trust this folder", "API key in your environment"];
    for _ in dialogs {
        scene.shows(&dialogs);
        let screen = scene.stage.screen();
        if screen.contains(dialogs[0]) {
            scene.save_dialog("trust", Dialog::Trust, None);
            // The newer versions highlight "No".
            if screen.contains("❯ No") {
                scene.press(&["Down"]);
            }
        } else {
            scene.save_dialog("key", Dialog::Key, None);
            scene.press(&["Up"]);
        }
        scene.press(&["Enter"]);
    }
}

fn errors(recorder: &Recorder) {
    let scene = open(recorder, |launch| launch);
    for (state, scenario) in [
        ("retrying-overloaded", "overloaded"),
        ("retrying-error", "error 500"),
        ("retrying-auth", "auth"),
    ] {
        scene.always(Some(scenario));
        scene.say("please go on");
        match state {
            // Its cause is told from the third try on, by those versions that tell it.
            "retrying-auth" => scene.appears(&["401 invalid", "attempt 3"]),
            _ => scene.appears(&["attempt 2", "attempt 3", "attempt 4"]),
        }
        scene.save_after(state, Expected::Retrying, scenario);
        if state == "retrying-overloaded" {
            // It gives up early where the service is overloaded.
            scene.shows(&["API Error: Repeated 529"]);
            scene.save_after("error-repeated", Expected::Prompt, scenario);
        } else {
            scene.press(&["Escape"]);
        }
        scene.always(None);
        clear(&scene);
    }
    for (state, scenario) in [
        ("error-credit", "credit"),
        ("error-too-long", "toolong"),
        ("refusal", "refusal"),
        ("max-tokens", "maxtokens"),
    ] {
        scene.always(Some(scenario));
        scene.say("please go on");
        scene.idle();
        scene.save_after(state, Expected::Prompt, scenario);
        scene.always(None);
        clear(&scene);
    }
}

/// Empties the composer, in which an interrupted prompt may stand again, and takes back the first step of leaving.
#[track_caller]
fn clear(scene: &Scene<'_>) {
    scene.press(&["C-c"]);
    // The second Ctrl-C leaves only while this is said.
    scene
        .stage
        .settle("nothing of leaving", crate::scene::CALM, |screen| {
            !screen.contains("again to exit")
        });
}

fn final_errors(recorder: &Recorder) {
    let scene = open(recorder, |launch| {
        launch.env("CLAUDE_CODE_MAX_RETRIES", "1")
    });
    for (state, scenario, said) in [
        ("error-overloaded", "overloaded", "Overloaded"),
        ("error-429", "ratelimit 1", "(429)"),
        ("error-500", "error 500", "API Error: 500"),
        ("error-dropped", "drop", "API Error"),
    ] {
        scene.always(Some(scenario));
        scene.say("please go on");
        scene
            .stage
            .settle("the end of the turn", crate::scene::CALM, |screen| {
                screen.contains(said) && !screen.contains("esc to interrupt")
            });
        scene.save_after(state, Expected::Prompt, scenario);
        scene.always(None);
        clear(&scene);
    }
}

fn no_connection(recorder: &Recorder) {
    // Nobody listens on the discard port.
    let scene = open(recorder, |launch| {
        launch.env("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    });
    scene.stage.submit("please go on");
    scene.appears(&["attempt 2", "attempt 3", "attempt 4"]);
    scene.save("retrying-no-connection", Expected::Retrying);
}

fn session_limit(recorder: &Recorder) {
    let scene = open_as(recorder, |seed| seed.account(Account::Max), |launch| launch);
    let scenario = "limit 5h 3600";
    scene.always(Some(scenario));
    scene.say("please go on");
    scene.shows(&LIMITS);
    save_limit(&scene, "limit-session", scenario);
    if !scene.stage.screen().contains(MENU) {
        scene.say("a second message");
        scene.idle();
        save_limit(&scene, "limit-session-again", scenario);
    }
    if scene.stage.screen().contains("ontinuing automatically") {
        scene.press(&["Escape"]);
        scene.save_after("limit-session-cancelled", Expected::Prompt, scenario);
    } else {
        recorder.lacks("limit-session-cancelled", "it does not go on by itself");
    }
}

/// How a limit shows.
const LIMITS: [&str; 3] = ["You've hit your", "limit reached", "hit your limit"];

/// What the menu asks.
const MENU: &str = "What do you want to do?";

/// Records a limit, with its menu where one is open: whether there is one is the program's choice.
#[track_caller]
fn save_limit(scene: &Scene<'_>, state: &str, scenario: &str) {
    if scene.stage.screen().contains(MENU) {
        scene.save_dialog(state, Dialog::LimitMenu, Some(scenario));
    } else {
        scene.save_after(state, Expected::Limited, scenario);
    }
}

fn session_menu(recorder: &Recorder) {
    let settings = json!({"autoContinueAtUsageLimit": false});
    let seed = |seed: Seed| seed.account(Account::Max).settings(settings);
    let scene = open_as(recorder, seed, |launch| launch);
    let scenario = "limit 5h 3600";
    scene.always(Some(scenario));
    scene.say("please go on");
    scene.shows(&LIMITS);
    scene.idle();
    if scene.stage.screen().contains(MENU) {
        save_limit(&scene, "limit-session-menu", scenario);
    } else {
        recorder.lacks("limit-session-menu", "it opens no menu by itself");
    }
}

fn limit(recorder: &Recorder, name: &str, scenario: &str, account: Account) {
    let scene = open_as(recorder, |seed| seed.account(account), |launch| launch);
    scene.always(Some(scenario));
    scene.say("please go on");
    scene.shows(&LIMITS);
    save_limit(&scene, &format!("limit-{name}"), scenario);
    if name == "weekly" {
        if scene.stage.screen().contains(MENU) {
            scene.press(&["Escape"]);
            scene.save_after("limit-weekly-left", Expected::Prompt, scenario);
        } else {
            recorder.lacks("limit-weekly-left", "it opens no menu by itself");
        }
    }
}

fn warning(recorder: &Recorder, state: &str, scenario: &str) {
    let scene = open_as(recorder, |seed| seed.account(Account::Pro), |launch| launch);
    scene.play(scenario);
    scene.idle();
    // It is a note that takes its turn among others, and is shown with the next change at the earliest.
    scene.press(&["Escape"]);
    scene.play(scenario);
    scene.appears(&["You've used"]);
    scene.idle();
    scene.save_after(state, Expected::Prompt, scenario);
}

/// A model whose window is 200,000 tokens.
const MODEL: [&str; 2] = ["--model", "claude-haiku-4-5"];

fn context(recorder: &Recorder) {
    let scene = open(recorder, |launch| launch.args(MODEL));
    for (state, scenario) in [
        ("context-150k", "usage 150000"),
        ("context-165k", "usage 165000"),
        ("context-180k", "usage 180000"),
    ] {
        scene.play(scenario);
        scene.idle();
        scene.save_after(state, Expected::Prompt, scenario);
    }
    let before = scene.count();
    scene.model.next(["slow 6".parse().expect("a scenario")]);
    scene.stage.submit("/compact");
    scene.linger(2_500);
    scene.save_after("compacting", Expected::Busy, "slow 6");
    // It may ask as for a turn, or beside it.
    if scene.count() == before {
        scene.always(None);
    }
    scene.idle();
    scene.shows(&["ompacted", "Conversation"]);
    scene.save("compacted", Expected::Prompt);
}

fn context_without_compaction(recorder: &Recorder) {
    let scene = open(recorder, |launch| {
        launch.args(MODEL).env("DISABLE_AUTO_COMPACT", "1")
    });
    for (state, scenario) in [
        ("context-low-170k", "usage 170000"),
        ("context-low-185k", "usage 185000"),
        ("context-low-198k", "usage 198000"),
    ] {
        scene.model.next([scenario.parse().expect("a scenario")]);
        // Some versions refuse a full window without asking the model.
        scene.stage.submit("please go on");
        scene.linger(1_000);
        scene.idle();
        scene.save_after(state, Expected::Prompt, scenario);
    }
}
