//! Tests of the parsers and snapshots of the help texts.

use super::*;

#[test]
fn the_parsers_are_sound() {
    torch_command().debug_assert();
    scm_command().debug_assert();
}

/// Every command with its subcommands, `torch msg list` as `torch msg list`.
fn all(command: &clap::Command, name: &str) -> Vec<(String, clap::Command)> {
    let mut found = vec![(name.to_owned(), command.clone())];
    for sub in command.get_subcommands() {
        found.extend(all(sub, &format!("{name} {}", sub.get_name())));
    }
    found
}

fn commands() -> Vec<(String, clap::Command)> {
    let mut torch = torch_command();
    torch.build();
    let mut scm = scm_command();
    scm.build();
    let mut found = all(&torch, "torch");
    found.extend(all(&scm, "scm"));
    found
}

#[test]
fn every_command_has_an_example() {
    for (name, mut command) in commands() {
        let help = command.render_help().to_string();
        let hidden = command.is_hide_set();
        assert!(hidden || help.contains("Example"), "{name}:\n{help}");
    }
}

#[test]
fn every_command_that_prints_data_has_json() {
    let without = [
        "torch",
        "torch attach",
        "torch shell",
        "torch msg",
        "torch msg retry",
        "torch msg cancel",
        "torch ack",
        "torch daemon",
        "torch daemon run",
        "torch daemon stop",
        "torch init",
        "torch audit",
        "torch agent",
        "torch agents",
        "torch team",
        "torch team new",
        "torch roles",
        "torch policy",
        "torch windows",
        "torch worktree",
        "torch git",
        "torch rollback",
        "torch git broker",
        "torch git receive",
        "torch report",
        "torch task",
        "torch deps",
        "torch spec",
        "torch rules",
        "torch compliance",
        "torch completions",
        "torch man",
        "torch mcp",
        "torch agent-run",
        "torch command-run",
        "torch demo-agent",
    ];
    for (name, command) in commands() {
        let json = command.get_arguments().any(|arg| arg.get_id() == "json");
        assert_eq!(json, !without.contains(&name.as_str()), "{name}");
    }
}

mod briefings;
mod readme;

#[test]
fn help_texts() {
    let mut text = String::new();
    for (name, mut command) in commands() {
        text.push_str(&format!(
            "=== {name} --help\n{}\n",
            command.render_long_help()
        ));
    }
    // The width would otherwise be the terminal's.
    insta::assert_snapshot!(text);
}

#[test]
fn a_mistake_ends_with_a_hint_that_can_be_run() {
    let mut text = String::new();
    for line in [
        "torch msg list --limt 3",
        "torch msg list --state bogus",
        "torch logs developer -n many",
        "torch bogus",
        "torch help bogus",
        "torch stop app",
        "scm dev hi --wait=pasted",
        "scm dev two words",
        "scm dev --wat hi",
        "scm dev --wat hi --json",
        "scm dev hi --wat",
        "scm dev -x hi",
        "torch send dev --wiat=acked hi",
    ] {
        let args: Vec<_> = line.split(' ').map(OsString::from).collect();
        let outcome = if line.starts_with("scm") {
            scm(&args)
        } else {
            torch(&args)
        };
        let error = outcome.expect_err("a mistake");
        assert_eq!(error.kind.exit_code(), exit::USAGE);
        let said = crate::render::error::error(&error);
        text.push_str(&format!(
            "$ {line}\n{}\n",
            anstream::adapter::strip_str(&said)
        ));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_text_that_begins_with_a_dash_is_no_unknown_option() {
    let args = ["scm", "dev", "- a list", "more"].map(OsString::from);
    let error = scm(&args).expect_err("two messages");
    assert_eq!(error.message, "unexpected argument 'more' found");
}

#[test]
fn help_and_version_may_be_written_as_commands() {
    for (line, meant) in [
        ("torch help", "torch --help"),
        ("torch help msg list", "torch msg list --help"),
        ("torch version", "torch --version"),
        ("torch version stop", "torch version stop"),
        ("torch send help hi", "torch send help hi"),
    ] {
        let split = |line: &str| -> Vec<_> { line.split(' ').map(OsString::from).collect() };
        assert_eq!(words(&split(line)), split(meant), "{line}");
    }
}

#[test]
fn what_asks_the_daemon_says_that_it_may_refuse_or_be_away() {
    let asks = |name: &str| {
        let group = matches!(name, "torch git" | "torch git broker");
        let work = ["torch git ", "torch integrate", "torch pending"];
        !group
            && (work.iter().any(|prefix| name.starts_with(prefix)) || name == "torch credit wake")
    };
    let mut seen = 0;
    for (name, mut command) in commands().into_iter().filter(|(name, _)| asks(name)) {
        let help = command.render_long_help().to_string();
        let (_, codes) = help.split_once("Exit codes:").expect("exit codes");
        assert!(
            codes.contains("\n    4  ") && codes.contains("\n   75  "),
            "{name}: {codes}"
        );
        seen += 1;
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn what_is_answered_is_named_by_each_kind_of_id() {
    for (name, mut command) in commands() {
        if !matches!(name.as_str(), "torch approve" | "torch deny") {
            continue;
        }
        let help = command.render_long_help().to_string();
        for id in ["q-", "p-", "i-"] {
            assert!(
                help.contains(&format!("{name} {id}")),
                "{name} {id}: {help}"
            );
        }
    }
}

#[test]
fn every_command_says_its_exit_codes() {
    for (name, mut command) in commands() {
        let help = command.render_long_help().to_string();
        assert!(
            help.contains("Exit codes:\n    0  "),
            "{name} has no exit codes in its help"
        );
    }
}
