//! The rules of a project's files where no team works yet: no daemon is needed.

use crate::place::{Place, TORCH};

const CLAUDE: &str = "# Shop\n\n## Rules\n\n- Developers must not message the tester\n- Messages to the PM must never contain \"hunter2\"\n- Keep messages under 400 characters\n- Error messages must include \"code\"\n";

fn project(files: &[(&str, &str)]) -> Place {
    let place = Place::new();
    for (name, text) in files
        .iter()
        .chain(&[(".git/HEAD", "ref: refs/heads/main\n")])
    {
        let path = place.path("project").join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(path, text).expect("a file");
    }
    place
}

#[test]
fn rules_are_listed_and_tried_before_there_is_a_team() {
    let place = project(&[("CLAUDE.md", CLAUDE)]);
    let ran = place.run(TORCH, &["rules", "list"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for words in [
        "project  2 rules, in force as soon as a team works here",
        "CLAUDE.md:5  developer may not write to tester",
        "may be meant for the product; in rules.toml",
        "      kind = \"max-length\"\n      from = \"everyone\"\n      characters = 400\n",
        "it speaks of the product, not of messages between agents",
    ] {
        assert!(ran.out.contains(words), "{words}: {ran:?}");
    }
    let ran = place.run(TORCH, &["rules", "test", "developer", "tester", "hello"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out.starts_with("reroute  by project.may-not-write-"),
        "{ran:?}"
    );
    assert!(ran.out.contains("(CLAUDE.md:5)") && ran.out.contains("goes to the orchestrator"));
    let secret = [
        "rules",
        "test",
        "developer",
        "project_manager",
        "it is hunter2",
    ];
    let ran = place.run(TORCH, &secret);
    assert!(
        ran.out.starts_with("refuse  by project.forbidden-words-"),
        "{ran:?}"
    );
    assert!(
        ran.out.contains("h…2") && !ran.out.contains("hunter2"),
        "{ran:?}"
    );
    let ran = place.run(TORCH, &["brief", "developer", "--print"]);
    assert!(
        ran.out
            .contains("- developer may not write to tester (CLAUDE.md:5)"),
        "{ran:?}"
    );
    assert!(!ran.out.contains("hunter2"), "{ran:?}");
}

#[test]
fn a_rule_says_where_the_persons_limits_clip_it() {
    const LOOSE: &str = "[[rule]]\nkind = \"max-exchanges\"\ncount = 9\n[[rule]]\nkind = \"blocked-after\"\nseconds = 60\n";
    let place = project(&[("rules.toml", LOOSE)]);
    let ran = place.run(TORCH, &["rules", "explain", "project.max-exchanges"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let clipped = "\n  clipped to 3 by your settings\n  checked when a message is sent\n";
    assert!(ran.out.ends_with(clipped), "{ran:?}");
    let ran = place.run(TORCH, &["rules", "explain", "max-exchanges", "--json"]);
    assert!(
        ran.out
            .contains("\"limited\":\"clipped to 3 by your settings\""),
        "{ran:?}"
    );
    let ran = place.run(TORCH, &["rules", "list"]);
    assert!(ran.out.contains("clipped to 3"), "{ran:?}");
    // What only tightens is clipped by nothing.
    let ran = place.run(TORCH, &["rules", "explain", "project.blocked-after"]);
    assert!(!ran.out.contains("clipped"), "{ran:?}");
}

#[test]
fn files_that_cannot_be_read_are_said() {
    let place = project(&[("rules.toml", "[[rule]]\nkind = \"fly\"\n")]);
    let ran = place.run(TORCH, &["rules", "list"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out.contains("rules.toml:2: unknown variant `fly`"),
        "{ran:?}"
    );
    let ran = place.run(TORCH, &["rules", "test", "developer", "tester", "hello"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let ran = place.run(TORCH, &["rules", "test", "../x", "tester", "hello"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
}

#[test]
fn rules_beyond_the_most_are_one_line() {
    let rules: String = (1..=430)
        .map(|n| format!("- Messages must never say \"word{n}\"\n"))
        .collect();
    let place = project(&[("CLAUDE.md", &format!("# Team rules\n\n{rules}"))]);
    let ran = place.run(TORCH, &["rules", "list"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let told = "CLAUDE.md:403  30 statements there, from line 403 to line 432\n      400 rules were read before it";
    assert!(
        ran.out.contains(told),
        "{}",
        &ran.out[ran.out.len() - 900..]
    );
    assert_eq!(ran.out.matches("400 rules were read").count(), 1);
    // Programs get each.
    let ran = place.run(TORCH, &["rules", "list", "--json"]);
    assert_eq!(ran.out.matches("not-checkable").count(), 30);
}

#[test]
fn trying_rules_starts_no_daemon() {
    for files in [&[("CLAUDE.md", CLAUDE)][..], &[]] {
        let place = project(files);
        std::fs::remove_dir_all(place.path("registry")).expect("removed");
        let ran = place.run(TORCH, &["rules", "test", "human", "developer", "hello"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.out.starts_with("deliver"), "{ran:?}");
        assert!(
            ran.err
                .contains("this is what the files would decide in a new team"),
            "{ran:?}"
        );
        assert!(!place.path("registry").exists(), "no registry is written");
    }
    let place = project(&[]);
    let ran = place.run(
        TORCH,
        &[
            "rules",
            "test",
            "human",
            "developer",
            "hello",
            "--team",
            "shop",
        ],
    );
    assert_eq!(ran.code, Some(75), "{ran:?}");
}

#[test]
fn what_can_not_both_be_kept_is_shown_with_both_places() {
    let rules = "# Team rules\n- Developers must not message the tester\n- Developer may write to the tester\n- Always use squash merges\n- Never squash\n";
    let place = project(&[("CLAUDE.md", rules)]);
    let ran = place.run(TORCH, &["rules", "list"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let shown = "contradictions:\n  CLAUDE.md:2  Developers must not message the tester\n  CLAUDE.md:3  Developer may write to the tester\n      what forbids holds\n  CLAUDE.md:5  Never squash\n  CLAUDE.md:4  Always use squash merges\n      they look contradictory, and torch checks neither\n";
    assert!(ran.out.contains(shown), "{}", ran.out);
    let ran = place.run(TORCH, &["rules", "list", "--json"]);
    assert_eq!(
        ran.out.matches("\"kind\":\"contradiction\"").count(),
        2,
        "{ran:?}"
    );
    let ran = place.run(TORCH, &["rules", "test", "developer", "tester", "hello"]);
    assert!(
        ran.out.starts_with("reroute  by project.may-not-write-"),
        "{ran:?}"
    );
    assert!(
        ran.out
            .contains("CLAUDE.md:3  Developer may write to the tester\n      what forbids holds"),
        "{ran:?}"
    );
    assert!(!ran.out.contains("squash"), "{ran:?}");
}

#[test]
fn where_there_is_nothing_it_says_what_holds_and_what_to_do() {
    let place = project(&[]);
    let ran = place.run(TORCH, &["rules", "list"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for words in [
        "project: no team works here, and the project states no rules of its own",
        "rules.toml, CLAUDE.md, AGENTS.md",
        "edge.hub              everybody may write to the orchestrator",
        "mode.matrix           the communication matrix has no edge",
        "torch auto --spec FILE",
    ] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    let ran = place.run(TORCH, &["rules", "list", "--json"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{ran:?}");
    // A team that is named has to be there.
    let ran = place.run(TORCH, &["rules", "list", "--team", "shop"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
}

#[test]
fn rules_of_every_kind_are_explained() {
    let place = project(&[]);
    for rule in [
        "schedule.own-only",
        "read.own-team",
        "privilege.known",
        "commit.own-only",
        "identity.outbox",
        "push.forced",
    ] {
        let ran = place.run(TORCH, &["rules", "explain", rule]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.out.starts_with(&format!("{rule}  ")), "{ran:?}");
    }
}
