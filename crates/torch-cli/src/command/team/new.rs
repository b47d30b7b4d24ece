//! `torch team new`.

use std::path::{Path, PathBuf};

use clap::Args;
use torch_team::parse;

use super::find;
use crate::command::wishes;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::new_file;
use crate::output;
use crate::place::{in_repository, project_teams, user_teams};

/// What a new template begins with.
const BEGINNING: &str = include_str!("../../../../../templates/team-new.toml");

/// The arguments of `torch team new`.
#[derive(Debug, Args)]
pub(super) struct NewArgs {
    /// Its name: 1 to 32 of a-z, 0-9, _ and -
    #[arg(value_name = "NAME")]
    name: String,
    /// A type to begin with, by its name or an alias
    #[arg(long, value_name = "TYPE")]
    from: Option<String>,
    /// Writes into .torch/teams of the project you are in instead of your own folder
    #[arg(long)]
    project: bool,
}

/// Runs the command.
pub(super) fn run(args: &NewArgs, root: &Path) -> Outcome {
    let catalog = wishes::templates(root)?;
    let same = format!("torch team new {} --from", args.name);
    let from = args.from.as_deref();
    let from = from.map(|from| find(&catalog, from, &same)).transpose()?;
    let text = from.map_or(BEGINNING, |entry| entry.text.as_str());
    let folder = folder(args.project, root)?;
    let path = folder.join(format!("{}.toml", args.name));
    let parent = from.map(|entry| entry.template.name.as_str());
    let text = named(
        text,
        &args.name,
        parent.filter(|parent| *parent != args.name),
    );
    if let Err(faults) = parse(&path, &text, catalog.known()) {
        let failed = CommandError::usage(format!("{:?} can be no team type", args.name));
        let failed = faults
            .first()
            .map_or(failed.clone(), |error| failed.because(&error.fault));
        return Err(failed.hint("torch team new my-team"));
    }
    if args.project {
        unlinked(root)?;
    }
    new_file::write(&path, &text)?;
    if args.project {
        excluded(root);
    }
    output::notice(
        "wrote a template; torch team check tells what is wrong with it, torch detect whether it fits:",
    );
    output::data(&format!("{}\n", path.display()))?;
    Ok(exit::OK)
}

/// The same text with another name and without other words for it, which would mean two types. What it was made from is
/// told, as two types of the same signs would be too close to each other.
fn named(text: &str, name: &str, parent: Option<&str>) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut begun = false;
    for line in text.lines() {
        begun |= line.starts_with('[');
        if !begun && line.starts_with("name =") {
            lines.push(format!("name = {name:?}"));
            lines.extend(parent.map(|parent| format!("extends = {parent:?}")));
        } else if begun
            || !["aliases =", "extends ="]
                .iter()
                .any(|key| line.starts_with(key))
        {
            lines.push(line.to_owned());
        }
    }
    lines.join("\n") + "\n"
}

fn folder(project: bool, root: &Path) -> Result<PathBuf, CommandError> {
    if !project {
        return user_teams().ok_or_else(|| {
            CommandError::usage("no place for a template: neither XDG_CONFIG_HOME nor HOME is set")
                .hint("torch team new my-team --project")
        });
    }
    if in_repository(root) {
        return Ok(project_teams(root));
    }
    Err(CommandError::usage(format!(
        "{} is in no git repository, so it is no project",
        root.display()
    ))
    .hint("git init"))
}

/// Leaves `.torch/` out of what git shows, as torch does for every project of a team. The template is there either way.
fn excluded(root: &Path) {
    if let Err(error) = torch_daemon::project_folder::exclude(root) {
        let failed = CommandError::other("git status will show .torch/").because(&error);
        output::notice(&format!(
            "note: {}: {}",
            failed.message,
            failed.causes.join(": ")
        ));
    }
}

/// A project's folders must be its own: a repository that links one of them would have the file written elsewhere.
fn unlinked(root: &Path) -> Result<(), CommandError> {
    for folder in [root.join(".torch"), project_teams(root)] {
        let Ok(meta) = folder.symlink_metadata() else {
            continue;
        };
        if !meta.is_dir() {
            let what = match meta.is_symlink() {
                true => "a link, and torch writes nothing outside the project",
                false => "no folder",
            };
            return Err(
                CommandError::usage(format!("{} is {what}", folder.display()))
                    .hint(format!("ls -ld {}", torch_process::quote::shell(&folder))),
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use torch_team::Entry;

    use super::*;

    #[test]
    fn a_new_template_is_sound() {
        let catalog = wishes::shipped().expect("the roles");
        let path = Path::new("x.toml");
        let own = |entry: &Entry| (entry.text.clone(), Some(entry.template.name.clone()));
        let texts = catalog.entries().map(own);
        for (text, parent) in texts.chain([(BEGINNING.to_owned(), None)]) {
            let text = named(&text, "shop", parent.as_deref());
            let template = parse(path, &text, catalog.known()).expect("sound");
            assert_eq!(
                (template.name.as_str(), template.aliases.len()),
                ("shop", 0)
            );
            assert_eq!(template.extends, parent);
            // A copy of the copy tells what it was made from itself.
            let again = named(&text, "shop2", Some("shop"));
            let template = parse(path, &again, catalog.known()).expect("sound");
            assert_eq!(template.extends.as_deref(), Some("shop"));
        }
    }
}
