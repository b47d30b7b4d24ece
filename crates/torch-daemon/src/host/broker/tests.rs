//! Which remote is forwarded to, and what agents' git is told.

use super::*;

fn remote(name: &str, url: &str, push: &[&str]) -> Remote {
    Remote {
        name: name.to_owned(),
        urls: vec![url.to_owned()],
        push_urls: push.iter().map(|&url| url.to_owned()).collect(),
        default_branch: None,
    }
}

#[test]
fn one_remote_is_forwarded_to_and_the_others_are_closed() {
    let all = [
        remote("fork", "git@x:fork.git", &[]),
        remote("origin", "git@x:app.git", &[]),
        remote("split", "https://x/app", &["git@x:split.git"]),
    ];
    let found = chosen(&all, None).expect("origin").expect("one");
    assert_eq!(found.name, "origin");
    let told = settings((Path::new("/b.git"), Path::new("/app")), &all, Some(found));
    let told: Vec<_> = told
        .iter()
        .map(|it| (it.0.as_str(), it.1.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (
                "url./b.git/only-origin-is-forwarded.pushInsteadOf",
                "git@x:fork.git"
            ),
            ("url./b.git.pushInsteadOf", "git@x:app.git"),
            (
                "url./b.git/only-origin-is-forwarded.insteadOf",
                "git@x:split.git"
            ),
            ("credential.helper", ""),
        ]
    );
    assert!(chosen(&all, Some("none")).is_err());
    assert!(chosen(&all[..1], None).expect("the only one").is_some());
    assert!(chosen(&[], None).expect("none").is_none());
    let two = [all[0].clone(), all[2].clone()];
    assert!(chosen(&two, None).is_err());
}

#[test]
fn a_folder_is_closed_in_each_of_its_spellings() {
    let check = |url: &str, expect: &[&str]| {
        assert_eq!(spellings(url, Path::new("/none/app")), expect, "{url}");
    };
    check("git@x:app.git", &["git@x:app.git"]);
    check("https://x/app", &["https://x/app"]);
    let two = ["file:///srv/none.git", "file://localhost/srv/none.git"];
    check("/srv/none.git", &["/srv/none.git", two[0], two[1]]);
    check("file:///srv/none.git", &[two[0], "/srv/none.git", two[1]]);
    let whole = "/none/app/../none.git";
    let (file, host) = (
        format!("file://{whole}"),
        format!("file://localhost{whole}"),
    );
    check("../none.git", &["../none.git", whole, &file, &host]);
    // One that is there by the way without detours as well.
    let folder = tempfile::tempdir().expect("a folder");
    let top = folder.path().canonicalize().expect("canonical");
    std::fs::create_dir(top.join("app")).expect("made");
    std::fs::create_dir(top.join("app.git")).expect("made");
    let found = spellings("../app.git", &top.join("app"));
    let real = format!("file://{}", top.join("app.git").display());
    assert!(found.contains(&real), "{found:?}");
}

#[test]
fn a_place_that_runs_programs_or_holds_a_password_is_refused() {
    let check = |url: &str, expect: Option<&str>| {
        let found = place(&remote("origin", url, &[]), Path::new("/app"));
        assert_eq!(found.ok().map(|it| it.url).as_deref(), expect, "{url}");
    };
    check("git@x:app.git", Some("git@x:app.git"));
    check("https://x/app", Some("https://x/app"));
    check("https://ann@x/app", Some("https://ann@x/app"));
    check("https://ann:secret@x/app", None);
    check("ext::sh -c evil", None);
    check("codecommit::eu://x", None);
    check("../app.git", Some("/app/../app.git"));
    check("/srv/app.git", Some("/srv/app.git"));
    let two = remote("origin", "x", &["a", "b"]);
    assert!(place(&two, Path::new("/app")).is_err());
}
