//! The daemon as a service of the user's systemd: its unit, and asking the manager for it.

pub(crate) mod plist;
pub(crate) mod systemd;
pub(crate) mod unit;

use std::fs;
use std::path::{Path, PathBuf};

use torch_process::traces::Traces;

use crate::error::CommandError;
use crate::place::{Place, user_config};

/// The unit's file, in the user's own configuration.
///
/// # Errors
/// Without `HOME` and `XDG_CONFIG_HOME`.
pub(crate) fn unit_path() -> Result<PathBuf, CommandError> {
    let config = user_config();
    let config = config
        .as_deref()
        .and_then(Path::parent)
        .and_then(Path::parent);
    let config = config.ok_or_else(|| {
        CommandError::usage("no place for the unit: neither XDG_CONFIG_HOME nor HOME is set")
            .hint("export HOME=/path/to/your/home")
    })?;
    Ok(config.join("systemd/user").join(unit::NAME))
}

/// Starts the daemon as the service that it was before, and says whether the manager did so. One that never was a
/// service, or whose unit is gone or serves another registry, is nothing for the manager.
pub(crate) fn start(place: &Place) -> bool {
    let installed = || {
        let text = fs::read_to_string(unit_path().ok()?).ok()?;
        Some(unit::is_ours(&text) && unit::is_of(&text, &place.home))
    };
    Traces::new(&place.home).is_supervised()
        && installed() == Some(true)
        && systemd::start(unit::NAME).is_ok()
}
