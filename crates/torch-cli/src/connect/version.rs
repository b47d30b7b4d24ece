//! Which of two versions is older.

/// Whether `theirs` is older than `ours`, both like `1.2.3` or `1.2.3-rc.1`. A text that is no version is not older:
/// nothing is replaced on a guess.
pub(super) fn is_older(theirs: &str, ours: &str) -> bool {
    match (parse(theirs), parse(ours)) {
        (Some(theirs), Some(ours)) => theirs < ours,
        _ => false,
    }
}

/// Numbers, then whether it is a release (a pre-release comes before it), then the pre-release's parts.
type Version = ([u64; 3], bool, Vec<(bool, u64, String)>);

fn parse(text: &str) -> Option<Version> {
    let text = text.split('+').next()?;
    let (numbers, pre) = text.split_once('-').unwrap_or((text, ""));
    let mut parts = numbers.split('.').map(|part| part.parse().ok());
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    if parts.next().is_some() {
        return None;
    }
    let pre_parts = pre.split('.').filter(|part| !part.is_empty()).map(|part| {
        // Numbers come before words (semver, section 11).
        match part.parse() {
            Ok(number) => (false, number, String::new()),
            Err(_) => (true, 0, part.to_owned()),
        }
    });
    Some((numbers, pre.is_empty(), pre_parts.collect()))
}

#[cfg(test)]
mod tests {
    use super::is_older;

    #[test]
    fn versions_compare_as_semver_says() {
        for (older, newer) in [
            ("0.1.0", "0.1.1"),
            ("0.9.0", "0.10.0"),
            ("1.0.0-rc.1", "1.0.0"),
            ("1.0.0-rc.2", "1.0.0-rc.10"),
            ("1.0.0-1", "1.0.0-alpha"),
        ] {
            assert!(is_older(older, newer), "{older} {newer}");
            assert!(!is_older(newer, older), "{newer} {older}");
        }
        for same in ["1.2.3", "1.2.3+build"] {
            assert!(!is_older(same, "1.2.3"));
        }
        for odd in ["", "1", "1.2", "1.2.3.4", "x.y.z"] {
            assert!(!is_older(odd, "1.2.3"), "{odd}");
        }
    }
}
