//! The router's verdict on one message, with 300 edges, and with 300 rules of a project besides: no process, no disk.

use std::time::Instant;

use anyhow::Context as _;
use torch_core::config::RouterConfig;
use torch_core::{AgentId, RoleName, RouterMode, Sender, TeamId, Timestamp};
use torch_router::critical::Words;
use torch_router::matrix::Matrix;
use torch_router::policy::{Destination, TeamRules};
use torch_router::project::{RuleFile, RuleSet};
use torch_router::speech::Speech;
use torch_router::traffic::{Limits, Said, Traffic};

use crate::distribution::{Distribution, Figure, Unit};
use crate::{Effort, Setting};

/// The edges of the matrix, and the rules of the project.
const RULES: usize = 300;
/// The roles that they are between.
const ROLES: usize = 25;
/// Further critical words.
const WORDS: usize = 40;

/// What agents say; `N` becomes a number.
const TEXTS: [&str; 6] = [
    "word N: the parser reads every sample of the folder now, please run the suite again and tell me what is red",
    "ACK T-N",
    "STATUS developer 2026-11-21T18:00:00Z\nCompleted:\n- step N\nCurrent: the parser\nBlocked: none\nETA: 30m",
    "TASK T-N: The parser\nAssigned to: tester\nObjective: read every sample\nSuccess Criteria:\n- all parse\nPriority: HIGH",
    "the deploy of N failed with an error; nobody is blocked",
    "May I merge N?",
];

/// Verdicts on short messages and on long ones, each with the memory of an hour's traffic.
pub(crate) fn measure(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let count = match setting.effort {
        Effort::Full => 50_000,
        Effort::Quick => 2_000,
    };
    let roles = (0..ROLES)
        .map(|n| RoleName::parse(&format!("role{n}")))
        .collect::<Result<Vec<_>, _>>()
        .context("a role's name")?;
    let pairs = (0..ROLES * ROLES).map(|n| (n / ROLES, n * 7 % ROLES));
    let edges = pairs.filter(|(from, to)| from != to).take(RULES);
    let edges = edges.map(|(from, to)| (roles[from].clone(), roles[to].clone()));
    let matrix = Matrix::from_edges("bench", edges);
    let long = "the parser reads every sample of the folder, and nothing failed. ".repeat(60);
    let project = project()?;
    let short = judge(&roles, (&matrix, None), count, None);
    let ruled = judge(&roles, (&matrix, Some(&project)), count, None);
    let long = judge(&roles, (&matrix, Some(&project)), count / 10, Some(&long));
    let quoted = "the “parser” reads – every sample of the folder… ".repeat(4);
    let quoted = judge(&roles, (&matrix, Some(&project)), count, Some(&quoted));
    Ok(vec![
        Figure::new(
            format!("verdict, {RULES} edges, short texts"),
            Unit::Micros,
            short,
        )
        .goal(99, 50.0),
        Figure::new(
            format!("verdict, {RULES} edges, {RULES} rules of the project, short texts"),
            Unit::Micros,
            ruled,
        )
        .goal(99, 50.0),
        Figure::new(
            format!("verdict, {RULES} edges, {RULES} rules of the project, typographic texts"),
            Unit::Micros,
            quoted,
        )
        .goal(99, 50.0),
        Figure::new(
            format!("verdict, {RULES} edges, {RULES} rules of the project, 4 kB of text"),
            Unit::Micros,
            long,
        ),
    ])
}

/// Rules of every kind that is asked of a message, as a project's file states them; few of them are ever broken.
fn project() -> anyhow::Result<RuleSet> {
    let rules = (0..RULES).map(|n| {
        let (from, to) = (n % ROLES, (n * 7 + 1 + n / ROLES) % ROLES);
        match n % 6 {
            0 => format!("- `role{from}` must not write to `role{to}`"),
            1 => format!("- `role{from}` may write to `role{to}`"),
            2 => format!("- Messages must never say \"secret{n}\""),
            3 => format!("- `role{from}`: at most {} messages per hour", 3_000 + n),
            4 => format!(
                "- `role{from}`: at most {} characters per message",
                9_000 + n
            ),
            _ => format!("- `role{from}` must commit every {n} minutes"),
        }
    });
    let text = format!("# Team rules\n{}\n", rules.collect::<Vec<_>>().join("\n"));
    let file = RuleFile {
        name: "CLAUDE.md",
        text: &text,
    };
    let set = torch_router::project::read(&[file]).context("the rules")?;
    anyhow::ensure!(
        set.rules.len() == RULES,
        "{} rules were read",
        set.rules.len()
    );
    Ok(RuleSet::new(set))
}

/// Judges so many messages between all roles; everything that the daemon asks the router about one is timed.
fn judge(
    roles: &[RoleName],
    (matrix, project): (&Matrix, Option<&RuleSet>),
    count: usize,
    text: Option<&str>,
) -> Distribution {
    let limits = Limits::from(&RouterConfig::default());
    let limits = project.map_or(limits, |project| project.limits(&limits));
    let further: Vec<String> = (0..WORDS).map(|n| format!("keyword{n}")).collect();
    let words = Words::new(further.iter().map(String::as_str));
    let team = TeamRules {
        mode: RouterMode::Matrix,
        has_hub: true,
        matrix,
        project,
        time: torch_core::project_rules::DayMinute::default(),
    };
    let mut traffic = Traffic::default();
    let mut random = fastrand::Rng::with_seed(1);
    let mut values = Distribution::default();
    for n in 0..count {
        let (from, to) = (random.usize(..ROLES), random.usize(..ROLES));
        let agent = |n: usize| AgentId::new(1, n as u128);
        let sender = Sender::Agent {
            agent: agent(from),
            team: TeamId::new(1, 1),
            role: roles[from].clone(),
        };
        let text = match text {
            Some(text) => format!("{n} {text}"),
            None => TEXTS[n % TEXTS.len()].replace('N', &n.to_string()),
        };
        let begin = Instant::now();
        let speech = Speech::read(&text);
        let said = Said {
            sender: &sender,
            to: Destination::Role(&roles[to]),
            agent: Some(agent(to)),
            text: &text,
            speech: &speech,
            now: Timestamp(1_000_000 + n as u64 * 100),
        };
        let judged = traffic.judge(&said, team, &limits);
        std::hint::black_box(words.find(&text));
        traffic.note(&said, said.agent, &limits);
        std::hint::black_box(judged);
        values.push(begin.elapsed().as_secs_f64() * 1e6);
    }
    values
}
