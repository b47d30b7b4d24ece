//! Words that the hub must hear of: whole words, not negated ("no errors", "not blocked", "0 failed" pass by).

use std::sync::LazyLock;

use regex::Regex;

static WORDS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)(?P<negation>\b(?:no|not|never|without|zero|0|non|isn't|wasn't|aren't|don't|doesn't|didn't|won't|free of|un)[\s-]+",
        r"(?:any\s+|a\s+|the\s+|yet\s+|been\s+)?)?",
        r"\b(?P<word>complet(?:e|ed|es|ion)|deploy(?:s|ed|ing|ment)?|fail(?:s|ed|ing|ure|ures)?|errors?|block(?:s|ed|ing|er|ers)?)\b"
    ))
    .expect("the pattern is constant")
});

/// The critical words of a text, each once, in their basic form: complete, deploy, fail, error, block.
pub fn words(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for hit in WORDS.captures_iter(text) {
        if hit.name("negation").is_some() {
            continue;
        }
        let word = hit
            .name("word")
            .map(|m| m.as_str().to_ascii_lowercase())
            .unwrap_or_default();
        let basic = ["complete", "deploy", "fail", "error", "block"]
            .into_iter()
            .find(|basic| word.starts_with(&basic[..basic.len().min(5)]))
            .unwrap_or("complete");
        if !found.iter().any(|f| f == basic) {
            found.push(basic.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn whole_words_count() {
        for (text, expected) in [
            ("Task complete: 3 tests failed", vec!["complete", "fail"]),
            (
                "the deployment is blocked by an ERROR",
                vec!["deploy", "block", "error"],
            ),
            ("completion reached", vec!["complete"]),
            ("incomplete blockchain failover terror", vec![]),
            ("no errors, 0 failed, not blocked", vec![]),
            ("it did not fail; without any failures", vec![]),
            ("not yet complete", vec![]),
            ("errors everywhere", vec!["error"]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }
}
