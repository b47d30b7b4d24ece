//! `--analyse`: one call of an agent program without tools, whose answer may better a plan.

use std::path::{Path, PathBuf};
use std::time::Duration;

use torch_api::task::{TasksOrder, TasksView};
use torch_core::program::{AgentProgram, HeadlessRules};
use torch_core::{RoleName, TaskPlan};
use torch_daemon::catalog::Catalog;
use torch_plan::analysis;
use torch_process::{CommandSpec, run as run_program};

use super::{ShowArgs, ask, known_roles, of_file, of_team, print, read_spec};
use crate::command::agent::environment;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output;
use crate::place::{Place, user_agents};
use crate::render;
use crate::search::on_path;

/// Runs `torch plan --analyse`.
pub(super) fn run(args: ShowArgs, agent: Option<&str>, dry_run: bool, place: &Place) -> Outcome {
    if let Some(file) = &args.spec {
        let roles = known_roles(&args.roles, place)?;
        let (text, plan) = of_file(&place.cwd.join(file), &roles)?;
        let answer = answer(&text, &plan, &roles, agent, place)?;
        let plan = match analysis::refined(&plan, &answer, &roles) {
            Ok(refined) => refined,
            Err(error) => {
                output::notice(render::error::error(&not_taken(&error)).trim_end());
                plan
            }
        };
        let roles = roles.iter().map(ToString::to_string).collect();
        let view = TasksView {
            team: String::new(),
            roles,
            plan,
            change: None,
        };
        return print(&view, args.json);
    }
    let view = of_team(args.team.team.clone(), place)?;
    let roles: Vec<RoleName> = view
        .roles
        .iter()
        .filter_map(|role| RoleName::parse(role).ok())
        .collect();
    let mut text = String::new();
    for spec in &view.plan.specs {
        text.push_str(&read_spec(Path::new(&spec.path))?);
        text.push('\n');
    }
    let answer = answer(&text, &view.plan, &roles, agent, place)?;
    let order = TasksOrder::Refine { answer, dry_run };
    let view = ask(args.team.team, order, place)?;
    if args.json.json {
        output::json(&view)?;
    } else {
        output::data(&render::tasks::change(&view))?;
    }
    Ok(exit::OK)
}

pub(in crate::command) fn not_taken(error: &analysis::AnalysisError) -> CommandError {
    CommandError::other("the analysis is not taken; the plan stays as the spec's words make it")
        .because(error)
}

/// What an agent program answers to the question how a plan can be bettered.
pub(in crate::command) fn answer(
    spec: &str,
    plan: &TaskPlan,
    roles: &[RoleName],
    agent: Option<&str>,
    place: &Place,
) -> Result<String, CommandError> {
    let config = crate::command::config::load(place)?.0;
    let (program, rules, path) = program(agent, &config.agents.default)?;
    let named: Vec<&str> = config.agents.variable_names().collect();
    // Agents get no more of the caller's environment either.
    let mut env: torch_process::Environment = environment()
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    for (name, value) in std::env::vars() {
        if program.takes(&name).is_some() || named.contains(&name.as_str()) {
            env.insert(name.into(), value.into());
        }
    }
    let folder = Folder::make()?;
    let program_path = path.display().to_string();
    let places = [("program", program_path.as_str())];
    let mut argv = rules
        .argv
        .iter()
        .map(|arg| torch_core::program::fill(arg, &places));
    let first = argv.next().unwrap_or_default();
    let call = CommandSpec::new(first, &folder.0, env, Duration::from_secs(rules.seconds))
        .args(argv)
        .stdin(analysis::question(spec, plan, roles));
    output::notice(&format!(
        "{} is asked, for at most {} s",
        program.name, rules.seconds
    ));
    let failed = || {
        CommandError::other(format!("{} could not be asked", program.name)).hint("torch plan show")
    };
    let output = run_program(&call)
        .and_then(torch_process::Output::success_or_error)
        .map_err(|error| failed().because(&error))?;
    if output.stdout.len() > analysis::ANSWER_MAX {
        return Err(failed().cause(format!(
            "its answer has {} bytes, at most {} are read",
            output.stdout.len(),
            analysis::ANSWER_MAX
        )));
    }
    words(&output.text(), &rules).ok_or_else(|| {
        failed().cause(format!(
            "its answer has nothing at {}: {}",
            rules.answer,
            render::first_line(&output.text(), 200)
        ))
    })
}

/// The answer in what a program prints: all of it, or the text at a JSON pointer.
fn words(printed: &str, rules: &HeadlessRules) -> Option<String> {
    if rules.answer.is_empty() {
        return Some(printed.to_owned());
    }
    let value: serde_json::Value = serde_json::from_str(printed).ok()?;
    value.pointer(&rules.answer)?.as_str().map(str::to_owned)
}

/// The program that is asked: the one named; else, of those that can be asked and are installed, the preferred one or
/// the best.
fn program(
    name: Option<&str>,
    preferred: &str,
) -> Result<(AgentProgram, HeadlessRules, PathBuf), CommandError> {
    let catalog = Catalog::load(user_agents().as_deref(), None);
    let entries = catalog.entries.into_values();
    let mut programs: Vec<AgentProgram> = entries.map(|entry| entry.program).collect();
    let able = programs.iter().filter(|program| program.headless.is_some());
    let able: Vec<&str> = able.map(|program| program.name.as_str()).collect();
    let able = able.join(", ");
    if let Some(name) = name {
        programs.retain(|program| program.name == name);
        let Some(named) = programs.first() else {
            let text = format!("there is no agent program {name:?}");
            return Err(CommandError::usage(text).hint("torch agents list"));
        };
        if named.headless.is_none() {
            let text = format!(
                "{name} can't be asked without a terminal and without tools, as far as torch knows"
            );
            let failed = CommandError::usage(text).cause(format!("these can: {able}"));
            return Err(failed.hint("torch plan show"));
        }
    }
    programs.sort_by_key(|program| {
        let rank = program
            .install
            .as_ref()
            .map_or(u32::MAX, |install| install.rank);
        (program.name != preferred, rank)
    });
    let found = programs.into_iter().find_map(|program| {
        let rules = program.headless.clone()?;
        let path = on_path(&program.install.as_ref()?.command)?;
        Some((program, rules, path))
    });
    found.ok_or_else(|| {
        CommandError::usage("no agent program that can be asked is installed")
            .cause(format!("looked for on PATH: {able}"))
            .hint("torch plan show")
    })
}

/// An empty folder of its own, gone with this value.
struct Folder(PathBuf);

impl Folder {
    fn make() -> Result<Self, CommandError> {
        use std::os::unix::fs::DirBuilderExt as _;
        let now = torch_process::clock::now().0;
        let path = std::env::temp_dir().join(format!("torch-analyse-{}-{now}", std::process::id()));
        let made = std::fs::DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|error| {
            CommandError::other(format!("failed to make {}", path.display())).because(&error)
        })?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The system clears its folder for temporary files.
        drop(std::fs::remove_dir_all(&self.0));
    }
}
