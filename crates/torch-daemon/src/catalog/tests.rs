//! Files over what is compiled in.

use torch_core::screen::ScreenKind;

use super::*;

const OWN: &str = r"
name = 'own'
description = 'mine'
[launch]
argv = ['own']
ready_seconds = 5
[screen]
tail_lines = 4
[screen.composer]
prompt = '^\$ '
[submit]
settle_ms = 0
key = 'Enter'
shown_chars = 100
shown_lines = 1
";

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

#[test]
fn what_is_compiled_in_can_be_used() {
    let catalog = Catalog::load(None, None);
    assert!(catalog.broken.is_empty(), "{:?}", catalog.broken);
    assert_eq!(catalog.entries.len(), BUILT_IN.len());
    for (name, _) in BUILT_IN {
        assert_eq!(catalog.entries[name].program.name, name);
    }
}

#[test]
fn a_users_file_adds_a_program_or_takes_the_place_of_one() {
    let user = folder(&[
        ("own.toml", OWN),
        ("other.toml", &OWN.replace("'own'", "'claude'")),
        ("README", "no program"),
    ]);
    let catalog = Catalog::load(Some(user.path()), None);
    assert!(catalog.broken.is_empty(), "{:?}", catalog.broken);
    assert_eq!(catalog.entries["own"].replaces, None);
    let claude = &catalog.entries["claude"];
    assert_eq!(claude.replaces, Some(Origin::BuiltIn));
    assert_eq!(claude.origin, Origin::User(user.path().join("other.toml")));
    assert_eq!(claude.read(b"$ ab\n", "").reading.kind, ScreenKind::Prompt);
    let programs = catalog.programs().expect("the rules compile");
    assert!(programs.contains_key("own"));
}

#[test]
fn a_projects_file_is_read_and_never_started() {
    let user = folder(&[("own.toml", OWN)]);
    let project = folder(&[
        ("own.toml", &OWN.replace("mine", "theirs")),
        ("evil.toml", &OWN.replace("'own'", "'evil'")),
    ]);
    let catalog = Catalog::load(Some(user.path()), Some(project.path()));
    assert_eq!(catalog.entries["own"].program.description, "theirs");
    let replaced = Origin::User(user.path().join("own.toml"));
    assert_eq!(catalog.entries["own"].replaces, Some(replaced));
    let programs = catalog.programs().expect("the rules compile");
    assert!(!programs.contains_key("evil"));
    assert!(programs.contains_key("claude"));
}

#[test]
fn a_broken_file_is_named_with_its_line_and_key_and_stops_nothing() {
    let user = folder(&[
        ("a.toml", &OWN.replace("tail_lines = 4", "tail_rows = 4")),
        ("b.toml", &OWN.replace(r"'^\$ '", "'^('")),
        ("c.toml", &OWN.replace("'own'", "'My Own'")),
        ("d.toml", OWN),
        ("e.toml", OWN),
    ]);
    let catalog = Catalog::load(Some(user.path()), None);
    assert!(catalog.entries.contains_key("own"));
    assert!(catalog.entries.contains_key("demo"));
    let errors = &catalog.broken;
    let cause = |n: usize| {
        let source = std::error::Error::source(&errors[n]);
        source.map(ToString::to_string).unwrap_or_default()
    };
    assert_eq!(errors.len(), 4);
    assert!(
        cause(0).contains("line 8") && cause(0).contains("tail_rows"),
        "{}",
        cause(0)
    );
    assert!(
        errors[1]
            .to_string()
            .ends_with("b.toml, line 10, is no rule"),
        "{}",
        errors[1]
    );
    assert!(cause(1).contains("screen.composer.prompt"), "{}", cause(1));
    assert!(errors[2].to_string().contains("\"My Own\""));
    assert!(matches!(&errors[3], CatalogError::Twice { path, .. } if path.ends_with("e.toml")));
}

/// The example of `docs/howto/add-an-agent-program.md`.
#[test]
fn the_documented_sixth_program_is_loaded_and_reads_its_screens() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/howto");
    let example = docs.join("pair");
    let catalog = Catalog::load(Some(&example), None);
    assert!(catalog.broken.is_empty(), "{:?}", catalog.broken);
    let pair = &catalog.entries["pair"];
    let read = |name: &str| {
        let text = std::fs::read(example.join(name)).expect("a screen");
        pair.read(&text, "").reading
    };
    let ready = read("ready.txt");
    assert_eq!(ready.kind, ScreenKind::Prompt);
    assert!(ready.composer.expect("a composer").is_empty());
    let asking = read("permission.txt");
    assert_eq!(asking.kind, ScreenKind::Asking);
    let dialog = asking.dialog.expect("a dialog");
    assert_eq!(dialog.kind, torch_core::screen::DialogKind::Permission);
    assert_eq!(
        (dialog.highlighted, dialog.approve, dialog.deny),
        (Some(0), Some(1), Some(0))
    );
    assert_eq!(
        dialog.keys_for(1),
        Some(vec!["Down".into(), "Enter".into()])
    );
    // What the page shows is what the file has.
    let page = std::fs::read_to_string(docs.join("add-an-agent-program.md")).expect("the page");
    let shown = page.lines().filter_map(|line| line.strip_prefix("    "));
    let is_toml =
        |line: &&str| line.contains(" = ") || line.starts_with("[s") || line.starts_with("[[s");
    let shown: Vec<&str> = shown.filter(is_toml).collect();
    assert!(shown.len() > 10);
    for line in shown {
        assert!(pair.text.lines().any(|own| own == line), "{line}");
    }
}
