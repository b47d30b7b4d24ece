//! What turns an integration from outside: commits that come, deadlines, words of people and roles.

use torch_core::integration::{
    Integration, Review, Step, StepState, TestRun, Verdict, Wait, WaitOn,
};
use torch_core::{IntegrationId, RoleName, Timestamp};

use super::steps::{again, give_up, over, set, wait, wait_for_fix};
use super::{Rules, Say, To, words};

/// Branches of the team moved; whether anything is to be done because of that.
pub fn moved(row: &mut Integration, now: Timestamp) -> bool {
    let Some(wait) = &row.wait else {
        return false;
    };
    match wait.on {
        WaitOn::Commits { .. } | WaitOn::Conflicts | WaitOn::Fix => again(row, now),
        WaitOn::Tree { .. } => row.wait = None,
        _ => return false,
    }
    true
}

/// Another one of the same repository is under way: this one waits for it; `None`: it is its turn.
pub fn queue(row: &mut Integration, other: Option<IntegrationId>, now: Timestamp) {
    match (&row.wait, other) {
        (None, Some(other)) if row.step() == Some(Step::Check) => {
            wait(row, Step::Check, WaitOn::Turn { other }, (now, None));
        }
        (
            Some(Wait {
                on: WaitOn::Turn { .. },
                ..
            }),
            None,
        ) => row.wait = None,
        _ => {}
    }
}

/// What is waited for took too long.
pub fn on_deadline(row: &mut Integration, rules: &Rules, now: Timestamp) -> Vec<Say> {
    let Some(waited) = &mut row.wait else {
        return Vec::new();
    };
    if waited.until.is_none_or(|until| now < until) {
        return Vec::new();
    }
    match &waited.on {
        // It looks again; behind the deadline it goes on with what is committed.
        WaitOn::Commits { .. } => again(row, now),
        WaitOn::Tree { .. } | WaitOn::Turn { .. } => row.wait = None,
        _ => {
            waited.until = None;
            waited.told = true;
            let text = words::late(row, rules);
            return vec![Say::new(To::Lead, text.clone()), Say::new(To::Person, text)];
        }
    }
    Vec::new()
}

/// Somebody says that it goes on, up to a step or to its end.
pub fn resume(row: &mut Integration, until: Option<usize>, now: Timestamp) {
    row.wishes.until = until;
    row.begun = None;
    let Some(waited) = row.wait.take() else {
        return;
    };
    match waited.on {
        WaitOn::Conflicts | WaitOn::Fix => again(row, now),
        // Nobody is waited for any longer.
        WaitOn::Commits { .. } => {
            row.asked = Some(Timestamp(0));
            again(row, now);
        }
        WaitOn::Person { .. } if row.step() == Some(Step::Test) => {
            // What failed there is tried anew.
            row.bisection = None;
            again(row, now);
        }
        _ => {
            if let Some(step) = row.step() {
                set(row, step, StepState::Due, "", now);
            }
        }
    }
}

/// A role, or a person (`human`), says how the tests went.
///
/// # Errors
/// Why that is not asked of them, in words.
pub fn tests_reported(
    row: &mut Integration,
    rules: &Rules,
    (by, passed, note): (&str, bool, &str),
    now: Timestamp,
) -> Result<Vec<Say>, String> {
    let waits = row.wait.as_ref().map(|waited| &waited.on);
    let Some(WaitOn::Tests { roles }) = waits else {
        return taken_back(row, (by, passed, note), now);
    };
    let leads = rules.lead().is_some_and(|lead| lead.as_str() == by);
    if by != "human" && !leads && !roles.iter().any(|role| role.as_str() == by) {
        let asked: Vec<_> = roles.iter().map(RoleName::as_str).collect();
        let asked = if asked.is_empty() {
            "a person".to_owned()
        } else {
            asked.join(", ")
        };
        return Err(format!(
            "the tests of {} are asked of {asked}",
            row.id.tag()
        ));
    }
    let seconds = row
        .wait
        .as_ref()
        .map_or(0, |waited| now.since(waited.since).as_secs());
    let verdict = if passed {
        Verdict::Passed
    } else {
        Verdict::Failed
    };
    let run = TestRun {
        commit: row.tip().to_owned(),
        command: None,
        by: by.to_owned(),
        exit: None,
        seconds,
        log: None,
        verdict,
        note: note.to_owned(),
    };
    let text = words::tested(&run);
    row.tests = Some(run);
    row.wait = None;
    if passed {
        return Ok(over(row, Step::Test, text, now));
    }
    wait_for_fix(row, now);
    set(row, Step::Test, StepState::Waiting, text.clone(), now);
    Ok(words::ask_for_fix(row, &text))
}

/// Somebody said that the tests failed, and says otherwise now, of the same commits: the one who said it, or a person. Until a
/// branch has moved nothing followed from it.
fn taken_back(
    row: &mut Integration,
    (by, passed, note): (&str, bool, &str),
    now: Timestamp,
) -> Result<Vec<Say>, String> {
    let tag = row.id.tag();
    let tip = row.tip().to_owned();
    let waits_for_fix = matches!(
        row.wait.as_ref().map(|waited| &waited.on),
        Some(WaitOn::Fix)
    );
    let said = row.tests.as_mut().filter(|run| {
        waits_for_fix
            && run.command.is_none()
            && run.commit == tip
            && run.verdict == Verdict::Failed
    });
    let Some(said) = said else {
        return Err(format!("{tag} does not wait for anybody's tests"));
    };
    if by != "human" && by != said.by {
        return Err(format!(
            "{} said how the tests of {tag} went; {} or a person can take that back",
            said.by, said.by
        ));
    }
    by.clone_into(&mut said.by);
    note.clone_into(&mut said.note);
    if passed {
        said.verdict = Verdict::Passed;
    }
    let text = words::tested(said);
    if !passed {
        set(row, Step::Test, StepState::Waiting, text, now);
        return Ok(Vec::new());
    }
    row.wait = None;
    let says = words::fix_is_off(row, &text);
    over(row, Step::Test, text, now);
    Ok(says)
}

/// Somebody who may reviewed it.
///
/// # Errors
/// Why there is nothing to decide, in words.
pub fn decide(
    row: &mut Integration,
    (by, approved): (&str, bool),
    now: Timestamp,
) -> Result<Vec<Say>, String> {
    let reviewed = matches!(
        row.wait.as_ref().map(|waited| &waited.on),
        Some(WaitOn::Review { .. })
    );
    if !reviewed {
        return Err(format!("{} does not wait for a review", row.id.tag()));
    }
    row.review = Some(Review {
        by: by.to_owned(),
        at: now,
        commit: row.tip().to_owned(),
        approved,
    });
    row.wait = None;
    if approved {
        return Ok(over(row, Step::Review, format!("{by} let it in"), now));
    }
    let why = format!("{by} did not let it in");
    give_up(row, why.clone());
    Ok(vec![Say::new(To::Lead, words::given_up(row, &why))])
}

/// Somebody ends it.
///
/// # Errors
/// Why it can't be, in words.
pub fn abort(row: &mut Integration, by: &str) -> Result<Vec<Say>, String> {
    if let Some(landed) = &row.landed {
        let (tip, parent) = (words::short(landed), &row.parent);
        return Err(format!("it is in {parent} already, as {tip}"));
    }
    let why = format!("{by} ended it");
    give_up(row, why.clone());
    Ok(vec![Say::new(To::Lead, words::given_up(row, &why))])
}
