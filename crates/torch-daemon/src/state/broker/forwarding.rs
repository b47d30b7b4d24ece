//! Forwarding what was accepted, each branch in the order of its pushes; and what follows where that fails.

use std::collections::BTreeSet;
use std::time::Duration;

use torch_core::broker::{Push, PushState};
use torch_core::{MessageKind, PushId, Recipient, TeamId, Timestamp};

use super::super::send::Draft;
use super::super::{State, Turn};
use super::reach::Occasion;
use crate::broker::{Carried, Order, Went};
use crate::event::{Effect, TimerKey};

/// How long after its verdict a push may take to come into the broker until it is looked for: git moves its branches at once.
const LANDS: Duration = Duration::from_secs(30);
/// The pauses between two tries to reach the remote; the last one repeats.
const PAUSES: [u64; 6] = [5, 15, 60, 120, 300, 600];
/// After so many tries the person is told that the remote is away.
const TELL_AT: u32 = 3;
/// How long a push waits for a remote that is away: after that its agent has other plans.
const GIVE_UP: Duration = Duration::from_secs(24 * 60 * 60);

impl State {
    /// Lets the next push of a team go on: one at a time, each branch's in the order in which they came.
    pub(super) fn pump_pushes(&mut self, t: &mut Turn, team: TeamId) {
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

    pub(super) fn carried(&self, push: &Push) -> Option<Carried> {
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
            if push.undo {
                self.put_back(t, &push);
                continue;
            }
            let Some(carried) = self.carried(&push) else {
                continue;
            };
            if !push.landed && t.now.since(self.looked_at(&push)) >= LANDS {
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
        let teams: BTreeSet<TeamId> = self.brokers.pushes.values().map(|push| push.team).collect();
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
                    by: "git itself".to_owned(),
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
        self.doubt_reach(t, team, &went);
        match went {
            Went::Done => {
                push.state = PushState::Forwarded { at: t.now };
                push.next = None;
                self.brokers.told_away.remove(&team);
                self.tell_forwarded(t, &push);
                self.put_push(t, "push.forwarded", push);
                // The remote is there: what waited for it need not wait longer.
                return self.hurry_pushes(t, team);
            }
            Went::Refused { said, behind } => {
                push.said = Some(said.clone());
                let instead = match behind && push.reference.starts_with("refs/heads/") {
                    true => {
                        let note = format!("{}/{}", self.remote_name(team), push.name());
                        format!("{note} here is what the remote has: git merge {note}, then push again")
                    }
                    false => "mend what the remote says, and push again; under a new name, if commits have to change".to_owned(),
                };
                self.refuse_push(t, push, ("remote", &said), &instead);
            }
            Went::Away { said } => self.push_away(t, push, said),
        }
        self.pump_pushes(t, team);
    }

    /// Whether torch is let in may have changed since that was tried.
    fn doubt_reach(&mut self, t: &mut Turn, team: TeamId, went: &Went) {
        let broker = self.brokers.of.get(&team);
        let seen = broker.and_then(|broker| broker.reach.as_ref());
        let seen = seen.map(|reach| reach.torch);
        let contradicted = match went {
            Went::Done | Went::Refused { .. } => seen != Some(true),
            Went::Away { .. } => seen != Some(false),
        };
        if contradicted {
            self.try_reach(t, team, Occasion::Doubt);
        }
    }

    pub(super) fn remote_name(&self, team: TeamId) -> String {
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

    pub(super) fn refuse_push(
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
        let team = push.team;
        let known = self.agents.contains_key(&push.agent);
        self.tell_not_forwarded(t, &push, why);
        self.put_push(t, event, push.clone());
        self.put_back(t, &push);
        if known {
            let draft = Draft::from_torch(team, MessageKind::Notice, recipient, text);
            self.post(t, draft);
        }
    }

    pub(super) fn on_put_back(&mut self, t: &mut Turn, id: PushId, error: Option<String>) {
        if error.is_some() {
            self.brokers.put_back.remove(&id);
        }
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
}
