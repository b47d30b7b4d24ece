//! The agents' own start, without torch: in panes of a bare tmux server, until their SessionStart hook has fired.

use std::ffi::{OsStr, OsString};
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
    server: Process,
}

/// How agents start.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    /// What is run, but for `--settings FILE`, which comes behind it.
    pub(crate) argv: Vec<OsString>,
    /// A folder for each of them.
    pub(crate) folders: Vec<PathBuf>,
    /// What they are told first.
    pub(crate) first: First,
}

/// An agent's first prompt.
#[derive(Debug, Clone)]
pub(crate) enum First {
    /// None: they wait at their prompts.
    Nothing,
    /// Pasted and submitted as soon as their prompts are drawn.
    Pasted(String),
    /// The last argument of their launch.
    Argument(String),
}

impl Start {
    /// `count` demo agents.
    pub(crate) fn demo(bin: &Path, count: usize) -> Self {
        Self {
            argv: vec![bin.join("torch").into(), "demo-agent".into()],
            folders: vec![PathBuf::from("/"); count],
            first: First::Nothing,
        }
    }
}

/// How long agents took that were started in one go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Started {
    /// Until the last one's SessionStart hook had fired.
    pub(crate) hook: Duration,
    /// Until that, and until the last one showed what was looked for.
    pub(crate) drawn: Duration,
    /// Until the last one's hook for its first prompt had fired, if there is one.
    pub(crate) taken: Option<Duration>,
}

impl Alone {
    /// Starts it; `dir` is a folder for its files, and `TMUX_TMPDIR` of `env` decides where its socket lies.
    pub(crate) fn start(dir: &Path, env: &Environment) -> anyhow::Result<Self> {
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
        let hooks = json!({"SessionStart": hook(word.clone()), "UserPromptSubmit": hook(word)});
        let settings = json!({"hooks": hooks});
        fs::write(dir.join("settings.json"), settings.to_string())?;
        Ok(Self {
            env,
            dir: dir.to_owned(),
            server,
        })
    }

    /// Starts agents in one go, waits until the last of their hooks has fired and all of their screens are as `drawn`
    /// wants them, and ends them. The screens are looked at only after the last hook, so that looking slows no start.
    pub(crate) fn agents(
        &self,
        start: &Start,
        drawn: impl Fn(&str) -> bool,
    ) -> anyhow::Result<Started> {
        let count = start.folders.len();
        // An argument is taken as soon as they have started: each of them fires two hooks then.
        let (count_started, argument) = match &start.first {
            First::Argument(prompt) => (2 * count, Some(OsStr::new(prompt))),
            First::Nothing | First::Pasted(_) => (count, None),
        };
        let hooks = self.hooks(count_started);
        let settings = self.dir.join("settings.json");
        let words = start.argv.iter().map(OsString::as_os_str);
        let words = words.chain(["--settings".as_ref(), settings.as_os_str()]);
        let words = words.chain(argument);
        let command: Vec<_> = words.map(torch_process::quote::shell).collect();
        let command = format!("exec {}", command.join(" "));
        let mut args = Vec::new();
        let folders = start.folders.iter().map(|folder| folder.to_string_lossy());
        let folders: Vec<_> = folders.collect();
        for folder in &folders {
            args.extend([
                "new-window",
                "-d",
                "-t",
                "alone:",
                "-c",
                folder,
                &command,
                ";",
            ]);
        }
        args.pop();
        let began = Instant::now();
        tmux(&self.env, &args)?;
        let Ok(hook) = hooks.recv_timeout(DEADLINE) else {
            let screen = tmux(&self.env, &["capture-pane", "-p", "-t", "alone:1"]);
            bail!("{count} agents did not start within {DEADLINE:?}: {screen:?}");
        };
        let panes = tmux(
            &self.env,
            &["list-panes", "-a", "-F", "#{pane_id} #{pane_pid}"],
        )?;
        // The first one holds the session.
        let panes: Vec<_> = panes
            .lines()
            .skip(1)
            .filter_map(|it| it.split_once(' '))
            .collect();
        let shows = |pane: &str, wanted: &dyn Fn(&str) -> bool| {
            let screen = tmux(&self.env, &["capture-pane", "-p", "-t", pane]);
            screen.is_ok_and(|screen| wanted(&screen))
        };
        let seen = torch_testing::poll(DEADLINE, || {
            let all = panes.iter().all(|(pane, _)| shows(pane, &drawn));
            all.then(Instant::now)
        });
        let taken = match &start.first {
            First::Nothing => None,
            First::Argument(_) => Some(hook.duration_since(began)),
            First::Pasted(prompt) => {
                let hooks = self.hooks(count);
                self.submit(&panes, prompt, shows)?;
                Some(hooks.recv_timeout(DEADLINE)?.duration_since(began))
            }
        };
        let processes = panes.iter().filter_map(|(_, pid)| pid.parse().ok());
        let processes: Vec<_> = processes
            .filter_map(torch_process::facts::process)
            .collect();
        tmux(&self.env, &["kill-window", "-a", "-t", "alone:^"])?;
        let left = torch_process::end(&processes, DEADLINE);
        match seen {
            Some(seen) if left.is_empty() => Ok(Started {
                hook: hook.duration_since(began),
                drawn: seen.duration_since(began),
                taken,
            }),
            Some(_) => bail!("{left:?} did not end"),
            None => bail!("{count} agents were not at their prompt within {DEADLINE:?}"),
        }
    }

    /// Pastes a text into all panes, and presses Enter in each as soon as its end is drawn.
    fn submit(
        &self,
        panes: &[(&str, &str)],
        prompt: &str,
        shows: impl Fn(&str, &dyn Fn(&str) -> bool) -> bool,
    ) -> anyhow::Result<()> {
        tmux(&self.env, &["set-buffer", "-b", "prompt", prompt])?;
        for (pane, _) in panes {
            let paste = ["paste-buffer", "-p", "-r", "-b", "prompt", "-t", pane];
            tmux(&self.env, &paste)?;
        }
        let end = prompt.split(' ').next_back().unwrap_or(prompt);
        let mut left = panes.to_vec();
        let all = torch_testing::poll(DEADLINE, || {
            left.retain(|(pane, _)| {
                let drawn = shows(pane, &|screen| screen.contains(end));
                !(drawn && tmux(&self.env, &["send-keys", "-t", pane, "Enter"]).is_ok())
            });
            left.is_empty().then_some(())
        });
        all.context("a pasted prompt was not drawn")
    }

    /// Gives the instant at which `count` hooks have fired.
    fn hooks(&self, count: usize) -> mpsc::Receiver<Instant> {
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
        started
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
