//! Requests that come as files: the same as the others, from the agent whose worktree they lie in.

use serde_json::{Value, json};
use torch_core::observed::Door;
use torch_core::plan::WorktreeObserved;
use torch_core::{AgentId, Sender};

use super::{State, Turn};
use crate::event::{ConnId, Effect, FileRequest, Query};
use crate::failure::other;
use crate::outbox;

impl State {
    /// The worktrees whose outboxes are looked into.
    pub(crate) fn outboxes(&self) -> Vec<(AgentId, std::path::PathBuf)> {
        let stands = |run: &&super::AgentRun| run.worktree == WorktreeObserved::Present;
        let runs = self.agents.values().filter(stands);
        runs.map(|run| (run.agent.id, run.agent.worktree.clone()))
            .collect()
    }

    /// A file asks. That it was taken is noted in the same transaction as what came of it, with the answer where there is
    /// one at once: a daemon that finds the file again knows, and asks nothing twice that may not be done twice.
    pub(crate) fn on_file(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        agent: AgentId,
        file: FileRequest,
    ) {
        let Some(run) = self.agents.get(&agent).map(|run| &run.agent) else {
            return t.fail(conn, other("the agent of this outbox is gone", "", None));
        };
        let sender = Sender::Agent {
            agent,
            team: run.team,
            role: run.role.clone(),
        };
        let label = sender.label().to_owned();
        let asked = file.request.as_ref();
        let asked = asked.map_or("none", |request| request.name());
        t.cause = format!("request {asked} by {label} via outbox");
        self.note_door(t, agent, Door::Outbox);
        let begin = t.effects.len();
        match file.request {
            Ok(request) => self.take_request(t, conn, (sender, outbox::RULE), request, None),
            Err(failure) => t.fail(conn, *failure),
        }
        let answer = t.effects[begin..]
            .iter()
            .find_map(|effect| answer(effect, conn));
        let data = json!({
            "agent": label, "file": file.name, "request": asked, "via": "outbox", "answer": answer,
        });
        t.journal("outbox.taken", file.key, data);
    }
}

/// The receipt of an answer that is certain now; none where it comes later, from git or the store, to a request that may
/// be repeated.
fn answer(effect: &Effect, to: ConnId) -> Option<Value> {
    match effect {
        Effect::Reply { conn, response } if *conn == to => Some(outbox::receipt(response)),
        Effect::Answer {
            conn,
            query: Query::Sent { message, .. },
        } if *conn == to => Some(outbox::sent(&message.tag())),
        _ => None,
    }
}
