//! The git broker of a team: switched on and off, and what keeps agents from pushing past it. `pushes` has
//! what comes in, `forwarding` what becomes of it.

mod approval;
mod fetch;
mod forwarding;
mod noted;
mod pushes;
mod reach;
mod refused;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;
use torch_api::broker::{BrokerRequest, BrokerResponse, BrokerView, PushLevel};
use torch_api::git::GitResponse;
use torch_api::wire::TeamSelector;
use torch_api::{Failure, Response};
use torch_core::broker::{Broker, Push, PushState};
use torch_core::observed::Door;
use torch_core::{AgentId, LedgerRecord, PushId, TeamId, Timestamp};

use super::git_environment::withhold;
use super::requests::Caller;
use super::{State, Turn};
use crate::broker::{Opened, Order, Outcome, Shape};
use crate::event::{ConnId, Effect, Query, TimerKey};
use crate::failure::usage;

/// A MiB in bytes.
const MIB: u64 = 1 << 20;

/// The brokers of all teams, and the pushes that are not settled.
#[derive(Debug, Default)]
pub(crate) struct Brokers {
    of: BTreeMap<TeamId, Broker>,
    pushes: BTreeMap<PushId, Push>,
    /// The push of a team that is being forwarded.
    flying: BTreeMap<TeamId, PushId>,
    /// When pushes that did not come in yet were looked for.
    looked: BTreeMap<PushId, Timestamp>,
    /// Teams for which it is being tried who may push, and whether something has happened since that began.
    trying: BTreeMap<TeamId, bool>,
    /// Who waits for what is being fetched, by team.
    fetching: BTreeMap<TeamId, fetch::Waiting>,
    /// The pushes that a rule refused last: one that comes again is the same record.
    refused: BTreeMap<refused::Attempt, PushId>,
    /// What a push noted as the remote's and is put back, as it was not forwarded: that is no push of anybody's. The team, the note
    /// and the commit that it leaves, by the push.
    put_back: BTreeMap<PushId, (TeamId, String, String)>,
    /// Teams whose remote was told to be away.
    told_away: std::collections::BTreeSet<TeamId>,
}

impl State {
    /// Takes a request about a team's broker.
    pub(super) fn broker_request(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        caller: &Caller,
        request: BrokerRequest,
    ) {
        match request {
            BrokerRequest::On { team, remote, env } => {
                if let Err(failure) = self.open_broker(t, conn, &team, (remote, env)) {
                    t.fail(conn, *failure);
                }
            }
            BrokerRequest::Fetch { team } => self.fetch_broker(t, conn, &team),
            BrokerRequest::Off { team } => self.close_broker(t, conn, &team),
            BrokerRequest::Status { team } => match self.select_team(&team) {
                Ok(team) => self.reply_broker(t, conn, team.id),
                Err(failure) => t.fail(conn, *failure),
            },
            BrokerRequest::Log { team, limit } => match self.select_team(&team) {
                Ok(team) => {
                    let query = Query::Pushes {
                        team: team.id,
                        limit,
                    };
                    t.push(Effect::Answer { conn, query });
                }
                Err(failure) => t.fail(conn, *failure),
            },
            BrokerRequest::Received {
                path,
                quarantine,
                refs,
            } => self.on_received(t, conn, &caller.0, (path, quarantine, refs)),
            BrokerRequest::Landed { path, refs } => {
                self.on_moved(t, conn, &caller.0, (path, refs));
            }
        }
    }

    fn open_broker(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        team: &TeamSelector,
        (remote, env): (Option<String>, BTreeMap<String, String>),
    ) -> Result<(), Box<Failure>> {
        let team = self.select_team(team)?;
        if let Some(other) = self.broker_of_project(team.id) {
            let error = "the broker was not switched on";
            let cause = format!(
                "{} is the broker of team {other}",
                self.broker_path(team.id).display()
            );
            let hint = format!("torch git broker off --team {other}");
            return Err(Box::new(usage(error, &cause, Some(&hint))));
        }
        let mut agents_env = team.env.clone();
        withhold(&mut agents_env);
        let (id, known) = (team.id, self.brokers.of.get(&team.id));
        let known = known.and_then(|broker| broker.remote.as_ref());
        let remote = remote.or_else(|| known.map(|remote| remote.name.clone()));
        let order = Order::Open {
            conn,
            team: id,
            shape: self.shape(id, remote),
            env,
            agents_env,
        };
        t.push(Effect::Broker(Box::new(order)));
        Ok(())
    }

    /// Another team that has a broker in the same place: one of the same name before this one.
    fn broker_of_project(&self, team: TeamId) -> Option<String> {
        let path = self.broker_path(team);
        let mut others = self.brokers.of.values();
        let other = others.find(|broker| broker.team != team && broker.path == path)?;
        self.name_of(other.team)
    }

    fn broker_path(&self, team: TeamId) -> PathBuf {
        let name = self.name_of(team).unwrap_or_else(|| team.short());
        let projects = self.settings.home.join("projects");
        projects.join(name).join("broker.git")
    }

    fn shape(&self, team: TeamId, remote: Option<String>) -> Shape {
        let project = self.teams.get(&team).map(|team| team.project.clone());
        let word = |path: &std::path::Path| {
            let text = path.display().to_string();
            format!("'{}'", text.replace('\'', r"'\''"))
        };
        let path = self.broker_path(team);
        let (home, torch) = (word(&self.settings.home), word(&self.settings.torch));
        Shape {
            hook: format!("env TORCH_HOME={home} {torch} git receive {}", word(&path)),
            path,
            project: project.unwrap_or_default(),
            remote,
            // git's own limit is the last one; below it the judge says why.
            bytes_max: self
                .settings
                .config
                .broker
                .push_megabytes
                .saturating_mul(2 * MIB),
        }
    }

    fn close_broker(&mut self, t: &mut Turn, conn: ConnId, selector: &TeamSelector) {
        let team = match self.select_team(selector) {
            Ok(team) => team.id,
            Err(failure) => return t.fail(conn, *failure),
        };
        self.put_back_all(t, team);
        if let Some(mut broker) = self.brokers.of.remove(&team) {
            broker.until = Some(t.now);
            t.journal("broker.off", team, json!({"path": broker.path}));
            self.keep(t, LedgerRecord::Broker(Box::new(broker)));
            self.end_pushes(t, team, "the broker was switched off");
        }
        self.reply_broker(t, conn, team);
    }

    pub(crate) fn on_broker(&mut self, t: &mut Turn, outcome: Outcome) {
        match outcome {
            Outcome::Opened {
                conn,
                team,
                path,
                env,
                result,
            } => match result {
                Ok(opened) => self.on_broker_open(t, conn, team, (path, env, *opened)),
                Err(failure) => t.fail(conn, *failure),
            },
            Outcome::Tried { team, result } => self.on_reach_tried(t, team, result),
            Outcome::Fetched { team, result } => self.on_fetched(t, team, result),
            Outcome::Looked {
                conn,
                agent,
                refs,
                landed,
                result,
            } => self.on_push_seen(t, (conn, agent), (&refs, landed), result),
            Outcome::Landed { push, landed } => self.on_landed(t, push, landed),
            Outcome::Forwarded { push, went } => self.on_forwarded(t, push, went),
            Outcome::PutBack { push, error } => self.on_put_back(t, push, error),
        }
    }

    fn on_broker_open(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        team: TeamId,
        (path, env, opened): (PathBuf, BTreeMap<String, String>, Opened),
    ) {
        let before = self.brokers.of.get(&team);
        let same = before.filter(|it| it.settings == opened.settings && it.path == path);
        let broker = Broker {
            team,
            since: same.map_or(t.now, |it| it.since),
            until: None,
            path,
            remote: opened.remote,
            settings: opened.settings,
            env,
            reach: opened.reach,
            untried: None,
        };
        let remote = broker.remote.as_ref().map(|remote| &remote.name);
        t.journal(
            "broker.on",
            team,
            json!({"path": broker.path, "remote": remote}),
        );
        self.keep(t, LedgerRecord::Broker(Box::new(broker.clone())));
        self.brokers.of.insert(team, broker);
        self.brokers.told_away.remove(&team);
        // What waits is tried again at once, with the variables of now.
        self.hurry_pushes(t, team);
        self.reply_broker(t, conn, team);
    }

    fn reply_broker(&self, t: &mut Turn, conn: ConnId, team: TeamId) {
        let view = self.broker_view(team);
        let response = GitResponse::Broker(BrokerResponse::Status(view));
        t.reply(conn, Response::Git(Box::new(response)));
    }

    fn broker_view(&self, team: TeamId) -> BrokerView {
        let broker = self.brokers.of.get(&team);
        let (level, why) = self.push_level(team);
        let of_team = |state: PushState| {
            let pushes = self.brokers.pushes.values();
            pushes
                .filter(|push| push.team == team && push.state == state)
                .count()
        };
        let remote = broker.and_then(|it| it.remote.as_ref());
        BrokerView {
            team: self.name_of(team).unwrap_or_default(),
            since: broker.map(|it| it.since),
            path: broker.map(|it| it.path.clone()),
            remote: remote.map(|it| (it.name.clone(), it.url.clone())),
            level,
            why,
            reach: broker.and_then(|it| it.reach.clone()),
            waiting: of_team(PushState::Accepted),
            asking: of_team(PushState::Asking),
        }
    }

    /// What keeps the agents of a team from pushing past its broker, and why not more. Each step wants something that was seen:
    /// *withheld*, that the remote does not let an agent's environment in, and that every running agent was launched with it;
    /// *prevented*, that besides each of them runs in a mode whose sandbox has no network and keeps git's files from it, and that
    /// nothing came out of that sandbox by the door that it closes.
    pub(super) fn push_level(&self, team: TeamId) -> (PushLevel, Vec<String>) {
        let Some(broker) = self.brokers.of.get(&team) else {
            return (PushLevel::Advice, vec!["the broker is off".to_owned()]);
        };
        let mut advice = Vec::new();
        match (&broker.remote, &broker.reach) {
            (None, _) => advice.push("there is no remote: nothing is kept from anybody".to_owned()),
            (Some(remote), None) => {
                let why = broker.untried.as_ref().map(|why| format!(": {why}"));
                let why = why.unwrap_or_default();
                advice.push(format!(
                    "who may push to {} was not tried{why}",
                    remote.name
                ));
            }
            (Some(remote), Some(reach)) if reach.agents => advice.push(format!(
                "{} lets in whoever runs as you, without a key of yours",
                remote.name
            )),
            (Some(remote), Some(reach)) if !reach.torch => advice.push(format!(
                "{} does not let torch itself in, so whom it lets in was not seen",
                remote.name
            )),
            _ => {}
        }
        let running = self.agents.values().filter(|run| {
            run.agent.team == team && run.agent.state.is_live() && run.agent.guest_in.is_none()
        });
        let running: Vec<_> = running.collect();
        let early = running.iter().filter(|run| {
            let launched = run.agent.observed.launched;
            launched.is_none_or(|at| at < broker.since)
        });
        let early: Vec<&str> = early.map(|run| run.agent.role.as_str()).collect();
        if !early.is_empty() {
            advice.push(format!(
                "launched before it was switched on: {} (torch agent restart ROLE)",
                early.join(", ")
            ));
        }
        if !advice.is_empty() {
            return (PushLevel::Advice, advice);
        }
        let open = running.iter().filter(|run| !self.is_shut_in(run.agent.id));
        let open: Vec<&str> = open.map(|run| run.agent.role.as_str()).collect();
        match (open.as_slice(), running.as_slice()) {
            ([], [_, ..]) => (PushLevel::Prevented, Vec::new()),
            ([], []) => (
                PushLevel::Withheld,
                vec!["no agent runs, so none was seen in a sandbox".to_owned()],
            ),
            (open, _) => {
                let why = format!(
                    "no sandbox without network was seen for: {}",
                    open.join(", ")
                );
                (PushLevel::Withheld, vec![why])
            }
        }
    }

    /// Whether an agent's program runs in a mode that closes its shell, and was seen to do so in this launch: something came by
    /// another door, and nothing by the shell's.
    fn is_shut_in(&self, agent: AgentId) -> bool {
        let Some(run) = self.agents.get(&agent) else {
            return false;
        };
        let Some(program) = self.programs.get(&run.agent.program) else {
            return false;
        };
        let mode = program
            .data
            .launch
            .chosen_mode(&self.settings.config.agents.mode);
        let observed = &run.agent.observed;
        let since = observed.launched.unwrap_or(Timestamp(u64::MAX));
        let came = |door: Door| observed.doors.get(&door).is_some_and(|at| *at >= since);
        mode.is_some_and(|(name, _)| program.data.doors.shell_is_closed(name))
            && !came(Door::Shell)
            && (came(Door::Mcp) || came(Door::Outbox) || observed.mcp.is_some_and(|at| at >= since))
    }

    pub(super) fn has_broker(&self, team: TeamId) -> bool {
        self.brokers.of.contains_key(&team)
    }

    /// What an agent's git is told so that its pushes come into the broker.
    pub(super) fn broker_settings(&self, agent: AgentId) -> Vec<(String, String)> {
        let broker = self.broker_of(agent);
        broker.map_or_else(Vec::new, |broker| broker.settings.clone())
    }

    /// Whether keys to remotes are kept from an agent.
    pub(super) fn withholds_keys(&self, agent: AgentId) -> bool {
        self.broker_of(agent).is_some()
    }

    fn broker_of(&self, agent: AgentId) -> Option<&Broker> {
        let run = self.agents.get(&agent)?;
        self.brokers.of.get(&run.agent.team)
    }

    /// Takes up what the ledger has of brokers.
    pub(super) fn recover_broker(&mut self, record: LedgerRecord) {
        match record {
            LedgerRecord::Broker(row) => drop(self.brokers.of.insert(row.team, *row)),
            LedgerRecord::Push(row) => drop(self.brokers.pushes.insert(row.id, *row)),
            _ => {}
        }
    }

    /// Everything that was under way is looked at again.
    pub(super) fn recover_brokers(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        self.try_all_reaches(effects);
        let pushes = self.brokers.pushes.values().map(|push| push.team);
        let teams: std::collections::BTreeSet<TeamId> = pushes.collect();
        let timers = teams.into_iter().map(|team| Effect::Timer {
            key: TimerKey::Pushes(team),
            at: now,
        });
        effects.extend(timers);
    }
}
