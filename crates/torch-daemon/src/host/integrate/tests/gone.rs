//! Worktrees whose folders are gone.

use super::*;

#[test]
fn the_work_of_a_role_whose_folder_is_gone_goes_in() {
    let mut world = World::new(&[]);
    work(&world, "developer", "a", "1\n");
    work(&world, "tester", "b", "1\n");
    fs::remove_dir_all(world.tree("developer")).expect("removed");
    world.run();
    let roles = world.row.merges.iter().map(|merge| merge.role.as_str());
    assert_eq!(roles.collect::<Vec<_>>(), ["developer", "tester"]);
    world.approve();
    world.is_in();
    assert!(world.project.join("a").exists() && world.project.join("b").exists());
}
