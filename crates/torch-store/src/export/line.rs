//! One line of a day file, and the journal's entries that become lines.

use jiff::tz::TimeZone;
use serde::Serialize;
use torch_core::{DeliveryState, Envelope, Timestamp};

use crate::journal::{JOURNAL_COLUMNS, journal_in};
use crate::row::get;
use crate::{JournalRow, Store, StoreError};

/// One line, as documented in `registry/schemas/messages.md`.
#[derive(Debug, Serialize)]
pub(super) struct Line<'a> {
    seq: u64,
    time: String,
    event: &'a str,
    team: Option<&'a str>,
    id: String,
    ulid: &'a str,
    #[serde(flatten)]
    message: Option<Particulars<'a>>,
    state: DeliveryState,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<std::borrow::Cow<'a, str>>,
    cause: &'a str,
    #[serde(skip_serializing_if = "serde_json::Value::is_null")]
    data: &'a serde_json::Value,
}

/// What is known of the message.
#[derive(Debug, Serialize)]
struct Particulars<'a> {
    kind: &'static str,
    from: &'a str,
    from_rule: &'a str,
    to: &'a str,
    target: &'a str,
    pair_seq: u64,
    decision: torch_core::message::Decision,
    rule: &'a str,
    reason: &'a str,
    critical: &'a [String],
}

/// An entry of the journal that becomes a line.
pub(super) struct Entry {
    pub(super) row: JournalRow,
    state: DeliveryState,
    message: Option<Envelope>,
    team: Option<String>,
}

impl Entry {
    /// The line without its newline; JSON has none within it.
    pub(super) fn line(&self, zone: &TimeZone) -> Result<String, serde_json::Error> {
        let subject = &self.row.subject;
        let short = subject.get(18..).unwrap_or(subject).to_ascii_lowercase();
        let judged = self.row.kind.starts_with("message.");
        serde_json::to_string(&Line {
            seq: self.row.seq,
            time: rfc3339(self.row.at, zone),
            event: &self.row.kind,
            team: self.team.as_deref(),
            id: format!("m-{short}"),
            ulid: subject,
            message: self.message.as_ref().map(particulars),
            state: self.state,
            text: self
                .message
                .as_ref()
                .filter(|_| judged)
                .map(|message| message.verdict.shown(&message.body)),
            cause: &self.row.cause,
            data: &self.row.data,
        })
    }
}

/// The instant in a zone, to the millisecond, with the zone's offset.
pub(super) fn rfc3339(at: Timestamp, zone: &TimeZone) -> String {
    local(at, zone)
        .strftime("%Y-%m-%dT%H:%M:%S%.3f%:z")
        .to_string()
}

/// The date of the instant in a zone, which names the day file's folder.
pub(super) fn date(at: Timestamp, zone: &TimeZone) -> String {
    local(at, zone).strftime("%Y-%m-%d").to_string()
}

pub(super) fn local(at: Timestamp, zone: &TimeZone) -> jiff::Zoned {
    let instant = i64::try_from(at.0)
        .ok()
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
        .unwrap_or(jiff::Timestamp::MAX);
    instant.to_zoned(zone.clone())
}

fn particulars(message: &Envelope) -> Particulars<'_> {
    Particulars {
        kind: message.kind.as_str(),
        from: message.sender.label(),
        from_rule: &message.sender_rule,
        to: message.recipient.label(),
        target: &message.target,
        pair_seq: message.pair_seq,
        decision: message.verdict.decision,
        rule: &message.verdict.rule,
        reason: &message.verdict.reason,
        critical: &message.critical,
    }
}

/// The state that a line shows, and whether the kind becomes a line at all: every `message.*`, and a
/// delivery once it is proven or at an end. A program without a transcript never gets beyond `accepted`.
fn state_of(kind: &str) -> Option<DeliveryState> {
    if let Some(event) = kind.strip_prefix("message.") {
        return Some(match event {
            "refused" => DeliveryState::Refused,
            "recorded" => DeliveryState::Recorded,
            _ => DeliveryState::Queued,
        });
    }
    let state: DeliveryState = kind.strip_prefix("delivery.")?.parse().ok()?;
    (state.is_final() || state.is_proven()).then_some(state)
}

/// The entries after `after` that become lines, and how far the journal was read: at most `limit` rows of it.
pub(super) fn entries_after(
    store: &Store,
    after: u64,
    limit: u32,
) -> Result<(Vec<Entry>, u64), StoreError> {
    let failed = || StoreError::sql("read the journal for the export");
    let sql =
        format!("SELECT {JOURNAL_COLUMNS} FROM journal j WHERE j.seq > ?1 ORDER BY j.seq LIMIT ?2");
    let mut statement = store.conn.prepare_cached(&sql).map_err(failed())?;
    let after_column = crate::row::count_out("journal number", after)?;
    let mut rows = statement.query((after_column, limit)).map_err(failed())?;
    let mut entries = Vec::new();
    let mut reached = after;
    while let Some(row) = rows.next().map_err(failed())? {
        reached = crate::row::count_in("journal number", get(row, 0)?)?;
        let Some(state) = state_of(&get::<String>(row, 2)?) else {
            continue;
        };
        let row = journal_in(row)?;
        let message = store.message(&row.subject)?.map(|message| message.envelope);
        let team = match &message {
            Some(message) => store.team_name(message.team)?,
            None => None,
        };
        entries.push(Entry {
            row,
            state,
            message,
            team,
        });
    }
    Ok((entries, reached))
}
