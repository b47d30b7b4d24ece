//! The commands around teams, plans, rules and violations as a person mistypes them: exit code 2, what was wrong, and a hint
//! that can be run as it stands; what is right prints JSON, and fits 80 columns on a terminal.

use serde_json::Value;
use torch_testing::{Ran, SCRIPTED, World};

use super::{goes_to_the_hub, world};

/// A command, what its error says, and its hint.
const WRONG: &[(&str, &str, &str)] = &[
    (
        "detect --roles nobody",
        "there is no role \"nobody\"",
        "torch roles list",
    ),
    (
        "detect --roles ''",
        "--roles was given and names no role",
        "torch roles list",
    ),
    (
        "detect --add-roles tstr",
        "there is no role \"tstr\"",
        "torch detect --add-roles tester",
    ),
    (
        "detect --team-type web_aplication",
        "there is no team type",
        "torch detect --team-type web_application",
    ),
    ("detect nowhere", "nowhere can't be found", "torch detect ."),
    (
        "team new mine --from libary_or_cli",
        "there is no team type",
        "torch team new mine --from library_or_cli",
    ),
    (
        "team show libary_or_cli",
        "there is no team type",
        "torch team show library_or_cli",
    ),
    ("team check none.toml", "failed to read", "torch team check"),
    (
        "roles check none.toml",
        "failed to read",
        "torch roles check",
    ),
    (
        "roles show develper",
        "there is no role",
        "torch roles show developer",
    ),
    (
        "plan show --spec spec.md --roles developer,nobody",
        "there is no role \"nobody\"",
        "torch roles list",
    ),
    (
        "plan set T99 done",
        "no task of the plan is called \"T99\"",
        "torch plan show",
    ),
    ("spec drop spec.md", "no task left", "torch spec show"),
    (
        "spec drop other.md",
        "is no spec of this plan",
        "torch spec show",
    ),
    (
        "rules explain limit.thred",
        "no rule is called",
        "torch rules explain limit.thread",
    ),
    (
        "rules explain nonsense",
        "built-in rules: sender.torch",
        "torch rules list",
    ),
    (
        "rules test developer nobody hello",
        "no such target",
        "torch status",
    ),
    (
        "violations --date yesterday",
        "a day is written 2026-11-21",
        "torch violations --help",
    ),
    (
        "compliance replay 2026-13-01",
        "a day is written 2026-11-21",
        "torch compliance replay --help",
    ),
    (
        "violations resolve v-00000000",
        "no open violation is called",
        "torch violations --open",
    ),
    (
        "policy explain git.agent_commit",
        "has no switch",
        "torch policy explain git.agent_commits",
    ),
];

/// What prints JSON, on one line or several.
const JSON: &[&str] = &[
    "detect --spec spec.md",
    "team list",
    "team show library_or_cli",
    "team check",
    "plan show",
    "plan show --spec spec.md --roles orchestrator,developer,developer-2",
    "spec show",
    "rules list",
    "rules test developer tester hello",
    "rules explain limit.thread",
    "rules explain form.wrong",
    "violations",
    "violations --open",
    "roles list",
    "roles show developer",
    "roles check",
    "policy show",
    "policy explain",
    "task list",
    "brief developer --print",
];

/// What may be read on a terminal of 80 columns; a table of messages in flight has more to say than others.
const READ: &[&str] = &[
    "detect --spec spec.md",
    "auto --spec spec.md --agent demo --dry-run",
    "team list",
    "plan",
    "spec show",
    "rules list",
    "rules explain limit.thread",
    "violations",
    "roles list",
    "policy show",
    "policy explain",
    "task list",
];

fn shell(world: &World, line: &str) -> Ran {
    world.run(&world.command("sh").args(["-c", line]))
}

#[test]
fn what_is_mistyped_is_answered_by_a_hint_that_runs() {
    let world = world(&[]);
    world.team("orchestrator,developer,tester", SCRIPTED);
    for (line, words, hint) in WRONG {
        let ran = shell(&world, &format!("torch {line}")).code(2).says(words);
        let hints = ran.stderr.lines();
        let hints: Vec<&str> = hints.filter_map(|it| it.strip_prefix("Hint: ")).collect();
        assert_eq!(hints, [*hint], "{ran}");
        shell(&world, hint).ok();
    }
}

#[test]
fn what_is_right_prints_json_and_fits_a_terminal() {
    let rules = "# Team rules\n- Developers must not message the researcher, whatever the reason may be, and however urgent it is\n- Think twice before you write to anybody in this team, and once more when you are tired\n";
    let world = world(&[("CLAUDE.md", rules)]);
    world.team("orchestrator,developer,tester,researcher", SCRIPTED);
    world.wait("the rules", || super::kinds(&world).len() == 2);
    let text =
        "the parser and the lexer can be tested now, with the samples of the folder beside them";
    goes_to_the_hub(
        &world,
        ("developer", "researcher", text),
        "project.may-not-write",
    );
    for line in JSON {
        let ran = shell(&world, &format!("torch {line} --json")).ok();
        for value in ran.stdout.lines() {
            let value = serde_json::from_str::<Value>(value);
            assert!(value.is_ok(), "{value:?}: {ran}");
        }
    }
    for line in READ {
        let typed = format!("stty rows 24 cols 80; torch {line}");
        let ran = world.run(&world.command("script").args(["-qec", &typed, "/dev/null"]));
        for line in ran.ok().stdout.lines() {
            let line = without_colours(line);
            assert!(line.chars().count() <= 80, "{typed}: {line}");
        }
    }
}

/// A line as it is seen.
fn without_colours(line: &str) -> String {
    let mut parts = line.trim_end_matches('\r').split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |seen, part| {
        seen + part.split_once('m').map_or("", |(_, rest)| rest)
    })
}
