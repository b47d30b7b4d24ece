//! What the store answers.

use torch_api::Request;
use torch_core::Sender;
use torch_router::policy::{Privilege, permits};

use crate::event::Query;

/// What is looked up in the store for a request; `None` for one that is no look-up.
pub(super) fn query(caller: &Sender, request: Request) -> Option<Query> {
    Some(match request {
        Request::Messages(filter) => Query::Messages(filter, caller.into()),
        Request::Stats { team, limit } => Query::Stats { team, limit },
        Request::Message { id } => Query::Message(id, caller.into()),
        Request::Trace { id } => Query::Trace(id, caller.into()),
        Request::AuditVerify => Query::Audit,
        Request::Gc { dry_run } => Query::Gc { dry_run },
        Request::Inbox { all, mark_read } => {
            // Reading marks a person's messages; an agent that looks changes nothing.
            let mark_read = mark_read && permits(caller, Privilege::Person).is_ok();
            Query::Inbox { all, mark_read }
        }
        _ => return None,
    })
}
