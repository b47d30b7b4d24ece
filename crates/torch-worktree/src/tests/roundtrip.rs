//! The property: what is removed comes back byte for byte, whatever state it was in.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use torch_core::Timestamp;

use super::*;

/// How many random worktrees are removed and brought back.
const CASES: u64 = 40;

/// How many at once, each in a repository of its own.
const THREADS: u64 = 4;

/// Names of files, among them such as nobody would choose.
const NAMES: [&[u8]; 16] = [
    b"a",
    b"b.txt",
    b"dir/c",
    b"dir/deep/d",
    b"with space",
    b"-dash",
    b"quote\"'s",
    b"back\\slash",
    b"new\nline",
    b"tab\there",
    b"\xff\xfe bytes",
    "日本/ünï".as_bytes(),
    b":(glob)*",
    b"#hash",
    b"git~1",
    b"dir/.gitkeep",
];

/// Everything of a folder but its `.git`: kind, permissions and content of each file and link.
pub(super) fn tree(root: &Path) -> BTreeMap<PathBuf, (char, u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(root).expect("below").to_owned();
            let meta = fs::symlink_metadata(&path).expect("there");
            let mode = meta.permissions().mode() & 0o777;
            if name == Path::new(".git") {
                continue;
            } else if meta.is_symlink() {
                let target = fs::read_link(&path).expect("a link");
                found.insert(name, ('l', 0, target.as_os_str().as_bytes().to_vec()));
            } else if meta.is_dir() {
                folders.push(path);
            } else {
                found.insert(name, ('f', mode, fs::read(&path).expect("a file")));
            }
        }
    }
    found
}

/// All that git says of a worktree.
pub(super) fn said(root: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for args in [
        &[
            "status",
            "--porcelain=v2",
            "--branch",
            "-z",
            "--untracked-files=all",
        ][..],
        &["ls-files", "-v", "--stage", "-z"],
        &["stash", "list"],
    ] {
        all.extend(git_raw(root, args).stdout);
        all.push(b'\n');
    }
    all
}

pub(super) fn remove_request<'a>(
    repository: &'a Repository,
    added: &'a Added,
    role: &'a RoleName,
) -> RemoveRequest<'a> {
    RemoveRequest {
        keep: KeepRequest {
            repository,
            path: &added.path,
            role,
            team: Some("app"),
            home_branch: added.branch.as_deref(),
            base: Some(&added.start),
            now: Timestamp(1_795_241_652_345),
            why: "a test",
        },
        branch: BranchFate::Stays,
    }
}

/// Removes a worktree and brings it back; both must look the same.
#[track_caller]
pub(super) fn round_trip(repository: &Repository, added: &Added, what: &str) -> Kept {
    let role = role("developer");
    let before = (tree(&added.path), said(&added.path));
    let removed = remove(&handle(), &remove_request(repository, added, &role));
    let removed = removed.unwrap_or_else(|error| panic!("{what}: {error:?}"));
    assert!(!added.path.exists(), "{what}");
    let parent = added.path.parent().expect("a parent");
    assert_eq!(fs::read_dir(parent).expect("a folder").count(), 0, "{what}");
    let kept = removed.kept.expect("kept");
    let request = UndeleteRequest {
        repository,
        kept: &kept,
        to: None,
    };
    let back = undelete(&handle(), &request);
    let back = back.unwrap_or_else(|error| panic!("{what}: {error:?}"));
    assert_eq!(back.path, added.path, "{what}");
    assert!(!back.another_branch, "{what}");
    let after = (tree(&added.path), said(&added.path));
    assert_eq!(before.0, after.0, "{what}");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(text(&before.1), text(&after.1), "{what}");
    kept
}

struct Mess<'a> {
    random: fastrand::Rng,
    root: &'a Path,
}

impl Mess<'_> {
    fn path(&mut self) -> PathBuf {
        let name = NAMES[self.random.usize(..NAMES.len())];
        self.root.join(OsStr::from_bytes(name))
    }

    fn bytes(&mut self) -> Vec<u8> {
        let length = self.random.usize(..200);
        match self.random.u8(..4) {
            0 => Vec::new(),
            1 => (0..length).map(|_| self.random.u8(..)).collect(),
            2 => b"line\r\n".repeat(length % 7),
            _ => b"line\n".repeat(length % 9),
        }
    }

    fn write(&mut self) {
        let path = self.path();
        let parent = path.parent().expect("a parent");
        if fs::create_dir_all(parent).is_err() || path.is_dir() {
            return;
        }
        drop(fs::remove_file(&path));
        if self.random.u8(..6) == 0 {
            symlink(
                OsStr::from_bytes(NAMES[self.random.usize(..NAMES.len())]),
                &path,
            )
            .expect("a link");
            return;
        }
        fs::write(&path, self.bytes()).expect("written");
        let modes = [0o644, 0o755, 0o600, 0o640];
        let mode = modes[self.random.usize(..modes.len())];
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
    }

    fn one(&mut self) {
        let path = self.path();
        let relative = path.strip_prefix(self.root).expect("below").to_owned();
        let relative = relative.as_os_str();
        let with = |args: &[&str]| {
            let words = args.iter().map(OsStr::new).chain([relative]);
            let spec = CommandSpec::new("git", self.root, environment(), Duration::from_secs(60));
            // Not everything is possible in every state.
            drop(run(&spec.arg("--literal-pathspecs").args(words)));
        };
        match self.random.u8(..12) {
            0..=3 => self.write(),
            4 | 5 => with(&["add", "--"]),
            6 => drop(fs::remove_file(&path)),
            7 => with(&["rm", "-q", "--cached", "--"]),
            8 => with(&["add", "-N", "--"]),
            9 => with(&["update-index", "--assume-unchanged", "--"]),
            10 => with(&["mv", "-k", "a"]),
            _ => {
                let name = format!("moved{}", self.random.u8(..3));
                drop(fs::rename(&path, self.root.join(name)));
            }
        }
    }
}

/// Removes and brings back the worktrees of these seeds, each in a random state.
fn round_trips(seeds: std::ops::Range<u64>) {
    let project = Project::new();
    for text in ["*.txt text=auto\n", ""] {
        fs::write(project.root.join(".gitattributes"), text).expect("written");
        project.commit("attributes");
    }
    let mut repository = project.inspect();
    for seed in seeds.clone() {
        repository.engine = match seed % 4 {
            3 => Engine::git("a test"),
            _ => Engine::Git2,
        };
        let added = project.add(&format!("{seed}/developer"), "developer");
        let added = added.expect("added");
        make_a_mess(seed, &added.path);
        let kept = round_trip(&repository, &added, &format!("seed {seed}"));
        assert_eq!(kept.commits, 1, "seed {seed}");
        let path = added.path.to_string_lossy().into_owned();
        project.git(&["worktree", "remove", "--force", &path]);
        project.git(&["branch", "-q", "-D", "main-developer"]);
        drop(git_raw(&project.root, &["stash", "clear"]));
    }
    let listed = kept(&handle(), &repository).expect("listed");
    assert_eq!(listed.len(), seeds.count());
}

fn make_a_mess(seed: u64, root: &Path) {
    let mut mess = Mess {
        random: fastrand::Rng::with_seed(seed),
        root,
    };
    for _ in 0..6 {
        mess.write();
    }
    // git itself does not take every name that a file may have.
    drop(git_raw(root, &["add", "-A", "--ignore-errors"]));
    git(root, &["commit", "-q", "--allow-empty", "-m", "start"]);
    for _ in 0..10 {
        mess.one();
    }
    match mess.random.u8(..6) {
        0 => drop(git_raw(root, &["stash", "-q"])),
        1 => drop(git_raw(root, &["checkout", "-q", "--detach"])),
        2 => drop(git_raw(
            root,
            &["checkout", "-q", "-b", &format!("own{seed}")],
        )),
        _ => {}
    }
    for _ in 0..4 {
        mess.one();
    }
}

#[test]
fn what_is_removed_comes_back() {
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let each = CASES / THREADS;
            scope.spawn(move || round_trips(thread * each..(thread + 1) * each));
        }
    });
}
