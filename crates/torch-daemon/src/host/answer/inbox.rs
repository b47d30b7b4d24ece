//! The person's inbox, and messages that their recipient acknowledges.

use torch_api::Response;
use torch_api::view::MessageView;
use torch_core::{AgentId, Delivery, DeliveryState, Timestamp, Write};
use torch_store::{Filter, Store, StoreError, StoredMessage};

use super::{LIST_MAX, views};
use crate::failure::usage;

/// The person's inbox, newest first.
pub(crate) fn inbox_views(store: &Store, all: bool) -> Result<Vec<MessageView>, StoreError> {
    let filter = Filter {
        recipient_human: true,
        unread_only: !all,
        limit: Some(LIST_MAX),
        ..Filter::default()
    };
    let found = store.messages(&filter)?;
    views(store, &found)
}

pub(super) fn inbox(
    store: &mut Store,
    now: Timestamp,
    all: bool,
    mark_read: bool,
) -> Result<Response, StoreError> {
    let filter = Filter {
        recipient_human: true,
        unread_only: true,
        limit: Some(LIST_MAX),
        ..Filter::default()
    };
    let unread = store.messages(&filter)?;
    let messages = inbox_views(store, all)?;
    if mark_read {
        let mut writes = Vec::new();
        for stored in unread {
            writes.push(Write::ReadInbox {
                message: stored.envelope.id,
            });
            let delivery =
                settled_delivery(&stored, DeliveryState::Consumed, "the person read it", now);
            writes.push(Write::PutDelivery(Box::new(delivery)));
        }
        store.commit(now, &writes)?;
    }
    Ok(Response::Messages { messages })
}

pub(super) fn acknowledge(
    store: &mut Store,
    now: Timestamp,
    id: &str,
    agent: AgentId,
) -> Result<Response, StoreError> {
    let stored = store.message(id)?;
    let Some(stored) = stored.filter(|stored| stored.envelope.recipient.agent() == Some(agent))
    else {
        let hint = Some("torch msg list");
        return Ok(Response::Failed(usage(
            &format!("there is no message m-{id} to you"),
            "",
            hint,
        )));
    };
    if stored.delivery.state != DeliveryState::Consumed {
        let text = format!("m-{id} stays {}", stored.delivery.state);
        return Ok(Response::Done { text });
    }
    let evidence = "its recipient said so (torch ack)";
    let delivery = settled_delivery(&stored, DeliveryState::Acked, evidence, now);
    let entry =
        torch_core::journal::JournalEntry::new("delivery.acked", stored.envelope.id, "request ack");
    store.commit(
        now,
        &[
            Write::PutDelivery(Box::new(delivery)),
            Write::Journal(entry),
        ],
    )?;
    Ok(Response::Done {
        text: format!("m-{id} is acknowledged"),
    })
}

fn settled_delivery(
    stored: &StoredMessage,
    state: DeliveryState,
    evidence: &str,
    now: Timestamp,
) -> Delivery {
    Delivery {
        state,
        reason: None,
        since: now,
        evidence: evidence.to_owned(),
        ..stored.delivery.clone()
    }
}
