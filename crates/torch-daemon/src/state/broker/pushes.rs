//! Pushes: judged when they come, kept, forwarded in their order, and told of where they are not.
//!
//! What is forwarded is what was judged: the commit that the record names, never whatever the broker's branch leads to by then.
//! A record is on disk before git moves the branch; what a crash leaves unsaid is found by looking at the broker and at the remote.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use torch_api::asking::{AnswerChannel, QuestionView};
use torch_api::broker::{BrokerResponse, PushLine};
use torch_api::git::GitResponse;
use torch_api::{Failure, Response};
use torch_core::broker::{Push, PushState};
use torch_core::screen::DialogKind;
use torch_core::{
    AgentId, LedgerRecord, MessageKind, PushId, Recipient, Sender, TeamId, Timestamp,
};
use torch_router::push::{Change, Owner, Pushed, Ref, Refusal, Verdict, judge};
use torch_worktree::{PushFacts, RefChange};

use super::super::send::{Draft, done};
use super::super::{State, Turn};
use super::MIB;
use crate::broker::{Carried, Order, Went};
use crate::event::{ConnId, Effect, TimerKey};
use crate::failure::{refused, usage};

/// How long after its verdict a push may take to come into the broker until it is looked for: git moves its branches at once.
const LANDS: Duration = Duration::from_secs(30);
/// The pauses between two tries to reach the remote; the last one repeats.
const PAUSES: [u64; 6] = [5, 15, 60, 120, 300, 600];
/// After so many tries the person is told that the remote is away.
const TELL_AT: u32 = 3;
/// How long a push waits for a remote that is away: after that its agent has other plans.
const GIVE_UP: Duration = Duration::from_secs(24 * 60 * 60);

impl State {
    /// git's `pre-receive` hook asks. Nothing that it says of who pushes is believed; who calls is known by its process.
    pub(super) fn on_received(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        sender: &Sender,
        (path, quarantine, refs): (PathBuf, Option<PathBuf>, Vec<PushLine>),
    ) {
        let error = "the push was refused";
        let Sender::Agent { agent, team, .. } = sender else {
            let cause = "rule push.unknown: through the broker go pushes of a team's agents; a person pushes to the remote itself";
            t.journal(
                "push.refused",
                "broker",
                json!({"caller": sender.label(), "rule": "push.unknown"}),
            );
            return t.fail(conn, refused(error, cause, Some("git remote -v")));
        };
        let own = self.brokers.of.get(team);
        if !own.is_some_and(|broker| broker.path == path) {
            let cause = "rule push.own-team: this is not the broker of the agent's team, or it is switched off";
            return t.fail(conn, refused(error, cause, Some("torch git broker status")));
        }
        let order = Order::Look {
            conn,
            agent: *agent,
            path,
            quarantine,
            refs,
        };
        t.push(Effect::Broker(Box::new(order)));
    }

    /// A push was looked at: the verdict.
    pub(super) fn on_push_seen(
        &mut self,
        t: &mut Turn,
        (conn, agent): (ConnId, AgentId),
        (lines, landed): (&[PushLine], bool),
        result: Result<PushFacts, Box<Failure>>,
    ) {
        let facts = match result {
            Ok(facts) => facts,
            Err(failure) => return t.fail(conn, *failure),
        };
        match self.judged_push(agent, lines, &facts) {
            Some(Ok((verdict, rule))) => {
                let taken = self.take_push(t, agent, (lines, &facts), (verdict, rule, landed));
                let response = GitResponse::Broker(BrokerResponse::Taken { lines: taken });
                t.reply(conn, Response::Git(Box::new(response)));
            }
            Some(Err(refusal)) => {
                let names: Vec<&str> = lines.iter().map(|line| line.reference.as_str()).collect();
                let data = json!({"rule": refusal.rule, "refs": names, "why": refusal.words});
                t.journal("push.refused", agent, data);
                let error = format!("nothing of the push was taken: {}", refusal.words);
                let cause = format!("rule {}; instead: {}", refusal.rule, refusal.instead);
                t.fail(conn, refused(&error, &cause, None));
            }
            None => {
                let cause = "its agent or its broker is gone";
                t.fail(conn, refused("the push was refused", cause, None));
            }
        }
    }

    fn judged_push(
        &self,
        agent: AgentId,
        lines: &[PushLine],
        facts: &PushFacts,
    ) -> Option<Result<(Verdict, &'static str), Refusal>> {
        let run = self.agents.get(&agent)?;
        let team = self.teams.get(&run.agent.team)?;
        let broker = self.brokers.of.get(&team.id)?;
        let members = self.team_agents(team.id);
        let owned: Vec<_> = members
            .iter()
            .map(|id| (&self.agents[id].agent, self.branch_prefix(*id)))
            .collect();
        let (own, others): (Vec<Owner<'_>>, Vec<_>) = owned
            .iter()
            .map(|(agent, prefix)| Owner {
                role: &agent.role,
                home: agent.branch.as_deref(),
                prefix,
            })
            .partition(|owner| *owner.role == run.agent.role);
        let own = own.into_iter().next()?;
        let refs: Vec<Ref<'_>> = lines
            .iter()
            .zip(&facts.refs)
            .map(|(line, (change, _, _))| Ref {
                name: &line.reference,
                change: match change {
                    RefChange::Made => Change::Made,
                    RefChange::Forward => Change::Forward,
                    RefChange::Rewound => Change::Rewound,
                    RefChange::Deleted => Change::Deleted,
                },
            })
            .collect();
        let config = &self.settings.config.broker;
        let protected: Vec<&str> = config.protected().collect();
        Some(judge(&Pushed {
            own,
            others: &others,
            policy: &team.policy,
            parent: &team.base_branch,
            default_branch: broker
                .remote
                .as_ref()
                .and_then(|remote| remote.default_branch.as_deref()),
            protected: &protected,
            refs: &refs,
            bytes: facts.bytes,
            bytes_max: config.push_megabytes.saturating_mul(MIB),
            // Here is the place for what a look into the commits finds.
            secrets: &[],
        }))
    }

    /// What the further branches of an agent begin with, by its role's file.
    fn branch_prefix(&self, agent: AgentId) -> String {
        let run = &self.agents[&agent].agent;
        let roles = &self.settings.templates.roles;
        let team = self.teams.get(&run.team);
        let role = team.and_then(|team| crate::brief::role_of(team, run.role.as_str(), roles));
        role.map_or_else(
            || format!("{}/", run.role),
            |role| role.branch_prefix.clone(),
        )
    }

    /// Writes a push down that may be forwarded, or asked about; what its agent is told.
    fn take_push(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        (lines, facts): (&[PushLine], &PushFacts),
        (verdict, rule, landed): (Verdict, &'static str, bool),
    ) -> Vec<String> {
        let Some((team, _, _)) = self.who(agent) else {
            return Vec::new();
        };
        let Some(role) = self.role_of(agent) else {
            return Vec::new();
        };
        let mut told = Vec::new();
        for (line, (_, commits, subject)) in lines.iter().zip(&facts.refs) {
            let Some(new) = line.new.clone() else {
                continue;
            };
            let push = Push {
                id: PushId::new(t.now.0, self.random.u128(..)),
                team,
                agent,
                role: role.clone(),
                reference: line.reference.clone(),
                old: line.old.clone(),
                new,
                commits: *commits,
                subject: subject.clone(),
                rule: rule.to_owned(),
                at: t.now,
                landed,
                approved: None,
                tries: 0,
                said: None,
                next: None,
                undo: false,
                state: match verdict {
                    Verdict::Forward => PushState::Accepted,
                    Verdict::Ask => PushState::Asking,
                },
            };
            told.push(self.said_of(&push));
            self.put_push(t, "push.taken", push.clone());
            if push.state == PushState::Asking {
                self.ask_person(t, &push);
            }
        }
        self.pump_pushes(t, team);
        told
    }

    fn said_of(&self, push: &Push) -> String {
        let (id, name) = (push.id.tag(), push.name());
        let broker = self.brokers.of.get(&push.team);
        let remote = broker.and_then(|it| it.remote.as_ref());
        match (&push.state, remote) {
            (PushState::Asking, _) => {
                format!(
                    "torch: {id}: {name} waits for a person's approval; you will hear of it only if it is denied"
                )
            }
            (_, Some(remote)) => format!(
                "torch: {id}: {name} is forwarded to {}; you will hear of it only if that fails",
                remote.name
            ),
            (_, None) => format!("torch: {id}: {name} is where all roles see it"),
        }
    }

    fn ask_person(&mut self, t: &mut Turn, push: &Push) {
        let Some((team, name, role)) = self.who(push.agent) else {
            return;
        };
        let id = push.id.tag();
        let text = format!(
            "{name}:{role} wants to push {} ({} {:?}, {} new commits). A person decides: torch approve {id} or torch deny {id}",
            push.name(),
            push.short(),
            push.subject,
            push.commits
        );
        let draft = Draft::from_torch(team, MessageKind::Notice, Recipient::Human, text);
        self.post(t, draft);
    }

    /// git's `post-receive` hook tells that branches have moved.
    pub(super) fn on_moved(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        sender: &Sender,
        (path, refs): (PathBuf, Vec<PushLine>),
    ) {
        let mut unknown = Vec::new();
        let mut teams = std::collections::BTreeSet::new();
        for line in refs {
            let is_it = |push: &&Push| {
                let here = self.brokers.of.get(&push.team);
                here.is_some_and(|broker| broker.path == path)
                    && push.reference == line.reference
                    && Some(&push.new) == line.new.as_ref()
                    && !push.undo
            };
            let found = self.brokers.pushes.values().find(is_it).cloned();
            match found {
                Some(mut push) => {
                    teams.insert(push.team);
                    if !push.landed {
                        push.landed = true;
                        self.put_push(t, "push.landed", push);
                    }
                }
                None => unknown.push(line),
            }
        }
        for team in teams {
            self.pump_pushes(t, team);
        }
        if !unknown.is_empty() {
            // The verdict was forgotten as the push took too long, or none was asked for.
            return self.on_received(t, conn, sender, (path, None, unknown));
        }
        let response = GitResponse::Broker(BrokerResponse::Taken { lines: Vec::new() });
        t.reply(conn, Response::Git(Box::new(response)));
    }

    fn put_push(&mut self, t: &mut Turn, event: &str, push: Push) {
        let data = json!({
            "id": push.id.tag(), "ref": push.reference, "commit": push.new, "state": push.state.as_str(),
            "rule": push.rule, "said": push.said,
        });
        t.journal(event, push.agent, data);
        self.keep(t, LedgerRecord::Push(Box::new(push.clone())));
        match push.undo || push.state.settled().is_none() {
            true => drop(self.brokers.pushes.insert(push.id, push)),
            false => {
                self.brokers.looked.remove(&push.id);
                self.brokers.pushes.remove(&push.id);
            }
        }
    }

    /// Lets the next push of a team go on: one at a time, each branch's in the order in which they came.
    fn pump_pushes(&mut self, t: &mut Turn, team: TeamId) {
        if !self.brokers.flying.contains_key(&team) {
            while let Some(push) = self.next_push(team, t.now) {
                if self
                    .brokers
                    .of
                    .get(&team)
                    .is_some_and(|it| it.remote.is_none())
                {
                    let state = PushState::Forwarded { at: t.now };
                    self.put_push(t, "push.forwarded", Push { state, ..push });
                    continue;
                }
                if let Some(carried) = self.carried(&push) {
                    self.brokers.flying.insert(team, push.id);
                    let order = Order::Forward(Box::new(carried));
                    t.push(Effect::Broker(Box::new(order)));
                }
                break;
            }
        }
        self.set_pushes_timer(t, team);
    }

    fn next_push(&self, team: TeamId, now: Timestamp) -> Option<Push> {
        let mut held: Vec<&str> = Vec::new();
        let open = |push: &&Push| push.team == team && push.state.settled().is_none();
        let mut all: Vec<&Push> = self.brokers.pushes.values().filter(open).collect();
        all.sort_by_key(|push| (push.at, push.id));
        for push in all {
            if held.contains(&push.reference.as_str()) {
                continue;
            }
            let due = push.next.is_none_or(|next| next <= now);
            if push.state == PushState::Accepted && push.landed && due {
                return Some(push.clone());
            }
            held.push(&push.reference);
        }
        None
    }

    fn carried(&self, push: &Push) -> Option<Carried> {
        let broker = self.brokers.of.get(&push.team)?;
        let team = self.teams.get(&push.team)?;
        let name = broker.remote.as_ref().map(|remote| remote.name.clone());
        Some(Carried {
            push: push.id,
            shape: self.shape(push.team, name),
            remote: broker.remote.clone(),
            env: broker.env.clone(),
            common_dir: team.common_dir.clone(),
            reference: push.reference.clone(),
            old: push.old.clone(),
            new: push.new.clone(),
        })
    }

    fn set_pushes_timer(&self, t: &mut Turn, team: TeamId) {
        let open = |push: &&Push| push.team == team && push.state.settled().is_none();
        let pushes = self.brokers.pushes.values().filter(open);
        let next = pushes.filter_map(|push| match push.landed {
            false => Some(self.looked_at(push).after(LANDS)),
            true => push.next,
        });
        match next.min() {
            Some(at) => t.timer(
                TimerKey::Pushes(team),
                at.max(t.now.after(Duration::from_millis(50))),
            ),
            None => t.push(Effect::CancelTimer(TimerKey::Pushes(team))),
        }
    }

    /// The time to look after a team's pushes; the first time after a start.
    pub(in crate::state) fn on_pushes_due(&mut self, t: &mut Turn, team: TeamId) {
        let of_team = |push: &&Push| push.team == team;
        let pushes: Vec<Push> = self
            .brokers
            .pushes
            .values()
            .filter(of_team)
            .cloned()
            .collect();
        for push in pushes {
            let Some(carried) = self.carried(&push) else {
                continue;
            };
            if push.undo {
                let order = Order::PutBack(Box::new(carried));
                t.push(Effect::Broker(Box::new(order)));
            } else if !push.landed && t.now.since(self.looked_at(&push)) >= LANDS {
                self.brokers.looked.insert(push.id, t.now);
                let order = Order::Land {
                    push: carried.push,
                    path: carried.shape.path,
                    reference: carried.reference,
                    new: carried.new,
                };
                t.push(Effect::Broker(Box::new(order)));
            }
        }
        self.pump_pushes(t, team);
    }

    /// When it was looked for last, or let in.
    fn looked_at(&self, push: &Push) -> Timestamp {
        let looked = self.brokers.looked.get(&push.id);
        looked.copied().unwrap_or(push.at)
    }

    /// The wall clock was set: nothing waits for a time of before.
    pub(in crate::state) fn pushes_clock_moved(&mut self, t: &mut Turn) {
        self.brokers.looked.clear();
        let teams: std::collections::BTreeSet<TeamId> =
            self.brokers.pushes.values().map(|push| push.team).collect();
        for team in teams {
            self.hurry_pushes(t, team);
        }
    }

    pub(super) fn on_landed(&mut self, t: &mut Turn, id: PushId, landed: Option<bool>) {
        let Some(mut push) = self.brokers.pushes.get(&id).cloned() else {
            return;
        };
        let team = push.team;
        match landed {
            Some(true) => {
                push.landed = true;
                self.put_push(t, "push.landed", push);
            }
            Some(false) if !push.landed => {
                // Its agent heard that from git.
                push.state = PushState::Refused {
                    at: t.now,
                    by: "git".to_owned(),
                    why: "it did not come into the broker".to_owned(),
                };
                self.put_push(t, "push.lost", push);
            }
            _ => {}
        }
        self.pump_pushes(t, team);
    }

    pub(super) fn on_forwarded(&mut self, t: &mut Turn, id: PushId, went: Went) {
        let Some(mut push) = self.brokers.pushes.get(&id).cloned() else {
            self.brokers.flying.retain(|_, flying| *flying != id);
            return;
        };
        let team = push.team;
        self.brokers.flying.remove(&team);
        match went {
            Went::Done => {
                push.state = PushState::Forwarded { at: t.now };
                push.next = None;
                self.brokers.told_away.remove(&team);
                self.put_push(t, "push.forwarded", push);
                // The remote is there: what waited for it need not wait longer.
                return self.hurry_pushes(t, team);
            }
            Went::Refused { said, behind } => {
                push.said = Some(said.clone());
                let instead = match (behind, push.reference.starts_with("refs/tags/")) {
                    (true, false) => format!(
                        "origin/{name} here is what the remote has: git merge origin/{name}, then push again",
                        name = push.name()
                    )
                    .replace("origin/", &format!("{}/", self.remote_name(team))),
                    _ => "mend what the remote says, and push again under a new name if commits have to change".to_owned(),
                };
                self.refuse_push(t, push, ("remote", &said), &instead);
            }
            Went::Away { said } => self.push_away(t, push, said),
        }
        self.pump_pushes(t, team);
    }

    fn remote_name(&self, team: TeamId) -> String {
        let broker = self.brokers.of.get(&team);
        let remote = broker.and_then(|broker| broker.remote.as_ref());
        remote.map_or_else(|| "origin".to_owned(), |remote| remote.name.clone())
    }

    /// The remote was not reached: later again, and for good no more after a day.
    fn push_away(&mut self, t: &mut Turn, mut push: Push, said: String) {
        push.tries += 1;
        push.said = Some(said.clone());
        if t.now.since(push.at) >= GIVE_UP {
            push.state = PushState::Failed {
                at: t.now,
                why: said.clone(),
            };
            let instead = "push again later; the orchestrator and a person know of it";
            return self.undo_push(t, push, ("push.failed", &said), instead);
        }
        let nth = usize::try_from(push.tries).unwrap_or(PAUSES.len());
        let pause = PAUSES[nth.saturating_sub(1).min(PAUSES.len() - 1)];
        push.next = Some(t.now.after(Duration::from_secs(pause)));
        let (team, tries) = (push.team, push.tries);
        self.put_push(t, "push.away", push);
        if tries >= TELL_AT && self.brokers.told_away.insert(team) {
            let name = self.name_of(team).unwrap_or_default();
            let text = format!(
                "pushes of team {name} wait: {} could not be reached ({said}). They are tried again; from a terminal in which your own \
                 git push works: torch git broker on --team {name}",
                self.remote_name(team)
            );
            let draft = Draft::from_torch(team, MessageKind::Notice, Recipient::Human, text);
            self.post(t, draft);
        }
    }

    fn refuse_push(
        &mut self,
        t: &mut Turn,
        mut push: Push,
        (by, why): (&str, &str),
        instead: &str,
    ) {
        push.state = PushState::Refused {
            at: t.now,
            by: by.to_owned(),
            why: why.to_owned(),
        };
        self.undo_push(t, push, ("push.turned-down", why), instead);
    }

    /// Keeps that it was not forwarded, has what it moved put back, and tells its agent, once.
    fn undo_push(
        &mut self,
        t: &mut Turn,
        mut push: Push,
        (event, why): (&str, &str),
        instead: &str,
    ) {
        push.undo = true;
        push.next = None;
        let text = format!(
            "{}: your push of {} ({} {:?}) was not forwarded to {}: {why}. Your commits are as they were. Instead: {instead}",
            push.id.tag(),
            push.name(),
            push.short(),
            push.subject,
            self.remote_name(push.team)
        );
        let recipient = Recipient::Agent {
            agent: push.agent,
            role: push.role.clone(),
        };
        let (team, carried) = (push.team, self.carried(&push));
        let known = self.agents.contains_key(&push.agent);
        self.put_push(t, event, push);
        if let Some(carried) = carried {
            let order = Order::PutBack(Box::new(carried));
            t.push(Effect::Broker(Box::new(order)));
        }
        if known {
            let draft = Draft::from_torch(team, MessageKind::Notice, recipient, text);
            self.post(t, draft);
        }
    }

    pub(super) fn on_put_back(&mut self, t: &mut Turn, id: PushId, error: Option<String>) {
        let Some(mut push) = self.brokers.pushes.get(&id).cloned() else {
            return;
        };
        push.undo = false;
        match error {
            None => self.put_push(t, "push.put-back", push),
            Some(error) => {
                push.said = Some(error);
                self.put_push(t, "push.not-put-back", push);
            }
        }
    }

    /// Tries again at once what waits for the remote.
    pub(super) fn hurry_pushes(&mut self, t: &mut Turn, team: TeamId) {
        let waiting = |push: &&mut Push| push.team == team && push.state == PushState::Accepted;
        for push in self.brokers.pushes.values_mut().filter(waiting) {
            push.next = None;
        }
        self.pump_pushes(t, team);
    }

    /// The broker is switched off: nothing more is forwarded.
    pub(super) fn end_pushes(&mut self, t: &mut Turn, team: TeamId, why: &str) {
        let of_team = |push: &&Push| push.team == team;
        let pushes: Vec<Push> = self
            .brokers
            .pushes
            .values()
            .filter(of_team)
            .cloned()
            .collect();
        for mut push in pushes {
            push.undo = false;
            if push.state.settled().is_none() {
                push.state = PushState::Failed {
                    at: t.now,
                    why: why.to_owned(),
                };
            }
            self.put_push(t, "push.ended", push);
        }
        self.brokers.flying.remove(&team);
        t.push(Effect::CancelTimer(TimerKey::Pushes(team)));
    }

    /// A person decides about a push that waits for it; whether it is one.
    pub(in crate::state) fn answer_push(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        (id, approve): (&str, bool),
    ) -> bool {
        let short = id.trim().to_ascii_lowercase();
        let Some(short) = short.strip_prefix("p-") else {
            return false;
        };
        let is_it = |push: &&Push| push.id.short() == short && push.state == PushState::Asking;
        let Some(mut push) = self.brokers.pushes.values().find(is_it).cloned() else {
            let error = format!("no push that waits for a person is called {id:?}");
            t.fail(conn, usage(&error, "", Some("torch pending")));
            return true;
        };
        let (team, name) = (push.team, push.name().to_owned());
        let remote = self.remote_name(team);
        if approve {
            push.state = PushState::Accepted;
            push.approved = Some("human".to_owned());
            self.put_push(t, "push.approved", push);
            self.pump_pushes(t, team);
            t.reply(conn, done(format!("{name} is forwarded to {remote}")));
        } else {
            let instead = "ask what is wanted instead; further work goes on under a new branch name, without what was denied";
            self.refuse_push(t, push, ("human", "a person denied it"), instead);
            self.pump_pushes(t, team);
            t.reply(
                conn,
                done(format!(
                    "{name} is not forwarded to {remote}; its agent is told"
                )),
            );
        }
        true
    }

    /// The pushes that wait for a person, as questions.
    pub(in crate::state) fn pending_pushes(&self, team: Option<TeamId>) -> Vec<QuestionView> {
        let asking = |push: &&Push| {
            push.state == PushState::Asking && team.is_none_or(|team| push.team == team)
        };
        let pushes = self.brokers.pushes.values().filter(asking);
        let views = pushes.map(|push| QuestionView {
            id: push.id.tag(),
            team: self.name_of(push.team).unwrap_or_default(),
            role: push.role.to_string(),
            program: "git push".to_owned(),
            kind: DialogKind::Permission,
            text: format!(
                "Forward {} to {}? It leads to {} {:?}, with {} new commits.\nSee: git log {}",
                push.name(),
                self.remote_name(push.team),
                push.short(),
                push.subject,
                push.commits,
                push.short()
            ),
            dialog: None,
            rows: Vec::new(),
            approve: None,
            deny: None,
            channel: AnswerChannel::Torch,
            at: push.at,
        });
        views.collect()
    }
}
