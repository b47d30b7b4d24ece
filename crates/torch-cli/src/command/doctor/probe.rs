//! `torch doctor --probe`: each program is launched for real, as torch launches it for a team, in a registry, a tmux server and a
//! repository of its own, and what arrives at torch says which of its doors work.
//!
//! Nothing is sent to a model and no dialog is answered; with `--ask-model` one prompt per program is.

mod ask;
mod finding;
mod folder;
mod judge;
pub(crate) mod orphan;
mod sandbox;
mod world;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use torch_core::AgentState;
use torch_core::config::Config;
use torch_core::observed::ProgramObserved;
use torch_core::program::AgentProgram;
use torch_daemon::catalog::{Catalog, Entry, Origin};

use crate::command::agents::installed::installed;
use crate::command::config;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::interrupt::caught_before_end;
use crate::output;
use crate::place::{Place, user_agents};
use crate::render::agents::Installed;
use crate::render::probe;
pub(crate) use finding::{Finding, Report, Verdict};
use folder::Folder;
use nix::sys::signal::Signal;
use world::{Raised, World};

/// How long what a program shows at its start may take once it is ready.
const SIGNS: Duration = Duration::from_secs(15);
/// How long a dialog that a program draws after its prompt has to appear.
const DIALOGS: Duration = Duration::from_secs(2);

/// What is to be probed.
pub(super) struct Probe {
    pub(super) programs: Vec<String>,
    pub(super) ask_model: bool,
    pub(super) json: bool,
}

/// A program to be probed.
struct Subject {
    program: AgentProgram,
    /// `None` for what is built in.
    path: Option<PathBuf>,
    version: Option<String>,
}

/// Probes the programs, one after the other.
pub(super) fn run(probe: &Probe, place: &Place) -> Outcome {
    let subjects = subjects(&probe.programs)?;
    let config = config::load_own(place, None).unwrap_or_else(|_| config::defaults(place));
    let folder = Arc::new(Folder::take(place, &config.tmux.program)?);
    let last = Arc::clone(&folder);
    caught_before_end(
        &[Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP],
        move || {
            last.clear();
        },
    )?;
    if probe.ask_model {
        output::notice(&ask::notice(
            &subjects
                .iter()
                .map(|it| it.program.name.as_str())
                .collect::<Vec<_>>(),
        ));
    }
    let mut all_well = true;
    for subject in &subjects {
        if !probe.json {
            output::notice(&format!("launching {} …", subject.program.name));
        }
        let probed = probed(subject, probe, &folder, &config);
        folder.clear();
        let report = probed.unwrap_or_else(|error| Report::broken(subject, &error));
        all_well &= report.is_well();
        if probe.json {
            output::json(&report)?;
        } else {
            output::data(&probe::report(&report, crate::screen::width()))?;
        }
    }
    Ok(if all_well { exit::OK } else { exit::FAILURE })
}

/// The programs that were named, or all that are installed.
fn subjects(named: &[String]) -> Result<Vec<Subject>, CommandError> {
    let mut catalog = Catalog::load(user_agents().as_deref(), None);
    if named.is_empty() {
        let mut found: Vec<Entry> = catalog.entries.into_values().collect();
        found.retain(|entry| entry.program.install.is_some());
        found.sort_by_key(|entry| entry.program.install.as_ref().map(|it| it.rank));
        let found: Vec<Subject> = found
            .into_iter()
            .filter_map(|entry| subject(entry).ok())
            .collect();
        if found.is_empty() {
            return Err(
                CommandError::usage("there is no agent program to be probed")
                    .cause("none that torch knows is on PATH")
                    .hint("torch agents list"),
            );
        }
        return Ok(found);
    }
    let known: Vec<String> = catalog.entries.keys().cloned().collect();
    let found = named.iter().map(|name| {
        let entry = catalog.entries.remove(name).ok_or_else(|| {
            CommandError::usage(format!(
                "there is no agent program {name:?}, or it was named twice"
            ))
            .cause(format!("known programs: {}", known.join(", ")))
            .hint("torch agents list")
        })?;
        subject(entry)
    });
    found.collect()
}

fn subject(entry: Entry) -> Result<Subject, CommandError> {
    let name = &entry.program.name;
    if matches!(entry.origin, Origin::Project(_)) {
        return Err(CommandError::usage(format!(
            "{name} is a project's own file, which torch never starts"
        ))
        .hint("torch agents list"));
    }
    let (path, version) = match installed(&entry) {
        Installed::BuiltIn => (None, None),
        Installed::At { path, version } => (Some(path), version),
        Installed::No => {
            let how = entry
                .program
                .install
                .as_ref()
                .map_or("torch agents list", |it| &it.how);
            return Err(
                CommandError::usage(format!("the agent program {name} is not on PATH")).hint(how),
            );
        }
    };
    Ok(Subject {
        program: entry.program,
        path,
        version,
    })
}

/// Launches one program, and looks at what it shows.
fn probed(
    subject: &Subject,
    probe: &Probe,
    folder: &Folder,
    config: &Config,
) -> Result<Report, CommandError> {
    let program = &subject.program;
    let mut report = Report::new(&program.name, subject.version.clone());
    let world = World::open(folder)?;
    let ready = Duration::from_secs(program.launch.ready_seconds) + SIGNS;
    match world.raise(&program.name, &config.agents, ready)? {
        Raised::Up { millis } => {
            let seconds = Duration::from_millis(millis).as_secs_f64();
            report.push(Finding::works(
                "start",
                format!("ready after {seconds:.1} s"),
            ));
        }
        Raised::Not { why } => {
            report.not_up(program, why, &world.dialog()?, folder);
            return Ok(report);
        }
    }
    let before = world.wait(SIGNS, |seen| judge::has_shown(program, seen))?;
    // Some programs draw their prompt first, and then ask.
    if let Some(dialog) = world.dialog_within(DIALOGS)? {
        report.not_up(
            program,
            "a dialog stands before its prompt".to_owned(),
            &Some(dialog),
            folder,
        );
        return Ok(report);
    }
    let boxed = sandbox::look(subject, &world, config)?;
    let asked = match probe.ask_model {
        true => Some(ask::ask(program, &world)?),
        false => None,
    };
    let seen = match &asked {
        Some(_) => world.observed()?,
        None => before,
    };
    judge::judge(
        &mut report,
        program,
        (&seen, boxed.as_ref(), asked.as_ref()),
    );
    Ok(report)
}

/// Whether an agent is at its prompt.
fn is_quiet(state: AgentState) -> bool {
    matches!(state, AgentState::Ready | AgentState::Idle)
}

/// What was seen, for a program of which nothing was yet.
fn nothing(program: &str) -> ProgramObserved {
    ProgramObserved {
        program: program.to_owned(),
        version: None,
        observed: torch_core::observed::Observed::default(),
    }
}

/// The variables of this process as text.
fn variables() -> BTreeMap<String, String> {
    let text = std::env::vars_os();
    text.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}
