//! The daemon's state and its only way to change: [`State::handle`], synchronous and without IO.

mod activity;
mod agents;
mod answer_channel;
mod answering;
mod asking;
mod auto;
mod brief;
mod broker;
mod cause;
mod check_in;
mod choose;
mod clock;
mod commit;
mod credit;
mod deliver;
mod dependencies;
mod detached;
mod figures;
mod finish;
#[cfg(test)]
mod fixture;
mod forbidden;
mod forms;
mod git_environment;
mod guest;
mod hand_over;
mod hub;
mod integrate;
mod judged;
mod keys;
mod lane;
mod launch;
mod left_commits;
mod names;
mod notices;
mod observed;
mod orders;
mod outbox;
mod own_roles;
mod panes;
mod pause;
mod post;
mod programs;
mod project_rules;
mod proof;
mod purge;
mod reconcile;
mod recover;
mod recovery;
mod remedy;
mod requests;
mod resolve;
mod restart;
mod resume;
mod rollback;
mod roster;
mod rules;
mod schedule;
mod screens;
mod send;
mod server;
mod service;
mod silence;
mod sizes;
mod standup;
mod stating;
mod stop;
mod supervision;
mod tasks;
mod transcript;
mod turns;
mod undo;
mod views;
mod violations;
mod waiting;
mod watching;
mod worktrees;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use torch_api::wire::Stage;
use torch_api::{Failure, Response};
use torch_core::config::Config;
use torch_core::journal::JournalEntry;
use torch_core::plan::{SessionObserved, WindowObserved, WorktreeObserved};
use torch_core::{
    Agent, AgentId, BootClock, DeliveryState, LaunchId, MessageId, Schedule, ScheduleId, SessionId,
    Team, TeamId, Timestamp, Write,
};
use torch_router::delivery::Flight;
use torch_router::identity::{KnownPane, KnownServer};

use crate::event::{ConnId, Effect, Event, Known, PaneFact, TimerKey};

pub use activity::Clash;
pub use brief::Templates;
pub(crate) use credit::account;
pub(crate) use git_environment::quoted as quoted_for_git;
pub(crate) use guest::LINES as GUEST_LINES;
pub(crate) use integrate::listed as listed_integrations;
pub(crate) use orders::{spool_name, spool_prefix};
pub use programs::Programs;
pub use recover::Snapshot;
pub use requests::Caller;
pub(crate) use resolve::{choose_team, not_called};
pub use sizes::Sizes;
pub use torch_router::tag::sha256;

/// What the daemon is told at its start.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The registry.
    pub home: PathBuf,
    /// torch's own binary.
    pub torch: PathBuf,
    /// The user's configuration.
    pub config: Config,
    /// The tmux server's socket name.
    pub tmux_socket: String,
    /// The daemon's own settings from its environment, and where tmux keeps its sockets: an agent that starts the
    /// daemon again must start one that finds the same tmux server.
    pub env: std::collections::BTreeMap<String, String>,
    /// The agent programs.
    pub programs: Programs,
    /// Roles and the briefing's text.
    pub templates: Arc<Templates>,
    /// When the daemon started.
    pub started: Timestamp,
    /// The zone of times that name none.
    pub zone: jiff::tz::TimeZone,
    /// The boot clock at that time.
    pub boot: BootClock,
    /// Its pid.
    pub pid: u32,
    /// The seed of its ids.
    pub seed: u64,
    /// Whether teams of an earlier boot are to run again without a person.
    pub resume_teams: bool,
}

/// An agent and what is known of it beyond what is durable.
#[derive(Debug)]
pub(crate) struct AgentRun {
    pub(crate) agent: Agent,
    pub(crate) worktree: WorktreeObserved,
    pub(crate) window: WindowObserved,
    /// Made by this run of `auto`, so that cancelling it may take the worktree away.
    pub(crate) worktree_created: bool,
    /// Messages not proven yet, oldest first; the first is the one under way.
    pub(crate) queue: VecDeque<MessageId>,
    /// The message for which an act is under way.
    pub(crate) acting: Option<MessageId>,
    /// The last messages it took into its conversation.
    pub(crate) consumed: VecDeque<torch_core::Delivery>,
    /// The last listing that was asked for before its window was known to be open.
    pub(crate) opened_in: u64,
    /// The pane that its program is being started again in.
    pub(crate) reopening: Option<torch_core::PaneAddress>,
    /// The first listing that is young enough to say that the session of a guest is gone.
    pub(crate) sought: Option<u64>,
    /// Records that came before the window's opening was known.
    pub(crate) early: Vec<(u64, Vec<torch_core::spool::SpoolRecord>)>,
    /// Whether a look at the screen is under way.
    pub(crate) looking: bool,
    /// The transcript that is being read, and in which launch.
    pub(crate) following: Option<(LaunchId, PathBuf)>,
    /// The last question that the user's settings answered.
    pub(crate) answered_by_settings: Option<String>,
    /// Why its briefing is said again in this launch.
    pub(crate) restated: Option<torch_core::program::Signal>,
    /// What the last looks agree on, and how many of them.
    pub(crate) looks: Option<screens::Looks>,
    /// The program's own ids of the questions that it told of in this launch and that are open.
    pub(crate) asked: Vec<String>,
    /// Whether the start of this launch was over already: a dialog from then on is none of a first run.
    pub(crate) started: bool,
    /// A record of a limit that came before the hook which says so, and when it was written.
    pub(crate) limit_told: Option<(torch_monitor::SignalReading, Timestamp)>,
    /// Until when a prompt may be its program's own, which said that it goes on by itself after a limit.
    pub(crate) goes_on_until: Option<Timestamp>,
    /// How many looks before its wake-up came to nothing.
    pub(crate) wake_looks: u32,
    /// The message that was proven after the reset of its limit.
    pub(crate) woken_by: Option<MessageId>,
    /// When the turn began that is under way, and when the last one did that ended without a limit.
    pub(crate) turn_began: Option<Timestamp>,
    pub(crate) turn_was_good: Option<Timestamp>,
    /// When it was last seen to be at work no longer, in this daemon's life.
    pub(crate) worked_until: Option<Timestamp>,
    /// Whether a failure of this launch was reported.
    pub(crate) failure: Option<String>,
    /// Whether its program ended in this launch.
    pub(crate) ended: bool,
    /// An end that is not decided about yet.
    pub(crate) end: Option<restart::End>,
    /// When its ended program may be started again.
    pub(crate) restart_at: Option<Timestamp>,
    /// The session that its pane was in last.
    pub(crate) last_session: Option<SessionId>,
    /// Whether git is being asked what its next briefing says.
    pub(crate) briefing_asked: bool,
    /// Whether its worktree is being looked at because it may be silent.
    pub(crate) silence_asked: bool,
    /// When it last showed a sign of life.
    pub(crate) seen: Timestamp,
    /// Because of what its window is closed, where it is not the team's stop.
    pub(crate) closing_for: Option<String>,
}

/// A sender's team and label, and the agent it writes to (`None` is the person).
pub type PairKey = (TeamId, String, Option<AgentId>);

/// Why a client is kept informed about a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WatchKind {
    Auto,
    /// A `torch resume`: giving it up changes nothing.
    Resume {
        /// Whether the team ran already.
        ran: bool,
    },
    /// A `torch agent` for this one.
    Agent(AgentId),
    Follow,
    Stop,
    /// A cancelled `auto` that is being undone.
    Undo,
}

/// A client that is kept informed.
#[derive(Debug)]
pub(crate) struct Watcher {
    pub(crate) conn: ConnId,
    pub(crate) team: TeamId,
    pub(crate) kind: WatchKind,
}

/// A client that waits for a message to come to a state.
#[derive(Debug)]
pub(crate) struct Waiter {
    pub(crate) conn: ConnId,
    pub(crate) message: MessageId,
    pub(crate) state: DeliveryState,
}

/// A team that `auto` was cancelled for: what is still to be taken away, and what had to be kept.
#[derive(Debug, Default)]
pub(crate) struct Undo {
    pub(crate) pending: Vec<AgentId>,
    pub(crate) kept: Vec<String>,
}

/// Everything the daemon knows.
#[derive(Debug)]
pub struct State {
    pub(crate) settings: Settings,
    pub(crate) programs: Programs,
    pub(crate) random: fastrand::Rng,
    pub(crate) teams: BTreeMap<TeamId, Team>,
    /// What agents are given that is kept in memory only: variables that hold keys.
    pub(crate) secrets: BTreeMap<TeamId, BTreeMap<String, String>>,
    /// Teams whose keys are being read from their tmux sessions: nothing of theirs is opened until then.
    pub(crate) recalling: BTreeSet<TeamId>,
    pub(crate) sessions: BTreeMap<TeamId, SessionObserved>,
    pub(crate) agents: BTreeMap<AgentId, AgentRun>,
    pub(crate) flights: BTreeMap<MessageId, Flight>,
    pub(crate) transcript_looks: BTreeMap<MessageId, u32>,
    pub(crate) pair_seqs: BTreeMap<PairKey, u64>,
    pub(crate) keys: BTreeMap<(String, String), Known>,
    pub(crate) waiters: Vec<Waiter>,
    /// Clients that wait for the end of the turn that a message begins.
    pub(crate) turn_waiters: Vec<turns::TurnWaiter>,
    /// Messages that are cancelled once they are taken back, and who wants that.
    pub(crate) cancels: BTreeMap<MessageId, ConnId>,
    /// Open questions that a person is answering.
    pub(crate) answering: Vec<answering::Answering>,
    pub(crate) watchers: Vec<Watcher>,
    pub(crate) undos: BTreeMap<TeamId, Undo>,
    /// Teams that a running `torch auto` made, so that cancelling it may take them away.
    pub(crate) fresh_teams: std::collections::BTreeSet<TeamId>,
    pub(crate) cancelled: Vec<ConnId>,
    /// Agents that a person wants restarted, and whose windows are not known yet.
    pub(crate) restarts_asked: BTreeSet<AgentId>,
    pub(crate) panes: Vec<PaneFact>,
    pub(crate) known_panes: Vec<KnownPane>,
    pub(crate) server: Option<KnownServer>,
    pub(crate) tmux_version: Option<String>,
    /// How the boot clock stands to the wall clock.
    pub(crate) boot: BootClock,
    /// Planned notes whose time has not come.
    pub(crate) schedules: BTreeMap<ScheduleId, Schedule>,
    /// The teams' plans.
    pub(crate) plans: BTreeMap<TeamId, torch_core::TaskPlan>,
    /// For when their timer is set.
    pub(crate) schedule_timer: Option<Timestamp>,
    /// The open integrations.
    pub(crate) integrations: integrate::Integrations,
    /// What the rules of communication remember and keep.
    pub(crate) rules: rules::Rules,
    /// What moves in the repositories of teams.
    pub(crate) activity: activity::Activity,
    /// What goes from worktree to worktree.
    pub(crate) lanes: lane::FastLanes,
    /// Clients that check planned notes.
    pub(crate) checks: Vec<schedule::Check>,
    pub(crate) ticks: u64,
    /// The number of the last listing of the panes that was asked for.
    pub(crate) listing: u64,
    /// The number of the last listing that came.
    pub(crate) listed: u64,
    /// No listing of the panes came since the tmux server was reached.
    pub(crate) just_connected: bool,
    /// When a client last used each session.
    pub(crate) inputs: BTreeMap<SessionId, Timestamp>,
    pub(crate) server_ends: server::ServerEnds,
    /// Whether windows of an earlier daemon may be there, and tmux has neither answered nor been found dead yet.
    pub(crate) unheard: bool,
    /// Since when the server lives without an answer, and its pid.
    pub(crate) silent: Option<(Timestamp, u32)>,
    /// Teams whose worktrees are being removed for good, by who asked.
    pub(crate) purges: BTreeMap<ConnId, TeamId>,
    /// Teams that are purged once their integration is given up, and for whom.
    pub(crate) purges_later: BTreeMap<TeamId, ConnId>,
    /// What guests saw of the sessions they are in, for their first briefing.
    pub(crate) session_notes: BTreeMap<AgentId, String>,
    /// Connections of torch's MCP server.
    pub(crate) through_mcp: BTreeSet<ConnId>,
    /// Connections of agents for which their own work is being committed.
    pub(crate) own_commits: BTreeSet<ConnId>,
    /// What is being taken back.
    pub(crate) rollbacks: rollback::Rollbacks,
    /// The teams' git brokers.
    pub(crate) brokers: broker::Brokers,
    /// Clients that ask for the names of windows.
    pub(crate) namings: Vec<names::Naming>,
}

/// One turn of the loop: the time, the cause, and what is to be done.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) now: Timestamp,
    pub(crate) cause: String,
    pub(crate) effects: Vec<Effect>,
}

impl Turn {
    pub(crate) fn push(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    pub(crate) fn write(&mut self, write: Write) {
        self.effects.push(Effect::Write(write));
    }

    pub(crate) fn reply(&mut self, conn: ConnId, response: Response) {
        self.effects.push(Effect::Reply { conn, response });
    }

    pub(crate) fn fail(&mut self, conn: ConnId, failure: Failure) {
        self.reply(conn, Response::Failed(failure));
    }

    pub(crate) fn timer(&mut self, key: TimerKey, at: Timestamp) {
        self.effects.push(Effect::Timer { key, at });
    }

    /// Appends to the journal, with this turn's cause.
    pub(crate) fn journal(&mut self, kind: &str, subject: impl ToString, data: serde_json::Value) {
        let entry = JournalEntry::new(kind, subject, self.cause.clone()).with(data);
        self.write(Write::Journal(entry));
    }
}

impl State {
    /// Turns one event into what is to be done. Neither reads a clock nor touches the world.
    pub fn handle(&mut self, now: Timestamp, event: Event) -> Vec<Effect> {
        let mut turn = Turn {
            now,
            cause: cause::cause_of(&event),
            effects: Vec::new(),
        };
        let t = &mut turn;
        match event {
            Event::Request {
                conn,
                peer,
                request,
                known,
            } => self.on_request(t, conn, &peer, request, known),
            Event::Disconnected(conn) => self.on_disconnected(t, conn),
            Event::File { conn, agent, file } => self.on_file(t, conn, agent, *file),
            Event::Spool {
                agent,
                launch,
                offset,
                records,
            } => self.on_spool(t, (agent, launch), offset, records),
            Event::SpoolGap {
                agent,
                launch,
                gap,
                at,
            } => self.on_spool_gap(t, (agent, launch), gap, at),
            Event::TmuxUp { version, pid } => self.on_tmux_up(t, version, pid),
            Event::TmuxDown { error } => self.on_tmux_down(t, &error),
            Event::TmuxSilent { error, pid } => self.on_tmux_silent(t, &error, pid),
            Event::Trouble { text } => self.notify_person(t, &text),
            Event::Panes { listing, panes } => self.on_panes(t, listing, panes),
            Event::KeysRecalled { team, keys } => self.on_keys_recalled(t, team, keys),
            Event::Probed {
                agent,
                purpose,
                result,
            } => self.on_probed(t, agent, purpose, result),
            Event::LastLines {
                agent,
                failed,
                lines,
            } => self.on_last_lines(t, agent, failed, lines),
            Event::Told {
                agent,
                launch,
                path,
                offset,
                readings,
            } => self.on_told(t, (agent, launch), (path, offset), &readings),
            Event::Pasted { message, result } => self.on_pasted(t, message, result),
            Event::KeyPressed { agent, result } => self.on_key_pressed(t, agent, result),
            Event::Pressed { message, result } => self.on_pressed(t, message, result),
            Event::Offered { message, result } => self.on_offered(t, message, result),
            Event::Withdrawn {
                message,
                withdrawal,
            } => self.on_withdrawn(t, message, withdrawal),
            Event::Transcript { message, found } => self.on_transcript(t, message, found),
            Event::Timer(key) => self.on_timer(t, key),
            Event::ClockMoved(drift) => self.on_clock_moved(t, drift),
            other => self.handle_outcome(t, other),
        }
        self.restart_asked(t);
        self.run_schedules(t);
        turn.effects
    }

    /// What came of acts that take a while: on projects, worktrees and windows.
    fn handle_outcome(&mut self, t: &mut Turn, event: Event) {
        match event {
            Event::Inspected {
                conn,
                request,
                result,
            } => self.on_inspected(t, conn, &request, result),
            Event::WorktreeAdded { agent, result } => self.on_worktree_added(t, agent, result),
            Event::WorktreeUndone { agent, team, kept } => {
                self.on_worktree_undone(t, agent, team, kept)
            }
            Event::Worktrees(outcome) => self.on_worktrees(t, *outcome),
            Event::Lane(done) => self.on_lane(t, *done),
            Event::Broker(outcome) => self.on_broker(t, *outcome),
            Event::AnswerFile(done) => self.on_answer_file(t, done),
            Event::Integrated { team, id, found } => self.on_integrated(t, team, (id, *found)),
            Event::RulesRead { team, result } => self.on_rules_read(t, team, result),
            Event::TreeSeen { agent, work } => self.on_tree_seen(t, agent, work.as_deref()),
            Event::RefsKnown { team, tips } => self.on_refs_known(t, team, tips),
            Event::RefsRead { team, trouble } => self.on_refs_read(t, team, trouble),
            Event::RepositoryConfig { common_dir } => self.on_repository_config(t, &common_dir),
            Event::RefsMoved { team, moves } => self.on_refs_moved(t, team, &moves),
            Event::Committed { team, made } => self.on_new_commits(t, team, &made),
            Event::RequestSeen {
                agent,
                branch,
                result,
            } => self.on_request_seen(t, agent, &branch, result),
            Event::Overlaps { team, clashes } => self.on_overlaps(t, team, clashes.as_deref()),
            Event::Standings { team, standings } => self.on_standings(t, team, standings),
            Event::Opened {
                agent,
                launch,
                result,
            } => self.on_opened(t, agent, launch, result),
            Event::Closed { agent, result, log } => self.on_closed(t, agent, result, log),
            Event::WorkSeen {
                agent,
                launch,
                work,
            } => self.on_work_seen(t, agent, launch, work.as_deref()),
            Event::SessionSeen {
                conn,
                request,
                result,
            } => self.on_session_seen(t, conn, &request, result),
            Event::Revived {
                conn,
                envelope,
                delivery,
            } => self.on_revived(t, conn, *envelope, *delivery),
            other => unreachable!("{other:?} is handled by `handle`"),
        }
    }

    /// An agent's role.
    pub(crate) fn role_of(&self, agent: AgentId) -> Option<torch_core::RoleName> {
        self.agents.get(&agent).map(|run| run.agent.role.clone())
    }

    /// The agents of a team in the order of their windows.
    pub(crate) fn team_agents(&self, team: TeamId) -> Vec<AgentId> {
        let mut agents: Vec<_> = self
            .agents
            .values()
            .filter(|run| run.agent.team == team)
            .collect();
        agents.sort_by_key(|run| run.agent.position);
        agents.iter().map(|run| run.agent.id).collect()
    }

    pub(crate) fn fresh_message(&mut self, now: Timestamp) -> MessageId {
        MessageId::new(now.0, self.random.u128(..))
    }

    pub(crate) fn fresh_launch(&mut self, now: Timestamp) -> LaunchId {
        LaunchId::new(now.0, self.random.u128(..))
    }

    /// Tells everybody who watches the team how far an agent has come.
    pub(crate) fn progress(
        &self,
        t: &mut Turn,
        team: TeamId,
        role: &str,
        stage: Stage,
        detail: &str,
    ) {
        for watcher in self.watchers.iter().filter(|watcher| watcher.team == team) {
            let response = Response::Progress {
                role: role.to_owned(),
                stage,
                detail: detail.to_owned(),
            };
            t.push(Effect::Reply {
                conn: watcher.conn,
                response,
            });
        }
    }

    pub(crate) fn list_panes(&mut self, t: &mut Turn) {
        self.listing += 1;
        t.push(Effect::ListPanes {
            listing: self.listing,
        });
    }

    fn on_timer(&mut self, t: &mut Turn, key: TimerKey) {
        match key {
            TimerKey::Delivery(message) => self.on_delivery_timer(t, message),
            TimerKey::Transcript(message) => self.look_into_transcript(t, message),
            TimerKey::Expiry(message) => self.expire(t, message),
            TimerKey::Wait(conn) => self.on_wait_over(t, conn),
            TimerKey::Ready(agent) => self.on_not_ready(t, agent),
            TimerKey::Look(agent) => self.look_at_screen(t, agent),
            TimerKey::Answer(agent) => self.on_answer_timer(t, agent),
            TimerKey::Restart(agent) => self.on_restart_due(t, agent),
            TimerKey::Turns(agent) => self.pump(t, agent),
            TimerKey::Wake(agent) => self.on_wake_due(t, agent),
            TimerKey::CheckIn(agent) => self.on_check_in_due(t, agent),
            TimerKey::Silence(agent) => self.on_silence_due(t, agent),
            TimerKey::Standup(team) => self.end_standup(t, team),
            TimerKey::Pushes(team) => self.on_pushes_due(t, team),
            TimerKey::Server => self.on_server_due(t),
            TimerKey::Followed(team) => self.check_followed(t, team),
            TimerKey::Lane(team) => self.tick_lanes(t, team),
            TimerKey::LaneCycle(team) => self.on_lane_cycle(t, team),
            TimerKey::Blocked(agent) => self.on_still_blocked(t, agent),
            TimerKey::Stated(team) => self.on_stated_due(t, team),
            TimerKey::RulesTold(team) => self.on_rules_told_due(t, team),
            TimerKey::Violations => self.expire_violations(t),
            TimerKey::Integration(team) => self.on_integration_due(t, team),
            // What is due is posted after each event.
            TimerKey::Schedules => self.schedule_timer = None,
            // The host's own business.
            TimerKey::Upkeep => {}
            TimerKey::Panes => {
                self.list_panes(t);
                t.timer(TimerKey::Panes, t.now.after(PANES_EVERY));
            }
        }
    }
}

/// How often all panes are listed (measured: 0.15 % of a core for 100 panes).
pub(crate) const PANES_EVERY: std::time::Duration = std::time::Duration::from_secs(1);
