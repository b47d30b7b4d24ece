//! Numbers and files in the words of errors and reasons.

/// How many names are shown.
const NAMED: usize = 5;

/// A number with its noun: `1 file`, `3 files`.
pub(crate) fn count(number: impl TryInto<u64>, noun: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// The first of some paths, without what moves a cursor, and how many there are besides.
pub(crate) fn some(paths: &[String]) -> String {
    let shown = paths.iter().take(NAMED);
    let mut shown: Vec<String> = shown.map(|path| path.escape_debug().to_string()).collect();
    if let more @ 1.. = paths.len().saturating_sub(NAMED) {
        shown.push(format!("{more} more"));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one_and_few_names_are_shown() {
        assert_eq!(count(1_u64, "commit"), "1 commit");
        assert_eq!(count(0_usize, "commit"), "0 commits");
        let paths: Vec<String> = (0..7).map(|n| format!("f{n}\n")).collect();
        assert_eq!(some(&paths[..1]), "f0\\n");
        assert!(some(&paths).ends_with("f4\\n, 2 more"));
    }
}
