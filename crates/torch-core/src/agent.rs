//! One agent: a role of a team, the program that plays it, and what is known of it.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::check_in::CheckIns;
use crate::credit::AgentCredit;
use crate::figures::AgentFigures;
use crate::keys::AgentKeys;
use crate::observed::Observed;
use crate::question::Question;
use crate::{AgentId, DesiredState, LaunchId, MessageId, PaneAddress, RoleName, TeamId, Timestamp};

/// A process that can't be mistaken for a later one of the same pid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// The process id.
    pub pid: u32,
    /// Its start time in clock ticks since boot (`/proc/PID/stat`, field 22); 0 where the system does not tell.
    pub start: u64,
}

/// What an agent is doing, the same words everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AgentState {
    /// Launched, not yet seen ready.
    Starting,
    /// At its prompt, nothing done yet.
    Ready,
    /// In a turn.
    Working,
    /// A permission, trust, question or unknown dialog is open.
    Asking,
    /// A usage limit holds it.
    Limited,
    /// The program repeats a failed request by itself.
    Retrying,
    /// At its prompt after a turn.
    Idle,
    /// The program ended with status 0.
    Exited,
    /// The program ended with an error or by a signal.
    Crashed,
    /// torch gave it up.
    Failed,
    /// Ended by `torch stop`.
    Stopped,
    /// The signals don't say.
    Unknown,
}

impl AgentState {
    /// Whether a program is expected to run in this state.
    pub fn is_live(self) -> bool {
        !matches!(
            self,
            Self::Exited | Self::Crashed | Self::Failed | Self::Stopped
        )
    }

    /// Whether the program waits at an empty prompt, so that a message may be typed.
    pub fn takes_messages(self) -> bool {
        matches!(self, Self::Ready | Self::Idle)
    }

    /// The word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Working => "working",
            Self::Asking => "asking",
            Self::Limited => "limited",
            Self::Retrying => "retrying",
            Self::Idle => "idle",
            Self::Exited => "exited",
            Self::Crashed => "crashed",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for AgentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why torch believes a state: which signal, and what it said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// `launch`, `hook`, `process`, `screen`, `transcript` or `command`.
    pub source: String,
    /// What was seen, in one line.
    pub detail: String,
    /// When it was seen.
    pub at: Timestamp,
}

impl Evidence {
    /// Evidence from `source` at `at`.
    pub fn new(source: &str, detail: impl Into<String>, at: Timestamp) -> Self {
        Self {
            source: source.to_owned(),
            detail: detail.into(),
            at,
        }
    }
}

/// One agent as the registry keeps it: what is desired, and what was last observed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Its id, for as long as the team exists.
    pub id: AgentId,
    /// Its team.
    pub team: TeamId,
    /// Its role, and its window's name.
    pub role: RoleName,
    /// Its place in the team; the window's index follows it.
    pub position: u32,
    /// The agent program's name (`demo`, `claude`, …).
    pub program: String,
    /// Its worktree.
    pub worktree: PathBuf,
    /// Its home branch, absent on a detached HEAD.
    pub branch: Option<String>,
    /// Whether the worktree stands.
    pub worktree_ready: bool,
    /// The current launch, if one was started.
    pub launch: Option<LaunchId>,
    /// The pane of the current launch.
    pub pane: Option<PaneAddress>,
    /// The agent program's process, as its wrapper reported it.
    pub process: Option<Process>,
    /// What it is doing.
    pub state: AgentState,
    /// Why torch believes that.
    pub evidence: Evidence,
    /// Since when it is in this state.
    pub since: Timestamp,
    /// Its briefing, once one was sent.
    pub briefing: Option<MessageId>,
    /// Whether the briefing was proven to have arrived.
    pub briefed: bool,
    /// The program's own conversation record, where its hooks named one.
    pub transcript: Option<PathBuf>,
    /// The text of its last completion report.
    pub completed: Option<String>,
    /// When that report was made.
    pub completed_at: Option<Timestamp>,
    /// What is wanted of it, within what is wanted of its team.
    #[serde(default)]
    pub desired: DesiredState,
    /// Whether a person paused it: nothing is typed into it meanwhile.
    #[serde(default)]
    pub paused: bool,
    /// The one task of a temporary agent.
    #[serde(default)]
    pub task: Option<String>,
    /// The name of the tmux session that its window is a guest in; absent: its team's own.
    #[serde(default)]
    pub guest_in: Option<String>,
    /// How often its program was launched in its team's life.
    #[serde(default)]
    pub launches: u32,
    /// When torch restarted it by itself within the last hour, oldest first.
    #[serde(default)]
    pub restarts: Vec<Timestamp>,
    /// When its turns of the last hour began, oldest first; counted only where `limits.turns_per_hour` is set.
    #[serde(default)]
    pub turns: Vec<Timestamp>,
    /// Whether it was told that it has used up its turns.
    #[serde(default)]
    pub cap_told: bool,
    /// Why its ended program is left alone until a person wants it again.
    #[serde(default)]
    pub left: Option<String>,
    /// The conversation record of the launch before.
    #[serde(default)]
    pub last_transcript: Option<PathBuf>,
    /// How its program ended last, for the words of its next briefing.
    #[serde(default)]
    pub last_end: Option<String>,
    /// The id of its program's conversation: chosen by torch, or told by the program.
    #[serde(default)]
    pub conversation: Option<String>,
    /// Whether its program went on with an earlier conversation in this launch.
    #[serde(default)]
    pub resumed: bool,
    /// What its program tells of itself.
    #[serde(default)]
    pub figures: AgentFigures,
    /// The question that its program has open.
    #[serde(default)]
    pub question: Option<Question>,
    /// Its usage limits, and the one that holds it.
    #[serde(default)]
    pub credit: AgentCredit,
    /// What was seen of its program.
    #[serde(default)]
    pub observed: Observed,
    /// The names of its keys, and whether its turns fail for want of one.
    #[serde(default)]
    pub keys: AgentKeys,
    /// What is remembered of it for its check-ins.
    #[serde(default)]
    pub check_ins: CheckIns,
}

impl Agent {
    /// An agent of which nothing was started yet.
    pub fn new(id: AgentId, team: TeamId, role: RoleName, program: &str, now: Timestamp) -> Self {
        Self {
            id,
            team,
            role,
            position: 0,
            program: program.to_owned(),
            worktree: PathBuf::new(),
            branch: None,
            worktree_ready: false,
            launch: None,
            pane: None,
            process: None,
            state: AgentState::Stopped,
            evidence: Evidence::new("command", "not started yet", now),
            since: now,
            briefing: None,
            briefed: false,
            transcript: None,
            completed: None,
            completed_at: None,
            desired: DesiredState::Running,
            paused: false,
            task: None,
            guest_in: None,
            launches: 0,
            restarts: Vec::new(),
            turns: Vec::new(),
            cap_told: false,
            left: None,
            last_transcript: None,
            last_end: None,
            conversation: None,
            resumed: false,
            figures: AgentFigures::default(),
            question: None,
            credit: AgentCredit::default(),
            observed: Observed::default(),
            keys: AgentKeys::default(),
            check_ins: CheckIns::default(),
        }
    }
}
