//! Files that are not what their names say: pipes, devices, links, nothing. None is waited for, and each is told by its name.

use std::os::unix::fs::symlink;

use crate::place::{Place, Ran, TORCH, fifo};

/// A project in a repository without a commit.
fn project() -> Place {
    let place = Place::new();
    let ran = place.run("git", &["init", "-q"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    place
}

fn refused(place: &Place, args: &[&str], words: &str) -> Ran {
    let ran = place.run(TORCH, args);
    assert_eq!(ran.code, Some(2), "{args:?}: {ran:?}");
    assert!(
        ran.err.contains(words) && ran.err.contains("Hint: "),
        "{args:?}: {ran:?}"
    );
    ran
}

#[test]
fn a_config_that_is_no_file_is_refused_at_once() {
    let place = project();
    let spec = place.file("spec.md", "- Build it\n");
    let spec = spec.display().to_string();
    let file = place.file("torch.toml", "");
    let zero = |path: &std::path::Path| symlink("/dev/zero", path).expect("a link");
    for words in ["it is a pipe", "it is a device"] {
        std::fs::remove_file(&file).expect("removed");
        match words {
            "it is a pipe" => fifo(&file),
            _ => zero(&file),
        }
        for args in [
            &["config"][..],
            &["policy", "show"],
            &["detect"],
            &["auto", "--dry-run", "--spec", &spec],
        ] {
            let ran = refused(&place, args, words);
            assert!(ran.err.contains("torch.toml"), "{ran:?}");
        }
    }
    assert!(!place.daemon_was_started());
}

#[test]
fn a_spec_or_plan_that_is_no_file_is_refused_at_once() {
    let place = project();
    let pipe = place.path("project/pipe.md");
    fifo(&pipe);
    let pipe = pipe.display().to_string();
    for args in [
        &["plan", "show", "--spec", &pipe][..],
        &["plan", "check", &pipe],
        &["plan", "edit", "--from", &pipe],
        &["spec", "add", &pipe],
        &["spec", "update", &pipe],
    ] {
        refused(&place, args, "it is a pipe");
    }
    refused(&place, &["detect", "--spec", &pipe], "no regular file");
    for (name, bytes, words) in [
        ("empty.md", &b" \n"[..], "empty.md is empty"),
        ("latin.md", b"- a\n- \xe4\n", "line 2"),
    ] {
        let file = place.file(name, bytes).display().to_string();
        for args in [
            &["plan", "show", "--spec", &file][..],
            &["spec", "add", &file],
            &["detect", "--spec", &file],
        ] {
            let ran = refused(&place, args, words);
            assert!(!ran.err.contains("spec drop"), "{ran:?}");
        }
    }
    assert!(!place.daemon_was_started());
}

#[test]
fn a_role_that_is_no_file_is_told_by_its_name() {
    let place = project();
    let roles = place.path("project/.torch/roles");
    place.file(".torch/roles/x.toml", "");
    fifo(&roles.join("a.toml"));
    symlink("/dev/zero", roles.join("b.toml")).expect("a link");
    let ran = refused(&place, &["roles", "check"], "a.toml");
    assert!(
        ran.err.contains("b.toml") && !ran.err.contains("x.toml"),
        "{ran:?}"
    );
    std::fs::remove_dir_all(&roles).expect("removed");
    fifo(&roles);
    refused(&place, &["roles", "check"], ".torch/roles");
}

#[test]
fn a_role_is_written_out_and_shown_beside_an_empty_file() {
    let place = Place::new();
    let ran = place.run(
        "sh",
        &[
            "-c",
            &format!(
                "mkdir -p ~/.config/torch/roles && '{TORCH}' roles show developer > ~/.config/torch/roles/developer.toml"
            ),
        ],
    );
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    let file = place.path("mine/roles/tester.toml").display().to_string();
    let args = ["roles", "show", "tester", "--output", &file];
    let ran = place.run(TORCH, &args);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    refused(&place, &args, "is there, and was left as it is");
    let ran = place.run(TORCH, &["roles", "check", &file]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let ran = place.run(TORCH, &["roles", "check"]);
    assert!(ran.out.contains("ok, the role developer"), "{ran:?}");
}

#[test]
fn a_template_is_written_into_the_project_and_nowhere_else() {
    let place = project();
    let ran = place.run(TORCH, &["team", "new", "shop", "--project"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let ran = place.run("git", &["status", "--porcelain"]);
    assert!(!ran.out.contains(".torch"), "{ran:?}");

    let teams = place.path("project/.torch/teams");
    let outside = tempfile::tempdir().expect("a folder");
    std::fs::rename(&teams, place.path("project/teams")).expect("moved");
    symlink(outside.path(), &teams).expect("a link");
    refused(
        &place,
        &["team", "new", "other", "--project"],
        "torch writes nothing outside the project",
    );
    assert_eq!(
        std::fs::read_dir(outside.path()).expect("a folder").count(),
        0
    );

    // A template that is a link is read, as a role is.
    std::fs::remove_file(&teams).expect("removed");
    std::fs::create_dir(&teams).expect("a folder");
    symlink("../../teams/shop.toml", teams.join("shop.toml")).expect("a link");
    let ran = place.run(TORCH, &["team", "check", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("\"template\":\"shop\""), "{ran:?}");
    fifo(&teams.join("pipe.toml"));
    refused(&place, &["team", "check"], "it is a pipe");
}
