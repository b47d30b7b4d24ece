//! Who may take work back.

use torch_core::policy::{AgentCommits, Approval, TeamPolicy};
use torch_core::{AgentId, Sender};

use crate::schedule::Rule;

/// What somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// To read: the plan, what was done so far.
    Read,
    /// Files of this agent's worktree; none: of a worktree that is no agent's.
    Files(Option<AgentId>),
    /// A branch, or commits reverted on the parent branch.
    Parent,
    /// The parent branch itself put back, and pushed so.
    Force,
    /// The user's own commands run on what the agents have made.
    Verify,
}

/// Judges what `sender` wants of its team's work: the rule that lets it, or the one that refuses it.
///
/// # Errors
/// The rule that refuses it.
pub fn judge(sender: &Sender, act: Act, policy: &TeamPolicy) -> Result<Rule, Rule> {
    match (act, sender) {
        (_, Sender::Unknown) => Err((
            "rollback.unknown",
            "a process of which torch can't tell whose it is takes nothing back",
        )),
        (Act::Read, _) => Ok(("rollback.read", "a team's members may read its plan")),
        (Act::Force, Sender::Human) => Ok(("rollback.person", "a person at a terminal may force")),
        (Act::Force, _) => Err((
            "rollback.force",
            "only a person at a terminal outside the agents' panes puts a branch itself back; without --force its commits are reverted",
        )),
        (_, Sender::Human | Sender::Script | Sender::Torch) => {
            Ok(("rollback.person", "a person may take work back"))
        }
        (Act::Verify, Sender::Agent { .. }) => Err((
            "rollback.verify",
            "a person has the user's own commands run, as they run outside of any sandbox",
        )),
        (Act::Files(whose), Sender::Agent { agent, .. }) => of_files(whose == Some(*agent), policy),
        (Act::Parent, Sender::Agent { role, .. }) => {
            let leads = role.is_hub() || role.is_sub_hub();
            match (leads, policy.integration.approval) {
                (true, Approval::ProjectManager) => Ok((
                    "rollback.leads",
                    "the orchestrator and the project manager let work in, and take it back",
                )),
                (true, Approval::Person) => Err((
                    "rollback.approval",
                    "the team's policy leaves to a person what goes into the parent branch",
                )),
                (false, _) => Err((
                    "rollback.leads-only",
                    "of a team only the orchestrator and the project manager take work back on the parent branch",
                )),
            }
        }
    }
}

fn of_files(own: bool, policy: &TeamPolicy) -> Result<Rule, Rule> {
    match (own, policy.git.agent_commits) {
        (true, AgentCommits::Required) => Ok((
            "rollback.own",
            "an agent may restore files in its own worktree",
        )),
        (true, AgentCommits::Forbidden) => Err((
            "commit.forbidden",
            "the team's policy lets no agent commit: a person reviews and commits",
        )),
        (false, _) => Err((
            "rollback.own-only",
            "an agent restores files in its own worktree only",
        )),
    }
}

#[cfg(test)]
mod tests {
    use torch_core::{RoleName, TeamId};

    use super::*;

    #[test]
    fn who_may_take_what_back() {
        let own = AgentId::new(1, 1);
        let agent = |role: &str| Sender::Agent {
            agent: own,
            team: TeamId::new(1, 1),
            role: RoleName::parse(role).expect("a role"),
        };
        let open = TeamPolicy::default();
        let mut closed = TeamPolicy::default();
        closed.integration.approval = Approval::Person;
        closed.git.agent_commits = AgentCommits::Forbidden;
        let check = |sender: Sender, act: Act, policy: &TeamPolicy, expect: Result<&str, &str>| {
            let judged = judge(&sender, act, policy);
            let judged = judged.map(|rule| rule.0).map_err(|rule| rule.0);
            assert_eq!(judged, expect, "{sender:?} {act:?}");
        };
        for act in [
            Act::Read,
            Act::Parent,
            Act::Files(None),
            Act::Verify,
            Act::Force,
        ] {
            check(Sender::Unknown, act, &open, Err("rollback.unknown"));
            let human = if act == Act::Read {
                "rollback.read"
            } else {
                "rollback.person"
            };
            check(Sender::Human, act, &closed, Ok(human));
        }
        let (files, others) = (Act::Files(Some(own)), Act::Files(Some(AgentId::new(1, 2))));
        let (hub, lead, developer) = ("orchestrator", "project_manager", "developer");
        for (sender, act, policy, expect) in [
            (Sender::Script, Act::Parent, &closed, Ok("rollback.person")),
            (Sender::Script, Act::Force, &open, Err("rollback.force")),
            (agent(hub), Act::Force, &open, Err("rollback.force")),
            (agent(hub), Act::Verify, &open, Err("rollback.verify")),
            (agent(lead), Act::Parent, &open, Ok("rollback.leads")),
            (agent(hub), Act::Parent, &open, Ok("rollback.leads")),
            (agent(hub), Act::Parent, &closed, Err("rollback.approval")),
            (
                agent(developer),
                Act::Parent,
                &open,
                Err("rollback.leads-only"),
            ),
            (agent(developer), Act::Read, &closed, Ok("rollback.read")),
            (agent(developer), files, &open, Ok("rollback.own")),
            (agent(developer), files, &closed, Err("commit.forbidden")),
            (agent(hub), others, &open, Err("rollback.own-only")),
            (
                agent(hub),
                Act::Files(None),
                &open,
                Err("rollback.own-only"),
            ),
        ] {
            check(sender, act, policy, expect);
        }
    }
}
