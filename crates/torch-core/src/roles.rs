//! The built-in roles by name. What each does stands in `templates/roles`; a test of the daemon holds the two together.

/// A built-in role's name, and the other words that people use for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltInRole {
    /// Its name.
    pub name: &'static str,
    /// Its aliases, in lower case.
    pub aliases: &'static [&'static str],
}

/// The built-in roles in the order of their tiers: core (the default team), optional, sysops.
pub const BUILT_IN_ROLES: [BuiltInRole; 15] = [
    role("orchestrator", &["orc", "hub"]),
    role("project_manager", &["pm"]),
    role("developer", &["dev"]),
    role("tester", &["qa"]),
    role("testrunner", &["test_runner"]),
    role("researcher", &[]),
    role("logtracker", &["log_tracker"]),
    role("devops", &["dev_ops"]),
    role("code_reviewer", &["reviewer"]),
    role("documentation_writer", &["docs"]),
    role("sysadmin", &["sys_admin"]),
    role("securityops", &["security_ops"]),
    role("networkops", &["network_ops"]),
    role("monitoringops", &["monitoring_ops"]),
    role("databaseops", &["database_ops"]),
];

/// Their names, in the same order.
pub const BUILT_IN_NAMES: [&str; BUILT_IN_ROLES.len()] = {
    let mut names = [""; BUILT_IN_ROLES.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = BUILT_IN_ROLES[at].name;
        at += 1;
    }
    names
};

/// The names of the default team, those of the first tier.
pub const DEFAULT_NAMES: &[&str] = BUILT_IN_NAMES.split_at(5).0;

const fn role(name: &'static str, aliases: &'static [&'static str]) -> BuiltInRole {
    BuiltInRole { name, aliases }
}

/// The one spelling of a built-in role, for a folded name (`_` for `-` and spaces, lower case); the words of a name may be written as one.
pub(crate) fn canonical(folded: &str) -> Option<&'static str> {
    let meant = |role: &&BuiltInRole| {
        role.name == folded
            || role.aliases.contains(&folded)
            || (role.name.contains('_') && role.name.replace('_', "") == folded)
    };
    BUILT_IN_ROLES.iter().find(meant).map(|role| role.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_means_one_role() {
        for role in BUILT_IN_ROLES {
            let joined = role.name.replace('_', "");
            for word in [&[role.name, &joined], role.aliases].concat() {
                assert_eq!(canonical(word), Some(role.name), "{word}");
            }
        }
        for word in ["", "develop", "ops", "Developer", "code reviewer"] {
            assert_eq!(canonical(word), None, "{word}");
        }
    }
}
