//! `torch credit`: the accounts, their agents, what holds each, and what happened.

use torch_api::JournalView;
use torch_api::credit::{AgentCreditView, CreditState, CreditView, ShareView};
use torch_core::Timestamp;

use super::style::{DIM, GOOD, NONE, STRONG, WARN, paint};
use super::table::{Cell, Table};
use super::time::{Clock, span};
use super::{count, first_line};

/// How many entries of an agent's history are shown; `--json` has more.
const HISTORY: usize = 4;

/// All of it.
pub fn credit(view: &CreditView, clock: &Clock) -> String {
    if view.agents.is_empty() {
        return "no agents\n".to_owned();
    }
    let mut text = String::new();
    for account in &view.accounts {
        if !text.is_empty() {
            text.push('\n');
        }
        let agents = count(account.agents.len() as u64, "agent");
        text.push_str(&format!(
            "{}  {}  {}\n",
            paint(STRONG, &super::plain(&account.account)),
            paint(style(account.state), account.state.as_str()),
            paint(DIM, &agents)
        ));
        for share in &account.limits {
            text.push_str(&format!("  {}\n", self::share(share, clock)));
        }
        let own = || {
            let agents = view.agents.iter();
            agents.filter(|agent| agent.account == account.account)
        };
        text.push_str(&agents_table(own(), clock));
        for agent in own() {
            text.push_str(&details(agent, clock));
        }
    }
    text
}

fn style(state: CreditState) -> anstyle::Style {
    match state {
        CreditState::Ok => GOOD,
        CreditState::Unknown => DIM,
        CreditState::Approaching | CreditState::Exhausted => WARN,
        CreditState::Waking => NONE,
    }
}

/// `five_hour 93 % used, told 2 m ago, reset in 3 h at 22:10`.
fn share(share: &ShareView, clock: &Clock) -> String {
    let told = clock.ago(share.told);
    let limit = super::plain(&share.limit);
    if share.over {
        return paint(
            DIM,
            &format!(
                "{limit} was reset since {} % were told {told}",
                share.used_percent
            ),
        );
    }
    let reset = match share.resets_at {
        Some(at) => format!(", reset {} at {}", clock.ago(at), clock.date(at)),
        None => String::new(),
    };
    let used = format!("{limit} {} % used", share.used_percent);
    let used = if share.approaching {
        paint(WARN, &used)
    } else {
        used
    };
    format!("{used}, told {told}{reset}")
}

fn agents_table<'a>(agents: impl Iterator<Item = &'a AgentCreditView>, clock: &Clock) -> String {
    let mut table = Table::new(
        2,
        &[
            "AGENT",
            "CREDIT",
            "NEXT RESET",
            "TOLD BY",
            "WOKEN",
            "WAITING",
        ],
    );
    for agent in agents {
        let estimate = agent.next_reset_from.as_deref() == Some("estimate");
        let about = if estimate { "about " } else { "" };
        let next = agent.next_reset.map_or_else(
            || "unknown".to_owned(),
            |at| format!("{about}{}", ahead(at, clock)),
        );
        table.row([
            Cell::from(format!("{}:{}", agent.team, agent.role)),
            Cell::styled(style(agent.state), agent.state.as_str()),
            next.into(),
            agent.next_reset_from.as_deref().unwrap_or("-").into(),
            agent
                .last_wake
                .map_or_else(|| "-".to_owned(), |at| clock.ago(at))
                .into(),
            match agent.waiting {
                0 => Cell::styled(DIM, "-"),
                some => Cell::styled(WARN, some.to_string()),
            },
        ]);
    }
    table.render()
}

/// `in 3 h`, or how long ago it was.
fn ahead(at: Timestamp, clock: &Clock) -> String {
    if at <= clock.now {
        return clock.ago(at);
    }
    format!("in {}", span(at.since(clock.now)))
}

/// What holds an agent, and what happened to its limits.
fn details(agent: &AgentCreditView, clock: &Clock) -> String {
    let mut text = String::new();
    let name = paint(STRONG, &format!("{}:{}", agent.team, agent.role));
    if let Some(held) = &agent.held {
        text.push_str(&format!(
            "  {name} {}\n    {} {}: {}\n",
            paint(WARN, &held.text),
            held.source,
            clock.ago(held.since),
            first_line(&held.said, 160)
        ));
        let plan = match (held.wake_at, held.automatic, held.needs_person) {
            (_, _, true) => Some(format!(
                "a person has to act, and then: torch credit wake {}",
                agent.role
            )),
            (Some(at), true, _) => Some(format!(
                "it goes on by itself, as it said; if not, torch wakes it {}",
                ahead(at, clock)
            )),
            (Some(at), false, _) => Some(format!("torch wakes it {}", ahead(at, clock))),
            (None, ..) => None,
        };
        if let Some(plan) = plan {
            text.push_str(&format!("    {plan}\n"));
        }
    } else if let Some(words) = &agent.held_with_account {
        text.push_str(&format!("  {name} {}\n", paint(WARN, words)));
    } else if !agent.history.is_empty() {
        text.push_str(&format!("  {name}\n"));
    }
    for entry in agent.history.iter().take(HISTORY) {
        let line = format!("    {}  {}", clock.date(entry.at), event(entry));
        text.push_str(&format!("{}\n", paint(DIM, &line)));
    }
    text
}

/// What happened, in words.
fn event(entry: &JournalView) -> String {
    let word = |name: &str| {
        let value = entry.data.get(name).and_then(|value| value.as_str());
        first_line(value.unwrap_or_default(), 120)
    };
    match entry.kind.as_str() {
        "credit.limited" => format!("hit its limit ({}): {}", word("kind"), word("words")),
        "credit.told" => format!("its reset was told ({})", word("from")),
        "credit.waking" => "its limit was reset".to_owned(),
        "credit.woken" => "was woken".to_owned(),
        "credit.over" => format!("goes on: {}", word("how")),
        "credit.near" => format!("its {} limit was nearly used up", word("limit")),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use serde_json::json;
    use torch_api::credit::{AccountView, HeldView};
    use torch_core::AgentState;

    use super::*;

    const NOW: Timestamp = Timestamp(1_795_269_720_000);

    fn agent(role: &str, state: CreditState) -> AgentCreditView {
        AgentCreditView {
            team: "app".to_owned(),
            role: role.to_owned(),
            program: "claude".to_owned(),
            account: "claude /home/u/.claude".to_owned(),
            agent_state: AgentState::Idle,
            state,
            limits: Vec::new(),
            held: None,
            held_with_account: None,
            waiting: 0,
            last_reset: None,
            last_wake: None,
            next_reset: None,
            next_reset_from: None,
            history: Vec::new(),
        }
    }

    fn held(reset: Timestamp) -> HeldView {
        HeldView {
            limit: "five_hour".to_owned(),
            since: NOW.moved(-120_000),
            said: "You've hit your 5-hour limit · resets 4:02pm (Europe/London)".to_owned(),
            source: "hook".to_owned(),
            resets_at: Some(reset),
            reset_from: Some("transcript".to_owned()),
            estimate: false,
            zone: Some("Europe/London".to_owned()),
            zone_assumed: false,
            needs_person: false,
            interrupted: true,
            automatic: true,
            hits: 1,
            wake_at: Some(reset.moved(300_000)),
            text: "limited until 16:02 (Europe/London)".to_owned(),
        }
    }

    fn view() -> CreditView {
        let reset = NOW.moved(7_200_000);
        let share = ShareView {
            limit: "five_hour".to_owned(),
            used_percent: 100,
            told: NOW.moved(-60_000),
            resets_at: Some(reset),
            over: false,
            approaching: true,
        };
        let over = ShareView {
            limit: "weekly".to_owned(),
            used_percent: 40,
            resets_at: Some(NOW.moved(-1_000)),
            over: true,
            approaching: false,
            ..share.clone()
        };
        let held = held(reset);
        let entry = JournalView {
            seq: 1,
            at: NOW.moved(-120_000),
            kind: "credit.limited".to_owned(),
            cause: "hook StopFailure".to_owned(),
            data: json!({"kind": "five_hour", "words": "You've hit your 5-hour limit"}),
        };
        let developer = AgentCreditView {
            held: Some(held),
            waiting: 2,
            next_reset: Some(reset),
            next_reset_from: Some("transcript".to_owned()),
            last_wake: Some(NOW.moved(-90_000_000)),
            history: vec![entry],
            ..agent("developer", CreditState::Exhausted)
        };
        let estimated = AgentCreditView {
            next_reset: Some(NOW.moved(3_000_000)),
            next_reset_from: Some("estimate".to_owned()),
            ..agent("tester", CreditState::Unknown)
        };
        let account = |name: &str, state, limits| AccountView {
            account: name.to_owned(),
            program: "claude".to_owned(),
            agents: vec!["app:developer".to_owned()],
            state,
            next_reset: Some(reset),
            limits,
        };
        CreditView {
            accounts: vec![
                account(
                    "claude /home/u/.claude",
                    CreditState::Exhausted,
                    vec![share, over],
                ),
                account("demo", CreditState::Unknown, Vec::new()),
            ],
            agents: vec![
                developer,
                estimated,
                AgentCreditView {
                    account: "demo".to_owned(),
                    ..agent("orchestrator", CreditState::Unknown)
                },
            ],
        }
    }

    #[test]
    fn credit_is_shown_by_account() {
        let clock = Clock {
            now: NOW,
            zone: TimeZone::UTC,
        };
        insta::assert_snapshot!(anstream::adapter::strip_str(&credit(&view(), &clock)).to_string());
        let none = CreditView {
            accounts: Vec::new(),
            agents: Vec::new(),
        };
        assert_eq!(credit(&none, &clock), "no agents\n");
    }
}
