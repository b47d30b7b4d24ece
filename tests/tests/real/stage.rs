//! A program in a repository of its own, ready for input.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use torch_testing::model::FakeModel;
use torch_testing::program::{Account, Launch, RealProgram, Seed, Size, Stage};

/// How long a program's screen must stay as it is before somebody types: it is drawn before keys are read.
const CALM: Duration = Duration::from_millis(1_000);

/// A program at its prompt, its model server and its project.
pub(crate) struct Ready {
    pub(crate) stage: Stage,
    pub(crate) model: FakeModel,
    pub(crate) project: PathBuf,
    pub(crate) home: PathBuf,
    // Ends after the program.
    _folder: TempDir,
}

/// Starts `program` in a trusted repository, and waits until it takes input.
pub(crate) fn ready(program: &RealProgram, model: FakeModel) -> Ready {
    ready_as(program, model, Account::ApiKey)
}

/// [`ready`] with another account.
pub(crate) fn ready_as(program: &RealProgram, model: FakeModel, account: Account) -> Ready {
    // Not below /tmp, which Codex does not like, but where cargo puts what tests make.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = tempfile::Builder::new().prefix("real-").tempdir_in(target);
    let folder = folder.expect("a folder in the target directory");
    let project = folder.path().join("project");
    torch_testing::make_repository(&project);
    let home = folder.path().join("home");
    std::fs::create_dir(&home).expect("a folder");
    let seed = Seed::new(program, &home, &project, &model.url()).account(account);
    let launch = start(program, seed.write().expect("a home"));
    let stage = Stage::open(&launch, &project, Size::USUAL);
    stage.settle(
        &format!("{}'s prompt", program.kind.name()),
        CALM,
        |screen| program.kind.is_ready(screen),
    );
    Ready {
        stage,
        model,
        project,
        home,
        _folder: folder,
    }
}

/// The arguments of a test's start: what is run is asked for, by every program.
fn start(program: &RealProgram, launch: Launch) -> Launch {
    match program.kind.name() {
        "claude" => launch.args(["--permission-mode", "default"]),
        _ => launch,
    }
}
