//! Records the screens of the agents' real programs: `just record claude`. It drives each program through its states in
//! a private tmux, against the fake model server, and writes what is on the screen as fixtures of torch-monitor.
//!
//! What a fixture is expected to show is decided here, by what the program was made to do, and never by screen rules.

mod aider;
mod claude;
mod codex;
mod fixture;
mod gemini;
mod opencode;
mod recorder;
mod scene;
mod talk;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use torch_testing::program::{Kind, RealProgram};

use crate::recorder::{Recorder, Section};

const USAGE: &str = "usage: record PROGRAM[@VERSION] [--columns N[,N]] [--into FOLDER] [STATE...]

Programs: claude, codex, gemini, opencode, aider; install them with scripts/real-programs.sh.
Without states all of the program's are recorded; --columns is 200,80 where it is left out.

Example: record claude --columns 80 limit-weekly permission-bash";

/// What the command line asks for.
struct Wanted {
    program: RealProgram,
    columns: Vec<u16>,
    into: PathBuf,
    states: Vec<String>,
}

#[expect(
    clippy::print_stderr,
    reason = "a command-line tool speaks through its output"
)]
fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Records, and says whether all went well.
fn run() -> anyhow::Result<bool> {
    let Some(wanted) = arguments(std::env::args().skip(1))? else {
        writeln!(std::io::stdout(), "{USAGE}")?;
        return Ok(true);
    };
    let sections = sections(wanted.program.kind);
    for state in &wanted.states {
        if !sections.iter().any(|section| section.has(state)) {
            let all: Vec<&str> = sections.iter().flat_map(|it| it.states).copied().collect();
            bail!("no state is called `{state}`; there are: {}", all.join(" "));
        }
    }
    let mut well = true;
    for columns in wanted.columns {
        let folder = wanted
            .into
            .join(wanted.program.kind.name())
            .join(&wanted.program.version)
            .join(columns.to_string());
        let recorder = Recorder::new(&wanted.program, columns, folder, &wanted.states)?;
        well &= recorder.record(sections)?;
    }
    Ok(well)
}

fn sections(kind: Kind) -> &'static [Section] {
    match kind {
        Kind::Claude => claude::SECTIONS,
        Kind::Codex => codex::SECTIONS,
        Kind::Gemini => gemini::SECTIONS,
        Kind::Opencode => opencode::SECTIONS,
        Kind::Aider => aider::SECTIONS,
    }
}

/// The command line; `None` for help.
fn arguments(mut words: impl Iterator<Item = String>) -> anyhow::Result<Option<Wanted>> {
    let mut program = None;
    let mut columns = vec![200, 80];
    let mut into = PathBuf::from("crates/torch-monitor/tests/screens");
    let mut states = Vec::new();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-h" | "--help" => return Ok(None),
            "--columns" => {
                let list = words.next().context(USAGE)?;
                let numbers = list.split(',').map(str::parse);
                columns = numbers
                    .collect::<Result<_, _>>()
                    .with_context(|| format!("`{list}` is no list of columns"))?;
            }
            "--into" => into = PathBuf::from(words.next().context(USAGE)?),
            option if option.starts_with('-') => bail!("no such option: `{option}`\n{USAGE}"),
            _ if program.is_none() => program = Some(word),
            _ => states.push(word),
        }
    }
    let program = program.context(USAGE)?;
    let program = match program.split_once('@') {
        Some((name, version)) => RealProgram::find_version(name, version)?,
        None => RealProgram::find(&program)?,
    };
    Ok(Some(Wanted {
        program,
        columns,
        into,
        states,
    }))
}
