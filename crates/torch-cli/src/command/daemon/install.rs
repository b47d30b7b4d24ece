//! `torch daemon install|uninstall`: the daemon as a systemd user service.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use clap::Args;
use serde_json::json;

use super::JsonArgs;
use crate::connect::{self, autostart};
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output;
use crate::place::{Place, shown};
use crate::service::{plist, systemd, unit, unit_path};

/// What to install.
#[derive(Debug, Args)]
pub(super) struct InstallArgs {
    /// Also starts it when the machine starts, before you log in (`loginctl enable-linger`)
    #[arg(long)]
    boot: bool,
    /// Lets the daemon resume the teams that ran before the machine was restarted
    #[arg(long)]
    resume_teams: bool,
    /// Prints the unit and changes nothing
    #[arg(long)]
    print: bool,
    #[command(flatten)]
    json: JsonArgs,
}

/// Writes the unit, enables and starts it.
pub(super) fn install(args: &InstallArgs, place: &Place) -> Outcome {
    let path = unit_path()?;
    let mut unit = planned(args, place)?;
    if args.print {
        return print(&unit, &path, args.json);
    }
    reach_manager()?;
    let before = existing(&path, place)?;
    let lingers = systemd::lingering();
    let earlier = before.as_deref().is_some_and(unit::switched_lingering_on);
    unit.lingering = earlier || (args.boot && lingers == Some(false));
    let text = unit.text();
    make_log(place)?;
    write(&path, &text)?;
    if !args.json.json {
        let indented: String = text.lines().map(indent).collect();
        output::data(&format!("wrote {}:\n\n{indented}\n", shown(&path)))?;
    }
    if let Err(error) = enable(place) {
        // As it was before; a manager that can't be told of it finds out by itself.
        match &before {
            Some(text) => drop(write(&path, text)),
            None => drop(fs::remove_file(&path)),
        }
        drop(systemd::user(&["daemon-reload"]));
        return Err(error);
    }
    let switched = if args.boot && lingers != Some(true) {
        systemd::linger(true).map(|_| Some(true))
    } else {
        Ok(lingers)
    };
    said_installed(&path, &text, args, switched)
}

/// The unit, as far as it follows from the arguments and the environment.
fn planned(args: &InstallArgs, place: &Place) -> Result<unit::Unit, CommandError> {
    let torch = autostart::torch_program()?;
    for path in [&torch, &place.home] {
        // A line of a unit ends at a newline, quoted or not.
        let text = path.to_str();
        if text.is_none_or(|path| path.chars().any(char::is_control)) {
            let text = format!("a systemd unit can't name the path {path:?}");
            return Err(CommandError::usage(text).hint("torch daemon start"));
        }
    }
    Ok(unit::Unit {
        torch,
        log: place.log(),
        env: unit::variables(autostart::environment(place)),
        resume_teams: args.resume_teams,
        lingering: false,
    })
}

fn print(unit: &unit::Unit, path: &Path, json: JsonArgs) -> Outcome {
    let text = if cfg!(target_os = "macos") {
        plist::text(unit)
    } else {
        unit.text()
    };
    if json.json {
        output::json(&json!({"unit": path, "text": text}))?;
    } else {
        output::data(&text)?;
    }
    Ok(exit::OK)
}

/// Tells systemd of the unit and starts it. A daemon that runs already makes way; the agents go on.
fn enable(place: &Place) -> Result<(), CommandError> {
    systemd::user(&["daemon-reload"])?;
    if let Some(mut client) = connect::running(place)? {
        let pid = client.greeting()?.pid;
        drop(client);
        connect::shut_down(place, pid)?;
    }
    systemd::user(&["enable", "--now", unit::NAME]).map_err(|error| {
        CommandError::from(error)
            .hint(format!("systemctl --user status {}", unit::NAME))
            .hint("torch daemon start")
    })?;
    Ok(())
}

fn said_installed(
    path: &Path,
    text: &str,
    args: &InstallArgs,
    switched: Result<Option<bool>, torch_process::ProcessError>,
) -> Outcome {
    let user = systemd::user_name().unwrap_or_else(|| "$USER".to_owned());
    let lingers = match switched {
        Ok(lingers) => lingers,
        Err(error) => {
            return Err(CommandError::other(format!(
                "{} runs, but lingering could not be switched on, so it does not start at boot",
                unit::NAME
            ))
            .because(&error)
            .hint(format!("sudo loginctl enable-linger {user}")));
        }
    };
    if args.json.json {
        output::json(&json!({
            "unit": path, "text": text, "installed": true, "lingering": lingers,
        }))?;
        return Ok(exit::OK);
    }
    let name = unit::NAME;
    let when = match lingers {
        Some(true) => "lingering is on: it starts at boot and stays when you log out".to_owned(),
        Some(false) => "lingering is off: it starts with your first login and ends with your last one, and so do the agents; to start at boot: torch daemon install --boot".to_owned(),
        None => format!(
            "whether lingering is on could not be told; to start at boot: loginctl enable-linger {user}"
        ),
    };
    output::data(&format!("{name} is enabled and runs\n{when}\n"))?;
    Ok(exit::OK)
}

/// Takes away what [`install`] made.
pub(super) fn uninstall(json: JsonArgs, place: &Place) -> Outcome {
    let path = unit_path()?;
    let Some(text) = existing(&path, place)? else {
        if json.json {
            output::json(&json!({"unit": path, "removed": false}))?;
        } else {
            output::data(&format!("there is no {}\n", shown(&path)))?;
        }
        return Ok(exit::OK);
    };
    let reached = reach_manager();
    if reached.is_ok() {
        systemd::user(&["disable", "--now", unit::NAME])?;
    } else {
        // What `enable` made; without a manager it is only a link.
        let link = path.with_file_name("default.target.wants").join(unit::NAME);
        remove(&link)?;
    }
    remove(&path)?;
    if reached.is_ok() {
        systemd::user(&["daemon-reload"])?;
    }
    let lingering = unit::switched_lingering_on(&text);
    if lingering {
        systemd::linger(false)
            .map_err(|error| CommandError::from(error).hint("loginctl disable-linger"))?;
    }
    if json.json {
        output::json(&json!({"unit": path, "removed": true, "lingering_off": lingering}))?;
        return Ok(exit::OK);
    }
    let also = if lingering {
        "; lingering is off again"
    } else {
        ""
    };
    output::data(&format!(
        "removed {}{also}; teams and agents go on, and the next command that needs the daemon starts it\n",
        shown(&path)
    ))?;
    Ok(exit::OK)
}

/// Whether a user manager of systemd can be asked.
fn reach_manager() -> Result<(), CommandError> {
    match systemd::user(&["show", "--property=Version", "--value"]) {
        Ok(_) => Ok(()),
        Err(error) => Err(CommandError::other(
            "there is no systemd that runs services for you here",
        )
        .because(&error)
        .cause("none is needed while a team runs: its panes start a lost daemon again")
        .hint("torch daemon install --print")
        .hint("torch daemon start")),
    }
}

/// The text of the unit that is there, if one is; it must be torch's, of this registry.
fn existing(path: &Path, place: &Place) -> Result<Option<String>, CommandError> {
    let refuse = |why: String| {
        CommandError::usage(format!("{} is not touched", path.display()))
            .cause(why)
            .hint(format!("cat {}", torch_process::quote::shell(path)))
    };
    let link = path.symlink_metadata().is_ok_and(|meta| meta.is_symlink());
    match fs::read_to_string(path) {
        Ok(_) if link => Err(refuse("it is a link, which torch did not make".to_owned())),
        Ok(text) if !unit::is_ours(&text) => Err(refuse("torch did not write it".to_owned())),
        Ok(text) if !unit::is_of(&text, &place.home) => Err(refuse(format!(
            "it serves another registry than {}",
            place.home.display()
        ))),
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !link => Ok(None),
        Err(error) => Err(refuse(error.to_string())),
    }
}

/// The unit appends to the daemon's log, which only its owner may read.
fn make_log(place: &Place) -> Result<(), CommandError> {
    let log = place.log();
    let folder = log.parent().unwrap_or(&place.home);
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    let mut open = OpenOptions::new();
    open.create(true).append(true).mode(0o600);
    made.and_then(|()| open.open(&log).map(drop))
        .map_err(|error| {
            CommandError::other(format!("failed to make {}", log.display()))
                .because(&error)
                .hint("torch doctor")
        })
}

/// Writes the unit whole or not at all.
fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    let partial = path.with_extension("service.partial");
    let folder = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&partial, text))
        .and_then(|()| fs::rename(&partial, path))
        .map_err(|error| {
            CommandError::other(format!("failed to write {}", path.display()))
                .because(&error)
                .hint("torch daemon install --print")
        })
}

fn remove(path: &Path) -> Result<(), CommandError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(CommandError::other(format!("failed to remove {}", path.display())).because(&error))
        }
        _ => Ok(()),
    }
}

fn indent(line: &str) -> String {
    if line.is_empty() {
        "\n".to_owned()
    } else {
        format!("  {line}\n")
    }
}
