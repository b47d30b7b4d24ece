//! A role joins a team: tasks that nobody has are proposed to it, and the hub is told.

use torch_api::wire::Stage;
use torch_core::{MessageKind, Recipient, RoleName, TeamId};
use torch_plan::{Difference, difference, propose};

use super::super::send::Draft;
use super::super::{State, Turn};

/// How many lines of a difference the hub is told.
const LINES: usize = 40;

/// What stands in the place of a role where the plan is meant.
const PLAN: &str = "plan";

impl State {
    /// Proposes tasks without an owner to these roles, which are new in the team; who watches the team is shown which.
    pub(crate) fn propose_tasks(&mut self, t: &mut Turn, team: TeamId, added: &[RoleName]) {
        let roles = self.plan_roles(team);
        let Some(before) = self.plans.get(&team).filter(|_| !added.is_empty()) else {
            return;
        };
        let after = propose(before, added, &roles);
        let between = difference(before, &after);
        if between.is_empty() {
            return;
        }
        self.journal_plan(t, team, &between);
        self.put_plan(t, team, after);
        let shown = format!("proposed: {}", between.lines().join("; "));
        self.progress(t, team, PLAN, Stage::Waiting, &shown);
        if let Some((agent, role)) = self.hub_of(team) {
            let recipient = Recipient::Agent { agent, role };
            let text = told(&between, added);
            let draft = Draft::from_torch(team, MessageKind::Notice, recipient, text);
            self.post(t, draft);
        }
    }
}

fn told(between: &Difference, added: &[RoleName]) -> String {
    let names: Vec<&str> = added.iter().map(RoleName::as_str).collect();
    let mut lines = between.lines();
    let more = lines.len().saturating_sub(LINES);
    lines.truncate(LINES);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    format!(
        "New in the team: {}. Tasks that nobody had are proposed by their words; no other task has changed hands.\n{}\n\
         Say if somebody else is to do them; what others have and should be handed over, hand over yourself. `torch plan show` has \
         the whole plan.",
        names.join(", "),
        lines.join("\n")
    )
}
