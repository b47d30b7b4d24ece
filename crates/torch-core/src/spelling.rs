//! How alike two words are, for "did you mean".

/// Levenshtein's distance, in characters: how many are wrong, missing or too many.
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// The names that a mistyped word most likely means, nearest first, at most three: a third of its letters and one more may be
/// wrong, missing or too many.
pub fn near<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    // Whatever is longer is like no name.
    let word: String = word.to_lowercase().chars().take(64).collect();
    let most = 1 + word.chars().count() / 3;
    let mut near: Vec<(usize, &str)> = names
        .into_iter()
        .map(|name| (distance(&word, name), name))
        .filter(|(distance, _)| *distance <= most)
        .collect();
    near.sort_unstable();
    near.truncate(3);
    near.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, far) in [
            ("", "abc", 3),
            ("wat", "wait", 1),
            ("wiat", "wait", 2),
            ("same", "same", 0),
            ("tester", "testre", 2),
            ("äö", "ä", 1),
        ] {
            assert_eq!(distance(a, b), far, "{a} {b}");
        }
        let names = ["aider", "claude", "codex", "demo", "gemini", "opencode"];
        for (word, meant) in [
            ("claud", &["claude"][..]),
            ("Codx", &["codex"]),
            ("open-code", &["opencode"]),
            ("gpt", &[]),
            ("", &[]),
        ] {
            assert_eq!(near(word, names), meant, "{word}");
        }
        assert!(distance("developer", "devloper") < distance("tester", "devloper"));
    }
}
