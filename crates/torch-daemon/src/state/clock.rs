//! A clock that was set, and a machine that slept: every deadline keeps its remaining time.
//!
//! The host moves the timers ([`TimerKey::moved_by`]); here follows what the state itself compares with the time.

use serde_json::json;
use torch_core::{AgentState, Drift};

use super::{State, Turn};
use crate::event::TimerKey;

impl TimerKey {
    /// By how many milliseconds a timer moves when the clock did. Deadlines for what runs on this machine count time
    /// awake; a time to live and planned notes count real time, which goes on during sleep.
    pub fn moved_by(&self, drift: Drift) -> i64 {
        match self {
            Self::Expiry(_)
            | Self::Schedules
            | Self::Turns(_)
            | Self::Wake(_)
            | Self::Blocked(_)
            | Self::Lane(_)
            | Self::LaneCycle(_)
            | Self::Violations
            | Self::CheckIn(_)
            | Self::Silence(_)
            | Self::Integration(_)
            | Self::Pushes(_)
            | Self::Standup(_) => drift.real(),
            Self::Delivery(_)
            | Self::Transcript(_)
            | Self::Wait(_)
            | Self::Ready(_)
            | Self::Look(_)
            | Self::Answer(_)
            | Self::Restart(_)
            | Self::Followed(_)
            | Self::Stated(_)
            | Self::RulesTold(_)
            | Self::Server
            | Self::Panes
            | Self::Upkeep => drift.awake(),
        }
    }
}

impl State {
    pub(crate) fn on_clock_moved(&mut self, t: &mut Turn, drift: Drift) {
        self.pushes_clock_moved(t);
        let data = json!({"slept_ms": u64::try_from(drift.slept.as_millis()).unwrap_or(u64::MAX),
                          "stepped_ms": drift.stepped});
        t.journal("clock.moved", "clock", data);
        for flight in self.flights.values_mut() {
            flight.clock_moved(drift);
        }
        let real = drift.real();
        for run in self.agents.values_mut() {
            // A start has a deadline; the other states are only shown.
            let by = match run.agent.state {
                AgentState::Starting => drift.awake(),
                _ => real,
            };
            run.agent.since = run.agent.since.moved(by);
            run.seen = run.seen.moved(real);
            run.goes_on_until = run.goes_on_until.map(|until| until.moved(drift.awake()));
            run.looks = run.looks.map(|looks| looks.moved(drift.awake()));
            run.restart_at = run.restart_at.map(|at| at.moved(drift.awake()));
            let instants = run.agent.restarts.iter_mut().chain(&mut run.agent.turns);
            instants.for_each(|at| *at = at.moved(real));
        }
        for answer in &mut self.answering {
            answer.until = answer.until.moved(drift.awake());
        }
        for at in self.inputs.values_mut() {
            *at = at.moved(real);
        }
        self.server_ends.clock_moved(real);
        self.settings.started = self.settings.started.moved(real);
        self.boot.step(real);
        self.schedule_timer = self.schedule_timer.map(|at| at.moved(real));
        if real == 0 {
            return;
        }
        self.credit_clock_moved(t, real);
        self.rules_clock_moved(t, real);
        self.lanes_clock_moved(t, real);
        self.activity_clock_moved(t, real);
        self.check_ins_clock_moved(t, real);
        self.standups_clock_moved(t, real);
        self.integrations_clock_moved(t, real);
        self.schedules_clock_moved(t, real);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use torch_core::message::{Decision, Verdict};
    use torch_core::{
        Agent, AgentId, BootClock, Delivery, DeliveryState, Envelope, MessageId, MessageKind,
        Recipient, RoleName, Sender, TeamId, Timestamp,
    };

    use super::*;
    use crate::event::Event;
    use crate::state::Snapshot;
    use crate::state::fixture::settings;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn agent(number: u128, role: &str, state: AgentState) -> Agent {
        let role = RoleName::parse(role).expect("a role");
        Agent {
            worktree: "/w".into(),
            worktree_ready: true,
            state,
            briefed: true,
            ..Agent::new(
                AgentId::new(1, number),
                TeamId::new(1, 1),
                role,
                "demo",
                NOW,
            )
        }
    }

    fn message(to: &Agent) -> (Envelope, Delivery) {
        let id = MessageId::new(NOW.0, 1);
        let envelope = Envelope {
            id,
            team: to.team,
            at: NOW,
            kind: MessageKind::Message,
            sender: Sender::Human,
            sender_rule: String::new(),
            recipient: Recipient::Agent {
                agent: to.id,
                role: to.role.clone(),
            },
            target: String::new(),
            pair_seq: 1,
            body: "hello".to_owned(),
            original: None,
            cleaned: Vec::new(),
            verdict: Verdict {
                decision: Decision::Deliver,
                rule: String::new(),
                reason: String::new(),
            },
            critical: Vec::new(),
            key: None,
            expires: Some(NOW.after(Duration::from_secs(600))),
            inline: false,
            urgent: false,
            body_file: None,
            cause: None,
        };
        let delivery = Delivery {
            message: id,
            state: DeliveryState::Queued,
            reason: None,
            attempt: 1,
            possible_duplicate: false,
            launch: None,
            since: NOW,
            evidence: String::new(),
        };
        (envelope, delivery)
    }

    #[test]
    fn what_runs_counts_time_awake_and_what_is_shown_real_time() {
        let settings = settings(NOW);
        let agents = vec![
            agent(1, "developer", AgentState::Starting),
            agent(2, "tester", AgentState::Working),
        ];
        let snapshot = Snapshot {
            open: vec![message(&agents[1])],
            agents,
            ..Snapshot::default()
        };
        let (mut state, _) = State::new(settings, snapshot, NOW);
        let drift = Drift {
            slept: Duration::from_secs(3_600),
            stepped: -90_000,
        };
        let effects = state.handle(NOW.moved(drift.awake()), Event::ClockMoved(drift));
        assert_eq!(effects.len(), 1, "the journal's entry alone: {effects:?}");
        let since = |number| state.agents[&AgentId::new(1, number)].agent.since;
        assert_eq!(since(1), NOW.moved(3_510_000), "its deadline runs");
        assert_eq!(since(2), NOW.moved(-90_000));
        assert_eq!(state.settings.started, NOW.moved(-90_000));
        let flight = state.flights.values().next().expect("a flight");
        assert_eq!(flight.envelope.expires, Some(NOW.moved(510_000)));
        let at = BootClock::new(Some("b".to_owned()), 5_000, NOW.moved(-90_000));
        assert_eq!(state.boot, at);
    }
}
