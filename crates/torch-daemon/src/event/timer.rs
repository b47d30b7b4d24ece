//! What the daemon waits for.

use torch_core::{AgentId, MessageId, TeamId};

use super::ConnId;

/// What a timer is for; setting a key again moves it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimerKey {
    /// The next look at a delivery, or the end of its wait for proof.
    Delivery(MessageId),
    /// The next look for an accepted message in the transcript.
    Transcript(MessageId),
    /// A message's time to live.
    Expiry(MessageId),
    /// A client's wait for a message.
    Wait(ConnId),
    /// How long an agent may take to become ready in this launch.
    Ready(AgentId),
    /// The second look at an agent whose prompt is up although no hook said that its turn is over.
    Look(AgentId),
    /// The next look at a dialog that is being answered.
    Answer(AgentId),
    /// When an agent's ended program may be started again.
    Restart(AgentId),
    /// When an agent's turns of the last hour allow another one.
    Turns(AgentId),
    /// When an agent is woken whose usage limit is reset.
    Wake(AgentId),
    /// The next look whether an agent is to be told or asked something.
    CheckIn(AgentId),
    /// The time after which an agent that ended its turn without a report counts as silent.
    Silence(AgentId),
    /// When the answers to a team's standup are waited for no longer.
    Standup(TeamId),
    /// The next look after a team's pushes.
    Pushes(TeamId),
    /// The next try to start the tmux server.
    Server,
    /// How long who follows a finished team waits for the end of its hub's turn.
    Followed(TeamId),
    /// When a team's fast lane has something to look at, or to say.
    Lane(TeamId),
    /// When the project manager is told what there is to merge.
    LaneCycle(TeamId),
    /// When the hub is told that an agent is still blocked.
    Blocked(AgentId),
    /// When a team's agents hear what has changed of what they were told.
    Stated(TeamId),
    /// When a person hears of changed rules of a team's project.
    RulesTold(TeamId),
    /// When the next open violation expires.
    Violations,
    /// The end of what a team's integration waits for.
    Integration(TeamId),
    /// The next planned note.
    Schedules,
    /// The next look at all panes.
    Panes,
    /// The host's own next look at its socket and its lock.
    Upkeep,
}
