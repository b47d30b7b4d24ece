//! `torch windows rename`: windows get their roles' names back at a person's word, by what tmux says at that moment.

use serde_json::json;
use torch_api::Response;
use torch_api::roster::WindowRename;
use torch_api::wire::TeamSelector;
use torch_core::{TeamId, WindowId};

use super::{State, Turn};
use crate::event::{ConnId, Effect, Query};

/// A request that waits for a listing of the panes younger than itself.
#[derive(Debug)]
pub(crate) struct Naming {
    pub(crate) conn: ConnId,
    team: TeamId,
    dry_run: bool,
    /// The first listing that is young enough.
    listing: u64,
}

impl State {
    /// Windows whose names are not their roles' get them back, at a person's word only (K39).
    pub(crate) fn rename_windows(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        selector: &TeamSelector,
        dry_run: bool,
    ) {
        let team = match self.select_team(selector) {
            Ok(team) => team.id,
            Err(failure) => return t.fail(conn, *failure),
        };
        self.namings.push(Naming {
            conn,
            team,
            dry_run,
            listing: self.listing + 1,
        });
        if self.server.is_some() {
            self.list_panes(t);
        } else if self.unheard {
            // The first listing answers, or the news that there is no server.
        } else {
            // Without a server there is no window.
            self.listing += 1;
            self.listed = self.listing;
            self.answer_namings(t);
        }
    }

    /// Answers whom the last listing of the panes is young enough for.
    pub(crate) fn answer_namings(&mut self, t: &mut Turn) {
        let listed = self.listed;
        let ready = |naming: &mut Naming| naming.listing <= listed;
        for naming in self.namings.extract_if(.., ready).collect::<Vec<_>>() {
            let (renames, orders) = self.wrong_names(naming.team);
            let conn = naming.conn;
            if naming.dry_run || orders.is_empty() {
                t.reply(conn, Response::Windows { renames });
                continue;
            }
            t.journal("windows.renamed", naming.team, json!({"windows": renames}));
            let query = Query::RenameWindows { renames, orders };
            t.push(Effect::Answer { conn, query });
        }
    }

    fn wrong_names(&self, team: TeamId) -> (Vec<WindowRename>, Vec<(WindowId, String)>) {
        let mut renames = Vec::new();
        let mut orders = Vec::new();
        for agent in self.team_agents(team) {
            let Some(run) = self.agents.get(&agent) else {
                continue;
            };
            let Some(at) = run.agent.pane else { continue };
            let seen = self
                .panes
                .iter()
                .find(|pane| super::panes::same_pane(pane, at));
            let Some(pane) = seen.filter(|pane| pane.window_name != run.agent.role.as_str()) else {
                continue;
            };
            renames.push(WindowRename {
                role: run.agent.role.to_string(),
                window: pane.address.window.to_string(),
                name: pane.window_name.clone(),
            });
            orders.push((pane.address.window, run.agent.role.to_string()));
        }
        (renames, orders)
    }
}
