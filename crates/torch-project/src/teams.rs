//! The team templates of a user and a project.

use std::fs;
use std::path::{Path, PathBuf};

use torch_team::{Catalog, Origin};

use crate::named_file::{FileError, read_text};

/// The largest file that is read, in bytes; the ones that are shipped have a tenth of that.
const FILE_MAX: u64 = 256 * 1024;
/// The most files of one folder.
const FILES_MAX: usize = 200;

/// Why a file of a folder of templates was not read.
#[derive(Debug, thiserror::Error)]
pub enum TeamFileError {
    /// It can't be read, or is no text of a template's size.
    #[error("failed to read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: FileError,
    },
    /// There are more than anybody needs.
    #[error("{} has more than {FILES_MAX} files, and the rest is not read", path.display())]
    TooMany {
        /// The folder.
        path: PathBuf,
    },
}

impl TeamFileError {
    /// The file or folder.
    pub fn path(&self) -> &Path {
        match self {
            Self::Read { path, .. } | Self::TooMany { path } => path,
        }
    }
}

/// The templates there are.
#[derive(Debug)]
pub struct Teams {
    /// Those that can be used, and what is wrong with others.
    pub catalog: Catalog,
    /// Files that were not read.
    pub unread: Vec<TeamFileError>,
}

/// Puts the files `*.toml` of a user's and a project's folder over the templates of `catalog`, in that order. A folder that
/// is not there has none.
pub fn load_teams(catalog: Catalog, user: Option<&Path>, project: Option<&Path>) -> Teams {
    let mut teams = Teams {
        catalog,
        unread: Vec::new(),
    };
    if let Some(folder) = user {
        teams.add(folder, Origin::User);
    }
    if let Some(folder) = project {
        teams.add(folder, Origin::Project);
    }
    teams
}

impl Teams {
    fn add(&mut self, folder: &Path, origin: impl Fn(PathBuf) -> Origin) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                let source = FileError::Io(error);
                if !source.is_absent() || folder.symlink_metadata().is_ok() {
                    self.unread.push(TeamFileError::Read {
                        path: folder.to_owned(),
                        source,
                    });
                }
                return;
            }
        };
        let mut paths: Vec<PathBuf> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|kind| kind == "toml"))
            .take(FILES_MAX + 1)
            .collect();
        paths.sort();
        if paths.len() > FILES_MAX {
            paths.truncate(FILES_MAX);
            self.unread.push(TeamFileError::TooMany {
                path: folder.to_owned(),
            });
        }
        for path in paths {
            match read_team(&path) {
                Ok(text) => self.catalog.add(&path, text, origin(path.clone())),
                Err(error) => self.unread.push(error),
            }
        }
    }
}

/// The text of a template's file. A link is followed, as everywhere where a person or a project names a file.
///
/// # Errors
/// [`TeamFileError`] for what is no regular file of text of a template's size.
pub fn read_team(path: &Path) -> Result<String, TeamFileError> {
    read_text(path, FILE_MAX).map_err(|source| TeamFileError::Read {
        path: path.to_owned(),
        source,
    })
}
