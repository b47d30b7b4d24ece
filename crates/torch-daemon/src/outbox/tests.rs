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
fn forms_have_headers_of_their_own() {
    let text = "current: the parser\neta: 30m\ncompleted: the lexer\ncompleted: its tests\n";
    let status = |made: Result<Request, Box<Failure>>| match made {
        Ok(Request::Rules(rules)) => match *rules {
            torch_api::rules::RulesRequest::Status(report) => report,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    for (name, head) in [
        ("report-status--1.md", ""),
        ("x.md", "kind: report-status\n"),
        ("x.md", "---\nKind: Report_Status\n"),
    ] {
        let report = status(made(name, &format!("{head}{text}")));
        assert_eq!(report.completed, ["the lexer", "its tests"], "{name}");
        assert_eq!(
            (report.current.as_str(), report.eta.as_str()),
            ("the parser", "30m")
        );
        assert_eq!((report.blocked, report.to), (None, None));
    }
    // What is being done may be the text.
    let report = status(made(
        "report-status.md",
        "eta: 1h\nblocked: no key\n\nthe parser\n",
    ));
    assert_eq!(report.current, "the parser\n");
    assert_eq!(report.blocked.as_deref(), Some("no key"));
    sends(
        "report-blocked--db.md",
        "no database\n",
        "orchestrator",
        "BLOCKED: no database",
    );
    sends("report-unblocked.md", "", "orchestrator", "UNBLOCKED:");
    sends(
        "x.md",
        "kind: task-assign\nto: developer\nid: T-7\ntitle: The parser\ncriterion: all parse\n\nread all",
        "developer",
        "TASK T-7: The parser\nAssigned to: developer\nObjective: read all\nSuccess Criteria:\n- all parse\nPriority: MED",
    );
    let answer = made("standup-answer--1.md", "now: the parser").ok();
    let text = "now: the parser".to_owned();
    assert_eq!(answer, Some(Request::AnswerStandup { text }));
    let deps = made(
        "x.json",
        r#"{"kind": "deps-set", "role": "tester", "on": ["developer"]}"#,
    );
    assert!(
        format!("{deps:?}").contains(r#"role: "tester", on: ["developer"]"#),
        "{deps:?}"
    );
    let deps = made("deps-set--1.md", "role: tester\non: developer, devops\n");
    assert!(
        format!("{deps:?}").contains(r#"on: ["developer", "devops"]"#),
        "{deps:?}"
    );
    assert!(made("deps-list.md", "").is_ok());
    let list = made("task-list.md", "unacked: yes\n");
    assert!(format!("{list:?}").contains("unacked: true"), "{list:?}");
    // A text that begins like a form's header is text where no form is meant.
    let text = "Blocked: the database\nCurrent: waiting\n";
    sends("orchestrator--x.md", text, "orchestrator", text);
}

#[test]
fn a_form_that_is_not_whole_is_refused() {
    for (name, text, word) in [
        (
            "report-status--1.md",
            "current: the parser\n",
            "needs `eta`",
        ),
        ("report-status--1.md", "eta: 30m\n", "needs `current`"),
        (
            "report-status--1.md",
            "eta: 30m\ntitle: x\n\nx",
            "no key \"title\"",
        ),
        ("report-blocked--1.md", " \n", "needs `text`"),
        (
            "task-assign--1.md",
            "to: developer\nid: T 7\ntitle: t\ncriterion: c\n\no",
            "TASK ID: title",
        ),
        (
            "task-assign--1.md",
            "to: developer\nid: T7\ntitle: t\n\no",
            "Success Criteria",
        ),
        (
            "task-assign--1.md",
            "id: T7\ntitle: t\ncriterion: c\n\no",
            "needs `to`",
        ),
        (
            "task-assign--1.md",
            "to: a\nid: T7\ntitle: t\ncriterion: c\npriority: soon\n\no",
            "is no priority",
        ),
        (
            "task-list--1.md",
            "unacked: perhaps\n",
            "unacked is yes or no",
        ),
        ("deps-set--1.md", "on: developer\n", "needs `role`"),
        (
            "x.json",
            r#"{"to": "tester", "text": "x", "eta": "1h"}"#,
            "has no \"eta\"",
        ),
        (
            "x.json",
            r#"{"kind": "task-list", "criteria": ["a"]}"#,
            "has no \"criteria\"",
        ),
    ] {
        let failure = made(name, text).expect_err(text);
        assert!(failure.causes[0].contains(word), "{word}: {failure:?}");
    }
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

#[test]
fn no_role_is_called_like_a_request() {
    for kind in super::forms::KINDS.iter().chain(&["complete", "commit"]) {
        assert_eq!(super::kind_in(&format!("{kind}--x.md")), Some(*kind));
        let role =
            format!("name = \"{kind}\"\ntitle = \"T\"\nsummary = \"S\"\nduties = [\"Work.\"]\n");
        let error = torch_brief::parse(&role).expect_err(kind).to_string();
        assert!(error.contains("in an outbox is that request"), "{error}");
    }
}
