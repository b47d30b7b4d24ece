//! torch's settings: their defaults, and how the user's file, the project's file and the environment go over them.
//!
//! Nothing here reads a file or a variable; texts and a lookup are passed in.

mod error;
mod fast_lane;
mod integration;
mod interval;
mod key;
mod kind;
mod layer;
mod profile;
mod project_router;
mod quality;

use serde::{Deserialize, Serialize};

use crate::RouterMode;
use crate::policy::{GitPolicy, Profile, TeamPolicy};
use crate::screen::DialogKind;

pub use error::ConfigError;
pub use fast_lane::FastLaneConfig;
pub use integration::IntegrationConfig;
pub use interval::{Interval, NoInterval, PlanTier};
pub use key::{KEYS, Key, Scope};
pub use kind::Kind;
pub(crate) use kind::names_in;
pub use layer::{Layers, Origin, Passed, Source, layer, template};
pub use profile::ProfileFile;
pub use project_router::{ProjectRouter, Stricter};
pub use quality::QualityConfig;

/// Every setting.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The profile that the settings of the policy begin with.
    pub policy: Profile,
    /// What agents do with git.
    pub git: GitPolicy,
    /// How work gets into the base branch.
    pub integration: IntegrationConfig,
    /// What measures must hold before an integration lands.
    pub quality: QualityConfig,
    /// What is watched of agents' work with git.
    pub activity: ActivityConfig,
    /// tmux and its server.
    pub tmux: TmuxConfig,
    /// The agent programs.
    pub agents: AgentsConfig,
    /// Who may write to whom.
    pub router: RouterConfig,
    /// Who a sender is.
    pub identity: IdentityConfig,
    /// How messages are typed.
    pub delivery: DeliveryConfig,
    /// How teams are named, and how large they may be.
    pub team: TeamConfig,
    /// When an ended program is started again.
    pub restart: RestartConfig,
    /// What an agent may use up.
    pub limits: LimitsConfig,
    /// When agents go on after a usage limit.
    pub credit: CreditConfig,
    /// When torch looks after agents by itself.
    pub check_ins: CheckInsConfig,
    /// Where projects lie.
    pub projects: ProjectsConfig,
    /// What a worktree gets, and how many there are.
    pub worktree: WorktreeConfig,
    /// What is checked after a rollback.
    pub rollback: RollbackConfig,
    /// What agents may push through the broker.
    pub broker: BrokerConfig,
    /// Whether torch merges commits between agents' worktrees.
    pub fast_lane: FastLaneConfig,
    /// Automatic backups of the registry.
    pub backup: BackupConfig,
    /// How long a registry keeps what it has.
    pub retention: RetentionConfig,
}

impl Config {
    /// The policy of teams that are started with these settings.
    pub fn team_policy(&self) -> TeamPolicy {
        TeamPolicy {
            profile: self.policy,
            git: self.git.clone(),
            integration: self.integration.policy(),
        }
    }
}

/// What is watched of agents' work with git.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivityConfig {
    /// Whether agents are told of conflicts between their work before anybody merges it.
    pub overlaps: bool,
}

impl Default for ActivityConfig {
    fn default() -> Self {
        Self { overlaps: true }
    }
}

/// tmux and its server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TmuxConfig {
    /// The server's socket name (`tmux -L NAME`); `default` is the user's own server.
    pub socket: String,
    /// The program: a path or a name on `PATH`.
    pub program: String,
}

/// The agent programs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentsConfig {
    /// The program that `torch auto` uses without `--agent`; empty: it must be named with `--agent`.
    pub default: String,
    /// The permission mode that programs are started in, by the name in their own rules; empty: each program's own default.
    pub mode: String,
    /// Which dialogs torch approves by itself, of `trust`, `key` and `update`, with commas; empty: none.
    pub answer: String,
    /// Names of further environment variables that programs get, with commas.
    pub variables: String,
}

impl AgentsConfig {
    /// The names of the further environment variables that programs get.
    pub fn variable_names(&self) -> impl Iterator<Item = &str> {
        kind::names_in(&self.variables)
    }

    /// Whether torch may approve dialogs of this kind by itself.
    pub fn answers(&self, kind: DialogKind) -> bool {
        let answerable = matches!(
            kind,
            DialogKind::Trust | DialogKind::Key | DialogKind::Update
        );
        let mut words = self.answer.split(',').map(str::trim);
        answerable && words.any(|word| word == kind.as_str())
    }
}

/// Who may write to whom, and how often; 0 means no limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouterConfig {
    /// Which direct messages pass.
    pub mode: RouterMode,
    /// The communication matrix by name; `auto`: the edges of the team's template, else by the team's roles.
    pub matrix: String,
    /// Exchanges of two agents in one thread until the next goes to the hub.
    pub exchanges: u64,
    /// Direct messages in a chain of agents until the next goes to the hub.
    pub hops: u64,
    /// Messages from one agent to another within [`Self::pair_seconds`].
    pub pair_messages: u64,
    /// The stretch of time for [`Self::pair_messages`], in seconds.
    pub pair_seconds: u64,
    /// Within how many seconds the same text is refused.
    pub repeat_seconds: u64,
    /// After how many quiet seconds a thread or a chain is over.
    pub quiet_seconds: u64,
    /// After how many seconds the hub is told that an agent is still blocked.
    pub blocked_seconds: u64,
    /// Further critical words, with commas.
    pub critical: String,
}

impl Default for RouterConfig {
    fn default() -> Self {
        Self {
            mode: RouterMode::default(),
            matrix: "auto".to_owned(),
            exchanges: 3,
            hops: 8,
            pair_messages: 40,
            pair_seconds: 600,
            repeat_seconds: 300,
            quiet_seconds: 1_800,
            blocked_seconds: 600,
            critical: String::new(),
        }
    }
}

impl RouterConfig {
    /// The further critical words.
    pub fn critical_words(&self) -> impl Iterator<Item = &str> {
        kind::names_in(&self.critical)
    }
}

/// Who a sender is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityConfig {
    /// Whether a process without a terminal (cron, CI) may do all that a person may.
    pub scripts: bool,
}

/// How messages are typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveryConfig {
    /// Seconds until torch leaves a copy mode in which a person with an attached client scrolls.
    pub copy_mode_wait_seconds: u64,
    /// Seconds until torch tells that a person's draft holds a message up.
    pub draft_notice_seconds: u64,
    /// Seconds until a message that waits for the end of a turn is handed into it, where the program can take it so.
    pub hand_over_after_seconds: u64,
    /// Seconds after the Enter without evidence until a delivery is uncertain.
    pub submit_timeout_seconds: u64,
}

/// How teams are named, and how large they may be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeamConfig {
    /// Added to a session's name with a `-`; empty adds nothing.
    pub session_suffix: String,
    /// The plan of the agents' account: it limits a team without `--plan`, and says how often torch looks after agents.
    pub plan: PlanTier,
}

/// When torch starts an agent's ended program again by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestartConfig {
    /// After which ends.
    pub policy: RestartPolicy,
}

/// After which ends torch starts an agent's program again by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RestartPolicy {
    /// After any, unless a person at the keyboard ended it.
    #[default]
    Always,
    /// After errors and signals, not after status 0.
    OnFailure,
    /// After none.
    Never,
}

/// What an agent may use up before a person looks at it; 0 means no limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsConfig {
    /// Restarts by torch within an hour until an agent is given up.
    pub restarts_per_hour: u64,
    /// Turns within an hour until nothing more is typed into an agent in that hour.
    pub turns_per_hour: u64,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            restarts_per_hour: 6,
            turns_per_hour: 120,
        }
    }
}

/// When agents go on after a usage limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreditConfig {
    /// Seconds after the reset until torch wakes an agent.
    pub wake_after_seconds: u64,
    /// Seconds after the reset that a program may take which goes on by itself, before torch wakes it.
    pub automatic_wait_seconds: u64,
    /// Seconds between the wake-ups of agents that share an account.
    pub stagger_seconds: u64,
}

impl Default for CreditConfig {
    fn default() -> Self {
        Self {
            wake_after_seconds: 120,
            automatic_wait_seconds: 300,
            stagger_seconds: 20,
        }
    }
}

/// When torch looks after agents by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckInsConfig {
    /// How long between two looks at an agent.
    pub every: Interval,
    /// The same for some roles, `ROLE=LENGTH` with commas.
    pub roles: String,
    /// How long after a turn with work and no report an agent is asked what came of it.
    pub silent_after: Interval,
    /// How long the answers to a standup are waited for.
    pub standup_wait: Interval,
}

impl CheckInsConfig {
    /// How long between two looks at an agent of this role.
    pub fn of(&self, role: &str) -> Interval {
        // A text that is none is refused when it is read.
        let own = interval::by_role(&self.roles).unwrap_or_default();
        let own = own.into_iter().find(|(name, _)| name == role);
        own.map_or(self.every, |(_, every)| every)
    }
}

impl Default for CheckInsConfig {
    fn default() -> Self {
        let minutes = |minutes: u64| Interval::Every(std::time::Duration::from_secs(minutes * 60));
        Self {
            every: Interval::ByPlan,
            roles: String::new(),
            silent_after: minutes(10),
            standup_wait: minutes(15),
        }
    }
}

/// Where projects lie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectsConfig {
    /// The folders whose subfolders `torch open` looks through; `~/` is the home directory.
    pub roots: Vec<String>,
}

/// What a worktree gets before anybody works in it, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorktreeConfig {
    /// Ignored files of the project that are copied into it, with commas.
    pub copy: String,
    /// Ignored files and folders of the project that it gets links to, with commas.
    pub link: String,
    /// A command that is run in a new one; empty: none.
    pub setup: String,
    /// A command that is run before one is removed; empty: none.
    pub teardown: String,
    /// The ports of which it gets a pair, `FIRST-LAST`; empty: none.
    pub ports: String,
    /// How many without a team there may be in one project; 0: any number.
    pub limit: u64,
}

impl Default for WorktreeConfig {
    fn default() -> Self {
        Self {
            copy: String::new(),
            link: String::new(),
            setup: String::new(),
            teardown: String::new(),
            // 50 pairs that hardly any program has for itself.
            ports: "8100-8199".to_owned(),
            limit: 4,
        }
    }
}

impl WorktreeConfig {
    /// The files that are copied.
    pub fn copied(&self) -> impl Iterator<Item = &str> {
        kind::names_in(&self.copy)
    }

    /// The files and folders that are linked to.
    pub fn linked(&self) -> impl Iterator<Item = &str> {
        kind::names_in(&self.link)
    }
}

/// What agents may push through the broker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrokerConfig {
    /// The most that one push may bring, in MiB.
    pub push_megabytes: u64,
    /// Branches that no agent pushes to, with commas; `*` stands for anything.
    pub protected: String,
}

impl Default for BrokerConfig {
    fn default() -> Self {
        Self {
            // What the large hosts take in one push without complaint.
            push_megabytes: 100,
            protected: String::new(),
        }
    }
}

impl BrokerConfig {
    /// The patterns of branches that no agent pushes to.
    pub fn protected(&self) -> impl Iterator<Item = &str> {
        kind::names_in(&self.protected)
    }
}

impl Default for ProjectsConfig {
    fn default() -> Self {
        Self {
            roots: vec!["~/projects".to_owned()],
        }
    }
}

/// What is checked after a rollback besides the project's tests (`integration.test`): commands (sh -c) that are run where the parent branch is checked out; empty: none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollbackConfig {
    /// Whether the data is whole.
    pub data: String,
    /// Whether it is fast enough.
    pub performance: String,
    /// Whether it is secure.
    pub security: String,
    /// Whether what it works with answers.
    pub integrations: String,
    /// How many minutes each may take.
    pub minutes: u64,
}

impl Default for RollbackConfig {
    fn default() -> Self {
        Self {
            data: String::new(),
            performance: String::new(),
            security: String::new(),
            integrations: String::new(),
            minutes: 15,
        }
    }
}

/// Automatic backups of the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupConfig {
    /// Hours between two backups, where anything changed; 0 = none.
    pub hours: u64,
    /// How many of the newest stay.
    pub keep: u64,
}

/// How long a registry keeps what it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionConfig {
    /// Days after which `torch gc` archives or removes it.
    pub days: u64,
}

impl Default for BackupConfig {
    fn default() -> Self {
        Self { hours: 6, keep: 8 }
    }
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self { days: 90 }
    }
}

impl Default for TmuxConfig {
    fn default() -> Self {
        Self {
            socket: "torch".to_owned(),
            program: "tmux".to_owned(),
        }
    }
}

impl Default for DeliveryConfig {
    fn default() -> Self {
        Self {
            copy_mode_wait_seconds: 30,
            draft_notice_seconds: 120,
            hand_over_after_seconds: 600,
            submit_timeout_seconds: 5,
        }
    }
}

#[cfg(test)]
mod tests;
