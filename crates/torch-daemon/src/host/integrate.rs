//! The acts of integrations, in blocking tasks. Each looks first what is there, so that it may be done again after a kill.

mod acts;
mod conflict;
mod preview;
mod programs;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::task::JoinHandle;

use torch_core::{IntegrationId, TeamId};
use torch_integration::integrate::{Act, Found};
use torch_worktree::{Git, Repository, inspect_busy};

use super::{Host, Input, execute};
use crate::event::Event;
use crate::integrate::Job;

pub(super) use preview::preview;

/// How long the daemon's end waits for the processes of all commands to end.
const COMMAND_END: Duration = Duration::from_secs(3);

/// Why an act came to nothing, in words.
pub(super) type Why = String;

/// By what the commands of an integration are run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Runner<'a> {
    /// torch's program, which the process above a command is.
    pub(super) torch: &'a Path,
    /// Once it is closed at its other end, what runs is ended.
    pub(super) held: &'a OwnedFd,
}

/// Where an act is done.
pub(super) struct Site<'a> {
    pub(super) git: &'a Git,
    /// The registry.
    pub(super) home: &'a Path,
    pub(super) job: &'a Job,
    /// By what commands are run; a look runs none.
    pub(super) runner: Option<Runner<'a>>,
    pub(super) repository: Repository,
}

/// The acts under way.
#[derive(Debug, Default)]
pub(crate) struct Acts {
    of: BTreeMap<TeamId, (UnixStream, JoinHandle<()>)>,
}

impl Host {
    /// Does one act of an integration; what came of it is an event.
    pub(crate) fn integrate(&mut self, team: TeamId, job: Job) {
        let (git, inputs) = (self.git.clone(), self.inputs.clone());
        let (home, torch) = (self.home.clone(), self.torch.clone());
        let pair = UnixStream::pair();
        let (held, watched) = match pair {
            Ok((held, watched)) => (Some(held), Ok(OwnedFd::from(watched))),
            Err(error) => (None, Err(in_words(&error))),
        };
        let task = tokio::task::spawn_blocking(move || {
            let id: IntegrationId = job.row.id;
            let found = match &watched {
                Ok(held) => {
                    let runner = Runner {
                        torch: &torch,
                        held,
                    };
                    carried_out(&git, (&home, runner), &job)
                }
                Err(why) => failed(&job.act, why.clone()),
            };
            crate::crash::did(&format!("integrate-{}", word(&job.act)));
            let event = Event::Integrated {
                team,
                id,
                found: Box::new(found),
            };
            execute::send(&inputs, Input::Event(event));
        });
        if let Some(held) = held {
            // The one before it has ended, or this one would not be ordered.
            self.integrating.of.insert(team, (held, task));
        }
    }

    /// Ends the command that runs for a team's integration, if one does.
    pub(crate) fn end_integration_command(&mut self, team: TeamId) {
        // The act tells of it.
        drop(self.integrating.of.remove(&team));
    }

    /// Ends the commands of all integrations, as the daemon ends.
    pub(crate) async fn end_integration_commands(&mut self) {
        self.integrating.end().await;
    }
}

impl Acts {
    /// Ends all commands at once, and waits for their ends.
    async fn end(&mut self) {
        let acts = std::mem::take(&mut self.of).into_values();
        let (held, tasks): (Vec<_>, Vec<_>) = acts.unzip();
        drop(held);
        let ends = async {
            for task in tasks {
                drop(task.await);
            }
        };
        // Where it takes longer, the processes above the commands see to it.
        drop(tokio::time::timeout(COMMAND_END, ends).await);
    }
}

/// An act in a word, for the points at which tests end the daemon.
fn word(act: &Act) -> &'static str {
    match act {
        Act::Look => "look",
        Act::Branch => "branch",
        Act::Build => "build",
        Act::Test { .. } => "test",
        Act::Publish => "publish",
        Act::Land => "land",
        Act::Verify { .. } => "verify",
        Act::Clean => "clean",
    }
}

/// Does an act in the caller's thread; nothing ends its command before its time.
pub(super) fn alone(git: &Git, (home, torch): (&Path, &Path), job: &Job) -> Found {
    match UnixStream::pair() {
        Ok((_held, watched)) => {
            let held = &OwnedFd::from(watched);
            carried_out(git, (home, Runner { torch, held }), job)
        }
        Err(error) => failed(&job.act, in_words(&error)),
    }
}

/// Does an act; what can't be done is told as such.
fn carried_out(git: &Git, (home, runner): (&Path, Runner<'_>), job: &Job) -> Found {
    let done = Site::new(git, (home, Some(runner)), job).and_then(|site| match &job.act {
        Act::Look => site.look(),
        Act::Branch => site.branch(),
        Act::Build => site.build(),
        Act::Test { command, commit } => site.test(command, commit),
        Act::Publish => site.publish(),
        Act::Land => site.land(),
        Act::Verify { commands, tag } => site.verify(commands, tag),
        Act::Clean => site.clean(),
    });
    done.unwrap_or_else(|why| failed(&job.act, why))
}

/// An act that could not be done.
fn failed(act: &Act, why: Why) -> Found {
    match act {
        Act::Clean => Found::NotCleaned { why },
        _ => Found::Failed { why },
    }
}

impl<'a> Site<'a> {
    fn new(
        git: &'a Git,
        (home, runner): (&'a Path, Option<Runner<'a>>),
        job: &'a Job,
    ) -> Result<Self, Why> {
        let repository = inspect_busy(git, &job.project).map_err(|error| in_words(&error))?;
        Ok(Self {
            git,
            home,
            job,
            runner,
            repository,
        })
    }

    /// The worktree in which this integration is tested.
    fn bench(&self) -> PathBuf {
        self.home
            .join("integrations")
            .join(self.job.row.id.to_string())
    }
}

/// An error with its causes, on one line.
pub(super) fn in_words(error: &dyn std::error::Error) -> Why {
    let mut all = vec![error.to_string()];
    all.extend(crate::failure::causes(error));
    all.join(": ")
}
