//! Launches: a window is opened with its orders, comes up or not, and is closed.

use std::time::Duration;

use serde_json::json;
use torch_api::wire::Stage;
use torch_core::plan::{SessionObserved, WindowObserved, WorktreeObserved};
use torch_core::{
    AgentId, AgentState, DesiredState, Evidence, LaunchId, PaneAddress, TeamId, Write,
};

use super::orders::uuid;
use super::restart::{End, EndCause};
use super::{State, Turn};
use crate::event::{Effect, OpenFailure, OpenIn, OpenWindow, OpenedWindow, PaneRecord, TimerKey};

impl State {
    /// Starts an agent's program: in the pane that it had, in its session, or in a new one.
    pub(crate) fn open(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(open_in) = self.open_in(t, agent) else {
            return;
        };
        let launch = self.fresh_launch(t.now);
        let conversation = uuid(self.random.u128(..));
        let Some(orders) = self.launch_orders(agent, launch, &conversation) else {
            return;
        };
        let record = match open_in {
            OpenIn::Pane(_) => self.pane_record(agent, "a restart"),
            _ => None,
        };
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        if matches!(open_in, OpenIn::NewSession(_)) {
            self.sessions
                .insert(run.agent.team, SessionObserved::Pending);
        }
        run.window = WindowObserved::Opening;
        run.failure = None;
        run.following = None;
        run.looks = None;
        run.started = false;
        run.asked.clear();
        run.restart_at = None;
        run.briefing_asked = false;
        run.acting = None;
        let before = run.agent.process.take();
        run.agent.launches += 1;
        run.agent.observed.begin(t.now);
        run.agent.launch = Some(launch);
        run.reopening = run.agent.pane.take();
        run.agent.briefing = None;
        run.agent.briefed = false;
        run.agent.resumed = false;
        run.agent.conversation = Some(conversation);
        run.launched_with(&orders.secrets);
        if let Some(transcript) = run.agent.transcript.take() {
            run.agent.last_transcript = Some(transcript);
        }
        run.early.clear();
        for flight in self.flights.values_mut() {
            if flight.envelope.recipient.agent() == Some(agent) {
                flight.composer_gone();
            }
        }
        let role = run.agent.role.clone();
        // A person's session keeps the order of its windows.
        let index = (run.agent.guest_in.is_none()).then_some(run.agent.position);
        self.credit_launched(t, agent);
        self.broker_launched(t, agent);
        self.set_state(
            t,
            agent,
            AgentState::Starting,
            Evidence::new("launch", "its window is being opened", t.now),
        );
        if let Some(run) = self.agents.get(&agent) {
            t.write(Write::PutAgent(Box::new(run.agent.clone())));
        }
        t.journal("agent.launch", agent, json!({"launch": launch}));
        t.write(Write::SpoolOffset { agent, offset: 0 });
        t.push(Effect::Open(Box::new(OpenWindow {
            agent,
            role,
            index,
            open_in,
            spec: orders.spec,
            resume: orders.resume,
            files: orders.files,
            secrets: orders.secrets,
            before,
            record,
        })));
    }

    pub(crate) fn on_opened(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        launch: LaunchId,
        result: Result<OpenedWindow, OpenFailure>,
    ) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        if run.agent.launch != Some(launch) {
            return;
        }
        let (team, role) = (run.agent.team, run.agent.role.clone());
        match result {
            Ok(OpenedWindow { address, resumed }) => {
                let opening = run.window == WindowObserved::Opening;
                run.window = WindowObserved::Live;
                run.ended = false;
                run.opened_in = self.listing;
                run.agent.pane = Some(address);
                run.agent.resumed = resumed.is_some();
                if let Some(conversation) = resumed {
                    run.agent.conversation = Some(conversation);
                }
                let here = run.last_session.replace(address.session) == Some(address.session);
                run.reopening = None;
                let guest = run.agent.guest_in.is_some();
                let (copy, program) = (run.agent.clone(), run.agent.program.clone());
                t.write(Write::PutAgent(Box::new(copy)));
                // A pane that a person moved elsewhere takes its team not with it.
                let pending = self.sessions.get(&team) == Some(&SessionObserved::Pending);
                if !guest && (pending || !here) {
                    self.on_session_present(t, team, address);
                }
                self.refresh_known_panes();
                let seconds = self
                    .programs
                    .get(&program)
                    .map_or(60, |program| program.data.launch.ready_seconds);
                t.timer(
                    TimerKey::Ready(agent),
                    t.now.after(Duration::from_secs(seconds)),
                );
                let detail = format!("{} {}", address.window, address.pane);
                self.progress(t, team, role.as_str(), Stage::Window, &detail);
                self.wanted_meanwhile(t, agent, opening);
            }
            Err(failure) => self.on_not_opened(t, agent, &failure),
        }
        // The outcome may come after the news that the server it speaks of ended.
        if self.server.is_none() && self.agents[&agent].window == WindowObserved::Live {
            self.lose_window(t, agent);
            let how = "the tmux server ended";
            self.on_program_gone(t, agent, AgentState::Crashed, how, EndCause::Server);
        }
        let early = self
            .agents
            .get_mut(&agent)
            .map(|run| std::mem::take(&mut run.early))
            .unwrap_or_default();
        for (offset, records) in early {
            self.on_spool(t, (agent, launch), offset, records);
        }
        if self.undos.contains_key(&team) {
            self.undo_agent(t, team, agent);
            return;
        }
        self.reconcile(t, team);
        self.pump(t, agent);
    }

    /// An agent that was stopped while its window was opened, and is wanted again by the time that is known, goes on with it.
    fn wanted_meanwhile(&mut self, t: &mut Turn, agent: AgentId, opening: bool) {
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let team = self.teams.get(&run.agent.team);
        let wanted = run.agent.desired == DesiredState::Running
            && team.is_some_and(|team| team.desired == DesiredState::Running);
        if run.agent.state.is_live() || !wanted {
            return;
        }
        // What an earlier daemon opened may have said already that it is ready: its screen tells.
        let state = if opening {
            AgentState::Starting
        } else {
            AgentState::Unknown
        };
        let evidence = Evidence::new(
            "launch",
            "its window is open, and it is wanted again",
            t.now,
        );
        self.set_state(t, agent, state, evidence);
    }

    fn on_session_present(&mut self, t: &mut Turn, team: TeamId, address: PaneAddress) {
        self.sessions.insert(team, SessionObserved::Present);
        if let Some(team) = self.teams.get_mut(&team)
            && team.session != Some(address.session)
        {
            team.session = Some(address.session);
            t.write(Write::PutTeam(Box::new(team.clone())));
        }
    }

    /// A launch that came to nothing is an end like any other: it is tried again, and given up after a few times.
    fn on_not_opened(&mut self, t: &mut Turn, agent: AgentId, failure: &OpenFailure) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let team = run.agent.team;
        // The pane that was to be used again is still there, unless the next listing says otherwise.
        run.agent.pane = run.reopening.take();
        let look = run.agent.pane.is_some() && self.server.is_some();
        run.window = match run.agent.pane {
            Some(_) => WindowObserved::Ended,
            None => WindowObserved::Absent,
        };
        run.ended = true;
        if failure.no_directory {
            run.worktree = WorktreeObserved::Absent;
        }
        let how = format!("its window could not be opened: {}", failure.error);
        run.agent.last_end = Some(how.clone());
        let lost = self.server.is_none();
        run.end = Some(End {
            state: AgentState::Crashed,
            how: how.clone(),
            cause: if lost {
                EndCause::Server
            } else {
                EndCause::Program
            },
            listing: if look { self.listing + 1 } else { 0 },
            lines: Some(String::new()),
        });
        if self.sessions.get(&team) == Some(&SessionObserved::Pending) {
            self.sessions.insert(team, SessionObserved::Absent);
        }
        let evidence = Evidence::new("command", how, t.now);
        self.set_state(t, agent, AgentState::Crashed, evidence);
        if look {
            self.list_panes(t);
        } else {
            self.decide_end(t, agent);
        }
    }

    pub(crate) fn close(&mut self, t: &mut Turn, agent: AgentId) {
        let why = self
            .agents
            .get(&agent)
            .and_then(|run| run.closing_for.clone())
            .unwrap_or_else(|| "torch stop".to_owned());
        let record = self.pane_record(agent, &why);
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let Some(at) = run.agent.pane else {
            run.window = WindowObserved::Absent;
            return;
        };
        run.window = WindowObserved::Closing;
        let record = record.filter(|_| !self.undos.contains_key(&run.agent.team));
        t.push(Effect::Close {
            agent,
            pane: at.pane,
            pid: at.pid,
            process: run.agent.process,
            record,
        });
    }

    /// What is saved of an agent's pane (S2-190).
    fn pane_record(&self, agent: AgentId, why: &str) -> Option<PaneRecord> {
        let run = self.agents.get(&agent)?;
        let team = self.teams.get(&run.agent.team)?;
        let mut issues = Vec::new();
        if !run.agent.state.is_live() {
            issues.push(run.agent.evidence.detail.clone());
        }
        if !run.agent.restarts.is_empty() {
            issues.push(format!(
                "restarted {} times within the hour",
                run.agent.restarts.len()
            ));
        }
        let mut handoff = vec![
            format!("Worktree: {}", run.agent.worktree.display()),
            format!(
                "Branch: {}",
                run.agent.branch.as_deref().unwrap_or("(detached HEAD)")
            ),
        ];
        let waiting = run
            .queue
            .iter()
            .map(|id| format!("Not delivered yet: {}", id.tag()));
        handoff.extend(waiting);
        Some(PaneRecord {
            pane: run.agent.pane?.pane,
            team: team.name.to_string(),
            role: run.agent.role.clone(),
            why: why.to_owned(),
            completed: run.agent.completed.clone(),
            issues,
            handoff,
            project: team.project.clone(),
            worktree: run.agent.worktree.clone(),
            base_commit: team.base_commit.clone(),
        })
    }
}
