//! A day's journal, judged again by the same engine, and what the day's messages come to.

use serde::{Deserialize, Serialize};
use torch_api::Failure;
use torch_core::analysis::{TeamAnalysis, analyse};
use torch_core::config::RouterConfig;
use torch_core::message::Decision;
use torch_core::{LedgerRecord, Timestamp};
use torch_router::replay::{Judged, Replay};
use torch_store::{JournalRow, LedgerKind, StoreError};

use crate::host::answer::store_failure;
use crate::offline::Registry;
use crate::past::{FURTHEST, text_of};

/// How long before a day the memory of what was said begins: longer than any limit counts without a rule of its own.
const BEFORE_MILLIS: u64 = FURTHEST.as_secs() * 1_000;

/// What judging a day again came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayReport {
    /// How many messages were judged again.
    pub messages: u64,
    /// The verdicts that differ.
    pub differing: Vec<Difference>,
    /// The messages that can't be judged again.
    pub unknown: Vec<Unknown>,
    /// The sets of rules that were in force on messages of the day.
    pub sets: Vec<String>,
    /// Delays and bottlenecks, team by team.
    pub teams: Vec<TeamAnalysis>,
}

/// A verdict that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The message.
    pub message: String,
    /// When it was judged.
    pub at: Timestamp,
    /// What was decided then.
    pub decision: Decision,
    /// By which rule.
    pub rule: String,
    /// What is decided now.
    pub now: Decision,
    /// By which rule.
    pub now_rule: String,
}

/// A message that can't be judged again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unknown {
    /// The message.
    pub message: String,
    /// Why not.
    pub why: String,
}

impl Registry {
    /// Judges again what was judged from one instant until before another. All of it is judged, as what one team says counts for
    /// no other; an agent is shown what became of its own team's messages.
    ///
    /// # Errors
    /// A [`Failure`] when the registry or the templates can't be read.
    pub fn replay(&self, from: Timestamp, until: Timestamp) -> Result<ReplayReport, Box<Failure>> {
        let templates = crate::templates::roles().map_err(|error| {
            let error = format!("the templates can't be read: {error}");
            Box::new(crate::failure::other(&error, "", Some("torch doctor")))
        })?;
        let run = || -> Result<ReplayReport, StoreError> {
            let sets = self.store().ledger(LedgerKind::Rules)?;
            let sets = sets.into_iter().filter_map(|record| match record {
                LedgerRecord::Rules(row) => Some(row.set),
                _ => None,
            });
            let mut replay = Replay::new(sets, templates.matrices.clone());
            judge_all(self, &mut replay, from, until)
        };
        run().map_err(|error| Box::new(store_failure(&error)))
    }
}

fn judge_all(
    registry: &Registry,
    replay: &mut Replay,
    from: Timestamp,
    until: Timestamp,
) -> Result<ReplayReport, StoreError> {
    let store = registry.store();
    let begin = Timestamp(from.0.saturating_sub(BEFORE_MILLIS));
    if let Some(row) = store.last_before("router.began", begin)? {
        replay.begin(&config_in(&row), false);
    }
    let mut report = ReplayReport::default();
    let (mut first, mut last) = (None, 0);
    for row in store.judgements(begin, until)? {
        if row.at >= from {
            first = first.or(Some(row.seq));
            last = row.seq;
        }
        match row.kind.as_str() {
            "router.began" => {
                let recalls = row.data["recalls"].as_bool().unwrap_or(false);
                replay.begin(&config_in(&row), recalls);
            }
            "clock.moved" => replay.step(row.data["stepped_ms"].as_i64().unwrap_or(0)),
            _ => judge_one(registry, replay, &row, (from, &mut report))?,
        }
    }
    if let Some(first) = first {
        let stretch = torch_store::Stretch {
            after: first - 1,
            last: store.last_until(until)?.max(last),
        };
        report.teams = analyse(&store.facts_of(stretch, until)?, until);
        if let Some(own) = registry.own() {
            report.teams.retain(|team| team.team == own.name);
        }
    }
    Ok(report)
}

fn config_in(row: &JournalRow) -> RouterConfig {
    serde_json::from_value(row.data["router"].clone()).unwrap_or_default()
}

fn judge_one(
    registry: &Registry,
    replay: &mut Replay,
    row: &JournalRow,
    (from, report): (Timestamp, &mut ReplayReport),
) -> Result<(), StoreError> {
    let Some(data) = row.data.get("judged") else {
        return Ok(());
    };
    let store = registry.store();
    let short = row.subject.len().saturating_sub(8);
    let short = row.subject[short..].to_lowercase();
    let message = format!("m-{short}");
    let stored = store.message(&short)?;
    // Of a message that is not kept, nobody but a person is told: whose it was is not known.
    let is_own = match &stored {
        Some(stored) => registry.is_own(stored.envelope.team),
        None => registry.own().is_none(),
    };
    let is_of_day = row.at >= from && is_own;
    let mut unknown = |why: String| {
        if is_of_day {
            let message = message.clone();
            report.unknown.push(Unknown { message, why });
        }
    };
    let Ok(judged) = serde_json::from_value::<Judged>(data.clone()) else {
        unknown("what its judgement depended on can't be read".to_owned());
        return Ok(());
    };
    let Some(stored) = stored else {
        unknown("the message is not kept any more".to_owned());
        return Ok(());
    };
    let body = stored.envelope.body.as_str();
    let Some(text) = text_of(&judged, body) else {
        unknown("the text that was judged is not kept".to_owned());
        return Ok(());
    };
    let verdict = match replay.judge(&judged, text) {
        Ok(verdict) => verdict,
        Err(error) => {
            unknown(error.to_string());
            return Ok(());
        }
    };
    if !is_of_day {
        return Ok(());
    }
    report.messages += 1;
    if let Some(id) = judged.rules.filter(|id| !report.sets.contains(id)) {
        report.sets.push(id);
    }
    let then = &stored.envelope.verdict;
    if (then.decision, &then.rule) != (verdict.decision, &verdict.rule) {
        report.differing.push(Difference {
            message,
            at: judged.at,
            decision: then.decision,
            rule: then.rule.clone(),
            now: verdict.decision,
            now_rule: verdict.rule,
        });
    }
    Ok(())
}
