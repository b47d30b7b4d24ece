//! The git broker: a bare repository of a team that its agents push to, and what becomes of each push.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{AgentId, PushId, RoleName, TeamId, Timestamp};

/// Where accepted pushes are forwarded to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerRemote {
    /// The remote's name in the project: `origin`.
    pub name: String,
    /// Where it is pushed to, as the project's configuration says it; a relative path is made absolute.
    pub url: String,
    /// The branch that it calls its own first one, where the project knows it: nobody pushes to it.
    pub default_branch: Option<String>,
}

/// What was found when somebody without the person's keys wanted to push to the remote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// When.
    pub at: Timestamp,
    /// Whether torch itself, with the person's keys, may push there.
    pub torch: bool,
    /// Whether a program with an agent's environment may push there too, past the broker.
    pub agents: bool,
    /// What git said where torch may not.
    pub said: Option<String>,
}

/// A team's broker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broker {
    /// The team.
    pub team: TeamId,
    /// Since when it is on.
    pub since: Timestamp,
    /// When it was switched off.
    pub until: Option<Timestamp>,
    /// The bare repository.
    pub path: PathBuf,
    /// Where pushes go from there; none: nowhere, it is only the place that all agents share.
    pub remote: Option<BrokerRemote>,
    /// What agents' git is told, as keys and values of its configuration: so that its pushes come here.
    pub settings: Vec<(String, String)>,
    /// The variables by which git finds the person's keys (`SSH_AUTH_SOCK`, `GIT_SSH_COMMAND` …). No key itself is kept.
    pub env: BTreeMap<String, String>,
    /// What was tried last.
    pub reach: Option<Reach>,
    /// Why it could not be tried the last time.
    #[serde(default)]
    pub untried: Option<String>,
}

/// Where a push stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum PushState {
    /// A person has to approve it.
    Asking,
    /// It may be forwarded, and is tried until the remote has it.
    Accepted,
    /// The remote has it; without a remote: the broker has it.
    Forwarded {
        /// Since when torch knows it.
        at: Timestamp,
    },
    /// It was not forwarded, and is not tried again.
    Refused {
        /// When.
        at: Timestamp,
        /// By whom: a rule (`push.parent`), `human`, `remote`, or `git itself`, where it never came into the broker.
        by: String,
        /// Why.
        why: String,
    },
    /// The remote could not be reached for too long.
    Failed {
        /// When it was given up.
        at: Timestamp,
        /// What git said last.
        why: String,
    },
}

impl PushState {
    /// The word used in output.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Asking => "asking",
            Self::Accepted => "accepted",
            Self::Forwarded { .. } => "forwarded",
            Self::Refused { .. } => "refused",
            Self::Failed { .. } => "failed",
        }
    }

    /// When it was settled; `None` while it is open.
    pub fn settled(&self) -> Option<Timestamp> {
        match self {
            Self::Asking | Self::Accepted => None,
            Self::Forwarded { at } | Self::Refused { at, .. } | Self::Failed { at, .. } => {
                Some(*at)
            }
        }
    }
}

/// One branch or tag that an agent pushed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Push {
    /// Its id.
    pub id: PushId,
    /// The team.
    pub team: TeamId,
    /// Who pushed.
    pub agent: AgentId,
    /// Its role.
    pub role: RoleName,
    /// The full name: `refs/heads/feature/login`.
    pub reference: String,
    /// Where it stood in the broker, full hex; `None` where it is new.
    pub old: Option<String>,
    /// What it is to lead to, full hex.
    pub new: String,
    /// How many commits that the broker did not have.
    pub commits: u64,
    /// The first line of the newest one's message.
    pub subject: String,
    /// The rule that lets it, or has it asked about.
    pub rule: String,
    /// When it came.
    pub at: Timestamp,
    /// Whether it is known to have come into the broker: git moves the branch after the judge has spoken.
    pub landed: bool,
    /// Who approved it, where somebody had to.
    pub approved: Option<String>,
    /// How often the remote could not be reached.
    pub tries: u32,
    /// What git said the last time.
    pub said: Option<String>,
    /// When it is tried again.
    pub next: Option<Timestamp>,
    /// Whether it was told while the remote did not have it: what becomes of it is told, too.
    #[serde(default)]
    pub noted: bool,
    /// Whether the broker's branch, and the project's note of the remote's, are still to be put back: it was not forwarded.
    pub undo: bool,
    /// Where it stands.
    pub state: PushState,
}

impl Push {
    /// The branch's or the tag's short name.
    pub fn name(&self) -> &str {
        let name = self.reference.strip_prefix("refs/heads/");
        name.or_else(|| self.reference.strip_prefix("refs/tags/"))
            .unwrap_or(&self.reference)
    }

    /// The commit, as short as it is told.
    pub fn short(&self) -> &str {
        self.new.get(..8).unwrap_or(&self.new)
    }
}
