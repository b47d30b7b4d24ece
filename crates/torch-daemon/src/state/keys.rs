//! Agents' keys: read again from where an earlier daemon kept them, missed where they are gone, and asked for where turns
//! fail without.
//!
//! The values are in memory only, here and in the tmux server's. A record has the names (see [`torch_core::keys`]): so an
//! agent is not started again without what it had, which would end each of its turns at once and use up its messages.

use std::collections::BTreeMap;

use serde_json::json;
use torch_api::wire::{Stage, TeamSelector};
use torch_core::keys::Refusal;
use torch_core::plan::{Action, WindowObserved};
use torch_core::program::{Signal, Variable};
use torch_core::{
    Agent, AgentId, AgentState, DesiredState, Evidence, MessageKind, Recipient, TeamId, Timestamp,
    Write,
};
use torch_monitor::SignalReading;

use super::send::Draft;
use super::{AgentRun, State, Turn};
use crate::event::{Effect, Keys};

/// How much of a program's words is kept, in characters.
const WORDS: usize = 200;

impl State {
    /// Takes over a person's keys; those that were not given stay as they were.
    pub(crate) fn remember_secrets(&mut self, team: TeamId, given: &BTreeMap<String, String>) {
        let known = self.secrets.entry(team).or_default();
        known.extend(there(given).map(|(name, value)| (name.clone(), value.clone())));
    }

    /// Whether a variable is a key that a program gets.
    pub(crate) fn is_key_of(&self, program: &str, name: &str) -> bool {
        // What the user's settings name goes to every program; which of them is a secret nobody can tell.
        let mut own = self.settings.config.agents.variable_names();
        let program = self.programs.get(program);
        own.any(|it| it == name)
            || program.is_some_and(|it| it.data.takes(name) == Some(Variable::Secret))
    }

    /// Asks the tmux server for the keys that an earlier daemon kept in the sessions of running teams.
    pub(crate) fn recall_keys(&mut self, t: &mut Turn) {
        let teams: Vec<TeamId> = self.teams.keys().copied().collect();
        for id in teams {
            let team = &self.teams[&id];
            let here = |pane: &&crate::event::PaneFact| {
                let owner = pane.agent.and_then(|agent| self.agents.get(&agent));
                Some(pane.address.session) == team.session
                    && (pane.session_name == team.name.as_str()
                        || owner.is_some_and(|run| run.agent.team == id))
            };
            let session = self.panes.iter().find(here).map(|it| it.address.session);
            let names = self.key_names(id);
            if let (Some(session), false) = (session, names.is_empty()) {
                self.recalling.insert(id);
                t.push(Effect::RecallKeys {
                    team: id,
                    session,
                    names,
                });
            }
        }
    }

    /// The names that the programs of a team ask for as keys.
    fn key_names(&self, team: TeamId) -> Vec<String> {
        let own = self.settings.config.agents.variable_names();
        let mut names: Vec<String> = own.map(str::to_owned).collect();
        for run in self.agents.values().filter(|run| run.agent.team == team) {
            if let Some(program) = self.programs.get(&run.agent.program) {
                names.extend(program.data.launch.secrets.iter().cloned());
            }
        }
        names.sort();
        names.dedup();
        names
    }

    pub(crate) fn on_keys_recalled(&mut self, t: &mut Turn, team: TeamId, keys: Keys) {
        if !self.recalling.remove(&team) {
            return;
        }
        let known = self.secrets.entry(team).or_default();
        for (name, value) in keys.0 {
            // What a person gave this daemon is younger.
            known.entry(name).or_insert(value);
        }
        self.reconcile(t, team);
    }

    /// The keys that an agent had and that are neither known nor `given`.
    pub(crate) fn missing_keys(
        &self,
        agent: &Agent,
        given: &BTreeMap<String, String>,
    ) -> Vec<String> {
        let known = self.secrets.get(&agent.team);
        let is_known = |name: &str| known.is_some_and(|known| known.contains_key(name));
        let had = agent.keys.had.iter();
        had.filter(|name| self.is_key_of(&agent.program, name))
            .filter(|name| !is_known(name) && !there(given).any(|(it, _)| it == *name))
            .cloned()
            .collect()
    }

    /// Whether an agent is left alone because its keys are gone.
    pub(crate) fn is_keyless(&self, agent: AgentId) -> bool {
        let run = self.agents.get(&agent);
        run.is_some_and(|run| {
            run.agent.state == AgentState::Failed
                && !self.missing_keys(&run.agent, &BTreeMap::new()).is_empty()
        })
    }

    /// The agents that would be launched without keys that they had.
    pub(crate) fn keyless(&self, actions: &[Action]) -> Vec<AgentId> {
        let opened = actions.iter().filter_map(|action| match action {
            Action::OpenSession(agent) | Action::OpenWindow(agent) | Action::Restart(agent) => {
                Some(*agent)
            }
            _ => None,
        });
        let none = BTreeMap::new();
        opened
            .filter(|agent| {
                let run = self.agents.get(agent);
                run.is_some_and(|run| !self.missing_keys(&run.agent, &none).is_empty())
            })
            .collect()
    }

    /// What a person does about keys that are gone.
    pub(crate) fn key_hint(&self, agent: AgentId) -> String {
        let Some(run) = self.agents.get(&agent) else {
            return String::new();
        };
        let names = self.missing_keys(&run.agent, &BTreeMap::new()).join(", ");
        let team = self.teams.get(&run.agent.team);
        let team = team.map_or("?", |team| team.name.as_str());
        format!(
            "`torch resume --team {team}` from a shell that has {names} starts it; `torch agent restart {}` starts it without",
            run.agent.role
        )
    }

    /// Leaves an agent alone whose keys are gone.
    pub(crate) fn leave_keyless(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let names = self.missing_keys(&run.agent, &BTreeMap::new());
        let why = format!(
            "{} is gone; torch resume, from a shell that has it",
            names.join(", ")
        );
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        run.ended = true;
        run.end = None;
        run.restart_at = None;
        run.failure = Some(why.clone());
        run.agent.left = Some(why.clone());
        let (copy, team, role) = (run.agent.clone(), run.agent.team, run.agent.role.clone());
        t.write(Write::PutAgent(Box::new(copy)));
        t.journal("agent.keyless", agent, json!({"names": names}));
        let evidence = Evidence::new("command", why.clone(), t.now);
        self.set_state(t, agent, AgentState::Failed, evidence);
        self.progress(t, team, role.as_str(), Stage::Failed, &why);
    }

    /// A person hears once of all agents of a team that are not started for want of their keys.
    pub(crate) fn tell_keyless(&mut self, t: &mut Turn, team: TeamId, agents: &[AgentId]) {
        let runs = agents.iter().filter_map(|agent| self.agents.get(agent));
        let roles: Vec<&str> = runs.clone().map(|run| run.agent.role.as_str()).collect();
        let mut names: Vec<String> = runs
            .flat_map(|run| self.missing_keys(&run.agent, &BTreeMap::new()))
            .collect();
        names.sort();
        names.dedup();
        let name = self.teams.get(&team).map_or("?", |team| team.name.as_str());
        let text = format!(
            "{} of {name} had {}, which is in nobody's memory any more: not started without. Messages are kept. From a shell that has \
             it: torch resume --team {name}",
            roles.join(", "),
            names.join(", ")
        );
        let draft = Draft::from_torch(team, MessageKind::Notice, Recipient::Human, text);
        self.post(t, draft);
        self.check_raised(t, team);
        self.check_followed(t, team);
    }

    /// A person restarts an agent: it goes without the keys that are gone.
    pub(crate) fn waive_keys(&mut self, team: &TeamSelector, role: &str) {
        let Ok(agent) = self.find_agent(team, role) else {
            return;
        };
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let missing = self.missing_keys(&run.agent, &BTreeMap::new());
        if let Some(run) = self.agents.get_mut(&agent) {
            let keys = &mut run.agent.keys;
            keys.had.retain(|name| !missing.contains(name));
            keys.lacks.extend(missing);
        }
    }

    /// The running agents that are started anew once these keys are there, and why: those that were launched without a key
    /// that they had before, and those whose turns fail without one. Others keep the login that works for them.
    pub(crate) fn wanted_for_keys(
        &self,
        team: TeamId,
        given: &BTreeMap<String, String>,
    ) -> BTreeMap<AgentId, String> {
        let known = self.secrets.get(&team);
        let why = |run: &AgentRun| {
            let keys = &run.agent.keys;
            let mut names: Vec<&String> = there(given).map(|(name, _)| name).collect();
            names.extend(known.into_iter().flat_map(BTreeMap::keys));
            names.sort();
            names.dedup();
            let old = |name: &str| {
                let before = known.and_then(|known| known.get(name));
                let now = given.get(name);
                keys.had.iter().any(|it| it == name) && (now.is_none() || now == before)
            };
            names.retain(|name| self.is_key_of(&run.agent.program, name) && !old(name));
            names.retain(|name| keys.refused.is_some() || keys.lacks.contains(name));
            let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
            (!names.is_empty())
                .then(|| format!("it was launched without this {}", names.join(", ")))
        };
        let runs = self.agents.values().filter(|run| {
            run.agent.team == team
                && run.window == WindowObserved::Live
                && run.agent.desired == DesiredState::Running
        });
        runs.filter_map(|run| Some((run.agent.id, why(run)?)))
            .collect()
    }

    /// What a signal means for an agent's login.
    pub(crate) fn login_signal(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        reading: &SignalReading,
        at: Timestamp,
    ) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let Some(program) = self.programs.get(&run.agent.program) else {
            return;
        };
        let refused = &mut run.agent.keys.refused;
        match (reading.signal, refused) {
            (Some(Signal::TurnFailed), refused) if program.hooks.has_no_login(reading) => {
                let words = reading
                    .text
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ");
                let words: String = words.chars().take(WORDS).collect();
                let first = refused.is_none();
                *refused = Some(Refusal {
                    since: at,
                    words: words.clone(),
                    retried: false,
                });
                let copy = run.agent.clone();
                t.write(Write::PutAgent(Box::new(copy)));
                if first {
                    t.journal("agent.no_login", agent, json!({"words": words}));
                    self.notify_no_login(t, agent, &words);
                }
            }
            (Some(Signal::Prompt), Some(refused)) => refused.retried = true,
            // A program may say that a turn is over after it has said that it failed.
            (Some(Signal::TurnEnded), Some(it)) if it.retried => self.login_works(t, agent),
            _ => {}
        }
    }

    /// Why nothing is typed into an agent whose turns fail for want of a login or a key.
    pub(crate) fn wants_login(&self, agent: AgentId) -> Option<String> {
        let run = self.agents.get(&agent)?;
        let refused = run.agent.keys.refused.as_ref()?;
        let team = self.teams.get(&run.agent.team)?;
        Some(format!(
            "a person: its last turn failed with {:?}; log in there (torch attach {}), or torch resume --team {} from a shell that has \
             its key",
            refused.words, run.agent.role, team.name
        ))
    }

    /// A person resumes a team: the logins of agents that stay as they are are tried once more.
    pub(crate) fn logins_again(&mut self, t: &mut Turn, team: TeamId) {
        for agent in self.team_agents(team) {
            let run = self.agents.get(&agent);
            if run.is_some_and(|run| run.agent.keys.refused.is_some()) {
                self.login_works(t, agent);
            }
        }
    }

    fn login_works(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        run.agent.keys.refused = None;
        let copy = run.agent.clone();
        t.write(Write::PutAgent(Box::new(copy)));
        self.pump(t, agent);
    }

    fn notify_no_login(&mut self, t: &mut Turn, agent: AgentId, words: &str) {
        let Some((team, name, role)) = self.who(agent) else {
            return;
        };
        let text = format!(
            "{name}:{role} has no login or no key: its turn failed with {words:?}. Its messages wait. Log in in its window (torch attach \
             {role}), or, from a shell that has its key: torch resume --team {name}"
        );
        self.notify(t, team, Some(agent), &text);
    }
}

/// The keys that are given: one without a value is none.
fn there(given: &BTreeMap<String, String>) -> impl Iterator<Item = (&String, &String)> {
    given.iter().filter(|(_, value)| !value.is_empty())
}

impl AgentRun {
    /// Its program is being launched with these keys.
    pub(crate) fn launched_with(&mut self, secrets: &BTreeMap<String, String>) {
        let keys = &mut self.agent.keys;
        keys.had = secrets.keys().cloned().collect();
        keys.lacks.retain(|name| !secrets.contains_key(name));
        keys.refused = None;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn failed_turns_tell_a_missing_login_from_other_trouble() {
        let programs = crate::templates::programs().expect("the programs");
        let claude = &programs.get("claude").expect("it is built in").hooks;
        let stop = |words: &str| json!({"hook_event_name": "StopFailure", "last_assistant_message": words});
        let says = |words: &str| claude.has_no_login(&claude.read(&stop(words)));
        assert!(says("Not logged in · Please run /login"));
        assert!(says("Invalid API key · Fix external API key"));
        assert!(!says("API Error: 529 overloaded_error"));
        let codex = &programs.get("codex").expect("it is built in").transcript;
        let done = |words: &str| json!({"type": "event_msg", "payload": {"type": "task_complete", "error": {"message": words}}});
        let says = |words: &str| codex.has_no_login(&codex.read(&done(words)));
        assert!(says("Missing environment variable: `OPENAI_API_KEY`."));
        assert!(says("unexpected status 401 Unauthorized: "));
        assert!(!says("stream disconnected before completion"));
    }
}
