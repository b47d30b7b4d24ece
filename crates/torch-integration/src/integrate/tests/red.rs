//! Red tests: whose branch is left out, what waits with it, and how it goes on; and branches that have others within.

use super::*;

/// The roles in the order in which they are merged.
fn order(world: &World) -> Vec<&str> {
    let merges = world.row.merges.iter();
    merges.map(|merge| merge.role.as_str()).collect()
}

/// What is left out: the role, and whether it only has another one within.
fn out(world: &World) -> Vec<(&str, bool)> {
    let out = world.row.left_out.iter();
    out.map(|out| (out.role.as_str(), out.within.is_some()))
        .collect()
}

#[test]
fn the_red_branch_is_left_out_and_the_others_land() {
    for red in [&["developer"][..], &["tester"], &["frontend", "tester"]] {
        let mut world = World::new(&["developer", "frontend", "tester"]);
        world.red = red.to_vec();
        world.run();
        let out: Vec<&str> = world
            .row
            .left_out
            .iter()
            .map(|out| out.role.as_str())
            .collect();
        assert_eq!(out, red);
        for name in red {
            assert!(world.said_to(name)[0].contains("left out"));
        }
        world.approve();
        assert!(world.row.is_verified());
        assert!(
            red.iter().all(|name| !world.parent.contains(name)),
            "{}",
            world.parent
        );
    }
}

#[test]
fn what_has_the_red_branch_within_waits_with_it_and_nobody_else_is_blamed() {
    // The fast lane brought the developer's commit to the tester, and both to the test runner.
    let mut world = World::new(&["frontend", "developer", "tester", "testrunner"]);
    world.within = vec![
        ("developer", "tester"),
        ("developer", "testrunner"),
        ("tester", "testrunner"),
    ];
    world.red = vec!["developer"];
    world.run();
    let expected = [("developer", false), ("tester", true), ("testrunner", true)];
    assert_eq!(out(&world), expected);
    assert!(
        world.row.left_out[1]
            .why
            .contains("trunk-developer at develope")
    );
    assert_eq!(order(&world), ["frontend"]);
    assert_eq!(world.said_to("tester").len(), 0, "{:?}", world.said);
    let said: Vec<_> = world
        .said
        .iter()
        .filter(|(to, _)| *to == To::Lead)
        .collect();
    assert!(
        said.iter()
            .any(|(_, text)| text.contains("within: tester, testrunner. The others go on.")),
        "{said:?}"
    );
    world.approve();
    assert!(world.row.is_verified());
    assert_eq!(world.parent, "parent-1+frontend-1");
    // Whoever leads hears what is to be done next.
    let (_, last) = world.said.last().expect("something was said");
    assert!(
        last.contains("without developer (the tests fail with it), tester (it has trunk-developer")
            && last.ends_with("torch integrate --no-wait"),
        "{last}"
    );
}

#[test]
fn where_nothing_is_left_it_waits_and_goes_on_with_what_is_mended() {
    let mut world = World::new(&["developer", "tester"]);
    world.within = vec![("developer", "tester")];
    world.red = vec!["developer-1"];
    world.run();
    assert_eq!(world.on(), Some(&WaitOn::Fix));
    assert_eq!(world.parent, "parent-1");
    assert!(world.said_to("developer")[0].contains("the integration goes on with that"));
    // A commit that mends nothing is looked at, and nothing is said again.
    let before = world.said.len();
    assert!(moved(&mut world.row, world.now));
    world.run();
    assert_eq!(world.on(), Some(&WaitOn::Fix));
    assert_eq!(world.said.len(), before);
    // The developer mends it: the tester's is red no longer with that.
    world.work[0].1 = "developer-2".to_owned();
    world.within.clear();
    assert!(moved(&mut world.row, world.now));
    world.run();
    assert_eq!(order(&world), ["developer", "tester"]);
    assert!(world.row.left_out.is_empty(), "{:?}", world.row.left_out);
    world.approve();
    assert!(world.row.is_verified());
    assert_eq!(world.parent, "parent-1+developer-2+tester-1");
    assert!(
        !world
            .said
            .iter()
            .any(|(_, text)| text.contains("went in without"))
    );
}

#[test]
fn a_red_commit_that_comes_along_again_is_still_its_owners() {
    let mut world = World::new(&["developer", "tester"]);
    world.red = vec!["developer-1", "tester-2"];
    world.run();
    assert_eq!(out(&world), [("developer", false)]);
    // Before the review, the fast lane brings it to the tester, and the parent moves.
    world.work[1].1 = "tester-2".to_owned();
    world.within = vec![("developer", "tester")];
    world.parent = "parent-2".to_owned();
    world.approve();
    assert_eq!(out(&world), [("developer", false), ("tester", true)]);
    assert_eq!(world.said_to("tester").len(), 0, "{:?}", world.said);
    assert_eq!(world.on(), Some(&WaitOn::Fix));
}

#[test]
fn a_branch_comes_behind_what_it_has_within() {
    let mut world = World::new(&["tester", "developer"]);
    world.within = vec![("tester", "developer")];
    world.run();
    assert_eq!(order(&world), ["tester", "developer"]);
}

#[test]
fn a_branch_in_conflict_goes_in_with_whoever_solved_it() {
    let mut world = World::new(&["developer", "frontend", "tester"]);
    world.conflict = Some(("developer", "frontend"));
    world.run();
    assert_eq!(world.on(), Some(&WaitOn::Conflicts));
    // The tester merges both, and solves it.
    world.work[2].1 = "tester-2".to_owned();
    world.within = vec![("developer", "tester"), ("frontend", "tester")];
    assert!(moved(&mut world.row, world.now));
    world.run();
    assert_eq!(order(&world), ["developer", "tester"]);
    assert!(world.row.conflicts.iter().all(|one| one.solved.is_some()));
    // The same work on a parent that moved needs no other review.
    world.parent = "parent-2".to_owned();
    world.approve();
    assert!(world.row.is_verified());
    let asked = world.said_to("project_manager").into_iter();
    let asked = asked.filter(|text| text.contains("waits for your review"));
    assert_eq!(asked.count(), 1);
}
