//! Conflicts of more than two branches: all are told at once, and each file has one owner.

use torch_core::integration::by_file;

use super::*;

/// What git can't merge: a role, a file, and the roles before it that it conflicts with there.
type Rows<'a> = [(&'a str, &'a str, &'a [&'a str])];

impl World {
    /// As `run`, on a host that finds these as long as both sides go in by themselves.
    fn build(&mut self, rows: &Rows<'_>) {
        for _ in 0..50 {
            let (next, says) = due(&mut self.row, &self.rules, self.now);
            self.say(says);
            let Due::Act(act) = next else {
                return;
            };
            let found = match act {
                Act::Build => self.unmerged(rows),
                act => self.host(&act),
            };
            let says = follow(&mut self.row, &self.rules, found, self.now);
            self.say(says);
        }
        panic!("it never ends: {:?}", self.row);
    }

    fn unmerged(&self, rows: &Rows<'_>) -> Found {
        let merges = &self.row.merges;
        let place = |name: &str| merges.iter().position(|one| one.role.as_str() == name);
        let mut all: Vec<Unmerged> = Vec::new();
        for (role, file, with) in rows {
            let with: Vec<usize> = with.iter().filter_map(|name| place(name)).collect();
            let Some(at) = place(role).filter(|_| !with.is_empty()) else {
                continue;
            };
            let files = vec![Clash {
                file: (*file).to_owned(),
                with,
            }];
            all.push(Unmerged { at, files });
        }
        match all.is_empty() {
            true => self.built(),
            false => Found::Conflict(all),
        }
    }

    fn pairs(&self) -> Vec<(&str, &str)> {
        let open = self.row.conflicts.iter().filter(|one| one.solved.is_none());
        let pair = open.map(|one| (one.ours.as_str(), one.with.as_str()));
        pair.collect()
    }
}

const THREE: &Rows<'static> = &[
    ("frontend", "a.py", &["developer"]),
    ("tester", "a.py", &["developer", "frontend"]),
];

#[test]
fn three_branches_in_one_file_are_told_at_once_to_one_owner() {
    let mut world = World::new(&["developer", "frontend", "tester"]);
    world.build(THREE);
    assert_eq!(world.on(), Some(&WaitOn::Conflicts));
    let found = by_file(&world.row.conflicts);
    let [file] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(file.between(), "frontend, developer and tester");
    assert_eq!(file.owner.as_str(), "frontend");
    let said = world.said_to("frontend");
    assert_eq!(said.len(), 1, "{said:?}");
    for part in [
        "a.py (frontend, developer and tester)",
        "git merge trunk-developer and then git merge trunk-tester;",
    ] {
        assert!(said[0].contains(part), "{part}: {said:?}");
    }
    assert_eq!(world.said.len(), 1, "{:?}", world.said);
    // Its owner merges both, in one go.
    world.within = vec![("developer", "frontend"), ("tester", "frontend")];
    assert!(moved(&mut world.row, world.now));
    world.build(&[("tester", "a.py", &["developer"])]);
    assert!(
        matches!(world.on(), Some(WaitOn::Review { .. })),
        "{:?}",
        world.row
    );
    assert!(world.row.conflicts.iter().all(|one| one.solved.is_some()));
}

#[test]
fn an_owner_on_its_way_is_told_nothing_twice() {
    for (within, left) in [
        ("developer", ("tester", ["frontend"])),
        ("tester", ("frontend", ["developer"])),
    ] {
        let mut world = World::new(&["developer", "frontend", "tester"]);
        world.build(THREE);
        let said = world.said.len();
        // The first of two merges.
        world.within = vec![(within, "frontend")];
        assert!(moved(&mut world.row, world.now));
        let (role, with) = left;
        world.build(&[("tester", "a.py", &["developer"]), (role, "a.py", &with)]);
        assert_eq!(world.on(), Some(&WaitOn::Conflicts), "{within}");
        assert_eq!(world.said.len(), said, "{within}: {:?}", world.said);
    }
}

#[test]
fn branches_that_only_a_third_one_connects_are_all_named() {
    let mut world = World::new(&["developer", "frontend", "tester"]);
    world.build(&[("tester", "test_a.py", &["developer", "frontend"])]);
    assert_eq!(
        world.pairs(),
        [("tester", "developer"), ("tester", "frontend")]
    );
    let said = world.said_to("tester");
    assert!(
        said[0].contains("git merge trunk-developer and then git merge trunk-frontend;"),
        "{said:?}"
    );
}

#[test]
fn a_branch_that_comes_later_is_told_to_who_solves_the_file() {
    let mut world = World::new(&["developer", "tester"]);
    world.build(&[("tester", "a.py", &["developer"])]);
    assert_eq!(world.said_to("developer").len(), 1);
    world.work.push(("frontend", "frontend-1".to_owned(), 0));
    assert!(moved(&mut world.row, world.now));
    world.build(THREE);
    // Of all three the frontend's work would come first; the developer is at it already.
    let said = world.said_to("developer");
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[1].contains("git merge trunk-frontend and then git merge trunk-tester;"),
        "{said:?}"
    );
    assert_eq!(world.said_to("frontend"), Vec::<&str>::new());
    // It leaves the team: somebody else is told.
    world
        .rules
        .members
        .retain(|one| one.role != role("developer"));
    assert!(moved(&mut world.row, world.now));
    world.build(THREE);
    assert_eq!(world.said_to("frontend").len(), 1, "{:?}", world.said);
    let owners = world
        .row
        .conflicts
        .iter()
        .filter(|one| one.solved.is_none());
    let owners: Vec<&str> = owners.map(|one| one.owner.as_str()).collect();
    assert!(
        owners.iter().all(|owner| *owner == "frontend"),
        "{owners:?}"
    );
}
