//! Whose a reference is.

use torch_core::RoleName;
use torch_core::forbidden::GitRules;

/// Whose a reference is, for one agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// The agent's, as far as anybody knows.
    Own,
    /// The team's base branch.
    Parent,
    /// The branch that a remote shows first.
    Default,
    /// Another role's home branch.
    Role(RoleName),
    /// A branch that another worktree has checked out.
    Elsewhere,
    /// A branch that several work from: `integration/…`, `rollback/…`.
    Shared,
    /// A tag of a stable version.
    Stable,
    /// One of torch's own references.
    Torch,
    /// Neither a branch nor a tag that matters here.
    Nobody,
}

/// Beginnings of branches that several work from.
const SHARED: [&str; 2] = ["integration/", "rollback/"];

/// What tags of stable versions begin with.
const STABLE: &str = "stable-";

impl Owner {
    /// Whether others rely on it being there.
    pub fn is_protected(&self) -> bool {
        !matches!(self, Self::Own | Self::Nobody)
    }

    /// What it is, in words.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Own | Self::Nobody => "your own".to_owned(),
            Self::Parent => "the branch that the team started on".to_owned(),
            Self::Default => "the main branch of a remote".to_owned(),
            Self::Role(role) => format!("the branch of the {role}"),
            Self::Elsewhere => "checked out in another worktree".to_owned(),
            Self::Shared => "a branch that others work from".to_owned(),
            Self::Stable => "the tag of a stable version".to_owned(),
            Self::Torch => "a reference of torch's own, with kept work".to_owned(),
        }
    }
}

/// Whose a reference is. `defaults` are the branches that remotes show first, `elsewhere` those that other worktrees have checked
/// out, both by their short names.
pub fn owner(rules: &GitRules, name: &str, defaults: &[String], elsewhere: &[String]) -> Owner {
    if let Some(tag) = name.strip_prefix("refs/tags/") {
        return if tag.starts_with(STABLE) {
            Owner::Stable
        } else {
            Owner::Nobody
        };
    }
    if name.starts_with("refs/torch/") {
        return Owner::Torch;
    }
    let Some(branch) = name.strip_prefix("refs/heads/") else {
        return Owner::Nobody;
    };
    let is = |names: &[String]| names.iter().any(|one| one == branch);
    if rules.home.as_deref() == Some(branch) {
        Owner::Own
    } else if rules.parent == branch {
        Owner::Parent
    } else if let Some(role) = rules.others.get(branch) {
        Owner::Role(role.clone())
    } else if is(defaults) {
        Owner::Default
    } else if SHARED.iter().any(|start| branch.starts_with(start)) {
        Owner::Shared
    } else if is(elsewhere) {
        Owner::Elsewhere
    } else {
        Owner::Own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_has_an_owner() {
        let rules = crate::forbidden::fixture::rules();
        let (defaults, elsewhere) = (["main".to_owned()], ["fix".to_owned()]);
        for (name, expect) in [
            ("refs/heads/trunk", Owner::Parent),
            ("refs/heads/main", Owner::Default),
            ("refs/heads/trunk-developer", Owner::Own),
            ("refs/heads/feature/x", Owner::Own),
            ("refs/heads/fix", Owner::Elsewhere),
            ("refs/heads/integration/daily-1", Owner::Shared),
            ("refs/tags/stable-x", Owner::Stable),
            ("refs/tags/v1", Owner::Nobody),
            ("refs/torch/kept/x", Owner::Torch),
            ("refs/remotes/origin/main", Owner::Nobody),
            ("HEAD", Owner::Nobody),
        ] {
            assert_eq!(owner(&rules, name, &defaults, &elsewhere), expect, "{name}");
        }
        let tester = owner(&rules, "refs/heads/trunk-tester", &[], &[]);
        assert!(matches!(tester, Owner::Role(_)) && tester.is_protected());
    }
}
