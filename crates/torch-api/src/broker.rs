//! What is asked and shown of a team's git broker.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use torch_core::Timestamp;
use torch_core::broker::{Push, PushState, Reach};

use crate::wire::TeamSelector;

/// A request about a team's broker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum BrokerRequest {
    /// Switch it on, or take its settings anew. Answers [`BrokerResponse::Status`].
    On {
        /// Which team.
        team: TeamSelector,
        /// The remote that is forwarded to; none: `origin`, or the only one there is.
        remote: Option<String>,
        /// The variables by which git finds the person's keys.
        env: BTreeMap<String, String>,
    },
    /// Switch it off. Answers [`BrokerResponse::Status`].
    Off {
        /// Which team.
        team: TeamSelector,
    },
    /// How it stands. Answers [`BrokerResponse::Status`].
    Status {
        /// Which team.
        team: TeamSelector,
    },
    /// Fetch the remote's branches into the project, with the person's keys. Answers [`BrokerResponse::Fetched`].
    Fetch {
        /// Which team.
        team: TeamSelector,
    },
    /// What became of pushes. Answers [`BrokerResponse::Pushes`].
    Log {
        /// Which team.
        team: TeamSelector,
        /// The most that are listed, the newest ones.
        limit: usize,
    },
    /// git's `pre-receive` hook in a broker asks for a verdict. Answers [`BrokerResponse::Taken`]; a refusal is a failure.
    Received {
        /// The broker.
        path: PathBuf,
        /// Where the push's objects are meanwhile.
        quarantine: Option<PathBuf>,
        /// What is to be moved.
        refs: Vec<PushLine>,
    },
    /// git's `post-receive` hook tells that branches were moved. Answers [`BrokerResponse::Taken`].
    Landed {
        /// The broker.
        path: PathBuf,
        /// What was moved.
        refs: Vec<PushLine>,
    },
}

/// A line that git tells its hooks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushLine {
    /// The full name.
    pub reference: String,
    /// Where it stood, full hex; `None` where it is new.
    pub old: Option<String>,
    /// Where it is to stand; `None` where it goes.
    pub new: Option<String>,
}

/// The answer to a [`BrokerRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum BrokerResponse {
    /// How it stands.
    Status(BrokerView),
    /// Pushes, the newest first.
    Pushes {
        /// The pushes.
        pushes: Vec<PushView>,
    },
    /// The remote's branches were fetched.
    Fetched {
        /// The remote's name.
        remote: String,
        /// The branches that the project had otherwise, by name.
        branches: Vec<FetchedView>,
    },
    /// A push was taken; what is told to who pushed.
    Taken {
        /// Line by line.
        lines: Vec<String>,
    },
}

/// A branch of the remote that the project had otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchedView {
    /// Its name there.
    pub name: String,
    /// Where the project had it, full hex; `None`: nowhere.
    pub old: Option<String>,
    /// Where it is, full hex; `None`: it is gone.
    pub new: Option<String>,
}

/// What keeps agents from pushing past the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PushLevel {
    /// Nothing that was seen: they are told not to.
    Advice,
    /// They are given no keys, and the remote did not let their environment in; a program without a sandbox can still read your home.
    Withheld,
    /// Their programs' sandboxes keep them from the network and from git's own files besides.
    Prevented,
}

impl PushLevel {
    /// The word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Advice => "advice",
            Self::Withheld => "withheld",
            Self::Prevented => "prevented",
        }
    }
}

/// How a team's broker stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerView {
    /// The team's name.
    pub team: String,
    /// Since when it is on; `None`: it is off.
    pub since: Option<Timestamp>,
    /// The bare repository.
    pub path: Option<PathBuf>,
    /// The remote that is forwarded to, with its place; none: the broker is only the place that all share.
    pub remote: Option<(String, String)>,
    /// What keeps agents from pushing past it.
    pub level: PushLevel,
    /// Why it is not a higher level.
    pub why: Vec<String>,
    /// What was tried last.
    pub reach: Option<Reach>,
    /// How many pushes wait to be forwarded.
    pub waiting: usize,
    /// How many wait for a person.
    pub asking: usize,
}

/// One branch or tag that was pushed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushView {
    /// Its id: `p-7k3f9q2a`.
    pub id: String,
    /// The role that pushed.
    pub role: String,
    /// The full name of the branch or tag.
    pub reference: String,
    /// What it leads to, full hex.
    pub commit: String,
    /// How many commits came with it.
    pub commits: u64,
    /// The first line of the newest one's message.
    pub subject: String,
    /// The rule that decided.
    pub rule: String,
    /// When it came.
    pub at: Timestamp,
    /// Where it stands.
    pub state: PushState,
    /// Who approved it.
    pub approved: Option<String>,
    /// How often the remote could not be reached.
    pub tries: u32,
    /// What git said the last time.
    pub said: Option<String>,
    /// When it is tried again.
    pub next: Option<Timestamp>,
}

impl From<&Push> for PushView {
    fn from(push: &Push) -> Self {
        Self {
            id: push.id.tag(),
            role: push.role.to_string(),
            reference: push.reference.clone(),
            commit: push.new.clone(),
            commits: push.commits,
            subject: push.subject.clone(),
            rule: push.rule.clone(),
            at: push.at,
            state: push.state.clone(),
            approved: push.approved.clone(),
            tries: push.tries,
            said: push.said.clone(),
            next: push.next,
        }
    }
}
