//! The verdict on a message: hub and spoke, enforced when it is sent.
//!
//! One hub (`orchestrator`), one deputy for integration (`project_manager`); everybody may write to
//! either and both to everybody. What else passes depends on the team's [`RouterMode`].

use torch_core::message::{Decision, Verdict};
use torch_core::project_rules::DayMinute;
use torch_core::{RoleName, RouterMode, Sender};

use crate::matrix::Matrix;
use crate::project::{Edge, RuleSet};

/// Where a message is meant to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination<'a> {
    /// A role of the sender's team (for people: of any team).
    Role(&'a RoleName),
    /// The person's inbox.
    Human,
    /// A role of another team than the sending agent's.
    OtherTeam(&'a RoleName),
}

impl<'a> Destination<'a> {
    /// The role, where it is one's.
    pub(crate) fn role(&self) -> Option<&'a RoleName> {
        match self {
            Self::Role(role) | Self::OtherTeam(role) => Some(role),
            Self::Human => None,
        }
    }
}

/// What the team is like, as far as the router goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TeamRules<'a> {
    /// The mode.
    pub mode: RouterMode,
    /// Whether the team has a hub.
    pub has_hub: bool,
    /// The edges that hold in [`RouterMode::Matrix`].
    pub matrix: &'a Matrix,
    /// What the project's own files state.
    pub project: Option<&'a RuleSet>,
    /// The time of day, for rules that name hours.
    pub time: DayMinute,
}

pub(crate) fn verdict(decision: Decision, rule: &str, reason: &str) -> Verdict {
    Verdict {
        decision,
        rule: rule.to_owned(),
        reason: reason.to_owned(),
    }
}

/// Judges a message.
pub fn judge(sender: &Sender, to: &Destination<'_>, team: TeamRules<'_>) -> Verdict {
    let deliver = |rule, reason| verdict(Decision::Deliver, rule, reason);
    let refuse = |rule, reason| verdict(Decision::Refuse, rule, reason);
    match (sender, to) {
        (Sender::Torch, _) => deliver("sender.torch", "torch's own messages pass"),
        (Sender::Human, _) => deliver("sender.human", "a person may write to anybody"),
        (Sender::Script, _) => deliver("sender.script", "a person's script may write to anybody"),
        (Sender::Unknown, Destination::Role(role)) if role.is_hub() => {
            deliver("sender.unknown", "an unknown sender may write to the hub")
        }
        (Sender::Unknown, _) => refuse(
            "sender.unknown",
            "an unknown sender may write to the hub only",
        ),
        (Sender::Agent { .. }, Destination::Human) => {
            deliver("edge.human", "every agent may write to the person")
        }
        (Sender::Agent { role, .. }, Destination::OtherTeam(to)) => {
            if role.is_hub() && to.is_hub() {
                deliver("edge.hub-hub", "hubs of two teams may write to each other")
            } else {
                refuse(
                    "team.border",
                    "agents write to their own team only; hubs may write to each other",
                )
            }
        }
        (Sender::Agent { role, .. }, Destination::Role(to)) => judge_edge(role, to, team),
    }
}

fn judge_edge(from: &RoleName, to: &RoleName, team: TeamRules<'_>) -> Verdict {
    if from == to {
        return verdict(
            Decision::Refuse,
            "edge.self",
            "an agent can't write to itself",
        );
    }
    match team.project.and_then(|rules| rules.edge(from, to)) {
        Some(Edge::Denied(rule)) if team.mode != RouterMode::Open => {
            return off_edge(team, &rule.name, &rule.ask.to_string());
        }
        // The person's strict mode is opened by no file of a repository.
        Some(Edge::Allowed(rule)) if team.mode != RouterMode::Strict => {
            return verdict(Decision::Deliver, &rule.name, &rule.ask.to_string());
        }
        _ => {}
    }
    if from.is_hub() || to.is_hub() {
        return verdict(
            Decision::Deliver,
            "edge.hub",
            "everybody may write to the hub, and the hub to everybody",
        );
    }
    if from.is_sub_hub() || to.is_sub_hub() {
        return verdict(
            Decision::Deliver,
            "edge.project-manager",
            "everybody may write to the project manager, and the project manager to everybody",
        );
    }
    match team.mode {
        RouterMode::Open => verdict(
            Decision::Deliver,
            "mode.open",
            "this team's router lets direct messages pass",
        ),
        RouterMode::Matrix if team.matrix.allows(from, to) => verdict(
            Decision::Deliver,
            "edge.matrix",
            "the team's communication matrix has this edge",
        ),
        RouterMode::Matrix => off_edge(
            team,
            "mode.matrix",
            "the communication matrix has no edge between these roles, so they write through the orchestrator or the project manager",
        ),
        RouterMode::Strict => off_edge(
            team,
            "mode.strict",
            "roles write through the orchestrator or the project manager",
        ),
    }
}

/// What becomes of a message that may not go where it was meant to go.
fn off_edge(team: TeamRules<'_>, rule: &str, reason: &str) -> Verdict {
    if team.has_hub {
        let reason = format!("{reason}; the message goes to the orchestrator");
        return verdict(Decision::Reroute, rule, &reason);
    }
    let reason = format!("{reason}, and this team has no orchestrator");
    verdict(Decision::Refuse, rule, &reason)
}

/// What a request needs, for callers that are no person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privilege {
    /// Writing to the hub, the status, and what has rules of its own.
    Anyone,
    /// Reading, as an agent of its own team, or as a person.
    Known,
    /// Speaking for an agent (`complete`, `ack`).
    Agent,
    /// Starting and ending things, other people's messages.
    Person,
    /// Answering what a program asks before it acts.
    Approval,
}

/// Whether a caller may make a request; the rule that says no.
pub fn permits(sender: &Sender, privilege: Privilege) -> Result<(), &'static str> {
    match (privilege, sender) {
        (Privilege::Approval, Sender::Human) => Ok(()),
        (Privilege::Approval, Sender::Script) => Err(
            "privilege.approval: only a person at a terminal answers questions and accepts what loosens rules, unless `scripts = true` under [identity] in your settings lets scripts",
        ),
        (Privilege::Approval, _) => Err(
            "privilege.approval: only a person at a terminal outside the agents' panes answers questions and accepts what loosens rules",
        ),
        (Privilege::Known, Sender::Unknown) => Err(
            "privilege.known: a process of which torch can't tell whose it is may read the status and write to the orchestrator, nothing more",
        ),
        (Privilege::Anyone | Privilege::Known, _) | (Privilege::Agent, Sender::Agent { .. }) => {
            Ok(())
        }
        (Privilege::Person, Sender::Human | Sender::Script | Sender::Torch) => Ok(()),
        (Privilege::Agent, _) => {
            Err("privilege.agent: only a process inside an agent's pane can do this")
        }
        (Privilege::Person, _) => {
            Err("privilege.person: only a person outside the agents' panes can do this")
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
