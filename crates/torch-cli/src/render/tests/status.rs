//! The lines of `torch status` on rules: violations, blocks, and files that can't be read.

use super::*;

#[test]
fn status_tells_of_violations_blocks_and_rules() {
    let mut team = a_team();
    team.open_violations = 1;
    team.blocked = vec![(
        "developer".to_owned(),
        "no password for the database\u{1b}[2J\nand a second line".to_owned(),
    )];
    team.against_policy = vec!["developer commits although a person does: 3f2c1aa".to_owned()];
    team.rules_trouble = Some("rules.toml:3: nonsense".to_owned());
    team.rules_silence =
        Some("nobody can write to anybody now: quiet hours (CLAUDE.md:2)".to_owned());
    let one = text(&crate::render::status::status(
        Some(&a_daemon()),
        std::slice::from_ref(&team),
        &clock(),
        None,
    ));
    assert_snapshot!("status_of_rules", one);
    team.open_violations = 12;
    team.blocked.clear();
    let more = text(&crate::render::status::status(
        None,
        &[team],
        &clock(),
        Some(NARROW),
    ));
    assert!(more.contains("12 open violations"), "{more}");
    assert!(!more.contains("is blocked"), "{more}");
    // Of a team in order there is no word of any of it.
    let none = text(&crate::render::status::status(
        None,
        &[a_team()],
        &clock(),
        None,
    ));
    assert!(
        !none.contains("violation") && !none.contains("blocked"),
        "{none}"
    );
}

#[test]
fn who_has_no_turns_left_is_not_called_well() {
    let mut team = a_team();
    team.agents[0].capped = Some(torch_api::view::CappedView {
        turns_per_hour: 120,
        until: Timestamp(clock().now.0 + 60_000),
    });
    let said = text(&crate::render::status::status(
        Some(&a_daemon()),
        &[team],
        &clock(),
        None,
    ));
    let line = said
        .lines()
        .find(|line| line.contains("limits.turns_per_hour"));
    let line = line.expect("a line about it");
    assert!(
        line.contains("has used up its turns (120 within the hour"),
        "{line}"
    );
    assert!(line.contains("(torch why "), "{line}");
}
