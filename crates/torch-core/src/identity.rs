//! What the system tells about the process at the other end of a socket.

use serde::{Deserialize, Serialize};

use crate::Process;

/// One process on the way from a caller up to the first process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ancestor {
    /// The process.
    pub process: Process,
    /// Its name as the kernel keeps it (at most 15 bytes), for texts only.
    pub name: String,
    /// Whether it has a controlling terminal.
    pub terminal: bool,
}

/// A caller and its ancestors, the caller first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ancestry {
    /// The processes that could be read.
    pub chain: Vec<Ancestor>,
    /// Whether the chain reached the first process without a gap.
    pub complete: bool,
}
