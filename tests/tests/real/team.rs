//! A team of a demo orchestrator and one real developer, which tests write to.

use torch_testing::model::FakeModel;
use torch_testing::program::{RealProgram, required};
use torch_testing::{REAL_DEADLINE, RealSetup, RealWorld};

/// Who is written to.
pub(crate) const ROLE: &str = "developer";

/// The roles of the team.
pub(crate) const ROLES: &str = "orchestrator,developer";

/// A world with the program `name`, not raised yet; `None` where it is not installed.
pub(crate) fn world(
    test: &str,
    name: &str,
    shape: impl FnOnce(RealSetup) -> RealSetup,
) -> Option<RealWorld> {
    let program = required(&format!("real::{test}"), RealProgram::find(name))?;
    let setup = shape(RealSetup::new(&[&program], FakeModel::start()));
    // Tests have no terminal, and answer questions nevertheless.
    Some(setup.open().with("TORCH_IDENTITY_SCRIPTS", "true"))
}

/// Raises the team, and waits until the developer takes messages.
pub(crate) fn raise(world: &RealWorld, name: &str) {
    world.raise(ROLES, &format!("demo,{ROLE}={name}"));
    world.wait_quiet(ROLE);
}

/// Both: a team whose developer is the program `name`.
pub(crate) fn team(test: &str, name: &str) -> Option<RealWorld> {
    let world = world(test, name, |setup| setup)?;
    raise(&world, name);
    Some(world)
}

/// Ends processes as an accident does.
pub(crate) fn kill(world: &RealWorld, pids: &[u32]) {
    let pids = pids.iter().map(u32::to_string);
    let kill = world.command("kill").args(["-s", "KILL"]);
    world.run(&kill.args(pids)).ok();
}

/// The conversation in which `asked` was said holds all that is `known`, and nothing that is `foreign`.
#[track_caller]
pub(crate) fn remembers(world: &RealWorld, asked: &str, known: &[&str], foreign: &[&str]) {
    let conversation = torch_testing::poll(REAL_DEADLINE, || {
        let requests = world.requests().into_iter();
        let mut main = requests.filter(|it| it.is_main());
        main.find(|it| it.all_user.iter().any(|text| text.contains(asked)))
            .map(|it| it.all_user.join("\n"))
    });
    let Some(conversation) = conversation else {
        panic!("nobody was asked {asked:?}\n{}", world.whole_picture());
    };
    for word in known {
        assert!(
            conversation.contains(word),
            "{asked:?}: no {word} in {conversation}"
        );
    }
    for word in foreign {
        assert!(
            !conversation.contains(word),
            "{asked:?}: {word} in {conversation}"
        );
    }
}
