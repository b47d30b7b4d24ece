//! The verdict on a message: hub and spoke, enforced when it is sent.
//!
//! One hub (`orchestrator`), one deputy for integration (`project_manager`); everybody may write to
//! either and both to everybody. What else passes depends on the team's [`RouterMode`].

use torch_core::message::{Decision, Verdict};
use torch_core::{RoleName, RouterMode, Sender};

/// Where a message is meant to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination<'a> {
    /// A role of the sender's team (for people: of any team).
    Role(&'a RoleName),
    /// The person's inbox.
    Human,
    /// A role of another team than the sending agent's.
    OtherTeam(&'a RoleName),
}

/// What the team is like, as far as the router goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TeamRules {
    /// The mode.
    pub mode: RouterMode,
    /// Whether the team has a hub.
    pub has_hub: bool,
}

fn verdict(decision: Decision, rule: &str, reason: &str) -> Verdict {
    Verdict {
        decision,
        rule: rule.to_owned(),
        reason: reason.to_owned(),
    }
}

/// Judges a message.
pub fn judge(sender: &Sender, to: &Destination<'_>, team: TeamRules) -> Verdict {
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

fn judge_edge(from: &RoleName, to: &RoleName, team: TeamRules) -> Verdict {
    if from == to {
        return verdict(
            Decision::Refuse,
            "edge.self",
            "an agent can't write to itself",
        );
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
        RouterMode::Strict if team.has_hub => verdict(
            Decision::Reroute,
            "mode.strict",
            "roles write through the orchestrator or the project manager; the message went to the orchestrator",
        ),
        RouterMode::Strict => verdict(
            Decision::Refuse,
            "mode.strict",
            "roles write through the orchestrator or the project manager, and this team has no orchestrator",
        ),
    }
}

/// What a request needs, for callers that are no person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privilege {
    /// Reading, and what concerns the caller itself.
    Anyone,
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
            "privilege.approval: only a person at a terminal answers questions, unless `scripts = true` under [identity] in your settings lets scripts",
        ),
        (Privilege::Approval, _) => Err(
            "privilege.approval: only a person at a terminal outside the agents' panes answers questions",
        ),
        (Privilege::Anyone, _) | (Privilege::Agent, Sender::Agent { .. }) => Ok(()),
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
mod tests {
    use super::*;
    use torch_core::{AgentId, TeamId};

    fn agent(role: &str) -> Sender {
        let role = RoleName::parse(role).expect("a role");
        Sender::Agent {
            agent: AgentId::new(1, 1),
            team: TeamId::new(1, 1),
            role,
        }
    }

    fn check(from: &str, to: &str, mode: RouterMode, decision: Decision, rule: &str) {
        let to = RoleName::parse(to).expect("a role");
        let team = TeamRules {
            mode,
            has_hub: true,
        };
        let verdict = judge(&agent(from), &Destination::Role(&to), team);
        assert_eq!(
            (verdict.decision, verdict.rule.as_str()),
            (decision, rule),
            "{from} → {to}"
        );
    }

    #[test]
    fn hub_and_spoke_holds() {
        use Decision::{Deliver, Refuse, Reroute};
        use RouterMode::{Open, Strict};
        check("developer", "orchestrator", Strict, Deliver, "edge.hub");
        check("orchestrator", "tester", Strict, Deliver, "edge.hub");
        check("tester", "pm", Strict, Deliver, "edge.project-manager");
        check("developer", "tester", Strict, Reroute, "mode.strict");
        check("developer", "tester", Open, Deliver, "mode.open");
        check("developer", "developer", Open, Refuse, "edge.self");
    }

    #[test]
    fn strangers_reach_the_hub_only() {
        let team = TeamRules {
            mode: RouterMode::Open,
            has_hub: true,
        };
        let (hub, tester) = (
            RoleName::parse("hub").expect("a role"),
            RoleName::parse("qa").expect("a role"),
        );
        assert_eq!(
            judge(&Sender::Unknown, &Destination::Role(&hub), team).decision,
            Decision::Deliver
        );
        assert_eq!(
            judge(&Sender::Unknown, &Destination::Role(&tester), team).decision,
            Decision::Refuse
        );
        assert_eq!(
            judge(&Sender::Unknown, &Destination::Human, team).decision,
            Decision::Refuse
        );
        assert_eq!(
            judge(&agent("tester"), &Destination::OtherTeam(&tester), team).decision,
            Decision::Refuse
        );
        assert_eq!(
            judge(&agent("hub"), &Destination::OtherTeam(&hub), team).decision,
            Decision::Deliver
        );
    }

    #[test]
    fn privileges_follow_the_caller() {
        assert!(permits(&agent("tester"), Privilege::Person).is_err());
        assert!(permits(&agent("tester"), Privilege::Agent).is_ok());
        assert!(permits(&Sender::Human, Privilege::Agent).is_err());
        assert!(permits(&Sender::Unknown, Privilege::Person).is_err());
    }
}
