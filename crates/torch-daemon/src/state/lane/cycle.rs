//! Teams without a pair: the project manager hears every 15 minutes what there is to merge, if there is something (K18).

use std::collections::BTreeMap;
use std::time::Duration;

use torch_core::{AgentId, TeamId, Timestamp};
use torch_integration::lane::Lanes;

use crate::event::TimerKey;
use crate::state::{State, Turn};

/// How long after the first commit the manager hears of it, and how often at most.
const EVERY: Duration = Duration::from_secs(15 * 60);

/// After so long what was told is told once more, if nobody merged it: the upper bound of the cycle.
const REMINDED: Duration = Duration::from_secs(30 * 60);

/// Where a team's cycle stands.
#[derive(Debug, Default)]
pub(super) struct Cycle {
    /// Where the branches stood when they were told, and when that was first.
    told: BTreeMap<AgentId, String>,
    told_at: Timestamp,
    reminded: bool,
    /// Whether the next look is set.
    set: bool,
}

impl Cycle {
    pub(super) fn clock_moved(&mut self, millis: i64) {
        self.told_at = self.told_at.moved(millis);
    }
}

impl State {
    /// Whether a team has no pair, so that its manager merges.
    pub(super) fn is_hub_cycle(&self, team: TeamId) -> bool {
        let lanes = self.lanes.teams.get(&team);
        let pairs = lanes.is_some_and(|lanes: &Lanes| !lanes.rules().is_empty());
        self.is_lane_on(team) && !pairs && self.gathers(team).is_ok()
    }

    /// Something moved: there may be something to merge.
    pub(super) fn begin_cycle(&mut self, t: &mut Turn, team: TeamId) {
        if !self.is_hub_cycle(team) {
            return;
        }
        let cycle = self.lanes.cycles.entry(team).or_default();
        if !cycle.set {
            cycle.set = true;
            t.timer(TimerKey::LaneCycle(team), t.now.after(EVERY));
        }
    }

    /// The time of a look has come; it costs nothing, as how the branches stand is known.
    pub(crate) fn on_lane_cycle(&mut self, t: &mut Turn, team: TeamId) {
        self.refresh_lanes(team);
        let hub_cycle = self.is_hub_cycle(team);
        let Some(cycle) = self.lanes.cycles.get_mut(&team) else {
            return;
        };
        cycle.set = false;
        if !hub_cycle {
            self.lanes.cycles.remove(&team);
            return;
        }
        let mut heads = BTreeMap::new();
        let mut rows = Vec::new();
        for agent in self.team_agents(team) {
            let standing = self.activity.standings.get(&agent);
            let (Some(standing), Some(role)) =
                (standing.filter(|it| it.ahead > 0), self.role_of(agent))
            else {
                continue;
            };
            let branch = standing.branch.as_deref().unwrap_or("detached");
            rows.push(format!("{role} {} ({branch})", standing.ahead));
            heads.insert(agent, standing.head.clone());
        }
        let Some(cycle) = self.lanes.cycles.get_mut(&team) else {
            return;
        };
        if heads.is_empty() {
            *cycle = Cycle::default();
            return;
        }
        let new = cycle.told != heads;
        let due = t.now.since(cycle.told_at) >= REMINDED && !cycle.reminded;
        if new {
            (cycle.told, cycle.told_at, cycle.reminded) = (heads, t.now, false);
        } else if due {
            cycle.reminded = true;
        }
        // What was told twice is told again only once it moved.
        cycle.set = new || !cycle.reminded;
        if cycle.set {
            t.timer(TimerKey::LaneCycle(team), t.now.after(EVERY));
        }
        if new || due {
            let base = self.teams.get(&team).map(|team| team.base_branch.clone());
            let text = format!(
                "To merge into {}: {} commits. Look at them and integrate what is ready. See: torch git radar",
                base.unwrap_or_default(),
                rows.join(", ")
            );
            let manager = self.gathers(team).ok().map(|(agent, _)| agent);
            self.say_lane(t, team, manager, &[text]);
            let data = serde_json::json!({"waiting": rows});
            self.journal_lane(t, "lane.cycle", team, data);
        }
    }
}
