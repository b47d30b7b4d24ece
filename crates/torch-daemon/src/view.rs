//! What is shown, made of what is kept: the same for the daemon's answers and for those without it.

use torch_api::{AgentView, JournalView, MessageView, TeamView};
use torch_core::{Agent, DeliveryState, RouterMode, Team, TeamPhase};
use torch_store::{JournalRow, StoredMessage};

/// A team with its agents' views, in the order of their windows.
pub(crate) fn team(team: &Team, agents: Vec<AgentView>, tmux_socket: &str) -> TeamView {
    TeamView {
        id: team.id.to_string(),
        name: team.name.to_string(),
        project: team.project.clone(),
        spec: team.spec.clone(),
        base_branch: team.base_branch.clone(),
        phase: match team.phase {
            TeamPhase::Raising => "raising",
            TeamPhase::Running => "running",
            TeamPhase::Finished => "finished",
            TeamPhase::Stopped => "stopped",
        }
        .to_owned(),
        router: match team.router {
            RouterMode::Strict => "strict",
            RouterMode::Open => "open",
        }
        .to_owned(),
        enforcement: "advice".to_owned(),
        created: team.created,
        finished: team.finished,
        summary: team.summary.clone(),
        attach: attach_line(team.name.as_str(), tmux_socket),
        waiting: agents.iter().map(|agent| agent.waiting).sum(),
        agents,
    }
}

/// The raw line that attaches to a team's session from any terminal.
fn attach_line(name: &str, tmux_socket: &str) -> String {
    let server = if tmux_socket == "default" {
        String::new()
    } else {
        format!(" -L {tmux_socket}")
    };
    format!("tmux{server} attach -t ={name}")
}

/// An agent with the number of messages that wait for it.
pub(crate) fn agent(agent: &Agent, waiting: u64) -> AgentView {
    AgentView {
        role: agent.role.to_string(),
        window: agent.position,
        program: agent.program.clone(),
        state: agent.state,
        since: agent.since,
        evidence: agent.evidence.clone(),
        pane: agent.pane,
        pid: agent.process.map(|process| process.pid),
        worktree: agent.worktree.clone(),
        branch: agent.branch.clone(),
        briefed: agent.briefed,
        completed: agent.completed.clone(),
        completed_at: agent.completed_at,
        waiting,
        last_lines: Vec::new(),
    }
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
        }
        .to_owned(),
        rule: envelope.verdict.rule.clone(),
        reason: envelope.verdict.reason.clone(),
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
        body: envelope.body.clone(),
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
