//! Which agent program each role of a new team runs.

use std::collections::BTreeMap;

use torch_api::Failure;
use torch_core::RoleName;
use torch_core::spelling::near;

use super::State;
use crate::failure::usage;

/// The command that the programs are named for.
const AUTO: &str = "torch auto --spec spec.md";
/// The command that always works.
const DEMO_HINT: &str = "torch auto --spec spec.md --agent demo";

/// The agent programs of a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChosenPrograms {
    /// For whoever has none of its own.
    pub(crate) default: String,
    /// By role.
    by_role: BTreeMap<RoleName, String>,
}

impl ChosenPrograms {
    /// The program of a role.
    pub(crate) fn of(&self, role: &RoleName) -> &str {
        self.by_role.get(role).unwrap_or(&self.default)
    }
}

impl State {
    /// Reads `--agent` (`NAME` for all, `ROLE=NAME` for one). Without a name for all it is the configured program, and
    /// without that the best of those `installed`; `None` where nobody has looked yet.
    pub(crate) fn choose_programs(
        &self,
        written: &[String],
        roles: &[RoleName],
        files: &BTreeMap<String, String>,
        installed: Option<&[String]>,
    ) -> Result<ChosenPrograms, Box<Failure>> {
        let mut default = None;
        let mut by_role = BTreeMap::new();
        for text in written {
            match text.split_once('=') {
                Some((role, program)) => {
                    let role = self.known_role(role.trim(), files, "torch auto --help")?;
                    let named = |name: &str| format!("{AUTO} --agent {role}={name}");
                    self.is_known_program(program.trim(), named)?;
                    if !roles.contains(&role) {
                        return Err(Box::new(usage(
                            &format!(
                                "an agent program was named for {role}, which is not in the team"
                            ),
                            &format!("`--agent {text}`; the roles: {}", names(roles)),
                            Some("torch auto --help"),
                        )));
                    }
                    by_role.insert(role, program.trim().to_owned());
                }
                None => {
                    self.is_known_program(text.trim(), |name| format!("{AUTO} --agent {name}"))?;
                    default = Some(text.trim().to_owned());
                }
            }
        }
        let configured = &self.settings.config.agents.default;
        if default.is_none() && !configured.is_empty() {
            self.is_known_program(configured, |name| format!("{AUTO} --agent {name}"))?;
            default = Some(configured.clone());
        }
        // Everybody may have a program of their own.
        if default.is_none() && roles.iter().all(|role| by_role.contains_key(role)) {
            default = by_role.values().next().cloned();
        }
        let default = match (default, installed) {
            (Some(default), _) => default,
            (None, Some(installed)) => self.best_of(installed)?,
            (None, None) => String::new(),
        };
        let chosen = ChosenPrograms { default, by_role };
        if let Some(installed) = installed {
            self.are_installed(&chosen, roles, installed)?;
        }
        Ok(chosen)
    }

    /// Where there is no such program, `named` is the command with the one that was most likely meant.
    fn is_known_program(
        &self,
        name: &str,
        named: impl Fn(&str) -> String,
    ) -> Result<(), Box<Failure>> {
        if self.programs.contains_key(name) {
            return Ok(());
        }
        Err(Box::new(self.no_program(name, named)))
    }

    /// No agent program has this name; those that there are, the nearest first.
    pub(crate) fn no_program(&self, name: &str, named: impl Fn(&str) -> String) -> Failure {
        let known: Vec<&str> = self.programs.keys().map(String::as_str).collect();
        let near = near(name, known.iter().copied());
        // The demo agent always works.
        let hint = named(near.first().copied().unwrap_or("demo"));
        let mut failure = usage(
            &format!("there is no agent program {name:?}"),
            &format!("known programs: {}", known.join(", ")),
            Some(&hint),
        );
        if !near.is_empty() {
            let near = format!("near matches: {}", near.join(", "));
            failure.causes.insert(0, near);
        }
        failure
    }

    fn best_of(&self, installed: &[String]) -> Result<String, Box<Failure>> {
        let ranked = installed.iter().filter_map(|name| {
            let install = self.programs.get(name)?.data.install.as_ref()?;
            Some((install.rank, name))
        });
        ranked.min().map(|(_, name)| name.clone()).ok_or_else(|| {
            let mut failure = usage(
                "no agent program was found",
                &format!(
                    "none of these is on your PATH: {}; the built-in demo agent only plays: it works by a script and makes demo \
                     commits in the project, so it is never chosen unasked",
                    self.commands().join(", ")
                ),
                Some(DEMO_HINT),
            );
            let how = self.best_install().map(|how| format!("to install one: {how}"));
            failure.causes.extend(how);
            Box::new(failure)
        })
    }

    /// Whatever a role is to run must be there.
    fn are_installed(
        &self,
        chosen: &ChosenPrograms,
        roles: &[RoleName],
        installed: &[String],
    ) -> Result<(), Box<Failure>> {
        for role in roles {
            let name = chosen.of(role);
            let install = self
                .programs
                .get(name)
                .and_then(|it| it.data.install.as_ref());
            let Some(install) = install.filter(|_| !installed.iter().any(|it| it == name)) else {
                continue;
            };
            return Err(Box::new(usage(
                &format!("the agent program {name} is not installed"),
                &format!("there is no `{}` on your PATH", install.command),
                Some(&install.how),
            )));
        }
        Ok(())
    }

    fn commands(&self) -> Vec<String> {
        let mut ranked: Vec<_> = self.installable().collect();
        ranked.sort();
        ranked
            .into_iter()
            .map(|(_, command, _)| command.to_owned())
            .collect()
    }

    /// How to install the program that torch would choose first.
    fn best_install(&self) -> Option<String> {
        self.installable().min().map(|(_, _, how)| how.to_owned())
    }

    fn installable(&self) -> impl Iterator<Item = (u32, &str, &str)> {
        self.programs.keys().filter_map(|name| {
            let install = self.programs.get(name)?.data.install.as_ref()?;
            Some((install.rank, install.command.as_str(), install.how.as_str()))
        })
    }
}

fn names(roles: &[RoleName]) -> String {
    let names: Vec<&str> = roles.iter().map(RoleName::as_str).collect();
    names.join(", ")
}
