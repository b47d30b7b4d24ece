//! Brokers and pushes in a plain state, with a clock of the test's own.

mod noted;
mod reach;
mod refused;

use std::time::Duration;

use torch_api::Request;
use torch_api::asking::AnswerChannel;
use torch_api::broker::PushLine;
use torch_core::broker::{BrokerRemote, Reach};
use torch_core::policy::{Approval, TeamPolicy};
use torch_core::{
    Agent, AgentState, Envelope, Recipient, RoleName, RouterMode, SessionName, Team, Write,
};
use torch_worktree::{PushFacts, RefChange};

use super::*;
use crate::broker::{Carried, Went};
use crate::event::Event;
use crate::state::Snapshot;
use crate::state::fixture::{self, settings};

const BEGIN: Timestamp = Timestamp(1_800_000_000_000);
const CONN: ConnId = ConnId(1);
const BRANCH: &str = "refs/heads/feature/login";

fn team(policy: TeamPolicy) -> Team {
    Team {
        name: SessionName::slug("app"),
        project: "/project".into(),
        router: RouterMode::Matrix,
        env: [("SSH_AUTH_SOCK", "/agent"), ("PATH", "/bin")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        policy,
        ..fixture::team(1, "/project/.git")
    }
}

fn developer() -> AgentId {
    AgentId::new(1, 10)
}

fn broker(reach: Option<Reach>) -> Broker {
    Broker {
        team: TeamId::new(1, 1),
        since: BEGIN,
        until: None,
        path: "/registry/projects/app/broker.git".into(),
        remote: Some(BrokerRemote {
            name: "origin".to_owned(),
            url: "git@example.org:app.git".to_owned(),
            default_branch: None,
        }),
        settings: vec![("url./b.git.pushInsteadOf".to_owned(), "git@x".to_owned())],
        env: BTreeMap::new(),
        reach,
        untried: None,
    }
}

struct Stage {
    state: State,
    now: Timestamp,
    orders: Vec<Order>,
    kept: BTreeMap<String, LedgerRecord>,
    messages: Vec<Envelope>,
    journal: Vec<(String, serde_json::Value)>,
    timer: Option<Timestamp>,
    answer: Option<Response>,
    /// Who was answered, in order.
    heard: Vec<ConnId>,
}

impl Stage {
    fn new(policy: TeamPolicy) -> Self {
        Self::with(policy, vec![LedgerRecord::Broker(Box::new(broker(None)))])
    }

    /// A daemon begins with these records.
    fn with(policy: TeamPolicy, ledger: Vec<LedgerRecord>) -> Self {
        let team = team(policy);
        let agent = |name: &str, id: AgentId| Agent {
            state: AgentState::Idle,
            briefed: true,
            branch: Some(format!("trunk-{name}")),
            ..Agent::new(
                id,
                team.id,
                RoleName::parse(name).expect("a role"),
                "codex",
                BEGIN,
            )
        };
        let agents = vec![
            agent("orchestrator", AgentId::new(1, 9)),
            agent("developer", developer()),
        ];
        let kept = ledger.iter().map(|row| (row.key(), row.clone())).collect();
        let snapshot = Snapshot {
            agents,
            teams: vec![team],
            ledger,
            ..Snapshot::default()
        };
        let (state, effects) = State::new(settings(BEGIN), snapshot, BEGIN);
        let mut stage = Self {
            state,
            now: BEGIN,
            orders: Vec::new(),
            kept,
            messages: Vec::new(),
            journal: Vec::new(),
            timer: None,
            answer: None,
            heard: Vec::new(),
        };
        stage.take(effects);
        stage
    }

    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Broker(order) => self.orders.push(*order),
                Effect::Write(Write::PutLedger(row)) => drop(self.kept.insert(row.key(), *row)),
                Effect::Write(Write::PutMessage(row)) => self.messages.push(*row),
                Effect::Write(Write::Journal(row)) => self.journal.push((row.kind, row.data)),
                Effect::Timer {
                    key: TimerKey::Pushes(_),
                    at,
                } => self.timer = Some(at),
                Effect::CancelTimer(TimerKey::Pushes(_)) => self.timer = None,
                Effect::Reply { conn, response } => {
                    self.answer = Some(response);
                    self.heard.push(conn);
                }
                _ => {}
            }
        }
    }

    fn happen(&mut self, event: Event) {
        let effects = self.state.handle(self.now, event);
        self.take(effects);
    }

    fn outcome(&mut self, outcome: Outcome) {
        self.happen(Event::Broker(Box::new(outcome)));
    }

    /// The developer's push of a branch was looked at.
    fn pushed(&mut self, reference: &str, new: &str) {
        self.pushed_with(reference, new, &[]);
    }

    /// As [`Stage::pushed`], and these places looked like secrets.
    fn pushed_with(&mut self, reference: &str, new: &str, secrets: &[&str]) {
        self.pushed_from(reference, ("0a", new), secrets);
    }

    fn pushed_from(&mut self, reference: &str, (old, new): (&str, &str), secrets: &[&str]) {
        let line = PushLine {
            reference: reference.to_owned(),
            old: Some(old.to_owned()),
            new: Some(new.to_owned()),
        };
        let facts = PushFacts {
            refs: vec![(RefChange::Forward, 2, "the login".to_owned())],
            bytes: 5,
            secrets: secrets.iter().map(|one| (*one).to_owned()).collect(),
            unread: None,
        };
        self.outcome(Outcome::Looked {
            conn: CONN,
            agent: developer(),
            refs: vec![line],
            landed: false,
            result: Ok(facts),
        });
    }

    /// git has moved the branch.
    fn landed(&mut self, reference: &str, new: &str) {
        let found = self.push(reference, new);
        let push = found.id;
        self.outcome(Outcome::Landed {
            push,
            landed: Some(true),
        });
    }

    fn push(&self, reference: &str, new: &str) -> Push {
        let found = self.kept.values().find_map(|row| match row {
            LedgerRecord::Push(push) if push.reference == reference && push.new == new => {
                Some((**push).clone())
            }
            _ => None,
        });
        found.expect("a push")
    }

    /// The commits that are being forwarded, and those that are put back, since the last look.
    fn carried(&mut self) -> (Vec<String>, Vec<String>) {
        let (mut forward, mut back) = (Vec::new(), Vec::new());
        let new = |carried: Box<Carried>| carried.new;
        for order in std::mem::take(&mut self.orders) {
            match order {
                Order::Forward(carried) => forward.push(new(carried)),
                Order::PutBack(carried) => back.push(new(carried)),
                _ => {}
            }
        }
        (forward, back)
    }

    fn went(&mut self, reference: &str, new: &str, went: Went) {
        let push = self.push(reference, new).id;
        self.outcome(Outcome::Forwarded { push, went });
    }

    fn wait(&mut self) {
        self.now = self.timer.expect("a timer");
        let team = TeamId::new(1, 1);
        self.happen(Event::Timer(TimerKey::Pushes(team)));
    }

    fn told(&self, words: &str) -> usize {
        let says = |it: &&Envelope| it.body.contains(words);
        self.messages.iter().filter(says).count()
    }
}

fn supervised() -> TeamPolicy {
    let mut policy = TeamPolicy::default();
    policy.integration.approval = Approval::Person;
    policy
}

fn away() -> Went {
    Went::Away {
        said: "no route to host".to_owned(),
    }
}

#[test]
fn pushes_of_a_branch_go_on_in_their_order() {
    let mut stage = Stage::new(TeamPolicy::default());
    stage.pushed(BRANCH, "1a");
    assert!(matches!(stage.answer, Some(Response::Git(_))));
    assert_eq!(
        stage.carried().0.len(),
        0,
        "git has not moved the branch yet"
    );
    stage.now = stage.now.after(Duration::from_millis(5));
    stage.pushed(BRANCH, "2b");
    stage.landed(BRANCH, "2b");
    assert_eq!(stage.carried().0.len(), 0, "the first one is first");
    stage.landed(BRANCH, "1a");
    assert_eq!(stage.carried().0, ["1a"]);
    stage.went(BRANCH, "1a", Went::Done);
    assert_eq!(stage.carried().0, ["2b"]);
    stage.went(BRANCH, "2b", Went::Done);
    let done = stage.push(BRANCH, "2b").state;
    assert_eq!(done, PushState::Forwarded { at: stage.now });
    assert_eq!(stage.timer, None);
    assert_eq!(stage.messages.len(), 0, "nobody needs to hear of it");
}

#[test]
fn a_remote_that_is_away_is_tried_again_and_told_once() {
    let mut stage = Stage::new(TeamPolicy::default());
    stage.pushed(BRANCH, "1a");
    stage.landed(BRANCH, "1a");
    let mut pauses = Vec::new();
    for _ in 0..8 {
        assert_eq!(stage.carried().0, ["1a"]);
        let before = stage.now;
        stage.went(BRANCH, "1a", away());
        stage.wait();
        pauses.push(stage.now.since(before).as_secs());
    }
    assert_eq!(pauses, [5, 15, 60, 120, 300, 600, 600, 600]);
    assert_eq!(stage.told("no route to host"), 1);
    assert_eq!(stage.messages[0].recipient, Recipient::Human);
    // A day later it is given up, put back, and its agent told.
    stage.now = BEGIN.after(Duration::from_secs(25 * 60 * 60));
    stage.carried();
    stage.went(BRANCH, "1a", away());
    assert_eq!(stage.carried().1, ["1a"]);
    assert_eq!(stage.told("was not forwarded to origin"), 1);
    assert!(matches!(
        stage.push(BRANCH, "1a").state,
        PushState::Failed { .. }
    ));
}

#[test]
fn what_the_remote_refuses_is_put_back_and_its_agent_told() {
    let mut stage = Stage::new(TeamPolicy::default());
    stage.pushed(BRANCH, "1a");
    stage.landed(BRANCH, "1a");
    let said = "no tabs".to_owned();
    let behind = false;
    stage.went(BRANCH, "1a", Went::Refused { said, behind });
    let (_, back) = stage.carried();
    assert_eq!(back, ["1a"]);
    let push = stage.push(BRANCH, "1a");
    assert!(push.undo && LedgerRecord::Push(Box::new(push.clone())).is_open());
    assert_eq!(stage.told("was not forwarded to origin: no tabs"), 1);
    assert_eq!(stage.messages[0].recipient.agent(), Some(developer()));
    stage.outcome(Outcome::PutBack {
        push: push.id,
        error: None,
    });
    assert!(!stage.push(BRANCH, "1a").undo);
    // A daemon that begins in between puts it back, too.
    let ledger = vec![
        LedgerRecord::Broker(Box::new(broker(None))),
        LedgerRecord::Push(Box::new(push)),
    ];
    let mut next = Stage::with(TeamPolicy::default(), ledger);
    next.wait();
    assert_eq!(next.carried(), (vec![], vec!["1a".to_owned()]));
    assert_eq!(next.messages.len(), 0, "it was told before");
}

#[test]
fn a_person_is_asked_where_the_policy_says_so() {
    let mut stage = Stage::new(supervised());
    for (name, new) in [(BRANCH, "1a"), ("refs/heads/feature/b", "2b")] {
        stage.pushed(name, new);
        stage.landed(name, new);
    }
    assert_eq!(stage.carried().0.len(), 0);
    let pending = stage.state.pending(None);
    assert_eq!(pending.len(), 2);
    assert_eq!(pending[0].channel, AnswerChannel::Torch);
    let tag = |stage: &Stage, name, new| stage.push(name, new).id.tag();
    let answer = |stage: &mut Stage, id: &str, approve| {
        let mut turn = Turn {
            now: stage.now,
            cause: "test".to_owned(),
            effects: Vec::new(),
        };
        stage.state.answer_question(&mut turn, CONN, (id, approve));
        stage.take(turn.effects);
    };
    let yes = tag(&stage, BRANCH, "1a");
    answer(&mut stage, &yes, true);
    assert_eq!(stage.carried().0, ["1a"]);
    let no = tag(&stage, "refs/heads/feature/b", "2b");
    answer(&mut stage, &no, false);
    assert_eq!(stage.carried().1, ["2b"]);
    assert_eq!(stage.told("a person denied it"), 1);
    answer(&mut stage, &no, true);
    assert!(matches!(stage.answer, Some(Response::Failed(_))));
    assert_eq!(stage.state.pending(None).len(), 0);
}

#[test]
fn a_daemon_that_begins_goes_on_with_what_was_accepted() {
    let mut stage = Stage::new(TeamPolicy::default());
    stage.pushed(BRANCH, "1a");
    stage.pushed("refs/heads/feature/lost", "2b");
    stage.landed(BRANCH, "1a");
    stage.carried();
    let ledger: Vec<LedgerRecord> = stage.kept.into_values().collect();
    let ledger = [vec![LedgerRecord::Broker(Box::new(broker(None)))], ledger].concat();
    let mut next = Stage::with(TeamPolicy::default(), ledger);
    next.wait();
    assert_eq!(
        next.carried().0,
        ["1a"],
        "forwarded again, which is no push where the remote has it"
    );
    next.went(BRANCH, "1a", Went::Done);
    // What git never moved is found so by looking.
    next.wait();
    let looked = std::mem::take(&mut next.orders);
    let [Order::Land { push, .. }] = looked.as_slice() else {
        panic!("{looked:?}");
    };
    let push = *push;
    next.outcome(Outcome::Landed {
        push,
        landed: Some(false),
    });
    assert_eq!(next.timer, None);
    assert_eq!(next.messages.len(), 0);
}

#[test]
fn agents_are_told_where_pushes_go_and_get_no_keys() {
    let stage = Stage::new(TeamPolicy::default());
    let mut env = stage.state.teams[&TeamId::new(1, 1)].env.clone();
    stage.state.git_environment(developer(), &mut env);
    let told = &env["GIT_CONFIG_PARAMETERS"];
    assert!(
        told.ends_with(" 'url./b.git.pushInsteadOf'='git@x'"),
        "{told}"
    );
    assert!(!env.contains_key("SSH_AUTH_SOCK") && env.contains_key("PATH"));
    assert!(stage.state.is_withheld(developer(), "GH_TOKEN"));
    assert!(!stage.state.is_withheld(developer(), "OPENAI_API_KEY"));
    // Without a broker there are the hooks alone.
    let stage = Stage::with(TeamPolicy::default(), Vec::new());
    let team = stage.state.teams[&TeamId::new(1, 1)].env.clone();
    let mut env = team.clone();
    stage.state.git_environment(developer(), &mut env);
    let told = env.remove("GIT_CONFIG_PARAMETERS").expect("hooks");
    assert!(
        told.starts_with("'core.hooksPath'=") && !told.contains("pushInsteadOf"),
        "{told}"
    );
    assert_eq!(env, team);
}

#[test]
fn the_level_is_what_was_seen() {
    let reach = |torch, agents| Reach {
        at: BEGIN,
        torch,
        agents,
        said: None,
    };
    let level = |reach, change: &dyn Fn(&mut Agent)| {
        let ledger = vec![LedgerRecord::Broker(Box::new(broker(reach)))];
        let mut stage = Stage::with(TeamPolicy::default(), ledger);
        for run in stage.state.agents.values_mut() {
            change(&mut run.agent);
        }
        stage.state.push_level(TeamId::new(1, 1)).0
    };
    let launched = |agent: &mut Agent| agent.observed.launched = Some(BEGIN);
    let shut_in = |agent: &mut Agent| {
        agent.observed.launched = Some(BEGIN);
        agent.observed.doors.insert(Door::Mcp, BEGIN);
    };
    let spoke = |agent: &mut Agent| {
        shut_in(agent);
        agent.observed.doors.insert(Door::Shell, BEGIN);
    };
    let advice = PushLevel::Advice;
    assert_eq!(level(None, &shut_in), advice, "nothing was tried");
    assert_eq!(level(Some(reach(true, true)), &shut_in), advice);
    assert_eq!(level(Some(reach(false, false)), &shut_in), advice);
    let good = || Some(reach(true, false));
    assert_eq!(level(good(), &|_| {}), advice, "launched before");
    assert_eq!(level(good(), &launched), PushLevel::Withheld);
    assert_eq!(level(good(), &spoke), PushLevel::Withheld);
    assert_eq!(level(good(), &shut_in), PushLevel::Prevented);
    // Without a sandbox nothing is prevented.
    let other = |agent: &mut Agent| {
        shut_in(agent);
        "claude".clone_into(&mut agent.program);
    };
    assert_eq!(level(good(), &other), PushLevel::Withheld);
}

#[test]
fn only_a_person_switches_it() {
    let stage = Stage::new(TeamPolicy::default());
    let request = Request::Git(torch_api::git::GitRequest::Broker(BrokerRequest::Off {
        team: TeamSelector {
            name: None,
            cwd: "/project".into(),
        },
    }));
    let agent = torch_core::Sender::Agent {
        agent: developer(),
        team: TeamId::new(1, 1),
        role: RoleName::parse("developer").expect("a role"),
    };
    let mut stage = stage;
    for (sender, off) in [(agent, false), (torch_core::Sender::Human, true)] {
        let mut turn = Turn {
            now: stage.now,
            cause: "test".to_owned(),
            effects: Vec::new(),
        };
        let caller = (sender, "test");
        stage
            .state
            .take_request(&mut turn, CONN, caller, request.clone(), None);
        stage.take(turn.effects);
        assert_eq!(!stage.state.has_broker(TeamId::new(1, 1)), off);
    }
}

#[test]
fn words_that_are_no_lines_of_git_reach_no_command() {
    let mut stage = Stage::new(TeamPolicy::default());
    let id = "0123456789".repeat(4);
    let line = |reference: &str, new: &str| PushLine {
        reference: reference.to_owned(),
        old: None,
        new: Some(new.to_owned()),
    };
    let agent = torch_core::Sender::Agent {
        agent: developer(),
        team: TeamId::new(1, 1),
        role: RoleName::parse("developer").expect("a role"),
    };
    for (refs, taken) in [
        (line(BRANCH, &id), true),
        (line(BRANCH, "--output=/tmp/x"), false),
        (line(BRANCH, "1a"), false),
        (line("--all", &id), false),
        (line("refs/heads/a:refs/heads/trunk", &id), false),
        (line("refs/heads/a/../trunk", &id), false),
    ] {
        let mut turn = Turn {
            now: stage.now,
            cause: "test".to_owned(),
            effects: Vec::new(),
        };
        let path = broker(None).path;
        let shown = format!("{refs:?}");
        let told = (path, None, vec![refs]);
        stage.state.on_received(&mut turn, CONN, &agent, told);
        stage.take(turn.effects);
        assert_eq!(
            !std::mem::take(&mut stage.orders).is_empty(),
            taken,
            "{shown}"
        );
    }
    // A person is not an agent of the team.
    let mut turn = Turn {
        now: stage.now,
        cause: "test".to_owned(),
        effects: Vec::new(),
    };
    let told = (broker(None).path, None, vec![line(BRANCH, &id)]);
    let human = torch_core::Sender::Human;
    stage.state.on_received(&mut turn, CONN, &human, told);
    stage.take(turn.effects);
    assert!(stage.orders.is_empty());
}

#[test]
fn a_push_whose_answer_was_lost_is_kept_once() {
    let mut stage = Stage::new(supervised());
    stage.pushed(BRANCH, "1a");
    stage.pushed(BRANCH, "1a");
    assert_eq!(stage.state.pending(None).len(), 1);
}
