//! Pushes as they come: judged, and kept; `forwarding` has what follows.
//!
//! What is forwarded is what was judged: the commit that the record names, never whatever the broker's branch leads to by then.
//! A record is on disk before git moves the branch; what a crash leaves unsaid is found by looking at the broker and at the remote.

use std::path::PathBuf;

use serde_json::json;
use torch_api::broker::{BrokerResponse, PushLine};
use torch_api::git::GitResponse;
use torch_api::{Failure, Response};
use torch_core::broker::{Push, PushState};
use torch_core::policy::SecretCheck;
use torch_core::{AgentId, LedgerRecord, MessageKind, PushId, Recipient, Sender, TeamId};
use torch_router::push::{Change, Owner, Pushed, Ref, Refusal, SECRET_RULE, Verdict, judge};
use torch_worktree::{PushFacts, RefChange};

use super::super::send::Draft;
use super::super::{State, Turn};
use super::MIB;
use crate::broker::Order;
use crate::event::{ConnId, Effect};
use crate::failure::{refused, usage};
use crate::words::count;

/// The longest name of a branch or tag: what file systems take.
const NAME_MAX: usize = 255;

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
        if own.is_none_or(|broker| broker.path != path) {
            let cause = "rule push.own-team: this is not the broker of the agent's team, or it is switched off";
            return t.fail(conn, refused(error, cause, Some("torch git broker status")));
        }
        if let Some(bad) = refs.iter().find(|line| !is_line(line)) {
            let cause = format!("this is no line of git's: {bad:?}");
            return t.fail(conn, usage(error, &cause, Some("torch git broker status")));
        }
        let order = Order::Look {
            conn,
            agent: *agent,
            path,
            quarantine,
            refs,
            secrets: self.secret_check(*team),
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
                let mut taken = self.take_push(t, agent, (lines, &facts), (verdict, rule, landed));
                taken.extend(self.warned_of(t, agent, &facts));
                let response = GitResponse::Broker(BrokerResponse::Taken { lines: taken });
                t.reply(conn, Response::Git(Box::new(response)));
            }
            Some(Err(refusal)) => {
                let names: Vec<&str> = lines.iter().map(|line| line.reference.as_str()).collect();
                let data = json!({"rule": refusal.rule, "refs": names, "why": refusal.words});
                t.journal("push.refused", agent, data);
                self.keep_refused(t, agent, (lines, &facts), &refusal);
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

    fn secret_check(&self, team: TeamId) -> SecretCheck {
        let team = self.teams.get(&team);
        team.map_or_else(SecretCheck::default, |team| team.policy.git.secret_check)
    }

    /// What is told of secrets in a push that was taken all the same.
    fn warned_of(&mut self, t: &mut Turn, agent: AgentId, facts: &PushFacts) -> Vec<String> {
        self.note_secrets(t, agent, &facts.secrets, true);
        let found = facts.secrets.iter().chain(&facts.unread);
        found
            .map(|one| format!("torch: warned by rule {SECRET_RULE}: {one}"))
            .collect()
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
        let refuses = team.policy.git.secret_check == SecretCheck::Refuse;
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
            secrets: if refuses { &facts.secrets } else { &[] },
            unread: facts.unread.as_deref().filter(|_| refuses),
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
            if self.is_known_push(t, (team, &line.reference, &new), landed) {
                told.push(format!("torch: {} was pushed before", line.reference));
                continue;
            }
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
                noted: false,
                undo: false,
                state: match verdict {
                    Verdict::Forward => PushState::Accepted,
                    Verdict::Ask => PushState::Asking,
                },
            };
            self.is_noted_again(&push);
            told.push(self.said_of(&push));
            self.put_push(t, "push.taken", push.clone());
            if push.state == PushState::Asking {
                self.ask_person(t, &push);
            }
        }
        self.pump_pushes(t, team);
        told
    }

    /// Whether the same push was taken before and is not settled: one whose answer was lost comes again.
    fn is_known_push(
        &mut self,
        t: &mut Turn,
        (team, reference, new): (TeamId, &str, &str),
        landed: bool,
    ) -> bool {
        let is_it = |push: &&Push| {
            push.team == team
                && push.reference == reference
                && push.new == new
                && push.state.settled().is_none()
        };
        let Some(mut push) = self.brokers.pushes.values().find(is_it).cloned() else {
            return false;
        };
        if landed && !push.landed {
            push.landed = true;
            self.put_push(t, "push.landed", push);
        }
        true
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
                "torch: {id}: {name} will be forwarded to {}; you will hear of it only if that fails",
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
            "{name}:{role} wants to push {} ({} {:?}, {}). A person decides: torch approve {id} or torch deny {id}",
            push.name(),
            push.short(),
            push.subject,
            count(push.commits, "new commit")
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

    pub(super) fn put_push(&mut self, t: &mut Turn, event: &str, push: Push) {
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
}

/// Whether git would tell its hook so: words of another shape must not become arguments of a command.
fn is_line(line: &PushLine) -> bool {
    let is_id = |id: &String| {
        matches!(id.len(), 40 | 64) && id.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let name = &line.reference;
    // git-check-ref-format(1), as far as a reference is used here.
    let plain = |c: char| !c.is_control() && !" ~^:?*[\\".contains(c);
    name.starts_with("refs/")
        && name.len() <= NAME_MAX
        && name.chars().all(plain)
        && !name.contains("..")
        && !name.contains("//")
        && !name.ends_with('/')
        && line.old.as_ref().is_none_or(is_id)
        && line.new.as_ref().is_none_or(is_id)
}
