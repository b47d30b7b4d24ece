//! In which order roles are merged: what others build on first, tests last; and what the plan puts before something else.

use torch_core::RoleName;

/// Parts of roles' names and their place. The first line that fits holds.
const RANKS: &[(&[&str], u8)] = &[
    // Tests come after what they test.
    (&["test", "qa"], 6),
    (
        &["review", "logtracker", "orchestrator", "project_manager"],
        7,
    ),
    // What a front end is built on comes before it.
    (&["frontend", "front_end", "ui", "design", "mobile"], 4),
    (&["doc", "writer", "research"], 5),
    (
        &[
            "devops",
            "sysadmin",
            "network",
            "security",
            "monitoring",
            "infra",
        ],
        0,
    ),
    (&["database", "data"], 1),
    (&["backend", "back_end", "api", "server"], 2),
];

/// The place of a role that no line names: a developer's.
const OTHER: u8 = 3;

/// A role's place, the first 0.
pub fn rank(role: &str) -> u8 {
    let words: Vec<&str> = role.split(['_', '-']).collect();
    let fits = |part: &&str| match part.len() {
        // `ui` is no part of `build`.
        0..=3 => words.contains(part),
        _ => role.contains(*part),
    };
    let found = RANKS.iter().find(|(parts, _)| parts.iter().any(fits));
    found.map_or(OTHER, |(_, rank)| *rank)
}

/// Puts things of roles in order: `before` first, where it is no circle, then by rank; of one role, as they came.
pub fn in_order<T>(
    things: Vec<T>,
    role: impl Fn(&T) -> RoleName,
    before: &[(RoleName, RoleName)],
) -> Vec<T> {
    let mut left: Vec<(usize, RoleName, T)> = Vec::new();
    for (at, thing) in things.into_iter().enumerate() {
        let name = role(&thing);
        left.push((at, name, thing));
    }
    let mut done = Vec::new();
    while !left.is_empty() {
        let waits = |name: &RoleName| {
            let others = || {
                left.iter()
                    .map(|(_, role, _)| role)
                    .filter(|role| *role != name)
            };
            others().any(|other| before.iter().any(|(a, b)| a == other && b == name))
        };
        let key = |(at, name, _): &(usize, RoleName, T)| (waits(name), rank(name.as_str()), *at);
        // In a circle all wait, and the rank alone decides.
        let next = left
            .iter()
            .enumerate()
            .min_by_key(|(_, entry)| key(entry))
            .map_or(0, |(place, _)| place);
        done.push(left.remove(next).2);
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(roles: &[&str], before: &[(&str, &str)], expect: &[&str]) {
        let role = |name: &str| RoleName::parse(name).expect("a role");
        let before: Vec<_> = before.iter().map(|(a, b)| (role(a), role(b))).collect();
        let roles = roles.iter().map(|name| role(name)).collect();
        let found = in_order(roles, RoleName::clone, &before);
        let found: Vec<_> = found.iter().map(RoleName::as_str).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn what_others_build_on_comes_first_and_tests_last() {
        check(
            &[
                "tester",
                "frontend",
                "developer",
                "backend",
                "devops",
                "testrunner",
            ],
            &[],
            &[
                "devops",
                "backend",
                "developer",
                "frontend",
                "tester",
                "testrunner",
            ],
        );
        check(&["ui_builder", "builder"], &[], &["builder", "ui_builder"]);
    }

    #[test]
    fn the_plan_outweighs_the_table_and_a_circle_nothing() {
        check(
            &["backend", "frontend", "tester"],
            &[("frontend", "backend")],
            &["frontend", "backend", "tester"],
        );
        check(
            &["frontend", "backend"],
            &[("frontend", "backend"), ("backend", "frontend")],
            &["backend", "frontend"],
        );
    }
}
