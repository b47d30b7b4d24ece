//! The git broker with real repositories and the demo agent's own shell: what goes through, what does not, and what a kill leaves.

mod reach;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use torch_testing::{DEADLINE, SCRIPTED, World};

use crate::recovery::daemon_that_ends_at;

/// Runs git as a person, without any configuration.
fn git(world: &World, cwd: &Path, args: &[&str]) -> String {
    let cwd = cwd.display().to_string();
    let words = [&["-C", cwd.as_str()], args].concat();
    let ran = world.run(&world.command("git").args(words));
    ran.ok().stdout.trim().to_owned()
}

/// Where a branch of a repository stands.
fn at(world: &World, place: &Path, branch: &str) -> Option<String> {
    let place = place.display().to_string();
    let name = format!("refs/heads/{branch}");
    let args = ["-C", &place, "rev-parse", "--verify", "-q", &name];
    let ran = world.run(&world.command("git").args(args));
    Some(ran.stdout.trim().to_owned()).filter(|id| !id.is_empty())
}

/// A team whose project has a bare repository on disk as its remote, and a broker; its agents were launched with it.
fn staged(world: &World, roles: &str) -> PathBuf {
    let remote = world.folder().join("remote.git");
    let path = remote.display().to_string();
    git(world, world.folder(), &["init", "-q", "--bare", &path]);
    let project = world.project();
    git(world, &project, &["remote", "add", "origin", &path]);
    git(world, &project, &["push", "-q", "origin", "HEAD"]);
    world.team(roles, SCRIPTED);
    let on = world.torch(&["git", "broker", "on"]).ok();
    assert!(on.stdout.contains("launched before"), "{on}");
    // What runs already has the environment of before.
    world.torch(&["stop"]).ok();
    world.torch(&["resume"]).ok();
    world.wait("the agents", || {
        world.agents().iter().all(|agent| agent.briefed)
    });
    remote
}

/// The pushes that were taken.
fn log(world: &World) -> Vec<Value> {
    let ran = world.torch(&["git", "broker", "log", "--json"]).ok();
    let rows = ran.stdout.lines();
    rows.map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

fn state(push: &Value) -> &str {
    push["state"]["state"].as_str().unwrap_or_default()
}

/// A commit on a branch of the developer's.
const WORK: &str = "git checkout -q -B feature/login && git -c user.name=d -c user.email=d@x commit -q --allow-empty -m 'the login'";

/// Forced, deleted, to the parent, of another role, to the remote's folder by another name: nothing of it comes through, and all of it is told.
fn refuses_what_may_not_go(world: &World, remote: &Path, base: &str) {
    // By an agent that passes torch's hooks by.
    for (command, rule) in [
        (format!("git push origin HEAD:{base}"), "push.parent"),
        ("git push origin HEAD:pm-feature/x".to_owned(), "push.other-role"),
        ("git push origin :feature/login".to_owned(), "push.deletion"),
        (
            "git -c user.name=d -c user.email=d@x commit -q --amend --allow-empty -m other && git push --force origin feature/login".to_owned(),
            "push.forced",
        ),
        ("git tag v9 && git push origin v9".to_owned(), "push.tag"),
        // The remote's folder by another of its names.
        (format!("git push file://{}/ HEAD:refs/heads/evil", remote.display()), "push.name"),
    ] {
        let command = command.replace("git ", "git -c core.hooksPath=/dev/null ");
        let ran = world.run_as("developer", &command);
        assert_ne!(ran.code, 0, "{command}: {ran}");
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains(rule) || rule == "push.deletion", "{command}: {ran}");
    }
    assert_eq!(at(world, remote, "evil"), None);
    // All of it is listed, and a violation; what git itself refuses never came to torch.
    let pushes = log(world);
    let came = pushes.iter().filter(|push| state(push) == "forwarded");
    assert_eq!(came.count(), 1);
    let violations = world.torch(&["violations"]).ok().stdout;
    for rule in [
        "push.parent",
        "push.other-role",
        "push.forced",
        "push.tag",
        "push.name",
    ] {
        let is_it = |push: &&Value| state(push) == "refused" && push["rule"] == rule;
        assert_eq!(pushes.iter().filter(is_it).count(), 1, "{rule}: {pushes:?}");
        assert!(violations.contains(rule), "{rule}: {violations}");
    }
}

#[test]
fn an_agents_pushes_go_through_the_broker_and_no_other_way() {
    let world = World::new();
    let remote = staged(&world, "orchestrator,developer");
    let main = git(&world, &world.project(), &["rev-parse", "HEAD"]);
    let base = git(&world, &world.project(), &["branch", "--show-current"]);
    let ran = world.run_as(
        "developer",
        &format!("{WORK} && git push -u origin feature/login"),
    );
    ran.ok();
    let pushed = world.wait_for(DEADLINE, "the branch at the remote", || {
        at(&world, &remote, "feature/login")
    });
    let note = "refs/remotes/origin/feature/login";
    assert_eq!(git(&world, &world.project(), &["rev-parse", note]), pushed);
    world.wait("its record", || state(&log(&world)[0]) == "forwarded");
    // The person's own push goes where it went before.
    let to = git(
        &world,
        &world.project(),
        &["remote", "get-url", "--push", "origin"],
    );
    assert_eq!(to, remote.display().to_string());
    refuses_what_may_not_go(&world, &remote, &base);
    assert_eq!(at(&world, &remote, "feature/login"), Some(pushed));
    assert_eq!(at(&world, &remote, &base), Some(main));
    // A hook of the remote that refuses is told to the agent, once; its note of the remote is right again.
    let hook = remote.join("hooks/pre-receive");
    fs::create_dir_all(remote.join("hooks")).expect("made");
    fs::write(&hook, "#!/bin/sh\necho no tabs >&2\nexit 1\n").expect("written");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("set");
    world
        .run_as(
            "developer",
            "git checkout -q -b feature/tabs && git push -q origin feature/tabs",
        )
        .ok();
    world.wait("the refusal", || {
        let told = world.ledger("developer");
        told.iter()
            .any(|it| it.kind == "prompt" && it.text.contains("no tabs"))
    });
    let refused = "refs/remotes/origin/feature/tabs";
    world.wait("the note of the remote", || {
        let args = ["rev-parse", "--verify", "-q", refused];
        world
            .run(&world.command("git").args(args))
            .stdout
            .is_empty()
    });
    let shown = world.torch(&["git", "broker", "status"]).ok();
    assert!(
        shown.stdout.contains("advice"),
        "a folder lets everybody in: {shown}"
    );
    world
        .torch(&["git", "broker", "log"])
        .ok()
        .prints("no tabs");
    world.torch(&["stop"]).ok();
    world.torch(&["audit", "verify"]).ok();
}

#[test]
fn a_secret_that_no_hook_looked_at_does_not_come_through() {
    let world = World::new();
    let remote = staged(&world, "orchestrator,developer");
    let secret = ["ghp", "_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"].concat();
    let commit = "git -c user.name=d -c user.email=d@x commit -q --no-verify";
    let hidden = format!(
        "git checkout -q -B feature/login && mkdir src && printf 'a = 1\\nkey = \"{secret}\"\\n' > src/a.py && git add src && {commit} -m key \
         && printf 'a = 1\\n' > src/a.py && {commit} -a -m gone"
    );
    let hidden = hidden.replace("git checkout", "export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.hooksPath GIT_CONFIG_VALUE_0=/dev/null; git checkout");
    world.run_as("developer", &hidden).ok();
    let id = world
        .run_as("developer", "git rev-parse --short=12 HEAD~1")
        .ok();
    let ran = world.run_as("developer", "git push --no-verify origin feature/login");
    assert_ne!(ran.code, 0, "{ran}");
    let place = format!("src/a.py:2 in {}: GitHub token", id.stdout.trim());
    assert!(ran.stderr.contains(&place), "{ran}");
    assert!(ran.stderr.contains("rule push.secret"), "{ran}");
    assert!(!ran.stderr.contains(&secret[..8]), "{ran}");
    assert_eq!(at(&world, &remote, "feature/login"), None);
    let refused = log(&world);
    assert_eq!((refused.len(), state(&refused[0])), (1, "refused"));
    world.wait("what is told of it", || {
        let told = world.torch(&["violations"]);
        told.stdout.contains("src/a.py:2")
    });
    // Without that commit it goes through.
    world
        .run_as(
            "developer",
            &format!("git reset -q --soft HEAD~2 && {commit} -m login"),
        )
        .ok();
    world
        .run_as("developer", "git push -q origin feature/login")
        .ok();
    world.wait("the branch at the remote", || {
        at(&world, &remote, "feature/login").is_some()
    });
    world.torch(&["stop"]).ok();
    world.torch(&["audit", "verify"]).ok();
}

#[test]
fn a_kill_between_accept_and_forward_or_after_it_changes_nothing_at_the_remote() {
    let world = World::new();
    let remote = staged(&world, "orchestrator,developer");
    world.run_as("developer", WORK).ok();
    for (number, point) in ["push.taken", "push.landed", "did-push"].iter().enumerate() {
        let branch = format!("feature/{number}");
        let go = world.folder().join(format!("go{number}"));
        // The push begins once the daemon is there that dies at this point.
        let script = format!(
            "git checkout -q -b {branch}; (while [ ! -e '{0}' ]; do sleep 0.1; done; git push -q origin {branch}; touch '{0}.done') >/dev/null 2>&1 &",
            go.display()
        );
        world.run_as("developer", &script).ok();
        let pid = daemon_that_ends_at(&world, point);
        fs::write(&go, "").expect("written");
        let done = go.with_file_name(format!("go{number}.done"));
        world.wait("the end of the push", || done.exists());
        world.wait("another daemon", || {
            let status = world.torch(&["status", "--json"]);
            let status: Value = serde_json::from_str(&status.stdout).unwrap_or_default();
            status["daemon"]["pid"]
                .as_u64()
                .is_some_and(|now| now != u64::from(pid))
        });
        // Where its answer was lost, git has taken nothing, and the agent pushes again; else this is no push.
        world
            .run_as("developer", &format!("git push -q origin {branch}"))
            .ok();
        let pushed = world.wait_for(DEADLINE, "the branch at the remote", || {
            at(&world, &remote, &branch)
        });
        let own = git(&world, &world.project(), &["rev-parse", &branch]);
        assert_eq!(pushed, own, "{point}");
        world.wait("its record", || {
            let name = format!("refs/heads/{branch}");
            let log = log(&world);
            log.iter()
                .any(|push| push["reference"] == name.as_str() && state(push) == "forwarded")
        });
    }
    world.torch(&["stop"]).ok();
    world.torch(&["audit", "verify"]).ok();
}
