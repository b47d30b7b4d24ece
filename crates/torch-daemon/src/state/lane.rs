//! The fast lane in the state: what moves is noted, what is due is ordered, and what came of it is kept and told.
//!
//! What is decided is [`torch_integration::lane`]'s. A merge is written down before it is applied, and what was cut off is settled
//! before anything else is done in its worktree.

mod cycle;
mod merge;
mod switch;
mod sync;
mod tell;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub(super) use switch::lane_of;

use serde_json::json;
use torch_core::git_activity::RefMove;
use torch_core::lane::{Lane, LaneConflict, LaneNote, LanePair, LaneReader, LaneWaiting};
use torch_core::plan::WorktreeObserved;
use torch_core::policy::AgentCommits;
use torch_core::{
    AgentId, AgentState, DesiredState, LedgerRecord, MessageId, TeamId, TeamPhase, Timestamp,
};
use torch_integration::lane::{
    Act, Calm, Conflict, Lanes, Looked, Moved, Noted, Pair, Rule, Telling,
};

use super::{State, Turn};
use crate::event::{Effect, TimerKey};
use crate::lane::{LaneAct, LaneCame, LaneDone, LaneOrder, LaneSeen, LaneSide};

/// How long messages wait for the end of a merge at most; most take well below a second.
const MERGE_HOLDS: Duration = Duration::from_secs(15);

/// The fast lanes of all teams.
#[derive(Debug, Default)]
pub(crate) struct FastLanes {
    /// What is noted, by team.
    teams: BTreeMap<TeamId, Lanes>,
    /// What is kept.
    pairs: BTreeMap<Pair, LanePair>,
    /// Where each agent's worktree was brought last: that it moved there is known.
    brought: BTreeMap<AgentId, String>,
    /// The notice on its way to each agent; another one waits for it.
    said: BTreeMap<AgentId, MessageId>,
    /// Who waits for what a look at all pairs finds.
    synced: Vec<sync::Waits>,
    /// When the hub is told what there is to merge, by team.
    cycles: BTreeMap<TeamId, cycle::Cycle>,
}

impl FastLanes {
    /// How much is held.
    pub(super) fn size(&self) -> usize {
        self.pairs.len()
            + self.brought.len()
            + self.said.len()
            + self.cycles.len()
            + self.synced.len()
    }
}

impl State {
    /// Takes up what an earlier daemon kept of two agents.
    pub(super) fn recover_lane(&mut self, row: LanePair) {
        if self.agents.contains_key(&row.from) && self.agents.contains_key(&row.to) {
            let (from, to) = (row.from, row.to);
            self.lanes.pairs.insert(Pair { from, to }, row);
        }
    }

    /// Looks at every pair of every team: nothing is known of what was missed, and what was cut off has to be settled.
    pub(super) fn recover_lanes(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let mut t = Turn {
            now,
            cause: "the daemon started".to_owned(),
            effects: Vec::new(),
        };
        for team in self.teams.keys().copied().collect::<Vec<_>>() {
            self.refresh_lanes(team);
            let kept: Vec<LanePair> = self.lanes.pairs.values().cloned().collect();
            let kept = kept.into_iter().filter(|row| row.team == team);
            let lanes = self.lanes.teams.entry(team).or_default();
            for row in kept {
                let pair = pair_of(&row);
                let held = row
                    .waiting
                    .as_ref()
                    .map(|waiting| (waiting.since, waiting.clone()));
                let within = lanes.rules().iter().find(|rule| rule.pair == pair);
                if let (Some((since, waiting)), Some(rule)) = (held, within) {
                    let waiting = torch_integration::lane::Waiting {
                        since,
                        origin: waiting.origin,
                        due: since.after(rule.within),
                        timed: true,
                        own: waiting.own,
                        why: waiting.why,
                        late: waiting.late,
                    };
                    lanes.recall(pair, &waiting, row.conflict.as_ref().map(kept_conflict));
                }
            }
            // Also in a team that does not run, or whose lane is off.
            let cut_off = self.lanes.pairs.values().filter(|row| row.team == team);
            let cut_off: Vec<_> = cut_off
                .filter_map(|row| Some((pair_of(row), row.merge.clone()?)))
                .collect();
            for (pair, merge) in cut_off {
                self.lanes.teams.entry(team).or_default().take_up(now, pair);
                self.order_lane(&mut t, team, pair, LaneAct::Settle(Box::new(merge)));
            }
            // What was kept to be told when the daemon ended.
            self.tell_lane_news(&mut t, team);
            if self.is_lane_on(team) {
                self.lanes.teams.entry(team).or_default().look_at_all(now);
                t.timer(TimerKey::Lane(team), now);
                self.begin_cycle(&mut t, team);
            }
        }
        effects.extend(t.effects);
    }

    /// Whether torch merges for a team now.
    pub(super) fn is_lane_on(&self, team: TeamId) -> bool {
        let is_on = |team: &torch_core::Team| {
            team.lane.off.is_none()
                && team.policy.git.agent_commits == AgentCommits::Required
                && team.desired == DesiredState::Running
        };
        self.teams.get(&team).is_some_and(is_on) && !self.is_suspended(team)
    }

    /// The agents of a team into whose worktrees torch merges now, or may have been kept from the end of that.
    pub(super) fn lane_merges_into(&self, team: TeamId) -> BTreeSet<AgentId> {
        let rows = self.lanes.pairs.values();
        let merging = rows.filter(|row| row.team == team && row.merge.is_some());
        merging.map(|row| row.to).collect()
    }

    /// Until when nothing is typed to an agent, as torch writes files in its worktree: a turn that began now would read some of them
    /// from before the merge and some from after it.
    pub(super) fn merge_holds(&self, agent: AgentId, now: Timestamp) -> Option<Timestamp> {
        let mut rows = self.lanes.pairs.values();
        let row = rows.find(|row| row.to == agent && row.merge.is_some())?;
        let lanes = self.lanes.teams.get(&row.team)?;
        let until = lanes.awaited_since(pair_of(row))?.after(MERGE_HOLDS);
        (now < until).then_some(until)
    }

    /// The lane that leads from one agent to another.
    fn lane_between(&self, pair: Pair) -> Option<Lane> {
        let (from, to) = (self.agents.get(&pair.from)?, self.agents.get(&pair.to)?);
        let team = self.teams.get(&from.agent.team)?;
        let lanes = team.lane.in_force();
        let mut lanes = lanes.iter();
        lanes
            .find(|lane| lane.leads(&from.agent.role, &to.agent.role))
            .cloned()
    }

    /// Says anew between whom lanes lead: agents come and go.
    fn refresh_lanes(&mut self, team: TeamId) {
        let agents = self.team_agents(team);
        let there = agents.iter().filter(|agent| {
            self.agents
                .get(agent)
                .is_some_and(|run| run.agent.worktree_ready && run.agent.guest_in.is_none())
        });
        let there: Vec<AgentId> = there.copied().collect();
        let mut rules = Vec::new();
        for from in &there {
            for to in &there {
                let pair = Pair {
                    from: *from,
                    to: *to,
                };
                if let Some(lane) = self.lane_between(pair) {
                    let within = Duration::from_secs(lane.within_seconds);
                    rules.push(Rule { pair, within });
                }
            }
        }
        let agents = &self.agents;
        let lives = |pair: &Pair| agents.contains_key(&pair.from) && agents.contains_key(&pair.to);
        self.lanes.pairs.retain(|pair, _| lives(pair));
        self.lanes
            .brought
            .retain(|agent, _| agents.contains_key(agent));
        self.lanes.teams.entry(team).or_default().set_rules(rules);
    }

    /// Branches of a team moved.
    pub(super) fn lane_moved(&mut self, t: &mut Turn, team: TeamId, moves: &[RefMove]) {
        if !self.is_lane_on(team) {
            return;
        }
        self.refresh_lanes(team);
        let mut any = false;
        for moved in moves {
            let (Some(agent), Some(commit)) = (moved.agent, &moved.new) else {
                continue;
            };
            if self.lanes.brought.get(&agent) == Some(commit) {
                continue;
            }
            any = true;
            let lanes = self.lanes.teams.entry(team).or_default();
            lanes.moved(t.now, agent, Moved::Own);
            if moved.rewound {
                lanes.rewound(t.now, agent);
            }
        }
        if any {
            self.begin_cycle(t, team);
        }
        self.tick_lanes(t, team);
    }

    /// These agents have another branch checked out, though no branch moved: they may have met others, or left them.
    pub(super) fn lane_turned(&mut self, t: &mut Turn, team: TeamId, agents: &[AgentId]) {
        if agents.is_empty() || !self.is_lane_on(team) {
            return;
        }
        self.refresh_lanes(team);
        let lanes = self.lanes.teams.entry(team).or_default();
        for agent in agents {
            lanes.turned(t.now, *agent);
        }
        self.begin_cycle(t, team);
        self.tick_lanes(t, team);
    }

    /// An agent's state changed: at the end of a turn its worktree is quiet, and it may be told something.
    pub(super) fn lane_agent_changed(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(team) = self.agents.get(&agent).map(|run| run.agent.team) else {
            return;
        };
        if self.lanes.said.contains_key(&agent) {
            self.tell_lane_news(t, team);
        }
        let calm = self.calm_of(agent) == Calm::Quiet;
        let Some(lanes) = self.lanes.teams.get_mut(&team) else {
            return;
        };
        if calm && !lanes.is_empty() {
            lanes.try_again(t.now, agent);
            self.tick_lanes(t, team);
        }
    }

    fn calm_of(&self, agent: AgentId) -> Calm {
        let Some(run) = self.agents.get(&agent) else {
            return Calm::Closed;
        };
        let there = run.worktree == WorktreeObserved::Present && run.agent.worktree_ready;
        if !there || self.is_paused(agent) {
            return Calm::Closed;
        }
        match run.agent.state {
            AgentState::Working
            | AgentState::Asking
            | AgentState::Retrying
            | AgentState::Unknown => Calm::InTurn,
            _ => Calm::Quiet,
        }
    }

    /// Orders what is due, and sets the timer for the next.
    pub(super) fn tick_lanes(&mut self, t: &mut Turn, team: TeamId) {
        if !self.is_lane_on(team) {
            return self.answer_synced(t, team);
        }
        let calm: BTreeMap<AgentId, Calm> = self
            .team_agents(team)
            .into_iter()
            .map(|agent| (agent, self.calm_of(agent)))
            .collect();
        let Some(lanes) = self.lanes.teams.get_mut(&team) else {
            return;
        };
        let calm_of = |agent| calm.get(&agent).copied().unwrap_or(Calm::Closed);
        for act in lanes.tick(t.now, calm_of) {
            match act {
                Act::Late(pair) => self.lane_is_late(t, team, pair),
                Act::Unsolved(pair) => self.lane_is_unsolved(t, team, pair),
                Act::Look(pair) => {
                    let cut_off = self.lanes.pairs.get(&pair);
                    let act = match cut_off.and_then(|row| row.merge.clone()) {
                        Some(merge) => LaneAct::Settle(Box::new(merge)),
                        None => LaneAct::Look,
                    };
                    if let (LaneAct::Settle(_), Some(lanes)) =
                        (&act, self.lanes.teams.get_mut(&team))
                    {
                        lanes.settles(pair);
                    }
                    self.order_lane(t, team, pair, act);
                }
            }
        }
        self.answer_synced(t, team);
        let next = self.lanes.teams.get(&team).and_then(Lanes::next_tick);
        let next = next.into_iter().chain(self.synced_until(team)).min();
        match next {
            Some(at) => t.timer(TimerKey::Lane(team), at.max(t.now)),
            None => t.push(Effect::CancelTimer(TimerKey::Lane(team))),
        }
    }

    fn order_lane(&mut self, t: &mut Turn, team: TeamId, pair: Pair, act: LaneAct) {
        let order = self.teams.get(&team).and_then(|team| {
            let side = |agent| {
                let run = self.agents.get(&agent)?;
                Some(LaneSide {
                    role: run.agent.role.clone(),
                    worktree: run.agent.worktree.clone(),
                    home: run.agent.branch.clone(),
                })
            };
            Some(LaneOrder {
                team: team.id,
                name: team.name.to_string(),
                project: team.project.clone(),
                pair,
                from: side(pair.from)?,
                to: side(pair.to)?,
                meeting: self.lane_between(pair).and_then(|lane| lane.branch),
                act,
            })
        });
        if let Some(order) = order {
            t.push(Effect::Lane(Box::new(order)));
        }
    }

    /// An order was carried out.
    pub(crate) fn on_lane(&mut self, t: &mut Turn, done: LaneDone) {
        let (team, pair) = (done.team, done.pair);
        match done.came {
            LaneCame::Looked(seen) => self.on_lane_looked(t, team, pair, seen),
            LaneCame::Applied(end) | LaneCame::Settled(end) => {
                self.on_lane_ended(t, team, pair, end);
                // What waited for the end of the merge.
                self.pump(t, pair.to);
            }
        }
        self.tell_lane_news(t, team);
        self.tick_lanes(t, team);
    }

    fn on_lane_looked(&mut self, t: &mut Turn, team: TeamId, pair: Pair, seen: LaneSeen) {
        let on = self.is_lane_on(team);
        let Some(lanes) = self.lanes.teams.get_mut(&team) else {
            return;
        };
        if !lanes.awaits(pair) {
            return;
        }
        let looked = match seen {
            LaneSeen::Nothing => Looked::Nothing,
            LaneSeen::OtherFeature(why) => Looked::OtherFeature(why),
            LaneSeen::Busy(why) => Looked::Busy(why),
            LaneSeen::Moved => Looked::Moved,
            LaneSeen::Conflict(conflict) => Looked::Conflict(conflict),
            // It was switched off, or the team stopped, in between.
            LaneSeen::Ready(_) if !on => Looked::Busy("the fast lane is off".to_owned()),
            LaneSeen::Ready(merge) => return self.begin_lane_merge(t, team, pair, *merge),
        };
        let noted = lanes.looked(t.now, pair, looked);
        self.note_lane(t, team, pair, noted);
    }

    /// An agent joined a team that is up: what the others have goes to it as well.
    pub(super) fn lane_joined(&mut self, t: &mut Turn, team: TeamId) {
        let raising = self.teams.get(&team).map(|team| team.phase) == Some(TeamPhase::Raising);
        if raising || !self.is_lane_on(team) {
            return;
        }
        self.refresh_lanes(team);
        self.look_at_lanes(t, team);
    }

    /// What follows from a look besides a merge.
    fn note_lane(&mut self, t: &mut Turn, team: TeamId, pair: Pair, noted: Noted) {
        let waiting = self.lane_waiting(team, pair);
        let conflict = self
            .lanes
            .teams
            .get(&team)
            .and_then(|lanes| lanes.conflict(pair));
        let conflict = conflict.cloned();
        match (noted, conflict) {
            (Noted::Conflict | Noted::SameConflict, Some(conflict)) => {
                self.lane_conflict(t, team, (pair, waiting), &conflict, noted);
            }
            (Noted::Settled, _) => {
                let Some(row) = self.lane_row(t.now, team, pair) else {
                    return;
                };
                (row.conflict, row.waiting) = (None, waiting);
                let data = json!({"from": row.from_role, "to": row.to_role});
                self.keep_lane(t, pair);
                self.journal_lane(t, "lane.settled", team, data);
            }
            _ => {}
        }
    }

    fn lane_conflict(
        &mut self,
        t: &mut Turn,
        team: TeamId,
        (pair, waiting): (Pair, Option<LaneWaiting>),
        conflict: &Conflict,
        noted: Noted,
    ) {
        let text = self.conflict_text(pair, conflict);
        let lanes = self.lanes.teams.get(&team);
        let telling = lanes.and_then(|lanes| lanes.telling(pair));
        let Some(row) = self.lane_row(t.now, team, pair) else {
            return;
        };
        row.waiting = waiting;
        row.conflict = Some(LaneConflict {
            theirs: conflict.theirs.clone(),
            ours: conflict.ours.clone(),
            files: conflict.files.clone(),
            at: telling.map_or(t.now, |telling| telling.at),
            unsolved: telling.is_some_and(|telling| telling.unsolved),
        });
        if noted == Noted::Conflict {
            row.untold.push(tell::to_manager(text));
        }
        let data = json!({
            "from": row.from_role, "to": row.to_role, "theirs": conflict.theirs, "ours": conflict.ours,
            "files": conflict.files, "told": noted == Noted::Conflict,
        });
        self.keep_lane(t, pair);
        self.journal_lane(t, "lane.conflict", team, data);
    }

    fn lane_is_late(&mut self, t: &mut Turn, team: TeamId, pair: Pair) {
        let Some(waiting) = self.lane_waiting(team, pair) else {
            return;
        };
        let text = self.late_text(t.now, pair, &waiting);
        let Some(row) = self.lane_row(t.now, team, pair) else {
            return;
        };
        let data = json!({
            "from": row.from_role, "to": row.to_role, "since": waiting.since, "why": waiting.why,
        });
        row.waiting = Some(waiting);
        row.untold.push(tell::to_manager(text));
        self.keep_lane(t, pair);
        self.journal_lane(t, "lane.late", team, data);
        self.tell_lane_news(t, team);
    }

    /// A conflict was told and is there after its time: whoever is above who was told hears of it, once.
    fn lane_is_unsolved(&mut self, t: &mut Turn, team: TeamId, pair: Pair) {
        let known = self.lanes.pairs.get(&pair);
        let Some(conflict) = known.and_then(|row| row.conflict.clone()) else {
            return;
        };
        let text = self.unsolved_text(t.now, pair, &conflict);
        let Some(row) = self.lane_row(t.now, team, pair) else {
            return;
        };
        if let Some(conflict) = &mut row.conflict {
            conflict.unsolved = true;
        }
        row.untold.push(LaneNote {
            reader: LaneReader::Hub,
            text,
        });
        let data = json!({
            "from": row.from_role, "to": row.to_role, "files": conflict.files, "since": conflict.at,
        });
        self.keep_lane(t, pair);
        self.journal_lane(t, "lane.unsolved", team, data);
        self.tell_lane_news(t, team);
    }

    /// What waits in a pair, as it is kept.
    fn lane_waiting(&self, team: TeamId, pair: Pair) -> Option<LaneWaiting> {
        let waiting = self.lanes.teams.get(&team)?.waiting(pair)?;
        Some(LaneWaiting {
            since: waiting.since,
            origin: waiting.origin,
            own: waiting.own,
            why: waiting.why,
            late: waiting.late,
        })
    }

    /// What is kept of a pair.
    fn lane_row(&mut self, now: Timestamp, team: TeamId, pair: Pair) -> Option<&mut LanePair> {
        let (from_role, to_role) = (self.role_of(pair.from)?, self.role_of(pair.to)?);
        let row = self.lanes.pairs.entry(pair).or_insert_with(|| LanePair {
            team,
            from: pair.from,
            from_role,
            to: pair.to,
            to_role,
            at: now,
            waiting: None,
            conflict: None,
            merge: None,
            last: None,
            untold: Vec::new(),
        });
        Some(row)
    }

    fn keep_lane(&self, t: &mut Turn, pair: Pair) {
        if let Some(row) = self.lanes.pairs.get(&pair) {
            self.keep(t, LedgerRecord::Lane(Box::new(row.clone())));
        }
    }

    fn journal_lane(&self, t: &mut Turn, kind: &str, team: TeamId, mut data: serde_json::Value) {
        data["team"] = json!(self.name_of(team));
        t.journal(kind, team, data);
    }

    /// The wall clock was set: what waits keeps its age.
    pub(super) fn lanes_clock_moved(&mut self, t: &mut Turn, millis: i64) {
        for lanes in self.lanes.teams.values_mut() {
            lanes.clock_moved(millis);
        }
        for cycle in self.lanes.cycles.values_mut() {
            cycle.clock_moved(millis);
        }
        self.synced_clock_moved(millis);
        let waiting: Vec<Pair> = self
            .lanes
            .pairs
            .values_mut()
            .filter_map(|row| {
                let waiting = row.waiting.as_mut()?;
                waiting.since = waiting.since.moved(millis);
                waiting.origin = waiting.origin.moved(millis);
                if let Some(conflict) = &mut row.conflict {
                    conflict.at = conflict.at.moved(millis);
                }
                Some(pair_of(row))
            })
            .collect();
        for pair in waiting {
            self.keep_lane(t, pair);
        }
    }
}

fn pair_of(row: &LanePair) -> Pair {
    Pair {
        from: row.from,
        to: row.to,
    }
}

fn kept_conflict(kept: &LaneConflict) -> (Conflict, Telling) {
    let conflict = Conflict {
        theirs: kept.theirs.clone(),
        ours: kept.ours.clone(),
        files: kept.files.clone(),
    };
    let telling = Telling {
        at: kept.at,
        unsolved: kept.unsolved,
    };
    (conflict, telling)
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}
