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
        ("a number", GOOD.replace("analyst", "1")),
        ("a request", GOOD.replace("analyst", "commit")),
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

/// Lines by which a text of 200 bytes asked for gigabytes, at once or in a team of one name only.
#[test]
fn no_text_can_grow() {
    let doubled = |times| "{%set a=a~a%}".repeat(times);
    let nested = |depth| {
        let (begin, end) = ("{%for x in[[y,y,y,y]]%}", "{%endfor%}");
        format!("{}x{}", begin.repeat(depth), end.repeat(depth))
    };
    let cases = [
        format!(
            "{{% if team == 'boom2' %}}{{%set a=\"x\"%}}{}{{% if a == 'y' %}}n{{% endif %}}{{% endif %}}Write code.",
            doubled(33)
        ),
        format!("{{%set a='x'%}}{}", doubled(40)),
        nested(13),
        "{% for r in roles %}{{ r }}{% endfor %}".to_owned(),
        "{{ plan ~ plan }}".to_owned(),
        "{{ plan * 1000000 }}".to_owned(),
        "{{ [plan, plan] }}".to_owned(),
        "{{ spec|list }}".to_owned(),
        "{{ spec.upper() }}".to_owned(),
        "{% macro m() %}{{ m() }}{% endmacro %}".to_owned(),
        "{% raw %}{% endraw %}".to_owned(),
        "{{ 'a\\'b' }}".to_owned(),
        format!("{{{{ {}spec{} }}}}", "(".repeat(17), ")".repeat(17)),
        "{% if commits %}".repeat(18) + &"{% endif %}".repeat(18),
        "{% if sepc == 'a' %}never tried{% endif %}".to_owned(),
        "{% else %}".to_owned(),
        "{% if commits %}a{% else %}b{% else %}c{% endif %}".to_owned(),
        "{{ git }}".to_owned(),
        "{{ spec spec }}".to_owned(),
        "{{ }}".to_owned(),
        "{{ 99999999999999999999 }}".to_owned(),
        "{# no end".to_owned(),
    ];
    let mut text = String::new();
    for line in cases {
        let quoted = line.replace('\\', "\\\\").replace('"', "\\\"");
        let begun = std::time::Instant::now();
        let error = parse(&GOOD.replace("Read {{ spec }}.", &quoted)).expect_err(&line);
        assert!(
            begun.elapsed() < std::time::Duration::from_secs(2),
            "{line}"
        );
        let source = error.source().expect("a text").to_string();
        let line: String = line.chars().take(60).collect();
        writeln!(text, "{line}: {source}").expect("memory");
    }
    insta::assert_snapshot!(text);
}

#[test]
fn lines_say_what_they_said_as_templates() {
    let facts = crate::Facts {
        team: "app".to_owned(),
        spec: "spec.md".to_owned(),
        members: ["orchestrator", "analyst"]
            .map(|role| crate::Member {
                role: role.to_owned(),
                ..crate::Member::default()
            })
            .into(),
        ..crate::Facts::default()
    };
    for (line, expect) in [
        ("Read {{ spec }}.", "Read spec.md."),
        ("{{- spec -}} .", "spec.md."),
        ("a {#- not said -#} b", "ab"),
        ("{{ roles }}", "orchestrator, analyst"),
        ("{{ roles['length'] if false else 'none' }}", "none"),
        (
            "{% if 'analyst' in roles and not 'tester' in roles %}A{% endif %}",
            "A",
        ),
        ("{% if 'tester' not in roles %}A{% else %}B{% endif %}", "A"),
        (
            "{% if false %}A{% elif team == 'app' %}B{% else %}C{% endif %}",
            "B",
        ),
        (
            "{% if (git.commit_minutes > 0 or false) and 1 <= 2 %}A{% endif %}",
            "A",
        ),
        ("Say '{{ '%}' if team != 'x' }}'.", "Say '%}'."),
        ("One { and two } and %}.", "One { and two } and %}."),
        ("via{{ via['orchestrator'] }}.", "via."),
    ] {
        let quoted = line.replace('"', "\\\"");
        let role = parse(&GOOD.replace("Read {{ spec }}.", &quoted)).expect(line);
        let text = crate::briefing(&role, &facts).expect(line);
        assert!(text.contains(&format!("- {expect}\n")), "{line}: {text}");
    }
}

#[test]
fn lines_that_name_a_long_plan_end_somewhere() {
    let lines = "\"{{plan}}\",\n".repeat(600);
    let role = parse(&GOOD.replace("\"Read {{ spec }}.\",\n", &lines)).expect("a role");
    let facts = crate::Facts {
        plan: "word ".repeat(4_000),
        ..crate::Facts::default()
    };
    let text = crate::briefing(&role, &facts).expect("a briefing");
    assert!(text.len() < 200_000, "{}", text.len());
}
