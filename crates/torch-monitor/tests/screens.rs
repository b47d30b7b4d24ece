//! Screens recorded from the real programs, read by the rules that ship. What a screen shows was decided by what the
//! program was made to do when it was recorded, not by any rule.
//!
//! `TORCH_SCREENS` names another folder of such recordings.

mod fixtures;
mod quoted;
mod torn;

use fixtures::{Fixture, all, rules};
use torch_core::screen::{ScreenKind, ScreenReading, squeeze};
use torch_monitor::Screen;

/// What is wrong with a reading, if anything is.
fn fault(fixture: &Fixture, reading: &ScreenReading) -> Option<String> {
    if !fixture.expects(reading) {
        return Some(format!(
            "expected {}, read {} ({})",
            fixture.facts.expected,
            reading.kind.as_str(),
            reading.evidence
        ));
    }
    if let Some(wanted) = &fixture.facts.dialog {
        let kind = reading.dialog.as_ref().map(|dialog| dialog.kind.as_str());
        if kind != Some(wanted.as_str()) {
            return Some(format!("a dialog of kind {wanted}, read {kind:?}"));
        }
        let rows = reading
            .dialog
            .as_ref()
            .map_or(0, |dialog| dialog.rows.len());
        if rows < 2 {
            return Some(format!("a dialog with {rows} rows"));
        }
    }
    let composer = reading.composer.as_ref();
    if fixture.facts.expected == "ended" {
        return None;
    }
    match (&fixture.facts.draft, composer) {
        (None, Some(composer)) if !composer.is_empty() => {
            Some(format!("an empty composer, read {:?}", composer.text))
        }
        (Some(draft), Some(composer)) => {
            // A long text is shown by a label, or by its end.
            let shown = composer.holds(draft)
                || !composer.collapsed.is_empty()
                || squeeze(draft).ends_with(&squeeze(&composer.text));
            (composer.is_empty() || !shown)
                .then(|| format!("the draft {draft:?}, read {:?}", composer.text))
        }
        (Some(draft), None) => Some(format!("the draft {draft:?}, and no composer was found")),
        (None, _) => None,
    }
}

#[test]
fn every_recorded_screen_is_read_as_what_it_is() {
    let fixtures = all();
    let mut table = String::new();
    let mut wrong = 0;
    for fixture in &fixtures {
        let reading = rules(&fixture.facts.program).read(&fixture.whole());
        if let Some(fault) = fault(fixture, &reading) {
            wrong += 1;
            table.push_str(&format!("{:<50} {fault}\n", fixture.name));
        }
    }
    let count = fixtures.len();
    assert!(
        wrong == 0,
        "{wrong} of {count} screens were misread:\n{table}"
    );
}

#[test]
fn a_screen_without_escapes_shows_no_dialog_as_a_prompt() {
    for fixture in all() {
        let text = Screen::parse(&fixture.screen).text();
        let reading = rules(&fixture.facts.program).read(&Screen::parse(text.as_bytes()));
        if fixture.facts.dialog.is_some() {
            assert_ne!(reading.kind, ScreenKind::Prompt, "{}", fixture.name);
        }
    }
}

#[test]
fn every_recorded_dialog_says_how_to_answer_it() {
    let mut tried = 0;
    for fixture in all() {
        let Some(kind) = &fixture.facts.dialog else {
            continue;
        };
        let reading = rules(&fixture.facts.program).read(&fixture.whole());
        let dialog = reading.dialog.expect("a dialog");
        let what = format!("{}: {dialog:?}", fixture.name);
        assert!(dialog.highlighted.is_some(), "{what}");
        assert!(!dialog.question.is_empty(), "{what}");
        // What a key's guard looks for: the question, and the rows, which may stand in one line with it.
        let in_one = |lines: &[String]| matches!(lines, [line] if line.contains(&dialog.question));
        assert!(dialog.lines.len() > 1 || in_one(&dialog.lines), "{what}");
        assert!(dialog.lines.len() < 30, "{what}");
        assert!(
            (0..dialog.rows.len()).all(|row| dialog.keys_for(row).is_some()),
            "{what}"
        );
        if kind == "question" {
            assert_eq!((dialog.approve, dialog.deny), (None, None), "{what}");
            continue;
        }
        // The menu of a limit has no row that stands for a yes in each program.
        assert!(dialog.deny.is_some(), "{what}");
        assert!(dialog.approve.is_some() || kind == "limit_menu", "{what}");
        assert_ne!(dialog.approve, dialog.deny, "{what}");
        tried += 1;
    }
    assert!(tried > 20, "only {tried} dialogs");
}

/// The number before `words` in a text.
fn number_before(text: &str, words: &str) -> Option<u8> {
    let (before, _) = text.split_once(words)?;
    let digits = before.rsplit(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[test]
fn the_context_that_claude_shows_is_read() {
    let mut tried = 0;
    let claude = all()
        .into_iter()
        .filter(|fixture| fixture.facts.program == "claude");
    for fixture in claude {
        let screen = fixture.whole();
        let reading = rules("claude").read(&screen);
        // The rows around the composer; what the conversation says of a context is another matter.
        let from = reading
            .composer
            .as_ref()
            .map_or(0, |found| found.rows.start.saturating_sub(2));
        let near: Vec<&str> = screen.rows()[from..]
            .iter()
            .map(torch_monitor::screen::Row::text)
            .collect();
        let near = near.join("\n");
        let used = number_before(&near, "% context used");
        let left = number_before(&near, "% remaining)").map(|left| 100 - left);
        let Some(used) = used.or(left).filter(|_| reading.kind == ScreenKind::Prompt) else {
            continue;
        };
        assert_eq!(reading.context_used, Some(used), "{}", fixture.name);
        tried += 1;
    }
    assert!(tried > 5, "only {tried} screens");
}

#[test]
fn the_share_of_a_limit_that_claude_shows_is_read() {
    let mut tried = Vec::new();
    let claude = all().into_iter().filter(|fixture| {
        fixture.facts.program == "claude" && fixture.name.contains("/2.1.329/200/")
    });
    for fixture in claude {
        let reading = rules("claude").read(&fixture.whole());
        let warns = fixture.name.contains("warning");
        assert_eq!(reading.share.is_some(), warns, "{}", fixture.name);
        tried.extend(reading.share.map(|share| share.used));
    }
    assert_eq!(tried, [93, 80]);
}

#[test]
fn codex_says_when_no_dialog_about_trust_can_follow() {
    let mut tried = 0;
    for fixture in all() {
        let reading = rules(&fixture.facts.program).read(&fixture.whole());
        let idle = fixture.facts.expected == "prompt" && fixture.facts.dialog.is_none();
        if fixture.facts.program == "codex" && idle && reading.kind == ScreenKind::Prompt {
            assert!(reading.started, "{}", fixture.name);
            tried += 1;
        }
    }
    assert!(tried > 20, "only {tried} screens");
    // The same composer 0.9 s before the dialog (0.169.0, an untrusted folder).
    for folder in ["loading", "/work/project · here"] {
        let early = format!(
            "\n  >_ OpenAI Codex (v0.169.0)\n     {folder}\n\n\n› Ask Codex to do anything\n\n  ? for shortcuts\n"
        );
        let reading = rules("codex").read(&Screen::parse(early.as_bytes()));
        assert_eq!(reading.kind, ScreenKind::Prompt, "{early}");
        assert!(!reading.started, "{early}");
    }
}
