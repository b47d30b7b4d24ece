//! A project's rules tighten and open nothing, and what they cost grows with the text alone.

use std::time::{Duration, Instant};

use torch_core::RouterMode;
use torch_core::message::Decision;

use super::decide::Stage;
use super::{RuleSet, markdown, toml};
use crate::project::{changes, without_openings};
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

#[test]
fn what_opens_an_edge_while_the_team_runs_is_held_back_and_told() {
    let before = markdown("# Team rules\n- Developer may write to the tester\n- No broadcasts\n");
    let after = markdown(
        "# Team rules\n- Developer may write to the tester\n- Tester may write to the researcher\n- Keep messages under 500 characters\n",
    );
    let held = without_openings(after.clone(), &before);
    assert_eq!((held.rules.len(), held.unchecked.len()), (2, 1));
    assert_ne!(held.id, after.id);
    let told = changes(&before, &held);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(
        told[0].starts_with("new: messages of everyone have at most 500"),
        "{told:?}"
    );
    assert!(
        told[1].starts_with("not counted: Tester may write"),
        "{told:?}"
    );
    assert!(
        told[2].starts_with("gone: everyone may not broadcast"),
        "{told:?}"
    );
    // Read again it is the same set, and nothing new is told.
    let again = without_openings(after, &held);
    assert_eq!(again.id, held.id);
    assert_eq!(changes(&held, &again), Vec::<String>::new());
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
