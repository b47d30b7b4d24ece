//! Usage limits: an agent that hit one is held until its reset, woken once, and let go on by a sign of life.
//!
//! What holds an agent is part of its durable record ([`LimitHold`]). It begins in [`known`]; here is what ends it. While it
//! is there nothing is typed but, once the limit was reset, one message: the `continue` for the turn that the limit ended, or
//! the first message that waits. What comes of that message tells whether the limit is over.

mod known;
mod near;
mod over;
mod shared;
mod show;
#[cfg(test)]
mod tests;
mod wake;

use std::time::Duration;

use jiff::tz::TimeZone;
use torch_core::credit::{HoldPhase, LimitHold, WakeRules};
use torch_core::program::{Signal, fill_variables};
use torch_core::screen::{ScreenKind, ScreenReading};
use torch_core::{AgentId, AgentState, Evidence, Timestamp, Write};
use torch_monitor::SignalReading;
use torch_monitor::credit::Zones;

use super::{AgentRun, State, Turn};
use crate::event::{Effect, TimerKey};

/// How long after a limit the screen is looked at, for a menu or an automatic continue: both are drawn after the hook.
const LOOK_AFTER: Duration = Duration::from_millis(500);

impl State {
    /// What a hook means for an agent's limits; `before` is the state that it was in.
    pub(crate) fn credit_hook(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        reading: &SignalReading,
        (before, at): (AgentState, Timestamp),
    ) {
        match reading.signal {
            Some(Signal::Limited) => {
                self.limit_known(t, agent, "hook", reading, (before, at));
                let told = self.agents.get_mut(&agent);
                let told = told.and_then(|run| run.limit_told.take());
                if let Some((told, written)) =
                    told.filter(|(_, written)| known::is_near(*written, at))
                {
                    let now = (AgentState::Limited, written);
                    self.limit_known(t, agent, "transcript", &told, now);
                }
            }
            Some(Signal::Prompt) => self.credit_turn_began(agent, at),
            Some(signal) => self.credit_signal(t, agent, signal),
            None => {}
        }
    }

    /// What a record of a transcript means for an agent's limits; `hooked` says that hooks tell the same.
    pub(crate) fn credit_record(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        signal: Signal,
        reading: &SignalReading,
        (hooked, at): (bool, Timestamp),
    ) {
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let state = run.agent.state;
        let hold = run.agent.credit.hold.as_ref();
        match signal {
            Signal::Limited => {
                let known = hold.is_some_and(|hold| known::is_same(hold, state, at));
                let news =
                    state.is_live() && state != AgentState::Starting && at >= run.agent.evidence.at;
                if known || news {
                    let evidence = Evidence::new("transcript", reading.evidence.clone(), at);
                    if !known {
                        self.set_state(t, agent, AgentState::Limited, evidence);
                    }
                    self.limit_known(t, agent, "transcript", reading, (state, at));
                } else if let Some(run) = self.agents.get_mut(&agent) {
                    run.limit_told = Some((reading.clone(), at));
                }
            }
            // What the program writes down after the reset shows that it goes on by itself.
            Signal::Prompt | Signal::Working => {
                let own = hold.is_some_and(|hold| {
                    let reset = hold.reset.as_ref();
                    hold.automatic && reset.is_some_and(|reset| at >= reset.at)
                });
                if own {
                    self.limit_over(t, agent, "its program goes on by itself");
                }
            }
            // A record may have been written before the hook that was read first.
            _ if hold.is_some_and(|hold| at < hold.since) => {}
            Signal::Continues | Signal::ContinueCancelled => {
                self.credit_signal(t, agent, signal);
            }
            _ if hooked => {}
            signal => self.credit_signal(t, agent, signal),
        }
    }

    /// What a signal other than a limit means for the limit that holds an agent.
    fn credit_signal(&mut self, t: &mut Turn, agent: AgentId, signal: Signal) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let Some(hold) = run.agent.credit.hold.as_mut() else {
            if signal == Signal::TurnEnded {
                self.turn_was_good(agent);
            }
            return;
        };
        let before = (hold.automatic, hold.interrupted);
        match signal {
            Signal::Working | Signal::Asking => {
                return self.limit_over(t, agent, "its turn goes on");
            }
            Signal::TurnEnded | Signal::TurnFailed => {
                return self.limit_over(t, agent, "a turn ended without a limit");
            }
            Signal::Interrupted if hold.phase != HoldPhase::Waiting => {
                return self.limit_over(t, agent, "a person interrupted its turn");
            }
            // Nothing is left to be gone on with.
            Signal::Interrupted | Signal::Cleared | Signal::Ready => {
                (hold.automatic, hold.interrupted) = (false, false);
            }
            Signal::Continues => hold.automatic = true,
            Signal::ContinueCancelled => hold.automatic = false,
            Signal::Prompt
            | Signal::Queued
            | Signal::Ended
            | Signal::Retrying
            | Signal::Compacted
            | Signal::Limited => {}
        }
        if before != (hold.automatic, hold.interrupted) {
            self.credit_changed(t, agent);
        }
    }

    /// A new launch begins: whatever turn the limit ended is not there any more, and its briefing says where it was.
    pub(crate) fn credit_launched(&mut self, t: &mut Turn, agent: AgentId) {
        // Also one that stood in the composer of the program before, when a sign of life ended its limit.
        self.drop_continue(t, agent, "its program was started again");
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let Some(hold) = run.agent.credit.hold.as_mut() else {
            return;
        };
        (hold.automatic, hold.interrupted) = (false, false);
        if let HoldPhase::Waking { message } = &mut hold.phase {
            *message = None;
        }
        self.credit_changed(t, agent);
    }

    /// Keeps a changed hold, and sets the timer for its wake-up.
    fn credit_changed(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        t.write(Write::PutAgent(Box::new(run.agent.clone())));
        let at = run
            .agent
            .credit
            .hold
            .as_ref()
            .filter(|hold| hold.phase == HoldPhase::Waiting)
            .and_then(|hold| hold.wake_at(&self.wake_rules()));
        match at {
            Some(at) => t.timer(TimerKey::Wake(agent), at.max(t.now)),
            None => t.push(Effect::CancelTimer(TimerKey::Wake(agent))),
        }
    }

    /// The state of an agent changed: a wake-up that was due may be possible now.
    pub(crate) fn credit_state_changed(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let rules = self.wake_rules();
        let hold = run.agent.credit.hold.as_ref();
        let hold = hold.filter(|hold| hold.phase == HoldPhase::Waiting);
        let due = hold.and_then(|hold| hold.wake_at(&rules));
        // Below a menu that was closed the words of the limit may stand still.
        let state = run.agent.state;
        let may = state.takes_messages() || state == AgentState::Limited;
        if due.is_some_and(|due| due <= t.now) && may {
            t.timer(TimerKey::Wake(agent), t.now);
        }
    }

    fn hold_mut(&mut self, agent: AgentId) -> Option<&mut LimitHold> {
        self.agents.get_mut(&agent)?.agent.credit.hold.as_mut()
    }

    /// An agent's prompt was seen after a turn that no hook ended.
    pub(crate) fn credit_turn_over(&mut self, t: &mut Turn, agent: AgentId, before: AgentState) {
        if !matches!(before, AgentState::Working | AgentState::Retrying) {
            return;
        }
        self.credit_signal(t, agent, Signal::TurnEnded);
    }

    /// A look at the screen of an agent that a limit holds: its words, and whether it goes on by itself.
    pub(crate) fn limit_seen(&mut self, t: &mut Turn, agent: AgentId, reading: &ScreenReading) {
        let zones = self.zones_of(agent);
        let Some(hold) = self.hold_mut(agent) else {
            return;
        };
        let before = hold.clone();
        hold.automatic |= reading.kind == ScreenKind::Continuing;
        known::refine_by_words(hold, reading.limit.as_deref().unwrap_or_default(), &zones);
        if *hold != before {
            self.credit_changed(t, agent);
        }
    }

    /// Whether a limit holds an agent whose program said that it goes on by itself, or did so just now.
    pub(crate) fn goes_on_by_itself(&self, agent: AgentId, now: Timestamp) -> bool {
        self.agents.get(&agent).is_some_and(|run| {
            let hold = run.agent.credit.hold.as_ref();
            hold.is_some_and(|hold| hold.automatic)
                || run.goes_on_until.is_some_and(|until| now <= until)
        })
    }

    /// Whose limits an agent shares: its program, and what that program tells accounts apart by.
    pub(crate) fn account_of(&self, agent: AgentId) -> Option<String> {
        let run = self.agents.get(&agent)?;
        let env = self.teams.get(&run.agent.team).map(|team| &team.env);
        let rules = self.programs.get(&run.agent.program)?;
        Some(account(&run.agent.program, &rules.data.credit.account, env))
    }

    fn wake_rules(&self) -> WakeRules {
        let config = &self.settings.config.credit;
        WakeRules {
            after: Duration::from_secs(config.wake_after_seconds),
            automatic: Duration::from_secs(config.automatic_wait_seconds),
            stagger: Duration::from_secs(config.stagger_seconds),
        }
    }

    /// The zones that an agent's program tells times in: its own is its team's.
    fn zones_of(&self, agent: AgentId) -> Zones {
        let team = self.agents.get(&agent).map(|run| run.agent.team);
        let team = team.and_then(|team| self.teams.get(&team));
        let named = team.and_then(|team| team.env.get("TZ"));
        let find: fn(&str) -> Option<TimeZone> = |name| TimeZone::get(name).ok();
        Zones {
            own: named
                .and_then(|name| find(name.trim_start_matches(':')))
                .unwrap_or_else(|| self.settings.zone.clone()),
            find,
        }
    }

    fn credit_turn_began(&mut self, agent: AgentId, at: Timestamp) {
        if let Some(run) = self.agents.get_mut(&agent) {
            run.agent.credit.turn_began(at);
            run.turn_began = Some(at);
        }
    }

    /// Takes up the limits that held agents before this daemon.
    pub(crate) fn recover_credit(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let rules = self.wake_rules();
        let boot = self.boot.clone();
        for run in self.agents.values_mut() {
            let AgentRun { agent, .. } = run;
            let changed = agent.credit.settle(&boot, now);
            if changed {
                effects.push(Effect::Write(Write::PutAgent(Box::new(agent.clone()))));
            }
            let Some(hold) = &agent.credit.hold else {
                continue;
            };
            let due = hold.wake_at(&rules);
            let waiting = hold.phase == HoldPhase::Waiting;
            if let Some(at) = due.filter(|_| waiting) {
                let at = at.max(now);
                let key = TimerKey::Wake(agent.id);
                effects.push(Effect::Timer { key, at });
            }
        }
    }

    /// The wall clock was set by so many milliseconds.
    pub(crate) fn credit_clock_moved(&mut self, t: &mut Turn, millis: i64) {
        for run in self.agents.values_mut() {
            if run.agent.credit.clock_moved(millis) {
                t.write(Write::PutAgent(Box::new(run.agent.clone())));
            }
        }
    }
}

/// The name of an account: a program, and the folder that its login lies in.
pub(crate) fn account(
    program: &str,
    place: &str,
    env: Option<&std::collections::BTreeMap<String, String>>,
) -> String {
    let place = env.and_then(|env| fill_variables(place, env));
    match place.filter(|place| !place.is_empty()) {
        Some(place) => format!("{program} {place}"),
        None => program.to_owned(),
    }
}
