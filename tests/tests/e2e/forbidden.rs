//! What agents must not do with git: refused inside the agent itself, told to the hub once, open to the person.

use std::fs;

use torch_testing::{SCRIPTED, World};

use crate::place::git;

/// Every operation, as an agent would type it, and its rule. `BASE` is the team's base branch.
const TRIED: [(&str, &str); 7] = [
    ("git update-ref refs/heads/BASE HEAD", "git.move-parent"),
    ("git update-ref -d refs/heads/BASE", "git.delete-protected"),
    ("git push -q . HEAD:BASE", "git.push-protected"),
    (
        "git update-ref refs/heads/BASE-tester HEAD",
        "git.rewind-shared",
    ),
    ("git tag -f stable-x HEAD", "git.rewind-shared"),
    ("git branch -D integration/x", "git.delete-protected"),
    (
        "echo 'key = SECRET' > k.py; git add k.py; git commit -q -m k",
        "git.secret",
    ),
];

#[test]
fn an_agent_is_kept_from_what_it_must_not_do() {
    // Nobody else moves a branch meanwhile.
    let world = World::new().with("TORCH_FAST_LANE_ENABLED", "false");
    world.team("orchestrator,developer,tester", SCRIPTED);
    let project = world.project();
    let base = git(&world, &project, &["branch", "--show-current"]);
    let base = base.trim();
    let worktree = world.agent("developer").worktree;
    let remote = world.folder().join("remote.git").display().to_string();
    git(&world, &project, &["init", "-q", "--bare", &remote]);
    git(
        &world,
        &project,
        &["push", "-q", &remote, "HEAD:refs/heads/x"],
    );
    git(&world, &project, &["tag", "stable-x"]);
    git(&world, &project, &["branch", "integration/x"]);

    // Its own branch is its own.
    let own = "echo a > a; git add a; git commit -q -m a && git commit -q --amend -m b && git switch -q -c feature/x \
        && git switch -q - && git branch -D feature/x";
    world.run_as("developer", own).ok();
    // Beside what the remote has, so that only force would bring it there.
    let push = format!(
        "git switch -q --orphan beside && git commit -q --allow-empty -m b && git push -q -f '{remote}' HEAD:x; \
         pushed=$?; git switch -q {base}-developer; exit $pushed"
    );
    let ran = world.run_as("developer", &push);
    assert_ne!(ran.code, 0, "{ran}");
    ran.says("torch: refused by rule git.force-push");

    let before = git(&world, &project, &["for-each-ref"]);
    let secret = ["ghp_", "aZ9bY8cX7dW6eV5fU4gT3hS2iR1jQ0kPlOmN"].concat();
    for (script, rule) in TRIED {
        let script = script.replace("BASE", base).replace("SECRET", &secret);
        let ran = world.run_as("developer", &script);
        assert_ne!(ran.code, 0, "{ran}");
        ran.says(&format!("torch: refused by rule {rule}"))
            .says("instead: ");
    }
    assert_eq!(git(&world, &project, &["for-each-ref"]), before);

    // torch's own commit looks for secrets as well.
    world
        .run_as("developer", "torch commit -m k")
        .code(1)
        .says("k.py:1: GitHub token ghp_");
    assert_eq!(git(&world, &project, &["for-each-ref"]), before);

    // Each is one violation, however often, and the hub hears of it once.
    let script = format!("git update-ref refs/heads/{base} HEAD");
    world.run_as("developer", &script).says("git.move-parent");
    world.wait("every violation", || {
        let shown = world.torch(&["violations"]).ok().stdout;
        let mut rules = TRIED.iter().map(|(_, rule)| rule);
        rules.all(|rule| shown.contains(rule)) && shown.contains("git.force-push")
    });
    world.wait("the hub to hear", || {
        let heard = world.ledger("orchestrator");
        let told = heard
            .iter()
            .filter(|entry| entry.text.contains("broke rule git.move-parent"));
        told.count() == 1
    });
    let shown = world.torch(&["violations"]).ok().stdout;
    assert!(!shown.contains(&secret), "{shown}");

    // The status says how firm that is, and a person's own git is not touched.
    world
        .torch(&["status"])
        .ok()
        .prints("advice: hooks refuse what is forbidden");
    git(
        &world,
        &project,
        &["merge", "-q", &format!("{base}-developer")],
    );
    git(&world, &worktree, &["tag", "-f", "stable-x"]);
    git(&world, &worktree, &["branch", "-D", "integration/x"]);
    let config = fs::read_to_string(project.join(".git/config")).expect("a config");
    assert!(!config.contains("hooksPath"), "{config}");
}

#[test]
fn where_a_person_commits_git_itself_refuses_the_agent() {
    let world = World::new();
    fs::write(
        world.project().join("torch.toml"),
        "policy = \"review-only\"\n",
    )
    .expect("a file");
    world.team("orchestrator,developer", SCRIPTED);
    let worktree = world.agent("developer").worktree;
    let head = git(&world, &worktree, &["rev-parse", "HEAD"]);
    for script in [
        "echo x > new; git add new; git commit -q -m mine",
        "git commit -q --no-verify -m mine",
        "git push -q . HEAD:refs/heads/x",
    ] {
        let ran = world.run_as("developer", script);
        assert_ne!(ran.code, 0, "{ran}");
        ran.says("torch: refused by rule commit.forbidden");
    }
    world
        .run_as("developer", "git status && git diff HEAD && git log -1")
        .ok();
    assert_eq!(git(&world, &worktree, &["rev-parse", "HEAD"]), head);
    git(&world, &worktree, &["commit", "-q", "-m", "reviewed"]);
}
