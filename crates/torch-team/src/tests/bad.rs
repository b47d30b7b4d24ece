//! Bad templates, each with what is said of it.

use std::path::Path;

use super::catalog;
use crate::parse;

/// A sound template that each case changes.
const SOUND: &str = r#"name = "mine"
title = "Mine"
summary = "A type of my own."
core = ["orchestrator", "developer", "tester"]
optional = ["devops"]
trim = ["tester"]

[[conditional]]
role = "securityops"
when = ["docker", "own"]

[[requires]]
role = "devops"
needs = ["sysadmin"]
because = "access"

[[edges]]
from = "developer"
to = ["tester", "project_manager"]

[[lanes]]
from = "developer"
to = "tester"
within = "5m"
branch = "meeting"

[agents]
developer = "codex"

[conditions.own]
title = "it is mine"
files = ["mine.txt"]

[[signs]]
name = "my file"
strength = "strong"
files = ["mine.txt"]
"#;

fn said(text: &str) -> String {
    let errors = match parse(Path::new("mine.toml"), text, catalog().known()) {
        Ok(_) => return "sound".to_owned(),
        Err(errors) => errors,
    };
    let lines = errors
        .iter()
        .map(|error| format!("{error}: {}", error.fault));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_sound_one_is_sound() {
    assert_eq!(said(SOUND), "sound");
}

/// What is wrong, the words of the sound one, and what stands there instead.
const CASES: &[(&str, &str, &str)] = &[
    ("no TOML", "title = \"Mine\"", "title = "),
    ("an unknown key", "trim =", "trimm ="),
    (
        "an unknown key of a sign",
        "strength = \"strong\"",
        "strenght = \"strong\"",
    ),
    (
        "an unknown strength",
        "strength = \"strong\"",
        "strength = \"huge\"",
    ),
    ("a key is missing", "summary = \"A type of my own.\"\n", ""),
    ("an empty title", "\"Mine\"", "\" \""),
    ("a bad name", "name = \"mine\"", "name = \"My Team\""),
    (
        "an unknown role",
        "\"developer\", \"tester\"]\nopt",
        "\"develper\", \"tester\"]\nopt",
    ),
    (
        "an empty core",
        "core = [\"orchestrator\", \"developer\", \"tester\"]\n",
        "core = []\n",
    ),
    (
        "a role twice",
        "optional = [\"devops\"]",
        "optional = [\"devops\", \"dev_ops\"]",
    ),
    (
        "trim of the hub",
        "trim = [\"tester\"]",
        "trim = [\"orchestrator\"]",
    ),
    (
        "trim of another role",
        "trim = [\"tester\"]",
        "trim = [\"devops\"]",
    ),
    (
        "an unknown condition",
        "\"docker\", \"own\"",
        "\"dokcer\", \"own\"",
    ),
    ("no condition", "when = [\"docker\", \"own\"]", "when = []"),
    ("a circle", "needs = [\"sysadmin\"]", "needs = [\"devops\"]"),
    (
        "a circle with what holds for all",
        "role = \"devops\"\nneeds = [\"sysadmin\"]",
        "role = \"sysadmin\"\nneeds = [\"securityops\"]",
    ),
    (
        "a matrix of absent roles",
        "to = [\"tester\", \"project_manager\"]",
        "to = [\"tester\", \"databaseops\"]",
    ),
    (
        "a lane to an absent role",
        "to = \"tester\"\nwithin",
        "to = \"researcher\"\nwithin",
    ),
    (
        "a lane to an unknown role",
        "to = \"tester\"\nwithin",
        "to = \"testr\"\nwithin",
    ),
    (
        "a lane of a role to itself",
        "to = \"tester\"\nwithin",
        "to = \"developer\"\nwithin",
    ),
    ("no length of time", "within = \"5m\"", "within = \"soon\""),
    (
        "a length of time without a unit",
        "within = \"5m\"",
        "within = \"5\"",
    ),
    ("no branch", "branch = \"meeting\"", "branch = \"a..b\""),
    (
        "a program of an absent role",
        "developer = \"codex\"",
        "researcher = \"codex\"",
    ),
    (
        "a bad program",
        "developer = \"codex\"",
        "developer = \"$(id)\"",
    ),
    (
        "a condition without a title",
        "title = \"it is mine\"\n",
        "",
    ),
    (
        "a condition with a strength",
        "title = \"it is mine\"",
        "title = \"it is mine\"\nstrength = \"weak\"",
    ),
    (
        "a sign that looks for nothing",
        "strength = \"strong\"\nfiles = [\"mine.txt\"]",
        "strength = \"strong\"",
    ),
    (
        "a bad glob",
        "strength = \"strong\"\nfiles = [\"mine.txt\"]",
        "strength = \"strong\"\nfiles = [\"a[\"]",
    ),
    (
        "words without files",
        "strength = \"strong\"\nfiles = [\"mine.txt\"]",
        "strength = \"strong\"\nwords = [\"a\"]",
    ),
    (
        "a share of more than all",
        "strength = \"strong\"\n",
        "strength = \"strong\"\nshare = 101\n",
    ),
    ("a sign without a name", "name = \"my file\"\n", ""),
    (
        "a field that specs don't have",
        "strength = \"strong\"\n",
        "strength = \"strong\"\nspec_field = \"OWNER\"\n",
    ),
];

#[test]
fn bad_templates_are_told_with_file_and_line() {
    let mut told = String::new();
    for (name, old, new) in CASES {
        assert!(SOUND.contains(old), "{name}");
        let said = said(&SOUND.replacen(old, new, 1));
        assert_ne!(said, "sound", "{name}");
        told.push_str(&format!("## {name}\n{said}\n\n"));
    }
    insta::assert_snapshot!(told);
}
