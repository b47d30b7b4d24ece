//! The top-level folders: exactly the agreed ones, so that a newcomer's map stays true.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

/// The agreed folders. Folders with a leading dot and cargo's `target` don't count.
const FOLDERS: &[&str] = &[
    "crates",
    "docs",
    "registry",
    "scripts",
    "templates",
    "tests",
];

/// Compares the folders at `root` with the agreed ones.
///
/// # Errors
/// When `root` can't be listed, or a folder is missing or too many.
pub(crate) fn check(root: &Path) -> Result<String> {
    let faults = faults(&folder_names(root)?);
    if !faults.is_empty() {
        bail!(
            "the top-level folders of {} are not {}: {}",
            root.display(),
            FOLDERS.join(", "),
            faults.join("; ")
        );
    }
    Ok(format!("folders: {}", FOLDERS.join(", ")))
}

fn folder_names(root: &Path) -> Result<BTreeSet<String>> {
    let listing = || format!("failed to list `{}`", root.display());
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(root).with_context(listing)? {
        let entry = entry.with_context(listing)?;
        if entry.file_type().with_context(listing)?.is_dir() {
            names.insert(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

fn faults(names: &BTreeSet<String>) -> Vec<String> {
    let missing = FOLDERS
        .iter()
        .filter(|name| !names.contains(**name))
        .map(|name| format!("`{name}` is missing"));
    let extra = names
        .iter()
        .filter(|name| !name.starts_with('.') && *name != "target")
        .filter(|name| !FOLDERS.contains(&name.as_str()))
        .map(|name| format!("`{name}` is not one of them"));
    missing.chain(extra).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_and_extra_folders_are_named() {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        let sound: BTreeSet<String> = names(FOLDERS);
        assert!(faults(&sound).is_empty());

        let mut with_hidden = sound.clone();
        with_hidden.extend([".git".to_owned(), "target".to_owned()]);
        assert!(faults(&with_hidden).is_empty());

        let mut wrong = sound;
        wrong.remove("docs");
        wrong.insert("utils".to_owned());
        assert_eq!(
            faults(&wrong),
            ["`docs` is missing", "`utils` is not one of them"]
        );
    }
}
