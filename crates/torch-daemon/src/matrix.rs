//! Whom each role of a team may write to directly, told from the registry alone.

use std::collections::BTreeMap;

use serde::Serialize;
use torch_api::Failure;
use torch_api::wire::TeamSelector;
use torch_core::config::RouterConfig;
use torch_core::{Agent, RoleName, RouterMode};
use torch_router::project::RuleSet;

use crate::brief::{Shipped, direct, is_open, matrix};
use crate::offline::Registry;

/// Where a team's communication matrix comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MatrixOrigin {
    /// The template that the team was made from.
    Template,
    /// `router.matrix` of the user's settings.
    Settings,
    /// The roles that are in the team.
    Roles,
}

/// The communication matrix of a team as it is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MatrixInForce {
    /// The team's name.
    pub team: String,
    /// The team's mode: the matrix is asked in [`RouterMode::Matrix`] only.
    pub mode: RouterMode,
    /// The matrix's name.
    pub matrix: String,
    /// Where it comes from.
    pub from: MatrixOrigin,
    /// Each role of the team, in the order of the windows, with the roles of it that it may write to directly, besides the
    /// orchestrator and the project manager; none where it may write to every role. What the project's rules open and forbid
    /// is in it.
    pub direct: Vec<(RoleName, Option<Vec<String>>)>,
    /// What would be open and is forbidden by the project's rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub barred: Vec<Barred>,
}

/// An edge that a rule of the project forbids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Barred {
    /// Who may not write.
    pub from: RoleName,
    /// To whom.
    pub to: RoleName,
    /// The rule's name.
    pub rule: String,
    /// Where it stands: `CLAUDE.md:12`.
    pub at: String,
}

impl MatrixInForce {
    /// The roles that each role writes to, by its name.
    pub fn by_role(&self) -> BTreeMap<&str, Option<&[String]>> {
        let rows = self.direct.iter();
        rows.map(|(role, to)| (role.as_str(), to.as_deref()))
            .collect()
    }

    /// What a role may not do of what would be open to it.
    pub fn barred_to(&self, role: &str) -> impl Iterator<Item = &Barred> {
        self.barred
            .iter()
            .filter(move |row| row.from.as_str() == role)
    }

    /// Lets the project's rules close edges, and open them where the mode leaves that to them.
    fn rule(&mut self, rules: &RuleSet) {
        if self.mode == RouterMode::Open {
            return;
        }
        let roles: Vec<RoleName> = self.direct.iter().map(|(role, _)| role.clone()).collect();
        for (from, to) in &mut self.direct {
            for other in roles.iter().filter(|other| *other != from) {
                let manager = from.is_sub_hub() || other.is_sub_hub();
                let known = |to: &Vec<String>| to.iter().any(|known| known == other.as_str());
                let open = manager || to.as_ref().is_none_or(known);
                match rules.bars(from, other) {
                    Some(rule) if open => {
                        if let Some(to) = to {
                            to.retain(|known| known != other.as_str());
                        }
                        self.barred.push(Barred {
                            from: from.clone(),
                            to: other.clone(),
                            rule: rule.name.clone(),
                            at: format!("{}:{}", rule.file, rule.line),
                        });
                    }
                    Some(_) => {}
                    None if !open
                        && self.mode == RouterMode::Matrix
                        && rules.may_write(from, other) == Some(true) =>
                    {
                        to.get_or_insert_default().push(other.to_string());
                    }
                    None => {}
                }
            }
        }
    }
}

impl Registry {
    /// The communication matrix of a team.
    ///
    /// # Errors
    /// A [`Failure`] when the registry or the shipped matrices can't be read, or no team is meant.
    pub fn matrix(
        &self,
        selector: &TeamSelector,
        router: &RouterConfig,
    ) -> Result<MatrixInForce, Box<Failure>> {
        let (team, agents) = self.meant(selector)?;
        let templates = crate::templates::roles().map_err(|error| {
            let error = format!("the templates can't be read: {error}");
            Box::new(crate::failure::other(&error, "", Some("torch doctor")))
        })?;
        let shipped = Shipped {
            templates: &templates,
            router,
            rules: None,
        };
        let members: Vec<&Agent> = agents.iter().collect();
        let from = match (is_open(router), &team.matrix) {
            (false, _) => MatrixOrigin::Settings,
            (true, Some(_)) => MatrixOrigin::Template,
            (true, None) => MatrixOrigin::Roles,
        };
        let rows = members.iter().map(|agent| {
            let role = &agent.role;
            let all = role.is_hub() || role.is_sub_hub() || team.router == RouterMode::Open;
            let to = (!all).then(|| direct(&team, role, &members, shipped));
            (role.clone(), to)
        });
        let direct = rows.collect();
        let matrix = matrix(&team, &members, shipped);
        let mut found = MatrixInForce {
            team: team.name.to_string(),
            mode: team.router,
            matrix: matrix.map_or_else(String::new, |matrix| matrix.name().to_owned()),
            from,
            direct,
            barred: Vec::new(),
        };
        let rules = crate::host::rules::in_force(self.store(), &team);
        let rules = rules.map_err(|error| Box::new(crate::host::answer::store_failure(&error)))?;
        if let Some(rules) = rules.set {
            found.rule(&RuleSet::new(rules));
        }
        Ok(found)
    }
}
