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
        assert!(distance("developer", "devloper") < distance("tester", "devloper"));
    }
}
