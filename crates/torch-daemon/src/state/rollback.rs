//! Taking work back: who may, what is kept before it is done, and who is told of it.

use std::collections::BTreeMap;

use serde_json::json;
use torch_api::rollback::{RollbackOrder, RollbackRequest, RollbackResponse, RollbackView};
use torch_api::wire::TeamSelector;
use torch_api::{Failure, Response};
use torch_core::git_activity::RefMove;
use torch_core::rollback::{Check, Rollback, RollbackKind, RollbackState, Verdict};
use torch_core::{
    AgentId, LedgerRecord, MessageKind, Recipient, RollbackId, Sender, TeamId, Timestamp, Write,
};
use torch_router::rollback::{Act, judge};

use self::words::{done_in_words, not_allowed, to_all, to_hub, typed_right, under_way};
use super::send::Draft;
use super::worktrees::order_worktrees;
use super::{State, Turn};
use crate::event::{ConnId, Effect};
use crate::failure::{other, usage};
use crate::rollback::{Carried, Done, Job, Wanted};
use crate::worktrees::Order;

/// Nobody's connection: what is gone on with after a restart is told by messages.
const NOBODY: ConnId = ConnId(0);

/// What is being taken back.
#[derive(Debug, Default)]
pub(crate) struct Rollbacks {
    /// Records that are being carried out, and who waits for each.
    open: BTreeMap<RollbackId, (Rollback, ConnId)>,
    /// The last one of each team that was carried out by this daemon: what it moved is read a moment later.
    pub(super) last: BTreeMap<TeamId, Rollback>,
}

impl State {
    /// Takes a request about work that is to be taken back.
    pub(crate) fn rollback(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        sender: &Sender,
        request: RollbackRequest,
    ) {
        let wanted = match self.wanted_rollback(t, sender, request) {
            Ok(wanted) => wanted,
            Err(failure) => return t.fail(conn, *failure),
        };
        let acts = !matches!(
            wanted.order,
            RollbackOrder::Plan | RollbackOrder::List | RollbackOrder::Verify { .. }
        );
        if acts && self.takes_back(wanted.team) {
            return t.fail(conn, under_way(&wanted.name));
        }
        let job = Job::Prepare(Box::new(wanted));
        order_worktrees(t, conn, Order::Rollback(Box::new(job)));
    }

    /// Whether something of a team is being taken back.
    fn takes_back(&self, team: TeamId) -> bool {
        let open = &self.rollbacks.open;
        open.values().any(|(rollback, _)| rollback.team == team)
    }

    fn wanted_rollback(
        &mut self,
        t: &mut Turn,
        sender: &Sender,
        request: RollbackRequest,
    ) -> Result<Wanted, Box<Failure>> {
        let selector = match sender {
            Sender::Agent { team, .. } => TeamSelector {
                name: self.name_of(*team),
                cwd: request.team.cwd.clone(),
            },
            _ => request.team.clone(),
        };
        let found = self.select_team(&selector)?;
        let team = found.clone();
        let (worktree, whose) = match &request.order {
            RollbackOrder::Files { role, .. } => {
                self.restored_in(sender, (&selector, role.as_deref()), &team.project)?
            }
            _ => (None, None),
        };
        let act = match &request.order {
            RollbackOrder::Plan | RollbackOrder::List => Act::Read,
            RollbackOrder::Files { .. } => Act::Files(whose),
            RollbackOrder::Revert { .. } | RollbackOrder::Branch { .. } => Act::Parent,
            RollbackOrder::Emergency { force: None } => Act::Parent,
            RollbackOrder::Emergency { force: Some(_) } => Act::Force,
            RollbackOrder::Verify { .. } => Act::Verify,
        };
        let parent = team.base_branch.clone();
        if let Err((rule, words)) = judge(sender, act, &team.policy) {
            let data = json!({"caller": sender.label(), "rule": rule});
            t.journal("rollback.refused", team.id, data);
            return Err(Box::new(not_allowed(&request.order, (rule, words))));
        }
        if !matches!(request.order, RollbackOrder::List) {
            super::detached::has_branch(&team)?;
        }
        typed_right(&request.order, &parent)?;
        Ok(Wanted {
            id: RollbackId::new(t.now.0, self.random.u128(..)),
            team: team.id,
            name: team.name.to_string(),
            project: team.project,
            parent,
            by: sender.label().to_owned(),
            at: t.now,
            branches: self.rollback_branches(t.now),
            bad: request.bad,
            worktree,
            integrations: Vec::new(),
            records: Vec::new(),
            last: None,
            checks: self.rollback_checks(&request.order),
            minutes: self.settings.config.rollback.minutes,
            order: request.order,
        })
    }

    /// What each check runs: as configured, and the tests as they were named, or as the integration runs them.
    fn rollback_checks(&self, order: &RollbackOrder) -> Vec<(String, String)> {
        let config = &self.settings.config.rollback;
        let integration = &self.settings.config.integration;
        let test = match order {
            RollbackOrder::Verify { test: Some(test) } => test,
            _ if integration.run_tests => integration.test_command().unwrap_or_default(),
            _ => "",
        };
        let checks = [
            ("tests", test),
            ("data", &config.data),
            ("performance", &config.performance),
            ("security", &config.security),
            ("integrations", &config.integrations),
        ];
        checks
            .map(|(name, command)| (name.to_owned(), command.to_owned()))
            .into()
    }

    /// What a branch of now is called: of a rollback, and of an emergency.
    fn rollback_branches(&self, now: Timestamp) -> [String; 2] {
        let zone = self.settings.zone.clone();
        let instant = i64::try_from(now.0)
            .ok()
            .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
        let written = |format: &str| {
            let text = instant.map(|at| at.to_zoned(zone.clone()).strftime(format).to_string());
            text.unwrap_or_else(|| now.0.to_string())
        };
        [
            format!("rollback/{}", written("%Y%m%d_%H%M%S")),
            format!("rollback/emergency-{}", written("%Y%m%d-%H%M")),
        ]
    }

    /// In which worktree files are restored, and whose it is: the named role's, the calling agent's, or the one that holds the
    /// working directory, which may be the project's own.
    fn restored_in(
        &self,
        sender: &Sender,
        (selector, role): (&TeamSelector, Option<&str>),
        project: &std::path::Path,
    ) -> Result<(Option<std::path::PathBuf>, Option<AgentId>), Box<Failure>> {
        let of = |agent: AgentId| {
            let run = self.agents.get(&agent);
            (run.map(|run| run.agent.worktree.clone()), Some(agent))
        };
        match (role, sender) {
            (Some(role), _) => Ok(of(self.find_agent(selector, role)?)),
            (None, Sender::Agent { agent, .. }) => Ok(of(*agent)),
            (None, _) => {
                let cwd = &selector.cwd;
                let mut runs = self.agents.values();
                let here = runs.find(|run| cwd.starts_with(&run.agent.worktree));
                match here {
                    Some(run) => Ok(of(run.agent.id)),
                    None if cwd.starts_with(project) => Ok((Some(project.to_owned()), None)),
                    None => {
                        let cause = format!(
                            "{} lies neither in the project nor in an agent's worktree",
                            cwd.display()
                        );
                        let error = "it was not said in whose worktree to restore files";
                        let hint = "torch rollback files --help";
                        Err(Box::new(usage(error, &cause, Some(hint))))
                    }
                }
            }
        }
    }

    /// What came of a job.
    pub(crate) fn on_rollback(&mut self, t: &mut Turn, done: Done) {
        match done {
            Done::Prepared {
                conn,
                wanted,
                result,
            } => {
                t.cause = format!("rollback {} by {}", wanted.order.as_str(), wanted.by);
                match result {
                    // Another one was quicker.
                    Ok(_) if self.takes_back(wanted.team) => {
                        t.fail(conn, under_way(&wanted.name));
                    }
                    Ok(rollback) => self.begin_rollback(t, conn, *rollback),
                    Err(failure) => t.fail(conn, *failure),
                }
            }
            Done::Carried { id, result } => self.end_rollback(t, id, result),
            Done::Checked {
                conn,
                wanted,
                result,
            } => match result {
                Ok(checks) => self.note_checks(t, conn, *wanted, checks),
                Err(failure) => t.fail(conn, *failure),
            },
        }
    }

    /// It is kept what will be done, and then done.
    fn begin_rollback(&mut self, t: &mut Turn, conn: ConnId, rollback: Rollback) {
        let Some(team) = self.teams.get(&rollback.team) else {
            let error = "nothing was taken back";
            return t.fail(conn, other(error, "the team is gone", Some("torch status")));
        };
        let order = carry_out(&rollback, team);
        let data = json!({
            "id": rollback.id.tag(), "what": rollback.what.as_str(), "by": rollback.by,
            "good": rollback.good.as_ref().map(|good| &good.commit),
            "moves": rollback.moves, "branch": rollback.new_branch, "commits": rollback.taken.len(),
        });
        t.write(record(&rollback));
        t.journal("rollback.began", rollback.team, data);
        order_worktrees(t, conn, order);
        self.rollbacks.open.insert(rollback.id, (rollback, conn));
    }

    /// Whether a rollback put a branch where it stands now, or a remote's.
    pub(super) fn is_a_rollbacks(&self, team: TeamId, moved: &RefMove) -> bool {
        let open = self.rollbacks.open.values().map(|(rollback, _)| rollback);
        let last = self.rollbacks.last.get(&team);
        let mut rows = open.filter(|row| row.team == team).chain(last);
        rows.any(|row| put_there(row, moved))
    }

    fn end_rollback(
        &mut self,
        t: &mut Turn,
        id: RollbackId,
        result: Result<Box<Carried>, Box<Failure>>,
    ) {
        let Some((mut rollback, conn)) = self.rollbacks.open.remove(&id) else {
            return;
        };
        t.cause = format!("rollback {} by {}", rollback.what.as_str(), rollback.by);
        let at = t.now;
        match result {
            Ok(carried) => {
                rollback.state = RollbackState::Done {
                    at,
                    not_pushed: carried.not_pushed.clone(),
                };
                let took = rollback.took_millis().unwrap_or_default();
                t.write(record(&rollback));
                let data = json!({
                    "id": id.tag(), "took_millis": took, "not_pushed": carried.not_pushed,
                });
                t.journal("rollback.done", rollback.team, data);
                self.rollbacks.last.insert(rollback.team, rollback.clone());
                let told = self.tell_rollback(t, &rollback, conn);
                self.reply_rollback(t, conn, (rollback, *carried), told);
            }
            Err(failure) => {
                let why = failure.causes.join(": ");
                let data = json!({"id": id.tag(), "error": why});
                t.journal("rollback.failed", rollback.team, data);
                rollback.state = RollbackState::Failed { at, why };
                t.write(record(&rollback));
                if conn == NOBODY {
                    self.tell_person_of(t, &rollback);
                }
                t.fail(conn, *failure);
            }
        }
    }

    fn reply_rollback(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        (rollback, carried): (Rollback, Carried),
        told: usize,
    ) {
        let team = self.teams.get(&rollback.team);
        let view = RollbackView {
            team: team.map(|team| team.name.to_string()).unwrap_or_default(),
            parent: team
                .map(|team| team.base_branch.clone())
                .unwrap_or_default(),
            took_millis: rollback.took_millis().unwrap_or_default(),
            files: carried.files,
            diff: carried.diff,
            diff_cut: carried.diff_cut,
            verdict: (!rollback.checks.is_empty()).then(|| Verdict::of(&rollback.checks)),
            undo: carried.undo,
            told,
            rollback,
        };
        let done = RollbackResponse::Done(Box::new(view));
        t.reply(conn, Response::Rollback(Box::new(done)));
    }

    fn note_checks(&mut self, t: &mut Turn, conn: ConnId, wanted: Wanted, checks: Vec<Check>) {
        t.cause = format!("rollback verify by {}", wanted.by);
        let verdict = Verdict::of(&checks);
        let rollback = Rollback {
            checks,
            state: RollbackState::Done {
                at: t.now,
                not_pushed: None,
            },
            ..wanted.record(RollbackKind::Verify)
        };
        if self.teams.contains_key(&rollback.team) {
            t.write(record(&rollback));
        }
        let data = json!({"id": rollback.id.tag(), "verdict": verdict, "checks": rollback.checks});
        t.journal("rollback.verified", rollback.team, data);
        self.reply_rollback(t, conn, (rollback, Carried::default()), 0);
    }

    /// Tells who has to know: of an emergency all agents, of reverted commits the hub; and a person who is not there to see
    /// it. How many agents are told.
    fn tell_rollback(&mut self, t: &mut Turn, rollback: &Rollback, conn: ConnId) -> usize {
        let by_person = matches!(rollback.by.as_str(), "human" | "script");
        if conn == NOBODY || !by_person {
            self.tell_person_of(t, rollback);
        }
        let Some(team) = self.teams.get(&rollback.team) else {
            return 0;
        };
        let (team, parent) = (team.id, team.base_branch.clone());
        let text = match rollback.what {
            RollbackKind::Emergency => to_all(rollback, &parent),
            RollbackKind::Revert => to_hub(rollback, &parent),
            RollbackKind::Files | RollbackKind::Branch | RollbackKind::Verify => return 0,
        };
        let mut agents = self.team_agents(team);
        agents.retain(|agent| {
            let run = self.agents.get(agent);
            let all = rollback.what == RollbackKind::Emergency;
            run.is_some_and(|run| {
                let knows = run.agent.role.as_str() == rollback.by;
                run.agent.state.is_live()
                    && if all {
                        true
                    } else {
                        run.agent.role.is_hub() && !knows
                    }
            })
        });
        for agent in &agents {
            let Some(role) = self.role_of(*agent) else {
                continue;
            };
            let recipient = Recipient::Agent {
                agent: *agent,
                role,
            };
            let draft = Draft::from_torch(team, MessageKind::Notice, recipient, text.clone());
            self.post(t, draft);
        }
        agents.len()
    }

    fn tell_person_of(&mut self, t: &mut Turn, rollback: &Rollback) {
        let Some(team) = self.teams.get(&rollback.team) else {
            return;
        };
        let parent = team.base_branch.clone();
        let what = format!(
            "torch rollback {} ({})",
            rollback.what.as_str(),
            rollback.id.tag()
        );
        let text = match &rollback.state {
            RollbackState::Failed { why, .. } => {
                format!(
                    "{what} by {} was not done: {why}. Branches stand as before.",
                    rollback.by
                )
            }
            _ => format!(
                "{what} by {} is done. {}",
                rollback.by,
                done_in_words(rollback, &parent)
            ),
        };
        let draft = Draft::from_torch(rollback.team, MessageKind::Notice, Recipient::Human, text);
        self.post(t, draft);
    }

    /// Goes on with what was being done when the daemon ended.
    pub(super) fn recover_rollbacks(
        &mut self,
        records: &[LedgerRecord],
        effects: &mut Vec<Effect>,
    ) {
        for record in records {
            let LedgerRecord::Rollback(rollback) = record else {
                continue;
            };
            let Some(team) = self
                .teams
                .get(&rollback.team)
                .filter(|_| rollback.is_open())
            else {
                continue;
            };
            let order = Box::new(carry_out(rollback, team));
            effects.push(Effect::Worktrees {
                conn: NOBODY,
                order,
            });
            let open = (rollback.as_ref().clone(), NOBODY);
            self.rollbacks.open.insert(rollback.id, open);
        }
    }
}

fn record(rollback: &Rollback) -> Write {
    Write::PutLedger(Box::new(LedgerRecord::Rollback(Box::new(rollback.clone()))))
}

fn carry_out(rollback: &Rollback, team: &torch_core::Team) -> Order {
    Order::Rollback(Box::new(Job::CarryOut {
        rollback: Box::new(rollback.clone()),
        project: team.project.clone(),
        parent: team.base_branch.clone(),
    }))
}

mod words;

/// Whether a rollback moves a branch, or a remote's, from there to there.
fn put_there(row: &Rollback, moved: &RefMove) -> bool {
    let (Some(to), Some(old), Some(new)) = (&row.moves, &moved.old, &moved.new) else {
        return false;
    };
    let pushed = row.push.as_ref();
    let is_it = match (moved.branch(), moved.remote_branch()) {
        (Some(branch), _) => {
            to.branch.as_deref() == Some(branch) && (*old == to.from || *old == to.to)
        }
        (None, Some((remote, branch))) => pushed.is_some_and(|push| {
            push.remote == remote && push.branch == branch && push.expected == *old
        }),
        (None, None) => false,
    };
    is_it && (*new == to.to || to.hard.as_ref() == Some(new))
}
