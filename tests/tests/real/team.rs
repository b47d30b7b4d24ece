//! A team of a demo orchestrator and one real developer, which tests write to.

use torch_testing::model::FakeModel;
use torch_testing::program::{RealProgram, required};
use torch_testing::{RealSetup, RealWorld};

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
