//! Which crate of the workspace may depend on which, and which outside library belongs to which crate.
//!
//! The two tables below are the rule; ARCHITECTURE.md explains it. Normal and build dependencies count.
//! Development dependencies are free, but for `torch-cli`, which only the end-to-end tests may name.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

/// Each crate with all that it may depend on in this workspace.
const ARROWS: &[(&str, &[&str])] = &[
    ("torch-core", &[]),
    ("torch-monitor", &["torch-core"]),
    ("torch-router", &["torch-core"]),
    ("torch-scheduler", &["torch-core"]),
    ("torch-integration", &["torch-core"]),
    ("torch-team", &["torch-core"]),
    ("torch-plan", &["torch-core"]),
    ("torch-brief", &["torch-core"]),
    ("torch-process", &["torch-core"]),
    ("torch-project", &["torch-core", "torch-team"]),
    ("torch-session", &["torch-core", "torch-process"]),
    (
        "torch-worktree",
        &["torch-core", "torch-integration", "torch-process"],
    ),
    ("torch-store", &["torch-core"]),
    ("torch-runner", &["torch-core", "torch-process"]),
    ("torch-demo", &["torch-core", "torch-process"]),
    ("torch-api", &["torch-core"]),
    ("torch-mcp", &["torch-core", "torch-api"]),
    (
        "torch-daemon",
        &[
            "torch-core",
            "torch-monitor",
            "torch-plan",
            "torch-router",
            "torch-scheduler",
            "torch-integration",
            "torch-team",
            "torch-brief",
            "torch-process",
            "torch-project",
            "torch-session",
            "torch-worktree",
            "torch-store",
            "torch-api",
        ],
    ),
    (
        "torch-cli",
        &[
            "torch-core",
            "torch-team",
            "torch-brief",
            "torch-process",
            "torch-project",
            "torch-api",
            "torch-daemon",
            "torch-mcp",
            "torch-plan",
            "torch-runner",
            "torch-demo",
        ],
    ),
    (
        "torch-testing",
        &[
            "torch-api",
            "torch-brief",
            "torch-core",
            "torch-process",
            "torch-router",
            "torch-store",
        ],
    ),
    ("torch-e2e", &[]),
    ("xtask", &[]),
];

/// Outside libraries that only the named crates may use.
const OWNED: &[(&str, &[&str])] = &[
    ("git2", &["torch-worktree"]),
    ("globset", &["torch-team"]),
    ("ignore", &["torch-project"]),
    ("pulldown-cmark", &["torch-plan"]),
    ("minijinja", &["torch-brief"]),
    ("rmcp", &["torch-mcp"]),
    ("rusqlite", &["torch-store"]),
    ("tmux_interface", &["torch-session"]),
    ("clap", &["torch-cli"]),
    ("clap_complete", &["torch-cli"]),
    ("clap_mangen", &["torch-cli"]),
];

/// Crates without IO, clock and async.
const PURE: &[&str] = &[
    "torch-core",
    "torch-monitor",
    "torch-plan",
    "torch-router",
    "torch-scheduler",
    "torch-integration",
    "torch-team",
    "torch-brief",
];

/// Outside libraries that a pure crate has no use for.
const IMPURE: &[&str] = &["crossterm", "nix", "notify", "rustix", "tempfile", "tokio"];

/// The part of `cargo metadata` that is needed here.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// Absent for a normal dependency, else `dev` or `build`.
    kind: Option<String>,
}

/// Reads the workspace's graph and checks it.
///
/// # Errors
/// When cargo can't be asked, or an arrow is not allowed.
pub(crate) fn check(root: &Path) -> Result<String> {
    let metadata = cargo_metadata(root)?;
    let faults = faults(&metadata.packages);
    if !faults.is_empty() {
        bail!(
            "{} forbidden or unknown in the crates' graph:\n  {}\n(the tables are in crates/xtask/src/arrows.rs)",
            faults.len(),
            faults.join("\n  ")
        );
    }
    Ok(format!(
        "arrows: {} crates, every dependency is allowed",
        metadata.packages.len()
    ))
}

#[expect(
    clippy::disallowed_methods,
    reason = "xtask may not depend on product crates, torch-process among them"
)]
fn cargo_metadata(root: &Path) -> Result<Metadata> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = std::process::Command::new(&cargo)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root)
        .output()
        .with_context(|| format!("failed to run `{} metadata`", cargo.display()))?;
    if !output.status.success() {
        bail!(
            "`cargo metadata` ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    serde_json::from_slice(&output.stdout).context("failed to read the output of `cargo metadata`")
}

/// Everything that is wrong with the graph, one line each.
fn faults(packages: &[Package]) -> Vec<String> {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut faults = Vec::new();
    for package in packages {
        let Some(allowed) = allowed.get(package.name.as_str()) else {
            faults.push(format!(
                "{} is not in the table of arrows ({})",
                package.name, package.manifest_path
            ));
            continue;
        };
        for dependency in &package.dependencies {
            let inside = packages.iter().any(|other| other.name == dependency.name);
            let wrong = if inside {
                inside_fault(package, allowed, dependency)
            } else {
                outside_fault(package, dependency)
            };
            if let Some(why) = wrong {
                faults.push(format!(
                    "{} -> {}: {why} ({})",
                    package.name, dependency.name, package.manifest_path
                ));
            }
        }
    }
    let gone = |name: &&str| !packages.iter().any(|package| package.name == **name);
    for name in ARROWS.iter().map(|(name, _)| *name).filter(gone) {
        faults.push(format!("{name} is in the table of arrows, but no crate"));
    }
    faults
}

/// What is wrong with an arrow to another crate of the workspace.
fn inside_fault(package: &Package, allowed: &[&str], dependency: &Dependency) -> Option<String> {
    if dependency.kind.as_deref() == Some("dev") {
        return (dependency.name == "torch-cli" && package.name != "torch-e2e")
            .then(|| "only the end-to-end tests may depend on the command line".to_owned());
    }
    (!allowed.contains(&dependency.name.as_str())).then(|| match allowed {
        [] => "it may depend on no crate of the workspace".to_owned(),
        some => format!("it may depend on {} only", some.join(", ")),
    })
}

/// What is wrong with the use of an outside library.
fn outside_fault(package: &Package, dependency: &Dependency) -> Option<String> {
    if dependency.kind.as_deref() == Some("dev") {
        return None;
    }
    let name = dependency.name.as_str();
    if let Some((_, owners)) = OWNED.iter().find(|(library, _)| *library == name)
        && !owners.contains(&package.name.as_str())
    {
        return Some(format!(
            "only {} may use this library",
            owners.join(" and ")
        ));
    }
    (PURE.contains(&package.name.as_str()) && IMPURE.contains(&name))
        .then(|| "a pure crate touches no outside world".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The allowed graph in full: each crate with everything that it may depend on.
    fn sound() -> Vec<Package> {
        ARROWS
            .iter()
            .map(|(name, allowed)| Package {
                name: (*name).to_owned(),
                manifest_path: format!("crates/{name}/Cargo.toml"),
                dependencies: allowed.iter().map(|to| dependency(to, None)).collect(),
            })
            .collect()
    }

    fn dependency(name: &str, kind: Option<&str>) -> Dependency {
        Dependency {
            name: name.to_owned(),
            kind: kind.map(str::to_owned),
        }
    }

    /// The faults of the sound graph with one dependency more.
    fn with(from: &str, to: &str, kind: Option<&str>) -> Vec<String> {
        let mut packages = sound();
        let package = packages
            .iter_mut()
            .find(|package| package.name == from)
            .expect(from);
        package.dependencies.push(dependency(to, kind));
        faults(&packages)
    }

    #[test]
    fn the_table_itself_is_sound_and_points_one_way() {
        assert_eq!(faults(&sound()), Vec::<String>::new());
        for (name, allowed) in ARROWS {
            for to in *allowed {
                let (_, back) = ARROWS.iter().find(|(other, _)| other == to).expect(to);
                assert!(!back.contains(name), "{name} and {to} point at each other");
            }
        }
    }

    #[test]
    fn a_wrong_arrow_is_refused_with_crate_arrow_and_file() {
        for (from, to) in [
            ("torch-core", "torch-store"),
            ("torch-monitor", "torch-process"),
            ("torch-session", "torch-worktree"),
            ("torch-daemon", "torch-cli"),
            ("torch-cli", "torch-session"),
            ("torch-daemon", "torch-testing"),
            ("torch-cli", "xtask"),
        ] {
            let found = with(from, to, None);
            assert_eq!(found.len(), 1, "{from} -> {to}: {found:?}");
            assert!(
                found[0].starts_with(&format!("{from} -> {to}: ")),
                "{found:?}"
            );
            assert!(
                found[0].contains(&format!("crates/{from}/Cargo.toml")),
                "{found:?}"
            );
        }
    }

    #[test]
    fn a_build_dependency_counts_and_a_development_one_does_not() {
        assert_eq!(with("torch-core", "torch-store", Some("build")).len(), 1);
        assert!(with("torch-daemon", "torch-testing", Some("dev")).is_empty());
        assert!(with("torch-e2e", "torch-cli", Some("dev")).is_empty());
        assert_eq!(with("torch-daemon", "torch-cli", Some("dev")).len(), 1);
    }

    #[test]
    fn outside_libraries_stay_with_their_owners() {
        for (from, to) in [
            ("torch-daemon", "git2"),
            ("torch-daemon", "rusqlite"),
            ("torch-daemon", "tmux_interface"),
            ("torch-demo", "clap"),
            ("torch-router", "tokio"),
            ("torch-core", "nix"),
        ] {
            assert_eq!(with(from, to, None).len(), 1, "{from} -> {to}");
        }
        assert!(with("torch-worktree", "git2", None).is_empty());
        assert!(with("torch-daemon", "tokio", None).is_empty());
        assert!(with("torch-store", "git2", Some("dev")).is_empty());
    }

    #[test]
    fn table_and_workspace_name_the_same_crates() {
        let mut packages = sound();
        packages.retain(|package| package.name != "torch-demo" && package.name != "torch-cli");
        packages.push(Package {
            name: "torch-web".to_owned(),
            manifest_path: "crates/torch-web/Cargo.toml".to_owned(),
            dependencies: Vec::new(),
        });
        let found = faults(&packages);
        for name in [
            "torch-demo is in the table",
            "torch-cli is in the table",
            "torch-web is not",
        ] {
            assert!(
                found.iter().any(|fault| fault.starts_with(name)),
                "{name}: {found:?}"
            );
        }
    }
}
