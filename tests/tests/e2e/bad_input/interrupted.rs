//! Ctrl-C in the middle of `torch auto`: exit code 130, and nothing is left behind.

use std::fs;
use std::path::PathBuf;

use torch_process::{DetachedChild, spawn_detached};
use torch_testing::{DEADLINE, World};

use super::{Untouched, no_worktrees};

/// Agents whose programs run and never become ready, so that raising them lasts.
const NEVER_READY: &str = "ready = false";
/// Agents that become ready and take no briefing.
const NEVER_BRIEFED: &str = "ignore_input = true";

/// A `torch auto` under way.
struct Raising<'a> {
    world: &'a World,
    child: DetachedChild,
    log: PathBuf,
}

impl<'a> Raising<'a> {
    #[track_caller]
    fn begin(world: &'a World, scenario: &str) -> Self {
        let file = world.folder().join("scenario.toml");
        fs::write(&file, scenario).expect("a scenario");
        let roles = "--roles=orchestrator,developer,tester";
        let args = super::auto(&[
            "--spec=spec.md",
            roles,
            "--scenario",
            &file.display().to_string(),
        ])
        .join("\n");
        let command = world.command("torch").args(args.lines());
        let log = world.folder().join("auto.log");
        let child = spawn_detached(
            &world.program("torch"),
            &command.args,
            &command.cwd,
            &command.env,
            &log,
        );
        Self {
            world,
            child: child.expect("torch starts"),
            log,
        }
    }

    /// What it said so far.
    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until it has shown so many steps.
    #[track_caller]
    fn steps(&self, count: usize) {
        self.world.wait(&format!("{count} steps of auto"), || {
            self.said().lines().count() >= count
        });
    }

    /// Sends the signal of Ctrl-C.
    #[track_caller]
    fn interrupt(&self) {
        let kill = format!("kill -INT {}", self.child.pid());
        self.world
            .run(&self.world.command("sh").args(["-c", &kill]))
            .ok();
    }

    /// Waits for its end; the exit code, 128 + the signal where one ended it.
    #[track_caller]
    fn ended(&mut self) -> i32 {
        use std::os::unix::process::ExitStatusExt as _;
        let child = &mut self.child;
        let status = self
            .world
            .wait_for(DEADLINE, "auto to end", || child.ended());
        status
            .code()
            .unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
    }
}

/// Checks that it is as it was before: nothing in the registry, the project or tmux.
#[track_caller]
fn nothing_is_left(world: &World, before: &Untouched) {
    world.wait("no team", || {
        world.status()["teams"] == serde_json::json!([])
    });
    no_worktrees(world);
    let left = |folder: &str| {
        let entries = fs::read_dir(world.home().join(folder))
            .into_iter()
            .flatten()
            .flatten();
        entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(left("projects"), [""; 0], "a folder of the project");
    assert_eq!(left("run/agents"), [""; 0], "folders of agents");
    let changes = before
        .project
        .changes(&crate::snapshot::Tree::of(&world.project()));
    let allowed = [".git/info/exclude", ".git/torch.lock", ".git/worktrees"];
    let others: Vec<_> = changes
        .iter()
        .filter(|change| !allowed.contains(&&change[1..]))
        .collect();
    assert_eq!(others, [""; 0], "the project was changed");
    world.torch(&["daemon", "start"]).ok();
    let socket = world.socket();
    let list = world.command("tmux").args(["-L", &socket, "list-sessions"]);
    world.wait("no tmux server", || world.run(&list).code != 0);
    world.wait("no process but the daemon", || {
        world
            .processes()
            .iter()
            .all(|(_, command)| command.contains("daemon run"))
    });
    // The project can be used at once.
    world.team("orchestrator", torch_testing::SCRIPTED);
}

/// Interrupts once `moment` has come.
#[track_caller]
fn interrupted(scenario: &str, moment: impl Fn(&Raising<'_>)) {
    let world = World::new();
    let before = Untouched::now(&world);
    let mut raising = Raising::begin(&world, scenario);
    moment(&raising);
    raising.interrupt();
    assert_eq!(raising.ended(), 130, "{}", raising.said());
    nothing_is_left(&world, &before);
}

#[test]
fn at_once() {
    interrupted(NEVER_READY, |_| {});
}

#[test]
fn when_the_daemon_starts() {
    interrupted(NEVER_READY, |raising| {
        raising
            .world
            .wait("the registry", || raising.world.home().join("run").exists());
    });
}

#[test]
fn when_the_daemon_listens() {
    interrupted(NEVER_READY, |raising| {
        raising.world.wait("the socket", || {
            raising.world.home().join("run/torch.sock").exists()
        });
    });
}

#[test]
fn when_the_first_worktree_is_being_made() {
    interrupted(NEVER_READY, |raising| {
        raising.world.wait("a worktree", || {
            raising
                .world
                .home()
                .join("projects/sample/worktrees")
                .exists()
        });
    });
}

#[test]
fn after_each_of_the_first_steps() {
    for steps in [1, 2, 4, 5] {
        interrupted(NEVER_READY, |raising| raising.steps(steps));
    }
}

#[test]
fn when_the_programs_run() {
    interrupted(NEVER_READY, |raising| {
        raising.world.wait("three programs", || {
            let up = raising.world.home().join("run/torch.sock").exists();
            let agents = if up {
                raising.world.agents()
            } else {
                Vec::new()
            };
            agents.len() == 3 && agents.iter().all(|agent| agent.pid.is_some())
        });
    });
}

#[test]
fn when_the_agents_are_being_briefed() {
    interrupted(NEVER_BRIEFED, |raising| {
        raising.world.wait("a briefing", || {
            let list = raising.world.torch(&["msg", "list"]);
            list.stdout.contains("BRIEFING")
        });
    });
}

#[test]
fn twice() {
    let world = World::new();
    let before = Untouched::now(&world);
    let mut raising = Raising::begin(&world, NEVER_READY);
    raising.steps(5);
    raising.interrupt();
    raising.world.wait("the answer to the first", || {
        raising.said().contains("cancelling") || raising.said().contains("cancelled")
    });
    // It may have ended meanwhile.
    let again = format!("kill -INT {} 2>/dev/null || true", raising.child.pid());
    world.run(&world.command("sh").args(["-c", &again])).ok();
    assert_eq!(raising.ended(), 130, "{}", raising.said());
    nothing_is_left(&world, &before);
}

#[test]
fn at_a_keyboard() {
    let world = World::new();
    let before = Untouched::now(&world);
    fs::write(world.folder().join("scenario.toml"), NEVER_READY).expect("a scenario");
    let code = world.folder().join("code");
    let line = format!(
        "trap : INT; torch auto --spec=spec.md --agent=demo --yes --roles=developer --scenario=../scenario.toml; echo $? > '{}'",
        code.display()
    );
    let terminal = world.terminal(&line);
    world.wait("the program", || {
        let up = world.home().join("run/torch.sock").exists();
        up && world.agents().iter().any(|agent| agent.pid.is_some())
    });
    terminal.keys(&["C-c"]);
    let code = world.wait_for(DEADLINE, "the exit code", || {
        fs::read_to_string(&code)
            .ok()
            .filter(|code| code.ends_with('\n'))
    });
    assert_eq!(code.trim(), "130", "{}", terminal.screen());
    terminal.shows("nothing is left behind");
    terminal.close();
    world.wait("the person's tmux to end", || {
        world
            .processes()
            .iter()
            .all(|(_, command)| command.contains("daemon run"))
    });
    nothing_is_left(&world, &before);
}

#[test]
fn work_that_was_there_before_is_kept() {
    let world = World::new();
    world.team("orchestrator,developer,tester", torch_testing::SCRIPTED);
    let tree = world.agent("developer").worktree;
    fs::write(tree.join("work"), "unsaved\n").expect("a file");
    world.torch(&["stop"]).ok();
    let mut raising = Raising::begin(&world, NEVER_READY);
    raising.steps(5);
    raising.interrupt();
    assert_eq!(raising.ended(), 130, "{}", raising.said());
    world.wait("the team to be stopped again", || {
        world.status()["teams"][0]["phase"] == "stopped"
    });
    assert_eq!(
        fs::read_to_string(tree.join("work")).expect("kept"),
        "unsaved\n"
    );
    assert_eq!(world.agents().len(), 3);
}
