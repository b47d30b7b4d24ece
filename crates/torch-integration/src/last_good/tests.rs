//! Which commit is the last good one.

mod histories;

use proptest::prelude::*;

use super::*;

fn integration(commit: &str) -> Mark {
    mark(
        commit,
        GoodBy::Integration {
            id: "i-1".to_owned(),
        },
    )
}

fn tag(commit: &str) -> Mark {
    mark(
        commit,
        GoodBy::Tag {
            name: "stable-a".to_owned(),
        },
    )
}

fn message(commit: &str) -> Mark {
    mark(
        commit,
        GoodBy::Message {
            prefix: "stable:".to_owned(),
        },
    )
}

fn mark(commit: &str, why: GoodBy) -> Mark {
    Mark {
        commit: commit.to_owned(),
        why,
    }
}

/// Nothing was ever taken back.
fn no_past(line: &[&str]) -> Past {
    let commits = line.iter().map(|id| Commit {
        id,
        subject: "work",
        body: "",
    });
    let commits: Vec<_> = commits.collect();
    Past::read(&commits, &[], |_| None)
}

#[track_caller]
fn check(marks: &[Mark], bad: usize, expect: Option<usize>) {
    let line = ["f", "e", "d", "c", "b", "a"];
    let found = last_good(&line, marks, Some(bad), &no_past(&line));
    assert_eq!(found.map(|found| found.position), expect, "{marks:?}");
}

#[test]
fn the_better_mark_outweighs_the_newer_one() {
    check(&[], 0, None);
    check(&[message("e")], 0, Some(1));
    check(&[message("e"), tag("c")], 0, Some(3));
    check(&[message("e"), tag("c"), integration("b")], 0, Some(4));
    check(&[integration("b"), integration("d")], 0, Some(2));
    check(&[tag("d"), tag("a")], 0, Some(2));
}

#[test]
fn what_is_bad_and_what_has_it_is_never_good() {
    // The newest commit is what is looked at.
    check(&[integration("f")], 0, None);
    check(&[integration("f"), message("a")], 0, Some(5));
    check(&[integration("d"), integration("b")], 2, Some(4));
    check(&[tag("e"), tag("d")], 2, None);
    check(&[tag("a")], 5, None);
    check(&[tag("a")], usize::MAX, None);
}

#[test]
fn marks_off_the_line_say_nothing() {
    check(&[integration("x"), message("c")], 0, Some(3));
}

#[test]
fn messages_that_mark() {
    let check = |subject: &str, body: &str, expect: Option<&str>| {
        let prefix = by_message(subject, body).map(|why| match why {
            GoodBy::Message { prefix } => prefix,
            other => other.to_string(),
        });
        assert_eq!(prefix.as_deref(), expect, "{subject:?} {body:?}");
    };
    check("Integration: 2026-11-21 06:14", "", Some("Integration:"));
    check("stable: the parser works", "", Some("stable:"));
    check("unstable: do not use", "", None);
    check("Revert \"stable: the parser works\"", "", None);
    let pull = "Merge pull request #7 from app/integration/daily";
    check(
        pull,
        "\nIntegration: 2026-11-21 06:14\n",
        Some("Integration:"),
    );
    check(pull, "fix", None);
    check("a merge", "stable: no title", None);
    check("stable: restore a", "\nTorch-Rollback: r-1\n", None);
}

proptest! {
    #[test]
    fn the_answer_lies_below_what_is_bad_and_no_better_one_does(
        length in 1_usize..40,
        bad in 0_usize..45,
        marked in proptest::collection::vec((0_usize..50, 0_u8..3), 0..12),
    ) {
        let line: Vec<String> = (0..length).map(|n| format!("{n:040}")).collect();
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        let marks: Vec<Mark> = marked.iter().map(|(at, kind)| {
            let commit = format!("{at:040}");
            match kind {
                0 => integration(&commit),
                1 => tag(&commit),
                _ => message(&commit),
            }
        }).collect();
        match last_good(&line, &marks, Some(bad), &no_past(&line)) {
            Some(found) => {
                prop_assert!(found.position > bad);
                prop_assert_eq!(line[found.position], &found.mark.commit);
                for (at, kind) in &marked {
                    let better = *at < length && *at > bad
                        && (kind + 1, *at) < (rank(&found.mark.why), found.position);
                    prop_assert!(!better);
                }
            }
            None => prop_assert!(marked.iter().all(|(at, _)| *at <= bad || *at >= length)),
        }
    }
}
