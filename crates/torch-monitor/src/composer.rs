//! Finding the composer: where a program shows what was typed and not yet submitted.

use torch_core::screen::Composer;

use crate::rules::Rules;
use crate::screen::Screen;

/// Finds the composer between the last two frame lines of a screen.
pub fn find_composer(screen: &Screen, rules: &Rules) -> Option<Composer> {
    let frames: Vec<usize> = (0..screen.rows().len())
        .filter(|row| rules.frame.is_match(&screen.rows()[*row].text()))
        .collect();
    let [.., top, bottom] = frames[..] else {
        return None;
    };
    let rows = top + 1..bottom;
    if rows.is_empty() {
        return None;
    }
    let mut lines = Vec::new();
    for (n, row) in screen.rows()[rows.clone()].iter().enumerate() {
        let whole = row.whole_text();
        let start = if n == 0 {
            &rules.prompt
        } else {
            &rules.continuation
        };
        let skip = match start.find(&whole) {
            None if n == 0 => return None,
            None => 0,
            Some(found) => found.as_str().chars().count(),
        };
        lines.push(row.bright_text(skip));
    }
    let text = lines.join("\n").trim_end().to_owned();
    Some(Composer { text, rows })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::rules;

    fn find(capture: &str) -> Option<Composer> {
        find_composer(&Screen::parse(capture.as_bytes()), &rules())
    }

    #[test]
    fn a_typed_text_is_found_over_wrapped_rows() {
        let composer = find("old ❯ talk\n──────────\n❯\u{a0}[torch m-1] hello wo\n  rld [/m-1]\n──────────\n  ? help\n")
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
    }

    #[test]
    fn the_end_of_a_long_text_is_recognised() {
        let composer =
            find("──────────\n❯\u{a0}tail of it [/m-1]\n──────────\n").expect("a composer");
        assert!(composer.holds_end_of(
            "[torch m-1] a long head and the tail of it [/m-1]",
            "[/m-1]"
        ));
        assert!(!composer.holds_end_of("[torch m-1] another text [/m-1]", "[/m-1]"));
    }
}
