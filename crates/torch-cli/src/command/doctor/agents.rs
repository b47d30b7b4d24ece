//! Checks of the agent programs: which are there, in which version, logged in or not, and what proves deliveries to them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use torch_core::config::Config;
use torch_core::observed::ProgramObserved;
use torch_core::program::{AgentProgram, InstallRules, fill_variables};
use torch_daemon::catalog::{Catalog, Entry};

use super::checks::{fail, ok, warn};
use super::in_use::Seen;
use crate::command::agents::installed::{Ask, all_installed};
use crate::error::CommandError;
use crate::place::{shown, user_agents};
use crate::render::agents::Installed;
use crate::render::doctor::Check;
use crate::render::observed;
use crate::render::time::Clock;

/// The name of these checks.
const NAME: &str = "agent program";
/// The name of what was seen of one.
const IN_USE: &str = "in use";

/// One check for each program that is there or is wanted, and one if there is none.
pub(super) fn agents(config: &Config, seen: Result<Seen, CommandError>, ask: Ask) -> Vec<Check> {
    let catalog = Catalog::load(user_agents().as_deref(), None);
    let variables: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let wanted = config.agents.default.as_str();
    let mut checks: Vec<Check> = catalog
        .broken
        .iter()
        .map(|error| fail(NAME, error.to_string(), "torch agents list"))
        .collect();
    if !wanted.is_empty() && !catalog.entries.contains_key(wanted) {
        let found = format!("agents.default is {wanted:?}, which torch does not know");
        checks.push(fail(NAME, found, "torch agents list"));
    }
    let mut entries: Vec<&Entry> = catalog.entries.values().collect();
    entries.sort_by_key(|entry| {
        entry
            .program
            .install
            .as_ref()
            .map_or(u32::MAX, |it| it.rank)
    });
    let there = all_installed(&entries, ask);
    let only_demo = !there.iter().any(|it| matches!(it, Installed::At { .. }));
    let found: Vec<Check> = entries
        .iter()
        .zip(there)
        .flat_map(|(entry, there)| {
            let name = &entry.program.name;
            let used = seen.as_ref().map(|seen| seen.get(name));
            check((entry, there), name == wanted, &variables, used)
        })
        .collect();
    checks.extend(found);
    if only_demo && wanted.is_empty() {
        let how = entries
            .iter()
            .find_map(|entry| entry.program.install.as_ref());
        let how = how.map_or_else(String::new, |install| install.how.clone());
        checks.push(warn(
            NAME,
            "none is on PATH but demo, the built-in one, which only plays",
            how,
        ));
    }
    checks
}

/// A program that is there, or that is wanted and is not.
fn check(
    (entry, there): (&Entry, Installed),
    wanted: bool,
    variables: &BTreeMap<String, String>,
    used: Result<Option<&ProgramObserved>, &CommandError>,
) -> Vec<Check> {
    let program = &entry.program;
    let Some(install) = &program.install else {
        let built_in = wanted.then(|| ok(NAME, format!("{} (built in)", program.name)));
        let used = used.ok().flatten().map(|seen| {
            let fallen = seen.grade(program.grade()).1;
            in_use(program, Ok(Some(seen)), fallen)
        });
        return built_in.into_iter().chain(used).collect();
    };
    let (path, version) = match there {
        Installed::At { path, version } => (path, version),
        _ if wanted => {
            let found = format!(
                "agents.default is {}, and {} is not on PATH",
                program.name, install.command
            );
            return vec![fail(NAME, found, &install.how)];
        }
        _ => return Vec::new(),
    };
    let seen = used.ok().flatten();
    let (grade, fallen) = match seen {
        Some(seen) => seen.grade(program.grade()),
        None => (program.grade(), None),
    };
    let found = format!(
        "{} {} · deliveries proven by {} · {}",
        program.name,
        version_words(install, version.as_deref()),
        grade.as_str(),
        shown(&path)
    );
    let there = match login(program, variables) {
        Login::Seen(by) => ok(NAME, format!("{found} · login: {by}")),
        Login::Untold => ok(NAME, found),
        Login::NotSeen => warn(
            NAME,
            format!("{found} · no login was found"),
            &install.login.how,
        ),
    };
    vec![there, in_use(program, used, fallen)]
}

/// What was seen of a program in use; a grade that is lower than its rules promise is a warning.
fn in_use(
    program: &AgentProgram,
    used: Result<Option<&ProgramObserved>, &CommandError>,
    fallen: Option<String>,
) -> Check {
    let name = &program.name;
    let clock = Clock::system();
    match (used, fallen) {
        (Err(error), _) => {
            let hint = error.hints.first().map_or("torch daemon status", |it| it);
            let found = format!("{name}: {}", error.message);
            warn(IN_USE, found, hint)
        }
        (Ok(None), _) => ok(IN_USE, format!("{name}: {}", observed::NEVER)),
        (Ok(Some(seen)), None) => ok(
            IN_USE,
            format!("{name}: {}", observed::in_use(seen, &clock)),
        ),
        (Ok(Some(seen)), Some(why)) => warn(
            IN_USE,
            format!(
                "{name}: {why}; its rules promise {} · {}",
                program.grade().as_str(),
                observed::in_use(seen, &clock)
            ),
            format!("torch doctor --probe {name}"),
        ),
    }
}

fn version_words(install: &InstallRules, version: Option<&str>) -> String {
    match version {
        None => "(it does not say its version)".to_owned(),
        Some(version)
            if install.tested.is_empty() || install.tested.iter().any(|it| it == version) =>
        {
            version.to_owned()
        }
        Some(version) => format!(
            "{version} (torch's rules were tried with {})",
            install.tested.join(", ")
        ),
    }
}

/// What shows that somebody is logged in; what it holds is not read.
enum Login {
    Seen(String),
    NotSeen,
    /// The program's rules don't say how to tell.
    Untold,
}

fn login(program: &AgentProgram, variables: &BTreeMap<String, String>) -> Login {
    let Some(install) = &program.install else {
        return Login::Untold;
    };
    let rules = &install.login;
    if rules.files.is_empty() && rules.variables.is_empty() {
        return Login::Untold;
    }
    let set = |name: &&String| variables.get(*name).is_some_and(|value| !value.is_empty());
    if let Some(name) = rules.variables.iter().find(set) {
        return Login::Seen(format!("the variable {name}"));
    }
    let files = rules
        .files
        .iter()
        .filter_map(|file| fill_variables(file, variables));
    let there = files
        .map(PathBuf::from)
        .find(|file: &PathBuf| file.exists());
    there.map_or(Login::NotSeen, |file| Login::Seen(shown(Path::new(&file))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_seen_and_never_read() {
        let home = tempfile::tempdir().expect("a folder");
        let catalog = Catalog::load(None, None);
        let claude = &catalog.entries["claude"].program;
        let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut variables = BTreeMap::from([variable("HOME", &home.path().display().to_string())]);
        assert!(matches!(login(claude, &variables), Login::NotSeen));
        std::fs::create_dir(home.path().join(".claude")).expect("a folder");
        std::fs::write(home.path().join(".claude/.credentials.json"), "").expect("a file");
        assert!(matches!(login(claude, &variables), Login::Seen(by) if by.contains("credentials")));
        variables.extend([variable("CLAUDE_CONFIG_DIR", "/nowhere")]);
        assert!(matches!(login(claude, &variables), Login::NotSeen));
        variables.extend([variable("ANTHROPIC_API_KEY", "x")]);
        assert!(
            matches!(login(claude, &variables), Login::Seen(by) if by.contains("ANTHROPIC_API_KEY"))
        );
    }

    #[test]
    fn an_untried_version_is_said() {
        let catalog = Catalog::load(None, None);
        let install = catalog.entries["claude"]
            .program
            .install
            .clone()
            .expect("rules");
        assert_eq!(version_words(&install, Some("2.1.329")), "2.1.329");
        assert!(
            version_words(&install, Some("9.9.9")).starts_with("9.9.9 (torch's rules were tried")
        );
    }
}
