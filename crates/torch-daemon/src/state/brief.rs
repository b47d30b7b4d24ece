//! Briefings: when one is sent, and what replaces it. What it says is made in [`crate::brief`].

use torch_brief::Roles;
use torch_core::{Agent, AgentId, DeliveryState, MessageKind, Recipient, Team};
use torch_router::matrix::Matrix;

use super::send::Draft;
use super::{State, Turn};
use crate::brief;

/// Everything a briefing is made of.
#[derive(Debug, Clone)]
pub struct Templates {
    /// The shipped roles.
    pub roles: Roles,
    /// The communication matrices.
    pub matrices: Vec<Matrix>,
}

impl State {
    /// Posts an agent's briefing, with what goes before it.
    pub(crate) fn send_briefing(&mut self, t: &mut Turn, agent: AgentId, before: Option<String>) {
        let notes = self.session_notes.remove(&agent).unwrap_or_default();
        let before = before.unwrap_or_default() + &notes;
        let Some(body) = self.briefing(t, agent, before) else {
            return;
        };
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let (team, role) = (run.agent.team, run.agent.role.clone());
        // The marks come first: nothing else gets in front while the old one goes, and posting may already type the new one.
        if let Some(run) = self.agents.get_mut(&agent) {
            run.agent.briefing = None;
            run.agent.briefed = false;
        }
        self.drop_briefings(t, agent);
        self.stated_by_briefing(t, agent);
        let draft = Draft::from_torch(
            team,
            MessageKind::Briefing,
            Recipient::Agent { agent, role },
            body,
        );
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

    /// Whether an agent's own shell reaches torch.
    pub(crate) fn shell_of(&self, agent: &torch_core::Agent) -> brief::Shell {
        let program = self.settings.programs.get(&agent.program);
        let wanted = &self.settings.config.agents.mode;
        brief::Shell::of(agent, program.map(|program| &program.data), wanted)
    }

    /// What makes a briefing of an agent and its team.
    pub(super) fn of_its_team<T>(
        &self,
        agent: AgentId,
        make: impl FnOnce(&Team, &Agent, &[&Agent], brief::Shipped<'_>) -> T,
    ) -> Option<T> {
        let run = self.agents.get(&agent)?;
        let team = self.teams.get(&run.agent.team)?;
        let ids = self.team_agents(team.id);
        let members = ids.iter().filter_map(|id| self.agents.get(id));
        let members: Vec<_> = members.map(|run| &run.agent).collect();
        let shipped = brief::Shipped {
            templates: &self.settings.templates,
            router: &self.settings.config.router,
            rules: self.project_rules(team.id).map(|rules| &**rules),
        };
        Some(make(team, &run.agent, &members, shipped))
    }

    /// The text of an agent's briefing.
    fn briefing(&self, t: &mut Turn, agent: AgentId, before: String) -> Option<String> {
        let text = self.of_its_team(agent, |team, own, members, shipped| {
            let plan = self.plans.get(&team.id);
            let own = (own, self.shell_of(own));
            brief::text(team, own, members, shipped, (plan, before))
        })?;
        match text {
            Ok(text) => Some(text),
            Err(error) => {
                // A role's texts are tried when it is read, so it is torch that is broken: nobody is briefed by half.
                let cause = error.source.to_string();
                let data = serde_json::json!({"error": error.to_string(), "cause": cause});
                t.journal("briefing.failed", agent, data);
                None
            }
        }
    }
}
