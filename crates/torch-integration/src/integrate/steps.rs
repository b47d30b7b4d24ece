//! One step after the other: what is due, and what follows from what was found.

use std::time::Duration;

use torch_core::integration::{
    Bisection, Integration, IntegrationOutcome, PullRequest, Step, StepRecord, StepState, TestRun,
    Verdict, Wait, WaitOn,
};
use torch_core::{RoleName, Timestamp};

use super::begun::{begin, cut_off};
use super::bisect::narrowed;
use super::conflict::on_conflict;
use super::within::{leave_out, merges, tops};
use super::{Act, Due, Found, Probe, Rules, Say, Seen, To, breaches, probe, words};

/// How long roles have to commit what they were asked to.
const COMMITS: Duration = Duration::from_secs(10 * 60);
/// How long tests that a role runs, and red ones, may take until the project manager is told.
const TESTS: Duration = Duration::from_secs(60 * 60);
/// The same for a review: between a pull request and its merge.
const REVIEW: Duration = Duration::from_secs(2 * 3_600);
/// How long until a worktree that was busy, or had changes, is looked at again.
pub(super) const TREE: Duration = Duration::from_secs(30);
/// How long agents have to take it over.
pub(super) const SYNC_MINUTES: u64 = 60;

/// What is to be done next; the step that begins so is marked in the record.
pub fn due(row: &mut Integration, rules: &Rules, now: Timestamp) -> (Due, Vec<Say>) {
    if !row.is_open() {
        return (Due::Over, Vec::new());
    }
    if row.wait.is_some() {
        return (Due::Wait, Vec::new());
    }
    if row.giving_up.is_some() {
        return (Due::Act(Act::Clean), Vec::new());
    }
    let Some(step) = row.step() else {
        return (Due::Over, Vec::new());
    };
    if row.wishes.until.is_some_and(|until| step.number() > until) {
        let why = format!(
            "it stops before step {} ({}), as wished",
            step.number(),
            step.as_str()
        );
        wait(row, step, WaitOn::Person { why }, (now, None));
        return (Due::Wait, Vec::new());
    }
    let act = match step {
        Step::Check => Act::Look,
        Step::Branch => Act::Branch,
        Step::Merge => Act::Build,
        Step::Test => return test(row, rules, now),
        Step::Review => return review(row, rules, now),
        Step::Land if row.by_pull_request && row.pull_request.is_none() => Act::Publish,
        Step::Land => Act::Land,
        Step::Verify => {
            let landed = row.landed.clone().unwrap_or_default();
            if let Err(says) = begin(row, rules, (step, &landed), now) {
                return (Due::Wait, says);
            }
            Act::Verify {
                commands: rules.verify.clone(),
                tag: words::tag(row, rules),
            }
        }
        Step::Tell => Act::Clean,
    };
    set(row, step, StepState::Doing, "", now);
    (Due::Act(act), Vec::new())
}

/// What follows from what the host found.
pub fn follow(row: &mut Integration, rules: &Rules, found: Found, now: Timestamp) -> Vec<Say> {
    if !row.is_open() {
        return Vec::new();
    }
    if row.giving_up.is_some() {
        match found {
            Found::Cleaned => {
                let why = row.giving_up.take().unwrap_or_default();
                end(row, IntegrationOutcome::Aborted { why }, now);
                return Vec::new();
            }
            // What is in the parent can't be given up.
            Found::Landed { .. } => row.giving_up = None,
            Found::NotCleaned { why } => {
                let said = row.giving_up.take().unwrap_or_default();
                let why = format!("{said}; what it left could not be taken away: {why}");
                end(row, IntegrationOutcome::Aborted { why }, now);
                return Vec::new();
            }
            // What was under way when it was given up came to an end, whichever; it is cleaned up next.
            _ => return Vec::new(),
        }
    }
    if !matches!(found, Found::CutOff { .. }) {
        row.begun = None;
    }
    match found {
        Found::Seen(seen) => on_seen(row, rules, seen, now),
        Found::Branched => {
            row.built = Some(row.parent_tip.clone());
            let name = row.branch.clone();
            over(row, Step::Branch, name, now)
        }
        Found::Taken => {
            row.branch = words::next_name(&row.branch);
            set(row, Step::Branch, StepState::Due, "", now);
            Vec::new()
        }
        Found::Built(commits) => on_built(row, commits, now),
        Found::Conflict(unmerged) => on_conflict(row, rules, &unmerged, now),
        Found::Tested(run) => on_tested(row, run, now),
        Found::Published { url } => {
            row.pull_request = Some(PullRequest { url, merged: false });
            Vec::new()
        }
        Found::Landed { tip, not_pushed } => {
            if let Some(request) = &mut row.pull_request {
                request.merged = true;
            }
            let mut text = format!("{} stands on {}", row.parent, words::short(&tip));
            if let Some(lacking) = &not_pushed {
                text.push_str(&format!("; {}", words::not_pushed(&row.parent, lacking)));
            }
            row.landed = Some(tip);
            row.not_pushed = not_pushed;
            over(row, Step::Land, text, now)
        }
        Found::ParentMoved => {
            again(row, now);
            Vec::new()
        }
        Found::Busy { path, why } => on_busy(row, rules, (path, why), now),
        Found::Verified { failed, tag } => on_verified(row, rules, (failed, tag), now),
        Found::CutOff { why } => {
            cut_off(row, &why, now);
            Vec::new()
        }
        Found::Cleaned => on_told(row, rules, now),
        Found::NotCleaned { why } | Found::Failed { why } => on_failed(row, rules, why, now),
    }
}

/// From the first step on, with what is there now; the integration branch stays.
pub(super) fn again(row: &mut Integration, now: Timestamp) {
    row.wait = None;
    row.bisection = None;
    for step in [Step::Check, Step::Merge, Step::Test, Step::Land] {
        set(row, step, StepState::Due, "", now);
    }
}

pub(super) fn set(
    row: &mut Integration,
    step: Step,
    state: StepState,
    evidence: impl Into<String>,
    now: Timestamp,
) {
    if let Some(record) = row.steps.get_mut(step.number()) {
        let evidence = evidence.into();
        record.state = state;
        record.at = Some(now);
        // What was seen last stays until something else is.
        if !evidence.is_empty() {
            record.evidence = evidence;
        }
    }
}

pub(super) fn over(
    row: &mut Integration,
    step: Step,
    evidence: impl Into<String>,
    now: Timestamp,
) -> Vec<Say> {
    set(row, step, StepState::Done, evidence, now);
    Vec::new()
}

pub(super) fn wait(
    row: &mut Integration,
    step: Step,
    on: WaitOn,
    (since, until): (Timestamp, Option<Timestamp>),
) {
    set(row, step, StepState::Waiting, "", since);
    row.wait = Some(Wait {
        on,
        since,
        told: false,
        until,
    });
}

fn end(row: &mut Integration, outcome: IntegrationOutcome, now: Timestamp) {
    for step in row.steps.iter_mut().filter(|step| !step.state.is_over()) {
        step.state = StepState::Skipped;
    }
    row.outcome = Some(outcome);
    row.ended = Some(now);
    row.wait = None;
}

/// It can't go on: what it left is taken away, and then it is over.
pub(super) fn give_up(row: &mut Integration, why: impl Into<String>) {
    row.wait = None;
    let waits = |step: &&mut StepRecord| step.state == StepState::Waiting;
    for step in row.steps.iter_mut().filter(waits) {
        step.state = StepState::Skipped;
    }
    row.giving_up = Some(why.into());
}

fn on_seen(row: &mut Integration, rules: &Rules, seen: Seen, now: Timestamp) -> Vec<Say> {
    let Some(parent) = seen.parent.clone() else {
        let why = format!("there is no branch {:?}", row.parent);
        give_up(row, why.clone());
        return vec![Say::new(To::Lead, words::given_up(row, &why))];
    };
    let dirty: Vec<&super::RoleWork> = seen
        .work
        .iter()
        .filter(|work| work.changed > 0 || work.operation.is_some())
        .collect();
    if let Some(says) = ask_for_commits(row, rules, &dirty, now) {
        return says;
    }
    let merges = merges(row, rules, &seen);
    if tops(&merges) != tops(&row.merges) {
        // What was reviewed is something else now.
        let void = row.review.take().map(|review| words::void(&review));
        set(
            row,
            Step::Review,
            StepState::Due,
            void.unwrap_or_default(),
            now,
        );
    }
    row.parent_tip = parent;
    row.detected_test = seen.test.clone();
    row.notes.clone_from(&seen.notes);
    row.merges = merges;
    row.by_pull_request = seen.pull_request && !row.wishes.no_pull_request;
    if row.branch.is_empty() {
        row.branch = words::free_name(&rules.minute, &seen.taken);
    }
    if row.merges.is_empty() && !row.left_out.is_empty() {
        wait_for_fix(row, now);
        return Vec::new();
    }
    if row.merges.is_empty() {
        return nothing(row, now);
    }
    let evidence = words::seen(row, &dirty, &seen.notes);
    over(row, Step::Check, evidence, now)
}

/// Nothing goes in.
fn nothing(row: &mut Integration, now: Timestamp) -> Vec<Say> {
    if row.built.is_some() {
        let why = "no branch is left that could go in";
        give_up(row, why);
        return vec![Say::new(To::Lead, words::given_up(row, why))];
    }
    let text = format!("no agent has commits that {} lacks", row.parent);
    set(row, Step::Check, StepState::Done, text, now);
    end(row, IntegrationOutcome::Nothing, now);
    Vec::new()
}

/// Asks once, and waits; `None`: nobody is waited for.
fn ask_for_commits(
    row: &mut Integration,
    rules: &Rules,
    dirty: &[&super::RoleWork],
    now: Timestamp,
) -> Option<Vec<Say>> {
    let dirty = dirty.iter().filter(|work| rules.lives(&work.role));
    let dirty: Vec<&super::RoleWork> = dirty.copied().collect();
    if dirty.is_empty() || !rules.agents_commit || row.built.is_some() {
        return None;
    }
    let first = row.asked.is_none();
    let asked = *row.asked.get_or_insert(now);
    let until = asked.after(COMMITS);
    if now >= until {
        return None;
    }
    let says = dirty.iter().filter(|_| first);
    let says = says.map(|work| Say::new(To::Role(work.role.clone()), words::commit(row, work)));
    let says = says.collect();
    let roles = dirty.iter().map(|work| work.role.clone()).collect();
    // What is put away moves no branch.
    let again = now.after(TREE).min(until);
    wait(
        row,
        Step::Check,
        WaitOn::Commits { roles },
        (asked, Some(again)),
    );
    let text = words::waits_for_commits(&dirty);
    set(row, Step::Check, StepState::Waiting, text, now);
    Some(says)
}

fn on_built(row: &mut Integration, commits: Vec<String>, now: Timestamp) -> Vec<Say> {
    if commits.len() != row.merges.len() {
        let why = format!("{} merges were made of {}", commits.len(), row.merges.len());
        wait(row, Step::Merge, WaitOn::Person { why }, (now, None));
        return Vec::new();
    }
    for (merge, commit) in row.merges.iter_mut().zip(commits) {
        merge.merge = Some(commit);
    }
    row.built = Some(row.tip().to_owned());
    for conflict in row.conflicts.iter_mut().filter(|one| one.solved.is_none()) {
        conflict.solved = Some(now);
    }
    let text = words::built(row);
    over(row, Step::Merge, text, now)
}

fn test(row: &mut Integration, rules: &Rules, now: Timestamp) -> (Due, Vec<Say>) {
    let tip = row.tip().to_owned();
    if row
        .tests
        .as_ref()
        .is_some_and(|run| run.commit == tip && run.verdict == Verdict::Passed)
    {
        over(row, Step::Test, "these commits passed before", now);
        return due(row, rules, now);
    }
    let Some(command) = rules.command(row) else {
        let roles = rules.testers();
        let says = words::ask_for_tests(row, &roles);
        let until = Some(now.after(TESTS));
        let asked = words::to_be_tested(row, &roles);
        wait(row, Step::Test, WaitOn::Tests { roles }, (now, until));
        // What was said of other commits is not about these.
        set(row, Step::Test, StepState::Waiting, asked, now);
        return (Due::Wait, says);
    };
    let commit = match row.bisection.map(probe) {
        None => tip,
        Some(Probe::Test(0)) => row.parent_tip.clone(),
        Some(Probe::Test(count)) => {
            let merge = row
                .merges
                .get(count - 1)
                .and_then(|merge| merge.merge.clone());
            merge.unwrap_or(tip)
        }
        Some(Probe::Parent) => {
            row.bisection = None;
            let why = format!(
                "the tests fail on {} itself, without any agent's work",
                row.parent
            );
            let says = on_failed(row, rules, why, now);
            return (Due::Wait, says);
        }
        Some(Probe::Culprit(at)) => {
            let mut says = leave_out(row, at, now);
            let (next, more) = due(row, rules, now);
            says.extend(more);
            return (next, says);
        }
    };
    if let Err(says) = begin(row, rules, (Step::Test, &commit), now) {
        return (Due::Wait, says);
    }
    set(row, Step::Test, StepState::Doing, "", now);
    (Due::Act(Act::Test { command, commit }), Vec::new())
}

fn on_tested(row: &mut Integration, run: TestRun, now: Timestamp) -> Vec<Say> {
    let passed = run.verdict == Verdict::Passed;
    if let Some(search) = row.bisection {
        let mut merges = row.merges.iter();
        let at = merges.position(|merge| merge.merge.as_ref() == Some(&run.commit));
        row.bisection = Some(narrowed(search, at.map_or(0, |at| at + 1), passed));
        set(row, Step::Test, StepState::Due, words::tested(&run), now);
        return Vec::new();
    }
    let text = words::tested(&run);
    row.tests = Some(run);
    if passed {
        return over(row, Step::Test, text, now);
    }
    let bad = row.merges.len();
    row.bisection = Some(Bisection { good: None, bad });
    set(row, Step::Test, StepState::Due, text, now);
    // Whoever leads hears of it when it is known which branch it is.
    Vec::new()
}

/// The tests are red: what comes next are new commits.
pub(super) fn wait_for_fix(row: &mut Integration, now: Timestamp) {
    wait(row, Step::Test, WaitOn::Fix, (now, Some(now.after(TESTS))));
}

fn review(row: &mut Integration, rules: &Rules, now: Timestamp) -> (Due, Vec<Say>) {
    if row.review.as_ref().is_some_and(|review| review.approved) {
        over(row, Step::Review, "", now);
        return due(row, rules, now);
    }
    let missed: Vec<String> = breaches(&rules.gates, &row.wishes.metrics)
        .iter()
        .map(ToString::to_string)
        .collect();
    if !missed.is_empty() {
        let says = on_failed(row, rules, missed.join("; "), now);
        return (Due::Wait, says);
    }
    let by = rules.review_by();
    let to = match RoleName::parse(&by) {
        Ok(role) if by != "person" => To::Role(role),
        _ => To::Person,
    };
    let says = vec![Say::new(to, words::ask_for_review(row))];
    wait(
        row,
        Step::Review,
        WaitOn::Review { by },
        (now, Some(now.after(REVIEW))),
    );
    (Due::Wait, says)
}

fn on_busy(
    row: &mut Integration,
    rules: &Rules,
    (path, why): (String, String),
    now: Timestamp,
) -> Vec<Say> {
    let text = words::busy(row, &path, &why);
    let told = row
        .steps
        .get(Step::Land.number())
        .is_some_and(|step| step.evidence == text);
    let on = WaitOn::Tree { path, why };
    wait(row, Step::Land, on, (now, Some(now.after(TREE))));
    set(row, Step::Land, StepState::Waiting, text.clone(), now);
    if told {
        return Vec::new();
    }
    let mut says = vec![Say::new(To::Person, text.clone())];
    if rules.lead().is_some() {
        says.push(Say::new(To::Lead, text));
    }
    says
}

fn on_verified(
    row: &mut Integration,
    rules: &Rules,
    (failed, tag): (Option<String>, Option<String>),
    now: Timestamp,
) -> Vec<Say> {
    row.tag = tag;
    row.unverified = failed;
    let Some(failed) = row.unverified.clone() else {
        let text = words::verified(row, rules);
        return over(row, Step::Verify, text, now);
    };
    over(row, Step::Verify, failed.clone(), now);
    let text = words::unverified(row, &failed);
    vec![Say::new(To::Lead, text.clone()), Say::new(To::Person, text)]
}

/// What it left is gone: everybody is told, and it is over.
fn on_told(row: &mut Integration, rules: &Rules, now: Timestamp) -> Vec<Say> {
    if row.step() != Some(Step::Tell) {
        return Vec::new();
    }
    let text = format!("everybody has {SYNC_MINUTES} minutes to take it over");
    set(row, Step::Tell, StepState::Done, text, now);
    let outcome = match row.unverified.clone() {
        None => IntegrationOutcome::Verified,
        Some(why) => IntegrationOutcome::Unverified { why },
    };
    end(row, outcome, now);
    let mut says = vec![
        Say::new(To::Everybody, words::sync(row)),
        Say::new(To::Person, words::done(row, rules)),
    ];
    if !row.left_out.is_empty() {
        says.push(Say::new(To::Lead, words::next_one(row)));
    }
    says
}

/// It goes on when a person or the project manager says so.
pub(super) fn on_failed(
    row: &mut Integration,
    rules: &Rules,
    why: String,
    now: Timestamp,
) -> Vec<Say> {
    let step = row.step().unwrap_or(Step::Tell);
    let text = words::stuck(row, rules, step, &why);
    wait(row, step, WaitOn::Person { why: why.clone() }, (now, None));
    set(row, step, StepState::Waiting, why, now);
    vec![Say::new(To::Lead, text.clone()), Say::new(To::Person, text)]
}
