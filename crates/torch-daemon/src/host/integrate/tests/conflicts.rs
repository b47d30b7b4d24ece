//! Conflicts of three branches on real git: all are found by one look.

use torch_api::Response;
use torch_api::git::GitResponse;
use torch_core::integration::by_file;

use super::*;

/// The files in conflict, with all whose branches meet there.
fn files(world: &World) -> Vec<(String, String)> {
    let found = by_file(&world.row.conflicts);
    let found = found.iter();
    found
        .map(|one| (one.file.to_owned(), one.between()))
        .collect()
}

fn expected(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    let rows = rows.iter();
    rows.map(|(file, roles)| ((*file).to_owned(), (*roles).to_owned()))
        .collect()
}

#[test]
fn three_versions_of_a_file_are_one_round_of_waiting() {
    let mut world = World::new(&[]);
    for (number, name) in ["developer", "tester", "project_manager"]
        .iter()
        .enumerate()
    {
        work(&world, name, "a.py", &format!("{number}\n"));
    }
    // The dry run names all three, and changes nothing.
    let before = world.git(&["for-each-ref"]);
    let home = world.top().join("home");
    let shown = super::super::preview(&Git::new(world.env()), &home, &world.job(Act::Look));
    let Response::Git(answer) = shown else {
        panic!("{shown:?}");
    };
    let GitResponse::Preview(view) = *answer else {
        panic!("{answer:?}");
    };
    let all = "tester, developer and project_manager";
    assert_eq!(by_file(&view.conflicts)[0].between(), all);
    assert_eq!(world.git(&["for-each-ref"]), before);
    world.run();
    assert_eq!(world.on(), Some(&WaitOn::Conflicts));
    assert_eq!(files(&world), expected(&[("a.py", all)]));
    let told: Vec<&str> = world.said.iter().map(|say| say.text.as_str()).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    let merges = "git merge trunk-project_manager and then git merge trunk-tester;";
    assert!(told[0].contains(merges), "{told:?}");
    let tree = world.tree("developer");
    for name in ["trunk-project_manager", "trunk-tester"] {
        let args = ["merge", "-q", "-s", "ours", "-m", "solved", name];
        world.git_in(&tree, &args);
        assert!(moved(&mut world.row, world.now));
        world.run();
    }
    assert!(
        matches!(world.on(), Some(WaitOn::Review { .. })),
        "{:?}",
        world.row
    );
    let told = world
        .said
        .iter()
        .filter(|say| say.text.contains("conflict"));
    assert_eq!(told.count(), 1, "{:?}", world.said);
    world.approve();
    world.is_in();
}

#[test]
fn a_conflict_behind_one_that_was_left_out_is_found() {
    let mut world = World::new(&[]);
    work(&world, "developer", "a.py", "1\n");
    work(&world, "tester", "a.py", "2\n");
    work(&world, "tester", "b.py", "2\n");
    // It has nothing against the developer's, but against the tester's, which the chain goes on without.
    work(&world, "project_manager", "b.py", "3\n");
    world.run();
    let expected = expected(&[
        ("a.py", "tester and developer"),
        ("b.py", "project_manager and tester"),
    ]);
    assert_eq!(files(&world), expected);
}

#[test]
fn who_only_carries_a_branch_is_no_side_of_its_conflict() {
    let mut world = World::new(&[]);
    work(&world, "developer", "a.py", "1\n");
    work(&world, "tester", "a.py", "2\n");
    let tree = world.tree("project_manager");
    world.git_in(&tree, &["merge", "-q", "trunk-developer"]);
    work(&world, "project_manager", "notes", "1\n");
    world.run();
    let brought = expected(&[("a.py", "tester and developer")]);
    assert_eq!(files(&world), brought, "{:?}", world.row.conflicts);
    // What it changes there itself is its own.
    work(&world, "project_manager", "a.py", "3\n");
    assert!(moved(&mut world.row, world.now));
    world.run();
    let own = expected(&[("a.py", "tester, developer and project_manager")]);
    assert_eq!(files(&world), own);
}
