//! `torch git lane sync`: every pair is looked at, and whoever asked hears what was found.

use std::time::Duration;

use torch_core::{TeamId, Timestamp};

use crate::event::ConnId;
use crate::state::{State, Turn};

/// How long the answer waits for looks and merges at most; what is not over by then is told as under way.
const PATIENCE: Duration = Duration::from_secs(10);

/// Somebody who waits for what a look at all pairs of a team finds.
#[derive(Debug)]
pub(super) struct Waits {
    conn: ConnId,
    team: TeamId,
    until: Timestamp,
}

impl State {
    /// Looks at every pair of a team whose lane is on; the answer comes when that is over.
    pub(super) fn sync_lanes(&mut self, t: &mut Turn, conn: ConnId, team: TeamId) {
        let until = t.now.after(PATIENCE);
        self.lanes.synced.push(Waits { conn, team, until });
        self.look_at_lanes(t, team);
    }

    /// Answers those who waited for a look that is over, or for too long.
    pub(super) fn answer_synced(&mut self, t: &mut Turn, team: TeamId) {
        let lanes = self.lanes.teams.get(&team);
        let over = !self.is_lane_on(team) || lanes.is_none_or(|lanes| lanes.is_resting(t.now));
        let is_due = |waits: &Waits| waits.team == team && (over || waits.until <= t.now);
        let (due, rest) = std::mem::take(&mut self.lanes.synced)
            .into_iter()
            .partition(is_due);
        self.lanes.synced = rest;
        let due: Vec<Waits> = due;
        for waits in due {
            self.reply_lane(t, waits.conn, team);
        }
    }

    /// Until when somebody waits at the most.
    pub(super) fn synced_until(&self, team: TeamId) -> Option<Timestamp> {
        let waits = self.lanes.synced.iter();
        let waits = waits.filter(|waits| waits.team == team);
        waits.map(|waits| waits.until).min()
    }

    /// A client is gone; what it began goes on.
    pub(crate) fn lane_client_left(&mut self, conn: ConnId) {
        self.lanes.synced.retain(|waits| waits.conn != conn);
    }

    /// The wall clock was set: nobody waits longer for that.
    pub(super) fn synced_clock_moved(&mut self, millis: i64) {
        for waits in &mut self.lanes.synced {
            waits.until = waits.until.moved(millis);
        }
    }
}
