//! Where everything is: the registry, its socket, the config files.

use std::ffi::OsString;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use torch_api::path::{socket_path, torch_home};
use torch_api::wire::TeamSelector;
use torch_process::traces::Traces;

use crate::error::CommandError;

/// Where everything is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The registry.
    pub home: PathBuf,
    /// The daemon's socket.
    pub socket: PathBuf,
    /// The caller's working directory.
    pub cwd: PathBuf,
}

impl Place {
    /// Finds the registry from the environment; makes nothing but, where the socket needs it, the runtime directory.
    ///
    /// # Errors
    /// Without `HOME` and `TORCH_HOME`, in a directory that is gone, and where the runtime directory is not safe.
    pub fn find() -> Result<Self, CommandError> {
        let cwd = std::env::current_dir().map_err(|error| {
            CommandError::other("failed to find the current directory")
                .because(&error)
                .hint("cd ~")
        })?;
        absolute("TORCH_HOME", &cwd)?;
        let home = torch_home(variable).ok_or_else(|| {
            CommandError::usage("no registry: neither TORCH_HOME nor HOME is set")
                .hint("export TORCH_HOME=/path/to/registry")
        })?;
        // Without `.` and doubled or trailing slashes: the socket's and the tmux server's names follow from the path.
        let home: PathBuf = cwd.join(home).components().collect();
        if home.to_str().is_none() {
            return Err(CommandError::usage(format!(
                "the registry's path {home:?} is not valid UTF-8, and torch keeps paths as text"
            ))
            .hint("export TORCH_HOME=/path/to/registry"));
        }
        Self::at(home, cwd)
    }

    /// The registry in `home`, an absolute path, for a caller in `cwd`.
    ///
    /// # Errors
    /// Where the runtime directory is needed and not safe.
    pub(crate) fn at(home: PathBuf, cwd: PathBuf) -> Result<Self, CommandError> {
        let near = socket_path(&home, Path::new("/"));
        let socket = if near.starts_with(&home) {
            near
        } else if let Some(known) = Traces::new(&home).socket() {
            // The daemon's environment may name another runtime directory than the caller's.
            known
        } else {
            socket_path(&home, &runtime_dir()?)
        };
        Ok(Self { home, socket, cwd })
    }

    /// The team that a command means: the one named, else the one of the current directory.
    pub fn team(&self, name: Option<String>) -> TeamSelector {
        TeamSelector {
            name,
            cwd: self.said_cwd(),
        }
    }

    /// The working directory as the daemon is told it. One that lies in no repository is no project's, and one that is no
    /// text no message could carry: the root stands for both, where no team is, and from where the only team is meant.
    pub fn said_cwd(&self) -> PathBuf {
        match self.cwd.to_str() {
            Some(_) if in_repository(&self.cwd) => self.cwd.clone(),
            _ => PathBuf::from("/"),
        }
    }

    /// The daemon's log.
    pub fn log(&self) -> PathBuf {
        self.home.join("logs/daemon.log")
    }
}

/// A registry at a relative path would be another one in each directory, and the agents' is not the caller's.
fn absolute(name: &str, cwd: &Path) -> Result<(), CommandError> {
    let given = variable(name).map(PathBuf::from);
    let relative = given.filter(|path| !path.as_os_str().is_empty() && path.is_relative());
    let Some(path) = relative else {
        return Ok(());
    };
    let whole: PathBuf = cwd.join(&path).components().collect();
    Err(
        CommandError::usage(format!("{name} is {path:?}, which is no absolute path"))
            .cause("every directory would have a registry of its own")
            .hint(format!(
                "export {name}={}",
                torch_process::quote::shell(whole)
            )),
    )
}

/// The user's config file, whether it is there or not; `None` without `HOME`.
pub fn user_config() -> Option<PathBuf> {
    user_file("config.toml")
}

/// The folder of the user's own agent programs, likewise.
pub fn user_agents() -> Option<PathBuf> {
    user_file("agents")
}

/// The folder of a project's agent programs.
pub fn project_agents(root: &Path) -> PathBuf {
    root.join(".torch/agents")
}

/// A file of torch's in the user's cache folder, likewise: what may be lost at any time.
pub fn user_cache(name: &str) -> Option<PathBuf> {
    xdg_file("XDG_CACHE_HOME", ".cache", name)
}

/// The folder of the user's own team templates, likewise.
pub fn user_teams() -> Option<PathBuf> {
    user_file("teams")
}

/// The folder of a project's team templates.
pub fn project_teams(root: &Path) -> PathBuf {
    root.join(".torch/teams")
}

/// The folder of the user's own roles.
pub fn user_roles() -> Option<PathBuf> {
    user_file("roles")
}

/// The folder of a project's roles.
pub fn project_roles(root: &Path) -> PathBuf {
    root.join(".torch/roles")
}

fn user_file(name: &str) -> Option<PathBuf> {
    xdg_file("XDG_CONFIG_HOME", ".config", name)
}

/// A file of torch's in the folder that a variable names, or in the one below `HOME` that stands for it.
fn xdg_file(folder: &str, default: &str, name: &str) -> Option<PathBuf> {
    let dir = variable(folder)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| variable("HOME").map(|home| PathBuf::from(home).join(default)))?;
    Some(dir.join("torch").join(name))
}

/// The project that a directory lies in: its nearest ancestor with a `torch.toml` or a `.git`, else itself.
pub fn project_root(dir: &Path) -> PathBuf {
    let is_root = |dir: &&Path| dir.join("torch.toml").is_file() || has_git(dir);
    dir.ancestors().find(is_root).unwrap_or(dir).to_owned()
}

/// Whether a repository's `.git` is here. An empty folder of that name is none: sandboxes leave such behind.
fn has_git(dir: &Path) -> bool {
    let git = dir.join(".git");
    git.is_file() || git.join("HEAD").exists()
}

/// Whether a directory lies in a git repository: an ancestor has a `.git`, a folder or a worktree's file.
pub fn in_repository(dir: &Path) -> bool {
    dir.ancestors().any(has_git)
}

/// The git directory that all worktrees of the repository share in which a directory lies; none where it lies in none.
pub fn common_dir(dir: &Path) -> Option<PathBuf> {
    let top = dir.ancestors().find(|dir| has_git(dir))?;
    let entry = top.join(".git");
    if entry.is_dir() {
        return entry.canonicalize().ok();
    }
    let text = std::fs::read_to_string(entry).ok()?;
    let own = top.join(text.trim().strip_prefix("gitdir: ")?);
    // A linked worktree's has this file (gitrepository-layout(5)), a submodule's has none.
    match std::fs::read_to_string(own.join("commondir")) {
        Ok(common) => own.join(common.trim()).canonicalize().ok(),
        Err(_) => own.canonicalize().ok(),
    }
}

/// A variable of the environment.
pub fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// A path as it should be shown: below the home directory with `~`.
pub fn shown(path: &Path) -> String {
    let home = variable("HOME").map(PathBuf::from);
    match home
        .filter(|home| home.parent().is_some())
        .and_then(|home| Some(path.strip_prefix(home).ok()?.to_owned()))
    {
        Some(rest) if !rest.as_os_str().is_empty() => format!("~/{}", rest.display()),
        _ => path.display().to_string(),
    }
}

/// `$XDG_RUNTIME_DIR` where it is usable, else `/tmp/torch-<uid>`, which must be a directory of ours alone.
fn runtime_dir() -> Result<PathBuf, CommandError> {
    let uid = nix::unistd::geteuid().as_raw();
    let owned = |path: &Path| {
        path.metadata()
            .is_ok_and(|meta| meta.is_dir() && meta.uid() == uid)
    };
    let given = variable("XDG_RUNTIME_DIR").map(PathBuf::from);
    if let Some(dir) = given.filter(|dir| dir.is_absolute() && owned(dir)) {
        return Ok(dir);
    }
    let dir = PathBuf::from(format!("/tmp/torch-{uid}"));
    own_dir(&dir, uid)?;
    Ok(dir)
}

/// Makes `dir` with mode 0700, or checks that it is one: no symlink, owned by `uid`, closed to all others.
fn own_dir(dir: &Path, uid: u32) -> Result<(), CommandError> {
    let made = std::fs::DirBuilder::new().mode(0o700).create(dir);
    if let Err(error) = made
        && error.kind() != std::io::ErrorKind::AlreadyExists
    {
        return Err(
            CommandError::other(format!("failed to make {}", dir.display())).because(&error),
        );
    }
    let meta = dir.symlink_metadata().map_err(|error| {
        CommandError::other(format!("failed to look at {}", dir.display())).because(&error)
    })?;
    if meta.is_dir() && meta.uid() == uid && meta.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    Err(CommandError::other(format!(
        "{} is not a directory of yours alone, so the daemon's socket can't lie in it",
        dir.display()
    ))
    .hint("export TORCH_HOME=/a/shorter/path"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_directory_must_be_ours_alone() {
        let uid = nix::unistd::geteuid().as_raw();
        let temp = tempfile::tempdir().expect("a directory");
        let fresh = temp.path().join("fresh");
        assert_eq!(own_dir(&fresh, uid), Ok(()));
        assert_eq!(
            fresh.metadata().expect("made").permissions().mode() & 0o777,
            0o700
        );
        assert_eq!(own_dir(&fresh, uid), Ok(()), "a second time");
        let link = temp.path().join("link");
        std::os::unix::fs::symlink(&fresh, &link).expect("a link");
        assert!(own_dir(&link, uid).is_err(), "a symlink");
        assert!(own_dir(&fresh, uid + 1).is_err(), "another owner");
        std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o755)).expect("chmod");
        assert!(own_dir(&fresh, uid).is_err(), "open to others");
    }

    #[test]
    fn worktrees_of_one_repository_share_a_git_directory() {
        let temp = tempfile::tempdir().expect("a directory");
        let top = temp.path().canonicalize().expect("canonical");
        let git = top.join("app/.git");
        let linked = git.join("worktrees/login");
        let module = git.join("modules/lib");
        for dir in [
            &linked,
            &module,
            &top.join("login/src"),
            &top.join("app/lib"),
        ] {
            std::fs::create_dir_all(dir).expect("directories");
        }
        std::fs::write(git.join("HEAD"), "ref: refs/heads/main\n").expect("a file");
        std::fs::write(linked.join("commondir"), "../..\n").expect("a file");
        let gitdir = format!("gitdir: {}\n", linked.display());
        std::fs::write(top.join("login/.git"), gitdir).expect("a file");
        std::fs::write(top.join("app/lib/.git"), "gitdir: ../.git/modules/lib\n").expect("a file");
        assert_eq!(common_dir(&top.join("app")), Some(git.clone()));
        assert_eq!(common_dir(&top.join("login/src")), Some(git));
        assert_eq!(common_dir(&top.join("app/lib")), Some(module));
        assert_eq!(common_dir(&top), None);
    }

    #[test]
    fn a_project_is_found_upwards() {
        let temp = tempfile::tempdir().expect("a directory");
        let root = temp.path().join("app");
        let deep = root.join("src/deep");
        std::fs::create_dir_all(&deep).expect("directories");
        std::fs::write(root.join("torch.toml"), "").expect("a file");
        assert_eq!(project_root(&deep), root);
    }
}
