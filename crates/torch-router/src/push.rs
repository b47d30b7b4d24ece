//! What an agent may push through the broker: pure, from what was seen of the push and the team's policy.
//!
//! A push is judged as a whole: one branch that must not go keeps the others back, as git's own hooks do.

use torch_core::RoleName;
use torch_core::policy::{AgentCommits, Approval, TeamPolicy};

use crate::project::is_branch;

/// The most branches and tags in one push.
pub const REFS_MAX: usize = 50;

/// Branches that torch alone makes: integrations and rollbacks.
const OF_TORCH: [&str; 2] = ["integration/", "rollback/"];

/// The rule that keeps secrets back.
pub const SECRET_RULE: &str = "push.secret";

/// What tags of finished features begin with; any role may make them.
const STABLE: &str = "stable-";

/// What a push does to one branch or tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Made,
    /// It gets commits on top of what it has.
    Forward,
    /// It loses commits: an amended commit, a rebase, a reset; or a tag that is moved.
    Rewound,
    /// It goes.
    Deleted,
}

/// One branch or tag of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ref<'a> {
    /// The full name.
    pub name: &'a str,
    /// What is done to it.
    pub change: Change,
}

/// An agent of the team, as far as branches are concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner<'a> {
    /// Its role.
    pub role: &'a RoleName,
    /// Its home branch.
    pub home: Option<&'a str>,
    /// What its further branches begin with.
    pub prefix: &'a str,
}

/// A push, with all that it is judged by.
#[derive(Debug, Clone)]
pub struct Pushed<'a> {
    /// Who pushes.
    pub own: Owner<'a>,
    /// The others of its team.
    pub others: &'a [Owner<'a>],
    /// The team's policy.
    pub policy: &'a TeamPolicy,
    /// The branch that the team's work is for.
    pub parent: &'a str,
    /// The branch that the remote calls its own first one.
    pub default_branch: Option<&'a str>,
    /// Patterns of branches that no agent pushes to.
    pub protected: &'a [&'a str],
    /// The branches and tags.
    pub refs: &'a [Ref<'a>],
    /// How many bytes it brings.
    pub bytes: u64,
    /// How many it may bring.
    pub bytes_max: u64,
    /// Places in its commits that look like secrets: `src/a.rs:3 in 1a2b3c4d5e6f: AWS access key`.
    pub secrets: &'a [String],
    /// Why its commits were not all looked through, where they had to be.
    pub unread: Option<&'a str>,
}

/// What becomes of a push that is not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is forwarded.
    Forward,
    /// It is forwarded once a person has approved it.
    Ask,
}

/// Why a push is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The rule.
    pub rule: &'static str,
    /// Why, in words.
    pub words: String,
    /// What to do instead.
    pub instead: String,
}

/// Judges a push: what becomes of it, and by which rule.
///
/// # Errors
/// The first refusal.
pub fn judge(pushed: &Pushed<'_>) -> Result<(Verdict, &'static str), Refusal> {
    of_policy(pushed)?;
    of_size(pushed)?;
    for one in pushed.refs {
        match one.name.strip_prefix("refs/heads/") {
            Some(branch) => of_branch(pushed, branch, one.change)?,
            None => of_tag(pushed, one)?,
        }
    }
    of_secrets(pushed)?;
    Ok(match pushed.policy.integration.approval {
        Approval::Person => (Verdict::Ask, "push.supervised"),
        Approval::ProjectManager => (Verdict::Forward, "push.own"),
    })
}

fn refuse(rule: &'static str, words: impl Into<String>, instead: impl Into<String>) -> Refusal {
    Refusal {
        rule,
        words: words.into(),
        instead: instead.into(),
    }
}

fn of_policy(pushed: &Pushed<'_>) -> Result<(), Refusal> {
    let git = &pushed.policy.git;
    if git.agent_commits == AgentCommits::Forbidden || git.push_minutes == 0 {
        return Err(refuse(
            "push.forbidden",
            format!(
                "the team's policy ({}) lets no agent push: a person does",
                pushed.policy.profile.as_str()
            ),
            "leave the work in your worktree and report it as ready for review",
        ));
    }
    Ok(())
}

fn of_size(pushed: &Pushed<'_>) -> Result<(), Refusal> {
    if pushed.refs.len() > REFS_MAX {
        return Err(refuse(
            "push.many",
            format!(
                "it has {} branches and tags, more than {REFS_MAX}",
                pushed.refs.len()
            ),
            "push your own branch alone: git push origin BRANCH",
        ));
    }
    if pushed.bytes > pushed.bytes_max {
        let mib = |bytes: u64| bytes.div_ceil(1 << 20);
        return Err(refuse(
            "push.size",
            format!(
                "it brings {} MiB, more than {} (broker.push_megabytes)",
                mib(pushed.bytes),
                mib(pushed.bytes_max)
            ),
            "take large files out of your commits; a person can raise the limit",
        ));
    }
    Ok(())
}

fn of_branch(pushed: &Pushed<'_>, branch: &str, change: Change) -> Result<(), Refusal> {
    let own = format!("push your own branch: {}…", pushed.own.prefix);
    if branch == pushed.parent || Some(branch) == pushed.default_branch {
        let words = format!("only torch's integration changes the branch {branch}");
        return Err(refuse("push.parent", words, own));
    }
    if let Some(prefix) = OF_TORCH.iter().find(|prefix| branch.starts_with(*prefix)) {
        let words = format!("torch alone makes branches that begin with {prefix}");
        return Err(refuse("push.of-torch", words, own));
    }
    if let Some(pattern) = pushed.protected.iter().find(|it| is_branch(it, branch)) {
        let words = format!("the branch {branch} is protected ({pattern}, broker.protected)");
        return Err(refuse("push.protected", words, own));
    }
    if !owns(&pushed.own, branch) {
        return Err(of_whom(pushed, branch, own));
    }
    match change {
        Change::Made | Change::Forward => Ok(()),
        Change::Deleted => Err(refuse(
            "push.deletion",
            format!("the branch {branch} would be deleted"),
            "leave it; a person or torch's integration deletes branches",
        )),
        Change::Rewound => Err(refuse(
            "push.forced",
            format!("the branch {branch} would lose commits that were pushed already"),
            format!(
                "push what you have under a new name ({}…), or merge origin/{branch} and push again",
                pushed.own.prefix
            ),
        )),
    }
}

/// Whose branch it is that the pusher does not own.
fn of_whom(pushed: &Pushed<'_>, branch: &str, own: String) -> Refusal {
    let homes = pushed.others.iter().find(|it| it.home == Some(branch));
    let owner = homes.or_else(|| pushed.others.iter().find(|it| owns(it, branch)));
    match owner {
        Some(owner) => refuse(
            "push.other-role",
            format!("the branch {branch} is {}'s", owner.role),
            own,
        ),
        None => refuse(
            "push.name",
            format!(
                "branches of {} begin with {}",
                pushed.own.role, pushed.own.prefix
            ),
            format!("git branch -m {}NAME, and push that", pushed.own.prefix),
        ),
    }
}

fn owns(owner: &Owner<'_>, branch: &str) -> bool {
    let below = branch.strip_prefix(owner.prefix);
    owner.home == Some(branch)
        || (!owner.prefix.is_empty() && below.is_some_and(|rest| !rest.is_empty()))
}

fn of_tag(pushed: &Pushed<'_>, one: &Ref<'_>) -> Result<(), Refusal> {
    let Some(tag) = one.name.strip_prefix("refs/tags/") else {
        return Err(refuse(
            "push.namespace",
            format!("{} is neither a branch nor a tag", one.name),
            "push branches and tags alone",
        ));
    };
    if one.change != Change::Made {
        return Err(refuse(
            "push.tag-moved",
            format!("the tag {tag} is there already, and tags stay where they are"),
            "make a tag of another name",
        ));
    }
    let leads = pushed.own.role.is_hub() || pushed.own.role.is_sub_hub();
    if !tag.starts_with(STABLE) && !leads {
        return Err(refuse(
            "push.tag",
            format!("tags of {} begin with {STABLE}", pushed.own.role),
            format!("git tag {STABLE}FEATURE-$(date +%Y%m%d-%H%M%S)"),
        ));
    }
    Ok(())
}

fn of_secrets(pushed: &Pushed<'_>) -> Result<(), Refusal> {
    if let Some(why) = pushed.unread {
        return Err(refuse(
            "push.unread",
            format!("it could not be looked through for secrets: {why}"),
            "push fewer commits at once: git push origin COMMIT:BRANCH, oldest first; a person pushes what is too large for that",
        ));
    }
    let Some(first) = pushed.secrets.first() else {
        return Ok(());
    };
    let more = match pushed.secrets.len() {
        1 => String::new(),
        all => format!(" and {} more places", all - 1),
    };
    Err(refuse(
        SECRET_RULE,
        format!("a commit of it holds what looks like a secret: {first}{more}"),
        "take it out of that commit, not only out of the file (git commit --amend, or a new branch from before it), and push again; a secret that is \
             in use has to be changed: tell the orchestrator. Where it is none, end that line with torch:allow-secret",
    ))
}

#[cfg(test)]
mod tests;
