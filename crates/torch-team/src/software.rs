//! Whether there is software to write: programs with a manifest. What a repository is written in decides that; files that
//! deploy or describe it lie beside it.

use std::collections::HashMap;

use crate::matcher::Tree;
use crate::survey::is_aside;

/// How many programs a list of dependencies must have beside it: such lists serve tools of other projects, too.
const LISTED_MIN: usize = 3;

/// What shows that there is software to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Software {
    /// Its manifest.
    pub(crate) manifest: String,
    /// How many files of programs lie beside it or below.
    pub(crate) sources: usize,
}

impl Software {
    /// In words.
    pub(crate) fn words(&self) -> String {
        let files = if self.sources == 1 { "file" } else { "files" };
        format!(
            "{} with {} {files} of programs",
            self.manifest, self.sources
        )
    }
}

/// What a manifest says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manifest {
    /// That its folder is a package.
    Package,
    /// Which packages are used, be it by tools alone.
    List,
}

fn manifest(name: &str) -> Option<Manifest> {
    match name {
        "Cargo.toml" | "go.mod" | "pyproject.toml" | "setup.py" | "pom.xml" | "build.gradle"
        | "build.gradle.kts" | "build.sbt" | "composer.json" | "mix.exs" | "CMakeLists.txt"
        | "configure.ac" | "meson.build" | "Package.swift" | "pubspec.yaml" | "build.zig"
        | "dune-project" | "galaxy.yml" => Some(Manifest::Package),
        "package.json" | "Pipfile" | "Gemfile" | "setup.cfg" => Some(Manifest::List),
        _ if name.starts_with("requirements") && name.ends_with(".txt") => Some(Manifest::List),
        _ if [".csproj", ".fsproj", ".gemspec", ".cabal", ".podspec"]
            .iter()
            .any(|end| name.ends_with(end)) =>
        {
            Some(Manifest::Package)
        }
        _ => None,
    }
}

/// Whether a folder's programs describe infrastructure.
fn is_infrastructure(name: &str) -> bool {
    matches!(name, "cdk.json" | "Pulumi.yaml")
}

/// Whether a file belongs to a tool that makes a site of text.
fn is_generator(name: &str) -> bool {
    matches!(
        name,
        "mkdocs.yml" | "book.toml" | "antora.yml" | "_config.yml" | "_quarto.yml" | "mint.json"
    ) || name.starts_with("docusaurus.config.")
}

/// Whether a file is a program's.
fn is_program(path: &str) -> bool {
    const KINDS: [&str; 40] = [
        "c", "cc", "cjs", "clj", "cpp", "cs", "cxx", "dart", "erl", "ex", "exs", "fs", "go",
        "groovy", "hs", "java", "jl", "js", "jsx", "kt", "lua", "m", "mjs", "ml", "nim", "php",
        "pl", "py", "r", "rb", "rs", "scala", "svelte", "swift", "ts", "tsx", "vue", "vala", "v",
        "zig",
    ];
    let name = path.rsplit('/').next().unwrap_or(path);
    let settings = name.contains(".config.") || matches!(name, "setup.py" | "conf.py");
    let kind = name.rsplit_once('.').map(|(_, kind)| kind);
    !settings && !is_aside(path) && kind.is_some_and(|kind| KINDS.contains(&kind))
}

fn is_text(path: &str) -> bool {
    [".md", ".mdx", ".rst", ".adoc", ".tex"]
        .iter()
        .any(|end| path.ends_with(end))
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// What lies in a folder, and below it.
#[derive(Debug, Clone, Copy, Default)]
struct Folder {
    is_infrastructure: bool,
    has_generator: bool,
    has_ansible: bool,
    has_package: bool,
    /// Files of programs in it, and then in it and below.
    programs: usize,
}

/// Every folder of a tree that has files.
fn folders<'t>(paths: impl Iterator<Item = &'t str>) -> HashMap<&'t str, Folder> {
    let mut folders: HashMap<&str, Folder> = HashMap::new();
    for path in paths {
        let (folder, name) = split(path);
        let here = folders.entry(folder).or_default();
        here.is_infrastructure |= is_infrastructure(name);
        here.has_generator |= is_generator(name);
        here.has_ansible |= name == "ansible.cfg";
        here.has_package |= manifest(name) == Some(Manifest::Package);
        here.programs += usize::from(is_program(path));
    }
    let own: Vec<(&str, usize)> = folders
        .iter()
        .filter(|(_, folder)| folder.programs > 0)
        .map(|(path, folder)| (*path, folder.programs))
        .collect();
    for (mut path, programs) in own {
        while !path.is_empty() {
            path = split(path).0;
            folders.entry(path).or_default().programs += programs;
        }
    }
    folders
}

/// The software of a tree. `product`: its files show a product, so that a list of dependencies is one of its own.
pub(crate) fn software(tree: &Tree<'_>, product: bool) -> Option<Software> {
    software_among(tree.files.iter().map(|(path, _)| *path), product)
}

/// The same of these paths, which are gone through a few times, however many manifests are among them.
fn software_among<'t>(
    paths: impl Iterator<Item = &'t str> + Clone,
    product: bool,
) -> Option<Software> {
    let folders = folders(paths.clone());
    let top = folders.get("").copied().unwrap_or_default();
    // Programs in a book are what it speaks of.
    let is_book = top.has_generator && !top.has_package;
    if is_book && top.programs <= paths.clone().filter(|path| is_text(path)).count() {
        return None;
    }
    paths
        .filter_map(|path| {
            let (folder, name) = split(path);
            let kind = manifest(name).filter(|_| !is_aside(path))?;
            let beside = folders.get(folder)?;
            let of_tool = beside.is_infrastructure
                || (kind == Manifest::List && beside.has_generator)
                || (beside.has_ansible && name != "galaxy.yml");
            let least = if kind == Manifest::List && !product {
                LISTED_MIN
            } else {
                1
            };
            let sources = beside.programs;
            (!of_tool && sources >= least).then_some((path, sources))
        })
        .max_by_key(|(_, sources)| *sources)
        .map(|(manifest, sources)| Software {
            manifest: manifest.to_owned(),
            sources,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(paths: &[&'static str], product: bool) -> Option<String> {
        let tree = Tree {
            files: paths.iter().map(|path| (*path, 1)).collect(),
            contents: Vec::new(),
        };
        software(&tree, product).map(|software| software.words())
    }

    #[test]
    fn programs_with_a_manifest_are_software() {
        assert_eq!(
            found(&["go.mod", "main.go", "deploy/main.tf"], false).as_deref(),
            Some("go.mod with 1 file of programs")
        );
        assert_eq!(
            found(&["web/package.json", "web/a.tsx", "main.tf"], true).as_deref(),
            Some("web/package.json with 1 file of programs")
        );
        // A manifest without programs, and programs without one.
        assert_eq!(found(&["package.json", "docs/a.md"], true), None);
        assert_eq!(found(&["a.py", "b.py", "c.py"], true), None);
        assert_eq!(found(&["go.mod", "tests/a.go"], false), None);
    }

    #[test]
    fn each_path_is_looked_at_a_few_times_however_many_manifests_there_are() {
        let looks = |packages: usize| {
            let mut paths = Vec::new();
            for package in 0..packages {
                paths.push(format!("packages/m{package}/package.json"));
                paths.extend((0..20).map(|n| format!("packages/m{package}/src/{n}.ts")));
            }
            let looked = std::cell::Cell::new(0_usize);
            let count = |_: &&str| looked.set(looked.get() + 1);
            let found = software_among(paths.iter().map(String::as_str).inspect(count), true);
            assert_eq!(found.map(|software| software.sources), Some(20));
            (looked.get(), paths.len())
        };
        for packages in [10, 1_000] {
            let (looked, paths) = looks(packages);
            assert!(looked <= 3 * paths, "{looked} looks at {paths} paths");
        }
    }

    #[test]
    fn what_serves_other_things_is_none() {
        let lambdas = ["lambdas/a/h.py", "lambdas/a/requirements.txt", "main.tf"];
        assert_eq!(found(&lambdas, false), None);
        assert_eq!(
            found(
                &[
                    "cdk.json",
                    "package.json",
                    "bin/a.ts",
                    "lib/b.ts",
                    "lib/c.ts"
                ],
                false
            ),
            None
        );
        assert_eq!(
            found(&["Pulumi.yaml", "pyproject.toml", "__main__.py"], false),
            None
        );
        assert_eq!(
            found(
                &["ansible.cfg", "requirements.txt", "filter_plugins/x.py"],
                true
            ),
            None
        );
        assert_eq!(
            found(
                &["docusaurus.config.js", "package.json", "src/index.js"],
                true
            ),
            None
        );
        assert_eq!(
            found(
                &[
                    "book.toml",
                    "src/a.md",
                    "src/b.md",
                    "code/Cargo.toml",
                    "code/a.rs"
                ],
                false
            ),
            None
        );
        // A package with a manual stays one.
        assert!(
            found(
                &[
                    "mkdocs.yml",
                    "pyproject.toml",
                    "src/a.py",
                    "docs/a.md",
                    "docs/b.md"
                ],
                false
            )
            .is_some()
        );
    }
}
