//! Statements as real files have them, one by one; files with nonsense; and what sets decide.

use torch_core::project_rules::ProjectRules;

use super::*;

fn markdown(text: &str) -> ProjectRules {
    let file = RuleFile {
        name: "CLAUDE.md",
        text,
    };
    read(&[file]).expect("Markdown always reads")
}

fn toml(text: &str) -> Result<ProjectRules, RuleFileError> {
    let file = RuleFile {
        name: "rules.toml",
        text,
    };
    read(&[file])
}

/// What became of a file, one line per statement.
fn shown(set: &ProjectRules) -> String {
    let mut lines: Vec<(u32, String)> = set
        .rules
        .iter()
        .map(|rule| {
            (
                rule.line,
                format!("{:>3} {:<15} {}", rule.line, rule.ask.word(), rule.ask),
            )
        })
        .collect();
    let unchecked = set.unchecked.iter().map(|row| {
        let text: String = row.text.chars().take(60).collect();
        (
            row.line,
            format!("{:>3} not checkable   {text} ({})", row.line, row.why),
        )
    });
    lines.extend(unchecked);
    lines.sort();
    let lines: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
    lines.join("\n")
}

/// Each line of it is a statement in a section of rules.
const STATEMENTS: &str = include_str!("tests/statements.md");

#[test]
fn statements_of_real_files() {
    let items = STATEMENTS
        .lines()
        .filter(|line| line.starts_with("- "))
        .count();
    assert!(items >= 80, "only {items} statements");
    insta::assert_snapshot!("statements", shown(&markdown(STATEMENTS)));
}

#[test]
fn no_item_under_a_heading_of_rules_is_dropped() {
    let set = markdown(STATEMENTS);
    for (number, line) in (1..).zip(STATEMENTS.lines()) {
        let Some(text) = line.strip_prefix("- ") else {
            continue;
        };
        let known = set.rules.iter().any(|rule| rule.line == number)
            || set.unchecked.iter().any(|row| row.line == number)
            // The same rule in other words keeps the line where it stood first.
            || markdown(&format!("# Communication\n- {text}"))
                .rules
                .iter()
                .all(|rule| set.rules.iter().any(|known| known.name == rule.name));
        assert!(known, "line {number} was dropped: {text}");
    }
}

#[test]
fn what_is_no_statement_is_left_alone() {
    let text = "---\nname: x\nrule: never push\n---\n# About\nThe parser is fast. It never fails.\n\n```\n- Commit every 5 minutes\n```\n<!-- Commit every 6 minutes\n- Commit every 7 minutes -->\n> Commit every 8 minutes\n\n| Commit every 9 minutes |\n\n- a list of files\n";
    let set = markdown(text);
    assert_eq!(set.rules, []);
    let told: Vec<&str> = set.unchecked.iter().map(|row| row.text.as_str()).collect();
    assert_eq!(told, ["It never fails."]);
}

#[test]
fn lines_are_those_of_the_file() {
    let text = "# Rules\n\nBe kind.\nCommit every 30 minutes. Push within\n15 minutes of a commit; acknowledge tasks\nwithin 5 minutes.\n";
    let set = markdown(text);
    let lines: Vec<(u32, &str)> = set
        .rules
        .iter()
        .map(|rule| (rule.line, rule.ask.word()))
        .collect();
    assert_eq!(
        lines,
        [(4, "commit-every"), (4, "push-within"), (5, "ack-within")]
    );
}

#[test]
fn a_rule_keeps_its_name_on_another_line() {
    let one = markdown("# Git\n- Commit every 30 minutes.\n");
    let other = markdown("# Git\nText.\n\n- You must commit at least every 30 minutes\n");
    assert_eq!(one.rules[0].name, other.rules[0].name);
    assert_ne!(one.id, other.id);
    let copy = RuleFile {
        name: "AGENTS.md",
        text: "# Git\n- Commit every 30 minutes.\n",
    };
    let first = RuleFile {
        name: "CLAUDE.md",
        ..copy
    };
    assert_eq!(read(&[first, copy]).expect("both").rules.len(), 1);
}

#[test]
fn a_file_of_rules_states_each_kind() {
    let text = r#"
[[rule]]
kind = "may-not-write"
from = ["developer"]
to = "tester"

[[rule]]
kind = "quiet-hours"
from = "everyone"
begin = "22:00"
end = "06:30"

[[rule]]
kind = "branch-names"
from = ["dev", "qa"]
patterns = ["feature/*", "test/*"]
"#;
    let set = toml(text).expect("rules");
    assert_eq!(
        shown(&set),
        "  2 may-not-write   developer may not write to tester\n  7 quiet-hours     no messages of everyone between 22:00 and 06:30\n 13 branch-names    branches of developer, tester are called feature/* or test/*"
    );
    let file = RuleFile {
        name: "rules.toml",
        text,
    };
    assert_eq!(read(&[file]).expect("again").id, set.id);
}

#[test]
fn nonsense_is_refused_with_its_line() {
    let check = |text: &str, expect: &str| {
        let error = toml(text).expect_err(text).to_string();
        assert!(error.starts_with(expect), "{error}");
    };
    check("\n\nnonsense", "rules.toml:3: ");
    check(
        "[[rule]]\nkind = \"fly\"\n",
        "rules.toml:2: unknown variant `fly`",
    );
    check(
        "[[rules]]\nkind = \"no-broadcast\"\n",
        "rules.toml:1: unknown field `rules`",
    );
    check(
        "[[rule]]\nkind = \"no-broadcast\"\nfrom = \"everyone\"\nto = \"tester\"\n",
        "rules.toml:1: unknown field `to`",
    );
    check(
        "# first\n[[rule]]\nkind = \"commit-every\"\nfrom = \"everyone\"\nseconds = 0\n",
        "rules.toml:2: the rule `commit-every` needs a time",
    );
    check(
        "[[rule]]\nkind = \"may-not-write\"\nfrom = \"everyone\"\nto = \"orchestrator\"\n",
        "rules.toml:1: the rule `may-not-write` would cut off the orchestrator",
    );
    check(
        "[[rule]]\nkind = \"quiet-hours\"\nfrom = \"everyone\"\nbegin = \"25:00\"\nend = \"06:00\"\n",
        "rules.toml:1: ",
    );
}

#[test]
fn any_text_is_markdown() {
    let mut random = fastrand::Rng::with_seed(7);
    let parts = [
        "# ",
        "Rules",
        "\n",
        "- ",
        "never",
        "write to",
        "the tester",
        "```",
        "<!--",
        "\"",
        "`",
        "30 minutes",
        "commit every",
        "99999999999",
        "…",
        "👍",
        "\t",
        ". ",
        "; ",
        "| ",
        "1) ",
        "must",
        "\u{202e}",
        "é",
    ];
    for _ in 0..2_000 {
        let length = random.usize(..60);
        let text: String = (0..length)
            .map(|_| parts[random.usize(..parts.len())])
            .collect();
        let set = markdown(&text);
        assert!(
            set.rules.iter().all(|rule| file::check(&rule.ask).is_ok()),
            "{text}"
        );
        let lines = u32::try_from(text.lines().count()).expect("few lines");
        assert!(
            set.rules
                .iter()
                .all(|rule| (1..=lines).contains(&rule.line)),
            "{text}"
        );
    }
}

#[test]
fn no_more_rules_than_can_be_asked() {
    let rules: Vec<String> = (1..=RULES_MAX + 5)
        .map(|n| format!("- Messages must never say \"word{n}\""))
        .collect();
    let set = markdown(&format!("# Team rules\n{}\n", rules.join("\n")));
    assert_eq!((set.rules.len(), set.unchecked.len()), (RULES_MAX, 5));
    assert!(set.unchecked[0].why.contains("400 rules"));
}

#[test]
fn a_file_of_more_than_can_be_asked_is_refused() {
    let one = |kind: &str, words: usize| {
        let words: Vec<String> = (0..words).map(|n| format!("\"word{n}\"")).collect();
        let from = if kind == "critical-words" {
            ""
        } else {
            "from = \"everyone\"\n"
        };
        format!(
            "[[rule]]\nkind = \"{kind}\"\n{from}words = [{}]\n",
            words.join(", ")
        )
    };
    let check = |text: &str, expect: &str| {
        let error = toml(text).expect_err("too much").to_string();
        assert_eq!(error, expect);
    };
    check(
        &one("forbidden-words", 1).repeat(401),
        "rules.toml: 401 rules, more than 400",
    );
    check(
        &one("forbidden-words", 100).repeat(21),
        "rules.toml: 2100 words and patterns, more than 2000",
    );
    check(
        &one("critical-words", 100).repeat(3),
        "rules.toml: 300 critical words, more than 200",
    );
    let text = "[[rule]]\nkind = \"forbidden-words\"\nfrom = \"everyone\"\nwords = [\"\u{ad}\"]\n";
    check(
        text,
        "rules.toml:1: the rule `forbidden-words` has an empty word",
    );
    assert!(toml(&one("forbidden-words", 100)).is_ok());
}

#[test]
fn what_is_not_listed_is_counted() {
    let items: Vec<String> = (0..UNCHECKED_MAX + 501)
        .map(|n| format!("- Always be kind to guest {n}"))
        .collect();
    let set = markdown(&format!("# Rules\n{}\n", items.join("\n")));
    assert_eq!(set.unchecked.len(), UNCHECKED_MAX + 1);
    let last = &set.unchecked[UNCHECKED_MAX];
    assert_eq!(last.text, "and 501 more from here on");
    assert_eq!(last.line, u32::try_from(UNCHECKED_MAX).expect("small") + 2);
}

#[test]
fn branches_have_patterns() {
    for (pattern, branch, fits) in [
        ("feature/*", "feature/parser", true),
        ("feature/*", "fix/parser", false),
        ("feature/*", "my-feature/x", false),
        ("*-wip", "parser-wip", true),
        ("a*b*c", "a-b-c", true),
        ("a*b*c", "acb", false),
        ("main", "main", true),
        ("main", "main2", false),
    ] {
        assert_eq!(is_branch(pattern, branch), fits, "{pattern} {branch}");
    }
}

mod against;
mod decide;
mod ordinary;
mod tighten;
