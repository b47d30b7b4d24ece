//! How integrations are shown.

use torch_api::Response;
use torch_api::git::GitResponse;
use torch_api::integrate::IntegrationView;
use torch_core::TeamId;
use torch_core::integration::{Integration, WaitOn};

use super::{State, Turn};
use crate::event::ConnId;

impl State {
    pub(super) fn integration_view(&self, row: Integration) -> IntegrationView {
        IntegrationView {
            team: self.name_of(row.team).unwrap_or_else(|| row.team.short()),
            id: row.id.tag(),
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
    pub(crate) fn git_client_left(&mut self, conn: ConnId) {
        self.integrations
            .clients
            .retain(|(other, _)| *other != conn);
        self.lane_client_left(conn);
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
        let view = self.integration_view(row.clone());
        let tag = &view.id;
        let next = match row.wait.as_ref().map(|wait| &wait.on) {
            Some(WaitOn::Review { .. }) => format!(" (torch approve {tag})"),
            Some(WaitOn::Person { .. }) => " (torch integrate --resume)".to_owned(),
            _ => String::new(),
        };
        Some(format!("{tag} {}{next}", view.stands()))
    }
}

pub(super) fn answer(view: IntegrationView) -> Response {
    Response::Git(Box::new(GitResponse::Integration(Box::new(view))))
}
