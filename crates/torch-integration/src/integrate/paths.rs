//! What a file is, by its path, and whose a conflict in it is: tests first, then code, then the rest.

use torch_core::RoleName;

use super::Rules;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathClass {
    /// A test, whatever it is written in.
    Tests,
    /// Source code.
    Code,
    /// Documentation and configuration, and what is not known.
    Other,
}

/// Folders of tests.
const TEST_FOLDERS: &[&str] = &[
    "test",
    "tests",
    "spec",
    "specs",
    "__tests__",
    "e2e",
    "testdata",
    "fixtures",
    "cypress",
];

/// What the names of test files begin or end with, before or behind the last dot.
const TEST_STARTS: &[&str] = &["test_", "test-", "conftest"];
/// As [`TEST_STARTS`].
const TEST_ENDS: &[&str] = &[
    "_test", "-test", ".test", "_spec", "-spec", ".spec", "_tests", "test", "tests",
];

/// Ends of names of source files.
const CODE: &[&str] = &[
    "py", "js", "ts", "jsx", "tsx", "mjs", "cjs", "mts", "cts", "rs", "go", "java", "kt", "kts",
    "scala", "c", "h", "cc", "cpp", "cxx", "hpp", "cs", "fs", "rb", "php", "swift", "m", "mm",
    "sh", "bash", "zsh", "pl", "lua", "ex", "exs", "erl", "hs", "ml", "clj", "dart", "r", "jl",
    "zig", "nim", "sql", "vue", "svelte", "css", "scss", "less", "html", "proto", "graphql", "tf",
];

/// What a file is, by its path in the repository.
pub fn classify(path: &str) -> PathClass {
    let lower = path.to_lowercase();
    let (folders, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let (stem, end) = name.rsplit_once('.').unwrap_or((name, ""));
    let is_code = CODE.contains(&end);
    let in_tests = folders
        .split('/')
        .any(|folder| TEST_FOLDERS.contains(&folder));
    let named = TEST_STARTS.iter().any(|start| name.starts_with(start))
        || (is_code && TEST_ENDS.iter().any(|end| is_end(path, stem, end)));
    match () {
        () if in_tests || named => PathClass::Tests,
        () if is_code => PathClass::Code,
        () => PathClass::Other,
    }
}

/// Whether a name ends so; a plain word only where it is one of its own: `FooTest.java`, not `latest.js`.
fn is_end(path: &str, stem: &str, end: &str) -> bool {
    if !stem.ends_with(end) {
        return false;
    }
    if !end.starts_with(char::is_alphanumeric) || stem.len() == end.len() {
        return true;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let at = stem.len() - end.len();
    name.get(at..)
        .is_some_and(|word| word.starts_with(char::is_uppercase))
}

/// Who solves a conflict in a file: of the roles whose branches meet there, the one that such files are the work of, else
/// the team's role for them, else whose branch was being merged, `ours`.
pub fn owner(path: &str, sides: (&RoleName, &[&RoleName]), rules: &Rules) -> RoleName {
    let roles: Vec<&RoleName> = rules.members.iter().map(|one| &one.role).collect();
    owner_among(path, sides, &roles)
}

/// As [`owner`], among these roles of a team.
pub fn owner_among(
    path: &str,
    (ours, with): (&RoleName, &[&RoleName]),
    roles: &[&RoleName],
) -> RoleName {
    let fits = |role: &RoleName| {
        let rank = super::rank(role.as_str());
        match classify(path) {
            PathClass::Tests => rank == 6,
            PathClass::Code => rank <= 4,
            PathClass::Other => false,
        }
    };
    let names: &[&str] = match classify(path) {
        PathClass::Tests => &["tester", "testrunner"],
        PathClass::Code => &["developer"],
        PathClass::Other => &["project_manager"],
    };
    let mut sides = std::iter::once(ours).chain(with.iter().copied());
    let own = sides.find(|role| fits(role)).cloned();
    let team = names
        .iter()
        .find_map(|name| roles.iter().find(|role| role.as_str() == *name));
    let hub = || match classify(path) {
        PathClass::Other => roles.iter().find(|role| role.is_hub()),
        _ => None,
    };
    own.or_else(|| team.or_else(hub).map(|role| (*role).clone()))
        .unwrap_or_else(|| ours.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_told_from_code_before_anything_else() {
        for (path, class) in [
            ("test_parser.py", PathClass::Tests),
            ("src/parser.test.ts", PathClass::Tests),
            ("src/parser_test.go", PathClass::Tests),
            ("src/FooTest.java", PathClass::Tests),
            ("tests/data/one.json", PathClass::Tests),
            ("web/__tests__/app.jsx", PathClass::Tests),
            ("spec/models/user_spec.rb", PathClass::Tests),
            ("src/latest.js", PathClass::Code),
            ("src/contest.py", PathClass::Code),
            ("src/main.rs", PathClass::Code),
            ("build.sh", PathClass::Code),
            ("README.md", PathClass::Other),
            ("latest", PathClass::Other),
            ("config/app.yaml", PathClass::Other),
            ("Cargo.lock", PathClass::Other),
        ] {
            assert_eq!(classify(path), class, "{path}");
        }
    }
}
