//! Briefings: a role's duties and the team's facts, put into the shipped text.

use std::collections::BTreeMap;

use serde::Deserialize;
use torch_core::{AgentId, DeliveryState, MessageKind, Recipient, RoleName, RouterMode, Team};
use torch_router::matrix::Matrix;

use super::send::Draft;
use super::{State, Turn};

/// A role as shipped in `templates/roles/`.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct RoleTemplate {
    /// Its id.
    pub name: String,
    /// `core`, `optional` or `sysops`.
    pub tier: String,
    /// Its name for people.
    pub title: String,
    /// What it is for, in one sentence.
    pub summary: String,
    /// What it does.
    pub duties: Vec<String>,
    /// Where it works.
    pub directories: Vec<String>,
}

/// Everything a briefing is made of.
#[derive(Debug, Clone)]
pub struct Templates {
    /// The text with `{{name}}` places.
    pub briefing: String,
    /// What goes before a repeated briefing, with `{{name}}` places.
    pub recovery: String,
    /// The roles by id.
    pub roles: BTreeMap<String, RoleTemplate>,
    /// The communication matrices.
    pub matrices: Vec<Matrix>,
}

impl Templates {
    /// Puts values into the places of a text; a place without a value stays as it is. Values are not searched again.
    pub fn fill(text: &str, values: &BTreeMap<&str, String>) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find("{{") {
            out.push_str(&rest[..start]);
            let after = &rest[start + 2..];
            match after
                .find("}}")
                .and_then(|end| values.get(after[..end].trim()).map(|value| (end, value)))
            {
                Some((end, value)) => {
                    out.push_str(value);
                    rest = &after[end + 2..];
                }
                None => {
                    out.push_str("{{");
                    rest = after;
                }
            }
        }
        out.push_str(rest);
        out
    }
}

impl State {
    /// Posts an agent's briefing, with what goes before it.
    pub(crate) fn send_briefing(&mut self, t: &mut Turn, agent: AgentId, before: Option<String>) {
        let notes = self.session_notes.remove(&agent).unwrap_or_default();
        let before = before.unwrap_or_default() + &notes;
        let Some(body) = self.briefing(agent, before) else {
            return;
        };
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let (team, role) = (run.agent.team, run.agent.role.clone());
        self.drop_briefings(t, agent);
        let draft = Draft::from_torch(
            team,
            MessageKind::Briefing,
            Recipient::Agent { agent, role },
            body,
        );
        // The mark comes first: posting may already type it.
        if let Some(run) = self.agents.get_mut(&agent) {
            run.agent.briefed = false;
        }
        let message = self.post(t, draft);
        if let Some(run) = self.agents.get_mut(&agent) {
            run.agent.briefing = Some(message);
            let copy = run.agent.clone();
            t.write(torch_core::Write::PutAgent(Box::new(copy)));
        }
        self.pump(t, agent);
        if self.held_briefing(agent).is_some() {
            self.check_raised(t, team);
        }
    }

    /// Briefings that nothing was typed of are replaced by the next one.
    fn drop_briefings(&mut self, t: &mut Turn, agent: AgentId) {
        let older: Vec<_> = self
            .flights
            .values()
            .map(|flight| &flight.envelope)
            .filter(|it| it.kind == MessageKind::Briefing && it.recipient.agent() == Some(agent))
            .map(|envelope| envelope.id)
            .collect();
        for message in older {
            self.end_untyped(
                t,
                message,
                DeliveryState::Expired,
                "a newer briefing replaces it",
            );
        }
    }

    /// The text of an agent's briefing.
    fn briefing(&self, agent: AgentId, before: String) -> Option<String> {
        let run = self.agents.get(&agent)?;
        let team = self.teams.get(&run.agent.team)?;
        let role = self.settings.templates.roles.get(run.agent.role.as_str());
        let task = run.agent.task.as_deref();
        let list = |items: &[String]| {
            items
                .iter()
                .map(|item| format!("- {item}"))
                .collect::<Vec<_>>()
                .join("\n")
        };
        let members: Vec<String> = self
            .team_agents(team.id)
            .iter()
            .filter_map(|id| self.agents.get(id))
            .map(|other| self.member_line(&other.agent.role, other.agent.branch.as_deref()))
            .collect();
        let values = BTreeMap::from([
            ("before", before),
            ("role", run.agent.role.to_string()),
            (
                "title",
                role.map_or_else(
                    || match task {
                        Some(_) => "temporary agent".to_owned(),
                        None => run.agent.role.to_string(),
                    },
                    |role| role.title.clone(),
                ),
            ),
            (
                "summary",
                role.map_or_else(String::new, |role| role.summary.clone()),
            ),
            ("spec", spec_words(team, task)),
            (
                "until",
                match (task, team.spec.as_os_str().is_empty()) {
                    (None, false) => format!(" until the spec `{}` is met", team.spec.display()),
                    _ => String::new(),
                },
            ),
            ("team", team.name.to_string()),
            ("project", team.project.display().to_string()),
            ("worktree", run.agent.worktree.display().to_string()),
            (
                "branch",
                run.agent
                    .branch
                    .clone()
                    .unwrap_or_else(|| "(detached HEAD)".to_owned()),
            ),
            ("base_branch", team.base_branch.clone()),
            ("members", list(&members)),
            (
                "duties",
                match task {
                    Some(task) => format!(
                        "- One task, and nothing else: {task}\n- When it is done, `torch complete` with what was done; your window is then closed."
                    ),
                    None => role.map_or_else(String::new, |role| list(&role.duties)),
                },
            ),
            (
                "directories",
                role.map_or_else(
                    || "- (none named)".to_owned(),
                    |role| list(&role.directories),
                ),
            ),
            ("communication", self.communication(team, &run.agent.role)),
            ("plan", self.plan_part(team.id, &run.agent.role, task)),
        ]);
        Some(Templates::fill(&self.settings.templates.briefing, &values))
    }

    fn member_line(&self, role: &RoleName, branch: Option<&str>) -> String {
        let summary = self
            .settings
            .templates
            .roles
            .get(role.as_str())
            .map_or("", |role| role.summary.as_str());
        format!("{role} ({}): {summary}", branch.unwrap_or("detached HEAD"))
    }

    fn communication(&self, team: &Team, role: &RoleName) -> String {
        if role.is_hub() {
            return "You are the hub: you may write to everybody, and everybody reports to you."
                .to_owned();
        }
        if role.is_sub_hub() {
            return "You are the deputy hub for integration: you may write to everybody. Report to the orchestrator."
                .to_owned();
        }
        let central = "Write to the orchestrator, or to the project_manager about integration.";
        let direct = match team.router {
            RouterMode::Open => {
                return format!("{central} You may write to everybody else too; it is recorded.");
            }
            RouterMode::Strict => Vec::new(),
            RouterMode::Matrix => self.direct_partners(team.id, role),
        };
        let elsewhere = "A message to anybody else goes to the orchestrator instead.";
        if direct.is_empty() {
            return format!("{central} {elsewhere}");
        }
        format!(
            "{central} For immediate needs, such as handing over a test, you may write to {} directly: at most {} exchanges, then \
             the orchestrator decides. {elsewhere}",
            direct.join(", "),
            self.settings.config.router.exchanges
        )
    }
}

/// The briefing's last part: what is to be met.
fn spec_words(team: &Team, task: Option<&str>) -> String {
    let path = team.spec.display();
    match task {
        _ if team.spec.as_os_str().is_empty() => {
            "This team has no spec: what is wanted stands above, or is told to you.".to_owned()
        }
        Some(_) => {
            format!("Your task is all that counts; the spec `{path}` shows what it is part of.")
        }
        None => format!(
            "Read `{path}` in full before anything else. Its list items are what has to be met; name them in your reports."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_once() {
        let values = BTreeMap::from([("a", "{{b}}".to_owned()), ("b", "no".to_owned())]);
        assert_eq!(
            Templates::fill("x {{a}} {{ b }} {{c}} {{", &values),
            "x {{b}} no {{c}} {{"
        );
    }
}
