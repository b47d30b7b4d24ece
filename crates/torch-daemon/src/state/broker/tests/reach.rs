//! When it is tried again who may push, and who hears of a fetch.

use torch_api::broker::BrokerResponse;
use torch_worktree::FetchedBranch;

use super::*;
use crate::broker::Opened;

fn team_id() -> TeamId {
    TeamId::new(1, 1)
}

fn reach(at: Timestamp, torch: bool) -> Option<Reach> {
    Some(Reach {
        at,
        torch,
        agents: false,
        said: None,
    })
}

impl Stage {
    /// A broker of which this was seen.
    fn seen(reach: Option<Reach>) -> Self {
        let ledger = vec![LedgerRecord::Broker(Box::new(broker(reach)))];
        Self::with(TeamPolicy::default(), ledger)
    }

    /// The tries that were ordered since the last look; of each, whether only other remotes are of interest.
    fn tries(&mut self) -> Vec<bool> {
        let orders = std::mem::take(&mut self.orders).into_iter();
        let tries = orders.filter_map(|order| match order {
            Order::Try {
                unless,
                env,
                agents_env,
                ..
            } => {
                assert!(!agents_env.contains_key("SSH_AUTH_SOCK"), "{agents_env:?}");
                assert_eq!(env, BTreeMap::new(), "what the person gave");
                Some(unless.is_some())
            }
            _ => None,
        });
        tries.collect()
    }

    fn tried(&mut self, result: Result<Option<Opened>, &str>) {
        let team = team_id();
        let result = result
            .map(|opened| opened.map(Box::new))
            .map_err(str::to_owned);
        self.outcome(Outcome::Tried { team, result });
    }

    fn opened(&self, reach: Option<Reach>) -> Opened {
        let known = &self.state.brokers.of[&team_id()];
        Opened {
            remote: known.remote.clone(),
            settings: known.settings.clone(),
            reach,
        }
    }

    fn launches(&mut self) {
        let mut turn = Turn {
            now: self.now,
            cause: "test".to_owned(),
            effects: Vec::new(),
        };
        self.state.broker_launched(&mut turn, developer());
        self.take(turn.effects);
    }

    fn why(&self) -> String {
        self.state.push_level(team_id()).1.join("; ")
    }
}

#[test]
fn who_may_push_is_tried_again_when_something_happens_and_never_by_time() {
    let mut stage = Stage::seen(reach(BEGIN, false));
    assert_eq!(stage.tries(), [false], "a daemon begins");
    // What comes meanwhile is one try more, behind it.
    stage.launches();
    stage.launches();
    assert_eq!(stage.tries().len(), 0);
    let opened = stage.opened(reach(BEGIN, false));
    stage.tried(Ok(Some(opened)));
    assert_eq!(stage.tries(), [false]);
    assert!(
        stage.why().contains("does not let torch itself in"),
        "{}",
        stage.why()
    );
    let opened = stage.opened(reach(stage.now, true));
    stage.tried(Ok(Some(opened)));
    assert!(!stage.why().contains("origin"), "{}", stage.why());
    // A whole team starts: once is enough; a minute later it is not.
    stage.launches();
    assert_eq!(stage.tries().len(), 0);
    stage.now = stage.now.after(Duration::from_secs(3_600));
    assert_eq!(stage.tries().len(), 0, "not by time");
    stage.launches();
    assert_eq!(stage.tries(), [false]);
    stage.tried(Err("failed to read the remotes: gone"));
    assert!(
        stage
            .why()
            .contains("was not tried: failed to read the remotes: gone")
    );
    let kept = stage.kept.values().find_map(|row| match row {
        LedgerRecord::Broker(row) => Some(row.untried.is_some()),
        _ => None,
    });
    assert_eq!(kept, Some(true), "also over a restart");
}

#[test]
fn another_place_of_the_remote_is_seen_by_the_configuration() {
    let mut stage = Stage::seen(reach(BEGIN, true));
    stage.tries();
    stage.tried(Ok(None));
    let event = |dir: &str| Event::RepositoryConfig {
        common_dir: dir.into(),
    };
    stage.now = stage.now.after(Duration::from_secs(5));
    stage.happen(event("/other/.git"));
    assert_eq!(stage.tries().len(), 0);
    stage.happen(event("/project/.git"));
    assert_eq!(stage.tries(), [true]);
    let since = stage.state.brokers.of[&team_id()].since;
    stage.tried(Ok(None));
    assert_eq!(stage.state.brokers.of[&team_id()].since, since);
    stage.happen(event("/project/.git"));
    let mut opened = stage.opened(reach(stage.now, true));
    opened.settings = vec![("url./b.git.pushInsteadOf".to_owned(), "git@y".to_owned())];
    stage.tried(Ok(Some(opened)));
    let broker = &stage.state.brokers.of[&team_id()];
    assert_eq!(
        (broker.since, broker.settings[0].1.as_str()),
        (stage.now, "git@y")
    );
    assert!(stage.why().contains("launched before"), "{}", stage.why());
}

#[test]
fn a_remote_that_comes_while_nobody_looks_is_found() {
    let mut none = broker(None);
    (none.remote, none.settings) = (None, Vec::new());
    let ledger = vec![LedgerRecord::Broker(Box::new(none))];
    let mut stage = Stage::with(TeamPolicy::default(), ledger);
    assert_eq!(stage.tries(), [true], "while no daemon ran");
    // It may have been read before the configuration was written.
    stage.happen(Event::RepositoryConfig {
        common_dir: "/project/.git".into(),
    });
    assert_eq!(stage.tries().len(), 0, "one at a time");
    stage.tried(Ok(None));
    assert_eq!(stage.tries(), [true], "while it was being tried");
    stage.tried(Ok(None));
    assert_eq!(stage.tries().len(), 0);
}

#[test]
fn a_forward_that_contradicts_what_was_seen_is_a_reason() {
    for (seen, done, tries) in [
        (true, true, 0),
        (true, false, 1),
        (false, true, 1),
        (false, false, 0),
    ] {
        let mut stage = Stage::seen(reach(BEGIN, seen));
        stage.tried(Ok(None));
        stage.pushed(BRANCH, "1a");
        stage.landed(BRANCH, "1a");
        stage.orders.clear();
        stage.went(BRANCH, "1a", if done { Went::Done } else { away() });
        assert_eq!(stage.tries().len(), tries, "{seen} {done}");
    }
}

#[test]
fn who_asks_while_it_is_fetched_hears_of_the_next_fetch() {
    let mut stage = Stage::seen(None);
    stage.pushed(BRANCH, "1a");
    stage.orders.clear();
    stage.heard.clear();
    let fetch = |stage: &mut Stage, conn: u64| {
        let request = Request::Git(torch_api::git::GitRequest::Broker(BrokerRequest::Fetch {
            team: TeamSelector {
                name: None,
                cwd: "/project".into(),
            },
        }));
        let mut turn = Turn {
            now: stage.now,
            cause: "test".to_owned(),
            effects: Vec::new(),
        };
        let caller = (
            torch_core::Sender::Agent {
                agent: developer(),
                team: team_id(),
                role: RoleName::parse("developer").expect("a role"),
            },
            "test",
        );
        stage
            .state
            .take_request(&mut turn, ConnId(conn), caller, request, None);
        stage.take(turn.effects);
    };
    let kept = |stage: &mut Stage| {
        let orders = std::mem::take(&mut stage.orders).into_iter();
        let kept = orders.filter_map(|order| match order {
            Order::Fetch(order) => Some(order.keep),
            _ => None,
        });
        kept.collect::<Vec<_>>()
    };
    (1..=3).for_each(|conn| fetch(&mut stage, conn));
    assert_eq!(kept(&mut stage), [vec![BRANCH.to_owned()]], "one at a time");
    let branch = FetchedBranch {
        name: "main".to_owned(),
        old: None,
        new: Some("2b".to_owned()),
    };
    let came = |result| Outcome::Fetched {
        team: team_id(),
        result,
    };
    stage.outcome(came(Ok(vec![branch])));
    assert_eq!(
        kept(&mut stage).len(),
        1,
        "for the two that asked meanwhile"
    );
    let Some(Response::Git(answer)) = stage.answer.take() else {
        panic!("no answer");
    };
    let torch_api::git::GitResponse::Broker(BrokerResponse::Fetched { branches, .. }) = *answer
    else {
        panic!("another answer");
    };
    assert_eq!(branches.len(), 1);
    assert_eq!(stage.heard, [ConnId(1)]);
    stage.outcome(came(Ok(Vec::new())));
    assert_eq!(kept(&mut stage).len(), 0);
    assert_eq!(stage.heard, [1, 2, 3].map(ConnId));
}
