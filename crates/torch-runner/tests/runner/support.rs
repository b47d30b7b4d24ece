//! A private tmux server with one pane in it.

use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use torch_process::{CommandSpec, Environment, facts};

const DEADLINE: Duration = Duration::from_secs(10);

/// A tmux server of its own, ended with this value.
pub(crate) struct Tmux {
    socket: String,
    folder: PathBuf,
}

impl Tmux {
    /// Starts `argv` in a pane of 80 × 24.
    pub(crate) fn start(folder: &Path, argv: &[&str]) -> Self {
        static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let tmux = Self {
            socket: format!("torch-test-{}-{count}", std::process::id()),
            folder: folder.to_owned(),
        };
        let mut args = vec![
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "80",
            "-y",
            "24",
            "--",
        ];
        args.extend(argv);
        tmux.run(&args);
        tmux
    }

    /// Runs a tmux command and gives its output.
    pub(crate) fn run(&self, args: &[&str]) -> String {
        let output = torch_process::run(&self.command(args)).unwrap();
        output.success_or_error().unwrap().text()
    }

    fn command(&self, args: &[&str]) -> CommandSpec {
        let env: Environment = [
            ("PATH", std::env::var("PATH").unwrap()),
            ("HOME", self.folder.display().to_string()),
            ("TMUX_TMPDIR", self.folder.display().to_string()),
            ("LC_ALL", "C.UTF-8".to_owned()),
            ("TERM", "xterm-256color".to_owned()),
            ("SHELL", "/bin/sh".to_owned()),
        ]
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
        CommandSpec::new("tmux", &self.folder, env, DEADLINE)
            .args(["-u", "-L", &self.socket])
            .args(args)
    }

    /// The visible screen.
    pub(crate) fn screen(&self) -> String {
        self.run(&["capture-pane", "-p"])
    }

    /// A format of the pane.
    pub(crate) fn format(&self, format: &str) -> String {
        self.run(&["display-message", "-p", format])
    }

    /// Pastes with brackets, byte for byte.
    pub(crate) fn paste(&self, text: &str) {
        let spec = self.command(&["load-buffer", "-b", "t", "-"]).stdin(text);
        torch_process::run(&spec)
            .unwrap()
            .success_or_error()
            .unwrap();
        self.run(&["paste-buffer", "-p", "-r", "-d", "-b", "t"]);
    }

    /// Presses keys, by tmux's names.
    pub(crate) fn keys(&self, keys: &[&str]) {
        let mut args = vec!["send-keys"];
        args.extend(keys);
        self.run(&args);
    }

    /// Waits until the screen satisfies `wanted`, and gives it.
    pub(crate) fn wait(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let mut screen = String::new();
        let seen = poll(|| {
            screen = self.screen();
            wanted(&screen)
        });
        assert!(seen, "{what} not seen on\n{screen}");
        screen
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let pid = torch_process::run(&self.command(&["display-message", "-p", "#{pid}"]));
        // A server that ended already needs no end.
        torch_process::run(&self.command(&["kill-server"])).ok();
        let process = pid
            .ok()
            .and_then(|output| facts::process(output.text().parse().ok()?));
        if let Some(process) = process {
            poll(|| !facts::is_alive(process));
        }
    }
}

/// Waits until `wanted` holds, at most ten seconds; whether it does.
pub(crate) fn poll(mut wanted: impl FnMut() -> bool) -> bool {
    let (_sender, pause) = channel::<()>();
    let until = Instant::now() + DEADLINE;
    while Instant::now() < until {
        if wanted() {
            return true;
        }
        // Nothing is ever sent: this is a pause between two looks at another process.
        pause.recv_timeout(Duration::from_millis(10)).ok();
    }
    false
}

/// An example of this crate, which `cargo test` builds beside the tests.
pub(crate) fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(path.is_file(), "{} is not built", path.display());
    path
}
