//! A cancelled `torch auto`: everything it made is taken away again, but for work.

use serde_json::json;
use torch_core::plan::{WindowObserved, WorktreeObserved};
use torch_core::{AgentId, DesiredState, TeamId, Write};

use super::send::done;
use super::{State, Turn, Undo, WatchKind};
use crate::event::{ConnId, Effect};

impl State {
    /// Ctrl-C in the middle of `auto`: everything it made is taken away again, but for work.
    pub(crate) fn cancel_auto(&mut self, t: &mut Turn, conn: ConnId) {
        let watcher = self
            .watchers
            .iter_mut()
            .find(|w| w.conn == conn && w.kind == WatchKind::Auto);
        let Some(watcher) = watcher else {
            self.cancelled.push(conn);
            return;
        };
        let id = watcher.team;
        if !self.fresh_teams.contains(&id) {
            // It was there before: it goes back to being stopped, with everything it had.
            watcher.kind = WatchKind::Stop;
            return self.begin_stop(t, id);
        }
        watcher.kind = WatchKind::Undo;
        let agents = self.team_agents(id);
        t.journal("team.cancelled", id, json!({}));
        self.undos.insert(
            id,
            Undo {
                pending: agents.clone(),
                kept: Vec::new(),
            },
        );
        if let Some(team) = self.teams.get_mut(&id) {
            team.desired = DesiredState::Stopped;
            t.write(Write::PutTeam(Box::new(team.clone())));
        }
        for agent in agents {
            self.undo_agent(t, id, agent);
        }
    }

    /// One step of undoing an agent: its window first, then its worktree.
    pub(crate) fn undo_agent(&mut self, t: &mut Turn, team: TeamId, agent: AgentId) {
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        match (run.window, run.worktree) {
            (WindowObserved::Opening | WindowObserved::Closing, _)
            | (_, WorktreeObserved::Pending) => {}
            (WindowObserved::Live | WindowObserved::Ended, _) if run.agent.pane.is_some() => {
                self.close(t, agent)
            }
            (_, WorktreeObserved::Present) if run.worktree_created => {
                let Some(base) = self.teams.get(&team).map(|team| team.base_commit.clone()) else {
                    return;
                };
                let path = run.agent.worktree.clone();
                t.push(Effect::UndoWorktree {
                    agent,
                    team,
                    path,
                    base_commit: base,
                });
            }
            _ => self.on_worktree_undone(t, agent, team, None),
        }
    }

    pub(crate) fn on_worktree_undone(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        team: TeamId,
        kept: Option<String>,
    ) {
        let Some(undo) = self.undos.get_mut(&team) else {
            return;
        };
        undo.pending.retain(|pending| *pending != agent);
        undo.kept.extend(kept);
        if undo.pending.is_empty() {
            let kept = self
                .undos
                .remove(&team)
                .map(|undo| undo.kept)
                .unwrap_or_default();
            self.finish_undo(t, team, &kept);
        }
    }

    fn finish_undo(&mut self, t: &mut Turn, team: TeamId, kept: &[String]) {
        self.drop_team(t, team, "`torch auto` was cancelled");
        t.journal("team.removed", team, json!({"kept": kept}));
        let text = if kept.is_empty() {
            "cancelled; nothing is left behind".to_owned()
        } else {
            format!(
                "cancelled; kept because there is work in it: {}",
                kept.join("; ")
            )
        };
        for watcher in self.watchers.extract_if(.., |watcher| watcher.team == team) {
            t.reply(watcher.conn, done(text.clone()));
        }
    }
}
