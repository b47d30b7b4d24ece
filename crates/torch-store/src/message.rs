//! Looking up messages with their deliveries.

use std::collections::BTreeMap;

use rusqlite::types::Value;
use rusqlite::{Params, params_from_iter};
use torch_core::{AgentId, Delivery, DeliveryState, Envelope, MessageId, RoleName, Sender, TeamId};

use crate::row::{
    BOTH_WIDTH, DELIVERY_COLUMNS, MESSAGE_COLUMNS, SenderColumns, count_in, delivery_in,
    envelope_in, get, parse,
};
use crate::sum;
use crate::{Store, StoreError};

/// A message as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMessage {
    /// The message.
    pub envelope: Envelope,
    /// Where its delivery stands.
    pub delivery: Delivery,
    /// Whether the person has read it (for messages to the person).
    pub read: bool,
}

/// Which messages to list. The default is all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this team.
    pub team: Option<TeamId>,
    /// To or from this role.
    pub role: Option<RoleName>,
    /// In this state.
    pub state: Option<DeliveryState>,
    /// Only messages to the person.
    pub recipient_human: bool,
    /// Only messages that the person has not read.
    pub unread_only: bool,
    /// At most this many.
    pub limit: Option<u32>,
    /// Only messages accepted before this one, to page on.
    pub before: Option<MessageId>,
}

impl Store {
    /// One message by `m-7k3f9q2a`, `7k3f9q2a` or its whole ULID, in either case. `None` if there is none.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn message(&self, id: &str) -> Result<Option<StoredMessage>, StoreError> {
        let (column, value) = if id.len() == ULID_LENGTH {
            ("id", id.to_ascii_uppercase())
        } else {
            let lower = id.to_ascii_lowercase();
            (
                "short",
                lower.strip_prefix("m-").unwrap_or(&lower).to_owned(),
            )
        };
        Ok(self
            .select(&format!("WHERE m.{column} = ?1"), [value])?
            .pop())
    }

    /// The message that a sender wrote with this key.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn message_by_key(
        &self,
        sender: &Sender,
        key: &str,
    ) -> Result<Option<StoredMessage>, StoreError> {
        let identity = SenderColumns::of(sender).identity;
        let mut found = self.select("WHERE m.sender = ?1 AND m.key = ?2", (identity, key))?;
        Ok(found.pop())
    }

    /// The messages that match, newest first.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn messages(&self, filter: &Filter) -> Result<Vec<StoredMessage>, StoreError> {
        let mut terms = Vec::new();
        let mut values: Vec<Value> = Vec::new();
        let mut term = |text: &'static str, value: Option<String>| {
            if let Some(value) = value {
                values.push(Value::Text(value));
                terms.push(text.replace("??", &format!("?{}", values.len())));
            }
        };
        term("m.team = ??", filter.team.map(|team| team.to_string()));
        let role = filter.role.as_ref().map(|role| role.as_str().to_owned());
        term("(m.sender_role = ?? OR m.recipient_role = ??)", role);
        term(
            "d.state = ??",
            filter.state.map(|state| state.as_str().to_owned()),
        );
        let before = filter.before.map(|id| id.to_string());
        term("m.n < (SELECT n FROM message WHERE id = ??)", before);
        if filter.recipient_human {
            terms.push("m.recipient = 'human'".to_owned());
        }
        if filter.unread_only {
            terms.push("m.read_at IS NULL".to_owned());
        }
        let filter_sql = if terms.is_empty() {
            String::new()
        } else {
            format!("WHERE {}", terms.join(" AND "))
        };
        values.push(Value::Integer(filter.limit.map_or(-1, i64::from)));
        // Numbers are sorted and cut first, so that bodies are read of the messages shown alone.
        let tail = format!(
            "WHERE m.n IN (SELECT m.n FROM message m JOIN delivery d ON d.message = m.n {filter_sql} \
             ORDER BY m.n DESC LIMIT ?{}) ORDER BY m.n DESC",
            values.len()
        );
        self.select(&tail, params_from_iter(values))
    }

    /// The open deliveries of one team, oldest first: what a stopped team needs back when it is raised again.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn open_of(&self, team: TeamId) -> Result<Vec<(Envelope, Delivery)>, StoreError> {
        let tail = format!(
            "WHERE m.team = ?1 AND d.state IN ({}) ORDER BY m.n",
            states(open_states())
        );
        Ok(pairs(self.select(&tail, [team.to_string()])?))
    }

    /// How many messages wait for each agent: neither proven to have arrived nor at an end.
    ///
    /// # Errors
    /// When they can't be counted.
    pub fn waiting(&self) -> Result<BTreeMap<AgentId, u64>, StoreError> {
        let failed = || StoreError::sql("count waiting messages");
        let sql = format!(
            "SELECT m.recipient, count(*) FROM delivery d JOIN message m ON m.n = d.message \
             WHERE d.state IN ({}) AND m.recipient <> 'human' GROUP BY m.recipient",
            states(open_states().filter(|state| !state.is_proven()))
        );
        let mut statement = self.conn.prepare_cached(&sql).map_err(failed())?;
        let mut rows = statement.query([]).map_err(failed())?;
        let mut counts = BTreeMap::new();
        while let Some(row) = rows.next().map_err(failed())? {
            let agent = parse("recipient", &get::<String>(row, 0)?)?;
            counts.insert(agent, count_in("count", get(row, 1)?)?);
        }
        Ok(counts)
    }

    /// Messages with their deliveries, `tail` being the statement behind the joined tables.
    pub(crate) fn select(
        &self,
        tail: &str,
        params: impl Params,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        let failed = || StoreError::sql("read messages");
        let sql = format!(
            "SELECT {MESSAGE_COLUMNS}, {DELIVERY_COLUMNS}, m.read_at IS NOT NULL, {}, {} \
             FROM message m JOIN delivery d ON d.message = m.n {tail}",
            sum::holds("m", sum::MESSAGE),
            sum::holds("d", sum::DELIVERY)
        );
        let mut statement = self.conn.prepare_cached(&sql).map_err(failed())?;
        let mut rows = statement.query(params).map_err(failed())?;
        let mut messages = Vec::new();
        while let Some(row) = rows.next().map_err(failed())? {
            for (column, table) in [(1, "message"), (2, "delivery")] {
                if !get::<bool>(row, BOTH_WIDTH + column)? {
                    return Err(StoreError::altered(table, get::<String>(row, 0)?));
                }
            }
            let envelope = envelope_in(row)?;
            let delivery = delivery_in(row, &envelope)?;
            messages.push(StoredMessage {
                envelope,
                delivery,
                read: get(row, BOTH_WIDTH)?,
            });
        }
        Ok(messages)
    }
}

/// The length of an id as text.
const ULID_LENGTH: usize = 26;

/// The states that something may still follow on by torch's doing.
pub(crate) fn open_states() -> impl Iterator<Item = DeliveryState> {
    DeliveryState::ALL
        .into_iter()
        .filter(|state| !state.is_final())
}

/// States as a list for `IN (…)`.
pub(crate) fn states(states: impl Iterator<Item = DeliveryState>) -> String {
    let quoted: Vec<String> = states.map(|state| format!("'{state}'")).collect();
    quoted.join(", ")
}

pub(crate) fn pairs(messages: Vec<StoredMessage>) -> Vec<(Envelope, Delivery)> {
    messages
        .into_iter()
        .map(|message| (message.envelope, message.delivery))
        .collect()
}
