//! Tests of the checks before anything starts.

use std::fs;

use super::spec::{SPEC_MAX, check};
use super::*;

fn refused(name: &str, content: &[u8]) -> CommandError {
    let temp = tempfile::tempdir().expect("a directory");
    let file = temp.path().join(name);
    fs::write(&file, content).expect("a file");
    let error = check(&file).expect_err(name);
    assert_eq!(error.kind.exit_code(), exit::USAGE, "{name}");
    error
}

#[test]
fn a_good_spec_is_taken() {
    let temp = tempfile::tempdir().expect("a directory");
    let file = temp.path().join("spec.md");
    fs::write(&file, "- a tool\n").expect("a file");
    let (path, text) = check(&temp.path().join("./spec.md")).expect("good");
    assert_eq!(path, file.canonicalize().expect("canonical"));
    assert_eq!(text, "- a tool\n");
}

#[test]
fn each_bad_spec_has_its_own_words() {
    for (content, words) in [
        (b"".as_slice(), "is empty"),
        (b" \n\t\n", "is empty"),
        (b"\xef\xbb\xbf\n", "is empty"),
        (b"a\0b", "is binary"),
        (b"\xff\xfe", "is no UTF-8 text"),
    ] {
        let error = refused("spec.md", content);
        assert!(
            error.message.ends_with(words) || error.message.contains(words),
            "{error:?}"
        );
        assert!(!error.hints.is_empty(), "{error:?}");
    }
}

#[test]
fn a_huge_spec_is_not_read() {
    let temp = tempfile::tempdir().expect("a directory");
    let file = temp.path().join("spec.md");
    let huge = fs::File::create(&file).expect("a file");
    huge.set_len(SPEC_MAX + 1).expect("a sparse file");
    let error = check(&file).expect_err("too large");
    let words = "has 10485761 bytes; the most is 10485760, which is 10 MB";
    assert!(error.message.contains(words), "{error:?}");
    // Every command that reads one says the same.
    let other = crate::command::plan::read_spec(&file).expect_err("too large");
    assert_eq!(other.message, error.message);
}

#[test]
fn what_is_no_file_is_said_and_a_candidate_is_proposed() {
    let temp = tempfile::tempdir().expect("a directory");
    fs::write(temp.path().join("my-spec.md"), "x").expect("a file");
    let error = check(&temp.path().join("spec.md")).expect_err("missing");
    assert!(error.message.ends_with("does not exist"), "{error:?}");
    assert!(
        error.hints.iter().any(|hint| hint.contains("my-spec.md")),
        "{error:?}"
    );
    let error = check(temp.path()).expect_err("a directory");
    assert!(error.message.ends_with("is a directory"), "{error:?}");
    let socket = temp.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    let error = check(&socket).expect_err("a socket");
    assert!(error.message.ends_with("is no regular file"), "{error:?}");
}
