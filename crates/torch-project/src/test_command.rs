//! By which command a project's tests are run, as its files say. Nothing is run here, and what is found is a guess for whoever may run it.

use std::path::Path;

use crate::named_file::read_text;

/// The most that is read of one file, in bytes.
const MOST: u64 = 1 << 20;

/// The command, for `sh -c` at the top of the project; `None` where no file that is known says one.
pub fn test_command(root: &Path) -> Option<String> {
    let text = |name: &str| read_text(&root.join(name), MOST).ok();
    let is_there = |name: &str| root.join(name).symlink_metadata().is_ok();
    // A recipe of the project's own knows more than its build tool.
    for name in ["justfile", "Justfile", ".justfile"] {
        if text(name).is_some_and(|text| has_recipe(&text)) {
            return Some("just test".to_owned());
        }
    }
    for name in ["Makefile", "makefile", "GNUmakefile"] {
        if text(name).is_some_and(|text| has_recipe(&text)) {
            return Some("make test".to_owned());
        }
    }
    if let Some(package) = text("package.json")
        && has_test_script(&package)
    {
        let locks = [
            ("pnpm-lock.yaml", "pnpm test"),
            ("yarn.lock", "yarn test"),
            ("bun.lockb", "bun run test"),
            ("bun.lock", "bun run test"),
        ];
        let found = locks.iter().find(|(lock, _)| is_there(lock));
        return Some(found.map_or("npm test", |(_, command)| command).to_owned());
    }
    let marks = [
        ("Cargo.toml", "cargo test"),
        ("go.mod", "go test ./..."),
        ("mvnw", "./mvnw -q test"),
        ("pom.xml", "mvn -q test"),
        ("gradlew", "./gradlew test"),
        ("build.gradle", "gradle test"),
        ("build.gradle.kts", "gradle test"),
        ("mix.exs", "mix test"),
        ("pytest.ini", "python3 -m pytest"),
        ("conftest.py", "python3 -m pytest"),
        ("tox.ini", "python3 -m pytest"),
        ("pyproject.toml", "python3 -m pytest"),
        ("setup.py", "python3 -m pytest"),
    ];
    let found = marks.iter().find(|(mark, _)| is_there(mark));
    found.map(|(_, command)| (*command).to_owned())
}

/// Whether a Makefile or a justfile has something to do under `test`.
fn has_recipe(text: &str) -> bool {
    let is_it = |line: &str| {
        let Some(rest) = line.strip_prefix("test") else {
            return false;
        };
        // `test := x` sets a variable, and `test-unit:` is another one.
        match rest.split_once(':') {
            Some((before, after)) => {
                let plain = before.is_empty() || before.starts_with(' ');
                plain && !after.starts_with('=')
            }
            None => false,
        }
    };
    text.lines().any(is_it)
}

/// Whether `npm test` would run something; npm's own placeholder fails always.
fn has_test_script(package: &str) -> bool {
    let value: Result<serde_json::Value, _> = serde_json::from_str(package);
    let script = value.ok().and_then(|value| {
        let script = value.get("scripts")?.get("test")?.as_str()?;
        Some(script.to_owned())
    });
    script.is_some_and(|script| !script.trim().is_empty() && !script.contains("no test specified"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(files: &[(&str, &str)], expect: Option<&str>) {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).expect("written");
        }
        assert_eq!(test_command(folder.path()).as_deref(), expect);
    }

    #[test]
    fn the_projects_own_words_come_first() {
        check(&[("notes.txt", "")], None);
        check(&[("Cargo.toml", "")], Some("cargo test"));
        check(
            &[("Cargo.toml", ""), ("Makefile", "test: build\n\tx\n")],
            Some("make test"),
        );
        check(
            &[("go.mod", ""), ("Makefile", "test := x\ntest-unit:\n\tx\n")],
            Some("go test ./..."),
        );
        check(&[("justfile", "test filter='':\n  x\n")], Some("just test"));
        let script = "{\"scripts\": {\"test\": \"vitest run\"}}";
        check(&[("package.json", script)], Some("npm test"));
        check(
            &[("package.json", script), ("pnpm-lock.yaml", "")],
            Some("pnpm test"),
        );
        let none = "{\"scripts\": {\"test\": \"echo \\\"Error: no test specified\\\" && exit 1\"}}";
        check(&[("package.json", none)], None);
        check(&[("pyproject.toml", "")], Some("python3 -m pytest"));
    }
}
