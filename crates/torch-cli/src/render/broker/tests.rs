//! A broker and its pushes, as they are shown.

use torch_core::Timestamp;
use torch_core::broker::Reach;

use super::*;

fn clock() -> Clock {
    Clock {
        now: Timestamp(1_800_000_060_000),
        zone: jiff::tz::TimeZone::UTC,
    }
}

fn push(id: &str, branch: &str, state: PushState) -> PushView {
    PushView {
        id: id.to_owned(),
        role: "developer".to_owned(),
        reference: format!("refs/heads/feature/{branch}"),
        commit: "0123456789".repeat(4),
        commits: 2,
        subject: "Progress: the login's form".to_owned(),
        rule: "push.own".to_owned(),
        at: Timestamp(1_800_000_000_000),
        state,
        approved: None,
        tries: 3,
        said: Some("ssh: no route to host".to_owned()),
        next: None,
    }
}

fn shown(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[test]
fn how_a_broker_stands() {
    let at = Timestamp(1_800_000_000_000);
    let view = BrokerView {
        team: "app".to_owned(),
        since: Some(at),
        path: Some("/home/ann/.local/state/torch/projects/app/broker.git".into()),
        remote: Some(("origin".to_owned(), "git@example.org:app.git".to_owned())),
        level: PushLevel::Withheld,
        why: vec!["no sandbox without network was seen for: developer".to_owned()],
        reach: Some(Reach {
            at,
            torch: true,
            agents: false,
            said: None,
        }),
        waiting: 1,
        asking: 2,
    };
    insta::assert_snapshot!(shown(&status(&view, &clock(), Some(80))));
    let off = BrokerView {
        since: None,
        path: None,
        ..view
    };
    insta::assert_snapshot!("off", shown(&status(&off, &clock(), Some(80))));
}

#[test]
fn what_was_fetched() {
    let id = |c: &str| Some(c.repeat(40));
    let branch = |name: &str, old, new| FetchedView {
        name: name.to_owned(),
        old,
        new,
    };
    let branches = [
        branch("main", id("a"), id("b")),
        branch("new", None, id("c")),
        branch("old", id("d"), None),
    ];
    assert_eq!(
        fetched("origin", &branches),
        "origin/main: aaaaaaaa to bbbbbbbb\norigin/new: new, cccccccc\norigin/old: gone\n"
    );
    assert_eq!(fetched("origin", &[]), "origin has nothing new\n");
}

#[test]
fn what_became_of_pushes() {
    let at = Timestamp(1_800_000_000_000);
    let pushes = [
        push("p-00000001", "login", PushState::Forwarded { at }),
        push(
            "p-00000002",
            "a-branch-of-quite-some-length",
            PushState::Accepted,
        ),
        push("p-00000003", "x", PushState::Asking),
        push(
            "p-00000004",
            "y",
            PushState::Refused {
                at,
                by: "remote".to_owned(),
                why: "[remote rejected] (pre-receive hook declined): no tabs".to_owned(),
            },
        ),
    ];
    let text = shown(&log(&pushes, &clock(), Some(80)));
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    insta::assert_snapshot!(text);
    assert!(log(&[], &clock(), None).contains("nothing"));
}
