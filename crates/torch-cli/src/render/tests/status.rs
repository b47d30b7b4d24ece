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
