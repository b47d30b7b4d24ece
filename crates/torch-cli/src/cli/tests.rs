//! Tests of the parsers and snapshots of the help texts.

use clap::CommandFactory as _;

use super::*;

#[test]
fn the_parsers_are_sound() {
    Torch::command().debug_assert();
    Scm::command().debug_assert();
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
    let mut torch = Torch::command();
    torch.build();
    let mut scm = Scm::command();
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
        "torch completions",
        "torch man",
        "torch agent-run",
        "torch demo-agent",
    ];
    for (name, command) in commands() {
        let json = command.get_arguments().any(|arg| arg.get_id() == "json");
        assert_eq!(json, !without.contains(&name.as_str()), "{name}");
    }
}

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
    let error =
        Torch::try_parse_from(["torch", "msg", "list", "--limt", "3"]).expect_err("no such option");
    let error = refused(&error).expect_err("a mistake");
    let text = crate::render::error::error(&error);
    insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string());
    assert_eq!(error.kind.exit_code(), exit::USAGE);
}
