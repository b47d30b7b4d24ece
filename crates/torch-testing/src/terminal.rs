//! A person's terminal: a program on a real pseudo-terminal, with keys to press and a screen to read.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use torch_process::quote;

use crate::wait::DEADLINE;
use crate::{Ran, World};

/// The tmux server that holds the persons' terminals of a world; torch knows nothing of it.
pub(crate) const SERVER: &str = "person";

/// A terminal of 100 × 30 in a tmux server of the test's own, with a program in it. It ends with the world.
#[derive(Debug)]
pub struct Terminal<'a> {
    world: &'a World,
    pane: String,
    code: PathBuf,
}

impl World {
    /// Runs `sh -c script` on a terminal of its own, in the project, with the world's environment; the terminal stays
    /// when the script has ended.
    #[track_caller]
    pub fn terminal(&self, script: &str) -> Terminal<'_> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let env = self.env.iter().map(|(name, value)| {
            let mut word = name.clone();
            word.push("=");
            word.push(value);
            quote::shell(&word)
        });
        let env: Vec<String> = env.collect();
        let code = self.folder().join(format!("terminal.{number}"));
        // The tmux that holds the terminal must not be seen by what runs in it.
        let line = format!(
            "env -i {} TERM=screen sh -c {}; echo $? > '{}'",
            env.join(" "),
            quote::shell(script),
            code.display()
        );
        let project = self.project().display().to_string();
        let ran = self.person(&[
            "start-server",
            ";",
            "set",
            "-g",
            "remain-on-exit",
            "on",
            ";",
            "new-session",
            "-d",
            "-x",
            "100",
            "-y",
            "30",
            "-c",
            &project,
            "-P",
            "-F",
            "#{pane_id}",
            "--",
            &line,
        ]);
        let pane = ran.ok().stdout.trim().to_owned();
        Terminal {
            world: self,
            pane,
            code,
        }
    }

    /// A terminal attached to torch's session with `torch attach`, once the agent's window is shown.
    #[track_caller]
    pub fn attach(&self, role: &str) -> Terminal<'_> {
        let session = self
            .agent(role)
            .pane
            .map(|pane| pane.session)
            .unwrap_or_default();
        let terminal = self.terminal(&format!("exec torch attach {role}"));
        self.wait_for(DEADLINE, "a client to be attached", || {
            (self.format(&session, "#{session_attached}") != "0").then_some(())
        });
        terminal
    }

    pub(crate) fn person(&self, args: &[&str]) -> Ran {
        self.run(
            &self
                .command("tmux")
                .args(["-f", "/dev/null", "-L", SERVER])
                .args(args),
        )
    }
}

impl Terminal<'_> {
    /// Presses keys, by tmux's names.
    #[track_caller]
    pub fn keys(&self, keys: &[&str]) {
        self.world
            .person(&[&["send-keys", "-t", &self.pane], keys].concat())
            .ok();
    }

    /// Types text.
    #[track_caller]
    pub fn type_text(&self, text: &str) {
        self.world
            .person(&["send-keys", "-l", "-t", &self.pane, "--", text])
            .ok();
    }

    /// The visible screen.
    #[track_caller]
    pub fn screen(&self) -> String {
        self.world
            .person(&["capture-pane", "-p", "-t", &self.pane])
            .ok()
            .stdout
    }

    /// Waits until the screen contains `text`, and gives it.
    #[track_caller]
    pub fn shows(&self, text: &str) -> String {
        let mut screen = String::new();
        let found = crate::poll(DEADLINE, || {
            screen = self.screen();
            screen.contains(text).then_some(())
        });
        assert!(
            found.is_some(),
            "no `{text}` on the terminal\n{screen}\n{}",
            self.world.picture()
        );
        screen
    }

    /// Waits until the program has ended; its exit code.
    #[track_caller]
    pub fn ended(&self, deadline: Duration) -> i32 {
        let status = crate::poll(deadline, || {
            std::fs::read_to_string(&self.code)
                .ok()?
                .trim()
                .parse()
                .ok()
        });
        status.unwrap_or_else(|| {
            panic!(
                "the program goes on\n{}\n{}",
                self.screen(),
                self.world.picture()
            )
        })
    }

    /// Hangs the terminal up.
    #[track_caller]
    pub fn close(self) {
        self.world.person(&["kill-pane", "-t", &self.pane]).ok();
    }
}
