//! What the value says to its server's thread.

use std::sync::mpsc::Sender;

use super::request::ModelRequest;
use super::scenario::Scenario;

/// One command; the thread carries them out in order.
pub(super) enum Command {
    /// Puts scenarios into the queue.
    Next(Vec<Scenario>),
    /// Sets or ends the sticky scenario.
    Sticky(Option<Scenario>),
    /// Lets the requests at the gate go on.
    Release,
    /// Says that all commands before it are carried out.
    Told(Sender<()>),
    /// Gives all requests as soon as they have this version.
    Snapshot { from: u64, reply: Sender<Snapshot> },
}

/// All requests at one moment.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// It grows with every change.
    pub(super) version: u64,
    pub(super) requests: Vec<ModelRequest>,
}
