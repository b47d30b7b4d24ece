//! The length of source files: past [`LIMIT`] lines a file holds more than one concept.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// The most lines that a file may have, its inline tests left out.
const LIMIT: usize = 600;

/// How many of the longest files are listed.
const LISTED: usize = 10;

/// Measures every Rust file of the workspace.
///
/// # Errors
/// When a file can't be read, or one is longer than [`LIMIT`].
pub(crate) fn check(root: &Path) -> Result<String> {
    let mut files = Vec::new();
    for folder in ["crates", "tests"] {
        measure(&root.join(folder), &mut files)?;
    }
    files.sort_by(|a, b| b.cmp(a));
    let list = |files: &[(usize, PathBuf)]| {
        let mut text = String::new();
        for (length, path) in files {
            let path = path.strip_prefix(root).unwrap_or(path);
            // Writing to a String can't fail.
            let _ = write!(text, "\n  {length:5} {}", path.display());
        }
        text
    };
    let over = files.partition_point(|(length, _)| *length > LIMIT);
    if over > 0 {
        bail!(
            "files of more than {LIMIT} lines without their inline tests; split them by concept:{}",
            list(&files[..over])
        );
    }
    Ok(format!(
        "lines: {} files, none over {LIMIT} lines; the longest:{}",
        files.len(),
        list(&files[..files.len().min(LISTED)])
    ))
}

fn measure(folder: &Path, files: &mut Vec<(usize, PathBuf)>) -> Result<()> {
    let listing = || format!("failed to list `{}`", folder.display());
    for entry in std::fs::read_dir(folder).with_context(listing)? {
        let path = entry.with_context(listing)?.path();
        if path.is_dir() {
            measure(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("failed to read `{}`", path.display()))?;
            files.push((length(&text), path));
        }
    }
    Ok(())
}

/// The lines of a file up to an inline `#[cfg(test)] mod … {`, which rustfmt puts on lines of their own.
fn length(text: &str) -> usize {
    let mut previous = "";
    for (number, line) in text.lines().enumerate() {
        if previous == "#[cfg(test)]" && line.starts_with("mod ") && line.ends_with('{') {
            return number - 1;
        }
        previous = line;
    }
    text.lines().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_tests_are_left_out_and_nothing_else() {
        for (text, lines) in [
            ("", 0),
            ("a\nb\n", 2),
            ("a\n#[cfg(test)]\nmod tests {\n    x\n}\n", 1),
            ("a\n#[cfg(test)]\nmod tests;\nb\n", 4),
            ("a\n#[cfg(test)]\nuse x;\nmod y {\n}\n", 5),
        ] {
            assert_eq!(length(text), lines, "{text:?}");
        }
    }
}
