//! Whether two texts are the same for all that a terminal can tell.
//!
//! Between a paste and a screen, or a hook's prompt, stand a program and a terminal with ideas of their own about some
//! characters: Claude Code composes `e` + U+0301 to `é`; tmux 3.3a throws a skin tone away (`👍🏽` is drawn `👍`); joiners,
//! variation selectors and flags come and go with versions. Where a text has such characters, only the rest of it
//! can be compared.

/// Whether `shown` is `expected`, blanks not counted, since a wrapped row ends anywhere. Where `expected` has characters that
/// terminals draw in their own ways, everything that is not ASCII is left out, but `shown` must begin and end as `expected`
/// does and have no more of it.
pub fn reads_as(shown: &str, expected: &str) -> bool {
    let (shown, expected) = (squeeze(shown), squeeze(expected));
    if shown == expected {
        return true;
    }
    expected.chars().any(is_drawn_freely)
        && shown.chars().next() == expected.chars().next()
        && shown.chars().last() == expected.chars().last()
        && shown.chars().count() <= expected.chars().count()
        && sure(&shown, &expected)
}

/// `text` without its blanks.
pub fn squeeze(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Whether the ASCII of both is the same. A letter that a mark follows in `expected` may have become one with it.
fn sure(shown: &str, expected: &str) -> bool {
    let mut shown = shown.chars().filter(char::is_ascii).peekable();
    let mut letters = expected.chars().peekable();
    while let Some(letter) = letters.next() {
        if !letter.is_ascii() {
            continue;
        }
        let marked = letters.peek().copied().is_some_and(is_drawn_freely);
        if shown.next_if_eq(&letter).is_none() && !marked {
            return false;
        }
    }
    shown.next().is_none()
}

/// Whether programs and terminals differ in what becomes of a character: marks, joiners, selectors, modifiers, what a normal
/// form replaces, and the scripts that are written with marks or from right to left.
fn is_drawn_freely(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{590}'..='\u{109f}' | '\u{1100}'..='\u{11ff}'
        | '\u{1780}'..='\u{17ff}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{200c}'..='\u{200d}'
        | '\u{20d0}'..='\u{20ff}' | '\u{2126}'..='\u{212b}' | '\u{2329}'..='\u{232a}' | '\u{302a}'..='\u{302f}'
        | '\u{3099}'..='\u{309a}' | '\u{f900}'..='\u{faff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe00}'..='\u{fe2f}'
        | '\u{fe70}'..='\u{fefe}' | '\u{1f1e6}'..='\u{1f1ff}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0100}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(shown: &str, expected: &str, same: bool) {
        assert_eq!(reads_as(shown, expected), same, "{shown:?} {expected:?}");
    }

    #[test]
    fn blanks_do_not_count() {
        check("[a]  one\n  two [/a]", "[a] one two [/a]", true);
        check("[a] one two three [/a]", "[a] one two [/a]", false);
        check("draft [a] one [/a]", "[a] one [/a]", false);
    }

    #[test]
    fn what_terminals_draw_in_their_own_ways_may_differ() {
        check("[a] 👍 é x [/a]", "[a] 👍🏽 e\u{301} x [/a]", true);
        check("[a] 👍 e\u{301} x [/a]", "[a] 👍🏽 e\u{301} x [/a]", true);
        check(
            "[a] ❤ 1 \u{1f469}\u{1f680} [/a]",
            "[a] ❤\u{fe0f} 1\u{fe0f}\u{20e3} 👩\u{200d}🚀 [/a]",
            true,
        );
    }

    #[test]
    fn the_rest_must_be_the_same_all_the_same() {
        check("[a] 👍 é y [/a]", "[a] 👍🏽 e\u{301} x [/a]", false);
        check("[a] 👍 é [/a]", "[a] 👍🏽 e\u{301} x [/a]", false);
        check("draft [a] 👍 x [/a]", "[a] 👍🏽 x [/a]", false);
        check("ж[a] 👍 x [/a]", "[a] 👍🏽 x [/a]", false);
        check("[a] 👍 x [/a] more", "[a] 👍🏽 x [/a]", false);
        check("[a] 👍 жж x [/a]", "[a] 👍🏽 x [/a]", false);
        // Without such characters nothing may differ.
        check("[a] ünique [/a]", "[a] unique [/a]", false);
        check("[a] é [/a]", "[a] è [/a]", false);
    }
}
