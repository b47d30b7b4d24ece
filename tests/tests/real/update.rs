//! An update of Claude Code under a team: what runs goes on, and its next start is the new program with its conversation.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use torch_testing::RealWorld;
use torch_testing::model::FakeModel;
use torch_testing::program::{RealProgram, required};
use torch_testing::{RealSetup, poll};

use crate::team::{ROLE, kill, raise, remembers};

/// The version before the update.
const OLD: &str = "2.1.197";

/// Claude Code at a path of its own, which an update changes.
struct Place {
    folder: TempDir,
    old: RealProgram,
    new: RealProgram,
}

impl Place {
    /// The old version, at a path that `put` makes.
    fn new(test: &str, put: fn(&Path, &Path)) -> Option<Self> {
        let test = format!("real::{test}");
        let old = required(&test, RealProgram::find_version("claude", OLD))?;
        let new = required(&test, RealProgram::find("claude"))?;
        // Beside what is installed, so that files can be linked.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = tempfile::Builder::new()
            .prefix("update-")
            .tempdir_in(target);
        let folder = folder.expect("a folder in the target directory");
        put(&real(&old), &folder.path().join("claude"));
        Some(Self { folder, old, new })
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("claude")
    }

    /// A team whose developer is the program at that path.
    fn team(&self) -> RealWorld {
        let program = RealProgram {
            executable: self.path(),
            ..self.old.clone()
        };
        let world = RealSetup::new(&[&program], FakeModel::start()).open();
        raise(&world, "claude");
        world
    }

    /// Puts the new version in the old one's place in one step, as updates do.
    fn update(&self, put: fn(&Path, &Path)) {
        let beside = self.folder.path().join("claude.new");
        put(&real(&self.new), &beside);
        std::fs::rename(beside, self.path()).expect("the path is taken over");
    }
}

fn real(program: &RealProgram) -> PathBuf {
    program.executable.canonicalize().expect("it is installed")
}

/// As the native installer does: a link to the version.
fn link(program: &Path, path: &Path) {
    symlink(program, path).expect("a link");
}

/// As a package manager does: the file itself.
fn file(program: &Path, path: &Path) {
    if std::fs::hard_link(program, path).is_err() {
        std::fs::copy(program, path).expect("a copy");
    }
}

/// What the operating system says is run.
fn runs(world: &RealWorld) -> String {
    let pid = world.agent(ROLE).pid.expect("it runs");
    let exe = std::fs::read_link(format!("/proc/{pid}/exe")).expect("a process of this user");
    exe.display().to_string()
}

/// Sends a body, and waits until it was answered.
fn deliver(world: &RealWorld, body: &str) {
    let id = world.post(ROLE, body);
    world.wait_consumed(&id);
    world.wait_quiet(ROLE);
}

/// What `torch` says is installed.
fn says(world: &RealWorld, version: &str) {
    for words in [&["agents", "list"][..], &["doctor"]] {
        let ran = world.torch(words);
        assert!(ran.stdout.contains(version), "no {version} in {ran}");
    }
}

/// The first message, an update while the program runs, and the second one to the same program.
fn update_under(world: &RealWorld, place: &Place, put: fn(&Path, &Path)) {
    deliver(world, "remember this");
    says(world, OLD);
    let before = world.agent(ROLE);
    place.update(put);
    deliver(world, "still the old one");
    let after = world.agent(ROLE);
    assert_eq!(after.pid, before.pid, "{}", world.whole_picture());
    says(world, &place.new.version);
}

/// The new program has the conversation of the old one, its state is told, and messages arrive.
fn goes_on(world: &RealWorld, conversation: Option<&str>) {
    deliver(world, "what was it");
    remembers(
        world,
        "what was it",
        &["remember this", "still the old one"],
        &[],
    );
    assert_eq!(
        world.agent(ROLE).conversation.as_deref(),
        conversation,
        "{}",
        world.whole_picture()
    );
    let sent = ["remember this", "still the old one", "what was it"];
    assert_eq!(world.bodies(ROLE), sent, "{}", world.whole_picture());
}

/// An update while the program runs, which is then killed.
fn updated_and_killed(test: &str, put: fn(&Path, &Path)) {
    let Some(place) = Place::new(test, put) else {
        return;
    };
    let world = place.team();
    update_under(&world, &place, put);
    let before = world.agent(ROLE);
    kill(&world, &[before.pid.expect("it runs")]);
    goes_on(&world, before.conversation.as_deref());
    let version = &place.new.version;
    let now = poll(torch_testing::DEADLINE, || {
        let exe = runs(&world);
        let new = real(&place.new).display().to_string();
        (exe == new || exe == place.path().display().to_string()).then_some(exe)
    });
    assert!(now.is_some(), "{version} is not run but {}", runs(&world));
}

#[test]
fn a_version_that_is_linked_anew_goes_on_after_a_kill() {
    updated_and_killed("update_link", link);
}

#[test]
fn a_file_that_is_replaced_goes_on_after_a_kill() {
    updated_and_killed("update_file", file);
}

#[test]
fn an_update_before_a_stopped_team_is_resumed() {
    let Some(place) = Place::new("update_resume", link) else {
        return;
    };
    let world = place.team();
    update_under(&world, &place, link);
    let before = world.agent(ROLE);
    world.torch(&["stop"]).ok();
    world.torch(&["resume"]).ok();
    goes_on(&world, before.conversation.as_deref());
    assert_eq!(runs(&world), real(&place.new).display().to_string());
}
