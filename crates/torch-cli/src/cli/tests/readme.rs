//! What README tells people to run exists, and its exit codes are those of the program.

use std::collections::BTreeSet;

use super::{scm_command, torch_command};
use crate::exit;

const README: &str = include_str!("../../../../../README.md");

/// The commands of the short tour, without what stands behind `#`.
fn tour() -> Vec<&'static str> {
    let (_, behind) = README.split_once("## A short tour").expect("the tour");
    let (tour, _) = behind.split_once("\n## ").expect("its end");
    let lines = tour.lines().filter_map(|line| line.strip_prefix("    "));
    let commands = lines.map(|line| line.split_once("  #").map_or(line, |(line, _)| line).trim());
    commands
        .filter(|line| line.starts_with("torch ") || line.starts_with("scm "))
        .collect()
}

/// A command's words as a shell makes them of it, for the few forms of the tour.
fn words(line: &str) -> Vec<&str> {
    let line = line.split_once(" <").map_or(line, |(line, _)| line);
    let mut words = Vec::new();
    for (at, part) in line.split('"').enumerate() {
        match at % 2 {
            0 => words.extend(part.split_whitespace()),
            _ => words.push(part),
        }
    }
    words
}

#[test]
fn each_command_of_the_tour_can_be_run() {
    for line in tour() {
        let words = words(line);
        let command = match words[0] {
            "scm" => scm_command(),
            _ => torch_command(),
        };
        let parsed = command.try_get_matches_from(&words);
        assert!(parsed.is_ok(), "{line}: {:?}", parsed.err());
    }
}

#[test]
fn the_tour_has_what_brings_work_together() {
    let tour = tour();
    for command in [
        "torch git lane",
        "torch git health",
        "torch git risk",
        "torch git broker on",
        "torch integrate",
        "torch rollback plan",
        "torch rollback verify",
    ] {
        assert!(tour.contains(&command), "{command} is not in {tour:#?}");
    }
}

#[test]
fn the_exit_codes_are_those_of_the_help() {
    let number = |word: &str| word.trim().parse::<u8>().ok();
    let rows = README.lines().filter_map(|line| line.strip_prefix("| "));
    let readme: BTreeSet<u8> = rows
        .filter_map(|row| number(row.split('|').next()?))
        .collect();
    let help: BTreeSet<u8> = exit::HELP
        .lines()
        .filter_map(|line| number(line.split_whitespace().next()?))
        .collect();
    assert!(help.len() > 5, "{help:?}");
    assert_eq!(readme, help);
}
