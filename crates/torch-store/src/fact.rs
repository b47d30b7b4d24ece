//! What the journal says of many messages at once, for [`torch_core::analysis`].

use rusqlite::{Params, Row};
use torch_core::analysis::{Fact, Fate};
use torch_core::message::Decision;
use torch_core::{TeamId, Timestamp};

use crate::message::{open_states, states};
use crate::row::{count_in, count_out, get, time_in, time_out, word_in};
use crate::{Store, StoreError};

/// A stretch of the journal: the entries `after` … `last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The last entry before it.
    pub after: u64,
    /// Its last entry.
    pub last: u64,
}

/// What a message's entries up to the stretch's end come to, after the message's own columns. A message has arrived
/// once it stands in the conversation, or in the inbox if it is to the person.
const SUMS: &str = "\
    min(j.seq), \
    min(CASE WHEN j.kind IN ('delivery.consumed', 'delivery.acked') \
             OR m.recipient = 'human' AND j.kind = 'delivery.accepted' THEN j.seq END), \
    min(CASE WHEN j.kind IN ('delivery.consumed', 'delivery.acked') \
             OR m.recipient = 'human' AND j.kind = 'delivery.accepted' THEN j.at END), \
    max(j.kind = 'delivery.accepted'), \
    max(CASE WHEN j.kind IN ('delivery.expired', 'delivery.dead') THEN j.seq END), \
    max(CASE WHEN j.kind LIKE 'delivery.%' THEN j.seq END), \
    max(json_extract(j.data, '$.attempt')) > 1";

impl Store {
    /// The newest messages, at most `limit`, of one team or of all, as they stand now.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn newest_facts(&self, team: Option<TeamId>, limit: u32) -> Result<Vec<Fact>, StoreError> {
        let whole = Stretch {
            after: 0,
            last: self.last_seq()?,
        };
        let chosen = "SELECT n FROM message WHERE ?2 IS NULL OR team = ?2 ORDER BY n DESC LIMIT ?3";
        let last = count_out("journal number", whole.last)?;
        let team = team.map(|team| team.to_string());
        self.facts(whole, chosen, (last, team, limit))
    }

    /// The messages that a stretch of the journal names, and those that were open at its end, the instant `until`.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn facts_of(&self, stretch: Stretch, until: Timestamp) -> Result<Vec<Fact>, StoreError> {
        let chosen = format!(
            "SELECT m.n FROM journal j JOIN message m ON m.id = j.subject WHERE j.seq > ?2 AND j.seq <= ?1 \
             UNION SELECT m.n FROM message m JOIN delivery d ON d.message = m.n \
             WHERE m.at < ?3 AND (d.since >= ?3 OR d.state IN ({}))",
            states(open_states())
        );
        let after = count_out("journal number", stretch.after)?;
        let last = count_out("journal number", stretch.last)?;
        self.facts(stretch, &chosen, (last, after, time_out(until)))
    }

    fn facts(
        &self,
        stretch: Stretch,
        chosen: &str,
        params: impl Params,
    ) -> Result<Vec<Fact>, StoreError> {
        let failed = || StoreError::sql("sum up the message log");
        let sql = format!(
            "SELECT t.name, m.team, m.kind, coalesce(m.sender_role, m.sender), \
             coalesce(m.recipient_role, m.recipient), m.decision, m.rule, m.critical <> '[]', m.at, {SUMS} \
             FROM message m JOIN journal j ON j.subject = m.id AND j.seq <= ?1 \
             LEFT JOIN team_name t ON t.team = m.team \
             WHERE m.n IN ({chosen}) GROUP BY m.n ORDER BY m.n"
        );
        let mut statement = self.conn.prepare_cached(&sql).map_err(failed())?;
        let mut rows = statement.query(params).map_err(failed())?;
        let mut facts = Vec::new();
        while let Some(row) = rows.next().map_err(failed())? {
            facts.push(fact_in(row, stretch)?);
        }
        Ok(facts)
    }
}

fn fact_in(row: &Row<'_>, stretch: Stretch) -> Result<Fact, StoreError> {
    let decision = word_in("decision", &get::<String>(row, 5)?)?;
    let to: String = get(row, 4)?;
    // What lies in the person's inbox has arrived there.
    let fate = match fate_in(row, stretch, decision)? {
        Fate::Waiting if to == torch_core::Recipient::Human.label() => Fate::Settled,
        fate => fate,
    };
    let judged = count_in("journal number", get(row, 9)?)?;
    Ok(Fact {
        team: get::<Option<String>>(row, 0)?.map_or_else(|| get(row, 1), Ok)?,
        kind: word_in("kind", &get::<String>(row, 2)?)?,
        from: get(row, 3)?,
        to,
        decision,
        rule: get(row, 6)?,
        critical: get(row, 7)?,
        at: time_in(get(row, 8)?),
        is_new: judged > stretch.after,
        fate,
        repeated: get::<Option<bool>>(row, 15)?.unwrap_or_default(),
    })
}

fn fate_in(row: &Row<'_>, stretch: Stretch, decision: Decision) -> Result<Fate, StoreError> {
    let seq = |column: usize| -> Result<Option<u64>, StoreError> {
        let seq: Option<i64> = get(row, column)?;
        seq.map(|seq| count_in("journal number", seq)).transpose()
    };
    let (arrived, ended, last) = (seq(10)?, seq(13)?, seq(14)?);
    if let Some(arrived) = arrived {
        let at: Option<i64> = get(row, 11)?;
        return Ok(match at {
            Some(at) if arrived > stretch.after => Fate::Arrived(time_in(at)),
            _ => Fate::Settled,
        });
    }
    // One that was given up may have been taken up again since.
    if ended.is_some() && ended == last {
        return Ok(if ended > Some(stretch.after) {
            Fate::Lost
        } else {
            Fate::Settled
        });
    }
    let accepted: bool = get(row, 12)?;
    let untyped = matches!(decision, Decision::Refuse | Decision::Record);
    Ok(if accepted || untyped {
        Fate::Settled
    } else {
        Fate::Waiting
    })
}
