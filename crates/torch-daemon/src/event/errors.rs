//! Why a look at a pane, a paste into it, a key or the laying of a message for a hook came to nothing. They cross the loop as data, so causes are texts.

use std::path::PathBuf;

use torch_core::PaneId;

/// Why a pane could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookError {
    /// There is no connection to tmux.
    #[error("tmux is not connected")]
    NotConnected,
    /// Nothing reads what it shows: its agent, or its agent's program, is none of torch's any more.
    #[error("no rules read what the pane shows")]
    NoRules,
    /// tmux failed on it, or did not answer.
    #[error("failed to look at pane {pane}: {cause}")]
    Failed {
        /// The pane.
        pane: PaneId,
        /// Why.
        cause: String,
    },
}

/// Why nobody can say that a paste was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasteError {
    /// It was not begun: the file that it names could not be written.
    #[error("failed to write the message's file {file}: {cause}")]
    NotBegun {
        /// The file, as the message names it.
        file: String,
        /// Why.
        cause: String,
    },
    /// tmux failed on it, or did not answer: it may have arrived, or may still do.
    #[error("failed to paste into pane {pane}: {cause}")]
    Unknown {
        /// The pane.
        pane: PaneId,
        /// Why.
        cause: String,
    },
}

impl PasteError {
    /// Whether some of it may be in the pane, now or later.
    pub fn is_begun(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }
}

/// Why nobody can say that a key was pressed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is no connection to tmux: it was not.
    #[error("tmux is not connected")]
    NotConnected,
    /// tmux failed on it, or did not answer: it may have been.
    #[error("failed to press {key} in pane {pane}: {cause}")]
    Unknown {
        /// The key's tmux name.
        key: String,
        /// The pane.
        pane: PaneId,
        /// Why.
        cause: String,
    },
}

/// Why a message does not lie ready for its agent's hook: no hook can take it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    /// The file that it names could not be written.
    #[error("failed to write the message's file {file}: {cause}")]
    Inbox {
        /// The file, as the message names it.
        file: String,
        /// Why.
        cause: String,
    },
    /// The launch's hand-over folder is not there and could not be made.
    #[error("failed to make the hand-over folder {}: {cause}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        cause: String,
    },
    /// The message could not be written there.
    #[error("failed to write {}: {cause}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        cause: String,
    },
}
