//! A person says that a limit is over: credits were bought, a plan was changed, or the time of its reset is not true.
//!
//! Nothing is believed without a look: the wake-up is the one after a reset ([`super::wake`]), only now. If the program hits
//! the limit again, the hold begins anew with what the program then says.

use serde_json::json;
use torch_api::wire::TeamSelector;
use torch_core::credit::{HoldPhase, LimitReset, ResetSource};
use torch_core::{AgentId, Timestamp};

use super::super::send::done;
use super::super::{State, Turn};
use crate::event::ConnId;
use crate::failure::other;

impl State {
    /// `torch credit wake`: of a whole team, or of one role.
    pub(crate) fn wake_now(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        selector: &TeamSelector,
        role: Option<&str>,
    ) {
        let asked = match role {
            Some(role) => self.find_agent(selector, role).map(|agent| vec![agent]),
            None => self
                .select_team(selector)
                .map(|team| team.id)
                .map(|team| self.team_agents(team)),
        };
        let asked = match asked {
            Ok(agents) => agents,
            Err(failure) => return t.fail(conn, *failure),
        };
        let held: Vec<AgentId> = asked.iter().copied().filter(|id| self.waits(*id)).collect();
        if held.is_empty() {
            return self.refuse_wake(t, conn, &asked);
        }
        for agent in &held {
            self.say_it_is_over(t, *agent);
        }
        let names: Vec<String> = held
            .iter()
            .filter_map(|id| self.role_of(*id))
            .map(|role| role.to_string())
            .collect();
        let text = format!(
            "woken now: {}; if the limit is hit again, what waits is kept until its reset (torch credit)",
            names.join(", ")
        );
        t.reply(conn, done(text));
    }

    /// Whether an agent waits for the reset of a limit that it hit.
    fn waits(&self, agent: AgentId) -> bool {
        let run = self.agents.get(&agent);
        let hold = run.and_then(|run| run.agent.credit.hold.as_ref());
        hold.is_some_and(|hold| hold.phase == HoldPhase::Waiting)
    }

    fn say_it_is_over(&mut self, t: &mut Turn, agent: AgentId) {
        let rules = self.wake_rules();
        let Some(hold) = self.hold_mut(agent) else {
            return;
        };
        let told = hold.reset.take();
        let before = told.as_ref().map(|reset| reset.at);
        let millis = u64::try_from(rules.after.as_millis()).unwrap_or(u64::MAX);
        hold.reset = Some(LimitReset {
            // The wake-up is due now.
            at: Timestamp(t.now.0.saturating_sub(millis)),
            anchor: None,
            from: ResetSource::Person,
            zone: told.and_then(|reset| reset.zone),
            zone_guessed: false,
        });
        hold.automatic = false;
        t.journal("credit.over_said", agent, json!({"reset_told": before}));
        self.credit_changed(t, agent);
    }

    /// Nothing waits for a reset here: why, and what does.
    fn refuse_wake(&self, t: &mut Turn, conn: ConnId, asked: &[AgentId]) {
        let error = match asked {
            [one] => format!(
                "{} is not held by a usage limit of its own",
                self.role_of(*one)
                    .map_or_else(String::new, |role| role.to_string())
            ),
            _ => "no agent of the team is held by a usage limit".to_owned(),
        };
        let shared = asked.iter().find_map(|id| {
            let words = self.account_limit(*id, t.now).map(|(words, _)| words);
            words.map(|words| format!("what holds it is {words}"))
        });
        let waking = asked.iter().any(|id| {
            let run = self.agents.get(id);
            run.is_some_and(|run| run.agent.credit.hold.is_some())
        });
        let cause = match shared {
            Some(words) => words,
            None if waking => "it is being woken already".to_owned(),
            None => "torch saw no limit".to_owned(),
        };
        t.fail(conn, other(&error, &cause, Some("torch credit")));
    }
}
