//! A project's rules tighten and open nothing, and what they cost grows with the text alone.

use std::time::{Duration, Instant};

use torch_core::RouterMode;
use torch_core::message::Decision;
use torch_core::project_rules::ProjectRules;

use super::decide::Stage;
use super::{RuleSet, markdown, toml};
use crate::project::{changes, held_back, tightened};
use crate::traffic::Limits;

#[test]
fn limits_beyond_the_persons_are_clipped_and_said() {
    let set = |text: &str| RuleSet::new(markdown(&format!("# Team rules\n{text}\n")));
    let limits = |text: &str, own: u64| {
        let base = Limits {
            exchanges: own,
            ..Limits::default()
        };
        set(text).limits(&base).exchanges
    };
    let (two, many) = (
        "- At most 2 exchanges per thread",
        "- At most 50 exchanges per thread",
    );
    assert_eq!((limits(two, 3), limits(many, 3)), (2, 3));
    assert_eq!((limits(two, 0), limits(many, 0)), (2, 50));
    assert_eq!(limits(&format!("{many}\n{two}"), 3), 2);
    let late = "[[rule]]\nkind = \"blocked-after\"\nseconds = 2592000\n[[rule]]\nkind = \"max-exchanges\"\ncount = 1000000\n[[rule]]\nkind = \"may-write\"\nfrom = \"everyone\"\nto = \"everyone\"\n";
    let set = RuleSet::new(toml(late).expect("rules"));
    let notes = |mode, exchanges, blocked| {
        let notes = set.limited(mode, exchanges, blocked);
        let notes: Vec<String> = notes.into_iter().map(|(_, note)| note).collect();
        notes.join("; ")
    };
    assert_eq!(
        notes(RouterMode::Strict, 3, 600),
        "clipped to 600 s by your settings; clipped to 3 by your settings; does not count: the team's router is strict"
    );
    assert_eq!(notes(RouterMode::Matrix, 0, 2_592_000), "");
}

/// The rules that count where files state `after` in a team that runs by `before`, and what waits for a person.
fn counted(before: &str, after: &str) -> (ProjectRules, Vec<String>) {
    let read = |text: &str| markdown(&format!("# Team rules\n{text}\n"));
    let (before, after) = (read(before), read(after));
    let counts = tightened(&before, &after);
    assert_eq!(tightened(&counts, &after), counts, "taken again");
    let held = held_back(&counts, &after);
    let told = changes((&before, None), (&counts, held.as_ref()));
    let same = changes((&counts, held.as_ref()), (&counts, held.as_ref()));
    assert_eq!(same, Vec::<String>::new());
    (counts, told)
}

const STAYS: &str = "taken out of the files and still in force";
const WAITS: &str = "stated and not in force yet";

#[track_caller]
fn check(before: &str, after: &str, expect: &[&str]) {
    let (_, told) = counted(before, after);
    assert_eq!(told, expect, "{before:?} becomes {after:?}");
}

#[test]
fn what_tightens_counts_and_what_loosens_waits() {
    let quiet = "no broadcasts";
    let barred = "everyone may not broadcast (CLAUDE.md:2)";
    // A rule is taken out, made conditional, turned into prose; the whole file is gone.
    for after in [
        "",
        "- No broadcasts, unless it is urgent",
        "Broadcasts were fun.",
    ] {
        check("- No broadcasts", after, &[&format!("{STAYS}: {barred}")]);
    }
    // It moves, and is written in other words.
    check(
        "- No broadcasts",
        &format!("\n\n- Be kind\n- Never do {quiet}"),
        &[],
    );
    check("- No broadcasts", "- Be kind\n- No broadcasts", &[]);
    // A number is raised, and lowered.
    let (low, high) = (
        "- Keep messages under 500 characters",
        "- Keep messages under 800 characters",
    );
    let of = |n: u64| format!("messages of everyone have at most {n} characters (CLAUDE.md:2)");
    check(
        low,
        high,
        &[
            &format!("{STAYS}: {}", of(500)),
            &format!("{WAITS}: {}", of(800)),
        ],
    );
    check(
        high,
        low,
        &[&format!("new: {}", of(500)), &format!("gone: {}", of(800))],
    );
    // It is meant for fewer, and for more.
    let (all, some) = (
        "- Nobody may message the tester",
        "- Developers must not message the tester",
    );
    let (of_all, of_some) = (
        "everyone may not write to tester (CLAUDE.md:2)",
        "developer may not write to tester (CLAUDE.md:2)",
    );
    check(
        all,
        some,
        &[
            &format!("{STAYS}: {of_all}"),
            &format!("{WAITS}: {of_some}"),
        ],
    );
    check(
        some,
        all,
        &[&format!("new: {of_all}"), &format!("gone: {of_some}")],
    );
}

#[test]
fn who_writes_to_whom_is_only_tightened() {
    // An edge is opened, closed, and made narrower.
    let (wide, narrow) = (
        "- Developer may write to the tester and the researcher",
        "- Developer may write to the tester",
    );
    let (of_wide, of_narrow) = (
        "developer may write to tester, researcher (CLAUDE.md:2)",
        "developer may write to tester (CLAUDE.md:2)",
    );
    check("", wide, &[&format!("{WAITS}: {of_wide}")]);
    check(wide, "", &[&format!("gone: {of_wide}")]);
    check(
        wide,
        narrow,
        &[&format!("new: {of_narrow}"), &format!("gone: {of_wide}")],
    );
    check(
        narrow,
        wide,
        &[
            &format!("{WAITS}: {of_wide}"),
            &format!("gone: {of_narrow}"),
        ],
    );
    // Who reports to whom: nobody can keep two of these.
    let (one, other) = (
        "- Testers report results to the PM",
        "- Testers report results to the developer",
    );
    check(
        one,
        other,
        &[
            &format!("{STAYS}: reports of tester go to project_manager (CLAUDE.md:2)"),
            &format!("{WAITS}: reports of tester go to developer (CLAUDE.md:2)"),
        ],
    );
}

#[test]
fn floods_of_rules_push_none_out() {
    let rule = |n: usize| {
        format!("[[rule]]\nkind = \"max-length\"\nfrom = [\"r{n}\"]\ncharacters = 100\n")
    };
    let flood =
        |from: usize| toml(&(from..from + 400).map(rule).collect::<String>()).expect("rules");
    let mut counts = markdown("# Team rules\n- No broadcasts\n");
    for from in [0, 400, 800] {
        counts = tightened(&counts, &flood(from));
        assert_eq!(counts.rules.len(), 400);
        assert_eq!(counts.rules[0].ask.word(), "no-broadcast");
    }
    assert!(counts.rules[1..].iter().all(|rule| rule.line < 400 * 4));
    let held = held_back(&counts, &flood(800)).expect("held back");
    assert_eq!((held.stays.len(), held.waits.len()), (400, 400));
}

/// Rules of each kind that can be sent, small enough that they meet often.
fn some_rule(random: &mut fastrand::Rng) -> String {
    let one = ["developer", "tester", "researcher", "project_manager"];
    let mut who = || match random.usize(..6) {
        5 => "\"everyone\"".to_owned(),
        4 => "[\"developer\", \"tester\"]".to_owned(),
        n => format!("[\"{}\"]", one[n]),
    };
    let (from, to) = (who(), who());
    let n = random.u64(1..4);
    let words = ["[\"red\"]", "[\"blue\"]", "[\"red\", \"blue\"]"][random.usize(..3)];
    let hours = random.u64(0..12);
    let of = |kind: &str, rest: String| format!("[[rule]]\nkind = \"{kind}\"\n{rest}\n");
    match random.usize(..10) {
        0 => of("may-not-write", format!("from = {from}\nto = {to}")),
        1 => of("may-write", format!("from = {from}\nto = {to}")),
        2 => of("writes-only-to", format!("from = {from}\nto = {to}")),
        3 => of("hears-only", format!("from = {from}\nto = {to}")),
        4 => of("max-exchanges", format!("count = {n}")),
        5 => of(
            "max-length",
            format!("from = {from}\ncharacters = {}", n * 12),
        ),
        6 => of("forbidden-words", format!("from = {from}\nwords = {words}")),
        7 => of(
            "required-words",
            format!("from = {from}\nto = {to}\nwords = {words}"),
        ),
        8 => of(
            "quiet-hours",
            format!(
                "from = {from}\nbegin = \"{:02}:00\"\nend = \"{:02}:00\"",
                hours + 11,
                (hours + 12 + 3 * n) % 24
            ),
        ),
        _ => of(
            "max-messages",
            format!("from = {from}\ncount = {n}\nseconds = {}", 60 * n),
        ),
    }
}

#[test]
fn no_edit_lets_a_message_pass_that_was_held_back() {
    let mut random = fastrand::Rng::with_seed(5);
    let roles = ["developer", "tester", "researcher", "project_manager"];
    let (mut judged, mut passed) = (0, 0);
    for _ in 0..400 {
        let set = |random: &mut fastrand::Rng| {
            let text: String = (0..random.usize(1..6)).map(|_| some_rule(random)).collect();
            toml(&text).expect("rules")
        };
        let before = set(&mut random);
        let mut after = before.clone();
        for _ in 0..3 {
            let stated = set(&mut random);
            after = tightened(&after, &stated);
            assert_eq!(tightened(&after, &stated), after);
        }
        let sets = [&before, &after].map(|set| std::sync::Arc::new(RuleSet::new(set.clone())));
        let mut stage = Stage::new("");
        for n in 0..6 {
            let (from, to) = (roles[random.usize(..4)], roles[random.usize(..4)]);
            let text = ["red", "blue", "red and blue", "a long word of green"][random.usize(..4)];
            let text = format!("{text} {n}");
            // Both with one memory of what was said.
            stage.set = sets[0].clone();
            let free = stage.judged(from, to, &text).verdict;
            stage.set = sets[1].clone();
            let tight = stage.say(from, to, &text).verdict;
            judged += 1;
            passed += usize::from(tight.decision == Decision::Deliver);
            let looser = free.decision != Decision::Deliver && tight.decision == Decision::Deliver;
            assert!(
                !looser,
                "{from} to {to}: {} by {before:?}, not by {after:?}",
                free.rule
            );
        }
    }
    assert!(passed * 20 > judged, "{passed} of {judged} passed");
}

#[test]
fn no_word_passes_for_what_nobody_sees() {
    let mut stage = Stage::new("- Messages must never contain \"password\"");
    for text in [
        "the p\u{ad}assword",
        "the passw\u{17b5}ord",
        "the ｐａｓｓｗｏｒｄ",
        "PASS\u{fe0f}WORD.",
    ] {
        let verdict = stage.say("developer", "tester", text).verdict;
        assert_eq!(verdict.decision, Decision::Refuse, "{text:?}");
    }
    let verdict = stage.say("developer", "tester", "passwords").verdict;
    assert_eq!(verdict.decision, Decision::Deliver, "another word");
}

/// The shortest of five judgements of a long text.
fn cost(rules: usize, text: &str) -> Duration {
    let one = |rule: usize| {
        let words: Vec<String> = (0..8).map(|n| format!("\"word{rule}x{n}\"")).collect();
        format!(
            "[[rule]]\nkind = \"forbidden-words\"\nfrom = \"everyone\"\nwords = [{}]\n",
            words.join(", ")
        )
    };
    let text_of_rules: String = (0..rules).map(one).collect();
    let mut stage = Stage::new("");
    stage.set = std::sync::Arc::new(RuleSet::new(toml(&text_of_rules).expect("rules")));
    let times = (0..5).map(|n| {
        let text = format!("{n} {text}");
        let began = Instant::now();
        let verdict = stage.say("developer", "tester", &text).verdict;
        assert_eq!(verdict.decision, Decision::Deliver, "{}", verdict.reason);
        began.elapsed()
    });
    times.min().expect("five")
}

#[test]
fn many_rules_cost_no_more_passes_than_one() {
    // Read rule by rule, 250 rules of eight words cost 250 times as much as one.
    let text = "the wording of word1x and word2 is hard ".repeat(2_300);
    let (one, many) = (cost(1, &text), cost(250, &text));
    assert!(many < one * 25, "{many:?} for all rules, {one:?} for one");
}
