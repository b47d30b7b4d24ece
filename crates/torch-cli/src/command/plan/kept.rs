//! An edit of a plan on disk: a folder of its own in the registry, which nobody else's edit uses.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::error::CommandError;

/// The registry's folder of edits.
const FOLDER: &str = "edits";
/// The plan as it is edited.
const PLAN: &str = "plan.toml";
/// The plan as the edit found it.
const BEGAN: &str = "began.toml";

/// One edit.
#[derive(Debug)]
pub(super) struct Edit {
    folder: PathBuf,
}

impl Edit {
    /// Begins one: a fresh private folder with the plan as it is, twice.
    pub(super) fn begin(home: &Path, team: &str, now: &str) -> Result<Self, CommandError> {
        let all = home.join(FOLDER);
        let failed = |path: &Path, error: &dyn std::error::Error| {
            CommandError::other(format!("failed to make a folder in {}", path.display()))
                .because(error)
                .hint(format!("ls -ld {}", torch_process::quote::shell(path)))
        };
        let made = fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&all);
        made.map_err(|error| failed(home, &error))?;
        // Nobody can have made it before, and nobody else may look into it.
        let folder = nix::unistd::mkdtemp(&all.join(format!("{team}-XXXXXX")))
            .map_err(|error| failed(&all, &error))?;
        let edit = Self { folder };
        put(&edit.plan(), now)?;
        edit.begins_at(now)?;
        Ok(edit)
    }

    /// The edit that a file belongs to, if it is one that was kept.
    pub(super) fn of(home: &Path, file: &Path) -> Option<Self> {
        let file = file.canonicalize().ok()?;
        let all = home.join(FOLDER).canonicalize().ok()?;
        let folder = file.parent()?;
        let ours = file.file_name()? == PLAN && folder.parent()? == all;
        ours.then(|| Self {
            folder: folder.to_owned(),
        })
    }

    /// The file that is edited.
    pub(super) fn plan(&self) -> PathBuf {
        self.folder.join(PLAN)
    }

    /// The plan as the edit found it.
    pub(super) fn began(&self) -> PathBuf {
        self.folder.join(BEGAN)
    }

    /// From now on the edit is one of this plan.
    pub(super) fn begins_at(&self, now: &str) -> Result<(), CommandError> {
        put(&self.began(), now)
    }

    /// Ends it.
    pub(super) fn remove(self) {
        for path in [self.plan(), self.began()] {
            // What stays is a file that nothing reads unasked.
            drop(fs::remove_file(path));
        }
        // An editor's copies are the person's, and keep the folder.
        drop(fs::remove_dir(&self.folder));
    }
}

fn put(path: &Path, text: &str) -> Result<(), CommandError> {
    let written = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits())
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        CommandError::other(format!("failed to write {}", path.display())).because(&error)
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn each_edit_has_a_private_folder_of_its_own() {
        let home = tempfile::tempdir().expect("a folder");
        let home = home.path();
        let one = Edit::begin(home, "app", "a").expect("an edit");
        let two = Edit::begin(home, "app", "b").expect("an edit");
        assert_ne!(one.folder, two.folder);
        for folder in [&home.join(FOLDER), &one.folder, &two.folder] {
            let mode = folder.metadata().expect("a folder").permissions().mode();
            assert_eq!(mode & 0o777, 0o700, "{}", folder.display());
        }
        assert_eq!(fs::read_to_string(one.plan()).expect("a file"), "a");
        let found = Edit::of(home, &two.plan()).expect("an edit");
        assert_eq!(found.folder, two.folder.canonicalize().expect("a path"));
        assert!(Edit::of(home, &two.began()).is_none());
        assert!(Edit::of(&home.join("else"), &two.plan()).is_none());
        one.remove();
        assert!(two.plan().is_file());
        two.remove();
        let left = fs::read_dir(home.join(FOLDER)).expect("a folder").count();
        assert_eq!(left, 0);
    }
}
