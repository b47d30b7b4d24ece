//! A throw-away home of a user with a login, and what starts a program in it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Kind, RealProgram, aider, claude, codex, gemini, opencode};

/// Where the throw-away users live: texts with times in them are the same on every machine.
const TIME_ZONE: &str = "Europe/London";

/// The account of the throw-away user. Only Claude Code knows more than one kind; the others always have a key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Account {
    /// A key, paid by use.
    #[default]
    ApiKey,
    /// A login by token that says nothing of a plan.
    Token,
    /// A subscription, Pro.
    Pro,
    /// A subscription, Max.
    Max,
}

/// A file that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("failed to write `{}`", path.display())]
pub struct SeedError {
    /// Its path.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}

/// How a program is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// The executable and the arguments that every start needs.
    pub argv: Vec<String>,
    /// The whole environment, but for what the terminal adds.
    pub env: Vec<(String, String)>,
}

impl Launch {
    /// The same with more arguments.
    #[must_use]
    pub fn args<A: Into<String>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.argv.extend(args.into_iter().map(Into::into));
        self
    }

    /// The same with a variable set.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.retain(|(other, _)| other != name);
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A home to be written for one program, one project and one model server.
#[derive(Debug, Clone)]
pub struct Seed {
    pub(super) program: RealProgram,
    pub(super) home: PathBuf,
    pub(super) project: PathBuf,
    pub(super) others: Vec<PathBuf>,
    pub(super) url: String,
    pub(super) account: Account,
    pub(super) trusted: bool,
    pub(super) approved: bool,
    pub(super) settings: Option<Value>,
}

impl Seed {
    /// A home in the folder `home` for a program that works in `project` and speaks to `url` (see
    /// [`crate::model::FakeModel::url`]): onboarding is done, the project is trusted, the account is a key.
    pub fn new(program: &RealProgram, home: &Path, project: &Path, url: &str) -> Self {
        Self {
            program: program.clone(),
            home: home.to_owned(),
            // Programs note the folders that they trust by their real path.
            project: project
                .canonicalize()
                .unwrap_or_else(|_| project.to_owned()),
            others: Vec::new(),
            url: url.to_owned(),
            account: Account::default(),
            trusted: true,
            approved: true,
            settings: None,
        }
    }

    /// With another account.
    #[must_use]
    pub fn account(mut self, account: Account) -> Self {
        self.account = account;
        self
    }

    /// With these projects as well, trusted or not as the first one is. Only Claude Code's home notes them.
    #[must_use]
    pub fn also(mut self, projects: &[PathBuf]) -> Self {
        let real = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
        self.others.extend(projects.iter().map(real));
        self
    }

    /// Without trust in the project: the program asks.
    #[must_use]
    pub fn untrusted(mut self) -> Self {
        self.trusted = false;
        self
    }

    /// Without approval of the key in the environment: Claude Code asks.
    #[must_use]
    pub fn unapproved(mut self) -> Self {
        self.approved = false;
        self
    }

    /// With these settings of the user, in the shape of the program's own file: `settings.json` of Claude Code, the
    /// whole configuration of Gemini CLI and opencode is merged with it. Codex and aider take none.
    #[must_use]
    pub fn settings(mut self, settings: Value) -> Self {
        self.settings = Some(settings);
        self
    }

    /// Writes the home.
    ///
    /// # Errors
    /// [`SeedError`] names the file that can't be written.
    pub fn write(&self) -> Result<Launch, SeedError> {
        let launch = Launch {
            argv: vec![self.program.executable.display().to_string()],
            env: self.environment(),
        };
        match self.program.kind {
            Kind::Claude => claude::seed(self, launch),
            Kind::Codex => codex::seed(self, launch),
            Kind::Gemini => gemini::seed(self, launch),
            Kind::Opencode => opencode::seed(self, launch),
            Kind::Aider => aider::seed(self, launch),
        }
    }

    /// What every program gets.
    fn environment(&self) -> Vec<(String, String)> {
        let home = self.home.display().to_string();
        // The programs that run on Node need it from where it is.
        let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".to_owned());
        let mut env = vec![
            ("HOME".to_owned(), home.clone()),
            ("PATH".to_owned(), path),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
            ("SHELL".to_owned(), "/bin/sh".to_owned()),
            ("USER".to_owned(), "tester".to_owned()),
            ("TZ".to_owned(), TIME_ZONE.to_owned()),
            ("GIT_CONFIG_GLOBAL".to_owned(), "/dev/null".to_owned()),
        ];
        for (name, folder) in [
            ("XDG_CONFIG_HOME", ".config"),
            ("XDG_DATA_HOME", ".local/share"),
            ("XDG_CACHE_HOME", ".cache"),
            ("XDG_STATE_HOME", ".local/state"),
        ] {
            env.push((name.to_owned(), format!("{home}/{folder}")));
        }
        env
    }

    /// Writes a file of the home.
    pub(super) fn file(&self, name: &str, text: &str) -> Result<(), SeedError> {
        let path = self.home.join(name);
        let folder = path.parent().unwrap_or(&self.home);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, text))
            .map_err(|source| SeedError { path, source })
    }

    /// Writes a JSON file of the home.
    pub(super) fn json(&self, name: &str, value: &Value) -> Result<(), SeedError> {
        self.file(name, &format!("{value:#}\n"))
    }

    /// The project's path as text.
    pub(super) fn project_path(&self) -> String {
        self.project.display().to_string()
    }

    /// `config` with the settings over it, object by object.
    pub(super) fn with_settings(&self, mut config: Value) -> Value {
        if let Some(settings) = &self.settings {
            merge(&mut config, settings);
        }
        config
    }
}

fn merge(below: &mut Value, above: &Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (key, value) in above {
                merge(below.entry(key).or_insert(Value::Null), value);
            }
        }
        (below, above) => *below = above.clone(),
    }
}

/// Variables as a launch has them.
pub(super) fn variables<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    let owned = pairs.into_iter();
    owned
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn seed(kind: Kind, home: &Path) -> Seed {
        let program = RealProgram {
            kind,
            version: "1".to_owned(),
            executable: PathBuf::from("/programs/it"),
        };
        Seed::new(&program, home, home, "http://127.0.0.1:9")
    }

    #[test]
    fn every_home_points_at_the_server_and_lies_in_its_folder() {
        for kind in Kind::ALL {
            let home = tempfile::tempdir().expect("a folder");
            let launch = seed(kind, home.path()).write().expect("a home");
            assert_eq!(launch.argv[0], "/programs/it");
            let folder = home.path().display().to_string();
            for name in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
                let value = launch.env.iter().find(|(other, _)| other == name);
                assert!(value.is_some_and(|(_, value)| value.starts_with(&folder)));
            }
            let written = walk(home.path());
            let points = launch
                .env
                .iter()
                .any(|(_, value)| value.contains("127.0.0.1:9"))
                || written.contains("127.0.0.1:9");
            assert!(points, "{kind:?}: {launch:?}\n{written}");
        }
    }

    fn walk(folder: &Path) -> String {
        let mut text = String::new();
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                text.push_str(&walk(&path));
            } else {
                text.push_str(&fs::read_to_string(path).expect("text"));
            }
        }
        text
    }

    #[test]
    fn settings_are_merged_object_by_object() {
        let mut below = json!({"a": {"b": 1, "c": 2}, "d": [1]});
        merge(&mut below, &json!({"a": {"b": 3}, "d": [2], "e": true}));
        assert_eq!(below, json!({"a": {"b": 3, "c": 2}, "d": [2], "e": true}));
    }

    #[test]
    fn a_variable_is_set_once() {
        let launch = Launch {
            argv: Vec::new(),
            env: variables([("A", "1"), ("B", "2")]),
        };
        assert_eq!(
            launch.env("A", "3").env,
            variables([("B", "2"), ("A", "3")])
        );
    }
}
