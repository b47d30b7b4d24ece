//! How integrations begin behind others, and end.

use super::*;

#[test]
fn one_waits_for_another_of_its_repository() {
    let mut world = World::new(&["developer"]);
    let other = IntegrationId::new(1, 3);
    queue(&mut world.row, Some(other), world.now);
    world.run();
    assert_eq!(world.on(), Some(&WaitOn::Turn { other }));
    assert!(world.acts.is_empty());
    queue(&mut world.row, None, world.now);
    world.run();
    world.approve();
    assert!(world.row.is_verified());
}

#[test]
fn it_can_be_ended_until_it_has_landed() {
    for until in 0..=4 {
        let mut world = World::new(&["developer"]);
        world.row.wishes.until = Some(until);
        world.run();
        abort(&mut world.row, "human").expect("it has not landed");
        world.run();
        assert!(matches!(
            world.row.outcome,
            Some(IntegrationOutcome::Aborted { .. })
        ));
        assert_eq!(world.acts.last(), Some(&Act::Clean));
        assert_eq!(world.parent, "parent-1");
    }
    let mut world = World::new(&["developer"]);
    world.row.wishes.until = Some(5);
    world.run();
    world.approve();
    assert!(abort(&mut world.row, "human").is_err());
}

#[test]
fn an_abort_that_comes_while_it_lands_comes_too_late() {
    let mut world = World::new(&["developer"]);
    world.run();
    decide(&mut world.row, ("human", true), world.now).expect("it waits");
    let (next, _) = due(&mut world.row, &world.rules, world.now);
    assert_eq!(next, Due::Act(Act::Land));
    abort(&mut world.row, "human").expect("nobody knows yet");
    let found = world.host(&Act::Land);
    follow(&mut world.row, &world.rules, found, world.now);
    world.run();
    assert!(world.row.is_verified());
}

#[test]
fn a_pull_request_is_opened_before_it_lands() {
    let mut world = World::new(&["developer"]);
    world.run();
    world.row.by_pull_request = true;
    world.approve();
    let acts: Vec<bool> = world
        .acts
        .iter()
        .filter(|act| matches!(act, Act::Publish | Act::Land))
        .map(|act| *act == Act::Publish)
        .collect();
    assert_eq!(acts, [true, false]);
    assert!(
        world
            .row
            .pull_request
            .as_ref()
            .is_some_and(|request| request.merged)
    );
}
