//! `torch resume`: a team brought back to what is wanted of it, by the same path that raised it.

use serde_json::json;
use torch_api::roster::ResumeRequest;
use torch_api::wire::TeamSelector;
use torch_api::{Failure, Response};
use torch_core::plan::{SessionObserved, WindowObserved, WorktreeObserved};
use torch_core::{AgentId, AgentState, DesiredState, TeamId, TeamPhase, Timestamp, Write};

use super::own_roles::check_files;
use super::{State, Turn, WatchKind};
use crate::event::{ConnId, PaneFact};
use crate::failure::other;
use crate::view;

impl State {
    pub(crate) fn resume(&mut self, t: &mut Turn, conn: ConnId, request: &ResumeRequest) {
        let id = match self.resumable(&request.team) {
            Ok(id) => id,
            Err(failure) => return t.fail(conn, *failure),
        };
        let files = &request.role_files;
        let added = check_files(files).and_then(|()| self.new_roles(id, &request.add_roles, files));
        let added = match added {
            Ok(roles) => roles,
            Err(failure) => return t.fail(conn, *failure),
        };
        if request.status_only {
            let view = self.resume_view(id, request, t.now);
            return t.reply(conn, Response::Resume(Box::new(view)));
        }
        let anew = self.wanted_for_keys(id, &request.secrets);
        self.remember_secrets(id, &request.secrets);
        t.journal(
            "team.resumed",
            id,
            json!({"rebrief": request.rebrief_all, "added": added}),
        );
        let ran = !self.is_suspended(id)
            && self
                .teams
                .get(&id)
                .is_some_and(|team| team.desired == DesiredState::Running);
        let program = self.program_of_team(id);
        self.keep_files(t, id, files, &added);
        for role in &added {
            self.add_agent(t, id, role.clone(), &program);
        }
        self.start_team(t, id);
        for agent in self.team_agents(id) {
            let Some(run) = self.agents.get(&agent) else {
                continue;
            };
            if run.agent.desired == DesiredState::Stopped {
                continue;
            }
            let lost = run.ended || run.window == WindowObserved::Failed;
            let rebrief = request.rebrief_all
                && run.window == WindowObserved::Live
                && run.agent.state != AgentState::Starting;
            let never_ready = run.failure.is_some() && run.agent.state == AgentState::Starting;
            if never_ready && run.window == WindowObserved::Live {
                self.want_anew(t, agent, "it never became ready");
            } else if lost || run.worktree == WorktreeObserved::Failed || run.agent.left.is_some() {
                self.forgive(t, agent);
            } else if let Some(why) = anew.get(&agent) {
                self.want_anew(t, agent, why);
            } else if rebrief {
                self.brief(t, agent);
            }
        }
        self.logins_again(t, id);
        self.watch(conn, id, WatchKind::Resume { ran });
        self.propose_tasks(t, id, &added);
        self.want_server(t);
        self.reconcile(t, id);
        self.check_raised(t, id);
    }

    fn resumable(&self, selector: &TeamSelector) -> Result<TeamId, Box<Failure>> {
        let id = self.select_team(selector)?.id;
        if self.undos.contains_key(&id) {
            return Err(Box::new(other(
                "the team is being taken down",
                "an earlier `torch auto` was cancelled",
                Some("torch status"),
            )));
        }
        Ok(id)
    }

    /// A team is wanted to run in this boot of the machine; a stopped one begins again.
    pub(crate) fn start_team(&mut self, t: &mut Turn, id: TeamId) {
        // A person's own window may have kept the session.
        let left = self.teams.get(&id).and_then(|team| {
            let named = |pane: &&PaneFact| pane.session_name == team.name.as_str();
            self.panes
                .iter()
                .find(named)
                .map(|pane| pane.address.session)
        });
        let boot = self.boot_id();
        let Some(team) = self.teams.get_mut(&id) else {
            return;
        };
        let was_stopped = team.desired == DesiredState::Stopped;
        if !was_stopped && team.boot == boot {
            return;
        }
        team.desired = DesiredState::Running;
        team.boot = boot;
        if was_stopped {
            team.phase = TeamPhase::Raising;
            team.session = left;
        }
        let copy = team.clone();
        t.journal("team.started", id, json!({"spec": copy.spec}));
        t.write(Write::PutTeam(Box::new(copy)));
        if !was_stopped {
            return;
        }
        self.answer_stop_undone(t, id);
        for agent in self.team_agents(id) {
            let Some(run) = self.agents.get_mut(&agent) else {
                continue;
            };
            // One that is being made or removed says itself when that is over.
            if run.worktree != WorktreeObserved::Pending {
                run.worktree = WorktreeObserved::Absent;
            }
            run.worktree_created = false;
            // Its next check-in is about this run of the team: what it is to do now, its briefing says.
            run.agent.check_ins.begin_anew(t.now);
            t.write(Write::PutAgent(Box::new(run.agent.clone())));
            // One that is still being closed, or that nobody came to close, says so itself, or goes on.
            let there = matches!(
                run.window,
                WindowObserved::Opening
                    | WindowObserved::Live
                    | WindowObserved::Ended
                    | WindowObserved::Closing
            );
            if run.ended && !there && run.agent.state != AgentState::Stopped {
                // Its launch is over, whatever still carries its mark: a person's own program in its pane.
                run.agent.launch = None;
            }
            run.ended &= there;
            if run.agent.desired == DesiredState::Running {
                if !there {
                    run.window = WindowObserved::Absent;
                }
                self.forgive(t, agent);
            }
        }
        let session = left.map_or(SessionObserved::Absent, |_| SessionObserved::Present);
        self.sessions.insert(id, session);
    }

    /// Whoever waits for a team's stop is told that it was started again before that.
    fn answer_stop_undone(&mut self, t: &mut Turn, id: TeamId) {
        let name = self.teams.get(&id).map_or("?", |team| team.name.as_str());
        let hint = format!("torch stop --team {name}");
        let error = format!("team {name} was not stopped");
        let failure = other(&error, "it was started again meanwhile", Some(&hint));
        let stops =
            |watcher: &mut super::Watcher| watcher.team == id && watcher.kind == WatchKind::Stop;
        for watcher in self.watchers.extract_if(.., stops) {
            t.fail(watcher.conn, failure.clone());
        }
    }

    fn resume_view(
        &self,
        id: TeamId,
        request: &ResumeRequest,
        now: Timestamp,
    ) -> torch_api::ResumeView {
        let anew = self.wanted_for_keys(id, &request.secrets);
        let agents = self.team_agents(id);
        let agents = agents.iter().filter_map(|id| self.agents.get(id));
        let agents = agents.map(|run| {
            let seen = view::Seen {
                window: run.window,
                waiting: run.queue.len() as u64,
                due: run.restart_at.map(|at| at.since(now)),
            };
            let mut row = view::resume_agent(&run.agent, seen, request.rebrief_all);
            let missing = self.missing_keys(&run.agent, &request.secrets);
            if let Some(why) = anew.get(&run.agent.id) {
                (row.action, row.why) = ("restart".to_owned(), why.clone());
            } else if matches!(row.action.as_str(), "start" | "restart") && !missing.is_empty() {
                let why = format!("it needs {}, which is not here", missing.join(", "));
                (row.action, row.why) = ("leave".to_owned(), why);
            }
            row
        });
        let tmux = match self.server {
            _ if self.silent.is_some() => "not answering",
            Some(_) => "running",
            None if self.unheard => "not reached yet",
            None => "gone",
        };
        view::resume(
            &self.teams[&id],
            self.is_suspended(id),
            tmux,
            agents.collect(),
        )
    }

    /// The program that most of a team's agents run.
    pub(crate) fn program_of_team(&self, id: TeamId) -> String {
        let agents = self.team_agents(id);
        let hub = self.hub_of(id).map(|(hub, _)| hub);
        let first: Option<AgentId> = hub.or_else(|| agents.first().copied());
        first.and_then(|agent| self.agents.get(&agent)).map_or_else(
            || self.settings.config.agents.default.clone(),
            |run| run.agent.program.clone(),
        )
    }
}
