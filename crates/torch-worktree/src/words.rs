//! Numbers and files in the words of errors and reasons.

pub(crate) use torch_core::words::count;

/// How many names are shown.
const NAMED: usize = 5;

/// A path of git's as text; bytes that are not UTF-8 are U+FFFD.
pub(crate) fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
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
    fn few_names_are_shown() {
        let paths: Vec<String> = (0..7).map(|n| format!("f{n}\n")).collect();
        assert_eq!(some(&paths[..1]), "f0\\n");
        assert!(some(&paths).ends_with("f4\\n, 2 more"));
    }
}
