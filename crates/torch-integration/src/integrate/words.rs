//! What an integration says, and what its branch, its pull request and its tag are called.

use std::collections::BTreeSet;

use torch_core::RoleName;
use torch_core::git_activity::NotPushed;
use torch_core::integration::{
    Conflict, Integration, IntegrationMerge, Review, Step, TestRun, Verdict, WaitOn, by_file,
};

use super::steps::SYNC_MINUTES;
use super::{RoleWork, Rules, Say, To};

/// How many files a message names.
const FILES_MAX: usize = 20;

/// How many files are named of those that somebody has not committed.
const NAMED: usize = 5;

/// The first digits of a commit.
pub(super) fn short(commit: &str) -> &str {
    commit.get(..8).unwrap_or(commit)
}

/// A name for the integration branch that no other has.
pub(super) fn free_name(minute: &str, taken: &[String]) -> String {
    let mut name = format!("integration/daily-{minute}");
    while taken.contains(&name) {
        name = next_name(&name);
    }
    name
}

/// The next name after one that is taken: `…-1504`, `…-1504-2`, `…-1504-3`.
pub(super) fn next_name(name: &str) -> String {
    // The name itself ends with a date and a time.
    let parts: Vec<&str> = name.split('-').collect();
    match parts.get(3).and_then(|number| number.parse::<u32>().ok()) {
        Some(number) => format!("{}-{}", parts[..3].join("-"), number.saturating_add(1)),
        None => format!("{name}-2"),
    }
}

/// `stable-[feature]-YYYYMMDD-HHMMSS`.
pub(super) fn tag(row: &Integration, rules: &Rules) -> String {
    let branches = row
        .merges
        .iter()
        .filter_map(|merge| merge.branch.as_deref());
    let mut keys: Vec<&str> = branches
        .filter(|branch| branch.contains('/'))
        .map(|branch| crate::feature_key(branch, None))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    let feature = match (row.wishes.feature.as_deref(), keys.as_slice()) {
        (Some(wished), _) => wished,
        (None, [only]) => only,
        _ => "integration",
    };
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let feature: String = feature.chars().map(plain).take(60).collect();
    let feature = feature.trim_matches('-').to_lowercase();
    let feature = if feature.is_empty() {
        "integration"
    } else {
        &feature
    };
    format!("stable-{feature}-{}", rules.second)
}

/// The message of the merge commit of one branch, by what its role works on.
pub fn message(row: &Integration, merge: &IntegrationMerge) -> String {
    let kind = match super::rank(merge.role.as_str()) {
        6 => "test",
        5 => "docs",
        0 => "chore",
        _ => "feat",
    };
    let branch = merge.branch.as_deref().unwrap_or(short(&merge.commit));
    format!(
        "{kind}({}): merge {branch}\n\nIntegration: {} into {}\n",
        merge.role,
        row.id.tag(),
        row.parent
    )
}

/// A pull request's title.
pub fn title(rules: &Rules) -> String {
    format!("Integration: {}", rules.shown)
}

/// A pull request's text.
pub fn body(row: &Integration) -> String {
    let mut text = "## Included\n\n".to_owned();
    for merge in row.brought() {
        let branch = merge.branch.as_deref().unwrap_or("detached");
        text.push_str(&format!(
            "- **{}**: `{branch}` at {} ({})\n",
            merge.role,
            short(&merge.commit),
            counted(merge.commits, "commit")
        ));
    }
    for out in &row.left_out {
        text.push_str(&format!("- left out: {} ({})\n", out.role, out.why));
    }
    text.push_str("\n## Tests\n\n");
    text.push_str(&row.tests.as_ref().map_or("none".to_owned(), tested));
    if let Some(review) = row.review.as_ref().filter(|review| review.approved) {
        text.push_str(&format!("\n\n## Review\n\nlet in by {}", review.by));
    }
    text.push('\n');
    text
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

pub(super) fn seen(row: &Integration, dirty: &[&RoleWork], notes: &[String]) -> String {
    let merges = row.merges.iter();
    let parts: Vec<String> = merges
        .map(|merge| format!("{} ({})", merge.role, counted(merge.commits, "commit")))
        .collect();
    let mut text = format!(
        "{} stands on {}; {}",
        row.parent,
        short(&row.parent_tip),
        parts.join(", ")
    );
    for work in dirty {
        text.push_str(&format!("; {}: {}", work.role, uncommitted(work)));
    }
    for note in notes {
        text.push_str(&format!("; {note}"));
    }
    text
}

/// What a role has that is in no commit: `2 files not committed (a.py, b.py)`.
pub fn uncommitted(work: &RoleWork) -> String {
    if let Some(operation) = &work.operation {
        return format!("{operation} is under way");
    }
    let named = work.files.iter().take(NAMED).map(|file| one_line(file));
    let mut named: Vec<String> = named.collect();
    let count = counted(work.changed, "file");
    if named.is_empty() {
        return format!("{count} not committed");
    }
    if let more @ 1.. = work.changed.saturating_sub(named.len()) {
        named.push(format!("{more} more"));
    }
    format!("{count} not committed ({})", named.join(", "))
}

/// What step 0 waits for.
pub(super) fn waits_for_commits(dirty: &[&RoleWork]) -> String {
    let parts = dirty
        .iter()
        .map(|work| format!("{}: {}", work.role, uncommitted(work)));
    parts.collect::<Vec<_>>().join("; ")
}

pub(super) fn commit(row: &Integration, work: &RoleWork) -> String {
    format!(
        "Integration {} into {} begins. Commit your work now, as it stands (WIP is fine): torch commit -m \"WIP: what it is\". \
         Yours: {}. What is not committed within 10 minutes is left for the next one.",
        row.id.tag(),
        row.parent,
        uncommitted(work)
    )
}

pub(super) fn built(row: &Integration) -> String {
    let roles: Vec<&str> = row.brought().map(|merge| merge.role.as_str()).collect();
    format!(
        "{} stands on {}: {}",
        row.branch,
        short(row.tip()),
        roles.join(", ")
    )
}

/// What to merge where a file conflicts with more than one branch, or with the parent.
pub(super) fn other_side(row: &Integration, at: usize) -> String {
    // The merges before it are nowhere but in the chain; the last branch of them has met the others.
    match at {
        0 => row.parent.clone(),
        _ => row.merges[..at]
            .iter()
            .filter_map(|merge| merge.branch.clone())
            .chain([row.parent.clone()])
            .collect::<Vec<_>>()
            .join(" "),
    }
}

/// A file's name as texts have it: line breaks and other control characters, which a name may hold, begin no line of their own.
pub(super) fn one_line(file: &str) -> String {
    let shown = file.chars().map(|one| match one.is_control() {
        true => one.escape_default().to_string(),
        false => one.to_string(),
    });
    shown.collect()
}

/// What became of a review when other commits go in.
pub(super) fn void(review: &Review) -> String {
    let (by, commit) = (&review.by, short(&review.commit));
    format!("{by} let {commit} in, and other commits go in by now: it is asked again")
}

/// The branches that the owner of a conflict merges into its own.
pub(super) fn to_merge(conflict: &Conflict) -> impl Iterator<Item = &str> {
    let owner = conflict.owner.as_str();
    let (ours, with) = (conflict.ours.as_str(), conflict.with.as_str());
    // Nobody knows on which of its branches a role with two of them is.
    let both = ours == with;
    let ours = (both || ours != owner).then_some(conflict.our_branch.as_str());
    let with = (both || with != owner).then(|| conflict.with_branch.split(' '));
    ours.into_iter().chain(with.into_iter().flatten())
}

/// One message for each owner of these files.
pub(super) fn conflicts(row: &Integration, files: &BTreeSet<&str>) -> Vec<Say> {
    let all = by_file(&row.conflicts);
    let all: Vec<_> = all.iter().filter(|one| files.contains(one.file)).collect();
    let owners: BTreeSet<&RoleName> = all.iter().map(|one| one.owner).collect();
    let says = owners.into_iter().map(|owner| {
        let own: Vec<_> = all.iter().filter(|one| one.owner == owner).collect();
        let named = own.iter().take(FILES_MAX);
        let named: Vec<String> = named
            .map(|one| format!("{} ({})", one.file, one.between()))
            .collect();
        let more = own.len().saturating_sub(FILES_MAX);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let open = row.conflicts.iter().filter(|one| one.solved.is_none());
        let open = open.filter(|one| own.iter().any(|file| file.file == one.file));
        let branches: BTreeSet<&str> = open.flat_map(to_merge).collect();
        let merges: Vec<String> = branches.iter().map(|name| format!("git merge {name}")).collect();
        let text = format!(
            "Integration {} has a conflict that is yours to solve: {}{more}. In your own worktree, on your own branch: {}; solve it, \
             run the tests, commit. The integration goes on by itself when your branch moves. Within 30 minutes, please.",
            row.id.tag(),
            named.join(", "),
            merges.join(" and then "),
        );
        Say::new(To::Role(owner.clone()), text)
    });
    says.collect()
}

pub(super) fn ask_for_tests(row: &Integration, roles: &[RoleName]) -> Vec<Say> {
    let (tag, branch) = (row.id.tag(), &row.branch);
    let text = format!(
        "Integration {tag} waits for its tests. Run the full suite on the branch {branch} (git switch --detach {branch} in your own \
         worktree, and back afterwards), then say what came of it: torch integrate --tests passed, or torch integrate --tests failed \
         --note \"what failed\"."
    );
    match roles {
        [] => vec![Say::new(To::Person, text)],
        roles => roles
            .iter()
            .map(|role| Say::new(To::Role(role.clone()), text.clone()))
            .collect(),
    }
}

/// Whose word on the tests of which commit is waited for.
pub(super) fn to_be_tested(row: &Integration, roles: &[RoleName]) -> String {
    let names: Vec<&str> = roles.iter().map(RoleName::as_str).collect();
    let who = match names.as_slice() {
        [] => "a person".to_owned(),
        names => names.join(", "),
    };
    format!("asked of {who}, for {}", short(row.tip()))
}

pub(super) fn tested(run: &TestRun) -> String {
    let verdict = match run.verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
    };
    let mut text = match &run.command {
        Some(command) => format!(
            "`{command}` {verdict} on {} in {} s",
            short(&run.commit),
            run.seconds
        ),
        None => format!("{verdict} on {}, says {}", short(&run.commit), run.by),
    };
    if !run.note.is_empty() {
        text.push_str(&format!(": {}", run.note));
    }
    if let Some(log) = &run.log {
        text.push_str(&format!(" ({log})"));
    }
    text
}

/// What broke the tests, to its owner and to who leads; `with` has it within, and waits with it, as what it or they brought does.
/// Called with none of them in the integration.
pub(super) fn left_out(
    row: &Integration,
    merge: &IntegrationMerge,
    (with, brought): (&[IntegrationMerge], &[IntegrationMerge]),
) -> Vec<Say> {
    let branch = merge.branch.as_deref().unwrap_or(short(&merge.commit));
    let log = row.tests.as_ref().and_then(|run| run.log.as_ref());
    let log = log.map_or_else(String::new, |log| format!(" The output: {log}."));
    let tag = row.id.tag();
    let (role, at) = (&merge.role, short(&merge.commit));
    let is_all = row.merges.is_empty();
    let next = match is_all {
        true => "the integration goes on with that",
        false => "the next integration takes it",
    };
    let own = format!(
        "Your branch {branch} at {at} is left out of integration {tag}: the tests fail with it, and pass without it.{log} Mend it and \
         commit; {next}."
    );
    let with: Vec<&str> = with.iter().map(|other| other.role.as_str()).collect();
    let with = match with.as_slice() {
        [] => String::new(),
        roles => format!(
            " With it wait those that have it within: {}.",
            roles.join(", ")
        ),
    };
    let brought: Vec<&str> = brought.iter().map(|other| other.role.as_str()).collect();
    let brought = match brought.as_slice() {
        [] => String::new(),
        roles => format!(
            " With it wait those whose conflicts it solves: {}.",
            roles.join(", ")
        ),
    };
    let others = match is_all {
        true => "Nothing else is left; it goes on when a branch moves.",
        false => "The others go on.",
    };
    let all = format!(
        "{role}'s branch {branch} at {at} is left out of integration {tag}: the tests fail with it.{log}{with}{brought} {others}"
    );
    vec![
        Say::new(To::Role(role.clone()), own),
        Say::new(To::Lead, all),
    ]
}

/// The roles that are left out, and why.
fn left(row: &Integration) -> String {
    let out = row.left_out.iter();
    let out = out.map(|out| format!("{} ({})", out.role, out.why));
    out.collect::<Vec<_>>().join(", ")
}

/// What whoever leads is told at the end where something was left out.
pub(super) fn next_one(row: &Integration) -> String {
    format!(
        "Integration {} went in without {}. Begin the next one when that is mended and committed: torch integrate --no-wait",
        row.id.tag(),
        left(row)
    )
}

pub(super) fn ask_for_fix(row: &Integration, text: &str) -> Vec<Say> {
    let said = format!(
        "Integration {}: its tests are red: {text}. Commit what mends them on your own branch; the integration is built and tested \
         again when a branch moves.",
        row.id.tag()
    );
    to_owners(row, &said)
}

/// That nothing has to be mended after all.
pub(super) fn fix_is_off(row: &Integration, text: &str) -> Vec<Say> {
    let said = format!(
        "Integration {}: that its tests are red was taken back: {text}. It goes on; nothing has to be mended for it.",
        row.id.tag()
    );
    to_owners(row, &said)
}

/// To each role whose work goes in, and to who leads.
fn to_owners(row: &Integration, said: &str) -> Vec<Say> {
    let mut roles: Vec<RoleName> = row.brought().map(|merge| merge.role.clone()).collect();
    roles.sort();
    roles.dedup();
    let own = roles
        .into_iter()
        .map(|role| Say::new(To::Role(role), said.to_owned()));
    own.chain([Say::new(To::Lead, said.to_owned())]).collect()
}

pub(super) fn ask_for_review(row: &Integration) -> String {
    let (tag, parent, branch) = (row.id.tag(), &row.parent, &row.branch);
    let merges: Vec<String> = row
        .brought()
        .map(|merge| format!("{} ({})", merge.role, counted(merge.commits, "commit")))
        .collect();
    let tests = row.tests.as_ref().map_or("none".to_owned(), tested);
    let notes: String = row
        .notes
        .iter()
        .map(|note| format!(" Note: {note}."))
        .collect();
    format!(
        "Integration {tag} into {parent} waits for your review: {}. Tests: {tests}.{notes} Look at it: git diff {}...{branch}. Let it in: torch \
         approve {tag}. Or not: torch deny {tag}.",
        merges.join(", "),
        short(&row.parent_tip)
    )
}

pub(super) fn busy(row: &Integration, path: &str, why: &str) -> String {
    format!(
        "Integration {} waits: {} is checked out in {path}, and {why}. Nothing there is touched. It goes on by itself when that is \
         committed or put away.",
        row.id.tag(),
        row.parent
    )
}

pub(super) fn verified(row: &Integration, rules: &Rules) -> String {
    let tag = row
        .tag
        .as_ref()
        .map_or_else(String::new, |tag| format!(", {tag}"));
    let run = match rules.verify.as_slice() {
        [] => String::new(),
        commands => format!("; passed: {}", commands.join(", ")),
    };
    format!("{} has all of it{run}{tag}", row.parent)
}

pub(super) fn unverified(row: &Integration, failed: &str) -> String {
    format!(
        "Integration {} is in {}, and what is run on it afterwards failed: {failed}. It is not marked as stable. Mend it, or take it \
         back: torch rollback",
        row.id.tag(),
        row.parent
    )
}

pub(super) fn sync(row: &Integration) -> String {
    let parent = &row.parent;
    let out = match row.left_out.as_slice() {
        [] => String::new(),
        _ => format!(" Left out: {}.", left(row)),
    };
    format!(
        "Integration {} is in {parent}. Take it over within {SYNC_MINUTES} minutes: commit your work, then git merge {parent} in your \
         own worktree.{out}",
        row.id.tag()
    )
}

pub(super) fn done(row: &Integration, rules: &Rules) -> String {
    let roles: Vec<&str> = row.brought().map(|merge| merge.role.as_str()).collect();
    let tag = row
        .tag
        .as_ref()
        .map_or_else(String::new, |tag| format!(" ({tag})"));
    let lacking = row.not_pushed.as_ref().map_or_else(String::new, |lacking| {
        format!(". {}", not_pushed(&row.parent, lacking))
    });
    format!(
        "Integration {} of {} is in {}{tag}: {}{lacking}",
        row.id.tag(),
        rules.team,
        row.parent,
        roles.join(", ")
    )
}

/// That a remote lacks what is here, and how a person brings it there.
pub(super) fn not_pushed(parent: &str, lacking: &NotPushed) -> String {
    let count = usize::try_from(lacking.commits).unwrap_or(usize::MAX);
    format!(
        "{} lacks {} of {parent}: {}",
        lacking.remote,
        counted(count, "commit"),
        lacking.push
    )
}

pub(super) fn given_up(row: &Integration, why: &str) -> String {
    format!(
        "Integration {} is given up: {why}. {} is as it was, and so are all agents' branches.",
        row.id.tag(),
        row.parent
    )
}

pub(super) fn stuck(row: &Integration, rules: &Rules, step: Step, why: &str) -> String {
    format!(
        "Integration {} of {} can't go on at step {} ({}): {why}. When that is mended: torch integrate --resume; or torch integrate \
         --abort.",
        row.id.tag(),
        rules.team,
        step.number(),
        step.as_str()
    )
}

pub(super) fn late(row: &Integration, rules: &Rules) -> String {
    let what = match row.wait.as_ref().map(|wait| &wait.on) {
        Some(WaitOn::Conflicts) => {
            let files: Vec<String> = by_file(&row.conflicts)
                .iter()
                .take(FILES_MAX)
                .map(|one| format!("{} ({})", one.file, one.owner))
                .collect();
            format!("conflicts are not solved: {}", files.join(", "))
        }
        Some(WaitOn::Tests { roles }) => {
            let roles: Vec<_> = roles.iter().map(RoleName::as_str).collect();
            format!("its tests are not reported (asked: {})", roles.join(", "))
        }
        Some(WaitOn::Fix) => "its tests are still red".to_owned(),
        Some(WaitOn::Review { by }) => format!("nobody reviewed it (asked: {by})"),
        _ => "it waits".to_owned(),
    };
    format!(
        "Integration {} of {} takes too long: {what}. It goes on when that is done; or torch integrate --abort.",
        row.id.tag(),
        rules.team
    )
}
