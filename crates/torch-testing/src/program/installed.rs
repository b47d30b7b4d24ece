//! Which programs are installed for tests, and where.

use std::env;
use std::path::{Path, PathBuf};

/// The list that `scripts/real-programs.sh` reads too: program, version, installer, package.
const LIST: &str = include_str!("../../../../scripts/real-programs.txt");

/// Names the folder that the programs are installed in; otherwise `programs` in cargo's target directory.
const FOLDER: &str = "TORCH_TEST_PROGRAMS";

/// Set to `require`, it makes a missing program a failure.
const REAL: &str = "TORCH_TEST_REAL";

/// An agent's program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Claude Code.
    Claude,
    /// Codex CLI.
    Codex,
    /// Gemini CLI.
    Gemini,
    /// opencode.
    Opencode,
    /// aider.
    Aider,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Claude,
        Self::Codex,
        Self::Gemini,
        Self::Opencode,
        Self::Aider,
    ];

    /// Its name, which is also its executable's.
    pub fn name(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
            Self::Opencode => "opencode",
            Self::Aider => "aider",
        }
    }

    /// The program of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether a screen shows its empty composer for the first time: what a person would wait for before typing.
    pub fn is_ready(self, screen: &str) -> bool {
        match self {
            Self::Claude => screen.lines().any(|line| line.starts_with('❯')),
            Self::Codex => screen.lines().any(|line| line.starts_with('›')),
            Self::Gemini => screen.contains("Type your message"),
            Self::Opencode => screen.contains("Ask anything"),
            // In the modes other than its usual one the prompt has the mode's name: `diff>`.
            Self::Aider => screen.lines().any(|line| {
                let line = line.trim_end();
                line.ends_with('>') && !line.contains(' ')
            }),
        }
    }
}

/// A program that is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RealProgram {
    /// Which one.
    pub kind: Kind,
    /// Its version.
    pub version: String,
    /// Its executable.
    pub executable: PathBuf,
}

/// A program that is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{program} {version} is not installed below `{}`: run scripts/real-programs.sh {program}@{version}", folder.display())]
pub struct NotInstalled {
    /// The program's name.
    pub program: String,
    /// The version that was looked for.
    pub version: String,
    /// The folder that was looked in.
    pub folder: PathBuf,
}

impl RealProgram {
    /// The program in the version that tests use where they say nothing else.
    ///
    /// # Errors
    /// [`NotInstalled`] where it isn't, or where no program has this name.
    pub fn find(program: &str) -> Result<Self, NotInstalled> {
        let version = listed(program).unwrap_or("of any version");
        Self::find_version(program, version)
    }

    /// The program in this version.
    ///
    /// # Errors
    /// As [`RealProgram::find`].
    pub fn find_version(program: &str, version: &str) -> Result<Self, NotInstalled> {
        let folder = folder();
        let missing = || NotInstalled {
            program: program.to_owned(),
            version: version.to_owned(),
            folder: folder.clone(),
        };
        let kind = Kind::named(program).ok_or_else(missing)?;
        let place = folder.join(program).join(version);
        let executable = match kind {
            Kind::Aider => place.join("bin/aider"),
            _ => place.join("node_modules/.bin").join(program),
        };
        // The mark is made last: without it an installation was interrupted.
        if !place.join(".installed").exists() || !executable.exists() {
            return Err(missing());
        }
        Ok(Self {
            kind,
            version: version.to_owned(),
            executable,
        })
    }
}

/// The program for a test, or `None` where it is not installed, which is printed. With `TORCH_TEST_REAL=require` that
/// fails the test.
///
/// # Panics
/// Where it is required and not there.
#[track_caller]
#[expect(
    clippy::print_stdout,
    reason = "a skipped test says so in the test's own output"
)]
pub fn required(test: &str, found: Result<RealProgram, NotInstalled>) -> Option<RealProgram> {
    match found {
        Ok(program) => Some(program),
        Err(missing) if env::var(REAL).is_ok_and(|word| word == "require") => {
            panic!("{missing}")
        }
        Err(missing) => {
            println!("SKIPPED {test}: {missing}");
            None
        }
    }
}

/// The first version that the list names for a program.
fn listed(program: &str) -> Option<&'static str> {
    LIST.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some(program)).then(|| words.next())?
    })
}

/// The folder of the installed programs.
fn folder() -> PathBuf {
    if let Some(folder) = env::var_os(FOLDER) {
        return PathBuf::from(folder);
    }
    let own = env::current_exe().unwrap_or_default();
    // Tests lie in target/debug/deps, programs in target/debug.
    let targets = own.ancestors().skip(2);
    let mut folders = targets.map(|target: &Path| target.join("programs"));
    let first = own.with_file_name("programs");
    folders.find(|folder| folder.is_dir()).unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_is_in_the_list() {
        for kind in Kind::ALL {
            assert!(listed(kind.name()).is_some(), "{}", kind.name());
            assert_eq!(Kind::named(kind.name()), Some(kind));
        }
        assert_eq!(listed("claude"), Some("2.1.329"));
        assert_eq!(listed("nope"), None);
    }

    #[test]
    fn what_is_missing_is_said_with_a_command() {
        let missing = RealProgram::find_version("claude", "0.0.1").expect_err("no such version");
        let text = missing.to_string();
        assert!(text.contains("claude 0.0.1 is not installed"), "{text}");
        assert!(
            text.ends_with("scripts/real-programs.sh claude@0.0.1"),
            "{text}"
        );
        assert!(RealProgram::find("nope").is_err());
    }
}
