//! A private tmux server with one pane in it, for programs that are tested on a terminal by themselves.

use std::fs;
use std::path::{Path, PathBuf};

use torch_process::{CommandSpec, Environment, facts};

use crate::wait::{DEADLINE, until};

/// What a pane is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PaneSetup<'a> {
    /// Where the server's socket and its configuration lie; a short path.
    pub(crate) folder: &'a Path,
    /// Where the program works.
    pub(crate) cwd: &'a Path,
    pub(crate) columns: u16,
    pub(crate) rows: u16,
    /// Variables of the program, besides those of every pane.
    pub(crate) env: &'a [(String, String)],
    /// The server's configuration.
    pub(crate) config: &'a str,
    pub(crate) argv: &'a [&'a str],
}

/// A pane on a tmux server of its own, which ends with this value.
#[derive(Debug)]
pub struct TmuxPane {
    socket: String,
    folder: PathBuf,
}

impl TmuxPane {
    /// Starts `argv` in a pane of 80 × 24.
    pub fn start(folder: &Path, argv: &[&str]) -> Self {
        Self::open(&PaneSetup {
            folder,
            cwd: folder,
            columns: 80,
            rows: 24,
            env: &[],
            config: "",
            argv,
        })
    }

    /// Starts a pane.
    pub(crate) fn open(setup: &PaneSetup<'_>) -> Self {
        static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let tmux = Self {
            socket: format!("torch-test-{}-{count}", std::process::id()),
            folder: setup.folder.to_owned(),
        };
        let config = setup.folder.join(format!("tmux-{count}.conf"));
        fs::write(&config, setup.config).expect("a configuration file");
        let words = |text: String| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let mut args = vec!["-f".to_owned(), config.display().to_string()];
        args.extend(words(format!(
            "new-session -d -x {} -y {} -c",
            setup.columns, setup.rows
        )));
        args.push(setup.cwd.display().to_string());
        for (name, value) in setup.env {
            args.extend(["-e".to_owned(), format!("{name}={value}")]);
        }
        args.push("--".to_owned());
        args.extend(setup.argv.iter().map(|&word| word.to_owned()));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        tmux.run(&args);
        tmux
    }

    /// Runs a tmux command and gives its output.
    #[track_caller]
    pub fn run(&self, args: &[&str]) -> String {
        let ran = torch_process::run(&self.command(args)).and_then(|ran| ran.success_or_error());
        ran.expect("tmux does it").text()
    }

    fn command(&self, args: &[&str]) -> CommandSpec {
        CommandSpec::new("tmux", &self.folder, self.environment(), DEADLINE)
            .args(["-u", "-L", &self.socket])
            .args(args)
    }

    /// What the server and, with its own variables over it, the program get.
    pub(crate) fn environment(&self) -> Environment {
        [
            ("PATH", std::env::var("PATH").expect("a PATH")),
            ("HOME", self.folder.display().to_string()),
            ("TMUX_TMPDIR", self.folder.display().to_string()),
            ("LC_ALL", "C.UTF-8".to_owned()),
            ("TERM", "xterm-256color".to_owned()),
            ("SHELL", "/bin/sh".to_owned()),
        ]
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
    }

    /// The visible screen.
    pub fn screen(&self) -> String {
        self.run(&["capture-pane", "-p"])
    }

    /// A format of the pane.
    pub fn format(&self, format: &str) -> String {
        self.run(&["display-message", "-p", format])
    }

    /// Pastes with brackets, byte for byte.
    pub fn paste(&self, text: &str) {
        let spec = self.command(&["load-buffer", "-b", "t", "-"]).stdin(text);
        torch_process::run(&spec)
            .and_then(|ran| ran.success_or_error())
            .expect("tmux takes the text");
        self.run(&["paste-buffer", "-p", "-r", "-d", "-b", "t"]);
    }

    /// Presses keys, by tmux's names.
    pub fn keys(&self, keys: &[&str]) {
        let mut args = vec!["send-keys"];
        args.extend(keys);
        self.run(&args);
    }

    /// Waits until the screen satisfies `wanted`, and gives it.
    #[track_caller]
    pub fn wait(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let mut screen = String::new();
        let seen = until(|| {
            screen = self.screen();
            wanted(&screen)
        });
        assert!(seen, "{what} not seen on\n{screen}");
        screen
    }

    /// Ends the server and waits for its end; a server that ended already needs none.
    pub(crate) fn end(&self) {
        let pid = torch_process::run(&self.command(&["display-message", "-p", "#{pid}"]));
        torch_process::run(&self.command(&["kill-server"])).ok();
        let process = pid
            .ok()
            .and_then(|output| facts::process(output.text().parse().ok()?));
        if let Some(process) = process {
            until(|| !facts::is_alive(process));
        }
    }
}

impl Drop for TmuxPane {
    fn drop(&mut self) {
        self.end();
    }
}
