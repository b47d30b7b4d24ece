//! Check-ins: whether an agent is to be told or asked now, from facts and the time.
//!
//! A check-in costs the agent a turn, so it is said only where there is news and nobody is at it already. Everything else
//! is a [`SkipReason`], which is kept and shown.

use std::time::Duration;

use torch_core::check_in::{CheckIns, Quiet, SkipReason};
use torch_core::config::PlanTier;
use torch_core::{AgentState, Timestamp};

/// The interval that a subscription allows (K21): short ones use up small plans.
pub fn interval_of(plan: PlanTier) -> Duration {
    let minutes = match plan {
        PlanTier::Pro => 90,
        PlanTier::Max5 => 60,
        PlanTier::Max20 | PlanTier::Console => 45,
    };
    Duration::from_secs(minutes * 60)
}

/// What is known of one agent when a check-in is due.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Whether its team runs in this boot.
    pub team_runs: bool,
    /// Whether the hub reported the spec complete.
    pub team_finished: bool,
    /// Its state.
    pub state: AgentState,
    /// Whether it is up and briefed.
    pub is_up: bool,
    /// Whether a person paused it or its team.
    pub is_paused: bool,
    /// Whether a usage limit of its own or of its account holds it.
    pub is_limited: bool,
    /// Whether its turns fail for want of a login.
    pub no_login: bool,
    /// Whether it has used up its turns of the hour.
    pub is_capped: bool,
    /// Whether any message waits for it.
    pub waiting: bool,
    /// What is remembered.
    pub row: &'a CheckIns,
}

/// Whether it may be written to at all: what holds it, the strongest first.
///
/// # Errors
/// What holds it.
pub fn reachable(facts: &Facts<'_>) -> Result<(), SkipReason> {
    let held = [
        (!facts.team_runs, SkipReason::TeamDown),
        (facts.is_paused, SkipReason::Paused),
        (facts.team_finished, SkipReason::Finished),
        (!facts.is_up || !facts.state.is_live(), SkipReason::NotUp),
        (
            facts.is_limited || facts.state == AgentState::Limited,
            SkipReason::Limited,
        ),
        (facts.no_login, SkipReason::NoLogin),
        (facts.is_capped, SkipReason::Capped),
        (facts.state == AgentState::Asking, SkipReason::Asking),
        (facts.waiting, SkipReason::MessageWaits),
        (!facts.state.takes_messages(), SkipReason::InTurn),
    ];
    match held.into_iter().find(|(holds, _)| *holds) {
        Some((_, why)) => Err(why),
        None => Ok(()),
    }
}

/// Whether the hub is to be told: it is free, did nothing since the last look, and `news` has happened.
///
/// # Errors
/// Why not.
pub fn hub(facts: &Facts<'_>, news: usize) -> Result<(), SkipReason> {
    reachable(facts)?;
    let since = facts.row.heard;
    if facts.row.spoke > since && facts.row.spoke.is_some() {
        return Err(SkipReason::Active);
    }
    if news == 0 {
        return Err(SkipReason::NoNews);
    }
    Ok(())
}

/// Whether a role is to be asked: somebody gave it something to do, it had a turn since and never said what came of it.
///
/// # Errors
/// Why not.
pub fn role(facts: &Facts<'_>) -> Result<(), SkipReason> {
    reachable(facts)?;
    let row = facts.row;
    if row.quiet != Quiet::No {
        return Err(SkipReason::AskedAlready);
    }
    let answered = row.spoke >= row.given;
    if row.given.is_none() || answered || row.turn < row.given {
        return Err(if row.spoke > row.heard {
            SkipReason::Active
        } else {
            SkipReason::NoNews
        });
    }
    Ok(())
}

/// What is known of a member of the team, for the hub's news.
#[derive(Debug, Clone)]
pub struct Member<'a> {
    /// Its role.
    pub role: &'a str,
    /// Its state.
    pub state: AgentState,
    /// Since when.
    pub since: Timestamp,
    /// Whether it is wanted to run.
    pub wanted: bool,
    /// When it last showed a sign of life.
    pub seen: Timestamp,
    /// Its last completion report.
    pub completed: Option<(Timestamp, &'a str)>,
    /// Since when a usage limit holds it, in words.
    pub limited: Option<(Timestamp, String)>,
    /// Since when its turns fail for want of a login, in words.
    pub no_login: Option<(Timestamp, &'a str)>,
    /// What it asks, where a dialog is open.
    pub question: Option<&'a str>,
    /// What came of its silence.
    pub quiet: Quiet,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// To whom.
    pub role: String,
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// It reported its task complete, with these words.
    Finished(String),
    /// A dialog is open in it.
    Asks(String),
    /// A usage limit holds it.
    Limited(String),
    /// Its turns fail for want of a login.
    NoLogin(String),
    /// Its program ended, and does not run.
    Ended(AgentState),
    /// It went silent, and did not answer when it was asked.
    Silent,
    /// It has been in one turn without a sign of life.
    Stuck,
    /// It broke a rule of communication, and nobody has settled that. It is told once.
    Violation {
        /// Which rule, in words.
        words: String,
        /// The violation's id, as it is written.
        id: String,
    },
}

/// The violations of those since `heard` that are open still, among the other news, the oldest first.
pub fn with_violations(
    mut news: Vec<News>,
    open: impl IntoIterator<Item = News>,
    heard: Option<Timestamp>,
) -> Vec<News> {
    let new = open
        .into_iter()
        .filter(|one| heard.is_none_or(|heard| one.at > heard));
    news.extend(new);
    news.sort_by_key(|news| news.at);
    news
}

/// What happened to the members since `heard`, the oldest first. A turn without a sign of life counts after `patience`.
pub fn news(
    members: &[Member<'_>],
    heard: Option<Timestamp>,
    now: Timestamp,
    patience: Duration,
) -> Vec<News> {
    let mut all: Vec<News> = Vec::new();
    for member in members {
        let mut add = |at: Timestamp, what: What| {
            if heard.is_none_or(|heard| at > heard) && at <= now {
                let role = member.role.to_owned();
                all.push(News { role, at, what });
            }
        };
        if let Some((at, text)) = member.completed {
            add(at, What::Finished(text.to_owned()));
        }
        match (&member.limited, member.no_login, member.state) {
            (Some((at, words)), _, _) => add(*at, What::Limited(words.clone())),
            (None, Some((at, words)), _) => add(at, What::NoLogin(words.to_owned())),
            (None, None, AgentState::Asking) => {
                let asked = member.question.unwrap_or("a dialog is open");
                add(member.since, What::Asks(asked.to_owned()));
            }
            (None, None, state) if !state.is_live() && member.wanted => {
                add(member.since, What::Ended(state));
            }
            (None, None, AgentState::Working | AgentState::Retrying) => {
                let stuck = member.seen.max(member.since).after(patience);
                add(stuck, What::Stuck);
            }
            _ => {}
        }
        if let Quiet::Told { at } = member.quiet {
            add(at, What::Silent);
        }
    }
    all.sort_by_key(|news| news.at);
    all
}

#[cfg(test)]
mod tests;
