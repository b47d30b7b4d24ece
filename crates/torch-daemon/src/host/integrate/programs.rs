//! The commands that torch runs for an integration: tests, and what is tried afterwards. They run with the user's rights, and only
//! where the user's own settings, or a person's own word, name or allow them.

use std::fs;
use std::time::{Duration, Instant};

use torch_core::integration::{TestRun, Verdict};
use torch_integration::integrate::Found;
use torch_process::{CommandSpec, Environment, ProcessError, run};
use torch_worktree::{BenchRequest, check_out_bench};

use super::{Site, Why, in_words};

/// How long one of them may take.
const DEADLINE: Duration = Duration::from_secs(60 * 60);

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
        let ended = self.ended(command, commit)?;
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

    /// Runs a command on a commit; what is told of its failure.
    pub(super) fn passes(&self, command: &str, commit: &str) -> Result<Result<(), String>, Why> {
        let ended = self.ended(command, commit)?;
        Ok(match ended.exit {
            Some(0) => Ok(()),
            _ => Err(format!("`{command}` ({})", ended.log)),
        })
    }

    fn ended(&self, command: &str, commit: &str) -> Result<Ended, Why> {
        let path = self.bench();
        let request = BenchRequest {
            repository: &self.repository,
            path: &path,
        };
        check_out_bench(self.git, &request, commit).map_err(|error| in_words(&error))?;
        let spec =
            CommandSpec::new("sh", &path, self.environment(), DEADLINE).args(["-c", command]);
        let began = Instant::now();
        let ran = run(&spec);
        let seconds = began.elapsed().as_secs();
        let (exit, output, note) = match ran {
            Ok(output) => {
                let all = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
                (output.status.code(), all, String::new())
            }
            Err(ProcessError::Deadline { stderr, .. }) => {
                let note = format!("it did not end within {} minutes", DEADLINE.as_secs() / 60);
                (None, stderr.into_bytes(), note)
            }
            // It wrote without end, or could not be started: nobody's branch is to blame before a person looked.
            Err(error) => return Err(in_words(&error)),
        };
        let log = self.log(&output)?;
        Ok(Ended {
            exit,
            seconds,
            log,
            note,
        })
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
