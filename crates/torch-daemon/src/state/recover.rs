//! A state from what the store keeps: what a daemon knows when it starts.

use std::collections::{BTreeMap, BTreeSet};

use torch_core::plan::{SessionObserved, WindowObserved, WorktreeObserved};
use torch_core::{
    Agent, AgentId, AgentState, Delivery, DeliveryState, DesiredState, Envelope, LedgerRecord,
    MessageKind, Schedule, Team, Timestamp, Write,
};
use torch_router::delivery::Flight;
use torch_router::replay::Past;
use torch_router::tag;

use super::restart::{End, EndCause};
use super::{AgentRun, PairKey, Settings, State, Turn};
use crate::event::{Effect, TimerKey};

/// What the store keeps of teams and of messages on their way.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The teams.
    pub teams: Vec<Team>,
    /// Their agents.
    pub agents: Vec<Agent>,
    /// Messages that are not settled, oldest first.
    pub open: Vec<(Envelope, Delivery)>,
    /// Planned notes whose time has not come.
    pub schedules: Vec<Schedule>,
    /// The open records of the ledger.
    pub ledger: Vec<LedgerRecord>,
    /// What was said lately, the oldest first; none where it can't be told.
    pub past: Option<Vec<Past>>,
    /// The teams' plans.
    pub plans: BTreeMap<torch_core::TeamId, torch_core::TaskPlan>,
    /// The last number of each pair: see [`PairKey`].
    pub pair_seqs: BTreeMap<PairKey, u64>,
    /// How far each spool was read.
    pub spool_offsets: BTreeMap<AgentId, u64>,
}

impl State {
    /// A state that knows nothing yet.
    fn empty(settings: Settings) -> Self {
        Self {
            secrets: BTreeMap::new(),
            recalling: BTreeSet::new(),
            answering: Vec::new(),
            programs: settings.programs.clone(),
            random: fastrand::Rng::with_seed(settings.seed),
            boot: settings.boot.clone(),
            rules: super::rules::Rules::new(&settings.config.router),
            settings,
            teams: BTreeMap::new(),
            sessions: BTreeMap::new(),
            agents: BTreeMap::new(),
            flights: BTreeMap::new(),
            transcript_looks: BTreeMap::new(),
            pair_seqs: BTreeMap::new(),
            keys: BTreeMap::new(),
            waiters: Vec::new(),
            turn_waiters: Vec::new(),
            cancels: BTreeMap::new(),
            watchers: Vec::new(),
            undos: BTreeMap::new(),
            fresh_teams: std::collections::BTreeSet::new(),
            cancelled: Vec::new(),
            restarts_asked: BTreeSet::new(),
            panes: Vec::new(),
            known_panes: Vec::new(),
            server: None,
            tmux_version: None,
            schedules: BTreeMap::new(),
            plans: BTreeMap::new(),
            schedule_timer: None,
            activity: super::activity::Activity::default(),
            lanes: super::lane::FastLanes::default(),
            checks: Vec::new(),
            ticks: 0,
            listing: 0,
            listed: 0,
            just_connected: false,
            inputs: BTreeMap::new(),
            integrations: super::integrate::Integrations::default(),
            server_ends: super::server::ServerEnds::default(),
            silent: None,
            unheard: false,
            purges: BTreeMap::new(),
            purges_later: BTreeMap::new(),
            session_notes: BTreeMap::new(),
            through_mcp: BTreeSet::new(),
            own_commits: BTreeSet::new(),
            rollbacks: super::rollback::Rollbacks::default(),
            brokers: super::broker::Brokers::default(),
            namings: Vec::new(),
        }
    }

    /// Builds the state, and what is to be done first: watching spools and setting the timers that were running.
    pub fn new(settings: Settings, snapshot: Snapshot, now: Timestamp) -> (Self, Vec<Effect>) {
        let mut state = Self::empty(settings);
        state.teams = snapshot
            .teams
            .into_iter()
            .map(|team| (team.id, team))
            .collect();
        state.pair_seqs = snapshot.pair_seqs;
        state.plans = snapshot.plans;
        let mut effects = Vec::new();
        for team in state.teams.values() {
            let seen = if team.session.is_some() {
                SessionObserved::Present
            } else {
                SessionObserved::Absent
            };
            state.sessions.insert(team.id, seen);
        }
        for agent in snapshot.agents {
            let offset = snapshot.spool_offsets.get(&agent.id).copied().unwrap_or(0);
            watch(&agent, offset, &mut effects);
            if agent.state == AgentState::Starting && agent.pane.is_some() {
                effects.push(state.ready_deadline(&agent, now));
            }
            state.agents.insert(agent.id, recovered(agent));
        }
        if state.settings.resume_teams {
            state.run_in_this_boot(&mut effects);
        }
        state.refresh_known_panes();
        state.recover_deliveries(snapshot.open, now, &mut effects);
        state.recover_schedules(snapshot.schedules, now, &mut effects);
        state.recover_credit(now, &mut effects);
        state.recover_rollbacks(&snapshot.ledger, &mut effects);
        state.recover_rules(snapshot.ledger, now, &mut effects);
        state.recall(snapshot.past);
        state.recover_check_ins(now, &mut effects);
        state.recover_silence(now, &mut effects);
        state.recover_standups(now, &mut effects);
        state.recover_lanes(now, &mut effects);
        state.resume_integrations(now, &mut effects);
        effects.extend(state.tell_suspended(now));
        (state, effects)
    }

    /// Teams of an earlier boot run again: whoever installed the daemon so wants that.
    fn run_in_this_boot(&mut self, effects: &mut Vec<Effect>) {
        let boot = self.boot_id();
        for team in self.teams.values_mut() {
            if team.desired == DesiredState::Running && team.boot != boot {
                team.boot.clone_from(&boot);
                effects.push(Effect::Write(Write::PutTeam(Box::new(team.clone()))));
            }
        }
    }

    /// A person hears once in each boot of the machine that a team waits for him.
    fn tell_suspended(&mut self, now: Timestamp) -> Vec<Effect> {
        let mut t = Turn {
            now,
            cause: "the machine was restarted".to_owned(),
            effects: Vec::new(),
        };
        let boot = self.boot_id();
        let suspended: Vec<_> = self
            .teams
            .values()
            .filter(|team| team.desired == DesiredState::Running && team.told_suspended != boot)
            .map(|team| team.id)
            .filter(|team| self.is_suspended(*team))
            .collect();
        for id in suspended {
            let Some(team) = self.teams.get_mut(&id) else {
                continue;
            };
            team.told_suspended.clone_from(&boot);
            t.write(Write::PutTeam(Box::new(team.clone())));
            self.notify_suspended(&mut t, id);
        }
        t.effects
    }

    /// An agent that was starting has its whole time once more.
    fn ready_deadline(&self, agent: &Agent, now: Timestamp) -> Effect {
        let program = self.programs.get(&agent.program);
        let seconds = program.map_or(60, |program| program.data.launch.ready_seconds);
        Effect::Timer {
            key: TimerKey::Ready(agent.id),
            at: now.after(std::time::Duration::from_secs(seconds)),
        }
    }

    fn recover_deliveries(
        &mut self,
        open: Vec<(Envelope, Delivery)>,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        for (envelope, mut delivery) in open {
            let Some(agent) = envelope.recipient.agent() else {
                continue;
            };
            let message = envelope.id;
            if delivery.state == DeliveryState::Claimed {
                // Nothing was typed: its turn comes again.
                delivery.state = DeliveryState::Queued;
            }
            let text = tag::text(&envelope, delivery.attempt, envelope.body_file.as_deref());
            let mut flight = Flight::new(envelope, delivery, text);
            flight.resume(now);
            if let Some(expires) = flight.envelope.expires
                && !flight.is_typed()
            {
                effects.push(Effect::Timer {
                    key: TimerKey::Expiry(message),
                    at: expires,
                });
            }
            if let Some(run) = self.agents.get_mut(&agent) {
                flight.resume_in(run.agent.launch);
                if flight.blocks_queue() {
                    run.queue.push_back(message);
                }
                // What was typed before the restart is judged by what can be seen now.
                if flight.is_typed() || flight.is_offered() {
                    effects.push(Effect::Timer {
                        key: TimerKey::Delivery(message),
                        at: now,
                    });
                }
                if flight.delivery.state == DeliveryState::Accepted {
                    effects.push(Effect::Timer {
                        key: TimerKey::Transcript(message),
                        at: now,
                    });
                }
                self.flights.insert(message, flight);
            }
        }
        for run in self.agents.values_mut() {
            // Its repeated briefing was being put together when the daemon ended.
            let under_way = |id| self.flights.contains_key(&id);
            if !run.agent.briefed && !run.agent.briefing.is_some_and(under_way) {
                run.agent.briefing = None;
            }
            // A message being typed is first in any case, then a briefing; the others keep the order in which they were
            // accepted, which their ids don't tell within a millisecond.
            let (flights, launch) = (&self.flights, run.agent.launch);
            run.queue.make_contiguous().sort_by_key(|id| {
                let flight = flights.get(id);
                let typed = flight.is_some_and(|flight| {
                    let here = flight.delivery.launch == launch;
                    (flight.is_typed() && here) || flight.may_stand_in_composer()
                });
                let first = flight.map(|f| f.envelope.kind);
                let first = matches!(first, Some(MessageKind::Briefing | MessageKind::Continue));
                (!typed, !first)
            });
        }
    }
}

/// Reads an agent's spool and its transcript from where they were read last.
fn watch(agent: &Agent, offset: u64, effects: &mut Vec<Effect>) {
    if let Some(launch) = agent.launch {
        effects.push(Effect::WatchSpool {
            agent: agent.id,
            launch,
            offset,
        });
    }
    if let (Some(launch), Some(path)) = (agent.launch, agent.transcript.clone()) {
        effects.push(Effect::WatchTranscript {
            agent: agent.id,
            launch,
            program: agent.program.clone(),
            path,
            offset: agent.figures.transcript_read,
        });
    }
}

/// An agent as the store knew it; the first listing of the panes corrects it.
fn recovered(agent: Agent) -> AgentRun {
    let mut run = AgentRun::new(agent);
    run.worktree = if run.agent.worktree_ready {
        WorktreeObserved::Present
    } else {
        WorktreeObserved::Absent
    };
    run.ended = run.agent.launch.is_some() && !run.agent.state.is_live();
    if run.ended && run.agent.left.is_none() {
        // The daemon may have ended before it decided.
        run.end = Some(End {
            state: run.agent.state,
            how: run.agent.evidence.detail.clone(),
            cause: if run.agent.pane.is_some() {
                EndCause::Program
            } else {
                EndCause::Server
            },
            listing: 0,
            lines: Some(String::new()),
        });
    }
    run.last_session = run.agent.pane.map(|at| at.session);
    run.window = match (&run.agent.pane, run.agent.state.is_live()) {
        (Some(_), true) => WindowObserved::Live,
        (Some(_), false) => WindowObserved::Ended,
        (None, _) => WindowObserved::Absent,
    };
    run
}
