//! What the policy holds back, asked for by the model: each program's own hook denies the tool call, the model reads why, nothing of the
//! command runs, and the turn goes on.

use std::fs;

use serde_json::json;
use torch_testing::RealWorld;
use torch_testing::model::Scenario;

use crate::dialogs_others::trusted_gemini;
use crate::team::{ROLE, raise, world};

/// What is denied before it runs, and by which rule; BASE is the branch that the team started on.
const DENIED: [(&str, &str); 3] = [
    ("git push --force origin HEAD", "git.force-push"),
    ("git branch -D BASE", "git.delete-protected"),
    ("git commit --no-verify -m x", "git.skip-hooks"),
];

/// Gemini CLI's own rule: it asks about nothing here.
const MAY_RUN: &str = "[[rule]]
toolName = \"run_shell_command\"
decision = \"allow\"
priority = 200
";

/// A team of a program that may run every command unasked: what is denied is denied by torch.
fn team(name: &str) -> Option<RealWorld> {
    let world = world("forbidden", name, |setup| match name {
        "claude" => setup.settings(json!({"permissions": {"allow": ["Bash"]}})),
        _ => setup,
    })?;
    // So that there is something to take back that others have.
    let project = world.project().display().to_string();
    let words = [
        "-C",
        &project,
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "more",
    ];
    world.run(&world.command("git").args(words)).ok();
    if name == "gemini" {
        let policies = world.folder().join("home/.gemini/policies");
        fs::create_dir_all(&policies).expect("a folder");
        fs::write(policies.join("all.toml"), MAY_RUN).expect("a policy");
        trusted_gemini(&world);
        return Some(world);
    }
    let world = match name {
        "claude" | "codex" => world.with("TORCH_AGENTS_MODE", "accept-edits"),
        _ => world,
    };
    raise(&world, name);
    Some(world)
}

fn git(world: &RealWorld, args: &[&str]) -> String {
    let cwd = world.agent(ROLE).worktree.display().to_string();
    let words = [&["-C", cwd.as_str()], args].concat();
    let ran = world.run(&world.command("git").args(words)).ok();
    ran.stdout.trim().to_owned()
}

/// `resets`: whether the program's shell may write to git's own files, so that git's hooks are asked at all.
fn denies(name: &str, resets: bool) {
    let Some(world) = team(name) else {
        return;
    };
    let worktree = world.agent(ROLE).worktree;
    let (head, refs) = (
        git(&world, &["rev-parse", "HEAD"]),
        git(&world, &["for-each-ref", "refs/heads"]),
    );
    let branch = git(&world, &["branch", "--show-current"]);
    let base = branch.trim_end_matches(&format!("-{ROLE}"));
    let mut turn: Vec<String> = Vec::new();
    for (number, (command, _)) in DENIED.iter().enumerate() {
        let command = command.replace("BASE", base);
        turn.push(format!("bash touch ran-{number}; {command}"));
    }
    turn.push("bash git reset -q --hard HEAD~1; touch went-on".to_owned());
    turn.push("say the end".to_owned());
    let turn = turn
        .iter()
        .map(|it| it.parse::<Scenario>().expect("a scenario"));
    world.model().next(turn);
    let asked = world.post(ROLE, "try what is forbidden");
    world.wait_consumed(&asked);
    world.wait("the end of the turn", || worktree.join("went-on").exists());
    world.wait_quiet(ROLE);
    let requests = world.requests();
    let main = requests.iter().filter(|request| request.is_main());
    let told: Vec<&String> = main.flat_map(|request| &request.tool_results).collect();
    for (number, (command, rule)) in DENIED.iter().enumerate() {
        let result = told
            .iter()
            .find(|result| result.contains(&format!("refused by rule {rule}")));
        let Some(result) = result else {
            panic!(
                "{command}: the model was not told: {told:#?}\n{}",
                world.whole_picture()
            );
        };
        assert!(result.contains("instead: "), "{command}: {result}");
        let ran = worktree.join(format!("ran-{number}"));
        assert!(!ran.exists(), "{command}: a part of it ran: {result}");
    }
    if resets {
        let told = told
            .iter()
            .any(|it| it.contains("refused by rule git.rewind-shared"));
        assert!(told, "{}", world.whole_picture());
    }
    assert_eq!(git(&world, &["rev-parse", "HEAD"]), head);
    assert_eq!(git(&world, &["for-each-ref", "refs/heads"]), refs);
    world.wait("the violations", || {
        let shown = world.torch(&["violations"]).stdout;
        DENIED.iter().all(|(_, rule)| shown.contains(rule))
    });
}

#[test]
fn claude() {
    denies("claude", true);
}

#[test]
fn codex() {
    // Its sandbox lets no shell write to git's files: there is nothing left for git's hooks to refuse.
    denies("codex", false);
}

#[test]
fn gemini() {
    denies("gemini", true);
}
