//! Merges of the fast lane: written down before they are applied, and kept when they are done.

use serde_json::json;
use torch_core::lane::{LaneMerge, LaneMerged};
use torch_core::{AgentId, TeamId, Write};
use torch_integration::lane::{Applied, Arrived, Looked, Pair};

use super::millis;
use crate::lane::{LaneAct, LaneEnd};
use crate::state::{State, Turn};

impl State {
    /// A merge is prepared: it is written down, and applied in the same turn.
    pub(super) fn begin_lane_merge(
        &mut self,
        t: &mut Turn,
        team: TeamId,
        pair: Pair,
        merge: LaneMerge,
    ) {
        if let Some(lanes) = self.lanes.teams.get_mut(&team) {
            lanes.looked(t.now, pair, Looked::Ready);
        }
        let merge = LaneMerge { at: t.now, ..merge };
        let waiting = self.lane_waiting(team, pair);
        let Some(row) = self.lane_row(t.now, team, pair) else {
            return;
        };
        row.merge = Some(merge.clone());
        row.waiting = waiting;
        let data = json!({
            "from": row.from_role, "to": row.to_role, "commit": merge.commit, "onto": merge.from,
            "theirs": merge.brings.theirs, "branch": merge.brings.branch, "commits": merge.brings.commits,
        });
        self.keep_lane(t, pair);
        self.journal_lane(t, "lane.merging", team, data);
        self.order_lane(t, team, pair, LaneAct::Apply(Box::new(merge)));
    }

    pub(super) fn on_lane_ended(&mut self, t: &mut Turn, team: TeamId, pair: Pair, end: LaneEnd) {
        let merge = self
            .lanes
            .pairs
            .get(&pair)
            .and_then(|row| row.merge.clone());
        let Some(lanes) = self.lanes.teams.get_mut(&team) else {
            return;
        };
        let applied = match &end {
            LaneEnd::Done => Applied::Done,
            LaneEnd::Undone => Applied::Moved,
            LaneEnd::Busy(why) | LaneEnd::Unknown(why) => Applied::Busy(why.clone()),
        };
        let arrived = lanes.applied(t.now, pair, applied);
        let Some(merge) = merge else {
            return;
        };
        match end {
            LaneEnd::Done => self.lane_merged(t, team, (pair, merge), arrived),
            // It is settled before the next look.
            LaneEnd::Unknown(_) => {}
            LaneEnd::Undone | LaneEnd::Busy(_) => {
                let waiting = self.lane_waiting(team, pair);
                if let Some(row) = self.lane_row(t.now, team, pair) {
                    row.merge = None;
                    row.waiting = waiting;
                    let data =
                        json!({"from": row.from_role, "to": row.to_role, "commit": merge.commit});
                    self.keep_lane(t, pair);
                    self.journal_lane(t, "lane.not_merged", team, data);
                }
            }
        }
    }

    /// The recipient's worktree stands on the merge.
    fn lane_merged(
        &mut self,
        t: &mut Turn,
        team: TeamId,
        (pair, merge): (Pair, LaneMerge),
        arrived: Option<Arrived>,
    ) {
        let arrived = arrived.unwrap_or(Arrived {
            origin: merge.at,
            since: merge.at,
            own: true,
        });
        self.lanes.brought.insert(pair.to, merge.commit.clone());
        self.is_no_work_of(t, pair.to, &merge);
        let news = self.lane_news(pair, &merge, arrived.own);
        let waiting = self.lane_waiting(team, pair);
        let Some(row) = self.lane_row(t.now, team, pair) else {
            return;
        };
        (row.merge, row.conflict, row.waiting) = (None, None, waiting);
        row.untold.extend(news);
        let last = LaneMerged {
            at: t.now,
            commit: merge.commit,
            brings: merge.brings,
            took: millis(t.now.since(arrived.since)),
        };
        let data = json!({
            "from": row.from_role, "to": row.to_role, "commit": last.commit, "theirs": last.brings.theirs,
            "branch": last.brings.branch, "commits": last.brings.commits, "subject": last.brings.subject,
            "took_ms": last.took, "way_ms": millis(t.now.since(arrived.origin)),
        });
        row.last = Some(last);
        self.keep_lane(t, pair);
        self.journal_lane(t, "lane.merged", team, data);
    }

    /// What torch brought is no work of the agent's, of which it would have to tell somebody.
    fn is_no_work_of(&mut self, t: &mut Turn, agent: AgentId, merge: &LaneMerge) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let base = self
            .teams
            .get(&run.agent.team)
            .map(|team| &team.base_commit);
        let mark = match &run.agent.check_ins.work {
            Some(mark) => mark.strip_prefix(merge.from.as_str()),
            // Nobody has looked yet, and there was nothing to see.
            None => (base == Some(&merge.from)).then_some(""),
        };
        let mark = mark.map(|changes| format!("{}{changes}", merge.commit));
        if let Some(mark) = mark {
            run.agent.check_ins.work = Some(mark);
            t.write(Write::PutAgent(Box::new(run.agent.clone())));
        }
    }
}
