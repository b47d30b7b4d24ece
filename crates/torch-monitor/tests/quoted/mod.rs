//! Conversations that only mention limits and dialogs: in an answer, a code block, a tool's output, a person's prompt.

use torch_core::screen::ScreenKind;
use torch_monitor::Screen;

use crate::fixtures::{Fixture, all, rules};

/// Limits as the programs and people word them.
const TEXTS: [&str; 12] = [
    "You've hit your 5-hour limit · resets 10:10pm (Europe/London)",
    "● Usage limit reached · continuing automatically at 10:10pm · esc to cancel",
    "  ⚠ Usage limit reached · limit resets 10:10pm\n    Continuing automatically at 10:10pm · Esc to cancel",
    "Claude AI usage limit reached|1749924000",
    "■ You’ve hit your usage limit. Upgrade to Pro or try again at 10:20 PM.",
    "│ Usage limit reached for all Pro models.\n│ ● 1. Keep trying\n│   2. Stop",
    "Do you want to proceed?\n❯ 1. Yes\n  2. No\n\nEsc to cancel",
    "What do you want to do?\n❯ 1. Stop and wait for limit to reset\n  2. Upgrade your plan\nEnter to confirm · Esc to cancel",
    "Would you like to run the following command?\n› 1. Yes, proceed (y)\n  2. No (esc)\nPress enter to confirm or esc to cancel",
    "△ Permission required\n Allow once   Allow always   Reject    ⇆ select  enter confirm",
    "Run shell command? (Y)es/(N)o [Yes]: ",
    "✻ API error · retrying in 1s · attempt 2/10",
];

/// How a conversation shows a text, for each program that has its own form.
fn framed(program: &str, how: usize, text: &str) -> Vec<String> {
    let first = match (program, how) {
        ("claude" | "demo", 0) => "● ",
        ("claude" | "demo", 1) => "❯ ",
        ("claude" | "demo", _) => "  ⎿  ",
        ("codex", 0) => "• ",
        ("codex", 1) => "› ",
        ("codex", _) => "  └ ",
        ("gemini", 0) => "✦ ",
        ("gemini", 1) => " > ",
        ("gemini", _) => "│ ",
        ("opencode", 1) => "  ┃  ",
        ("opencode", _) => "     ",
        (_, 1) => "> ",
        (_, _) => "",
    };
    let rest = match (program, how) {
        ("opencode", 1) => first.to_owned(),
        _ => " ".repeat(first.chars().count()),
    };
    let lines = text.lines().enumerate();
    lines
        .map(|(n, line)| format!("{}{line}", if n == 0 { first } else { &rest }))
        .collect()
}

/// The row in which the conversation ends: above the composer, the frame or rule near it and what is drawn right above that.
fn cut(fixture: &Fixture, composer: usize) -> usize {
    let screen = fixture.whole();
    let text = |row: usize| screen.rows()[row].text().trim_start();
    let framed = |row: &usize| text(*row).starts_with(['─', '╭', '▄']);
    let from = (composer.saturating_sub(4)..composer)
        .find(framed)
        .unwrap_or(composer);
    let drawn = |row: &usize| {
        let text = text(*row);
        !text.is_empty() && !text.starts_with(['●', '✦', '•', '›', '>'])
    };
    (0..from).rev().take_while(drawn).last().unwrap_or(from)
}

#[test]
fn a_conversation_about_limits_and_dialogs_raises_no_alarm() {
    let mut tried = 0;
    for fixture in all() {
        // An empty composer, and no turn under way.
        let rules = rules(&fixture.facts.program);
        let before = rules.read(&fixture.whole());
        let Some(composer) = before.composer.filter(|composer| {
            composer.is_empty()
                && before.kind == ScreenKind::Prompt
                && fixture.facts.expected == "prompt"
        }) else {
            continue;
        };
        let at = cut(&fixture, composer.rows.start);
        let capture = String::from_utf8_lossy(&fixture.screen).into_owned();
        let rows: Vec<&str> = capture.lines().collect();
        for (n, text) in TEXTS.iter().enumerate() {
            for how in 0..3 {
                let quote = framed(&fixture.facts.program, how, text);
                let mut screen: Vec<String> =
                    rows[..at].iter().map(|row| (*row).to_owned()).collect();
                screen.push("\x1b[0m".to_owned());
                screen.extend(quote);
                screen.push(String::new());
                screen.extend(rows[at..].iter().map(|row| (*row).to_owned()));
                let reading = rules.read(&Screen::parse(screen.join("\n").as_bytes()));
                let what = format!(
                    "{} with text {n} as {how}: {}",
                    fixture.name, reading.evidence
                );
                assert_eq!(reading.kind, ScreenKind::Prompt, "{what}");
                assert_eq!(reading.limit, None, "{what}");
                assert_eq!(reading.composer.map(|c| c.is_empty()), Some(true), "{what}");
                tried += 1;
            }
        }
    }
    assert!(tried >= 100, "only {tried} screens were tried");
}

#[test]
fn a_recorded_dialog_quoted_above_a_composer_is_conversation() {
    let fixtures = all();
    let mut tried = 0;
    for shown in fixtures
        .iter()
        .filter(|fixture| fixture.facts.dialog.is_some())
    {
        let program = &shown.facts.program;
        let idle = fixtures.iter().find(|fixture| {
            fixture.facts.program == *program
                && fixture.name.ends_with("/idle")
                && fixture.facts.expected == "prompt"
        });
        let Some(idle) = idle else {
            continue;
        };
        let rules = rules(program);
        let Some(composer) = rules.read(&Screen::parse(&idle.screen)).composer else {
            continue;
        };
        let at = cut(idle, composer.rows.start);
        // A file or a tool's output is shown indented.
        let quote = Screen::parse(&shown.screen).text();
        let quote: Vec<String> = quote.lines().map(|line| format!("     {line}")).collect();
        let capture = String::from_utf8_lossy(&idle.screen).into_owned();
        let rows: Vec<&str> = capture.lines().collect();
        let screen = [
            rows[..at].join("\n"),
            "\x1b[0m".to_owned(),
            quote.join("\n"),
            String::new(),
            rows[at..].join("\n"),
        ];
        let reading = rules.read(&Screen::parse(screen.join("\n").as_bytes()));
        assert_eq!(
            reading.kind,
            ScreenKind::Prompt,
            "{}: {}",
            shown.name,
            reading.evidence
        );
        tried += 1;
    }
    assert!(tried > 5, "only {tried} dialogs were quoted");
}
