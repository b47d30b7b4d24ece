//! `torch status`: the daemon, then each team with its agents.

use torch_api::view::{DaemonView, SupervisionView, TeamView};
use torch_core::Enforcement;

use super::style::{DIM, GOOD, NONE, STRONG, WARN, agent as agent_style, paint};
use super::table::{Cell, Table};
use super::time::Clock;
use super::{count, first_line, fit};
use crate::place;

/// How many columns stand before a line of an agent's screen.
pub const MARGIN: usize = 4;

/// The daemon, if it runs, and the teams, for a terminal of `width` columns if there is one.
pub fn status(
    daemon: Option<&DaemonView>,
    teams: &[TeamView],
    clock: &Clock,
    width: Option<usize>,
) -> String {
    let mut text = daemon
        .map(|daemon| fit::prose(&self::daemon(daemon, clock), width, MARGIN))
        .unwrap_or_default();
    if teams.is_empty() {
        text.push_str(
            "no teams; in a project's directory: torch auto --spec spec.md --agent demo\n",
        );
    }
    for team in teams {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&self::team(team, clock, width));
    }
    text
}

/// How many messages a person has not read.
pub fn inbox(unread: u64) -> String {
    let line = format!("{} for you (torch inbox)", count(unread, "unread message"));
    format!("\n{}\n", paint(WARN, &line))
}

/// The daemon in one line.
pub fn daemon(daemon: &DaemonView, clock: &Clock) -> String {
    let tmux = daemon.tmux_version.as_deref().unwrap_or("not asked yet");
    let line = format!(
        "daemon {} · pid {} · up {} · tmux {tmux} (-L {}) · {}",
        daemon.version,
        daemon.pid,
        clock.age(daemon.started),
        daemon.tmux_socket,
        place::shown(&daemon.home)
    );
    let mut text = format!("{}\n", paint(DIM, &line));
    if let Some(since) = daemon.tmux_silent {
        let line = format!(
            "tmux has not answered for {}: nothing is typed, and what stands here of the agents was so before (torch inbox)",
            clock.age(since)
        );
        text.push_str(&format!("{}\n", paint(WARN, &line)));
    }
    text
}

/// One team: a headline, its agents, what wants a look, how to attach.
pub fn team(team: &TeamView, clock: &Clock, width: Option<usize>) -> String {
    let phase = match team.phase.as_str() {
        "finished" if team.tasks.is_some_and(|tasks| tasks.done < tasks.total) => WARN,
        "finished" => GOOD,
        "stopped" => DIM,
        "suspended" => WARN,
        _ => NONE,
    };
    let headline = format!(
        "{}  {}  {}\n",
        paint(STRONG, &team.name),
        paint(phase, &phase_words(team, clock)),
        paint(
            DIM,
            &format!(
                "{} · {} · {}",
                place::shown(&team.project),
                team.base_branch,
                rules(team)
            )
        ),
    );
    let mut text = fit::prose(&headline, width, MARGIN);
    text.push_str(&agents(team, clock, width));
    for agent in team
        .agents
        .iter()
        .filter(|agent| !agent.last_lines.is_empty())
    {
        text.push_str(&format!("  {}\n", paint(STRONG, &agent.role)));
        for line in &agent.last_lines {
            text.push_str(&format!("  {} {}\n", paint(DIM, "|"), super::plain(line)));
        }
    }
    for line in notes(team, clock) {
        let line = format!("  {}\n", paint(WARN, &line));
        text.push_str(&fit::prose(&line, width, 2));
    }
    if let Some(words) = enforcement(team) {
        let line = format!("  {} {words}\n", paint(DIM, "git    "));
        text.push_str(&fit::prose(&line, width, 2));
    }
    if let Some(tasks) = team.tasks {
        let line = format!(
            "{} (torch plan --team {})",
            super::tasks::count(tasks),
            team.name
        );
        text.push_str(&format!("  {} {line}\n", paint(DIM, "plan   ")));
        if !team.to_do_again.is_empty() {
            let ids = team.to_do_again.join(", ");
            let line = format!("  to do again, as the spec asks for something else since: {ids}\n");
            text.push_str(&fit::prose(&line, width, 2));
        }
    }
    if let Some(view) = &team.next_scheduled {
        let line = super::schedule::next(view, team.scheduled, clock);
        text.push_str(&fit::prose(&format!("  {line}\n"), width, 2));
    }
    if team.supervision.messages > 0 {
        let line = format!("  {}\n", supervision(&team.supervision));
        text.push_str(&fit::prose(&line, width, 2));
    }
    if let Some(summary) = &team.summary {
        let summary = first_line(summary, 200);
        let line = format!("  {} {summary}\n", paint(DIM, "summary"));
        text.push_str(&fit::prose(&line, width, 2));
    }
    if team.phase != "stopped" {
        text.push_str(&format!("  {} {}\n", paint(DIM, "attach "), team.attach));
    }
    text
}

/// How firmly the agents' git is kept from what it must not do; nothing where words alone do, for all of them.
fn enforcement(team: &TeamView) -> Option<String> {
    let levels = [Enforcement::Prevented, Enforcement::Advice];
    let held = |level| {
        let own = team.agents.iter().filter(move |it| it.enforcement == level);
        own.map(|agent| agent.role.as_str()).collect::<Vec<_>>()
    };
    let said = levels.into_iter().filter_map(|level| {
        let roles = held(level);
        let words = match level {
            Enforcement::Prevented => "prevented: what is forbidden can't be done",
            _ => "advice: hooks refuse what is forbidden",
        };
        match roles.len() {
            0 => None,
            all if all == team.agents.len() => Some(format!("{words} (torch policy show)")),
            _ => Some(format!("{words}, for {}", roles.join(", "))),
        }
    });
    let said: Vec<_> = said.collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// What torch's own words to the agents cost. The tokens are an estimate, and are said to be one.
fn supervision(view: &SupervisionView) -> String {
    format!(
        "{} {} of its own today, about {} tokens; {} in all, about {}",
        paint(DIM, "torch  "),
        count(view.messages_today, "message"),
        view.tokens_today,
        view.messages,
        view.tokens
    )
}

fn phase_words(team: &TeamView, clock: &Clock) -> String {
    match team.finished {
        Some(at) if team.phase == "finished" => {
            let open = team
                .tasks
                .map_or(0, |tasks| tasks.total - tasks.done.min(tasks.total));
            match open {
                0 => format!("finished {}", clock.ago(at)),
                open => format!(
                    "reported complete {}, with {} of the plan open",
                    clock.ago(at),
                    super::count(u64::from(open), "task")
                ),
            }
        }
        _ => format!("{}, made {}", team.phase, clock.ago(team.created)),
    }
}

fn rules(team: &TeamView) -> String {
    let pushes = team.pushes.map_or_else(String::new, |level| {
        format!(" · pushes past the broker: {}", level.as_str())
    });
    format!(
        "router {} · git rules: {}{pushes}",
        team.router, team.enforcement
    )
}

/// The agents; where their branches have no room beside them, those stand below.
fn agents(team: &TeamView, clock: &Clock, width: Option<usize>) -> String {
    let whole = table(team, clock, Branches::Beside).render();
    if fit::fits(&whole, width) {
        return whole;
    }
    // The program gives way; a role's name is what is typed.
    let mut text = table(team, clock, Branches::Below).giving(width, &[2]);
    let line = format!("  {} {}\n", paint(DIM, "branch "), branches(team));
    text.push_str(&fit::prose(&line, width, 2));
    text
}

/// On which branches the agents are: their home branches in one word, then each other one.
fn branches(team: &TeamView) -> String {
    let mut said = Vec::new();
    let mut at_home = 0;
    for agent in &team.agents {
        let home = format!("{}-{}", team.base_branch, agent.role);
        match &agent.branch {
            Some(branch) if *branch == home => at_home += 1,
            Some(branch) => said.push(format!("{} on {}", agent.role, super::plain(branch))),
            None => said.push(format!("{} (detached)", agent.role)),
        }
    }
    if at_home > 0 {
        let rest = if said.is_empty() {
            "each"
        } else {
            "the others"
        };
        said.push(format!("{rest} on {}-ROLE", team.base_branch));
    }
    said.join(", ")
}

/// Where the branches stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Branches {
    Beside,
    Below,
}

fn table(team: &TeamView, clock: &Clock, branches: Branches) -> Table {
    let headings = [
        "ROLE", "WINDOW", "PROGRAM", "STATE", "SINCE", "BRIEFED", "WAITING", "BRANCH",
    ];
    let columns = headings.len() - usize::from(branches == Branches::Below);
    let mut table = Table::new(2, &headings[..columns]);
    for agent in &team.agents {
        let waiting = match agent.waiting {
            0 => Cell::styled(DIM, "-"),
            some => Cell::styled(WARN, some.to_string()),
        };
        let cells = [
            Cell::from(agent.role.as_str()),
            match &agent.session {
                Some(session) => format!("{}:{}", super::plain(session), agent.window),
                None => agent.window.to_string(),
            }
            .into(),
            agent.program.as_str().into(),
            Cell::styled(agent_style(agent.state), agent.state.as_str()),
            clock.ago(agent.since).into(),
            if agent.briefed { "yes" } else { "no" }.into(),
            waiting,
            match &agent.branch {
                Some(branch) => Cell::name(branch.as_str()),
                None => "(detached)".into(),
            },
        ];
        table.row(cells.into_iter().take(columns));
    }
    table
}

/// What of the team's rules wants a look.
fn of_rules(team: &TeamView, clock: &Clock) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(trouble) = &team.rules_trouble {
        lines.push(format!(
            "the project's rules can't be read, those from before hold: {} (torch rules list --team {})",
            super::plain(trouble),
            team.name
        ));
    }
    lines.extend(team.rules_held.as_deref().map(super::plain));
    if let Some(silence) = &team.rules_silence {
        lines.push(format!(
            "{}; what is sent is refused (torch rules list --team {})",
            super::plain(silence),
            team.name
        ));
    }
    lines.extend(team.against_policy.iter().map(|words| {
        format!(
            "{} (torch violations --team {})",
            super::plain(words),
            team.name
        )
    }));
    if team.open_violations > 0 {
        let open = super::count(
            u64::try_from(team.open_violations).unwrap_or(u64::MAX),
            "open violation",
        );
        lines.push(format!(
            "{open} (torch violations --open --team {})",
            team.name
        ));
    }
    if let Some(unread) = &team.unread {
        lines.push(super::git::activity::unread(unread, clock));
    }
    if let Some(integration) = &team.integration {
        lines.push(format!("integration {}", super::plain(integration)));
    }
    lines.extend(team.blocked.iter().map(|(role, words)| {
        format!(
            "{role} says that it is blocked: {} (torch why {role})",
            first_line(words, 100)
        )
    }));
    lines
}

/// The agents that run and whose folders are not there any more.
fn without_folders(team: &TeamView) -> impl Iterator<Item = String> + '_ {
    let gone = team.agents.iter().filter(|agent| agent.worktree_gone);
    gone.map(|agent| {
        format!(
            "{}'s folder is gone while its program runs: {} (torch worktree list --team {})",
            agent.role,
            agent.worktree.display(),
            team.name
        )
    })
}

/// One line for each thing that will not go on by itself, or not soon.
fn notes(team: &TeamView, clock: &Clock) -> Vec<String> {
    use torch_core::AgentState::{Asking, Crashed, Exited, Failed, Limited, Unknown};
    let mut lines = Vec::new();
    if team.phase == "suspended" {
        lines.push(format!(
            "the machine was restarted; the team waits for you (torch resume --team {})",
            team.name
        ));
    }
    lines.extend(of_rules(team, clock));
    if team.paused {
        lines.push(format!(
            "paused: nothing is typed (torch unpause --team {})",
            team.name
        ));
    }
    let paused = team.agents.iter().filter(|agent| agent.paused);
    lines.extend(paused.map(|agent| {
        format!(
            "{} is paused: nothing is typed into it (torch unpause {})",
            agent.role, agent.role
        )
    }));
    let stuck = |state| {
        matches!(state, Asking | Limited | Crashed | Failed | Unknown)
            || (state == Exited && team.phase != "stopped")
    };
    let agents = team.agents.iter().filter(|agent| stuck(agent.state));
    lines.extend(agents.map(|agent| {
        let seen = first_line(&agent.evidence.detail, 100);
        if let Some(words) = &agent.limited {
            return format!("{} is {words}: {seen} (torch credit)", agent.role);
        }
        format!(
            "{} is {}: {seen} (torch why {})",
            agent.role, agent.state, agent.role
        )
    }));
    // One that is limited and says nothing of it in its state: it was started again, or is being woken.
    let held = team.agents.iter().filter(|agent| agent.state != Limited);
    lines.extend(held.filter_map(|agent| {
        let words = agent.limited.as_ref()?;
        Some(format!("{} is {words} (torch credit)", agent.role))
    }));
    let refused = team.agents.iter().filter_map(|agent| {
        let words = first_line(agent.no_login.as_ref()?, 100);
        Some(format!(
            "{} has no login or no key: {words} (torch why {})",
            agent.role, agent.role
        ))
    });
    lines.extend(refused);
    let capped = team.agents.iter().filter_map(|agent| {
        let capped = agent.capped.as_ref()?;
        Some(format!(
            "{} has used up its turns ({} within the hour, limits.turns_per_hour): nothing is typed into it until {} (torch why {})",
            agent.role,
            capped.turns_per_hour,
            clock.second(capped.until),
            agent.role
        ))
    });
    lines.extend(capped);
    lines.extend(without_folders(team));
    let restarted = team.agents.iter().filter(|agent| agent.restarts > 0);
    lines.extend(restarted.map(|agent| {
        let times = count(agent.restarts, "time");
        format!(
            "{} was restarted {times} within the last hour (torch why {})",
            agent.role, agent.role
        )
    }));
    if team.waiting > 0 {
        let waiting = count(team.waiting, "message");
        let verb = if team.waiting == 1 { "waits" } else { "wait" };
        lines.push(format!(
            "{waiting} {verb} (torch msg list --team {})",
            team.name
        ));
    }
    lines
}
