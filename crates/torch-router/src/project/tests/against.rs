//! Statements that can't both be kept.

use super::{markdown, toml};
use crate::project::contradictions;

/// The lines of the two statements and what becomes of them, in the order in which they are told.
fn found(lines: &str) -> Vec<(u32, u32, String)> {
    let set = markdown(&format!("# Team rules\n{lines}\n"));
    let found = contradictions(&set).into_iter();
    found
        .map(|row| (row.one.line, row.other.line, row.outcome))
        .collect()
}

#[track_caller]
fn check(lines: &str, expect: &[(u32, u32, &str)]) {
    let found = found(lines);
    let found: Vec<(u32, u32, &str)> = found
        .iter()
        .map(|(one, other, words)| (*one, *other, words.as_str()))
        .collect();
    assert_eq!(found, expect, "{lines}");
}

const FORBIDS: &str = "what forbids holds";
const NOBODY: &str = "both hold, so only the orchestrator and the person are left";
const REPORT: &str = "both hold, and no report can keep both";
const MESSAGE: &str = "both hold, and no message can keep both";

/// Two rules, the lines of the stricter and the other, and what becomes of them.
type Pair = (&'static str, &'static str, Option<(u32, u32, &'static str)>);

const PAIRS: &[Pair] = &[
    (
        "Developer may write to the tester",
        "Developers must not message the tester",
        Some((3, 2, FORBIDS)),
    ),
    (
        "Nobody may message the tester",
        "The developer may write to the tester",
        Some((2, 3, FORBIDS)),
    ),
    (
        "Nobody may message the tester",
        "The PM may write to the tester",
        None,
    ),
    (
        "The developer may only write to the tester",
        "The developer may write to the researcher",
        Some((2, 3, FORBIDS)),
    ),
    (
        "Only the tester may message devops",
        "The developer may write to devops",
        Some((2, 3, FORBIDS)),
    ),
    (
        "Only the tester may message devops",
        "The tester may write to devops",
        None,
    ),
    (
        "The developer may only write to the tester",
        "The developer may only write to the researcher",
        Some((2, 3, NOBODY)),
    ),
    (
        "The developer may only write to the tester",
        "Developers must not message the tester",
        Some((2, 3, NOBODY)),
    ),
    (
        "The developer may only write to the tester",
        "Only the researcher may message the tester",
        Some((2, 3, NOBODY)),
    ),
    (
        "Testers report results to the PM",
        "Testers report results to the developer",
        Some((2, 3, REPORT)),
    ),
    (
        "Testers report results to the developer",
        "Testers must not message the developer",
        Some((3, 2, REPORT)),
    ),
    (
        "Messages to the tester must include \"build\"",
        "Messages must never contain \"build\"",
        Some((3, 2, MESSAGE)),
    ),
    (
        "Messages to the tester must include \"build\" or \"test\"",
        "Messages must never contain \"build\"",
        None,
    ),
    (
        "Developers' branch names must start with `feature/`",
        "Developers' branch names must start with `fix/`",
        Some((2, 3, "the first of them counts")),
    ),
    (
        "Keep messages under 500 characters",
        "Keep messages under 300 characters",
        None,
    ),
    ("Commit every 30 minutes", "Commit every 60 minutes", None),
];

#[test]
fn rules_of_which_nobody_can_keep_both() {
    for (one, other, expect) in PAIRS {
        let expect: Vec<_> = expect.iter().copied().collect();
        check(&format!("- {one}\n- {other}"), &expect);
    }
}

#[test]
fn orders_and_prohibitions_that_torch_can_not_check() {
    let looks = "they look contradictory, and torch checks neither";
    for (one, other, expect) in [
        ("Everyone must use squash merges", "Never squash", true),
        ("Always use squash merges", "Never squash merge", true),
        (
            "Pull requests must be squashed, never rebased",
            "Always rebase pull requests",
            true,
        ),
        ("Use tabs", "Do not use tabs", true),
        // What is forbidden is more than what is ordered.
        (
            "Always write tests",
            "Never write tests against the network",
            false,
        ),
        ("Always commit small changes", "Never commit secrets", false),
        (
            "Tests must be run before pushing",
            "Never push to main",
            false,
        ),
        ("Never squash", "Never squash merges", false),
        (
            "Use squash merges, and never rebase",
            "Rebasing must be avoided",
            false,
        ),
    ] {
        let expect: Vec<_> = expect.then_some(looks).into_iter().collect();
        let found = found(&format!("- {one}\n- {other}"));
        let words: Vec<&str> = found.iter().map(|row| row.2.as_str()).collect();
        assert_eq!(words, expect, "{one} / {other}");
    }
    check(
        "- Commit every 30 minutes\n- Never commit",
        &[(2, 3, "they look contradictory; torch checks the first only")],
    );
}

#[test]
fn as_many_as_there_can_be_are_found_in_time_and_bounded() {
    let one = |n: usize| format!("- Always use thing{n} merges\n- Never merge\n- Never thing{n}\n");
    let text: String = (0..330).map(one).collect();
    let begin = std::time::Instant::now();
    assert_eq!(found(&text).len(), 100);
    let took = begin.elapsed();
    assert!(took < std::time::Duration::from_secs(20), "{took:?}");
    let edge = |n: usize| {
        format!(
            "[[rule]]\nkind = \"may-write\"\nfrom = [\"a{n}\"]\nto = [\"b\"]\n[[rule]]\nkind = \"may-not-write\"\nfrom = \"everyone\"\nto = [\"b\", \"c{n}\"]\n"
        )
    };
    let set = toml(&(0..200).map(edge).collect::<String>()).expect("rules");
    assert_eq!(contradictions(&set).len(), 100);
}
