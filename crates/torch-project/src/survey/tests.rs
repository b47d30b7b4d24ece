//! Tests of the walk, hostile trees among them.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::Instant;

use super::*;

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    fs::write(path, text).expect("a file");
}

fn look(root: &Path) -> Survey {
    survey(
        root,
        Limits::default(),
        || false,
        |path| path.ends_with(".json"),
    )
    .expect("a survey")
}

fn paths(survey: &Survey) -> Vec<&str> {
    survey.files.iter().map(|file| file.path.as_str()).collect()
}

#[test]
fn ignored_hidden_and_foreign_files_are_left_out() {
    let root = tempfile::tempdir().expect("a folder");
    let root = root.path();
    for path in [
        "a.rs",
        "src/b.rs",
        "src/gen/c.rs",
        "keep.log",
        "x.log",
        "deep/y.log",
        "deep/kept.log",
        "node_modules/react/package.json",
        "env/pyvenv.cfg",
        "env/lib/x.py",
        ".github/workflows/ci.yml",
        ".secret/x",
        ".env",
        ".git/config",
    ] {
        write(root, path, "{}");
    }
    write(root, ".gitignore", "*.log\n!keep.log\n/src/gen/\n[\n");
    write(root, "deep/.gitignore", "!kept.log\n");
    let survey = look(root);
    assert_eq!(
        paths(&survey),
        [
            ".github/workflows/ci.yml",
            "a.rs",
            "deep/kept.log",
            "keep.log",
            "src/b.rs"
        ]
    );
    assert_eq!((survey.cut, survey.unreadable), (None, 0));
}

#[test]
fn only_what_is_wanted_is_read_and_only_its_beginning() {
    let root = tempfile::tempdir().expect("a folder");
    write(root.path(), "a.json", &"x".repeat(100_000));
    write(root.path(), "b/c.json", "{}");
    write(root.path(), "d.txt", "no");
    let survey = look(root.path());
    let sizes: Vec<_> = survey
        .contents
        .iter()
        .map(|(path, text)| (path.as_str(), text.len()))
        .collect();
    assert_eq!(sizes, [("a.json", 65_536), ("b/c.json", 2)]);
    let few = Limits {
        bytes: 10,
        ..Limits::default()
    };
    let survey = super::survey(root.path(), few, || false, |_| true).expect("a survey");
    assert_eq!(survey.contents.values().map(String::len).sum::<usize>(), 10);
}

#[test]
fn links_pipes_sockets_and_closed_folders_are_harmless() {
    let root = tempfile::tempdir().expect("a folder");
    let outside = tempfile::tempdir().expect("another");
    write(outside.path(), "package.json", "{}");
    let root = root.path();
    write(root, "a/b.rs", "");
    symlink(root, root.join("a/circle")).expect("a link");
    symlink(outside.path(), root.join("out")).expect("a link");
    symlink("/etc/passwd", root.join("x.json")).expect("a link");
    symlink(root.join("loop"), root.join("loop")).expect("a link");
    nix::unistd::mkfifo(&root.join("pipe.json"), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    // A pipe in the place of rules would be waited for.
    nix::unistd::mkfifo(&root.join(".gitignore"), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    symlink("/dev/zero", root.join(".ignore")).expect("a link");
    let _socket = std::os::unix::net::UnixListener::bind(root.join("s.json")).expect("a socket");
    fs::create_dir(root.join("closed")).expect("a folder");
    fs::set_permissions(root.join("closed"), fs::Permissions::from_mode(0o0)).expect("closed");
    let survey = look(root);
    assert_eq!(paths(&survey), ["a/b.rs"]);
    assert!(survey.contents.is_empty());
    // The superuser may list it.
    assert!(survey.unreadable <= 1);
    fs::set_permissions(root.join("closed"), fs::Permissions::from_mode(0o700)).expect("opened");
}

#[test]
fn what_is_not_there_is_an_error_and_names_need_not_be_text() {
    let root = tempfile::tempdir().expect("a folder");
    let gone = root.path().join("gone");
    let error = survey(&gone, Limits::default(), || false, |_| true).expect_err("gone");
    assert!(error.to_string().ends_with("/gone"), "{error}");
    let name = std::os::unix::ffi::OsStrExt::from_bytes(b"\xff\n\x1b.json");
    let name: &OsStr = name;
    // Not every file system takes such a name.
    if fs::write(root.path().join(name), "{}").is_ok() {
        assert_eq!(look(root.path()).files.len(), 1);
    }
}

#[test]
fn bounds_hold_and_the_shallow_comes_first() {
    let root = tempfile::tempdir().expect("a folder");
    for folder in 0..20 {
        for file in 0..20 {
            write(root.path(), &format!("d{folder}/f{file}"), "");
        }
    }
    write(root.path(), "z.json", "{}");
    let few = Limits {
        entries: 100,
        ..Limits::default()
    };
    let survey = super::survey(root.path(), few, || false, |_| true).expect("a survey");
    assert_eq!(survey.cut, Some(Cut::Entries));
    assert!(survey.files.len() < 100);
    assert!(
        survey.contents.contains_key("z.json"),
        "the top was seen whole"
    );
    let late = super::survey(root.path(), Limits::default(), || true, |_| true);
    assert_eq!(late.expect("a survey").cut, Some(Cut::Time));
}

#[test]
fn a_deep_tree_ends() {
    let root = tempfile::tempdir().expect("a folder");
    let mut path = root.path().to_owned();
    for _ in 0..200 {
        path.push("d");
    }
    fs::create_dir_all(&path).expect("folders");
    let survey = look(root.path());
    assert_eq!(survey.cut, Some(Cut::Depth));
}

#[test]
fn a_hostile_file_of_rules_is_bounded() {
    let root = tempfile::tempdir().expect("a folder");
    let rules: String = (0..200_000).map(|n| format!("a{n}*b*c*d\n")).collect();
    write(root.path(), ".gitignore", &rules);
    write(root.path(), "x.rs", "");
    let begun = Instant::now();
    assert_eq!(paths(&look(root.path())), ["x.rs"]);
    assert!(begun.elapsed() < Duration::from_secs(5));
}
