//! The acts of integrations, in blocking tasks. Each looks first what is there, so that it may be done again after a kill.

mod acts;
mod preview;
mod programs;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use torch_core::{IntegrationId, TeamId};
use torch_integration::integrate::{Act, Found};
use torch_worktree::{Git, Repository, inspect_busy};

use super::{Host, Input, execute};
use crate::event::Event;
use crate::integrate::Job;

pub(super) use preview::preview;

/// Why an act came to nothing, in words.
pub(super) type Why = String;

/// Where an act is done.
pub(super) struct Site<'a> {
    pub(super) git: &'a Git,
    /// The registry.
    pub(super) home: &'a Path,
    pub(super) job: &'a Job,
    pub(super) repository: Repository,
}

impl Host {
    /// Does one act of an integration; what came of it is an event.
    pub(crate) fn integrate(&self, team: TeamId, job: Job) {
        let (git, inputs, home) = (self.git.clone(), self.inputs.clone(), self.home.clone());
        drop(tokio::task::spawn_blocking(move || {
            let id: IntegrationId = job.row.id;
            let found = carried_out(&git, &home, &job);
            crate::crash::did(&format!("integrate-{}", word(&job.act)));
            let event = Event::Integrated {
                team,
                id,
                found: Box::new(found),
            };
            execute::send(&inputs, Input::Event(event));
        }));
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

/// Does an act; what can't be done is told as such.
pub(super) fn carried_out(git: &Git, home: &Path, job: &Job) -> Found {
    let done = Site::new(git, home, job).and_then(|site| match &job.act {
        Act::Look => site.look(),
        Act::Branch => site.branch(),
        Act::Build => site.build(),
        Act::Test { command, commit } => site.test(command, commit),
        Act::Publish => site.publish(),
        Act::Land => site.land(),
        Act::Verify { commands, tag } => site.verify(commands, tag),
        Act::Clean => site.clean(),
    });
    done.unwrap_or_else(|why| Found::Failed { why })
}

impl<'a> Site<'a> {
    fn new(git: &'a Git, home: &'a Path, job: &'a Job) -> Result<Self, Why> {
        let repository = inspect_busy(git, &job.project).map_err(|error| in_words(&error))?;
        Ok(Self {
            git,
            home,
            job,
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
