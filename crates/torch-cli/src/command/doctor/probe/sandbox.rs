//! The doors from inside the sandbox of a program's shell tool, where the program can run a command in it without a model.
//!
//! The commands are given as words and run by no shell. What counts is what torch has got, not what they print.

use std::path::Path;
use std::time::Duration;

use torch_core::config::Config;
use torch_core::forbidden::RULES_VARIABLE;
use torch_core::program::fill_variables;
use torch_process::{CommandSpec, Environment, Output, run};

use super::finding::Finding;
use super::folder::NOTE;
use super::world::World;
use super::{Subject, variables};
use crate::connect::autostart;
use crate::error::CommandError;
use crate::render::first_line;

/// How long a command in the sandbox may take.
const DEADLINE: Duration = Duration::from_secs(30);
/// How long a file in the outbox may take to get its receipt.
const RECEIPT: Duration = Duration::from_secs(10);
/// What a command's own words are cut to, in characters.
const WORDS: usize = 160;

/// The row of torch's hooks in git.
pub(super) const GIT_HOOKS: &str = "git hooks";

/// What was found from inside.
pub(super) struct Boxed {
    pub(super) doors: Vec<Finding>,
}

/// A sandbox that commands can be run in.
struct Sandbox<'a> {
    argv: Vec<String>,
    worktree: &'a Path,
    env: Environment,
}

impl Sandbox<'_> {
    fn run(&self, words: &[&str]) -> Result<Output, CommandError> {
        let (program, args) = self
            .argv
            .split_first()
            .map_or(("false", &[][..]), |(first, rest)| (first, rest));
        let spec = CommandSpec::new(program, self.worktree, self.env.clone(), DEADLINE)
            .args(args.iter().cloned())
            .args(words.iter().copied());
        Ok(run(&spec)?)
    }
}

/// Tries the doors; `None` where the program has no such command for the permission mode that torch starts it in.
pub(super) fn look(
    subject: &Subject,
    world: &World,
    config: &Config,
) -> Result<Option<Boxed>, CommandError> {
    let program = &subject.program;
    let Some(path) = subject.path.as_ref().and_then(|path| path.to_str()) else {
        return Ok(None);
    };
    let mode = program.launch.chosen_mode(&config.agents.mode);
    let mode = mode.map_or("", |(name, _)| name);
    let Some(argv) = program.doors.sandbox_argv(path, mode) else {
        return Ok(None);
    };
    let worktree = world.worktree()?;
    let sandbox = Sandbox {
        argv,
        worktree: &worktree,
        env: env(program, world),
    };
    let doors = vec![
        socket(&sandbox)?,
        outbox(&sandbox, world)?,
        git(&sandbox)?,
        hooks(&sandbox, world)?,
        commit(&sandbox, world)?,
    ];
    Ok(Some(Boxed { doors }))
}

/// The agent's variables but for those that say whose process it is: none of these commands is an agent's.
fn env(program: &torch_core::program::AgentProgram, world: &World) -> Environment {
    let mut env = world.env();
    let variables = variables();
    for (name, value) in &program.launch.env {
        // Places of a launch are not known here, and what needs them says nothing about a sandbox.
        if let Some(value) = fill_variables(value, &variables) {
            env.insert(name.into(), value.into());
        }
    }
    env
}

fn socket(sandbox: &Sandbox<'_>) -> Result<Finding, CommandError> {
    let torch = autostart::torch_program()?;
    let torch = torch.to_string_lossy();
    let output = sandbox.run(&[&torch, "status", "--json"])?;
    let text = output.error_text();
    // Without a daemon that it can reach, the command would read the registry, and end with 0 as well.
    let answer = serde_json::from_slice::<serde_json::Value>(&output.stdout);
    if answer.is_ok_and(|answer| answer["daemon"]["pid"].is_u64()) {
        return Ok(Finding::works(
            "shell",
            "in its sandbox, the daemon answered torch status",
        ));
    }
    let why = text.lines().find(|line| line.contains("not permitted"));
    let words = match (why, output.status.code()) {
        (Some(why), _) => why.trim().to_owned(),
        (None, Some(0)) => "the daemon was not reached".to_owned(),
        (None, _) => first_line(&text, WORDS),
    };
    let words = first_line(&words, WORDS);
    Ok(Finding::fails("shell", format!("in its sandbox: {words}")))
}

/// Copies a file of the repository into the outbox.
fn outbox(sandbox: &Sandbox<'_>, world: &World) -> Result<Finding, CommandError> {
    let written = sandbox.run(&["cp", NOTE, ".torch/outbox/human--doctor.md"])?;
    if !written.success() {
        let words = first_line(&written.error_text(), WORDS);
        return Ok(Finding::fails("outbox", format!("in its sandbox: {words}")));
    }
    Ok(
        match receipt(sandbox.worktree, world, "human--doctor.md")? {
            Some(receipt) if receipt["ok"] == true => {
                Finding::works("outbox", "a file from its sandbox was taken as a message")
            }
            Some(receipt) => Finding::fails(
                "outbox",
                format!("the file was refused: {}", receipt["error"]),
            ),
            None => Finding::fails("outbox", "the file was written and not taken"),
        },
    )
}

fn git(sandbox: &Sandbox<'_>) -> Result<Finding, CommandError> {
    let before = head(sandbox)?;
    let words = [
        "git",
        "-c",
        "user.name=torch",
        "-c",
        "user.email=probe@torch.invalid",
        "-c",
        "commit.gpgsign=false",
    ];
    let commit = [
        "commit",
        "--quiet",
        "--allow-empty",
        "--message",
        "from the sandbox",
    ];
    let output = sandbox.run(&[&words[..], &commit[..]].concat())?;
    Ok(if head(sandbox)? == before {
        let words = first_line(&output.error_text(), WORDS);
        Finding::fails("git commit", format!("in its sandbox: {words}"))
    } else {
        Finding::works("git commit", "in its sandbox a commit was made")
    })
}

/// Tries a hook of torch's with a push that it refuses; nothing is pushed.
fn hooks(sandbox: &Sandbox<'_>, world: &World) -> Result<Finding, CommandError> {
    let Some((rules, text)) = world.git_rules() else {
        return Ok(Finding::untried(GIT_HOOKS, "nothing is held back"));
    };
    let line = format!(
        "HEAD {} refs/heads/{} {}\n",
        head(sandbox)?,
        text.parent,
        "0".repeat(40)
    );
    let pushed = sandbox.worktree.join(".torch/probe-push");
    std::fs::write(&pushed, line).map_err(|error| {
        CommandError::other(format!("{} could not be written", pushed.display())).because(&error)
    })?;
    let folder = torch_daemon::git_hooks::folder(world.home());
    let argv = [
        "env".to_owned(),
        format!("{RULES_VARIABLE}={}", rules.display()),
        "git".to_owned(),
        "-c".to_owned(),
        format!("core.hooksPath={}", folder.display()),
        "hook".to_owned(),
        "run".to_owned(),
        format!("--to-stdin={}", pushed.display()),
        "pre-push".to_owned(),
        "--".to_owned(),
        "probe".to_owned(),
    ];
    let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
    let output = sandbox.run(&argv)?;
    let said = output.error_text();
    Ok(match said.contains("refused by rule git.push-protected") {
        true => Finding::works(GIT_HOOKS, "in its sandbox a forbidden push was refused"),
        false => {
            let words = first_line(&said, WORDS);
            let words = format!("in its sandbox a forbidden push was not refused: {words}");
            Finding::fails(GIT_HOOKS, words)
        }
    })
}

/// Has torch commit by a file in the outbox, which is the door that every sandbox leaves.
fn commit(sandbox: &Sandbox<'_>, world: &World) -> Result<Finding, CommandError> {
    let before = head(sandbox)?;
    for to in ["doctor.txt", ".torch/outbox/commit--doctor.md"] {
        let written = sandbox.run(&["cp", NOTE, to])?;
        if !written.success() {
            let words = first_line(&written.error_text(), WORDS);
            return Ok(Finding::fails(
                "torch commit",
                format!("in its sandbox: {words}"),
            ));
        }
    }
    let receipt = receipt(sandbox.worktree, world, "commit--doctor.md")?;
    Ok(match receipt {
        Some(receipt) if receipt["ok"] == true && head(sandbox)? != before => Finding::works(
            "torch commit",
            "asked for by a file from its sandbox, torch made the commit",
        ),
        Some(receipt) => Finding::fails(
            "torch commit",
            format!("it was refused: {}", receipt["error"]),
        ),
        None => Finding::fails(
            "torch commit",
            "the file that asked for it was written and not taken",
        ),
    })
}

/// The commit that the worktree is at, seen from outside.
fn head(sandbox: &Sandbox<'_>) -> Result<String, CommandError> {
    let spec = CommandSpec::new("git", sandbox.worktree, sandbox.env.clone(), DEADLINE)
        .args(["rev-parse", "HEAD"]);
    Ok(run(&spec)?.success_or_error()?.text())
}

fn receipt(
    worktree: &Path,
    world: &World,
    name: &str,
) -> Result<Option<serde_json::Value>, CommandError> {
    let file = worktree
        .join(".torch/outbox/done")
        .join(format!("{name}.json"));
    world.until(RECEIPT, || {
        let bytes = std::fs::read(&file).ok();
        // One that is just being written is read again.
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    })
}
