//! The list and a reading, as people and machines see them.

use torch_daemon::catalog::Catalog;

use super::*;

fn stripped(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

const DIALOG: &str = "\
❯ remove it
● Bash(rm -r old)
────────────────────────────────────────
 Bash command

   rm -r old

 Do you want to proceed?
 ❯ 1. Yes
   2. Yes, and don't ask again
   3. No

 Esc to cancel
";

#[test]
fn a_dialog_is_shown_whole() {
    let catalog = Catalog::load(None, None);
    let read = catalog.entries["claude"].read(DIALOG.as_bytes(), "");
    insta::assert_snapshot!(stripped(&reading(&read)));
    insta::assert_json_snapshot!(reading_json(&read));
}

#[test]
fn a_composer_is_shown_with_what_is_typed() {
    let catalog = Catalog::load(None, None);
    let text = "● done\n          89% context used\n──────────\n❯\u{a0}half a\n  draft\n──────────\n  esc to interrupt\n";
    let read = catalog.entries["claude"].read(text.as_bytes(), "");
    insta::assert_snapshot!(stripped(&reading(&read)));
}

#[test]
fn programs_are_listed_with_where_their_rules_come_from() {
    let catalog = Catalog::load(None, None);
    let here = Installed::At {
        path: "/usr/bin/claude".into(),
        version: Some("2.1.329".to_owned()),
    };
    let mut project = Catalog::load(None, None)
        .entries
        .remove("aider")
        .expect("aider");
    project.origin = Origin::Project("/work/app/.torch/agents/aider.toml".into());
    project.replaces = Some(Origin::BuiltIn);
    // What one line says of a program is not what this is about, and changes more often.
    project.program.description = "a project's own".to_owned();
    let listed = [
        Listed {
            entry: &project,
            installed: &Installed::No,
        },
        Listed {
            entry: &catalog.entries["demo"],
            installed: &Installed::BuiltIn,
        },
        Listed {
            entry: &catalog.entries["claude"],
            installed: &here,
        },
    ];
    let text = list(&listed, |path| path.display().to_string(), None);
    let text = stripped(&text);
    assert!(
        text.contains("2.1.329") && text.contains("built in"),
        "{text}"
    );
    assert!(
        text.contains("/work/app/.torch/agents/aider.toml (not started)"),
        "{text}"
    );
    assert!(!text.contains("To install:"), "{text}");
    let narrow = list(&listed, |path| path.display().to_string(), Some(80));
    insta::assert_snapshot!("programs_narrow", stripped(&narrow));
    let builtin = Listed {
        entry: &catalog.entries["codex"],
        installed: &Installed::No,
    };
    let text = stripped(&list(&[builtin], |path| path.display().to_string(), None));
    assert!(text.contains("To install:\n  codex: "), "{text}");
    let json = listed_json(&listed[0]);
    assert_eq!(json["can_be_started"], false);
    assert_eq!(json["origin"]["kind"], "project");
    assert_eq!(json["replaces"]["kind"], "built-in");
    let file = stripped(&show(&project, None, |path| path.display().to_string()));
    assert!(
        file.starts_with(
            "# /work/app/.torch/agents/aider.toml; in place of: built in; never started"
        ),
        "{file}"
    );
    assert!(file.contains("\n[screen.composer]\n"), "{file}");
}
