//! References that are about to move in the agent's own repository (githooks(5), `reference-transaction`).

use std::cell::OnceCell;

use torch_core::forbidden::{GitRules, Operation};

use super::command::renamed_onto;
use super::name::{Owner, owner};
use super::{Refusal, judge_commit, short};

/// One reference that is about to move, as git tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The full name.
    pub name: String,
    /// The value that git goes by; none: it takes any, or there is none.
    pub old: Option<String>,
    /// The new value; none: it is deleted.
    pub new: Option<String>,
}

impl Move {
    /// Reads one line of the hook's input: `OLD NEW NAME`. None for a symbolic reference, which moves no branch.
    pub fn read(line: &str) -> Option<Self> {
        let mut words = line.splitn(3, ' ');
        let (old, new, name) = (words.next()?, words.next()?, words.next()?);
        let id = |word: &str| {
            let hex = word.len() >= 40 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
            let zero = word.bytes().all(|byte| byte == b'0');
            hex.then(|| (!zero).then(|| word.to_owned()))
        };
        Some(Self {
            name: name.to_owned(),
            old: if old.starts_with("ref:") {
                None
            } else {
                id(old)?
            },
            new: id(new)?,
        })
    }
}

/// What has to be known of a repository; each is asked only where it decides.
pub trait RefFacts {
    /// The branches that remotes show first, by their short names.
    fn defaults(&self) -> Vec<String>;
    /// The branches that other worktrees have checked out, by their short names.
    fn elsewhere(&self) -> Vec<String>;
    /// Where a reference stands now.
    fn value(&self, name: &str) -> Option<String>;
    /// Whether a commit is the other one or below it.
    fn is_below(&self, commit: &str, of: &str) -> bool;
    /// Who else has a commit that `old` leads to and `new` does not: the name of a reference that is not the agent's own.
    fn shared_by(&self, name: &str, old: &str, new: Option<&str>) -> Option<String>;
    /// Whether git only packs this reference: it is taken from its file once it stands in `packed-refs`.
    fn is_packed_only(&self, name: &str, old: &str) -> bool;
}

/// The first of the moves that is refused.
pub fn judge_moves(rules: &GitRules, moves: &[Move], facts: &impl RefFacts) -> Option<Refusal> {
    let known = OnceCell::new();
    let mut rows = moves.iter().filter(|one| one.name.starts_with("refs/"));
    rows.find_map(|one| {
        let whose = match owner(rules, &one.name, &[], &[]) {
            // What else is known matters only for branches that nobody is named for; a commit at home asks nothing.
            Owner::Own if rules.home.as_deref() != one.name.strip_prefix("refs/heads/") => {
                let (defaults, elsewhere) =
                    known.get_or_init(|| (facts.defaults(), facts.elsewhere()));
                owner(rules, &one.name, defaults, elsewhere)
            }
            whose => whose,
        };
        let refusal = judge_move(rules, one, &whose, facts)?;
        Some(refusal.about(&one.name))
    })
}

fn judge_move(
    rules: &GitRules,
    one: &Move,
    whose: &Owner,
    facts: &impl RefFacts,
) -> Option<Refusal> {
    if *whose == Owner::Nobody {
        return None;
    }
    // git holds the old value against what stands there itself; without one it means: whatever that is.
    let now = one.old.clone().or_else(|| facts.value(&one.name));
    let Some(new) = &one.new else {
        return judge_deletion(rules, one, (whose, now.as_deref()), facts);
    };
    let now = now?;
    if now == *new {
        return None;
    }
    if one.name.starts_with("refs/heads/")
        && let Some(refusal) = judge_commit(rules, &format!("{} moves", short(&one.name)))
    {
        return Some(refusal);
    }
    let forward = facts.is_below(&now, new);
    let operation = match whose {
        Owner::Parent | Owner::Default => Operation::MoveParent,
        Owner::Shared if forward => return None,
        Owner::Own => {
            if forward || !rules.forbids(Operation::RewindShared) {
                return None;
            }
            let by = facts.shared_by(&one.name, &now, Some(new))?;
            let what = format!("{} would lose commits that {by} has", short(&one.name));
            return Some(Refusal::of(
                Operation::RewindShared,
                what,
                "what was merged or pushed is no longer yours alone: others would keep what you replace",
                "undo it by a new commit (git revert), and take others' work in by git merge",
            ));
        }
        _ => Operation::RewindShared,
    };
    rules.forbids(operation).then(|| {
        let how = if forward { "moves" } else { "is moved back" };
        let what = format!("{} {how}; it is {}", short(&one.name), whose.words());
        match operation {
            Operation::MoveParent => Refusal::of(
                operation,
                what,
                "only an integration moves it, after review and tests",
                "commit to your own branch and report it; torch integrate brings it there",
            ),
            _ => Refusal::of(
                operation,
                what,
                "others work from it as it is",
                "work on your own branch, and ask the branch's owner",
            ),
        }
    })
}

fn judge_deletion(
    rules: &GitRules,
    one: &Move,
    (whose, now): (&Owner, Option<&str>),
    facts: &impl RefFacts,
) -> Option<Refusal> {
    if !whose.is_protected() || now.is_none() {
        return None;
    }
    // A branch that is renamed onto this name shows as a deletion of whatever is there, and then not at all (git 2.47).
    let how = match one.old {
        Some(_) => "deleted",
        None => "deleted or replaced",
    };
    let operation = match one.old {
        Some(_) => Some(Operation::DeleteProtected),
        None => replacing(rules, whose),
    };
    let operation = operation.filter(|operation| rules.forbids(*operation))?;
    if let Some(old) = &one.old
        && facts.is_packed_only(&one.name, old)
    {
        return None;
    }
    Some(Refusal::of(
        operation,
        format!("{} is {how}; it is {}", short(&one.name), whose.words()),
        "others rely on it being there",
        "leave it, and tell the orchestrator why it should go",
    ))
}

/// The refusal of a renaming onto a branch that is not the agent's to replace, where git is about to take the old name away. Told
/// later, by the deletion of what is there, git would stop with the old name gone. `words` are those of git's own call.
pub fn judge_renaming(
    rules: &GitRules,
    (moves, words): (&[Move], &[String]),
    facts: &impl RefFacts,
) -> Option<Refusal> {
    let is_renamed = |one: &Move| one.new.is_none() && one.name.starts_with("refs/heads/");
    let from = moves.iter().find(|one| is_renamed(one))?;
    let (onto, whose) = renamed_onto(rules, words)?;
    let operation = replacing(rules, &whose)?;
    facts.value(&onto)?;
    let what = format!(
        "{} is replaced by {}; it is {}",
        short(&onto),
        short(&from.name),
        whose.words()
    );
    let refusal = Refusal::of(
        operation,
        what,
        "others rely on it being there as it is",
        "choose a name that is free",
    );
    Some(refusal.about(&onto))
}

/// The operation that putting something else in a branch's place is, if it is forbidden.
fn replacing(rules: &GitRules, whose: &Owner) -> Option<Operation> {
    let moved = match whose {
        Owner::Parent | Owner::Default => Operation::MoveParent,
        _ => Operation::RewindShared,
    };
    let both = [Operation::DeleteProtected, moved];
    both.into_iter().find(|operation| rules.forbids(*operation))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forbidden::fixture::{review_only, rules};

    /// Commits are numbers, each above all smaller ones; what ends in `x` is beside them.
    struct Facts;

    const ONE: &str = "1111111111111111111111111111111111111111";
    const TWO: &str = "2222222222222222222222222222222222222222";
    const SIDE: &str = "dddddddddddddddddddddddddddddddddddddddd";
    const NONE: &str = "0000000000000000000000000000000000000000";

    impl RefFacts for Facts {
        fn defaults(&self) -> Vec<String> {
            vec!["main".to_owned()]
        }
        fn elsewhere(&self) -> Vec<String> {
            Vec::new()
        }
        fn value(&self, name: &str) -> Option<String> {
            (!name.ends_with("/new")).then(|| ONE.to_owned())
        }
        fn is_below(&self, commit: &str, of: &str) -> bool {
            (commit, of) == (ONE, TWO)
        }
        fn shared_by(&self, name: &str, _: &str, _: Option<&str>) -> Option<String> {
            name.ends_with("pushed").then(|| "origin/pushed".to_owned())
        }
        fn is_packed_only(&self, name: &str, _: &str) -> bool {
            name.ends_with("packed")
        }
    }

    fn check(rules: &GitRules, line: &str, expect: Option<&str>) {
        let moves: Vec<_> = Move::read(line).into_iter().collect();
        let found = judge_moves(rules, &moves, &Facts);
        assert_eq!(found.as_ref().map(|it| it.rule), expect, "{line}");
    }

    #[test]
    fn own_branches_are_free_until_they_are_shared() {
        let own = rules();
        for (line, expect) in [
            (format!("{ONE} {TWO} refs/heads/trunk-developer"), None),
            (format!("{NONE} {SIDE} refs/heads/trunk-developer"), None),
            (format!("{NONE} {NONE} refs/heads/feature/x"), None),
            (format!("{NONE} {TWO} refs/heads/feature/new"), None),
            (
                format!("{NONE} {SIDE} refs/heads/pushed"),
                Some("git.rewind-shared"),
            ),
            (format!("{NONE} {TWO} refs/heads/pushed"), None),
            (
                format!("{NONE} {TWO} refs/heads/trunk"),
                Some("git.move-parent"),
            ),
            (format!("{NONE} {ONE} refs/heads/trunk"), None),
            (
                format!("{NONE} {SIDE} refs/heads/main"),
                Some("git.move-parent"),
            ),
            (
                format!("{NONE} {NONE} refs/heads/trunk"),
                Some("git.delete-protected"),
            ),
            (format!("{ONE} {NONE} refs/heads/integration/packed"), None),
            (
                format!("{NONE} {NONE} refs/heads/integration/packed"),
                Some("git.delete-protected"),
            ),
            (format!("{NONE} {TWO} refs/heads/integration/x"), None),
            (
                format!("{NONE} {SIDE} refs/heads/integration/x"),
                Some("git.rewind-shared"),
            ),
            (
                format!("{NONE} {TWO} refs/heads/trunk-tester"),
                Some("git.rewind-shared"),
            ),
            (
                format!("{NONE} {TWO} refs/tags/stable-a"),
                Some("git.rewind-shared"),
            ),
            (format!("{NONE} {TWO} refs/tags/stable-a/new"), None),
            (format!("{NONE} {NONE} refs/tags/v1"), None),
            (
                format!("{NONE} {NONE} refs/torch/kept/x"),
                Some("git.delete-protected"),
            ),
            (format!("{NONE} {NONE} refs/remotes/origin/main"), None),
            (format!("{NONE} {TWO} HEAD"), None),
            (format!("{NONE} ref:refs/heads/trunk HEAD"), None),
            ("nonsense".to_owned(), None),
        ] {
            check(&own, &line, expect);
        }
    }

    #[test]
    fn a_renaming_onto_another_ones_branch_is_refused_by_gits_own_words() {
        let moves: Vec<_> = Move::read(&format!("{ONE} {NONE} refs/heads/feature/x"))
            .into_iter()
            .collect();
        let told = |rules: &GitRules, line: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let refusal = judge_renaming(rules, (&moves, &words), &Facts);
            refusal.map(|one| (one.rule, one.what))
        };
        let own = rules();
        for line in [
            "git branch -M feature/x trunk-tester",
            "/usr/bin/git -C /x branch --move --force feature/x trunk-tester",
            "git branch -fm trunk-tester",
        ] {
            let (rule, what) = told(&own, line).expect(line);
            assert_eq!(rule, "git.delete-protected", "{line}");
            let expect = "trunk-tester is replaced by feature/x; it is the branch of the tester";
            assert_eq!(what, expect);
        }
        for line in [
            "git branch -M feature/x feature/y",
            // Nothing is there.
            "git branch -m feature/x integration/new",
            "git branch -D feature/x",
            "git switch -C trunk-tester",
            "",
        ] {
            assert_eq!(told(&own, line), None, "{line}");
        }
        let mut some = rules();
        some.forbid = vec![Operation::MoveParent];
        let refusal = told(&some, "git branch -M feature/x trunk").expect("refused");
        assert_eq!(refusal.0, "git.move-parent");
        assert_eq!(told(&some, "git branch -M feature/x trunk-tester"), None);
    }

    #[test]
    fn where_a_person_commits_no_branch_moves() {
        let person = review_only();
        let own = "refs/heads/trunk-developer";
        check(
            &person,
            &format!("{ONE} {TWO} {own}"),
            Some("commit.forbidden"),
        );
        check(&person, &format!("{NONE} {TWO} refs/heads/x/new"), None);
        check(
            &person,
            &format!("{NONE} {TWO} refs/remotes/origin/x"),
            None,
        );
    }

    #[test]
    fn what_is_not_forbidden_passes() {
        let mut open = rules();
        open.forbid.clear();
        check(&open, &format!("{NONE} {SIDE} refs/heads/trunk"), None);
        check(&open, &format!("{NONE} {SIDE} refs/heads/pushed"), None);
        check(&open, &format!("{NONE} {NONE} refs/heads/trunk"), None);
    }

    #[test]
    fn a_deletion_without_a_value_may_be_a_renaming_onto_it() {
        let mut some = rules();
        some.forbid = vec![Operation::MoveParent];
        let trunk = "refs/heads/trunk";
        let parent = Some("git.move-parent");
        check(&some, &format!("{NONE} {NONE} {trunk}"), parent);
        // With its value it is a deletion and nothing else.
        check(&some, &format!("{ONE} {NONE} {trunk}"), None);
        check(
            &some,
            &format!("{NONE} {NONE} refs/heads/trunk-tester"),
            None,
        );
        some.forbid = vec![Operation::RewindShared];
        let shared = Some("git.rewind-shared");
        check(&some, &format!("{NONE} {NONE} {trunk}"), None);
        check(
            &some,
            &format!("{NONE} {NONE} refs/heads/trunk-tester"),
            shared,
        );
        check(&some, &format!("{NONE} {NONE} refs/tags/stable-a"), shared);
        check(&some, &format!("{NONE} {NONE} refs/heads/feature/x"), None);
    }

    #[test]
    fn a_refusal_says_what_why_and_what_instead() {
        let moves = [Move {
            name: "refs/heads/trunk".to_owned(),
            old: None,
            new: Some(TWO.to_owned()),
        }];
        let refusal = judge_moves(&rules(), &moves, &Facts).expect("refused");
        assert_eq!(
            refusal.text(),
            "torch: refused by rule git.move-parent: trunk moves; it is the branch that the team started on\n  \
             why: only an integration moves it, after review and tests\n  \
             instead: commit to your own branch and report it; torch integrate brings it there"
        );
    }
}
