//! Roles that torch does not ship, or not so: their files come with the request that adds an agent, and stay with its team.

use std::collections::BTreeMap;

use torch_api::Failure;
use torch_core::policy::TeamPolicy;
use torch_core::spelling::near;
use torch_core::{RoleName, TeamId, Write};

use super::{State, Turn};
use crate::failure::usage;

/// The most files that one request may carry.
const FILES_MAX: usize = 64;

/// Whether each file is the role that it is sent as.
pub(crate) fn check_files(files: &BTreeMap<String, String>) -> Result<(), Box<Failure>> {
    let hint = Some("torch roles check");
    if files.len() > FILES_MAX {
        let cause = format!(
            "{} files were sent, at most {FILES_MAX} are read",
            files.len()
        );
        return Err(Box::new(usage("there are too many roles", &cause, hint)));
    }
    for (name, text) in files {
        let cause = match torch_brief::parse(text) {
            Ok(role) if role.name == *name => continue,
            Ok(role) => format!("its file is of the role {}", role.name),
            Err(error) => match std::error::Error::source(&error) {
                Some(source) => format!("line {}: {error}: {source}", error.line()),
                None => format!("line {}: {error}", error.line()),
            },
        };
        let error = format!("the role {name} can't be used");
        return Err(Box::new(usage(&error, &cause, hint)));
    }
    Ok(())
}

/// The files of these roles.
pub(crate) fn files_of(
    files: &BTreeMap<String, String>,
    roles: &[RoleName],
) -> BTreeMap<String, String> {
    let wanted = files
        .iter()
        .filter(|(name, _)| roles.iter().any(|role| role.as_str() == name.as_str()));
    wanted
        .map(|(name, text)| (name.clone(), text.clone()))
        .collect()
}

impl State {
    /// A role that torch ships, or that there is a file of.
    pub(crate) fn known_role(
        &self,
        text: &str,
        files: &BTreeMap<String, String>,
        help: &str,
    ) -> Result<RoleName, Box<Failure>> {
        let role = RoleName::parse(text).map_err(|error| {
            Box::new(usage(
                &format!("{text:?} is no usable role"),
                &error.to_string(),
                Some(help),
            ))
        })?;
        let shipped = &self.settings.templates.roles;
        if shipped.contains(role.as_str()) || files.contains_key(role.as_str()) {
            return Ok(role);
        }
        let own = files.keys().map(String::as_str);
        let mut known: Vec<&str> = shipped.names().chain(own).collect();
        known.sort_unstable();
        known.dedup();
        let mut failure = usage(
            &format!("there is no role {text:?}"),
            &format!("known roles: {}", known.join(", ")),
            Some(help),
        );
        let near = near(role.as_str(), known.iter().copied());
        if !near.is_empty() {
            let near = format!("near matches: {}", near.join(", "));
            failure.causes.insert(0, near);
        }
        Err(Box::new(failure))
    }

    /// Keeps the files of roles that a team gets.
    pub(crate) fn keep_files(
        &mut self,
        t: &mut Turn,
        team: TeamId,
        files: &BTreeMap<String, String>,
        roles: &[RoleName],
    ) {
        let files = files_of(files, roles);
        let Some(team) = self.teams.get_mut(&team).filter(|_| !files.is_empty()) else {
            return;
        };
        team.role_files.extend(files);
        t.write(Write::PutTeam(Box::new(team.clone())));
    }

    /// The policy of a new team: what the request says, else what the daemon's own settings say.
    pub(crate) fn policy_for(&self, asked: Option<&TeamPolicy>) -> TeamPolicy {
        asked
            .cloned()
            .unwrap_or_else(|| self.settings.config.team_policy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_the_role_that_it_is_sent_as() {
        let good =
            "name = \"analyst\"\ntitle = \"Analyst\"\nsummary = \"Reads.\"\nduties = [\"Read.\"]\n";
        let check = |name: &str, text: &str| {
            check_files(&BTreeMap::from([(name.to_owned(), text.to_owned())]))
                .map_err(|failure| failure.causes.join("; "))
        };
        assert_eq!(check("analyst", good), Ok(()));
        let error = check("tester", good).expect_err("another role");
        assert_eq!(error, "its file is of the role analyst");
        let error = check("analyst", &good.replace("Read.\"]", "{{ x }}\"]")).expect_err("no text");
        assert!(
            error.starts_with("line 4: a text under `duties`"),
            "{error}"
        );
        let many = (0..=FILES_MAX).map(|n| (format!("r{n}"), String::new()));
        assert!(check_files(&many.collect()).is_err());
    }
}
