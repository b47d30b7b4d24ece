//! What a rule keeps back.

use torch_core::policy::SecretCheck;

use super::*;

#[test]
fn what_may_not_be_pushed_is_refused_listed_and_a_violation() {
    let mut stage = Stage::new(TeamPolicy::default());
    for name in [
        "refs/heads/trunk",
        "refs/heads/pm-feature/x",
        "refs/heads/x",
    ] {
        stage.pushed(name, "1a");
        let Some(Response::Failed(failure)) = stage.answer.take() else {
            panic!("{name} was taken");
        };
        assert!(failure.causes[0].starts_with("rule push."), "{failure:?}");
    }
    let rules = |stage: &Stage, name: &str| {
        let push = stage.push(name, "1a");
        let PushState::Refused { by, .. } = push.state else {
            panic!("{name} was taken");
        };
        let violations = stage.kept.values().filter_map(|row| match row {
            LedgerRecord::Violation(row) => Some((row.rule.clone(), row.count)),
            _ => None,
        });
        let mut violations: Vec<_> = violations.collect();
        violations.sort();
        (by, violations)
    };
    let counted = |counts: [u64; 3]| {
        let names = ["push.name", "push.other-role", "push.parent"];
        let pairs = names.iter().zip(counts);
        pairs
            .map(|(name, count)| ((*name).to_owned(), count))
            .collect::<Vec<_>>()
    };
    let (by, violations) = rules(&stage, "refs/heads/trunk");
    assert_eq!((by.as_str(), violations), ("push.parent", counted([1; 3])));
    // The same once more is the same record, counted; nothing of it is forwarded, or taken up by the next daemon.
    stage.pushed("refs/heads/trunk", "1a");
    let (_, violations) = rules(&stage, "refs/heads/trunk");
    assert_eq!(violations, counted([1, 1, 2]));
    let is_push = |row: &&LedgerRecord| matches!(row, LedgerRecord::Push(_));
    let pushes: Vec<_> = stage.kept.values().filter(is_push).collect();
    assert_eq!(pushes.len(), 3);
    assert!(!pushes.iter().any(|row| row.is_open()));
    assert_eq!(stage.carried().0.len(), 0);
}

#[test]
fn each_branch_has_a_violation_of_its_own_and_not_without_end() {
    let mut stage = Stage::new(TeamPolicy::default());
    for name in ["one", "two", "one"] {
        stage.pushed(&format!("refs/heads/{name}"), "1a");
    }
    let violations = |stage: &Stage| {
        let rows = stage.kept.values().filter_map(|row| match row {
            LedgerRecord::Violation(row) => Some((row.to.clone(), row.count, row.evidence.clone())),
            _ => None,
        });
        let mut rows: Vec<_> = rows.collect();
        rows.sort();
        rows
    };
    let found = violations(&stage);
    let [(one, twice, first), (two, once, second)] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!((one.as_str(), *twice), ("one", 2));
    assert_eq!((two.as_str(), *once), ("two", 1));
    assert!(first.starts_with("push of refs/heads/one: "), "{first}");
    assert!(second.starts_with("push of refs/heads/two: "), "{second}");
    // The names are the agent's.
    for number in 0..40 {
        stage.pushed(&format!("refs/heads/x{number}"), "1a");
    }
    let found = violations(&stage);
    assert_eq!(found.len(), 21);
    let rest = found.iter().find(|(to, _, _)| to == "the repository");
    assert_eq!(rest.map(|(_, count, _)| *count), Some(22), "{found:?}");
}

#[test]
fn a_secret_keeps_a_push_back_as_the_policy_says() {
    let found = "src/a.rs:3 in 1a2b3c4d5e6f: AWS access key";
    let with = |check| {
        let mut policy = TeamPolicy::default();
        policy.git.secret_check = check;
        let mut stage = Stage::new(policy);
        stage.pushed_with(BRANCH, "1a", &[found]);
        stage
    };
    let refused = with(SecretCheck::Refuse);
    let Some(Response::Failed(failure)) = &refused.answer else {
        panic!("taken: {:?}", refused.answer);
    };
    assert!(failure.error.contains(found), "{failure:?}");
    assert!(failure.causes[0].contains("push.secret"), "{failure:?}");
    let kept = refused.push(BRANCH, "1a").state;
    assert!(matches!(kept, PushState::Refused { by, .. } if by == "push.secret"));
    let is_breach = |row: &&LedgerRecord| matches!(row, LedgerRecord::Violation(_));
    assert_eq!(refused.kept.values().filter(is_breach).count(), 1);
    let warned = with(SecretCheck::Warn);
    assert_eq!(warned.push(BRANCH, "1a").state, PushState::Accepted);
    let said = format!("{:?}", warned.answer);
    assert!(
        said.contains(&format!("warned by rule push.secret: {found}")),
        "{said}"
    );
}
