//! The flags that say which team is wanted, and the team that is chosen by them.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use torch_core::RoleName;
use torch_core::config::{PlanTier, TeamConfig};
use torch_project::{Limits, SURVEY_TIME, SurveyError, Teams, load_teams, survey};
use torch_team::{
    Catalog, Choice, ChoiceError, Detection, Detector, Origin, Plan, Size, Spec, TemplateError,
    Wishes, built_in, choose,
};

use super::given::Given;
use crate::error::CommandError;
use crate::output;
use crate::place::{project_teams, user_teams};
use crate::render;

/// Which team is wanted.
#[derive(Debug, Clone, Default, Args)]
pub struct WishArgs {
    /// The type of team, whatever files and spec say (torch team list) [default: what torch detect says]
    #[arg(long, value_name = "TYPE")]
    pub(crate) team_type: Option<String>,
    /// These roles and no others, separated by commas; an orchestrator and what they need is added [default: the type's]
    #[arg(long, value_name = "ROLES", value_delimiter = ',')]
    pub(crate) roles: Vec<String>,
    /// Further roles, separated by commas; they join the type's, whatever the plan has room for
    #[arg(long, value_name = "ROLES", value_delimiter = ',')]
    pub(crate) add_roles: Vec<String>,
    /// The team's size: small (3 to 4 roles), medium (5 to 6), large (7 to 8) or enterprise [default: the type's core]
    #[arg(long, value_name = "SIZE", hide_possible_values = true, value_parser = sizes())]
    pub(crate) size: Option<Size>,
    /// The plan of the agents' account, which limits the team: pro (3 agents), max5 (5), max20 (8) or console (no limit)
    /// [default: team.plan of the config, which is max5]
    #[arg(long, value_name = "PLAN", hide_possible_values = true, value_parser = plans())]
    pub(crate) plan: Option<Plan>,
}

fn sizes() -> impl clap::builder::TypedValueParser<Value = Size> {
    PossibleValuesParser::new(Size::ALL.map(Size::as_str)).try_map(|word| word.parse::<Size>())
}

fn plans() -> impl clap::builder::TypedValueParser<Value = Plan> {
    PossibleValuesParser::new(Plan::ALL.map(Plan::as_str)).try_map(|word| word.parse::<Plan>())
}

impl WishArgs {
    /// The flags as they are understood, over the config.
    ///
    /// # Errors
    /// For what can be no role.
    pub(crate) fn wishes(&self, config: &TeamConfig) -> Result<Wishes, CommandError> {
        Ok(Wishes {
            team_type: self.team_type.clone(),
            roles: roles(&self.roles, "--roles")?,
            add_roles: roles(&self.add_roles, "--add-roles")?,
            size: self.size,
            plan: self.plan,
            default_plan: match config.plan {
                PlanTier::Pro => Plan::Pro,
                PlanTier::Max5 => Plan::Max5,
                PlanTier::Max20 => Plan::Max20,
                PlanTier::Console => Plan::Console,
            },
        })
    }
}

/// The roles as written; what can be no role is said before anything starts.
pub(crate) fn roles(written: &[String], flag: &str) -> Result<Vec<RoleName>, CommandError> {
    if !written.is_empty() && written.iter().all(|role| role.trim().is_empty()) {
        let text = format!("{flag} was given and names no role");
        return Err(CommandError::usage(text).hint("torch roles list"));
    }
    let written = written.iter().map(|role| role.trim());
    let parsed = written.filter(|role| !role.is_empty()).map(|role| {
        RoleName::parse(role).map_err(|error| {
            let failed = CommandError::usage(format!("{role:?} can be no role")).because(&error);
            failed.hint(
                Given::ours()
                    .with(flag, "orchestrator,developer,tester")
                    .line(),
            )
        })
    });
    parsed.collect()
}

/// The team templates of a project: those that are built in, over them the user's, and the project's. What can't be used
/// is told, and stops nothing.
///
/// # Errors
/// Where the shipped roles can't be read, which a test rules out.
pub(crate) fn templates(root: &Path) -> Result<Catalog, CommandError> {
    let Teams { catalog, unread } = all_templates(root)?;
    for error in &unread {
        let failed = CommandError::usage(error.to_string());
        let failed = match std::error::Error::source(error) {
            Some(source) => failed.because(source),
            None => failed,
        };
        let failed = failed.hint(format!(
            "ls -l {}",
            torch_process::quote::shell(error.path())
        ));
        output::notice(render::error::error(&failed).trim_end());
    }
    for error in &catalog.broken {
        output::notice(render::error::error(&unusable(error)).trim_end());
    }
    Ok(catalog)
}

/// The same without a word about those that can't be used.
pub(crate) fn all_templates(root: &Path) -> Result<Teams, CommandError> {
    let (user, project) = (user_teams(), project_teams(root));
    let roles = crate::own_roles::catalog(root).entries.into_keys();
    Ok(load_teams(built_in(roles), user.as_deref(), Some(&project)))
}

/// What torch itself brings.
#[cfg(test)]
pub(crate) fn shipped() -> Result<Catalog, CommandError> {
    let shipped = torch_daemon::templates::roles().map_err(|error| {
        CommandError::other("failed to read the shipped roles").because(error.as_ref())
    })?;
    Ok(built_in(shipped.roles.names().map(str::to_owned)))
}

/// A template that can't be used, with the line to go to.
pub(crate) fn unusable(error: &TemplateError) -> CommandError {
    let path = torch_process::quote::shell(&error.path);
    CommandError::usage(error.to_string())
        .because(&error.fault)
        .hint(format!("${{EDITOR:-vi}} +{} {path}", error.line))
}

/// What a project is, and the team that it gets.
#[derive(Debug)]
pub(crate) struct Chosen {
    pub(crate) detection: Detection,
    pub(crate) choice: Choice,
}

/// Looks at a project and chooses its team.
///
/// # Errors
/// Where the project can't be listed, or a type or role that is wanted does not exist.
pub(crate) fn chosen(
    root: &Path,
    spec: Option<&str>,
    wishes: &Wishes,
) -> Result<Chosen, CommandError> {
    let catalog = templates(root)?;
    let detector = Detector::new(&catalog);
    let end = std::time::Instant::now() + SURVEY_TIME;
    let late = || std::time::Instant::now() >= end;
    let seen = survey(root, Limits::default(), late, |path| detector.wants(path))
        .map_err(|error| unlisted(&error))?;
    let spec = spec.map(Spec::read);
    let detection = detector.detect(&seen, spec.as_ref(), wishes.team_type.as_deref());
    let mut choice =
        choose(&detection, &catalog, wishes).map_err(|error| unchosen(&error, wishes))?;
    keep_demo_out(&mut choice, &catalog);
    Ok(Chosen { detection, choice })
}

/// The demo agent makes commits of its own. A file that came with a project can't ask for it.
fn keep_demo_out(choice: &mut Choice, catalog: &Catalog) {
    let of_project = catalog
        .entry(&choice.template)
        .is_some_and(|entry| matches!(entry.origin, Origin::Project(_)));
    let before = choice.agents.len();
    if of_project {
        choice.agents.retain(|_, program| program != "demo");
    }
    if choice.agents.len() < before {
        let text = "the project's template names the demo agent, which is left out; --agent demo asks for it";
        choice.notes.push(text.to_owned());
    }
}

fn unlisted(error: &SurveyError) -> CommandError {
    let SurveyError::List { path, source } = error;
    CommandError::usage(error.to_string())
        .because(source)
        .hint(format!("ls -ld {}", torch_process::quote::shell(path)))
}

fn unchosen(error: &ChoiceError, wishes: &Wishes) -> CommandError {
    let failed = CommandError::usage(error.to_string());
    match error {
        ChoiceError::UnknownType { known, near, .. } => {
            let failed = failed.cause(format!("known types: {}", known.join(", ")));
            match near.first() {
                Some(near) => failed.hint(Given::ours().with("--team-type", near).line()),
                None => failed.hint("torch team list"),
            }
        }
        ChoiceError::UnknownRole {
            name,
            flag,
            known,
            near,
        } => {
            let failed = failed.cause(format!("known roles: {}", known.join(", ")));
            let written = match *flag {
                "--roles" => &wishes.roles,
                _ => &wishes.add_roles,
            };
            // Whoever is named already is not meant once more.
            let is_new = |near: &&String| !written.iter().any(|role| role.as_str() == **near);
            let Some(near) = near.iter().find(is_new) else {
                return failed.hint("torch roles list");
            };
            let right = written.iter().map(|role| match role.as_str() == name {
                true => near.as_str(),
                false => role.as_str(),
            });
            let right: Vec<&str> = right.collect();
            failed.hint(Given::ours().with(flag, right.join(",")).line())
        }
        ChoiceError::NoTemplate(_) => failed.hint("torch team list"),
    }
}

/// A directory as it is given, canonical.
///
/// # Errors
/// Where it is not there, or is none.
pub(crate) fn directory(path: PathBuf) -> Result<PathBuf, CommandError> {
    let found = path.canonicalize().map_err(|error| {
        CommandError::usage(format!("the directory {} can't be found", path.display()))
            .because(&error)
            .hint("torch detect .")
    })?;
    match found.is_dir() {
        true => Ok(found),
        false => Err(
            CommandError::usage(format!("{} is no directory", path.display()))
                .hint("torch detect ."),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn roles_are_checked_before_anything_starts() {
        let words = |roles: &[&str]| {
            let roles = roles.iter().map(|role| (*role).to_owned());
            roles.collect::<Vec<_>>()
        };
        let parsed = roles(&words(&["PM", " dev ", ""]), "--roles").expect("roles");
        let names: Vec<&str> = parsed.iter().map(RoleName::as_str).collect();
        assert_eq!(names, ["project_manager", "developer"]);
        for nothing in [&[""][..], &[" ", ""]] {
            let error = roles(&words(nothing), "--roles").expect_err("no role");
            assert_eq!(error.kind, ErrorKind::Usage);
        }
        assert_eq!(roles(&[], "--roles").expect("not given"), []);
        let error = roles(&words(&["../x"]), "--roles").expect_err("hostile");
        assert_eq!(error.kind, ErrorKind::Usage);
    }

    #[test]
    fn what_is_shipped_fits_the_roles() {
        let catalog = shipped().expect("the roles");
        assert_eq!(catalog.broken, []);
        assert!(catalog.entries().count() >= 10);
    }
}
