//! Kinds of screens.

use torch_core::screen::{DialogKind, ScreenKind, ScreenReading};

use crate::Screen;
use crate::rules::tests::rules;

fn read(capture: &str) -> ScreenReading {
    rules().read(&Screen::parse(capture.as_bytes()))
}

fn kind(capture: &str) -> ScreenKind {
    read(capture).kind
}

#[test]
fn the_four_screens_are_told_apart() {
    let prompt = "● said\n──────────\n❯\u{a0}\n──────────\n  ? for shortcuts\n";
    assert_eq!(kind(prompt), ScreenKind::Prompt);
    assert_eq!(
        kind(&prompt.replace("? for shortcuts", "esc to interrupt")),
        ScreenKind::Busy
    );
    let dialog =
        "● said\n──────────\n Do you want to proceed?\n ❯ 1. Yes\n   2. No\n\n Esc to cancel\n";
    assert_eq!(kind(dialog), ScreenKind::Asking);
    assert_eq!(
        kind("You've hit your 5-hour limit\n\n"),
        ScreenKind::Limited
    );
    assert_eq!(kind("bash-5.2$ \n"), ScreenKind::Unknown);
}

#[test]
fn a_quoted_dialog_above_the_composer_is_conversation() {
    let quoted = "● Do you want to proceed?\n ❯ 1. Yes\n   2. No\n Esc to cancel\n esc to interrupt\n──────────\n❯\u{a0}\n──────────\n  ?\n";
    assert_eq!(kind(quoted), ScreenKind::Prompt);
}

#[test]
fn a_dialog_below_an_old_composer_wins() {
    let dialog = "──────────\n❯\u{a0}old\n──────────\n Do you want to proceed?\n Esc to cancel\n";
    assert_eq!(kind(dialog), ScreenKind::Asking);
}

#[test]
fn a_menu_that_no_rule_knows_is_a_dialog_of_unknown_kind() {
    for menu in [
        "● said\n\n  Pick one of these\n\n  ❯ Red\n    Blue\n",
        "● said\n\n  Type a name\n\n Esc to cancel\n",
        "  Which?\n❯ 1. Red\n     warm\n  2. Blue\n",
    ] {
        let reading = read(menu);
        assert_eq!(reading.kind, ScreenKind::Asking, "{menu}");
        assert_eq!(
            reading.dialog.map(|dialog| dialog.kind),
            Some(DialogKind::Unknown)
        );
    }
}

#[test]
fn each_rule_says_where_it_matched() {
    let reading = read("● said\n──────────\n❯\u{a0}ab\n  cd\n──────────\n  esc to interrupt\n");
    let matches: Vec<_> = reading
        .matches
        .iter()
        .map(|found| (found.rule.as_str(), found.rows.clone()))
        .collect();
    assert_eq!(
        matches,
        [("screen.composer", 2..4), ("screen.lines[0] busy", 5..6)]
    );
    assert_eq!(
        reading.evidence,
        "screen.lines[0] busy `esc to interrupt` matches \"esc to interrupt\""
    );
}
