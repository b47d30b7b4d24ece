//! What the branches of each role are called.

/// The prefixes of the roles that have some, by the roles' names; what stands behind is the feature's name.
const PREFIXES: &[(&str, &str)] = &[
    ("developer", "feature/"),
    ("project_manager", "pm-feature/"),
    ("tester", "test/"),
    ("testrunner", "testrunner/"),
    ("researcher", "research/"),
    ("devops", "devops/"),
];

/// The prefixes of branches that torch and the project manager make to bring work together and to take it back.
const COMMON: &[&str] = &["integration/", "rollback/"];

/// The prefix of a role's branches; none where a role has none. Of several agents of a role (`developer-2`, `backend-developer`) it is
/// the role's.
pub fn branch_prefix(role: &str) -> Option<&'static str> {
    let named = |name: &str| {
        let folded = role.replace('-', "_");
        let base = folded.trim_end_matches(|char: char| char.is_ascii_digit() || char == '_');
        base == name || base.ends_with(&format!("_{name}"))
    };
    // `testrunner` ends with no other role's name.
    let found = PREFIXES.iter().find(|(name, _)| named(name));
    found.map(|(_, prefix)| *prefix)
}

/// Why a branch is not one of a role: what it had better be called. `home` is the agent's home branch, which is always right, as is
/// one that `shared` names (the branches of a pair).
pub fn better_name(
    role: &str,
    branch: &str,
    home: Option<&str>,
    shared: &[&str],
) -> Option<String> {
    let prefix = branch_prefix(role)?;
    let right = |prefix: &str| {
        branch
            .strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty())
    };
    if home == Some(branch)
        || shared.contains(&branch)
        || right(prefix)
        || COMMON.iter().any(|prefix| right(prefix))
    {
        return None;
    }
    let others = PREFIXES.iter().map(|(_, prefix)| *prefix);
    let rest = others
        .filter_map(|prefix| branch.strip_prefix(prefix))
        .next();
    let rest = rest.unwrap_or(branch).trim_matches('/');
    let rest = if rest.is_empty() { "name" } else { rest };
    Some(format!("{prefix}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_has_its_prefix() {
        let check = |role, branch, expect: Option<&str>| {
            let found = better_name(role, branch, Some("trunk-dev"), &["security-hardening"]);
            assert_eq!(found.as_deref(), expect, "{role} {branch}");
        };
        check("developer", "feature/login", None);
        check("developer", "trunk-dev", None);
        check("developer", "security-hardening", None);
        check("developer", "login", Some("feature/login"));
        check("developer", "feature/", Some("feature/name"));
        check("developer-2", "test/login", Some("feature/login"));
        check("backend-developer", "login", Some("feature/login"));
        check("project_manager", "integration/daily-20260101-0900", None);
        check("project_manager", "plan", Some("pm-feature/plan"));
        check("testrunner", "test/login", Some("testrunner/login"));
        check("tester", "test/login", None);
        check("researcher", "research/db", None);
        check("devops", "fix", Some("devops/fix"));
        check("code_reviewer", "whatever", None);
    }
}
