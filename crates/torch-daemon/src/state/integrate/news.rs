//! What an integration met, for the journal: conflicts, runs of the tests, branches that are left out.

use serde_json::json;
use torch_core::integration::{Integration, Step};

use super::Turn;

/// Notes what a turn added to a record: `integration.conflict` (file, owner, both branches), `integration.tests` (what came of a
/// run, in words) and `integration.left_out` (role, branch, commit, why).
pub(super) fn journal(t: &mut Turn, before: &Integration, after: &Integration) {
    for conflict in after.conflicts.iter().skip(before.conflicts.len()) {
        let between = [&conflict.our_branch, &conflict.with_branch];
        let what = json!({"file": conflict.file, "owner": conflict.owner, "between": between});
        t.journal("integration.conflict", after.id, what);
    }
    if let (Some(old), Some(new)) = (tested(before), tested(after))
        && old != new
        && !new.is_empty()
    {
        t.journal("integration.tests", after.id, json!({"said": new}));
    }
    for out in &after.left_out {
        if !before.left_out.contains(out) {
            let what = json!({"role": out.role, "branch": out.branch, "commit": out.commit, "why": out.why});
            t.journal("integration.left_out", after.id, what);
        }
    }
}

/// What the last run of the tests said.
fn tested(row: &Integration) -> Option<&str> {
    let record = row.steps.get(Step::Test.number())?;
    Some(&record.evidence)
}
