//! The programs under test: those that cargo built beside the test's own executable.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Set to any value, it lets tests run with programs that are older than their sources.
const OLD_IS_FINE: &str = "TORCH_TEST_OLD_PROGRAMS";

/// Pinned copies of earlier builds are removed after this time.
const PINNED_FOR: Duration = Duration::from_secs(3_600);

/// The folder with `torch` and `scm` as they are now: hard links, so that a build during the test changes nothing.
pub(crate) fn pinned() -> PathBuf {
    let built = built();
    let torch = built.join("torch");
    let stamp = check(&torch).duration_since(SystemTime::UNIX_EPOCH);
    let stamp = stamp.expect("built after 1970").as_nanos();
    let all = built.join("e2e-programs");
    let folder = all.join(stamp.to_string());
    if !folder.join("scm").is_file() {
        fs::create_dir_all(&folder).expect("a folder in the target directory");
        for program in ["torch", "scm"] {
            let linked = fs::hard_link(built.join(program), folder.join(program));
            // Another test made it at the same time.
            if let Err(error) = linked
                && error.kind() != std::io::ErrorKind::AlreadyExists
            {
                panic!(
                    "failed to link {program} into {}: {error}",
                    folder.display()
                );
            }
        }
        remove_old(&all, &folder);
    }
    folder
}

/// An example of the crate under test, which cargo builds beside the crate's tests.
#[track_caller]
pub fn example(name: &str) -> PathBuf {
    let path = built().join("examples").join(name);
    assert!(
        path.is_file(),
        "{} is not built; cargo test without --test builds it",
        path.display()
    );
    path
}

/// The directory that cargo puts programs into: `target/debug` for an executable in `target/debug/deps`.
pub(crate) fn built() -> PathBuf {
    let own = std::env::current_exe().expect("the test's own executable");
    let deps = own.parent().expect("an executable lies in a folder");
    deps.parent()
        .expect("cargo's deps folder lies in another")
        .to_owned()
}

/// When `torch` was built, after a check that it is there and not older than what it was built from.
fn check(torch: &Path) -> SystemTime {
    let Some(time) = modified(torch).filter(|_| torch.with_file_name("scm").is_file()) else {
        panic!(
            "{} or scm beside it is missing; build them first: cargo build -p torch-cli",
            torch.display()
        );
    };
    if std::env::var_os(OLD_IS_FINE).is_some() {
        return time;
    }
    // What cargo noted that it was built from: `torch: source source …`.
    let sources = fs::read_to_string(torch.with_extension("d")).unwrap_or_default();
    let newer = sources
        .split_whitespace()
        .skip(1)
        .find(|source| modified(Path::new(source)).is_some_and(|changed| changed > time));
    if let Some(newer) = newer {
        panic!(
            "{} is older than {newer}; build it first: cargo build -p torch-cli (or set {OLD_IS_FINE})",
            torch.display()
        );
    }
    time
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|meta| meta.modified()).ok()
}

/// Removes what earlier builds left; a folder that a test may still use is young.
fn remove_old(all: &Path, kept: &Path) {
    for entry in fs::read_dir(all).into_iter().flatten().flatten() {
        let age = modified(&entry.path()).and_then(|time| time.elapsed().ok());
        if entry.path() != kept && age.is_some_and(|age| age > PINNED_FOR) {
            fs::remove_dir_all(entry.path()).ok();
        }
    }
}
