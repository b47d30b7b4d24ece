//! Pausing: nothing is typed into a team's agents, or one of them, while everything else goes on.

use serde_json::json;
use torch_api::wire::TeamSelector;
use torch_core::{AgentId, DeferReason, Timestamp, Write};

use super::send::done;
use super::{State, Turn};
use crate::event::{ConnId, TimerKey};

/// The span in which turns are counted.
const HOUR: std::time::Duration = std::time::Duration::from_secs(3600);

impl State {
    pub(crate) fn pause(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        selector: &TeamSelector,
        role: Option<&str>,
        paused: bool,
    ) {
        let word = if paused { "paused" } else { "unpaused" };
        let (name, agents, changed) = match role {
            Some(role) => match self.find_agent(selector, role) {
                Ok(agent) => {
                    let Some(run) = self.agents.get_mut(&agent) else {
                        return;
                    };
                    let changed = run.agent.paused != paused;
                    run.agent.paused = paused;
                    let copy = run.agent.clone();
                    let name = copy.role.to_string();
                    t.write(Write::PutAgent(Box::new(copy)));
                    t.journal(&format!("agent.{word}"), agent, json!({}));
                    (name, vec![agent], changed)
                }
                Err(failure) => return t.fail(conn, *failure),
            },
            None => match self.select_team(selector).map(|team| team.id) {
                Ok(id) => {
                    let Some(team) = self.teams.get_mut(&id) else {
                        return;
                    };
                    let changed = team.paused != paused;
                    team.paused = paused;
                    let copy = team.clone();
                    let name = format!("team {}", copy.name);
                    t.write(Write::PutTeam(Box::new(copy)));
                    t.journal(&format!("team.{word}"), id, json!({}));
                    (name, self.team_agents(id), changed)
                }
                Err(failure) => return t.fail(conn, *failure),
            },
        };
        for agent in &agents {
            self.pump(t, *agent);
        }
        let still = !paused && agents.iter().any(|agent| self.is_paused(*agent));
        let text = match (changed, paused) {
            (false, _) => format!("{name} was {word} already"),
            (true, true) => format!(
                "{name} is paused: nothing more is typed; messages are kept and wait, running turns go on"
            ),
            (true, false) if still => {
                format!(
                    "{name} is unpaused; what was paused besides it stays paused (torch status)"
                )
            }
            (true, false) => format!("{name} is unpaused"),
        };
        t.reply(conn, done(text));
    }

    /// Whether nothing may be typed into an agent because a person said so.
    pub(crate) fn is_paused(&self, agent: AgentId) -> bool {
        self.agents.get(&agent).is_some_and(|run| {
            run.agent.paused
                || self
                    .teams
                    .get(&run.agent.team)
                    .is_some_and(|team| team.paused)
        })
    }

    /// Whether an agent is up, and only a person's pause keeps its briefing from it.
    pub(crate) fn is_held_at_prompt(&self, run: &super::AgentRun) -> bool {
        run.agent.state.takes_messages() && self.is_paused(run.agent.id)
    }

    /// Why nothing may begin to be typed into an agent now, though it would take it.
    pub(crate) fn held(&mut self, t: &mut Turn, agent: AgentId) -> Option<(DeferReason, String)> {
        if self.is_paused(agent) {
            let how = "a person paused it (torch unpause)".to_owned();
            return Some((DeferReason::Paused, how));
        }
        let cap = self.settings.config.limits.turns_per_hour;
        let run = self.agents.get_mut(&agent)?;
        while run.turns.front().is_some_and(|at| t.now.since(*at) >= HOUR) {
            run.turns.pop_front();
        }
        if cap == 0 || (run.turns.len() as u64) < cap {
            run.cap_told = false;
            return None;
        }
        let until: Timestamp = run.turns.front().map_or(t.now, |at| at.after(HOUR));
        t.timer(TimerKey::Turns(agent), until);
        let how = format!("{cap} turns within the hour (limits.turns_per_hour)");
        if !std::mem::replace(&mut run.cap_told, true) {
            self.notify_capped(t, agent, cap);
        }
        Some((DeferReason::Capped, how))
    }

    /// A turn of an agent began.
    pub(crate) fn count_turn(&mut self, t: &Turn, agent: AgentId) {
        if let Some(run) = self.agents.get_mut(&agent) {
            run.turns.push_back(t.now);
        }
    }
}
