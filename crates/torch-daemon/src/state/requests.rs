//! Requests: who may make them, and who answers.

use serde_json::json;
use torch_api::git::GitRequest;
use torch_api::wire::TeamSelector;
use torch_api::{Failure, Request, Response};
use torch_core::identity::Ancestry;
use torch_core::{DeliveryState, MessageId, MessageKind, Recipient, Sender, TeamId};
use torch_router::policy::{Privilege, permits};

use super::answering::hint_for_scripts;
use super::send::{Draft, done};
use super::{State, Turn, WatchKind};
use crate::event::{ConnId, Effect, Known, Query};
use crate::failure::{other, refused, usage};

/// Who calls, and the rule that says so.
pub type Caller = (Sender, &'static str);

/// The evidence of an acknowledgement.
const ACKED: &str = "its recipient said so (torch ack)";

mod caller;
mod lookup;
mod privilege;
mod reads;
#[cfg(test)]
mod tests;

use lookup::query;
use privilege::privilege;

impl State {
    pub(crate) fn on_request(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        peer: &Ancestry,
        request: Request,
        known: Option<Known>,
    ) {
        let caller = self.caller(peer);
        t.cause = format!("request {} by {}", request.name(), caller.0.label());
        match &request {
            Request::Ping | Request::Shutdown => {}
            Request::ThroughMcp { listed_by } => {
                return self.on_through_mcp(t, conn, &caller.0, listed_by.as_deref());
            }
            _ => self.note_request(t, conn, &caller.0),
        }
        self.take_request(t, conn, caller, request, known);
    }

    /// A request of a known caller, by whatever door.
    pub(crate) fn take_request(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        caller: Caller,
        request: Request,
        known: Option<Known>,
    ) {
        let needed = match privilege(&request) {
            Privilege::Approval if self.settings.config.identity.scripts => Privilege::Person,
            needed => needed,
        };
        if let Err(rule) = permits(&caller.0, needed) {
            let error = format!("`{}` was refused for {}", request.name(), caller.0.label());
            let cause = format!(
                "rule {rule}; the caller is {} by rule {}",
                caller.0.label(),
                caller.1
            );
            t.journal(
                "request.refused",
                request.name(),
                json!({"caller": caller.0.label(), "rule": rule}),
            );
            // An agent asks whoever is above it for what it may not do.
            let hint = match caller.0 {
                Sender::Agent { .. } => Some(self.ask_above(&caller.0)),
                _ => hint_for_scripts(&request),
            };
            return t.fail(conn, refused(&error, &cause, hint.as_deref()));
        }
        if let Some(failure) = self.refuse_silent(&request) {
            return t.fail(conn, failure);
        }
        let request = match self.narrowed(&caller.0, request) {
            Ok(request) => request,
            Err(failure) => return t.fail(conn, *failure),
        };
        match request {
            Request::Ping => t.reply(conn, Response::Daemon(self.daemon_view())),
            Request::Shutdown => {
                t.reply(conn, done("the daemon ends; agents go on"));
                self.integrations_end(t);
                t.push(Effect::Shutdown);
            }
            Request::Auto(request) => self.auto(t, conn, *request),
            Request::Cancel => self.cancel(t, conn),
            Request::Follow { team } => self.follow(t, conn, &team),
            Request::Send(request) => self.send(t, conn, caller, *request, known),
            Request::Complete { text } => self.complete(t, conn, caller, &text),
            Request::Ack { id } => self.ack(t, conn, &caller.0, &id),
            Request::Status { team } => self.status(t, conn, team.as_deref()),
            Request::Stop { team } => self.stop(t, conn, &team),
            Request::Attach { team, role, tmux } => {
                self.attach(t, conn, &team, role.as_deref(), tmux)
            }
            Request::Shell { team, role, tmux } => self.shell(t, conn, &team, &role, tmux),
            Request::Logs {
                team,
                target,
                lines,
            } => self.logs(t, conn, &team, &target, lines),
            Request::AwaitTurn { id, wait_millis } => {
                self.await_turn(t, conn, (&caller.0).into(), (&id, wait_millis));
            }
            Request::Retry { id } => self.retry(t, conn, &id),
            Request::CancelMessage { id } => self.cancel_message(t, conn, &id),
            Request::Schedule(request) => self.schedule(t, conn, caller, *request),
            Request::Schedules { team } => self.list_schedules(t, conn, &caller.0, team.as_deref()),
            Request::CancelSchedule { id } => self.cancel_schedule(t, conn, &caller.0, &id),
            Request::Why { team, role } => self.why(t, conn, &team, &role),
            Request::Credit { team } => self.credit(t, conn, team.as_deref()),
            other => self.on_other_request(t, conn, &caller, other),
        }
    }

    /// Requests about a team's agents and worktrees, and what the store answers.
    fn on_other_request(&mut self, t: &mut Turn, conn: ConnId, by: &Caller, request: Request) {
        let caller = &by.0;
        match request {
            Request::Resume(request) => self.resume(t, conn, &request),
            Request::Agent(request) => self.agent_request(t, conn, caller, *request),
            Request::Commit(request) => self.commit(t, conn, caller, *request),
            Request::Rollback(request) => self.rollback(t, conn, caller, *request),
            Request::Tasks(request) => self.tasks(t, conn, caller, *request),
            Request::Standup { team, wait_millis } => {
                self.standup(t, conn, caller, team, wait_millis);
            }
            Request::AnswerStandup { text } => self.answer_standup(t, conn, caller, &text),
            Request::Window(request) => self.open_window_for(t, conn, *request),
            Request::Pause { team, role, paused } => {
                self.pause(t, conn, &team, role.as_deref(), paused);
            }
            Request::Wake { team, role } => self.wake_now(t, conn, &team, role.as_deref()),
            Request::Pending { team, all } => self.reply_pending(t, conn, caller, (&team, all)),
            Request::AnswerQuestion { id, approve } if Self::is_integration(&id) => {
                self.review_integration(t, conn, (by, &id, approve));
            }
            Request::AnswerQuestion { id, approve } => {
                self.answer_question(t, conn, (&id, approve));
            }
            Request::Rules(request) => self.on_rules_request(t, conn, by, *request),
            Request::Git(GitRequest::Broker(request)) => self.broker_request(t, conn, by, request),
            Request::Observed => self.reply_observed(t, conn),
            Request::Purge { team, dry_run } => self.purge(t, conn, &team, dry_run),
            Request::RenameWindows { team, dry_run } => {
                self.rename_windows(t, conn, &team, dry_run);
            }
            Request::Git(GitRequest::SwitchLane { team, to }) => {
                self.switch_lane(t, conn, caller, (&team, to));
            }
            Request::Git(GitRequest::Integrate(request)) => {
                self.integrate(t, conn, by, *request);
            }
            request @ (Request::WorktreeList { .. }
            | Request::WorktreeRemove { .. }
            | Request::WorktreeAdd { .. }
            | Request::WorktreeClean { .. }
            | Request::WorktreeRepair { .. }
            | Request::KeptList { .. }
            | Request::Git(_)
            | Request::Undelete { .. }) => self.worktree_request(t, conn, request),
            other => {
                if let Some(query) = query(caller, other) {
                    t.push(Effect::Answer { conn, query });
                }
            }
        }
    }

    pub(crate) fn on_disconnected(&mut self, t: &mut Turn, conn: ConnId) {
        // A closed terminal ends nothing: a team being raised goes on.
        self.waiters.retain(|waiter| waiter.conn != conn);
        self.turn_waiters.retain(|waiter| waiter.conn != conn);
        self.watchers
            .retain(|watcher| watcher.conn != conn || watcher.kind == WatchKind::Undo);
        self.git_client_left(conn);
        self.namings.retain(|naming| naming.conn != conn);
        self.cancelled.retain(|cancelled| *cancelled != conn);
        self.through_mcp.remove(&conn);
        self.end_check(t, conn);
        t.push(Effect::CancelTimer(crate::event::TimerKey::Wait(conn)));
    }

    fn cancel(&mut self, t: &mut Turn, conn: ConnId) {
        let waiting = self.waiters.len();
        self.waiters.retain(|waiter| waiter.conn != conn);
        let following = self.watchers.iter().any(|w| {
            w.conn == conn
                && matches!(
                    w.kind,
                    WatchKind::Follow | WatchKind::Resume { .. } | WatchKind::Agent(_)
                )
        });
        if following || waiting != self.waiters.len() {
            self.watchers.retain(|watcher| watcher.conn != conn);
            return t.reply(conn, done("no longer waiting; nothing else was changed"));
        }
        self.cancel_auto(t, conn);
    }

    fn follow(&mut self, t: &mut Turn, conn: ConnId, selector: &TeamSelector) {
        match self.select_team(selector).map(|team| team.id) {
            Ok(team) => {
                self.watch(conn, team, WatchKind::Follow);
                self.check_followed(t, team);
            }
            Err(failure) => t.fail(conn, *failure),
        }
    }

    fn complete(&mut self, t: &mut Turn, conn: ConnId, (sender, rule): Caller, text: &str) {
        let Sender::Agent { agent, team, .. } = sender.clone() else {
            return;
        };
        if text.trim().is_empty() {
            let hint = Some("torch complete \"what was done\"");
            return t.fail(
                conn,
                usage(
                    "the report is empty",
                    "a completion says what was done",
                    hint,
                ),
            );
        }
        let hub = self.hub_of(team).filter(|(hub, _)| *hub != agent);
        let recipient = match hub {
            Some((agent, role)) => Recipient::Agent { agent, role },
            None => Recipient::Human,
        };
        let mut draft = Draft::from_torch(
            team,
            MessageKind::Completion,
            recipient,
            format!("COMPLETE: {text}"),
        );
        draft.sender = sender;
        draft.sender_rule = rule.to_owned();
        draft.verdict.rule = "edge.hub".to_owned();
        draft.verdict.reason = "completions go to the hub, the hub's own to the person".to_owned();
        let message = self.post(t, draft);
        self.answer_when(t, conn, message, None, 0);
        let tasks = self.tasks_done(t, agent, text);
        self.note_completion(t, agent, text, tasks);
    }

    fn ack(&mut self, t: &mut Turn, conn: ConnId, sender: &Sender, id: &str) {
        let Sender::Agent { agent, .. } = sender else {
            return;
        };
        let short = short_id(id);
        self.note_acked(t, *agent, &short);
        let flying = self
            .flights
            .values()
            .find(|f| {
                f.envelope.id.short() == short && f.envelope.recipient.agent() == Some(*agent)
            })
            .map(|f| f.envelope.id);
        match flying {
            Some(message) if !self.can_have(message) => {
                let error = format!("m-{short} can't be acknowledged");
                let cause =
                    "it has not arrived yet; acknowledge it when it stands in your conversation";
                let hint = format!("torch msg trace m-{short}");
                t.fail(conn, other(&error, cause, Some(&hint)));
            }
            Some(message) => {
                self.acknowledge(t, message);
                t.reply(conn, done(format!("m-{short} is acknowledged")));
            }
            None if self.acknowledge_consumed(t, *agent, &short) => {
                t.reply(conn, done(format!("m-{short} is acknowledged")));
            }
            None => t.push(Effect::Answer {
                conn,
                query: Query::Ack {
                    id: short,
                    agent: *agent,
                },
            }),
        }
    }

    /// Acknowledges one of the last messages that an agent took into its conversation; whether it is one.
    pub(crate) fn acknowledge_consumed(
        &mut self,
        t: &mut Turn,
        agent: torch_core::AgentId,
        short: &str,
    ) -> bool {
        let Some(run) = self.agents.get_mut(&agent) else {
            return false;
        };
        let Some(kept) = run
            .consumed
            .iter_mut()
            .find(|kept| kept.message.short() == short)
        else {
            return false;
        };
        if kept.state == DeliveryState::Consumed {
            kept.state = DeliveryState::Acked;
            kept.since = t.now;
            ACKED.clone_into(&mut kept.evidence);
            let delivery = kept.clone();
            let message = delivery.message;
            t.write(torch_core::Write::PutDelivery(Box::new(delivery)));
            t.journal("delivery.acked", message, json!({"evidence": ACKED}));
            self.answer_waiters(t, message, DeliveryState::Acked);
        }
        true
    }

    /// Whether the recipient of a message on its way may have it: an Enter of this try or of an earlier one was pressed, and
    /// nothing of it stands in the composer.
    pub(crate) fn can_have(&self, message: MessageId) -> bool {
        self.flights.get(&message).is_some_and(|flight| {
            let (delivery, typed) = (&flight.delivery, flight.is_typed());
            let entered = typed
                && !matches!(
                    delivery.state,
                    DeliveryState::Pasting | DeliveryState::Pasted | DeliveryState::Entering
                );
            let earlier = flight.may_have_arrived() && !typed && !flight.may_stand_in_composer();
            entered || earlier || flight.is_offered()
        })
    }

    pub(crate) fn acknowledge(&mut self, t: &mut Turn, message: MessageId) {
        let Some(flight) = self.flights.get_mut(&message) else {
            return;
        };
        flight.delivery.state = DeliveryState::Acked;
        flight.delivery.since = t.now;
        ACKED.clone_into(&mut flight.delivery.evidence);
        let step = torch_router::delivery::Step {
            passed: vec![(DeliveryState::Acked, ACKED.to_owned())],
            act: torch_router::delivery::Act::None,
            notice: None,
        };
        self.apply(t, message, step);
    }

    fn status(&mut self, t: &mut Turn, conn: ConnId, name: Option<&str>) {
        let teams: Vec<TeamId> = self
            .teams
            .values()
            .filter(|team| name.is_none_or(|name| team.name.as_str() == name))
            .map(|team| team.id)
            .collect();
        if let (Some(name), true) = (name, teams.is_empty()) {
            return t.fail(conn, *self.no_team(name));
        }
        let today = self.day(t.now);
        let teams = teams.into_iter().map(|id| {
            let mut view = self.team_view(id, t.now);
            view.supervision = crate::view::supervision(&self.teams[&id], &today);
            view
        });
        let teams = teams.collect();
        t.reply(
            conn,
            Response::Status {
                daemon: self.daemon_view(),
                teams,
            },
        );
    }

    fn attach(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        team: &TeamSelector,
        role: Option<&str>,
        tmux: Option<String>,
    ) {
        let found = match role {
            Some(role) => self.find_agent(team, role).and_then(|agent| {
                self.has_window(agent)?;
                let run = &self.agents[&agent].agent;
                Ok((
                    // A guest's is not its team's.
                    run.pane
                        .map(|at| at.session)
                        .or(self.teams[&run.team].session),
                    run.pane.map(|at| at.window),
                    self.teams[&run.team].name.clone(),
                ))
            }),
            None => self
                .select_team(team)
                .map(|team| (team.session, None, team.name.clone())),
        };
        match found {
            Ok((Some(session), window, _)) => {
                t.push(Effect::Answer {
                    conn,
                    query: Query::Attach {
                        session,
                        window,
                        tmux,
                    },
                });
            }
            Ok((None, _, name)) => {
                let hint = format!("torch resume --team {name}");
                let error = format!("team {name} has no session");
                t.fail(conn, usage(&error, "it is not running", Some(&hint)));
            }
            Err(failure) => t.fail(conn, *failure),
        }
    }

    /// An agent that a person has ended has no window to show.
    fn has_window(&self, agent: torch_core::AgentId) -> Result<(), Box<Failure>> {
        let run = &self.agents[&agent].agent;
        match self.brings_back(agent).filter(|_| run.pane.is_none()) {
            Some(hint) => {
                let error = format!("{} has no window", run.role);
                let cause = if hint.starts_with("torch resume") {
                    "its team is stopped"
                } else {
                    "it was ended"
                };
                Err(Box::new(usage(&error, cause, Some(&hint))))
            }
            None => Ok(()),
        }
    }

    fn shell(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        team: &TeamSelector,
        role: &str,
        tmux: Option<String>,
    ) {
        let agent = match self.find_agent(team, role) {
            Ok(agent) => agent,
            Err(failure) => return t.fail(conn, *failure),
        };
        let run = &self.agents[&agent].agent;
        let team = &self.teams[&run.team];
        match team.session {
            Some(session) => {
                let name = format!("{}-shell", run.role).chars().take(32).collect();
                let query = Query::Shell {
                    session,
                    name,
                    cwd: run.worktree.clone(),
                    env: team.env.clone(),
                    tmux,
                };
                t.push(Effect::Answer { conn, query });
            }
            None => {
                let cause = format!("its worktree is {}", run.worktree.display());
                let error = format!("team {} has no session", team.name);
                let hint = format!("torch resume --team {}", team.name);
                t.fail(conn, usage(&error, &cause, Some(&hint)));
            }
        }
    }

    fn logs(&mut self, t: &mut Turn, conn: ConnId, team: &TeamSelector, target: &str, lines: u32) {
        match self
            .find_agent(team, target)
            .map(|agent| (agent, self.agents[&agent].agent.pane))
        {
            Ok((_, Some(at))) => {
                let lines = lines.clamp(1, 50_000);
                t.push(Effect::Answer {
                    conn,
                    query: Query::Lines {
                        pane: at.pane,
                        lines,
                    },
                });
            }
            Ok((agent, None)) => {
                let run = &self.agents[&agent].agent;
                let team = self.teams[&run.team].name.to_string();
                let back = self.brings_back(agent);
                let query = Query::SavedScreen {
                    role: run.role.clone(),
                    team,
                    hint: back.unwrap_or_else(|| "torch status".to_owned()),
                };
                t.push(Effect::Answer { conn, query });
            }
            Err(failure) => t.fail(conn, *failure),
        }
    }

    fn retry(&mut self, t: &mut Turn, conn: ConnId, id: &str) {
        let short = short_id(id);
        let Some(message) = self.flying(&short) else {
            return t.push(Effect::Answer {
                conn,
                query: Query::Revive { id: short },
            });
        };
        let Some(flight) = self.flights.get_mut(&message) else {
            return;
        };
        let state = flight.delivery.state;
        match state {
            DeliveryState::Queued | DeliveryState::Deferred => {
                flight.look_anew();
                let agent = flight.envelope.recipient.agent();
                t.journal("message.retry", message, json!({}));
                t.timer(crate::event::TimerKey::Delivery(message), t.now);
                if let Some(agent) = agent {
                    self.pump(t, agent);
                }
                t.reply(conn, done(format!("m-{short} is looked at again now")));
            }
            _ => {
                let cause = format!(
                    "it is {state}: torch is at it already, and never types a message twice unmarked"
                );
                let hint = format!("torch msg trace m-{short}");
                t.fail(
                    conn,
                    other(&format!("m-{short} can't be retried"), &cause, Some(&hint)),
                );
            }
        }
    }

    fn cancel_message(&mut self, t: &mut Turn, conn: ConnId, id: &str) {
        let short = short_id(id);
        let Some(message) = self.flying(&short) else {
            return t.push(Effect::Answer {
                conn,
                query: Query::Settled {
                    id: short,
                    verb: "cancelled",
                },
            });
        };
        let kind = self.flights.get(&message).map(|f| f.envelope.kind);
        if kind == Some(MessageKind::Briefing) {
            let cause = "it is a briefing: without it the agent would not know its role";
            let failure = other(
                &format!("m-{short} can't be cancelled"),
                cause,
                Some("torch status"),
            );
            return t.fail(conn, failure);
        }
        if self.cancel_offered(t, conn, message) {
            return;
        }
        if self.end_untyped(t, message, DeliveryState::Dead, super::hand_over::CANCELLED) {
            return t.reply(
                conn,
                done(format!("m-{short} is cancelled; it was never typed")),
            );
        }
        let hint = format!("torch msg trace m-{short}");
        t.fail(
            conn,
            other(
                &format!("m-{short} can't be cancelled"),
                "its text is typed already, or may still stand in the composer; clear that first",
                Some(&hint),
            ),
        );
    }

    pub(crate) fn flying(&self, short: &str) -> Option<MessageId> {
        self.flights.keys().find(|id| id.short() == short).copied()
    }
}

/// `m-7k3f9q2a`, `7k3f9q2a` or a whole ULID, as its last 8 characters in lower case.
pub(crate) fn short_id(id: &str) -> String {
    let id = id.trim().trim_start_matches("m-").to_ascii_lowercase();
    let skip = id.chars().count().saturating_sub(8);
    id.chars().skip(skip).collect()
}
