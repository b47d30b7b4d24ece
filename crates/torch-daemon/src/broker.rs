//! Orders for a team's git broker, and what came of them: the words between state and host.

use std::collections::BTreeMap;
use std::path::PathBuf;

use torch_api::Failure;
use torch_api::broker::PushLine;
use torch_core::broker::{BrokerRemote, Reach};
use torch_core::policy::SecretCheck;
use torch_core::{AgentId, PushId, TeamId};
use torch_worktree::{FetchedBranch, PushFacts};

use crate::event::ConnId;

/// A project's remotes: the one that is forwarded to, and what agents' git is told of them (keys and values of its configuration).
pub type Remotes = (Option<BrokerRemote>, Vec<(String, String)>);

/// What makes a broker what it is: written anew before each use, as agents could have changed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// The bare repository.
    pub path: PathBuf,
    /// The project.
    pub project: PathBuf,
    /// The remote's name.
    pub remote: Option<String>,
    /// What its hooks run.
    pub hook: String,
    /// The most bytes that git takes in one push.
    pub bytes_max: u64,
}

/// A push to be forwarded, or put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// Which.
    pub push: PushId,
    /// The broker.
    pub shape: Shape,
    /// Where the remote is.
    pub remote: Option<BrokerRemote>,
    /// The variables by which git finds the person's keys.
    pub env: BTreeMap<String, String>,
    /// The project's common directory.
    pub common_dir: PathBuf,
    /// The branch or tag.
    pub reference: String,
    /// Where it stood before.
    pub old: Option<String>,
    /// The commit.
    pub new: String,
}

/// What is to be fetched from a team's remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchOrder {
    /// For which team.
    pub team: TeamId,
    /// The broker.
    pub shape: Shape,
    /// Where the remote is.
    pub remote: BrokerRemote,
    /// The person's variables.
    pub env: BTreeMap<String, String>,
    /// The project's common directory.
    pub common_dir: PathBuf,
    /// Branches (full names) that were pushed and wait to be forwarded.
    pub keep: Vec<String>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Make the broker, and try who may push to the remote.
    Open {
        /// Who asks.
        conn: ConnId,
        /// Whose.
        team: TeamId,
        /// What it is to be.
        shape: Shape,
        /// The person's variables.
        env: BTreeMap<String, String>,
        /// What an agent's environment is.
        agents_env: BTreeMap<String, String>,
    },
    /// Try anew who may push to the remote.
    Try {
        /// Whose.
        team: TeamId,
        /// The broker.
        shape: Shape,
        /// The person's variables.
        env: BTreeMap<String, String>,
        /// What an agent's environment is.
        agents_env: BTreeMap<String, String>,
        /// Only where the project's remotes are no longer these.
        unless: Option<Remotes>,
    },
    /// Fetch what the remote has.
    Fetch(Box<FetchOrder>),
    /// Look at what a push brings.
    Look {
        /// Who asks.
        conn: ConnId,
        /// Who pushes.
        agent: AgentId,
        /// The broker.
        path: PathBuf,
        /// Where its objects are, while it has not landed.
        quarantine: Option<PathBuf>,
        /// What is to be moved.
        refs: Vec<PushLine>,
        /// Whether its commits are looked through for secrets.
        secrets: SecretCheck,
    },
    /// Look whether a push that was let in came in.
    Land {
        /// Which.
        push: PushId,
        /// The broker.
        path: PathBuf,
        /// The branch or tag.
        reference: String,
        /// The commit.
        new: String,
    },
    /// Forward a push.
    Forward(Box<Carried>),
    /// Put back what a push moved that was not forwarded.
    PutBack(Box<Carried>),
}

/// What was found when a broker was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The remote.
    pub remote: Option<BrokerRemote>,
    /// What agents' git is told.
    pub settings: Vec<(String, String)>,
    /// Who may push to the remote.
    pub reach: Option<Reach>,
}

/// What became of a push that was forwarded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Went {
    /// The remote has it.
    Done,
    /// The remote has gone on, or refuses it.
    Refused {
        /// What git said.
        said: String,
        /// Whether the remote has commits that it does not hold.
        behind: bool,
    },
    /// The remote was not reached.
    Away {
        /// What git said.
        said: String,
    },
}

/// What came of an order.
#[derive(Debug)]
pub enum Outcome {
    /// A broker was made, or not.
    Opened {
        /// Who asked.
        conn: ConnId,
        /// Whose.
        team: TeamId,
        /// The bare repository.
        path: PathBuf,
        /// The person's variables.
        env: BTreeMap<String, String>,
        /// What was found.
        result: Result<Box<Opened>, Box<Failure>>,
    },
    /// Who may push was tried anew.
    Tried {
        /// Whose broker.
        team: TeamId,
        /// What was found; `None` where the remotes are as they were; or why it could not be tried.
        result: Result<Option<Box<Opened>>, String>,
    },
    /// What the remote has was fetched, or not.
    Fetched {
        /// For which team.
        team: TeamId,
        /// The branches that the project had otherwise.
        result: Result<Vec<FetchedBranch>, Box<Failure>>,
    },
    /// A push was looked at.
    Looked {
        /// Who asked.
        conn: ConnId,
        /// Who pushes.
        agent: AgentId,
        /// What is moved.
        refs: Vec<PushLine>,
        /// Whether it has come into the broker already.
        landed: bool,
        /// What was seen.
        result: Result<PushFacts, Box<Failure>>,
    },
    /// Whether a push came in; `None` where that could not be seen.
    Landed {
        /// Which.
        push: PushId,
        /// Whether.
        landed: Option<bool>,
    },
    /// A push was forwarded, or not.
    Forwarded {
        /// Which.
        push: PushId,
        /// How.
        went: Went,
    },
    /// What a push moved was put back; the error, where it could not be.
    PutBack {
        /// Which.
        push: PushId,
        /// Why not.
        error: Option<String>,
    },
}

impl Outcome {
    /// The cause that journal entries of its turn carry.
    pub fn cause(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "broker opened",
            Self::Tried { .. } => "remote tried",
            Self::Fetched { .. } => "remote fetched",
            Self::Looked { .. } => "push looked at",
            Self::Landed { .. } => "broker looked at",
            Self::Forwarded { .. } => "push forwarded",
            Self::PutBack { .. } => "push put back",
        }
    }
}
