//! What a starting daemon needs to go on: the teams and all that is not finished.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension as _, Row};
use serde::de::DeserializeOwned;
use torch_core::{
    Agent, AgentId, Delivery, DeliveryState, Envelope, LedgerRecord, MessageId, Schedule, TaskPlan,
    Team, TeamId,
};

use crate::chain::ChainRow;
use crate::message::{open_states, pairs, states};
use crate::row::{count_in, get, json_in, parse};
use crate::sum;
use crate::{Store, StoreError};

/// The state that a daemon starts from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// All teams, oldest first.
    pub teams: Vec<Team>,
    /// All agents, by team and position.
    pub agents: Vec<Agent>,
    /// Messages whose delivery is not at an end, in the order of their acceptance. `accepted` ones only of teams
    /// that are desired to run; [`Store::open_of`] has those of a stopped team.
    pub open: Vec<(Envelope, Delivery)>,
    /// Planned notes whose time has not come, by the time when they are due.
    pub schedules: Vec<Schedule>,
    /// The open records of the ledger, the oldest first.
    pub ledger: Vec<LedgerRecord>,
    /// The teams' plans.
    pub plans: BTreeMap<TeamId, TaskPlan>,
    /// The last number on each pair.
    pub pair_seqs: Vec<PairSeq>,
    /// How far each agent's spool file was read, in bytes.
    pub spool_offsets: BTreeMap<AgentId, u64>,
    /// The greatest message id, so that new ones can be greater.
    pub last_message_id: Option<MessageId>,
    /// The number of the journal's last entry.
    pub last_seq: u64,
}

/// The last number on one sender → recipient pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairSeq {
    /// The sender's label.
    pub sender: String,
    /// The sender's team; the message's team for a sender that is no agent.
    pub team: TeamId,
    /// The agent it goes to; `None` for the person.
    pub recipient: Option<AgentId>,
    /// The last number given.
    pub last: u64,
}

impl Store {
    /// Reads the state that a daemon starts from. Its cost grows with what is open, not with the history.
    ///
    /// # Errors
    /// When rows can't be read.
    pub fn load(&self) -> Result<Snapshot, StoreError> {
        self.check_open()?;
        Ok(Snapshot {
            teams: self.teams()?,
            agents: self.agents()?,
            open: self.open_deliveries()?,
            schedules: self.schedules()?,
            ledger: self.open_ledger()?,
            plans: self.plans()?,
            pair_seqs: self.pair_seqs()?,
            spool_offsets: self.spool_offsets()?,
            last_message_id: self.last_message_id()?,
            last_seq: self.last_seq()?,
        })
    }

    /// All teams, oldest first.
    ///
    /// # Errors
    /// When rows can't be read.
    pub fn teams(&self) -> Result<Vec<Team>, StoreError> {
        let sql = "FROM team t ORDER BY t.created, t.id";
        self.records("team", sum::TEAM, sql)
    }

    /// All agents, by team and position.
    ///
    /// # Errors
    /// When rows can't be read.
    pub fn agents(&self) -> Result<Vec<Agent>, StoreError> {
        let sql = "FROM agent t ORDER BY t.team, t.position, t.id";
        self.records("agent", sum::AGENT, sql)
    }

    /// Planned notes whose time has not come, by the time when they are due.
    ///
    /// # Errors
    /// When rows can't be read.
    pub fn schedules(&self) -> Result<Vec<Schedule>, StoreError> {
        let sql = "FROM schedule t WHERE t.state = 'pending' ORDER BY t.due, t.id";
        self.records("planned note", sum::SCHEDULE, sql)
    }

    /// The teams' plans.
    ///
    /// # Errors
    /// When rows can't be read.
    pub fn plans(&self) -> Result<BTreeMap<TeamId, TaskPlan>, StoreError> {
        let sql = format!(
            "SELECT t.team, t.record, {} FROM plan t",
            sum::holds("t", sum::PLAN)
        );
        let plans = self.collect("plans", &sql, |row| {
            whole(row, 2, "plan", 0)?;
            let team = parse("team id", &get::<String>(row, 0)?)?;
            Ok((team, json_in("plan", &get::<String>(row, 1)?)?))
        })?;
        Ok(plans.into_iter().collect())
    }

    /// What a team is called, also one that was removed.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn team_name(&self, team: TeamId) -> Result<Option<String>, StoreError> {
        self.conn
            .prepare_cached(&format!(
                "SELECT t.name, {} FROM team_name t WHERE t.team = ?1",
                sum::holds("t", sum::TEAM_NAME)
            ))
            .and_then(|mut statement| {
                let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
                statement.query_row([team.to_string()], read).optional()
            })
            .map_err(StoreError::sql(format!("read the name of team {team}")))
            .and_then(|found: Option<(String, bool)>| match found {
                Some((_, false)) => Err(StoreError::altered("team_name", team)),
                found => Ok(found.map(|(name, _)| name)),
            })
    }

    fn records<T: DeserializeOwned>(
        &self,
        what: &'static str,
        columns: &str,
        from: &str,
    ) -> Result<Vec<T>, StoreError> {
        let sql = format!("SELECT t.record, {}, t.id {from}", sum::holds("t", columns));
        self.checked_records(what, &sql)
    }

    /// The records of a statement whose columns are the record, its check, and its key.
    pub(crate) fn checked_records<T: DeserializeOwned>(
        &self,
        what: &'static str,
        sql: &str,
    ) -> Result<Vec<T>, StoreError> {
        self.collect(what, sql, |row| {
            whole(row, 1, what, 2)?;
            json_in(what, &get::<String>(row, 0)?)
        })
    }

    /// Refuses a list of open deliveries that lacks some: an index that lost an entry would lose a message.
    fn check_open(&self) -> Result<(), StoreError> {
        let early = states(open_states().filter(|state| *state != DeliveryState::Accepted));
        let sql = format!("SELECT count(*) FROM delivery WHERE state IN ({early})");
        let found: i64 = self
            .conn
            .query_row(&sql, [], |row| row.get(0))
            .map_err(StoreError::sql("count the open deliveries"))?;
        let expected = ChainRow::load(&self.conn)?.open;
        if found == expected {
            return Ok(());
        }
        Err(StoreError::altered(
            "delivery",
            format!("open: {found} of {expected}"),
        ))
    }

    fn open_deliveries(&self) -> Result<Vec<(Envelope, Delivery)>, StoreError> {
        let early = states(open_states().filter(|state| *state != DeliveryState::Accepted));
        // UNION ALL over row numbers keeps both halves on their index.
        let tail = format!(
            "WHERE m.n IN (SELECT message FROM delivery WHERE state IN ({early}) UNION ALL \
             SELECT a.message FROM delivery a JOIN message b ON b.n = a.message JOIN team t ON t.id = b.team \
             WHERE a.state = 'accepted' AND t.desired = 'running') ORDER BY m.n"
        );
        Ok(pairs(self.select(&tail, [])?))
    }

    fn pair_seqs(&self) -> Result<Vec<PairSeq>, StoreError> {
        let sql = format!(
            "SELECT t.sender, t.team, t.recipient, t.last, {} FROM pair t ORDER BY t.sender, t.team, t.recipient",
            sum::holds("t", sum::PAIR)
        );
        self.collect("pair numbers", &sql, |row| {
            whole(row, 4, "pair", 0)?;
            let recipient: String = get(row, 2)?;
            Ok(PairSeq {
                sender: get(row, 0)?,
                team: parse("team id", &get::<String>(row, 1)?)?,
                recipient: (recipient != "human")
                    .then(|| parse("recipient", &recipient))
                    .transpose()?,
                last: count_in("pair number", get(row, 3)?)?,
            })
        })
    }

    fn spool_offsets(&self) -> Result<BTreeMap<AgentId, u64>, StoreError> {
        let sql = format!(
            "SELECT t.agent, t.bytes, {} FROM spool t JOIN agent a ON a.id = t.agent",
            sum::holds("t", sum::SPOOL)
        );
        let offsets = self.collect("spool offsets", &sql, |row| {
            whole(row, 2, "spool", 0)?;
            let agent = parse("agent id", &get::<String>(row, 0)?)?;
            Ok((agent, count_in("spool offset", get(row, 1)?)?))
        })?;
        Ok(offsets.into_iter().collect())
    }

    fn last_message_id(&self) -> Result<Option<MessageId>, StoreError> {
        let id: Option<String> = self
            .conn
            .query_row("SELECT max(id) FROM message", [], |row| row.get(0))
            .map_err(StoreError::sql("read the last message id"))?;
        id.map(|id| parse("message id", &id)).transpose()
    }

    /// All rows of a statement without parameters, each read by `read`.
    fn collect<T>(
        &self,
        what: &str,
        sql: &str,
        read: impl Fn(&rusqlite::Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let failed = || StoreError::sql(format!("read the stored {what}"));
        let mut statement = self.conn.prepare_cached(sql).map_err(failed())?;
        let mut rows = statement.query([]).map_err(failed())?;
        let mut values = Vec::new();
        while let Some(row) = rows.next().map_err(failed())? {
            values.push(read(row)?);
        }
        Ok(values)
    }
}

/// Refuses a row whose check in column `holds` fails; column `key` names it.
pub(crate) fn whole(
    row: &Row<'_>,
    holds: usize,
    table: &'static str,
    key: usize,
) -> Result<(), StoreError> {
    if get::<bool>(row, holds)? {
        return Ok(());
    }
    Err(StoreError::altered(table, get::<String>(row, key)?))
}
