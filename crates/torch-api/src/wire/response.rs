//! What the daemon answers.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::commit::CommitView;
use crate::failure::Failure;
use crate::roster::{ResumeView, WindowRename};
use crate::view::{
    AgentView, CheckInView, DaemonView, JournalView, MessageView, PlanView, ScheduleView, TeamView,
};
use crate::worktree::{KeptView, PortsView, RemovedView, UndeletedView, WorktreeView};

/// A step of an agent on its way up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Waiting for its turn.
    Waiting,
    /// Its worktree stands.
    Worktree,
    /// Its window is open.
    Window,
    /// Its program was started.
    Starting,
    /// Its program waits for input.
    Ready,
    /// Its briefing arrived.
    Briefed,
    /// It ended in the course of a stop.
    Stopped,
    /// It reported completion.
    Complete,
    /// It could not be brought up.
    Failed,
}

/// What the daemon answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "response", rename_all = "snake_case")]
pub enum Response {
    /// It did not work; nothing was changed unless the text says so.
    Failed(Failure),
    /// It is done; `text` says what, in one line.
    Done {
        /// What was done.
        text: String,
    },
    /// What was asked of the rules of communication.
    Rules(Box<crate::rules::RulesResponse>),
    /// Of work that is taken back.
    Rollback(Box<crate::rollback::RollbackResponse>),
    /// Of a team's git.
    Git(Box<crate::git::GitResponse>),
    /// The open questions, oldest first.
    Pending {
        /// The questions.
        questions: Vec<crate::QuestionView>,
        /// Integrations that wait for a review.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        integrations: Vec<crate::integrate::IntegrationView>,
        /// What projects loosen of their rules while their teams run.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        rules: Vec<crate::rules::HeldView>,
        /// How many of all these wait in other teams, where a person asked for one team's.
        #[serde(default, skip_serializing_if = "is_none")]
        elsewhere: u64,
    },
    /// An agent came a step further; more answers follow.
    Progress {
        /// The role, or `team` for the team as a whole.
        role: String,
        /// The step.
        stage: Stage,
        /// Particulars, e.g. the worktree's path or an error.
        detail: String,
    },
    /// What `torch auto` would do.
    Planned(Box<PlanView>),
    /// The team is up.
    Raised {
        /// Whether it was already there: `auto` then changed nothing but what `adopted` says, and `resume` started it from no
        /// stop.
        existed: bool,
        /// Whether it was there without a branch, and its work goes into the project's one from now on.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        adopted: bool,
        /// The team.
        team: Box<TeamView>,
    },
    /// The team's spec is finished, or the team can't go on.
    Finished {
        /// The team.
        team: Box<TeamView>,
        /// Whether the hub reported the spec complete.
        complete: bool,
    },
    /// The message is durable and judged; with `wait`, how far it came.
    Sent {
        /// The message with its delivery.
        message: Box<MessageView>,
        /// Whether the awaited state was reached; true without `wait`.
        reached: bool,
    },
    /// All teams, or the one asked for.
    Status {
        /// The daemon itself.
        daemon: DaemonView,
        /// The teams.
        teams: Vec<TeamView>,
    },
    /// The daemon itself.
    Daemon(DaemonView),
    /// What the client has to run to attach.
    Attach {
        /// The command, ready to be executed.
        argv: Vec<String>,
        /// Variables to remove first (`TMUX` when nesting in another server).
        unset: Vec<String>,
    },
    /// The project's shell or server, and how it goes.
    Window(Box<crate::open::WindowView>),
    /// Lines of a pane, oldest first.
    Lines {
        /// The lines.
        lines: Vec<String>,
    },
    /// Messages, newest first.
    Messages {
        /// The messages.
        messages: Vec<MessageView>,
    },
    /// The numbers, team by team.
    Stats {
        /// In the order of the teams' names.
        teams: Vec<torch_core::analysis::TeamAnalysis>,
    },
    /// One message.
    Message(Box<MessageView>),
    /// A message's journal, oldest first.
    Trace {
        /// The message.
        message: Box<MessageView>,
        /// What happened to it.
        events: Vec<JournalView>,
    },
    /// The note is planned, and that is durable.
    Scheduled(Box<ScheduleView>),
    /// Planned notes, the next one first.
    Schedules {
        /// The notes.
        schedules: Vec<ScheduleView>,
        /// The check-ins that are set up, by team in the order of the windows.
        #[serde(default)]
        check_ins: Vec<CheckInView>,
    },
    /// A team's plan.
    Tasks(Box<crate::task::TasksView>),
    /// The agents' usage limits.
    Credit(Box<crate::credit::CreditView>),
    /// What was seen of each program that was launched, by name.
    Observed {
        /// The programs.
        programs: Vec<torch_core::observed::ProgramObserved>,
    },
    /// One agent's state with the evidence.
    Why {
        /// The agent.
        agent: Box<AgentView>,
        /// What torch waits for, one line each.
        waits_for: Vec<String>,
        /// What the project's files loosen of the rules about it, and a person has not accepted, one line each.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        rules: Vec<String>,
        /// The journal of its states, newest first.
        history: Vec<JournalView>,
    },
    /// What a resume would do.
    Resume(Box<ResumeView>),
    /// Windows whose names are not their roles'; given their names unless it was a dry run.
    Windows {
        /// The windows.
        renames: Vec<WindowRename>,
    },
    /// The journal was checked.
    Audit {
        /// The number of the last good entry.
        entries: u64,
        /// The last entry that was archived: the check begins behind it.
        #[serde(default)]
        archived: u64,
        /// What is wrong with the archives of the entries before, if anything.
        #[serde(default)]
        archive: Option<String>,
        /// The last hash.
        head: String,
        /// What is wrong, if anything: the first bad entry.
        broken: Option<String>,
    },
    /// A commit was made, or was there already.
    Committed(Box<CommitView>),
    /// Worktrees, those of a team together.
    Worktrees {
        /// The worktrees.
        worktrees: Vec<WorktreeView>,
        /// The ports that worktrees get; none where they get none.
        #[serde(default)]
        ports: Option<PortsView>,
    },
    /// What became of each worktree that was to be removed.
    WorktreesRemoved {
        /// One entry for each, in the order they were asked for.
        worktrees: Vec<RemovedView>,
    },
    /// What was mended of worktrees.
    WorktreesRepaired {
        /// One line for each, in git's words; none where all was well.
        mended: Vec<String>,
    },
    /// What is kept, newest first.
    Kept {
        /// The removed worktrees.
        kept: Vec<KeptView>,
    },
    /// A worktree is back.
    Undeleted(Box<UndeletedView>),
    /// What was archived and removed, or with `dry_run` would be.
    Gc {
        /// Whether nothing was done.
        dry_run: bool,
        /// One line for each kind.
        kinds: Vec<GcKind>,
        /// The archive that was written, if anything left the database.
        archive: Option<PathBuf>,
    },
}

/// How much of one kind goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GcKind {
    /// `journal`, `messages`, `ledger`, `day-files`, `backups`, `screen-logs`.
    pub kind: String,
    /// How many entries, messages or files.
    pub items: u64,
    /// How large they are, in bytes; for entries and messages about.
    pub bytes: u64,
}

fn is_none(count: &u64) -> bool {
    *count == 0
}
