//! What is shown: flat, stable shapes for people, `--json` and scripts.

use std::path::PathBuf;

use crate::choice::ChoiceView;
use serde::{Deserialize, Serialize};
use torch_core::figures::AgentFigures;
use torch_core::{
    AgentState, DeferReason, DeliveryState, Enforcement, Evidence, PaneAddress, Timestamp,
};

/// How many entries of an agent's history an answer has at most, the newest.
pub const HISTORY_MAX: u32 = 60;

/// The daemon itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaemonView {
    /// Its version.
    pub version: String,
    /// Its pid.
    pub pid: u32,
    /// Since when it runs.
    pub started: Timestamp,
    /// The registry it owns.
    pub home: PathBuf,
    /// The tmux server's socket name.
    pub tmux_socket: String,
    /// tmux's version, once asked.
    pub tmux_version: Option<String>,
    /// Since when the tmux server lives and does not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tmux_silent: Option<Timestamp>,
}

/// What one agent may use up within an hour; 0: no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapsView {
    /// Turns, until it gets no more in that hour.
    pub turns_per_hour: u64,
    /// Restarts, until it is given up.
    pub restarts_per_hour: u64,
}

/// One team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamView {
    /// Its id.
    pub id: String,
    /// Its name and its tmux session's.
    pub name: String,
    /// The project's directory.
    pub project: PathBuf,
    /// The spec.
    pub spec: PathBuf,
    /// The starting branch.
    pub base_branch: String,
    /// `raising`, `running`, `finished`, `stopped`, or `suspended` after the machine was restarted.
    pub phase: String,
    /// Whether a person paused it.
    #[serde(default)]
    pub paused: bool,
    /// What one agent may use up; absent where no daemon runs.
    #[serde(default)]
    pub caps: Option<CapsView>,
    /// `strict`, `matrix` or `open`.
    pub router: String,
    /// What holds an agent back from misbehaving: `advice`, until something enforces it.
    pub enforcement: String,
    /// What keeps agents from pushing past the broker, where it is on.
    #[serde(default)]
    pub pushes: Option<crate::broker::PushLevel>,
    /// When it was made.
    pub created: Timestamp,
    /// When the hub reported the spec complete.
    pub finished: Option<Timestamp>,
    /// The hub's closing words.
    pub summary: Option<String>,
    /// The line that attaches to it.
    pub attach: String,
    /// Messages not delivered yet.
    pub waiting: u64,
    /// How many notes are planned (`torch schedule list`).
    #[serde(default)]
    pub scheduled: u64,
    /// The planned note that is due next.
    #[serde(default)]
    pub next_scheduled: Option<Box<ScheduleView>>,
    /// How far its plan is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks: Option<torch_core::task::TaskCount>,
    /// Tasks that are to be done again, as the spec asks for something else since: their ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to_do_again: Vec<String>,
    /// Why the files with the project's rules can't be read; the rules read before are in force then.
    #[serde(default)]
    pub rules_trouble: Option<String>,
    /// What the project's files loosen of its rules while the team runs, and the command that accepts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules_held: Option<String>,
    /// Which roles a rule of the project keeps from every message now, the orchestrator's included, and the rule.
    #[serde(default)]
    pub rules_silence: Option<String>,
    /// How many violations of the team's rules are open.
    #[serde(default)]
    pub open_violations: usize,
    /// Agents that said that they are blocked, by role, each with its words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked: Vec<(String, String)>,
    /// Commits that agents made although the team's policy leaves them to a person, one line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub against_policy: Vec<String>,
    /// Its integration that is under way, and what it waits for, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration: Option<String>,
    /// Since when its branches can't be read, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<crate::git::Unread>,
    /// What torch's own words to its agents cost: check-ins, standups, words to go on, repeated briefings.
    #[serde(default)]
    pub supervision: SupervisionView,
    /// Its agents in the order of their windows.
    pub agents: Vec<AgentView>,
}

/// What torch's own words to a team's agents cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupervisionView {
    /// Messages today, by the machine's zone.
    pub messages_today: u64,
    /// About how many tokens these are: a quarter of their characters.
    pub tokens_today: u64,
    /// Messages in all.
    pub messages: u64,
    /// About how many tokens these are.
    pub tokens: u64,
}

/// The turns of an agent's hour, used up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CappedView {
    /// How many turns it may have within an hour.
    pub turns_per_hour: u64,
    /// When the next message can be typed into it.
    pub until: Timestamp,
}

/// One agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentView {
    /// Its role.
    pub role: String,
    /// Its window's index.
    pub window: u32,
    /// The session it is in, if that is not its team's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Its program.
    pub program: String,
    /// What it is doing.
    pub state: AgentState,
    /// Since when.
    pub since: Timestamp,
    /// Why torch believes that.
    pub evidence: Evidence,
    /// Its pane.
    pub pane: Option<PaneAddress>,
    /// Its program's pid.
    pub pid: Option<u32>,
    /// Its worktree.
    pub worktree: PathBuf,
    /// Whether its program runs and that folder is not there any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub worktree_gone: bool,
    /// The branch that is checked out in its worktree, as it was seen last; none: HEAD is detached.
    pub branch: Option<String>,
    /// Whether its briefing was proven to have arrived.
    pub briefed: bool,
    /// How firmly its git is kept from what it must not do.
    #[serde(default)]
    pub enforcement: Enforcement,
    /// Its last completion report.
    pub completed: Option<String>,
    /// When that report was made.
    pub completed_at: Option<Timestamp>,
    /// Messages waiting for it.
    pub waiting: u64,
    /// Whether a person paused it.
    #[serde(default)]
    pub paused: bool,
    /// Why its briefing waits, where that is a person's word or a cap.
    #[serde(default)]
    pub held: Option<String>,
    /// The usage limit that holds it, in words: `limited until 14:02 (Europe/London)`.
    #[serde(default)]
    pub limited: Option<String>,
    /// Its program's words, where its turns fail for want of a login or a key: `Not logged in`.
    #[serde(default)]
    pub no_login: Option<String>,
    /// Where it has used up its turns of the hour: nothing more is typed into it until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capped: Option<CappedView>,
    /// What its program tells of itself: model, context, cost, tokens.
    #[serde(default)]
    pub figures: AgentFigures,
    /// Its program's conversation.
    #[serde(default)]
    pub conversation: Option<String>,
    /// Why its ended program is left alone.
    #[serde(default)]
    pub left: Option<String>,
    /// How often torch restarted it within the last hour.
    #[serde(default)]
    pub restarts: u64,
    /// The last lines of its screen, where asked for.
    pub last_lines: Vec<String>,
}

/// One planned note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleView {
    /// `s-7k3f9q2a`.
    pub id: String,
    /// The whole ULID.
    pub ulid: String,
    /// The team's name.
    pub team: String,
    /// Whom it is for: a role, or `human`.
    pub to: String,
    /// The label of who planned it.
    pub from: String,
    /// The rule that made the sender who it is.
    pub from_rule: String,
    /// The rule that let it be planned.
    pub rule: String,
    /// When it was planned, by the wall clock as it stands now.
    pub planned: Timestamp,
    /// When it is due, by the wall clock as it stands now.
    pub due: Timestamp,
    /// How far ahead it was planned, in milliseconds.
    pub after_millis: u64,
    /// Whether it waits for its team to be started again.
    pub team_stopped: bool,
    /// Why it will wait when it is due, as far as is known now: nothing is typed then into the agent that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    /// The note.
    pub note: String,
    /// The cron expression by which it comes again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    /// The zone that the expression is read in; empty: the machine's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// How often it was said, where it comes again.
    #[serde(default)]
    pub times: u64,
    /// What cleaning changed; only in the answer to the request that planned it.
    pub cleaned: Vec<String>,
}

/// One agent's check-ins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckInView {
    /// `check_in`, which tells such a line of JSON from a planned note's.
    pub kind: String,
    /// The team's name.
    pub team: String,
    /// The role that is looked at.
    pub to: String,
    /// How many seconds lie between two looks.
    pub every_seconds: u64,
    /// When the next look is due; absent while the team is stopped, and once its spec is reported complete.
    pub next: Option<Timestamp>,
    /// Whether its team reported the spec complete: nothing is said any more.
    #[serde(default)]
    pub finished: bool,
    /// When the last check-in was said.
    pub said: Option<Timestamp>,
    /// As which message.
    pub message: Option<String>,
    /// Why the last look said nothing; absent where it did.
    pub skipped: Option<String>,
    /// When that look was.
    pub skipped_at: Option<Timestamp>,
}

/// One message with its delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageView {
    /// `m-7k3f9q2a`.
    pub id: String,
    /// The whole ULID.
    pub ulid: String,
    /// The team's name.
    pub team: String,
    /// When it was accepted.
    pub at: Timestamp,
    /// `message`, `briefing`, `hub_copy`, `completion`, `notice`, `scheduled`, `continue`, `check_in` or `standup`.
    pub kind: String,
    /// The sender's label.
    pub from: String,
    /// The rule that made the sender who it is.
    pub from_rule: String,
    /// The recipient's label.
    pub to: String,
    /// The target as written.
    pub target: String,
    /// Its number on this pair.
    pub pair_seq: u64,
    /// `deliver`, `reroute` or `refuse`.
    pub decision: String,
    /// The rule that decided.
    pub rule: String,
    /// The rule in words.
    pub reason: String,
    /// Whether it does not wait for the end of a turn.
    #[serde(default)]
    pub urgent: bool,
    /// Critical words found.
    pub critical: Vec<String>,
    /// What cleaning changed.
    pub cleaned: Vec<String>,
    /// The state of its delivery.
    pub state: DeliveryState,
    /// Why it waits; of a queued one that was just sent, why the one before it waits.
    pub waits: Option<DeferReason>,
    /// Which try.
    pub attempt: u32,
    /// Whether an earlier try may have arrived as well.
    pub possible_duplicate: bool,
    /// Since when it is in this state.
    pub since: Timestamp,
    /// What was seen last.
    pub evidence: String,
    /// The body after cleaning.
    pub body: String,
    /// The file that holds a long body.
    pub body_file: Option<PathBuf>,
    /// Whether the person has read it (inbox only).
    pub read: bool,
}

/// One journal entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalView {
    /// Its number.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub kind: String,
    /// Because of what.
    pub cause: String,
    /// The particulars.
    pub data: serde_json::Value,
}

/// What `torch auto` would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanView {
    /// The team's name.
    pub team: String,
    /// The project.
    pub project: PathBuf,
    /// The spec.
    pub spec: PathBuf,
    /// How many tasks the spec's plan has.
    pub spec_items: u32,
    /// The starting branch and its commit.
    pub base_branch: String,
    /// The commit it points to.
    pub base_commit: String,
    /// Bytes of one checked-out worktree, by the tree's blob sizes.
    pub worktree_bytes: u64,
    /// What one agent may use up.
    #[serde(default)]
    pub caps: CapsView,
    /// The agents.
    pub agents: Vec<PlannedAgent>,
    /// Why these roles, where the client chose them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<Box<ChoiceView>>,
    /// Who may write to whom directly, in the order of the windows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub writes: Vec<WritesView>,
    /// Whether a team for this project is already there.
    pub exists: bool,
}

/// Whom a role of a plan may write to directly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WritesView {
    /// The role.
    pub role: String,
    /// The roles of its team, besides the orchestrator and the project manager; absent where it may write to all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Vec<String>>,
}

/// One agent of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedAgent {
    /// Its role.
    pub role: String,
    /// Its window's index.
    pub window: u32,
    /// Its program.
    pub program: String,
    /// The permission mode it starts in.
    pub permission_mode: String,
    /// The branch it would get.
    pub branch: String,
    /// Its worktree.
    pub worktree: PathBuf,
}
