//! What a command line is about to do, read before the agent's program runs it: only what can be told from its words. Aliases, scripts and
//! programs that call git themselves are seen by the hooks of git, not here.

use torch_core::forbidden::{GitRules, Operation};
use torch_core::policy::AgentCommits;

use super::git_words::{GitWords, Meaning, meaning};
use super::name::{Owner, owner};
use super::push::why_not;
use super::{Refusal, judge_commit, shell};

/// How deep `sh -c` in `sh -c` is followed.
const DEEPEST: usize = 4;

/// How much of a command a refusal shows, in characters.
const SHOWN: usize = 120;

/// What git's own configuration by the environment is called.
const SETTINGS: [&str; 5] = [
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG",
    "TORCH_GIT_RULES",
    "TORCH_AGENT",
];

/// What agents leave to a person under a policy that says so, as their briefing names it.
const WRITING: [&str; 12] = [
    "add",
    "am",
    "cherry-pick",
    "commit",
    "merge",
    "mv",
    "push",
    "rebase",
    "reset",
    "revert",
    "rm",
    "stash",
];

/// An operation, and the branch or tag that it is done to, where one is named.
type Done<'a> = (Operation, Option<&'a str>);

/// The first thing of a command line that is refused.
pub fn judge_command(rules: &GitRules, line: &str) -> Option<Refusal> {
    judge_line(rules, line, 0)
}

/// The branch, by its full name, onto which this call of git renames another one, where that is not the agent's to replace.
pub(super) fn renamed_onto(rules: &GitRules, words: &[String]) -> Option<(String, Owner)> {
    let Meaning::Git(call, _) = meaning(words) else {
        return None;
    };
    if call.name != "branch" || !has(&call, &["--move"], "mM") {
        return None;
    }
    let full = format!("refs/heads/{}", plain(&call).last()?);
    let whose = owner(rules, &full, &[], &[]);
    whose.is_protected().then_some((full, whose))
}

fn judge_line(rules: &GitRules, line: &str, depth: usize) -> Option<Refusal> {
    if depth > DEEPEST {
        return None;
    }
    shell::commands(line).iter().find_map(|words| {
        let (call, variables) = match meaning(words) {
            Meaning::Shell(inner) => return judge_line(rules, &inner, depth + 1),
            Meaning::Variables(names) => (None, names),
            Meaning::Git(call, names) => (Some(call), names),
            Meaning::Other => return None,
        };
        let shown = shown(words);
        let switched = variables
            .iter()
            .any(|name| SETTINGS.contains(&name.as_str()));
        if switched && rules.forbids(Operation::SkipHooks) {
            return Some(skipping(shown));
        }
        judge_git(rules, &call?, shown)
    })
}

fn judge_git(rules: &GitRules, call: &GitWords, shown: String) -> Option<Refusal> {
    if rules.commits == AgentCommits::Forbidden && writes(call) {
        return judge_commit(rules, &shown);
    }
    let (operation, target) = operation(rules, call)?;
    if !rules.forbids(operation) {
        return None;
    }
    let refusal = refused(rules, (operation, target), shown);
    Some(match target {
        Some(target) => refusal.about(target),
        None => refusal,
    })
}

fn refused(rules: &GitRules, (operation, target): Done<'_>, shown: String) -> Refusal {
    match operation {
        Operation::SkipHooks => skipping(shown),
        Operation::ForcePush => Refusal::of(
            operation,
            shown,
            "what stands at the remote would be lost, and others may have it",
            "git fetch, git merge what is there, and push again without force",
        ),
        Operation::PushProtected | Operation::MoveParent => {
            let full = format!("refs/heads/{}", branch_of(target.unwrap_or(&rules.parent)));
            let whose = owner(rules, &full, &[], &[]);
            let (why, instead) = match why_not(&whose) {
                Some(reason) if operation == Operation::PushProtected => reason,
                _ => (
                    "only an integration brings work there, after review and tests",
                    "commit to your own branch and report it; torch integrate brings it there",
                ),
            };
            Refusal::of(operation, shown, why, instead)
        }
        Operation::DeleteProtected => Refusal::of(
            operation,
            shown,
            "others rely on it being there",
            "leave it, and tell the orchestrator why it should go",
        ),
        Operation::RewindShared => Refusal::of(
            operation,
            shown,
            "others work from it as it is",
            "work on your own branch, and ask the branch's owner",
        ),
    }
}

fn skipping(shown: String) -> Refusal {
    Refusal::of(
        Operation::SkipHooks,
        shown,
        "the project's hooks and torch's run at every commit and push",
        "run it without that; where a hook is wrong, tell the orchestrator which, and what it said",
    )
}

/// Whether it writes where only reading is free.
fn writes(call: &GitWords) -> bool {
    let reads = match call.name.as_str() {
        "stash" => matches!(call.args.first().map(String::as_str), Some("list" | "show")),
        "add" | "commit" | "push" | "rm" | "mv" => has(call, &["--dry-run"], ""),
        _ => false,
    };
    WRITING.contains(&call.name.as_str()) && !reads
}

fn operation<'a>(rules: &GitRules, call: &'a GitWords) -> Option<Done<'a>> {
    const SKIPS: Option<Done<'static>> = Some((Operation::SkipHooks, None));
    if call.settings.iter().any(|key| key == "core.hookspath") {
        return SKIPS;
    }
    match call.name.as_str() {
        "push" => push(rules, call),
        "commit" if has(call, &["--no-verify"], "n") => SKIPS,
        "merge" | "am" | "rebase" if has(call, &["--no-verify"], "") => SKIPS,
        "branch" => branch(rules, call),
        "checkout" | "switch" => forced(rules, call),
        "update-ref" => update(rules, call),
        "tag" if has(call, &["--delete", "--force"], "df") => {
            let mut names = plain(call);
            let is_protected =
                |name: &&str| owner(rules, &format!("refs/tags/{name}"), &[], &[]).is_protected();
            let tag = names.find(is_protected)?;
            let operation = match has(call, &["--delete"], "d") {
                true => Operation::DeleteProtected,
                false => Operation::RewindShared,
            };
            Some((operation, Some(tag)))
        }
        _ => None,
    }
}

fn push<'a>(rules: &GitRules, call: &'a GitWords) -> Option<Done<'a>> {
    let force = [
        "--force",
        "--force-with-lease",
        "--force-if-includes",
        "--mirror",
    ];
    let refs: Vec<&str> = plain(call).skip(1).collect();
    let plus = refs.iter().find(|one| one.starts_with('+'));
    if has(call, &force, "f") || plus.is_some() {
        let target = plus.or(refs.first()).copied();
        let target = target.map(|one| one.rsplit(':').next().unwrap_or(one));
        let target = target.map(|name| name.trim_start_matches('+'));
        return Some((Operation::ForcePush, target));
    }
    if has(call, &["--no-verify"], "") {
        return Some((Operation::SkipHooks, None));
    }
    let all_deleted = has(call, &["--delete"], "d");
    refs.iter().copied().find_map(|one| {
        let (source, target) = one.split_once(':').unwrap_or((one, one));
        if !protected(rules, target) {
            return None;
        }
        let deleted = all_deleted || source.is_empty();
        let shared = ["integration/", "rollback/"]
            .iter()
            .any(|start| branch_of(target).starts_with(start));
        let operation = match (deleted, shared) {
            (true, _) => Operation::DeleteProtected,
            (false, true) => return None,
            (false, false) => Operation::PushProtected,
        };
        Some((operation, Some(target)))
    })
}

fn branch<'a>(rules: &GitRules, call: &'a GitWords) -> Option<Done<'a>> {
    let mut names = plain(call);
    if has(call, &["--delete"], "dD") {
        let name = names.find(|name| protected(rules, name))?;
        return Some((Operation::DeleteProtected, Some(name)));
    }
    let moved = has(call, &["--move", "--copy"], "mMcC");
    if moved && let Some(name) = names.find(|name| protected(rules, name)) {
        return Some((Operation::DeleteProtected, Some(name)));
    }
    if has(call, &["--force"], "f") {
        return names.next().and_then(|name| moving(rules, name));
    }
    None
}

/// `checkout -B`, `switch -C`: a branch is set back.
fn forced<'a>(rules: &GitRules, call: &'a GitWords) -> Option<Done<'a>> {
    let at = call
        .args
        .iter()
        .position(|arg| ["-B", "-C", "--force-create"].contains(&arg.as_str()))?;
    moving(rules, call.args.get(at + 1)?)
}

fn update<'a>(rules: &GitRules, call: &'a GitWords) -> Option<Done<'a>> {
    let name = plain(call).next()?;
    let whose = owner(rules, name, &[], &[]);
    if !whose.is_protected() {
        return None;
    }
    if has(call, &[], "d") {
        return Some((Operation::DeleteProtected, Some(name)));
    }
    moving(rules, branch_of(name)).or(Some((Operation::RewindShared, Some(name))))
}

/// What setting a branch is.
fn moving<'a>(rules: &GitRules, name: &'a str) -> Option<Done<'a>> {
    match rules.parent == branch_of(name) {
        true => Some((Operation::MoveParent, Some(name))),
        false => protected(rules, name).then_some((Operation::RewindShared, Some(name))),
    }
}

fn protected(rules: &GitRules, name: &str) -> bool {
    let full = format!("refs/heads/{}", branch_of(name));
    owner(rules, &full, &[], &[]).is_protected()
}

fn branch_of(name: &str) -> &str {
    name.strip_prefix("refs/heads/").unwrap_or(name)
}

/// The arguments that are no options.
fn plain(call: &GitWords) -> impl Iterator<Item = &str> {
    let args = call.args.iter().map(String::as_str);
    args.filter(|arg| !arg.starts_with('-'))
}

/// Whether one of these options is given: long ones, also with a value, and letters among short ones. A letter behind one that takes a
/// value (`commit -mn`) belongs to that.
fn has(call: &GitWords, long: &[&str], short: &str) -> bool {
    let values = match call.name.as_str() {
        "commit" => "mFCctuS",
        "tag" => "mFu",
        "push" => "o",
        _ => "",
    };
    let mut options = call.args.iter().take_while(|arg| *arg != "--");
    options.any(|arg| {
        if arg.starts_with("--") {
            let name = arg.split('=').next().unwrap_or_default();
            return long.contains(&name);
        }
        let Some(letters) = arg.strip_prefix('-') else {
            return false;
        };
        letters
            .chars()
            .take_while(|letter| letter.is_ascii_alphabetic())
            .find_map(|letter| match letter {
                _ if short.contains(letter) => Some(true),
                _ if values.contains(letter) => Some(false),
                _ => None,
            })
            .unwrap_or(false)
    })
}

fn shown(words: &[String]) -> String {
    let line = words.join(" ");
    let line: String = line.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forbidden::fixture::{review_only, rules};

    fn check(rules: &GitRules, table: &[(&str, Option<&str>)]) {
        for (line, expect) in table {
            let found = judge_command(rules, line);
            let rule = found.as_ref().map(|it| it.rule);
            assert_eq!(rule, *expect, "{line}");
        }
    }

    #[test]
    fn commands_are_read() {
        let force = Some("git.force-push");
        let skip = Some("git.skip-hooks");
        let delete = Some("git.delete-protected");
        check(
            &rules(),
            &[
                ("git push", None),
                ("git push -u origin feature/x", None),
                ("git push origin HEAD:feature/x", None),
                ("git push origin integration/daily-1", None),
                ("git push --force", force),
                ("cd /x && git -C . push origin +HEAD:feature/x", force),
                ("git push -uf origin feature/x", force),
                ("git push --force-with-lease=x:y origin x", force),
                ("sh -c \"git push --mirror\"", force),
                ("echo $(git push -f)", force),
                ("GIT_SSH_COMMAND=ssh git push -f", force),
                ("git push origin trunk", Some("git.push-protected")),
                (
                    "git push origin HEAD:refs/heads/trunk",
                    Some("git.push-protected"),
                ),
                ("git push origin x:trunk-tester", Some("git.push-protected")),
                ("git push origin :trunk", delete),
                ("git push -d origin integration/daily-1", delete),
                ("git push --no-verify", skip),
                ("git commit -m 'never push -f'", None),
                ("git commit -m x -n", skip),
                ("git commit -anm x", skip),
                ("git commit -mn", None),
                ("git commit --no-verify -m x", skip),
                ("git -c core.hooksPath=/dev/null commit -m x", skip),
                ("GIT_CONFIG_PARAMETERS= git commit -m x", skip),
                ("unset GIT_CONFIG_PARAMETERS", skip),
                ("env -i git commit", skip),
                ("git config core.hooksPath .husky", None),
                ("git branch -D feature/x", None),
                ("git branch -D trunk", delete),
                ("git branch -M feature/x trunk", delete),
                ("git branch -f trunk HEAD~3", Some("git.move-parent")),
                (
                    "git branch -f integration/x HEAD",
                    Some("git.rewind-shared"),
                ),
                ("git branch trunk-2", None),
                ("git checkout -B trunk", Some("git.move-parent")),
                ("git switch -C trunk-tester HEAD", Some("git.rewind-shared")),
                ("git checkout trunk", None),
                (
                    "git update-ref refs/heads/trunk HEAD",
                    Some("git.move-parent"),
                ),
                ("git update-ref -d refs/torch/kept/x", delete),
                ("git tag -d stable-x", delete),
                ("git tag -f stable-x", Some("git.rewind-shared")),
                ("git tag stable-x", None),
                ("git reset --hard HEAD~1", None),
                ("git log --grep='push --force'", None),
                ("grep -r 'git push --force' docs", None),
                ("echo git push --force", None),
            ],
        );
    }

    #[test]
    fn a_refusal_names_what_it_is_about() {
        for (line, target) in [
            ("git push origin trunk", Some("trunk")),
            (
                "git push origin HEAD:refs/heads/trunk-tester",
                Some("trunk-tester"),
            ),
            ("git push -f", None),
            ("git push -f origin x:feature/x", Some("feature/x")),
            ("git push origin +feature/x", Some("feature/x")),
            ("git push -d origin trunk", Some("trunk")),
            ("git branch -D feature/x trunk", Some("trunk")),
            ("git switch -C trunk-tester HEAD", Some("trunk-tester")),
            ("git update-ref refs/heads/trunk HEAD", Some("trunk")),
            ("git tag -d stable-x", Some("stable-x")),
            ("git commit -n", None),
        ] {
            let refusal = judge_command(&rules(), line).expect(line);
            assert_eq!(refusal.target.as_deref(), target, "{line}");
        }
        let why = |line: &str| judge_command(&rules(), line).expect(line).why;
        assert!(why("git push origin trunk").starts_with("only an integration"));
        assert!(why("git push origin x:trunk-tester").starts_with("only that role"));
    }

    #[test]
    fn reading_is_free_where_a_person_commits() {
        let no = Some("commit.forbidden");
        check(
            &review_only(),
            &[
                ("git status && git diff | cat", None),
                ("git log -5", None),
                ("git stash list", None),
                ("git add .", no),
                ("git add --dry-run .", None),
                ("git commit -m x", no),
                ("git push", no),
                ("true; git stash", no),
                ("git reset --hard", no),
            ],
        );
    }

    #[test]
    fn what_is_not_forbidden_passes() {
        let mut open = rules();
        open.forbid.clear();
        check(&open, &[("git push -f", None), ("git commit -n", None)]);
    }
}
