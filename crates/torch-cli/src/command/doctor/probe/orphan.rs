//! The daemon of a probe that was killed: it ends, with the probe's agents and its tmux server, and takes the probe's folders away.
//!
//! The probe's registry says whose it is. A thread of its daemon sleeps until that process ends, however it ends; a daemon that an agent's
//! wrapper has started again finds the same.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use torch_core::Process;
use torch_process::traces::Traces;
use torch_process::{await_end, facts};

use super::folder::Folder;
use super::world::stop_all;
use crate::connect;
use crate::error::CommandError;
use crate::place::Place;

/// How long the daemon may take to end the agents.
const STOP: Duration = Duration::from_secs(20);

/// A registry that is thrown away with the probe's process.
pub(crate) struct Owned {
    probe: Process,
    place: Place,
    tmux: String,
}

impl Owned {
    /// Whether this registry is a probe's, and which one's.
    pub(crate) fn by_a_probe(place: &Place, tmux: &str) -> Option<Self> {
        let probe = Traces::new(&place.home).owner()?;
        Some(Self {
            probe,
            place: place.clone(),
            tmux: tmux.to_owned(),
        })
    }

    /// Whether there is nobody any more whom it is for.
    pub(crate) fn is_left(&self) -> bool {
        !facts::is_alive(self.probe)
    }

    /// From now on this process, the registry's daemon, is told to end once the probe has ended.
    ///
    /// # Errors
    /// When the thread can't be started.
    pub(crate) fn watch(&self) -> Result<(), CommandError> {
        let (probe, place) = (self.probe, self.place.clone());
        std::thread::Builder::new()
            .name("probe".to_owned())
            .spawn(move || {
                if !await_end(probe, None) {
                    return;
                }
                // One that does not listen yet has no agents.
                if let Ok(Some(mut client)) = connect::running(&place) {
                    client.set_deadline(Some(STOP)).ok();
                    stop_all(&mut client);
                }
                // No process may do this to itself in vain.
                kill(Pid::this(), Signal::SIGTERM).ok();
            })
            .map(drop)
            .map_err(|error| CommandError::other("failed to watch the probe").because(&error))
    }

    /// Ends what the probe's daemon leaves, and takes the probe's folders away; to be called when that daemon has ended.
    ///
    /// # Errors
    /// When the probe's folder can't be had.
    pub(crate) fn clear(&self) -> Result<(), CommandError> {
        Folder::left_by(self.probe, &self.place.home, &self.tmux).map(drop)
    }
}
