//! Why a request failed, as every face shows it.

use serde::{Deserialize, Serialize};

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Which exit code the client ends with.
    pub kind: FailureKind,
    /// What was tried, with the value.
    pub error: String,
    /// Why it failed, outermost first.
    pub causes: Vec<String>,
    /// What to run or change, ready to run as it stands.
    pub hint: Option<String>,
}

/// The kinds of failure that scripts can tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FailureKind {
    /// Exit 1.
    Other,
    /// Bad arguments or no such target: exit 2.
    Usage,
    /// Not reached in time: exit 3.
    Timeout,
    /// Refused by policy: exit 4.
    Refused,
}

impl FailureKind {
    /// The documented exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Other => 1,
            Self::Usage => 2,
            Self::Timeout => 3,
            Self::Refused => 4,
        }
    }
}
