//! What a repository notes of pushes that no remote has yet, and what the log says of them.
//!
//! An agent's git notes its push below `refs/remotes` as soon as the broker has it. Until it is forwarded that note says more than is
//! true; whoever asks what is pushed is given the difference ([`Withheld`]).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;
use torch_core::TeamId;
use torch_core::broker::Push;
use torch_core::git_activity::{RefMove, Withheld};

use super::super::{State, Turn};
use crate::broker::Order;
use crate::event::Effect;

impl State {
    /// What agents pushed into brokers and remotes do not have yet, in the repository with this common git directory.
    pub(crate) fn withheld(&self, common_dir: &Path) -> Vec<Withheld> {
        let pushes = self.brokers.pushes.values();
        let here = pushes.filter(|push| {
            let team = self.teams.get(&push.team);
            team.is_some_and(|team| team.common_dir == common_dir)
        });
        here.filter_map(|push| self.withheld_by(push)).collect()
    }

    /// As [`State::withheld`], for all repositories.
    pub(crate) fn all_withheld(&self) -> BTreeMap<PathBuf, Vec<Withheld>> {
        let mut found: BTreeMap<PathBuf, Vec<Withheld>> = BTreeMap::new();
        for push in self.brokers.pushes.values() {
            if let (Some(team), Some(one)) = (self.teams.get(&push.team), self.withheld_by(push)) {
                found.entry(team.common_dir.clone()).or_default().push(one);
            }
        }
        found
    }

    fn withheld_by(&self, push: &Push) -> Option<Withheld> {
        Some(Withheld {
            note: self.remote_note_of(push)?,
            pushed: push.new.clone(),
            there: push.old.clone(),
        })
    }

    /// Where the project notes what the remote has of a branch; tags have none.
    fn remote_note_of(&self, push: &Push) -> Option<String> {
        let branch = push.reference.strip_prefix("refs/heads/")?;
        let remote = self.remote_name(push.team);
        Some(format!("refs/remotes/{remote}/{branch}"))
    }

    /// Whether a team's broker has no remote: what is pushed there is where all roles see it, and goes no further.
    pub(in crate::state) fn shares_only(&self, team: TeamId) -> bool {
        let broker = self.brokers.of.get(&team);
        broker.is_some_and(|broker| broker.remote.is_none())
    }

    /// Whether a remote's branch moved as torch put back what was not forwarded: that is no push of anybody's.
    pub(in crate::state) fn was_put_back(&mut self, team: TeamId, moved: &RefMove) -> bool {
        let Some(old) = moved.old.clone() else {
            return false;
        };
        let known = self.brokers.put_back.len();
        self.forget_put_back(&(team, moved.name.clone(), old));
        self.brokers.put_back.len() < known
    }

    /// A push notes what another one noted before: where that is put back from is told as what it is.
    pub(super) fn is_noted_again(&mut self, push: &Push) {
        if let Some(note) = self.remote_note_of(push) {
            self.forget_put_back(&(push.team, note, push.new.clone()));
        }
    }

    fn forget_put_back(&mut self, back: &(TeamId, String, String)) {
        self.brokers.put_back.retain(|_, one| one != back);
    }

    /// Has put back what a push noted and no remote has.
    pub(super) fn put_back(&mut self, t: &mut Turn, push: &Push) {
        let Some(carried) = self.carried(push) else {
            return;
        };
        if let Some(note) = self.remote_note_of(push) {
            let back = (push.team, note, push.new.clone());
            self.brokers.put_back.insert(push.id, back);
        }
        let order = Order::PutBack(Box::new(carried));
        t.push(Effect::Broker(Box::new(order)));
    }

    /// Tells of a remote's branch that moved only as it is noted here: its push waits in a broker. Whether it is one.
    pub(in crate::state) fn note_brokered(
        &mut self,
        t: &mut Turn,
        team: TeamId,
        moved: &RefMove,
    ) -> bool {
        let Some(common_dir) = self.teams.get(&team).map(|team| team.common_dir.clone()) else {
            return false;
        };
        let mut pushes = self.brokers.pushes.values();
        let found = pushes.find(|push| {
            let its = self.teams.get(&push.team);
            Some(&push.new) == moved.new.as_ref()
                && its.is_some_and(|its| its.common_dir == common_dir)
                && self.remote_note_of(push).as_ref() == Some(&moved.name)
        });
        let Some(mut push) = found.cloned() else {
            return false;
        };
        // Another team's is told there.
        if push.team == team && !push.noted && !push.undo {
            push.noted = true;
            let data = json!({
                "remote": self.remote_name(team), "branch": push.name(), "commit": push.new, "old": push.old,
                "commits": moved.commits.len() + moved.more, "push": push.id.tag(), "state": push.state.as_str(),
            });
            let data = self.about(team, Some(push.agent), data);
            t.journal("git.broker", push.agent, data);
            self.put_push(t, "push.noted", push);
        }
        true
    }

    /// The remote has a push that was told while it had not.
    pub(super) fn tell_forwarded(&mut self, t: &mut Turn, push: &Push) {
        if !push.noted {
            return;
        }
        let remote = self.remote_name(push.team);
        let data = json!({
            "remote": remote, "branch": push.name(), "commit": push.new, "old": push.old,
            "commits": push.commits, "forced": false, "forwarded": true,
        });
        let whose = (push.team, Some(push.agent));
        self.count_push(t, whose, (&remote, push.name()), data);
    }

    /// The remote will not have a push: what waits after it stands on what the remote has, and the note of it goes back.
    pub(super) fn tell_not_forwarded(&mut self, t: &mut Turn, push: &Push, why: &str) {
        let same = |other: &&mut Push| {
            other.team == push.team
                && other.reference == push.reference
                && other.id != push.id
                && other.old.as_ref() == Some(&push.new)
        };
        for after in self.brokers.pushes.values_mut().filter(same) {
            after.old.clone_from(&push.old);
        }
        if push.noted {
            let data = json!({
                "remote": self.remote_name(push.team), "branch": push.name(), "commit": push.new,
                "push": push.id.tag(), "state": push.state.as_str(), "why": why,
            });
            let data = self.about(push.team, Some(push.agent), data);
            t.journal("git.broker", push.agent, data);
        }
    }

    /// As [`State::put_back`], for all pushes of a team, whose broker is about to be switched off.
    pub(super) fn put_back_all(&mut self, t: &mut Turn, team: TeamId) {
        let waiting = |push: &&Push| push.team == team && push.landed;
        let pushes = self.brokers.pushes.values().filter(waiting);
        let pushes: Vec<Push> = pushes.cloned().collect();
        pushes.iter().for_each(|push| self.put_back(t, push));
    }
}
