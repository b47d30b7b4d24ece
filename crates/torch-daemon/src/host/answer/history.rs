//! What the journal says of a message, a turn, an agent.

use torch_api::Response;
use torch_api::view::AgentView;
use torch_core::{AgentId, DeliveryState, Recipient};
use torch_store::{Store, StoreError};

use super::find_for;
use crate::event::Reader;
use crate::failure::{no_turn, usage};
use crate::view;

/// How many entries of an agent's journal `torch why` takes: ends lie behind many turns.
const HISTORY: u32 = torch_api::view::HISTORY_MAX;
/// How many entries about its usage limits.
const CREDIT_HISTORY: u32 = 20;

/// A message's journal, oldest first.
pub(crate) fn trace(store: &Store, id: &str, reader: Reader) -> Result<Response, StoreError> {
    let view = match find_for(store, id, reader)? {
        Ok(view) => view,
        Err(failure) => return Ok(Response::Failed(*failure)),
    };
    let words = store
        .message(&view.ulid)?
        .is_some_and(|stored| reader.may_read(&stored.envelope));
    let mut events: Vec<_> = store
        .trace(&view.ulid)?
        .into_iter()
        .map(view::journal)
        .collect();
    if !words {
        // The particulars may quote it.
        for event in &mut events {
            event.data = serde_json::Value::Null;
        }
    }
    Ok(Response::Trace {
        message: Box::new(view),
        events,
    })
}

/// Whether the turn that a settled message began is over.
pub(super) fn turn_of(store: &Store, id: &str, reader: Reader) -> Result<Response, StoreError> {
    Ok(match find_for(store, id, reader)? {
        Ok(view) if view.to == Recipient::Human.label() => Response::Failed(usage(
            &format!("{} begins no turn", view.id),
            "it lies in the person's inbox",
            Some("torch inbox --all"),
        )),
        Ok(view) => match view.state {
            DeliveryState::Consumed | DeliveryState::Acked => Response::Done {
                text: "the turn is over".to_owned(),
            },
            state => Response::Failed(no_turn(&view.id, state)),
        },
        Err(failure) => Response::Failed(*failure),
    })
}

pub(super) fn why(
    store: &Store,
    agent: AgentId,
    view: Box<AgentView>,
    (waits_for, rules): (Vec<String>, Vec<String>),
) -> Result<Response, StoreError> {
    let history = store.history(&agent.to_string(), "agent.", HISTORY)?;
    let history = history.into_iter().map(view::journal).collect();
    Ok(Response::Why {
        agent: view,
        waits_for,
        rules,
        history,
    })
}

/// Each agent's limits and wake-ups, newest first.
pub(crate) fn with_credit_history(
    store: &Store,
    agents: &[AgentId],
    mut view: Box<torch_api::credit::CreditView>,
) -> Result<Box<torch_api::credit::CreditView>, StoreError> {
    for (agent, shown) in agents.iter().zip(&mut view.agents) {
        let history = store.history(&agent.to_string(), "credit.", CREDIT_HISTORY)?;
        shown.history = history.into_iter().map(view::journal).collect();
    }
    Ok(view)
}
