//! `torch open NAME`: a project by a part of its name, with one agent, a shell and its development server.

mod detect;
mod find;
mod text;

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use torch_api::open::{WindowKind, WindowRequest, WindowState, WindowView};
use torch_api::wire::AutoRequest;
use torch_api::{Request, Response};
use torch_process::quote;

use super::{JsonArgs, attach, auto};
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output::{self, Enter};
use crate::place::{self, Place, variable};
use crate::render;
use detect::{Command, Files};
use find::Found;
use text::{no_server, proposal, went, words};

/// The most that is read of one file of a project, in bytes.
const FILE_MAX: u64 = 256 * 1024;
/// The most subfolders of one root that are looked through.
const FOLDERS_MAX: usize = 10_000;
/// The role of the one agent.
const ROLE: &str = "developer";

/// Opens a project: finds it by a part of its name, and starts one agent that owns it, with a shell and its development
/// server beside.
///
/// The project is a subfolder of one of projects.roots, or a path. It must be a git repository: the agent works on a branch in a worktree
/// of its own; the shell and the server are in the project's folder. What was opened before is gone to, and what is missing of it
/// is started again; a project that has another team is only gone to.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  torch open weather
  torch open ~/work/shop --agent claude --server \"npm run dev\"
  torch open weather --no-server --yes")]
pub struct OpenArgs {
    /// The project's name, the beginning or any part of it; or a path
    #[arg(value_name = "NAME")]
    name: String,
    /// The agent program [default: agents.default of the config, or the best that is installed]
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// The server's command, run by /bin/sh [default: made out from the project's files, where they leave no doubt]
    #[arg(long, value_name = "COMMAND")]
    server: Option<String>,
    /// Starts no server
    #[arg(long, conflicts_with_all = ["server", "install"])]
    no_server: bool,
    /// Installs what the server needs first, where that seems to be missing; else nothing is ever installed
    #[arg(long)]
    install: bool,
    /// How long the server is watched until it is said how it goes, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
    /// Starts without asking
    #[arg(long, short = 'y')]
    yes: bool,
    /// Only says what would be done
    #[arg(long)]
    dry_run: bool,
    /// Does not attach this terminal
    #[arg(long)]
    no_attach: bool,
    /// A file that scripts the demo agent
    #[arg(long, value_name = "FILE", hide = true)]
    scenario: Option<PathBuf>,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: OpenArgs, place: &Place) -> Outcome {
    let project = project(&args.name, place)?;
    let command = command(&args, &project)?;
    let mut request = request(&args, &project, place)?;
    request.dry_run = true;
    let plan = auto::plan(request.clone(), place)?;
    if plan.exists {
        return go_there(&args, &plan.team, command, place);
    }
    output::notice(&proposal(&plan, command.as_ref(), &args));
    if args.dry_run {
        return Ok(exit::OK);
    }
    if !agreed(&args)? {
        return Ok(exit::FAILURE);
    }
    request.dry_run = false;
    let raised = auto::follow::raise(place, request, None, (false, args.json))?;
    if raised != exit::OK {
        return Ok(raised);
    }
    beside(&args, &plan.team, command, place)
}

/// Whether an agent may be started.
fn agreed(args: &OpenArgs) -> Result<bool, CommandError> {
    if args.yes {
        return Ok(true);
    }
    if !output::can_ask() {
        return Err(CommandError::usage(
            "torch open asks before it starts an agent, and nobody can be asked here",
        )
        .hint(super::given::Given::ours().and("--yes").line()));
    }
    let agreed = output::ask("Start?", Enter::Yes)?;
    if !agreed {
        output::notice("nothing was started");
    }
    Ok(agreed)
}

/// The shell and the server beside the agent, as far as they are not there, and then to them.
fn beside(args: &OpenArgs, team: &str, command: Option<Command>, place: &Place) -> Outcome {
    open(place, team, WindowKind::Shell, 0)?;
    let failed = match command {
        Some(command) => serve(args, place, team, command)?,
        None => {
            output::notice(&no_server(args));
            false
        }
    };
    if failed {
        return Ok(exit::FAILURE);
    }
    finish(args, team, place)
}

/// The folder that is meant.
fn project(name: &str, place: &Place) -> Result<PathBuf, CommandError> {
    if name.contains('/') || name == "." || name == ".." {
        let path = place.cwd.join(expand(name)?);
        return path.canonicalize().map_err(|error| {
            CommandError::usage(format!("the project {} can't be found", path.display()))
                .because(&error)
                .hint("torch open --help")
        });
    }
    let (config, _) = super::config::load(place)?;
    let roots = &config.projects.roots;
    let mut folders = Vec::new();
    for root in roots {
        folders.extend(subfolders(&expand(root)?));
    }
    match find::find(name, &folders) {
        Found::One(folder) => folder.canonicalize().map_err(|error| {
            CommandError::usage(format!("the project {} can't be opened", folder.display()))
                .because(&error)
        }),
        Found::Several(all) => {
            let failed = CommandError::usage(format!("{name:?} fits {} projects", all.len()));
            Err(all.iter().fold(failed, |failed, folder| {
                let shown = place::shown(folder);
                failed
                    .cause(render::plain(&shown))
                    .hint(format!("torch open {}", quote::shell(folder)))
            }))
        }
        Found::None(near) => {
            let looked = match roots.is_empty() {
                true => "projects.roots names no folder".to_owned(),
                false => format!(
                    "looked through {} ({}; projects.roots)",
                    roots.join(", "),
                    render::count(folders.len() as u64, "folder")
                ),
            };
            let failed =
                CommandError::usage(format!("no project is called {name:?}")).cause(looked);
            Err(match near.is_empty() {
                true => {
                    failed.hint("torch config    # projects.roots: where projects are looked for")
                }
                false => near.iter().fold(failed, |failed, near| {
                    failed.hint(format!("torch open {}", quote::shell(near)))
                }),
            })
        }
    }
}

/// A path whose `~/` is the home directory.
fn expand(path: &str) -> Result<PathBuf, CommandError> {
    let Some(rest) = path.strip_prefix('~') else {
        return Ok(PathBuf::from(path));
    };
    let home = variable("HOME").ok_or_else(|| {
        CommandError::usage(format!("{path} can't be found: HOME is not set"))
            .hint("export HOME=/path/to/home")
    })?;
    Ok(PathBuf::from(home).join(rest.trim_start_matches('/')))
}

/// The folders right below a root, hidden ones aside; a root that is not there has none.
fn subfolders(root: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    let mut all: Vec<PathBuf> = entries
        .take(FOLDERS_MAX)
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    all.sort();
    all
}

/// A project's files on disk.
struct Disk<'a>(&'a Path);

impl Files for Disk<'_> {
    fn text(&self, path: &str) -> Option<String> {
        let bytes = torch_project::read_start(&self.0.join(path), FILE_MAX).ok()?;
        String::from_utf8(bytes).ok()
    }

    fn has(&self, path: &str) -> bool {
        self.0.join(path).exists()
    }
}

/// The server's command: as given, or made out.
fn command(args: &OpenArgs, project: &Path) -> Result<Option<Command>, CommandError> {
    if args.no_server {
        return Ok(None);
    }
    match &args.server {
        Some(words) if words.trim().is_empty() => {
            Err(CommandError::usage("the server's command is empty")
                .hint("torch open weather --server \"npm run dev\""))
        }
        Some(words) => Ok(Some(Command {
            argv: ["/bin/sh", "-c", words].map(str::to_owned).to_vec(),
            why: "as given".to_owned(),
            install: None,
        })),
        None => Ok(detect::server(&Disk(project))),
    }
}

fn request(args: &OpenArgs, project: &Path, place: &Place) -> Result<AutoRequest, CommandError> {
    let there = Place {
        cwd: project.to_owned(),
        ..place.clone()
    };
    let (config, origins) = super::config::load(&there)?;
    let limits = super::config::tightened(&there, &config, &origins);
    super::config::say_passed(&origins);
    let passed_on = super::agent::passed_on(&config.agents);
    let policy = config.team_policy();
    let configured = Some(config.agents.default).filter(|name| !name.is_empty());
    Ok(AutoRequest {
        refined: None,
        choice: None,
        policy: Some(policy),
        lane: Default::default(),
        role_files: Default::default(),
        project: project.to_owned(),
        spec: PathBuf::new(),
        roles: vec![ROLE.to_owned()],
        agents: args.agent.clone().or(configured).into_iter().collect(),
        dry_run: true,
        router: Some(config.router.mode),
        limits,
        alone: true,
        paused: false,
        scenario: args.scenario.as_ref().map(|file| place.cwd.join(file)),
        env: passed_on.plain,
        secrets: passed_on.secret,
    })
}

/// A project that has a team already: it is said, and gone to. Of one that was opened, the windows that are missing are opened again.
fn go_there(args: &OpenArgs, team: &str, command: Option<Command>, place: &Place) -> Outcome {
    let request = Request::Status {
        team: Some(team.to_owned()),
    };
    let view = match connect::ask(&mut connect::connect(place)?, &request)? {
        Response::Status { teams, .. } => teams.into_iter().next(),
        other => return Err(CommandError::unexpected(&other)),
    };
    let phase = view.as_ref().map_or("", |view| view.phase.as_str());
    output::notice(&format!("the project has a team already: {team}, {phase}"));
    let was_opened = view
        .as_ref()
        .is_some_and(|view| view.spec.as_os_str().is_empty());
    if matches!(phase, "stopped" | "suspended") {
        return Err(CommandError::other(format!("team {team} does not run"))
            .hint(format!("torch resume --team {team}")));
    }
    match was_opened && !args.dry_run {
        true => beside(args, team, command, place),
        false => finish(args, team, place),
    }
}

/// Attaches this terminal, or says how.
fn finish(args: &OpenArgs, team: &str, place: &Place) -> Outcome {
    let stays = args.no_attach || args.json.json || args.dry_run;
    let terminal = attach::need_terminal(|given| given.line());
    if stays || terminal.is_err() {
        output::notice(&format!("torch attach --team {team}"));
        return Ok(exit::OK);
    }
    attach::to_team(place, team)
}

fn open(
    place: &Place,
    team: &str,
    kind: WindowKind,
    watch_millis: u64,
) -> Result<WindowView, CommandError> {
    let request = Request::Window(Box::new(WindowRequest {
        team: place.team(Some(team.to_owned())),
        kind,
        watch_millis,
    }));
    match connect::ask(&mut connect::connect(place)?, &request)? {
        Response::Window(view) => Ok(*view),
        other => Err(CommandError::unexpected(&other)),
    }
}

/// Starts the server and says how it goes; whether it failed.
fn serve(
    args: &OpenArgs,
    place: &Place,
    team: &str,
    command: Command,
) -> Result<bool, CommandError> {
    let missing = command.install.clone().filter(|_| !args.install);
    let argv = match command.install {
        Some(install) if args.install => {
            let both = [words(&install), words(&command.argv)].join(" && ");
            ["/bin/sh", "-c", &both].map(str::to_owned).to_vec()
        }
        _ => command.argv,
    };
    let kind = WindowKind::Server { argv };
    let view = open(place, team, kind, args.timeout.saturating_mul(1_000))?;
    if view.existed {
        output::notice("the windows `shell` and `server` are there");
        return Ok(false);
    }
    if args.json.json {
        output::json(&json!({ "window": view }))?;
    } else {
        output::data(&went(&view, args.timeout))?;
    }
    let failed = view.state == WindowState::Ended;
    if failed && let Some(install) = missing {
        output::notice(&format!(
            "what it needs seems not to be installed, and torch installs nothing unless it is told to: {}",
            words(&install)
        ));
    }
    Ok(failed)
}
