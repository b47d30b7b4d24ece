//! Who hears of a changed spec: the hub of all that differs, everybody else of what they are to keep to.

use torch_core::{MessageKind, Recipient, TeamId};
use torch_plan::Difference;

use super::super::send::Draft;
use super::super::{State, Turn};
use super::words;

impl State {
    /// Tells a team's agents what differs. Who has not been briefed yet reads it in the briefing.
    pub(super) fn tell_difference(&mut self, t: &mut Turn, team: TeamId, between: &Difference) {
        if between.is_quiet() {
            return;
        }
        let all = words::for_all(between);
        for agent in self.team_agents(team) {
            let Some(run) = self.agents.get(&agent) else {
                continue;
            };
            let role = run.agent.role.clone();
            let text = match (role.is_hub(), &all) {
                (true, _) => words::for_the_hub(between),
                (false, Some(text)) if run.agent.briefed => text.clone(),
                (false, _) => continue,
            };
            let recipient = Recipient::Agent { agent, role };
            let draft = Draft::from_torch(team, MessageKind::Notice, recipient, text);
            self.post(t, draft);
        }
    }
}
