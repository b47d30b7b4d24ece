//! What is about to be pushed (githooks(5), `pre-push`).

use torch_core::forbidden::{GitRules, Operation};
use torch_core::policy::AgentCommits;

use super::moves::RefFacts;
use super::name::{Owner, owner};
use super::{Refusal, judge_commit};

/// One reference of a push, as git tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushedRef {
    /// The new value at the remote; none: it is deleted there.
    pub local: Option<String>,
    /// The full name at the remote.
    pub name: String,
    /// Its value at the remote; none: it is not there.
    pub remote: Option<String>,
}

impl PushedRef {
    /// Reads one line of the hook's input: `LOCAL-NAME LOCAL-ID REMOTE-NAME REMOTE-ID`.
    pub fn read(line: &str) -> Option<Self> {
        // The local name may be any expression, with spaces: the others can't have any.
        let mut words = line.rsplitn(4, ' ');
        let (remote, name, local) = (words.next()?, words.next()?, words.next()?);
        let id = |word: &str| (!word.bytes().all(|byte| byte == b'0')).then(|| word.to_owned());
        Some(Self {
            local: id(local),
            name: name.to_owned(),
            remote: id(remote),
        })
    }
}

/// The first reference of a push that is refused.
pub fn judge_push(
    rules: &GitRules,
    remote: &str,
    refs: &[PushedRef],
    facts: &impl RefFacts,
) -> Option<Refusal> {
    let what = |verb: &str, one: &PushedRef| {
        let name = one.name.trim_start_matches("refs/heads/");
        format!("{verb} {name} at {remote}")
    };
    if rules.commits == AgentCommits::Forbidden {
        let first = refs.first()?;
        let refusal = judge_commit(rules, &what("push", first))?;
        return Some(refusal.about(&first.name));
    }
    if refs.is_empty() {
        return None;
    }
    let defaults = facts.defaults();
    refs.iter().find_map(|one| {
        // Which branches the worktrees here have checked out says nothing of those of a remote.
        let whose = owner(rules, &one.name, &defaults, &[]);
        let refusal = judge_ref(one, &whose, facts)?;
        let (operation, verb, why, instead) = refusal;
        let what = format!("{}{}", what(verb, one), standing(&whose));
        let refusal = Refusal::of(operation, what, why, instead).about(&one.name);
        rules.forbids(operation).then_some(refusal)
    })
}

type Verdict = (Operation, &'static str, &'static str, &'static str);

fn judge_ref(one: &PushedRef, whose: &Owner, facts: &impl RefFacts) -> Option<Verdict> {
    let Some(local) = &one.local else {
        return whose.is_protected().then_some((
            Operation::DeleteProtected,
            "delete",
            "others rely on it being there",
            "leave it, and tell the orchestrator why it should go",
        ));
    };
    if let Some(remote) = &one.remote
        && remote != local
        && (one.name.starts_with("refs/tags/") || !facts.is_below(remote, local))
    {
        return Some((
            Operation::ForcePush,
            "replace",
            "what stands there would be lost, and others may have it",
            "git fetch, git merge what is there, and push again without force",
        ));
    }
    let (why, instead) = why_not(whose)?;
    Some((Operation::PushProtected, "push to", why, instead))
}

/// Why no agent pushes to a branch of another one, and what it does instead; none where it may.
pub(super) fn why_not(whose: &Owner) -> Option<(&'static str, &'static str)> {
    Some(match whose {
        Owner::Parent => (
            "only an integration brings work there, after review and tests",
            "push your own branch and report it; torch integrate brings it further",
        ),
        Owner::Default => (
            "a person decides what goes there",
            "push your own branch and report it",
        ),
        Owner::Role(_) => (
            "only that role pushes its branch: what others put there comes in between its own work",
            "push your own branch, and tell that role what is on it",
        ),
        Owner::Torch => (
            "torch alone keeps references of that kind",
            "push your own branch",
        ),
        Owner::Own | Owner::Elsewhere | Owner::Shared | Owner::Stable | Owner::Nobody => {
            return None;
        }
    })
}

fn standing(whose: &Owner) -> String {
    match whose {
        Owner::Own | Owner::Nobody => String::new(),
        _ => format!(", {}", whose.words()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forbidden::fixture::{review_only, rules};

    struct Facts;

    impl RefFacts for Facts {
        fn defaults(&self) -> Vec<String> {
            vec!["main".to_owned()]
        }
        fn elsewhere(&self) -> Vec<String> {
            vec!["fix".to_owned()]
        }
        fn value(&self, _: &str) -> Option<String> {
            None
        }
        fn is_below(&self, commit: &str, of: &str) -> bool {
            (commit, of) == ("1", "2")
        }
        fn shared_by(&self, _: &str, _: &str, _: Option<&str>) -> Option<String> {
            None
        }
        fn is_packed_only(&self, _: &str, _: &str) -> bool {
            false
        }
    }

    #[test]
    fn a_refusal_names_its_branch_and_the_reason_that_holds_there() {
        let told = |line: &str| {
            let refs: Vec<_> = PushedRef::read(line).into_iter().collect();
            let refusal = judge_push(&rules(), "origin", &refs, &Facts).expect(line);
            (refusal.target.unwrap_or_default(), refusal.why)
        };
        let integration = "only an integration brings work there, after review and tests";
        let role =
            "only that role pushes its branch: what others put there comes in between its own work";
        for (line, target, why) in [
            ("HEAD 2 refs/heads/trunk 1", "trunk", integration),
            ("HEAD 2 refs/heads/trunk-tester 1", "trunk-tester", role),
            (
                "HEAD 2 refs/heads/main 1",
                "main",
                "a person decides what goes there",
            ),
            (
                "HEAD 2 refs/tags/stable-x 1",
                "stable-x",
                "what stands there would be lost, and others may have it",
            ),
        ] {
            assert_eq!(told(line), (target.to_owned(), why.to_owned()), "{line}");
        }
    }

    #[test]
    fn pushes_are_judged_by_what_they_do_there() {
        for (line, expect) in [
            ("refs/heads/x 2 refs/heads/feature/x 1", None),
            ("refs/heads/x 2 refs/heads/feature/x 0000", None),
            (
                "refs/heads/x 1 refs/heads/feature/x 2",
                Some("git.force-push"),
            ),
            (
                "HEAD~1 with spaces 1 refs/heads/feature/x 2",
                Some("git.force-push"),
            ),
            ("(delete) 0000 refs/heads/feature/x 2", None),
            (
                "(delete) 0000 refs/heads/trunk 2",
                Some("git.delete-protected"),
            ),
            ("HEAD 2 refs/heads/trunk 1", Some("git.push-protected")),
            ("HEAD 2 refs/heads/main 1", Some("git.push-protected")),
            (
                "HEAD 2 refs/heads/trunk-tester 1",
                Some("git.push-protected"),
            ),
            ("HEAD 2 refs/heads/trunk-developer 1", None),
            ("HEAD 2 refs/heads/fix 1", None),
            ("HEAD 2 refs/heads/integration/d 1", None),
            ("HEAD 2 refs/tags/stable-x 0000", None),
            ("HEAD 2 refs/tags/stable-x 1", Some("git.force-push")),
            ("nonsense", None),
        ] {
            let refs: Vec<_> = PushedRef::read(line).into_iter().collect();
            let found = judge_push(&rules(), "origin", &refs, &Facts);
            assert_eq!(found.map(|it| it.rule), expect, "{line}");
            let person = judge_push(&review_only(), "origin", &refs, &Facts);
            let expect = (!refs.is_empty()).then_some("commit.forbidden");
            assert_eq!(person.map(|it| it.rule), expect, "{line}");
        }
    }
}
