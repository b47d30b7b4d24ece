//! Pausing: nothing is typed into a team's agents, or one of them, while everything else goes on.

use serde_json::json;
use torch_api::view::CappedView;
use torch_api::wire::TeamSelector;
use torch_core::{AgentId, DeferReason, DeliveryState, Timestamp, Write};

use super::send::done;
use super::{State, Turn};
use crate::event::{ConnId, TimerKey};
use crate::view;

/// The span in which turns are counted.
const HOUR: std::time::Duration = std::time::Duration::from_secs(3600);

/// Why nothing is typed into what a person paused.
pub(crate) const PAUSED: &str = "a person paused it (torch unpause)";

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
        let back = agents.iter().find_map(|agent| self.brings_back(*agent));
        let back = back.filter(|back| role.is_some() || back.starts_with("torch resume"));
        let still = !paused && agents.iter().any(|agent| self.is_paused(*agent));
        let text = match (changed, paused) {
            (true, true) if let Some(back) = back => format!(
                "{name} is paused; it is stopped, and the pause holds once it runs again ({back})"
            ),
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

    /// Why nothing may begin to be typed into an agent now, though it would take it.
    pub(crate) fn held(&mut self, t: &mut Turn, agent: AgentId) -> Option<(DeferReason, String)> {
        if self.is_paused(agent) {
            return Some((DeferReason::Paused, PAUSED.to_owned()));
        }
        if let Some(words) = self.wants_login(agent) {
            return Some((DeferReason::NoLogin, words));
        }
        if let Some(words) = self.limit_holds(agent) {
            return Some((DeferReason::Limited, words));
        }
        if let Some((words, until)) = self.account_limit(agent, t.now) {
            // Whatever becomes of the one that hit it, this one is not held for ever.
            t.timer(TimerKey::Turns(agent), until);
            return Some((DeferReason::Limited, words));
        }
        if let Some(until) = self.merge_holds(agent, t.now) {
            t.timer(TimerKey::Turns(agent), until);
            let words = "torch merges commits into its worktree just now";
            return Some((DeferReason::Busy, words.to_owned()));
        }
        let capped = self.capped(agent, t.now);
        let run = self.agents.get_mut(&agent)?;
        run.agent.turns.retain(|at| t.now.since(*at) < HOUR);
        let Some(CappedView {
            turns_per_hour: cap,
            until,
        }) = capped
        else {
            run.agent.cap_told = false;
            return None;
        };
        t.timer(TimerKey::Turns(agent), until);
        let how = format!("{cap} turns within the hour (limits.turns_per_hour)");
        if !std::mem::replace(&mut run.agent.cap_told, true) {
            let copy = run.agent.clone();
            t.write(Write::PutAgent(Box::new(copy)));
            self.notify_capped(t, agent, cap);
        }
        Some((DeferReason::Capped, how))
    }

    /// The turns of an agent's hour, where they are used up.
    pub(crate) fn capped(&self, agent: AgentId, now: Timestamp) -> Option<CappedView> {
        let cap = self.settings.config.limits.turns_per_hour;
        let allowed = usize::try_from(cap).ok().filter(|allowed| *allowed > 0)?;
        let turns = &self.agents.get(&agent)?.agent.turns;
        // The newest that is allowed still: once it is an hour ago, there is room for one more.
        let last = turns.iter().rev().nth(allowed - 1)?;
        let until = last.after(HOUR);
        (until > now).then_some(CappedView {
            turns_per_hour: cap,
            until,
        })
    }

    /// What an agent waits for that has used up its turns of the hour.
    pub(crate) fn cap_over(&self, agent: AgentId, now: Timestamp) -> Option<String> {
        let capped = self.capped(agent, now)?;
        Some(format!(
            "the end of its hour: it takes messages again at {}",
            view::credit::clock(capped.until, &self.settings.zone)
        ))
    }

    /// How an agent came to have no turns left, and what lets it on sooner.
    pub(crate) fn cap_chain(&self, agent: AgentId, now: Timestamp) -> Vec<String> {
        let Some(capped) = self.capped(agent, now) else {
            return Vec::new();
        };
        vec![
            format!(
                "it has used up its turns: {} within the hour (limits.turns_per_hour); its messages, check-ins and planned notes wait until {}",
                capped.turns_per_hour,
                view::credit::clock(capped.until, &self.settings.zone)
            ),
            "a person can let it on sooner: set a larger limits.turns_per_hour (torch config names the file), then torch daemon stop \
             and torch daemon start"
                .to_owned(),
        ]
    }

    /// Why nothing is typed into an agent now, whatever its program does, and until when where that is known.
    pub(crate) fn holds(
        &self,
        agent: AgentId,
        now: Timestamp,
    ) -> Option<(String, Option<Timestamp>)> {
        if self.is_paused(agent) {
            return Some((PAUSED.to_owned(), None));
        }
        if let Some(back) = self.was_ended(agent) {
            return Some((back, None));
        }
        let own = &self.agents.get(&agent)?.agent;
        if let Some(refused) = &own.keys.refused {
            return Some((format!("no login or no key: {}", refused.words), None));
        }
        if let Some(hold) = &own.credit.hold {
            let reset = hold.reset.as_ref().map(|reset| reset.at);
            return Some((view::credit::words(hold), reset));
        }
        if let Some((words, until)) = self.account_limit(agent, now) {
            return Some((words, Some(until)));
        }
        let capped = self.capped(agent, now)?;
        let words = format!(
            "{} turns within the hour (limits.turns_per_hour), until {}",
            capped.turns_per_hour,
            view::credit::clock(capped.until, &self.settings.zone)
        );
        Some((words, Some(capped.until)))
    }

    /// Why an agent's briefing may not be typed now, where that is a person's word or a cap: it is up as far as it can be.
    pub(crate) fn held_briefing(&self, agent: AgentId) -> Option<String> {
        let flight = self
            .flights
            .get(&self.agents.get(&agent)?.agent.briefing?)?;
        let held = matches!(
            flight.delivery.reason,
            Some(
                DeferReason::Paused
                    | DeferReason::Capped
                    | DeferReason::Limited
                    | DeferReason::NoLogin
            )
        );
        (held && flight.delivery.state == DeliveryState::Deferred)
            .then(|| flight.delivery.evidence.clone())
    }

    /// A turn of an agent began. The count outlives the daemon.
    pub(crate) fn count_turn(&mut self, t: &mut Turn, agent: AgentId) {
        if self.settings.config.limits.turns_per_hour == 0 {
            return;
        }
        if let Some(run) = self.agents.get_mut(&agent) {
            run.agent.turns.push(t.now);
            let copy = run.agent.clone();
            t.write(Write::PutAgent(Box::new(copy)));
        }
    }
}

#[cfg(test)]
mod tests;
