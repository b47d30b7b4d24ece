//! Answers that need the store or tmux.

mod history;
mod inbox;

use std::path::Path;

use torch_api::view::MessageView;
use torch_api::wire::MessageFilter;
use torch_api::{Failure, Response};
use torch_core::analysis::analyse;
use torch_core::{DeliveryState, RoleName, Team, TeamId, Timestamp};
use torch_session::{CaptureStyle, Server, SessionError, ShellKind};
use torch_store::{Filter, Store, StoreError, StoredMessage};

use self::history::{turn_of, why};
use self::inbox::{acknowledge, inbox};
use super::tmux::session_failure;
use crate::event::{Query, Reader};
use crate::failure::{from_error, other, usage};
use crate::view;

pub(crate) use self::history::{trace, with_credit_history};
pub(crate) use self::inbox::inbox_views;

/// In the place of words that are not the reader's.
pub(crate) const WITHHELD: &str =
    "(not shown: these words are for those they passed between; `torch msg list` has the rest)";
/// How many messages are listed at most.
const LIST_MAX: u32 = 10_000;

/// Answers from the store; a query that needs tmux comes back.
pub(crate) fn from_store(
    store: &mut Store,
    now: Timestamp,
    query: Query,
) -> Result<Response, Box<Query>> {
    let answered = match query {
        Query::Messages(filter, reader) => messages(store, &filter, reader),
        Query::GitLog {
            team,
            filter,
            unknown,
            unread,
        } => {
            let unread = unread.map(|unread| *unread);
            super::health::log(store, now, (&team, unread), (&filter, unknown))
        }
        Query::Stats { team, limit } => stats(store, now, team.as_deref(), limit),
        Query::Violations(filter, reader) => super::rules::violations(store, &filter, reader),
        Query::Assignments { team, unacked } => {
            super::rules::assignments(store, team.as_deref(), unacked)
        }
        Query::Integrations { team, name } => integrations(store, team, &name),
        Query::Pushes { team, limit } => super::rules::pushes(store, team, limit),
        Query::Inbox { all, mark_read } => inbox(store, now, all, mark_read),
        Query::Message(id, reader) => find_for(store, &id, reader).map(|found| match found {
            Ok(view) => Response::Message(Box::new(view)),
            Err(failure) => Response::Failed(*failure),
        }),
        Query::Trace(id, reader) => trace(store, &id, reader),
        Query::TurnOf(id, reader) => turn_of(store, &id, reader),
        Query::Credit { agents, view } => {
            with_credit_history(store, &agents, view).map(Response::Credit)
        }
        Query::Why {
            agent,
            view,
            waits_for,
            rules,
        } => why(store, agent, view, (waits_for, rules)),
        Query::Sent {
            message,
            reached,
            behind,
        } => find(store, &message.to_string()).map(|found| match found {
            Ok(mut view) => {
                let queued = view.state == DeliveryState::Queued;
                view.waits = view.waits.or(behind.filter(|_| queued));
                Response::Sent {
                    message: Box::new(view),
                    reached,
                }
            }
            Err(failure) => Response::Failed(*failure),
        }),
        Query::Ack { id, agent } => acknowledge(store, now, &id, agent),
        Query::Settled { id, verb } => settled(store, &id, verb),
        Query::SavedScreen { role, team, hint } => {
            let home = store.path().parent().unwrap_or(Path::new("/"));
            Ok(Response::Failed(no_pane(home, &role, &team, &hint)))
        }
        other => return Err(Box::new(other)),
    };
    Ok(answered.unwrap_or_else(|error| Response::Failed(store_failure(&error))))
}

/// A message that may be taken up again; else the query that says why not.
pub(crate) fn revivable(store: &Store, id: &str) -> Result<StoredMessage, Query> {
    let settled = || Query::Settled {
        id: id.to_owned(),
        verb: "retried",
    };
    let stored = store.message(id).ok().flatten().ok_or_else(settled)?;
    let again = matches!(
        stored.delivery.state,
        DeliveryState::Dead | DeliveryState::Expired
    );
    if again && stored.envelope.recipient.agent().is_some() {
        return Ok(stored);
    }
    Err(settled())
}

/// Answers from tmux.
pub(crate) async fn from_tmux(server: Option<Server>, query: Query) -> Response {
    let Some(server) = server else {
        return Response::Failed(other(
            "tmux is not connected",
            "no team runs",
            Some("torch status"),
        ));
    };
    let answered = match query {
        Query::Lines { pane, lines } => capture(&server, pane, lines).await,
        Query::RenameWindows { renames, orders } => rename(&server, renames, orders).await,
        Query::Attach {
            session,
            window,
            tmux,
        } => Ok(attach(server.attach_argv(session, window, tmux.as_deref()))),
        Query::Shell {
            session,
            name,
            cwd,
            env,
            tmux,
        } => {
            let shell = env
                .get("SHELL")
                .cloned()
                .unwrap_or_else(|| "/bin/sh".to_owned());
            let opened = server
                .open_shell(session, &name, &cwd, (&shell, ShellKind::Asked), &env)
                .await;
            opened.map(|at| attach(server.shell_argv(session, at.window, tmux.as_deref())))
        }
        Query::Window {
            session,
            existing,
            cwd,
            env,
            request,
        } => {
            let place = super::service::Place {
                session,
                existing,
                cwd,
                env,
            };
            super::service::window(&server, place, *request).await
        }
        _ => {
            return Response::Failed(other(
                "the request has no answer",
                "it is none of tmux's",
                None,
            ));
        }
    };
    answered.unwrap_or_else(|error| Response::Failed(session_failure(&error)))
}

async fn rename(
    server: &Server,
    renames: Vec<torch_api::roster::WindowRename>,
    orders: Vec<(torch_core::WindowId, String)>,
) -> Result<Response, SessionError> {
    for (window, name) in orders {
        server.rename_window(window, &name).await?;
    }
    Ok(Response::Windows { renames })
}

async fn capture(
    server: &Server,
    pane: torch_core::PaneId,
    lines: u32,
) -> Result<Response, SessionError> {
    let bytes = server
        .capture(pane, Some(lines), CaptureStyle::Plain)
        .await?;
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<&str> = text.trim_end().lines().collect();
    let from = all.len().saturating_sub(lines as usize);
    Ok(Response::Lines {
        lines: all[from..].iter().map(|line| (*line).to_owned()).collect(),
    })
}

fn attach(command: torch_session::AttachCommand) -> Response {
    let argv = command
        .argv
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    Response::Attach {
        argv,
        unset: command.unset,
    }
}

/// Messages, newest first.
pub(crate) fn messages(
    store: &Store,
    filter: &MessageFilter,
    reader: Reader,
) -> Result<Response, StoreError> {
    let team = match team_id(store, filter.team.as_deref())? {
        Ok(team) => team,
        Err(failure) => return Ok(Response::Failed(failure)),
    };
    let role = match filter.role.as_deref().map(RoleName::parse).transpose() {
        Ok(role) => role,
        Err(error) => {
            return Ok(Response::Failed(from_error(
                torch_api::wire::FailureKind::Usage,
                &error,
                None,
            )));
        }
    };
    let limit = Some(filter.limit.clamp(1, LIST_MAX));
    let found = store.messages(&Filter {
        team,
        role,
        state: filter.state,
        limit,
        ..Filter::default()
    })?;
    let seen = found
        .iter()
        .filter(|stored| reader.may_see(&stored.envelope));
    let messages = seen.map(|stored| view_for(store, stored, reader));
    Ok(Response::Messages {
        messages: messages.collect::<Result<_, _>>()?,
    })
}

/// The numbers of the newest messages.
pub(crate) fn stats(
    store: &Store,
    now: Timestamp,
    team: Option<&str>,
    limit: u32,
) -> Result<Response, StoreError> {
    Ok(match team_id(store, team)? {
        Ok(team) => Response::Stats {
            teams: analyse(&store.newest_facts(team, limit.clamp(1, LIST_MAX))?, now),
        },
        Err(failure) => Response::Failed(failure),
    })
}

/// The team of this name, if one was named.
pub(crate) fn team_id(
    store: &Store,
    name: Option<&str>,
) -> Result<Result<Option<TeamId>, Failure>, StoreError> {
    let Some(name) = name else {
        return Ok(Ok(None));
    };
    let teams = store.teams()?;
    let found = teams.iter().find(|team| team.name.as_str() == name);
    Ok(found.map(|team| Some(team.id)).ok_or_else(|| {
        let teams: Vec<&Team> = teams.iter().collect();
        *crate::state::not_called(&teams, name)
    }))
}

/// An agent has no pane; the newest screen that was saved of it says what it showed last.
fn no_pane(home: &Path, role: &RoleName, team: &str, hint: &str) -> Failure {
    let error = format!("{role} has no pane");
    match super::record::newest(&home.join("logs"), team, role.as_str()) {
        Some(log) => {
            let cause = format!("its last screen was saved in {}", log.display());
            let hint = format!("tail -n 50 {}", torch_process::quote::shell(&log));
            other(&error, &cause, Some(&hint))
        }
        None => other(&error, "it is not running", Some(hint)),
    }
}

fn views(store: &Store, found: &[StoredMessage]) -> Result<Vec<MessageView>, StoreError> {
    found.iter().map(|stored| view_of(store, stored)).collect()
}

fn view_of(store: &Store, stored: &StoredMessage) -> Result<MessageView, StoreError> {
    let team = store
        .team_name(stored.envelope.team)?
        .unwrap_or_else(|| stored.envelope.team.short());
    Ok(view::message(stored, team))
}

/// A team's integrations, the oldest first.
fn integrations(store: &Store, team: TeamId, name: &str) -> Result<Response, StoreError> {
    let rows = store.ledger(torch_store::LedgerKind::Integration)?;
    let rows = rows.into_iter().filter_map(|record| match record {
        torch_core::LedgerRecord::Integration(row) if row.team == team => Some(*row),
        _ => None,
    });
    Ok(crate::state::listed_integrations((name, rows.collect())))
}

/// One message, or why there is none.
pub(crate) fn find(
    store: &Store,
    id: &str,
) -> Result<Result<MessageView, Box<Failure>>, StoreError> {
    match store.message(id.trim())? {
        Some(stored) => view_of(store, &stored).map(Ok),
        None => Ok(Err(Box::new(no_message(id)))),
    }
}

/// [`find`] for a reader: what it may not see is not there.
pub(crate) fn find_for(
    store: &Store,
    id: &str,
    reader: Reader,
) -> Result<Result<MessageView, Box<Failure>>, StoreError> {
    match store.message(id.trim())? {
        Some(stored) if reader.may_see(&stored.envelope) => {
            view_for(store, &stored, reader).map(Ok)
        }
        _ => Ok(Err(Box::new(no_message(id)))),
    }
}

/// A message with its words, or without them for whom they are not meant.
fn view_for(
    store: &Store,
    stored: &StoredMessage,
    reader: Reader,
) -> Result<MessageView, StoreError> {
    let mut view = view_of(store, stored)?;
    if !reader.may_read(&stored.envelope) {
        WITHHELD.clone_into(&mut view.body);
        view.body_file = None;
        view.critical.clear();
        view.cleaned.clear();
    }
    Ok(view)
}

fn no_message(id: &str) -> Failure {
    let shown: String = id.chars().take(40).collect();
    usage(
        &format!("there is no message {shown:?}"),
        "",
        Some("torch msg list"),
    )
}

/// Why a settled message can't be retried or cancelled.
fn settled(store: &Store, id: &str, verb: &str) -> Result<Response, StoreError> {
    Ok(Response::Failed(match find(store, id)? {
        Ok(view) => {
            let hint = format!("torch msg trace {}", view.id);
            other(
                &format!("{} can't be {verb}", view.id),
                &format!("it is {} already", view.state),
                Some(&hint),
            )
        }
        Err(_) => no_message(&format!("m-{id}")),
    }))
}

pub(crate) fn store_failure(error: &StoreError) -> Failure {
    from_error(torch_api::wire::FailureKind::Other, error, error.hint())
}
