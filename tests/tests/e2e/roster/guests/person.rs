//! A person with a tmux session of their own on the server that torch is told to use.

use std::fs;

use torch_testing::{Ran, World};

/// A person's tmux configuration: windows count from 1.
const CONFIG: &str =
    "set -g base-index 1\nset -g renumber-windows on\nset -g mouse on\nset -g history-limit 500\n";

/// A person's session on the server that torch is told to use.
pub(super) struct Person<'a> {
    world: &'a World,
    socket: &'static str,
}

impl<'a> Person<'a> {
    /// A session of three windows with text, the second one split and current.
    pub(super) fn start(world: &'a World, socket: &'static str) -> Self {
        let person = Self { world, socket };
        fs::write(world.folder().join("home/.tmux.conf"), CONFIG).expect("a file");
        let project = world.project().display().to_string();
        let show = |name: &str, lines: u32| {
            format!("for n in $(seq 1 {lines}); do echo {name} line $n.; done; exec sleep 600")
        };
        let editor = show("editor", 60);
        person.tmux(&[
            "new-session",
            "-d",
            "-s",
            "work",
            "-n",
            "editor",
            "-x",
            "120",
            "-y",
            "40",
            "-c",
            &project,
            &editor,
        ]);
        person.tmux(&[
            "new-window",
            "-t",
            "work",
            "-n",
            "my tests",
            "-c",
            &project,
            &show("tests", 3),
        ]);
        person.tmux(&["split-window", "-t", "work", "-c", "/", "exec sleep 600"]);
        person.tmux(&[
            "new-window",
            "-d",
            "-t",
            "work",
            "-n",
            "logs",
            "-c",
            "/",
            &show("logs", 2),
        ]);
        person.tmux(&["set-option", "-t", "work", "status", "off"]);
        person.tmux(&["set-environment", "-t", "work", "MINE", "kept"]);
        let ready = || {
            person
                .tmux(&["capture-pane", "-p", "-t", "work:editor"])
                .contains("line 60.")
        };
        assert!(torch_testing::until(ready));
        person
    }

    fn try_tmux(&self, args: &[&str]) -> Ran {
        let named = self.world.command("tmux").args(["-L", self.socket]);
        self.world.run(&named.args(args))
    }

    pub(super) fn tmux(&self, args: &[&str]) -> String {
        self.try_tmux(args).ok().stdout
    }

    /// All that there is to see of the person's own.
    pub(super) fn look(&self) -> String {
        let all = "#{session_id} #{session_name} #{session_created} #{window_id} #{window_index} #{window_name} #{window_layout} \
                   #{window_width}x#{window_height} #{window_active} #{pane_id} #{pane_pid} #{pane_active} #{pane_current_path} \
                   #{pane_dead} #{pane_in_mode} #{history_size} #{@torch_kind}#{@torch_agent}";
        let asked = [
            &["list-panes", "-s", "-t", "=work", "-F", all][..],
            &["show-options", "-t", "=work:"],
            &["show-environment", "-t", "=work:"],
            &["show-hooks", "-t", "=work:"],
            &["show-options", "-g"],
            &["show-options", "-gw"],
            &["show-options", "-s"],
            &["show-environment", "-g"],
            &["list-keys"],
            &["list-buffers"],
        ];
        let said = asked.iter().map(|args| {
            // Everything but the guest's own window.
            let text = self.tmux(args);
            let own = text
                .lines()
                .filter(|line| !line.contains(" project_manager "));
            format!("--- {args:?}\n{}\n", own.collect::<Vec<_>>().join("\n"))
        });
        said.collect()
    }

    pub(super) fn windows(&self) -> Vec<String> {
        let list = self.tmux(&[
            "list-windows",
            "-t",
            "=work",
            "-F",
            "#{window_index} #{window_name}",
        ]);
        list.lines().map(str::to_owned).collect()
    }

    /// `torch agent add project_manager --session NAME --agent demo`.
    pub(super) fn add(&self, session: &str) -> Ran {
        let add = [
            "agent",
            "add",
            "project_manager",
            "--session",
            session,
            "--agent",
            "demo",
        ];
        // The session says which project it is, not the place of the caller.
        let mut command = self.world.command("torch").args(add);
        command.cwd = self.world.folder().to_owned();
        self.world.run(&command)
    }
}

impl Drop for Person<'_> {
    fn drop(&mut self) {
        // torch would start a killed server again. What ended with it is no matter: the world complains of what is left.
        for words in [&["stop"][..], &["daemon", "stop"]] {
            drop(torch_process::run(&self.world.command("torch").args(words)));
        }
        let end = self
            .world
            .command("tmux")
            .args(["-L", self.socket, "kill-server"]);
        drop(torch_process::run(&end));
    }
}
