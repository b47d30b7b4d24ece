//! Looking for programs on the caller's `PATH`.

use std::path::PathBuf;

/// The first executable file of this name on `PATH`.
pub fn on_path(name: &str) -> Option<PathBuf> {
    torch_process::search::on(&std::env::var_os("PATH")?, name)
}
