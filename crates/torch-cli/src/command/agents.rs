//! `torch agents`: the agent programs that torch knows, and their rules tried on a screen. Works without the daemon.

pub(super) mod installed;
mod versions;

use std::io::Read as _;
use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::json;
use torch_core::screen::ScreenKind;
use torch_daemon::catalog::{Catalog, CatalogError, Entry};

use super::JsonArgs;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output;
use crate::place::{Place, project_agents, project_root, shown, user_agents};
use crate::render;
use crate::render::agents::Listed;

/// The largest screen that is read, in bytes.
const CAPTURE_MAX: u64 = 4 * 1024 * 1024;

/// Shows the agent programs that torch knows, and tries their rules on a screen.
///
/// Programs are TOML files: those that are built in, over them yours in ~/.config/torch/agents, and a project's in
/// .torch/agents. A project's are only shown and tried, never started.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch agents list")]
pub struct AgentsArgs {
    #[command(subcommand)]
    command: Command,
}

/// The commands of `torch agents`.
#[derive(Debug, Subcommand)]
enum Command {
    /// Lists the agent programs, whether they are installed, and where their rules come from
    #[command(after_help = "Example:\n  torch agents list")]
    List(ListArgs),
    /// Shows a program's file as it counts
    #[command(after_help = "Example:\n  torch agents show claude")]
    Show(ShowArgs),
    /// Reads a screen by a program's rules, and says which rule matched which lines
    #[command(
        after_help = "Examples:\n  tmux capture-pane -p -e -t %3 | torch agents test claude -\n  torch agents test claude screen.txt --json"
    )]
    Test(TestArgs),
}

/// The arguments of `torch agents list`.
#[derive(Debug, Args)]
struct ListArgs {
    /// Asks each program for its version, also where its executable is the same as within the last day
    #[arg(long)]
    fresh: bool,
    #[command(flatten)]
    json: JsonArgs,
}

/// The arguments of `torch agents show`.
#[derive(Debug, Args)]
struct ShowArgs {
    /// The program
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    json: JsonArgs,
}

/// The arguments of `torch agents test`.
#[derive(Debug, Args)]
struct TestArgs {
    /// The program
    #[arg(value_name = "NAME")]
    name: String,
    /// The screen: a file with what tmux capture-pane -p -e prints, or - for standard input; without -e no text is known
    /// to be dim, so placeholders count as typed
    #[arg(value_name = "CAPTURE")]
    capture: String,
    /// The window's title, as tmux display-message -p '#{pane_title}' prints it; some programs say there that they are busy
    #[arg(long, value_name = "TEXT", default_value = "")]
    title: String,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: AgentsArgs) -> Outcome {
    let catalog = load()?;
    match args.command {
        Command::List(args) => list(catalog, &args),
        Command::Show(args) => show(&args, &catalog),
        Command::Test(args) => test(&args, &catalog),
    }
}

/// The programs of this place; what can't be used is said on standard error and stops nothing.
fn load() -> Result<Catalog, CommandError> {
    let cwd = std::env::current_dir().map_err(|error| {
        CommandError::other("failed to find the current directory")
            .because(&error)
            .hint("cd ~")
    })?;
    let project = project_agents(&project_root(&cwd));
    let catalog = Catalog::load(user_agents().as_deref(), Some(&project));
    for error in &catalog.broken {
        output::notice(render::error::error(&unusable(error)).trim_end());
    }
    Ok(catalog)
}

fn unusable(error: &CatalogError) -> CommandError {
    let failed = CommandError::usage(error.to_string());
    let failed = match std::error::Error::source(error) {
        Some(source) => failed.because(source),
        None => failed,
    };
    failed.hint(format!(
        "${{EDITOR:-vi}} {}",
        torch_process::quote::shell(error.path())
    ))
}

fn list(catalog: Catalog, args: &ListArgs) -> Outcome {
    let entries: Vec<Entry> = catalog.entries.into_values().collect();
    let ask = installed::Ask::fresh(args.fresh);
    let installed = installed::all_installed(&entries.iter().collect::<Vec<_>>(), ask);
    let listed = entries
        .iter()
        .zip(&installed)
        .map(|(entry, installed)| Listed { entry, installed });
    let listed: Vec<Listed<'_>> = listed.collect();
    if args.json.json {
        for one in &listed {
            output::json(&render::agents::listed_json(one))?;
        }
    } else {
        let text = render::agents::list(&listed, shown, crate::screen::width());
        output::data(&text)?;
    }
    Ok(exit::OK)
}

fn show(args: &ShowArgs, catalog: &Catalog) -> Outcome {
    let entry = find(catalog, &args.name)?;
    // The file is shown in any case.
    let seen = Place::find().and_then(|place| super::doctor::in_use::seen(&place));
    let used = seen.ok().and_then(|mut seen| seen.remove(&args.name));
    if args.json.json {
        output::json(&json!({
            "program": entry.program,
            "origin": render::agents::origin_json(&entry.origin),
            "observed": used,
        }))?;
    } else {
        output::data(&render::agents::show(entry, used.as_ref(), shown))?;
    }
    Ok(exit::OK)
}

fn test(args: &TestArgs, catalog: &Catalog) -> Outcome {
    let entry = find(catalog, &args.name)?;
    let read = entry.read(&capture(&args.capture)?, &args.title);
    if args.json.json {
        output::json(&render::agents::reading_json(&read))?;
    } else {
        output::data(&render::agents::reading(&read))?;
    }
    Ok(match read.reading.kind {
        ScreenKind::Unknown => exit::FAILURE,
        _ => exit::OK,
    })
}

fn find<'c>(catalog: &'c Catalog, name: &str) -> Result<&'c Entry, CommandError> {
    catalog.entries.get(name).ok_or_else(|| {
        let known: Vec<&str> = catalog.entries.keys().map(String::as_str).collect();
        let near = torch_core::spelling::near(name, known.iter().copied());
        let hint = near.first().map(|near| format!("torch agents show {near}"));
        CommandError::usage(format!("there is no agent program {name:?}"))
            .cause(format!("known programs: {}", known.join(", ")))
            .hint(hint.unwrap_or_else(|| "torch agents list".to_owned()))
    })
}

fn capture(path: &str) -> Result<Vec<u8>, CommandError> {
    let failed = |error: &dyn std::error::Error| {
        CommandError::usage(format!("failed to read the screen {path:?}"))
            .because(error)
            .hint("tmux capture-pane -p -e -t %3 > screen.txt")
    };
    let most = CAPTURE_MAX + 1;
    let bytes = if path == "-" {
        let mut bytes = Vec::new();
        let read = std::io::stdin().lock().take(most).read_to_end(&mut bytes);
        read.map_err(|error| failed(&error))?;
        bytes
    } else {
        torch_project::read_start(Path::new(path), most).map_err(|error| failed(&error))?
    };
    if bytes.len() as u64 > CAPTURE_MAX {
        return Err(
            CommandError::usage(format!("{path:?} is larger than {CAPTURE_MAX} bytes"))
                .cause("no screen is that large")
                .hint("tmux capture-pane -p -e -t %3 > screen.txt"),
        );
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_that_no_rule_knows_ends_with_1() {
        let folder = tempfile::tempdir().expect("a folder");
        let catalog = Catalog::load(None, None);
        for (screen, code) in [
            ("$ ls\n", exit::FAILURE),
            ("────────\n❯\u{a0}\n────────\n  ? for shortcuts\n", exit::OK),
        ] {
            let path = folder.path().join("screen.txt");
            std::fs::write(&path, screen).expect("a file");
            let args = TestArgs {
                name: "claude".to_owned(),
                capture: path.display().to_string(),
                title: String::new(),
                json: JsonArgs { json: true },
            };
            assert_eq!(test(&args, &catalog), Ok(code), "{screen}");
        }
        let args = ShowArgs {
            name: "nope".to_owned(),
            json: JsonArgs::default(),
        };
        let error = show(&args, &catalog).expect_err("no such program");
        assert_eq!(error.kind.exit_code(), exit::USAGE);
    }
}
