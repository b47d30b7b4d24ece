//! Composers of all shapes.

use torch_core::program::ScreenRules;

use crate::rules::Rules;
use crate::rules::tests::rules;

use super::*;

fn find_by(rules: &Rules, capture: &str) -> Option<Composer> {
    match super::find(&Screen::parse(capture.as_bytes()), &rules.composer) {
        Sighting::Composer(composer, _) => Some(composer),
        Sighting::Submitted(_) | Sighting::Nothing => None,
    }
}

fn find(capture: &str) -> Option<Composer> {
    find_by(&rules(), capture)
}

fn read_rules(text: &str) -> Rules {
    let rules: ScreenRules = toml::from_str(text).expect("the rules can be read");
    Rules::compile("test", &rules).expect("the rules compile")
}

#[test]
fn a_typed_text_is_found_over_wrapped_rows() {
    let composer = find(
        "old ❯ talk\n──────────\n❯\u{a0}[torch m-1] hello wo\n  rld [/m-1]\n──────────\n  ? help\n",
    )
    .expect("a composer");
    assert!(composer.holds("[torch m-1] hello world [/m-1]"));
    assert!(!composer.holds("[torch m-1] hello worl [/m-1]"));
    assert_eq!(composer.rows, 2..4);
}

#[test]
fn a_dim_placeholder_is_no_draft() {
    let composer =
        find("──────────\n❯\u{a0}\x1b[2mTry \"fix\"\x1b[0m\n──────────\n").expect("a composer");
    assert!(composer.is_empty(), "{composer:?}");
    let draft = find("──────────\n❯\u{a0}half a dra\n──────────\n").expect("a composer");
    assert!(!draft.is_empty());
}

#[test]
fn a_dialog_between_frames_is_no_composer() {
    assert_eq!(
        find("──────────\n Do you want to proceed?\n ❯ 1. Yes\n──────────\n"),
        None
    );
    assert_eq!(find("❯ only history\n"), None);
    assert_eq!(
        find("──────────\n❯\u{a0}Killed\nsh$\n"),
        None,
        "the frame is open"
    );
}

#[test]
fn the_end_of_a_long_text_is_recognised() {
    let composer = find("──────────\n❯\u{a0}tail of it [/m-1]\n──────────\n").expect("a composer");
    assert!(composer.holds_end_of(
        "[torch m-1] a long head and the tail of it [/m-1]",
        "[/m-1]"
    ));
    assert!(!composer.holds_end_of("[torch m-1] another text [/m-1]", "[/m-1]"));
}

#[test]
fn a_collapsed_paste_and_another_mode_are_seen_as_such() {
    let composer = find("──────────\n❯\u{a0}[Pasted text #1 +39 lines]\n──────────\n");
    assert_eq!(
        composer.expect("a composer").collapsed,
        ["[Pasted text #1 +39 lines]"]
    );
    let shell = find("──────────\n!\u{a0}\n──────────\n").expect("a composer");
    assert!(!shell.is_empty(), "what is pasted there is run");
}

#[test]
fn a_box_loses_its_sides_and_its_placeholder() {
    let rules = read_rules(
        r"tail_lines = 9
[composer]
top = '^[─╭]{1,}'
top_within = 3
bottom = '^$|^╰─'
prompt = '^[ │] ?> '
continuation = '^[ │]? {2,3}'
right = '│$'
placeholders = ['^Type your message']
footer_lines = 2
",
    );
    let boxed = "╭────────╮\n│ > ab   │\n│   cd   │\n╰────────╯\n  model\n";
    assert!(find_by(&rules, boxed).expect("a composer").holds("abcd"));
    let bare = "────\n Shift+Tab\n\n > \x1b[7m \x1b[0m Type your message\n\n dir\n model\n";
    assert!(find_by(&rules, bare).expect("a composer").is_empty());
    let said = "────\n > said before\n\nOne\nTwo\nThree\nFour\n";
    assert_eq!(find_by(&rules, said), None, "too much stands below");
}

#[test]
fn a_prompt_without_a_frame_ends_before_the_footer() {
    let rules = read_rules(
        r"tail_lines = 9
[composer]
top = '^$'
bottom = '^$'
prompt = '^› '
continuation = '^  '
footer_lines = 2
",
    );
    let text = "› said\n\n• did\n\n› one\n\n  three\n\n  model · dir\n";
    let composer = find_by(&rules, text).expect("a composer");
    assert_eq!(composer.text, "one\n\nthree");
    assert_eq!(composer.rows, 4..7);
}

#[test]
fn a_prompt_that_stays_is_told_by_the_colour_below_it() {
    let rules = read_rules(
        r"tail_lines = 9
[composer]
top = '^─{4,}$'
prompt = '^> ?'
continuation = '^> ?'
one_colour = true
",
    );
    let find = |text: &str| super::find(&Screen::parse(text.as_bytes()), &rules.composer);
    let green = "\x1b[32m──────\n> do this\n> and that";
    let Sighting::Composer(composer, _) = find(green) else {
        panic!("a draft of two rows");
    };
    assert_eq!(composer.text, "do this\nand that");
    let busy = "\x1b[32m──────\n> do this\n\x1b[34mdoing it";
    assert!(matches!(find(busy), Sighting::Submitted(_)));
    // The program ended, and a shell is there.
    assert!(matches!(
        find("\x1b[32m──────\n>\n\x1b[0m$ ls"),
        Sighting::Nothing
    ));
}

#[test]
fn a_bar_is_read_as_wide_as_its_edge() {
    let rules = read_rules(
        r"tail_lines = 9
[composer]
shape = 'bar'
bottom = '^ *╹▀+'
prompt = '^ *┃ {0,2}'
padding = [1, 2]
placeholders = ['^Ask anything']
footer_lines = 2
",
    );
    let screen = |text: &str| {
        format!(
            "  ┃\n  ┃  said\n\n  ┃\n  ┃  {text}          │ side\n  ┃                  │ bar\n  ┃  Build           │\n  ╹▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀\n  ctrl+p\n"
        )
    };
    let composer = find_by(&rules, &screen("draft")).expect("a composer");
    assert_eq!((composer.text.as_str(), composer.rows), ("draft", 4..5));
    assert!(
        find_by(&rules, &screen("Ask anything…"))
            .expect("a composer")
            .is_empty()
    );
}
