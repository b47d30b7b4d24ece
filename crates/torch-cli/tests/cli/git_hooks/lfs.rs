//! The hooks of git LFS behind torch's, by the real program: all four run in an agent's own git as they would without torch.

use std::fs;
use std::path::Path;

use super::desk::Desk;

/// Set to `require`, a program that is not installed fails the tests that need it.
const REQUIRED: &str = "TORCH_TEST_REAL";

#[expect(
    clippy::print_stdout,
    reason = "a skipped test says so in the test's own output"
)]
fn is_installed(desk: &Desk) -> bool {
    let found = desk.try_git(&["lfs", "version"]).success();
    let required = std::env::var(REQUIRED).is_ok_and(|word| word == "require");
    assert!(found || !required, "git-lfs is not installed");
    if !found {
        println!("SKIPPED: not run: git-lfs is not installed");
    }
    found
}

/// What LFS's hooks do to a file that has to be locked before it is changed: they make it read-only.
fn is_closed(path: &Path) -> bool {
    fs::metadata(path).expect("a file").permissions().readonly()
}

/// Every file below a folder.
fn files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let count = |entry: fs::DirEntry| match entry.path().is_dir() {
        true => files(&entry.path()),
        false => 1,
    };
    entries.map(count).sum()
}

#[test]
fn the_hooks_of_lfs_run_behind_torchs() {
    let desk = Desk::new();
    if !is_installed(&desk) {
        return;
    }
    desk.person(&desk.project, &["lfs", "install", "--local"]);
    desk.git(&["lfs", "track", "--lockable", "*.bin"]);
    desk.file(&desk.own, "data.bin", "one\n");
    desk.git(&["add", "."]);
    let data = desk.own.join("data.bin");
    assert!(!is_closed(&data));
    desk.git(&["commit", "-q", "-m", "data"]);
    assert!(is_closed(&data), "post-commit");
    desk.git(&["switch", "-q", "-c", "feature/before", "HEAD~1"]);
    assert!(!data.exists());
    desk.git(&["switch", "-q", "trunk-developer"]);
    assert!(is_closed(&data), "post-checkout");
    assert_eq!(fs::read(&data).expect("reads"), b"one\n", "not its pointer");
    // What the other has comes with a merge.
    desk.person(&desk.other, &["merge", "-q", "trunk-developer"]);
    desk.file(&desk.other, "more.bin", "two\n");
    desk.person(&desk.other, &["add", "."]);
    desk.person(&desk.other, &["commit", "-q", "-m", "more"]);
    desk.git(&["merge", "-q", "--no-ff", "-m", "merge", "trunk-tester"]);
    assert!(is_closed(&desk.own.join("more.bin")), "post-merge");
    // A push takes the objects along.
    let remote = desk.root().join("remote.git");
    desk.person(
        &desk.root(),
        &["init", "-q", "--bare", &remote.display().to_string()],
    );
    let url = format!("file://{}", remote.display());
    desk.person(&desk.project, &["remote", "add", "origin", &url]);
    desk.git(&["push", "-q", "origin", "trunk-developer"]);
    assert_eq!(files(&remote.join("lfs/objects")), 2, "pre-push");
    // What torch holds back is held back before any of them.
    let refused = desk.try_git(&[
        "push",
        "-q",
        "--force",
        "origin",
        "HEAD~1:refs/heads/trunk-developer",
    ]);
    assert!(!refused.success() && refused.error_text().contains("git.force-push"));
}
