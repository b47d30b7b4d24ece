//! Templates that were made from shipped ones.

use std::path::{Path, PathBuf};

use super::{ROLES, tree};
use crate::{Catalog, Decision, Detection, Detector, Origin, Spec, built_in};

/// Projects of several types, whose detection own templates must not unsettle.
const PROJECTS: [&str; 5] = [
    "package.json: {\"dependencies\": {\"react\": \"18\"}}\nsrc/App.tsx",
    "Cargo.toml: clap\nsrc/main.rs",
    "main.tf\nmodules/a/main.tf",
    "dbt_project.yml\nmodels/a.sql",
    "web/package.json: \"react\"\nweb/a.tsx\npipe/pyproject.toml: apache-airflow\npipe/dags/a.py",
];

/// The shipped templates, and a copy of one under each of these names, changed.
fn with_copies(copies: &[(&str, &str)], change: impl Fn(String) -> String) -> Catalog {
    let mut catalog = built_in(ROLES.map(str::to_owned));
    for (name, of) in copies {
        let text = catalog.entry(of).expect("a shipped one").text.clone();
        let text = text.replacen(
            &format!("name = \"{of}\""),
            &format!("name = \"{name}\"\nextends = \"{of}\""),
            1,
        );
        let lines = text.lines().filter(|line| !line.starts_with("aliases"));
        let text = change(lines.collect::<Vec<_>>().join("\n"));
        let path = PathBuf::from(format!("{name}.toml"));
        catalog.add(Path::new(&path), text, Origin::User(path.clone()));
    }
    assert_eq!(catalog.broken, []);
    catalog
}

fn detect(detector: &Detector<'_>, files: &str) -> Detection {
    detector.detect(&tree(files), None::<&Spec>, None)
}

#[test]
fn a_copy_wins_over_what_it_is_a_copy_of_and_unsettles_nothing() {
    let plain = built_in(ROLES.map(str::to_owned));
    let own = with_copies(&[("myshop", "web_application")], |text| text);
    let (plain, own) = (Detector::new(&plain), Detector::new(&own));
    for files in PROJECTS {
        let (before, after) = (detect(&plain, files), detect(&own, files));
        let expected = match before.template.as_str() {
            "web_application" => "myshop",
            other => other,
        };
        assert_eq!(after.template, expected, "{files}");
        assert_eq!(before.decision, after.decision, "{files}");
    }
}

#[test]
fn every_shipped_type_can_be_copied() {
    let plain = built_in(ROLES.map(str::to_owned));
    let before = Detector::new(&plain);
    for template in plain.templates() {
        let own = with_copies(&[("mine", &template.name)], |text| text);
        let own = Detector::new(&own);
        for files in PROJECTS {
            let (before, after) = (detect(&before, files), detect(&own, files));
            let mine = before.template == template.name
                && !matches!(before.decision, Decision::Unclear { .. });
            let expected = if mine { "mine" } else { &before.template };
            assert_eq!(after.template, expected, "{} in {files}", template.name);
        }
    }
}

#[test]
fn a_spec_that_names_the_parent_is_not_told_of_the_copy() {
    let own = with_copies(&[("myshop", "web_application")], |text| text);
    let spec = Spec::read("TYPE: web application\n");
    let found = Detector::new(&own).detect(&tree(PROJECTS[0]), Some(&spec), None);
    assert_eq!(found.template, "web_application");
    assert!(found.notes.is_empty(), "{:?}", found.notes);
}

#[test]
fn of_two_copies_neither_makes_it_unclear() {
    let copies = [("shop_a", "web_application"), ("shop_b", "web_application")];
    let own = with_copies(&copies, |text| text);
    let found = detect(&Detector::new(&own), PROJECTS[0]);
    assert_eq!(found.template, "shop_a");
    assert!(matches!(found.decision, Decision::Score { .. }));
}

#[test]
fn a_copy_that_is_known_by_less_leaves_the_place_to_its_parent() {
    let own = with_copies(&[("myshop", "web_application")], |text| {
        text.replace("\"react\"", "\"our-own-framework\"")
    });
    assert_eq!(
        detect(&Detector::new(&own), PROJECTS[0]).template,
        "web_application"
    );
}

#[test]
fn what_is_made_from_itself_is_no_template() {
    let text = |name: &str, parent: &str| {
        format!(
            "name = \"{name}\"\nextends = \"{parent}\"\ntitle = \"T\"\nsummary = \"S\"\ncore = [\"orchestrator\", \"developer\"]\n"
        )
    };
    for (files, circle) in [
        (&[("a1", "b1"), ("b1", "a1")][..], "b1 → a1 → b1"),
        (&[("a1", "a1")], "a1 → a1"),
        (
            &[("a1", "web_application"), ("web_application", "a1")],
            "web_application → a1 → web_application",
        ),
        (&[("a1", "b1"), ("b1", "c1"), ("c1", "mobile")], ""),
    ] {
        let mut catalog = built_in(ROLES.map(str::to_owned));
        for (name, parent) in files {
            let path = PathBuf::from(format!("{name}.toml"));
            catalog.add(&path, text(name, parent), Origin::User(path.clone()));
        }
        let broken: Vec<String> = catalog
            .broken
            .iter()
            .map(|error| format!("{}: {}", error.line, error.fault))
            .collect();
        let expect: Vec<String> = match circle {
            "" => Vec::new(),
            circle => vec![format!(
                "2: `extends` leads back to where it began: {circle}"
            )],
        };
        assert_eq!(broken, expect);
        assert!(
            catalog.get("web_application").is_some(),
            "the shipped one stays"
        );
    }
}
