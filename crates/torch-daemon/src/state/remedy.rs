//! What a person can do where torch can't go on by itself: in words, with the command.

use torch_core::{AgentId, DeferReason, DeliveryState, DesiredState};

use super::State;

impl State {
    /// The command that brings an agent back which a person has ended, alone or with its team; `None` for any other.
    pub(crate) fn brings_back(&self, agent: AgentId) -> Option<String> {
        let run = self.agents.get(&agent)?;
        let team = self.teams.get(&run.agent.team)?;
        if team.desired == DesiredState::Stopped {
            return Some(format!("torch resume --team {}", team.name));
        }
        (run.agent.desired == DesiredState::Stopped)
            .then(|| format!("torch agent add {} --team {}", run.agent.role, team.name))
    }

    /// Why nothing can be typed into an agent that a person has ended, and what brings it back.
    pub(crate) fn was_ended(&self, agent: AgentId) -> Option<String> {
        let back = self.brings_back(agent)?;
        let stopped = back.starts_with("torch resume");
        let what = if stopped {
            "its team was stopped"
        } else {
            "it was ended"
        };
        Some(format!("{what}; `{back}` brings it back"))
    }

    /// What a person has to do before the first message in an agent's queue can be typed; `None` where it goes by itself.
    pub(crate) fn wants_person(&self, agent: AgentId) -> Option<String> {
        let run = self.agents.get(&agent)?;
        let flight = self.flights.get(run.queue.front()?)?;
        let delivery = &flight.delivery;
        if delivery.state != DeliveryState::Deferred {
            return None;
        }
        let role = &run.agent.role;
        let tag = delivery.message.tag();
        Some(match delivery.reason? {
            DeferReason::Draft => format!(
                "a person: its composer holds text that torch never touches; submit or delete it there (torch attach {role})"
            ),
            DeferReason::NotShown => format!(
                "a person: {tag} did not show up whole when it was pasted; clear the composer (torch attach {role}), \
                 then `torch msg retry {tag}`"
            ),
            DeferReason::CopyMode => {
                format!("a person who scrolls in its window: q ends that (torch attach {role})")
            }
            DeferReason::PaneInput => format!(
                "a person: its pane takes no input, or shares it with others (torch attach {role})"
            ),
            DeferReason::UnknownScreen => format!(
                "a person: its screen is none that torch knows; look at it (torch attach {role})"
            ),
            DeferReason::Asking => {
                format!("a person who answers the dialog in its window (torch attach {role})")
            }
            DeferReason::Starting
            | DeferReason::Busy
            | DeferReason::Limited
            | DeferReason::NoAgent
            | DeferReason::Paused
            | DeferReason::Capped
            | DeferReason::NoLogin => return None,
        })
    }
}
