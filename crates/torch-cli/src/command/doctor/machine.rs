//! Checks of the machine: the registry's directory, its disk, the socket's path, the terminal.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use nix::sys::statvfs::statvfs;
use nix::unistd::{AccessFlags, access};

use super::checks::{fail, ok, warn};
use crate::place::{shown, variable};
use crate::render::bytes;
use crate::render::doctor::{Check, Verdict};

/// Below this much free space torch can't promise to keep its journal, in bytes.
const DISK_FAIL: u64 = 100 << 20;

/// Below this much free space a few worktrees may not fit, in bytes.
const DISK_WARN: u64 = 2 << 30;

/// The registry's directory, and the room on its disk, which says nothing where the registry can't be.
pub(super) fn registry_and_disk(home: &Path) -> [Check; 2] {
    let registry = registry(home);
    let disk = match &registry.hint {
        Some(hint) if registry.verdict == Verdict::Fail => warn("disk", "not checked", hint),
        _ => disk(home),
    };
    [registry, disk]
}

/// The registry's directory can be written to, and is closed to others.
fn registry(home: &Path) -> Check {
    let name = "registry";
    let shown = shown(home);
    let Some(existing) = existing(home) else {
        return fail(
            name,
            format!("{shown} can't be made"),
            "export TORCH_HOME=/path/to/registry",
        );
    };
    if !existing.is_dir() {
        let found = format!("{} is in its way and no directory", existing.display());
        return fail(name, found, "export TORCH_HOME=/path/to/registry");
    }
    if let Err(error) = access(existing, AccessFlags::W_OK | AccessFlags::X_OK) {
        let found = format!("{} can't be written to: {error}", existing.display());
        return fail(
            name,
            found,
            format!("ls -ld {}", torch_process::quote::shell(existing)),
        );
    }
    // What keeps no files (`/proc`, `/sys`) has no blocks; root may write to it all the same.
    if statvfs(existing).is_ok_and(|found| found.blocks() == 0) {
        let found = format!(
            "{} is on a file system that keeps no files",
            existing.display()
        );
        return fail(name, found, "export TORCH_HOME=/path/to/registry");
    }
    if existing != home {
        return ok(name, format!("{shown}, not made yet"));
    }
    let open = fs::metadata(home).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0);
    if open {
        let hint = format!("chmod 700 {}", torch_process::quote::shell(home));
        return warn(name, format!("{shown}, which others can look into"), hint);
    }
    ok(name, shown)
}

/// There is room for the journal and some worktrees.
fn disk(home: &Path) -> Check {
    let name = "disk";
    let hint = "df -h";
    let found = existing(home).and_then(|dir| statvfs(dir).ok());
    let Some(found) = found else {
        return warn(name, "the free space can't be found out", hint);
    };
    // The types of these fields differ between systems.
    #[expect(clippy::useless_conversion, reason = "u32 on macOS")]
    let free = u64::from(found.blocks_available()).saturating_mul(u64::from(found.fragment_size()));
    let text = format!("{} free", bytes(free));
    match free {
        0..DISK_FAIL => fail(name, text, hint),
        DISK_FAIL..DISK_WARN => warn(name, text, hint),
        _ => ok(name, text),
    }
}

/// The socket's path fits; it may have moved to the runtime directory.
pub(super) fn socket(socket: &Path) -> Check {
    let name = "socket";
    let length = socket.as_os_str().len();
    let text = format!("{} ({length} bytes)", shown(socket));
    // `sockaddr_un` on macOS, the shortest: 104 bytes with the closing NUL.
    if length < 104 {
        ok(name, text)
    } else {
        fail(
            name,
            format!("{text}: too long for a socket"),
            "export XDG_RUNTIME_DIR=/run/user/$(id -u)",
        )
    }
}

/// The locale says UTF-8, as tmux and the agents' screens need it.
pub(super) fn encoding() -> Check {
    let name = "terminal";
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|var| {
        let value = variable(var).filter(|value| !value.is_empty())?;
        Some((var, value.to_string_lossy().into_owned()))
    });
    let hint = "export LC_CTYPE=C.UTF-8";
    let Some((var, value)) = set else {
        return warn(
            name,
            "no locale is set, so characters beyond ASCII may break",
            hint,
        );
    };
    let folded = value.to_ascii_lowercase().replace('-', "");
    if folded.ends_with("utf8") || folded.contains("utf8@") {
        ok(name, format!("UTF-8 ({var}={value})"))
    } else {
        warn(name, format!("{var}={value} is not UTF-8"), hint)
    }
}

/// The path itself or its nearest ancestor that is there.
fn existing(path: &Path) -> Option<&Path> {
    path.ancestors().find(|path| path.exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disk_of_an_unusable_registry_is_not_checked() {
        let temp = tempfile::tempdir().expect("a directory");
        let file = temp.path().join("file");
        fs::write(&file, "").expect("a file");
        let [registry, disk] = registry_and_disk(&file.join("registry"));
        assert_eq!(registry.verdict, Verdict::Fail);
        assert_eq!(
            (disk.verdict, disk.found.as_str()),
            (Verdict::Warn, "not checked")
        );
        let [registry, disk] = registry_and_disk(&temp.path().join("registry"));
        assert_eq!(registry.verdict, Verdict::Ok);
        assert!(disk.found.ends_with(" free"), "{disk:?}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_system_without_files_takes_no_registry() {
        let [registry, disk] = registry_and_disk(Path::new("/proc/registry"));
        assert_eq!(registry.verdict, Verdict::Fail);
        assert_eq!(disk.found, "not checked");
    }
}
