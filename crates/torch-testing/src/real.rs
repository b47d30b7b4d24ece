//! A world whose agents are the real programs, in front of a fake model server.
//!
//! It is a [`World`] with the programs first on `PATH`, a seeded throw-away home for each, and the variables that torch
//! passes on to them. Everything of it ends before the model server does.

use std::ffi::OsStr;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::model::{FakeModel, ModelRequest, Settings, arrived};
use crate::program::{Account, Kind, RealProgram, Seed};
use crate::tagged::{Tagged, tagged};
use crate::wait::DEADLINE;
use crate::{Message, Ran, SCRIPTED, World, binaries};

/// How long a team of real programs may take to be briefed: each starts in 0.5 to 3 s on an idle machine.
const RAISE_DEADLINE: Duration = Duration::from_secs(120);

/// How long something may take that a real program has to do.
pub const REAL_DEADLINE: Duration = Duration::from_secs(90);

/// What a seed says of a user's home that the world says already.
const OF_THE_WORLD: [&str; 8] = [
    "HOME",
    "PATH",
    "SHELL",
    "GIT_CONFIG_GLOBAL",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_CACHE_HOME",
    "XDG_STATE_HOME",
];

/// What a [`RealWorld`] is made of.
#[derive(Debug)]
pub struct RealSetup {
    programs: Vec<RealProgram>,
    model: FakeModel,
    account: Account,
    trusted: bool,
    settings: Option<Value>,
}

impl RealSetup {
    /// A world with these programs, which speak to `model`: the project is trusted, the account is a key.
    pub fn new(programs: &[&RealProgram], model: FakeModel) -> Self {
        Self {
            programs: programs.iter().map(|&program| program.clone()).collect(),
            model,
            account: Account::default(),
            trusted: true,
            settings: None,
        }
    }

    /// With another account.
    #[must_use]
    pub fn account(mut self, account: Account) -> Self {
        self.account = account;
        self
    }

    /// Without trust in the project: the programs ask.
    #[must_use]
    pub fn untrusted(mut self) -> Self {
        self.trusted = false;
        self
    }

    /// With these settings of the user (see [`Seed::settings`]).
    #[must_use]
    pub fn settings(mut self, settings: Value) -> Self {
        self.settings = Some(settings);
        self
    }

    /// Makes the world; no daemon and no team yet.
    #[track_caller]
    pub fn open(self) -> RealWorld {
        // Not below /tmp, where Codex does without its sandbox.
        let own = binaries::built().join("tmp");
        std::fs::create_dir_all(&own).expect("a folder in the target directory");
        let homes = tempfile::Builder::new().prefix("rw-").tempdir_in(&own);
        let homes = homes.expect("a folder in the target directory");
        // Gemini CLI reads no settings from below a folder that anybody may write to.
        let gemini = |program: &RealProgram| program.kind == Kind::Gemini;
        let world = match self.programs.iter().any(gemini) {
            true => World::below(&own),
            false => World::new(),
        };
        let mut world = world.with("TORCH_LIMITS_TURNS_PER_HOUR", "0");
        for program in &self.programs {
            world = self.add(world, program, homes.path());
        }
        // Codex runs commands in a login shell, which begins with the system's own PATH, as a user's profile does not.
        let path = world.env[OsStr::new("PATH")].to_string_lossy();
        let profile = format!(
            "export PATH={}\n",
            torch_process::quote::shell(path.as_ref())
        );
        let file = world.folder().join("home/.profile");
        std::fs::write(file, profile).expect("a profile in the world's home");
        let port = self.model.port();
        RealWorld {
            world,
            model: Some(self.model),
            port,
            earlier: Vec::new(),
            homes,
        }
    }

    /// Seeds the program's home, and puts the program and its variables into the world's environment.
    fn add(&self, world: World, program: &RealProgram, homes: &Path) -> World {
        // Only the first two can be told by a variable where their home is; the others look in the user's.
        let home = match program.kind {
            Kind::Claude | Kind::Codex => homes.join(program.kind.name()),
            Kind::Gemini | Kind::Opencode | Kind::Aider => world.folder().join("home"),
        };
        let project = world.project();
        let mut seed = Seed::new(program, &home, &project, &self.model.url()).account(self.account);
        if !self.trusted {
            seed = seed.untrusted();
        }
        if let Some(settings) = &self.settings {
            seed = seed.settings(settings.clone());
        }
        let launch = seed.write().expect("a home");
        let place = program.executable.parent().unwrap_or(Path::new("/"));
        let path = std::env::join_paths(
            std::iter::once(place.to_owned())
                .chain(std::env::split_paths(&world.env[OsStr::new("PATH")])),
        );
        let path = path.expect("paths without colons");
        let mut world = world.with("PATH", path.to_str().expect("a path in UTF-8"));
        for (name, value) in &launch.env {
            if !OF_THE_WORLD.contains(&name.as_str()) {
                world = world.with(name, value);
            }
        }
        world
    }
}

/// A world with real programs and their model server.
#[derive(Debug)]
pub struct RealWorld {
    // Ends first: the programs in it speak to the model.
    world: World,
    model: Option<FakeModel>,
    port: u16,
    earlier: Vec<ModelRequest>,
    homes: TempDir,
}

impl Deref for RealWorld {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl RealWorld {
    /// The same with a variable more (see [`World::with`]).
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.world = self.world.with(name, value);
        self
    }

    /// The model server, which must not be stopped.
    #[track_caller]
    pub fn model(&self) -> &FakeModel {
        self.model.as_ref().expect("a model server that runs")
    }

    /// The folder that the home of Claude Code or Codex lies in; the others have the world's.
    pub fn program_home(&self, program: &str) -> PathBuf {
        self.homes.path().join(program)
    }

    /// Ends the model server: its port refuses connections. What it was asked is kept.
    pub fn stop_model(&mut self) {
        if let Some(model) = self.model.take() {
            self.earlier.extend(model.requests());
        }
    }

    /// Starts the model server again on its port, without a brain.
    ///
    /// # Panics
    /// Where something else has taken the port.
    #[track_caller]
    pub fn start_model(&mut self) {
        let settings = Settings {
            port: self.port,
            log: None,
        };
        self.model = Some(FakeModel::with(settings).expect("the port is free again"));
    }

    /// `torch auto` on the spec, with `agents` as `--agent` takes them (`demo,developer=claude`); demo agents do as they
    /// are told and nothing else. Nothing is checked.
    #[track_caller]
    pub fn auto(&self, roles: &str, agents: &str) -> Ran {
        let mut line = vec!["auto", "--spec", "spec.md", "--yes"];
        line.extend(["--roles", roles, "--agent", agents]);
        let scenario = self.folder().join("scenario.toml");
        let scenario = scenario.display().to_string();
        if agents.contains("demo") {
            std::fs::write(&scenario, SCRIPTED).expect("a file for the scenario");
            line.extend(["--scenario", &scenario]);
        }
        let mut spec = self.command("torch").args(line);
        spec.deadline = RAISE_DEADLINE;
        match torch_process::run(&spec) {
            Ok(output) => Ran::new(&output),
            Err(error) => panic!("{error}\n{}", self.whole_picture()),
        }
    }

    /// [`RealWorld::auto`], which must brief everybody.
    #[track_caller]
    pub fn raise(&self, roles: &str, agents: &str) {
        let ran = self.auto(roles, agents);
        assert_eq!(ran.code, 0, "{ran}\n{}", self.picture());
        for agent in self.agents() {
            assert!(agent.briefed, "{agent:?}\n{}", self.picture());
        }
    }

    /// All requests so far, those to a stopped server too.
    #[track_caller]
    pub fn requests(&self) -> Vec<ModelRequest> {
        let mut requests = self.earlier.clone();
        requests.extend(self.model.iter().flat_map(FakeModel::requests));
        requests
    }

    /// The messages to a role that reached the model, in order, each as often as it did; torch's own are not among them.
    #[track_caller]
    pub fn arrived(&self, role: &str) -> Vec<Tagged> {
        let texts = arrived(&self.requests());
        let mut messages: Vec<Tagged> = texts.iter().flat_map(|text| tagged(text)).collect();
        messages.retain(|message| message.to == role && message.from != "torch");
        messages
    }

    /// Their bodies.
    #[track_caller]
    pub fn bodies(&self, role: &str) -> Vec<String> {
        let arrived = self.arrived(role).into_iter();
        arrived.map(|message| message.body).collect()
    }

    /// Sends `body` to `role` over the socket, which is quicker than a process; its id.
    ///
    /// # Panics
    /// Where it is not accepted.
    #[track_caller]
    pub fn post(&self, role: &str, body: &str) -> String {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let key = format!("post-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        match self.try_send(role, body, &key) {
            Some(id) => id,
            None => panic!("{body:?} was not accepted\n{}", self.picture()),
        }
    }

    /// [`World::wait_message`] with a real program's deadline.
    #[track_caller]
    pub fn wait_consumed(&self, id: &str) -> Message {
        self.wait_message_for(id, "consumed", REAL_DEADLINE)
    }

    /// Waits until an agent takes messages, with a real program's deadline.
    #[track_caller]
    pub fn wait_quiet(&self, role: &str) {
        self.wait_agent(role, REAL_DEADLINE, "ready or idle", |agent| {
            matches!(agent.state.as_str(), "ready" | "idle")
        });
    }

    /// Waits until the model sees what is `wanted`.
    ///
    /// # Panics
    /// At the deadline, with all that there is to see.
    #[track_caller]
    pub fn model_sees<T>(&self, what: &str, wanted: impl FnMut(&[ModelRequest]) -> Option<T>) -> T {
        let seen = self.model().wait_for(REAL_DEADLINE, wanted);
        seen.unwrap_or_else(|| panic!("the model never saw {what}\n{}", self.whole_picture()))
    }

    /// [`World::picture`] and the model's.
    pub fn whole_picture(&self) -> String {
        let model = self.model.as_ref().map(FakeModel::picture);
        format!("{}\n{}", self.picture(), model.unwrap_or_default())
    }

    /// The open questions, as `torch pending --json` gives them.
    #[track_caller]
    pub fn pending(&self) -> Vec<Value> {
        let answer: Value = self.torch(&["pending", "--json"]).ok().json();
        let questions = answer["questions"].as_array().or_else(|| answer.as_array());
        questions.cloned().unwrap_or_default()
    }

    /// Waits for an open question, and gives it.
    #[track_caller]
    pub fn wait_question(&self) -> Value {
        self.wait_for(DEADLINE, "an open question", || {
            self.pending().into_iter().next()
        })
    }
}
