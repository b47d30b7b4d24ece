//! An agent that is not wanted any more: by request, or as its one task is done.

use std::path::Path;

use serde_json::json;
use torch_api::Failure;
use torch_api::wire::TeamSelector;
use torch_core::plan::WindowObserved;
use torch_core::{AgentId, DesiredState, Write};

use crate::event::ConnId;
use crate::failure::other;
use crate::state::send::done;
use crate::state::{State, Turn, WatchKind, Watcher};

impl State {
    pub(super) fn end_agent(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        selector: &TeamSelector,
        role: &str,
    ) -> Result<(), Box<Failure>> {
        let agent = self.find_agent(selector, role)?;
        let run = &self.agents[&agent];
        let (team, role) = (run.agent.team, run.agent.role.clone());
        if role.is_hub() && self.teams[&team].desired == DesiredState::Stopped {
            let text = format!("{role} is stopped with its team, and comes back with it");
            t.reply(conn, done(text));
            return Ok(());
        }
        if role.is_hub() {
            let hint = format!("torch stop --team {}", self.teams[&team].name);
            return Err(Box::new(other(
                &format!("{role} can't be ended alone"),
                "everybody reports to it; the team is stopped as a whole",
                Some(&hint),
            )));
        }
        if run.agent.desired == DesiredState::Stopped
            && run.window == WindowObserved::Absent
            && run.agent.launch.is_none()
        {
            t.reply(conn, done(format!("{role} was ended already")));
            return Ok(());
        }
        self.watch(conn, team, WatchKind::Agent(agent));
        self.want_ended(t, agent, "torch agent end");
        Ok(())
    }

    /// From now on an agent is not wanted: its window is closed, everything else stays.
    pub(crate) fn want_ended(&mut self, t: &mut Turn, agent: AgentId, why: &str) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        run.agent.desired = DesiredState::Stopped;
        run.closing_for = Some(why.to_owned());
        run.end = None;
        let (copy, team) = (run.agent.clone(), run.agent.team);
        t.write(Write::PutAgent(Box::new(copy)));
        t.journal("agent.ending", agent, json!({"why": why}));
        self.reconcile(t, team);
        self.conclude_end(t, agent);
    }

    /// An agent that is not wanted and has no window has ended.
    pub(crate) fn conclude_end(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let gone = matches!(run.window, WindowObserved::Absent | WindowObserved::Failed)
            && !self.may_have_window(run);
        if run.agent.desired == DesiredState::Stopped && (gone || self.is_without_server()) {
            let why = run.closing_for.clone();
            self.window_gone(t, agent, why.as_deref().unwrap_or("torch agent end"));
            self.answer_ended(t, agent, None, None);
        }
    }

    /// A temporary agent has reported its task complete, its turn is over, and nothing waits for it: it goes.
    pub(crate) fn end_if_done(&mut self, t: &mut Turn, agent: AgentId) {
        let done = self.agents.get(&agent).is_some_and(|run| {
            run.agent.task.is_some()
                && run.agent.completed.is_some()
                && run.agent.desired == DesiredState::Running
                && run.agent.state.takes_messages()
                && run.queue.is_empty()
        });
        if done {
            self.want_ended(t, agent, "its task was complete");
        }
    }

    /// Tells who waits for it that an agent's window is closed.
    pub(crate) fn answer_ended(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        log: Option<&Path>,
        trouble: Option<&str>,
    ) {
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        if run.agent.desired != DesiredState::Stopped {
            return;
        }
        let role = run.agent.role.clone();
        let saved = log.map_or_else(String::new, |log| {
            format!("; its screen and a summary are in {}", log.display())
        });
        let trouble = trouble.map_or_else(String::new, |text| format!("; {text}"));
        let waiting = match run.queue.len() {
            0 => String::new(),
            n => format!("; {n} messages for it are kept"),
        };
        let text =
            format!("{role} has ended; its worktree and branch stay{saved}{waiting}{trouble}");
        let watching = |watcher: &mut Watcher| watcher.kind == WatchKind::Agent(agent);
        let conns: Vec<ConnId> = self
            .watchers
            .extract_if(.., watching)
            .map(|watcher| watcher.conn)
            .collect();
        for conn in conns {
            t.reply(conn, done(text.clone()));
        }
    }
}
