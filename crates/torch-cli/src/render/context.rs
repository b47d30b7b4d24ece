//! Contexts, tokens and cost of agents, as their programs tell them.

use torch_api::view::{AgentView, TeamView};

use super::plain;
use super::style::{STRONG, WARN, paint};
use super::table::{Cell, Table};
use super::time::Clock;

/// Below this share of its context a cell is marked, in percent; nothing follows from it.
const LOW: u8 = 15;

/// A table for each team.
pub fn list(teams: &[TeamView], clock: &Clock) -> String {
    if teams.is_empty() {
        return "no teams\n".to_owned();
    }
    let blocks: Vec<String> = teams.iter().map(|team| block(team, clock)).collect();
    blocks.join("\n")
}

fn block(team: &TeamView, clock: &Clock) -> String {
    let heads = [
        "ROLE",
        "PROGRAM",
        "MODEL",
        "CONTEXT LEFT",
        "TOLD",
        "COMPACTED",
        "TOKENS IN",
        "CACHED",
        "OUT",
        "COST",
    ];
    let mut table = Table::new(2, &heads);
    for agent in &team.agents {
        table.row(row(agent, clock));
    }
    format!("{}\n{}", paint(STRONG, &team.name), table.render())
}

fn row(agent: &AgentView, clock: &Clock) -> [Cell; 10] {
    let figures = &agent.figures;
    let unknown = || "unknown".to_owned();
    let tokens = figures.tokens();
    let counted = |count: u64| {
        if tokens.is_zero() {
            unknown()
        } else {
            short(count)
        }
    };
    let left = match figures.context_left {
        Some(left) if left < LOW => Cell::styled(WARN, format!("{left} %")),
        Some(left) => Cell::from(format!("{left} %")),
        None => Cell::from(unknown()),
    };
    [
        agent.role.as_str().into(),
        agent.program.as_str().into(),
        figures.model.as_deref().map_or_else(unknown, plain).into(),
        left,
        figures
            .context_at
            .map_or_else(|| "-".to_owned(), |at| clock.ago(at))
            .into(),
        figures.compactions.to_string().into(),
        counted(tokens.input).into(),
        counted(tokens.cache_read.saturating_add(tokens.cache_write)).into(),
        counted(tokens.output).into(),
        figures.cost().map_or_else(unknown, dollars).into(),
    ]
}

/// `1.2M`, `34k`, `567`.
fn short(count: u64) -> String {
    match count {
        0..10_000 => count.to_string(),
        10_000..1_000_000 => format!("{}k", count / 1_000),
        _ => format!("{}.{}M", count / 1_000_000, count % 1_000_000 / 100_000),
    }
}

fn dollars(micros: u64) -> String {
    format!("${}.{:02}", micros / 1_000_000, micros % 1_000_000 / 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        assert_eq!(short(9_999), "9999");
        assert_eq!(short(123_456), "123k");
        assert_eq!(short(12_345_678), "12.3M");
        assert_eq!(dollars(580_744), "$0.58");
        assert_eq!(dollars(12_005_000), "$12.00");
    }
}
