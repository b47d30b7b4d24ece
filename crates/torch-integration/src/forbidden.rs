//! What an agent's git is kept from: the references that it moves, what it pushes, and the commands that its program is about to run.
//!
//! An agent may do what it likes with its own branches as long as nobody else has what is on them. Everything here is asked by hooks
//! that the agent could go round; it is advice, given in time and with a reason.

mod command;
mod git_words;
mod moves;
mod name;
mod push;
mod shell;

use torch_core::forbidden::{COMMIT_RULE, GitRules, Operation};
use torch_core::policy::AgentCommits;

pub use command::judge_command;
pub use moves::{Move, RefFacts, judge_moves, judge_renaming};
pub use name::{Owner, owner};
pub use push::{PushedRef, judge_push};

/// A reference as people name it.
fn short(name: &str) -> &str {
    let known = ["refs/heads/", "refs/tags/"];
    let mut rests = known.iter().filter_map(|start| name.strip_prefix(start));
    rests.next().unwrap_or(name)
}

/// An operation that is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The rule.
    pub rule: &'static str,
    /// The branch or tag that it is about, by its short name; none where no single one is named.
    pub target: Option<String>,
    /// What was tried: the reference or the command.
    pub what: String,
    /// Why it is refused, in half a sentence.
    pub why: String,
    /// What to do instead.
    pub instead: String,
}

impl Refusal {
    fn of(operation: Operation, what: String, why: &str, instead: &str) -> Self {
        Self {
            rule: operation.rule(),
            target: None,
            what,
            why: why.to_owned(),
            instead: instead.to_owned(),
        }
    }

    /// The same, about the reference of this name.
    fn about(self, reference: &str) -> Self {
        Self {
            target: Some(short(reference).to_owned()),
            ..self
        }
    }

    /// What the agent is told, on several lines.
    pub fn text(&self) -> String {
        format!(
            "torch: refused by rule {}: {}\n  why: {}\n  instead: {}",
            self.rule, self.what, self.why, self.instead
        )
    }
}

/// The refusal of a commit where a person commits.
pub fn judge_commit(rules: &GitRules, what: &str) -> Option<Refusal> {
    (rules.commits == AgentCommits::Forbidden).then(|| Refusal {
        rule: COMMIT_RULE,
        target: None,
        what: what.to_owned(),
        why: "this team's policy leaves commits to a person, who reads the files as they lie in the worktree"
            .to_owned(),
        instead: "leave the files as they are, and report what is ready for review".to_owned(),
    })
}

#[cfg(test)]
mod fixture {
    use std::collections::BTreeMap;

    use torch_core::policy::SecretCheck;
    use torch_core::{AgentId, LaunchId, RoleName};

    use super::*;

    /// The rules of a developer whose team started on `trunk`.
    pub(super) fn rules() -> GitRules {
        let role = |name| RoleName::parse(name).expect("a role");
        GitRules {
            agent: AgentId::new(1, 1),
            launch: LaunchId::new(1, 1),
            role: role("developer"),
            spool: "/r/spool".into(),
            common_dir: "/p/.git".into(),
            parent: "trunk".to_owned(),
            home: Some("trunk-developer".to_owned()),
            others: BTreeMap::from([("trunk-tester".to_owned(), role("tester"))]),
            commits: AgentCommits::Required,
            forbid: Operation::ALL.to_vec(),
            secrets: SecretCheck::Refuse,
            guard: None,
        }
    }

    /// The same where a person commits.
    pub(super) fn review_only() -> GitRules {
        GitRules {
            commits: AgentCommits::Forbidden,
            ..rules()
        }
    }
}
