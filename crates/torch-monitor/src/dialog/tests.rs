//! Dialogs read whole.

use torch_core::program::ScreenRules;
use torch_core::screen::{Dialog, DialogKind, RowAxis};

use crate::rules::Rules;
use crate::rules::tests::rules;
use crate::screen::Screen;

fn find_by(rules: &Rules, text: &str) -> Option<Dialog> {
    let screen = Screen::parse(text.as_bytes());
    super::find(&screen, rules, 0, false).map(|found| found.dialog)
}

fn texts(dialog: &Dialog) -> Vec<&str> {
    dialog.rows.iter().map(|row| row.text.as_str()).collect()
}

#[test]
fn numbered_rows_are_read_with_their_wrapped_text() {
    let text = "❯ before\n────────────────────────────────────────\n Bash command\n\n   rm -r some/folder and\n   more\n\n Do you want to proceed?\n   1. Yes\n ❯ 2. Yes, and always\n      allow it\n   3. No\n\n Esc to cancel · Tab to amend\n";
    let dialog = find_by(&rules(), text).expect("a dialog");
    assert_eq!(dialog.kind, DialogKind::Permission);
    assert_eq!(texts(&dialog), ["Yes", "Yes, and always allow it", "No"]);
    assert_eq!(
        (dialog.highlighted, dialog.approve, dialog.deny),
        (Some(1), Some(0), Some(2))
    );
    assert_eq!(dialog.rows[2].keys, ["3"]);
    assert_eq!(
        dialog.question,
        "Bash command\nrm -r some/folder and\nmore\nDo you want to proceed?"
    );
}

#[test]
fn rows_without_numbers_are_those_of_one_column() {
    let text = "──────────\n Do you want to trust it?\n\n   No, exit\n ❯ Yes, I trust this folder\n\n Enter to confirm\n";
    let dialog = find_by(&rules(), text).expect("a dialog");
    assert_eq!(texts(&dialog), ["No, exit", "Yes, I trust this folder"]);
    assert_eq!(dialog.highlighted, Some(1));
    assert_eq!(
        dialog.keys_for(0),
        Some(vec!["Up".to_owned(), "Enter".to_owned()])
    );
}

#[test]
fn a_rule_between_numbered_rows_does_not_end_them() {
    let text = "──────────\nWhich colour?\n❯ 1. Red\n     warm\n  2. Type something.\n──────────\n  3. Chat about this\nEnter to select\n";
    let dialog = find_by(&rules(), text).expect("a dialog");
    assert_eq!(
        texts(&dialog),
        ["Red warm", "Type something.", "Chat about this"]
    );
    assert_eq!(dialog.kind, DialogKind::Unknown);
}

#[test]
fn rows_side_by_side_are_told_by_their_background() {
    let rules: ScreenRules = toml::from_str(
        r"
tail_lines = 9
[composer]
prompt = '^> '
[menu]
border = '┃'
beside = ' {12,}'
top = '^ *[^ ┃]|^$'
horizontal = '⇆ select'
hints = '^(?:ctrl|⇆|enter)'
[[dialogs]]
kind = 'permission'
when = ['Permission required']
approve = '^Allow once$'
deny = '^Reject$'
",
    )
    .expect("the rules can be read");
    let rules = Rules::compile("test", &rules).expect("the rules compile");
    let text = "  talk\n  ┃\n  ┃  △ Permission required\n  ┃  $ touch x               beside\n  ┃   Allow once  \x1b[48;5;9m Allow always \x1b[0m  Reject        ⇆ select  enter confirm\n";
    let dialog = find_by(&rules, text).expect("a dialog");
    assert_eq!(texts(&dialog), ["Allow once", "Allow always", "Reject"]);
    assert_eq!(dialog.axis, RowAxis::Horizontal);
    assert_eq!((dialog.approve, dialog.deny), (Some(0), Some(2)));
    assert_eq!(dialog.question, "△ Permission required\n$ touch x");
    assert_eq!(
        dialog.keys_for(0),
        Some(vec!["Left".to_owned(), "Enter".to_owned()])
    );
}

#[test]
fn a_question_answered_by_letters_is_read() {
    let rules: ScreenRules = toml::from_str(
        r"
tail_lines = 9
[composer]
prompt = '^> '
[menu]
letters = '\(Y\)es/\(N\)o.*\[(?P<default>\w+)\]: *$'
[[dialogs]]
kind = 'permission'
when = ['Run shell command']
approve = '^Yes$'
deny = '^No$'
",
    )
    .expect("the rules can be read");
    let rules = Rules::compile("test", &rules).expect("the rules compile");
    let text = "talk\n\nRun shell command? (Y)es/(N)o/(D)on't ask\nagain [Yes]: \n";
    let dialog = find_by(&rules, text).expect("a dialog");
    assert_eq!(texts(&dialog), ["Yes", "No", "Don't ask again"]);
    assert_eq!(dialog.question, "Run shell command?");
    assert_eq!(
        (dialog.highlighted, dialog.approve, dialog.deny),
        (Some(0), Some(0), Some(1))
    );
    assert_eq!(dialog.keys_for(1), Some(vec!["n".into(), "Enter".into()]));
}
