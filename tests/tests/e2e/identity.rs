//! A sender is what its process shows, never what its words claim.

use torch_testing::{SCRIPTED, World};

#[test]
fn an_agent_is_known_by_its_process() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    world
        .run_as("developer", "scm orchestrator 'from inside'")
        .ok();
    world.wait("the message to arrive", || {
        world
            .received("orchestrator")
            .contains(&"from inside".to_owned())
    });
}
