//! The rules of communication: violations, forms, assignments and dependencies.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use torch_core::Timestamp;
use torch_core::form::Priority;
use torch_core::ledger::{Assignment, Severity, Violation, ViolationState};
use torch_core::message::Decision;
use torch_core::project_rules::{Contradiction, HeldBack, ProjectRules};

use crate::wire::TeamSelector;

/// What clients ask about the rules of communication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum RulesRequest {
    /// Answers [`RulesResponse::Violations`], the oldest first.
    Violations(ViolationFilter),
    /// Settles an open violation: a person, or the hub of its team. Answers [`crate::Response::Done`].
    Resolve {
        /// Its id, with or without `v-`.
        id: String,
    },
    /// The calling agent reports its status in the STATUS form. Answers [`crate::Response::Sent`].
    Status(StatusReport),
    /// Assignments by the TASK form. Answers [`RulesResponse::Assignments`], the oldest first.
    Assignments {
        /// Of one team.
        team: Option<String>,
        /// Only those that nobody acknowledged.
        unacked: bool,
    },
    /// Says for whose completion a role waits; nobody takes it away. A person, the hub or the project manager.
    /// Answers [`crate::Response::Done`].
    SetDependencies {
        /// Which team.
        team: TeamSelector,
        /// The role that waits.
        role: String,
        /// For whom.
        on: Vec<String>,
    },
    /// Answers [`RulesResponse::Dependencies`].
    Dependencies {
        /// Which team.
        team: TeamSelector,
    },
    /// The rules of a project that are in force. Answers [`RulesResponse::InForce`].
    InForce {
        /// Which team.
        team: TeamSelector,
    },
    /// Puts in force what the files of a project loosen: a person at a terminal. Answers [`crate::Response::Done`].
    Accept {
        /// Which team.
        team: TeamSelector,
        /// What is accepted: [`HeldBack::id`]. Refused where something else is held back by now.
        id: String,
    },
    /// Judges a message that is not sent. Answers [`RulesResponse::Verdict`].
    Test {
        /// Which team.
        team: TeamSelector,
        /// Which role says it; `human` is the person.
        from: String,
        /// To whom.
        to: String,
        /// What.
        text: String,
    },
}

/// Which violations are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViolationFilter {
    /// Of one team.
    pub team: Option<String>,
    /// Only open ones.
    pub open: bool,
    /// Last seen at this time or later.
    pub from: Option<Timestamp>,
    /// First seen before this time.
    pub until: Option<Timestamp>,
}

impl ViolationFilter {
    /// Whether a violation is meant; of the team the caller has made sure.
    pub fn takes(&self, violation: &Violation) -> bool {
        (!self.open || violation.status == ViolationState::Open)
            && self.from.is_none_or(|from| violation.last >= from)
            && self.until.is_none_or(|until| violation.at < until)
    }
}

/// What a STATUS says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReport {
    /// What is done.
    pub completed: Vec<String>,
    /// What is being done.
    pub current: String,
    /// What holds the agent up.
    pub blocked: Option<String>,
    /// When the current work will be done.
    pub eta: String,
    /// To whom; the hub without it.
    pub to: Option<String>,
    /// The caller's working directory.
    pub cwd: PathBuf,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum RulesResponse {
    /// Violations.
    Violations {
        /// The oldest first.
        violations: Vec<ViolationView>,
    },
    /// Assignments.
    Assignments {
        /// The oldest first.
        assignments: Vec<AssignmentView>,
    },
    /// Dependencies.
    Dependencies {
        /// The team.
        team: String,
        /// By role.
        dependencies: Vec<DependencyView>,
    },
    /// The rules of a project.
    InForce(Box<RulesView>),
    /// What would become of a message.
    Verdict(Box<VerdictView>),
}

/// One violation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViolationView {
    /// `v-` and 8 characters.
    pub id: String,
    /// The whole id.
    pub ulid: String,
    /// The team's name.
    pub team: String,
    /// Who broke the rule.
    pub role: String,
    /// Whom it wrote to; of git: the branch, tag or file.
    pub to: String,
    /// The rule.
    pub rule: String,
    /// How much it matters.
    pub severity: Severity,
    /// What was seen.
    pub evidence: String,
    /// What to do instead.
    pub remedy: String,
    /// The message, where one was kept.
    pub message: Option<String>,
    /// How often it happened while it was open.
    pub count: u64,
    /// When it was first seen.
    pub at: Timestamp,
    /// When it was last seen.
    pub last: Timestamp,
    /// `open`, `resolved` or `expired`.
    pub state: String,
    /// Who or what resolved it.
    pub by: Option<String>,
}

impl ViolationView {
    /// A violation of a team with this name.
    pub fn new(violation: &Violation, team: String) -> Self {
        Self {
            id: violation.id.tag(),
            ulid: violation.id.to_string(),
            team,
            role: violation.role.to_string(),
            to: violation.to.clone(),
            rule: violation.rule.clone(),
            severity: violation.severity,
            evidence: violation.evidence.clone(),
            remedy: violation.remedy.clone(),
            message: violation.message.map(torch_core::MessageId::tag),
            count: violation.count,
            at: violation.at,
            last: violation.last,
            state: violation.status.as_str().to_owned(),
            by: match &violation.status {
                ViolationState::Resolved { by, .. } => Some(by.clone()),
                ViolationState::Open | ViolationState::Expired { .. } => None,
            },
        }
    }
}

/// One assignment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssignmentView {
    /// The task's id, as its giver wrote it.
    pub task: String,
    /// What it is called.
    pub title: String,
    /// How soon it is wanted.
    pub priority: Priority,
    /// The team's name.
    pub team: String,
    /// Who gave it.
    pub from: String,
    /// Who has it.
    pub role: String,
    /// The message that said so.
    pub message: String,
    /// When it was given.
    pub at: Timestamp,
    /// When its agent acknowledged it.
    pub acked: Option<Timestamp>,
}

impl AssignmentView {
    /// An assignment in a team with this name.
    pub fn new(assignment: &Assignment, team: String) -> Self {
        Self {
            task: assignment.task.clone(),
            title: assignment.title.clone(),
            priority: assignment.priority,
            team,
            from: assignment.from.clone(),
            role: assignment.role.to_string(),
            message: assignment.message.tag(),
            at: assignment.at,
            acked: assignment.acked,
        }
    }
}

/// For whose completion a role waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DependencyView {
    /// The role that waits.
    pub role: String,
    /// For whom, and whether that role has reported completion.
    pub on: Vec<DependencyState>,
}

/// One that is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DependencyState {
    /// The role.
    pub role: String,
    /// Whether it has reported completion.
    pub complete: bool,
}

/// The rules that a project's own files state, as they are in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesView {
    /// The team's name.
    pub team: String,
    /// The project's folder, in which the files are.
    pub project: PathBuf,
    /// Since when they are in force; absent where the files never stated any.
    pub since: Option<Timestamp>,
    /// Why the files can't be read as they are now; the rules are the last good ones then.
    pub trouble: Option<String>,
    /// The rules.
    pub set: Option<ProjectRules>,
    /// The team came up just now, and its project's files have not been read yet.
    #[serde(default)]
    pub unread: bool,
    /// What the files loosen while the team runs, and a person has not accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<HeldBack>,
    /// Statements of the files that can't both be kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contradictions: Vec<Contradiction>,
    /// The rules that the person's settings limit, by their names, and what holds instead.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub limited: BTreeMap<String, String>,
}

/// What a team's project loosens of its rules, and a person has not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldView {
    /// The team's name.
    pub team: String,
    /// What it is.
    pub held: HeldBack,
}

/// What would become of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictView {
    /// `deliver`, `reroute`, `record` or `refuse`.
    pub decision: Decision,
    /// The rule that decides.
    pub rule: String,
    /// The rule in words.
    pub reason: String,
    /// Where it is stated, for a rule of the project: `CLAUDE.md:12`.
    pub at: Option<String>,
    /// The critical words of the text.
    pub critical: Vec<String>,
    /// The rules that would be noted as broken.
    pub noted: Vec<String>,
    /// What the project's files state against the rule that decides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub against: Vec<Contradiction>,
}
