//! What is shown of usage limits, and who is told of them.

use std::time::Duration;

use torch_core::credit::{HoldPhase, ResetSource};
use torch_core::screen::DialogKind;
use torch_core::{AgentId, MessageId, Timestamp};

use super::super::{State, Turn};
use crate::event::{ConnId, Effect, Query};
use crate::view;

impl State {
    /// The agents' limits, account by account.
    pub(crate) fn credit(&mut self, t: &mut Turn, conn: ConnId, name: Option<&str>) {
        let known = |name| self.teams.values().any(|team| team.name.as_str() == name);
        if let Some(name) = name.filter(|name| !known(*name)) {
            return t.fail(conn, *self.no_team(name));
        }
        let mut rows = Vec::new();
        let teams = self.teams.values();
        for team in teams.filter(|team| name.is_none_or(|name| team.name.as_str() == name)) {
            for agent in self.team_agents(team.id) {
                let Some(run) = self.agents.get(&agent) else {
                    continue;
                };
                rows.push(view::credit::Row {
                    team,
                    agent: &run.agent,
                    account: self.account_of(agent).unwrap_or_default(),
                    waiting: run.queue.len() as u64,
                    shared: self.account_limit(agent, t.now).map(|(words, _)| words),
                });
            }
        }
        let view = Box::new(view::credit::credit(&rows, Some(&self.wake_rules()), t.now));
        let agents = rows.iter().map(|row| row.agent.id).collect();
        let query = Query::Credit { view, agents };
        t.push(Effect::Answer { conn, query });
    }

    /// The limit that holds an agent, in words.
    pub(crate) fn limit_words(&self, agent: AgentId) -> Option<String> {
        let run = self.agents.get(&agent)?;
        run.agent.credit.hold.as_ref().map(view::credit::words)
    }

    /// What `torch why` says of the limit that holds an agent: what was said, when it is over, and what comes then.
    pub(crate) fn limit_chain(&self, agent: AgentId, now: Timestamp) -> Vec<String> {
        let Some(run) = self.agents.get(&agent) else {
            return Vec::new();
        };
        let Some(hold) = &run.agent.credit.hold else {
            let shared = self.account_limit(agent, now);
            return shared.map(|(words, until)| {
                let most = spoken(until.since(now));
                vec![words, format!("its next message goes out once that one goes on, in {most} at the latest")]
            }).unwrap_or_default();
        };
        let rules = self.wake_rules();
        let role = &run.agent.role;
        let ago = |at: Timestamp| spoken(now.since(at));
        let mut lines = vec![format!(
            "its usage limit ({}): {} said {:?} {} ago",
            hold.kind,
            hold.source,
            hold.words,
            ago(hold.since)
        )];
        let Some(reset) = &hold.reset else {
            lines.push(format!(
                "a person: no time brings these credits back; once there are some: torch credit wake {role}"
            ));
            return lines;
        };
        let told = match reset.from {
            ResetSource::Estimate => {
                "an estimate: nothing said when (5 h after the window began, as far as that is known)"
            }
            ResetSource::Text => "as its words say",
            ResetSource::Account => "as another agent of its account was told",
            ResetSource::Figure => "as its status line says",
            ResetSource::Record => "as its transcript says",
            ResetSource::Person => "as a person said",
        };
        lines.push(format!("{}, {told}", view::credit::words(hold)));
        let question = run.agent.question.as_ref();
        if question.is_some_and(|question| question.kind == DialogKind::LimitMenu) {
            lines.push(format!(
                "a person who closes the limit's menu in its window (torch attach {role}); nothing is typed while it is open"
            ));
        }
        lines.push(match (hold.phase, hold.wake_at(&rules)) {
            (HoldPhase::Waking { message: Some(id) }, _) => self.wake_words(agent, id),
            (HoldPhase::Waking { message: None }, _) => {
                "its first message, which shows whether the limit is over".to_owned()
            }
            (HoldPhase::Waiting, Some(at)) if at <= now && question.is_some() => {
                "its limit was reset; torch goes on once its question is answered".to_owned()
            }
            (HoldPhase::Waiting, Some(at)) => {
                let ahead = spoken(at.since(now));
                let what = match (hold.automatic, hold.interrupted) {
                    (true, _) => {
                        "it goes on by itself, as it said; if not, torch says \"continue\""
                    }
                    (false, true) => "torch says \"continue\"",
                    (false, false) => "torch lets the first message through",
                };
                format!("{what} in {ahead}")
            }
            (HoldPhase::Waiting, None) => return lines,
        });
        lines
    }

    /// What became of the message that shows whether the limit is over.
    fn wake_words(&self, agent: AgentId, message: MessageId) -> String {
        let tag = message.tag();
        let run = self.agents.get(&agent);
        let consumed = run.is_some_and(|run| run.consumed.iter().any(|it| it.message == message));
        let delivery = self.flights.get(&message).map(|flight| &flight.delivery);
        match delivery {
            Some(delivery) if !delivery.state.is_proven() => {
                let state = match delivery.reason {
                    Some(reason) => format!("{} ({reason})", delivery.state),
                    None => delivery.state.to_string(),
                };
                format!("{tag}, which shows whether the limit is over: it is {state}")
            }
            None if !consumed => {
                "its first message, which shows whether the limit is over".to_owned()
            }
            _ => format!("a sign that its turn goes on: {tag} was sent to it after the reset"),
        }
    }

    /// No time brings an agent's credits back.
    pub(super) fn notify_out_of_credits(&mut self, t: &mut Turn, agent: AgentId) {
        let Some((team, name, role)) = self.who(agent) else {
            return;
        };
        let words = self.agents[&agent].agent.credit.hold.as_ref();
        let words = words.map(|hold| hold.words.clone()).unwrap_or_default();
        let text = format!(
            "{name}:{role} has no usage credits left ({words}); no time brings them back, so a person has to act. Its messages are \
             kept. Once there are credits: torch credit wake {role}"
        );
        self.notify(t, team, Some(agent), &text);
    }

    /// A limit will be used up within minutes.
    pub(super) fn notify_limit_near(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        limit: &str,
        (used, left, reset): (u32, Duration, Option<Timestamp>),
    ) {
        let Some((team, name, role)) = self.who(agent) else {
            return;
        };
        let zone = self.zones_of(agent).own;
        let reset = reset.map_or_else(String::new, |at| {
            format!("; it is reset at {}", view::credit::clock(at, &zone))
        });
        let text = format!(
            "{name}:{role} has used {} % of its {limit} limit, which lasts about {} more at this pace{reset}. See: torch credit",
            used / 10,
            spoken(left)
        );
        self.notify(t, team, Some(agent), &text);
    }
}

/// A length of time: `45 s`, `7 m`, `3 h 20 m`.
fn spoken(length: Duration) -> String {
    match length.as_secs() {
        seconds @ 0..=59 => format!("{seconds} s"),
        seconds @ 60..=3_599 => format!("{} m", seconds / 60),
        seconds => format!("{} h {} m", seconds / 3_600, seconds % 3_600 / 60),
    }
}
