//! How much the state holds, so that a test can see that nothing grows with time.

use super::State;

/// How many of each the state holds; what is named after a limit in the code stays below it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Messages on their way, and how many of them wait in agents' queues.
    pub flights: usize,
    /// As [`Self::flights`].
    pub queued: usize,
    /// Accepted messages that are looked for in a transcript.
    pub transcript_looks: usize,
    /// The last messages that agents took in, at most 64 for each.
    pub consumed: usize,
    /// Pairs of a sender and a recipient that ever wrote.
    pub pair_seqs: usize,
    /// Keys of the last calls, at most 1024 and those of the last 10 s.
    pub keys: usize,
    /// Clients that wait: for a message, a turn, a team, a check or a restart.
    pub waiting: usize,
    /// Clients that gave up a `torch auto` before it had begun.
    pub cancelled: usize,
    /// Planned notes.
    pub schedules: usize,
    /// Turns of the last hour, as they are counted for the cap.
    pub turns: usize,
    /// Restarts of the last hour.
    pub restarts: usize,
    /// Sessions whose last use is known.
    pub inputs: usize,
    /// Panes of the last listing.
    pub panes: usize,
    /// Spool records that wait for their window.
    pub early: usize,
    /// What guests saw, until their first briefing.
    pub session_notes: usize,
    /// Pairs of agents that wrote lately, and open records of the ledger.
    pub rules: usize,
}

impl State {
    /// How much this state holds.
    pub fn sizes(&self) -> Sizes {
        let runs = || self.agents.values();
        Sizes {
            flights: self.flights.len(),
            queued: runs().map(|run| run.queue.len()).sum(),
            transcript_looks: self.transcript_looks.len(),
            consumed: runs().map(|run| run.consumed.len()).sum(),
            pair_seqs: self.pair_seqs.len(),
            keys: self.keys.len(),
            waiting: self.waiters.len()
                + self.turn_waiters.len()
                + self.watchers.len()
                + self.checks.len()
                + self.restarts_asked.len(),
            cancelled: self.cancelled.len(),
            schedules: self.schedules.len(),
            turns: runs().map(|run| run.agent.turns.len()).sum(),
            restarts: runs().map(|run| run.agent.restarts.len()).sum(),
            inputs: self.inputs.len(),
            panes: self.panes.len(),
            early: runs().map(|run| run.early.len()).sum(),
            session_notes: self.session_notes.len(),
            rules: self.rules.size() + self.lanes.size(),
        }
    }
}
