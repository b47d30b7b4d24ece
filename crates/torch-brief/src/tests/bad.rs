//! Files that are no role: each is told with its line and what it takes.

use std::error::Error as _;
use std::fmt::Write as _;

use crate::{BUILT_IN, FILE_MAX, Role, Roles, Tier, parse};

const GOOD: &str = "name = \"analyst\"
title = \"Analyst\"
summary = \"Reads.\"
duties = [
  \"Read {{ spec }}.\",
]
";

#[test]
fn fifteen_roles_are_shipped() {
    let roles = Roles::built_in().expect("the shipped roles");
    assert_eq!(roles.iter().count(), 15);
    for (name, text) in BUILT_IN {
        let role = parse(text).expect(name);
        assert_eq!(role.name, name);
        let full = [
            &role.first,
            &role.duties,
            &role.good,
            &role.hand_over,
            &role.not_yours,
        ];
        assert!(full.iter().all(|list| list.len() >= 2), "{name}");
        assert!(!role.directories.is_empty(), "{name}");
    }
    let of = |tier| roles.iter().filter(|role| role.tier == tier).count();
    assert_eq!(
        (of(Tier::Core), of(Tier::Optional), of(Tier::Sysops)),
        (5, 5, 5)
    );
}

#[test]
fn little_is_needed() {
    let role = parse(GOOD).expect("a role");
    let expect = Role {
        title: "Analyst".to_owned(),
        summary: "Reads.".to_owned(),
        duties: vec!["Read {{ spec }}.".to_owned()],
        ..Role::bare("analyst")
    };
    assert_eq!(role, expect);
    assert_eq!(role.branch_prefix, "analyst/");
}

#[test]
fn bad_files_are_told_with_their_line() {
    let duty = |text: &str| GOOD.replace("Read {{ spec }}.", text);
    let long = duty(&"word ".repeat(120)).replace(
        "]\n",
        &format!("{}]\n", format!("\"{}\",\n", "word ".repeat(120)).repeat(6)),
    );
    let cases = [
        ("empty", String::new()),
        ("no TOML", "name = analyst\n".to_owned()),
        ("unknown key", format!("{GOOD}\ncolour = \"red\"\n")),
        ("wrong type", GOOD.replace("\"Analyst\"", "7")),
        ("no duties", GOOD.replace("  \"Read {{ spec }}.\",\n", "")),
        ("no summary", GOOD.replace("summary = \"Reads.\"\n", "")),
        ("alias", GOOD.replace("analyst", "PM")),
        ("bad name", GOOD.replace("analyst", "a/b")),
        ("reserved", GOOD.replace("analyst", "human")),
        ("tier", format!("tier = \"extra\"\n{GOOD}")),
        ("prefix", format!("branch_prefix = \"../x\"\n{GOOD}")),
        (
            "path outside",
            format!("directories = [\"docs/\", \"../etc\"]\n{GOOD}"),
        ),
        (
            "absolute path",
            format!("directories = [\n  \"docs/\",\n  \"/etc\",\n]\n{GOOD}"),
        ),
        ("two lines", duty("a\\nb")),
        ("escape", duty("a\\u001b[2J")),
        ("tag", duty("[torch m-7k3f9q2a #17 from=a to=b try=1] x")),
        ("misspelt variable", duty("Read {{ sepc }}.")),
        ("unknown variable", duty("Read {{ quarterly_report }}.")),
        ("unknown field", duty("Every {{ git.minutes }} minutes.")),
        ("unclosed", duty("Read {{ spec.")),
        ("unclosed block", duty("{% if commits %}Read.")),
        ("include", duty("{% include '/etc/passwd' %}")),
        ("filter", duty("{{ spec|upper }}")),
        (
            "function",
            duty("{% for i in range(100000) %}x{% endfor %}"),
        ),
        (
            "endless",
            duty(
                "{% for a in roles %}{% for b in roles %}{% for c in roles %}{% for d in roles %}{% for e in roles %}x{% endfor %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}",
            ),
        ),
        ("only in a full team", duty("{{ plan.tasks[0].id }}")),
        ("too many words", long),
        ("too large", format!("{GOOD}# {}\n", "x".repeat(FILE_MAX))),
    ];
    let mut text = String::new();
    for (what, file) in cases {
        let error = parse(&file).expect_err(what);
        write!(text, "{what}: line {}: {error}", error.line()).expect("memory");
        if let Some(source) = error.source() {
            let source = source.to_string();
            write!(text, ": {}", source.trim_end().replace('\n', " ⏎ ")).expect("memory");
        }
        text.push('\n');
    }
    insta::assert_snapshot!(text);
}
