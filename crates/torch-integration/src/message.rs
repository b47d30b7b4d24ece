//! Whether a commit's message says anything.

/// Words that say nothing of a commit by themselves, nor together.
const EMPTY: &[&str] = &[
    "a",
    "all",
    "and",
    "an",
    "bit",
    "bug",
    "bugs",
    "bugfix",
    "bugfixes",
    "change",
    "changed",
    "changes",
    "chore",
    "code",
    "commit",
    "commits",
    "edit",
    "edits",
    "feat",
    "few",
    "file",
    "files",
    "fix",
    "fixed",
    "fixes",
    "fixing",
    "fixup",
    "improvement",
    "improvements",
    "in",
    "little",
    "minor",
    "misc",
    "miscellaneous",
    "modification",
    "modifications",
    "modified",
    "more",
    "new",
    "of",
    "ok",
    "other",
    "progress",
    "quick",
    "save",
    "saved",
    "several",
    "small",
    "some",
    "stuff",
    "temp",
    "the",
    "things",
    "tmp",
    "to",
    "tweak",
    "tweaks",
    "update",
    "updated",
    "updates",
    "updating",
    "various",
    "work",
];

/// Whether the first line of a commit's message says nothing: `fixes`, `updates`, `minor changes`, `Progress: update`. A commit of
/// work in progress may say just that.
pub fn is_meaningless(subject: &str) -> bool {
    let words = subject.split(|char: char| !char.is_alphanumeric());
    let mut words = words.filter(|word| !word.is_empty());
    words.all(|word| {
        let word = word.to_lowercase();
        EMPTY.contains(&word.as_str()) || word.chars().all(|char| char.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::is_meaningless;

    #[test]
    fn words_that_say_nothing_are_found() {
        for subject in [
            "fixes",
            "updates",
            "changes",
            "Fix.",
            "Updated files",
            "minor changes",
            "Bug fixes",
            "Progress: updates",
            "fix: some fixes",
            "",
            "...",
            "update 2",
            "more work",
        ] {
            assert!(is_meaningless(subject), "{subject:?}");
        }
        for subject in [
            "Progress: the parser reads dates",
            "fix the parser",
            "WIP",
            "WIP: login",
            "Fix #12: login",
            "update dependencies",
            "Änderungen am Menü",
            "v1.2",
            "修正",
        ] {
            assert!(!is_meaningless(subject), "{subject:?}");
        }
    }
}
