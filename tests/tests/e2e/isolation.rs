//! What is the user's stays as it is: tmux servers, the project, the home directory.

use std::fs;
use std::path::Path;

use torch_testing::{DEADLINE, SCRIPTED, World};

use crate::place::{branches, git, worktrees};
use crate::snapshot::Tree;

/// The user's own configuration of tmux: other keys, hooks and options than the defaults.
const CONFIG: &str = "set -g prefix C-a\nset -g base-index 1\nset -g mouse on\nset -g history-limit 123\nset -g @mine 'kept #{pid}'\n\
bind-key X kill-server\nset-hook -g after-new-session 'set -g @hook yes'\nset-environment -g MINE kept\n";

/// The user's tmux server of a world, which ends with it.
struct Users<'a> {
    world: &'a World,
    name: &'static str,
}

impl<'a> Users<'a> {
    /// Starts it with two sessions, several windows and panes, and a buffer.
    fn start(world: &'a World, name: &'static str) -> Self {
        let users = Self { world, name };
        for line in [
            "new-session -d -s work -n editor -x 120 -y 40 -- sleep 600",
            "new-window -d -t work -n developer -- sleep 600",
            "split-window -d -t work:editor -- sleep 600",
            // The names that torch gives its own.
            "new-session -d -s sample -n orchestrator -- sleep 600",
            "set-option -t sample status off",
            "set-buffer -b mine words",
        ] {
            users.tmux(&line.split(' ').collect::<Vec<_>>());
        }
        users
    }

    fn tmux(&self, args: &[&str]) -> String {
        let named = self
            .world
            .command("tmux")
            .args(["-L", self.name])
            .args(args);
        self.world.run(&named).ok().stdout
    }

    /// All that there is to see of it.
    fn look(&self) -> String {
        let all = "#{session_id} #{session_name} #{session_created} #{window_id} #{window_index} #{window_name} #{window_layout} \
                   #{window_active} #{pane_id} #{pane_pid} #{pane_active} #{pane_current_path} #{pane_dead} #{pane_in_mode}";
        let asked = [
            &[
                "display-message",
                "-p",
                "#{pid} #{start_time} #{socket_path}",
            ][..],
            &["list-panes", "-a", "-F", all],
            &["list-clients"],
            &[
                "list-buffers",
                "-F",
                "#{buffer_name} #{buffer_size} #{buffer_sample}",
            ],
            &["show-options", "-s"],
            &["show-options", "-g"],
            &["show-options", "-gw"],
            &["show-hooks", "-g"],
            &["show-options", "-t", "sample"],
            &["show-environment", "-g"],
            &["show-environment", "-t", "work"],
            &["list-keys"],
        ];
        let said = asked
            .iter()
            .map(|args| format!("--- {args:?}\n{}", self.tmux(args)));
        said.collect()
    }

    /// What `$TMUX` says inside of it.
    fn variable(&self) -> String {
        self.tmux(&["display-message", "-p", "#{socket_path},#{pid},0"])
            .trim()
            .to_owned()
    }
}

impl Drop for Users<'_> {
    fn drop(&mut self) {
        let end = self
            .world
            .command("tmux")
            .args(["-L", self.name, "kill-server"]);
        // The world complains of what is left.
        drop(torch_process::run(&end));
    }
}

/// Raises a team, lets it work, and ends it: what a user does in a day.
fn a_day(world: &World, tmux: &str) {
    let torch = |args: &[&str]| world.run(&world.command("torch").args(args).env("TMUX", tmux));
    let scenario = world.folder().join("scenario.toml").display().to_string();
    fs::write(&scenario, SCRIPTED).expect("a scenario");
    let auto = [
        "auto",
        "--spec=spec.md",
        "--agent=demo",
        "--yes",
        "--roles=orchestrator,developer",
        "--scenario",
        &scenario,
    ];
    torch(&auto).ok();
    world
        .run(
            &world
                .command("scm")
                .args(["developer", "hello", "--wait"])
                .env("TMUX", tmux),
        )
        .ok();
    world.deliver("orchestrator", &"a long message ".repeat(200));
    for args in [
        &["status"][..],
        &["attach", "--print"],
        &["attach", "developer", "--print"],
        &["logs", "developer"],
        &["why", "developer"],
        &["inbox"],
        &["doctor"],
        &["msg", "list"],
        &["stop"],
        &["audit", "verify"],
    ] {
        torch(args).ok();
    }
    torch(&auto).ok();
    let terminal = world.attach("developer");
    terminal.shows("developer");
    terminal.close();
    torch(&["daemon", "stop"]).ok();
    torch(&["status"]).ok();
    torch(&["daemon", "start"]).ok();
    world.deliver("developer", "after a restart");
    torch(&["stop"]).ok();
    torch(&["daemon", "stop"]).ok();
}

#[test]
fn the_users_own_tmux_stays_as_it_is() {
    let world = World::new();
    let home = world.folder().join("home");
    fs::write(home.join(".tmux.conf"), CONFIG).expect("a file");
    let (default, other) = (
        Users::start(&world, "default"),
        Users::start(&world, "other"),
    );
    let before = [default.look(), other.look()];
    assert!(
        before[0].contains("prefix C-a") && before[0].contains("@hook"),
        "the config holds: {}",
        before[0]
    );
    a_day(&world, &default.variable());
    assert_eq!(before, [default.look(), other.look()]);
    // torch's own server has none of the user's configuration.
    world.team("orchestrator,developer", SCRIPTED);
    let options = world.tmux(&["show-options", "-g"]).ok().stdout;
    assert!(
        !options.contains("C-a") && !options.contains("@mine"),
        "{options}"
    );
    world.torch(&["stop"]).ok();
}

#[test]
fn the_users_own_server_is_used_only_where_it_is_told_so() {
    let world = World::new().with("TORCH_TMUX_SOCKET", "default");
    let users = Users::start(&world, "default");
    let panes = |users: &Users<'_>| {
        users.tmux(&[
            "list-panes",
            "-a",
            "-F",
            "#{session_name} #{session_id} #{window_id} #{window_name} #{pane_id} #{pane_pid}",
        ])
    };
    let settings = |users: &Users<'_>| {
        let asked = [
            &["show-options", "-g"][..],
            &["show-options", "-s"],
            &["show-options", "-gw"],
            &["list-keys"],
            &["list-buffers"],
        ];
        asked.map(|args| users.tmux(args))
    };
    let before = (panes(&users), settings(&users));
    world.team("orchestrator,developer", SCRIPTED);
    world.deliver("developer", "hello");
    // The name was taken by the user's session.
    let team = world.status()["teams"][0]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert!(team.starts_with("sample-"), "{team}");
    let during = panes(&users);
    for line in before.0.lines() {
        assert!(during.contains(line), "{line} is not in {during}");
    }
    assert_eq!(before.1, settings(&users));
    world.torch(&["stop"]).ok();
    world.torch(&["daemon", "stop"]).ok();
    // But for torch's own small session, which other registries may share.
    let mut left = Vec::new();
    let alone = torch_testing::poll(DEADLINE, || {
        let now = panes(&users);
        left = now
            .lines()
            .filter(|line| !line.starts_with("_torch "))
            .map(str::to_owned)
            .collect();
        (left == before.0.lines().collect::<Vec<_>>()).then_some(())
    });
    assert!(alone.is_some(), "before:\n{}after: {left:?}", before.0);
    assert_eq!(before.1, settings(&users));
}

/// The content of a file as text; empty where there is none.
fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn the_project_stays_as_it_is() {
    let world = World::new();
    let project = world.project();
    // Work in progress of every kind, a stash, a tag, a config and a hook.
    fs::write(project.join("README.md"), "stashed\n").expect("a file");
    git(&world, &project, &["stash", "-q"]);
    git(&world, &project, &["tag", "v1"]);
    git(&world, &project, &["branch", "topic"]);
    git(&world, &project, &["config", "user.mine", "kept"]);
    fs::write(project.join(".git/hooks/pre-push"), "#!/bin/sh\n").expect("a hook");
    fs::write(project.join(".git/info/exclude"), "*.mine").expect("a file");
    fs::write(project.join("staged"), "staged\n").expect("a file");
    git(&world, &project, &["add", "staged"]);
    fs::write(project.join("README.md"), "changed\n").expect("a file");
    fs::write(project.join("untracked"), "mine\n").expect("a file");
    fs::write(project.join("ignored.mine"), "mine\n").expect("a file");
    git(&world, &project, &["status"]);
    let before = Tree::of(&project);
    let shown = |world: &World| {
        [
            "status --porcelain=v2 --branch --ignored",
            "stash list",
            "for-each-ref refs/tags refs/stash refs/heads/main refs/heads/topic",
        ]
        .map(|line| {
            git(
                world,
                &world.project(),
                &line.split(' ').collect::<Vec<_>>(),
            )
        })
    };
    let said = shown(&world);
    world.team("orchestrator,developer", SCRIPTED);
    world.deliver("developer", "hello");
    world.torch(&["stop"]).ok();
    world.torch(&["daemon", "stop"]).ok();
    let allowed = |change: &&String| {
        let path = &change[1..];
        let own = [".git/info/exclude", ".git/worktrees", ".git/torch.lock"];
        let named = ["main-orchestrator", "main-developer"];
        own.contains(&path)
            || path.starts_with(".git/worktrees/")
            || named
                .iter()
                .any(|name| path.ends_with(&format!("refs/heads/{name}")))
    };
    let changes = before.changes(&Tree::of(&project));
    let others: Vec<&String> = changes.iter().filter(|change| !allowed(change)).collect();
    assert_eq!(others, [""; 0], "the project was changed");
    assert!(
        changes
            .iter()
            .all(|change| change.starts_with('+') || change == "~.git/info/exclude"),
        "{changes:?}"
    );
    assert_eq!(
        text(&project.join(".git/info/exclude")),
        "*.mine\n/.torch/\n"
    );
    assert_eq!(shown(&world), said);
    assert_eq!(
        branches(&world, &project),
        ["main", "main-developer", "main-orchestrator", "topic"]
    );
    let head = git(&world, &project, &["rev-parse", "main"]);
    assert_eq!(
        git(&world, &project, &["rev-parse", "main-developer"]),
        head
    );
    let trees = worktrees(&world, &project);
    assert_eq!(trees.len(), 3, "{trees:?}");
    for (folder, role) in trees[1..].iter().zip(["developer", "orchestrator"]) {
        let own = world.home().join("projects/sample/worktrees").join(role);
        assert!(trees.contains(&own.display().to_string()), "{folder}");
        assert_eq!(
            git(&world, &own, &["status", "--porcelain"]),
            "",
            "{role}'s worktree is clean"
        );
    }
}

#[test]
fn nothing_is_written_outside_the_registry() {
    let world = World::new();
    let home = world.folder().join("home");
    for (name, content) in [
        (".gitconfig", "[user]\n\tname = Me\n"),
        (".bashrc", "true\n"),
        (".tmux.conf", CONFIG),
    ] {
        fs::write(home.join(name), content).expect("a file");
    }
    let homes = Tree::of(&home);
    let all = Tree::of(world.folder());
    a_day(&world, "");
    assert_eq!(
        homes.changes(&Tree::of(&home)),
        [""; 0],
        "the home directory was changed"
    );
    let changes = all.changes(&Tree::of(world.folder()));
    let ours = ["torch", "tmux", "sample", "scenario.toml", "terminal."];
    let others: Vec<&String> = changes
        .iter()
        .filter(|change| !ours.iter().any(|name| change[1..].starts_with(name)))
        .collect();
    assert_eq!(others, [""; 0]);
    // The person's terminal of the test has a socket too.
    let sockets = changes
        .iter()
        .filter(|change| change.starts_with("+tmux/") && !change.ends_with("/person"));
    assert!(sockets.count() <= 2, "at most torch's own: {changes:?}");
    let open = |tree: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        fs::metadata(world.home().join(tree))
            .expect("there")
            .permissions()
            .mode()
            & 0o077
    };
    for private in ["", "run", "logs", "torch.db", "projects"] {
        assert_eq!(open(private), 0, "{private:?} is closed to others");
    }
    world.wait_for(DEADLINE, "no process to be left", || {
        let left = world.processes();
        left.iter()
            .all(|(_, command)| command.contains("person"))
            .then_some(())
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_daemon_takes_over_no_blocked_signals() {
    let world = World::new();
    // This one waits for Ctrl-C while it starts the daemon.
    let ran = world.scm(&["nobody", "hello", "--wait"]);
    assert_ne!(ran.code, 0, "{ran}");
    let lock = fs::read_to_string(world.home().join("run/daemon.lock")).expect("the daemon's pid");
    let status = fs::read_to_string(format!("/proc/{}/status", lock.trim())).expect("a process");
    let blocked = status.lines().find_map(|line| line.strip_prefix("SigBlk:"));
    assert_eq!(blocked.map(str::trim), Some("0000000000000000"), "{status}");
}
