//! What holds for every spec.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::specs::{SPECS, roles, spec};
use crate::{check, difference, file, plan, revise};

/// Texts that look like specs, or like nothing.
fn texts() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        "[ -~äß日🎉]{0,40}",
        "#{1,4} [A-Za-z ]{0,20}",
        "( {0,6})[-*+] (\\[[ x]\\] )?[a-z]{1,8} (T[0-9]{1,2}: )?[a-z]{1,8}",
        "[0-9]{1,3}[.)] [a-z ]{1,20} \\(depends on (T|#|task |phase )[0-9]\\)",
        "- T[0-9]{1,2}: [a-z ]{1,20} after T[0-9]",
        "Phase [0-9A-C]: [a-z]{0,8}",
        "(REQUIREMENTS|DELIVERABLES|Acceptance criteria|PROJECT|Owner|Done when): ?[a-z]{0,8}",
        "\\|[a-z |]{0,20}\\|",
        Just("|task|owner|\n|---|---|".to_owned()),
        Just("```".to_owned()),
        Just("<ul><li>x".to_owned()),
        Just("---".to_owned()),
        Just(String::new()),
    ];
    let lines = prop::collection::vec(line, 0..30).prop_map(|lines| lines.join("\n"));
    prop_oneof![4 => lines, 1 => any::<String>(), 1 => prop::sample::select(SPECS).prop_map(|(_, text)| text.to_owned())]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_always_holds(text in texts()) {
        let plan = plan(&spec(&text), &roles());
        prop_assert!(!plan.tasks.is_empty());
        let ids: BTreeSet<_> = plan.tasks.iter().map(|task| task.id).collect();
        prop_assert_eq!(ids.len(), plan.tasks.len());
        prop_assert!(plan.tasks.iter().all(|task| task.id.0 < plan.next));
        let faults = check::faults(&plan, &roles());
        prop_assert!(faults.is_empty(), "{:?}", faults);
    }

    #[test]
    fn the_same_spec_makes_no_difference(text in texts()) {
        let first = plan(&spec(&text), &roles());
        let again = revise(&first, &[spec(&text)], &roles());
        let difference = difference(&first, &again);
        prop_assert!(difference.is_empty(), "{:?}", difference);
    }

    #[test]
    fn a_difference_makes_the_new_plan(one in texts(), other in texts()) {
        let old = plan(&spec(&one), &roles());
        let new = revise(&old, &[spec(&other)], &roles());
        let between = difference(&old, &new);
        prop_assert_eq!(between.apply(&old), new.clone());
        prop_assert!(check::faults(&new, &roles()).is_empty());
        // There and back, too.
        let back = difference(&new, &old);
        prop_assert_eq!(back.apply(&new), old);
    }

    #[test]
    fn a_file_brings_the_plan_back(text in texts()) {
        let plan = plan(&spec(&text), &roles());
        let written = file::write(&plan, Some("app")).expect("writes");
        let read = file::read(&written, &roles());
        prop_assert!(read.is_ok(), "{:?}\n{}", read, written);
        if let Ok(read) = read {
            let again = file::edited(&plan, &read, "a person");
            let between = difference(&plan, &again);
            prop_assert!(between.is_empty(), "{:?}", between);
        }
    }

    #[test]
    fn any_file_is_taken_or_refused(text in any::<String>()) {
        if let Err(faults) = file::read(&text, &roles()) {
            prop_assert!(!faults.is_empty());
        }
        let named = crate::report::named(&text);
        prop_assert!(named.iter().all(|id| id.0 > 0));
    }
}
