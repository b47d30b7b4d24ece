//! torch's hooks in the real git of an agent: what they hold back, and that the project's own hooks run as before.

mod desk;
mod lfs;

use std::fs;
use std::time::Instant;

use desk::Desk;
use torch_core::policy::{AgentCommits, SecretCheck};

/// Every kind of repository whose references lie elsewhere or are named otherwise; a git that can't make one has none.
fn kinds() -> Vec<Desk> {
    let mut all = vec![Desk::new(), Desk::of_kind(&["--object-format=sha256"])];
    let probe = tempfile::tempdir().expect("a folder");
    let spec = torch_process::CommandSpec::new(
        "git",
        probe.path(),
        std::env::vars_os().collect(),
        std::time::Duration::from_secs(30),
    );
    let made = torch_process::run(&spec.args(["init", "-q", "--ref-format=reftable"]));
    if made.expect("git runs").success() {
        all.push(Desk::of_kind(&["--ref-format=reftable"]));
    }
    all
}

#[test]
fn an_agent_works_at_home_and_moves_nobody_elses_branch() {
    for desk in kinds() {
        assert!(desk.commit("a").success() && desk.commit("b").success());
        desk.git(&["commit", "-q", "--amend", "-m", "better"]);
        desk.git(&["reset", "-q", "--hard", "HEAD~1"]);
        desk.git(&["switch", "-q", "-c", "feature/x"]);
        assert!(desk.commit("c").success());
        desk.git(&["branch", "-m", "feature/y"]);
        desk.git(&["switch", "-q", "trunk-developer"]);
        desk.git(&["merge", "-q", "--no-ff", "-m", "merge", "feature/y"]);
        desk.git(&["branch", "-D", "feature/y"]);
        desk.git(&["tag", "v1"]);
        desk.git(&["tag", "-d", "v1"]);
        desk.git(&["stash", "list"]);
        desk.git(&["pack-refs", "--all"]);
        desk.git(&["gc", "-q"]);
        assert_eq!(desk.told(), []);

        let parent = "git.move-parent";
        desk.refused(&["update-ref", "refs/heads/trunk", "HEAD"], parent);
        let value = desk.git(&["rev-parse", "trunk"]);
        desk.refused(&["update-ref", "refs/heads/trunk", "HEAD", &value], parent);
        let shared = "git.rewind-shared";
        desk.refused(&["update-ref", "refs/heads/trunk-tester", "HEAD"], shared);
        desk.person(&desk.project, &["tag", "stable-x-1"]);
        desk.refused(&["tag", "-f", "stable-x-1", "HEAD"], shared);
        desk.person(&desk.project, &["update-ref", "refs/torch/kept/x", "HEAD"]);
        let deleted = "git.delete-protected";
        for name in [
            "refs/heads/trunk",
            "refs/tags/stable-x-1",
            "refs/torch/kept/x",
        ] {
            desk.refused(&["update-ref", "-d", name], deleted);
            let value = desk.git(&["rev-parse", name]);
            desk.refused(&["update-ref", "-d", name, &value], deleted);
        }
        // Packed ones are no other case, and packing is none at all.
        desk.git(&["pack-refs", "--all", "--prune"]);
        desk.refused(&["update-ref", "-d", "refs/heads/trunk"], deleted);
        let value = desk.git(&["rev-parse", "trunk"]);
        desk.refused(&["update-ref", "-d", "refs/heads/trunk", &value], deleted);
        desk.person(
            &desk.project,
            &["branch", "integration/daily", "trunk-developer"],
        );
        desk.refused(&["branch", "-f", "integration/daily", "trunk"], shared);
        desk.refused(&["branch", "-D", "integration/daily"], deleted);
        // A person may, in the same repository and in the agent's own worktree.
        desk.person(&desk.own, &["branch", "-D", "integration/daily"]);
        desk.person(&desk.project, &["merge", "-q", "trunk-developer"]);
        desk.person(&desk.project, &["fsck", "--no-progress"]);
    }
}

#[test]
fn what_was_merged_or_pushed_is_not_taken_back() {
    let desk = Desk::new();
    let remote = desk.root().join("remote.git").display().to_string();
    desk.person(
        &desk.project,
        &["init", "-q", "--bare", "-b", "trunk", &remote],
    );
    desk.person(&desk.project, &["remote", "add", "origin", &remote]);
    desk.person(&desk.project, &["push", "-q", "origin", "trunk"]);
    desk.person(&desk.project, &["remote", "set-head", "origin", "trunk"]);
    assert!(desk.commit("a").success());
    desk.git(&["push", "-q", "-u", "origin", "trunk-developer"]);
    assert!(desk.commit("b").success());
    // What only its own branch has may go; what the remote has may not.
    desk.git(&["reset", "-q", "--hard", "HEAD~1"]);
    desk.refused(&["reset", "-q", "--hard", "HEAD~1"], "git.rewind-shared");
    // git has put the files back by then, though not the branch.
    desk.git(&["reset", "-q", "--hard"]);
    desk.refused(
        &["commit", "-q", "--amend", "-m", "other"],
        "git.rewind-shared",
    );
    // Another branch at the same place, pushed back over it.
    desk.git(&["switch", "-q", "-c", "feature/x", "HEAD~1"]);
    assert!(desk.commit("c").success());
    let force = "git.force-push";
    desk.refused(
        &["push", "-q", "--force", "origin", "HEAD:trunk-developer"],
        force,
    );
    desk.refused(&["push", "-q", "origin", "+HEAD:trunk-developer"], force);
    let protected = "git.push-protected";
    desk.refused(&["push", "-q", "origin", "HEAD:trunk"], protected);
    desk.refused(&["push", "-q", ".", "HEAD:trunk"], protected);
    desk.refused(&["push", "-q", "origin", ":trunk"], "git.delete-protected");
    desk.git(&["push", "-q", "origin", "HEAD"]);
    desk.git(&["push", "-q", "origin", ":feature/x"]);
    // The main branch of the remote is protected where the team started on another one, too.
    desk.rules(|rules| rules.parent = "develop".to_owned());
    desk.refused(&["push", "-q", "origin", "HEAD:trunk"], protected);
    desk.refused(
        &["update-ref", "refs/heads/trunk", "HEAD"],
        "git.move-parent",
    );
    // Merged without a push is as good.
    desk.rules(|rules| rules.parent = "trunk".to_owned());
    desk.person(
        &desk.project,
        &["merge", "-q", "--no-ff", "-m", "m", "feature/x"],
    );
    desk.refused(&["reset", "-q", "--hard", "HEAD~1"], "git.rewind-shared");
}

#[test]
fn where_a_person_commits_reading_is_free() {
    let desk = Desk::new();
    desk.rules(|rules| rules.commits = AgentCommits::Forbidden);
    desk.file(&desk.own, "a", "text\n");
    desk.git(&["add", "a"]);
    desk.refused(&["commit", "-q", "-m", "a"], "commit.forbidden");
    desk.refused(
        &["commit", "-q", "--no-verify", "-m", "a"],
        "commit.forbidden",
    );
    for args in [
        &["status"][..],
        &["diff", "HEAD"],
        &["log"],
        &["show"],
        &["blame", "file"],
    ] {
        desk.git(args);
    }
    desk.person(&desk.own, &["commit", "-q", "-m", "a"]);
    desk.refused(
        &["push", "-q", ".", "HEAD:refs/heads/x"],
        "commit.forbidden",
    );
}

#[test]
fn a_secret_is_not_committed() {
    let desk = Desk::new();
    let secret = ["ghp_", "aZ9bY8cX7dW6eV5fU4gT3hS2iR1jQ0kPlOmN"].concat();
    desk.file(
        &desk.own,
        "src/a b.py",
        &format!("import x\nkey = '{secret}'\n"),
    );
    desk.git(&["add", "."]);
    desk.refused(&["commit", "-q", "-m", "a"], "git.secret");
    let (_, evidence) = desk.told().pop().expect("told");
    assert_eq!(evidence, "src/a b.py:2: GitHub token ghp_… (40 characters)");
    // By `-a` and by names as well, in which git uses another index.
    desk.refused(&["commit", "-q", "-a", "-m", "a"], "git.secret");
    desk.refused(&["commit", "-q", "-m", "a", "src"], "git.secret");
    desk.rules(|rules| rules.secrets = SecretCheck::Warn);
    let output = desk.try_git(&["commit", "-q", "-m", "a"]);
    assert!(output.success() && output.error_text().contains("warned by rule git.secret"));
    desk.rules(|_| {});
    // It was there before: only what a commit adds is looked at.
    assert!(desk.commit("b").success());
    desk.file(&desk.own, "c", &format!("{secret} # torch:allow-secret\n"));
    desk.git(&["add", "c"]);
    desk.git(&["commit", "-q", "-m", "c"]);
    desk.file(&desk.own, ".env", "PORT=1\n");
    desk.git(&["add", "-f", ".env"]);
    desk.refused(&["commit", "-q", "-m", "env"], "git.secret");
    desk.rules(|rules| rules.secrets = SecretCheck::Off);
    desk.git(&["commit", "-q", "-m", "env"]);
}

#[test]
fn the_projects_hooks_run_as_before() {
    // In the repository; in a folder of the worktree (husky's way); at an absolute place; of the person.
    for kind in 0..4 {
        let desk = Desk::new();
        let folder = match kind {
            0 => desk.project.join(".git/hooks"),
            1 => desk.own.join(".husky"),
            _ => desk.root().join("hooks"),
        };
        let place = folder.display().to_string();
        match kind {
            1 => drop(desk.person(&desk.project, &["config", "core.hooksPath", ".husky"])),
            2 => drop(desk.person(&desk.project, &["config", "core.hooksPath", &place])),
            3 => drop(desk.person(
                &desk.project,
                &["config", "--global", "core.hooksPath", &place],
            )),
            _ => {}
        }
        for name in torch_daemon::git_hooks::NAMES {
            desk.hook(&folder, name, 0);
        }
        let run = |git: &dyn Fn(&[&str]) -> String| {
            desk.log();
            desk.file(&desk.own, "x", "x\n");
            git(&["add", "x"]);
            git(&["commit", "-q", "-m", "x"]);
            git(&["push", "-q", ".", "HEAD:refs/heads/copy"]);
            git(&[
                "-c",
                "advice.detachedHead=false",
                "checkout",
                "-q",
                "--detach",
            ]);
            git(&["checkout", "-q", "trunk-developer"]);
            git(&["update-ref", "-d", "refs/heads/copy"]);
            git(&["reset", "-q", "--hard", "HEAD~1"]);
            desk.log()
        };
        let times = |log: &str| log.replace(|c: char| c.is_ascii_hexdigit(), "");
        let as_person = run(&|args| desk.person(&desk.own, args));
        let as_agent = run(&|args| desk.git(args));
        assert_eq!(times(&as_person), times(&as_agent), "kind {kind}");
        assert!(as_agent.contains("pre-push 2: . ."), "{as_agent}");
        assert!(as_agent.contains("prepare-commit-msg"), "{as_agent}");
        // A no is a no, and what is not executable is none.
        desk.hook(&folder, "commit-msg", 1);
        assert!(!desk.commit("y").success());
        desk.file(&folder, "commit-msg", "#!/bin/sh\nexit 1\n");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        fs::set_permissions(folder.join("commit-msg"), mode).expect("set");
        assert!(desk.commit("y").success());
        desk.hook(&folder, "pre-push", 7);
        assert!(
            !desk
                .try_git(&["push", "-q", ".", "HEAD:refs/heads/z"])
                .success()
        );
        desk.hook(&folder, "reference-transaction", 1);
        assert!(!desk.try_git(&["branch", "z"]).success());
    }
}

#[test]
fn other_repositories_and_other_people_are_left_alone() {
    let desk = Desk::new();
    // An agent's tests make repositories of their own, on any branch.
    let elsewhere = desk.root().join("elsewhere");
    let script = format!(
        "set -e; git init -q -b trunk '{0}'; cd '{0}'; git commit -q --allow-empty -m a; git commit -q --allow-empty -m b; \
         git reset -q --hard HEAD~1; git branch x; git branch -D x; git clone -q . copy; cd copy; git commit -q --allow-empty -m c; \
         git push -q --force origin HEAD:refs/heads/y; cd ..; git -c receive.denyCurrentBranch=updateInstead -C . status -s",
        elsewhere.display()
    );
    let output = desk.shell(&script);
    assert!(output.success(), "{}", output.error_text());
    // A setting of the call itself stands beside torch's, and takes nothing away.
    desk.git(&[
        "-c",
        "user.name=other",
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "x",
    ]);
    assert_eq!(desk.git(&["log", "-1", "--format=%an"]), "ann");
    desk.refused(
        &[
            "-c",
            "user.name=x",
            "update-ref",
            "refs/heads/trunk",
            "HEAD",
        ],
        "git.move-parent",
    );
    // Nothing was written to the repository or to the person's configuration.
    let config = fs::read_to_string(desk.project.join(".git/config")).expect("read");
    assert!(!config.contains("hooksPath"), "{config}");
    assert!(!desk.project.join(".git/hooks/pre-push").exists());
    // Without torch, or without rules, nobody is held up.
    let rest = "git commit -q --allow-empty -m y && git update-ref refs/heads/trunk HEAD";
    let output = desk.shell(&format!("unset TORCH_GIT_RULES; {rest}"));
    assert!(output.success(), "{}", output.error_text());
    torch_daemon::git_hooks::lay(&desk.home(), std::path::Path::new("/nonexistent/torch"))
        .expect("laid");
    let output = desk.shell(rest);
    assert!(output.success(), "{}", output.error_text());
}

#[test]
fn a_submodule_is_a_repository_of_its_own() {
    let desk = Desk::new();
    let library = desk.root().join("library");
    let place = library.display().to_string();
    desk.person(&desk.project, &["clone", "-q", ".", &place]);
    desk.git(&["submodule", "--quiet", "add", &place, "library"]);
    desk.git(&["commit", "-q", "-m", "library"]);
    let script = "cd library && git checkout -q trunk && git commit -q --allow-empty -m x && git reset -q --hard HEAD~1";
    let output = desk.shell(script);
    assert!(output.success(), "{}", output.error_text());
    assert_eq!(desk.told(), []);
}

#[test]
fn hooks_are_found_wherever_git_may_be_told_of_them() {
    let elsewhere = |desk: &Desk| desk.root().join("hooks").display().to_string();
    let said = |desk: &Desk| format!("[core]\n\tHOOKSPATH = {}\n", elsewhere(desk));
    // What the repository's own folder has is not run then.
    let check = |kind: &str, before: &dyn Fn(&Desk) -> String| {
        let desk = Desk::new();
        desk.hook(&desk.project.join(".git/hooks"), "post-commit", 0);
        desk.hook(&desk.root().join("hooks"), "commit-msg", 0);
        let script = before(&desk);
        let output = desk.shell(&format!("{script} git commit -q --allow-empty -m x"));
        assert!(output.success(), "{kind}: {}", output.error_text());
        let log = desk.log();
        assert!(log.starts_with("commit-msg 1: "), "{kind}: {log:?}");
        assert!(!log.contains("post-commit"), "{kind}: {log:?}");
    };
    check("a file that is included", &|desk| {
        let path = desk.root().join("more");
        fs::write(&path, said(desk)).expect("written");
        let path = path.display().to_string();
        desk.person(&desk.project, &["config", "include.path", &path]);
        String::new()
    });
    check("a file that is included for this branch", &|desk| {
        let path = desk.root().join("more");
        fs::write(&path, said(desk)).expect("written");
        let key = "includeIf.onbranch:trunk-developer.path";
        let path = path.display().to_string();
        desk.person(&desk.project, &["config", "--global", key, &path]);
        String::new()
    });
    check("the worktree's own file", &|desk| {
        desk.person(
            &desk.project,
            &["config", "extensions.worktreeConfig", "true"],
        );
        let place = elsewhere(desk);
        desk.person(
            &desk.own,
            &["config", "--worktree", "core.hooksPath", &place],
        );
        String::new()
    });
    check("another file of the person", &|desk| {
        let folder = desk.root().join(".config/git");
        fs::create_dir_all(&folder).expect("made");
        fs::write(folder.join("config"), said(desk)).expect("written");
        "unset GIT_CONFIG_GLOBAL;".to_owned()
    });
    check("another file of the system", &|desk| {
        let path = desk.root().join("system");
        fs::write(&path, said(desk)).expect("written");
        let path = path.display();
        format!("unset GIT_CONFIG_NOSYSTEM; export GIT_CONFIG_SYSTEM='{path}';")
    });
    check("a long file", &|desk| {
        let path = desk.root().join("gitconfig");
        let text = "[protocol \"file\"]\n\tallow = always\n".repeat(100) + &said(desk);
        fs::write(path, text).expect("written");
        String::new()
    });
    check("the environment", &|desk| {
        let place = elsewhere(desk);
        format!(
            "export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.hooksPath GIT_CONFIG_VALUE_0='{place}';"
        )
    });
}

/// Each hook of a commit is a script; it starts git only where a file of the configuration may say where hooks lie.
#[test]
fn a_commit_at_home_starts_no_git_to_find_hooks() {
    let starts = |desk: &Desk, args: &str| {
        let trace = desk.root().join("trace");
        let place = trace.display();
        let output = desk.shell(&format!("GIT_TRACE2_EVENT='{place}' git {args}"));
        assert!(output.success(), "{}", output.error_text());
        let text = fs::read_to_string(&trace).expect("traced");
        fs::remove_file(&trace).expect("removed");
        let events = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
        let started: Vec<String> = events
            .filter(|event| event["event"] == "start")
            .map(|event| event["argv"].to_string())
            .collect();
        started
    };
    let desk = Desk::new();
    desk.hook(&desk.project.join(".git/hooks"), "post-commit", 0);
    desk.file(&desk.own, "a", "text\n");
    desk.git(&["add", "a"]);
    let started = starts(&desk, "commit -q -m a");
    // Its own upkeep aside: one look at what is staged, for secrets, and nothing to see whether the branch goes forward.
    let by_hooks = started.iter().filter(|argv| {
        !argv.contains("\"maintenance\"") && !argv.starts_with("[\"git\",\"commit\"")
    });
    let by_hooks: Vec<&String> = by_hooks.collect();
    assert_eq!(by_hooks.len(), 1, "{started:#?}");
    assert!(by_hooks[0].contains("--cached"), "{started:#?}");
    assert!(desk.log().contains("post-commit"));
    // The measure counts: where a file may say more, git is asked.
    desk.person(
        &desk.project,
        &["config", "include.path", "/nonexistent/file"],
    );
    let started = starts(&desk, "commit -q --allow-empty -m b");
    assert!(
        started.iter().any(|argv| argv.contains("rev-parse")),
        "{started:#?}"
    );
}

#[test]
fn a_branch_is_not_renamed_onto_a_protected_one() {
    for desk in [Desk::new(), Desk::of_kind(&["--object-format=sha256"])] {
        for name in ["integration/daily", "trunk-devops"] {
            desk.person(&desk.project, &["branch", name, "trunk"]);
        }
        desk.rules(|rules| {
            let role = torch_core::RoleName::parse("devops").expect("a role");
            rules.others.insert("trunk-devops".to_owned(), role);
        });
        desk.git(&["branch", "feature/x"]);
        for packed in [false, true] {
            if packed {
                desk.git(&["pack-refs", "--all", "--prune"]);
            }
            for onto in ["integration/daily", "trunk-devops"] {
                desk.refused(&["branch", "-M", "feature/x", onto], "git.delete-protected");
                let (_, evidence) = desk.told().pop().expect("told");
                let expect = format!("{onto} is replaced by feature/x; it is ");
                assert!(evidence.starts_with(&expect), "{evidence}");
            }
        }
        // Nor under a name of one's own for it.
        desk.person(&desk.project, &["config", "alias.put", "branch -M"]);
        desk.refused(
            &["put", "feature/x", "integration/daily"],
            "git.delete-protected",
        );
        // Over its own one it may.
        desk.git(&["branch", "feature/y"]);
        desk.git(&["branch", "-M", "feature/x", "feature/y"]);
        // A name that nobody has is nobody's.
        desk.git(&["branch", "-m", "feature/y", "feature/z"]);
    }
}

/// No measure of a fast machine, but a bound that a hook which asks too much would pass.
#[test]
fn a_commit_stays_quick() {
    let desk = Desk::new();
    let timed = |git: &dyn Fn(&[&str])| {
        let from = Instant::now();
        for _ in 0..5 {
            git(&["commit", "-q", "--allow-empty", "-m", "x"]);
        }
        from.elapsed() / 5
    };
    let without = timed(&|args| drop(desk.person(&desk.own, args)));
    let with = timed(&|args| drop(desk.git(args)));
    assert!(
        with < without + std::time::Duration::from_secs(2),
        "{without:?}, {with:?}"
    );
    if std::env::var_os("TORCH_SHOW_TIMES").is_some() {
        panic!("a commit without: {without:?}, with: {with:?}");
    }
}
