//! What files say, and what is made of it.

use super::*;

fn made(name: &str, text: &str) -> Result<Request, Box<Failure>> {
    request(name, text.as_bytes().to_vec(), Path::new("/w/developer"))
}

#[track_caller]
fn sends(name: &str, text: &str, to: &str, body: &str) {
    let made = made(name, text);
    let Ok(Request::Send(send)) = made else {
        panic!("{name}: {made:?}");
    };
    assert_eq!(send.target, to, "{name}");
    assert_eq!(send.body, Body::Text(body.to_owned()), "{name}");
}

#[test]
fn a_text_is_a_message() {
    sends("tester--report 1.md", "hello\n", "tester", "hello\n");
    sends("orchestrator.md", "hello", "orchestrator", "hello");
    sends("orchestrator", "hello", "orchestrator", "hello");
    sends("app:developer--x.txt", "x", "app:developer", "x");
    sends("a.md", "to: tester\n\nhello\n", "tester", "hello\n");
    sends(
        "a.md",
        "---\nTo:  pm\nkind: message\n---\nhello",
        "pm",
        "hello",
    );
    sends(
        "x.json",
        r#"{"to": "tester", "text": "hello"}"#,
        "tester",
        "hello",
    );
    sends("tester--x.json", r#"{"text": "hello"}"#, "tester", "hello");
    // The header is over where it is none: a text that begins like one stays whole.
    let odd = "to: be or not to be\nthat is the question\n";
    sends("tester--x.md", odd, "tester", odd);
    let other = "subject: x\n\nhello";
    sends("tester--x.md", other, "tester", other);
    // What is said before a colon may be many words.
    let words = "to do: the parser\n\nhello";
    sends("tester--x.md", words, "tester", words);
    // An empty line in front of it says that it is none.
    sends(
        "tester--x.md",
        "\nurgent: maybe\n\nhi",
        "tester",
        "\nurgent: maybe\n\nhi",
    );
    let bytes = request("tester--x", vec![0xff, b'x'], Path::new("/w"));
    assert!(matches!(bytes, Ok(Request::Send(send)) if matches!(send.body, Body::Bytes(_))));
}

#[test]
fn other_kinds_have_a_header_or_a_name() {
    assert_eq!(
        made("complete--parser.md", "done in 3f2c1aa").ok(),
        Some(Request::Complete {
            text: "done in 3f2c1aa".to_owned()
        })
    );
    assert_eq!(
        made("x.md", "kind: ack\nid: m-7k3f9q2a\n").ok(),
        Some(Request::Ack {
            id: "m-7k3f9q2a".to_owned()
        })
    );
    assert_eq!(
        made("x", "kind: ack\n\n m-7k3f9q2a\n").ok(),
        Some(Request::Ack {
            id: "m-7k3f9q2a".to_owned()
        })
    );
    let commit = made("commit--1.md", "path: src\npath: a b\n\nwhy");
    assert!(
        matches!(&commit, Ok(Request::Commit(commit)) if commit.message == "why"
            && commit.paths == [Path::new("src"), Path::new("a b")]),
        "{commit:?}"
    );
    let note = made("x.md", "kind: schedule\nminutes: 1.5\n\nlook");
    assert!(
        matches!(&note, Ok(Request::Schedule(note)) if note.after_millis == 90_000 && note.target.is_none()),
        "{note:?}"
    );
    // A role may be called so.
    sends("x.md", "to: commit\n\nhello", "commit", "hello");
}

#[test]
fn what_can_be_no_request_is_said() {
    for (name, text, word) in [
        ("x.json", "{", "EOF"),
        ("x.json", r#"{"to": "a", "txt": "b"}"#, "txt"),
        ("x.md", "kind: dance\n\nx", "dance"),
        ("x.md", "kind: schedule\n\nx", "minutes"),
        (
            "tester--x.md",
            "urgent: maybe\n\nhello",
            "urgent is yes or no",
        ),
        (
            "tester--x.md",
            "to: tester\nurgent: maybe\n\nhello",
            "urgent: maybe",
        ),
        ("x.md", "to: tester\nprio: 1\n\nhello", "no key \"prio\""),
        ("x.md", "---\nsubject: x\n---\nhello", "no key \"subject\""),
        (
            "x.md",
            "kind: schedule\nminutes: soon\n\nx",
            "minutes is a number",
        ),
        ("x.md", "kind: Dance\nto: tester\n", "dance"),
    ] {
        let failure = made(name, text).expect_err("no request");
        assert!(failure.causes[0].contains(word), "{failure:?}");
    }
    let bytes = request("commit--x", vec![0xff], Path::new("/w"));
    assert!(bytes.is_err());
}

#[test]
fn a_receipt_reads_like_the_command() {
    let failed = receipt(&Response::Failed(*refuse("x", "why")));
    assert_eq!(
        (&failed["ok"], &failed["exit_code"]),
        (&json!(false), &json!(2))
    );
    assert_eq!(failed["causes"], json!(["why"]));
    let done = receipt(&Response::Done {
        text: "m-1 is acknowledged".to_owned(),
    });
    assert_eq!(done["text"], "m-1 is acknowledged");
}
