//! Usage limits as they are shown: of the daemon's answers and of those without it.

use jiff::tz::TimeZone;
use torch_api::credit::{
    AccountView, AgentCreditView, CreditState, CreditView, HeldView, ShareView,
};
use torch_core::credit::{HoldPhase, LimitHold, LimitReset, ResetSource, WINDOW, WakeRules};
use torch_core::{Agent, AgentState, Team, Timestamp};

/// One agent to be shown.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    pub(crate) team: &'a Team,
    pub(crate) agent: &'a Agent,
    pub(crate) account: String,
    pub(crate) waiting: u64,
    /// The limit of another agent of its account that holds it as well, in words.
    pub(crate) shared: Option<String>,
}

/// All agents, grouped by account, without their history; `rules` say when they are woken, where a daemon does that.
pub(crate) fn credit(rows: &[Row<'_>], rules: Option<&WakeRules>, now: Timestamp) -> CreditView {
    let mut names: Vec<&str> = rows.iter().map(|row| row.account.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let agents: Vec<AgentCreditView> = rows.iter().map(|row| agent(row, rules, now)).collect();
    let accounts = names.into_iter().map(|name| account(name, &agents));
    CreditView {
        accounts: accounts.collect(),
        agents,
    }
}

fn agent(row: &Row<'_>, rules: Option<&WakeRules>, now: Timestamp) -> AgentCreditView {
    let credit = &row.agent.credit;
    let limits = row.agent.figures.limits.iter();
    let limits = limits.map(|(name, share)| {
        // What was told of a window that is over says nothing of the present one.
        let over = share.resets_at.is_some_and(|at| at <= now);
        let near = credit.growth.get(name).is_some_and(|growth| growth.warned);
        ShareView {
            limit: name.clone(),
            used_percent: share.used_permille / 10,
            told: share.at,
            resets_at: share.resets_at,
            over,
            approaching: near && !over,
        }
    });
    let limits: Vec<ShareView> = limits.collect();
    let held = credit.hold.as_ref().map(|hold| held(hold, rules));
    let state = match &credit.hold {
        Some(hold) if hold.phase != HoldPhase::Waiting => CreditState::Waking,
        Some(_) => CreditState::Exhausted,
        None if row.shared.is_some() => CreditState::Exhausted,
        None if limits.iter().any(|share| share.approaching) => CreditState::Approaching,
        None if limits.iter().any(|share| !share.over) => CreditState::Ok,
        // It works, so nothing holds it, but nothing tells how much is left.
        None => CreditState::Unknown,
    };
    let (next_reset, next_reset_from) = next(row.agent, &limits, now).unzip();
    AgentCreditView {
        team: row.team.name.to_string(),
        role: row.agent.role.to_string(),
        program: row.agent.program.clone(),
        account: row.account.clone(),
        agent_state: row.agent.state,
        state,
        limits,
        held,
        held_with_account: row.shared.clone(),
        waiting: row.waiting,
        last_reset: credit.last_reset,
        last_wake: credit.wake_proven,
        next_reset,
        next_reset_from,
        history: Vec::new(),
    }
}

fn held(hold: &LimitHold, rules: Option<&WakeRules>) -> HeldView {
    let reset = hold.reset.as_ref();
    let waiting = hold.phase == HoldPhase::Waiting;
    HeldView {
        limit: hold.kind.clone(),
        since: hold.since,
        said: hold.words.clone(),
        source: hold.source.clone(),
        resets_at: reset.map(|reset| reset.at),
        reset_from: reset.map(|reset| reset.from.as_str().to_owned()),
        estimate: reset.is_some_and(|reset| reset.from == ResetSource::Estimate),
        zone: reset.and_then(|reset| reset.zone.clone()),
        zone_assumed: reset.is_some_and(|reset| reset.zone_guessed),
        needs_person: hold.needs_person(),
        interrupted: hold.interrupted,
        automatic: hold.automatic,
        hits: hold.hits,
        wake_at: rules
            .and_then(|rules| hold.wake_at(rules))
            .filter(|_| waiting),
        text: words(hold),
    }
}

/// The next reset, and what tells it.
fn next(agent: &Agent, limits: &[ShareView], now: Timestamp) -> Option<(Timestamp, String)> {
    let credit = &agent.credit;
    let reset = credit.hold.as_ref().and_then(|hold| hold.reset.as_ref());
    if let Some(reset) = reset {
        return Some((reset.at, reset.from.as_str().to_owned()));
    }
    let told = limits.iter().filter_map(|share| share.resets_at);
    if let Some(at) = told.filter(|at| *at > now).min() {
        return Some((at, ResetSource::Figure.as_str().to_owned()));
    }
    let end = credit.window_began?.after(WINDOW);
    (end > now).then(|| (end, ResetSource::Estimate.as_str().to_owned()))
}

/// What holds for an account is what holds for the agent of it that is worst off, and the newest figures.
fn account(name: &str, agents: &[AgentCreditView]) -> AccountView {
    let own = || agents.iter().filter(|agent| agent.account == name);
    let mut limits: Vec<ShareView> = Vec::new();
    for share in own().flat_map(|agent| &agent.limits) {
        match limits.iter_mut().find(|known| known.limit == share.limit) {
            Some(known) if known.told < share.told => *known = share.clone(),
            Some(_) => {}
            None => limits.push(share.clone()),
        }
    }
    AccountView {
        account: name.to_owned(),
        program: own()
            .next()
            .map_or_else(String::new, |agent| agent.program.clone()),
        agents: own()
            .map(|agent| format!("{}:{}", agent.team, agent.role))
            .collect(),
        state: own()
            .map(|agent| agent.state)
            .max()
            .unwrap_or(CreditState::Unknown),
        next_reset: own().filter_map(|agent| agent.next_reset).min(),
        limits,
    }
}

/// The limit that holds an agent: `limited until 14:02 (Europe/London)`.
pub(crate) fn words(hold: &LimitHold) -> String {
    let Some(reset) = &hold.reset else {
        return "limited: no usage credits left, a person has to act".to_owned();
    };
    let time = moment(reset, hold.since);
    match hold.phase {
        HoldPhase::Waiting => format!("limited until {time}"),
        HoldPhase::Waking { .. } => format!("waking: its limit was reset at {time}"),
    }
}

/// Whether an agent counts as exhausted, in the words of a resume.
pub(crate) fn is_exhausted(agent: &Agent) -> bool {
    agent.state == AgentState::Limited || agent.credit.hold.is_some()
}

fn moment(reset: &LimitReset, since: Timestamp) -> String {
    let zone = reset
        .zone
        .as_deref()
        .and_then(|name| TimeZone::get(name).ok());
    let name = match (&zone, reset.zone.as_deref()) {
        (Some(_), Some(name)) => name,
        _ => "UTC",
    };
    let zone = zone.unwrap_or(TimeZone::UTC);
    let day = |at: Timestamp| format(at, &zone, "%F");
    let shape = if day(reset.at) == day(since) {
        "%H:%M"
    } else {
        "%b %-d, %H:%M"
    };
    let time = format(reset.at, &zone, shape);
    match (reset.from == ResetSource::Estimate, reset.zone_guessed) {
        (true, _) => format!("about {time} ({name}, estimate)"),
        (false, true) => format!("{time} ({name}, its own zone is not known)"),
        (false, false) => format!("{time} ({name})"),
    }
}

/// A time of day with its zone.
pub(crate) fn clock(at: Timestamp, zone: &TimeZone) -> String {
    let name = zone.iana_name().unwrap_or("local");
    format!("{} ({name})", format(at, zone, "%H:%M"))
}

fn format(at: Timestamp, zone: &TimeZone, format: &str) -> String {
    let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).map_or_else(
        |_| at.0.to_string(),
        |at| at.to_zoned(zone.clone()).strftime(format).to_string(),
    )
}

#[cfg(test)]
mod tests {
    use torch_core::credit::UNNAMED;

    use super::*;

    fn hold(from: ResetSource, zone: &str, guessed: bool) -> LimitHold {
        // 21 November 2026, 14:02 UTC, hit two hours before.
        let at = Timestamp(1_795_269_720_000);
        LimitHold {
            kind: UNNAMED.to_owned(),
            since: at.moved(-7_200_000),
            words: "limit".to_owned(),
            source: "hook".to_owned(),
            reset: Some(LimitReset {
                at,
                anchor: None,
                from,
                zone: Some(zone.to_owned()),
                zone_guessed: guessed,
            }),
            interrupted: true,
            automatic: false,
            hits: 1,
            phase: HoldPhase::Waiting,
        }
    }

    #[test]
    fn a_limit_is_told_in_its_zone() {
        let said = |from, zone, guessed| words(&hold(from, zone, guessed));
        assert_eq!(
            said(ResetSource::Text, "Europe/London", false),
            "limited until 14:02 (Europe/London)"
        );
        assert_eq!(
            said(ResetSource::Record, "Australia/Brisbane", false),
            "limited until Nov 22, 00:02 (Australia/Brisbane)"
        );
        assert_eq!(
            said(ResetSource::Estimate, "UTC", false),
            "limited until about 14:02 (UTC, estimate)"
        );
        assert_eq!(
            said(ResetSource::Text, "Europe/London", true),
            "limited until 14:02 (Europe/London, its own zone is not known)"
        );
        // An offset is no name that can be looked up: then it is said in UTC.
        assert_eq!(
            said(ResetSource::Text, "GMT-3", false),
            "limited until 14:02 (UTC)"
        );
        let mut person = hold(ResetSource::Text, "UTC", false);
        person.reset = None;
        assert!(words(&person).contains("a person has to act"));
    }
}
