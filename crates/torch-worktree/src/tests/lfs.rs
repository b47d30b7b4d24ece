//! Repositories with git LFS, by the real program: what a worktree has is the file, what a commit has is its pointer; also where
//! torch commits, merges into a worktree or lands on a branch, and where it is killed at that.

use super::*;
use crate::integrate::land_with;
use crate::merge::{Step, apply_with};

/// Set to `require`, a program that is not installed fails the tests that need it.
const REQUIRED: &str = "TORCH_TEST_REAL";

/// Whether git LFS is there; where it is not, the test says so.
pub(super) fn is_installed() -> bool {
    let found = git_raw(Path::new("/"), &["lfs", "version"]).success();
    let required = std::env::var(REQUIRED).is_ok_and(|word| word == "require");
    assert!(found || !required, "git-lfs is not installed");
    if !found {
        println!("SKIPPED: not run: git-lfs is not installed");
    }
    found
}

/// A project whose `*.bin` are kept by LFS, as `git lfs install --local` sets it up: filters and four hooks.
pub(super) fn project() -> Project {
    let project = Project::new();
    project.git(&["lfs", "install", "--local"]);
    project.git(&["lfs", "track", "*.bin"]);
    fs::write(project.root.join("data.bin"), bytes(1)).expect("written");
    project.commit("with LFS");
    let hooks = project.root.join(".git/hooks");
    for name in ["pre-push", "post-checkout", "post-commit", "post-merge"] {
        assert!(hooks.join(name).exists(), "{name}");
    }
    project
}

/// Content of no text, another for each number.
fn bytes(number: u8) -> Vec<u8> {
    (0..200_u8).map(|at| at ^ number).chain([0, 255]).collect()
}

fn head(path: &Path) -> String {
    git(path, &["rev-parse", "HEAD"])
}

/// The worktree has the content, its commit the pointer, the store the object, and git sees no difference.
#[track_caller]
fn holds(path: &Path, file: &str, number: u8) {
    assert_eq!(
        fs::read(path.join(file)).expect("a file"),
        bytes(number),
        "{file}"
    );
    is_pointer(path, &format!("HEAD:{file}"), number);
    assert_eq!(git(path, &["status", "--porcelain"]), "");
}

#[track_caller]
fn is_pointer(path: &Path, blob: &str, number: u8) {
    let pointer = git(path, &["cat-file", "blob", blob]);
    assert!(
        pointer.starts_with("version https://git-lfs.github.com/spec/v1\noid sha256:"),
        "{blob}: {pointer}"
    );
    let size = format!("size {}", bytes(number).len());
    assert!(pointer.ends_with(&size), "{blob}: {pointer}");
    let oid = pointer
        .split("sha256:")
        .nth(1)
        .and_then(|rest| rest.lines().next());
    let oid = oid.expect("an id");
    let common = git(
        path,
        &["rev-parse", "--path-format=absolute", "--git-common-dir"],
    );
    let object = Path::new(&common)
        .join("lfs/objects")
        .join(&oid[..2])
        .join(&oid[2..4])
        .join(oid);
    assert_eq!(fs::read(object).expect("an object"), bytes(number));
}

fn commit_bytes(path: &Path, file: &str, number: u8) -> String {
    fs::write(path.join(file), bytes(number)).expect("written");
    git(path, &["add", "-A"]);
    git(path, &["commit", "-q", "-m", "work"]);
    head(path)
}

#[test]
fn a_worktree_has_the_files_and_torch_commits_pointers() {
    if !is_installed() {
        return;
    }
    let project = project();
    let added = project.add("developer", "developer").expect("added");
    holds(&added.path, "data.bin", 1);
    fs::write(added.path.join("data.bin"), bytes(2)).expect("written");
    let made = commit_work(&handle(), &project.inspect(), &added, ("work", &[]));
    let made = made.expect("committed");
    assert_eq!(made.files, 1);
    holds(&added.path, "data.bin", 2);
    // Nothing was committed in the project itself, and nothing shows there.
    holds(&project.root, "data.bin", 1);
}

#[test]
fn a_merge_into_a_worktree_brings_the_files_whatever_it_is_killed_at() {
    if !is_installed() {
        return;
    }
    let steps = [
        Step::Locked,
        Step::Copied,
        Step::CheckedOut,
        Step::Moved,
        Step::Replaced,
    ];
    for last in steps.map(Some).into_iter().chain([None]) {
        let project = project();
        let [developer, tester] =
            ["developer", "tester"].map(|name| project.add(name, name).expect("added").path);
        commit_bytes(&tester, "own.bin", 3);
        commit_bytes(&developer, "data.bin", 2);
        let theirs = commit_bytes(&developer, "new.bin", 4);
        let repository = project.inspect();
        let request = MergeRequest {
            repository: &repository,
            worktree: &tester,
            theirs: &theirs,
            message: "Fast lane\n",
            label: "tester",
        };
        let PreparedMerge::Ready(merge) = prepare_merge(&handle(), &request).expect("prepared")
        else {
            panic!("{last:?}: not ready");
        };
        is_pointer(&project.root, &format!("{}:data.bin", merge.commit), 2);
        holds(&tester, "own.bin", 3);
        let go_on = |step| Some(step) != last;
        apply_with(&handle(), &repository, &tester, &merge, go_on).expect("applied");
        if last.is_some() {
            let settled = settle_merge(&handle(), &repository, &tester, &merge).expect("settled");
            if !matches!(settled, Settled::Done) {
                holds(&tester, "own.bin", 3);
                assert!(!tester.join("new.bin").exists(), "{last:?}: half of it");
                assert_eq!(
                    apply_merge(&handle(), &repository, &tester, &merge).expect("applied"),
                    Applied::Done
                );
            }
        }
        assert_eq!(head(&tester), merge.commit, "{last:?}");
        for (file, number) in [("data.bin", 2), ("new.bin", 4), ("own.bin", 3)] {
            holds(&tester, file, number);
        }
    }
}

#[test]
fn two_contents_of_one_file_are_a_conflict() {
    if !is_installed() {
        return;
    }
    let project = project();
    let [developer, tester] =
        ["developer", "tester"].map(|name| project.add(name, name).expect("added").path);
    let theirs = commit_bytes(&developer, "data.bin", 2);
    commit_bytes(&tester, "data.bin", 3);
    let request = MergeRequest {
        repository: &project.inspect(),
        worktree: &tester,
        theirs: &theirs,
        message: "Fast lane\n",
        label: "tester",
    };
    let found = prepare_merge(&handle(), &request).expect("prepared");
    let files = vec!["data.bin".to_owned()];
    assert_eq!(found, PreparedMerge::Conflict { files });
    holds(&tester, "data.bin", 3);
}

#[test]
fn an_integration_lands_the_files_where_its_branch_is_checked_out() {
    if !is_installed() {
        return;
    }
    let project = project();
    let [developer, tester] =
        ["developer", "tester"].map(|name| project.add(name, name).expect("added").path);
    commit_bytes(&developer, "data.bin", 2);
    commit_bytes(&tester, "test.bin", 3);
    let link = |path: &Path, role: &str| ChainLink {
        commit: head(path),
        message: format!("Integration: {role}\n"),
    };
    let links = [link(&developer, "developer"), link(&tester, "tester")];
    let (repository, base) = (project.inspect(), head(&project.root));
    let request = ChainRequest {
        repository: &repository,
        base: &base,
        links: &links,
        at: torch_core::Timestamp(1_800_000_000_000),
    };
    let Chained::Done(made) = chain(&handle(), &request).expect("merged") else {
        panic!("not merged");
    };
    holds(&project.root, "data.bin", 1);
    let tip = made.last().expect("two merges");
    let repository = inspect_busy(&handle(), &project.root).expect("a repository");
    let request = LandRequest {
        repository: &repository,
        branch: "main",
        from: &base,
        to: tip,
        label: "integration-1",
    };
    let landed = land_with(&handle(), &request, |_| true).expect("landed");
    assert!(matches!(landed, Landed::Done { .. }), "{landed:?}");
    assert_eq!(&head(&project.root), tip);
    holds(&project.root, "data.bin", 2);
    holds(&project.root, "test.bin", 3);
}
