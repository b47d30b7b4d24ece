//! The agent as a state machine, without a terminal.

use super::*;
use crate::play::Cast;
use crate::view;
use std::path::Path;

const T0: Timestamp = Timestamp(1_700_000_000_000);

fn agent(scenario: &str) -> Agent {
    let identity = Identity {
        conversation: "s".to_owned(),
        role: "developer".to_owned(),
        zone: jiff::tz::TimeZone::UTC,
    };
    let scenario = Scenario::parse(scenario, Path::new("test.toml")).unwrap();
    let play = Play::new(Cast::new("developer", "developer"), 1);
    let mut agent = Agent::new(identity, scenario, play, T0);
    agent.handle(T0, Event::Tick);
    agent.handle(T0, Event::Drawn);
    agent
}

fn submit(agent: &mut Agent, at: Timestamp, text: &str) -> Vec<Effect> {
    let mut effects = agent.handle(at, Event::Paste(text.to_owned()));
    effects.extend(agent.handle(at, Event::Keys(vec![Key::Enter])));
    effects
}

/// The hooks of the tool that ended have run, and added these.
fn hooks_ran(
    agent: &mut Agent,
    at: Timestamp,
    effects: &[Effect],
    contexts: &[&str],
) -> Vec<Effect> {
    let tool = effects.iter().find_map(|effect| match effect {
        Effect::Hook(hook) => hook.fields.get("tool_use_id")?.as_str(),
        _ => None,
    });
    let ran = Event::HooksRan {
        tool: tool.expect("a tool has ended").to_owned(),
        contexts: contexts.iter().map(|text| (*text).to_owned()).collect(),
    };
    agent.handle(at, ran)
}

fn hooks(effects: &[Effect]) -> Vec<&'static str> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Hook(hook) => Some(hook.name),
            _ => None,
        })
        .collect()
}

fn ledger(effects: &[Effect]) -> Vec<LedgerEntry> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Ledger(entry) => Some(entry.clone()),
            _ => None,
        })
        .collect()
}

fn screen(agent: &Agent, width: usize, height: usize) -> Vec<String> {
    view::draw(agent, width, height).rows
}

const RULES: &str = r#"
[[on]]
match = "^work"
steps = [{ work = { ms = 100 } }, { say = "worked" }]
[[on]]
match = "^ask"
steps = [{ ask_permission = { tool = "Bash", command = "rm x" } }, { say = "ran" }]
[[on]]
match = "^limit"
steps = [{ limit = { seconds = 60 } }, { say = "on" }]
[[on]]
match = "^stop at the limit"
steps = [{ limit = { seconds = 60, continues = false } }, { say = "never said" }]
"#;

#[test]
fn the_ledger_comes_before_every_reaction() {
    let mut agent = agent(RULES);
    let effects = submit(&mut agent, T0, "work now");
    assert!(
        matches!(&effects[0], Effect::Ledger(LedgerEntry::Prompt { text, .. }) if text == "work now")
    );
    assert_eq!(hooks(&effects), ["UserPromptSubmit"]);
    assert!(effects.contains(&Effect::User("work now".to_owned())));
    assert_eq!(agent.deadline(), Some(Timestamp(T0.0 + 100)));
    let effects = agent.handle(Timestamp(T0.0 + 100), Event::Tick);
    assert_eq!(hooks(&effects), ["Stop"]);
    assert!(agent.turn().is_none() && agent.deadline().is_none());
}

#[test]
fn a_prompt_while_busy_waits_for_the_turns_end() {
    let mut agent = agent(RULES);
    submit(&mut agent, T0, "work one");
    let effects = submit(&mut agent, T0, "work two");
    assert_eq!(hooks(&effects), ["UserPromptSubmit"]);
    assert!(!effects.contains(&Effect::User("work two".to_owned())));
    assert!(screen(&agent, 60, 20).iter().any(|row| row == "❯ work two"));
    let effects = agent.handle(Timestamp(T0.0 + 100), Event::Tick);
    assert!(effects.contains(&Effect::User("work two".to_owned())));
    assert_eq!(agent.queued().count(), 0);
}

#[test]
fn a_dialog_swallows_text_and_enter_approves() {
    let mut agent = agent(RULES);
    let effects = submit(&mut agent, T0, "ask");
    assert_eq!(
        hooks(&effects),
        ["UserPromptSubmit", "PreToolUse", "PermissionRequest"]
    );
    let rows = screen(&agent, 40, 20);
    assert!(rows.contains(&" ❯ 1. Yes".to_owned()) && rows.last().unwrap() == " Esc to cancel");
    assert!(
        !rows
            .iter()
            .any(|row| row.contains("esc to interrupt") || row.contains('\u{a0}'))
    );
    let typed = "no2".chars().map(Key::Char).collect();
    assert!(agent.handle(T0, Event::Keys(typed)).is_empty());
    let effects = submit(&mut agent, T0, "please do not");
    let approved = LedgerEntry::Approved {
        open_ms: None,
        tool: "Bash".to_owned(),
    };
    assert_eq!(ledger(&effects), [approved]);
    assert_eq!(hooks(&effects), ["PostToolUse"]);
    let effects = hooks_ran(&mut agent, T0, &effects, &[]);
    assert_eq!(hooks(&effects), ["Stop"]);
    assert!(agent.composer().is_empty());
}

#[test]
fn what_a_hook_adds_is_read_in_the_same_turn() {
    let mut agent = agent(RULES);
    submit(&mut agent, T0, "ask");
    let effects = agent.handle(T0, Event::Keys(vec![Key::Char('1')]));
    let effects = hooks_ran(&mut agent, T0, &effects, &["work more"]);
    let read = LedgerEntry::Prompt {
        text: "work more".to_owned(),
        tag: None,
        handed_over: true,
    };
    assert_eq!(ledger(&effects), [read]);
    assert!(effects.contains(&Effect::Context("work more".to_owned())));
    assert!(hooks(&effects).is_empty(), "the turn goes on with it");
    let effects = agent.handle(T0.after(Duration::from_millis(100)), Event::Tick);
    assert!(
        effects.contains(&Effect::Assistant("ran\nworked".to_owned())),
        "{effects:?}"
    );
    assert_eq!(hooks(&effects), ["Stop"]);
}

#[test]
fn an_interrupted_turn_reads_nothing_of_its_hooks() {
    let mut agent = agent(RULES);
    submit(&mut agent, T0, "ask");
    let ended = agent.handle(T0, Event::Keys(vec![Key::Char('1')]));
    agent.handle(T0, Event::Keys(vec![Key::Esc]));
    let effects = hooks_ran(&mut agent, T0, &ended, &["work more"]);
    assert!(ledger(&effects).is_empty());
    assert!(agent.turn().is_none());
}

#[test]
fn a_lone_digit_or_escape_acts_on_a_dialog() {
    for (key, kind) in [
        (
            Key::Char('1'),
            LedgerEntry::Approved {
                open_ms: None,
                tool: "Bash".to_owned(),
            },
        ),
        (
            Key::Char('2'),
            LedgerEntry::Refused {
                tool: "Bash".to_owned(),
            },
        ),
        (
            Key::Esc,
            LedgerEntry::Refused {
                tool: "Bash".to_owned(),
            },
        ),
    ] {
        let mut agent = agent(RULES);
        submit(&mut agent, T0, "ask");
        let effects = agent.handle(T0, Event::Keys(vec![key]));
        assert_eq!(ledger(&effects), [kind], "{key:?}");
        if !hooks(&effects).is_empty() {
            hooks_ran(&mut agent, T0, &effects, &[]);
        }
        assert!(agent.turn().is_none());
    }
}

#[test]
fn escape_interrupts_without_a_hook() {
    let mut agent = agent(RULES);
    submit(&mut agent, T0, "work one");
    submit(&mut agent, T0, "work two");
    let effects = agent.handle(T0, Event::Keys(vec![Key::Esc]));
    assert!(hooks(&effects).is_empty());
    assert_eq!(
        ledger(&effects),
        [LedgerEntry::Interrupted {
            text: "work one".to_owned()
        }]
    );
    assert!(effects.contains(&Effect::User("[Request interrupted by user]".to_owned())));
    assert!(
        effects.contains(&Effect::User("work two".to_owned())),
        "the queue goes out at once"
    );
}

#[test]
fn a_limit_ends_by_itself() {
    let mut agent = agent(RULES);
    let effects = submit(&mut agent, T0, "limit");
    assert_eq!(hooks(&effects), ["UserPromptSubmit", "StopFailure"]);
    let rows = screen(&agent, 80, 20);
    assert!(
        rows.iter()
            .any(|row| row.ends_with("You've hit your 5-hour limit · resets 10:14pm (UTC)")),
        "{rows:#?}"
    );
    assert!(
        rows.iter()
            .any(|row| row.contains("Usage limit reached · limit resets 10:14pm"))
    );
    submit(&mut agent, T0, "work while limited");
    assert_eq!(agent.queued().count(), 1);
    let effects = agent.handle(Timestamp(T0.0 + 60_000), Event::Tick);
    assert_eq!(hooks(&effects), ["Stop"]);
    assert!(effects.contains(&Effect::User("work while limited".to_owned())));
}

#[test]
fn a_limit_that_ends_the_turn_ends_every_prompt_until_its_reset() {
    let mut agent = agent(RULES);
    let effects = submit(&mut agent, T0, "stop at the limit");
    assert_eq!(hooks(&effects), ["UserPromptSubmit", "StopFailure"]);
    let until = Timestamp(T0.0 + 60_000);
    let told = |effects: &[Effect]| {
        let mut all = effects.iter();
        all.any(|effect| matches!(effect, Effect::Limited { until: at, .. } if *at == until))
    };
    assert!(told(&effects));
    assert!(agent.turn().is_none());
    let effects = submit(&mut agent, Timestamp(T0.0 + 59_999), "work");
    assert_eq!(hooks(&effects), ["UserPromptSubmit", "StopFailure"]);
    assert!(told(&effects), "the same reset");
    let effects = submit(&mut agent, until, "work");
    assert_eq!(hooks(&effects), ["UserPromptSubmit"]);
    let effects = agent.handle(Timestamp(until.0 + 100), Event::Tick);
    assert_eq!(hooks(&effects), ["Stop"]);
}

#[test]
fn a_draft_stands_and_its_change_is_recorded() {
    let mut agent = agent("draft = 'half a thought'");
    let rows = screen(&agent, 40, 10);
    assert_eq!(
        rows[6..],
        [
            "─".repeat(40),
            "❯\u{a0}half a thought".to_owned(),
            "─".repeat(40),
            "  ? for shortcuts".to_owned()
        ]
    );
    let effects = agent.handle(T0, Event::Paste("!".to_owned()));
    assert_eq!(
        ledger(&effects),
        [LedgerEntry::DraftChanged {
            text: "half a thought!".to_owned()
        }]
    );
}

#[test]
fn pastes_can_be_cut_and_input_ignored() {
    let mut cut = agent("cut_paste = 3");
    cut.handle(T0, Event::Paste("abcdef".to_owned()));
    assert_eq!(cut.composer().text(), "abc");
    let mut deaf = agent("ignore_input = true");
    assert!(submit(&mut deaf, T0, "hello").is_empty());
    assert!(deaf.composer().is_empty());
}

#[test]
fn what_is_typed_before_the_start_arrives() {
    let mut late = agent("start_delay_ms = 50");
    assert!(submit(&mut late, T0, "early").is_empty());
    assert!(screen(&late, 20, 5).iter().all(String::is_empty));
    let effects = late.handle(Timestamp(T0.0 + 50), Event::Tick);
    assert_eq!(ledger(&effects).len(), 1);
    assert_eq!(
        hooks(&late.handle(Timestamp(T0.0 + 50), Event::Drawn)),
        ["SessionStart"]
    );
    let mut never = agent("ready = false");
    assert!(submit(&mut never, Timestamp(T0.0 + 1_000_000), "x").is_empty());
}

#[test]
fn control_c_clears_then_ends() {
    let mut agent = agent("");
    agent.handle(T0, Event::Paste("text".to_owned()));
    agent.handle(T0, Event::Keys(vec![Key::Interrupt]));
    assert!(agent.composer().is_empty());
    assert!(
        agent
            .handle(T0, Event::Keys(vec![Key::Interrupt]))
            .is_empty()
    );
    assert!(
        agent
            .handle(Timestamp(T0.0 + 2_000), Event::Tick)
            .is_empty(),
        "forgotten"
    );
    assert!(
        agent
            .handle(T0, Event::Keys(vec![Key::Interrupt]))
            .is_empty()
    );
    let effects = agent.handle(T0, Event::Keys(vec![Key::Interrupt]));
    assert_eq!(hooks(&effects), ["SessionEnd"]);
    assert_eq!(effects.last(), Some(&Effect::Exit));
}

#[test]
fn the_screen_fits_any_size() {
    let mut agent = agent("");
    agent.handle(T0, Event::Paste("日本語 e\u{301} ".repeat(30)));
    submit(&mut agent, T0, "x");
    agent.handle(T0, Event::Paste("wide 日本 ".repeat(20)));
    for (width, height) in [(1, 1), (2, 3), (10, 4), (80, 24), (300, 100)] {
        let frame = view::draw(&agent, width, height);
        assert_eq!(frame.rows.len(), height, "{width}x{height}");
        let (row, column) = frame.cursor.unwrap();
        assert!(
            row < height && column < width,
            "{width}x{height}: {row},{column}"
        );
    }
}

#[test]
fn a_failed_message_is_tried_again_and_then_reported() {
    let mut agent = agent("");
    let prompt =
        "[torch m-aaaaaaaa #1 from=project_manager to=developer try=1] ready? [/m-aaaaaaaa]";
    let effects = submit(&mut agent, T0, prompt);
    let Some(Effect::Start {
        turn,
        step: Step::Open(_),
    }) = effects.last()
    else {
        panic!("{effects:?}")
    };
    let turn = *turn;
    let mut effects = agent.handle(
        T0,
        Event::Job {
            turn,
            result: Ok(Done::default()),
        },
    );
    let mut now = T0;
    for attempt in 1..=4 {
        let Some(Effect::Start {
            step: Step::Send(send),
            ..
        }) = effects.last()
        else {
            panic!("{effects:?}")
        };
        assert_eq!(
            (send.attempt, send.to.as_str()),
            (attempt, "project_manager")
        );
        let failure = Failure {
            text: "failed".to_owned(),
            again: true,
        };
        effects = agent.handle(
            now,
            Event::Job {
                turn,
                result: Err(failure),
            },
        );
        if attempt < 4 {
            now = agent.deadline().unwrap();
            effects = agent.handle(now, Event::Tick);
        }
    }
    assert_eq!(
        hooks(&effects),
        ["Stop"],
        "the one who can't be reached is not told so"
    );
}

#[test]
fn a_commit_waits_for_another_git_and_is_not_tried_for_ever() {
    let scenario = "[[on]]\nmatch = 'go'\nsteps = [{ commit = { file = 'a.md', message = 'a' } }]";
    let mut agent = agent(scenario);
    let mut effects = submit(&mut agent, T0, "go");
    let mut tries = 0;
    let mut now = T0;
    while let Some(Effect::Start {
        turn,
        step: Step::Commit(_),
    }) = effects.last()
    {
        tries += 1;
        let failure = Failure {
            text: "index.lock".to_owned(),
            again: true,
        };
        let (turn, result) = (*turn, Err(failure));
        effects = agent.handle(now, Event::Job { turn, result });
        if let Some(until) = agent.deadline().filter(|_| tries < 5) {
            now = until;
            effects = agent.handle(now, Event::Tick);
        }
    }
    assert_eq!(tries, 5);
    assert_eq!(hooks(&effects), ["Stop"]);
}
