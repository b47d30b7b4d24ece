//! Making one turn's writes durable, in one transaction.

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, named_params};
use torch_core::journal::JournalEntry;
use torch_core::{
    Agent, AgentId, Delivery, DeliveryState, Envelope, LedgerRecord, MessageId, Schedule, Team,
    TeamId, Timestamp, Write,
};

use crate::chain::{self, ChainRow, Fields};
use crate::mark::Mark;
use crate::row::{self, count_out, json_out, path_out, time_out, word_out};
use crate::{Store, StoreError, sum};

impl Store {
    /// Makes all `writes` durable, in their order, or none of them. `now` becomes the time of the journal's
    /// entries. An empty slice touches nothing. After an error the store is as before and usable.
    ///
    /// On a full disk the reserve, if one is kept, is given up and the commit is tried once more.
    ///
    /// # Errors
    /// [`StoreError::DuplicateMessage`], [`StoreError::ShortIdTaken`] and [`StoreError::KeyTaken`] for a new
    /// message that collides, [`StoreError::UnknownMessage`], [`StoreError::NoDelivery`] for a new message
    /// without its delivery, [`StoreError::Gone`] when the file was removed or replaced, and what SQLite and the
    /// disk say.
    pub fn commit(&mut self, now: Timestamp, writes: &[Write]) -> Result<(), StoreError> {
        if writes.is_empty() {
            return Ok(());
        }
        self.still_there()?;
        match self.commit_once(now, writes) {
            Err(error) if error.is_full() && self.give_up_reserve() => {
                self.commit_once(now, writes)
            }
            result => result,
        }
    }

    fn commit_once(&mut self, now: Timestamp, writes: &[Write]) -> Result<(), StoreError> {
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(StoreError::sql("begin a commit"))?;
        let mut turn = Turn {
            conn: &tx,
            now,
            chain: ChainRow::load(&tx)?,
            new: Vec::new(),
        };
        for write in writes {
            turn.apply(write)?;
        }
        let mark = turn.close()?;
        tx.commit()
            .map_err(StoreError::sql(format!("commit {} writes", writes.len())))?;
        if let Some(file) = &self.mark {
            file.put(&mark);
        }
        Ok(())
    }
}

/// One transaction under way.
struct Turn<'a> {
    conn: &'a Connection,
    now: Timestamp,
    /// The journal's end and the counters, as they will be.
    chain: ChainRow,
    /// The messages inserted, with their row.
    new: Vec<(MessageId, i64)>,
}

impl Turn<'_> {
    fn apply(&mut self, write: &Write) -> Result<(), StoreError> {
        match write {
            Write::PutTeam(team) => self.put_team(team),
            Write::PutAgent(agent) => self.put_agent(agent),
            Write::PutMessage(envelope) => self.put_message(envelope),
            Write::PutDelivery(delivery) => self.put_delivery(delivery),
            Write::PutSchedule(schedule) => self.put_schedule(schedule),
            Write::PutLedger(record) => self.put_ledger(record),
            Write::PutPlan { team, plan } => self.put_plan(*team, plan),
            Write::SpoolOffset { agent, offset } => self.put_spool(*agent, *offset),
            Write::ReadInbox { message } => self.read_inbox(*message),
            Write::RemoveTeam(team) => self.remove_team(*team),
            Write::Journal(entry) => self.append(entry),
        }
    }

    /// Runs one statement and says how many rows it changed.
    fn run(
        &self,
        act: &str,
        sql: &str,
        params: impl rusqlite::Params,
    ) -> Result<usize, StoreError> {
        self.conn
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params))
            .map_err(StoreError::sql(act))
    }

    /// Writes the sum of a row that was written just now.
    fn seal(
        &self,
        table: &str,
        columns: &str,
        key: &str,
        value: impl rusqlite::ToSql,
    ) -> Result<(), StoreError> {
        sum::seal(self.conn, table, columns, key, value).map_err(StoreError::sql(format!(
            "store the sum of a row of {table}"
        )))
    }

    fn put_team(&self, team: &Team) -> Result<(), StoreError> {
        let id = team.id.to_string();
        let record = json_out(|| format!("team {}", team.name), team)?;
        self.run(
            &format!("store team {}", team.name),
            "INSERT INTO team (id, name, project, desired, phase, created, record) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO UPDATE SET name = excluded.name, \
             project = excluded.project, desired = excluded.desired, phase = excluded.phase, \
             created = excluded.created, record = excluded.record",
            (
                &id,
                team.name.as_str(),
                team.project.to_string_lossy(),
                word_out(&team.desired)?,
                word_out(&team.phase)?,
                time_out(team.created),
                record,
            ),
        )?;
        self.run(
            "store a team's name",
            "INSERT INTO team_name (team, name) VALUES (?1, ?2) \
             ON CONFLICT (team) DO UPDATE SET name = excluded.name WHERE name <> excluded.name",
            (&id, team.name.as_str()),
        )?;
        self.seal("team", sum::TEAM, "id", &id)?;
        self.seal("team_name", sum::TEAM_NAME, "team", &id)
    }

    fn put_agent(&self, agent: &Agent) -> Result<(), StoreError> {
        let record = json_out(|| format!("agent {}", agent.role), agent)?;
        self.run(
            &format!("store agent {} of team {}", agent.role, agent.team),
            "INSERT INTO agent (id, team, role, position, state, record) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
             ON CONFLICT (id) DO UPDATE SET team = excluded.team, role = excluded.role, \
             position = excluded.position, state = excluded.state, record = excluded.record",
            (
                agent.id.to_string(),
                agent.team.to_string(),
                agent.role.as_str(),
                agent.position,
                agent.state.as_str(),
                record,
            ),
        )?;
        self.seal("agent", sum::AGENT, "id", agent.id.to_string())
    }

    fn put_message(&mut self, envelope: &Envelope) -> Result<(), StoreError> {
        self.refuse_collision(envelope)?;
        let sender = row::SenderColumns::of(&envelope.sender);
        let (recipient, recipient_role) = row::recipient_out(&envelope.recipient);
        let pair_seq = count_out("pair number", envelope.pair_seq)?;
        let act = format!("store message {}", envelope.id);
        self.run(
            &act,
            "INSERT INTO message (n, id, short, team, at, kind, sender, sender_team, sender_role, sender_rule, \
             recipient, recipient_role, target, pair_seq, body, original, cleaned, decision, rule, reason, \
             critical, key, expires, flags, body_file, cause) VALUES ((SELECT coalesce(max(n), 0) + 1 FROM message), :id, :short, :team, :at, :kind, :sender, \
             :sender_team, :sender_role, :sender_rule, :recipient, :recipient_role, :target, :pair_seq, :body, \
             :original, :cleaned, :decision, :rule, :reason, :critical, :key, :expires, :flags, :body_file, :cause)",
            named_params! {
                ":id": envelope.id.to_string(),
                ":short": envelope.id.short(),
                ":team": envelope.team.to_string(),
                ":at": time_out(envelope.at),
                ":kind": envelope.kind.as_str(),
                ":sender": sender.identity,
                ":sender_team": sender.team,
                ":sender_role": sender.role,
                ":sender_rule": envelope.sender_rule,
                ":recipient": recipient,
                ":recipient_role": recipient_role,
                ":target": envelope.target,
                ":pair_seq": pair_seq,
                ":body": envelope.body,
                ":original": envelope.original,
                ":cleaned": json_out(|| act.clone(), &envelope.cleaned)?,
                ":decision": word_out(&envelope.verdict.decision)?,
                ":rule": envelope.verdict.rule,
                ":reason": envelope.verdict.reason,
                ":critical": json_out(|| act.clone(), &envelope.critical)?,
                ":key": envelope.key,
                ":expires": envelope.expires.map(time_out),
                ":flags": row::flags_out(envelope),
                ":body_file": envelope.body_file.as_deref().map(path_out),
                ":cause": envelope.cause.map(|cause| cause.to_string()),
            },
        )?;
        let row = self.conn.last_insert_rowid();
        self.seal("message", sum::MESSAGE, "n", row)?;
        self.chain.messages += 1;
        self.new.push((envelope.id, row));
        let team = sender.team.unwrap_or_else(|| envelope.team.to_string());
        self.run(
            "store a pair's number",
            "INSERT INTO pair (sender, team, recipient, last) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT DO UPDATE SET last = max(last, excluded.last)",
            (envelope.sender.label(), &team, &recipient, pair_seq),
        )?;
        self.run(
            "store the sum of a pair",
            "UPDATE pair SET sum = torch_sum(sender, team, recipient, last) \
             WHERE sender = ?1 AND team = ?2 AND recipient = ?3",
            (envelope.sender.label(), team, recipient),
        )?;
        Ok(())
    }

    /// Names what a new message collides with, before SQLite's constraints would do so without words.
    fn refuse_collision(&self, envelope: &Envelope) -> Result<(), StoreError> {
        let find = |sql: &str, params: &[&str]| -> Result<Option<MessageId>, StoreError> {
            let found: Option<String> = self
                .conn
                .prepare_cached(sql)
                .and_then(|mut statement| {
                    let params = rusqlite::params_from_iter(params);
                    statement.query_row(params, |row| row.get(0)).optional()
                })
                .map_err(StoreError::sql("look for a message of the same id or key"))?;
            found.map(|id| row::parse("message id", &id)).transpose()
        };
        let id = envelope.id;
        let by_short = "SELECT id FROM message WHERE short = ?1";
        match find(by_short, &[&id.short()])? {
            Some(existing) if existing == id => return Err(StoreError::DuplicateMessage { id }),
            Some(existing) => return Err(StoreError::ShortIdTaken { id, existing }),
            None => {}
        }
        let Some(key) = &envelope.key else {
            return Ok(());
        };
        let sender = row::SenderColumns::of(&envelope.sender).identity;
        let by_key = "SELECT id FROM message WHERE sender = ?1 AND key = ?2";
        match find(by_key, &[&sender, key])? {
            Some(existing) => Err(StoreError::KeyTaken {
                sender,
                key: key.clone(),
                existing,
            }),
            None => Ok(()),
        }
    }

    fn put_delivery(&mut self, delivery: &Delivery) -> Result<(), StoreError> {
        let sql = "SELECT m.n, d.state FROM message m LEFT JOIN delivery d ON d.message = m.n WHERE m.id = ?1";
        let found: Option<(i64, Option<String>)> = self
            .conn
            .prepare_cached(sql)
            .and_then(|mut statement| {
                let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
                let id = delivery.message.to_string();
                statement.query_row([id], read).optional()
            })
            .map_err(StoreError::sql("read where a delivery stood"))?;
        let Some((row, before)) = found else {
            return known(0, delivery.message, "store its delivery");
        };
        let was_open = match &before {
            Some(state) => under_way(row::parse("delivery state", state)?),
            None => false,
        };
        self.chain.open += i64::from(under_way(delivery.state)) - i64::from(was_open);
        self.run(
            &format!("store the delivery of message {}", delivery.message),
            "INSERT INTO delivery (message, state, reason, attempt, possible_duplicate, launch, since, evidence, sum) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, torch_sum(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)) \
             ON CONFLICT (message) DO UPDATE SET state = excluded.state, reason = excluded.reason, \
             attempt = excluded.attempt, possible_duplicate = excluded.possible_duplicate, \
             launch = excluded.launch, since = excluded.since, evidence = excluded.evidence, sum = excluded.sum",
            (
                row,
                delivery.state.as_str(),
                delivery.reason.map(torch_core::DeferReason::as_str),
                delivery.attempt,
                delivery.possible_duplicate,
                delivery.launch.map(|launch| launch.to_string()),
                time_out(delivery.since),
                &delivery.evidence,
            ),
        )?;
        Ok(())
    }

    fn put_schedule(&self, schedule: &Schedule) -> Result<(), StoreError> {
        let act = format!("store planned note {}", schedule.id.tag());
        let record = json_out(|| act.clone(), schedule)?;
        self.run(
            &act,
            "INSERT INTO schedule (id, team, due, state, record) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (id) \
             DO UPDATE SET due = excluded.due, state = excluded.state, record = excluded.record",
            (
                schedule.id.to_string(),
                schedule.team.to_string(),
                time_out(schedule.due),
                schedule.state.as_str(),
                record,
            ),
        )?;
        self.seal("schedule", sum::SCHEDULE, "id", schedule.id.to_string())
    }

    fn put_ledger(&self, record: &LedgerRecord) -> Result<(), StoreError> {
        let key = record.key();
        let act = format!("store {} {key} of the ledger", record.kind());
        let text = json_out(|| act.clone(), record)?;
        self.run(
            &act,
            "INSERT INTO ledger (key, team, kind, open, at, record) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (key) \
             DO UPDATE SET open = excluded.open, at = excluded.at, record = excluded.record",
            (
                &key,
                record.team().to_string(),
                record.kind(),
                record.is_open(),
                time_out(record.at()),
                text,
            ),
        )?;
        self.seal("ledger", sum::LEDGER, "key", &key)
    }

    fn put_plan(&self, team: TeamId, plan: &torch_core::TaskPlan) -> Result<(), StoreError> {
        let act = format!("store the plan of team {team}");
        let record = json_out(|| act.clone(), plan)?;
        self.run(
            &act,
            "INSERT INTO plan (team, record, sum) VALUES (?1, ?2, torch_sum(?1, ?2)) ON CONFLICT (team) \
             DO UPDATE SET record = excluded.record, sum = excluded.sum",
            (team.to_string(), record),
        )?;
        Ok(())
    }

    fn put_spool(&self, agent: AgentId, offset: u64) -> Result<(), StoreError> {
        self.run(
            "store a spool offset",
            "INSERT INTO spool (agent, bytes) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET bytes = excluded.bytes",
            (agent.to_string(), count_out("spool offset", offset)?),
        )?;
        self.seal("spool", sum::SPOOL, "agent", agent.to_string())
    }

    fn read_inbox(&self, message: MessageId) -> Result<(), StoreError> {
        let changed = self.run(
            "mark a message as read",
            "UPDATE message SET read_at = coalesce(read_at, ?2) WHERE id = ?1",
            (message.to_string(), time_out(self.now)),
        )?;
        known(changed, message, "mark it as read")?;
        self.seal("message", sum::MESSAGE, "id", message.to_string())
    }

    fn remove_team(&self, team: TeamId) -> Result<(), StoreError> {
        let act = format!("remove team {team}");
        let id = team.to_string();
        let spools = "DELETE FROM spool WHERE agent IN (SELECT id FROM agent WHERE team = ?1)";
        self.run(&act, spools, [&id])?;
        // Its agents go with it, by the foreign key.
        self.run(&act, "DELETE FROM team WHERE id = ?1", [&id])?;
        Ok(())
    }

    fn append(&mut self, entry: &JournalEntry) -> Result<(), StoreError> {
        let mut link = self.chain.link;
        let at = time_out(self.now);
        let data = json_out(
            || format!("the data of journal entry {}", entry.kind),
            &entry.data,
        )?;
        let content = if entry.kind.starts_with("message.") {
            chain::content(self.conn, &entry.subject)
                .map_err(StoreError::sql("read a message for the journal"))?
        } else {
            None
        };
        link.extend(&Fields {
            at,
            kind: entry.kind.as_bytes(),
            subject: entry.subject.as_bytes(),
            cause: entry.cause.as_bytes(),
            data: data.as_bytes(),
            content: content.as_deref().map(str::as_bytes),
        });
        self.run(
            &format!("append `{}` to the journal", entry.kind),
            "INSERT INTO journal (seq, at, kind, subject, cause, data, content, hash) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            (
                link.entries,
                at,
                &entry.kind,
                &entry.subject,
                &entry.cause,
                data,
                content,
                link.hex(),
            ),
        )?;
        self.chain.link = link;
        Ok(())
    }

    /// What holds for the turn as a whole; the mark that its commit earns.
    fn close(&mut self) -> Result<Mark, StoreError> {
        for (id, row) in &self.new {
            let found: bool = self
                .conn
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM delivery WHERE message = ?1)")
                .and_then(|mut statement| statement.query_row([row], |row| row.get(0)))
                .map_err(StoreError::sql("look for a message's delivery"))?;
            if !found {
                return Err(StoreError::NoDelivery { id: *id });
            }
        }
        self.chain.commits += 1;
        self.chain
            .save(self.conn)
            .map_err(StoreError::sql("store the journal's head"))?;
        Ok(Mark::of(&self.chain))
    }
}

/// Whether a delivery in this state counts among those under way.
fn under_way(state: DeliveryState) -> bool {
    !state.is_final() && state != DeliveryState::Accepted
}

fn known(changed: usize, id: MessageId, act: &'static str) -> Result<(), StoreError> {
    if changed == 0 {
        return Err(StoreError::UnknownMessage { id, act });
    }
    Ok(())
}
