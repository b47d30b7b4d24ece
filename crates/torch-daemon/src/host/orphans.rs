//! What is left of agents that are to be gone: processes that left their windows, their sessions or their parents.

use std::time::Duration;

use torch_api::Response;
use torch_core::{AgentId, DesiredState, Process, TeamId, TeamPhase, Write};
use torch_process::facts;
use torch_process::launch::LaunchProcesses;
use torch_session::Server;

use super::execute::send;
use super::opened::Opened;
use super::{Host, Input};
use crate::event::Effect;

/// How long what ran in a closed window may take to end by itself.
pub(crate) const END_GRACE: Duration = Duration::from_secs(3);

impl Host {
    /// What to look for to find all processes of these agents.
    pub(crate) fn launch_processes(&self, agents: &[AgentId]) -> LaunchProcesses {
        let runs = agents.iter().filter_map(|id| self.state.agents.get(id));
        let recorded = runs.flat_map(|run| {
            let pane = run.agent.pane.and_then(|at| facts::process(at.pid));
            pane.into_iter().chain(run.agent.process)
        });
        let mut spared = self.traces.spared();
        // The user's own server, where torch lives in that one.
        spared.extend(self.tmux.server.as_ref().map(Server::server_pid));
        LaunchProcesses {
            agents: agents.iter().map(ToString::to_string).collect(),
            recorded: recorded.collect(),
            spared,
        }
    }

    /// Where a team has come to its stop, what its agents left elsewhere (their tmux server may have been killed, and
    /// no window was there to be closed) is ended before anybody is told that the team is stopped. Gives back the acts
    /// that need not wait for that.
    pub(crate) fn end_orphans(&mut self, writes: &[Write], acts: Vec<Effect>) -> Vec<Effect> {
        let stopped = writes.iter().filter_map(|write| match write {
            Write::PutTeam(team)
                if team.desired == DesiredState::Stopped && team.phase == TeamPhase::Stopped =>
            {
                Some(team.id)
            }
            _ => None,
        });
        let stopped: Vec<TeamId> = stopped.collect();
        let agents = stopped.iter().copied();
        let agents: Vec<AgentId> = agents
            .flat_map(|team| self.state.team_agents(team))
            .collect();
        if agents.is_empty() {
            return acts;
        }
        let opened = Opened {
            sessions: stopped
                .iter()
                .filter_map(|team| self.state.name_of(*team))
                .collect(),
            spared: std::mem::take(&mut self.stoppers),
        };
        let server = self.tmux.server.clone();
        let (mut waiting, acts): (Vec<Effect>, Vec<Effect>) = acts.into_iter().partition(|act| {
            match act {
                Effect::Reply { response, .. } => matches!(response, Response::Done { .. }),
                // It has windows until then.
                Effect::EndIdleServer => true,
                _ => false,
            }
        });
        let look = self.launch_processes(&agents);
        let inputs = self.inputs.clone();
        tokio::spawn(async move {
            let mut told = match &server {
                Some(server) => opened.end(server).await,
                None => Vec::new(),
            };
            let left = tokio::task::spawn_blocking(move || look.end(END_GRACE)).await;
            if let Some(left) = left.ok().filter(|left| !left.is_empty()) {
                told.push(would_not_end(&left));
            }
            if !told.is_empty() {
                let words = told.join("; ");
                tracing::warn!("of a stopped team: {words}");
                for act in &mut waiting {
                    if let Effect::Reply {
                        response: Response::Done { text },
                        ..
                    } = act
                    {
                        text.push_str(&format!("; {words}"));
                    }
                }
            }
            send(&inputs, Input::Swept(waiting));
        });
        acts
    }
}

/// Ends what is left of an agent's launch before the next one begins; two of them would work in one worktree.
pub(crate) async fn end_before_launch(look: LaunchProcesses) {
    let left = tokio::task::spawn_blocking(move || look.end(END_GRACE)).await;
    if let Some(left) = left.ok().filter(|left| !left.is_empty()) {
        tracing::warn!("of the launch before: {}", would_not_end(&left));
    }
}

/// Ends what was found before the window was closed, and what shows afterwards.
pub(crate) fn end_all(look: &LaunchProcesses, found: &[Process]) -> Vec<Process> {
    let left = torch_process::end(found, END_GRACE);
    if left.is_empty() {
        look.end(END_GRACE)
    } else {
        left
    }
}

pub(crate) fn would_not_end(left: &[Process]) -> String {
    let pids: Vec<String> = left.iter().map(|left| left.pid.to_string()).collect();
    format!("processes that would not end: {}", pids.join(", "))
}
