//! What is shown, made of what is kept: the same for the daemon's answers and for those without it.

pub(crate) mod credit;

use std::time::Duration;

use torch_api::roster::{ResumeAgentView, ResumeView};

use torch_api::view::{CheckInView, SupervisionView};
use torch_api::{AgentView, JournalView, MessageView, ScheduleView, TeamView};
use torch_core::plan::WindowObserved;
use torch_core::{Agent, DeliveryState, DesiredState, Schedule, Team, TeamPhase};
use torch_process::quote;
use torch_store::{JournalRow, StoredMessage};

/// A team with its agents' views, in the order of their windows.
pub(crate) fn team(
    team: &Team,
    suspended: bool,
    agents: Vec<AgentView>,
    tmux_socket: &str,
) -> TeamView {
    TeamView {
        id: team.id.to_string(),
        name: team.name.to_string(),
        project: team.project.clone(),
        spec: team.spec.clone(),
        base_branch: team.base_branch.clone(),
        phase: phase(team, suspended).to_owned(),
        paused: team.paused,
        caps: None,
        router: team.router.as_str().to_owned(),
        enforcement: "advice".to_owned(),
        pushes: None,
        created: team.created,
        finished: team.finished,
        summary: team.summary.clone(),
        attach: attach_line(team.name.as_str(), tmux_socket),
        waiting: agents.iter().map(|agent| agent.waiting).sum(),
        scheduled: 0,
        next_scheduled: None,
        tasks: None,
        to_do_again: Vec::new(),
        rules_trouble: None,
        rules_held: None,
        rules_silence: None,
        against_policy: Vec::new(),
        open_violations: 0,
        blocked: Vec::new(),
        integration: None,
        unread: None,
        supervision: SupervisionView::default(),
        agents,
    }
}

/// How far a team has come, in a word.
fn phase(team: &Team, suspended: bool) -> &'static str {
    match team.phase {
        TeamPhase::Stopped => "stopped",
        _ if suspended => "suspended",
        TeamPhase::Raising => "raising",
        TeamPhase::Running => "running",
        TeamPhase::Finished => "finished",
    }
}

/// What is seen of an agent besides its record, for `torch resume`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) window: WindowObserved,
    pub(crate) waiting: u64,
    /// The time until its restart.
    pub(crate) due: Option<Duration>,
}

/// A team as `torch resume --status-only` shows it.
pub(crate) fn resume(
    team: &Team,
    suspended: bool,
    tmux: &str,
    agents: Vec<ResumeAgentView>,
) -> ResumeView {
    ResumeView {
        team: team.name.to_string(),
        project: team.project.clone(),
        phase: phase(team, suspended).to_owned(),
        desired: match team.desired {
            DesiredState::Running => "running",
            DesiredState::Stopped => "stopped",
        }
        .to_owned(),
        rebooted: suspended,
        tmux: tmux.to_owned(),
        agents,
    }
}

/// One agent of it: the three words of a resume (active, exhausted, dead), and what would be done.
pub(crate) fn resume_agent(agent: &Agent, seen: Seen, rebrief_all: bool) -> ResumeAgentView {
    let ended = agent.desired == DesiredState::Stopped;
    let live = agent.state.is_live() && seen.window == WindowObserved::Live;
    let class = match agent.state {
        _ if live && credit::is_exhausted(agent) => "exhausted",
        _ if live => "active",
        _ => "dead",
    };
    let (action, why) = match (live, seen.window) {
        _ if ended => ("leave", "it was ended (torch agent end)".to_owned()),
        (true, _) if credit::is_exhausted(agent) => {
            let limit = agent.credit.hold.as_ref().map(credit::words);
            let words = limit.unwrap_or_else(|| "its usage limit resets by itself".to_owned());
            ("keep", words)
        }
        (true, _) if !agent.briefed => ("brief", "it is not briefed yet".to_owned()),
        (true, _) if rebrief_all => ("re-brief", "asked for".to_owned()),
        (true, _) => ("keep", "it runs".to_owned()),
        (false, WindowObserved::Opening) => ("wait", "it is being started".to_owned()),
        (false, WindowObserved::Ended) => {
            let why = agent.left.clone().or_else(|| agent.last_end.clone());
            (
                "restart",
                why.unwrap_or_else(|| "its program ended".to_owned()),
            )
        }
        (false, _) => {
            let why = agent.left.clone().or_else(|| agent.last_end.clone());
            (
                "start",
                why.unwrap_or_else(|| "it has no window".to_owned()),
            )
        }
    };
    ResumeAgentView {
        role: agent.role.to_string(),
        desired: if ended { "ended" } else { "running" }.to_owned(),
        state: agent.state,
        class: class.to_owned(),
        evidence: agent.evidence.detail.clone(),
        waiting: seen.waiting,
        action: action.to_owned(),
        why: match seen.due {
            Some(due) if !live && !ended && agent.left.is_none() => {
                format!("{why}; due in {} s", due.as_secs())
            }
            _ => why,
        },
    }
}

/// The raw line that attaches to a team's session from any terminal, to be pasted into any shell.
fn attach_line(name: &str, tmux_socket: &str) -> String {
    let server = if tmux_socket == "default" {
        String::new()
    } else {
        format!(" -L {}", quote::shell(tmux_socket))
    };
    format!(
        "tmux{server} attach -t {}",
        quote::shell(format!("={name}"))
    )
}

/// An agent with the number of messages that wait for it.
pub(crate) fn agent(agent: &Agent, waiting: u64) -> AgentView {
    AgentView {
        role: agent.role.to_string(),
        window: agent.position,
        session: agent.guest_in.clone(),
        program: agent.program.clone(),
        state: agent.state,
        since: agent.since,
        evidence: agent.evidence.clone(),
        pane: agent.pane,
        pid: agent.process.map(|process| process.pid),
        worktree: agent.worktree.clone(),
        worktree_gone: false,
        branch: agent.branch.clone(),
        briefed: agent.briefed,
        enforcement: torch_core::Enforcement::None,
        completed: agent.completed.clone(),
        completed_at: agent.completed_at,
        waiting,
        paused: agent.paused,
        held: None,
        limited: agent.credit.hold.as_ref().map(credit::words),
        capped: None,
        no_login: agent.keys.refused.as_ref().map(|it| it.words.clone()),
        figures: agent.figures.clone(),
        conversation: agent.conversation.clone(),
        left: agent.left.clone(),
        restarts: agent.restarts.len() as u64,
        last_lines: Vec::new(),
    }
}

/// The ids of the tasks that are to be done again since their spec asks for something else.
pub(crate) fn to_do_again(plan: &torch_core::TaskPlan) -> Vec<String> {
    let tasks = torch_plan::to_do_again(plan);
    tasks.map(torch_plan::alias::shown).collect()
}

/// Adds to a team's view how many notes are planned, and the next one; `rows` may have other teams' as well and are
/// ordered by the time when they are due.
pub(crate) fn add_planned(view: &mut TeamView, team: &Team, rows: &[&Schedule]) {
    let mut own = rows.iter().filter(|row| row.team == team.id).peekable();
    view.next_scheduled = own.peek().map(|row| Box::new(schedule(row, Some(team))));
    view.scheduled = own.count() as u64;
}

/// The day in a zone, `2026-11-21`.
pub(crate) fn day(now: torch_core::Timestamp, zone: jiff::tz::TimeZone) -> String {
    let instant = i64::try_from(now.0)
        .ok()
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
    instant.map_or_else(String::new, |instant| {
        instant.to_zoned(zone).strftime("%Y-%m-%d").to_string()
    })
}

/// What torch's own words to a team's agents cost, `today` being the day in the machine's zone.
pub(crate) fn supervision(team: &Team, today: &str) -> SupervisionView {
    let all = &team.supervision;
    let day = all.of_day(today);
    SupervisionView {
        messages_today: day.messages,
        tokens_today: day.tokens(),
        messages: all.all.messages,
        tokens: all.all.tokens(),
    }
}

/// A planned note of a team.
pub(crate) fn schedule(row: &Schedule, team: Option<&Team>) -> ScheduleView {
    ScheduleView {
        id: row.id.tag(),
        ulid: row.id.to_string(),
        team: team.map_or_else(String::new, |team| team.name.to_string()),
        to: row.recipient.label().to_owned(),
        from: row.sender.label().to_owned(),
        from_rule: row.sender_rule.clone(),
        rule: row.rule.clone(),
        planned: row.planned(),
        due: row.due,
        after_millis: row.after_millis,
        team_stopped: team.is_some_and(|team| team.desired == DesiredState::Stopped),
        held: None,
        note: row.note.clone(),
        cron: row.recurs.as_ref().map(|it| it.cron.clone()),
        zone: row.recurs.as_ref().map(|it| it.zone.clone()),
        times: row.recurs.as_ref().map_or(0, |it| it.times),
        cleaned: Vec::new(),
    }
}

/// An agent's check-ins, if they are set up.
pub(crate) fn check_in(agent: &Agent, team: &Team) -> Option<CheckInView> {
    let row = &agent.check_ins;
    let every_seconds = row.every_seconds?;
    let finished = team.phase == TeamPhase::Finished;
    Some(CheckInView {
        kind: "check_in".to_owned(),
        team: team.name.to_string(),
        to: agent.role.to_string(),
        every_seconds,
        next: row
            .next
            .filter(|_| team.desired == DesiredState::Running && !finished),
        finished,
        said: row.said.map(|(at, _)| at),
        message: row.said.map(|(_, message)| message.tag()),
        skipped: row.skipped.as_ref().map(|skipped| skipped.why.to_string()),
        skipped_at: row.skipped.as_ref().map(|skipped| skipped.at),
    })
}

/// A message with its delivery.
pub(crate) fn message(stored: &StoredMessage, team: String) -> MessageView {
    let (envelope, delivery) = (&stored.envelope, &stored.delivery);
    MessageView {
        id: envelope.id.tag(),
        ulid: envelope.id.to_string(),
        team,
        at: envelope.at,
        kind: envelope.kind.as_str().to_owned(),
        from: envelope.sender.label().to_owned(),
        from_rule: envelope.sender_rule.clone(),
        to: envelope.recipient.label().to_owned(),
        target: envelope.target.clone(),
        pair_seq: envelope.pair_seq,
        decision: match envelope.verdict.decision {
            torch_core::message::Decision::Deliver => "deliver",
            torch_core::message::Decision::Reroute => "reroute",
            torch_core::message::Decision::Refuse => "refuse",
            torch_core::message::Decision::Record => "record",
        }
        .to_owned(),
        rule: envelope.verdict.rule.clone(),
        reason: envelope.verdict.reason.clone(),
        urgent: envelope.urgent,
        critical: envelope.critical.clone(),
        cleaned: envelope.cleaned.clone(),
        state: delivery.state,
        waits: delivery
            .reason
            .filter(|_| delivery.state == DeliveryState::Deferred),
        attempt: delivery.attempt,
        possible_duplicate: delivery.possible_duplicate,
        since: delivery.since,
        evidence: delivery.evidence.clone(),
        body: envelope.verdict.shown(&envelope.body).into_owned(),
        body_file: envelope.body_file.clone(),
        read: stored.read,
    }
}

/// One journal entry.
pub(crate) fn journal(row: JournalRow) -> JournalView {
    JournalView {
        seq: row.seq,
        at: row.at,
        kind: row.kind,
        cause: row.cause,
        data: row.data,
    }
}

#[cfg(test)]
mod tests {
    use super::attach_line;

    #[test]
    fn the_attach_line_can_be_pasted_into_zsh_too() {
        assert_eq!(
            attach_line("app", "torch"),
            "tmux -L torch attach -t '=app'"
        );
        assert_eq!(attach_line("app", "default"), "tmux attach -t '=app'");
    }
}
