//! Characters that nobody sees, and the forms in which words are compared.

mod lookalike;

use unicode_normalization::UnicodeNormalization as _;

use lookalike::latin;

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

/// The forms in which the words of a text are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folded {
    /// In lower case, without what nobody sees, and with what Unicode takes for another way to write a character as that one
    /// (NFKC): full-width, circled and mathematical letters and digits are plain ones.
    plain: String,
    /// Where it differs: likewise, with letters of other scripts as the Latin ones that they are drawn like, and without strokes.
    drawn: Option<String>,
}

impl Folded {
    /// The one form, or both.
    pub(crate) fn forms(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.plain.as_str()).chain(self.drawn.as_deref())
    }

    /// Whether nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.plain.is_empty()
    }

    /// Whether a form of this begins with a form of that.
    pub(crate) fn begins_with(&self, word: &Self) -> bool {
        self.forms()
            .any(|text| word.forms().any(|word| text.starts_with(word)))
    }
}

/// The forms in which words are compared. A genuine word of another script is found by the first of them, in either case; the second
/// is there for a Latin word that somebody wrote with foreign letters.
pub(crate) fn fold(text: &str) -> Folded {
    if text.is_ascii() {
        let plain = text.to_ascii_lowercase();
        return Folded { plain, drawn: None };
    }
    let text = compatible(text);
    let is_drawn = |c: char| !c.is_ascii() && (latin(c).is_some() || is_stroke(c));
    let drawn = text.contains(is_drawn).then(|| {
        let seen = text.chars().filter(|c| !is_stroke(*c));
        lower(
            seen.map(|c| {
                if c.is_ascii() {
                    c
                } else {
                    latin(c).unwrap_or(c)
                }
            }),
            text.len(),
        )
    });
    Folded {
        plain: lower(text.chars(), text.len()),
        drawn,
    }
}

/// What is seen of a text, in NFKC. Only runs that are not ASCII are looked up in Unicode's tables, each with the character before
/// it, which a mark may belong to; nothing else of ASCII is changed by its neighbours.
fn compatible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = rest.find(|c: char| !c.is_ascii()) {
        let own = begin.saturating_sub(1);
        out.push_str(&rest[..own]);
        let end = rest[begin..].find(|c: char| c.is_ascii());
        let end = end.map_or(rest.len(), |length| begin + length);
        let run = rest[own..end].chars();
        out.extend(run.filter(|c| !is_unseen(*c)).nfkc());
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// In lower case; `length` is about how many bytes that has.
fn lower(chars: impl Iterator<Item = char>, length: usize) -> String {
    let mut out = String::with_capacity(length);
    for c in chars {
        match c.is_ascii() {
            true => out.push(c.to_ascii_lowercase()),
            false => out.extend(c.to_lowercase()),
        }
    }
    out
}

/// A combining mark that belongs to no letter of its own, as NFKC has left it: a stroke or a line through the one before it.
fn is_stroke(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
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
            "ᵖªˢˢword",
        ] {
            assert_eq!(fold(text).plain, "password", "{text:?}");
        }
        assert_eq!(fold("𝟙２").plain, "12");
        assert_eq!(fold("caf\u{e9} ﬁ\u{a0}x"), fold("Cafe\u{301} fi x"));
    }

    #[test]
    fn runs_fold_as_the_whole_does() {
        let mut random = fastrand::Rng::with_seed(9);
        let some = [
            "a", "E", " ", ".", "\u{301}", "\u{ad}", "ﬁ", "é", "ｐ", "р", "ᄀ", "ᅡ", "\u{336}", "Σ",
            "日", "\u{200d}", "¨",
        ];
        for _ in 0..5_000 {
            let text: String = (0..random.usize(..12))
                .map(|_| some[random.usize(..some.len())])
                .collect();
            let whole: String = text.chars().filter(|c| !is_unseen(*c)).nfkc().collect();
            assert_eq!(compatible(&text), whole, "{text:?}");
        }
    }

    #[test]
    fn letters_that_look_alike_are_alike_in_the_second_form() {
        for text in [
            // Cyrillic, in both cases; Greek; Armenian; Cherokee; small capitals; strokes.
            "раѕѕwоrd",
            "РАЅЅWОRD",
            "ρaѕsωorԁ",
            "ΡΑSSWΟRD",
            "passwօrd",
            "ᏢᎪᏚᏚᎳORD",
            "ᴘᴀꜱꜱᴡᴏʀᴅ",
            "p\u{336}a\u{336}ssw\u{332}ord",
        ] {
            assert_eq!(fold(text).drawn.as_deref(), Some("password"), "{text:?}");
        }
        // Both cases of a genuine word are the same one.
        assert_eq!(fold("ТЕСТ").plain, fold("тест").plain);
        assert_eq!(fold("ΗΛΙΟΣ").plain, fold("ηλιοσ").plain);
        // What is drawn otherwise stays what it is.
        for text in ["für", "año", "naïve", "日本", "жук"] {
            assert!(
                fold(text).forms().all(|form| !form.is_ascii()),
                "{text:?}: {:?}",
                fold(text)
            );
        }
        assert_eq!(fold("“quoted” – 3 °C…").drawn, None);
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
