//! The demo agents' own start, without torch: in panes of a bare tmux server, until their SessionStart hook has fired.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::json;
use torch_core::Process;
use torch_process::{CommandSpec, Environment};

/// How long agents may take to start; reached only when something hangs.
const DEADLINE: Duration = Duration::from_secs(60);

/// A bare tmux server with one session. Dropping it ends the server.
#[derive(Debug)]
pub(crate) struct Alone {
    env: Environment,
    dir: PathBuf,
    torch: PathBuf,
    server: Process,
}

impl Alone {
    /// Starts it; `dir` is a folder for its files, and `TMUX_TMPDIR` of `env` decides where its socket lies.
    pub(crate) fn start(bin: &Path, dir: &Path, env: &Environment) -> anyhow::Result<Self> {
        let env = env.clone();
        tmux(
            &env,
            &[
                "new-session",
                "-d",
                "-s",
                "alone",
                "-x",
                "200",
                "-y",
                "50",
                "cat",
            ],
        )?;
        let pid = tmux(&env, &["display-message", "-p", "#{pid}"])?.parse()?;
        let server = torch_process::facts::process(pid).context("the tmux server is gone")?;
        let hook = |command: String| json!([{"hooks": [{"type": "command", "command": command}]}]);
        let fifo = dir.join("started");
        let made = CommandSpec::new("mkfifo", dir, env.clone(), DEADLINE).arg(&fifo);
        torch_process::run(&made)?.success_or_error()?;
        let word = format!("printf x > {}", torch_process::quote::shell(&fifo));
        let settings = json!({"hooks": {"SessionStart": hook(word)}});
        fs::write(dir.join("settings.json"), settings.to_string())?;
        Ok(Self {
            env,
            dir: dir.to_owned(),
            torch: bin.join("torch"),
            server,
        })
    }

    /// Starts `count` agents in one go and returns how long it took until the last of their hooks had fired.
    pub(crate) fn agents(&self, count: usize) -> anyhow::Result<Duration> {
        let (sender, started) = mpsc::channel();
        let fifo = self.dir.join("started");
        // A thread, as opening a fifo waits for its other end; it ends with the last agent's word.
        std::thread::spawn(move || {
            let mut words = 0;
            while words < count {
                let mut text = Vec::new();
                if File::open(&fifo)
                    .and_then(|mut fifo| fifo.read_to_end(&mut text))
                    .is_err()
                {
                    return;
                }
                words += text.len();
            }
            // Nobody waits any more after the deadline.
            sender.send(Instant::now()).ok();
        });
        let settings = self.dir.join("settings.json");
        let words = [
            &self.torch,
            Path::new("demo-agent"),
            Path::new("--settings"),
            &settings,
        ];
        let command: Vec<_> = words.iter().map(torch_process::quote::shell).collect();
        let command = format!("exec {}", command.join(" "));
        let mut args = Vec::new();
        for _ in 0..count {
            args.extend(["new-window", "-d", "-t", "alone:", &command, ";"]);
        }
        args.pop();
        let began = Instant::now();
        tmux(&self.env, &args)?;
        let Ok(ended) = started.recv_timeout(DEADLINE) else {
            bail!("{count} demo agents did not start within {DEADLINE:?}");
        };
        tmux(&self.env, &["kill-window", "-a", "-t", "alone:^"])?;
        Ok(ended.duration_since(began))
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        // What is left of it, if anything, is told by nobody: its folder goes with the world's.
        torch_process::end(&[self.server], Duration::from_secs(10));
    }
}

fn tmux(env: &Environment, args: &[&str]) -> anyhow::Result<String> {
    let spec = CommandSpec::new("tmux", "/", env.clone(), DEADLINE)
        .args(["-L", "alone", "-f", "/dev/null"])
        .args(args);
    Ok(torch_process::run(&spec)?.success_or_error()?.text())
}
