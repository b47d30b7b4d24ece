//! The table of critical words: what fires, what is part of another word, what is negated.

use super::*;

const FIRE: &[(&str, &[&str])] = &[
    ("Task complete: 3 tests failed", &["complete", "fail"]),
    (
        "the deployment is blocked by an ERROR",
        &["deploy", "block", "error"],
    ),
    ("completion reached", &["complete"]),
    ("errors everywhere", &["error"]),
    ("Complete.", &["complete"]),
    ("(complete)", &["complete"]),
    ("it completes today", &["complete"]),
    ("migration completed", &["complete"]),
    ("we deploy at five", &["deploy"]),
    ("deploying now", &["deploy"]),
    ("two deployments left", &["deploy"]),
    ("the build fails", &["fail"]),
    ("failing test: parser", &["fail"]),
    ("3 failures", &["fail"]),
    ("failure in CI", &["fail"]),
    ("an error in line 3", &["error"]),
    ("Error: no such file", &["error"]),
    ("blocked on review", &["block"]),
    ("this blocks me", &["block"]),
    ("a blocker", &["block"]),
    ("blocking the release", &["block"]),
    ("10 failed", &["fail"]),
    ("failed: 20", &["fail"]),
    ("errors: 3, failed: 0", &["error"]),
    ("no idea why it failed", &["fail"]),
    ("not only did it fail, it hung", &["fail"]),
    ("nobody knows; the deploy stopped", &["deploy"]),
    ("No: blocked again", &["block"]),
    ("errors, errors, ERRORS", &["error"]),
    ("«failed»", &["fail"]),
    (
        "the word incomplete is not complete; it did fail",
        &["fail"],
    ),
    ("FAILED", &["fail"]),
    ("status=failed", &["fail"]),
];

const SILENT: &[&str] = &[
    "",
    "incomplete",
    "the blockchain grows",
    "failover to the replica",
    "terror, terrors",
    "a fail-safe default",
    "error_log was rotated",
    "the errorless run",
    "unblocked",
    "un-blocked",
    "completely different words",
    "completeness of the docs",
    "redeployed",
    "roadblock",
    "sunblocker",
    "deployer",
    "failsafe",
    "no errors",
    "no error",
    "0 errors",
    "0 failed",
    "zero failures",
    "not blocked",
    "not yet complete",
    "never failed",
    "without any failures",
    "without errors",
    "it did not fail",
    "it didn't fail",
    "it won't block",
    "doesn't block anything",
    "isn't complete",
    "has not been deployed",
    "hasn't been completed",
    "free of errors",
    "no new errors",
    "no more blockers",
    "none of the failures",
    "errors: 0",
    "failed=0, errors: none",
    "Blocked: none",
    "Blockers: no",
    "no longer blocked",
    "the tests are green",
    "please review the parser",
];

#[test]
fn the_table_holds() {
    assert!(FIRE.len() + SILENT.len() >= 60);
    for (text, expect) in FIRE {
        assert_eq!(words(text), *expect, "{text}");
    }
    for text in SILENT {
        assert!(words(text).is_empty(), "{text}: {:?}", words(text));
    }
}

#[test]
fn further_words_are_the_users() {
    let own = Words::new(["rollback", "C++ (old)", "über"]);
    assert_eq!(own.find("a ROLLBACK is due, not failed"), ["rollback"]);
    assert_eq!(own.find("the C++ (old) part"), ["c++ (old)"]);
    assert_eq!(own.find("Über all this"), ["über"]);
    assert!(own.find("rollbacks, no rollback").is_empty());
}

#[test]
fn trouble_weighs_more_than_news() {
    let check = |text: &str, expect| assert_eq!(severity(&words(text)), expect, "{text}");
    check("complete", Some(Severity::Low));
    check("deployed, then failed", Some(Severity::High));
    check("all green", None);
    let own = Words::new(["rollback"]).find("rollback complete");
    assert_eq!(severity(&own), Some(Severity::Medium));
}

#[test]
fn a_long_text_is_read_in_one_go() {
    let text = "incomplete failover ".repeat(2_000);
    assert!(words(&text).is_empty());
}

#[test]
fn a_forms_labels_are_no_words_of_its_sender() {
    let status = |current: &str, blocked: &str| {
        format!(
            "STATUS developer 2026-11-21T18:00Z\nCompleted: none\nCurrent: {current}\nBlocked: {blocked}\nETA: 5m"
        )
    };
    let find = |text: &str| BUILT_IN.find_in(text, &Speech::read(text));
    assert_eq!(find(&status("the parser", "none")), Vec::<String>::new());
    assert_eq!(find(&status("the build fails", "none")), ["fail"]);
    assert_eq!(find(&status("the parser", "no password")), ["block"]);
    assert_eq!(find("f\u{ad}ailed"), ["fail"]);
    assert_eq!(
        find("the build fаilеd"),
        ["fail"],
        "two letters are Cyrillic"
    );
    let own = Words::new(["сбой", "rollback"]);
    assert_eq!(own.find("СБОЙ, and a rоllback"), ["сбой", "rollback"]);
}

#[test]
fn the_most_further_words_make_a_pattern() {
    let long: Vec<String> = (0..crate::project::CRITICAL_MAX)
        .map(|n| format!("{n}{}", "ß".repeat(96)))
        .collect();
    let words = Words::new(long.iter().map(String::as_str));
    assert_eq!(
        words.find(&format!("it is {}!", long[7])),
        [long[7].as_str()]
    );
}
