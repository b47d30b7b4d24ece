//! Commands that need no daemon.

use crate::place::{Place, SCM, TORCH};

#[test]
fn init_writes_once_and_config_says_where_values_come_from() {
    let place = Place::new();
    let ran = place.run(TORCH, &["init"]);
    let path = place.path("home/.config/torch/config.toml");
    assert_eq!(
        (ran.code, ran.out),
        (Some(0), format!("{}\n", path.display()))
    );
    std::fs::write(&path, "[router]\nmode = \"open\"\n").expect("writes");
    let ran = place.run(TORCH, &["init"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("was left as it is"), "{ran:?}");
    let ran = place.run(TORCH, &["config"]);
    let line = ran
        .out
        .lines()
        .find(|line| line.starts_with("router.mode"))
        .expect("a line");
    assert!(
        line.contains("\"open\"") && line.ends_with("config.toml"),
        "{line}"
    );
    // This registry is not the default one, so its tmux server has a name of its own.
    assert!(ran.out.contains("\"torch-"), "{ran:?}");
}

#[test]
fn a_projects_file_is_written_at_the_top_of_its_repository_only() {
    let place = Place::new();
    let project = place.path("project");
    let ran = place.run(TORCH, &["init", "--project"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
    assert!(ran.err.contains("is in no git repository"), "{ran:?}");
    let hint = "Hint: git init && torch init --project";
    assert!(ran.err.contains(hint), "{ran:?}");
    assert!(!project.join("torch.toml").exists());
    // From a folder below its top.
    for dir in [".git", "src/deep"] {
        std::fs::create_dir_all(project.join(dir)).expect("a folder");
    }
    std::fs::write(project.join(".git/HEAD"), "ref: refs/heads/main\n").expect("a file");
    let mut below = place.command(TORCH, &["init", "--project"]);
    let output = below
        .current_dir(project.join("src/deep"))
        .output()
        .expect("runs");
    let path = project.join("torch.toml");
    let printed = String::from_utf8(output.stdout).expect("text");
    assert_eq!(printed, format!("{}\n", path.display()));
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(said.starts_with("wrote the project's settings"), "{said}");
    let text = std::fs::read_to_string(path).expect("written");
    assert!(text.contains("[router]"), "{text}");
}

#[test]
fn a_wrong_key_is_said_with_its_file_and_the_nearest() {
    let place = Place::new();
    place.file("torch.toml", "[router]\nmod = \"open\"\n");
    let ran = place.run(TORCH, &["config"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(
        ran.err
            .contains("torch.toml has the unknown key `router.mod`; did you mean `router.mode`?"),
        "{ran:?}"
    );
}

#[test]
fn doctor_tells_failures_by_its_exit_code() {
    let place = Place::new();
    let ran = place.run(TORCH, &["doctor", "--json"]);
    let checks: Vec<serde_json::Value> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let failed = checks.iter().any(|check| check["verdict"] == "fail");
    assert_eq!(ran.code, Some(i32::from(failed)), "{ran:?}");
    for check in &checks {
        assert_eq!(check["verdict"] == "ok", check["hint"].is_null(), "{check}");
    }
    let mut without = place.command(TORCH, &["doctor"]);
    let output = without
        .env("PATH", place.path("home"))
        .output()
        .expect("runs");
    assert_eq!(
        output.status.code(),
        Some(1),
        "neither tmux nor git is there"
    );
}

#[test]
fn completions_and_manual_pages_are_made() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        for program in ["torch", "scm"] {
            let ran = place.run(TORCH, &["completions", shell, "--program", program]);
            assert_eq!(ran.code, Some(0), "{shell}");
            assert!(ran.out.contains(program), "{shell}");
        }
    }
    let dir = place.path("man");
    let ran = place.run(TORCH, &["man", "--dir", &dir.to_string_lossy()]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for page in ["torch.1", "torch-auto.1", "torch-msg-trace.1", "scm.1"] {
        assert!(dir.join(page).is_file(), "{page}");
    }
    assert!(!dir.join("torch-agent-run.1").exists(), "hidden");
}

#[test]
fn help_and_version_go_to_standard_output() {
    let place = Place::new();
    for (program, args) in [
        (TORCH, "--help"),
        (TORCH, "--version"),
        (SCM, "--help"),
        (SCM, "-V"),
    ] {
        let ran = place.run(program, &[args]);
        assert_eq!(
            (ran.code, ran.err.as_str()),
            (Some(0), ""),
            "{program} {args}"
        );
        assert!(!ran.out.is_empty());
    }
    let ran = place.run(TORCH, &[]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
}

#[test]
fn a_hook_never_fails() {
    let place = Place::new();
    for args in [
        ["hook"].as_slice(),
        &["hook", "--spool"],
        &["hook", "--launch", "x", "--spool", "/nowhere/x"],
    ] {
        let ran = place.run_with(TORCH, args, b"");
        assert_eq!(
            (ran.code, ran.out.as_str(), ran.err.as_str()),
            (Some(0), "", ""),
            "{args:?}"
        );
    }
}

#[test]
fn a_hook_writes_one_line() {
    let place = Place::new();
    let spool = place.path("spool.jsonl");
    let launch = "01KAHVX0000000000G7K3F9Q2A";
    let args = [
        "hook",
        "--spool",
        &spool.to_string_lossy(),
        "--launch",
        launch,
    ];
    let ran = place.run_with(TORCH, &args, br#"{"hook_event_name":"Stop"}"#);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let text = std::fs::read_to_string(&spool).expect("a spool");
    let line: serde_json::Value = serde_json::from_str(text.trim_end()).expect("one line");
    assert_eq!(
        (
            &line["launch"],
            &line["event"]["payload"]["hook_event_name"]
        ),
        (&launch.into(), &"Stop".into())
    );
}

/// Programs that start slowly are not started again for their version.
#[test]
fn a_version_is_asked_once_of_an_executable() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let (bin, asked) = (place.path("home/bin"), place.path("asked"));
    std::fs::create_dir_all(&bin).expect("a folder");
    let install = |version: &str| {
        let new = bin.join("new");
        let script = format!(
            "#!/bin/sh\necho asked >> {}\necho {version}\n",
            asked.display()
        );
        std::fs::write(&new, script).expect("a script");
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&new, mode).expect("executable");
        std::fs::rename(&new, bin.join("claude")).expect("in its place");
    };
    let times = || std::fs::read_to_string(&asked).map_or(0, |text| text.lines().count());
    let list = |args: &[&str]| {
        let path = format!("{}:/usr/bin:/bin", bin.display());
        let mut command = place.command(TORCH, &[&["agents", "list", "--json"], args].concat());
        let ran = command.env("PATH", path).output().expect("runs");
        let out = String::from_utf8(ran.stdout).expect("text");
        let line = out.lines().find(|line| line.contains(r#""name":"claude""#));
        let listed: serde_json::Value = serde_json::from_str(line.expect("listed")).expect("JSON");
        listed["installed"]["version"]
            .as_str()
            .expect("a version")
            .to_owned()
    };
    install("1.0.1");
    assert_eq!((list(&[]), times()), ("1.0.1".to_owned(), 1));
    assert_eq!((list(&[]), times()), ("1.0.1".to_owned(), 1));
    assert_eq!((list(&["--fresh"]), times()), ("1.0.1".to_owned(), 2));
    install("1.0.2");
    assert_eq!((list(&[]), times()), ("1.0.2".to_owned(), 3));
    // What is wrong with the cache is no harm.
    let cache = place.path("home/.cache/torch/versions.json");
    std::fs::write(&cache, "no JSON").expect("written");
    assert_eq!((list(&[]), times()), ("1.0.2".to_owned(), 4));
    assert_eq!((list(&[]), times()), ("1.0.2".to_owned(), 4));
    std::fs::remove_file(&cache).expect("removed");
    std::fs::create_dir(&cache).expect("a folder in its place");
    assert_eq!((list(&[]), times()), ("1.0.2".to_owned(), 5));
}
