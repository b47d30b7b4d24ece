//! The work of a step outside the program: git, `scm`, `torch`, the shell. Blocking; it runs on a thread of its own.

mod git;

use std::io::Write as _;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use torch_process::{CommandSpec, Environment, Output, ProcessError};

use crate::play::{Item, spec};
use crate::step::{Commit, Open, Send, Step};

/// How long a shell command may take.
const SHELL_DEADLINE: Duration = Duration::from_secs(600);
/// How long `scm` and `torch` may take: more than their own deadlines.
const MESSAGE_DEADLINE: Duration = Duration::from_secs(30);
/// `scm`'s exit codes after which another try can't succeed: wrong target, refused by policy.
const FINAL_CODES: [i32; 2] = [2, 4];
/// How many lines a flood prints at a time.
const FLOOD_LINES: usize = 200;
/// How many lines of a command's output are shown.
const SHOWN_LINES: usize = 20;

/// Where the work happens.
#[derive(Debug, Clone)]
pub(crate) struct World {
    /// The working directory: the role's worktree.
    pub cwd: PathBuf,
    /// The environment of everything that is started.
    pub env: Environment,
    /// The role, as commit author where git knows none.
    pub role: String,
    /// The spec.
    pub spec: Option<PathBuf>,
}

/// What a step's work gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Done {
    /// Lines for the conversation.
    pub shown: Vec<String>,
    /// What later steps of the turn may name as `{name}`.
    pub found: Vec<(String, String)>,
    /// For the line at the turn's end.
    pub summary: Option<String>,
    /// A message's body, read from its file.
    pub body: Option<String>,
    /// What the spec asks for.
    pub items: Vec<Item>,
}

/// Why a step's work failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// In one line.
    pub text: String,
    /// Whether another try may succeed.
    pub again: bool,
}

impl Failure {
    fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            again: false,
        }
    }
}

/// Does a step's work. Steps that need none are done at once.
///
/// # Errors
/// [`Failure`], in words for the conversation.
pub(crate) fn perform(step: &Step, world: &World) -> Result<Done, Failure> {
    match step {
        Step::Shell(shell) => world.shell(&shell.command),
        Step::Ignore(signals) => crate::deaf::ignore(signals)
            .map(|()| Done::default())
            .map_err(|name| Failure::new(format!("{name} is no signal that can be ignored"))),
        Step::Commit(commit) => world.commit(commit),
        Step::Keep(commit) => world.keep(commit),
        Step::TaskDone { id, words } => Ok(world.task_done(id, words)),
        Step::Scm(scm) => world.send(&scm.to, &scm.text, None),
        Step::Send(Send { to, body, key, .. }) => world.send(to, body, Some(key)),
        Step::Complete(text) => world.complete(text),
        Step::Open(open) => world.open(open),
        Step::Survey { branch } => world.survey(branch),
        Step::Check { branch, items } => world.check(branch, *items),
        Step::Flood(work) => flood(Duration::from_millis(work.ms)),
        Step::Say(_)
        | Step::Work(_)
        | Step::AskPermission(_)
        | Step::Limit(_)
        | Step::StillLimited
        | Step::Crash(_)
        | Step::Draft(_)
        | Step::Hang => Ok(Done::default()),
    }
}

impl World {
    fn command(&self, program: &str, deadline: Duration) -> CommandSpec {
        CommandSpec::new(program, &self.cwd, self.env.clone(), deadline)
    }

    fn shell(&self, command: &str) -> Result<Done, Failure> {
        let spec = self.command("sh", SHELL_DEADLINE).args(["-c", command]);
        let output = torch_process::run(&spec).map_err(broken)?;
        let all = format!("{}\n{}", output.text(), output.error_text());
        let mut shown = vec![format!("$ {command}")];
        shown.extend(all.trim().lines().take(SHOWN_LINES).map(str::to_owned));
        if !output.success() {
            shown.push(format!("ended with {}", output.status));
            return Err(Failure::new(shown.join("\n")));
        }
        Ok(Done {
            shown,
            summary: Some("ran a command".to_owned()),
            ..Done::default()
        })
    }

    fn send(&self, to: &str, body: &str, key: Option<&str>) -> Result<Done, Failure> {
        let mut spec = self
            .command("scm", MESSAGE_DEADLINE)
            .args([to, "--stdin"])
            .stdin(body);
        if let Some(key) = key {
            spec = spec.args(["--key", key]);
        }
        let first = body.lines().next().unwrap_or_default();
        match torch_process::run(&spec) {
            Ok(output) if output.success() => Ok(Done {
                shown: vec![format!("sent to {to}: {first}")],
                summary: Some(format!("told {to} \"{first}\"")),
                ..Done::default()
            }),
            Ok(output) => Err(Failure {
                again: !output
                    .status
                    .code()
                    .is_some_and(|code| FINAL_CODES.contains(&code)),
                text: format!("failed to send to {to} \"{first}\": {}", reason(&output)),
            }),
            Err(error) => Err(Failure {
                again: matches!(error, ProcessError::Deadline { .. }),
                text: format!("failed to send to {to} \"{first}\": {}", chain(&error)),
            }),
        }
    }

    fn complete(&self, text: &str) -> Result<Done, Failure> {
        let spec = self
            .command("torch", MESSAGE_DEADLINE)
            .args(["complete", text]);
        let output = torch_process::run(&spec).map_err(broken)?;
        if !output.success() {
            return Err(Failure::new(format!(
                "failed to report completion: {}",
                reason(&output)
            )));
        }
        Ok(Done {
            shown: vec![format!("reported complete: {text}")],
            summary: Some("reported the work complete".to_owned()),
            ..Done::default()
        })
    }

    fn open(&self, open: &Open) -> Result<Done, Failure> {
        let body = match &open.body_file {
            Some(path) => Some(self.read(path)?),
            None => None,
        };
        let planned = open.plan.then(|| self.planned()).flatten();
        // A play that needs the spec reports that it has none.
        let read = || {
            let text = self.spec.as_ref().and_then(|path| self.read(path).ok());
            text.as_deref().map(spec::items)
        };
        Ok(Done {
            body,
            items: planned.or_else(read).unwrap_or_default(),
            ..Done::default()
        })
    }

    /// The tasks of the team's plan, in its order; `None` where there is no plan, or no torch.
    fn planned(&self) -> Option<Vec<Item>> {
        let spec = self
            .command("torch", MESSAGE_DEADLINE)
            .args(["plan", "show", "--json"]);
        let output = torch_process::run(&spec).ok().filter(Output::success)?;
        spec::planned(&output.text())
    }

    /// Says in the team's plan that a task is done. What fails here is shown, and does not end the play.
    fn task_done(&self, id: &str, words: &str) -> Done {
        let spec = self
            .command("torch", MESSAGE_DEADLINE)
            .args(["plan", "set", id, "done", "--why", words]);
        let shown = match torch_process::run(&spec) {
            Ok(output) if output.success() => format!("{id} is done in the plan"),
            Ok(output) => format!("{id} was not noted in the plan: {}", reason(&output)),
            Err(error) => format!("{id} was not noted in the plan: {}", chain(&error)),
        };
        Done {
            shown: vec![shown],
            ..Done::default()
        }
    }

    fn read(&self, path: &Path) -> Result<String, Failure> {
        let path = self.cwd.join(path);
        std::fs::read(&path)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .map_err(|error| Failure::new(format!("failed to read {}: {error}", path.display())))
    }

    /// Writes a commit's file; it must lie inside the working directory.
    fn write(&self, commit: &Commit) -> Result<(), Failure> {
        let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        if !commit.file.components().all(plain) {
            let text = format!(
                "the file {} is not inside the worktree",
                commit.file.display()
            );
            return Err(Failure::new(text));
        }
        let path = self.cwd.join(&commit.file);
        let write = || {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let fallback = || format!("{}\n", commit.message);
            std::fs::write(&path, commit.content.clone().unwrap_or_else(fallback))
        };
        write().map_err(|error: std::io::Error| {
            Failure::new(format!("failed to write {}: {error}", path.display()))
        })
    }
}

/// Fills the terminal until the time is over.
fn flood(time: Duration) -> Result<Done, Failure> {
    let line = "flood flood flood flood flood flood flood flood flood flood flood flood\r\n";
    let chunk = line.repeat(FLOOD_LINES);
    let began = std::time::Instant::now();
    let mut bytes = 0;
    while began.elapsed() < time {
        // The loop draws between two chunks.
        let written = std::io::stdout().lock().write_all(chunk.as_bytes());
        written.map_err(|error| Failure::new(format!("failed to flood: {error}")))?;
        bytes += chunk.len();
    }
    Ok(Done {
        summary: Some(format!("printed {} kB", bytes / 1000)),
        ..Done::default()
    })
}

fn broken(error: ProcessError) -> Failure {
    Failure::new(chain(&error))
}

/// An error with its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}

/// Why a command ended as it did, in one line.
fn reason(output: &Output) -> String {
    let text = output.error_text();
    let line = text.lines().find(|line| !line.trim().is_empty());
    match line {
        Some(line) => format!("{} ({})", line.trim(), output.status),
        None => output.status.to_string(),
    }
}

#[cfg(test)]
mod tests;
