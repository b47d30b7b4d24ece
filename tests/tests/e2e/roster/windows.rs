//! `torch windows rename`.

use torch_testing::{DEADLINE, SCRIPTED, World};

use super::{follow_hint, session, windows};

#[test]
fn windows_get_their_names_again_at_a_persons_word() {
    let world = World::new();
    world.team("orchestrator,developer,tester", SCRIPTED);
    world
        .torch(&["windows", "rename"])
        .ok()
        .prints("every window has its role's name");
    assert_eq!(
        world.torch(&["windows", "rename", "--json"]).ok().stdout,
        ""
    );
    let session = session(&world);
    for (role, name) in [("developer", "my editor #{pid}"), ("tester", "developer")] {
        let window = world.agent(role).pane.expect("a pane").window;
        world.tmux(&["rename-window", "-t", &window, name]).ok();
    }
    let renamed = windows(&world, &session);
    // torch knows them by their ids, whatever they are called.
    world.deliver("developer", "to the developer");
    world.deliver("tester", "to the tester");
    assert_eq!(world.received("tester"), ["to the tester"]);

    let asks = world.wait_for(DEADLINE, "the names to be seen", || {
        let ran = world.torch(&["windows", "rename"]);
        (ran.code == 2 && ran.stderr.contains("tester")).then_some(ran)
    });
    assert!(asks.stderr.contains("-> developer"), "{asks}");
    assert_eq!(windows(&world, &session), renamed, "nobody was asked");

    for (answer, code) in [("n", 1), ("y", 0)] {
        // Its server must not end between two of them.
        let terminal = world.terminal("exec torch windows rename");
        terminal.shows("Rename them?");
        terminal.keys(&[answer, "Enter"]);
        assert_eq!(terminal.ended(DEADLINE), code);
        let expected = match code {
            0 => vec!["orchestrator", "developer", "tester"],
            _ => renamed.iter().map(String::as_str).collect(),
        };
        assert_eq!(windows(&world, &session), expected);
    }
    let window = world.agent("tester").pane.expect("a pane").window;
    world.tmux(&["rename-window", "-t", &window, "x"]).ok();
    world.wait("the name to be seen", || {
        world.torch(&["windows", "rename"]).code == 2
    });
    follow_hint(&world, &world.torch(&["windows", "rename"])).prints("\"x\" -> tester");
    // Said at once after it was done, there is nothing left to do.
    world
        .torch(&["windows", "rename"])
        .ok()
        .prints("every window has its role's name");
}
