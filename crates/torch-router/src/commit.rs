//! Who may have torch commit in whose worktree.

use torch_core::policy::AgentCommits;
use torch_core::{AgentId, Sender};

use crate::schedule::Rule;

/// Judges a commit that `sender` wants in the worktree of `agent`, whose team's policy says whether agents commit: the rule that
/// lets it, or the one that refuses it.
///
/// # Errors
/// The rule that refuses it.
pub fn judge(sender: &Sender, agent: AgentId, commits: AgentCommits) -> Result<Rule, Rule> {
    match sender {
        Sender::Agent { agent: own, .. } if *own == agent && commits == AgentCommits::Forbidden => {
            Err((
                "commit.forbidden",
                "the team's policy lets no agent commit: a person reviews and commits",
            ))
        }
        Sender::Agent { agent: own, .. } if *own == agent => {
            Ok(("commit.own", "an agent may commit in its own worktree"))
        }
        Sender::Agent { .. } => Err((
            "commit.own-only",
            "an agent commits in its own worktree only",
        )),
        Sender::Human => Ok(("commit.person", "a person may commit in any worktree")),
        Sender::Script => Ok((
            "commit.person",
            "a person's script may commit in any worktree",
        )),
        Sender::Torch => Ok(("commit.torch", "torch itself")),
        Sender::Unknown => Err(("commit.unknown", "an unknown caller commits nothing")),
    }
}

#[cfg(test)]
mod tests {
    use torch_core::{RoleName, TeamId};

    use super::*;

    #[test]
    fn an_agent_commits_in_its_own_worktree_only() {
        let (own, other) = (AgentId::new(1, 1), AgentId::new(1, 2));
        let agent = |agent, role: &str| Sender::Agent {
            agent,
            team: TeamId::new(1, 1),
            role: RoleName::parse(role).expect("a role"),
        };
        let check = |sender: &Sender, expect: Result<&str, &str>| {
            let judged = judge(sender, own, AgentCommits::Required);
            assert_eq!(
                judged.map(|rule| rule.0).map_err(|rule| rule.0),
                expect,
                "{sender:?}"
            );
        };
        check(&agent(own, "developer"), Ok("commit.own"));
        check(&agent(other, "tester"), Err("commit.own-only"));
        // Not even the hub.
        check(&agent(other, "orchestrator"), Err("commit.own-only"));
        check(&Sender::Human, Ok("commit.person"));
        check(&Sender::Script, Ok("commit.person"));
        check(&Sender::Unknown, Err("commit.unknown"));
        // Where a person commits, agents don't.
        let check = |sender: &Sender, expect: Result<&str, &str>| {
            let judged = judge(sender, own, AgentCommits::Forbidden);
            let judged = judged.map(|rule| rule.0).map_err(|rule| rule.0);
            assert_eq!(judged, expect, "{sender:?}");
        };
        check(&agent(own, "developer"), Err("commit.forbidden"));
        check(&agent(own, "orchestrator"), Err("commit.forbidden"));
        check(&agent(other, "tester"), Err("commit.own-only"));
        check(&Sender::Human, Ok("commit.person"));
        check(&Sender::Script, Ok("commit.person"));
        check(&Sender::Torch, Ok("commit.torch"));
    }
}
