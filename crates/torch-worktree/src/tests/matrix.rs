//! Repositories of every kind that people have: in each a worktree is made, worked in, committed in, listed, removed and
//! brought back; or the repository is refused, with the reason and a way out. Whatever was there before is there after.

mod kinds;

use std::collections::BTreeSet;

use super::roundtrip::{remove_request, said, tree};
use super::*;
use kinds::KINDS;

/// How many kinds are tried at once.
const THREADS: usize = 4;

/// What a kind of repository must lead to.
enum Expect {
    /// All of it works.
    Works,
    /// It is refused with this error, which has a hint.
    Refused(fn(&WorktreeError) -> bool),
    /// Without the right to write it is refused; root has every right.
    RefusedIfReadOnly,
}

/// One kind of repository.
struct Kind {
    name: &'static str,
    /// Makes one; the directory that torch is run in.
    make: fn() -> (Project, PathBuf),
    expect: Expect,
}

/// Everything of a repository and its project that must outlive whatever torch does.
#[derive(Debug, PartialEq)]
struct Before {
    objects: BTreeSet<String>,
    refs: BTreeSet<String>,
    files: std::collections::BTreeMap<PathBuf, (char, u32, Vec<u8>)>,
    said: Vec<u8>,
    registered: BTreeSet<String>,
}

impl Before {
    fn of(root: &Path) -> Self {
        let lines = |args: &[&str]| {
            git_raw(root, args)
                .success_or_error()
                .expect("git succeeds")
                .text()
                .lines()
                .map(str::to_owned)
                .collect()
        };
        let mut refs: BTreeSet<String> =
            lines(&["for-each-ref", "--format=%(objectname) %(refname)"]);
        // The agent's own branch goes on with its work.
        refs.retain(|line| !line.ends_with(" refs/heads/main-developer"));
        Self {
            objects: lines(&[
                "cat-file",
                "--batch-all-objects",
                "--batch-check=%(objectname)",
            ]),
            refs,
            files: tree(root),
            said: said(root),
            registered: lines(&["worktree", "list", "--porcelain"]),
        }
    }

    #[track_caller]
    fn outlived(&self, root: &Path, what: &str) {
        let now = Self::of(root);
        assert!(
            self.objects.is_subset(&now.objects),
            "{what}: objects were lost"
        );
        assert!(
            self.refs.is_subset(&now.refs),
            "{what}: references were changed"
        );
        assert!(self.files == now.files, "{what}: files were changed");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(text(&self.said), text(&now.said), "{what}");
    }
}

fn check(kind: &Kind) {
    USERS_CONFIG.set("/dev/null".into());
    let name = kind.name;
    let (project, directory) = (kind.make)();
    let before = Before::of(&directory);
    let worked = work(&project, &directory, name);
    match (&kind.expect, worked) {
        (Expect::Works, worked) => worked.unwrap_or_else(|error| panic!("{name}: {error:?}")),
        (Expect::RefusedIfReadOnly, worked) => {
            let probe = directory.join(".git/objects/probe");
            let can_write = fs::write(&probe, "").is_ok();
            drop(fs::remove_file(&probe));
            assert_eq!(worked.is_ok(), can_write, "{name}: {worked:?}");
        }
        (Expect::Refused(_), Ok(())) => panic!("{name} was not refused"),
        (Expect::Refused(is_it), Err(error)) => {
            assert!(is_it(&error), "{name}: {error:?}");
            assert!(error.hint().is_some(), "{name}: {error}");
            let now = Before::of(&directory);
            assert_eq!(now.registered, before.registered, "{name}");
        }
    }
    before.outlived(&directory, name);
}

/// All that torch does for an agent in a repository.
fn work(project: &Project, directory: &Path, name: &str) -> Result<(), WorktreeError> {
    let handle = handle();
    let repository = inspect(&handle, directory)?;
    let path = project.place("app/developer");
    let who = role("developer");
    let added = add(
        &handle,
        &AddRequest {
            repository: &repository,
            path: &path,
            base_commit: &repository.head,
            base_branch: &repository.base_branch,
            role: &who,
        },
    )?;
    exclude(&repository.common_dir)?;
    prepare_worktree(&added.path)?;
    let clean = state(&handle, &repository, &added.path, &added.start)?;
    assert!(!clean.dirty && clean.ahead == 0, "{name}: {clean:?}");
    fs::create_dir_all(added.path.join("new folder")).expect("made");
    fs::write(added.path.join("new folder/wörk\nline"), "work\n").expect("written");
    let made = match commit_work(&handle, &repository, &added, ("work", &[])) {
        Ok(made) => made,
        Err(CommitError::Worktree(error)) => return Err(error),
        Err(error) => panic!("{name}: {error:?}"),
    };
    assert_eq!(made.files, 1, "{name}");
    fs::write(added.path.join("unsaved"), "unsaved\n").expect("written");
    let now = state(&handle, &repository, &added.path, &added.start)?;
    assert_eq!((now.ahead, now.changed, now.untracked), (1, 0, 1), "{name}");
    let files = tree(&added.path);
    let removed = remove(&handle, &remove_request(&repository, &added, &who))?;
    assert!(!added.path.exists(), "{name}");
    let kept = removed.kept.expect("kept");
    let request = UndeleteRequest {
        repository: &repository,
        kept: &kept,
        to: None,
    };
    let back = undelete(&handle, &request)?;
    let is_ours = |path: &PathBuf| path.starts_with(".torch");
    let files: Vec<_> = files
        .into_iter()
        .filter(|(path, _)| !is_ours(path))
        .collect();
    assert!(
        files == tree(&back.path).into_iter().collect::<Vec<_>>(),
        "{name}: files differ"
    );
    assert_eq!(git(&back.path, &["rev-parse", "HEAD"]), made.id, "{name}");
    // And back to how it was, but for the branch with its commit.
    remove(&handle, &remove_request(&repository, &added, &who)).map(drop)
}

#[test]
fn every_kind_of_repository_works_or_is_refused_and_nothing_is_lost() {
    assert!(KINDS.len() >= 24, "{} kinds", KINDS.len());
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || KINDS.iter().skip(thread).step_by(THREADS).for_each(check));
        }
    });
}
