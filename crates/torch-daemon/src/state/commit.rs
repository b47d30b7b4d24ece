//! Commits on an agent's behalf: whose worktree, whether the caller may, and what is noted of it.

use serde_json::json;
use torch_api::commit::COMMIT_MESSAGE_MAX;
use torch_api::wire::TeamSelector;
use torch_api::{CommitRequest, CommitView, Failure, Response};
use torch_core::observed::Door;
use torch_core::plan::WorktreeObserved;
use torch_core::{AgentId, RoleName, Sender};
use torch_router::clean::clean;
use torch_router::commit::judge;

use super::worktrees::order_worktrees;
use super::{State, Turn};
use crate::event::ConnId;
use crate::failure::{other, refused, usage};
use crate::worktrees::Order;

/// What an agent says instead where a person commits.
const READY: &str = "ready for review: which files, and how they were checked";
/// How a commit is asked for.
const EXAMPLE: &str = "torch commit -m \"what changed, and why\"";

impl State {
    /// Has what was changed in a worktree committed.
    pub(crate) fn commit(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        sender: &Sender,
        request: CommitRequest,
    ) {
        match self.commit_order(t, sender, request) {
            Ok(order) => {
                if matches!(sender, Sender::Agent { .. }) {
                    self.own_commits.insert(conn);
                }
                order_worktrees(t, conn, order);
            }
            Err(failure) => t.fail(conn, *failure),
        }
    }

    fn commit_order(
        &self,
        t: &mut Turn,
        sender: &Sender,
        request: CommitRequest,
    ) -> Result<Order, Box<Failure>> {
        let message = checked(&request.message)?;
        let agent = self.committed_for(sender, &request)?;
        let role = self.role_of(agent);
        let role = role.as_ref().map_or("?", |role| role.as_str());
        let error = format!("nothing was committed in the worktree of {role}");
        let run = self.agents.get(&agent);
        let team = run.and_then(|run| self.teams.get(&run.agent.team));
        let commits = team.map_or_else(Default::default, |team| team.policy.git.agent_commits);
        if let Err((rule, words)) = judge(sender, agent, commits) {
            let data = json!({"caller": sender.label(), "rule": rule});
            t.journal("commit.refused", agent, data);
            let cause = format!("rule {rule}: {words}");
            let to = match role {
                // The others tell it.
                RoleName::HUB => "human",
                _ => self.above_caller(sender),
            };
            let hint = match rule {
                "commit.own-only" => Some(EXAMPLE.to_owned()),
                "commit.forbidden" => Some(format!("scm {to} \"{READY}\"")),
                _ => None,
            };
            return Err(Box::new(refused(&error, &cause, hint.as_deref())));
        }
        let stands = run.is_some_and(|run| run.worktree == WorktreeObserved::Present);
        let Some(worktree) = self.registered(agent).filter(|_| stands) else {
            let cause = "its worktree is not there, or is being made or removed";
            let hint = "torch worktree list";
            return Err(Box::new(other(&error, cause, Some(hint))));
        };
        Ok(Order::Commit {
            worktree: Box::new(worktree),
            message,
            paths: request.paths,
            env: team.map(|team| team.env.clone()).unwrap_or_default(),
            secrets: team.map_or_else(Default::default, |team| team.policy.git.secret_check),
            cause: t.cause.clone(),
        })
    }

    /// Whose worktree is meant: the named role's, the calling agent's, or the one that holds the working directory.
    fn committed_for(
        &self,
        sender: &Sender,
        request: &CommitRequest,
    ) -> Result<AgentId, Box<Failure>> {
        match (sender, &request.role) {
            (Sender::Agent { agent, .. }, None) => Ok(*agent),
            (Sender::Agent { team, .. }, Some(role)) => {
                let own = self.teams.get(team).map(|team| team.name.to_string());
                let selector = TeamSelector {
                    name: own,
                    cwd: request.team.cwd.clone(),
                };
                self.find_agent(&selector, role)
            }
            (_, Some(role)) => self.find_agent(&request.team, role),
            (_, None) => {
                let cwd = &request.team.cwd;
                let mut runs = self.agents.values();
                let here = runs.find(|run| cwd.starts_with(&run.agent.worktree));
                here.map(|run| run.agent.id).ok_or_else(|| {
                    let cause = format!("{} lies in no agent's worktree", cwd.display());
                    let hint = "torch commit --role developer -m \"what changed, and why\"";
                    let error = "it was not said in whose worktree to commit";
                    Box::new(usage(error, &cause, Some(hint)))
                })
            }
        }
    }

    /// A commit was made, or not.
    pub(crate) fn on_committed(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        agent: AgentId,
        result: Result<Box<CommitView>, Failure>,
    ) {
        let own = self.own_commits.remove(&conn);
        match result {
            Ok(view) => {
                let data = json!({
                    "id": view.id, "subject": view.subject, "branch": view.branch, "files": view.files,
                    "insertions": view.insertions, "deletions": view.deletions,
                });
                // It may be one whose first answer a crash has swallowed.
                let kind = match view.already {
                    true => "commit.repeated",
                    false => "commit.made",
                };
                t.journal(kind, agent, data);
                if own {
                    self.note_door(t, agent, Door::Commit);
                } else {
                    self.note_commit_of_person(&view.id);
                }
                t.reply(conn, Response::Committed(view));
            }
            Err(failure) => {
                let causes = failure.causes.join(": ");
                t.journal("commit.failed", agent, json!({"error": causes}));
                t.fail(conn, failure);
            }
        }
    }
}

/// The message as it may be shown to anybody: what a terminal would act on is taken out.
fn checked(message: &str) -> Result<String, Box<Failure>> {
    if message.len() > COMMIT_MESSAGE_MAX {
        let cause = format!(
            "it has {} bytes, more than {COMMIT_MESSAGE_MAX}",
            message.len()
        );
        let error = "the commit's message is too long";
        return Err(Box::new(usage(error, &cause, Some(EXAMPLE))));
    }
    let text = clean(message.as_bytes()).text;
    if text.trim().is_empty() {
        let cause = "a commit says what changed, and why";
        return Err(Box::new(usage(
            "the commit has no message",
            cause,
            Some(EXAMPLE),
        )));
    }
    Ok(text)
}
