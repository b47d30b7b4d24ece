//! `torch credit`: the accounts, their agents, what holds each, and what happened.

use torch_api::JournalView;
use torch_api::credit::{
    AccountView, AgentCreditView, CreditState, CreditView, HeldView, ShareView,
};

use super::style::{DIM, GOOD, NONE, STRONG, WARN, paint};
use super::table::{Cell, Table};
use super::time::{Clock, span};
use super::{count, first_line, fit};

/// How many entries of an agent's history are shown; `--json` has more.
const HISTORY: usize = 4;

/// The columns beside an agent's name, at their usual widths.
const FIGURES: usize = 48;

/// What is left at least of a team's name.
const TEAM_MIN: usize = 4;

/// What stands where nothing was told.
const NOT_TOLD: &str = "-";

/// All of it, for a terminal of `width` columns if there is one.
pub fn credit(view: &CreditView, clock: &Clock, width: Option<usize>) -> String {
    if view.agents.is_empty() {
        return "no agents\n".to_owned();
    }
    let mut text = String::new();
    for account in &view.accounts {
        if !text.is_empty() {
            text.push('\n');
        }
        let own = || {
            let agents = view.agents.iter();
            agents.filter(|agent| agent.account == account.account)
        };
        let mut lines = heading(account);
        for share in &account.limits {
            lines.push_str(&format!("  {}\n", self::share(share, clock)));
        }
        if account.limits.is_empty() && account.state == CreditState::Unknown {
            let nothing = "no limit holds it, and its program has not said how much is used";
            lines.push_str(&format!("  {}\n", paint(DIM, nothing)));
        }
        text.push_str(&fit::prose(&lines, width, 2));
        text.push_str(&agents_table(own(), clock, width));
        for agent in own() {
            text.push_str(&fit::prose(&details(agent, clock), width, 2));
        }
    }
    text
}

fn heading(account: &AccountView) -> String {
    let agents = count(account.agents.len() as u64, "agent");
    format!(
        "{}  {}  {}\n",
        paint(STRONG, &super::plain(&account.account)),
        paint(style(account.state), word(account.state)),
        paint(DIM, &agents)
    )
}

fn style(state: CreditState) -> anstyle::Style {
    match state {
        CreditState::Ok => GOOD,
        CreditState::Unknown => DIM,
        CreditState::Approaching | CreditState::Exhausted => WARN,
        CreditState::Waking => NONE,
    }
}

/// How somebody stands to the limits, as people say it.
fn word(state: CreditState) -> &'static str {
    match state {
        CreditState::Unknown => "not told",
        CreditState::Approaching => "nearly used up",
        state => state.as_str(),
    }
}

/// `five_hour: 93 % used, told 2 m ago; reset in 3 h, at 2026-11-21 22:10:00`.
fn share(share: &ShareView, clock: &Clock) -> String {
    let told = clock.ago(share.told);
    let limit = super::plain(&share.limit);
    let used = format!("{limit}: {} % used", share.used_percent);
    if share.over {
        let line = format!("{used} when it was told {told}; it was reset since");
        return paint(DIM, &line);
    }
    let reset = match share.resets_at {
        Some(at) => format!("; reset {}, at {}", clock.ago(at), clock.date(at)),
        None => String::new(),
    };
    let used = if share.approaching {
        paint(WARN, &used)
    } else {
        used
    };
    format!("{used}, told {told}{reset}")
}

fn agents_table<'a>(
    agents: impl Iterator<Item = &'a AgentCreditView>,
    clock: &Clock,
    width: Option<usize>,
) -> String {
    let headings = [
        "AGENT",
        "CREDIT",
        "NEXT RESET",
        "TOLD BY",
        "WOKEN",
        "WAITING",
    ];
    let mut table = Table::new(2, &headings);
    for agent in agents {
        let next = next_reset(agent, clock);
        let told_by = agent
            .next_reset_from
            .as_deref()
            .filter(|_| next != NOT_TOLD);
        table.row([
            name(agent, width.map(|width| width.saturating_sub(FIGURES))).into(),
            Cell::styled(style(agent.state), word(agent.state)),
            next.into(),
            told_by.unwrap_or(NOT_TOLD).into(),
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
    // Who tells a reset is the least of it.
    table.giving(width, &[3])
}

/// `team:role` in so many columns, as long as the role has room: its end is what tells it from the next one.
fn name(agent: &AgentCreditView, most: Option<usize>) -> String {
    let (team, role) = (agent.team.as_str(), agent.role.as_str());
    let room = most.map(|most| most.saturating_sub(role.len() + 1));
    let team = room.map_or(team.to_owned(), |room| fit::line(team, room.max(TEAM_MIN)));
    format!("{team}:{role}")
}

/// When a limit is reset next, as far as there is reason to believe that there is one.
fn next_reset(agent: &AgentCreditView, clock: &Clock) -> String {
    if agent.held.as_ref().is_some_and(|held| held.needs_person) {
        return "by no time".to_owned();
    }
    let estimate = agent.next_reset_from.as_deref() == Some("estimate");
    // That a window of five hours began with its first turn says nothing where nobody told of a limit.
    let guessed = estimate && agent.state == CreditState::Unknown;
    let Some(at) = agent.next_reset.filter(|_| !guessed) else {
        return NOT_TOLD.to_owned();
    };
    match at.0.checked_sub(clock.now.0) {
        Some(ahead) if ahead > 0 => {
            let about = if estimate { "about " } else { "" };
            format!("in {about}{}", span(at.since(clock.now)))
        }
        _ => clock.ago(at),
    }
}

/// What holds an agent, and what happened to its limits.
fn details(agent: &AgentCreditView, clock: &Clock) -> String {
    let mut text = String::new();
    let name = paint(STRONG, &format!("{}:{}", agent.team, agent.role));
    if let Some(held) = &agent.held {
        text.push_str(&format!(
            "  {name} {}\n    {} {}: {}\n    {}\n",
            paint(WARN, &held.text),
            held.source,
            clock.ago(held.since),
            first_line(&held.said, 160),
            plan(agent, held, clock)
        ));
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

/// What comes next for an agent that a limit holds.
fn plan(agent: &AgentCreditView, held: &HeldView, clock: &Clock) -> String {
    let when = held.wake_at.map(|at| match at <= clock.now {
        true => "now".to_owned(),
        false => format!("in {}", span(at.since(clock.now))),
    });
    if !agent.agent_state.is_live() {
        let state = agent.agent_state;
        let until = when.map_or_else(String::new, |when| {
            format!("; the limit ends {when}, and started before that it waits until then")
        });
        return format!("its program does not run ({state}), so nothing is sent to it{until}");
    }
    if held.needs_person {
        return format!(
            "a person has to act, and then: torch credit wake {} --team {}",
            agent.role, agent.team
        );
    }
    if agent.state == CreditState::Waking {
        return "it was let try again; as soon as its turn goes on, so do its messages".to_owned();
    }
    let Some(when) = when else {
        return "torch lets it try again after the reset, while its daemon runs (torch daemon start)"
            .to_owned();
    };
    match held.automatic {
        true => format!("it goes on by itself, as it said; if not, torch lets it try again {when}"),
        false => format!("torch lets it try again {when}"),
    }
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
        "credit.over_said" => "a person said that its limit is over".to_owned(),
        "credit.waking" => "its limit was reset".to_owned(),
        "credit.woken" => "was woken".to_owned(),
        "credit.over" => format!("goes on: {}", word("how")),
        "credit.near" => format!("its {} limit was nearly used up", word("limit")),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests;
