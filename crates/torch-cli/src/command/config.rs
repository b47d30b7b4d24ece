//! `torch config`, and the config as this place has it.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use torch_core::config::{Config, ConfigError, Layers, Origin, ProjectRouter, Source, layer};
use torch_core::policy::Profile;
use torch_project::{FileError, read_text};

use super::JsonArgs;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output;
use crate::place::{Place, project_root, user_config, variable};
use crate::render;

/// The largest config file, in bytes.
const FILE_MAX: u64 = 1 << 20;

/// Shows every setting, its value, and where that comes from.
///
/// A variable stands above the files: TORCH_GIT_FORBID for git.forbid. An empty one counts as one that is not set; `none` empties a list.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch config")]
pub struct ConfigArgs {
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: &ConfigArgs, place: &Place) -> Outcome {
    let (config, origins) = load(place)?;
    if !args.json.json {
        output::data(&render::config::config(&origins))?;
        super::in_force::say(place, &config);
        return Ok(exit::OK);
    }
    for origin in &origins {
        output::json(&json!({
            "key": origin.key,
            "value": origin.value,
            "from": from(&origin.source),
            "passed_over": origin.passed.as_ref().map(|it| json!({ "path": it.place, "value": it.value })),
        }))?;
    }
    Ok(exit::OK)
}

/// The config of this place: defaults, the user's file, the project's file, the environment.
///
/// # Errors
/// When a file can't be read or used; the hint names it.
pub fn load(place: &Place) -> Result<(Config, Vec<Origin>), CommandError> {
    load_under(place, None)
}

/// The same, under a policy that was named on the command line.
///
/// # Errors
/// Likewise, and when there is no such policy.
pub fn load_under(
    place: &Place,
    policy: Option<&str>,
) -> Result<(Config, Vec<Origin>), CommandError> {
    if let Some(name) = policy.filter(|name| Profile::find(name).is_none()) {
        let names = Profile::ALL.map(Profile::as_str);
        return Err(CommandError::usage(format!("there is no policy {name:?}"))
            .cause(format!("policies: {}", names.join(", ")))
            .hint("torch policy explain policy"));
    }
    let project = read(Some(project_file(place)))?;
    let user = read(user_config())?;
    put_over_defaults(place, user.as_ref(), project.as_ref(), policy)
}

fn project_file(place: &Place) -> PathBuf {
    project_root(&place.cwd).join("torch.toml")
}

/// What the project's file says of the router's limits, for the team that is started there.
pub(crate) fn tightened(place: &Place, config: &Config, origins: &[Origin]) -> ProjectRouter {
    let file = project_file(place).display().to_string();
    ProjectRouter::of(config, origins, &file)
}

/// Says what of a project's file does not count beside the user's settings.
pub(crate) fn say_passed(origins: &[Origin]) {
    for origin in origins.iter().filter(|origin| origin.passed.is_some()) {
        let from = render::config::from(origin);
        output::notice(&format!("note: {} is {}: {from}", origin.key, origin.value));
    }
}

/// The config without any project's file, as the daemon has it, which serves all projects; `file` replaces the user's.
///
/// # Errors
/// When a file can't be read or used; the hint names it.
pub fn load_own(place: &Place, file: Option<&Path>) -> Result<Config, CommandError> {
    let user = match file {
        Some(file) => {
            let text = read_text(file, FILE_MAX).map_err(|error| unreadable(file, &error))?;
            Some((file.display().to_string(), text))
        }
        None => read(user_config())?,
    };
    let (config, _) = put_over_defaults(place, user.as_ref(), None, None)?;
    Ok(config)
}

fn put_over_defaults(
    place: &Place,
    user: Option<&(String, String)>,
    project: Option<&(String, String)>,
    policy: Option<&str>,
) -> Result<(Config, Vec<Origin>), CommandError> {
    let layers = Layers {
        user: user.map(|(name, text)| (name.as_str(), text.as_str())),
        project: project.map(|(name, text)| (name.as_str(), text.as_str())),
    };
    let var = |name: &str| match policy {
        Some(policy) if name == "TORCH_POLICY" => Some(policy.to_owned()),
        _ => variable(name).and_then(|value| value.into_string().ok()),
    };
    layer(&defaults(place), layers, var).map_err(|error| unusable(&error))
}

/// The defaults, which depend on the registry: each has a tmux server of its own.
pub fn defaults(place: &Place) -> Config {
    let mut config = Config::default();
    config.tmux.socket = torch_api::path::tmux_socket(&place.home, variable);
    config
}

pub(crate) fn from(source: &Source) -> serde_json::Value {
    match source {
        Source::Default => json!({ "kind": "default" }),
        Source::Policy(profile) => json!({ "kind": "policy", "name": profile }),
        Source::File(path) => json!({ "kind": "file", "path": path }),
        Source::Variable(name) => json!({ "kind": "environment", "variable": name }),
    }
}

fn read(path: Option<PathBuf>) -> Result<Option<(String, String)>, CommandError> {
    let Some(path) = path else {
        return Ok(None);
    };
    match read_text(&path, FILE_MAX) {
        Ok(text) => Ok(Some((path.display().to_string(), text))),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(unreadable(&path, &error)),
    }
}

fn unreadable(path: &Path, error: &FileError) -> CommandError {
    CommandError::usage(format!("failed to read the config file {}", path.display()))
        .because(error)
        .hint(format!("ls -l {}", torch_process::quote::shell(path)))
}

fn unusable(error: &ConfigError) -> CommandError {
    let failed = CommandError::usage(error.to_string());
    let failed = match std::error::Error::source(error) {
        Some(source) => failed.because(source),
        None => failed,
    };
    let place = match error {
        ConfigError::Syntax { place, .. }
        | ConfigError::UnknownKey { place, .. }
        | ConfigError::Value { place, .. }
        | ConfigError::UserOnly { place, .. } => place,
        ConfigError::Build(_) => return failed,
    };
    if place.starts_with("TORCH_") {
        return failed.hint(format!("unset {place}"));
    }
    failed.hint(format!(
        "${{EDITOR:-vi}} {}",
        torch_process::quote::shell(place)
    ))
}
