//! The demo agent in a real pane of a private tmux server.
#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on must panic, in its helper functions too"
)]

use serde_json::{Value, json};
use torch_core::program::AgentProgram;
use torch_core::screen::ScreenKind;
use torch_monitor::{Rules, Screen};
use torch_testing::{TmuxPane, example, until};

const IDLE: &str = "? for shortcuts";

/// A demo agent in a pane.
struct Demo {
    tmux: TmuxPane,
    folder: tempfile::TempDir,
}

impl Demo {
    fn start(scenario: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let record = json!([{"hooks": [{"type": "command", "command": format!("cat >> {0}; echo >> {0}", path("hooks"))}]}]);
        let names = [
            "SessionStart",
            "UserPromptSubmit",
            "PreToolUse",
            "PostToolUse",
            "Stop",
            "StopFailure",
            "PermissionRequest",
            "SessionEnd",
        ];
        let hooks: serde_json::Map<String, Value> = names
            .iter()
            .map(|name| ((*name).to_owned(), record.clone()))
            .collect();
        std::fs::write(path("settings.json"), json!({"hooks": hooks}).to_string()).unwrap();
        std::fs::write(path("scenario.toml"), scenario).unwrap();
        let program = example("demo_agent").display().to_string();
        let tmux = TmuxPane::start(
            folder.path(),
            &[
                &program,
                "--settings",
                &path("settings.json"),
                "--session-id",
                "s-1",
                "--scenario",
                &path("scenario.toml"),
                "--ledger",
                &path("ledger"),
                "--transcript",
                &path("transcript"),
            ],
        );
        Self { tmux, folder }
    }

    /// Starts it and waits until the composer is there.
    fn ready(scenario: &str) -> Self {
        let demo = Self::start(scenario);
        demo.tmux
            .wait("the composer", |screen| screen.contains(IDLE));
        demo
    }

    fn lines(&self, name: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        // A last line without its end is still being written.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let lines = whole.lines().filter(|line| !line.is_empty());
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The ledger's entries as (kind, text).
    fn ledger(&self) -> Vec<(String, String)> {
        let word = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
        self.lines("ledger")
            .iter()
            .map(|line| (word(line, "kind"), word(line, "text")))
            .collect()
    }

    fn prompts(&self) -> Vec<String> {
        self.ledger()
            .into_iter()
            .filter(|(kind, _)| kind == "prompt")
            .map(|(_, text)| text)
            .collect()
    }

    fn hooks(&self) -> Vec<String> {
        self.lines("hooks")
            .iter()
            .map(|hook| hook["hook_event_name"].as_str().unwrap().to_owned())
            .collect()
    }

    fn wait_hooks(&self, names: &[&str]) {
        assert!(
            until(|| self.hooks() == names),
            "{:?} instead of {names:?}",
            self.hooks()
        );
    }

    fn submit(&self, text: &str) {
        self.tmux.paste(text);
        self.tmux.keys(&["Enter"]);
    }
}

/// The composer's rows on a screen: what stands between the last two rules.
fn composer(screen: &str) -> Vec<&str> {
    let rows: Vec<&str> = screen.lines().collect();
    let rule = |row: &&str| row.chars().count() >= 8 && row.chars().all(|c| c == '─');
    let rules: Vec<usize> = (0..rows.len()).filter(|n| rule(&rows[*n])).collect();
    let [.., first, last] = rules.as_slice() else {
        panic!("no composer on\n{screen}")
    };
    rows[first + 1..*last].to_vec()
}

#[test]
fn a_paste_and_enter_reach_ledger_transcript_and_hooks() {
    let demo = Demo::ready("play = false");
    let text = "[torch m-7k3f9q2a #1 from=pm to=developer try=1] \"$(x)\" `y`; 日本 e\u{301} 👩‍🚀 [/m-7k3f9q2a]";
    demo.tmux.paste(text);
    let screen = demo
        .tmux
        .wait("the paste", |screen| screen.contains("k3f9q2a]\n──"));
    assert_eq!(
        composer(&screen)[0].chars().take(8).collect::<String>(),
        "❯\u{a0}[torch"
    );
    assert!(demo.prompts().is_empty(), "no Enter yet");
    demo.tmux.keys(&["Enter"]);
    demo.wait_hooks(&["SessionStart", "UserPromptSubmit", "Stop"]);
    assert_eq!(demo.prompts(), [text]);
    assert_eq!(demo.lines("ledger")[0]["tag"], "m-7k3f9q2a");
    let hooks = demo.lines("hooks");
    assert_eq!(hooks[0]["source"], "startup");
    assert_eq!(hooks[1]["prompt"], text);
    assert_eq!(hooks[2]["last_assistant_message"], "Noted.");
    let transcript = demo.lines("transcript");
    assert_eq!(transcript[0]["type"], "user");
    assert_eq!(transcript[0]["message"]["content"], text);
    assert_eq!(transcript[0]["sessionId"], "s-1");
    assert_eq!(transcript[1]["type"], "assistant");
    assert_eq!(
        hooks[1]["transcript_path"],
        demo.folder.path().join("transcript").display().to_string()
    );
}

#[test]
fn long_pastes_collapse_and_long_lines_wrap() {
    let demo = Demo::ready("play = false");
    let block = (0..40)
        .map(|n| format!("line {n}"))
        .collect::<Vec<_>>()
        .join("\n");
    demo.tmux.paste(&block);
    demo.tmux.wait("the label", |screen| {
        screen.contains("❯\u{a0}[Pasted text #1 +39 lines]")
    });
    demo.tmux.keys(&["Enter"]);
    let line = "wörd日".repeat(166);
    assert!(until(|| demo.prompts() == [block.clone()]));
    demo.tmux.paste(&line);
    demo.tmux.wait("the line", |screen| {
        screen.trim_end().ends_with(IDLE) && composer(screen).len() > 12
    });
    let screen = demo.tmux.screen();
    let shown: String = composer(&screen)
        .iter()
        .map(|row| row.chars().skip(2).collect::<String>())
        .collect();
    assert_eq!(shown, line);
    demo.tmux.keys(&["Enter"]);
    assert!(until(|| demo.prompts().last() == Some(&line)));
}

#[test]
fn a_dialog_swallows_text_and_enter_approves() {
    let demo = Demo::ready(
        "[[on]]\nmatch = 'go'\nsteps = [{ ask_permission = { tool = 'Bash', command = 'rm x' } }]",
    );
    demo.submit("go");
    let screen = demo.tmux.wait("the dialog", |screen| {
        screen.contains("Do you want to proceed?")
    });
    assert!(
        screen.contains(" ❯ 1. Yes\n   2. No") && screen.trim_end().ends_with(" Esc to cancel"),
        "{screen}"
    );
    assert!(!screen.contains(IDLE) && !screen.contains("esc to interrupt"));
    demo.tmux.paste("please do not 2");
    demo.tmux.run(&["send-keys", "-l", "no2"]);
    demo.wait_hooks(&[
        "SessionStart",
        "UserPromptSubmit",
        "PreToolUse",
        "PermissionRequest",
    ]);
    assert_eq!(demo.tmux.screen(), screen);
    demo.tmux.keys(&["Enter"]);
    demo.tmux
        .wait("the composer", |screen| screen.contains(IDLE));
    let kinds: Vec<_> = demo.ledger().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["prompt", "approved"]);
    assert_eq!(demo.lines("hooks")[3]["tool_input"]["command"], "rm x");
    demo.submit("go");
    demo.tmux.wait("the dialog", |screen| {
        screen.contains("Do you want to proceed?")
    });
    demo.tmux.keys(&["2"]);
    demo.tmux
        .wait("the composer", |screen| screen.contains(IDLE));
    assert_eq!(demo.ledger().last().unwrap().0, "refused");
}

#[test]
fn a_prompt_while_busy_is_queued() {
    let demo = Demo::ready(
        "[[on]]\nmatch = '^work'\nsteps = [{ work = { ms = 600000 } }]\n[[on]]\nmatch = ''\nsteps = []",
    );
    demo.submit("work");
    demo.tmux
        .wait("the turn", |screen| screen.contains("esc to interrupt"));
    demo.submit("later");
    demo.tmux.wait("the queue", |screen| {
        screen.contains("❯ later\n  ⎿  Queued")
    });
    demo.wait_hooks(&["SessionStart", "UserPromptSubmit", "UserPromptSubmit"]);
    assert_eq!(demo.lines("transcript").len(), 1);
    demo.tmux.keys(&["Escape"]);
    demo.wait_hooks(&[
        "SessionStart",
        "UserPromptSubmit",
        "UserPromptSubmit",
        "Stop",
    ]);
    let contents: Vec<_> = demo
        .lines("transcript")
        .iter()
        .map(|line| line["message"]["content"].clone())
        .collect();
    assert_eq!(
        contents[..3],
        [
            json!("work"),
            json!("[Request interrupted by user]"),
            json!("later")
        ]
    );
    assert!(
        demo.ledger()
            .contains(&("interrupted".to_owned(), "work".to_owned()))
    );
}

#[test]
fn a_draft_and_a_placeholder_differ_by_their_brightness() {
    let demo = Demo::ready("draft = 'half a thought'");
    let colours = || demo.tmux.run(&["capture-pane", "-p", "-e"]);
    assert!(colours().contains("❯\u{a0}half a thought"));
    demo.tmux.keys(&["C-u"]);
    demo.tmux
        .wait("the placeholder", |screen| screen.contains("❯\u{a0}Try \""));
    assert!(colours().contains("❯\u{a0}\x1b[2mTry \""));
    assert_eq!(demo.ledger(), [("draft_changed".to_owned(), String::new())]);
    demo.tmux.run(&["send-keys", "-l", "one\\"]);
    demo.tmux.keys(&["Enter"]);
    demo.tmux.run(&["send-keys", "-l", "two"]);
    demo.tmux.wait("two rows", |screen| {
        composer(screen) == ["❯\u{a0}one", "  two"]
    });
    demo.tmux.keys(&["Enter"]);
    assert!(until(|| demo.prompts() == ["one\ntwo"]));
}

#[test]
fn a_crash_leaves_the_screen_as_it_is() {
    let demo = Demo::start("[[on]]\nmatch = 'die'\nsteps = [{ crash = { signal = 'KILL' } }]");
    demo.tmux.run(&["set-option", "-g", "remain-on-exit", "on"]);
    demo.tmux
        .wait("the composer", |screen| screen.contains(IDLE));
    demo.submit("die");
    assert!(until(|| demo.tmux.format("#{pane_dead}") == "1"));
    // tmux 3.3a reaps about one child in six late, and knows no signal until then.
    let signal = demo.tmux.format("#{pane_dead_signal}");
    assert!(["9", ""].contains(&signal.as_str()), "{signal}");
    assert_eq!(demo.prompts(), ["die"]);
    assert!(
        demo.tmux.screen().contains("❯\u{a0}"),
        "it still looks idle"
    );
}

#[test]
fn a_limit_reports_and_goes_on() {
    let demo = Demo::ready(
        "[[on]]\nmatch = 'go'\nsteps = [{ limit = { seconds = 1 } }, { say = 'went on' }]",
    );
    demo.submit("go");
    demo.tmux.wait("the limit", |screen| {
        screen.contains("You've hit your 5-hour limit · resets ")
    });
    demo.tmux
        .wait("the end", |screen| screen.contains("● went on"));
    demo.wait_hooks(&["SessionStart", "UserPromptSubmit", "StopFailure", "Stop"]);
    assert_eq!(demo.lines("hooks")[2]["error"], "rate_limit");
    assert_eq!(demo.lines("transcript")[1]["isApiErrorMessage"], true);
}

#[test]
fn a_resize_draws_all_anew() {
    let demo = Demo::ready("play = false");
    demo.tmux.paste(&"wide ".repeat(40));
    demo.tmux.run(&["resize-window", "-x", "40", "-y", "12"]);
    let rule = |columns: usize| format!("\n{}\n", "─".repeat(columns));
    // tmux may show a screen that it has read half of, so the whole of it is waited for.
    demo.tmux.wait("the narrow screen", |screen| {
        screen.matches(&rule(40)).count() == 2
            && screen.trim_end().ends_with(IDLE)
            && !screen.contains(&"─".repeat(41))
    });
    demo.tmux.run(&["resize-window", "-x", "200", "-y", "50"]);
    demo.tmux.wait("the wide screen", |screen| {
        screen.matches(&rule(200)).count() == 2 && composer(screen).len() == 2
    });
}

#[test]
fn control_c_twice_ends_it_in_order() {
    let demo = Demo::start("");
    demo.tmux.run(&["set-option", "-g", "remain-on-exit", "on"]);
    demo.tmux
        .wait("the composer", |screen| screen.contains(IDLE));
    demo.tmux.keys(&["C-c", "C-c"]);
    assert!(until(|| demo.tmux.format("#{pane_dead}") == "1"));
    // tmux 3.3a reaps about one child in six late, and knows no status until then.
    let status = demo.tmux.format("#{pane_dead_status}");
    assert!(["0", ""].contains(&status.as_str()), "{status}");
    assert_eq!(demo.hooks(), ["SessionStart", "SessionEnd"]);
}

#[test]
fn the_shipped_description_fits_the_screen() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../templates/agents/demo.toml"
    );
    let program: AgentProgram = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let rules = Rules::compile("demo", &program.screen).unwrap();
    let kind = |screen: &str| rules.read(&Screen::parse(screen.as_bytes())).kind;
    let demo = Demo::ready(
        "[[on]]\nmatch = 'work'\nsteps = [{ work = { ms = 600000 } }]\n\
         [[on]]\nmatch = 'ask'\nsteps = [{ ask_permission = { tool = 'Bash' } }]\n\
         [[on]]\nmatch = 'limit'\nsteps = [{ limit = { seconds = 600 } }]",
    );
    let idle = demo.tmux.screen();
    assert_eq!(kind(&idle), ScreenKind::Prompt, "{idle}");
    for (order, mark, expect) in [
        ("work", "esc to interrupt", ScreenKind::Busy),
        ("ask", "Esc to cancel", ScreenKind::Asking),
        ("limit", "Continuing automatically", ScreenKind::Continuing),
    ] {
        demo.submit(order);
        let screen = demo.tmux.wait(order, |screen| screen.contains(mark));
        assert_eq!(kind(&screen), expect, "{screen}");
        demo.tmux.keys(&["Escape"]);
        demo.tmux
            .wait("the composer", |screen| kind(screen) == ScreenKind::Prompt);
    }
}
