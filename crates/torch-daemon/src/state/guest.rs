//! An agent in a tmux session that torch did not make: it looks first, adds one window, and touches nothing else
//! there (S2-075).

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;
use torch_api::Failure;
use torch_api::roster::{AgentAct, AgentRequest};
use torch_core::plan::{SessionObserved, WindowObserved};
use torch_core::{
    AgentId, AgentState, DesiredState, Evidence, RoleName, SessionName, Team, TeamId, TeamPhase,
    Write,
};

use super::own_roles::check_files;
use super::{State, Turn, WatchKind};
use crate::event::{ConnId, OpenIn, SessionFacts};
use crate::failure::{other, usage};

/// How many of a window's last lines the agent gets to see (S2-075).
pub(crate) const LINES: u32 = 50;

impl State {
    pub(crate) fn on_session_seen(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        request: &AgentRequest,
        result: Result<Box<SessionFacts>, Box<Failure>>,
    ) {
        let seen = match result {
            Ok(seen) => seen,
            Err(failure) => return t.fail(conn, *failure),
        };
        if let Err(failure) = self.add_guest(t, conn, request, &seen) {
            t.fail(conn, *failure);
        }
    }

    fn add_guest(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        request: &AgentRequest,
        seen: &SessionFacts,
    ) -> Result<(), Box<Failure>> {
        let AgentAct::Add {
            role,
            program,
            session: Some(session),
        } = &request.act
        else {
            return Ok(());
        };
        if let Some(team) = self
            .teams
            .values()
            .find(|team| team.name.as_str() == session && team.session == Some(seen.session))
        {
            let hint = format!("torch agent add {role} --team {}", team.name);
            return Err(Box::new(usage(
                &format!("session {session} is torch's own"),
                "a role is added to its team without --session",
                Some(&hint),
            )));
        }
        let files = &request.role_files;
        check_files(files)?;
        let role = self.known_role(role, files, "torch agent add --help")?;
        let project = &seen.project;
        let existing = self
            .teams
            .values()
            .find(|team| team.common_dir == project.common_dir)
            .map(|team| team.id);
        let program = self.guest_program(program.as_deref(), existing, &role, session)?;
        let team = match existing {
            Some(team) => self.team_for_guest(team, &role)?,
            None => self.found_team(t, request, seen),
        };
        self.keep_files(t, team, files, std::slice::from_ref(&role));
        let agent = self.add_agent(t, team, role, &program);
        if let Some(run) = self.agents.get_mut(&agent) {
            run.agent.guest_in = Some(session.clone());
            let copy = run.agent.clone();
            t.write(Write::PutAgent(Box::new(copy)));
        }
        t.journal(
            "agent.guest",
            agent,
            json!({"session": session, "windows": seen.windows.len()}),
        );
        self.session_notes.insert(agent, notes(session, seen));
        self.bring_up(t, conn, team, agent);
        Ok(())
    }

    fn guest_program(
        &self,
        named: Option<&str>,
        team: Option<TeamId>,
        role: &RoleName,
        session: &str,
    ) -> Result<String, Box<Failure>> {
        let program = match (named, team) {
            (Some(program), _) => program.to_owned(),
            (None, Some(team)) => self.program_of_team(team),
            (None, None) => self.settings.config.agents.default.clone(),
        };
        if self.programs.contains_key(&program) {
            return Ok(program);
        }
        let named =
            |name: &str| format!("torch agent add {role} --session {session} --agent {name}");
        if !program.is_empty() {
            return Err(Box::new(self.no_program(&program, named)));
        }
        let known: Vec<&str> = self.programs.keys().map(String::as_str).collect();
        let cause = format!("known programs: {}", known.join(", "));
        let error = "no agent program was chosen";
        Err(Box::new(usage(error, &cause, Some(&named("demo")))))
    }

    /// The project's team, if it runs and has no such role yet.
    fn team_for_guest(&self, id: TeamId, role: &RoleName) -> Result<TeamId, Box<Failure>> {
        let team = &self.teams[&id];
        let name = &team.name;
        if team.desired == DesiredState::Stopped {
            let hint = format!("torch resume --team {name}");
            return Err(Box::new(other(
                &format!("the project's team {name} is stopped"),
                "an agent is started in a running team only",
                Some(&hint),
            )));
        }
        if let Some(agent) = self.agent_in(id, role) {
            let ended = self.agents[&agent].agent.desired == DesiredState::Stopped;
            let (cause, verb) = if ended {
                ("it was ended, and comes back to where it was", "agent add")
            } else {
                ("a role stands once in a team", "attach")
            };
            let hint = format!("torch {verb} {role} --team {name}");
            return Err(Box::new(other(
                &format!("team {name} has a {role} already"),
                cause,
                Some(&hint),
            )));
        }
        Ok(id)
    }

    /// A team for a project that has none; it has no spec but what the session shows.
    fn found_team(&mut self, t: &mut Turn, request: &AgentRequest, seen: &SessionFacts) -> TeamId {
        let project = &seen.project;
        let id = TeamId::new(t.now.0, self.random.u128(..));
        let name: SessionName = self.team_name(project);
        let team = Team {
            id,
            name: name.clone(),
            project: project.root.clone(),
            common_dir: project.common_dir.clone(),
            spec: PathBuf::new(),
            spec_sha256: String::new(),
            base_branch: project.branch.clone().unwrap_or_else(|| "HEAD".to_owned()),
            base_commit: project.head.clone(),
            desired: DesiredState::Running,
            phase: TeamPhase::Raising,
            router: self.settings.config.router.mode,
            env: request.env.clone(),
            session: None,
            created: t.now,
            finished: None,
            summary: None,
            paused: false,
            boot: self.boot_id(),
            told_suspended: None,
            policy: self.policy_for(None),
            matrix: None,
            limits: Default::default(),
            role_files: BTreeMap::new(),
            standup: None,
            supervision: Default::default(),
            lane: Default::default(),
        };
        t.write(Write::PutTeam(Box::new(team.clone())));
        t.journal(
            "team.created",
            id,
            json!({"name": name, "project": project.root, "base": project.head}),
        );
        self.teams.insert(id, team);
        if let Some(rules) = project.rules.clone() {
            self.on_rules_read(t, id, rules);
        }
        self.remember_secrets(id, &request.secrets);
        self.sessions.insert(id, SessionObserved::Absent);
        id
    }

    /// Where an agent's program is to be started.
    pub(super) fn open_in(&mut self, t: &mut Turn, agent: AgentId) -> Option<OpenIn> {
        let run = self.agents.get(&agent)?;
        if let (WindowObserved::Ended, Some(at)) = (run.window, run.agent.pane) {
            return Some(OpenIn::Pane(at));
        }
        let Some(guest_in) = run.agent.guest_in.clone() else {
            let team = self.teams.get(&run.agent.team)?;
            let present = self.sessions.get(&team.id) == Some(&SessionObserved::Present);
            return Some(match team.session.filter(|_| present) {
                Some(session) => OpenIn::Session(session, team.name.clone()),
                None => OpenIn::NewSession(team.name.clone()),
            });
        };
        let there = self.panes.iter().find(|pane| pane.session_name == guest_in);
        let there = there.map(|pane| pane.address.session);
        let (next, listed) = (self.listing + 1, self.listed);
        let run = self.agents.get_mut(&agent)?;
        if let Some(session) = there {
            run.sought = None;
            return Some(OpenIn::Guest(session));
        }
        // It may be there since the last listing: the next one decides.
        if run.sought.is_none() {
            run.sought = Some(next);
            self.list_panes(t);
            return None;
        }
        if run.sought > Some(listed) {
            return None;
        }
        run.sought = None;
        let shown = torch_process::quote::shell(&guest_in);
        let socket = &self.settings.tmux_socket;
        let how = format!(
            "the session {guest_in}, which a person made, is gone (tmux -L {socket} new-session -d -s {shown} makes one)"
        );
        self.give_up_guest(t, agent, &how);
        None
    }

    /// torch does not make a session anew that was a person's.
    fn give_up_guest(&mut self, t: &mut Turn, agent: AgentId, how: &str) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        run.ended = true;
        run.end = None;
        run.failure = Some(how.to_owned());
        run.agent.left = Some(how.to_owned());
        let (copy, team) = (run.agent.clone(), run.agent.team);
        t.write(Write::PutAgent(Box::new(copy)));
        let evidence = Evidence::new("command", how, t.now);
        self.set_state(t, agent, AgentState::Failed, evidence);
        // Who has just tried it gets it as an answer.
        let tried = |watcher: &super::Watcher| {
            watcher.team == team
                && matches!(watcher.kind, WatchKind::Resume { .. } | WatchKind::Agent(_))
        };
        if !self.watchers.iter().any(tried) {
            self.notify_given_up(t, agent, how, "there is nowhere to start it", "");
        }
        self.check_raised(t, team);
    }
}

/// What was seen in a session, as the agent gets it.
fn notes(session: &str, seen: &SessionFacts) -> String {
    let mut text = format!(
        "\n## The session you are in\nYou are a guest in the tmux session `{session}`, which a person made. Its windows when you came, each with its last {LINES} lines:\n"
    );
    for window in &seen.windows {
        text.push_str(&format!(
            "\n### Window {}: {} (in {})\n\n",
            window.index,
            window.name,
            window.cwd.display()
        ));
        for line in window.lines.trim_end().lines() {
            text.push_str(&format!("    {line}\n"));
        }
    }
    text.push_str("\nDon't type into these windows. Ask the person with `scm human` what is wanted if this does not say it.\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{ProjectFacts, WindowFacts};

    #[test]
    fn the_windows_are_shown_in_order() {
        let seen = SessionFacts {
            session: torch_core::SessionId(1),
            windows: vec![WindowFacts {
                index: 2,
                name: "vim".into(),
                cwd: "/p".into(),
                lines: "a\nb\n\n".into(),
            }],
            project: ProjectFacts {
                installed: Vec::new(),
                root: "/p".into(),
                common_dir: "/p/.git".into(),
                branch: None,
                head: String::new(),
                worktree_bytes: 0,
                sessions: Vec::new(),
                rules: None,
            },
        };
        let text = notes("work", &seen);
        assert!(
            text.contains("## Window 2: vim (in /p)\n\n    a\n    b\n\nDon't"),
            "{text}"
        );
    }
}
