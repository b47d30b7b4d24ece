//! One recording: a program at one width, section by section.

use std::cell::RefCell;
use std::fs;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use torch_testing::model::{FakeModel, Settings};
use torch_testing::program::{Launch, RealProgram, Seed, Size, Stage};

use crate::scene::Scene;

/// Some states that are reached in one go.
pub(crate) struct Section {
    /// The states that it saves, in order.
    pub(crate) states: &'static [&'static str],
    /// Goes through them.
    pub(crate) run: fn(&Recorder),
}

impl Section {
    pub(crate) fn has(&self, state: &str) -> bool {
        self.states.contains(&state)
    }
}

/// What the sections start programs with, and where screens go.
pub(crate) struct Recorder {
    pub(crate) program: RealProgram,
    pub(crate) size: Size,
    pub(crate) folder: PathBuf,
    states: Vec<String>,
    /// The same on every machine, since programs show it.
    place: PathBuf,
    /// Where the throw-away homes lie, which programs don't show.
    homes: tempfile::TempDir,
    /// States that this version does not have.
    lacking: RefCell<Vec<String>>,
    /// What the programs asked the model, to see why a state was not reached.
    log: PathBuf,
}

impl Recorder {
    pub(crate) fn new(
        program: &RealProgram,
        columns: u16,
        folder: PathBuf,
        states: &[String],
    ) -> anyhow::Result<Self> {
        let name = program.kind.name();
        let place = PathBuf::from(format!("/tmp/record-{name}-{}-{columns}", program.version));
        if place.exists() {
            bail!(
                "`{0}` is there: another recording runs, or was interrupted (rm -r {0})",
                place.display()
            );
        }
        // Beside this program and not below /tmp, which Codex does not like.
        let own = std::env::current_exe().context("failed to find this program's own folder")?;
        let near = own.parent().context("this program lies in no folder")?;
        let homes = tempfile::Builder::new().prefix("record-").tempdir_in(near);
        let log = near.join(format!("record-{name}-{}-{columns}.jsonl", program.version));
        fs::remove_file(&log).ok();
        Ok(Self {
            program: program.clone(),
            size: Size {
                columns,
                rows: if columns < 100 {
                    Size::SMALL.rows
                } else {
                    Size::USUAL.rows
                },
            },
            folder,
            states: states.to_vec(),
            place,
            homes: homes.context("failed to make a folder for homes")?,
            lacking: RefCell::default(),
            log,
        })
    }

    /// Goes through the sections that have a wanted state; whether all went well.
    pub(crate) fn record(&self, sections: &[Section]) -> anyhow::Result<bool> {
        let mut well = true;
        for section in sections {
            if !section.states.iter().any(|state| self.wants(state)) {
                continue;
            }
            // A section that fails shows its last screen in its panic; the others go on.
            let ran = catch_unwind(AssertUnwindSafe(|| (section.run)(self)));
            if ran.is_err() {
                well = false;
                self.say(&format!("FAILED {}", section.states.join(" ")))?;
            }
            for state in section.states.iter().filter(|state| self.wants(state)) {
                let lacks = self.lacking.borrow().iter().any(|it| it == state);
                if !lacks && !self.folder.join(format!("{state}.ansi")).is_file() {
                    well = false;
                    self.say(&format!("MISSING {state}"))?;
                }
            }
        }
        if self.states.is_empty() {
            self.remove_others(sections)?;
        }
        Ok(well)
    }

    /// Removes the fixtures of states that there are no more.
    fn remove_others(&self, sections: &[Section]) -> anyhow::Result<()> {
        let listing = || format!("failed to list `{}`", self.folder.display());
        for entry in fs::read_dir(&self.folder).with_context(listing)? {
            let path = entry.with_context(listing)?.path();
            let state = path.file_stem().unwrap_or_default().to_string_lossy();
            let lacks = self.lacking.borrow().iter().any(|it| *it == state);
            if lacks || !sections.iter().any(|section| section.has(&state)) {
                fs::remove_file(&path)
                    .with_context(|| format!("failed to remove `{}`", path.display()))?;
                self.say(&format!("removed {state}"))?;
            }
        }
        Ok(())
    }

    /// Notes that this version of the program does not have a state, and why.
    #[track_caller]
    pub(crate) fn lacks(&self, state: &str, why: &str) {
        if self.wants(state) {
            let said = self.say(&format!("lacks {state}: {why}"));
            said.expect("the standard output is there");
        }
        self.lacking.borrow_mut().push(state.to_owned());
    }

    pub(crate) fn wants(&self, state: &str) -> bool {
        self.states.is_empty() || self.states.iter().any(|it| it == state)
    }

    /// Prints a line about this recording.
    pub(crate) fn say(&self, line: &str) -> anyhow::Result<()> {
        let name = self.program.kind.name();
        let Size { columns, .. } = self.size;
        let mut out = std::io::stdout().lock();
        Ok(writeln!(
            out,
            "{name} {} {columns}: {line}",
            self.program.version
        )?)
    }

    /// The program in a fresh home and a fresh project, with a model of its own. `seed` and `launch` may change what is
    /// usual.
    #[track_caller]
    pub(crate) fn open(
        &self,
        seed: impl FnOnce(Seed) -> Seed,
        launch: impl FnOnce(Launch) -> Launch,
    ) -> Scene<'_> {
        let model = FakeModel::with(Settings {
            log: Some(self.log.clone()),
            ..Settings::default()
        });
        let model = model.expect("a loopback port");
        let project = self.place.join("project");
        fs::remove_dir_all(&self.place).ok();
        torch_testing::make_repository(&project);
        let home = tempfile::tempdir_in(self.homes.path()).expect("a folder for a home");
        let home = home.keep();
        let seed = seed(Seed::new(&self.program, &home, &project, &model.url()));
        let launch = launch(seed.write().expect("a home"));
        let stage = Stage::open(&launch, &project, self.size);
        Scene::new(self, stage, model)
    }

    /// The project's folder.
    pub(crate) fn project(&self) -> PathBuf {
        self.place.join("project")
    }

    /// The folder of the fixtures.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.place).ok();
    }
}
