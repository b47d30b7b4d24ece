//! Characters that nobody sees, and the form in which words are compared.

/// Whether a character is drawn as nothing: `Default_Ignorable_Code_Point` of Unicode 16 (DerivedCoreProperties.txt), and the marks
/// of interlinear annotations (U+FFF9 to U+FFFB).
pub(crate) fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// A text without the characters that nobody sees, but for those that shape what is seen: joiners and selectors of emoji, and
/// joiners between letters of scripts that need them.
pub(crate) fn seen(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if !is_unseen(c) || shapes(out.chars().next_back(), c, chars.peek().copied()) {
            out.push(c);
        }
    }
    out
}

/// Whether an unseen character has its use between these two.
fn shapes(before: Option<char>, c: char, after: Option<char>) -> bool {
    let Some(before) = before else { return false };
    let is_selected = before == '\u{fe0f}';
    match c {
        '\u{fe0e}' | '\u{fe0f}' if matches!(before, '0'..='9' | '#' | '*') => {
            after == Some('\u{20e3}')
        }
        '\u{fe0e}' | '\u{fe0f}' => is_emoji(before),
        '\u{200d}' if is_emoji(before) || is_selected => after.is_some_and(is_emoji),
        '\u{200c}' | '\u{200d}' => is_joined(before) && after.is_some_and(is_joined),
        _ => false,
    }
}

/// The blocks that emoji come from; no letter of a word lies in them.
fn is_emoji(c: char) -> bool {
    matches!(c,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}'
        | '\u{25a0}'..='\u{27bf}' | '\u{2934}' | '\u{2935}' | '\u{2b00}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}'
        | '\u{3299}' | '\u{1f000}'..='\u{1faff}')
}

/// Letters that joiners stand between: from Arabic to Sinhala.
fn is_joined(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{dff}')
}

/// The form in which words are compared: in lower case, without what nobody sees, and with full-width, circled and mathematical
/// letters and digits as plain ones. Letters of other scripts that look alike stay what they are.
pub(crate) fn fold(text: &str) -> String {
    let seen = text.chars().filter(|c| !is_unseen(*c));
    seen.map(plain).flat_map(char::to_lowercase).collect()
}

/// The plain character that Unicode takes one for (compatibility mappings of the blocks named above).
fn plain(c: char) -> char {
    let nth = |first: u8, n: u32| char::from_u32(u32::from(first) + n).unwrap_or(c);
    match u32::from(c) {
        0x3000 => ' ',
        at @ 0xff01..=0xff5e => nth(b'!', at - 0xff01),
        at @ 0x24b6..=0x24e9 => nth(b'a', (at - 0x24b6) % 26),
        at @ 0x1_d400..=0x1_d6a3 => nth(b'a', (at - 0x1_d400) % 26),
        at @ 0x1_d7ce..=0x1_d7ff => nth(b'0', (at - 0x1_d7ce) % 10),
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_compared_as_they_are_seen() {
        for text in [
            "Password",
            "pass\u{ad}word",
            "p\u{34f}assword",
            "passwor\u{fe0f}d",
            "pass\u{17b5}word",
            "pass\u{3164}word",
            "pass\u{e0101}word",
            "ｐａｓｓｗｏｒｄ",
            "𝐩𝐚𝐬𝐬𝐰𝐨𝐫𝐝",
            "ⓟⓐⓢⓢword",
        ] {
            assert_eq!(fold(text), "password", "{text:?}");
        }
        assert_eq!(fold("𝟙２"), "12");
    }

    #[test]
    fn what_shapes_emoji_and_joined_scripts_stays() {
        for text in [
            "👩🏽\u{200d}🚀",
            "❤\u{fe0f}\u{200d}🔥",
            "1\u{fe0f}\u{20e3}",
            "می\u{200c}خواهم",
            "क\u{94d}\u{200d}ष",
        ] {
            assert_eq!(seen(text), text);
        }
        for (text, plain) in [
            ("a\u{200d}b", "ab"),
            ("👩\u{200d}b", "👩b"),
            ("1\u{fe0f}2", "12"),
            ("\u{fe0f}x\u{fe0f}", "x"),
            ("❤\u{fe0f}\u{fe0f}", "❤\u{fe0f}"),
        ] {
            assert_eq!(seen(text), plain, "{text:?}");
        }
    }
}
