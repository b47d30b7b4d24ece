//! How integrations are shown.

use torch_api::Response;
use torch_api::git::GitResponse;
use torch_api::integrate::IntegrationView;
use torch_core::TeamId;
use torch_core::integration::{Integration, Wait, WaitOn};

use super::{State, Turn};
use crate::event::ConnId;

impl State {
    pub(super) fn integration_view(&self, row: Integration) -> IntegrationView {
        IntegrationView {
            team: self.name_of(row.team).unwrap_or_else(|| row.team.short()),
            tag: row.id.tag(),
            integration: row,
        }
    }

    /// Tells whoever waits for it.
    pub(super) fn tell_integrators(&mut self, t: &mut Turn, team: TeamId, view: &IntegrationView) {
        let clients = std::mem::take(&mut self.integrations.clients);
        for (conn, of) in clients {
            if of == team {
                t.reply(conn, answer(view.clone()));
            } else {
                self.integrations.clients.push((conn, of));
            }
        }
    }

    /// A client is gone; what it began goes on.
    pub(crate) fn integrations_left(&mut self, conn: ConnId) {
        self.integrations
            .clients
            .retain(|(other, _)| *other != conn);
    }

    /// Those that wait for a review.
    pub(crate) fn reviews(&self, team: Option<TeamId>) -> Vec<IntegrationView> {
        let rows = self.integrations.rows.values();
        let waits = |row: &&Integration| {
            let on = row.wait.as_ref().map(|wait| &wait.on);
            matches!(on, Some(WaitOn::Review { .. })) && team.is_none_or(|team| row.team == team)
        };
        let rows = rows.filter(waits).cloned();
        rows.map(|row| self.integration_view(row)).collect()
    }

    /// The line of `torch status`.
    pub(crate) fn integration_line(&self, team: TeamId) -> Option<String> {
        let row = self.integrations.rows.get(&team)?;
        let tag = row.id.tag();
        let step = row.step().map_or("its end", |step| step.as_str());
        Some(match &row.wait {
            Some(wait) => format!("{tag} waits at {step}: {}", waited_for(row, wait)),
            None => format!("{tag} is at {step}"),
        })
    }
}

/// What an integration waits for, in words.
fn waited_for(row: &Integration, wait: &Wait) -> String {
    let all = |roles: &[torch_core::RoleName]| {
        let roles: Vec<_> = roles.iter().map(torch_core::RoleName::as_str).collect();
        roles.join(", ")
    };
    match &wait.on {
        WaitOn::Turn { other } => format!("{} of the same repository comes first", other.tag()),
        WaitOn::Commits { roles } => format!("{} to commit", all(roles)),
        WaitOn::Conflicts => {
            let open = row.conflicts.iter().filter(|one| one.solved.is_none());
            let mut owners: Vec<_> = open.map(|one| one.owner.clone()).collect();
            owners.sort();
            owners.dedup();
            format!("{} to solve conflicts", all(&owners))
        }
        WaitOn::Tests { roles } if roles.is_empty() => "a person to run the tests".to_owned(),
        WaitOn::Tests { roles } => format!("{} to run the tests", all(roles)),
        WaitOn::Fix => "commits that mend the tests".to_owned(),
        WaitOn::Review { by } => format!("{by} to review it (torch approve {})", row.id.tag()),
        WaitOn::Tree { path, why } => format!("{path}, where {why}"),
        WaitOn::Person { why } => format!("a person: {why} (torch integrate --resume)"),
    }
}

pub(super) fn answer(view: IntegrationView) -> Response {
    Response::Git(Box::new(GitResponse::Integration(Box::new(view))))
}
