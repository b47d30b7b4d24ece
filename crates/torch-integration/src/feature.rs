//! Which feature a branch belongs to, whoever works on it.

/// The prefixes that roles put before a feature's name.
const PREFIXES: &[&str] = &[
    "feature/",
    "pm-feature/",
    "test/",
    "testrunner/",
    "research/",
    "devops/",
];

/// The feature that a branch is of: two branches with the same key may be merged into each other.
///
/// `home` is the home branch of the worktree that has it checked out, `{parent}-{role}`: all home branches of a team share one key, the
/// empty one. Other branches are known by what follows the role's prefix (`feature/login` and `test/login` share `login`); one
/// without such a prefix is known by its whole name.
pub fn feature_key<'a>(branch: &'a str, home: Option<&str>) -> &'a str {
    if home == Some(branch) {
        return "";
    }
    let found = PREFIXES
        .iter()
        .find_map(|prefix| branch.strip_prefix(prefix));
    found.filter(|name| !name.is_empty()).unwrap_or(branch)
}

#[cfg(test)]
mod tests {
    use super::feature_key;

    #[test]
    fn roles_share_a_feature_by_its_name() {
        assert_eq!(feature_key("feature/login", None), "login");
        assert_eq!(feature_key("test/login", Some("main-tester")), "login");
        assert_eq!(feature_key("main-tester", Some("main-tester")), "");
        assert_eq!(feature_key("main-tester", None), "main-tester");
        assert_eq!(feature_key("feature/", None), "feature/");
        assert_eq!(feature_key("feature/a/b", None), "a/b");
    }
}
