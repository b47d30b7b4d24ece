//! What agents said before a daemon began, taken from the journal: a restart lets no loop get past its caps.
//!
//! Nothing is written for it: the journal has each judgement for `torch compliance replay`, and where a message stood in its thread.
//! It is read back only as far as the limits reach.

use std::ops::ControlFlow;
use std::time::Duration;

use torch_core::config::RouterConfig;
use torch_core::{LedgerRecord, Team, Timestamp};
use torch_router::project::RuleSet;
use torch_router::replay::{Judged, Past};
use torch_router::traffic::Limits;
use torch_store::{JournalRow, Store, StoreError};

/// The furthest that anything is read back, whatever a limit says.
pub const FURTHEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest that any limit of these teams reaches back.
pub(crate) fn reach(router: &RouterConfig, teams: &[Team], ledger: &[LedgerRecord]) -> Duration {
    let own = teams
        .iter()
        .map(|team| Limits::from(&team.limits.over(router)).reach());
    let base = Limits::from(router);
    let ruled = ledger.iter().filter_map(|record| match record {
        LedgerRecord::Rules(row) => Some(RuleSet::new(row.set.clone()).limits(&base).reach()),
        _ => None,
    });
    let longest = own.chain(ruled).fold(base.reach(), Duration::max);
    longest.min(FURTHEST)
}

/// What was said and not refused within that time before now, and how the clock was set meanwhile; the oldest first.
pub(crate) fn read(
    store: &Store,
    now: Timestamp,
    reach: Duration,
) -> Result<Vec<Past>, StoreError> {
    let mut begin = now.0.saturating_sub(millis(reach));
    let mut rows = Vec::new();
    store.walk_back(|row| {
        if row.at.0 < begin {
            return ControlFlow::Break(());
        }
        // What lies before has the times of the clock as it was.
        begin = begin.saturating_add_signed(-stepped(&row).unwrap_or(0));
        rows.push(row);
        ControlFlow::Continue(())
    })?;
    let mut past = Vec::new();
    for row in rows.into_iter().rev() {
        if let Some(millis) = stepped(&row) {
            past.push(Past::Stepped(millis));
            continue;
        }
        let Some(judged) = judged(&row.kind, &row.data) else {
            continue;
        };
        let message = store.message(&row.subject)?;
        past.extend(message.and_then(|message| said(judged, &message.envelope.body)));
    }
    Ok(past)
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

/// By how much the clock was set, where the entry says so.
fn stepped(row: &JournalRow) -> Option<i64> {
    let moved = row.kind == "clock.moved";
    moved
        .then(|| row.data["stepped_ms"].as_i64().unwrap_or(0))
        .filter(|millis| *millis != 0)
}

/// What an entry of the journal says of the judgement on a message that was not refused.
pub fn judged(kind: &str, data: &serde_json::Value) -> Option<Judged> {
    let passed = matches!(kind, "message.accepted" | "message.recorded");
    let data = data.get("judged").filter(|_| passed)?;
    // An entry of a version whose judgements look otherwise counts for nothing.
    serde_json::from_value(data.clone()).ok()
}

/// What was said, by its judgement and the message that was kept.
pub fn said(judged: Judged, body: &str) -> Option<Past> {
    let text = text_of(&judged, body)?.to_owned();
    Some(Past::Said(Box::new(judged), text))
}

/// The text that was judged, in the message with torch's words around it.
pub(crate) fn text_of<'b>(judged: &Judged, body: &'b str) -> Option<&'b str> {
    let (at, length) = judged.text?;
    body.get(at..at.checked_add(length)?)
}
