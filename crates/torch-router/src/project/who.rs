//! Roles in running text: "the testers", "PM and developer", "`db_admin`", "everyone".

use std::sync::LazyLock;

use regex::Regex;
use torch_core::RoleName;
use torch_core::project_rules::Who;
use torch_core::roles::BUILT_IN_ROLES;

/// A role, or words for all of them.
fn role_pattern() -> String {
    // A name in backticks is a role of the user's own.
    format!(r"(?:{}|`[a-z][a-z0-9_-]{{1,31}}`)", plain_pattern())
}

/// A built-in role, or words for all of them.
fn plain_pattern() -> String {
    let mut words: Vec<String> = BUILT_IN_ROLES
        .iter()
        .flat_map(|role| std::iter::once(role.name).chain(role.aliases.iter().copied()))
        .map(|name| name.replace('_', r"[ _-]?"))
        .collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let all = r"everyone|everybody|anyone|anybody|all\s+(?:agents|roles)|(?:every|each|any|other|all\s+other|no)\s+(?:agents?|roles?)|agents?|nobody|no\s+one|each\s+other|one\s+another";
    format!(
        r"(?:\b(?:{})(?:s|es)?(?:-\d+)?(?:\s+(?:role|agent)s?)?\b|\b(?:{all})\b)",
        words.join("|")
    )
}

/// One or more roles, as a part of other patterns.
pub(super) static ROLES: LazyLock<String> = LazyLock::new(|| {
    let role = role_pattern();
    let article = r"(?:(?:the|an?|its|their|your|our|all|each|every)\s+)*";
    format!(
        r"{article}{role}(?:\s*(?:,\s*(?:and|or|nor)\b|,|/|&|\band\b|\bor\b|\bnor\b)\s*{article}{role})*"
    )
});

static ROLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!("(?i){}", role_pattern())).expect("built-in names make a pattern")
});

/// A text without the names of built-in roles, and without words for all of them.
pub(super) fn without_roles(text: &str) -> String {
    static PLAIN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(&format!("(?i){}", plain_pattern())).expect("built-in names make a pattern")
    });
    PLAIN.replace_all(text, " ").into_owned()
}

/// Whom some words name; `None` where one of them is no role.
pub(super) fn who(text: &str) -> Option<Who> {
    let mut roles: Vec<RoleName> = Vec::new();
    for hit in ROLE.find_iter(text) {
        let word = hit.as_str().to_lowercase();
        let word = word.trim_matches('`').trim();
        let word = word
            .trim_end_matches(" roles")
            .trim_end_matches(" role")
            .trim_end_matches(" agents")
            .trim_end_matches(" agent");
        let Some(role) = role(word) else {
            return Some(Who::Everyone);
        };
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    (!roles.is_empty()).then_some(Who::Roles(roles))
}

/// `None` for words that mean everybody.
fn role(word: &str) -> Option<RoleName> {
    let all = [
        "every",
        "any",
        "all",
        "each",
        "other",
        "one another",
        "nobody",
        "no one",
        "no agent",
        "agent",
    ];
    if all.iter().any(|all| word.starts_with(all)) {
        return None;
    }
    let known = |word: &str| {
        let folded = word.replace(['-', ' '], "_");
        let found = BUILT_IN_ROLES.iter().find(|role| {
            role.name == folded
                || role.aliases.contains(&folded.as_str())
                || role.name.replace('_', "") == folded
        });
        found.and_then(|role| RoleName::parse(role.name).ok())
    };
    // `devops` and `docs` are no plurals.
    known(word)
        .or_else(|| known(word.strip_suffix('s')?))
        .or_else(|| RoleName::parse(word).ok())
}

/// Whom a statement is about that begins with a role; everyone where it does not.
pub(super) fn subject(text: &str) -> Who {
    static SUBJECT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(&format!(
            r"(?i)^(?:for\s+)?(?P<who>{})\s*(?::|,|[a-z])",
            *ROLES
        ))
        .expect("built-in names make a pattern")
    });
    let hit = SUBJECT.captures(text).and_then(|hit| who(&hit["who"]));
    hit.unwrap_or(Who::Everyone)
}
