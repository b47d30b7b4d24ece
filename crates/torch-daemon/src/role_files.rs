//! The roles there are: those that are compiled in, and over them the user's files and a project's.
//!
//! A file takes the place of a role of its name as a whole. A role is text for an agent and decides no program and no right, and an
//! agent reads its repository's files anyway: so a project's files count, other than those of agent programs, and are named
//! before a team is started.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use torch_brief::{BUILT_IN, FILE_MAX, Role, RoleError};
use torch_project::{FileError, read_text};

use crate::catalog::Origin;

/// The most files of a folder that are read.
const FILES_MAX: usize = 64;

/// Why a file is no role.
#[derive(Debug, thiserror::Error)]
pub enum RoleFileError {
    /// It can't be read.
    #[error("failed to read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: FileError,
    },
    /// It is no role.
    #[error("{}, line {}, is no role", path.display(), source.line())]
    Role {
        /// The file.
        path: PathBuf,
        /// The line and what is wrong with it.
        #[source]
        source: Box<RoleError>,
    },
    /// Another file in the same folder has the same name.
    #[error("{} has the name {name:?}, as {} has", path.display(), other.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
        /// The file that has it.
        other: PathBuf,
    },
    /// It comes after so many others that it is not read.
    #[error("{} is one file too many: a folder may have {FILES_MAX} roles", path.display())]
    TooMany {
        /// The file.
        path: PathBuf,
    },
}

impl RoleFileError {
    /// The file.
    pub fn path(&self) -> &Path {
        match self {
            Self::Read { path, .. }
            | Self::Role { path, .. }
            | Self::Twice { path, .. }
            | Self::TooMany { path } => path,
        }
    }

    /// The line, from 1, where one is meant.
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::Role { source, .. } => Some(source.line()),
            _ => None,
        }
    }
}

/// One role.
#[derive(Debug)]
pub struct RoleEntry {
    /// The role.
    pub role: Role,
    /// Its file's text.
    pub text: String,
    /// Where it comes from.
    pub origin: Origin,
    /// What it takes the place of, if anything.
    pub replaces: Option<Origin>,
}

/// The roles there are, and the files that are none.
#[derive(Debug, Default)]
pub struct RoleCatalog {
    /// By name.
    pub entries: BTreeMap<String, RoleEntry>,
    /// What can't be used, in the order in which it was read.
    pub broken: Vec<RoleFileError>,
}

impl RoleCatalog {
    /// The compiled-in roles, and over them those of the files `*.toml` in the user's folder and in the project's.
    /// What can't be used is left out and told in [`RoleCatalog::broken`].
    pub fn load(user: Option<&Path>, project: Option<&Path>) -> Self {
        let mut catalog = Self::default();
        for (name, text) in BUILT_IN {
            let path = Path::new("templates/roles").join(name);
            match entry(
                &path.with_extension("toml"),
                text.to_owned(),
                Origin::BuiltIn,
            ) {
                Ok(entry) => catalog.put(entry),
                Err(error) => catalog.broken.push(error),
            }
        }
        catalog.add_folder(user, Origin::User);
        catalog.add_folder(project, Origin::Project);
        catalog
    }

    /// The text of each role that is not torch's own, by name, as a request takes them along.
    pub fn own_files(&self) -> BTreeMap<String, String> {
        let own = self.entries.iter();
        let own = own.filter(|(_, entry)| entry.origin != Origin::BuiltIn);
        own.map(|(name, entry)| (name.clone(), entry.text.clone()))
            .collect()
    }

    fn add_folder(&mut self, folder: Option<&Path>, origin: impl Fn(PathBuf) -> Origin) {
        let Some(folder) = folder else {
            return;
        };
        let mut seen: BTreeMap<String, PathBuf> = BTreeMap::new();
        let paths = match files(folder) {
            Ok(paths) => paths,
            Err(source) => {
                let path = folder.to_owned();
                self.broken.push(RoleFileError::Read { path, source });
                return;
            }
        };
        for (n, path) in paths.into_iter().enumerate() {
            if n >= FILES_MAX {
                self.broken.push(RoleFileError::TooMany { path });
                return;
            }
            let text = text_of(&path);
            // What a shell's `>` or an editor leaves before anything is written.
            if text.as_ref().is_ok_and(String::is_empty) {
                continue;
            }
            match text.and_then(|text| entry(&path, text, origin(path.clone()))) {
                Err(error) => self.broken.push(error),
                Ok(entry) => {
                    let name = entry.role.name.clone();
                    match seen.get(&name).cloned() {
                        Some(other) => self.broken.push(RoleFileError::Twice { path, name, other }),
                        None => {
                            seen.insert(name, path);
                            self.put(entry);
                        }
                    }
                }
            }
        }
    }

    fn put(&mut self, mut entry: RoleEntry) {
        let name = entry.role.name.clone();
        entry.replaces = self.entries.remove(&name).map(|replaced| replaced.origin);
        self.entries.insert(name, entry);
    }
}

/// Reads one file as a role.
///
/// # Errors
/// [`RoleFileError`] with the line.
pub fn read(path: &Path) -> Result<Role, RoleFileError> {
    let text = text_of(path)?;
    entry(path, text, Origin::User(path.to_owned())).map(|entry| entry.role)
}

fn entry(path: &Path, text: String, origin: Origin) -> Result<RoleEntry, RoleFileError> {
    let role = torch_brief::parse(&text).map_err(|source| RoleFileError::Role {
        path: path.to_owned(),
        source: Box::new(source),
    })?;
    Ok(RoleEntry {
        role,
        text,
        origin,
        replaces: None,
    })
}

/// The `*.toml` of a folder, sorted, whatever they are: what can't be read is told. A folder that is not there has none.
fn files(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let entries = match std::fs::read_dir(folder).map_err(FileError::Io) {
        Ok(entries) => entries,
        Err(error) if error.is_absent() && folder.symlink_metadata().is_err() => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|kind| kind == "toml"));
    files.sort();
    Ok(files)
}

fn text_of(path: &Path) -> Result<String, RoleFileError> {
    let most = u64::try_from(FILE_MAX).unwrap_or(u64::MAX);
    read_text(path, most).map_err(|source| RoleFileError::Read {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str, title: &str) -> String {
        format!(
            "name = \"{name}\"\ntitle = \"{title}\"\nsummary = \"Is there.\"\nduties = [\"Be there.\"]\n"
        )
    }

    #[test]
    fn files_add_roles_and_take_the_place_of_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let (user, project) = (folder.path().join("user"), folder.path().join("project"));
        for (place, name, text) in [
            (&user, "analyst.toml", role("analyst", "Analyst")),
            (&user, "dev.toml", role("developer", "My developer")),
            (&user, "dev2.toml", role("developer", "Another")),
            (&user, "notes.txt", "no role".to_owned()),
            (&user, "tester.toml", String::new()),
            (&user, "bad.toml", role("x", "X").replace("Be", "{{ be }}")),
            (&project, "developer.toml", role("developer", "Theirs")),
            (&project, "big.toml", "#".repeat(FILE_MAX + 10)),
        ] {
            std::fs::create_dir_all(place).expect("a folder");
            std::fs::write(place.join(name), text).expect("a file");
        }
        let catalog = RoleCatalog::load(Some(&user), Some(&project));
        assert_eq!(catalog.entries.len(), 16);
        let developer = &catalog.entries["developer"];
        assert_eq!(developer.role.title, "Theirs");
        let replaced = Origin::User(user.join("dev.toml"));
        assert_eq!(developer.replaces, Some(replaced));
        let own: Vec<String> = catalog.own_files().into_keys().collect();
        assert_eq!(own, ["analyst", "developer"]);
        let broken: Vec<_> = catalog
            .broken
            .iter()
            .map(|error| {
                let name = error.path().file_name().map(std::ffi::OsStr::to_os_string);
                (name.expect("a name"), error.line())
            })
            .collect();
        let expect = [
            ("bad.toml", Some(4)),
            ("dev2.toml", None),
            ("big.toml", None),
        ];
        assert_eq!(broken, expect.map(|(name, line)| (name.into(), line)));
    }

    #[test]
    fn what_is_no_file_is_told_and_not_waited_for() {
        let place = tempfile::tempdir().expect("a folder");
        let (user, project) = (place.path().join("user"), place.path().join("project"));
        std::fs::create_dir(&user).expect("a folder");
        let pipe = |path: &Path| {
            nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        };
        pipe(&user.join("a.toml"));
        std::os::unix::fs::symlink("/dev/zero", user.join("b.toml")).expect("a link");
        std::fs::create_dir(user.join("c.toml")).expect("a folder");
        std::fs::write(place.path().join("else"), role("analyst", "Analyst")).expect("a file");
        std::os::unix::fs::symlink("../else", user.join("d.toml")).expect("a link");
        pipe(&project);
        let catalog = RoleCatalog::load(Some(&user), Some(&project));
        assert!(catalog.entries.contains_key("analyst"));
        let broken: Vec<&Path> = catalog.broken.iter().map(RoleFileError::path).collect();
        let expect = [
            user.join("a.toml"),
            user.join("b.toml"),
            user.join("c.toml"),
            project,
        ];
        assert_eq!(broken, expect);
    }

    #[test]
    fn no_folder_is_no_fault() {
        let catalog = RoleCatalog::load(Some(Path::new("/nope")), None);
        assert!(catalog.broken.is_empty() && catalog.own_files().is_empty());
        assert_eq!(catalog.entries.len(), BUILT_IN.len());
    }
}
