//! What lies on disk, so that a test can compare it before and after.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// Everything below a folder: by relative path what it is, its mode, and a digest of its content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tree(BTreeMap<PathBuf, String>);

impl Tree {
    /// Looks at everything below `root`, without following symbolic links. A folder that is not there is empty.
    pub(crate) fn of(root: &Path) -> Self {
        let mut tree = Self::default();
        tree.add(root, root);
        tree
    }

    /// What differs in `after`, by path: `+` new, `-` gone, `~` changed.
    pub(crate) fn changes(&self, after: &Self) -> Vec<String> {
        let line = |sign: char, path: &Path| format!("{sign}{}", path.display());
        let gone = self.0.keys().filter(|path| !after.0.contains_key(*path));
        let mut changes: Vec<String> = gone.map(|path| line('-', path)).collect();
        for (path, is) in &after.0 {
            match self.0.get(path) {
                None => changes.push(line('+', path)),
                Some(was) if was != is => changes.push(line('~', path)),
                Some(_) => {}
            }
        }
        changes
    }

    /// The paths whose last part is exactly `name`.
    pub(crate) fn named(&self, name: &str) -> Vec<&Path> {
        let is_named = |path: &&PathBuf| path.file_name().is_some_and(|last| last == name);
        self.0
            .keys()
            .filter(is_named)
            .map(PathBuf::as_path)
            .collect()
    }

    fn add(&mut self, root: &Path, folder: &Path) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            // What goes away during the look is not there.
            let Ok(meta) = fs::symlink_metadata(&path) else {
                continue;
            };
            let mode = meta.permissions().mode();
            let content = if meta.is_file() {
                let digest = Sha256::digest(fs::read(&path).unwrap_or_default());
                digest.iter().map(|byte| format!("{byte:02x}")).collect()
            } else if meta.is_symlink() {
                fs::read_link(&path)
                    .unwrap_or_default()
                    .display()
                    .to_string()
            } else {
                String::new()
            };
            let relative = path.strip_prefix(root).unwrap_or(&path).to_owned();
            self.0.insert(relative, format!("{mode:o} {content}"));
            if meta.is_dir() {
                self.add(root, &path);
            }
        }
    }
}
