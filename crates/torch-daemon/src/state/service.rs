//! `torch open`: a project's own windows beside its agent's.

use torch_api::Failure;
use torch_api::open::WindowRequest;

use super::{State, Turn};
use crate::event::{ConnId, Effect, Query};
use crate::failure::usage;

impl State {
    /// Opens a window for the project's shell or server, or finds the one that is there.
    pub(crate) fn open_window_for(&mut self, t: &mut Turn, conn: ConnId, request: WindowRequest) {
        match self.window_query(request) {
            Ok(query) => t.push(Effect::Answer { conn, query }),
            Err(failure) => t.fail(conn, *failure),
        }
    }

    fn window_query(&self, request: WindowRequest) -> Result<Query, Box<Failure>> {
        let team = self.select_team(&request.team)?;
        let Some(session) = team.session else {
            let error = format!("team {} has no session", team.name);
            let hint = format!("torch resume --team {}", team.name);
            let cause = "its windows are opened in it";
            return Err(Box::new(usage(&error, cause, Some(&hint))));
        };
        let name = request.kind.name();
        let there = self.panes.iter().find(|pane| {
            let own = pane.agent.is_none() && pane.address.session == session;
            own && pane.window_name == name && !pane.dead
        });
        Ok(Query::Window {
            session,
            existing: there.map(|pane| pane.address),
            cwd: team.project.clone(),
            env: team.env.clone(),
            request: Box::new(request),
        })
    }
}
