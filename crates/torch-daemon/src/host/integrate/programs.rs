//! The commands that torch runs for an integration: tests, and what is tried afterwards. They run with the user's rights, and only
//! where the user's own settings, or a person's own word, name or allow them.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use torch_core::integration::{TestRun, Verdict};
use torch_core::launch::CommandRecord;
use torch_integration::integrate::Found;
use torch_process::launch::end_run;
use torch_process::{CommandSpec, Environment, ProcessError, facts, run_while};
use torch_worktree::{BenchRequest, check_out_bench};

use super::{Runner, Site, Why, in_words};

/// How long one of them may take.
const DEADLINE: Duration = Duration::from_secs(60 * 60);

/// How long its processes have between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_millis(500);

/// What begins the names of variables that are torch's own business.
const OWN: &str = "TORCH_";

/// How a command ended.
struct Ended {
    exit: Option<i32>,
    seconds: u64,
    /// Below the registry.
    log: String,
    /// Why it did not end by itself.
    note: String,
}

impl Site<'_> {
    /// Runs the tests on a commit.
    pub(super) fn test(&self, command: &str, commit: &str) -> Result<Found, Why> {
        let ended = match self.ended(command, commit)? {
            Ok(ended) => ended,
            Err(found) => return Ok(found),
        };
        let passed = ended.exit == Some(0);
        Ok(Found::Tested(TestRun {
            commit: commit.to_owned(),
            command: Some(command.to_owned()),
            by: "torch".to_owned(),
            exit: ended.exit,
            seconds: ended.seconds,
            log: Some(ended.log),
            verdict: if passed {
                Verdict::Passed
            } else {
                Verdict::Failed
            },
            note: ended.note,
        }))
    }

    /// Runs a command on a commit; what else was found where it did not pass.
    pub(super) fn passes(&self, command: &str, commit: &str) -> Result<Option<Found>, Why> {
        Ok(match self.ended(command, commit)? {
            Ok(Ended { exit: Some(0), .. }) => None,
            Ok(ended) => Some(Found::Verified {
                failed: Some(format!("`{command}` ({})", ended.log)),
                tag: None,
            }),
            Err(cut_off) => Some(cut_off),
        })
    }

    fn ended(&self, command: &str, commit: &str) -> Result<Result<Ended, Found>, Why> {
        let runner = self.runner.ok_or("a look runs no command")?;
        self.settle()?;
        let path = self.bench();
        let request = BenchRequest {
            repository: &self.repository,
            path: &path,
        };
        check_out_bench(self.git, &request, commit).map_err(|error| in_words(&error))?;
        let began = Instant::now();
        let ran = run_while(&self.spec(runner, command)?, runner.held);
        let seconds = began.elapsed().as_secs();
        let exit = self.record()?.and_then(|record| record.exit);
        let left = self.settle()?;
        let (output, note) = match ran {
            Ok(output) if exit.is_some() => {
                let all = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
                (all, left_behind(left))
            }
            Ok(output) => {
                let all = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
                let (log, status) = (self.log(&all)?, output.status);
                let why = format!(
                    "`{command}` was cut off: the process above it was ended, most likely by the command itself ({status}; {log})"
                );
                tracing::warn!(integration = %self.job.row.id.tag(), "{why}");
                return Ok(Err(Found::CutOff { why }));
            }
            Err(ProcessError::Cancelled { .. }) => {
                let why = format!("`{command}` was ended, as its integration was");
                return Ok(Err(Found::CutOff { why }));
            }
            Err(ProcessError::Deadline { stderr, .. }) => {
                let note = format!("it did not end within {} minutes", DEADLINE.as_secs() / 60);
                (stderr.into_bytes(), note)
            }
            // It wrote without end, or could not be started: nobody's branch is to blame before a person looked.
            Err(error) => return Err(in_words(&error)),
        };
        let log = self.log(&output)?;
        Ok(Ok(Ended {
            exit: exit.map(i32::from),
            seconds,
            log,
            note,
        }))
    }

    /// The process that runs a command: it ends with the daemon, and is not the daemon where a command ends its parent.
    fn spec(&self, runner: Runner<'_>, command: &str) -> Result<CommandSpec, Why> {
        let own = facts::process(std::process::id());
        let own = own.ok_or("the daemon does not find its own process")?;
        let env = self.environment();
        let spec = CommandSpec::new(runner.torch, self.bench(), env, DEADLINE);
        Ok(spec
            .args(["command-run", &own.pid.to_string(), &own.start.to_string()])
            .arg(self.job.row.id.to_string())
            .arg(self.record_path())
            .args(["--", command]))
    }

    /// Ends what an earlier run of this integration, or this one, left; how many processes there were.
    pub(super) fn settle(&self) -> Result<usize, Why> {
        let Some(record) = self.record()? else {
            return Ok(0);
        };
        let run = self.job.row.id.to_string();
        let (found, left) = end_run(&run, &[record.process], GRACE);
        if !left.is_empty() {
            let pids = left.iter().map(|process| process.pid.to_string());
            let pids = pids.collect::<Vec<_>>().join(", ");
            return Err(format!(
                "processes of an earlier run do not end (pid {pids})"
            ));
        }
        fs::remove_file(self.record_path()).map_err(|error| in_words(&error))?;
        Ok(found)
    }

    fn record_path(&self) -> PathBuf {
        self.bench().with_extension("run")
    }

    /// What the process above a command told of itself; nothing where none was begun.
    fn record(&self) -> Result<Option<CommandRecord>, Why> {
        let path = self.record_path();
        match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .map(Some)
                .map_err(|error| format!("{} is no record of a run: {error}", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{} can't be read: {error}", path.display())),
        }
    }

    /// Keeps what a command wrote; where, below the registry.
    fn log(&self, output: &[u8]) -> Result<String, Why> {
        let folder = self.home.join("logs/integrations");
        crate::host::execute::make_private(&folder).map_err(|error| in_words(&error))?;
        let tag = self.job.row.id.tag();
        let mut names = (1_u32..).map(|number| format!("{tag}-{number}.log"));
        let name = names.find(|name| !folder.join(name).exists());
        let name = name.unwrap_or_else(|| format!("{tag}.log"));
        fs::write(folder.join(&name), output).map_err(|error| in_words(&error))?;
        Ok(format!("logs/integrations/{name}"))
    }

    /// What a person's own commands have there, with the team's `PATH`; nothing by which torch would take it for an agent.
    fn environment(&self) -> Environment {
        let mut env = self.git.environment();
        let team = self.job.env.iter();
        env.extend(team.map(|(name, value)| (name.into(), value.into())));
        env.retain(|name, _| !name.to_string_lossy().starts_with(OWN));
        env
    }
}

fn left_behind(processes: usize) -> String {
    match processes {
        0 => String::new(),
        1 => "1 process that it left behind was ended".to_owned(),
        many => format!("{many} processes that it left behind were ended"),
    }
}
