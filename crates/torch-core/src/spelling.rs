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

/// The names that a mistyped word most likely means, nearest first, at most three: a third of its letters may be wrong, missing or
/// too many, a pair of them in the wrong order, or up to half of the name left out behind its first letter (`tstr`). A short word is like
/// few names: nothing is better than any name.
pub fn near<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    // Whatever is longer is like no name.
    let word: String = word.to_lowercase().chars().take(64).collect();
    let most = (1 + word.chars().count()) / 3;
    let mut near: Vec<(usize, &str)> = names
        .into_iter()
        .map(|name| (distance(&word, name), name))
        .filter(|(distance, name)| {
            *distance <= most || is_swapped(&word, name) || is_short_for(&word, name)
        })
        .collect();
    near.sort_unstable();
    near.truncate(3);
    near.into_iter().map(|(_, name)| name).collect()
}

/// Whether one word is the other with two neighbours in the wrong order.
fn is_swapped(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len() != b.len() {
        return false;
    }
    let differing: Vec<usize> = (0..a.len()).filter(|at| a[*at] != b[*at]).collect();
    matches!(differing[..], [one, next] if next == one + 1 && a[one] == b[next] && a[next] == b[one])
}

/// Whether a word is a name of which letters were left out, not the first one, and half of them at most.
fn is_short_for(word: &str, name: &str) -> bool {
    let mut letters = name.chars();
    let begins = word.chars().next() == name.chars().next();
    let length = word.chars().count();
    let enough = length >= 3 && length * 2 >= name.chars().count();
    begins && enough && word.chars().all(|x| letters.any(|y| y == x))
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
            ("dmeo", &["demo"]),
            ("dame", &[]),
            ("opcode", &["opencode"]),
            ("gmni", &["gemini"]),
            ("", &[]),
        ] {
            assert_eq!(near(word, names), meant, "{word}");
        }
        // Any name would be a random one.
        let types = ["documentation", "docs", "ops", "devops", "mobile", "iac"];
        for word in ["nope", "foo", "wibble", "x", "abc"] {
            assert_eq!(near(word, types), [""; 0], "{word}");
        }
        assert!(distance("developer", "devloper") < distance("tester", "devloper"));
    }
}
