//! What a rollback took off the parent by force, and a branch still has.

use super::*;

#[test]
fn what_a_rollback_took_off_is_told_before_it_comes_back() {
    let mut world = World::new(&[]);
    work(&world, "developer", "bad", "1\n");
    work(&world, "tester", "tests", "1\n");
    let bad = world.git(&["rev-parse", "trunk-developer"]);
    // As it is kept where trunk had it and was put back.
    world.git(&["update-ref", "refs/torch/rollback/7k3f9q2a/old", &bad]);
    world.run();
    let at = &bad[..8];
    let told =
        format!("developer's trunk-developer has {at} within, which a rollback took off trunk");
    let notes = &world.row.notes;
    assert!(
        matches!(&notes[..], [note] if note.starts_with(&told)),
        "{notes:?}"
    );
    assert!(world.row.steps[0].evidence.contains(&told));
    let asked = |say: &Say| say.text.contains("waits for your review") && say.text.contains(&told);
    assert!(world.said.iter().any(asked), "{:?}", world.said);
    // Once the parent has it again, it is no news.
    let tester = world.tree("tester");
    world.git_in(&tester, &["merge", "-q", "trunk-developer"]);
    world.git(&["update-ref", "refs/heads/trunk", "trunk-tester"]);
    work(&world, "developer", "more", "1\n");
    let found = world.act(&Git::new(world.env()), &world.job(Act::Look));
    assert!(matches!(found, Found::Seen(seen) if seen.notes.is_empty()));
}
