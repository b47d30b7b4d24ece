//! A registry, a tmux server and projects of their own, in a temporary folder, with teams of demo agents that do nothing
//! unasked. Nothing of the caller's environment but `PATH` is seen inside.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tempfile::TempDir;
use torch_api::path::socket_path;
use torch_api::view::{AgentView, DaemonView, TeamView};
use torch_api::{Client, Request, Response};
use torch_core::Process;
use torch_process::{CommandSpec, Environment, Output};

/// How long any single command may take; reached only when something hangs.
const DEADLINE: Duration = Duration::from_secs(180);

/// How long tmux may take to end: it is there for 1.0 to 1.8 s after it was told (measured, tmux 3.3a).
const TMUX_GRACE: Duration = Duration::from_secs(10);

/// The fifteen built-in roles, the default five first.
pub(crate) use torch_core::roles::BUILT_IN_NAMES as ROLES;

/// Agents that answer each message with one line and are idle again: what is measured is torch.
const QUIET: &str = "play = false\n";

/// The user's settings: no caps, since a measurement is more work within an hour than any agent would get unwatched.
const CONFIG: &str = "[limits]\nturns_per_hour = 0\nrestarts_per_hour = 0\n";

const SPEC: &str = "PROJECT: bench\n\nREQUIREMENTS:\n- it is measured\n";

/// A hermetic place for one measurement. Dropping it ends what runs in it.
#[derive(Debug)]
pub(crate) struct World {
    dir: TempDir,
    bin: PathBuf,
    env: Environment,
    /// The tmux server's socket name, once a team was raised.
    tmux: Option<String>,
    teams: Vec<String>,
}

impl World {
    /// An empty one: no daemon, no tmux server. `bin` is the folder of `torch` and `scm`.
    pub(crate) fn new(bin: &Path) -> anyhow::Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix("torch-bench.")
            .tempdir()
            .context("failed to make a temporary folder")?;
        for name in ["home", "registry", "tmux", "projects"] {
            fs::create_dir(dir.path().join(name))?;
        }
        let config = dir.path().join("home/.config/torch");
        fs::create_dir_all(&config)?;
        fs::write(config.join("config.toml"), CONFIG)?;
        let env = environment(dir.path(), bin)?;
        Ok(Self {
            dir,
            bin: bin.to_owned(),
            env,
            tmux: None,
            teams: Vec::new(),
        })
    }

    /// The same with a variable more in the environment of everything that runs in it from now on.
    pub(crate) fn set(&mut self, name: &str, value: &OsStr) {
        self.env.insert(name.into(), value.to_owned());
    }

    /// The environment of everything that runs in it.
    pub(crate) fn env(&self) -> &Environment {
        &self.env
    }

    /// The same as text, for the wire.
    pub(crate) fn text_env(&self) -> BTreeMap<String, String> {
        text(torch_process::env::inherited(self.env.clone()))
    }

    /// All of it as text.
    pub(crate) fn whole_env(&self) -> BTreeMap<String, String> {
        text(self.env.clone())
    }

    /// Its temporary folder.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The registry.
    pub(crate) fn registry(&self) -> PathBuf {
        self.dir.path().join("registry")
    }

    /// Runs one of torch's programs to its end, and says how long it took from before its start to after its exit.
    /// A status other than 0 is an error.
    pub(crate) fn timed(
        &self,
        program: &str,
        args: &[&str],
        cwd: &Path,
    ) -> anyhow::Result<(Duration, Output)> {
        let spec =
            CommandSpec::new(self.bin.join(program), cwd, self.env.clone(), DEADLINE).args(args);
        let started = Instant::now();
        let output = torch_process::run(&spec)?;
        let time = started.elapsed();
        Ok((time, output.success_or_error()?))
    }

    /// Makes a project: a git repository with a spec and the scenario of quiet agents.
    pub(crate) fn project(&self, name: &str) -> anyhow::Result<PathBuf> {
        let project = self.dir.path().join("projects").join(name);
        fs::create_dir_all(&project)?;
        fs::write(project.join("spec.md"), SPEC)?;
        fs::write(project.join("quiet.toml"), QUIET)?;
        for args in [
            &["init", "-q", "-b", "main"][..],
            &["config", "user.name", "torch bench"],
            &["config", "user.email", "bench@torch.invalid"],
            &["add", "."],
            &["commit", "-q", "-m", "Add the spec"],
        ] {
            let spec = CommandSpec::new("git", &project, self.env.clone(), DEADLINE).args(args);
            torch_process::run(&spec)?.success_or_error()?;
        }
        Ok(project)
    }

    /// Raises a team of demo agents with the first `count` roles on a project and waits until all are briefed: the time
    /// of `torch auto` from before its start to after its exit.
    pub(crate) fn raise(&mut self, project: &Path, count: usize) -> anyhow::Result<Duration> {
        self.raise_with(project, count, "demo")
    }

    /// The same with agents of this program.
    pub(crate) fn raise_with(
        &mut self,
        project: &Path,
        count: usize,
        agent: &str,
    ) -> anyhow::Result<Duration> {
        self.raise_team(project, &ROLES[..count], agent)
    }

    /// The same with a team of demo agents with these roles.
    pub(crate) fn raise_roles(
        &mut self,
        project: &Path,
        roles: &[&str],
    ) -> anyhow::Result<Duration> {
        self.raise_team(project, roles, "demo")
    }

    /// A team of this name is to be stopped at the end, whoever raises it.
    pub(crate) fn will_stop(&mut self, team: &str) {
        self.teams.push(team.to_owned());
    }

    fn raise_team(
        &mut self,
        project: &Path,
        roles: &[&str],
        agent: &str,
    ) -> anyhow::Result<Duration> {
        let roles = roles.join(",");
        let team = project.file_name().and_then(|name| name.to_str());
        // Noted first: a team that came up by half is stopped too.
        self.teams.extend(team.map(str::to_owned));
        let mut args = vec!["auto", "--spec", "spec.md", "--agent", agent, "--yes"];
        args.extend(["--roles", &roles]);
        if agent == "demo" {
            args.extend(["--scenario", "quiet.toml"]);
        }
        let (time, _) = self.timed("torch", &args, project)?;
        if self.tmux.is_none() {
            self.tmux = Some(self.status()?.0.tmux_socket);
        }
        Ok(time)
    }

    /// Ends a project's agents.
    pub(crate) fn stop(&mut self, project: &Path) -> anyhow::Result<()> {
        self.timed("torch", &["stop"], project)?;
        let team = project.file_name().and_then(|name| name.to_str());
        self.teams.retain(|name| Some(name.as_str()) != team);
        Ok(())
    }

    /// A connection to the daemon, which must run.
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        let registry = self.registry();
        let socket = socket_path(&registry, Path::new("/nonexistent"));
        if !socket.starts_with(&registry) {
            bail!(
                "the temporary folder's path is too long for a socket in it: {}",
                registry.display()
            );
        }
        let mut client = Client::connect(&socket)?;
        client.set_deadline(Some(DEADLINE))?;
        Ok(client)
    }

    /// The daemon and all teams as `torch status` gets them.
    pub(crate) fn status(&self) -> anyhow::Result<(DaemonView, Vec<TeamView>)> {
        match self.client()?.call(&Request::Status { team: None })? {
            Response::Status { daemon, teams } => Ok((daemon, teams)),
            other => bail!("status was answered by {other:?}"),
        }
    }

    /// All agents, of all teams.
    pub(crate) fn agents(&self) -> anyhow::Result<Vec<AgentView>> {
        Ok(self
            .status()?
            .1
            .into_iter()
            .flat_map(|team| team.agents)
            .collect())
    }

    /// The tmux server's process, asked for each time: torch may have started another one since.
    pub(crate) fn tmux(&self) -> anyhow::Result<Process> {
        let pid = self
            .tmux_text(&["display-message", "-p", "#{pid}"])?
            .parse()?;
        torch_process::facts::process(pid).context("the tmux server is gone")
    }

    /// What torch's tmux server answers to a command.
    pub(crate) fn tmux_text(&self, args: &[&str]) -> anyhow::Result<String> {
        let name = self.tmux.as_deref().context("no team was raised")?;
        let mut spec = CommandSpec::new("tmux", "/", self.env.clone(), DEADLINE)
            .args(["-L", name])
            .args(args);
        let mut output = torch_process::run(&spec)?;
        if !output.success() {
            // The daemon may not have handed `TMUX_TMPDIR` on.
            spec.env.remove(&OsString::from("TMUX_TMPDIR"));
            output = torch_process::run(&spec)?;
        }
        Ok(output.success_or_error()?.text())
    }

    /// Ends teams, daemon and tmux server in this order, each by its id, and removes the folder.
    pub(crate) fn close(mut self) -> anyhow::Result<()> {
        self.end()
    }

    /// Ends the teams and the daemon as a person would; what they leave behind stays, the files too.
    pub(crate) fn leave(&mut self) -> anyhow::Result<()> {
        let mut failed = Vec::new();
        for team in std::mem::take(&mut self.teams) {
            if let Err(error) = self.timed("torch", &["stop", "--team", &team], self.dir.path()) {
                failed.push(format!("team {team}: {error:#}"));
            }
        }
        if let Err(error) = self.timed("torch", &["daemon", "stop"], self.dir.path()) {
            failed.push(format!("daemon: {error:#}"));
        }
        if failed.is_empty() {
            Ok(())
        } else {
            bail!("not cleaned up: {}", failed.join("; "))
        }
    }

    fn end(&mut self) -> anyhow::Result<()> {
        let left = self.leave();
        // Asked for only now, as the end of the last team may have brought another server; none at all is as good.
        let server: Vec<_> = self.tmux().into_iter().collect();
        if !torch_process::end(&server, TMUX_GRACE).is_empty() {
            bail!("not cleaned up: tmux server {server:?}: it did not end; {left:?}");
        }
        self.tmux = None;
        left
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // After `close` there is nothing left; before it, an error is already on its way out.
        if self.tmux.is_some() || !self.teams.is_empty() {
            self.end().ok();
        }
    }
}

fn text(env: Environment) -> BTreeMap<String, String> {
    let text = env
        .into_iter()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    text.collect()
}

fn environment(dir: &Path, bin: &Path) -> anyhow::Result<Environment> {
    let path = std::env::var_os("PATH").context("PATH is not set")?;
    let paths = std::iter::once(bin.to_owned()).chain(std::env::split_paths(&path));
    let set = |name: &str, value: OsString| (OsString::from(name), value);
    Ok(Environment::from([
        set("PATH", std::env::join_paths(paths)?),
        set("HOME", dir.join("home").into()),
        set("TORCH_HOME", dir.join("registry").into()),
        set("TMUX_TMPDIR", dir.join("tmux").into()),
        set("LANG", "C.UTF-8".into()),
        set("TERM", "xterm-256color".into()),
        set("GIT_CONFIG_GLOBAL", "/dev/null".into()),
        set("GIT_CONFIG_SYSTEM", "/dev/null".into()),
    ]))
}
