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
        let mut steps = world.row.steps.iter();
        assert!(steps.all(|step| step.state != StepState::Waiting));
        world.run();
        assert!(matches!(
            world.row.outcome,
            Some(IntegrationOutcome::Aborted { .. })
        ));
        let states: Vec<_> = world.row.steps.iter().map(|step| step.state).collect();
        // The review is waited for.
        let done = (until + 1).min(Step::Review.number());
        assert_eq!(states[..done], vec![StepState::Done; done]);
        assert_eq!(states[done..], vec![StepState::Skipped; 8 - done]);
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
fn what_the_remote_lacks_of_the_parent_is_told_with_the_landing() {
    let mut world = World::new(&["developer"]);
    world.not_pushed = Some(NotPushed {
        commits: 2,
        remote: "origin".to_owned(),
        push: "git push origin trunk".to_owned(),
    });
    world.run();
    world.approve();
    let lacks = "origin lacks 2 commits of trunk: git push origin trunk";
    let evidence = &world.row.steps[Step::Land.number()].evidence;
    assert!(evidence.ends_with(lacks), "{evidence}");
    let told = |to: &To, text: &str| *to == To::Person && text.contains(lacks);
    assert!(world.said.iter().any(|(to, text)| told(to, text)));
}

#[test]
fn what_fails_while_it_is_given_up_is_no_failed_clean_up() {
    let given_up = || {
        let mut world = World::new(&["developer"]);
        world.row.wishes.until = Some(1);
        world.run();
        resume(&mut world.row, None, world.now);
        let (mut next, _) = due(&mut world.row, &world.rules, world.now);
        while next != Due::Act(Act::Build) {
            let Due::Act(act) = next else {
                panic!("{next:?}");
            };
            let found = world.host(&act);
            follow(&mut world.row, &world.rules, found, world.now);
            (next, _) = due(&mut world.row, &world.rules, world.now);
        }
        abort(&mut world.row, "human").expect("it has not landed");
        let why = "the disk is full".to_owned();
        follow(
            &mut world.row,
            &world.rules,
            Found::Failed { why },
            world.now,
        );
        assert_eq!(world.row.outcome, None, "nothing was cleaned up yet");
        let (next, _) = due(&mut world.row, &world.rules, world.now);
        assert_eq!(next, Due::Act(Act::Clean));
        world
    };
    let ended = |mut world: World, found| {
        follow(&mut world.row, &world.rules, found, world.now);
        match world.row.outcome {
            Some(IntegrationOutcome::Aborted { why }) => why,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(ended(given_up(), Found::Cleaned), "human ended it");
    let why = "it is held".to_owned();
    let told = ended(given_up(), Found::NotCleaned { why });
    assert_eq!(
        told,
        "human ended it; what it left could not be taken away: it is held"
    );
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

#[test]
fn what_is_cut_off_twice_waits_for_a_person() {
    let cut = || Found::CutOff {
        why: "its keeper was ended".to_owned(),
    };
    let mut world = World::new(&["developer"]);
    let is_test = |due: &Due| matches!(due, Due::Act(Act::Test { .. }));
    let begins = |world: &mut World| {
        for _ in 0..9 {
            let (next, says) = due(&mut world.row, &world.rules, world.now);
            world.say(says);
            if is_test(&next) || next == Due::Wait {
                return next;
            }
            let Due::Act(act) = next else {
                panic!("{next:?}");
            };
            let found = world.host(&act);
            follow(&mut world.row, &world.rules, found, world.now);
        }
        panic!("{:?}", world.row);
    };
    // One try is cut off and told; the daemon of the next one ended, and nobody tells.
    assert!(is_test(&begins(&mut world)));
    follow(&mut world.row, &world.rules, cut(), world.now);
    assert!(is_test(&begins(&mut world)));
    assert_eq!(begins(&mut world), Due::Wait);
    assert!(matches!(world.on(), Some(WaitOn::Person { why }) if why.contains("2 times")));
    assert_eq!(world.row.tests, None, "nothing is said of the commit");
    // A person says that it goes on: two more.
    resume(&mut world.row, None, world.now);
    assert!(is_test(&begins(&mut world)));
    // A daemon that ends in good order costs no try.
    interrupted(&mut world.row);
    for _ in 0..2 {
        assert!(is_test(&begins(&mut world)));
        follow(&mut world.row, &world.rules, cut(), world.now);
    }
    assert_eq!(begins(&mut world), Due::Wait);
    resume(&mut world.row, None, world.now);
    // What ended by itself is counted no more.
    world.run();
    assert_eq!(world.row.begun, None);
    // So with what is run on the parent afterwards.
    world.approve();
    assert!(world.row.is_verified(), "{:?}", world.row);
}

#[test]
fn a_review_of_other_commits_is_void_and_says_so() {
    let mut world = World::new(&["developer"]);
    world.run();
    let built = world.row.tip().to_owned();
    decide(&mut world.row, ("human", true), world.now).expect("it waits");
    // Before it lands, the parent moves, and the developer has one more commit.
    world.parent = "parent-2".to_owned();
    world.work[0].1 = "developer-2".to_owned();
    world.run();
    assert!(matches!(world.on(), Some(WaitOn::Review { .. })));
    let evidence = &world.row.steps[Step::Review.number()].evidence;
    let expected = format!(
        "human let {} in, and other commits go in by now: it is asked again",
        &built[..built.len().min(8)]
    );
    assert_eq!(*evidence, expected);
    world.approve();
    assert!(world.row.is_verified());
    let evidence = &world.row.steps[Step::Review.number()].evidence;
    assert_eq!(*evidence, "project_manager let it in");
}

#[test]
fn a_files_name_begins_no_line_of_its_own() {
    assert_eq!(
        words::one_line("z\nreview: nobody\u{7}.txt"),
        "z\\nreview: nobody\\u{7}.txt"
    );
    let mut world = World::new(&["developer", "tester"]);
    let found = Found::Conflict(vec![Unmerged {
        at: 0,
        files: vec![Clash {
            file: "z\nreview: nobody".to_owned(),
            with: Vec::new(),
        }],
    }]);
    while let (Due::Act(act), _) = due(&mut world.row, &world.rules, world.now) {
        let found = match act {
            Act::Build => found.clone(),
            act => world.host(&act),
        };
        let says = follow(&mut world.row, &world.rules, found, world.now);
        world.say(says);
    }
    assert_eq!(world.row.conflicts[0].file, "z\\nreview: nobody");
    assert!(!world.said.iter().any(|(_, text)| text.contains('\n')));
}

#[test]
fn a_measure_below_its_threshold_holds_it_up() {
    let mut world = World::new(&["developer"]);
    world.row.wishes.metrics = [("coverage".to_owned(), 79_000)].into();
    world.run();
    assert!(matches!(world.on(), Some(WaitOn::Person { why }) if why.contains("coverage is 79")));
    resume(&mut world.row, None, world.now);
    world.run();
    assert!(matches!(world.on(), Some(WaitOn::Person { .. })));
    world.row.wishes.metrics = [("coverage".to_owned(), 81_000)].into();
    resume(&mut world.row, None, world.now);
    world.run();
    world.approve();
    assert!(world.row.is_verified());
}
