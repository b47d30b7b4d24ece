//! The fake model server by itself: `cargo run -p torch-testing --bin fake-model`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use torch_testing::model::{FakeModel, Settings};

const USAGE: &str = "usage: fake-model [--port N] [--log FILE]

Serves Anthropic's, OpenAI's and Gemini's APIs on a loopback port, which it prints, until its standard input ends.
A message decides its answer with SCENARIO: words (say, slow, think, stall, hang, gate, drop, bash, tool, steps, lines,
markdown, usage, limit, warn, ratelimit, overloaded, error, auth, credit, toolong, refusal, maxtokens, raw429).

Example: curl --data-binary 'limit 7d 3600' http://127.0.0.1:PORT/fake/next";

#[expect(
    clippy::print_stderr,
    reason = "a command-line tool speaks through its output"
)]
fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run() -> anyhow::Result<()> {
    let Some(settings) = settings(std::env::args().skip(1))? else {
        writeln!(std::io::stdout(), "{USAGE}")?;
        return Ok(());
    };
    let model = FakeModel::with(settings)?;
    writeln!(std::io::stdout(), "{}", model.url())?;
    // Whoever started it ends it by closing its input.
    std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink())?;
    Ok(())
}

/// The settings of the command line; `None` for help.
fn settings(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Option<Settings>> {
    let mut settings = Settings::default();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().context(USAGE);
        match argument.as_str() {
            "--help" | "-h" => return Ok(None),
            "--port" => {
                let port = value()?;
                settings.port = port
                    .parse()
                    .with_context(|| format!("`{port}` is no port"))?;
            }
            "--log" => settings.log = Some(PathBuf::from(value()?)),
            other => bail!("no such option: `{other}`\n{USAGE}"),
        }
    }
    Ok(Some(settings))
}
