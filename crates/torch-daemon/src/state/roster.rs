//! `torch agent`: one agent more, one fewer, one for a single task, one started anew.

mod ending;

use std::collections::BTreeMap;

use serde_json::json;
use torch_api::Failure;
use torch_api::roster::{AgentAct, AgentRequest};
use torch_api::wire::{Stage, TeamSelector};
use torch_core::plan::{WindowObserved, WorktreeObserved};
use torch_core::{AgentId, AgentState, DesiredState, Evidence, RoleName, Sender, TeamId, Write};
use torch_router::policy::{Privilege, permits};

use super::own_roles::check_files;
use super::send::done;
use super::{State, Turn, WatchKind};
use crate::event::{ConnId, Effect};
use crate::failure::{other, refused, usage};

/// The most roles one team may have.
pub(crate) const ROLES_MAX: usize = 64;
/// What a temporary agent's role begins with (S2-189).
const TEMP: &str = "temp-";

impl State {
    pub(crate) fn agent_request(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        caller: &Sender,
        mut request: AgentRequest,
    ) {
        if let (Sender::Agent { team, .. }, None) = (caller, &request.team.name) {
            // An agent means its own team wherever it stands.
            request.team.name = self.teams.get(team).map(|team| team.name.to_string());
        }
        if let Err(failure) = self.may_manage(caller, &request) {
            return t.fail(conn, *failure);
        }
        if let (false, Ok(team)) = (
            matches!(caller, Sender::Agent { .. }),
            self.select_team(&request.team).map(|team| team.id),
        ) {
            self.remember_secrets(team, &request.secrets);
            if let AgentAct::Restart { role } = &request.act {
                self.waive_keys(&request.team, role);
            }
        }
        let result = match &request.act {
            AgentAct::Add {
                session: Some(_), ..
            } => {
                return t.push(Effect::LookAtSession {
                    conn,
                    request: Box::new(request),
                });
            }
            AgentAct::Add { role, program, .. } => {
                let files = &request.role_files;
                self.add_role(t, conn, &request.team, (role, files), program.as_deref())
            }
            AgentAct::Temp {
                purpose,
                task,
                program,
            } => self.add_temporary(t, conn, &request.team, (purpose, task), program.as_deref()),
            AgentAct::End { role } => self.end_agent(t, conn, &request.team, role),
            AgentAct::Restart { role } => self.restart_agent(t, conn, &request.team, role),
        };
        if let Err(failure) = result {
            t.fail(conn, *failure);
        }
    }

    /// A person may do all of it; a hub may take on temporary agents of its own team and end them.
    fn may_manage(&self, caller: &Sender, request: &AgentRequest) -> Result<(), Box<Failure>> {
        let allowed = match caller {
            Sender::Agent { team, role, .. } => {
                (role.is_hub() || role.is_sub_hub()) && self.is_temporary_in(*team, request)
            }
            other => permits(other, Privilege::Person).is_ok(),
        };
        if allowed {
            return Ok(());
        }
        let cause = "rule privilege.roster: an agent that is the hub or its deputy may take on and end temporary agents of its own team; everything else is a person's";
        let hint = matches!(caller, Sender::Agent { .. }).then(|| self.ask_above(caller));
        let error = format!("`agent` was refused for {}", caller.label());
        Err(Box::new(refused(&error, cause, hint.as_deref())))
    }

    /// Whether a request is about a temporary agent of this team; what names nobody is refused by the act itself.
    fn is_temporary_in(&self, team: TeamId, request: &AgentRequest) -> bool {
        match &request.act {
            AgentAct::Temp { .. } => self
                .select_team(&request.team)
                .map_or(true, |selected| selected.id == team),
            AgentAct::End { role } => match self.find_agent(&request.team, role) {
                Ok(agent) => self.agents.get(&agent).is_some_and(|run| {
                    run.agent.team == team && run.agent.role.as_str().starts_with(TEMP)
                }),
                Err(_) => role.to_ascii_lowercase().starts_with(TEMP),
            },
            AgentAct::Add { .. } | AgentAct::Restart { .. } => false,
        }
    }

    /// Roles that a team does not have yet, checked; nothing is changed.
    pub(crate) fn new_roles(
        &self,
        team: TeamId,
        wanted: &[String],
        files: &BTreeMap<String, String>,
    ) -> Result<Vec<RoleName>, Box<Failure>> {
        let mut roles: Vec<RoleName> = Vec::new();
        for text in wanted {
            let role = self.known_role(text, files, "torch resume --help")?;
            let there = self.agent_in(team, &role);
            if !roles.contains(&role) && there.is_none() {
                roles.push(role);
            }
        }
        if self.team_agents(team).len() + roles.len() > ROLES_MAX {
            return Err(Box::new(usage(
                "the team would be too large",
                &format!("at most {ROLES_MAX} roles fit one team"),
                Some("torch status"),
            )));
        }
        Ok(roles)
    }

    /// `command` is what was asked for without its program, for a hint.
    fn known_program(
        &self,
        team: TeamId,
        program: Option<&str>,
        command: &str,
    ) -> Result<String, Box<Failure>> {
        let name = program.map_or_else(|| self.program_of_team(team), str::to_owned);
        if self.programs.contains_key(&name) {
            return Ok(name);
        }
        let named = |near: &str| format!("{command} --agent {near}");
        Err(Box::new(self.no_program(&name, named)))
    }

    fn running_team(&self, selector: &TeamSelector) -> Result<TeamId, Box<Failure>> {
        let team = self.select_team(selector)?;
        if team.desired == DesiredState::Running && !self.undos.contains_key(&team.id) {
            return Ok(team.id);
        }
        let hint = format!("torch resume --team {}", team.name);
        Err(Box::new(other(
            &format!("team {} does not run", team.name),
            "an agent is started in a running team only",
            Some(&hint),
        )))
    }

    fn add_role(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        selector: &TeamSelector,
        (role, files): (&str, &BTreeMap<String, String>),
        program: Option<&str>,
    ) -> Result<(), Box<Failure>> {
        check_files(files)?;
        let team = self.running_team(selector)?;
        let role = self.known_role(role, files, "torch agent add --help")?;
        let program = self.known_program(team, program, &format!("torch agent add {role}"))?;
        let agent = match self.agent_in(team, &role) {
            Some(agent) => self.want_again(t, agent)?,
            None => {
                self.new_roles(team, &[role.to_string()], files)?;
                self.keep_files(t, team, files, std::slice::from_ref(&role));
                self.add_agent(t, team, role, &program)
            }
        };
        self.bring_up(t, conn, team, agent);
        let added: Vec<RoleName> = self.role_of(agent).into_iter().collect();
        self.propose_tasks(t, team, &added);
        Ok(())
    }

    /// An agent that was ended is wanted again.
    fn want_again(&mut self, t: &mut Turn, agent: AgentId) -> Result<AgentId, Box<Failure>> {
        let Some(run) = self.agents.get_mut(&agent) else {
            return Ok(agent);
        };
        let role = run.agent.role.clone();
        if run.agent.desired == DesiredState::Running {
            let hint = format!("torch agent restart {role}");
            return Err(Box::new(other(
                &format!("{role} is in the team already"),
                &format!("it is {}", run.agent.state),
                Some(&hint),
            )));
        }
        if run.window == WindowObserved::Closing {
            return Err(Box::new(other(
                &format!("{role} is being ended"),
                "its window is not closed yet",
                Some("torch status"),
            )));
        }
        // A guest whose session is gone comes into the team's own.
        let guest_in = run.agent.guest_in.as_deref();
        let there = |name| self.panes.iter().any(|pane| pane.session_name == name);
        if self.server.is_some() && !self.just_connected && !guest_in.is_none_or(there) {
            run.agent.guest_in = None;
        }
        run.agent.desired = DesiredState::Running;
        // The ladder finds its worktree and branch again, or makes them anew.
        run.worktree = WorktreeObserved::Absent;
        run.ended = false;
        self.forgive(t, agent);
        Ok(agent)
    }

    fn add_temporary(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        selector: &TeamSelector,
        (purpose, task): (&str, &str),
        program: Option<&str>,
    ) -> Result<(), Box<Failure>> {
        let team = self.running_team(selector)?;
        let purpose = purpose.to_ascii_lowercase();
        let purpose = purpose.strip_prefix(TEMP).unwrap_or(&purpose);
        let unusable = |cause: &str| {
            Box::new(usage(
                &format!("{purpose:?} can't be part of a role's name"),
                cause,
                Some("torch agent temp --help"),
            ))
        };
        if purpose.is_empty() {
            return Err(unusable("a purpose is a word, such as fix-login"));
        }
        let role = RoleName::parse(&format!("{TEMP}{purpose}"))
            .map_err(|error| unusable(&error.to_string()))?;
        let task = torch_router::clean::clean(task.as_bytes()).text;
        if task.trim().is_empty() {
            return Err(Box::new(usage(
                "the task is empty",
                "a temporary agent is for one task, which it is told",
                Some("torch agent temp --help"),
            )));
        }
        let command = format!(
            "torch agent temp {purpose} {}",
            torch_process::quote::shell(task.trim())
        );
        let program = self.known_program(team, program, &command)?;
        let agent = match self.agent_in(team, &role) {
            Some(agent) => self.want_again(t, agent)?,
            None => {
                self.new_roles(team, &[], &BTreeMap::new())?;
                self.add_agent(t, team, role, &program)
            }
        };
        if let Some(run) = self.agents.get_mut(&agent) {
            run.agent.task = Some(task.trim().to_owned());
            run.agent.completed = None;
            run.agent.completed_at = None;
            let copy = run.agent.clone();
            t.write(Write::PutAgent(Box::new(copy)));
        }
        self.bring_up(t, conn, team, agent);
        Ok(())
    }

    /// Lets the plan start an agent, and answers the client once it is up.
    pub(crate) fn bring_up(&mut self, t: &mut Turn, conn: ConnId, team: TeamId, agent: AgentId) {
        let role = self.agents[&agent].agent.role.clone();
        t.journal("agent.wanted", agent, json!({"role": role}));
        self.watch(conn, team, WatchKind::Agent(agent));
        self.want_server(t);
        self.reconcile(t, team);
        self.check_raised(t, team);
        // Others may write to it now.
        self.state_anew(t, team);
    }

    fn restart_agent(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        selector: &TeamSelector,
        role: &str,
    ) -> Result<(), Box<Failure>> {
        let agent = self.find_agent(selector, role)?;
        let run = &self.agents[&agent];
        let (team, role) = (run.agent.team, run.agent.role.clone());
        self.running_team(&TeamSelector {
            name: Some(self.teams[&team].name.to_string()),
            cwd: selector.cwd.clone(),
        })?;
        if run.agent.desired == DesiredState::Stopped {
            let hint = format!("torch agent add {role}");
            return Err(Box::new(other(
                &format!("{role} was ended"),
                "it is not in the team now",
                Some(&hint),
            )));
        }
        self.progress(t, team, role.as_str(), Stage::Waiting, "being restarted");
        self.watch(conn, team, WatchKind::Agent(agent));
        self.restarts_asked.insert(agent);
        self.want_server(t);
        Ok(())
    }

    /// Restarts what a person asked for, once its window is known and neither being opened nor closed.
    pub(crate) fn restart_asked(&mut self, t: &mut Turn) {
        if self.restarts_asked.is_empty() || self.server.is_none() || self.just_connected {
            return;
        }
        let moving = |run: &super::AgentRun| {
            matches!(
                run.window,
                WindowObserved::Opening | WindowObserved::Closing
            )
        };
        let agents = &self.agents;
        let ready = |agent: &AgentId| !agents.get(agent).is_some_and(moving);
        let ready: Vec<_> = self.restarts_asked.extract_if(.., ready).collect();
        for agent in ready {
            let Some(run) = self.agents.get(&agent) else {
                continue;
            };
            let team = run.agent.team;
            if run.agent.desired == DesiredState::Running {
                self.want_anew(t, agent, "a person restarted it");
                self.reconcile(t, team);
            }
        }
    }

    /// An agent's program is wanted anew, whatever became of the one before; one that runs is ended with its pane's respawn.
    pub(crate) fn want_anew(&mut self, t: &mut Turn, agent: AgentId, why: &str) {
        self.forgive(t, agent);
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        run.ended = true;
        if run.window == WindowObserved::Live {
            // Until then it takes nothing.
            run.window = WindowObserved::Ended;
            run.agent.last_end = Some(why.to_owned());
            let evidence = Evidence::new("command", why, t.now);
            self.set_state(t, agent, AgentState::Stopped, evidence);
            self.agent_gone_for_deliveries(t, agent);
        }
    }

    /// Answers who waits for one agent, once it is briefed or was given up.
    pub(crate) fn answer_agent_up(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        if self.restarts_asked.contains(&agent) {
            return;
        }
        let held = self.held_briefing(agent);
        let up = (run.agent.briefed || held.is_some())
            && run.agent.state.is_live()
            && run.window == WindowObserved::Live
            && !self.is_unseen();
        let lost = run.failure.clone().or_else(|| run.agent.left.clone());
        if run.agent.desired == DesiredState::Stopped || !(up || lost.is_some()) {
            return;
        }
        let role = run.agent.role.clone();
        let place = run.agent.branch.as_deref().map_or_else(
            || "a detached HEAD".to_owned(),
            |branch| format!("branch {branch}"),
        );
        let up_text = match held {
            Some(why) => format!("{role} is up, on {place}; its briefing waits: {why}"),
            None => format!("{role} is up and briefed, on {place}"),
        };
        let watching = |watcher: &mut super::Watcher| watcher.kind == WatchKind::Agent(agent);
        let conns: Vec<ConnId> = self
            .watchers
            .extract_if(.., watching)
            .map(|watcher| watcher.conn)
            .collect();
        for conn in conns {
            match &lost {
                _ if up => t.reply(conn, done(up_text.clone())),
                Some(why) => {
                    let hint = format!("torch why {role}");
                    t.fail(
                        conn,
                        other(&format!("{role} did not come up"), why, Some(&hint)),
                    );
                }
                None => {}
            }
        }
    }
}
