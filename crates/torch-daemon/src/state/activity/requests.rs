//! Pull requests: `gh` is asked after an agent's push, and before anybody is told that one is late.

use serde_json::json;
use torch_core::git_activity::PullRequest;
use torch_core::{AgentId, Timestamp};

use super::super::{State, Turn};
use super::count::subject;
use crate::event::Effect;

/// When `gh` was last asked about an agent's branch, and whether it has answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    at: Timestamp,
    answered: bool,
}

impl State {
    /// Asks for the pull request of an agent's branch on a remote.
    pub(super) fn ask_for_request(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        (remote, branch): (&str, &str),
    ) {
        let team = self.agents.get(&agent).map(|run| run.agent.team);
        let Some(team) = team.and_then(|team| self.teams.get(&team)) else {
            return;
        };
        t.push(Effect::LookForRequest {
            agent,
            common_dir: team.common_dir.clone(),
            remote: remote.to_owned(),
            branch: branch.to_owned(),
        });
        let asked = Asked {
            at: t.now,
            answered: false,
        };
        self.activity.asked.insert(agent, asked);
    }

    /// Whether a deadline of a pull request has passed by what `gh` said since; else it is asked.
    pub(super) fn has_passed(&mut self, t: &mut Turn, agent: AgentId, due: Timestamp) -> bool {
        match self.activity.asked.get(&agent) {
            Some(asked) if asked.at >= due => asked.answered,
            _ => {
                let row = self.activity.agents.get(&agent);
                let at = row.and_then(|row| row.pushed_to.clone());
                if let Some((remote, branch)) = at {
                    self.ask_for_request(t, agent, (&remote, &branch));
                }
                false
            }
        }
    }

    /// What `gh` said; `Err` where there is none, or it does not know the repository.
    pub(crate) fn on_request_seen(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        branch: &str,
        result: Result<Option<PullRequest>, ()>,
    ) {
        let Some(team) = self.agents.get(&agent).map(|run| run.agent.team) else {
            return;
        };
        let Ok(found) = result else {
            return;
        };
        self.activity.requests.insert(team);
        if let Some(asked) = self.activity.asked.get_mut(&agent) {
            asked.answered = true;
        }
        let Some(mut row) = self
            .activity_of(t, agent)
            .filter(|row| row.request != found)
        else {
            return;
        };
        row.request = found;
        if let Some(request) = &row.request {
            let data = json!({
                "branch": branch, "number": request.number, "state": request.state,
                "opened": request.opened.0, "merged": request.merged.map(|at| at.0),
            });
            let data = self.about(team, Some(agent), data);
            t.journal("git.request", subject(team, Some(agent)), data);
        }
        self.put_activity(t, row);
    }

    /// The wall clock was set.
    pub(super) fn requests_clock_moved(&mut self, millis: i64) {
        for asked in self.activity.asked.values_mut() {
            asked.at = asked.at.moved(millis);
        }
    }
}
