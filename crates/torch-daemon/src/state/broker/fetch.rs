//! What the remote has, fetched for agents that have no keys to it: when somebody asks, and never by itself.

use serde_json::json;
use torch_api::broker::{BrokerResponse, FetchedView};
use torch_api::git::GitResponse;
use torch_api::wire::TeamSelector;
use torch_api::{Failure, Response};
use torch_core::TeamId;
use torch_worktree::FetchedBranch;

use super::super::{State, Turn};
use crate::broker::{FetchOrder, Order};
use crate::event::{ConnId, Effect};
use crate::failure::usage;

/// Who waits for what is being fetched.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// For the fetch under way.
    now: Vec<ConnId>,
    /// For the one after it: they asked when it had begun.
    next: Vec<ConnId>,
}

impl State {
    /// Fetches the remote's branches into the project.
    pub(super) fn fetch_broker(&mut self, t: &mut Turn, conn: ConnId, selector: &TeamSelector) {
        let team = match self.select_team(selector) {
            Ok(team) => team.id,
            Err(failure) => return t.fail(conn, *failure),
        };
        let error = "nothing was fetched";
        let Some(order) = self.fetch_order(team) else {
            let (cause, hint) = match self.brokers.of.get(&team) {
                None => (
                    "the broker is off: git fetch goes to the remote itself",
                    "git fetch",
                ),
                Some(_) => ("the project has no remote", "torch git broker status"),
            };
            return t.fail(conn, usage(error, cause, Some(hint)));
        };
        let waiting = self.brokers.fetching.entry(team).or_default();
        if waiting.now.is_empty() {
            waiting.now.push(conn);
            t.push(Effect::Broker(Box::new(Order::Fetch(Box::new(order)))));
        } else {
            waiting.next.push(conn);
        }
    }

    fn fetch_order(&self, team: TeamId) -> Option<FetchOrder> {
        let broker = self.brokers.of.get(&team)?;
        let remote = broker.remote.clone()?;
        let pushes = self.brokers.pushes.values();
        let open = pushes.filter(|push| push.team == team && push.state.settled().is_none());
        Some(FetchOrder {
            team,
            shape: self.shape(team, Some(remote.name.clone())),
            env: broker.env.clone(),
            common_dir: self.teams.get(&team)?.common_dir.clone(),
            keep: open.map(|push| push.reference.clone()).collect(),
            remote,
        })
    }

    /// It was fetched: everybody who had asked by its beginning hears what came.
    pub(super) fn on_fetched(
        &mut self,
        t: &mut Turn,
        team: TeamId,
        result: Result<Vec<FetchedBranch>, Box<Failure>>,
    ) {
        let waiting = self.brokers.fetching.remove(&team).unwrap_or_default();
        match result {
            Ok(branches) => {
                let data = json!({"branches": branches.len()});
                t.journal("broker.fetched", team, data);
                let views = branches.into_iter().map(|branch| FetchedView {
                    name: branch.name,
                    old: branch.old,
                    new: branch.new,
                });
                let response = BrokerResponse::Fetched {
                    remote: self.remote_name(team),
                    branches: views.collect(),
                };
                for conn in waiting.now {
                    let response = GitResponse::Broker(response.clone());
                    t.reply(conn, Response::Git(Box::new(response)));
                }
            }
            Err(failure) => {
                let data = json!({"error": failure.error, "causes": failure.causes});
                t.journal("broker.not-fetched", team, data);
                for conn in waiting.now {
                    t.fail(conn, (*failure).clone());
                }
            }
        }
        if waiting.next.is_empty() {
            return;
        }
        match self.fetch_order(team) {
            Some(order) => {
                let next = Waiting {
                    now: waiting.next,
                    next: Vec::new(),
                };
                self.brokers.fetching.insert(team, next);
                t.push(Effect::Broker(Box::new(Order::Fetch(Box::new(order)))));
            }
            None => {
                let cause = "the broker was switched off";
                for conn in waiting.next {
                    t.fail(conn, usage("nothing was fetched", cause, Some("git fetch")));
                }
            }
        }
    }
}
