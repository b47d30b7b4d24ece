//! What torch's own words to agents cost, counted as they are posted.

use torch_core::{Envelope, MessageKind, Timestamp, Write};

use super::{State, Turn};

impl State {
    /// The day in the machine's zone.
    pub(crate) fn day(&self, now: Timestamp) -> String {
        crate::view::day(now, self.settings.zone.clone())
    }

    /// Counts a message if it is torch's own: a check-in, a standup, the word to go on after a usage limit, or a briefing
    /// that is said again.
    pub(crate) fn count_supervision(&mut self, t: &mut Turn, envelope: &Envelope) {
        let Some(agent) = envelope.recipient.agent() else {
            return;
        };
        let counts = match envelope.kind {
            MessageKind::CheckIn | MessageKind::Standup | MessageKind::Continue => true,
            MessageKind::Briefing => self.agents.get(&agent).is_some_and(|run| {
                // The first briefing of a launch is no supervision.
                run.agent.launches > 1 || run.agent.briefing.is_some()
            }),
            _ => false,
        };
        let day = self.day(t.now);
        let Some(team) = self.teams.get_mut(&envelope.team).filter(|_| counts) else {
            return;
        };
        let chars = u64::try_from(envelope.body.chars().count()).unwrap_or(u64::MAX);
        team.supervision.add(&day, chars);
        t.write(Write::PutTeam(Box::new(team.clone())));
    }
}
