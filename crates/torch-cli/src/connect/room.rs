//! A registry without room: a daemon whose commit finds none ends, and from outside it only comes and goes.

use std::path::Path;

use nix::sys::statvfs::statvfs;

use crate::error::{CommandError, ErrorKind};
use crate::place::Place;
use crate::render;

/// Below this many free bytes a commit may find no room: the reserve of 4 MB is used up, and SQLite's log needs some.
const FULL: u64 = 1 << 20;

/// What a daemon that found no room itself proposes; it does not say where.
const DAEMONS: &str = "df -h";

/// Where the daemon can't be reached and its registry has no room, that is named as the cause; where the daemon said so
/// itself, the hint looks at the registry's disk.
pub(crate) fn explained(mut failed: CommandError) -> CommandError {
    let told = failed.hints.iter().any(|hint| hint == DAEMONS);
    if failed.kind != ErrorKind::Unreachable && !told {
        return failed;
    }
    let Ok(place) = Place::find() else {
        return failed;
    };
    if told {
        failed.hints.retain(|hint| hint != DAEMONS);
        failed.hints.push(look_at(&place.home));
        return failed;
    }
    match free(&place.home) {
        Some(bytes) => with_room(failed, &place.home, bytes),
        None => failed,
    }
}

fn look_at(home: &Path) -> String {
    format!("{DAEMONS} {}", torch_process::quote::shell(home))
}

fn with_room(mut failed: CommandError, home: &Path, free: u64) -> CommandError {
    if free < FULL {
        failed.causes.push(format!(
            "no space is left where the registry lies: {} free for {}",
            render::bytes(free),
            home.display()
        ));
        failed.hints.insert(0, look_at(home));
    }
    failed
}

/// The bytes that this user may still write beside `home`; `None` where that can't be found out.
fn free(home: &Path) -> Option<u64> {
    let there = home.ancestors().find(|dir| dir.exists())?;
    let found = statvfs(there).ok()?;
    // A file system without blocks counts none, like `/proc`.
    (found.blocks() > 0).then(|| {
        found
            .blocks_available()
            .saturating_mul(found.fragment_size())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_the_first_thing_to_look_at() {
        let failed = || {
            CommandError::new(ErrorKind::Unreachable, "the daemon came and went")
                .hint("torch doctor")
        };
        let home = Path::new("/r/my registry");
        assert_eq!(with_room(failed(), home, FULL), failed());
        let full = with_room(failed(), home, 4096);
        assert_eq!(full.hints, ["df -h '/r/my registry'", "torch doctor"]);
        assert_eq!(
            full.causes,
            ["no space is left where the registry lies: 4.0 kB free for /r/my registry"]
        );
    }

    #[test]
    fn the_room_is_that_of_the_nearest_folder_that_exists() {
        let temp = tempfile::tempdir().expect("a directory");
        let there = free(temp.path());
        assert!(there.is_some());
        assert!(free(&temp.path().join("not/made")).is_some());
    }
}
