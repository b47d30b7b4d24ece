//! What of an agent's spool could not be taken in.

use torch_core::spool::LINE_MAX;

/// Why something of a spool may be missing. The host tells each kind once of a launch: an agent can write there as it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum SpoolGap {
    /// A line is longer than any record; what follows it is read.
    #[error("a line of over {} MB in its spool was passed over", LINE_MAX >> 20)]
    LineTooLong,
    /// A line says nothing that torch knows; what follows it is read.
    #[error("a line in its spool is no record and was passed over")]
    NoRecord,
    /// The file is shorter than what was read of it, or another one; it is read from its beginning.
    #[error("its spool was cut off or replaced, and is read from its beginning")]
    BegunAnew,
    /// There is no plain file that can be read.
    #[error("its spool can't be read or is no plain file")]
    Unreadable,
}
