//! Where the registry and its socket are.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// The longest path that fits `sockaddr_un` everywhere (Linux 108, macOS 104 bytes, with the closing NUL).
const SOCKET_PATH_MAX: usize = 100;

/// The registry: `$TORCH_HOME`, else `torch` in the XDG state directory. `None` without `HOME`.
pub fn torch_home(var: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let set = |name: &str| {
        var(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if let Some(home) = set("TORCH_HOME") {
        return Some(home);
    }
    let state = set("XDG_STATE_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| set("HOME").map(|home| home.join(".local/state")))?;
    Some(state.join("torch"))
}

/// A short hash of a registry's path (32-bit FNV-1a), the same in every version: it names what lies
/// outside the registry, its tmux socket among it.
pub fn home_hash(home: &Path) -> String {
    let hash = home
        .as_os_str()
        .as_bytes()
        .iter()
        .fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
        });
    format!("{hash:08x}")
}

/// The tmux server's socket name where the config names none: `torch` for the default registry, `torch-<hash>` for
/// one that `TORCH_HOME` names, so that two registries never share a server.
pub fn tmux_socket(home: &Path, var: impl Fn(&str) -> Option<OsString>) -> String {
    let default = torch_home(|name| {
        if name == "TORCH_HOME" {
            None
        } else {
            var(name)
        }
    });
    if default.as_deref() == Some(home) {
        return "torch".to_owned();
    }
    format!("torch-{}", home_hash(home))
}

/// What the daemon that runs was started with: its settings as JSON, in the shape of the config.
pub fn daemon_settings(home: &Path) -> PathBuf {
    home.join("run/daemon.settings.json")
}

/// The daemon's socket: `run/torch.sock` in the registry, or in `runtime_dir` where that is too long for a socket.
pub fn socket_path(home: &Path, runtime_dir: &Path) -> PathBuf {
    let path = home.join("run/torch.sock");
    if path.as_os_str().len() <= SOCKET_PATH_MAX {
        return path;
    }
    runtime_dir.join(format!("torch-{}.sock", home_hash(home)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn home_follows_the_variables() {
        let with = |vars: &'static [(&str, &str)]| {
            torch_home(move |name| {
                vars.iter()
                    .find(|(n, _)| *n == name)
                    .map(|(_, v)| OsString::from(v))
            })
        };
        assert_eq!(
            with(&[("TORCH_HOME", "/r"), ("HOME", "/h")]),
            Some("/r".into())
        );
        assert_eq!(
            with(&[("XDG_STATE_HOME", "/s"), ("HOME", "/h")]),
            Some("/s/torch".into())
        );
        assert_eq!(
            with(&[("HOME", "/h")]),
            Some("/h/.local/state/torch".into())
        );
        assert_eq!(with(&[("TORCH_HOME", "")]), None);
    }

    #[test]
    fn each_registry_has_a_tmux_server_of_its_own() {
        let var = |name: &str| (name == "HOME").then(|| OsString::from("/h"));
        assert_eq!(
            tmux_socket(Path::new("/h/.local/state/torch"), var),
            "torch"
        );
        let other = tmux_socket(Path::new("/r"), var);
        assert!(other.starts_with("torch-") && other.len() == 14, "{other}");
    }

    #[test]
    fn a_long_home_gets_a_short_socket() {
        let runtime = Path::new("/run/user/1000");
        assert_eq!(
            socket_path(Path::new("/r"), runtime),
            Path::new("/r/run/torch.sock")
        );
        let long = PathBuf::from(format!("/{}", "x".repeat(120)));
        let socket = socket_path(&long, runtime);
        assert!(
            socket.starts_with(runtime) && socket.as_os_str().len() < 60,
            "{socket:?}"
        );
    }
}
