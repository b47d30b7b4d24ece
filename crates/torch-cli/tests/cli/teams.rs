//! `torch detect`, `torch team`, and the team that `torch auto` chooses.

use torch_api::{Request, Response};

use crate::fake::{Fake, a_team};
use crate::place::{Place, TORCH};

/// A project like a repository, with these files.
fn project(files: &[(&str, &str)]) -> Place {
    let place = Place::new();
    let root = place.path("project");
    for (path, text) in files
        .iter()
        .chain(&[(".git/HEAD", "ref: refs/heads/main\n")])
    {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(path, text).expect("a file");
    }
    place
}

const DJANGO: &[(&str, &str)] = &[
    ("manage.py", ""),
    ("requirements.txt", "Django==5.0\n"),
    ("infra/main.tf", ""),
    ("Dockerfile", ""),
    ("spec.md", "# Shop\n\nNo Docker.\n"),
];

#[test]
fn detect_says_type_score_signs_and_team_without_a_daemon() {
    let place = project(DJANGO);
    let ran = place.run(TORCH, &["detect", "--spec", "spec.md"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for words in [
        "project: web_application\n",
        "+10  strong  a web framework of Python    \"django\" in requirements.txt",
        "containers are built                    not wanted: \"docker\" in spec line 3",
        "developer        core of web_application",
        "left out: the plan max5 has room for 5 agents; --add-roles",
    ] {
        assert!(ran.out.contains(words), "{words}: {ran:?}");
    }
    let ran = place.run(
        TORCH,
        &[
            "detect",
            "--json",
            "--team-type",
            "iac",
            "--plan",
            "console",
        ],
    );
    let json: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(json["detection"]["decision"]["by"], "flag");
    assert_eq!(json["team"]["template"], "infrastructure_as_code");
    assert_eq!(json["team"]["members"][2]["role"], "devops");
    assert_eq!(json["detection"]["types"][0]["name"], "web_application");
    assert!(!place.daemon_was_started());
}

#[test]
fn what_is_wanted_and_does_not_exist_is_said_with_the_nearest() {
    let place = project(DJANGO);
    for (args, hint) in [
        (
            &["detect", "--team-type", "moble"][..],
            "torch detect --team-type mobile",
        ),
        (
            &["detect", "--roles", "dev,testr"],
            "torch detect --roles developer,tester",
        ),
        (
            &["detect", "--add-roles", "devop"],
            "torch detect --add-roles devops",
        ),
        (&["detect", "--spec", "gone.md"], "torch detect --spec "),
        (&["detect", "gone"], "torch detect ."),
        (
            &["team", "show", "webapplication"],
            "torch team show web_application",
        ),
        (&["team", "new", "Bad Name"], "torch team new my-team"),
    ] {
        let ran = place.run(TORCH, args);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.err.contains(&format!("Hint: {hint}")), "{ran:?}");
    }
}

#[test]
fn a_template_of_ones_own_brings_its_signs_and_programs() {
    let place = project(&[("tickets/1.md", "x"), ("spec.md", "- a thing")]);
    let ran = place.run(
        TORCH,
        &["team", "new", "tickets", "--from", "library", "--project"],
    );
    let path = place.path("project/.torch/teams/tickets.toml");
    assert_eq!(
        (ran.code, ran.out),
        (Some(0), format!("{}\n", path.display()))
    );
    let again = place.run(TORCH, &["team", "new", "tickets", "--project"]);
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.err.contains("was left as it is"), "{again:?}");
    let mut text = std::fs::read_to_string(&path).expect("written");
    text.push_str("\n[[signs]]\nname = \"tickets\"\nstrength = \"strong\"\nfiles = [\"tickets/*.md\"]\n\n[agents]\ndeveloper = \"codex\"\ntester = \"demo\"\n");
    std::fs::write(&path, text).expect("a file");
    let ran = place.run(TORCH, &["team", "check"]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (Some(0), "11 templates sound\n"),
        "{ran:?}"
    );
    let fake = Fake::start(&place.socket(), |_, connection| {
        connection.answer(&Response::Raised {
            existed: false,
            adopted: false,
            team: Box::new(a_team()),
        });
    });
    let ran = place.run(TORCH, &["auto", "--spec", "spec.md", "--yes"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let Request::Auto(request) = fake.request() else {
        panic!("no request")
    };
    let choice = request.choice.expect("why");
    assert_eq!(
        (choice.team_type.as_str(), choice.asked),
        ("tickets", false)
    );
    // A project can't have demo commits made in it.
    assert_eq!(request.agents, ["developer=codex"]);
    assert!(
        choice.notes.iter().any(|note| note.contains("demo")),
        "{choice:?}"
    );
    let ran = place.run(
        TORCH,
        &["auto", "--spec", "spec.md", "--yes", "--agent", "claude"],
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let Request::Auto(request) = fake.request() else {
        panic!("no request")
    };
    assert_eq!(request.agents, ["claude"], "the flag stands above the file");
}

#[test]
fn a_bad_template_is_told_with_its_line_and_stops_nothing_else() {
    let place = project(&[("manage.py", ""), ("requirements.txt", "django")]);
    let ran = place.run(TORCH, &["team", "new", "shop"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let path = place.path("home/.config/torch/teams/shop.toml");
    let text = std::fs::read_to_string(&path).expect("written");
    std::fs::write(
        &path,
        text.replace("\"developer\", \"tester\"", "\"develper\", \"tester\""),
    )
    .expect("a file");
    let ran = place.run(TORCH, &["team", "check"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let hint = format!("Hint: ${{EDITOR:-vi}} +8 {}\n", path.display());
    assert!(ran.err.ends_with(&hint), "{ran:?}");
    assert!(
        ran.err.contains(
            "line 8, can't be used\n  there is no role \"develper\"; did you mean developer?"
        ),
        "{ran:?}"
    );
    let json = place.run(TORCH, &["team", "check", "--json"]);
    let lines = json.out.lines().map(serde_json::from_str);
    let lines: Vec<serde_json::Value> = lines.collect::<Result<_, _>>().expect("JSON");
    let of = |ok: bool| lines.iter().filter(move |line| line["ok"] == ok);
    assert!(of(false).count() == 1 && of(true).count() > 5, "{json:?}");
    let fault = of(false).next().expect("a fault");
    assert_eq!(
        (json.code, &fault["line"]),
        (Some(2), &serde_json::json!(8))
    );
    let ran = place.run(TORCH, &["detect"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out.contains("web_application") && ran.err.contains("develper"),
        "{ran:?}"
    );
    let ran = place.run(TORCH, &["team", "check", "manage.py", "nothing.toml"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("nothing.toml"), "{ran:?}");
}

#[test]
fn programs_get_failures_as_json() {
    let place = project(&[]);
    for (args, code, kind) in [
        (&["team", "show", "nope", "--json"][..], 2, "usage"),
        (&["team", "show", "--jsno", "nope", "--json"], 2, "usage"),
        (
            &[
                "rules",
                "test",
                "human",
                "developer",
                "x",
                "--team",
                "shop",
                "--json",
            ],
            75,
            "unreachable",
        ),
    ] {
        let ran = place.run(TORCH, args);
        assert_eq!(ran.code, Some(code), "{ran:?}");
        assert!(ran.err.contains("Error: "), "{ran:?}");
        let json: serde_json::Value = serde_json::from_str(&ran.out).expect("one line of JSON");
        assert_eq!(json["ok"], false);
        assert_eq!(
            (json["exit_code"].as_i64(), json["kind"].as_str()),
            (Some(i64::from(code)), Some(kind))
        );
        assert!(
            !json["error"].as_str().unwrap_or_default().is_empty(),
            "{json}"
        );
        assert!(json["hint"].is_string(), "{json}");
    }
    let ran = place.run(TORCH, &["team", "show", "nope"]);
    assert_eq!((ran.out.as_str(), ran.code), ("", Some(2)));
}

#[test]
fn a_word_that_is_like_no_name_has_no_near_match() {
    let place = project(&[
        ("Cargo.toml", ""),
        ("src/main.rs", ""),
        ("spec.md", "TYPE: wibble\n\n- Write it\n"),
    ]);
    for (args, hint) in [
        (&["team", "show", "nope"][..], "Hint: torch team list"),
        (&["detect", "--team-type", "foo"], "Hint: torch team list"),
        (
            &["detect", "--roles", "developer-2,developer"],
            "Hint: torch roles list",
        ),
        (
            &["detect", "--roles", "devloper,tester"],
            "--roles developer,tester",
        ),
    ] {
        let ran = place.run(TORCH, args);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.err.contains(hint), "{hint}: {ran:?}");
    }
    let ran = place.run(TORCH, &["detect", "--spec", "spec.md"]);
    assert!(
        ran.out.contains("wibble") && !ran.out.contains("nearest"),
        "{ran:?}"
    );
}

#[test]
fn templates_made_from_each_other_are_refused() {
    let text = |name: &str, parent: &str| {
        format!(
            "name = \"{name}\"\nextends = \"{parent}\"\ntitle = \"T\"\nsummary = \"S\"\ncore = [\"orchestrator\", \"developer\"]\n"
        )
    };
    let (a1, b1) = (text("a1", "b1"), text("b1", "a1"));
    let place = project(&[(".torch/teams/a1.toml", &a1), (".torch/teams/b1.toml", &b1)]);
    let ran = place.run(TORCH, &["team", "check"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("b1 → a1 → b1"), "{ran:?}");
    let place = project(&[
        ("a1.toml", &a1),
        ("b1.toml", &b1),
        ("c1.toml", &text("c1", "c1")),
    ]);
    for files in [&["a1.toml", "b1.toml"][..], &["c1.toml"]] {
        let ran = place.run(TORCH, &[&["team", "check"], files].concat());
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.err.contains("leads back to where it began"), "{ran:?}");
    }
}
