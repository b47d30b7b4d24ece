//! What a branch has left in a rollback, under a hidden reference, and when that goes.

use super::*;
use crate::rollback::expire_left;

const REFS: &str = "refs/torch/rollback/test";

#[test]
fn what_a_branch_has_left_is_let_go_once_its_rollback_is_over() {
    let project = Project::new();
    let repository = project.inspect();
    let tip = project.git(&["rev-parse", "HEAD"]);
    let others = "refs/torch/rollback/other/old";
    let (old, new) = (format!("{REFS}/old"), format!("{REFS}/new"));
    for name in [&old, &new, others] {
        project.git(&["update-ref", name, &tip]);
    }
    let over = [REFS.to_owned(), "refs/torch/rollback/none".to_owned()];
    let expire = |expiry| expire_left(&handle(), &repository, &over, expiry).expect("git runs");
    // A commit that is still to come to its branch: it is not over.
    assert_eq!(expire(Expiry::Delete), 0);
    assert_eq!(project.git(&["rev-parse", &old]), tip);
    project.git(&["update-ref", "-d", &new]);
    assert_eq!(expire(Expiry::DryRun), 1);
    assert_eq!(project.git(&["rev-parse", &old]), tip);
    assert_eq!(expire(Expiry::Delete), 1);
    assert_eq!(expire(Expiry::Delete), 0);
    let left = project.git(&["for-each-ref", "--format=%(refname)", "refs/torch"]);
    assert_eq!(left, others, "nobody said that it is over");
}
