//! How values of the core stand in columns.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;
use std::str::FromStr;

use rusqlite::Row;
use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer as _};
use serde::{Deserialize, Serialize};
use torch_core::message::Verdict;
use torch_core::{Delivery, Envelope, Recipient, RoleName, Sender, Timestamp};

use crate::StoreError;

/// The columns of `message`, in the order that [`envelope_in`] reads them.
pub(crate) const MESSAGE_COLUMNS: &str = "m.id, m.team, m.at, m.kind, m.sender, m.sender_team, m.sender_role, \
     m.sender_rule, m.recipient, m.recipient_role, m.target, m.pair_seq, m.body, m.original, m.cleaned, \
     m.decision, m.rule, m.reason, m.critical, m.key, m.expires, m.flags, m.body_file, m.cause";

/// The columns of `delivery` behind them, in the order that [`delivery_in`] reads them.
pub(crate) const DELIVERY_COLUMNS: &str =
    "d.state, d.reason, d.attempt, d.possible_duplicate, d.launch, d.since, d.evidence";

/// How many columns [`MESSAGE_COLUMNS`] has.
const MESSAGE_WIDTH: usize = 24;

/// How many columns [`MESSAGE_COLUMNS`] and [`DELIVERY_COLUMNS`] have together.
pub(crate) const BOTH_WIDTH: usize = MESSAGE_WIDTH + 7;

/// A time for a column. What lies beyond the year 292,000,000 becomes the last instant there is.
pub(crate) fn time_out(time: Timestamp) -> i64 {
    i64::try_from(time.0).unwrap_or(i64::MAX)
}

/// A time from a column.
pub(crate) fn time_in(millis: i64) -> Timestamp {
    Timestamp(u64::try_from(millis).unwrap_or(0))
}

/// A count for a column.
pub(crate) fn count_out(what: &'static str, value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::OutOfRange { what, value })
}

/// A count from a column.
pub(crate) fn count_in(what: &'static str, value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| StoreError::decode(what, format!("{value} is negative")))
}

/// A record as JSON.
pub(crate) fn json_out(
    what: impl FnOnce() -> String,
    value: &impl Serialize,
) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|source| StoreError::Encode {
        what: what(),
        source,
    })
}

/// A record from JSON.
pub(crate) fn json_in<T: DeserializeOwned>(
    what: &'static str,
    text: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::decode(what, error))
}

/// The word that serde uses for a variant without fields.
pub(crate) fn word_out(value: &impl Serialize) -> Result<String, StoreError> {
    let quoted = json_out(|| "a word".to_owned(), value)?;
    json_in("word", &quoted)
}

/// A variant from its word.
pub(crate) fn word_in<'de, T: Deserialize<'de>>(
    what: &'static str,
    word: &'de str,
) -> Result<T, StoreError> {
    let source: StrDeserializer<'de, WordError> = word.into_deserializer();
    T::deserialize(source).map_err(|error| StoreError::decode(what, error))
}

/// An id or name from its text.
pub(crate) fn parse<T: FromStr<Err: ToString>>(
    what: &'static str,
    text: &str,
) -> Result<T, StoreError> {
    text.parse()
        .map_err(|error: T::Err| StoreError::decode(what, error.to_string()))
}

fn parse_opt<T: FromStr<Err: ToString>>(
    what: &'static str,
    text: Option<String>,
) -> Result<Option<T>, StoreError> {
    text.map(|text| parse(what, &text)).transpose()
}

/// A role as it was stored. It came from a [`RoleName`], so serde's reading gives the same again.
fn role_in(text: Option<String>) -> Result<RoleName, StoreError> {
    let text = text.ok_or_else(|| StoreError::decode("role", "there is none"))?;
    RoleName::try_from(text).map_err(|error| StoreError::decode("role", error))
}

/// A sender's columns.
pub(crate) struct SenderColumns<'a> {
    /// What a key is unique for: an agent's id, or the label of a sender that is no agent.
    pub(crate) identity: String,
    /// An agent's team.
    pub(crate) team: Option<String>,
    /// An agent's role.
    pub(crate) role: Option<&'a str>,
}

impl<'a> SenderColumns<'a> {
    pub(crate) fn of(sender: &'a Sender) -> Self {
        match sender {
            Sender::Agent { agent, team, role } => Self {
                identity: agent.to_string(),
                team: Some(team.to_string()),
                role: Some(role.as_str()),
            },
            other => Self {
                identity: other.label().to_owned(),
                team: None,
                role: None,
            },
        }
    }
}

/// A recipient's columns: an agent's id or `human`, and an agent's role.
pub(crate) fn recipient_out(recipient: &Recipient) -> (String, Option<&str>) {
    match recipient {
        Recipient::Agent { agent, role } => (agent.to_string(), Some(role.as_str())),
        Recipient::Human => ("human".to_owned(), None),
    }
}

fn sender_in(
    identity: &str,
    team: Option<String>,
    role: Option<String>,
) -> Result<Sender, StoreError> {
    Ok(match identity {
        "human" => Sender::Human,
        "script" => Sender::Script,
        "unknown" => Sender::Unknown,
        "torch" => Sender::Torch,
        agent => Sender::Agent {
            agent: parse("sender", agent)?,
            team: parse("sender's team", &team.unwrap_or_default())?,
            role: role_in(role)?,
        },
    })
}

fn recipient_in(identity: &str, role: Option<String>) -> Result<Recipient, StoreError> {
    if identity == "human" {
        return Ok(Recipient::Human);
    }
    Ok(Recipient::Agent {
        agent: parse("recipient", identity)?,
        role: role_in(role)?,
    })
}

/// A message's flag: its body stays in the paste.
const INLINE: i64 = 1;
/// A message's flag: it is urgent.
const URGENT: i64 = 2;

/// A message's flags, for their column.
pub(crate) fn flags_out(envelope: &Envelope) -> i64 {
    let flag = |set: bool, flag: i64| if set { flag } else { 0 };
    flag(envelope.inline, INLINE) | flag(envelope.urgent, URGENT)
}

/// The bytes of a path, for a column.
pub(crate) fn path_out(path: &std::path::Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

/// A column's value.
pub(crate) fn get<T: rusqlite::types::FromSql>(
    row: &Row<'_>,
    column: usize,
) -> Result<T, StoreError> {
    row.get(column)
        .map_err(StoreError::sql("read a stored row"))
}

/// The envelope in the first columns of a row.
pub(crate) fn envelope_in(row: &Row<'_>) -> Result<Envelope, StoreError> {
    let text = |column| get::<String>(row, column);
    let text_opt = |column| get::<Option<String>>(row, column);
    Ok(Envelope {
        id: parse("message id", &text(0)?)?,
        team: parse("team id", &text(1)?)?,
        at: time_in(get(row, 2)?),
        kind: word_in("message kind", &text(3)?)?,
        sender: sender_in(&text(4)?, text_opt(5)?, text_opt(6)?)?,
        sender_rule: text(7)?,
        recipient: recipient_in(&text(8)?, text_opt(9)?)?,
        target: text(10)?,
        pair_seq: count_in("pair number", get(row, 11)?)?,
        body: text(12)?,
        original: get(row, 13)?,
        cleaned: json_in("list of what was cleaned", &text(14)?)?,
        verdict: Verdict {
            decision: word_in("decision", &text(15)?)?,
            rule: text(16)?,
            reason: text(17)?,
        },
        critical: json_in("list of critical words", &text(18)?)?,
        key: get(row, 19)?,
        expires: get::<Option<i64>>(row, 20)?.map(time_in),
        inline: get::<i64>(row, 21)? & INLINE != 0,
        urgent: get::<i64>(row, 21)? & URGENT != 0,
        body_file: get::<Option<Vec<u8>>>(row, 22)?
            .map(|bytes| PathBuf::from(OsString::from_vec(bytes))),
        cause: parse_opt("cause", text_opt(23)?)?,
    })
}

/// The delivery behind the envelope's columns.
pub(crate) fn delivery_in(row: &Row<'_>, envelope: &Envelope) -> Result<Delivery, StoreError> {
    let text = |column| get::<String>(row, MESSAGE_WIDTH + column);
    let text_opt = |column| get::<Option<String>>(row, MESSAGE_WIDTH + column);
    let reason = text_opt(1)?;
    Ok(Delivery {
        message: envelope.id,
        state: parse("delivery state", &text(0)?)?,
        reason: reason
            .as_deref()
            .map(|word| word_in("reason", word))
            .transpose()?,
        attempt: get(row, MESSAGE_WIDTH + 2)?,
        possible_duplicate: get(row, MESSAGE_WIDTH + 3)?,
        launch: parse_opt("launch", text_opt(4)?)?,
        since: time_in(get(row, MESSAGE_WIDTH + 5)?),
        evidence: text(6)?,
    })
}
