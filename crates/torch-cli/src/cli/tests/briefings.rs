//! What briefings tell agents to run exists: every command and every option of it, against the real parsers.

use std::collections::BTreeSet;

use torch_brief::{BUILT_IN, Facts, Member, Roles, briefing};
use torch_core::RouterMode;
use torch_core::config::{Config, Layers, layer};
use torch_core::policy::Profile;

use super::{scm_command, torch_command};

/// The pieces of a text that are code: between backticks, and lines that are indented by four or more.
fn code(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some(line) = line.strip_prefix("    ") {
            found.push(line.trim().to_owned());
        }
    }
    let spans = text.split('`').skip(1).step_by(2);
    found.extend(spans.map(|span| span.split_whitespace().collect::<Vec<_>>().join(" ")));
    found
}

/// The words of a command up to the first that a shell acts on; what stands in quotes is one word.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quote) = (String::new(), None);
    for c in line.chars() {
        match (c, quote) {
            (_, Some(open)) if c == open => quote = None,
            (_, Some(_)) => word.push('x'),
            ('"' | '\'', None) => {
                quote = Some(c);
                word.push('x');
            }
            ('<' | '|' | '>' | ';', None) => break,
            (' ', None) if word.is_empty() => {}
            (' ', None) => words.push(std::mem::take(&mut word)),
            _ => word.push(c),
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

/// Why a line is no command of these, or the command that it calls.
fn judged(line: &str) -> Result<Option<String>, String> {
    let words = words(line);
    let (mut name, mut command) = match words.first().map(String::as_str) {
        // The tag of a message, without its bracket.
        Some("torch") if words.get(1).is_some_and(|word| word.starts_with("m-")) => {
            return Ok(None);
        }
        Some("torch") => ("torch".to_owned(), torch_command()),
        Some("scm") => ("scm".to_owned(), scm_command()),
        _ => return Ok(None),
    };
    command.build();
    let mut rest = words.iter().skip(1).peekable();
    while let Some(found) = rest
        .peek()
        .and_then(|word| command.find_subcommand(word.as_str()))
    {
        name = format!("{name} {}", found.get_name());
        command = found.clone();
        rest.next();
    }
    if name == "torch" {
        return Err(format!("{line:?} calls no command"));
    }
    if command.is_hide_set() {
        return Err(format!("{line:?} calls a hidden command"));
    }
    for word in rest {
        let known = match (word.strip_prefix("--"), word.strip_prefix('-')) {
            (Some(long), _) => {
                let long = long.split('=').next().unwrap_or(long);
                command
                    .get_arguments()
                    .any(|arg| arg.get_long() == Some(long))
            }
            (None, Some(short)) => {
                let short = short.chars().next();
                command
                    .get_arguments()
                    .any(|arg| arg.get_short() == short && short.is_some())
            }
            (None, None) => command.get_positionals().next().is_some() || !takes_words(&command),
        };
        if !known {
            return Err(format!("{line:?}: {name} takes no {word}"));
        }
    }
    Ok(Some(name))
}

/// Whether words after a command can only be wrong: it has neither a place for them nor an option that takes one.
fn takes_words(command: &clap::Command) -> bool {
    let mut options = command.get_opts();
    options.next().is_none()
}

/// Every text that an agent may be sent: all roles × policies × router modes, alone and with everybody.
fn texts() -> Vec<String> {
    let roles = Roles::built_in().expect("the shipped roles");
    let everybody: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
    let mut texts = Vec::new();
    for profile in Profile::ALL {
        let file = format!("policy = \"{}\"", profile.as_str());
        let layers = Layers {
            user: Some(("config.toml", &file)),
            project: None,
        };
        let (config, _) = layer(&Config::default(), layers, |_| None).expect("a profile");
        for role in roles.iter() {
            for (team, router, spec) in [
                (everybody.clone(), RouterMode::Strict, "/p/spec.md"),
                (vec!["orchestrator", &role.name], RouterMode::Open, ""),
            ] {
                let member = |name: &str| Member {
                    role: name.to_owned(),
                    ..Member::default()
                };
                let facts = Facts {
                    spec: spec.to_owned(),
                    base_branch: "main".to_owned(),
                    members: team.into_iter().map(member).collect(),
                    policy: config.team_policy(),
                    router,
                    task: spec.is_empty().then(|| "one task".to_owned()),
                    ..Facts::default()
                };
                for closed_shell in [false, true] {
                    let task = facts.task.clone();
                    for task in [task, None] {
                        let facts = Facts {
                            closed_shell,
                            task,
                            ..facts.clone()
                        };
                        texts.push(briefing(role, &facts).expect("a text"));
                    }
                }
            }
        }
    }
    texts
}

#[test]
fn every_command_in_a_briefing_exists() {
    let mut called = BTreeSet::new();
    let mut wrong = BTreeSet::new();
    // Most texts say the same.
    let lines: BTreeSet<String> = texts().iter().flat_map(|text| code(text)).collect();
    for line in &lines {
        match judged(line) {
            Ok(name) => called.extend(name),
            Err(error) => {
                wrong.insert(error);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let expect = [
        "scm",
        "torch ack",
        "torch approve",
        "torch commit",
        "torch complete",
        "torch deny",
        "torch deps list",
        "torch deps set",
        "torch integrate",
        "torch logs",
        "torch report status",
        "torch rules explain",
        "torch schedule",
        "torch schedule cancel",
        "torch schedule list",
        "torch standup answer",
        "torch status",
        "torch task assign",
        "torch task list",
        "torch violations",
    ];
    assert_eq!(called.into_iter().collect::<Vec<_>>(), expect);
}

#[test]
fn what_does_not_exist_is_seen() {
    for line in [
        "torch merge now",
        "torch",
        "torch commit --force -m x",
        "torch schedule list --every 5",
        "scm ROLE --urgently",
        "torch commit -z",
        "torch agent-run",
    ] {
        assert!(judged(line).is_err(), "{line}");
    }
    for line in [
        "git push --force",
        "torch m-7k3f9q2a #17 from=a to=b try=1",
        "torch schedule 30 \"look --now\"",
    ] {
        assert!(judged(line).is_ok(), "{line}");
    }
}
